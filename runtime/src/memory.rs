//! What a run takes of memory, known before it starts, and whether the machine has as much.

use crate::keys::ExpandedKeys;
use crate::value::words_of;
use cloakwork_abi::batches::{KEYSWITCH_BATCH, bootstrap_batch};
use cloakwork_abi::spec::{
    BootstrapKeySpec, EncodingSpec, Keyset, KeyswitchKeySpec, ProgramSpec, SecretKeyShape, ValueSpec,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Less than this is not asked for before it is taken.
const SMALL: u64 = 64 << 20;

/// Bytes that a process needs which reads evaluation keys and runs a function once, beside what it had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMemory {
    /// Evaluation keys: seeded as they came, and expanded.
    pub keys: u64,
    /// Arguments as ciphertexts, and results.
    pub values: u64,
    /// Ciphertexts between operations, where those share memory that are not needed at the same time.
    pub workspace: u64,
    /// What a thread works in.
    pub of_thread: u64,
}

/// More memory is needed than there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} need {} MB of memory, {} MB are free; end other programs, take a machine with more, or compile the program to need less: `--report` says for what",
    .needed.div_ceil(1_000_000), .free / 1_000_000
)]
pub struct TooLittleMemory {
    /// What needs it.
    pub what: &'static str,
    /// Bytes.
    pub needed: u64,
    /// Bytes.
    pub free: u64,
}

impl RunMemory {
    /// Of a run of that function.
    pub fn of(spec: &ProgramSpec) -> Self {
        let keyset = &spec.keyset;
        let ciphertexts =
            |(key, &count): (usize, &u64)| 8 * count.saturating_mul(words_of(keyset, key) as u64);
        let values =
            |values: &[ValueSpec]| values.iter().map(|value| value_bytes(value, keyset)).sum::<u64>();
        let keyswitch = keyset.keyswitch_keys.iter().map(|key| keyswitch_scratch(key, keyset));
        let bootstrap = keyset.bootstrap_keys.iter().map(|key| bootstrap_scratch(key, keyset));
        Self {
            keys: keyset.evaluation_key_bytes() + ExpandedKeys::memory_bytes(keyset),
            values: values(&spec.inputs) + values(&spec.outputs),
            workspace: spec.workspace.iter().enumerate().map(ciphertexts).fold(0, u64::saturating_add),
            of_thread: keyswitch.chain(bootstrap).sum(),
        }
    }

    /// All of it, on so many threads.
    pub fn total(self, threads: usize) -> u64 {
        self.keys.saturating_add(self.without_keys(threads))
    }

    /// What a run takes when the keys are there.
    pub(crate) fn without_keys(self, threads: usize) -> u64 {
        let threads = self.of_thread.saturating_mul(threads as u64);
        self.values.saturating_add(self.workspace).saturating_add(threads)
    }
}

impl fmt::Display for RunMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |bytes: u64| bytes as f64 / 1e6;
        write!(
            f,
            "{:.1} MB at its peak on one thread: {:.1} keys, {:.1} arguments and results, {:.1} in between; {:.1} for each thread",
            mb(self.total(1)),
            mb(self.keys),
            mb(self.values),
            mb(self.workspace),
            mb(self.of_thread)
        )
    }
}

/// Refuses to begin what the machine, or the container, has no memory for.
pub(crate) fn check(what: &'static str, needed: u64) -> Result<(), TooLittleMemory> {
    if needed < SMALL {
        return Ok(());
    }
    match free() {
        Some(free) if free < needed => Err(TooLittleMemory { what, needed, free }),
        Some(_) | None => Ok(()),
    }
}

/// Bytes that can be had without ending anything; unknown where the system does not say.
fn free() -> Option<u64> {
    let kind = MemoryRefreshKind::nothing().with_ram().with_swap();
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(kind));
    let of_machine = system.available_memory().saturating_add(system.free_swap());
    // Pages of files count for a container, too, but are given up when memory is wanted.
    let of_container = system.cgroup_limits().map(|limits| limits.total_memory.saturating_sub(limits.rss));
    (of_machine > 0).then(|| of_container.map_or(of_machine, |free| free.min(of_machine)))
}

fn value_bytes(value: &ValueSpec, keyset: &Keyset) -> u64 {
    let words = match value.encoding {
        EncodingSpec::Clear => 1,
        EncodingSpec::Encrypted { key, .. } => words_of(keyset, key) as u64,
    };
    8 * words.saturating_mul(value.items() as u64)
}

/// The digits of a batch.
fn keyswitch_scratch(key: &KeyswitchKeySpec, keyset: &Keyset) -> u64 {
    let digits = keyset.secret_keys[key.from].shape.lwe_dimension().0 * u64::from(key.decomposition.level);
    digits * KEYSWITCH_BATCH * (1 + u64::from(key.decomposition.base_log) / 7)
}

/// The accumulators of a batch, and rows of one of them that are transformed.
fn bootstrap_scratch(key: &BootstrapKeySpec, keyset: &Keyset) -> u64 {
    let SecretKeyShape::Glwe(to) = keyset.secret_keys[key.to].shape else { return 0 };
    let polynomial = 8 * to.polynomial_size.0 * key.extension.0;
    let polynomials = to.dimension.0 + 1;
    let rows = polynomials * u64::from(key.decomposition.level);
    polynomial * (polynomials * bootstrap_batch(key.extension) + rows + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_refused() {
        let free = free().expect("this system says how much");
        assert!(free > 0);
        assert_eq!(check("tests", SMALL - 1), Ok(()));
        assert_eq!(check("tests", SMALL), Ok(()), "the tests need more themselves");
        let refused = check("tests", 1 << 60).unwrap_err();
        assert!(refused.to_string().starts_with("tests need 1152921504607 MB"), "{refused}");
    }
}
