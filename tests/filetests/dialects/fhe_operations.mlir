// What each operation means; `?` is any width.
// run: @main([1, 2], [0, 3]) == ([1, 5], [1, -1], [-1, -2])
func.func @main(%x: tensor<2x!fhe.eint<?>>, %y: tensor<2x!fhe.eint<?>>) -> (tensor<2x!fhe.eint<?>>, tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>) {
  %0 = fhe.add %x, %y : (tensor<2x!fhe.eint<?>>, tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.eint<?>>
  %1 = fhe.sub %x, %y : (tensor<2x!fhe.eint<?>>, tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.esint<?>>
  %2 = fhe.neg %x : (tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.esint<?>>
  return %0, %1, %2 : tensor<2x!fhe.eint<?>>, tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>
}
// -----
// run: @main([1, 2], [5, -3]) == ([6, -1], [5, -6], -1)
func.func @main(%x: tensor<2x!fhe.eint<?>>, %c: tensor<2xi64>) -> (tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>, !fhe.esint<?>) {
  %0 = fhe.add_clear %x, %c : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> tensor<2x!fhe.esint<?>>
  %1 = fhe.mul_clear %x, %c : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> tensor<2x!fhe.esint<?>>
  %2 = fhe.dot %x, %c : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> !fhe.esint<?>
  return %0, %1, %2 : tensor<2x!fhe.esint<?>>, tensor<2x!fhe.esint<?>>, !fhe.esint<?>
}
// -----
// run: @main([[1, 2]]) == ([[1, 5]], [[1, 2], [3, 6]])
func.func @main(%x: tensor<1x2x!fhe.eint<?>>) -> (tensor<1x2x!fhe.eint<?>>, tensor<2x2x!fhe.eint<?>>) {
  %w = arith.constant dense<[[1, 1], [0, 2]]> : tensor<2x2xi64>
  %v = arith.constant dense<[[1], [3]]> : tensor<2x1xi64>
  %0 = fhe.matmul %x, %w : (tensor<1x2x!fhe.eint<?>>, tensor<2x2xi64>) -> tensor<1x2x!fhe.eint<?>>
  %1 = fhe.matmul %v, %x : (tensor<2x1xi64>, tensor<1x2x!fhe.eint<?>>) -> tensor<2x2x!fhe.eint<?>>
  return %0, %1 : tensor<1x2x!fhe.eint<?>>, tensor<2x2x!fhe.eint<?>>
}
// -----
// run: @main([[[[1, 2, 3], [4, 5, 6]]]]) == [[[[2100, 300], [5421, 603]]]]
func.func @main(%x: tensor<1x1x2x3x!fhe.eint<?>>) -> tensor<1x1x2x2x!fhe.eint<?>> {
  %w = arith.constant dense<[[[[1, 10], [100, 1000]]]]> : tensor<1x1x2x2xi64>
  %0 = fhe.conv2d %x, %w {strides = array<i64: 1, 2>, padding = array<i64: 1, 0, 0, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x2x3x!fhe.eint<?>>, tensor<1x1x2x2xi64>) -> tensor<1x1x2x2x!fhe.eint<?>>
  return %0 : tensor<1x1x2x2x!fhe.eint<?>>
}
// -----
// run: @main([[1, 2, 3], [4, 5, 6]]) == ([5, 7, 9], 21, [[1, 4], [2, 5], [3, 6]], [1, 2, 3, 4, 5, 6])
func.func @main(%x: tensor<2x3x!fhe.eint<?>>) -> (tensor<3x!fhe.eint<?>>, !fhe.eint<?>, tensor<3x2x!fhe.eint<?>>, tensor<6x!fhe.eint<?>>) {
  %0 = fhe.sum %x {axes = array<i64: 0>} : (tensor<2x3x!fhe.eint<?>>) -> tensor<3x!fhe.eint<?>>
  %1 = fhe.sum %x {axes = array<i64: 0, 1>} : (tensor<2x3x!fhe.eint<?>>) -> !fhe.eint<?>
  %2 = fhe.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3x!fhe.eint<?>>) -> tensor<3x2x!fhe.eint<?>>
  %3 = fhe.reshape %x : (tensor<2x3x!fhe.eint<?>>) -> tensor<6x!fhe.eint<?>>
  return %0, %1, %2, %3 : tensor<3x!fhe.eint<?>>, !fhe.eint<?>, tensor<3x2x!fhe.eint<?>>, tensor<6x!fhe.eint<?>>
}
// -----
// run: @main([[1, 2, 3], [4, 5, 6]], [[7, 8, 9]]) == ([[6, 4], [3, 1]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[[7, 8, 9], [7, 8, 9]]])
func.func @main(%x: tensor<2x3x!fhe.eint<?>>, %y: tensor<1x3x!fhe.eint<?>>) -> (tensor<2x2x!fhe.eint<?>>, tensor<3x3x!fhe.eint<?>>, tensor<1x2x3x!fhe.eint<?>>) {
  %0 = fhe.slice %x {offsets = array<i64: 1, 2>, strides = array<i64: -1, -2>} : (tensor<2x3x!fhe.eint<?>>) -> tensor<2x2x!fhe.eint<?>>
  %1 = fhe.concat %x, %y {axis = 0 : i64} : (tensor<2x3x!fhe.eint<?>>, tensor<1x3x!fhe.eint<?>>) -> tensor<3x3x!fhe.eint<?>>
  %2 = fhe.broadcast %y : (tensor<1x3x!fhe.eint<?>>) -> tensor<1x2x3x!fhe.eint<?>>
  return %0, %1, %2 : tensor<2x2x!fhe.eint<?>>, tensor<3x3x!fhe.eint<?>>, tensor<1x2x3x!fhe.eint<?>>
}
// -----
// run: @main([[1, 2, 3], [4, 5, 6]], [-1, 0], [7, 8]) == ([[6, 6], [1, 2]], [[3, 1], [6, 4]], [[7, 2, 7], [8, 5, 8]], [0, -1, 0, -1])
func.func @main(%x: tensor<2x3x!fhe.eint<?>>, %at: tensor<2xi64>, %v: tensor<2x!fhe.eint<?>>) -> (tensor<2x2x!fhe.eint<?>>, tensor<2x2x!fhe.eint<?>>, tensor<2x3x!fhe.eint<?>>, tensor<4xi64>) {
  %0 = fhe.gather %x {indices = array<i64: 5, 5, 0, 1>} : (tensor<2x3x!fhe.eint<?>>) -> tensor<2x2x!fhe.eint<?>>
  %1 = fhe.gather_at %x, %at {axis = 1 : i64} : (tensor<2x3x!fhe.eint<?>>, tensor<2xi64>) -> tensor<2x2x!fhe.eint<?>>
  %2 = fhe.gather %v {indices = array<i64: 0, 0, 1, 1>} : (tensor<2x!fhe.eint<?>>) -> tensor<2x2x!fhe.eint<?>>
  %3 = fhe.set_at %x, %2, %at {axis = 1 : i64} : (tensor<2x3x!fhe.eint<?>>, tensor<2x2x!fhe.eint<?>>, tensor<2xi64>) -> tensor<2x3x!fhe.eint<?>>
  %4 = fhe.gather %at {indices = array<i64: 1, 0, 1, 0>} : (tensor<2xi64>) -> tensor<4xi64>
  return %0, %1, %3, %4 : tensor<2x2x!fhe.eint<?>>, tensor<2x2x!fhe.eint<?>>, tensor<2x3x!fhe.eint<?>>, tensor<4xi64>
}
// -----
// Entries 2 and 3 of a signed table belong to -2 and -1.
// run: @main([0, 1, 2, 3], [0, 1, -2, -1]) == ([5, 6, 8, 7], [5, 6, 7, 8])
func.func @main(%x: tensor<4x!fhe.eint<2>>, %y: tensor<4x!fhe.esint<2>>) -> (tensor<4x!fhe.eint<?>>, tensor<4x!fhe.eint<?>>) {
  %0 = fhe.lookup %x {tables = dense<[[5, 6, 7, 8], [8, 7, 8, 7]]> : tensor<2x4xi64>, selector = dense<[0, 0, 1, 1]> : tensor<4xi64>} : (tensor<4x!fhe.eint<2>>) -> tensor<4x!fhe.eint<?>>
  %1 = fhe.lookup %y {tables = dense<[[5, 6, 7, 8]]> : tensor<1x4xi64>} : (tensor<4x!fhe.esint<2>>) -> tensor<4x!fhe.eint<?>>
  return %0, %1 : tensor<4x!fhe.eint<?>>, tensor<4x!fhe.eint<?>>
}
// -----
// A value that leaves its type is an error, at its place.
// run: @main(3, 4) == 7
// run: @main(7, 7) fails: the value 14 does not fit `!fhe.eint<3>`, which holds 0 to 7
func.func @main(%x: !fhe.eint<3>, %y: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.add %x, %y : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// -----
// run: @main(4611686018427387903) fails: the result leaves 64 bits
func.func @main(%x: !fhe.eint<62>) -> !fhe.eint<62> {
  %c = arith.constant 4611686018427387903 : i64
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<62>, i64) -> !fhe.eint<62>
  return %0 : !fhe.eint<62>
}
// -----
// run: @main([0, 1, 2]) fails: host function 3 is not known here; compile in the program that defines it, or use a table
func.func @main(%x: tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<?>> {
  %0 = fhe.map %x : (tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<?>> {
  ^bb0(%v: i64):
    %w = fhe.call_host 3(%v) : (i64) -> i64
    fhe.yield %w : i64
  }
  return %0 : tensor<3x!fhe.eint<?>>
}
// -----
// Digits of either sign; rounding goes up at halves.
// run: @main([5, -2, 13]) == ([1, 0, 3], [1, -1, 3], [1, 2, 1], [1, 1, 1], [10, -4, 26])
func.func @main(%x: tensor<3x!fhe.esint<5>>) -> (tensor<3x!fhe.esint<?>>, tensor<3x!fhe.esint<?>>, tensor<3x!fhe.eint<?>>, tensor<3x!fhe.eint<1>>, tensor<3x!fhe.esint<6>>) {
  %0 = fhe.round %x {bits = 2 : i64} : (tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.esint<?>>
  %1 = fhe.truncate %x {bits = 2 : i64, approximate} : (tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.esint<?>>
  %2 = fhe.low_bits %x {bits = 2 : i64} : (tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.eint<?>>
  %3 = fhe.bit %x {position = 2 : i64} : (tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.eint<1>>
  %4 = fhe.reinterpret %x : (tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.esint<6>>
  return %0, %1, %2, %3, %4 : tensor<3x!fhe.esint<?>>, tensor<3x!fhe.esint<?>>, tensor<3x!fhe.eint<?>>, tensor<3x!fhe.eint<1>>, tensor<3x!fhe.esint<6>>
}
