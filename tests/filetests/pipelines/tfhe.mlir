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
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 1024 : i64, variance = 5.87171265e-15 : f64}
  tfhe.secret_key @small {lwe_dimension = 722 : i64, variance = 2.76062559e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 8.56681654e-6 : f64, base_log = 3 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 7 : i64, grouping = 2 : i64, level = 2 : i64, modulus_switch_variance = 3.58621279e-6 : f64, output_variance = 1.57364317e-4 : f64}
  func.func @main(%arg0: tensor<2x!tfhe.lwe<@big>> {fhe.range = array<i64: -4, 3>, tfhe.encoding = array<i64: 4, 1>}, %arg1: !tfhe.lwe<@big> {fhe.range = array<i64: 0, 7>, tfhe.encoding = array<i64: 3, 0>}) -> (tensor<2x!tfhe.lwe<@big>> {fhe.range = array<i64: 0, 1>, tfhe.encoding = array<i64: 1, 0>}, !tfhe.lwe<@big> {fhe.range = array<i64: -8, 6>, tfhe.encoding = array<i64: 4, 1>}, !tfhe.lwe<@big> {fhe.range = array<i64: 0, 7>, tfhe.encoding = array<i64: 3, 0>}) attributes {tfhe.global_p_error = 1.47850735e-5 : f64, tfhe.p_error = 7.39256409e-6 : f64} {
    %0 = tfhe.sum %arg0 {axes = array<i64: 0>} : (tensor<2x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %1 = tfhe.keyswitch @ksk, %arg0 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@small>>
    %2 = tfhe.bootstrap @bsk, %1 {is_signed, selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 0, 0, 0, 0, 0, 0, 0, 0], [4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 0, 0, 0, 0, 0, 0, 4611686018427387904, 4611686018427387904]]> : tensor<2x16xi64>} : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@big>>
    return %2, %0, %arg1 : tensor<2x!tfhe.lwe<@big>>, !tfhe.lwe<@big>, !tfhe.lwe<@big>
  }
}
