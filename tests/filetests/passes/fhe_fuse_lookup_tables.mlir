// A lookup of a lookup becomes one, for each pair of tables that meet.
// RUN: fhe-infer-ranges,fhe-fuse-lookup-tables
// run: @main([1, 2]) == [3, 4]
func.func @main(%x: tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<3>> {
  %0 = fhe.lookup %x {tables = dense<[[3, 2, 1, 0], [0, 0, 1, 1]]> : tensor<2x4xi64>, selector = dense<[0, 1]> : tensor<2xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<2>>
  %1 = fhe.lookup %0 {tables = dense<[[5, 4, 3, 2]]> : tensor<1x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<3>>
  return %1 : tensor<2x!fhe.eint<3>>
}
// output:
module {
  func.func @main(%arg0: tensor<2x!fhe.eint<2>> {fhe.range = array<i64: 0, 3>}) -> tensor<2x!fhe.eint<3>> {
    %0 = fhe.lookup %arg0 {fhe.range = array<i64: 2, 5>, selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[2, 3, 4, 5], [5, 5, 4, 4]]> : tensor<2x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<3>>
    return %0 : tensor<2x!fhe.eint<3>>
  }
}
// -----
// A narrow result with several users stays.
// run: @main(9) == (1, 2, 0)
func.func @main(%x: !fhe.eint<4>) -> (!fhe.eint<1>, !fhe.eint<2>, !fhe.eint<2>) {
  %0 = fhe.lookup %x {tables = dense<[[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]]> : tensor<1x16xi64>} : (!fhe.eint<4>) -> !fhe.eint<1>
  %1 = fhe.lookup %0 {tables = dense<[[1, 2]]> : tensor<1x2xi64>} : (!fhe.eint<1>) -> !fhe.eint<2>
  %2 = fhe.lookup %0 {tables = dense<[[3, 0]]> : tensor<1x2xi64>} : (!fhe.eint<1>) -> !fhe.eint<2>
  return %0, %1, %2 : !fhe.eint<1>, !fhe.eint<2>, !fhe.eint<2>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<4> {fhe.range = array<i64: 0, 15>}) -> (!fhe.eint<1>, !fhe.eint<2>, !fhe.eint<2>) {
    %0 = fhe.lookup %arg0 {fhe.range = array<i64: 0, 1>, tables = dense<[[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]]> : tensor<1x16xi64>} : (!fhe.eint<4>) -> !fhe.eint<1>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 1, 2>, tables = dense<[[1, 2]]> : tensor<1x2xi64>} : (!fhe.eint<1>) -> !fhe.eint<2>
    %2 = fhe.lookup %0 {fhe.range = array<i64: 0, 3>, tables = dense<[[3, 0]]> : tensor<1x2xi64>} : (!fhe.eint<1>) -> !fhe.eint<2>
    return %0, %1, %2 : !fhe.eint<1>, !fhe.eint<2>, !fhe.eint<2>
  }
}
