//! Which table entry a phase selects, and the accumulator polynomial that makes a blind rotation select it.
//!
//! A phase on the grid of `2N` steps, `p ∈ [0, 2N)`, selects coefficient `p` of the accumulator for `p < N`, and the
//! negated coefficient `p − N` else. A message of width `w` takes a box of `N/2^w` steps, centred at
//! `message · N/2^w`. Messages outside of the table's half of the torus meet the negated entries.

use cloakwork_abi::parameters::Width;

/// The tables of one call.
#[derive(Clone, Copy)]
pub(crate) struct LookupTables<'a> {
    /// Tables of `2^width` words, as many as the selector names.
    pub(crate) words: &'a [u64],
    /// Table of each ciphertext; table 0 for all if absent.
    pub(crate) selector: Option<&'a [u32]>,
    pub(crate) width: Width,
    pub(crate) is_signed: bool,
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

impl LookupTables<'_> {
    /// The table of ciphertext `i`.
    pub(crate) fn table(&self, i: usize) -> &[u64] {
        let entries = 1 << self.width.0;
        let table = self.selector.map_or(0, |selector| selector[i] as usize);
        &self.words[table * entries..][..entries]
    }

    /// Fills the accumulator of ciphertext `i`; `2^(width + 1)` is at most its length.
    pub(crate) fn fill(&self, i: usize, accumulator: &mut [u64]) {
        let table = self.table(i);
        let box_size = accumulator.len() >> self.width.0;
        let word = |position: usize| {
            let Entry { index, is_outside } = entry_at(position, self.width, self.is_signed);
            if is_outside { table[index].wrapping_neg() } else { table[index] }
        };
        // Half of box 0 lies in front, so the last half box belongs to box 2^w.
        let (first, rest) = accumulator.split_at_mut(box_size / 2);
        first.fill(word(0));
        for (i, part) in rest.chunks_mut(box_size).enumerate() {
            part.fill(word(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(words: &[u64], is_signed: bool) -> Vec<i64> {
        let mut accumulator = [0; 16];
        LookupTables { words, selector: None, width: Width(2), is_signed }.fill(0, &mut accumulator);
        accumulator.map(|word| word as i64).to_vec()
    }

    #[test]
    fn boxes_are_centred() {
        assert_eq!(filled(&[1, 2, 3, 4], false), [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, -1, -1]);
    }

    #[test]
    fn negative_messages_meet_negated_words() {
        // Entries for 0, 1, −2, −1.
        assert_eq!(filled(&[1, 2, 3, 4], true), [1, 1, 2, 2, 2, 2, -3, -3, -3, -3, -4, -4, -4, -4, -1, -1]);
    }

    #[test]
    fn half_of_the_torus_is_outside() {
        let unsigned: Vec<bool> = (0..8).map(|p| entry_at(p, Width(2), false).is_outside).collect();
        assert_eq!(unsigned, [false, false, false, false, true, true, true, true]);
        let signed: Vec<bool> = (0..8).map(|p| entry_at(p, Width(2), true).is_outside).collect();
        assert_eq!(signed, [false, false, true, true, true, true, false, false]);
    }
}
