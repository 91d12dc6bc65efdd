// A comparison of wide integers: signs of the differences of digits, then of a sum that each outweighs all below it.
// RUN: fhe-split-wide-integers{digit-bits=4}
// run: @main(300000, 299999) == 0
// run: @main(0, 1048575) == 1
// run: @main(77, 77) == 0
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 1048575>}, %y: !fhe.eint<?> {fhe.range = array<i64: 0, 1048575>}) -> !fhe.eint<?> {
  %0 = fhe.compare %x, %y {fhe.range = array<i64: 0, 1>, predicate = "lt"} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: tensor<5x!fhe.eint<?>> {fhe.radix = array<i64: 4, 5, 0, 0, 1048575>, fhe.range = array<i64: 0, 15>}, %arg1: tensor<5x!fhe.eint<?>> {fhe.radix = array<i64: 4, 5, 0, 0, 1048575>, fhe.range = array<i64: 0, 15>}) -> !fhe.eint<?> {
    %0 = fhe.sub %arg0, %arg1 {fhe.range = array<i64: -15, 15>} : (tensor<5x!fhe.eint<?>>, tensor<5x!fhe.eint<?>>) -> tensor<5x!fhe.esint<?>>
    %1 = fhe.lookup %0 {fhe.range = array<i64: -1, 1>, tables = dense<[[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1]]> : tensor<1x32xi64>} : (tensor<5x!fhe.esint<?>>) -> tensor<5x!fhe.esint<?>>
    %cst = arith.constant dense<[1, 2, 4, 8, 16]> : tensor<5xi64>
    %2 = fhe.mul_clear %1, %cst {fhe.range = array<i64: -16, 16>} : (tensor<5x!fhe.esint<?>>, tensor<5xi64>) -> tensor<5x!fhe.esint<?>>
    %3 = fhe.sum %2 {axes = array<i64: 0>, fhe.range = array<i64: -31, 31>} : (tensor<5x!fhe.esint<?>>) -> !fhe.esint<?>
    %4 = fhe.reshape %3 {fhe.range = array<i64: -31, 31>} : (!fhe.esint<?>) -> tensor<1x!fhe.esint<?>>
    %5 = fhe.reshape %4 {fhe.range = array<i64: -31, 31>} : (tensor<1x!fhe.esint<?>>) -> !fhe.esint<?>
    %6 = fhe.lookup %5 {fhe.range = array<i64: 0, 1>, tables = dense<[[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]> : tensor<1x64xi64>} : (!fhe.esint<?>) -> !fhe.eint<?>
    return %6 : !fhe.eint<?>
  }
}
// -----
// A narrow integer meets wide ones: tables split it. A wide result is returned in digits, which may carry any amount.
// RUN: fhe-split-wide-integers{above=5 digit-bits=2}
// run: @main(100, 30) == 130
// run: @main(-100, 5) == 5
func.func @main(%x: !fhe.esint<?> {fhe.range = array<i64: -100, 100>}, %y: !fhe.eint<?> {fhe.range = array<i64: 0, 30>}) -> !fhe.esint<?> {
  %0 = fhe.constant dense<0> : tensor<i64> {fhe.range = array<i64: 0, 0>} : !fhe.eint<?>
  %1 = fhe.max %x, %0 {fhe.range = array<i64: 0, 100>} : (!fhe.esint<?>, !fhe.eint<?>) -> !fhe.esint<?>
  %2 = fhe.add %1, %y {fhe.range = array<i64: 0, 130>} : (!fhe.esint<?>, !fhe.eint<?>) -> !fhe.esint<?>
  return %2 : !fhe.esint<?>
}
// output:
module {
  func.func @main(%arg0: tensor<4x!fhe.eint<?>> {fhe.radix = array<i64: 2, 4, 1, -100, 100>, fhe.range = array<i64: 0, 3>}, %arg1: !fhe.eint<?> {fhe.range = array<i64: 0, 30>}) -> (tensor<4x!fhe.eint<?>> {fhe.radix = array<i64: 2, 4, 0, 0, 255>}) {
    %0 = fhe.constant dense<0> : tensor<i64> {fhe.range = array<i64: 0, 0>} : !fhe.eint<?>
    %1 = fhe.reshape %0 {fhe.range = array<i64: 0, 0>} : (!fhe.eint<?>) -> tensor<1x!fhe.eint<?>>
    %2 = fhe.constant dense<0> : tensor<3xi64> {fhe.range = array<i64: 0, 0>} : tensor<3x!fhe.eint<?>>
    %3 = fhe.concat %1, %2 {axis = 0 : i64, fhe.range = array<i64: 0, 0>} : (tensor<1x!fhe.eint<?>>, tensor<3x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %4 = fhe.slice %arg0 {fhe.range = array<i64: 0, 3>, offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
    %5 = fhe.lookup %4 {fhe.range = array<i64: -2, 1>, tables = dense<[[0, 1, -2, -1]]> : tensor<1x4xi64>} : (tensor<1x!fhe.eint<?>>) -> tensor<1x!fhe.esint<?>>
    %6 = fhe.slice %arg0 {fhe.range = array<i64: 0, 3>, offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<3x!fhe.eint<?>>
    %7 = fhe.concat %6, %5 {axis = 0 : i64, fhe.range = array<i64: -2, 3>} : (tensor<3x!fhe.eint<?>>, tensor<1x!fhe.esint<?>>) -> tensor<4x!fhe.esint<?>>
    %8 = fhe.slice %3 {fhe.range = array<i64: 0, 0>, offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
    %9 = fhe.lookup %8 {fhe.range = array<i64: 0, 0>, tables = dense<0> : tensor<1x2xi64>} : (tensor<1x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
    %10 = fhe.slice %3 {fhe.range = array<i64: 0, 0>, offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<3x!fhe.eint<?>>
    %11 = fhe.concat %10, %9 {axis = 0 : i64, fhe.range = array<i64: 0, 0>} : (tensor<3x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %12 = fhe.sub %7, %11 {fhe.range = array<i64: -2, 3>} : (tensor<4x!fhe.esint<?>>, tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.esint<?>>
    %13 = fhe.lookup %12 {fhe.range = array<i64: -1, 1>, tables = dense<[[0, 1, 1, 1, -1, -1, -1, -1]]> : tensor<1x8xi64>} : (tensor<4x!fhe.esint<?>>) -> tensor<4x!fhe.esint<?>>
    %14 = fhe.slice %13 {fhe.range = array<i64: -1, 1>, offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!fhe.esint<?>>) -> tensor<3x!fhe.esint<?>>
    %cst = arith.constant dense<[1, 2, 4]> : tensor<3xi64>
    %15 = fhe.mul_clear %14, %cst {fhe.range = array<i64: -4, 4>} : (tensor<3x!fhe.esint<?>>, tensor<3xi64>) -> tensor<3x!fhe.esint<?>>
    %16 = fhe.sum %15 {axes = array<i64: 0>, fhe.range = array<i64: -7, 7>} : (tensor<3x!fhe.esint<?>>) -> !fhe.esint<?>
    %17 = fhe.reshape %16 {fhe.range = array<i64: -7, 7>} : (!fhe.esint<?>) -> tensor<1x!fhe.esint<?>>
    %18 = fhe.slice %13 {fhe.range = array<i64: -1, 1>, offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!fhe.esint<?>>) -> tensor<1x!fhe.esint<?>>
    %cst_0 = arith.constant dense<1> : tensor<1xi64>
    %19 = fhe.mul_clear %18, %cst_0 {fhe.range = array<i64: -1, 1>} : (tensor<1x!fhe.esint<?>>, tensor<1xi64>) -> tensor<1x!fhe.esint<?>>
    %20 = fhe.sum %19 {axes = array<i64: 0>, fhe.range = array<i64: -1, 1>} : (tensor<1x!fhe.esint<?>>) -> !fhe.esint<?>
    %21 = fhe.reshape %20 {fhe.range = array<i64: -1, 1>} : (!fhe.esint<?>) -> tensor<1x!fhe.esint<?>>
    %22 = fhe.concat %17, %21 {axis = 0 : i64, fhe.range = array<i64: -7, 7>} : (tensor<1x!fhe.esint<?>>, tensor<1x!fhe.esint<?>>) -> tensor<2x!fhe.esint<?>>
    %23 = fhe.lookup %22 {fhe.range = array<i64: -1, 1>, tables = dense<[[0, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1]]> : tensor<1x16xi64>} : (tensor<2x!fhe.esint<?>>) -> tensor<2x!fhe.esint<?>>
    %cst_1 = arith.constant dense<[1, 2]> : tensor<2xi64>
    %24 = fhe.mul_clear %23, %cst_1 {fhe.range = array<i64: -2, 2>} : (tensor<2x!fhe.esint<?>>, tensor<2xi64>) -> tensor<2x!fhe.esint<?>>
    %25 = fhe.sum %24 {axes = array<i64: 0>, fhe.range = array<i64: -3, 3>} : (tensor<2x!fhe.esint<?>>) -> !fhe.esint<?>
    %26 = fhe.reshape %25 {fhe.range = array<i64: -3, 3>} : (!fhe.esint<?>) -> tensor<1x!fhe.esint<?>>
    %27 = fhe.reshape %26 {fhe.range = array<i64: -3, 3>} : (tensor<1x!fhe.esint<?>>) -> !fhe.esint<?>
    %28 = fhe.lookup %27 {fhe.range = array<i64: 0, 1>, tables = dense<[[0, 1, 1, 1, 0, 0, 0, 0]]> : tensor<1x8xi64>} : (!fhe.esint<?>) -> !fhe.eint<?>
    %29 = fhe.sub %arg0, %3 {fhe.range = array<i64: 0, 3>} : (tensor<4x!fhe.eint<?>>, tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %30 = fhe.reshape %28 {fhe.range = array<i64: 0, 1>} : (!fhe.eint<?>) -> tensor<1x!fhe.eint<?>>
    %31 = fhe.broadcast %30 {fhe.range = array<i64: 0, 1>} : (tensor<1x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %cst_2 = arith.constant dense<4> : tensor<4xi64>
    %32 = fhe.mul_clear %31, %cst_2 {fhe.range = array<i64: 0, 4>} : (tensor<4x!fhe.eint<?>>, tensor<4xi64>) -> tensor<4x!fhe.eint<?>>
    %33 = fhe.add %32, %29 {fhe.range = array<i64: 0, 7>} : (tensor<4x!fhe.eint<?>>, tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %34 = fhe.lookup %33 {fhe.range = array<i64: 0, 3>, tables = dense<[[0, 0, 0, 0, 0, 1, 2, 3]]> : tensor<1x8xi64>} : (tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %35 = fhe.add %3, %34 {fhe.range = array<i64: 0, 3>} : (tensor<4x!fhe.eint<?>>, tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %36 = fhe.lookup %arg1 {fhe.range = array<i64: 0, 3>, tables = dense<[[0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 2]]> : tensor<1x32xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    %37 = fhe.reshape %36 {fhe.range = array<i64: 0, 3>} : (!fhe.eint<?>) -> tensor<1x!fhe.eint<?>>
    %38 = fhe.lookup %arg1 {fhe.range = array<i64: 0, 3>, tables = dense<[[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]]> : tensor<1x32xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    %39 = fhe.reshape %38 {fhe.range = array<i64: 0, 3>} : (!fhe.eint<?>) -> tensor<1x!fhe.eint<?>>
    %40 = fhe.lookup %arg1 {fhe.range = array<i64: 0, 1>, tables = dense<[[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]> : tensor<1x32xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
    %41 = fhe.reshape %40 {fhe.range = array<i64: 0, 1>} : (!fhe.eint<?>) -> tensor<1x!fhe.eint<?>>
    %42 = fhe.constant dense<0> : tensor<1xi64> {fhe.range = array<i64: 0, 0>} : tensor<1x!fhe.eint<?>>
    %43 = fhe.concat %37, %39, %41, %42 {axis = 0 : i64, fhe.range = array<i64: 0, 3>} : (tensor<1x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %44 = fhe.add %35, %43 {fhe.range = array<i64: 0, 6>} : (tensor<4x!fhe.eint<?>>, tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    return %44 : tensor<4x!fhe.eint<?>>
  }
}
// -----
// High bits of a wide integer are narrow again; a sum of integers in digits is one of their digits.
// RUN: fhe-split-wide-integers{digit-bits=5}
// run: @main(1000000) == (2000000, 15)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 1048575>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %0 = fhe.add %x, %x {fhe.range = array<i64: 0, 2097150>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  %1 = fhe.truncate %x {bits = 16 : i64, fhe.range = array<i64: 0, 15>} : (!fhe.eint<?>) -> !fhe.eint<?>
  return %0, %1 : !fhe.eint<?>, !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: tensor<5x!fhe.eint<?>> {fhe.radix = array<i64: 5, 5, 0, 0, 1048575>, fhe.range = array<i64: 0, 31>}) -> (tensor<5x!fhe.eint<?>> {fhe.radix = array<i64: 5, 5, 0, 0, 33554431>}, !fhe.eint<?>) {
    %0 = fhe.add %arg0, %arg0 {fhe.range = array<i64: 0, 62>} : (tensor<5x!fhe.eint<?>>, tensor<5x!fhe.eint<?>>) -> tensor<5x!fhe.eint<?>>
    %1 = fhe.slice %arg0 {fhe.range = array<i64: 0, 31>, offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<5x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %2 = fhe.slice %1 {fhe.range = array<i64: 0, 31>, offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
    %3 = fhe.constant dense<0> : tensor<1xi64> {fhe.range = array<i64: 0, 0>} : tensor<1x!fhe.eint<?>>
    %4 = fhe.slice %1 {fhe.range = array<i64: 0, 31>, offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
    %5 = fhe.concat %4, %3, %3, %3 {axis = 0 : i64, fhe.range = array<i64: 0, 31>} : (tensor<1x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %6 = fhe.slice %5 {fhe.range = array<i64: 0, 31>, offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<3x!fhe.eint<?>>
    %7 = fhe.concat %6, %3 {axis = 0 : i64, fhe.range = array<i64: 0, 31>} : (tensor<3x!fhe.eint<?>>, tensor<1x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %8 = fhe.lookup %5 {fhe.range = array<i64: 0, 15>, tables = dense<[[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15]]> : tensor<1x32xi64>} : (tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %9 = fhe.lookup %7 {fhe.range = array<i64: 0, 0>, tables = dense<0> : tensor<1x2xi64>} : (tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %10 = fhe.add %8, %9 {fhe.range = array<i64: 0, 15>} : (tensor<4x!fhe.eint<?>>, tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
    %11 = fhe.slice %10 {fhe.range = array<i64: 0, 15>, offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!fhe.eint<?>>) -> tensor<1x!fhe.eint<?>>
    %cst = arith.constant dense<1> : tensor<1xi64>
    %12 = fhe.mul_clear %11, %cst {fhe.range = array<i64: 0, 15>} : (tensor<1x!fhe.eint<?>>, tensor<1xi64>) -> tensor<1x!fhe.eint<?>>
    %13 = fhe.sum %12 {axes = array<i64: 0>, fhe.range = array<i64: 0, 15>} : (tensor<1x!fhe.eint<?>>) -> !fhe.eint<?>
    return %0, %13 : tensor<5x!fhe.eint<?>>, !fhe.eint<?>
  }
}
// -----
// RUN: fhe-split-wide-integers{above=20 digit-bits=4}
// expected-error: digits of 4 bits for integers of more than 20 bits; allowed are digits of 1 to 8 bits, for integers of more than at least as many and at most 16 bits
func.func @main(%x: !fhe.eint<4>) -> !fhe.eint<4> {
  return %x : !fhe.eint<4>
}
// -----
// RUN: fhe-split-wide-integers
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 1048575>}) -> !fhe.eint<?> {
  // expected-error@+1: `arith.divsi` of integers of 20 bits: a table takes at most 16 bits, and wider integers can be added, subtracted, multiplied, compared, shifted, masked and chosen between; make the values before it smaller, or shift low bits away first
  %0 = fhe.map %x {fhe.range = array<i64: 0, 1048575>} : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %c3 = arith.constant 3 : i64
    %q = arith.divsi %v, %c3 : i64
    fhe.yield %q : i64
  }
  return %0 : !fhe.eint<?>
}
