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
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 1024 : i64, variance = 5.87171265e-15 : f64}
  tfhe.secret_key @small {lwe_dimension = 721 : i64, variance = 2.86074081e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 8.78526796e-6 : f64, base_log = 3 : i64, level = 4 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 7 : i64, level = 2 : i64, modulus_switch_variance = 3.58124574e-6 : f64, output_variance = 8.10880432e-5 : f64}
  func.func @main(%arg0: tensor<3x!fhe.eint<4>> {tfhe.key = @big}, %arg1: i64 {fhe.range = array<i64: -2, 2>}) -> (!fhe.eint<4>, !fhe.eint<1>) attributes {tfhe.global_p_error = 8.86285507e-6 : f64, tfhe.p_error = 8.86285117e-6 : f64} {
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
module attributes {tfhe.security = 132 : i64, tfhe.security_source = "lattice-estimator curve for 132 bits, published with Concrete on 2024-12-09: log2(sigma) = -2.48914566e-2 * dimension + 2.65734594e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 10 : i64, polynomial_size = 64 : i64, variance = 1.02034158e-8 : f64}
  func.func @main(%arg0: tensor<2x!fhe.eint<8>> {tfhe.key = @big}, %arg1: tensor<2x!fhe.eint<8>> {tfhe.key = @big}) -> tensor<2x!fhe.eint<8>> attributes {tfhe.global_p_error = 1.62687585e-11 : f64, tfhe.p_error = 8.13437923e-12 : f64} {
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
// RUN: fhe-optimize-parameters{p-error=1e-50}
// expected-error at layer1.py:12:5: no parameters for the input of the lookup `fhe.lookup at layer1.py:12:5`: 16 bits with norm2 2^19.9 have noise of at least 2^-20.97, allowed is 2^-21.90 for a p_error of 2^-166.10; reduce it to 15 bits, or allow a p_error of 2^-47.90
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
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.44225311e-31 : f64}
  tfhe.secret_key @small {lwe_dimension = 820 : i64, variance = 8.41103184e-12 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 4.48941050e-6 : f64, base_log = 5 : i64, level = 3 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, grouping = 2 : i64, level = 1 : i64, modulus_switch_variance = 1.01824601e-6 : f64, output_variance = 1.78449107e-9 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> attributes {tfhe.global_p_error = 1.87405977e-40 : f64, tfhe.p_error = 1.87405977e-40 : f64} {
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
module attributes {tfhe.security = 132 : i64, tfhe.security_source = "lattice-estimator curve for 132 bits, published with tfhe-rs: bound 2^ceil(-0.025167785 * dimension + log2 q + 4.100671), uniform binary secrets, TUniform noise"} {
  tfhe.secret_key @big {glwe_dimension = 3 : i64, polynomial_size = 512 : i64, tuniform_log2_bound = 30 : i64}
  tfhe.secret_key @small {lwe_dimension = 759 : i64, tuniform_log2_bound = 17 : i64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.43397260e-5 : f64, base_log = 4 : i64, level = 3 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 17 : i64, level = 1 : i64, modulus_switch_variance = 1.50799751e-5 : f64, output_variance = 3.92891769e-6 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> attributes {tfhe.global_p_error = 8.77739442e-6 : f64, tfhe.p_error = 8.77739442e-6 : f64} {
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
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.44225311e-31 : f64}
  tfhe.secret_key @small {lwe_dimension = 717 : i64, variance = 3.29884964e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 4.83355013e-5 : f64, base_log = 4 : i64, level = 3 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 8.90344381e-7 : f64, output_variance = 7.01407608e-10 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> attributes {tfhe.global_p_error = 8.42721465e-6 : f64, tfhe.p_error = 8.42721465e-6 : f64} {
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
// expected-error: option `restrict` names `speed`; allowed are `bootstrap_base_log`, `bootstrap_level`, `extension`, `glwe_dimension`, `grouping`, `key_sets`, `keyswitch_base_log`, `keyswitch_level`, `lwe_dimension`, `many_lut`, `polynomial_size`, `public_key`
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
// RUN: fhe-optimize-parameters{restrict="polynomial_size=256;extension=1..8"}
func.func @main(%x: !fhe.eint<6>) -> !fhe.eint<6> {
  // expected-error@+1: no parameters for the input of the lookup `fhe.lookup at -:5:8`: 6 bits with norm2 1.0 have noise of at least 2^-9.92, allowed is 2^-10.19 for a p_error of 2^-17.61; reduce it to 5 bits, or allow a p_error of 2^-12.64
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
module attributes {fhe.composition = ["main:0 -> main:0", "main:0 -> next:0", "next:0 -> main:0"], tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 3 : i64, polynomial_size = 512 : i64, variance = 7.04063097e-23 : f64}
  tfhe.secret_key @small {lwe_dimension = 724 : i64, variance = 2.57078350e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 2.90926973e-5 : f64, base_log = 4 : i64, level = 3 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 18 : i64, level = 1 : i64, modulus_switch_variance = 1.43845876e-5 : f64, output_variance = 9.35409198e-7 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> attributes {tfhe.global_p_error = 2.74308415e-6 : f64, tfhe.p_error = 2.74308415e-6 : f64} {
    %0 = fhe.lookup %arg0 {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %0 : !fhe.eint<3>
  }
  func.func @next(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> attributes {tfhe.global_p_error = 5.42348819e-6 : f64, tfhe.p_error = 5.42348819e-6 : f64} {
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
// -----
// Noise that grows from run to run.
// RUN: fhe-optimize-parameters
module attributes {fhe.composition = ["main:0 -> main:0"]} {
// expected-error@+1: no parameters for the input `in0`: results are fed to it that have its own noise and more, so that it grows from run to run; look the results up before
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.add %x, %x : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
}
// -----
// Two precisions: the narrow lookups have keys of their own, those of one value share a bootstrap.
// RUN: parameters{restrict="key_sets=2"}
// run: @main([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3], 21) == ([2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1], 1, 15)
func.func @main(%x: tensor<16x!fhe.eint<2>>, %y: !fhe.eint<5>) -> (tensor<16x!fhe.eint<2>>, !fhe.eint<5>, !fhe.eint<5>) {
  %0 = fhe.lookup %x {tables = dense<[[1, 2, 3, 0]]> : tensor<1x4xi64>} : (tensor<16x!fhe.eint<2>>) -> tensor<16x!fhe.eint<2>>
  %1 = fhe.lookup %0 {tables = dense<[[1, 2, 3, 0]]> : tensor<1x4xi64>} : (tensor<16x!fhe.eint<2>>) -> tensor<16x!fhe.eint<2>>
  %2 = fhe.lookup %y {tables = dense<1> : tensor<1x32xi64>} : (!fhe.eint<5>) -> !fhe.eint<5>
  %3 = fhe.lookup %y {tables = dense<15> : tensor<1x32xi64>} : (!fhe.eint<5>) -> !fhe.eint<5>
  return %1, %2, %3 : tensor<16x!fhe.eint<2>>, !fhe.eint<5>, !fhe.eint<5>
}
// output:
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big0 {glwe_dimension = 3 : i64, polynomial_size = 512 : i64, variance = 7.04063097e-23 : f64}
  tfhe.secret_key @big1 {glwe_dimension = 1 : i64, polynomial_size = 4096 : i64, variance = 4.70197740e-38 : f64}
  tfhe.secret_key @small0 {lwe_dimension = 620 : i64, variance = 1.04483990e-8 : f64}
  tfhe.secret_key @small1 {lwe_dimension = 774 : i64, variance = 4.33027409e-11 : f64}
  tfhe.keyswitch_key @ksk0 from @big0 to @small0 {added_variance = 1.31562048e-4 : f64, base_log = 2 : i64, level = 6 : i64}
  tfhe.keyswitch_key @ksk1 from @big0 to @small1 {added_variance = 1.82794785e-6 : f64, base_log = 3 : i64, level = 5 : i64}
  tfhe.bootstrap_key @bsk0 from @small0 to @big0 {base_log = 18 : i64, grouping = 2 : i64, level = 1 : i64, modulus_switch_variance = 1.23182933e-5 : f64, output_variance = 1.96949425e-6 : f64}
  tfhe.bootstrap_key @bsk1 from @small1 to @big1 {base_log = 23 : i64, grouping = 2 : i64, level = 1 : i64, modulus_switch_variance = 2.40281224e-7 : f64, output_variance = 5.41835793e-9 : f64}
  func.func @main(%arg0: tensor<16x!tfhe.lwe<@big0>> {tfhe.encoding = array<i64: 2, 0>}, %arg1: !tfhe.lwe<@big0> {tfhe.encoding = array<i64: 5, 0>}) -> (tensor<16x!tfhe.lwe<@big0>> {tfhe.encoding = array<i64: 2, 0>}, !tfhe.lwe<@big1> {tfhe.encoding = array<i64: 5, 0>}, !tfhe.lwe<@big1> {tfhe.encoding = array<i64: 5, 0>}) attributes {tfhe.global_p_error = 9.55287434e-6 : f64, tfhe.p_error = 2.89688189e-6 : f64} {
    %0 = tfhe.keyswitch @ksk0, %arg0 : (tensor<16x!tfhe.lwe<@big0>>) -> tensor<16x!tfhe.lwe<@small0>>
    %1 = tfhe.bootstrap @bsk0, %0 {tables = dense<[[2305843009213693952, 4611686018427387904, 6917529027641081856, 0]]> : tensor<1x4xi64>} : (tensor<16x!tfhe.lwe<@small0>>) -> tensor<16x!tfhe.lwe<@big0>>
    %2 = tfhe.keyswitch @ksk0, %1 : (tensor<16x!tfhe.lwe<@big0>>) -> tensor<16x!tfhe.lwe<@small0>>
    %3 = tfhe.bootstrap @bsk0, %2 {tables = dense<[[2305843009213693952, 4611686018427387904, 6917529027641081856, 0]]> : tensor<1x4xi64>} : (tensor<16x!tfhe.lwe<@small0>>) -> tensor<16x!tfhe.lwe<@big0>>
    %4 = tfhe.keyswitch @ksk1, %arg1 : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@small1>
    %5 = tfhe.bootstrap @bsk1, %4 {outputs = 2 : i64, tables = dense<[[288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744, 288230376151711744], [4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160, 4323455642275676160]]> : tensor<2x32xi64>} : (!tfhe.lwe<@small1>) -> tensor<2x!tfhe.lwe<@big1>>
    %6 = tfhe.slice %5 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<1x!tfhe.lwe<@big1>>
    %7 = tfhe.reshape %6 : (tensor<1x!tfhe.lwe<@big1>>) -> !tfhe.lwe<@big1>
    %8 = tfhe.slice %5 {offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<1x!tfhe.lwe<@big1>>
    %9 = tfhe.reshape %8 : (tensor<1x!tfhe.lwe<@big1>>) -> !tfhe.lwe<@big1>
    return %3, %7, %9 : tensor<16x!tfhe.lwe<@big0>>, !tfhe.lwe<@big1>, !tfhe.lwe<@big1>
  }
}
// -----
// Compiled for keys that are there: they stay as they are.
// RUN: fhe-optimize-parameters
// run: @main(4) == 5
module {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.5e-31 : f64}
tfhe.secret_key @small {lwe_dimension = 720 : i64, variance = 3.2e-10 : f64}
tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.0e-6 : f64, base_log = 3 : i64, level = 5 : i64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-8 : f64}
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
}
// output:
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.500000e-31 : f64}
  tfhe.secret_key @small {lwe_dimension = 720 : i64, variance = 3.200000e-10 : f64}
  tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.000000e-06 : f64, base_log = 3 : i64, level = 5 : i64}
  tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 1.00000000e-6 : f64, output_variance = 1.000000e-08 : f64}
  func.func @main(%arg0: !fhe.eint<3> {tfhe.key = @big}) -> !fhe.eint<3> attributes {tfhe.global_p_error = 3.19900577e-13 : f64, tfhe.p_error = 3.19900577e-13 : f64} {
    %0 = fhe.lookup %arg0 {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>, tfhe.bootstrap_key = @bsk, tfhe.key = @big, tfhe.keyswitch_key = @ksk} : (!fhe.eint<3>) -> !fhe.eint<3>
    return %0 : !fhe.eint<3>
  }
}
// -----
// expected-error: the key @small of dimension 720 has noise of variance 3.000e-11, 128 bits of security need at least 2.964e-10; take a larger dimension or more noise
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.5e-31 : f64}
tfhe.secret_key @small {lwe_dimension = 720 : i64, variance = 3.0e-11 : f64}
tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.0e-6 : f64, base_log = 3 : i64, level = 5 : i64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-8 : f64}
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// -----
// expected-error: the key @big is not secure: a key of dimension 256 has no known security, at least 450 is needed; use a larger dimension
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-10 : f64}
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// -----
// The keys are too noisy for the program.
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.5e-31 : f64}
tfhe.secret_key @small {lwe_dimension = 720 : i64, variance = 3.2e-10 : f64}
tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.0e-6 : f64, base_log = 3 : i64, level = 5 : i64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-8 : f64}
func.func @main(%x: !fhe.eint<8>) -> !fhe.eint<8> {
  // expected-error@+1: no parameters for the input of the lookup `fhe.lookup at -:8:8`: 8 bits with norm2 1.0 have noise of at least 2^-7.87, allowed is 2^-12.19 for a p_error of 2^-17.61; reduce it to 3 bits
  %0 = fhe.lookup %x {tables = dense<1> : tensor<1x256xi64>} : (!fhe.eint<8>) -> !fhe.eint<8>
  return %0 : !fhe.eint<8>
}
// -----
// RUN: fhe-optimize-parameters{noise=tuniform security=132}
// expected-error: the key @big has Gaussian noise, but TUniform is asked for or that of the first key; all keys must have one family
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 2048 : i64, variance = 8.5e-31 : f64}
tfhe.secret_key @small {lwe_dimension = 720 : i64, variance = 3.2e-10 : f64}
tfhe.keyswitch_key @ksk from @big to @small {added_variance = 3.0e-6 : f64, base_log = 3 : i64, level = 5 : i64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 23 : i64, level = 1 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-8 : f64}
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {
  %0 = fhe.lookup %x {tables = dense<[[3, 1, 4, 1, 5, 2, 6, 5]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
