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
func.func @main(%x: tensor<2x!tfhe.lwe<@big>>) {
  // expected-error@+1: 'tfhe.keyswitch' op operand shape [2] and result shape [3] must be equal
  %0 = tfhe.keyswitch @ksk, %x : (tensor<2x!tfhe.lwe<@big>>) -> tensor<3x!tfhe.lwe<@small>>
  return
}
// -----
func.func @main(%x: tensor<2x!tfhe.lwe<@small>>) {
  // expected-error@+1: 'tfhe.bootstrap' op tables have shape 1×3; needed are one or more of 2, 4, 8, … entries
  %0 = tfhe.bootstrap @bsk, %x {tables = dense<0> : tensor<1x3xi64>} : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@big>>
  return
}
