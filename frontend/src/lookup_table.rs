//! Tables to look encrypted values up in.

use crate::error::{Refusal, refuse};
use ndarray::{ArrayD, IxDyn};

/// One table for every element, or one for each element of a shape.
///
/// A table has `2^k` entries; the value `v` gives entry `v mod 2^k`, so negative values count from the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupTable {
    /// Shape `[T, 2^k]`.
    pub(crate) tables: ArrayD<i64>,
    /// Which table each element uses.
    pub(crate) selector: Option<ArrayD<i64>>,
}

impl LookupTable {
    /// One table, whose length is checked when it is used.
    pub fn new(entries: impl Into<Vec<i64>>) -> Self {
        let entries = entries.into();
        let shape = IxDyn(&[1, entries.len()]);
        let tables = ArrayD::from_shape_vec(shape, entries).expect("one row of all entries");
        Self { tables, selector: None }
    }

    /// The least table that holds `function` for every value of `range`; other entries are 0.
    pub fn from_fn(range: std::ops::RangeInclusive<i64>, function: impl Fn(i64) -> i64) -> Self {
        let width = cloakwork_abi::encoding::width_of_range(*range.start(), *range.end()).0;
        let mut entries = vec![0; 1 << width.min(24)];
        let length = entries.len() as i64;
        for value in range {
            entries[value.rem_euclid(length) as usize] = function(value);
        }
        Self::new(entries)
    }

    /// A table for each element: `selector` has the shape of the value looked up and numbers `tables`.
    pub fn for_each_element(tables: &[Vec<i64>], selector: ArrayD<i64>) -> Self {
        let length = tables.iter().map(Vec::len).max().unwrap_or(0);
        let is_even = tables.iter().all(|table| table.len() == length);
        let shape = if is_even { [tables.len(), length] } else { [tables.len(), 0] };
        let entries = if is_even { tables.concat() } else { vec![] };
        let tables = ArrayD::from_shape_vec(IxDyn(&shape), entries).expect("rows of one length");
        Self { tables, selector: Some(selector) }
    }

    /// The tables, one a row.
    pub fn tables(&self) -> &ArrayD<i64> {
        &self.tables
    }

    /// Which table each element uses; without it all use table 0.
    pub fn selector(&self) -> Option<&ArrayD<i64>> {
        self.selector.as_ref()
    }

    /// Checks lengths, and the selector against the shape of the value looked up.
    pub(crate) fn check(&self, shape: &[usize]) -> Result<(), Refusal> {
        let (count, length) = (self.tables.shape()[0], self.tables.shape()[1]);
        if count == 0 || length < 2 || !length.is_power_of_two() {
            let found = if length == 0 {
                "empty tables or tables of unequal length".to_owned()
            } else {
                format!("a table of {length} entries")
            };
            return refuse(
                "tlu",
                found,
                "a table has 2, 4, 8, … entries, every table the same number",
                format!("pad it to {} entries", length.max(2).next_power_of_two()),
            );
        }
        let Some(selector) = &self.selector else { return Ok(()) };
        if selector.shape() != shape {
            return refuse(
                "tlu",
                format!("tables for a value of shape {:?}", selector.shape()),
                format!("the value looked up has shape {shape:?}"),
                "give one table number for each element",
            );
        }
        match selector.iter().find(|&&table| table < 0 || table >= count as i64) {
            Some(table) => refuse(
                "tlu",
                format!("table number {table}"),
                format!("tables are numbered 0 to {}", count - 1),
                "correct the table numbers",
            ),
            None => Ok(()),
        }
    }
}
