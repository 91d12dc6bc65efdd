//! The keyswitch of `tfhe` from 64-bit to 32-bit coefficients, with its building blocks in another order: the key is
//! read once for a batch instead of once for each ciphertext. The results are the same bits. Only for tests; the target
//! counts as a small one.

use super::KeyswitchKeyWords;
use crate::kernels::{Kernel, Keyswitch, small_mut};
use tfhe::core_crypto::algorithms::slice_algorithms::slice_wrapping_sub_scalar_mul_assign;
use tfhe::core_crypto::prelude::{
    CiphertextModulus, ContiguousEntityContainer, DecompositionBaseLog, DecompositionLevelCount,
    LweDimension, LweKeyswitchKey, LweKeyswitchKeyOwned, SignedDecomposer,
};

pub(crate) struct ReferenceKeyswitch {
    key: LweKeyswitchKeyOwned<u32>,
}

impl Kernel for ReferenceKeyswitch {
    type Scratch = ();
    const BATCH: usize = 16;

    fn scratch(&self) {}

    fn words(&self) -> (usize, usize) {
        (self.key.input_key_lwe_dimension().0 + 1, self.key.output_key_lwe_dimension().0 + 1)
    }
}

impl ReferenceKeyswitch {
    pub(crate) fn new(key: KeyswitchKeyWords) -> Self {
        assert_eq!(key.words.len() as u64, key.from.0 * u64::from(key.decomposition.level) * (key.to.0 + 1));
        let key = LweKeyswitchKey::from_container(
            key.words,
            DecompositionBaseLog(key.decomposition.base_log as usize),
            DecompositionLevelCount(key.decomposition.level as usize),
            LweDimension(key.to.0 as usize).to_lwe_size(),
            CiphertextModulus::new_native(),
        );
        Self { key }
    }
}

impl Keyswitch for ReferenceKeyswitch {
    /// `(0, b) − Σᵢ Σⱼ digitⱼ(aᵢ) · keyᵢⱼ (mod 2^32)`, the body `b` rounded to 32 bits
    fn keyswitch(&self, input: &[u64], output: &mut [u64], (): &mut ()) {
        let (input_words, output_words) = self.words();
        let round = SignedDecomposer::<u64>::new(DecompositionBaseLog(32), DecompositionLevelCount(1));
        for (input, output) in input.chunks_exact(input_words).zip(output.chunks_exact_mut(output_words)) {
            let output = &mut small_mut(output)[..output_words];
            output.fill(0);
            output[output_words - 1] = (round.closest_representable(input[input_words - 1]) >> 32) as u32;
        }
        let (base_log, level) = (self.key.decomposition_base_log(), self.key.decomposition_level_count());
        let digits = SignedDecomposer::<u64>::new(base_log, level);
        for (i, rows) in self.key.iter().enumerate() {
            for (input, output) in input.chunks_exact(input_words).zip(output.chunks_exact_mut(output_words))
            {
                let output = &mut small_mut(output)[..output_words];
                for (row, digit) in rows.iter().zip(digits.decompose(input[i])) {
                    slice_wrapping_sub_scalar_mul_assign(output, row.as_ref(), digit.value() as u32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::*;
    use cloakwork_abi::parameters::{Decomposition, LweDimension as Dimension};
    use tfhe::core_crypto::prelude::{LweCiphertext, keyswitch_lwe_ciphertext_with_scalar_change};

    #[test]
    fn batches_have_the_bits_of_single_keyswitches() {
        let (from, to) = (Dimension(50), Dimension(13));
        let decomposition = Decomposition { base_log: 3, level: 5 };
        // Numbers without structure; [Knuth, MMIX]
        let numbers = |seed: u64| {
            std::iter::successors(Some(seed), |state: &u64| {
                Some(state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407))
            })
        };
        let words = numbers(1).map(|number| (number >> 32) as u32).take(50 * 5 * 14).collect();
        let kernel = ReferenceKeyswitch::new(KeyswitchKeyWords {
            from,
            to,
            target: Target::Small,
            decomposition,
            words,
        });
        let input: Vec<u64> = numbers(2).map(|number| number ^ number << 32).take(7 * 51).collect();
        let mut output = vec![u64::MAX; 7 * 14];
        kernel.keyswitch(&input, &mut output, &mut ());
        for (input, output) in input.chunks(51).zip(output.chunks_mut(14)) {
            let input = LweCiphertext::from_container(input, CiphertextModulus::new_native());
            let mut expected = LweCiphertext::from_container(vec![0; 14], CiphertextModulus::new_native());
            keyswitch_lwe_ciphertext_with_scalar_change(&kernel.key, &input, &mut expected);
            assert_eq!(small_mut(output)[..14], *expected.as_ref());
        }
    }
}
