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
module attributes {tfhe.global_p_error = 9.68604629e-6 : f64, tfhe.p_error = 9.29726201e-6 : f64, tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 1024 : i64, variance = 5.87171265e-15 : f64}
  tfhe.secret_key @small {lwe_dimension = 696 : i64, variance = 6.97033371e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 8.96699106e-6 : f64, base_log = 2 : i64, level = 6 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 7 : i64, grouping = 2 : i64, level = 2 : i64, modulus_switch_variance = 3.45706940e-6 : f64, output_variance = 1.51703735e-4 : f64}
  func.func @main(%arg0: tensor<3x!fhe.eint<4>> {tfhe.key = @big}, %arg1: i64 {fhe.range = array<i64: -2, 2>}) -> (!fhe.eint<4>, !fhe.eint<1>) {
    %cst = arith.constant dense<[3, 2, 1]> : tensor<3xi64>
    %0 = fhe.dot %arg0, %cst {tfhe.key = @big} : (tensor<3x!fhe.eint<4>>, tensor<3xi64>) -> !fhe.eint<4>
    %1 = fhe.lookup %0 {tables = dense<[[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]]> : tensor<1x16xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<4>) -> !fhe.eint<1>
    %2 = fhe.mul_clear %1, %arg1 {tfhe.key = @big} : (!fhe.eint<1>, i64) -> !fhe.eint<1>
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
  func.func @main(%arg0: tensor<2x!fhe.eint<8>> {tfhe.key = @big}, %arg1: tensor<2x!fhe.eint<8>> {tfhe.key = @big}) -> tensor<2x!fhe.eint<8>> {
    %0 = fhe.add %arg0, %arg1 {tfhe.key = @big} : (tensor<2x!fhe.eint<8>>, tensor<2x!fhe.eint<8>>) -> tensor<2x!fhe.eint<8>>
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
// expected-error at layer1.py:12:5: no parameters for the input of the lookup `fhe.lookup at layer1.py:12:5`: 16 bits with norm2 2^19.9 have noise of at least 2^-17.61, allowed is 2^-20.19 for a p_error of 2^-17.61; reduce it to 13 bits
func.func @main(%x: !fhe.eint<16>) -> !fhe.eint<16> {
  %c = arith.constant 1000 : i64
  %0 = fhe.mul_clear %x, %c : (!fhe.eint<16>, i64) -> !fhe.eint<16> loc("dense"("layer1.py":11:3))
  %1 = fhe.lookup %0 {tables = dense<0> : tensor<1x65536xi64>} : (!fhe.eint<16>) -> !fhe.eint<16> loc("layer1.py":12:5)
  return %1 : !fhe.eint<16>
}
// -----
// A preset: each lookup and each result fails with at most 2^-128.
// RUN: fhe-optimize-parameters{preset=ind-cpa-d}
// run: @main(4) == 5
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// output:
module attributes {tfhe.global_p_error = 2.87069567e-39 : f64, tfhe.p_error = 2.87069567e-39 : f64, tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 2 : i64, polynomial_size = 1024 : i64, variance = 8.44225311e-31 : f64}
  tfhe.secret_key @small {lwe_dimension = 784 : i64, variance = 3.03253179e-11 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.78739476e-6 : f64, base_log = 3 : i64, level = 5 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 3.89417013e-6 : f64, output_variance = 7.18368221e-10 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> {
    %0 = fhe.lookup %arg0 {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %0 : !fhe.eint<3>
  }
}
// -----
// TUniform noise, which has a curve for 132 bits.
// RUN: fhe-optimize-parameters{noise=tuniform security=132 preset=default}
// run: @main(4) == 5
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// output:
module attributes {tfhe.global_p_error = 9.20991567e-6 : f64, tfhe.p_error = 9.20991567e-6 : f64, tfhe.security = 132 : i64, tfhe.security_source = "lattice-estimator curve for 132 bits, published with tfhe-rs: bound 2^ceil(-0.025167785 * dimension + log2 q + 4.100671), uniform binary secrets, TUniform noise"} {
  tfhe.secret_key @big {glwe_dimension = 3 : i64, polynomial_size = 512 : i64, tuniform_log2_bound = 30 : i64}
  tfhe.secret_key @small {lwe_dimension = 759 : i64, tuniform_log2_bound = 17 : i64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.45706940e-5 : f64, base_log = 4 : i64, level = 3 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 17 : i64, level = 1 : i64, modulus_switch_variance = 1.50799751e-5 : f64, output_variance = 3.92891770e-6 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> {
    %0 = fhe.lookup %arg0 {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %0 : !fhe.eint<3>
  }
}
// -----
// A bounded search.
// RUN: fhe-optimize-parameters{restrict="polynomial_size=2048, glwe_dimension=1; grouping=1; extension=1"}
// run: @main(4) == 5
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// output:
module attributes {tfhe.global_p_error = 8.10969096e-6 : f64, tfhe.p_error = 8.10969096e-6 : f64, tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.44225311e-31 : f64}
  tfhe.secret_key @small {lwe_dimension = 662 : i64, variance = 2.34027908e-9 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 4.82222871e-5 : f64, base_log = 2 : i64, level = 6 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 8.22047393e-7 : f64, output_variance = 6.72931390e-10 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> {
    %0 = fhe.lookup %arg0 {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %0 : !fhe.eint<3>
  }
}
// -----
// RUN: fhe-optimize-parameters{preset=default p-error=1e-9}
// expected-error: option `preset` is `default`, which sets the failure probability, but so does `p-error` or `global-p-error`; leave out one of them
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{preset=fast}
// expected-error: option `preset` is `fast`; allowed is `default`, `ind-cpa-d`, or `none`
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{noise=uniform}
// expected-error: option `noise` is `uniform`; allowed is gaussian or tuniform
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{noise=tuniform}
// expected-error: TUniform noise has a published curve for 132 bits only, found 128 bits; ask for 132 bits or for Gaussian noise
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{restrict="speed=3"}
// expected-error: option `restrict` names `speed`; allowed are `bootstrap_base_log`, `bootstrap_level`, `extension`, `glwe_dimension`, `grouping`, `key_sets`, `keyswitch_base_log`, `keyswitch_level`, `lwe_dimension`, `many_lut`, `polynomial_size`
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{restrict="polynomial_size=2048..1024"}
// expected-error: option `restrict` has `polynomial_size=2048..1024`; allowed is a number from 1 on, or a range such as `1024..2048`, `1024..` or `..2048`
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// RUN: fhe-optimize-parameters{restrict="many_lut=maybe"}
// expected-error: option `restrict` has `many_lut=maybe`; allowed is `on` or `off`
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
// -----
// No key is both within the bounds and quiet enough.
// RUN: fhe-optimize-parameters{restrict="polynomial_size=256"}
func.func @main(%x: !fhe.eint<6>) -> !fhe.eint<6> {
  // expected-error@+1: no parameters for the input of the lookup `fhe.lookup at -:5:8`: 6 bits with norm2 1.0 have noise of at least 2^-9.91, allowed is 2^-10.19 for a p_error of 2^-17.61; reduce it to 5 bits, or allow a p_error of 2^-12.50
  %0 = fhe.lookup %x {tables = dense<1> : tensor<1x64xi64>} : (!fhe.eint<6>) -> !fhe.eint<6>
  return %0 : !fhe.eint<6>
}
// -----
// Results that may be fed back: both ends are under one key, and the input has the noise of the result.
// RUN: fhe-optimize-parameters
// run: @main(3) == 1
// run: @next(3) == 5
module attributes {fhe.composition = ["main:0 -> main:0", "main:0 -> next:0", "next:0 -> main:0"]} {
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
func.func @next(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.add %x, %x : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
  %1 = fhe.lookup %0 {tables = dense<[[0, 1, 2, 3, 4, 5, 5, 7]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %1 : !fhe.eint<3>
}
}
// output:
module attributes {fhe.composition = ["main:0 -> main:0", "main:0 -> next:0", "next:0 -> main:0"], tfhe.global_p_error = 8.56559928e-6 : f64, tfhe.p_error = 5.62075077e-6 : f64, tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 3 : i64, polynomial_size = 512 : i64, variance = 7.04063097e-23 : f64}
  tfhe.secret_key @small {lwe_dimension = 693 : i64, variance = 7.75651395e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.00255092e-5 : f64, base_log = 3 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 18 : i64, level = 1 : i64, modulus_switch_variance = 1.37686729e-5 : f64, output_variance = 8.95357168e-7 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> {
    %0 = fhe.lookup %arg0 {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %0 : !fhe.eint<3>
  }
  func.func @next(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> {
    %0 = fhe.add %arg0, %arg0 {tfhe.key = @big} : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
    %1 = fhe.lookup %0 {tables = dense<[[0, 1, 2, 3, 4, 5, 5, 7]]> : tensor<1x8xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %1 : !fhe.eint<3>
  }
}
// -----
// expected-error: `fhe.composition` must be an array of strings such as "f:0 -> g:1"
module attributes {fhe.composition = "main:0 -> main:0"} {
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
}
// -----
// expected-error: `fhe.composition` has "main:0": it lacks `->`; write it like "f:0 -> g:1"
module attributes {fhe.composition = ["main:0"]} {
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
}
// -----
// expected-error: `fhe.composition` has "main -> main:0": `main` names no result; write a function and a number, like `f:0`
module attributes {fhe.composition = ["main -> main:0"]} {
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
}
// -----
// expected-error: `fhe.composition` has "main:0 -> other:0": `other` is no function of the module; there are `main`
module attributes {fhe.composition = ["main:0 -> other:0"]} {
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
}
// -----
// expected-error: `fhe.composition` has "main:0 -> main:1": `main:1` is no argument; `main` has 1, counted from 0
module attributes {fhe.composition = ["main:0 -> main:1"]} {
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
}
// -----
// expected-error: `fhe.composition` has "main:0 -> main:0": the result has shape [], the argument [2]; both must have one shape
module attributes {fhe.composition = ["main:0 -> main:0"]} {
func.func @main(%x: tensor<2x!fhe.eint<2>>, %y: !fhe.esint<2>, %c: i64) -> !fhe.eint<2> {
  %0 = fhe.sum %x {axes = array<i64: 0>} : (tensor<2x!fhe.eint<2>>) -> !fhe.eint<2>
  return %0 : !fhe.eint<2>
}
}
// -----
// expected-error: `fhe.composition` feeds `out0 of @main` to `in1 of @main`, but they are `!fhe.eint<2>` and `!fhe.esint<2>`; both must have one width and signedness; declare them so, or run `fhe-infer-bit-widths`
module attributes {fhe.composition = ["main:0 -> main:1"]} {
func.func @main(%x: tensor<2x!fhe.eint<2>>, %y: !fhe.esint<2>, %c: i64) -> !fhe.eint<2> {
  %0 = fhe.sum %x {axes = array<i64: 0>} : (tensor<2x!fhe.eint<2>>) -> !fhe.eint<2>
  return %0 : !fhe.eint<2>
}
}
// -----
// expected-error: `fhe.composition` has "main:0 -> main:2": `in2 of @main` is no encrypted integer
module attributes {fhe.composition = ["main:0 -> main:2"]} {
func.func @main(%x: tensor<2x!fhe.eint<2>>, %y: !fhe.esint<2>, %c: i64) -> !fhe.eint<2> {
  %0 = fhe.sum %x {axes = array<i64: 0>} : (tensor<2x!fhe.eint<2>>) -> !fhe.eint<2>
  return %0 : !fhe.eint<2>
}
}
