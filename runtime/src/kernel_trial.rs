//! Kernels on keys of numbers without meaning, to measure what operations cost: no kernel looks at the numbers.
//!
//! The optimizer's cost table comes from here, so that it describes the kernels that really run; benches compare the
//! choices. Nothing here computes anything useful.

use crate::kernels::{
    BootstrapKernel, BootstrapKeyShape, BootstrapKeyWords, KeyswitchKernel, KeyswitchKeyWords, LookupTables,
    Target,
};
use cloakwork_abi::parameters::{Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension, Width};

/// Which kernels to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Those that run programs on this processor.
    Fastest,
    /// The fastest of those that need no AVX-512.
    WithoutAvx512,
    /// Those for every processor.
    Portable,
}

/// A keyswitch to try.
#[derive(Clone, Copy, Debug)]
pub struct KeyswitchTrial {
    /// Dimension of the key that is switched from, `k·N`.
    pub from: LweDimension,
    /// Dimension of the key that is switched to.
    pub to: LweDimension,
    /// Digits of the key.
    pub decomposition: Decomposition,
}

/// A bootstrap to try.
#[derive(Clone, Copy, Debug)]
pub struct BootstrapTrial {
    /// `n`, even with [`Grouping::Two`].
    pub from: LweDimension,
    /// `k` and `N`.
    pub to: GlweShape,
    /// Digits of the key.
    pub decomposition: Decomposition,
    /// Key bits of a step.
    pub grouping: Grouping,
    /// `e`
    pub extension: ExtensionFactor,
    /// Tables that are looked up at once.
    pub outputs: usize,
}

/// A call that keyswitches `count` ciphertexts on the current rayon pool.
pub fn keyswitch(choice: Choice, trial: KeyswitchTrial, count: usize) -> impl FnMut() + Send {
    let KeyswitchTrial { from, to, decomposition } = trial;
    let (input_words, output_words) = (from.0 as usize + 1, to.0 as usize + 1);
    let count_of_words = from.0 as usize * decomposition.level as usize * output_words;
    let words = (0..count_of_words).map(|i| mix(i) as u32).collect();
    let key = KeyswitchKeyWords { from, to, target: Target::Small, decomposition, words };
    let kernel = match choice {
        Choice::Fastest => KeyswitchKernel::new(key),
        Choice::WithoutAvx512 => KeyswitchKernel::without_avx512(key),
        Choice::Portable => KeyswitchKernel::portable(key),
    };
    let input: Vec<u64> = (0..count * input_words).map(mix).collect();
    let mut output = vec![0; count * output_words];
    move || kernel.keyswitch(&input, &mut output)
}

/// A call that looks `count` ciphertexts up on the current rayon pool.
pub fn bootstrap(choice: Choice, trial: BootstrapTrial, count: usize) -> impl FnMut() + Send {
    let BootstrapTrial { from, to, outputs, .. } = trial;
    let kernel = bootstrap_kernel(choice, trial);
    let input: Vec<u64> = (0..count * (from.0 as usize + 1)).map(mix).collect();
    let mut output = vec![0; count * outputs * (to.lwe_dimension().0 as usize + 1)];
    let table: Vec<u64> = (0..2 * outputs).map(mix).collect();
    move || {
        let tables =
            LookupTables { words: &table, selector: None, width: Width(1), is_signed: false, outputs };
        kernel.bootstrap(&input, &mut output, tables);
    }
}

/// A call that does the transforms and products of [`bootstrap`] alone, with data in the nearest caches, on this thread: what is
/// left out is rounding and addition, all that is done before and after the steps, and waiting for the key.
pub fn arithmetic(choice: Choice, trial: BootstrapTrial, count: usize) -> impl FnMut() + Send {
    let kernel = bootstrap_kernel(choice, trial);
    move || kernel.arithmetic(count)
}

fn bootstrap_kernel(choice: Choice, trial: BootstrapTrial) -> BootstrapKernel {
    let BootstrapTrial { from, to, decomposition, grouping, extension, .. } = trial;
    let columns = to.dimension.0 as usize + 1;
    let rows = columns * decomposition.level as usize;
    let ciphertexts = (from.0 / grouping.factor() * grouping.ciphertexts()) as usize;
    let count_of_words = ciphertexts * rows * columns * to.polynomial_size.0 as usize;
    let words = (0..count_of_words).map(mix).collect();
    let shape = BootstrapKeyShape { from, to, decomposition, grouping, extension };
    let key = &BootstrapKeyWords { shape, words };
    match choice {
        Choice::Fastest => BootstrapKernel::new(key),
        Choice::WithoutAvx512 => BootstrapKernel::without_avx512(key),
        Choice::Portable => BootstrapKernel::portable(key),
    }
}

/// A word without pattern from a position.
fn mix(position: usize) -> u64 {
    let word = (position as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}
