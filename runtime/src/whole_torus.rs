//! Test: a bootstrap selects the entry that the simulator and [`entry_at`] say, for phases all around the torus.
//!
//! Ciphertexts without a mask make the phase exact, so the edges of boxes are met exactly.

use crate::kernels::{BootstrapKernel, BootstrapKeyShape, BootstrapKeyWords, Entry, LookupTables, entry_at};
use crate::simulator::box_of;
use cloakwork_abi::encoding::{bounds, delta, encode};
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize, Width,
};

const SIZE: usize = 256;
const SMALL: usize = 3;
/// Messages of the output are this wide.
const OUTPUT: Width = Width(10);

/// Each kernel that this processor has. A bootstrap key of zeros leaves the accumulator as the body has turned it.
fn kernels() -> [BootstrapKernel; 3] {
    let to = GlweShape { dimension: GlweDimension(1), polynomial_size: PolynomialSize(SIZE as u64) };
    let decomposition = Decomposition { base_log: 8, level: 2 };
    let shape = BootstrapKeyShape {
        from: LweDimension(SMALL as u64),
        to,
        decomposition,
        grouping: Grouping::One,
        extension: ExtensionFactor(1),
    };
    let key = &BootstrapKeyWords { shape, words: vec![0; SMALL * 2 * 2 * 2 * SIZE] };
    [BootstrapKernel::portable(key), BootstrapKernel::without_avx512(key), BootstrapKernel::new(key)]
}

fn bodies(phases: &[u64]) -> Vec<u64> {
    let ciphertext = |&phase: &u64| {
        let halves = [0, 0, 0, (phase >> 32) as u32];
        [
            u64::from(halves[0]) | u64::from(halves[1]) << 32,
            u64::from(halves[2]) | u64::from(halves[3]) << 32,
            0,
            0,
        ]
    };
    phases.iter().flat_map(ciphertext).collect()
}

/// Phases after looking `phases` up in the table of `entry ↦ entry + 1`.
fn look_up(kernel: &BootstrapKernel, phases: &[u64], width: Width, is_signed: bool) -> Vec<u64> {
    let table: Vec<u64> = (0..1i64 << width.0).map(|entry| encode(entry + 1, OUTPUT)).collect();
    let (_, words) = kernel.words();
    let mut output = vec![0; phases.len() * words];
    let tables = LookupTables { words: &table, selector: None, width, is_signed, outputs: 1 };
    kernel.bootstrap(&bodies(phases), &mut output, tables);
    output.chunks_exact(words).map(|ciphertext| ciphertext[words - 1]).collect()
}

#[test]
fn every_half_step_selects_what_the_simulator_selects() {
    let phases: Vec<u64> = (0..4 * SIZE as u64).map(|step| step << (62 - SIZE.ilog2())).collect();
    for width in (1..=5).map(Width) {
        for is_signed in [false, true] {
            let expected = phases.iter().map(|&phase| {
                let Entry { index, is_outside } = entry_at(box_of(phase, SIZE, width), width, is_signed);
                let word = encode(index as i64 + 1, OUTPUT);
                if is_outside { word.wrapping_neg() } else { word }
            });
            let expected: Vec<u64> = expected.collect();
            for kernel in &kernels() {
                let found = look_up(kernel, &phases, width, is_signed);
                assert_eq!(found, expected, "width {width}, signed {is_signed}");
            }
        }
    }
}

#[test]
fn every_message_reaches_its_entry_to_the_edges_of_its_box() {
    let kernels = kernels();
    for width in (1..=5).map(Width) {
        for is_signed in [false, true] {
            let (least, greatest) = bounds(width, is_signed);
            for message in least..=greatest {
                let centre = encode(message, width);
                let (lower, upper) = (delta(width) / 2, delta(width) / 2 - (1 << 32));
                let phases = [centre.wrapping_sub(lower), centre, centre.wrapping_add(upper)];
                let entry = encode(message.rem_euclid(1 << width.0) + 1, OUTPUT);
                for kernel in &kernels {
                    let found = look_up(kernel, &phases, width, is_signed);
                    assert_eq!(found, [entry; 3], "{message} of width {width}");
                }
            }
        }
    }
}
