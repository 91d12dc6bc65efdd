// The order of two values is the bit above their difference: a lookup of one bit less than a table of the difference.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{comparison=sign}
// run: @main(3, 2) == 0
// run: @main(2, -3) == 0
// run: @main(0, 2) == 1
// run: @main(2, 2) == 1
func.func @main(%x: !fhe.eint<2>, %y: !fhe.esint<3>) -> !fhe.eint<?> {
  %0 = fhe.compare %x, %y {predicate = "le"} : (!fhe.eint<2>, !fhe.esint<3>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{comparison=table}
// run: @main([3, -4], [3, 3]) == [1, 0]
func.func @main(%x: tensor<2x!fhe.esint<3>>, %y: tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<?>> {
  %0 = fhe.compare %x, %y {predicate = "eq"} : (tensor<2x!fhe.esint<3>>, tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<?>>
  return %0 : tensor<2x!fhe.eint<?>>
}
// -----
// Signs are taken off before a comparison of many bits.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{comparison=chunks-3}
// run: @main(70000, 69999) == 0
// run: @main(69999, 70000) == 1
func.func @main(%x: !fhe.eint<17>, %y: !fhe.eint<17>) -> !fhe.eint<?> {
  %0 = fhe.compare %x, %y {predicate = "lt"} : (!fhe.eint<17>, !fhe.eint<17>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{min-max=table}
// run: @main(3, -2) == 3
// run: @main(0, 1) == 1
func.func @main(%x: !fhe.eint<2>, %y: !fhe.esint<2>) -> !fhe.eint<?> {
  %0 = fhe.max %x, %y : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// Products of any signs.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{products=quarter-squares}
// run: @main(3, -2) == -6
// run: @main(1, 1) == 1
func.func @main(%x: !fhe.eint<2>, %y: !fhe.esint<2>) -> !fhe.esint<?> {
  %0 = fhe.mul %x, %y : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// -----
// One lookup of both operands in one index; its size counts values, not bits.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{products=packed}
// run: @main(2, -1) == -2
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 2>}, %y: !fhe.esint<?> {fhe.range = array<i64: -1, 1>}) -> !fhe.esint<?> {
  %0 = fhe.mul %x, %y : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{bitwise=packed}
// run: @main(3, -2) == -3
func.func @main(%x: !fhe.eint<2>, %y: !fhe.esint<2>) -> !fhe.esint<?> {
  %0 = fhe.xor %x, %y : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{bitwise=chunks-2}
// run: @main(6, -3) == 4
func.func @main(%x: !fhe.eint<4>, %y: !fhe.esint<4>) -> !fhe.eint<?> {
  %0 = fhe.and %x, %y : (!fhe.eint<4>, !fhe.esint<4>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{shifts=bits}
// run: @main(3, 2) == 12
func.func @main(%x: !fhe.eint<2>, %y: !fhe.eint<2>) -> !fhe.eint<?> {
  %0 = fhe.shift_left %x, %y : (!fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{shifts=packed}
// run: @main(-3, 1) == -2
func.func @main(%x: !fhe.esint<3>, %y: !fhe.eint<1>) -> !fhe.esint<?> {
  %0 = fhe.shift_right %x, %y : (!fhe.esint<3>, !fhe.eint<1>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// -----
// A choice is one lookup of the bit and the difference.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{selects=packed}
// run: @main(1, 3, -2) == 3
// run: @main(0, 3, -2) == -2
func.func @main(%c: !fhe.eint<1>, %x: !fhe.eint<2>, %y: !fhe.esint<2>) -> !fhe.esint<?> {
  %0 = fhe.select %c, %x, %y : (!fhe.eint<1>, !fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// -----
// A choice that is written as products.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{selects=packed},canonicalize
// run: @main(1, 3, -2) == (3, 3)
// run: @main(0, 3, -2) == (-2, -2)
func.func @main(%c: !fhe.eint<1>, %x: !fhe.eint<?> {fhe.range = array<i64: 0, 3>}, %y: !fhe.esint<?> {fhe.range = array<i64: -2, 1>}) -> (!fhe.esint<?>, !fhe.esint<?>) {
  %d = fhe.sub %x, %y : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
  %p = fhe.mul %c, %d : (!fhe.eint<1>, !fhe.esint<?>) -> !fhe.esint<?>
  %0 = fhe.add %p, %y : (!fhe.esint<?>, !fhe.esint<?>) -> !fhe.esint<?>
  %one = arith.constant 1 : i64
  %m = fhe.neg %c : (!fhe.eint<1>) -> !fhe.esint<?>
  %n = fhe.add_clear %m, %one : (!fhe.esint<?>, i64) -> !fhe.eint<?>
  %a = fhe.mul %c, %x : (!fhe.eint<1>, !fhe.eint<?>) -> !fhe.eint<?>
  %b = fhe.mul %n, %y : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
  %1 = fhe.add %a, %b : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
  return %0, %1 : !fhe.esint<?>, !fhe.esint<?>
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{multivariate=packed}
// run: @main(1, -1) == 20
func.func @main(%x: !fhe.eint<1>, %y: !fhe.esint<1>) -> !fhe.eint<?> {
  %0 = fhe.joint_lookup %x, %y {lows = array<i64: 0, -1>, tables = dense<[[[0, 1], [20, 3]]]> : tensor<1x2x2xi64>} : (!fhe.eint<1>, !fhe.esint<1>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// A constant operand leaves a lookup of the other, elements in the tables of their constants.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise
// run: @main([1, 3]) == [1, 2]
func.func @main(%x: tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<?>> {
  %c = fhe.constant dense<[3, 2]> : tensor<2xi64> : tensor<2x!fhe.eint<2>>
  %0 = fhe.min %c, %x : (tensor<2x!fhe.eint<2>>, tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<?>>
  return %0 : tensor<2x!fhe.eint<?>>
}
// -----
// RUN: fhe-infer-ranges
func.func @main(%x: !fhe.eint<2>, %y: !fhe.esint<2>) -> !fhe.eint<?> {
  // expected-error@+1: `fhe.shift_left` by -2 to 1; bits are shifted by 0 or more, so declare an unsigned amount
  %0 = fhe.shift_left %x, %y : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// RUN: fhe-infer-ranges
func.func @main(%c: !fhe.eint<2>, %x: !fhe.eint<2>) -> !fhe.eint<?> {
  // expected-error@+1: the condition takes the values 0 to 3, allowed are 0 and 1; compare it with 0 first
  %0 = fhe.select %c, %x, %c : (!fhe.eint<2>, !fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// RUN: fhe-decompose-pairwise{comparison=fast}
// expected-error: option `comparison` of `fhe-decompose-pairwise` is `fast`; allowed is auto, table, sign, packed, casted, quarter-squares, bits or chunks-1 to chunks-8
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
