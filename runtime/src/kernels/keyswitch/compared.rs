//! Test: every keyswitch that this processor can run has the bits of `tfhe`'s, on keys and ciphertexts of many shapes.

use super::{KeyswitchKernel, KeyswitchKeyWords, ReferenceKeyswitch, Target};
use crate::kernels::bootstrap::numbers;
use crate::kernels::{Keyswitch, small};
use cloakwork_abi::parameters::{Decomposition, LweDimension};

#[test]
fn keyswitches_have_the_same_bits() {
    let shapes = [(1, 1), (3, 20), (50, 13), (64, 15), (65, 16), (130, 47), (512, 33), (1024, 31)];
    let digits = [
        (1, 1),
        (1, 32),
        (2, 8),
        (3, 5),
        (4, 3),
        (5, 6),
        (6, 2),
        (7, 4),
        (8, 4),
        (8, 1),
        (9, 3),
        (15, 2),
        (16, 2),
        (17, 1),
        (23, 1),
        (24, 1),
        (30, 1),
        (31, 1),
    ];
    for (case, (from, to)) in shapes.into_iter().enumerate() {
        for (base_log, level) in digits {
            for count in [1, 2, 5, 6, 7, 13, 73] {
                if count == 73 && from > 100 && level > 8 {
                    continue; // only slow
                }
                same_keyswitch((from, to), Decomposition { base_log, level }, count, case as u64);
            }
        }
    }
}

fn same_keyswitch((from, to): (usize, usize), decomposition: Decomposition, count: usize, seed: u64) {
    let key = |target| KeyswitchKeyWords {
        from: LweDimension(from as u64),
        to: LweDimension(to as u64),
        target,
        decomposition,
        words: numbers(seed)
            .map(|number| number as u32)
            .take(from * decomposition.level as usize * (to + 1))
            .collect(),
    };
    let mut input: Vec<u64> = numbers(seed + 100).take(count * (from + 1)).collect();
    // Edges of digits and of the rounding.
    let edges =
        [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 62, 3 << 61, 1 << 31, 1 << 32, !0 << 31, !0 << 32];
    for (word, edge) in input.iter_mut().step_by(3).zip(edges.iter().cycle().take(2 * from)) {
        *word = *edge;
    }
    let mut expected = vec![0; count * (to + 1)];
    ReferenceKeyswitch::new(key(Target::Small)).keyswitch(&input, &mut expected, &mut ());
    let expected: Vec<u32> = expected.chunks_exact(to + 1).flat_map(small).copied().collect();
    let choices =
        [KeyswitchKernel::new, KeyswitchKernel::without_avx512, KeyswitchKernel::portable].into_iter();
    for (choice, kernel) in choices.enumerate() {
        for target in [Target::Small, Target::Large] {
            let mut output = vec![u64::MAX; count * (to + 1)];
            kernel(key(target)).keyswitch(&input, &mut output);
            let is_same = match target {
                Target::Small => output.chunks_exact(to + 1).flat_map(small).eq(&expected),
                Target::Large => {
                    output.iter().copied().eq(expected.iter().map(|word| u64::from(*word) << 32))
                }
            };
            assert!(
                is_same,
                "choice {choice}, {target:?}, {from} to {to}, {decomposition:?}, {count} ciphertexts"
            );
        }
    }
}
