// Encrypted integers become ciphertexts; constants, clear addends and tables are encoded, lookups get keys.
// RUN: convert-fhe-to-tfhe
// run: @main([3, 4], [-2, 1]) == ([1, 5], [0, 1])
module {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: tensor<2x!fhe.eint<4>>, %c: tensor<2xi64>) -> (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.eint<1>>) {
  %one = arith.constant dense<1> : tensor<2xi64>
  %0 = fhe.add_clear %x, %c : (tensor<2x!fhe.eint<4>>, tensor<2xi64>) -> tensor<2x!fhe.esint<4>>
  %1 = fhe.mul_clear %0, %one : (tensor<2x!fhe.esint<4>>, tensor<2xi64>) -> tensor<2x!fhe.esint<4>>
  %2 = fhe.constant dense<-2> : tensor<2xi64> : tensor<2x!fhe.esint<4>>
  %3 = fhe.add %1, %2 : (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.esint<4>>
  %4 = fhe.lookup %3 {tables = dense<[[1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>} : (tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.eint<1>>
  return %0, %4 : tensor<2x!fhe.esint<4>>, tensor<2x!fhe.eint<1>>
}
}
// output:
module {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.00000000e-20 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  func.func @main(%arg0: tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 4, 0>}, %arg1: tensor<2xi64>) -> (tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 4, 1>}, tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 1, 0>}) {
    %cst = arith.constant dense<1> : tensor<2xi64>
    %cst_0 = arith.constant dense<59> : tensor<2xi64>
    %0 = arith.shli %arg1, %cst_0 : tensor<2xi64>
    %1 = tfhe.add_clear %arg0, %0 : (tensor<2x!tfhe.lwe<@big>>, tensor<2xi64>) -> tensor<2x!tfhe.lwe<@big>>
    %2 = tfhe.mul_clear %1, %cst : (tensor<2x!tfhe.lwe<@big>>, tensor<2xi64>) -> tensor<2x!tfhe.lwe<@big>>
    %3 = tfhe.constant dense<-1152921504606846976> : tensor<2xi64> : tensor<2x!tfhe.lwe<@big>>
    %4 = tfhe.add %2, %3 : (tensor<2x!tfhe.lwe<@big>>, tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
    %5 = tfhe.keyswitch @ksk, %4 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@small>>
    %6 = tfhe.bootstrap @bsk, %5 {is_signed, tables = dense<[[4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>} : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@big>>
    return %1, %6 : tensor<2x!tfhe.lwe<@big>>, tensor<2x!tfhe.lwe<@big>>
  }
}
// -----
// Without lookups only the key of the values is needed. A constant addend is encoded here and now.
// run: @main(-3) == 2
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
func.func @main(%x: !fhe.esint<4>) -> !fhe.esint<4> {
  %c = arith.constant 5 : i64
  %0 = fhe.add_clear %x, %c : (!fhe.esint<4>, i64) -> !fhe.esint<4>
  return %0 : !fhe.esint<4>
}
// output:
module {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  func.func @main(%arg0: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 4, 1>}) -> (!tfhe.lwe<@big> {tfhe.encoding = array<i64: 4, 1>}) {
    %c5_i64 = arith.constant 5 : i64
    %c2882303761517117440_i64 = arith.constant 2882303761517117440 : i64
    %0 = tfhe.add_clear %arg0, %c2882303761517117440_i64 : (!tfhe.lwe<@big>, i64) -> !tfhe.lwe<@big>
    return %0 : !tfhe.lwe<@big>
  }
}
// -----
// expected-error: the module needs exactly one GLWE `tfhe.secret_key`; run `fhe-optimize-parameters` first
func.func @main(%x: !fhe.esint<4>) -> !fhe.esint<4> {
  return %x : !fhe.esint<4>
}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
// expected-error@+1: `!fhe.eint<?>` has no width yet; run `fhe-infer-bit-widths` first
func.func @main(%x: !fhe.eint<?>) -> !fhe.eint<?> {
  return %x : !fhe.eint<?>
}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
func.func @main(%x: !fhe.eint<1>) -> !fhe.eint<1> {
  // expected-error@+1: the module has no bootstrap key; run `fhe-optimize-parameters` first
  %0 = fhe.lookup %x {tables = dense<[[1, 0]]> : tensor<1x2xi64>} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
}
// -----
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
func.func @main(%x: !fhe.eint<1>) -> !fhe.eint<1> {
  // expected-error@+1: a map is left; run `fhe-build-tables` first
  %0 = fhe.map %x : (!fhe.eint<1>) -> !fhe.eint<1> {
  ^bb0(%v: i64):
    fhe.yield %v : i64
  }
  return %0 : !fhe.eint<1>
}
