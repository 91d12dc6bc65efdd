//! Kernels on keys of numbers without meaning, to measure what operations cost: no kernel looks at the numbers.
//!
//! The optimizer's cost table comes from here, so that it describes the kernels that really run; benches compare the
//! choices. Nothing here computes anything useful.

use crate::kernels::{BootstrapKernel, BootstrapKeyWords, KeyswitchKernel, KeyswitchKeyWords, LookupTables, Target};
use cloakwork_abi::parameters::{Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension, Width};

/// Which kernels to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Those that run programs on this processor.
    Fastest,
    /// Those for every processor.
    Portable,
}

/// A call that keyswitches `count` ciphertexts on the current rayon pool.
pub fn keyswitch(
    choice: Choice,
    (from, to): (LweDimension, LweDimension),
    decomposition: Decomposition,
    count: usize,
) -> impl FnMut() + Send {
    let (input_words, output_words) = (from.0 as usize + 1, to.0 as usize + 1);
    let count_of_words = from.0 as usize * decomposition.level as usize * output_words;
    let words = (0..count_of_words).map(|i| mix(i) as u32).collect();
    let key = KeyswitchKeyWords { from, to, target: Target::Small, decomposition, words };
    let kernel = match choice {
        Choice::Fastest => KeyswitchKernel::new(key),
        Choice::Portable => KeyswitchKernel::portable(key),
    };
    let input: Vec<u64> = (0..count * input_words).map(mix).collect();
    let mut output = vec![0; count * output_words];
    move || kernel.keyswitch(&input, &mut output)
}

/// A call that looks `count` ciphertexts up on the current rayon pool.
pub fn bootstrap(
    choice: Choice,
    (from, to): (LweDimension, GlweShape),
    decomposition: Decomposition,
    count: usize,
) -> impl FnMut() + Send {
    let columns = to.dimension.0 as usize + 1;
    let rows = columns * decomposition.level as usize;
    let count_of_words = from.0 as usize * rows * columns * to.polynomial_size.0 as usize;
    let words = (0..count_of_words).map(mix).collect();
    let (grouping, extension) = (Grouping::One, ExtensionFactor(1));
    let key = BootstrapKeyWords { from, to, decomposition, grouping, extension, words };
    let kernel = match choice {
        Choice::Fastest => BootstrapKernel::new(key),
        Choice::Portable => BootstrapKernel::portable(key),
    };
    let input: Vec<u64> = (0..count * (from.0 as usize + 1)).map(mix).collect();
    let mut output = vec![0; count * (to.lwe_dimension().0 as usize + 1)];
    let table = [mix(1), mix(2)];
    move || {
        let tables =
            LookupTables { words: &table, selector: None, width: Width(1), is_signed: false, outputs: 1 };
        kernel.bootstrap(&input, &mut output, tables);
    }
}

/// A word without pattern from a position.
fn mix(position: usize) -> u64 {
    let word = (position as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}
