// The cheapest keys for the widths, norms and error probabilities of the program, as key ops and module attributes.
// RUN: fhe-optimize-parameters{p-error=1e-5 global-p-error=none}
// run: @main([1, 2, 3], 2) == (10, 0)
func.func @main(%x: tensor<3x!fhe.eint<4>>, %c: i64 {fhe.range = array<i64: -2, 2>}) -> (!fhe.eint<4>, !fhe.eint<1>) {
  %w = arith.constant dense<[3, 2, 1]> : tensor<3xi64>
  %0 = fhe.dot %x, %w : (tensor<3x!fhe.eint<4>>, tensor<3xi64>) -> !fhe.eint<4>
  %1 = fhe.lookup %0 {tables = dense<[[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>} : (!fhe.eint<4>) -> !fhe.eint<1>
  %2 = fhe.mul_clear %1, %c : (!fhe.eint<1>, i64) -> !fhe.eint<1>
  return %0, %2 : !fhe.eint<4>, !fhe.eint<1>
}
// output:
module attributes {tfhe.global_p_error = 7.95463005e-6 : f64, tfhe.p_error = 7.95462866e-6 : f64, tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 1024 : i64, variance = 5.87171265e-15 : f64}
  tfhe.secret_key @small {lwe_dimension = 692 : i64, variance = 8.03780712e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 8.80119593e-6 : f64, base_log = 2 : i64, level = 7 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 7 : i64, level = 2 : i64, modulus_switch_variance = 3.43720118e-6 : f64, output_variance = 7.78286073e-5 : f64}
  func.func @main(%arg0: tensor<3x!fhe.eint<4>>, %arg1: i64 {fhe.range = array<i64: -2, 2>}) -> (!fhe.eint<4>, !fhe.eint<1>) {
    %cst = arith.constant dense<[3, 2, 1]> : tensor<3xi64>
    %0 = fhe.dot %arg0, %cst : (tensor<3x!fhe.eint<4>>, tensor<3xi64>) -> !fhe.eint<4>
    %1 = fhe.lookup %0 {tables = dense<[[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>} : (!fhe.eint<4>) -> !fhe.eint<1>
    %2 = fhe.mul_clear %1, %arg1 : (!fhe.eint<1>, i64) -> !fhe.eint<1>
    return %0, %2 : !fhe.eint<4>, !fhe.eint<1>
  }
}
// -----
// RUN: fhe-optimize-parameters{p-error=none global-p-error=1e-9 security=132}
// run: @main([1, 2], [3, 4]) == [4, 6]
func.func @main(%x: tensor<2x!fhe.eint<8>>, %y: tensor<2x!fhe.eint<8>>) -> tensor<2x!fhe.eint<8>> {
  %0 = fhe.add %x, %y : (tensor<2x!fhe.eint<8>>, tensor<2x!fhe.eint<8>>) -> tensor<2x!fhe.eint<8>>
  return %0 : tensor<2x!fhe.eint<8>>
}
// output:
module attributes {tfhe.global_p_error = 1.62687585e-11 : f64, tfhe.p_error = 8.13437923e-12 : f64, tfhe.security = 132 : i64, tfhe.security_source = "lattice-estimator curve for 132 bits, published with Concrete on 2024-12-09: log2(sigma) = -2.48914566e-2 * dimension + 2.65734594e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 10 : i64, polynomial_size = 64 : i64, variance = 1.02034158e-8 : f64}
  func.func @main(%arg0: tensor<2x!fhe.eint<8>>, %arg1: tensor<2x!fhe.eint<8>>) -> tensor<2x!fhe.eint<8>> {
    %0 = fhe.add %arg0, %arg1 : (tensor<2x!fhe.eint<8>>, tensor<2x!fhe.eint<8>>) -> tensor<2x!fhe.eint<8>>
    return %0 : tensor<2x!fhe.eint<8>>
  }
}
// -----
// RUN: fhe-optimize-parameters
func.func @main(%x: !fhe.eint<4>, %c: i64) -> !fhe.eint<4> {
  // expected-error@+1: the clear argument `in1` has no range, so its effect on the noise is not known; give it `fhe.range` or an input set
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<4>, i64) -> !fhe.eint<4>
  return %0 : !fhe.eint<4>
}
// -----
// expected-error@+1: `!fhe.eint<?>` has no width yet; run `fhe-infer-bit-widths` first
func.func @main(%x: !fhe.eint<?>) -> !fhe.eint<?> {
  return %x : !fhe.eint<?>
}
// -----
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  // expected-error@+1: a map is left; run `fhe-build-tables` first
  %0 = fhe.map %x : (!fhe.eint<2>) -> !fhe.eint<2> {
  ^bb0(%v: i64):
    fhe.yield %v : i64
  }
  return %0 : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{p-error=2}
// expected-error: `p_error` is 2e0, allowed is from 2^-200 to below 0.5; try 2^-40
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{p-error=few}
// expected-error: option `p-error` of `fhe-optimize-parameters` is `few`; allowed is a probability such as 1e-5, or `none`
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{security=80}
// expected-error: option `security` is `80`; allowed is 128 or 132 bits
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{speed=high}
// expected-error: the pipeline `builtin.module(fhe-optimize-parameters{speed=high})` cannot be parsed: failed to parse pass pipeline:
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// Too wide for any key set: the place is that of the traced program.
// RUN: fhe-optimize-parameters
// expected-error at layer1.py:12:5: no parameters for the input of the lookup `fhe.lookup at layer1.py:12:5`: 16 bits with norm2 2^19.9 have noise of at least 2^-14.68, allowed is 2^-20.19 for a p_error of 2^-17.61; reduce it to 10 bits
func.func @main(%x: !fhe.eint<16>) -> !fhe.eint<16> {
  %c = arith.constant 1000 : i64
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<16>, i64) -> !fhe.eint<16> loc("dense"("layer1.py":11:3))
  %1 = fhe.lookup %0 {tables = dense<0> : tensor<1x65536xi64>} : (!fhe.eint<16>) -> !fhe.eint<16> loc("layer1.py":12:5)
  return %1 : !fhe.eint<16>
}
