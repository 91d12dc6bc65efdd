//! Which keyswitch serves a key: the fastest that the processor allows.

use super::product::COLUMNS;
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Vnni};
use super::{KeyswitchKeyWords, MatrixKeyswitch, Portable};
use crate::kernels::Kernel;
use crate::kernels::key_data::{KeyData, MappedKey};
use crate::kernels::pooled::Pooled;
use cloakwork_abi::parameters::{Decomposition, LweDimension};

/// A keyswitch with its key.
pub(crate) enum KeyswitchKernel {
    /// For every processor.
    Portable(Pooled<MatrixKeyswitch<Portable, 1>>),
    /// For processors with AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2(Pooled<MatrixKeyswitch<Avx2, 2>>),
    /// For processors with AVX-512 and VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni(Pooled<MatrixKeyswitch<Vnni, 2>>),
}

impl KeyswitchKernel {
    /// The fastest.
    pub(crate) fn new(key: KeyswitchKeyWords) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(vnni) = Vnni::detect() {
            return Self::Vnni(Pooled::new(MatrixKeyswitch::new(vnni, key)));
        }
        Self::without_avx512(key)
    }

    /// The fastest without AVX-512.
    pub(crate) fn without_avx512(key: KeyswitchKeyWords) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            return Self::Avx2(Pooled::new(MatrixKeyswitch::new(avx2, key)));
        }
        Self::portable(key)
    }

    /// The one for every processor.
    pub(crate) fn portable(key: KeyswitchKeyWords) -> Self {
        Self::Portable(Pooled::new(MatrixKeyswitch::new(Portable, key)))
    }

    /// The fastest, with a key as [`Self::key`] gave it on a processor with the same [`Self::planes`]; the words of `key` do not
    /// matter.
    pub(crate) fn mapped(key: &KeyswitchKeyWords, groups: MappedKey) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(vnni) = Vnni::detect() {
            return Self::Vnni(Pooled::new(MatrixKeyswitch::with_key(vnni, key, KeyData::mapped(groups))));
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            return Self::Avx2(Pooled::new(MatrixKeyswitch::with_key(avx2, key, KeyData::mapped(groups))));
        }
        Self::Portable(Pooled::new(MatrixKeyswitch::with_key(Portable, key, KeyData::mapped(groups))))
    }

    /// Planes that the fastest one cuts words into, which the order of a key depends on.
    pub(crate) fn planes() -> u64 {
        #[cfg(target_arch = "x86_64")]
        if Vnni::detect().is_some() || Avx2::detect().is_some() {
            return 2;
        }
        1
    }

    /// The key as it lies in memory.
    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Self::Portable(kernel) => kernel.kernel().key(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.kernel().key(),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(kernel) => kernel.kernel().key(),
        }
    }

    /// Bytes of such a key.
    pub(crate) fn key_bytes(from: LweDimension, to: LweDimension, decomposition: Decomposition) -> u64 {
        let rows = u64::from(decomposition.level) * from.0.div_ceil(Self::planes());
        let tiles = (to.0 + 1).div_ceil(COLUMNS as u64);
        rows * tiles * Self::planes() * COLUMNS as u64 * 4
    }

    /// See [`Kernel::words`].
    pub(crate) fn words(&self) -> (usize, usize) {
        match self {
            Self::Portable(kernel) => kernel.kernel().words(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.kernel().words(),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(kernel) => kernel.kernel().words(),
        }
    }

    /// Both slices hold the same number of ciphertexts.
    pub(crate) fn keyswitch(&self, input: &[u64], output: &mut [u64]) {
        match self {
            Self::Portable(kernel) => kernel.keyswitch(input, output),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.keyswitch(input, output),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(kernel) => kernel.keyswitch(input, output),
        }
    }
}
