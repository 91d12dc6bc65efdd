// Functions on ciphertexts mean what they compute on phases without noise.
// run: @main([0, 1, -2, -1]) == [0, 1, 2, 3]
// run: @main([2, 0, 0, 0]) fails: argument `in0` must hold integers from -2 to 1
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 0.0 : f64}
tfhe.secret_key @small {lwe_dimension = 10 : i64, variance = 0.0 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 3 : i64, added_variance = 0.0 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 1 : i64, modulus_switch_variance = 0.0 : f64, output_variance = 0.0 : f64}
func.func @main(%x: tensor<4x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 1>}) -> (tensor<4x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}) {
  %0 = tfhe.keyswitch @ksk, %x : (tensor<4x!tfhe.lwe<@big>>) -> tensor<4x!tfhe.lwe<@small>>
  %1 = tfhe.bootstrap @bsk, %0 {tables = dense<[[0, 2305843009213693952, 4611686018427387904, 6917529027641081856]]> : tensor<1x4xi64>, is_signed} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@big>>
  return %1 : tensor<4x!tfhe.lwe<@big>>
}
// -----
// run: @main(1) fails: argument 0 needs the attribute `tfhe.encoding = array<i64: width, is_signed>`
func.func @main(%x: !tfhe.lwe<@big>) -> !tfhe.lwe<@big> {
  return %x : !tfhe.lwe<@big>
}
// -----
// expected-error@+1: 'tfhe.secret_key' op needs either `lwe_dimension`, or `glwe_dimension` and `polynomial_size`
tfhe.secret_key @big {glwe_dimension = 1 : i64, variance = 0.0 : f64}
// -----
func.func @main(%x: !tfhe.lwe<@big>, %y: !tfhe.lwe<@small>) {
  // expected-error@+1: 'tfhe.add' op operand under key @small and result under key @big; switch keys with `tfhe.keyswitch`
  %0 = tfhe.add %x, %y : (!tfhe.lwe<@big>, !tfhe.lwe<@small>) -> !tfhe.lwe<@big>
  return
}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
func.func @main(%x: tensor<2x!tfhe.lwe<@big>>) {
  // expected-error@+1: 'tfhe.keyswitch' op operand shape [2] and result shape [3] must be equal
  %0 = tfhe.keyswitch @ksk, %x : (tensor<2x!tfhe.lwe<@big>>) -> tensor<3x!tfhe.lwe<@small>>
  return
}
// -----
func.func @main(%x: tensor<2x!tfhe.lwe<@small>>) {
  // expected-error@+1: 'tfhe.bootstrap' op tables have shape 1×3; needed are one or more of 1, 2, 4, … entries
  %0 = tfhe.bootstrap @bsk, %x {tables = dense<0> : tensor<1x3xi64>} : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@big>>
  return
}
// -----
// Several results of one bootstrap; one more axis, the last.
// run: @main([0, 1]) == [[0, 1], [1, 0]]
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
func.func @main(%x: tensor<2x!tfhe.lwe<@big1>> {tfhe.encoding = array<i64: 1, 0>}) -> (tensor<2x2x!tfhe.lwe<@big0>> {tfhe.encoding = array<i64: 1, 0>}) {
  %0 = tfhe.keyswitch @ksk11, %x : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@small1>>
  %1 = tfhe.bootstrap @bsk1, %0 {outputs = 2 : i64, tables = dense<[[0, 4611686018427387904], [4611686018427387904, 0]]> : tensor<2x2xi64>} : (tensor<2x!tfhe.lwe<@small1>>) -> tensor<2x2x!tfhe.lwe<@big1>>
  %2 = tfhe.keyswitch @to0, %1 : (tensor<2x2x!tfhe.lwe<@big1>>) -> tensor<2x2x!tfhe.lwe<@big0>>
  return %2 : tensor<2x2x!tfhe.lwe<@big0>>
}
// -----
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
func.func @main(%x: !tfhe.lwe<@big0>) {
  // expected-error@+1: 'tfhe.keyswitch' op the key @ksk is not defined in the module
  %0 = tfhe.keyswitch @ksk, %x : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small0>
  return
}
// -----
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
func.func @main(%x: !tfhe.lwe<@big0>) {
  // expected-error@+1: 'tfhe.keyswitch' op @bsk0 is a `tfhe.bootstrap_key`, needed is a `tfhe.keyswitch_key`
  %0 = tfhe.keyswitch @bsk0, %x : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small0>
  return
}
// -----
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
func.func @main(%x: !tfhe.lwe<@big0>) {
  // expected-error@+1: 'tfhe.keyswitch' op the operand is under the key @big0, @ksk11 leads from @big1
  %0 = tfhe.keyswitch @ksk11, %x : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small1>
  return
}
// -----
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
func.func @main(%x: !tfhe.lwe<@big0>) {
  // expected-error@+1: 'tfhe.keyswitch' op the result is under the key @small1, @ksk00 leads to @small0
  %0 = tfhe.keyswitch @ksk00, %x : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small1>
  return
}
// -----
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
func.func @main(%x: !tfhe.lwe<@big0>) {
  // expected-error@+1: 'tfhe.bootstrap' op the operand is under the key @big0, @bsk0 leads from @small0
  %0 = tfhe.bootstrap @bsk0, %x {tables = dense<0> : tensor<1x2xi64>} : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@big0>
  return
}
// -----
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
func.func @main(%x: !tfhe.lwe<@small0>) {
  // expected-error@+1: 'tfhe.bootstrap' op the result is under the key @big1, @bsk0 leads to @big0
  %0 = tfhe.bootstrap @bsk0, %x {tables = dense<0> : tensor<1x2xi64>} : (!tfhe.lwe<@small0>) -> !tfhe.lwe<@big1>
  return
}
// -----
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
func.func @main(%x: !tfhe.lwe<@small0>) {
  // expected-error@+1: 'tfhe.bootstrap' op the result has shape [3], 2 outputs of the input need [2]
  %0 = tfhe.bootstrap @bsk0, %x {outputs = 2 : i64, tables = dense<0> : tensor<2x2xi64>} : (!tfhe.lwe<@small0>) -> tensor<3x!tfhe.lwe<@big0>>
  return
}
// -----
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
func.func @main(%x: !tfhe.lwe<@small0>) {
  // expected-error@+1: 'tfhe.bootstrap' op 1 tables for 2 outputs need a `selector`
  %0 = tfhe.bootstrap @bsk0, %x {outputs = 2 : i64, tables = dense<0> : tensor<1x2xi64>} : (!tfhe.lwe<@small0>) -> tensor<2x!tfhe.lwe<@big0>>
  return
}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
// expected-error@+1: 'tfhe.keyswitch_key' op leads from @large, which is no secret key of the module
tfhe.keyswitch_key @ksk from @large to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
// expected-error@+1: 'tfhe.keyswitch_key' op leads from @small, which is an LWE key; needed is a GLWE key
tfhe.keyswitch_key @ksk from @small to @big {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
// expected-error@+1: 'tfhe.bootstrap_key' op leads to @small, which is an LWE key; needed is a GLWE key
tfhe.bootstrap_key @bsk from @small to @small {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 0.0 : f64, output_variance = 0.0 : f64}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
// expected-error@+1: 'tfhe.bootstrap_key' op the grouping of a bootstrap key is 3, allowed is 1 or 2
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, grouping = 3 : i64, modulus_switch_variance = 0.0 : f64, output_variance = 0.0 : f64}
