// Independent keyswitches become one, as do bootstraps of one width and signedness; equal tables are kept once.
// RUN: convert-fhe-to-tfhe,tfhe-batch-bootstraps,canonicalize,cse
// run: @main([0, 3], 2, -1) == ([1, 0], 1, 0, 1)
module {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: tensor<2x!fhe.eint<2>>, %y: !fhe.eint<2>, %z: !fhe.esint<2>) -> (tensor<2x!fhe.eint<1>>, !fhe.eint<1>, !fhe.eint<1>, !fhe.eint<1>) {
  %0 = fhe.lookup %x {tables = dense<[[1, 0, 1, 0]]> : tensor<1x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>
  %1 = fhe.lookup %y {tables = dense<[[1, 0, 1, 0]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<1>
  %2 = fhe.lookup %y {tables = dense<[[1, 1, 0, 0]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<1>
  %3 = fhe.lookup %z {tables = dense<[[0, 0, 1, 1]]> : tensor<1x4xi64>} : (!fhe.esint<2>) -> !fhe.eint<1>
  return %0, %1, %2, %3 : tensor<2x!fhe.eint<1>>, !fhe.eint<1>, !fhe.eint<1>, !fhe.eint<1>
}
}
// output:
module {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.00000000e-20 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  func.func @main(%arg0: tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}, %arg1: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 0>}, %arg2: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 1>}) -> (tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 1, 0>}, !tfhe.lwe<@big> {tfhe.encoding = array<i64: 1, 0>}, !tfhe.lwe<@big> {tfhe.encoding = array<i64: 1, 0>}, !tfhe.lwe<@big> {tfhe.encoding = array<i64: 1, 0>}) {
    %0 = tfhe.reshape %arg0 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %1 = tfhe.reshape %arg1 : (!tfhe.lwe<@big>) -> tensor<1x!tfhe.lwe<@big>>
    %2 = tfhe.reshape %arg2 : (!tfhe.lwe<@big>) -> tensor<1x!tfhe.lwe<@big>>
    %3 = tfhe.concat %0, %1, %1, %2 {axis = 0 : i64} : (tensor<2x!tfhe.lwe<@big>>, tensor<1x!tfhe.lwe<@big>>, tensor<1x!tfhe.lwe<@big>>, tensor<1x!tfhe.lwe<@big>>) -> tensor<5x!tfhe.lwe<@big>>
    %4 = tfhe.keyswitch @ksk, %3 : (tensor<5x!tfhe.lwe<@big>>) -> tensor<5x!tfhe.lwe<@small>>
    %5 = tfhe.slice %4 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<5x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %6 = tfhe.reshape %5 : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %7 = tfhe.slice %4 {offsets = array<i64: 2>, strides = array<i64: 1>} : (tensor<5x!tfhe.lwe<@small>>) -> tensor<1x!tfhe.lwe<@small>>
    %8 = tfhe.reshape %7 : (tensor<1x!tfhe.lwe<@small>>) -> !tfhe.lwe<@small>
    %9 = tfhe.slice %4 {offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<5x!tfhe.lwe<@small>>) -> tensor<1x!tfhe.lwe<@small>>
    %10 = tfhe.reshape %9 : (tensor<1x!tfhe.lwe<@small>>) -> !tfhe.lwe<@small>
    %11 = tfhe.slice %4 {offsets = array<i64: 4>, strides = array<i64: 1>} : (tensor<5x!tfhe.lwe<@small>>) -> tensor<1x!tfhe.lwe<@small>>
    %12 = tfhe.reshape %11 : (tensor<1x!tfhe.lwe<@small>>) -> !tfhe.lwe<@small>
    %13 = tfhe.reshape %6 : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %14 = tfhe.reshape %8 : (!tfhe.lwe<@small>) -> tensor<1x!tfhe.lwe<@small>>
    %15 = tfhe.reshape %10 : (!tfhe.lwe<@small>) -> tensor<1x!tfhe.lwe<@small>>
    %16 = tfhe.concat %13, %14, %15 {axis = 0 : i64} : (tensor<2x!tfhe.lwe<@small>>, tensor<1x!tfhe.lwe<@small>>, tensor<1x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@small>>
    %17 = tfhe.bootstrap @bsk, %16 {selector = dense<[0, 0, 0, 1]> : tensor<4xi64>, tables = dense<[[4611686018427387904, 0, 4611686018427387904, 0], [4611686018427387904, 4611686018427387904, 0, 0]]> : tensor<2x4xi64>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@big>>
    %18 = tfhe.slice %17 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %19 = tfhe.reshape %18 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %20 = tfhe.slice %17 {offsets = array<i64: 2>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<1x!tfhe.lwe<@big>>
    %21 = tfhe.reshape %20 : (tensor<1x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %22 = tfhe.slice %17 {offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<1x!tfhe.lwe<@big>>
    %23 = tfhe.reshape %22 : (tensor<1x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %24 = tfhe.bootstrap @bsk, %12 {is_signed, tables = dense<[[0, 0, 4611686018427387904, 4611686018427387904]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small>) -> !tfhe.lwe<@big>
    return %19, %21, %23, %24 : tensor<2x!tfhe.lwe<@big>>, !tfhe.lwe<@big>, !tfhe.lwe<@big>, !tfhe.lwe<@big>
  }
}
// -----
// A lookup of a lookup waits for it; tables chosen by element keep their choice.
// run: @main([0, 1, 2], 3) == ([1, 0, 1], 0)
module {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: tensor<3x!fhe.eint<2>>, %y: !fhe.eint<2>) -> (tensor<3x!fhe.eint<2>>, !fhe.eint<2>) {
  %0 = fhe.lookup %x {tables = dense<[[1, 1, 1, 1], [3, 0, 3, 3]]> : tensor<2x4xi64>, selector = dense<[0, 1, 0]> : tensor<3xi64>} : (tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<2>>
  %1 = fhe.lookup %y {tables = dense<[[3, 0, 3, 3]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<2>
  %2 = fhe.lookup %1 {tables = dense<[[1, 1, 1, 0]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<2>
  return %0, %2 : tensor<3x!fhe.eint<2>>, !fhe.eint<2>
}
}
// output:
module {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.00000000e-20 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  func.func @main(%arg0: tensor<3x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}, %arg1: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 0>}) -> (tensor<3x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}, !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 0>}) {
    %0 = tfhe.reshape %arg0 : (tensor<3x!tfhe.lwe<@big>>) -> tensor<3x!tfhe.lwe<@big>>
    %1 = tfhe.reshape %arg1 : (!tfhe.lwe<@big>) -> tensor<1x!tfhe.lwe<@big>>
    %2 = tfhe.concat %0, %1 {axis = 0 : i64} : (tensor<3x!tfhe.lwe<@big>>, tensor<1x!tfhe.lwe<@big>>) -> tensor<4x!tfhe.lwe<@big>>
    %3 = tfhe.keyswitch @ksk, %2 : (tensor<4x!tfhe.lwe<@big>>) -> tensor<4x!tfhe.lwe<@small>>
    %4 = tfhe.slice %3 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<3x!tfhe.lwe<@small>>
    %5 = tfhe.reshape %4 : (tensor<3x!tfhe.lwe<@small>>) -> tensor<3x!tfhe.lwe<@small>>
    %6 = tfhe.slice %3 {offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<1x!tfhe.lwe<@small>>
    %7 = tfhe.reshape %6 : (tensor<1x!tfhe.lwe<@small>>) -> !tfhe.lwe<@small>
    %8 = tfhe.reshape %5 : (tensor<3x!tfhe.lwe<@small>>) -> tensor<3x!tfhe.lwe<@small>>
    %9 = tfhe.reshape %7 : (!tfhe.lwe<@small>) -> tensor<1x!tfhe.lwe<@small>>
    %10 = tfhe.concat %8, %9 {axis = 0 : i64} : (tensor<3x!tfhe.lwe<@small>>, tensor<1x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@small>>
    %11 = tfhe.bootstrap @bsk, %10 {selector = dense<[0, 1, 0, 1]> : tensor<4xi64>, tables = dense<[[2305843009213693952, 2305843009213693952, 2305843009213693952, 2305843009213693952], [6917529027641081856, 0, 6917529027641081856, 6917529027641081856]]> : tensor<2x4xi64>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@big>>
    %12 = tfhe.slice %11 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<3x!tfhe.lwe<@big>>
    %13 = tfhe.reshape %12 : (tensor<3x!tfhe.lwe<@big>>) -> tensor<3x!tfhe.lwe<@big>>
    %14 = tfhe.slice %11 {offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<1x!tfhe.lwe<@big>>
    %15 = tfhe.reshape %14 : (tensor<1x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %16 = tfhe.keyswitch @ksk, %15 : (!tfhe.lwe<@big>) -> !tfhe.lwe<@small>
    %17 = tfhe.bootstrap @bsk, %16 {tables = dense<[[2305843009213693952, 2305843009213693952, 2305843009213693952, 0]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small>) -> !tfhe.lwe<@big>
    return %13, %17 : tensor<3x!tfhe.lwe<@big>>, !tfhe.lwe<@big>
  }
}
