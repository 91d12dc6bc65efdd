// Values that linear operations connect get one width; a lookup separates. Tables grow with their input.
// RUN: fhe-infer-ranges,fhe-infer-bit-widths
// run: @main(3, -2) == (1, 0)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 3>}, %y: !fhe.esint<?> {fhe.range = array<i64: -8, 7>}) -> (!fhe.esint<?>, !fhe.eint<?>) {
  %0 = fhe.add %x, %y : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
  %1 = fhe.lookup %x {tables = dense<[[1, 1, 1, 0]]> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
  return %0, %1 : !fhe.esint<?>, !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<5> {fhe.range = array<i64: 0, 3>}, %arg1: !fhe.esint<5> {fhe.range = array<i64: -8, 7>}) -> (!fhe.esint<5> {fhe.range = array<i64: -8, 10>}, !fhe.eint<1> {fhe.range = array<i64: 0, 1>}) {
    %0 = fhe.add %arg0, %arg1 {fhe.range = array<i64: -8, 10>} : (!fhe.eint<5>, !fhe.esint<5>) -> !fhe.esint<5>
    %c8_i64 = arith.constant 8 : i64
    %1 = fhe.mul_clear %arg0, %c8_i64 : (!fhe.eint<5>, i64) -> !fhe.eint<5>
    %2 = fhe.reinterpret %1 : (!fhe.eint<5>) -> !fhe.eint<2>
    %3 = fhe.lookup %2 {fhe.range = array<i64: 0, 1>, tables = dense<[[1, 1, 1, 0]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<1>
    return %0, %3 : !fhe.esint<5>, !fhe.eint<1>
  }
}
// -----
// A declared width stays where it suffices.
// run: @main(3) == 5
func.func @main(%x: !fhe.eint<6> {fhe.range = array<i64: 0, 3>}) -> !fhe.eint<6> {
  %c = arith.constant 2 : i64
  %0 = fhe.add_clear %x, %c : (!fhe.eint<6>, i64) -> !fhe.eint<6>
  return %0 : !fhe.eint<6>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<6> {fhe.range = array<i64: 0, 3>}) -> (!fhe.eint<6> {fhe.range = array<i64: 2, 5>}) {
    %c2_i64 = arith.constant 2 : i64
    %0 = fhe.add_clear %arg0, %c2_i64 {fhe.range = array<i64: 2, 5>} : (!fhe.eint<6>, i64) -> !fhe.eint<6>
    return %0 : !fhe.eint<6>
  }
}
// -----
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  // expected-error@+1: the result takes the values 0 to 14, but its type `!fhe.eint<3>` holds 0 to 7; declare a wider type, `?` to have the width inferred, or smaller ranges of the inputs
  %0 = fhe.add %x, %x : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// -----
// RUN: fhe-infer-bit-widths
// expected-error@+1: a value of type `!fhe.eint<?>` has no range; run `fhe-infer-ranges` or compile with an input set
func.func @main(%x: !fhe.eint<?>) -> !fhe.eint<?> {
  return %x : !fhe.eint<?>
}
// -----
// A lookup brings its input to the width of its own range, where others keep it wider.
// RUN: fhe-infer-ranges,fhe-infer-bit-widths
// run: @main(2) == (200000, 1)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 3>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %c = arith.constant 100000 : i64
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<?>, i64) -> !fhe.eint<?> loc("scale.py":3:1)
  %1 = fhe.lookup %x {tables = dense<[[1, 1, 1, 0]]> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
  return %0, %1 : !fhe.eint<?>, !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<19> {fhe.range = array<i64: 0, 3>}) -> (!fhe.eint<19> {fhe.range = array<i64: 0, 300000>}, !fhe.eint<1> {fhe.range = array<i64: 0, 1>}) {
    %c100000_i64 = arith.constant 100000 : i64
    %0 = fhe.mul_clear %arg0, %c100000_i64 {fhe.range = array<i64: 0, 300000>} : (!fhe.eint<19>, i64) -> !fhe.eint<19>
    %c131072_i64 = arith.constant 131072 : i64
    %1 = fhe.mul_clear %arg0, %c131072_i64 : (!fhe.eint<19>, i64) -> !fhe.eint<19>
    %2 = fhe.reinterpret %1 : (!fhe.eint<19>) -> !fhe.eint<2>
    %3 = fhe.lookup %2 {fhe.range = array<i64: 0, 1>, tables = dense<[[1, 1, 1, 0]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<1>
    return %0, %3 : !fhe.eint<19>, !fhe.eint<1>
  }
}
// -----
// What is fed back has one width and sign at both ends, also in another function.
// RUN: fhe-infer-bit-widths
// run: @main(-3) == 1
// run: @wider([1, 5]) == 6
module attributes {fhe.composition = ["main:0 -> main:0", "wider:0 -> main:0"]} {
func.func @main(%x: !fhe.esint<?> {fhe.range = array<i64: -16, 15>}) -> !fhe.eint<?> {
  %0 = fhe.lookup %x {tables = dense<1> : tensor<1x32xi64>} : (!fhe.esint<?>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
func.func @wider(%x: tensor<2x!fhe.eint<?>> {fhe.range = array<i64: 0, 5>}) -> !fhe.eint<?> {
  %0 = fhe.sum %x {axes = array<i64: 0>, fhe.range = array<i64: 0, 10>} : (tensor<2x!fhe.eint<?>>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
}
// output:
module attributes {fhe.composition = ["main:0 -> main:0", "wider:0 -> main:0"]} {
  func.func @main(%arg0: !fhe.esint<5> {fhe.range = array<i64: -16, 15>}) -> (!fhe.esint<5> {fhe.range = array<i64: 1, 1>}) {
    %0 = fhe.lookup %arg0 {fhe.range = array<i64: 1, 1>, tables = dense<1> : tensor<1x32xi64>} : (!fhe.esint<5>) -> !fhe.esint<5>
    return %0 : !fhe.esint<5>
  }
  func.func @wider(%arg0: tensor<2x!fhe.eint<5>> {fhe.range = array<i64: 0, 5>}) -> (!fhe.esint<5> {fhe.range = array<i64: 0, 10>}) {
    %0 = fhe.sum %arg0 {axes = array<i64: 0>, fhe.range = array<i64: 0, 10>} : (tensor<2x!fhe.eint<5>>) -> !fhe.esint<5>
    return %0 : !fhe.esint<5>
  }
}
// -----
// expected-error: `fhe.composition` feeds `out0 of @main` to `in0 of @main`, but they are `!fhe.esint<3>` and `!fhe.eint<3>`; both must have one width and signedness; declare them so, or run `fhe-infer-bit-widths`
module attributes {fhe.composition = ["main:0 -> main:0"]} {
func.func @main(%x: !fhe.eint<3>) -> !fhe.esint<?> {
  %0 = fhe.lookup %x {tables = dense<[[1, 0, -2, -1, 0, 0, 0, 0]]> : tensor<1x8xi64>, fhe.range = array<i64: -2, 1>} : (!fhe.eint<3>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
}
