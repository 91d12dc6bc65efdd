//! Which bootstrap serves a key: the fastest that the processor and the shape of the key allow.

#[cfg(target_arch = "x86_64")]
use super::avx512::{Avx512, Avx512Bootstrap};
use super::pooled::Pooled;
use super::stock_bootstrap::StockBootstrap;
use super::{Bootstrap, BootstrapKeyWords, Kernel, LookupTables};

/// A bootstrap with its key.
pub(crate) enum BootstrapKernel {
    /// For every processor.
    Stock(Pooled<StockBootstrap>),
    /// For processors with AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512(Box<Pooled<Avx512Bootstrap>>),
}

impl BootstrapKernel {
    /// The fastest.
    pub(crate) fn new(key: BootstrapKeyWords) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::detect()
            && Avx512Bootstrap::supports(key.to)
        {
            return Self::Avx512(Box::new(Pooled::new(Avx512Bootstrap::new(avx512, key))));
        }
        Self::portable(key)
    }

    /// The one for every processor and shape.
    pub(crate) fn portable(key: BootstrapKeyWords) -> Self {
        Self::Stock(Pooled::new(StockBootstrap::new(key)))
    }

    /// See [`Kernel::words`].
    pub(crate) fn words(&self) -> (usize, usize) {
        match self {
            Self::Stock(kernel) => kernel.kernel().words(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.kernel().words(),
        }
    }

    /// See [`Bootstrap::coefficients`].
    pub(crate) fn coefficients(&self) -> usize {
        match self {
            Self::Stock(kernel) => kernel.kernel().coefficients(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.kernel().coefficients(),
        }
    }

    /// `output` holds as many ciphertexts for each of `input` as `tables` have outputs.
    pub(crate) fn bootstrap(&self, input: &[u64], output: &mut [u64], tables: LookupTables<'_>) {
        match self {
            Self::Stock(kernel) => kernel.bootstrap(input, output, tables),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernel) => kernel.bootstrap(input, output, tables),
        }
    }
}
