// What the verifier refuses at the `fhe` level.
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.lookup' op the table has 8 entries, an input of type `!fhe.eint<2>` needs 4
  %0 = fhe.lookup %x {tables = dense<0> : tensor<1x8xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.lookup' op the table entry 2 does not fit the result type `!fhe.eint<1>`, which holds 0 to 1
  %0 = fhe.lookup %x {tables = dense<2> : tensor<1x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<?>>) {
  // expected-error@+1: 'fhe.lookup' op tables have shape 1×6; needed are one or more of 2, 4, 8, … entries
  %0 = fhe.lookup %x {tables = dense<2> : tensor<1x6xi64>} : (tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.eint<?>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.lookup' op 2 tables need a `selector`
  %0 = fhe.lookup %x {tables = dense<1> : tensor<2x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.lookup' op the selector has shape [3], the input [2]
  %0 = fhe.lookup %x {tables = dense<1> : tensor<2x4xi64>, selector = dense<0> : tensor<3xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.lookup' op the selector names table 2, there are 2
  %0 = fhe.lookup %x {tables = dense<1> : tensor<2x4xi64>, selector = dense<2> : tensor<2xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.lookup' op operand shape [2] and result shape [3] must be equal
  %0 = fhe.lookup %x {tables = dense<1> : tensor<1x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<3x!fhe.eint<1>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.neg' op operand of type `!fhe.eint<2>` and result of type `!fhe.esint<3>` must have one width
  %0 = fhe.neg %x : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.esint<3>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.neg' op the result has shape [3], it must be [2]
  %0 = fhe.neg %x : (tensor<2x!fhe.eint<2>>) -> tensor<3x!fhe.esint<2>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>, %y: tensor<3x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.add' op operands have shapes [2] and [3], they must be equal; broadcast one first
  %0 = fhe.add %x, %y : (tensor<2x!fhe.eint<2>>, tensor<3x!fhe.eint<2>>) -> tensor<2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>, %c: tensor<3xi64>) {
  // expected-error@+1: 'fhe.dot' op operands have shapes [2] and [3], they must be vectors of one length
  %0 = fhe.dot %x, %c : (tensor<2x!fhe.eint<2>>, tensor<3xi64>) -> !fhe.eint<2>
  return
}
// -----
func.func @main(%x: tensor<2x3x!fhe.eint<2>>, %c: tensor<2x3xi64>) {
  // expected-error@+1: 'fhe.matmul' op operands have shapes [2, 3] and [2, 3], they must be [m, k] and [k, n]
  %0 = fhe.matmul %x, %c : (tensor<2x3x!fhe.eint<2>>, tensor<2x3xi64>) -> tensor<2x3x!fhe.eint<2>>
  return
}
// -----
func.func @main(%a: tensor<2x3xi64>, %c: tensor<3x2xi64>) {
  // expected-error@+1: 'fhe.matmul' op at least one operand must be encrypted
  %0 = fhe.matmul %a, %c : (tensor<2x3xi64>, tensor<3x2xi64>) -> tensor<2x2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<1x3x4x4x!fhe.eint<2>>, %w: tensor<1x2x3x3xi64>) {
  // expected-error@+1: 'fhe.conv2d' op 3 channels and 1 filters of 2 channels do not divide into 1 groups
  %0 = fhe.conv2d %x, %w {strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x4x4x!fhe.eint<2>>, tensor<1x2x3x3xi64>) -> tensor<1x1x2x2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<1x1x4x4x!fhe.eint<2>>, %w: tensor<1x1x3x3xi64>) {
  // expected-error@+1: 'fhe.conv2d' op a kernel of 3 (dilation 2, stride 1) does not fit 4 padded elements
  %0 = fhe.conv2d %x, %w {strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 2, 2>, groups = 1 : i64} : (tensor<1x1x4x4x!fhe.eint<2>>, tensor<1x1x3x3xi64>) -> tensor<1x1x2x2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<1x1x4x4x!fhe.eint<2>>, %w: tensor<1x1x3x3xi64>) {
  // expected-error@+1: 'fhe.conv2d' op attributes are malformed
  %0 = fhe.conv2d %x, %w {strides = array<i64: 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x4x4x!fhe.eint<2>>, tensor<1x1x3x3xi64>) -> tensor<1x1x2x2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.sum' op axes [1] must ascend and lie below the rank 1
  %0 = fhe.sum %x {axes = array<i64: 1>} : (tensor<2x!fhe.eint<2>>) -> !fhe.eint<2>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.reshape' op 2 elements cannot take the shape [3] of 3 elements
  %0 = fhe.reshape %x : (tensor<2x!fhe.eint<2>>) -> tensor<3x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<2x3x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.transpose' op [0, 0] is not a permutation of the 2 axes
  %0 = fhe.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3x!fhe.eint<2>>) -> tensor<3x2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.slice' op elements 1 to 5 of axis 0 are taken, it has 4
  %0 = fhe.slice %x {offsets = array<i64: 1>, strides = array<i64: 2>} : (tensor<4x!fhe.eint<2>>) -> tensor<3x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.slice' op offsets, strides and result need 1 axes each
  %0 = fhe.slice %x {offsets = array<i64: 1, 0>, strides = array<i64: 2>} : (tensor<4x!fhe.eint<2>>) -> tensor<1x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x2x!fhe.eint<2>>, %y: tensor<4x3x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.concat' op operands have shapes [4, 2] and [4, 3], they may differ only in axis 0
  %0 = fhe.concat %x, %y {axis = 0 : i64} : (tensor<4x2x!fhe.eint<2>>, tensor<4x3x!fhe.eint<2>>) -> tensor<8x2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.concat' op axis 1 must lie below the rank 1
  %0 = fhe.concat %x, %x {axis = 1 : i64} : (tensor<4x!fhe.eint<2>>, tensor<4x!fhe.eint<2>>) -> tensor<8x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.broadcast' op shape [4] cannot be broadcast to [4, 3]
  %0 = fhe.broadcast %x : (tensor<4x!fhe.eint<2>>) -> tensor<4x3x!fhe.eint<2>>
  return
}
// -----
func.func @main() {
  // expected-error@+1: 'fhe.constant' op the value has shape [2], the result [3]
  %0 = fhe.constant dense<[1, 2]> : tensor<2xi64> : tensor<3x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<?x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.neg' op type `tensor<?x!fhe.eint<2>>` is not supported; allowed are scalars and tensors of static shape
  %0 = fhe.neg %x : (tensor<?x!fhe.eint<2>>) -> tensor<?x!fhe.esint<2>>
  return
}
// -----
func.func @main(%x: !fhe.eint<2>) {
  // expected-error@+1: 'fhe.mul_clear' op operand #1 must be a clear i64 or a tensor of them, but got '!fhe.eint<2>'
  %0 = fhe.mul_clear %x, %x : (!fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<4>
  return
}
// -----
func.func @main(%x: !fhe.eint<2>) {
  // expected-error@+1: 'fhe.map' op the body yields `f64` for a result of `!fhe.eint<?>`
  %0 = fhe.map %x : (!fhe.eint<2>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %f = arith.sitofp %v : i64 to f64
    fhe.yield %f : f64
  }
  return
}
// -----
func.func @main(%x: !fhe.eint<2>) {
  // expected-error@+1: 'fhe.map' op argument 0 of the body is `f64` for an operand of `!fhe.eint<2>`
  %0 = fhe.map %x : (!fhe.eint<2>) -> !fhe.efloat {
  ^bb0(%v: f64):
    fhe.yield %v : f64
  }
  return
}
// -----
func.func @main(%x: !fhe.eint<2>) {
  // expected-error@+1: 'fhe.map' op `arith.trunci` is not allowed in the body; allowed are scalar operations of `arith` and `math`
  %0 = fhe.map %x : (!fhe.eint<2>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %c = arith.trunci %v : i64 to i32
    fhe.yield %v : i64
  }
  return
}
// -----
func.func @main(%x: i64) {
  // expected-error@+1: 'fhe.yield' op expects parent op 'fhe.map'
  fhe.yield %x : i64
}
// -----
func.func @main(%x: !fhe.eint<4>) {
  // expected-error@+1: 'fhe.bit' op `position` is 5, allowed is 0 to 4
  %0 = fhe.bit %x {position = 5 : i64} : (!fhe.eint<4>) -> !fhe.eint<1>
  return
}
// -----
func.func @main(%x: !fhe.eint<?>) {
  // expected-error@+1: 'fhe.reinterpret' op `!fhe.eint<?>` is not an integer of known width
  %0 = fhe.reinterpret %x : (!fhe.eint<?>) -> !fhe.eint<2>
  return
}
// -----
func.func @main(%x: !fhe.eint<2>) {
  // expected-error@+1: 'fhe.reinterpret' op `half_steps` is 1, but a result of 3 bits is not narrower than its input of 2
  %0 = fhe.reinterpret %x {half_steps = 1 : i64} : (!fhe.eint<2>) -> !fhe.eint<3>
  return
}
// -----
func.func @main(%x: !fhe.eint<?>) {
  // expected-error@+1: 'fhe.round' op `bits` is 0, allowed is 1 to 61
  %0 = fhe.round %x {bits = 0 : i64} : (!fhe.eint<?>) -> !fhe.eint<?>
  return
}
// -----
func.func @main(%x: !fhe.esint<?>) {
  // expected-error@+1: 'fhe.low_bits' op the result has the type `!fhe.esint<?>`, it is never negative: use `!fhe.eint`
  %0 = fhe.low_bits %x {bits = 2 : i64} : (!fhe.esint<?>) -> !fhe.esint<?>
  return
}
// -----
func.func @main(%x: tensor<2x!fhe.eint<4>>, %top: !fhe.eint<1>) {
  // expected-error@+1: 'fhe.low_bits' op operand shape [] and result shape [2] must be equal
  %0 = fhe.low_bits %x, %top {bits = 2 : i64} : (tensor<2x!fhe.eint<4>>, !fhe.eint<1>) -> tensor<2x!fhe.eint<4>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.gather' op element 4 is taken, the input has 4
  %0 = fhe.gather %x {indices = array<i64: 1, 4>} : (tensor<4x!fhe.eint<2>>) -> tensor<2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.gather' op 2 indices for a result of 3 elements
  %0 = fhe.gather %x {indices = array<i64: 1, 3>} : (tensor<4x!fhe.eint<2>>) -> tensor<3x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>) {
  // expected-error@+1: 'fhe.gather' op the result must be encrypted
  %0 = fhe.gather %x {indices = array<i64: 1, 3>} : (tensor<4x!fhe.eint<2>>) -> tensor<2xi64>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>, %at: tensor<2xi64>) {
  // expected-error@+1: 'fhe.gather_at' op axis 1 must lie below the rank 1
  %0 = fhe.gather_at %x, %at {axis = 1 : i64} : (tensor<4x!fhe.eint<2>>, tensor<2xi64>) -> tensor<2x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: tensor<4x!fhe.eint<2>>, %at: tensor<2xi64>) {
  // expected-error@+1: 'fhe.set_at' op the value has shape [4], the positions need [2]
  %0 = fhe.set_at %x, %x, %at {axis = 0 : i64} : (tensor<4x!fhe.eint<2>>, tensor<4x!fhe.eint<2>>, tensor<2xi64>) -> tensor<4x!fhe.eint<2>>
  return
}
// -----
func.func @main(%x: !fhe.eint<6>) {
  // expected-error@+1: 'fhe.round' op has no attribute `exactness`; it takes `approximate`, `bits`
  %0 = fhe.round %x {bits = 2 : i64, exactness = "approximate"} : (!fhe.eint<6>) -> !fhe.eint<?>
  return
}
// -----
func.func @main(%x: !fhe.eint<6>) {
  // expected-error@+1: 'fhe.neg' op has no attribute `range`
  %0 = fhe.neg %x {range = array<i64: 0, 3>} : (!fhe.eint<6>) -> !fhe.esint<6>
  return
}
