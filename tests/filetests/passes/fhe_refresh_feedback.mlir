// What doubles its own noise from run to run is looked up before it is fed back.
// RUN: fhe-refresh-feedback
// run: @main(3) == 6
module attributes {fhe.composition = ["main:0 -> main:0"]} {
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.add %x, %x : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
}
// output:
module attributes {fhe.composition = ["main:0 -> main:0"]} {
  func.func @main(%arg0: !fhe.eint<3>) -> !fhe.eint<3> {
    %0 = fhe.add %arg0, %arg0 : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 0, 7>, fhe.refreshed = "out0", tables = dense<[[0, 1, 2, 3, 4, 5, 6, 7]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %1 : !fhe.eint<3>
  }
}
// -----
// One lookup on a cycle of two functions is enough; signed values keep their sign.
// RUN: fhe-refresh-feedback
// run: @first(1) == -1
// run: @second(1) == 1
module attributes {fhe.composition = ["first:0 -> second:0", "second:0 -> first:0"]} {
func.func @first(%x: !fhe.esint<2>) -> !fhe.esint<2> {
  %0 = fhe.neg %x : (!fhe.esint<2>) -> !fhe.esint<2>
  return %0 : !fhe.esint<2>
}
func.func @second(%x: !fhe.esint<2>) -> !fhe.esint<2> {
  %0 = fhe.constant dense<0> : tensor<i64> : !fhe.esint<2>
  %1 = fhe.add %x, %0 : (!fhe.esint<2>, !fhe.esint<2>) -> !fhe.esint<2>
  return %1 : !fhe.esint<2>
}
}
// output:
module attributes {fhe.composition = ["first:0 -> second:0", "second:0 -> first:0"]} {
  func.func @first(%arg0: !fhe.esint<2>) -> !fhe.esint<2> {
    %0 = fhe.neg %arg0 : (!fhe.esint<2>) -> !fhe.esint<2>
    return %0 : !fhe.esint<2>
  }
  func.func @second(%arg0: !fhe.esint<2>) -> !fhe.esint<2> {
    %0 = fhe.constant dense<0> : tensor<i64> : !fhe.esint<2>
    %1 = fhe.add %arg0, %0 : (!fhe.esint<2>, !fhe.esint<2>) -> !fhe.esint<2>
    %2 = fhe.lookup %1 {fhe.range = array<i64: -2, 1>, fhe.refreshed = "out0", tables = dense<[[0, 1, -2, -1]]> : tensor<1x4xi64>} : (!fhe.esint<2>) -> !fhe.esint<2>
    return %2 : !fhe.esint<2>
  }
}
// -----
// Copies, lookups and results that never come back stay as they are.
// RUN: fhe-refresh-feedback
// run: @main(1) == (0, 2, 3)
module attributes {fhe.composition = ["main:0 -> main:0", "main:1 -> main:0"]} {
func.func @main(%x: !fhe.eint<2>) -> (!fhe.eint<2>, !fhe.eint<2>, !fhe.eint<2>) {
  %one = arith.constant 1 : i64
  %0 = fhe.lookup %x {tables = dense<[[1, 0, 0, 0]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<2>
  %1 = fhe.add_clear %x, %one : (!fhe.eint<2>, i64) -> !fhe.eint<2>
  %2 = fhe.add %1, %x : (!fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<2>
  return %0, %1, %2 : !fhe.eint<2>, !fhe.eint<2>, !fhe.eint<2>
}
}
// output:
module attributes {fhe.composition = ["main:0 -> main:0", "main:1 -> main:0"]} {
  func.func @main(%arg0: !fhe.eint<2>) -> (!fhe.eint<2>, !fhe.eint<2>, !fhe.eint<2>) {
    %c1_i64 = arith.constant 1 : i64
    %0 = fhe.lookup %arg0 {tables = dense<[[1, 0, 0, 0]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<2>
    %1 = fhe.add_clear %arg0, %c1_i64 : (!fhe.eint<2>, i64) -> !fhe.eint<2>
    %2 = fhe.add %1, %arg0 : (!fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<2>
    return %0, %1, %2 : !fhe.eint<2>, !fhe.eint<2>, !fhe.eint<2>
  }
}
// -----
// RUN: fhe-refresh-feedback{refresh=off}
module attributes {fhe.composition = ["main:0 -> main:0"]} {
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.add %x, %x : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
}
// output:
module attributes {fhe.composition = ["main:0 -> main:0"]} {
  func.func @main(%arg0: !fhe.eint<3>) -> !fhe.eint<3> {
    %0 = fhe.add %arg0, %arg0 : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
    return %0 : !fhe.eint<3>
  }
}
// -----
// RUN: fhe-refresh-feedback{refresh=never}
// expected-error: option `refresh` of `fhe-refresh-feedback` is `never`; allowed are `on` and `off`
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  return %x : !fhe.eint<3>
}
