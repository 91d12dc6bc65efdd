//! Which bootstrap serves a key: the fastest that the processor allows.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::fused::FusedBootstrap;
use super::portable::Portable;
use crate::kernels::key_data::{KeyData, MappedKey};
use crate::kernels::pooled::Pooled;
use crate::kernels::{Bootstrap, BootstrapKeyShape, BootstrapKeySource, Kernel, LookupTables};

/// A bootstrap with its key.
pub(crate) enum BootstrapKernel {
    /// For every processor.
    Portable(Box<Pooled<FusedBootstrap<Portable>>>),
    /// For processors with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(Box<Pooled<FusedBootstrap<Avx2>>>),
    /// For processors with AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512(Box<Pooled<FusedBootstrap<Avx512>>>),
}

impl BootstrapKernel {
    /// The fastest. The key comes through [`crate::keys::check`], as with the constructors that follow.
    pub(crate) fn new(key: &dyn BootstrapKeySource) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::detect() {
            return Self::Avx512(Box::new(Pooled::new(FusedBootstrap::new(avx512, key))));
        }
        Self::without_avx512(key)
    }

    /// The fastest without AVX-512.
    pub(crate) fn without_avx512(key: &dyn BootstrapKeySource) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            return Self::Avx2(Box::new(Pooled::new(FusedBootstrap::new(avx2, key))));
        }
        Self::portable(key)
    }

    /// The one for every processor.
    pub(crate) fn portable(key: &dyn BootstrapKeySource) -> Self {
        Self::Portable(Box::new(Pooled::new(FusedBootstrap::new(Portable, key))))
    }

    /// The fastest, with a key as [`Self::key`] gave it.
    pub(crate) fn mapped(key: BootstrapKeyShape, points: MappedKey) -> Self {
        let points = KeyData::mapped(points);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::detect() {
            return Self::Avx512(Box::new(Pooled::new(FusedBootstrap::with_key(avx512, key, points))));
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            return Self::Avx2(Box::new(Pooled::new(FusedBootstrap::with_key(avx2, key, points))));
        }
        Self::Portable(Box::new(Pooled::new(FusedBootstrap::with_key(Portable, key, points))))
    }

    /// The key as it lies in memory, the same for every processor with the same order of bytes.
    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Self::Portable(kernel) => kernel.kernel().key(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.kernel().key(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.kernel().key(),
        }
    }

    /// See [`Kernel::words`].
    pub(crate) fn words(&self) -> (usize, usize) {
        match self {
            Self::Portable(kernel) => kernel.kernel().words(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.kernel().words(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.kernel().words(),
        }
    }

    /// See [`Bootstrap::coefficients`].
    pub(crate) fn coefficients(&self) -> usize {
        match self {
            Self::Portable(kernel) => kernel.kernel().coefficients(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.kernel().coefficients(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.kernel().coefficients(),
        }
    }

    /// See [`FusedBootstrap::arithmetic`].
    pub(crate) fn arithmetic(&self, count: usize) {
        match self {
            Self::Portable(kernel) => kernel.kernel().arithmetic(count),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.kernel().arithmetic(count),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.kernel().arithmetic(count),
        }
    }

    /// `output` holds as many ciphertexts for each of `input` as `tables` have outputs.
    pub(crate) fn bootstrap(&self, input: &[u64], output: &mut [u64], tables: LookupTables<'_>) {
        match self {
            Self::Portable(kernel) => kernel.bootstrap(input, output, tables),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernel) => kernel.bootstrap(input, output, tables),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.bootstrap(input, output, tables),
        }
    }
}
