//! Files that nobody wrote: parts of models put together anew, with bytes and lengths changed. What is made of a seed is
//! always the same.

use cloakwork_frontend::onnx::{ImportOptions, import};
use ndarray::ArrayD;

/// Imports, and takes the model to its end if it is one: says whether it is.
pub(crate) fn digest(bytes: &[u8]) -> bool {
    let Ok(model) = import(bytes, &ImportOptions::default()) else { return false };
    let elements: usize = model.nodes.iter().map(|node| node.shape.iter().product::<usize>()).sum();
    assert!(elements <= (1 << 24) + 16 * bytes.len(), "{elements} elements of {} bytes", bytes.len());
    let inputs: Vec<ArrayD<f64>> =
        model.inputs.iter().map(|input| ArrayD::from_elem(input.shape.clone(), 0.5)).collect();
    if elements < 1 << 12 {
        let _ = model.predict(&inputs).expect("inputs of its shapes");
        let folded = model.folded();
        let _ = folded.map(|folded| folded.split());
    }
    true
}

/// The file of a seed.
pub(crate) fn mutated(files: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut file = files[numbers.below(files.len())].clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(file.len() + 1);
        match numbers.below(7) {
            0 => insert(&mut file, at, &[numbers.next() as u8]),
            1 => {
                let end = (at + numbers.below(8)).min(file.len());
                file.drain(at..end);
            }
            // A part of another file, or of this one.
            2 => {
                let other = &files[numbers.below(files.len())];
                let from = numbers.below(other.len() + 1);
                let to = (from + numbers.below(64)).min(other.len());
                insert(&mut file, at, &other[from..to]);
            }
            3 => {
                let end = (at + numbers.below(64)).min(file.len());
                let part = file[at..end].to_vec();
                insert(&mut file, at, &part);
            }
            // A number as long as it may be, or a great one.
            4 => insert(&mut file, at, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            kind => {
                if let Some(byte) = file.get_mut(at) {
                    *byte = match kind {
                        5 => *byte ^ 1 << numbers.below(8),
                        _ => byte.wrapping_add(if numbers.below(2) == 0 { 1 } else { 255 }),
                    };
                }
            }
        }
    }
    file
}

fn insert(file: &mut Vec<u8>, at: usize, part: &[u8]) {
    file.splice(at..at, part.iter().copied());
}

/// Numbers of a seed. [Steele, Lea, Flood: SplitMix]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}
