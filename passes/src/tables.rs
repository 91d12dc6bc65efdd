//! Tables of lookups: which entries an input reaches, other lengths, lists without repetition.
//!
//! Entry `i` of a table of `2^w` entries belongs to the input `i`, or, where inputs may be negative, to `i`
//! read in two's complement. Entries of inputs that do not occur repeat the nearest one that does.

use crate::facts::{Range, join};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::fhe::Lookup;
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::BTreeMap;

/// A table of `2^width` entries for the inputs of `range`.
pub(crate) fn spread(range: Range, width: Width, entry: impl Fn(i64) -> i64) -> Vec<i64> {
    let (length, (lo, hi)) = (1i64 << width.0, range);
    let input = |index: i64| if lo < 0 && index >= length / 2 { index - length } else { index };
    (0..length).map(|index| entry(input(index).clamp(lo, hi))).collect()
}

/// The same lookup with tables of `2^width` entries, which hold every input of `range`.
pub(crate) fn resize(lookup: &Lookup, range: Range, width: Width) -> Lookup {
    let old = lookup.length() as i64;
    let tables = lookup.tables.axis_iter(Axis(0)).flat_map(|table| {
        spread(range, width, |input| table[IxDyn(&[input.rem_euclid(old) as usize])]).into_iter()
    });
    let shape = IxDyn(&[lookup.tables.shape()[0], 1 << width.0]);
    let tables = ArrayD::from_shape_vec(shape, tables.collect()).expect("2^width entries for each table");
    Lookup { tables, selector: lookup.selector.clone() }
}

/// Least and greatest entry that inputs of `range` reach in any of the tables.
pub(crate) fn reachable(lookup: &Lookup, range: Range) -> Range {
    let each = (0..lookup.tables.shape()[0]).map(|table| reachable_in(lookup, table, range));
    each.reduce(join).expect("verified: a lookup has a table")
}

/// Least and greatest entry that inputs of `range` reach in one of the tables.
pub(crate) fn reachable_in(lookup: &Lookup, table: usize, (lo, hi): Range) -> Range {
    let row = lookup.tables.index_axis(Axis(0), table);
    let length = row.len() as i64;
    let last = hi.min(lo.saturating_add(length - 1));
    let entries = (lo..=last).map(|input| row[input.rem_euclid(length) as usize]);
    entries.fold((i64::MAX, i64::MIN), |range, entry| join(range, (entry, entry)))
}

/// A list of distinct tables of one length, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct TableList {
    tables: Vec<Vec<i64>>,
    places: BTreeMap<Vec<i64>, usize>,
}

impl TableList {
    /// The place of a table, which is added if it is new.
    pub(crate) fn place(&mut self, table: Vec<i64>) -> usize {
        *self.places.entry(table).or_insert_with_key(|table| {
            self.tables.push(table.clone());
            self.tables.len() - 1
        })
    }

    /// The places of the tables that a lookup of `count` elements uses, `outputs` for each element.
    pub(crate) fn join(&mut self, lookup: &Lookup, count: usize, outputs: usize) -> Vec<usize> {
        let places: Vec<usize> = lookup
            .tables
            .axis_iter(Axis(0))
            .map(|table| self.place(table.iter().copied().collect()))
            .collect();
        match &lookup.selector {
            Some(chosen) => chosen.iter().map(|&table| places[table as usize]).collect(),
            None => std::iter::repeat_n(&places[..outputs], count).flatten().copied().collect(),
        }
    }

    /// A lookup that uses for each element of `shape` the table at its place; there is at least one table.
    pub(crate) fn lookup(self, shape: &[usize], places: &[usize]) -> Lookup {
        let is_choice = self.tables.len() > 1;
        self.chosen(shape, is_choice.then_some(places))
    }

    /// A lookup that uses for each element of `shape` the `outputs` tables at its places, several of them.
    pub(crate) fn lookup_several(self, shape: &[usize], outputs: usize, places: &[usize]) -> Lookup {
        // Without a choice, table `r` makes result `r`.
        let is_plain = self.tables.len() == outputs
            && places.chunks(outputs).all(|chosen| chosen.iter().copied().eq(0..outputs));
        let shape: Vec<usize> = shape.iter().copied().chain([outputs]).collect();
        self.chosen(&shape, if is_plain { None } else { Some(places) })
    }

    fn chosen(self, shape: &[usize], places: Option<&[usize]>) -> Lookup {
        let dims = IxDyn(&[self.tables.len(), self.tables[0].len()]);
        let selector = places.map(|places| {
            let places = places.iter().map(|&place| place as i64).collect();
            ArrayD::from_shape_vec(IxDyn(shape), places).expect("one place for each element")
        });
        let entries = self.tables.into_iter().flatten().collect();
        Lookup { tables: ArrayD::from_shape_vec(dims, entries).expect("tables of one length"), selector }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_that_do_not_occur_repeat_the_nearest() {
        assert_eq!(spread((1, 2), Width(2), |input| input * 10), [10, 10, 20, 20]);
        assert_eq!(spread((-1, 2), Width(3), |input| input), [0, 1, 2, 2, -1, -1, -1, -1]);
    }

    #[test]
    fn resized_tables_hold_the_same_entries() {
        let lookup = Lookup {
            tables: ArrayD::from_shape_vec(IxDyn(&[1, 4]), vec![5, 6, 7, 8]).unwrap(),
            selector: None,
        };
        let wider = resize(&lookup, (-2, 1), Width(3));
        assert_eq!((-2..=1).map(|v| wider.entry(0, v)).collect::<Vec<_>>(), [7, 8, 5, 6]);
        assert_eq!(resize(&wider, (-2, 1), Width(2)), lookup);
        assert_eq!(reachable(&lookup, (-2, -1)), (7, 8));
        assert_eq!(reachable(&lookup, (1, 2)), (6, 7));
        assert_eq!(reachable(&lookup, (0, 3)), (5, 8));
    }
}
