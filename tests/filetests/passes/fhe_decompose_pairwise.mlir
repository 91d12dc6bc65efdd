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
// output:
module attributes {fhe.pairwise = ["order of 2 and 3 bits: the sign of the difference"]} {
  func.func @main(%arg0: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}, %arg1: !fhe.esint<3> {fhe.range = array<i64: -4, 3>}) -> !fhe.eint<?> {
    %0 = fhe.bit %arg1, %arg0 {fhe.range = array<i64: 0, 1>, position = 3 : i64} : (!fhe.esint<3>, !fhe.eint<2>) -> !fhe.eint<?>
    %c-1_i64 = arith.constant -1 : i64
    %1 = fhe.mul_clear %0, %c-1_i64 {fhe.range = array<i64: -1, 0>} : (!fhe.eint<?>, i64) -> !fhe.esint<?>
    %c1_i64 = arith.constant 1 : i64
    %2 = fhe.add_clear %1, %c1_i64 {fhe.range = array<i64: 0, 1>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    return %2 : !fhe.eint<?>
  }
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{comparison=table}
// run: @main([3, -4], [3, 3]) == [1, 0]
func.func @main(%x: tensor<2x!fhe.esint<3>>, %y: tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<?>> {
  %0 = fhe.compare %x, %y {predicate = "eq"} : (tensor<2x!fhe.esint<3>>, tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<?>>
  return %0 : tensor<2x!fhe.eint<?>>
}
// output:
module attributes {fhe.pairwise = ["equality of 3 and 2 bits: a table of the difference"]} {
  func.func @main(%arg0: tensor<2x!fhe.esint<3>> {fhe.range = array<i64: -4, 3>}, %arg1: tensor<2x!fhe.eint<2>> {fhe.range = array<i64: 0, 3>}) -> tensor<2x!fhe.eint<?>> {
    %0 = fhe.sub %arg0, %arg1 {fhe.range = array<i64: -7, 3>} : (tensor<2x!fhe.esint<3>>, tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.esint<?>>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 0, 1>, tables = dense<[[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>} : (tensor<2x!fhe.esint<?>>) -> tensor<2x!fhe.eint<?>>
    return %1 : tensor<2x!fhe.eint<?>>
  }
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
// output:
module attributes {fhe.pairwise = ["order of 17 and 17 bits: in chunks of 3 bits"]} {
  func.func @main(%arg0: !fhe.eint<17> {fhe.range = array<i64: 0, 131071>}, %arg1: !fhe.eint<17> {fhe.range = array<i64: 0, 131071>}) -> !fhe.eint<?> {
    %0 = fhe.sub %arg0, %arg1 {fhe.range = array<i64: -131071, 131071>} : (!fhe.eint<17>, !fhe.eint<17>) -> !fhe.esint<?>
    %1 = fhe.truncate %0 {bits = 14 : i64, fhe.range = array<i64: -8, 7>} : (!fhe.esint<?>) -> !fhe.esint<?>
    %2 = fhe.constant dense<0> : tensor<i64> {fhe.range = array<i64: 0, 0>} : !fhe.eint<?>
    %3 = fhe.bit %1, %2 {fhe.range = array<i64: 0, 1>, position = 3 : i64} : (!fhe.esint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    return %3 : !fhe.eint<?>
  }
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{min-max=table}
// run: @main(3, -2) == 3
// run: @main(0, 1) == 1
func.func @main(%x: !fhe.eint<2>, %y: !fhe.esint<2>) -> !fhe.eint<?> {
  %0 = fhe.max %x, %y : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// output:
module attributes {fhe.pairwise = ["least or greatest of 2 and 2 bits: a table of the difference"]} {
  func.func @main(%arg0: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}, %arg1: !fhe.esint<2> {fhe.range = array<i64: -2, 1>}) -> !fhe.esint<?> {
    %0 = fhe.sub %arg0, %arg1 {fhe.range = array<i64: -1, 5>} : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 0, 5>, tables = dense<[[0, 1, 2, 3, 4, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>} : (!fhe.esint<?>) -> !fhe.eint<?>
    %2 = fhe.add %1, %arg1 {fhe.range = array<i64: 0, 3>} : (!fhe.eint<?>, !fhe.esint<2>) -> !fhe.esint<?>
    return %2 : !fhe.esint<?>
  }
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
// output:
module attributes {fhe.pairwise = ["product of 2 and 2 bits: quarter squares"]} {
  func.func @main(%arg0: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}, %arg1: !fhe.esint<2> {fhe.range = array<i64: -2, 1>}) -> !fhe.esint<?> {
    %0 = fhe.add %arg0, %arg1 {fhe.range = array<i64: -2, 4>} : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 0, 4>, tables = dense<[[0, 0, 1, 2, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 0]]> : tensor<1x16xi64>} : (!fhe.esint<?>) -> !fhe.eint<?>
    %2 = fhe.sub %arg0, %arg1 {fhe.range = array<i64: -1, 5>} : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
    %3 = fhe.lookup %2 {fhe.range = array<i64: 0, 6>, tables = dense<[[0, 0, 1, 2, 4, 6, 6, 6, 0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>} : (!fhe.esint<?>) -> !fhe.eint<?>
    %4 = fhe.sub %1, %3 {fhe.range = array<i64: -6, 3>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.esint<?>
    return %4 : !fhe.esint<?>
  }
}
// -----
// One lookup of both operands in one index; its size counts values, not bits.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{products=packed}
// run: @main(2, -1) == -2
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 2>}, %y: !fhe.esint<?> {fhe.range = array<i64: -1, 1>}) -> !fhe.esint<?> {
  %0 = fhe.mul %x, %y : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// output:
module attributes {fhe.pairwise = ["product of 2 and 2 bits: a table of all pairs"]} {
  func.func @main(%arg0: !fhe.eint<?> {fhe.range = array<i64: 0, 2>}, %arg1: !fhe.esint<?> {fhe.range = array<i64: -1, 1>}) -> !fhe.esint<?> {
    %c3_i64 = arith.constant 3 : i64
    %0 = fhe.mul_clear %arg0, %c3_i64 {fhe.range = array<i64: 0, 6>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    %1 = fhe.add %0, %arg1 {fhe.range = array<i64: -1, 7>} : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %c1_i64 = arith.constant 1 : i64
    %2 = fhe.add_clear %1, %c1_i64 {fhe.range = array<i64: 0, 8>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %3 = fhe.lookup %2 {fhe.range = array<i64: -2, 2>, tables = dense<[[0, 0, 0, -1, 0, 1, -2, 0, 2, 2, 2, 2, 2, 2, 2, 2]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.esint<?>
    return %3 : !fhe.esint<?>
  }
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{bitwise=packed}
// run: @main(3, -2) == -3
func.func @main(%x: !fhe.eint<2>, %y: !fhe.esint<2>) -> !fhe.esint<?> {
  %0 = fhe.xor %x, %y : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// output:
module attributes {fhe.pairwise = ["bits of 2 and 2 bits: a table of all pairs"]} {
  func.func @main(%arg0: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}, %arg1: !fhe.esint<2> {fhe.range = array<i64: -2, 1>}) -> !fhe.esint<?> {
    %c4_i64 = arith.constant 4 : i64
    %0 = fhe.mul_clear %arg0, %c4_i64 {fhe.range = array<i64: 0, 12>} : (!fhe.eint<2>, i64) -> !fhe.eint<?>
    %1 = fhe.add %0, %arg1 {fhe.range = array<i64: -2, 13>} : (!fhe.eint<?>, !fhe.esint<2>) -> !fhe.esint<?>
    %c2_i64 = arith.constant 2 : i64
    %2 = fhe.add_clear %1, %c2_i64 {fhe.range = array<i64: 0, 15>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %3 = fhe.lookup %2 {fhe.range = array<i64: -4, 3>, tables = dense<[[-2, -1, 0, 1, -1, -2, 1, 0, -4, -3, 2, 3, -3, -4, 3, 2]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.esint<?>
    return %3 : !fhe.esint<?>
  }
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{bitwise=chunks-2}
// run: @main(6, -3) == 4
func.func @main(%x: !fhe.eint<4>, %y: !fhe.esint<4>) -> !fhe.eint<?> {
  %0 = fhe.and %x, %y : (!fhe.eint<4>, !fhe.esint<4>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// output:
module attributes {fhe.pairwise = ["bits of 4 and 4 bits: in chunks of 2 bits"]} {
  func.func @main(%arg0: !fhe.eint<4> {fhe.range = array<i64: 0, 15>}, %arg1: !fhe.esint<4> {fhe.range = array<i64: -8, 7>}) -> !fhe.eint<?> {
    %0 = fhe.low_bits %arg0 {bits = 2 : i64, fhe.range = array<i64: 0, 3>} : (!fhe.eint<4>) -> !fhe.eint<?>
    %1 = fhe.truncate %arg0 {bits = 2 : i64, fhe.range = array<i64: 0, 3>} : (!fhe.eint<4>) -> !fhe.eint<?>
    %2 = fhe.low_bits %arg1 {bits = 2 : i64, fhe.range = array<i64: 0, 3>} : (!fhe.esint<4>) -> !fhe.eint<?>
    %3 = fhe.truncate %arg1 {bits = 2 : i64, fhe.range = array<i64: -2, 1>} : (!fhe.esint<4>) -> !fhe.esint<?>
    %c4_i64 = arith.constant 4 : i64
    %4 = fhe.mul_clear %0, %c4_i64 {fhe.range = array<i64: 0, 12>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    %5 = fhe.add %4, %2 {fhe.range = array<i64: 0, 15>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    %6 = fhe.lookup %5 {fhe.range = array<i64: 0, 3>, tables = dense<[[0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0, 1, 2, 3]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    %c4_i64_0 = arith.constant 4 : i64
    %7 = fhe.mul_clear %1, %c4_i64_0 {fhe.range = array<i64: 0, 12>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    %8 = fhe.add %7, %3 {fhe.range = array<i64: -2, 13>} : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %c2_i64 = arith.constant 2 : i64
    %9 = fhe.add_clear %8, %c2_i64 {fhe.range = array<i64: 0, 15>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %10 = fhe.lookup %9 {fhe.range = array<i64: 0, 12>, tables = dense<[[0, 0, 0, 0, 0, 4, 0, 4, 8, 8, 0, 0, 8, 12, 0, 4]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    %11 = fhe.add %6, %10 {fhe.range = array<i64: 0, 15>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    return %11 : !fhe.eint<?>
  }
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{shifts=bits}
// run: @main(3, 2) == 12
func.func @main(%x: !fhe.eint<2>, %y: !fhe.eint<2>) -> !fhe.eint<?> {
  %0 = fhe.shift_left %x, %y : (!fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// output:
module attributes {fhe.pairwise = ["shift of 2 and 2 bits: bit by bit"]} {
  func.func @main(%arg0: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}, %arg1: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}) -> !fhe.eint<?> {
    %0 = fhe.low_bits %arg1 {bits = 1 : i64, fhe.range = array<i64: 0, 1>} : (!fhe.eint<2>) -> !fhe.eint<?>
    %1 = fhe.truncate %arg1 {bits = 1 : i64, fhe.range = array<i64: 0, 1>} : (!fhe.eint<2>) -> !fhe.eint<?>
    %c4_i64 = arith.constant 4 : i64
    %2 = fhe.mul_clear %0, %c4_i64 {fhe.range = array<i64: 0, 4>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    %3 = fhe.add %2, %arg0 {fhe.range = array<i64: 0, 7>} : (!fhe.eint<?>, !fhe.eint<2>) -> !fhe.eint<?>
    %4 = fhe.lookup %3 {fhe.range = array<i64: 0, 3>, tables = dense<[[0, 0, 0, 0, 0, 1, 2, 3]]> : tensor<1x8xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    %5 = fhe.add %arg0, %4 {fhe.range = array<i64: 0, 6>} : (!fhe.eint<2>, !fhe.eint<?>) -> !fhe.eint<?>
    %c7_i64 = arith.constant 7 : i64
    %6 = fhe.mul_clear %1, %c7_i64 {fhe.range = array<i64: 0, 7>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    %7 = fhe.add %6, %5 {fhe.range = array<i64: 0, 13>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    %8 = fhe.lookup %7 {fhe.range = array<i64: 0, 18>, tables = dense<[[0, 0, 0, 0, 0, 0, 0, 0, 3, 6, 9, 12, 15, 18, 18, 18]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    %9 = fhe.add %5, %8 {fhe.range = array<i64: 0, 24>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    return %9 : !fhe.eint<?>
  }
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{shifts=packed}
// run: @main(-3, 1) == -2
func.func @main(%x: !fhe.esint<3>, %y: !fhe.eint<1>) -> !fhe.esint<?> {
  %0 = fhe.shift_right %x, %y : (!fhe.esint<3>, !fhe.eint<1>) -> !fhe.esint<?>
  return %0 : !fhe.esint<?>
}
// output:
module attributes {fhe.pairwise = ["shift of 3 and 1 bits: a table of all pairs"]} {
  func.func @main(%arg0: !fhe.esint<3> {fhe.range = array<i64: -4, 3>}, %arg1: !fhe.eint<1> {fhe.range = array<i64: 0, 1>}) -> !fhe.esint<?> {
    %c2_i64 = arith.constant 2 : i64
    %0 = fhe.mul_clear %arg0, %c2_i64 {fhe.range = array<i64: -8, 6>} : (!fhe.esint<3>, i64) -> !fhe.esint<?>
    %1 = fhe.add %0, %arg1 {fhe.range = array<i64: -8, 7>} : (!fhe.esint<?>, !fhe.eint<1>) -> !fhe.esint<?>
    %c8_i64 = arith.constant 8 : i64
    %2 = fhe.add_clear %1, %c8_i64 {fhe.range = array<i64: 0, 15>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %3 = fhe.lookup %2 {fhe.range = array<i64: -4, 3>, tables = dense<[[-4, -2, -3, -2, -2, -1, -1, -1, 0, 0, 1, 0, 2, 1, 3, 1]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.esint<?>
    return %3 : !fhe.esint<?>
  }
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
// output:
module attributes {fhe.pairwise = ["choice of 2 and 2 bits: a table of all pairs"]} {
  func.func @main(%arg0: !fhe.eint<1> {fhe.range = array<i64: 0, 1>}, %arg1: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}, %arg2: !fhe.esint<2> {fhe.range = array<i64: -2, 1>}) -> !fhe.esint<?> {
    %0 = fhe.sub %arg1, %arg2 {fhe.range = array<i64: -1, 5>} : (!fhe.eint<2>, !fhe.esint<2>) -> !fhe.esint<?>
    %c7_i64 = arith.constant 7 : i64
    %1 = fhe.mul_clear %arg0, %c7_i64 {fhe.range = array<i64: 0, 7>} : (!fhe.eint<1>, i64) -> !fhe.eint<?>
    %2 = fhe.add %1, %0 {fhe.range = array<i64: -1, 12>} : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %c1_i64 = arith.constant 1 : i64
    %3 = fhe.add_clear %2, %c1_i64 {fhe.range = array<i64: 0, 13>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %4 = fhe.lookup %3 {fhe.range = array<i64: -1, 5>, tables = dense<[[0, 0, 0, 0, 0, 0, 0, -1, 0, 1, 2, 3, 4, 5, 5, 5]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.esint<?>
    %5 = fhe.add %4, %arg2 {fhe.range = array<i64: -2, 3>} : (!fhe.esint<?>, !fhe.esint<2>) -> !fhe.esint<?>
    return %5 : !fhe.esint<?>
  }
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
// output:
module attributes {fhe.pairwise = ["choice of 2 and 2 bits: a table of all pairs"]} {
  func.func @main(%arg0: !fhe.eint<1> {fhe.range = array<i64: 0, 1>}, %arg1: !fhe.eint<?> {fhe.range = array<i64: 0, 3>}, %arg2: !fhe.esint<?> {fhe.range = array<i64: -2, 1>}) -> (!fhe.esint<?>, !fhe.esint<?>) {
    %c1_i64 = arith.constant 1 : i64
    %c7_i64 = arith.constant 7 : i64
    %0 = fhe.sub %arg1, %arg2 {fhe.range = array<i64: -1, 5>} : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %1 = fhe.mul_clear %arg0, %c7_i64 {fhe.range = array<i64: 0, 7>} : (!fhe.eint<1>, i64) -> !fhe.eint<?>
    %2 = fhe.add %1, %0 {fhe.range = array<i64: -1, 12>} : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %3 = fhe.add_clear %2, %c1_i64 {fhe.range = array<i64: 0, 13>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %4 = fhe.lookup %3 {fhe.range = array<i64: -1, 5>, tables = dense<[[0, 0, 0, 0, 0, 0, 0, -1, 0, 1, 2, 3, 4, 5, 5, 5]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.esint<?>
    %5 = fhe.add %4, %arg2 {fhe.range = array<i64: -3, 6>} : (!fhe.esint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %6 = fhe.sub %arg1, %arg2 {fhe.range = array<i64: -1, 5>} : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %7 = fhe.mul_clear %arg0, %c7_i64 {fhe.range = array<i64: 0, 7>} : (!fhe.eint<1>, i64) -> !fhe.eint<?>
    %8 = fhe.add %7, %6 {fhe.range = array<i64: -1, 12>} : (!fhe.eint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    %9 = fhe.add_clear %8, %c1_i64 {fhe.range = array<i64: 0, 13>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %10 = fhe.lookup %9 {fhe.range = array<i64: -1, 5>, tables = dense<[[0, 0, 0, 0, 0, 0, 0, -1, 0, 1, 2, 3, 4, 5, 5, 5]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.esint<?>
    %11 = fhe.add %10, %arg2 {fhe.range = array<i64: -2, 4>} : (!fhe.esint<?>, !fhe.esint<?>) -> !fhe.esint<?>
    return %5, %11 : !fhe.esint<?>, !fhe.esint<?>
  }
}
// -----
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{multivariate=packed}
// run: @main(1, -1) == 20
func.func @main(%x: !fhe.eint<1>, %y: !fhe.esint<1>) -> !fhe.eint<?> {
  %0 = fhe.joint_lookup %x, %y {lows = array<i64: 0, -1>, tables = dense<[[[0, 1], [20, 3]]]> : tensor<1x2x2xi64>} : (!fhe.eint<1>, !fhe.esint<1>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// output:
module attributes {fhe.pairwise = ["function of 1 and 1 bits: a table of all pairs"]} {
  func.func @main(%arg0: !fhe.eint<1> {fhe.range = array<i64: 0, 1>}, %arg1: !fhe.esint<1> {fhe.range = array<i64: -1, 0>}) -> !fhe.eint<?> {
    %c2_i64 = arith.constant 2 : i64
    %0 = fhe.mul_clear %arg0, %c2_i64 {fhe.range = array<i64: 0, 2>} : (!fhe.eint<1>, i64) -> !fhe.eint<?>
    %1 = fhe.add %0, %arg1 {fhe.range = array<i64: -1, 2>} : (!fhe.eint<?>, !fhe.esint<1>) -> !fhe.esint<?>
    %c1_i64 = arith.constant 1 : i64
    %2 = fhe.add_clear %1, %c1_i64 {fhe.range = array<i64: 0, 3>} : (!fhe.esint<?>, i64) -> !fhe.eint<?>
    %3 = fhe.lookup %2 {fhe.range = array<i64: 0, 20>, tables = dense<[[0, 1, 20, 3]]> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    return %3 : !fhe.eint<?>
  }
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
// output:
module attributes {fhe.pairwise = []} {
  func.func @main(%arg0: tensor<2x!fhe.eint<2>> {fhe.range = array<i64: 0, 3>}) -> tensor<2x!fhe.eint<?>> {
    %0 = fhe.constant dense<[3, 2]> : tensor<2xi64> {fhe.range = array<i64: 2, 3>} : tensor<2x!fhe.eint<2>>
    %1 = fhe.lookup %arg0 {fhe.range = array<i64: 0, 3>, selector = dense<[1, 0]> : tensor<2xi64>, tables = dense<[[0, 1, 2, 2], [0, 1, 2, 3]]> : tensor<2x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<?>>
    return %1 : tensor<2x!fhe.eint<?>>
  }
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
// expected-error: option `comparison` of `fhe-decompose-pairwise` is `fast`; allowed is auto, table, sign, packed, casted, quarter-squares, half-squares, bits, whole, chunks-1 to chunks-8 or one-hot-4 to one-hot-12
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// Values that are repeated are looked up once: 8 pairs, 4 and 2 values.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise{products=half-squares}
// run: @main([[3, -4], [0, 2]], [5, 7]) == [[[15, -20], [0, 10]], [[21, -28], [0, 14]]]
// run: @main([[-1, 3], [-4, -4]], [0, 7]) == [[[0, 0], [0, 0]], [[-7, 21], [-28, -28]]]
func.func @main(%x: tensor<2x2x!fhe.esint<3>>, %y: tensor<2x!fhe.eint<3>>) -> tensor<2x2x2x!fhe.esint<?>> {
  %0 = fhe.broadcast %x : (tensor<2x2x!fhe.esint<3>>) -> tensor<2x2x2x!fhe.esint<3>>
  %1 = fhe.reshape %y : (tensor<2x!fhe.eint<3>>) -> tensor<2x1x1x!fhe.eint<3>>
  %2 = fhe.broadcast %1 : (tensor<2x1x1x!fhe.eint<3>>) -> tensor<2x2x2x!fhe.eint<3>>
  %3 = fhe.mul %0, %2 : (tensor<2x2x2x!fhe.esint<3>>, tensor<2x2x2x!fhe.eint<3>>) -> tensor<2x2x2x!fhe.esint<?>>
  return %3 : tensor<2x2x2x!fhe.esint<?>>
}
// output:
module attributes {fhe.pairwise = ["product of 3 and 3 bits: half squares, those of one value once"]} {
  func.func @main(%arg0: tensor<2x2x!fhe.esint<3>> {fhe.range = array<i64: -4, 3>}, %arg1: tensor<2x!fhe.eint<3>> {fhe.range = array<i64: 0, 7>}) -> tensor<2x2x2x!fhe.esint<?>> {
    %0 = fhe.broadcast %arg0 {fhe.range = array<i64: -4, 3>} : (tensor<2x2x!fhe.esint<3>>) -> tensor<2x2x2x!fhe.esint<3>>
    %1 = fhe.reshape %arg1 {fhe.range = array<i64: 0, 7>} : (tensor<2x!fhe.eint<3>>) -> tensor<2x1x1x!fhe.eint<3>>
    %2 = fhe.broadcast %1 {fhe.range = array<i64: 0, 7>} : (tensor<2x1x1x!fhe.eint<3>>) -> tensor<2x2x2x!fhe.eint<3>>
    %3 = fhe.add %0, %2 {fhe.range = array<i64: -4, 10>} : (tensor<2x2x2x!fhe.esint<3>>, tensor<2x2x2x!fhe.eint<3>>) -> tensor<2x2x2x!fhe.esint<?>>
    %4 = fhe.lookup %3 {fhe.range = array<i64: -6, 22>, tables = dense<[[0, -3, -5, -6, -6, -5, -3, 0, 4, 9, 15, 15, 15, 15, 15, 15, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 15, 9, 4]]> : tensor<1x32xi64>} : (tensor<2x2x2x!fhe.esint<?>>) -> tensor<2x2x2x!fhe.esint<?>>
    %5 = fhe.lookup %arg0 {fhe.range = array<i64: -6, 22>, tables = dense<[[0, -3, -5, -6, 22, 15, 9, 4]]> : tensor<1x8xi64>} : (tensor<2x2x!fhe.esint<3>>) -> tensor<2x2x!fhe.esint<?>>
    %6 = fhe.lookup %arg1 {fhe.range = array<i64: -6, 0>, tables = dense<[[0, -3, -5, -6, -6, -5, -3, 0]]> : tensor<1x8xi64>} : (tensor<2x!fhe.eint<3>>) -> tensor<2x!fhe.esint<?>>
    %7 = fhe.broadcast %5 {fhe.range = array<i64: -6, 22>} : (tensor<2x2x!fhe.esint<?>>) -> tensor<2x2x2x!fhe.esint<?>>
    %8 = fhe.sub %4, %7 {fhe.range = array<i64: -28, 21>} : (tensor<2x2x2x!fhe.esint<?>>, tensor<2x2x2x!fhe.esint<?>>) -> tensor<2x2x2x!fhe.esint<?>>
    %9 = fhe.reshape %6 {fhe.range = array<i64: -6, 0>} : (tensor<2x!fhe.esint<?>>) -> tensor<2x1x1x!fhe.esint<?>>
    %10 = fhe.broadcast %9 {fhe.range = array<i64: -6, 0>} : (tensor<2x1x1x!fhe.esint<?>>) -> tensor<2x2x2x!fhe.esint<?>>
    %11 = fhe.sub %8, %10 {fhe.range = array<i64: -28, 21>} : (tensor<2x2x2x!fhe.esint<?>>, tensor<2x2x2x!fhe.esint<?>>) -> tensor<2x2x2x!fhe.esint<?>>
    return %11 : tensor<2x2x2x!fhe.esint<?>>
  }
}
// -----
// A product of one value with itself is one lookup, one of bits a lookup of their sum.
// RUN: fhe-infer-ranges,fhe-decompose-pairwise
// run: @main(-3, 1, 1) == (9, 1)
// run: @main(2, 0, 1) == (4, 0)
func.func @main(%x: !fhe.esint<3>, %b: !fhe.eint<1>, %c: !fhe.eint<1>) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %0 = fhe.mul %x, %x : (!fhe.esint<3>, !fhe.esint<3>) -> !fhe.eint<?>
  %1 = fhe.mul %b, %c : (!fhe.eint<1>, !fhe.eint<1>) -> !fhe.eint<?>
  return %0, %1 : !fhe.eint<?>, !fhe.eint<?>
}
// output:
module attributes {fhe.pairwise = ["product of 1 and 1 bits: a table of all pairs"]} {
  func.func @main(%arg0: !fhe.esint<3> {fhe.range = array<i64: -4, 3>}, %arg1: !fhe.eint<1> {fhe.range = array<i64: 0, 1>}, %arg2: !fhe.eint<1> {fhe.range = array<i64: 0, 1>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
    %0 = fhe.lookup %arg0 {fhe.range = array<i64: -12, 16>, tables = dense<[[0, 1, 4, 9, 16, 9, 4, 1]]> : tensor<1x8xi64>} : (!fhe.esint<3>) -> !fhe.eint<?>
    %1 = fhe.add %arg1, %arg2 {fhe.range = array<i64: 0, 2>} : (!fhe.eint<1>, !fhe.eint<1>) -> !fhe.eint<?>
    %2 = fhe.lookup %1 {fhe.range = array<i64: 0, 1>, tables = dense<[[0, 0, 1, 1]]> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    return %0, %2 : !fhe.eint<?>, !fhe.eint<?>
  }
}
