// Signed and unsigned values of one program, a table for each element, results of several kinds.
// RUN: prepare,fhe,parameters{p-error=1e-5},tfhe-batch-bootstraps,canonicalize,cse
// run: @main([3, -4], 5) == ([1, 0], -1, 5)
// run: @main([-1, 0], 0) == ([0, 1], -1, 0)
func.func @main(%x: tensor<2x!fhe.esint<?>> {fhe.range = array<i64: -4, 3>}, %y: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (tensor<2x!fhe.eint<?>>, !fhe.esint<?>, !fhe.eint<?>) {
  %t = arith.constant dense<[0, -2]> : tensor<2xi64>
  %0 = fhe.map %x, %t : (tensor<2x!fhe.esint<?>>, tensor<2xi64>) -> tensor<2x!fhe.eint<?>> {
  ^bb0(%v: i64, %w: i64):
    %c = arith.constant -1 : i64
    %s = arith.addi %w, %c : i64
    %b = arith.cmpi sgt, %v, %s : i64
    %i = arith.extui %b : i1 to i64
    fhe.yield %i : i64
  }
  %1 = fhe.sum %x {axes = array<i64: 0>} : (tensor<2x!fhe.esint<?>>) -> !fhe.esint<?>
  return %0, %1, %y : tensor<2x!fhe.eint<?>>, !fhe.esint<?>, !fhe.eint<?>
}
// output:
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 2 : i64, polynomial_size = 512 : i64, variance = 5.87171265e-15 : f64}
  tfhe.secret_key @small {lwe_dimension = 674 : i64, variance = 1.52621467e-9 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.58451355e-5 : f64, base_log = 3 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 8 : i64, level = 2 : i64, modulus_switch_variance = 1.33911769e-5 : f64, output_variance = 6.97512477e-5 : f64}
  func.func @main(%arg0: tensor<2x!tfhe.lwe<@big>> {fhe.range = array<i64: -4, 3>, tfhe.encoding = array<i64: 4, 1>}, %arg1: !tfhe.lwe<@big> {fhe.range = array<i64: 0, 7>, tfhe.encoding = array<i64: 3, 0>}) -> (tensor<2x!tfhe.lwe<@big>> {fhe.range = array<i64: 0, 1>, tfhe.encoding = array<i64: 1, 0>}, !tfhe.lwe<@big> {fhe.range = array<i64: -8, 6>, tfhe.encoding = array<i64: 4, 1>}, !tfhe.lwe<@big> {fhe.range = array<i64: 0, 7>, tfhe.encoding = array<i64: 3, 0>}) attributes {tfhe.global_p_error = 1.68915837e-5 : f64, tfhe.p_error = 8.44582752e-6 : f64} {
    %cst = arith.constant dense<2> : tensor<2xi64>
    %0 = tfhe.mul_clear %arg0, %cst : (tensor<2x!tfhe.lwe<@big>>, tensor<2xi64>) -> tensor<2x!tfhe.lwe<@big>>
    %1 = tfhe.reshape %0 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %2 = tfhe.sum %arg0 {axes = array<i64: 0>} : (tensor<2x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %3 = tfhe.keyswitch @ksk, %1 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@small>>
    %4 = tfhe.bootstrap @bsk, %3 {is_signed, selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 0, 0, 0, 0], [4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 0, 0, 4611686018427387904, 4611686018427387904]]> : tensor<2x8xi64>} : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@big>>
    return %4, %2, %arg1 : tensor<2x!tfhe.lwe<@big>>, !tfhe.lwe<@big>, !tfhe.lwe<@big>
  }
}
