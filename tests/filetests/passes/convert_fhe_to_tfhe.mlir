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
// Where ranges may be left, the words of a table lie around its middle, which is added behind the bootstrap.
// run: @main([3, 0]) == ([4, 4])
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<3>> attributes {fhe.unproven} {
  %0 = fhe.lookup %x {selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[1, 2, 3, 4], [4, 4, 4, 4]]> : tensor<2x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<3>>
  return %0 : tensor<2x!fhe.eint<3>>
}
// output:
module {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.00000000e-20 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  func.func @main(%arg0: tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}) -> (tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 3, 0>}) attributes {fhe.unproven} {
    %0 = tfhe.keyswitch @ksk, %arg0 : (tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@small>>
    %1 = tfhe.bootstrap @bsk, %0 {selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[-1729382256910270464, -576460752303423488, 576460752303423488, 1729382256910270464], [0, 0, 0, 0]]> : tensor<2x4xi64>} : (tensor<2x!tfhe.lwe<@small>>) -> tensor<2x!tfhe.lwe<@big>>
    %cst = arith.constant dense<[2882303761517117440, 4611686018427387904]> : tensor<2xi64>
    %2 = tfhe.add_clear %1, %cst : (tensor<2x!tfhe.lwe<@big>>, tensor<2xi64>) -> tensor<2x!tfhe.lwe<@big>>
    return %2 : tensor<2x!tfhe.lwe<@big>>
  }
}
// -----
// expected-error@+1: the module has no GLWE `tfhe.secret_key`; run `fhe-optimize-parameters` first
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
// -----
// Several keys: a value is converted once for all its users under another key, and keyswitched once for all its
// lookups under one small key; lookups of one group become one bootstrap, whose tables are joined.
// run: @main([3, 14], [-1, 1]) == ([1, 3], [3, -1], [-3, 5], [-2, 4])
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
func.func @main(%x: tensor<2x!fhe.eint<4>> {tfhe.key = @big0}, %y: tensor<2x!fhe.esint<4>> {tfhe.key = @big1}) -> (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) {
  %0 = fhe.lookup %x {tables = dense<[[0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2]]> : tensor<2x16xi64>, selector = dense<[1, 0]> : tensor<2xi64>, tfhe.key = @big1, tfhe.keyswitch_key = @ksk01, tfhe.bootstrap_key = @bsk1, tfhe.group = 3 : i64} : (tensor<2x!fhe.eint<4>>) -> tensor<2x!fhe.esint<4>>
  %1 = fhe.lookup %x {tables = dense<[[4, 4, 4, 4, 4, 4, 4, 4, -2, -2, -2, -2, -2, -2, -2, -2]]> : tensor<1x16xi64>, tfhe.key = @big1, tfhe.keyswitch_key = @ksk01, tfhe.bootstrap_key = @bsk1, tfhe.group = 3 : i64} : (tensor<2x!fhe.eint<4>>) -> tensor<2x!fhe.esint<4>>
  %2 = fhe.lookup %x {tables = dense<[[0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]]> : tensor<1x16xi64>, tfhe.key = @big1, tfhe.keyswitch_key = @ksk01, tfhe.bootstrap_key = @bsk1} : (tensor<2x!fhe.eint<4>>) -> tensor<2x!fhe.esint<4>>
  %3 = fhe.lookup %x {tables = dense<[[0, 0, 0, -3, -3, -3, -3, -3, -3, -3, -3, -3, -3, -3, 3, 3]]> : tensor<1x16xi64>, tfhe.key = @big0, tfhe.keyswitch_key = @ksk00, tfhe.bootstrap_key = @bsk0} : (tensor<2x!fhe.eint<4>>) -> tensor<2x!fhe.esint<4>>
  %4 = fhe.add %2, %y {tfhe.key = @big1} : (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.esint<4>>
  %5 = fhe.add %1, %y {tfhe.key = @big1} : (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.esint<4>>
  %6 = fhe.constant dense<1> : tensor<2xi64> {tfhe.key = @big1} : tensor<2x!fhe.esint<4>>
  %7 = fhe.add %3, %6 {tfhe.key = @big0} : (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.esint<4>>
  %8 = fhe.add %7, %y {tfhe.key = @big0} : (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.esint<4>>
  %9 = fhe.add %y, %y {tfhe.key = @big0} : (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.esint<4>>
  %10 = fhe.add %9, %0 {tfhe.key = @big0} : (tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>) -> tensor<2x!fhe.esint<4>>
  return %4, %5, %8, %10 : tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>, tensor<2x!fhe.esint<4>>
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
  func.func @main(%arg0: tensor<2x!tfhe.lwe<@big0>> {tfhe.encoding = array<i64: 4, 0>}, %arg1: tensor<2x!tfhe.lwe<@big1>> {tfhe.encoding = array<i64: 4, 1>}) -> (tensor<2x!tfhe.lwe<@big1>> {tfhe.encoding = array<i64: 4, 1>}, tensor<2x!tfhe.lwe<@big1>> {tfhe.encoding = array<i64: 4, 1>}, tensor<2x!tfhe.lwe<@big0>> {tfhe.encoding = array<i64: 4, 1>}, tensor<2x!tfhe.lwe<@big0>> {tfhe.encoding = array<i64: 4, 1>}) {
    %0 = tfhe.keyswitch @ksk01, %arg0 : (tensor<2x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@small1>>
    %1 = tfhe.bootstrap @bsk1, %0 {outputs = 2 : i64, selector = dense<[[1, 2], [0, 2]]> : tensor<2x2xi64>, tables = dense<[[0, 0, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 576460752303423488, 1152921504606846976, 1152921504606846976, 1152921504606846976], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1152921504606846976, 1152921504606846976], [2305843009213693952, 2305843009213693952, 2305843009213693952, 2305843009213693952, 2305843009213693952, 2305843009213693952, 2305843009213693952, 2305843009213693952, -1152921504606846976, -1152921504606846976, -1152921504606846976, -1152921504606846976, -1152921504606846976, -1152921504606846976, -1152921504606846976, -1152921504606846976]]> : tensor<3x16xi64>} : (tensor<2x!tfhe.lwe<@small1>>) -> tensor<2x2x!tfhe.lwe<@big1>>
    %2 = tfhe.slice %1 {offsets = array<i64: 0, 0>, strides = array<i64: 1, 1>} : (tensor<2x2x!tfhe.lwe<@big1>>) -> tensor<2x1x!tfhe.lwe<@big1>>
    %3 = tfhe.reshape %2 : (tensor<2x1x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big1>>
    %4 = tfhe.slice %1 {offsets = array<i64: 0, 1>, strides = array<i64: 1, 1>} : (tensor<2x2x!tfhe.lwe<@big1>>) -> tensor<2x1x!tfhe.lwe<@big1>>
    %5 = tfhe.reshape %4 : (tensor<2x1x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big1>>
    %6 = tfhe.bootstrap @bsk1, %0 {tables = dense<[[0, 0, 0, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976, 1152921504606846976]]> : tensor<1x16xi64>} : (tensor<2x!tfhe.lwe<@small1>>) -> tensor<2x!tfhe.lwe<@big1>>
    %7 = tfhe.keyswitch @ksk00, %arg0 : (tensor<2x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@small0>>
    %8 = tfhe.bootstrap @bsk0, %7 {tables = dense<[[0, 0, 0, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, -1729382256910270464, 1729382256910270464, 1729382256910270464]]> : tensor<1x16xi64>} : (tensor<2x!tfhe.lwe<@small0>>) -> tensor<2x!tfhe.lwe<@big0>>
    %9 = tfhe.add %6, %arg1 : (tensor<2x!tfhe.lwe<@big1>>, tensor<2x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big1>>
    %10 = tfhe.add %5, %arg1 : (tensor<2x!tfhe.lwe<@big1>>, tensor<2x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big1>>
    %11 = tfhe.constant dense<576460752303423488> : tensor<2xi64> : tensor<2x!tfhe.lwe<@big1>>
    %12 = tfhe.constant dense<576460752303423488> : tensor<2xi64> : tensor<2x!tfhe.lwe<@big0>>
    %13 = tfhe.add %8, %12 : (tensor<2x!tfhe.lwe<@big0>>, tensor<2x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@big0>>
    %14 = tfhe.keyswitch @to0, %arg1 : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big0>>
    %15 = tfhe.add %13, %14 : (tensor<2x!tfhe.lwe<@big0>>, tensor<2x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@big0>>
    %16 = tfhe.add %14, %14 : (tensor<2x!tfhe.lwe<@big0>>, tensor<2x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@big0>>
    %17 = tfhe.keyswitch @to0, %3 : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<2x!tfhe.lwe<@big0>>
    %18 = tfhe.add %16, %17 : (tensor<2x!tfhe.lwe<@big0>>, tensor<2x!tfhe.lwe<@big0>>) -> tensor<2x!tfhe.lwe<@big0>>
    return %9, %10, %15, %18 : tensor<2x!tfhe.lwe<@big1>>, tensor<2x!tfhe.lwe<@big1>>, tensor<2x!tfhe.lwe<@big0>>, tensor<2x!tfhe.lwe<@big0>>
  }
}
// -----
// Scalars in a group; without a choice of tables by element there is no selector.
// run: @main(1) == (1, 0)
// run: @main(2) == (0, 1)
module {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: !fhe.eint<2>) -> (!fhe.eint<1>, !fhe.eint<2>) {
  %0 = fhe.lookup %x {tables = dense<[[0, 1, 0, 1]]> : tensor<1x4xi64>, tfhe.group = 0 : i64} : (!fhe.eint<2>) -> !fhe.eint<1>
  %1 = fhe.lookup %x {tables = dense<[[3, 0, 1, 0]]> : tensor<1x4xi64>, tfhe.group = 0 : i64} : (!fhe.eint<2>) -> !fhe.eint<2>
  return %0, %1 : !fhe.eint<1>, !fhe.eint<2>
}
}
// output:
module {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.000000e-30 : f64}
  tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.00000000e-20 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.00000000e-12 : f64, base_log = 4 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.000000e-08 : f64, output_variance = 1.00000000e-20 : f64}
  func.func @main(%arg0: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 0>}) -> (!tfhe.lwe<@big> {tfhe.encoding = array<i64: 1, 0>}, !tfhe.lwe<@big> {tfhe.encoding = array<i64: 2, 0>}) {
    %0 = tfhe.keyswitch @ksk, %arg0 : (!tfhe.lwe<@big>) -> !tfhe.lwe<@small>
    %1 = tfhe.bootstrap @bsk, %0 {outputs = 2 : i64, tables = dense<[[0, 4611686018427387904, 0, 4611686018427387904], [6917529027641081856, 0, 2305843009213693952, 0]]> : tensor<2x4xi64>} : (!tfhe.lwe<@small>) -> tensor<2x!tfhe.lwe<@big>>
    %2 = tfhe.slice %1 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big>>) -> tensor<1x!tfhe.lwe<@big>>
    %3 = tfhe.reshape %2 : (tensor<1x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    %4 = tfhe.slice %1 {offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big>>) -> tensor<1x!tfhe.lwe<@big>>
    %5 = tfhe.reshape %4 : (tensor<1x!tfhe.lwe<@big>>) -> !tfhe.lwe<@big>
    return %3, %5 : !tfhe.lwe<@big>, !tfhe.lwe<@big>
  }
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
// expected-error@+1: argument `in0` has no `tfhe.key`, and the module has the GLWE keys @big0, @big1; say which one with `tfhe.key`, or run `fhe-optimize-parameters` first
func.func @main(%x: !fhe.eint<1>) -> !fhe.eint<1> {
  return %x : !fhe.eint<1>
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
// expected-error@+1: argument `in0` has `tfhe.key` @small0; allowed are the GLWE keys of the module: @big0, @big1
func.func @main(%x: !fhe.eint<1> {tfhe.key = @small0}) -> !fhe.eint<1> {
  return %x : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> !fhe.eint<1> {
  // expected-error@+1: the result has no `tfhe.key`, and the module has the GLWE keys @big0, @big1; say which one with `tfhe.key`, or run `fhe-optimize-parameters` first
  %0 = fhe.neg %x : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> !fhe.eint<1> {
  // expected-error@+1: an operand is under another key than the result, but 0 keyswitch keys lead from @big0 to @big1, needed is exactly one; define one
  %0 = fhe.neg %x {tfhe.key = @big1} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> !fhe.eint<1> {
  // expected-error@+1: the lookup has no `tfhe.bootstrap_key`, and the module has 2 bootstrap keys; say which one, or run `fhe-optimize-parameters` first
  %0 = fhe.lookup %x {tables = dense<[[1, 0]]> : tensor<1x2xi64>} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> !fhe.eint<1> {
  // expected-error@+1: the lookup has `tfhe.bootstrap_key` @bsk2; the module defines @bsk0, @bsk1
  %0 = fhe.lookup %x {tables = dense<[[1, 0]]> : tensor<1x2xi64>, tfhe.bootstrap_key = @bsk2} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> !fhe.eint<1> {
  // expected-error@+1: the lookup has `tfhe.keyswitch_key` @ksk; the module defines @ksk00, @ksk01, @ksk11, @to0
  %0 = fhe.lookup %x {tables = dense<[[1, 0]]> : tensor<1x2xi64>, tfhe.bootstrap_key = @bsk1, tfhe.keyswitch_key = @ksk} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> !fhe.eint<1> {
  // expected-error@+1: the keyswitch key @ksk11 leads from @big1 to @small1; needed is one from @big0, the key of the operand, to @small1, where the bootstrap key @bsk1 starts
  %0 = fhe.lookup %x {tables = dense<[[1, 0]]> : tensor<1x2xi64>, tfhe.bootstrap_key = @bsk1, tfhe.keyswitch_key = @ksk11} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> !fhe.eint<1> {
  // expected-error@+1: the result has `tfhe.key` @big0, but the bootstrap key @bsk1 leads to @big1
  %0 = fhe.lookup %x {tables = dense<[[1, 0]]> : tensor<1x2xi64>, tfhe.bootstrap_key = @bsk1, tfhe.key = @big0} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0 : !fhe.eint<1>
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
func.func @main(%x: !fhe.eint<1> {tfhe.key = @big0}) -> (!fhe.eint<1>, !fhe.eint<1>) {
  %0 = fhe.lookup %x {tables = dense<[[1, 0]]> : tensor<1x2xi64>, tfhe.bootstrap_key = @bsk1, tfhe.group = 1 : i64} : (!fhe.eint<1>) -> !fhe.eint<1>
  // expected-error@+1: lookups of one `tfhe.group` must have one keyswitch key and one bootstrap key; give this one another number
  %1 = fhe.lookup %x {tables = dense<[[0, 1]]> : tensor<1x2xi64>, tfhe.bootstrap_key = @bsk0, tfhe.group = 1 : i64} : (!fhe.eint<1>) -> !fhe.eint<1>
  return %0, %1 : !fhe.eint<1>, !fhe.eint<1>
}
