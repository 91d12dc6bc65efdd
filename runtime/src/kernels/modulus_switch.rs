//! The centred modulus switch of `tfhe`, into memory that is kept.

use tfhe::core_crypto::algorithms::modulus_switch::ModulusSwitchedLweCiphertext;
use tfhe::core_crypto::prelude::{
    CiphertextModulus, CiphertextModulusLog, LweCiphertext, PolynomialSize,
    lwe_ciphertext_centered_binary_modulus_switch,
};

/// A ciphertext modulo `2N`, with its mask at hand: a blind rotation asks for single elements.
pub(super) struct Switched {
    pub(super) log_modulus: CiphertextModulusLog,
    pub(super) mask: Vec<usize>,
    pub(super) body: usize,
}

impl Switched {
    /// For ciphertexts of dimension `n` and polynomials of size `N`.
    pub(super) fn new(dimension: usize, size: usize) -> Self {
        let log_modulus = PolynomialSize(size).to_blind_rotation_input_modulus_log();
        Self { log_modulus, mask: vec![0; dimension], body: 0 }
    }

    pub(super) fn switch(&mut self, input: &[u32]) {
        let input = &input[..self.mask.len() + 1];
        let input = LweCiphertext::from_container(input, CiphertextModulus::new_native());
        let lazy = lwe_ciphertext_centered_binary_modulus_switch::<u32, usize, _>(input, self.log_modulus);
        self.body = lazy.body();
        self.mask.iter_mut().zip(lazy.mask()).for_each(|(to, from)| *to = from);
    }
}
