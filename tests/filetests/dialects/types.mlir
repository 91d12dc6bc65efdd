// Every type reads back as it was written.
// run: @main(3, [[1, -2]], 5) == (3, [[1, -2]])
func.func @main(%a: !fhe.eint<4>, %b: tensor<1x2x!fhe.esint<62>>, %c: i64) -> (!fhe.eint<4>, tensor<1x2x!fhe.esint<62>>) {
  return %a, %b : !fhe.eint<4>, tensor<1x2x!fhe.esint<62>>
}
// -----
// run: @main(3, -4) == (3, -4)
// run: @main(-1, 0) fails: argument `in0`: the value -1 does not fit `!fhe.eint<?>`, which holds 0 to 18446744073709551615
func.func @main(%a: !fhe.eint<?>, %b: !fhe.esint<?>) -> (!fhe.eint<?>, !fhe.esint<?>) {
  return %a, %b : !fhe.eint<?>, !fhe.esint<?>
}
// -----
// run: @main(16) fails: argument `in0`: the value 16 does not fit `!fhe.eint<4>`, which holds 0 to 15
// run: @main([1]) fails: argument `in0` has shape [], got [1]
// run: @main() fails: `main` takes 1 arguments, got 0
// run: @other(1) fails: there is no function `other`; the module has `main`
func.func @main(%a: !fhe.eint<4>) -> !fhe.eint<4> {
  return %a : !fhe.eint<4>
}
// -----
// expected-error@+1: width must be 1 to 62 or `?`, got 63
func.func @main(%a: !fhe.eint<63>) { return }
// -----
// expected-error@+1: width must be 1 to 62 or `?`, got 0
func.func @main(%a: !fhe.esint<0>) { return }
