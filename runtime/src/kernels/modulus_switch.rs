//! The centred modulus switch from 32-bit words to any number of steps `S` on the torus, not only powers of two.
//!
//! An element `a` becomes `round(a·S/2^32)`, halves upwards. As half of a binary key's coefficients are ones, half of
//! the sum of what the mask's rounding added is what the phase moves by on average: the body takes it back. Half a
//! step less makes the steps of a box lie evenly around its centre. For `S = 2^s` this is `tfhe`'s
//! `lwe_ciphertext_centered_binary_modulus_switch`, but that half of an odd sum, half a unit of the input, is not
//! rounded here.

/// A ciphertext modulo the number of steps.
pub(crate) struct Switched {
    pub(crate) mask: Vec<usize>,
    pub(crate) body: usize,
}

impl Switched {
    /// For ciphertexts of dimension `n`.
    pub(crate) fn new(dimension: usize) -> Self {
        Self { mask: vec![0; dimension], body: 0 }
    }

    /// To `coefficients·2/every` steps that are then counted `every` apart; `coefficients` is at most `2^28`.
    pub(crate) fn switch(&mut self, input: &[u32], coefficients: usize, every: usize) {
        let steps = 2 * (coefficients / every) as u64;
        let (mask, body) = (&input[..self.mask.len()], input[self.mask.len()]);
        let mut added = 0i64; // in units of 2^−32/S; each is at most 2^31, so no sum overflows
        for (to, &from) in self.mask.iter_mut().zip(mask) {
            let exact = u64::from(from) * steps;
            let rounded = (exact + (1 << 31)) >> 32;
            added += (rounded << 32) as i64 - exact as i64;
            *to = if rounded == steps { 0 } else { rounded as usize * every };
        }
        // Half a step less, then to the nearest step: rounded down.
        let body = (i64::from(body) * steps as i64 + added.div_euclid(2)) >> 32;
        self.body = body.rem_euclid(steps as i64) as usize * every;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfhe::core_crypto::algorithms::modulus_switch::ModulusSwitchedLweCiphertext;
    use tfhe::core_crypto::prelude::{
        CiphertextModulus, CiphertextModulusLog, LweCiphertext, lwe_ciphertext_centered_binary_modulus_switch,
    };

    /// Ciphertexts without structure, with some elements at the edges of steps. [Knuth, MMIX]
    fn ciphertexts(dimension: usize) -> impl Iterator<Item = Vec<u32>> {
        let mut state = 1u64;
        let mut number = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let word = (state >> 32) as u32;
            match state >> 29 & 7 {
                0 => word & 0xffe0_0000,
                1 => word & 0xffe0_0000 | 0x0010_0000,
                2 => word | 0x000f_ffff,
                _ => word,
            }
        };
        (0..2000).map(move |_| (0..=dimension).map(|_| number()).collect())
    }

    #[test]
    fn powers_of_two_are_switched_as_by_tfhe() {
        for (size, dimension) in [(256, 17), (1024, 742), (2048, 800), (65536, 3)] {
            let log = CiphertextModulusLog(1 + usize::ilog2(size) as usize);
            let mut switched = Switched::new(dimension);
            for ciphertext in ciphertexts(dimension) {
                switched.switch(&ciphertext, size, 1);
                let input = LweCiphertext::from_container(&ciphertext[..], CiphertextModulus::new_native());
                let expected = lwe_ciphertext_centered_binary_modulus_switch::<u32, usize, _>(input, log);
                assert!(expected.mask().eq(switched.mask.iter().copied()));
                assert_eq!(expected.body(), switched.body);
            }
        }
    }

    #[test]
    fn any_number_of_steps_is_rounded_to() {
        for (coefficients, every) in [(3 * 512, 1), (5 * 256, 4), (6 * 2048, 2), (7 * 1024, 1), (1024, 8)] {
            let steps = 2 * coefficients as i128 / every as i128;
            let mut switched = Switched::new(40);
            for ciphertext in ciphertexts(40).take(300) {
                switched.switch(&ciphertext, coefficients, every);
                let mut added = 0; // in units of 2^−32/S
                for (&from, &to) in ciphertext.iter().zip(&switched.mask) {
                    let exact = i128::from(from) * steps;
                    let step = (0..=steps).min_by_key(|step| ((step << 32) - exact).abs()).unwrap();
                    let is_half = ((step << 32) - exact).abs() == 1 << 31;
                    let step = if is_half { (exact >> 32) + 1 } else { step };
                    added += (step << 32) - exact;
                    assert_eq!(to as i128, step % steps * every as i128);
                }
                let exact = i128::from(ciphertext[40]) * steps * 2 + added;
                let body = exact.div_euclid(1 << 33).rem_euclid(steps) * every as i128;
                assert_eq!(switched.body as i128, body);
            }
        }
    }
}
