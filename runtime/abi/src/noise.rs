//! Variance that each building block adds, as formulas with their sources; failure probability of a variance.
//!
//! All variances are on the torus `[0, 1)`; secrets are uniform and binary; ciphertexts under GLWE keys
//! are modulo `2^64`, those under small keys modulo `2^32`. `B = 2^base_log`, `l = level`.

use crate::parameters::{Decomposition, GlweShape, Grouping, LweDimension, Variance, Width};
use crate::security::ModulusBits;

/// How much the transforms of a step round, as `constant + of_log_size · log2 N + of_rows · l·(k+1)`: butterflies follow
/// one another, and so do the sums over the rows of a GGSW ciphertext.
///
/// The numbers are fitted to the bootstraps of `runtime` on a processor with AVX-512 by
/// `cargo test --release -p cloakwork-runtime measured_noise::fit -- --nocapture`, which prints them. Those for AVX2 round
/// alike; the portable ones, without fused multiplication and addition, an eighth more.
struct Rounding {
    constant: f64,
    of_log_size: f64,
    of_rows: f64,
}

/// Steps of one coefficient.
const SINGLE: Rounding = Rounding { constant: -1.97, of_log_size: 1.41, of_rows: 0.171 };

/// Steps of a pair, by coefficient: the key is a sum with three monomials, of six times the variance, made by rounding.
const PAIRED: Rounding = Rounding { constant: 4.82, of_log_size: 3.59, of_rows: 1.67 };

/// Bits of the significand of the numbers that transforms compute with.
const SIGNIFICAND: f64 = 53.0;

/// `V · norm2`: variance of `Σ wᵢ·xᵢ` with independent `xᵢ` of variance `V` and `norm2 = Σ wᵢ²`.
pub fn linear(variance: Variance, norm2: f64) -> Variance {
    variance * norm2
}

/// Variance of an encryption with the public key of a secret key of dimension `n`: `(1 + n)·V` with `V` the variance of the
/// noise in the public key and of what is drawn anew.
///
/// The public key is `b = a·s + e` modulo `X^n + 1`, a ciphertext `(a·r + e₁, b·r + e₂ + m)`, so that `e·r − e₁·s + e₂` is left.
/// `r` and `s` are uniform and binary: each product of polynomials adds `n·V/2`. As `r` has a mean and encryptions share `e` and
/// `e₁`, their noises are not independent; `Var Σ wᵢ·xᵢ ≤ K·V'·Σ wᵢ²` holds for any `K` variables of variance `V'`, which is why
/// the optimizer multiplies by how many there are.
// Source: M. Joye, "TFHE Public-Key Encryption Revisited" (2023), for the scheme; the last bound is that of Cauchy and Schwarz.
pub fn public_encryption(dimension: LweDimension, fresh: Variance) -> Variance {
    fresh * (1.0 + dimension.0 as f64)
}

/// Variance that a keyswitch from a 64-bit to a 32-bit ciphertext adds.
///
/// `n·V_key·Σ E[d²] + n·(B^(−2l)/24 + q⁻²/48) + (q'⁻² − q⁻²)/12` with `n` the dimension of the
/// input, `V_key` the variance of the key's noise, `d` its digits, `q = 2^64`, `q' = 2^32`.
// Source: tfhe-rs, noise formula of the LWE keyswitch, with digits as `digits_norm2` has them; its last term is the
// rounding of the body.
pub fn keyswitch(from: LweDimension, decomposition: Decomposition, key_variance: Variance) -> Variance {
    let (q2, small_q2) = (ModulusBits::Bits64.unit_squared(), ModulusBits::Bits32.unit_squared());
    let Gadget { digits_norm2, rounding } = gadget(decomposition);
    let dimension = from.0 as f64;
    let key = dimension * key_variance.0 * digits_norm2;
    let mask = dimension * (rounding / 2.0 + q2 / 48.0);
    Variance(key + mask + (small_q2 - q2) / 12.0)
}

/// Variance that the plain modulus switch of a 32-bit ciphertext to `w` steps adds.
///
/// `n·(w⁻²/24 + q⁻²/48) + (w⁻² − q⁻²)/12`
// Source: tfhe-rs and Concrete, noise formula of the modulus switch.
pub fn modulus_switch(from: LweDimension, steps: u64) -> Variance {
    let (q2, w2) = (ModulusBits::Bits32.unit_squared(), (steps as f64).powi(-2));
    Variance(from.0 as f64 * (w2 / 24.0 + q2 / 48.0) + (w2 - q2) / 12.0)
}

/// Variance that the centred modulus switch of a 32-bit ciphertext to `w` steps adds: `w = 2eN/2^v` for `2^v` tables
/// in one bootstrap.
///
/// `n·(w⁻²/48 + q⁻²/24)`
///
/// The rounding errors `eᵢ` of the mask are public and half of them is expected to reach the phase, so that
/// half is taken off the body beforehand and `Σ eᵢ·(sᵢ − ½)` is left. The body is moved by half a step
/// before it is rounded, which puts the edges of a box at `± Δ/2` exactly: its rounding adds nothing.
// Source: tfhe-rs, noise formula of the centred binary modulus switch.
pub fn modulus_switch_centred(from: LweDimension, steps: u64) -> Variance {
    let (q2, w2) = (ModulusBits::Bits32.unit_squared(), (steps as f64).powi(-2));
    Variance(from.0 as f64 * (w2 / 48.0 + q2 / 24.0))
}

/// Variance of the output of a bootstrap with 64-bit key; the noise of its input does not enter.
///
/// `n·((k+1)·N·V_key·Σ E[d²] + B^(−2l)/24 − q⁻²/24 + kN/2·(B^(−2l)/24 + q⁻²/48) + V_fft)`; for pairs of
/// coefficients the first term, of the key's noise, is three times as large, the others, of rounding digits, 3/2
/// times. `V_fft` is that of [`transform`].
// Source: tfhe-rs, noise formula of the bootstrap. For pairs: three keys, each multiplied with `X^a − 1` of norm 2,
// stand for two; and `(X^a − 1)·…` meets what digits leave away in three of four cases instead of two of four.
pub fn bootstrap(
    from: LweDimension,
    to: GlweShape,
    decomposition: Decomposition,
    grouping: Grouping,
    key_variance: Variance,
) -> Variance {
    let exact = |key_variance| blind_rotation(from, to, decomposition, key_variance);
    let exact = match grouping {
        Grouping::One => exact(key_variance),
        Grouping::Two => exact(key_variance) * 3.0 + exact(Variance::ZERO) * -1.5,
    };
    exact + transform(from, to, decomposition, grouping)
}

/// The part of [`bootstrap`] that rounding in transforms adds: `n·(1 + kN/2)·(k+1)·N·Σ E[d²]/12 · 2^(−106)·c`.
///
/// An external product is a sum of `l·(k+1)·N` products of a digit and of a number on the torus, of variance 1/12. It has
/// an error relative to its size, `2^(−53)·√c` with `c` a [`Rounding`]; the errors of the mask meet the key in the phase.
///
/// Where digits are one number all along a polynomial, errors add up instead. That happens in the first step, to tables
/// that hardly vary, and counts as `0.04·N/(l·k·(k+1))` more steps at most: some hundredths of all up to `N = 2048`.
/// It is left away.
pub fn transform(
    from: LweDimension,
    to: GlweShape,
    decomposition: Decomposition,
    grouping: Grouping,
) -> Variance {
    let Rounding { constant, of_log_size, of_rows } = match grouping {
        Grouping::One => SINGLE,
        Grouping::Two => PAIRED,
    };
    let (k, size) = (to.dimension.0 as f64, to.polynomial_size.0 as f64);
    let rows = f64::from(decomposition.level) * (k + 1.0);
    let relative = (-2.0 * SIGNIFICAND).exp2() * (constant + of_log_size * size.log2() + of_rows * rows);
    let product = (k + 1.0) * size * digits_norm2(decomposition) / 12.0;
    Variance(from.0 as f64 * (1.0 + k * size / 2.0) * product * relative)
}

/// [`bootstrap`] of single coefficients with exact transforms.
fn blind_rotation(
    from: LweDimension,
    to: GlweShape,
    decomposition: Decomposition,
    key_variance: Variance,
) -> Variance {
    let q2 = ModulusBits::Bits64.unit_squared();
    let Gadget { digits_norm2, rounding } = gadget(decomposition);
    let (k, size) = (to.dimension.0 as f64, to.polynomial_size.0 as f64);
    let key = (k + 1.0) * size * key_variance.0 * digits_norm2;
    let mask = k * size / 2.0 * (rounding / 2.0 + q2 / 48.0);
    let body = rounding / 2.0 - q2 / 24.0;
    Variance(from.0 as f64 * (key + mask + body))
}

/// Figures of a balanced decomposition that the formulas share.
struct Gadget {
    /// `Σ E[d²]` over the digits.
    digits_norm2: f64,
    /// `B^(−2l)/12`: variance of what the decomposition leaves away.
    rounding: f64,
}

fn gadget(decomposition: Decomposition) -> Gadget {
    let Decomposition { base_log, level } = decomposition;
    Gadget {
        digits_norm2: digits_norm2(decomposition),
        rounding: (-2.0 * f64::from(base_log) * f64::from(level)).exp2() / 12.0,
    }
}

/// Expected sum of the squares of the digits of a uniform number.
///
/// A uniform digit in `[−B/2, B/2)` has the expected square `(B² + 2)/12`; the finest one is such. One that is exactly
/// `B/2`, with probability `t`, becomes `−B/2` if the next one is at least `B/2`, which then grows by one. So
/// the next one is `B/2` with probability `(1 − t)/B` only, and its expected square is less by `t·B/4`.
fn digits_norm2(decomposition: Decomposition) -> f64 {
    let base = f64::from(decomposition.base_log).exp2();
    let (mut sum, mut tie) = (0.0, 0.0);
    for _ in 0..decomposition.level {
        sum += (base * base + 2.0) / 12.0 - tie * base / 4.0;
        tie = (1.0 - tie) / base;
    }
    sum
}

/// Half the distance between neighbouring messages on the torus, `2^(−width − 2)`.
pub fn half_distance(width: Width) -> f64 {
    (-f64::from(width.0) - 2.0).exp2()
}

/// Probability that Gaussian noise of that variance leads to another message: `erfc(β/(σ·√2))`,
/// `β` the [`half_distance`].
///
/// Accurate to a few units in the last place of a double while above `2^−1000`; 0 far below.
pub fn p_error(variance: Variance, width: Width) -> f64 {
    libm::erfc(half_distance(width) / (2.0 * variance.0).sqrt())
}

/// Greatest variance with which [`p_error`] is at most `p_error`, for `p_error` in `[2^−1000, 1)`.
///
/// Smaller probabilities are taken for the least of that range, larger ones for the greatest.
pub fn safe_variance(p_error: f64, width: Width) -> Variance {
    // erfc falls strictly; bisection down to neighbouring doubles, from the side that is safe.
    let p_error = p_error.max((-1000f64).exp2());
    let (mut unsafe_x, mut safe_x) = (0.0, 27.0); // erfc(27) is below 2^−1055
    loop {
        let middle = f64::midpoint(unsafe_x, safe_x);
        if middle <= unsafe_x || middle >= safe_x {
            break;
        }
        if libm::erfc(middle) <= p_error { safe_x = middle } else { unsafe_x = middle }
    }
    let deviation_sqrt2 = half_distance(width) / safe_x;
    Variance(deviation_sqrt2 * deviation_sqrt2 / 2.0)
}

/// `1 − Π (1 − pᵢ)^countᵢ` over the pairs `(pᵢ, countᵢ)`, without loss for small `pᵢ`.
pub fn global_p_error(events: impl IntoIterator<Item = (f64, u64)>) -> f64 {
    let log_success: f64 = events.into_iter().map(|(p, count)| count as f64 * (-p).ln_1p()).sum();
    -log_success.exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{GlweDimension, PolynomialSize, SecurityLevel};
    use crate::security::minimal_variance;

    fn glwe(k: u64, size: u64) -> GlweShape {
        GlweShape { dimension: GlweDimension(k), polynomial_size: PolynomialSize(size) }
    }

    fn decomposition(base_log: u32, level: u32) -> Decomposition {
        Decomposition { base_log, level }
    }

    /// A published parameter set: small dimension, shape, bootstrap and keyswitch (base, level),
    /// 2-norm between bootstraps, bits of the message, switch, log2 of the failure probability.
    type Row = (u64, (u64, u64), (u32, u32), (u32, u32), f64, u32, fn(LweDimension, u64) -> Variance, f64);

    /// What `tfhe`'s formula has for the transforms of one external product, 11 bits short of the modulus.
    fn published_transform(shape: GlweShape, decomposition: Decomposition) -> f64 {
        let (k, size) = (shape.dimension.0 as f64, shape.polynomial_size.0 as f64);
        let scale = (2.0 * f64::from(11 + decomposition.base_log) - 128.0).exp2();
        let rows = f64::from(decomposition.level) * (k + 1.0);
        0.00705 * scale * rows.powf(1.01827) * k.powf(1.22003) * size.powf(2.22003)
    }

    /// What the published formula has for [`keyswitch`], which takes all digits for uniform.
    fn published_keyswitch(from: LweDimension, decomposition: Decomposition, key: Variance) -> Variance {
        let base = f64::from(decomposition.base_log).exp2();
        let uniform = f64::from(decomposition.level) * (base * base + 2.0) / 12.0;
        keyswitch(from, decomposition, key) + key * (from.0 as f64 * (uniform - digits_norm2(decomposition)))
    }

    #[test]
    fn published_failure_probabilities() {
        let plain: fn(LweDimension, u64) -> Variance = modulus_switch;
        let centred: fn(LweDimension, u64) -> Variance = modulus_switch_centred;
        let rows: [Row; 12] = [
            (750, (3, 512), (17, 1), (4, 3), 3.0, 2, plain, -40.004),
            (796, (1, 2048), (23, 1), (3, 5), 5.0, 4, plain, -40.489),
            (925, (1, 8192), (15, 2), (3, 6), 9.0, 6, plain, -40.298),
            (1096, (1, 32768), (15, 2), (4, 5), 17.0, 8, plain, -40.107),
            (781, (4, 512), (23, 1), (4, 3), 3.0, 2, plain, -64.01),
            (833, (1, 2048), (23, 1), (3, 5), 5.0, 4, plain, -64.014),
            (977, (1, 8192), (15, 2), (3, 6), 9.0, 6, plain, -64.177),
            (1110, (1, 32768), (11, 3), (2, 11), 17.0, 8, plain, -64.014),
            (837, (4, 512), (23, 1), (5, 3), 3.0, 2, centred, -128.186),
            (866, (1, 2048), (23, 1), (3, 5), 5.0, 4, centred, -128.597),
            (1006, (1, 8192), (15, 2), (3, 7), 9.0, 6, centred, -128.115),
            (1098, (1, 65536), (11, 3), (3, 7), 17.0, 8, centred, -128.731),
        ];
        for (n, (k, size), pbs, ks, norm, bits, switch, published) in rows {
            let (small, shape, level) = (LweDimension(n), glwe(k, size), SecurityLevel::Bits132);
            let big = shape.lwe_dimension();
            let big_variance = minimal_variance(level, big, ModulusBits::Bits64).unwrap();
            let small_variance = minimal_variance(level, small, ModulusBits::Bits32).unwrap();
            let pbs = decomposition(pbs.0, pbs.1);
            let exact = blind_rotation(small, shape, pbs, big_variance);
            let input = linear(exact + Variance(n as f64 * published_transform(shape, pbs)), norm * norm);
            let total = input
                + published_keyswitch(big, decomposition(ks.0, ks.1), small_variance)
                + switch(small, 2 * shape.polynomial_size.0);
            let found = p_error(total, Width(bits)).log2();
            assert!((found - published).abs() < 2e-3, "n {n}: {found} instead of {published}");
        }
    }

    #[test]
    fn squares_of_digits_are_those_of_all_numbers() {
        for (base_log, level) in [(1, 1), (1, 9), (2, 1), (2, 5), (3, 3), (4, 3), (6, 2), (5, 2)] {
            let (base, bits) = (1i64 << base_log, base_log * level);
            let mut sum = 0;
            for mut state in 0..1i64 << bits {
                for _ in 0..level {
                    let (digit, next) = (state % base, state / base);
                    let carries = 2 * digit > base || 2 * digit == base && 2 * (next % base) >= base;
                    sum += if carries { (digit - base).pow(2) } else { digit.pow(2) };
                    state = next + i64::from(carries);
                }
            }
            let expected = sum as f64 / (1i64 << bits) as f64;
            let found = digits_norm2(decomposition(base_log, level));
            assert!((found / expected - 1.0).abs() < 1e-12, "base 2^{base_log}, level {level}: {found}");
        }
    }

    #[test]
    fn keyswitch_matches_published_value() {
        // Modular variance for 2048 → 512, base 2^24, two levels, under the curve of 2022. That value is for
        // a 64-bit output, whose body is not rounded, and the base is beyond what 32 bits hold: only a formula.
        let key = Variance((2.0 * (-0.02640503 * 512.0 + 2.48264227f64)).exp2());
        let found = published_keyswitch(LweDimension(2048), decomposition(24, 2), key).0 * 2f64.powi(128);
        assert!((found / 7.407691550271225e48 - 1.0).abs() < 1e-4, "{found:e}");
    }

    #[test]
    fn bootstrap_matches_published_value_but_for_the_transform() {
        // Concrete's value at n 2048, k 2, N 4096, B 2^24, l 2; nearly all of it is its own bound for the
        // transform, 2^(22 − 2.57722494)·l·B²·N²·(k+1) for each external product.
        let (n, shape, gadget) = (LweDimension(2048), glwe(2, 4096), decomposition(24, 2));
        let q2 = 2f64.powi(128);
        let bound = 2048.0 * 2f64.powf(22.0 - 2.57722494) * 2.0 * 2f64.powi(48) * 2f64.powi(24) * 3.0;
        let exact = blind_rotation(n, shape, gadget, Variance(2f64.powi(-124))).0 * q2;
        let transform = transform(n, shape, gadget, Grouping::One).0 * q2;
        let published = 4.078296369990673e31;
        assert!(((exact + bound) / published - 1.0).abs() < 1e-4, "{:e}", exact + bound);
        assert!(transform < bound && transform > bound / 8.0, "{transform:e}");
    }

    #[test]
    fn centred_switch_halves_the_variance() {
        let (n, steps) = (LweDimension(800), 4096);
        let ratio = modulus_switch(n, steps).0 / modulus_switch_centred(n, steps).0;
        assert!((ratio - 2.0).abs() < 6e-3, "{ratio}"); // the body's rounding is 2 in 800 of it
    }

    #[test]
    fn failure_probability_deep_in_the_tail() {
        // erfc(z/√2) at the z that belong to these probabilities.
        let cases = [
            (4.0, 6.334248e-5),
            (4.41717, 1e-5),
            (7.1436, 2f64.powi(-40)),
            (9.1553, 2f64.powi(-64)),
            (13.1086, 2f64.powi(-128)),
        ];
        for (z, expected) in cases {
            for width in [1, 4, 16].map(Width) {
                let deviation: f64 = half_distance(width) / z;
                let found = p_error(Variance(deviation * deviation), width);
                assert!((found.log2() - f64::log2(expected)).abs() < 1e-2, "{z}: {found:e}");
            }
        }
        // erfc(x) = e^(−x²)/(x·√π) · (1 − 1/(2x²) + 3/(4x⁴) − …), at about 2^−200 and 2^−800
        for x in [11.6f64, 23.4] {
            let series = 1.0 - 1.0 / (2.0 * x * x) + 3.0 / (4.0 * x.powi(4)) - 15.0 / (8.0 * x.powi(6));
            let expected =
                -x * x * std::f64::consts::LOG2_E + (series / (x * std::f64::consts::PI.sqrt())).log2();
            let deviation = half_distance(Width(3)) / (x * 2f64.sqrt());
            let found = p_error(Variance(deviation * deviation), Width(3)).log2();
            assert!((found - expected).abs() < 1e-6, "{x}: {found} instead of {expected}");
        }
    }

    #[test]
    fn safe_variance_is_the_edge() {
        for exponent in [1, 2, 17, 40, 64, 128, 200, 900] {
            let p = 2f64.powi(-exponent);
            for width in [1, 5, 16].map(Width) {
                let edge = safe_variance(p, width);
                assert!(
                    (p_error(edge, width).log2() / -f64::from(exponent) - 1.0).abs() < 1e-10,
                    "2^-{exponent}"
                );
                assert!(p_error(edge * (1.0 - 1e-9), width) < p && p_error(edge * (1.0 + 1e-9), width) > p);
            }
        }
    }

    #[test]
    fn probabilities_of_many_events() {
        let small = 2f64.powi(-100);
        assert_eq!(global_p_error([(small, 1 << 20)]), 2f64.powi(-80));
        assert!((global_p_error([(0.5, 2), (0.25, 1)]) - (1.0 - 0.25 * 0.75)).abs() < 1e-15);
        assert_eq!(global_p_error([]), 0.0);
    }
}
