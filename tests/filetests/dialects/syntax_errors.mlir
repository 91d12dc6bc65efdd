// Text that does not parse is refused at its place.
// expected-error@+2: custom op 'fhe.power' is unknown
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  %0 = fhe.power %x : (!fhe.eint<2>) -> !fhe.eint<2>
  return %0 : !fhe.eint<2>
}
// -----
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  // expected-error@+1: use of undeclared SSA value name
  %0 = fhe.neg %y : (!fhe.eint<2>) -> !fhe.eint<2>
  return %0 : !fhe.eint<2>
}
// -----
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<3> {
  // expected-error@+1: type of return operand 0 ('!fhe.eint<2>') doesn't match function result type ('!fhe.eint<3>') in function @main
  return %x : !fhe.eint<2>
}
// -----
// expected-error@+1: unknown  type `integer` in dialect `fhe`
func.func @main(%x: !fhe.integer<2>) { return }
// -----
// expected-error@+1: custom op 'retrun' is unknown (tried 'func.retrun' as well)
func.func @main(%x: !fhe.eint<2>) { retrun }
