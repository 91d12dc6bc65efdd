//! For tests: the classic bootstrap of `tfhe`: centred modulus switch, batched blind rotation, sample extraction.

use crate::fourier_plan::fourier_plan;
use crate::kernels::modulus_switch::Switched;
use crate::kernels::{Bootstrap, BootstrapKeyWords, Kernel, LookupTables, small};
use cloakwork_abi::parameters::Grouping;
use dyn_stack::PodStack;
use tfhe::core_crypto::algorithms::modulus_switch::ModulusSwitchedLweCiphertext;
use tfhe::core_crypto::fft_impl::fft64::crypto::bootstrap::{
    FourierLweBootstrapKeyOwned, batch_blind_rotate_assign_scratch,
};
use tfhe::core_crypto::prelude::{
    CiphertextCount, CiphertextModulus, CiphertextModulusLog, ContiguousEntityContainer,
    DecompositionBaseLog, DecompositionLevelCount, Fft, GlweCiphertextListMutView, GlweDimension,
    LweBootstrapKey, LweCiphertext, LweDimension, MonomialDegree, PolynomialSize,
    extract_lwe_sample_from_glwe_ciphertext, par_convert_standard_lwe_bootstrap_key_to_fourier,
};

pub(super) struct ReferenceBootstrap {
    key: FourierLweBootstrapKeyOwned,
    fft: Fft,
}

/// Memory for a batch.
pub(super) struct ReferenceScratch {
    switched: Vec<ReferenceSwitched>,
    accumulators: Vec<u64>,
    stack: Vec<u8>,
}

impl Kernel for ReferenceBootstrap {
    type Scratch = ReferenceScratch;
    const BATCH: usize = 16;

    fn scratch(&self) -> ReferenceScratch {
        let (glwe_size, size) = (self.key.glwe_size(), self.key.polynomial_size());
        let stack = batch_blind_rotate_assign_scratch::<u64>(
            glwe_size,
            size,
            CiphertextCount(Self::BATCH),
            self.fft.as_view(),
        );
        let log_modulus = size.to_blind_rotation_input_modulus_log();
        let switched = || Switched::new(self.key.input_lwe_dimension().0);
        ReferenceScratch {
            switched: (0..Self::BATCH).map(|_| ReferenceSwitched(switched(), log_modulus)).collect(),
            accumulators: vec![0; Self::BATCH * glwe_size.0 * size.0],
            stack: vec![0; stack.unaligned_bytes_required()],
        }
    }

    fn words(&self) -> (usize, usize) {
        (self.key.input_lwe_dimension().0 + 1, self.key.output_lwe_dimension().0 + 1)
    }
}

impl ReferenceBootstrap {
    pub(super) fn new(BootstrapKeyWords { shape: key, words }: BootstrapKeyWords) -> Self {
        assert!(
            key.grouping == Grouping::One && key.extension.0 == 1,
            "`tfhe` has the classic bootstrap only"
        );
        let (from, size) =
            (LweDimension(key.from.0 as usize), PolynomialSize(key.to.polynomial_size.0 as usize));
        let glwe_size = GlweDimension(key.to.dimension.0 as usize).to_glwe_size();
        let base_log = DecompositionBaseLog(key.decomposition.base_log as usize);
        let level = DecompositionLevelCount(key.decomposition.level as usize);
        let fft = fourier_plan(size);
        let modulus = CiphertextModulus::new_native();
        let standard = LweBootstrapKey::from_container(words, glwe_size, size, base_log, level, modulus);
        let mut fourier = FourierLweBootstrapKeyOwned::new(from, glwe_size, size, base_log, level);
        par_convert_standard_lwe_bootstrap_key_to_fourier(&standard, &mut fourier);
        Self { key: fourier, fft }
    }
}

impl Bootstrap for ReferenceBootstrap {
    fn coefficients(&self) -> usize {
        self.key.polynomial_size().0
    }

    fn bootstrap(
        &self,
        input: &[u64],
        output: &mut [u64],
        job: (usize, LookupTables<'_>),
        scratch: &mut ReferenceScratch,
    ) {
        let (first, tables) = job;
        let (input_words, output_words) = self.words();
        let (glwe_size, size) = (self.key.glwe_size(), self.key.polynomial_size());
        let count = input.len() / input_words;
        let switched = &mut scratch.switched[..count];
        let accumulators = &mut scratch.accumulators[..count * glwe_size.0 * size.0];
        for (i, input) in input.chunks_exact(input_words).enumerate() {
            switched[i].0.switch(small(input), size.0, 1);
        }
        for (i, accumulator) in accumulators.chunks_exact_mut(glwe_size.0 * size.0).enumerate() {
            let (mask, body) = accumulator.split_at_mut((glwe_size.0 - 1) * size.0);
            mask.fill(0);
            tables.fill(first + i, body);
        }
        let modulus = CiphertextModulus::new_native();
        let mut list = GlweCiphertextListMutView::from_container(accumulators, glwe_size, size, modulus);
        let stack = PodStack::new(&mut scratch.stack);
        self.key.as_view().batch_blind_rotate_assign(list.as_mut_view(), switched, self.fft.as_view(), stack);
        for (glwe, output) in list.iter().zip(output.chunks_exact_mut(output_words)) {
            let mut output = LweCiphertext::from_container(output, modulus);
            extract_lwe_sample_from_glwe_ciphertext(&glwe, &mut output, MonomialDegree(0));
        }
    }
}

/// A ciphertext modulo that power of two.
struct ReferenceSwitched(Switched, CiphertextModulusLog);

impl ModulusSwitchedLweCiphertext<usize> for ReferenceSwitched {
    fn log_modulus(&self) -> CiphertextModulusLog {
        self.1
    }

    fn lwe_dimension(&self) -> LweDimension {
        LweDimension(self.0.mask.len())
    }

    fn body(&self) -> usize {
        self.0.body
    }

    fn mask(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.0.mask.iter().copied()
    }
}
