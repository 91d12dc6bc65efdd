//! The keyswitch of `tfhe`, one ciphertext after the other: from 64-bit to 32-bit coefficients.

use super::{Kernel, Keyswitch, KeyswitchKeyWords, small_mut};
use tfhe::core_crypto::prelude::{
    CiphertextModulus, DecompositionBaseLog, DecompositionLevelCount, LweCiphertext, LweDimension,
    LweKeyswitchKey, LweKeyswitchKeyOwned, keyswitch_lwe_ciphertext_with_scalar_change,
};

pub(crate) struct StockKeyswitch {
    key: LweKeyswitchKeyOwned<u32>,
}

impl Kernel for StockKeyswitch {
    type Scratch = ();
    const BATCH: usize = 8;

    fn scratch(&self) {}

    fn words(&self) -> (usize, usize) {
        (self.key.input_key_lwe_dimension().0 + 1, self.key.output_key_lwe_dimension().0 + 1)
    }
}

impl Keyswitch for StockKeyswitch {
    fn new(key: KeyswitchKeyWords) -> Self {
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

    fn keyswitch(&self, input: &[u64], output: &mut [u64], (): &mut ()) {
        let (input_words, output_words) = self.words();
        for (input, output) in input.chunks_exact(input_words).zip(output.chunks_exact_mut(output_words)) {
            let input = LweCiphertext::from_container(input, CiphertextModulus::new_native());
            let mut output =
                LweCiphertext::from_container(small_mut(output), CiphertextModulus::new_native());
            keyswitch_lwe_ciphertext_with_scalar_change(&self.key, &input, &mut output);
        }
    }
}
