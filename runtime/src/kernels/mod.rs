//! The seam between the server and its arithmetic: keyswitch and bootstrap as functions on words.
//!
//! A kernel is built once from a key in the standard domain and then maps a batch of ciphertexts to a
//! batch of ciphertexts. `Pooled` cuts a call into batches, spreads them over the current rayon pool and
//! lends each batch scratch memory that outlives the call. [`KeyswitchKernel`] and [`BootstrapKernel`] choose
//! by the processor among the instruction sets that `keyswitch` and `bootstrap` are written for, plain Rust being one;
//! the operations of `tfhe` are what they are tested against. Another kernel implements [`Keyswitch`] or [`Bootstrap`]
//! and joins that choice.
//!
//! Layout: a large ciphertext is `k·N + 1` words, mask first. A small one occupies `n + 1` words too, but only
//! the first `n + 1` 32-bit halves of them hold its coefficients.

mod accumulator;
mod bootstrap;
mod key_data;
mod keyswitch;
mod modulus_switch;
mod pooled;

use cloakwork_abi::parameters::{Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension};

pub(crate) use accumulator::{Entry, LookupTables, entry_at, greatest_width, interleaved};
pub(crate) use bootstrap::BootstrapKernel;
pub(crate) use key_data::{MappedKey, map};
pub(crate) use keyswitch::{KeyswitchKernel, KeyswitchKeyWords, Target};
#[cfg(test)]
pub(crate) use modulus_switch::Switched;

/// What is said of a bootstrap key. With `Grouping::Two` the dimension `from` is even.
#[derive(Clone, Copy)]
pub(crate) struct BootstrapKeyShape {
    pub(crate) from: LweDimension,
    pub(crate) to: GlweShape,
    pub(crate) decomposition: Decomposition,
    pub(crate) grouping: Grouping,
    pub(crate) extension: ExtensionFactor,
}

/// A bootstrap key: for each group of input coefficients the GGSW ciphertexts that [`Grouping`] names. They are asked for one
/// by one, so that the key need not lie in memory beside what a kernel makes of it.
pub(crate) trait BootstrapKeySource: Sync {
    fn shape(&self) -> BootstrapKeyShape;
    /// Sets the words of GGSW ciphertext `i`, in the order of `tfhe`'s `LweBootstrapKey`.
    fn fill(&self, i: usize, words: &mut [u64]);
}

/// A key in memory.
pub(crate) struct BootstrapKeyWords {
    pub(crate) shape: BootstrapKeyShape,
    pub(crate) words: Vec<u64>,
}

impl BootstrapKeySource for BootstrapKeyWords {
    fn shape(&self) -> BootstrapKeyShape {
        self.shape
    }

    fn fill(&self, i: usize, words: &mut [u64]) {
        words.copy_from_slice(&self.words[i * words.len()..][..words.len()]);
    }
}

/// What both kinds of kernels say about themselves.
pub(crate) trait Kernel: Send + Sync {
    /// Memory that a batch works in.
    type Scratch: Send;
    /// Most ciphertexts that one call may take with any key.
    const BATCH: usize;
    /// Most ciphertexts that one call may take with this key.
    fn batch(&self) -> usize {
        Self::BATCH
    }
    /// New scratch memory for batches of this kernel.
    fn scratch(&self) -> Self::Scratch;
    /// Words of an input and of an output ciphertext.
    fn words(&self) -> (usize, usize);
}

/// Switches large ciphertexts to another key, a small or a large one.
pub(crate) trait Keyswitch: Kernel {
    /// `input` and `output` hold the same number of ciphertexts.
    fn keyswitch(&self, input: &[u64], output: &mut [u64], scratch: &mut Self::Scratch);
}

/// Looks small ciphertexts up in tables; the results are large.
pub(crate) trait Bootstrap: Kernel {
    /// Coefficients of an accumulator, `e·N`; they bound the width of tables.
    fn coefficients(&self) -> usize;
    /// `output` holds `tables.outputs` ciphertexts for each of `input`, next to each other; result `r` of ciphertext
    /// `i` uses table `tables.table(first + i, r)`.
    fn bootstrap(
        &self,
        input: &[u64],
        output: &mut [u64],
        job: (usize, LookupTables<'_>),
        scratch: &mut Self::Scratch,
    );
}

/// The coefficients of a small ciphertext in its `n + 1` words.
fn small(words: &[u64]) -> &[u32] {
    // SAFETY: twice as many 32-bit halves lie in `words`, of weaker alignment, borrowed alike; every bit pattern is a u32.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len()) }
}

/// See [`small`].
fn small_mut(words: &mut [u64]) -> &mut [u32] {
    // SAFETY: as in `small`, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len()) }
}
