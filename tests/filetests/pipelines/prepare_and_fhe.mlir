// A quantised layer: signed weights, a rectifier between integers through real numbers.
// RUN: prepare,fhe
// run: @main([[1, 2, 3]]) == [[0, 4]]
// run: @main([[3, 0, 0]]) == [[4, 0]]
func.func @main(%x: tensor<1x3x!fhe.eint<?>> {fhe.range = array<i64: 0, 3>}) -> tensor<1x2x!fhe.esint<?>> {
  %w = arith.constant dense<[[3, -1], [-2, 1], [0, 2]]> : tensor<3x2xi64>
  %half = arith.constant dense<0.5> : tensor<1x2xf64>
  %0 = fhe.matmul %x, %w : (tensor<1x3x!fhe.eint<?>>, tensor<3x2xi64>) -> tensor<1x2x!fhe.esint<?>>
  %1 = fhe.map %0, %half : (tensor<1x2x!fhe.esint<?>>, tensor<1x2xf64>) -> tensor<1x2x!fhe.efloat> {
  ^bb0(%v: i64, %s: f64):
    %f = arith.sitofp %v : i64 to f64
    %g = arith.mulf %f, %s : f64
    fhe.yield %g : f64
  }
  %2 = fhe.map %1 : (tensor<1x2x!fhe.efloat>) -> tensor<1x2x!fhe.esint<?>> {
  ^bb0(%v: f64):
    %z = arith.constant 0.0 : f64
    %m = arith.maximumf %v, %z : f64
    %r = math.roundeven %m : f64
    %i = arith.fptosi %r : f64 to i64
    fhe.yield %i : i64
  }
  return %2 : tensor<1x2x!fhe.esint<?>>
}
// output:
module {
  func.func @main(%arg0: tensor<1x3x!fhe.eint<5>> {fhe.range = array<i64: 0, 3>}) -> (tensor<1x2x!fhe.eint<3>> {fhe.range = array<i64: 0, 4>}) {
    %cst = arith.constant dense<[[3, -1], [-2, 1], [0, 2]]> : tensor<3x2xi64>
    %0 = fhe.matmul %arg0, %cst {fhe.range = array<i64: -6, 9>} : (tensor<1x3x!fhe.eint<5>>, tensor<3x2xi64>) -> tensor<1x2x!fhe.esint<5>>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 0, 4>, tables = dense<[[0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<1x32xi64>} : (tensor<1x2x!fhe.esint<5>>) -> tensor<1x2x!fhe.eint<3>>
    return %1 : tensor<1x2x!fhe.eint<3>>
  }
}
// -----
// A convolution over a padded image, then a table for each channel.
// run: @main([[[[1, 2], [3, 0]]]]) == [[[[0, 1], [1, 0]], [[1, 1], [1, 1]]]]
func.func @main(%x: tensor<1x1x2x2x!fhe.eint<?>> {fhe.range = array<i64: 0, 3>}) -> tensor<1x2x2x2x!fhe.eint<?>> {
  %w = arith.constant dense<[[[[1, 0], [0, 0]]], [[[0, 0], [0, 1]]]]> : tensor<2x1x2x2xi64>
  %0 = fhe.conv2d %x, %w {strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x2x2x!fhe.eint<?>>, tensor<2x1x2x2xi64>) -> tensor<1x2x2x2x!fhe.eint<?>>
  %1 = fhe.lookup %0 {tables = dense<[[0, 0, 1, 1], [1, 0, 0, 0]]> : tensor<2x4xi64>, selector = dense<[[[[0, 0], [0, 0]], [[1, 1], [1, 1]]]]> : tensor<1x2x2x2xi64>} : (tensor<1x2x2x2x!fhe.eint<?>>) -> tensor<1x2x2x2x!fhe.eint<?>>
  return %1 : tensor<1x2x2x2x!fhe.eint<?>>
}
// output:
module {
  func.func @main(%arg0: tensor<1x1x2x2x!fhe.eint<2>> {fhe.range = array<i64: 0, 3>}) -> (tensor<1x2x2x2x!fhe.eint<1>> {fhe.range = array<i64: 0, 1>}) {
    %cst = arith.constant dense<[[[[1, 0], [0, 0]]], [[[0, 0], [0, 1]]]]> : tensor<2x1x2x2xi64>
    %0 = fhe.conv2d %arg0, %cst {dilations = array<i64: 1, 1>, fhe.range = array<i64: 0, 3>, groups = 1 : i64, padding = array<i64: 0, 0, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x1x2x2x!fhe.eint<2>>, tensor<2x1x2x2xi64>) -> tensor<1x2x2x2x!fhe.eint<2>>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 0, 1>, selector = dense<[[[[0, 0], [0, 0]], [[1, 1], [1, 1]]]]> : tensor<1x2x2x2xi64>, tables = dense<[[0, 0, 1, 1], [1, 0, 0, 0]]> : tensor<2x4xi64>} : (tensor<1x2x2x2x!fhe.eint<2>>) -> tensor<1x2x2x2x!fhe.eint<1>>
    return %1 : tensor<1x2x2x2x!fhe.eint<1>>
  }
}
