//! Which table entry a phase selects, and the accumulator polynomial that makes a blind rotation select it.
//!
//! The accumulator has `A = e·N` coefficients; with `m` tables at once each has `P = A/2^v` of them,
//! `v = ⌈log2 m⌉`: coefficient `j·2^v + r` belongs to table `r`. A phase on the grid of `2P` steps, `p ∈ [0, 2P)`,
//! selects coefficient `p` of each table for `p < P`, and the negated coefficient `p − P` else. A message of width
//! `w` takes a box of `P/2^w` steps, centred at `message · P/2^w`; boxes are even integers, so [`greatest_width`]
//! says how wide a table may be. Messages outside of the table's half of the torus meet the negated entries.

use cloakwork_abi::parameters::Width;

/// The tables of one call.
#[derive(Clone, Copy)]
pub(crate) struct LookupTables<'a> {
    /// Tables of `2^width` words, as many as the selector names.
    pub(crate) words: &'a [u64],
    /// Table of each result, `selector[i·outputs + r]`; table `r` for result `r` of all ciphertexts if absent.
    pub(crate) selector: Option<&'a [u32]>,
    pub(crate) width: Width,
    pub(crate) is_signed: bool,
    /// Results of a ciphertext, `m ≥ 1`, that stand next to each other.
    pub(crate) outputs: usize,
}

/// Where a phase leads in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Position in the table.
    pub(crate) index: usize,
    /// Whether the phase lies outside of the messages' half of the torus, so that the entry comes negated.
    pub(crate) is_outside: bool,
}

/// The entry for box `position` of the `2^(w+1)` boxes on the torus, box 0 around the phase 0.
pub(crate) fn entry_at(position: usize, width: Width, is_signed: bool) -> Entry {
    let entries = 1usize << width.0;
    let offset = if is_signed { entries / 2 } else { 0 };
    let is_outside = (position + offset) & entries != 0;
    Entry { index: position & (entries - 1), is_outside }
}

/// Tables that an accumulator is divided among for that many results, a power of two: `2^v`.
pub(crate) fn interleaved(outputs: usize) -> usize {
    outputs.next_power_of_two()
}

/// The widest tables that an accumulator of `coefficients` holds for `outputs` results at once: boxes are even
/// integers. `None` if none fit.
pub(crate) fn greatest_width(coefficients: usize, outputs: usize) -> Option<Width> {
    let positions = coefficients / interleaved(outputs);
    let is_whole = positions * interleaved(outputs) == coefficients;
    (is_whole && positions > 0 && positions.is_multiple_of(2)).then(|| Width(positions.trailing_zeros() - 1))
}

impl LookupTables<'_> {
    /// The table of result `r` of ciphertext `i`.
    pub(crate) fn table(&self, i: usize, r: usize) -> &[u64] {
        let entries = 1 << self.width.0;
        let table = self.selector.map_or(r, |selector| selector[i * self.outputs + r] as usize);
        &self.words[table * entries..][..entries]
    }

    /// Fills the accumulator of ciphertext `i`; tables are at most [`greatest_width`] wide.
    pub(crate) fn fill(&self, i: usize, accumulator: &mut [u64]) {
        let step = interleaved(self.outputs);
        if self.outputs < step {
            accumulator.fill(0); // coefficients that no table has
        }
        let positions = accumulator.len() / step;
        let box_size = positions >> self.width.0;
        for r in 0..self.outputs {
            let table = self.table(i, r);
            // Half of box 0 lies in front, so the last half box belongs to box 2^w.
            for position in 0..=1 << self.width.0 {
                let Entry { index, is_outside } = entry_at(position, self.width, self.is_signed);
                let word = if is_outside { table[index].wrapping_neg() } else { table[index] };
                let start = (position * box_size).saturating_sub(box_size / 2);
                let end = (position * box_size + box_size / 2).min(positions);
                let coefficients = &mut accumulator[start * step..end * step];
                coefficients.iter_mut().skip(r).step_by(step).for_each(|coefficient| *coefficient = word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(words: &[u64], is_signed: bool, outputs: usize) -> Vec<i64> {
        let mut accumulator = vec![7; 16 * interleaved(outputs)];
        let tables = LookupTables { words, selector: None, width: Width(2), is_signed, outputs };
        tables.fill(0, &mut accumulator);
        accumulator.into_iter().map(|word| word as i64).collect()
    }

    #[test]
    fn boxes_are_centred() {
        assert_eq!(filled(&[1, 2, 3, 4], false, 1), [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, -1, -1]);
    }

    #[test]
    fn negative_messages_meet_negated_words() {
        // Entries for 0, 1, −2, −1.
        assert_eq!(
            filled(&[1, 2, 3, 4], true, 1),
            [1, 1, 2, 2, 2, 2, -3, -3, -3, -3, -4, -4, -4, -4, -1, -1]
        );
    }

    #[test]
    fn tables_stand_interleaved() {
        let words = [1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400];
        let found = filled(&words, true, 3);
        for (r, table) in words.chunks(4).enumerate() {
            let of_table: Vec<i64> = found[r..].iter().step_by(4).copied().collect();
            assert_eq!(of_table, filled(table, true, 1));
        }
        assert!(found[3..].iter().step_by(4).all(|&word| word == 0));
    }

    #[test]
    fn boxes_are_even_integers() {
        assert_eq!(greatest_width(1024, 1), Some(Width(9)));
        assert_eq!(greatest_width(3 * 1024, 1), Some(Width(9)));
        assert_eq!(greatest_width(6 * 1024, 3), Some(Width(8)));
        assert_eq!(greatest_width(5, 1), None);
        assert_eq!(greatest_width(4, 3), None);
    }

    #[test]
    fn half_of_the_torus_is_outside() {
        let unsigned: Vec<bool> = (0..8).map(|p| entry_at(p, Width(2), false).is_outside).collect();
        assert_eq!(unsigned, [false, false, false, false, true, true, true, true]);
        let signed: Vec<bool> = (0..8).map(|p| entry_at(p, Width(2), true).is_outside).collect();
        assert_eq!(signed, [false, false, true, true, true, true, false, false]);
    }
}
