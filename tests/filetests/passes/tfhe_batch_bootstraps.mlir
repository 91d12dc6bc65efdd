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
    %3 = tfhe.concat %0, %1, %2 {axis = 0 : i64} : (tensor<2x!tfhe.lwe<@big>>, tensor<1x!tfhe.lwe<@big>>, tensor<1x!tfhe.lwe<@big>>) -> tensor<4x!tfhe.lwe<@big>>
    %4 = tfhe.keyswitch @ksk, %3 : (tensor<4x!tfhe.lwe<@big>>) -> tensor<4x!tfhe.lwe<@small>>
    %5 = tfhe.slice %4 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %6 = tfhe.reshape %5 : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %7 = tfhe.slice %4 {offsets = array<i64: 2>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<1x!tfhe.lwe<@small>>
    %8 = tfhe.reshape %7 : (tensor<1x!tfhe.lwe<@small>>) -> !tfhe.lwe<@small>
    %9 = tfhe.slice %4 {offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<1x!tfhe.lwe<@small>>
    %10 = tfhe.reshape %9 : (tensor<1x!tfhe.lwe<@small>>) -> !tfhe.lwe<@small>
    %11 = tfhe.reshape %6 : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %12 = tfhe.reshape %8 : (!tfhe.lwe<@small>) -> tensor<1x!tfhe.lwe<@small>>
    %13 = tfhe.concat %11, %12, %12 {axis = 0 : i64} : (tensor<2x!tfhe.lwe<@small>>, tensor<1x!tfhe.lwe<@small>>, tensor<1x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@small>>
    %14 = tfhe.bootstrap @bsk, %13 {selector = dense<[0, 0, 0, 1]> : tensor<4xi64>, tables = dense<[[4611686018427387904, 0, 4611686018427387904, 0], [4611686018427387904, 4611686018427387904, 0, 0]]> : tensor<2x4xi64>} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@big>>
    %15 = tfhe.slice %14 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %16 = tfhe.reshape %15 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %17 = tfhe.slice %14 {offsets = array<i64: 2>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<1x!tfhe.lwe<@big>>
    %18 = tfhe.reshape %17 : (tensor<1x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %19 = tfhe.slice %14 {offsets = array<i64: 3>, strides = array<i64: 1>} : (tensor<4x!tfhe.lwe<@big>>) -> tensor<1x!tfhe.lwe<@big>>
    %20 = tfhe.reshape %19 : (tensor<1x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %21 = tfhe.bootstrap @bsk, %10 {is_signed, tables = dense<[[0, 0, 4611686018427387904, 4611686018427387904]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small>) -> !tfhe.lwe<@big>
    return %16, %18, %20, %21 : tensor<2x!tfhe.lwe<@big>>, !tfhe.lwe<@big>, !tfhe.lwe<@big>, !tfhe.lwe<@big>
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
// -----
// A bootstrap waits for another of its key that stands behind one of another key; conversions go together too.
// RUN: tfhe-batch-bootstraps,canonicalize,cse
// run: @main(1, 2, 3) == (0, 3, 1)
module {
tfhe.secret_key @big0 {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @big1 {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small0 {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.secret_key @small1 {lwe_dimension = 24 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk00 from @big0 to @small0 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.keyswitch_key @ksk01 from @big0 to @small1 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.keyswitch_key @ksk11 from @big1 to @small1 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.keyswitch_key @to0 from @big1 to @big0 {base_log = 8 : i64, level = 3 : i64, variance = 1.0e-18 : f64, added_variance = 1.0e-15 : f64}
tfhe.bootstrap_key @bsk0 from @small0 to @big0 {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
tfhe.bootstrap_key @bsk1 from @small1 to @big1 {base_log = 15 : i64, level = 2 : i64, grouping = 2 : i64, extension = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, %y: !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, %z: !tfhe.lwe<@big1> {tfhe.encoding = array<i64: 2, 0>}) -> (!tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 1, 0>}) {
  %0 = tfhe.keyswitch @ksk00, %x : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small0>
  %1 = tfhe.bootstrap @bsk0, %0 {tables = dense<[[2305843009213693952, 0, 0, 0]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small0>) -> !tfhe.lwe<@big0>
  %2 = tfhe.keyswitch @ksk01, %y : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small1>
  %3 = tfhe.bootstrap @bsk1, %2 {tables = dense<[[0, 0, 2305843009213693952, 0]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small1>) -> !tfhe.lwe<@big1>
  %4 = tfhe.keyswitch @to0, %3 : (!tfhe.lwe<@big1>) -> !tfhe.lwe<@big0>
  %5 = tfhe.keyswitch @ksk00, %4 : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small0>
  %6 = tfhe.bootstrap @bsk0, %5 {tables = dense<[[0, 6917529027641081856, 0, 0]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small0>) -> !tfhe.lwe<@big0>
  %7 = tfhe.keyswitch @ksk11, %z : (!tfhe.lwe<@big1>) -> !tfhe.lwe<@small1>
  %8 = tfhe.bootstrap @bsk1, %7 {tables = dense<[[0, 0, 0, 4611686018427387904]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small1>) -> !tfhe.lwe<@big1>
  %9 = tfhe.keyswitch @to0, %8 : (!tfhe.lwe<@big1>) -> !tfhe.lwe<@big0>
  return %1, %6, %9 : !tfhe.lwe<@big0>, !tfhe.lwe<@big0>, !tfhe.lwe<@big0>
}
}
// output:
module {
  tfhe.secret_key @big0 {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @big1 {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @small0 {lwe_dimension = 20 : i64, variance = 1.00000000e-20 : f64}
  tfhe.secret_key @small1 {lwe_dimension = 24 : i64, variance = 1.00000000e-20 : f64}
  tfhe.keyswitch_key @ksk00 from @big0 to @small0 {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.keyswitch_key @ksk01 from @big0 to @small1 {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.keyswitch_key @ksk11 from @big1 to @small1 {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.keyswitch_key @to0 from @big1 to @big0 {added_variance = 1.000000e-15 : f64, base_log = 8 : i64, level = 3 : i64, variance = 1.000000e-18 : f64}
  tfhe.bootstrap_key @bsk0 from @small0 to @big0 {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  tfhe.bootstrap_key @bsk1 from @small1 to @big1 {base_log = 15 : i64, extension = 2 : i64, grouping = 2 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  func.func @main(%arg0: !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, %arg1: !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, %arg2: !tfhe.lwe<@big1> {tfhe.encoding = array<i64: 2, 0>}) -> (!tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 2, 0>}, !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 1, 0>}) {
    %0 = tfhe.keyswitch @ksk01, %arg1 : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small1>
    %1 = tfhe.keyswitch @ksk11, %arg2 : (!tfhe.lwe<@big1>) -> !tfhe.lwe<@small1>
    %2 = tfhe.reshape %0 : (!tfhe.lwe<@small1>) -> tensor<1x!tfhe.lwe<@small1>>
    %3 = tfhe.reshape %1 : (!tfhe.lwe<@small1>) -> tensor<1x!tfhe.lwe<@small1>>
    %4 = tfhe.concat %2, %3 {axis = 0 : i64} : (tensor<1x!tfhe.lwe<@small1>>, tensor<1x!tfhe.lwe<@small1>>) -> tensor<2x!tfhe.lwe<@small1>>
    %5 = tfhe.bootstrap @bsk1, %4 {selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[0, 0, 2305843009213693952, 0], [0, 0, 0, 4611686018427387904]]> : tensor<2x4xi64>} : (tensor<2x!tfhe.lwe<@small1>>) -> tensor<2x!tfhe.lwe<@big1>>
    %6 = tfhe.slice %5 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<1x!tfhe.lwe<@big1>>
    %7 = tfhe.reshape %6 : (tensor<1x!tfhe.lwe<@big1>>) -> !tfhe.lwe<@big1>
    %8 = tfhe.slice %5 {offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<1x!tfhe.lwe<@big1>>
    %9 = tfhe.reshape %8 : (tensor<1x!tfhe.lwe<@big1>>) -> !tfhe.lwe<@big1>
    %10 = tfhe.reshape %7 : (!tfhe.lwe<@big1>) -> tensor<1x!tfhe.lwe<@big1>>
    %11 = tfhe.reshape %9 : (!tfhe.lwe<@big1>) -> tensor<1x!tfhe.lwe<@big1>>
    %12 = tfhe.concat %10, %11 {axis = 0 : i64} : (tensor<1x!tfhe.lwe<@big1>>, tensor<1x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big1>>
    %13 = tfhe.keyswitch @to0, %12 : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big0>>
    %14 = tfhe.slice %13 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big0>>) -> tensor<1x!tfhe.lwe<@big0>>
    %15 = tfhe.reshape %14 : (tensor<1x!tfhe.lwe<@big0>>) -> !tfhe.lwe<@big0>
    %16 = tfhe.slice %13 {offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big0>>) -> tensor<1x!tfhe.lwe<@big0>>
    %17 = tfhe.reshape %16 : (tensor<1x!tfhe.lwe<@big0>>) -> !tfhe.lwe<@big0>
    %18 = tfhe.reshape %arg0 : (!tfhe.lwe<@big0>) -> tensor<1x!tfhe.lwe<@big0>>
    %19 = tfhe.reshape %15 : (!tfhe.lwe<@big0>) -> tensor<1x!tfhe.lwe<@big0>>
    %20 = tfhe.concat %18, %19 {axis = 0 : i64} : (tensor<1x!tfhe.lwe<@big0>>, tensor<1x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@big0>>
    %21 = tfhe.keyswitch @ksk00, %20 : (tensor<2x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@small0>>
    %22 = tfhe.slice %21 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@small0>>) -> tensor<1x!tfhe.lwe<@small0>>
    %23 = tfhe.reshape %22 : (tensor<1x!tfhe.lwe<@small0>>) -> !tfhe.lwe<@small0>
    %24 = tfhe.slice %21 {offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@small0>>) -> tensor<1x!tfhe.lwe<@small0>>
    %25 = tfhe.reshape %24 : (tensor<1x!tfhe.lwe<@small0>>) -> !tfhe.lwe<@small0>
    %26 = tfhe.reshape %23 : (!tfhe.lwe<@small0>) -> tensor<1x!tfhe.lwe<@small0>>
    %27 = tfhe.reshape %25 : (!tfhe.lwe<@small0>) -> tensor<1x!tfhe.lwe<@small0>>
    %28 = tfhe.concat %26, %27 {axis = 0 : i64} : (tensor<1x!tfhe.lwe<@small0>>, tensor<1x!tfhe.lwe<@small0>>) -> tensor<2x!tfhe.lwe<@small0>>
    %29 = tfhe.bootstrap @bsk0, %28 {selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[2305843009213693952, 0, 0, 0], [0, 6917529027641081856, 0, 0]]> : tensor<2x4xi64>} : (tensor<2x!tfhe.lwe<@small0>>) -> tensor<2x!tfhe.lwe<@big0>>
    %30 = tfhe.slice %29 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big0>>) -> tensor<1x!tfhe.lwe<@big0>>
    %31 = tfhe.reshape %30 : (tensor<1x!tfhe.lwe<@big0>>) -> !tfhe.lwe<@big0>
    %32 = tfhe.slice %29 {offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big0>>) -> tensor<1x!tfhe.lwe<@big0>>
    %33 = tfhe.reshape %32 : (tensor<1x!tfhe.lwe<@big0>>) -> !tfhe.lwe<@big0>
    return %31, %33, %17 : !tfhe.lwe<@big0>, !tfhe.lwe<@big0>, !tfhe.lwe<@big0>
  }
}
// -----
// Bootstraps with several results, with and without a choice of tables.
// run: @main([0, 1], 2) == ([[1, 0], [0, 1]], [1, 1])
module {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}, %y: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 0>}) -> (tensor<2x2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 1, 0>}, tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 1, 0>}) {
  %0 = tfhe.keyswitch @ksk, %x : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@small>>
  %1 = tfhe.bootstrap @bsk, %0 {outputs = 2 : i64, tables = dense<[[4611686018427387904, 0, 4611686018427387904, 4611686018427387904], [0, 4611686018427387904, 4611686018427387904, 0]]> : tensor<2x4xi64>} : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x2x!tfhe.lwe<@big>>
  %2 = tfhe.keyswitch @ksk, %y : (!tfhe.lwe<@big>) -> !tfhe.lwe<@small>
  %3 = tfhe.bootstrap @bsk, %2 {outputs = 2 : i64, selector = dense<[0, 0]> : tensor<2xi64>, tables = dense<[[0, 4611686018427387904, 4611686018427387904, 0]]> : tensor<1x4xi64>} : (!tfhe.lwe<@small>) -> tensor<2x!tfhe.lwe<@big>>
  return %1, %3 : tensor<2x2x!tfhe.lwe<@big>>, tensor<2x!tfhe.lwe<@big>>
}
}
// output:
module {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.00000000e-20 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  func.func @main(%arg0: tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}, %arg1: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 0>}) -> (tensor<2x2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 1, 0>}, tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 1, 0>}) {
    %0 = tfhe.reshape %arg0 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %1 = tfhe.reshape %arg1 : (!tfhe.lwe<@big>) -> tensor<1x!tfhe.lwe<@big>>
    %2 = tfhe.concat %0, %1 {axis = 0 : i64} : (tensor<2x!tfhe.lwe<@big>>, tensor<1x!tfhe.lwe<@big>>) -> tensor<3x!tfhe.lwe<@big>>
    %3 = tfhe.keyswitch @ksk, %2 : (tensor<3x!tfhe.lwe<@big>>) -> tensor<3x!tfhe.lwe<@small>>
    %4 = tfhe.slice %3 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<3x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %5 = tfhe.reshape %4 : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %6 = tfhe.slice %3 {offsets = array<i64: 2>, strides = array<i64: 1>} : (tensor<3x!tfhe.lwe<@small>>) -> tensor<1x!tfhe.lwe<@small>>
    %7 = tfhe.reshape %6 : (tensor<1x!tfhe.lwe<@small>>) -> !tfhe.lwe<@small>
    %8 = tfhe.reshape %5 : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@small>>
    %9 = tfhe.reshape %7 : (!tfhe.lwe<@small>) -> tensor<1x!tfhe.lwe<@small>>
    %10 = tfhe.concat %8, %9 {axis = 0 : i64} : (tensor<2x!tfhe.lwe<@small>>, tensor<1x!tfhe.lwe<@small>>) -> tensor<3x!tfhe.lwe<@small>>
    %11 = tfhe.bootstrap @bsk, %10 {outputs = 2 : i64, selector = dense<[[0, 1], [0, 1], [1, 1]]> : tensor<3x2xi64>, tables = dense<[[4611686018427387904, 0, 4611686018427387904, 4611686018427387904], [0, 4611686018427387904, 4611686018427387904, 0]]> : tensor<2x4xi64>} : (tensor<3x!tfhe.lwe<@small>>) -> tensor<3x2x!tfhe.lwe<@big>>
    %12 = tfhe.slice %11 {offsets = array<i64: 0, 0>, strides = array<i64: 1, 1>} : (tensor<3x2x!tfhe.lwe<@big>>) -> tensor<2x2x!tfhe.lwe<@big>>
    %13 = tfhe.reshape %12 : (tensor<2x2x!tfhe.lwe<@big>>) -> tensor<2x2x!tfhe.lwe<@big>>
    %14 = tfhe.slice %11 {offsets = array<i64: 2, 0>, strides = array<i64: 1, 1>} : (tensor<3x2x!tfhe.lwe<@big>>) -> tensor<1x2x!tfhe.lwe<@big>>
    %15 = tfhe.reshape %14 : (tensor<1x2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    return %13, %15 : tensor<2x2x!tfhe.lwe<@big>>, tensor<2x!tfhe.lwe<@big>>
  }
}
