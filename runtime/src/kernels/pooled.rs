//! Cuts a call into batches over the current rayon pool and keeps scratch memory between calls.

use super::{Bootstrap, Kernel, Keyswitch, LookupTables};
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSlice, ParallelSliceMut};
use std::sync::{Mutex, PoisonError};

/// A kernel with scratch memory of earlier batches.
pub(crate) struct Pooled<K: Kernel> {
    kernel: K,
    idle: Mutex<Vec<K::Scratch>>,
}

impl<K: Kernel> Pooled<K> {
    pub(crate) fn new(kernel: K) -> Self {
        Self { kernel, idle: Mutex::default() }
    }

    pub(crate) fn kernel(&self) -> &K {
        &self.kernel
    }

    fn with_scratch(&self, batch: impl FnOnce(&mut K::Scratch)) {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = idle.unwrap_or_else(|| self.kernel.scratch());
        batch(&mut scratch);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }

    /// Applies `batch(position of the first, inputs, outputs, scratch)` to all ciphertexts.
    fn batches(
        &self,
        input: &[u64],
        output: &mut [u64],
        batch: impl Fn(usize, &[u64], &mut [u64], &mut K::Scratch) + Sync,
    ) {
        let (input_words, output_words) = self.kernel.words();
        let count = input.len() / input_words;
        let size = batch_size(count, rayon::current_num_threads(), self.kernel.batch());
        let results = output.len() / output_words / count.max(1); // of an input
        let inputs = input.par_chunks(size * input_words);
        inputs
            .zip(output.par_chunks_mut(size * results.max(1) * output_words))
            .with_max_len(1)
            .enumerate()
            .for_each(|(i, (input, output))| {
                self.with_scratch(|scratch| batch(i * size, input, output, scratch));
            });
    }
}

impl<K: Keyswitch> Pooled<K> {
    /// Both slices hold the same number of ciphertexts.
    pub(crate) fn keyswitch(&self, input: &[u64], output: &mut [u64]) {
        self.batches(input, output, |_, input, output, scratch| {
            self.kernel.keyswitch(input, output, scratch)
        });
    }
}

impl<K: Bootstrap> Pooled<K> {
    /// `output` holds as many ciphertexts for each of `input` as `tables` have outputs.
    pub(crate) fn bootstrap(&self, input: &[u64], output: &mut [u64], tables: LookupTables<'_>) {
        self.batches(input, output, |first, input, output, scratch| {
            self.kernel.bootstrap(input, output, (first, tables), scratch);
        });
    }
}

/// Ciphertexts of a batch: at most `most`, and the batches a multiple of the threads where there are enough.
fn batch_size(count: usize, threads: usize, most: usize) -> usize {
    let batches = count.div_ceil(most).next_multiple_of(threads.max(1));
    count.div_ceil(batches.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_small_enough_and_keep_threads_busy() {
        for (count, threads, size) in
            [(1, 2, 1), (2, 2, 1), (3, 2, 2), (16, 2, 8), (33, 2, 9), (128, 2, 16), (128, 1, 16), (5, 8, 1)]
        {
            assert_eq!(batch_size(count, threads, 16), size, "{count} on {threads}");
        }
        assert_eq!(batch_size(0, 2, 16), 1);
    }
}
