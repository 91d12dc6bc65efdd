// Two functions under one key set, one fed from the other: each says what it achieves itself.
// RUN: prepare,fhe,parameters{p-error=1e-5},tfhe-batch-bootstraps,canonicalize,cse
// run: @scores([3, 1, 2]) == 9
// run: @decide(9) == 1
// run: @decide(8) == 0
module attributes {fhe.composition = ["scores:0 -> decide:0"]} {
func.func @scores(%x: tensor<3x!fhe.eint<?>> {fhe.name = "x", fhe.range = array<i64: 0, 3>}) -> (!fhe.eint<?> {fhe.name = "score"}) {
  %w = arith.constant dense<[1, 2, 2]> : tensor<3xi64>
  %0 = fhe.dot %x, %w : (tensor<3x!fhe.eint<?>>, tensor<3xi64>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
func.func @decide(%score: !fhe.eint<?> {fhe.name = "score", fhe.range = array<i64: 0, 15>}) -> (!fhe.eint<?> {fhe.name = "yes"}) {
  %0 = fhe.lookup %score {tables = dense<[[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]]> : tensor<1x16xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
}
// output:
module attributes {fhe.composition = ["scores:0 -> decide:0"], tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 1024 : i64, variance = 5.87171265e-15 : f64}
  tfhe.secret_key @small {lwe_dimension = 721 : i64, variance = 2.86074081e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 8.78526796e-6 : f64, base_log = 3 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 7 : i64, level = 2 : i64, modulus_switch_variance = 3.58124574e-6 : f64, output_variance = 8.10880432e-5 : f64}
  func.func @scores(%arg0: tensor<3x!tfhe.lwe<@big>> {fhe.name = "x", fhe.range = array<i64: 0, 3>, tfhe.encoding = array<i64: 4, 0>}) -> (!tfhe.lwe<@big> {fhe.name = "score", fhe.range = array<i64: 0, 15>, tfhe.encoding = array<i64: 4, 0>}) attributes {tfhe.global_p_error = 0.000000e+00 : f64, tfhe.p_error = 0.000000e+00 : f64} {
    %cst = arith.constant dense<[1, 2, 2]> : tensor<3xi64>
    %0 = tfhe.dot %arg0, %cst : (tensor<3x!tfhe.lwe<@big>>, tensor<3xi64>) -> !tfhe.lwe<@big>
    return %0 : !tfhe.lwe<@big>
  }
  func.func @decide(%arg0: !tfhe.lwe<@big> {fhe.name = "score", fhe.range = array<i64: 0, 15>, tfhe.encoding = array<i64: 4, 0>}) -> (!tfhe.lwe<@big> {fhe.name = "yes", fhe.range = array<i64: 0, 1>, tfhe.encoding = array<i64: 1, 0>}) attributes {tfhe.global_p_error = 8.86285095e-6 : f64, tfhe.p_error = 8.86285095e-6 : f64} {
    %0 = tfhe.keyswitch @ksk, %arg0 : (!tfhe.lwe<@big>) -> !tfhe.lwe<@small>
    %1 = tfhe.bootstrap @bsk, %0 {tables = dense<[[0, 0, 0, 0, 0, 0, 0, 0, 0, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904]]> : tensor<1x16xi64>} : (!tfhe.lwe<@small>) -> !tfhe.lwe<@big>
    return %1 : !tfhe.lwe<@big>
  }
}
