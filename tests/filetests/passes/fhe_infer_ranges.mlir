// Bounds follow from declared types and ranges, with the constants' own values, element by element.
// RUN: fhe-infer-ranges
// run: @main([1, 2], -3) == (5, [7, -2], [-3, -2])
func.func @main(%x: tensor<2x!fhe.eint<?>> {fhe.range = array<i64: 0, 3>}, %c: i64 {fhe.range = array<i64: -4, 4>}) -> (!fhe.esint<?>, tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>) {
  %w = arith.constant dense<[7, -1]> : tensor<2xi64>
  %0 = fhe.dot %x, %w : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> !fhe.esint<?>
  %1 = fhe.mul_clear %x, %w : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> tensor<2x!fhe.esint<?>>
  %2 = fhe.slice %x {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
  %3 = fhe.reshape %2 : (tensor<1x!fhe.eint<?>>) -> !fhe.eint<?>
  %4 = fhe.mul_clear %3, %c : (!fhe.eint<?>, i64) -> !fhe.esint<?>
  %5 = fhe.broadcast %4 : (!fhe.esint<?>) -> tensor<2x!fhe.esint<?>>
  %6 = fhe.constant dense<[0, 1]> : tensor<2xi64> : tensor<2x!fhe.eint<?>>
  %7 = fhe.add %5, %6 : (tensor<2x!fhe.esint<?>>, tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.esint<?>>
  return %0, %1, %7 : !fhe.esint<?>, tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>
}
// output:
module {
  func.func @main(%arg0: tensor<2x!fhe.eint<?>> {fhe.range = array<i64: 0, 3>}, %arg1: i64 {fhe.range = array<i64: -4, 4>}) -> (!fhe.esint<?>, tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>) {
    %cst = arith.constant dense<[7, -1]> : tensor<2xi64>
    %0 = fhe.dot %arg0, %cst {fhe.range = array<i64: -3, 21>} : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> !fhe.esint<?>
    %1 = fhe.mul_clear %arg0, %cst {fhe.range = array<i64: -3, 21>} : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> tensor<2x!fhe.esint<?>>
    %2 = fhe.slice %arg0 {fhe.range = array<i64: 0, 3>, offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
    %3 = fhe.reshape %2 {fhe.range = array<i64: 0, 3>} : (tensor<1x!fhe.eint<?>>) -> !fhe.eint<?>
    %4 = fhe.mul_clear %3, %arg1 {fhe.range = array<i64: -12, 12>} : (!fhe.eint<?>, i64) -> !fhe.esint<?>
    %5 = fhe.broadcast %4 {fhe.range = array<i64: -12, 12>} : (!fhe.esint<?>) -> tensor<2x!fhe.esint<?>>
    %6 = fhe.constant dense<[0, 1]> : tensor<2xi64> {fhe.range = array<i64: 0, 1>} : tensor<2x!fhe.eint<?>>
    %7 = fhe.add %5, %6 {fhe.range = array<i64: -12, 13>} : (tensor<2x!fhe.esint<?>>, tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.esint<?>>
    return %0, %1, %7 : !fhe.esint<?>, tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>
  }
}
// -----
// What an input set measured wins over what could be inferred.
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 9>}) -> !fhe.eint<?> {
  %0 = fhe.add %x, %x {fhe.range = array<i64: 2, 14>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  %1 = fhe.add %0, %x : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  return %1 : !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<?> {fhe.range = array<i64: 0, 9>}) -> !fhe.eint<?> {
    %0 = fhe.add %arg0, %arg0 {fhe.range = array<i64: 2, 14>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    %1 = fhe.add %0, %arg0 {fhe.range = array<i64: 2, 23>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    return %1 : !fhe.eint<?>
  }
}
// -----
// expected-error@+1: argument `age` of type `!fhe.eint<?>` has neither a width nor a range; declare a width such as `!fhe.eint<4>`, give it `fhe.range = array<i64: lo, hi>`, or compile with an input set
func.func @main(%x: !fhe.eint<?> {fhe.name = "age"}) -> !fhe.eint<?> {
  return %x : !fhe.eint<?>
}
// -----
func.func @main(%x: !fhe.eint<3>, %c: i64) -> !fhe.eint<3> {
  // expected-error@+1: the clear argument `in1` has no range; give it `fhe.range = array<i64: lo, hi>`, or compile with an input set
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<3>, i64) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// -----
// expected-error at network.py:7:12 (layer1): the result leaves 64 bits: its operands are 0 to 4611686018427387903 and 8 to 8; give them smaller ranges or weights
func.func @main(%x: !fhe.eint<62>) -> !fhe.eint<62> {
  %c = arith.constant 8 : i64
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<62>, i64) -> !fhe.eint<62> loc("layer1"("network.py":7:12))
  return %0 : !fhe.eint<62>
}
// -----
// Places and names of any text are told.
// expected-error at -:1:2 (): the result leaves 64 bits: its operands are 0 to 4611686018427387903 and 8 to 8; give them smaller ranges or weights
func.func @main(%x: !fhe.eint<62>) -> !fhe.eint<62> {
  %c = arith.constant 8 : i64
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<62>, i64) -> !fhe.eint<62> loc(""("":1:2))
  return %0 : !fhe.eint<62>
}
// -----
// What is known of a value besides narrows its bounds, element by element: of two bits of a thermometer one may not be set alone.
// RUN: fhe-infer-ranges
// run: @main([1, 1]) == 0
func.func @main(%x: tensor<2x!fhe.eint<?>> {fhe.range = array<i64: 0, 1>}) -> !fhe.esint<?> {
  %w = arith.constant dense<[1, -1]> : tensor<2xi64>
  %0 = fhe.dot %x, %w {fhe.assured = array<i64: 0, 1>} : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// output:
module {
  func.func @main(%arg0: tensor<2x!fhe.eint<?>> {fhe.range = array<i64: 0, 1>}) -> !fhe.esint<?> {
    %cst = arith.constant dense<[1, -1]> : tensor<2xi64>
    %0 = fhe.dot %arg0, %cst {fhe.assured = array<i64: 0, 1>, fhe.range = array<i64: 0, 1>} : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> !fhe.esint<?>
    return %0 : !fhe.esint<?>
  }
}
