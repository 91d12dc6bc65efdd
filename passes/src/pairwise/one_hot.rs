//! Wide tables by indicators of digits.
//!
//! The index is `high · 2^low + rest`. Every digit of it becomes one bit for each value that it may have, 1 at the one it
//! has. Products of these bits are 1 at the `rest`; their sum with a row of the table as weights is the bit that this row
//! has at the `rest`. A lookup of two or three bits lets pass that of the row whose digits are those of `high`, as a bit of
//! the result at its place. So a table of `w` bits with results of `d` bits takes about `2^low + d · 2^(w − low)` narrow
//! lookups instead of a wide one.

use crate::facts::{Range, join};
use crate::pairwise::site::{Site, Term};
use crate::pass::Failed;
use crate::tables::reachable;
use cloakwork_abi::encoding::width_of_range;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::fhe::Lookup;
use cloakwork_ir::linear::Linear;
use ndarray::{ArrayD, IxDyn};

/// Widest digit that becomes indicators.
const DIGIT: u32 = 4;

/// Bits of the results, counted from the least.
pub(crate) fn result_bits(lookup: &Lookup, range: Range) -> Width {
    let (least, most) = reachable(lookup, range);
    width_of_range(0, most.saturating_sub(least))
}

/// Every element of `x` looked up; rows have `2^low` entries.
pub(crate) fn one_hot<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    x: Term<'c, 'a>,
    lookup: &Lookup,
    low: u32,
) -> Result<Term<'c, 'a>, Failed> {
    let count: usize = site.shape.iter().product();
    let range = reachable(lookup, x.range);
    let flat = site.at(&[count]);
    let index = flat.plus(flat.moved(&Linear::Reshape, x), -x.range.0)?;
    let high = index.width().0 - low;
    let sizes: Vec<u32> = parts(low).into_iter().chain(parts(high)).collect();
    let digits = digits(&flat, index, &sizes).into_iter().map(|digit| Indicators::of(&flat, digit));
    let digits: Vec<Indicators<'c, 'a>> = digits.collect::<Result<_, _>>()?;
    let (low_digits, high_digits) = digits.split_at(parts(low).len());
    let rest = products(&flat, low_digits)?;
    let selector = |element: usize| {
        lookup.selector.as_ref().map_or(0, |chosen| chosen.as_slice().map_or(0, |c| c[element]))
    };
    let mut results = vec![];
    let mut order = vec![];
    for table in 0..lookup.tables.shape()[0] {
        let elements: Vec<usize> = (0..count).filter(|&i| selector(i) == table as i64).collect();
        if elements.is_empty() {
            continue;
        }
        let rows = Rows::of(lookup, table, (x.range, range), low);
        results.push(rows.selected(&flat, &elements, &rest, high_digits)?);
        order.extend(elements);
    }
    let joined = match results.as_slice() {
        [one] => *one,
        all => {
            let values: Vec<_> = all.iter().map(|term| term.value).collect();
            let hull = all.iter().map(|term| term.range).reduce(join).unwrap_or_default();
            let joined = flat.linear(&Linear::Concat { axis: 0 }, &values, hull);
            let mut indices = vec![0; count];
            order.iter().enumerate().for_each(|(place, &element)| indices[element] = place);
            flat.moved(&Linear::Gather { indices }, joined)
        }
    };
    let result = flat.plus(joined, range.0)?;
    Ok(site.within(site.moved(&Linear::Reshape, result), range))
}

/// Bits in parts as equal as they can be, none above [`DIGIT`].
fn parts(bits: u32) -> Vec<u32> {
    let count = bits.div_ceil(DIGIT);
    (0..count).map(|i| (bits + i) / count).collect()
}

/// Groups of bits from the lowest, of these sizes.
fn digits<'c: 'a, 'a>(site: &Site<'c, 'a>, x: Term<'c, 'a>, sizes: &[u32]) -> Vec<Term<'c, 'a>> {
    let mut rest = x;
    let mut digits = vec![];
    for &size in sizes {
        digits.push(site.low_bits(rest, size));
        rest = site.truncated(rest, size);
    }
    digits
}

/// For each element of a vector one bit for each value that it may have: a matrix.
struct Indicators<'c, 'a> {
    bits: Term<'c, 'a>,
    count: usize,
}

impl<'c: 'a, 'a> Indicators<'c, 'a> {
    /// Of a digit, whose range begins at 0.
    fn of(site: &Site<'c, 'a>, digit: Term<'c, 'a>) -> Result<Self, Failed> {
        let (elements, count) = (site.shape[0], digit.range.1 as usize + 1);
        let column = site.at(&[elements, 1]);
        let bit = |value: i64| {
            let bit = site.lookup(digit, |v| i64::from(v == value))?;
            Ok(column.moved(&Linear::Reshape, bit).value)
        };
        let columns: Vec<_> = (0..count as i64).map(bit).collect::<Result<_, Failed>>()?;
        let bits = match columns.as_slice() {
            [only] => Term { value: *only, range: (1, 1) },
            all => site.at(&[elements, count]).linear(&Linear::Concat { axis: 1 }, all, (0, 1)),
        };
        Ok(Self { bits, count })
    }

    /// The bits of one value for each pair of an element and a column.
    fn at_columns(&self, site: &Site<'c, 'a>, elements: &[usize], values: &[usize]) -> Term<'c, 'a> {
        let place = |&element: &usize| values.iter().map(move |value| element * self.count + value);
        let indices = elements.iter().flat_map(place).collect();
        site.at(&[elements.len(), values.len()]).moved(&Linear::Gather { indices }, self.bits)
    }
}

/// One bit for each combination of values of several digits, the first running fastest.
fn products<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    digits: &[Indicators<'c, 'a>],
) -> Result<Indicators<'c, 'a>, Failed> {
    let elements: Vec<usize> = (0..site.shape[0]).collect();
    let counts: Vec<usize> = digits.iter().map(|digit| digit.count).collect();
    let count = counts.iter().product();
    let all = site.at(&[elements.len(), count]);
    let at = |position: usize| -> Vec<usize> { (0..count).map(|i| digit_of(i, &counts, position)).collect() };
    let terms = digits.iter().enumerate().map(|(i, digit)| digit.at_columns(site, &elements, &at(i)));
    let sum = all.sum(terms)?;
    let ones = digits.len() as i64;
    let bits = if ones == 1 { sum } else { all.lookup(sum, |sum| i64::from(sum == ones))? };
    Ok(Indicators { bits, count })
}

/// The digit at a position of an index in mixed radix, the first running fastest.
fn digit_of(index: usize, counts: &[usize], position: usize) -> usize {
    index / counts[..position].iter().product::<usize>() % counts[position]
}

/// The bits of a table in rows of `2^low` entries, without those rows that are 0.
struct Rows {
    bits: Vec<Row>,
    /// Result bits.
    width: u32,
    most: i64,
}

struct Row {
    high: usize,
    bit: u32,
    /// The bit of each entry, less `offset`.
    weights: Vec<i64>,
    /// 1 where more than half of the bits are.
    offset: i64,
}

impl Rows {
    /// Entries are taken less the least of `results`.
    fn of(lookup: &Lookup, table: usize, (inputs, results): (Range, Range), low: u32) -> Self {
        let length = lookup.length() as i64;
        let size = inputs.1 - inputs.0 + 1;
        let entry = |index: i64| {
            let entry = lookup.tables[[table, (inputs.0 + index).rem_euclid(length) as usize]];
            (index < size).then_some(entry - results.0)
        };
        let width = width_of_range(0, results.1 - results.0).0;
        let highs = ((size - 1) >> low) + 1;
        let row = |high: i64, bit: u32| -> Option<Row> {
            let rest = 0..1i64 << low;
            let bits: Vec<i64> =
                rest.map(|rest| entry((high << low) + rest).map_or(0, |entry| entry >> bit & 1)).collect();
            let ones: i64 = bits.iter().sum();
            let offset = i64::from(2 * ones > bits.len() as i64);
            let weights = bits.into_iter().map(|bit| bit - offset).collect();
            (ones > 0).then_some(Row { high: high as usize, bit, weights, offset })
        };
        let bits = (0..highs).flat_map(|high| (0..width).filter_map(move |bit| row(high, bit))).collect();
        Self { bits, width, most: results.1 - results.0 }
    }

    /// What the table has for these elements.
    fn selected<'c: 'a, 'a>(
        &self,
        site: &Site<'c, 'a>,
        elements: &[usize],
        rest: &Indicators<'c, 'a>,
        high: &[Indicators<'c, 'a>],
    ) -> Result<Term<'c, 'a>, Failed> {
        let vector = site.at(&[elements.len()]);
        if self.bits.is_empty() {
            return Ok(vector.constant(0));
        }
        let matrix = site.at(&[elements.len(), self.bits.len()]);
        let all: Vec<usize> = (0..rest.count).collect();
        let rest = rest.at_columns(site, elements, &all);
        let weights =
            ArrayD::from_shape_fn(IxDyn(&[all.len(), self.bits.len()]), |at| self.bits[at[1]].weights[at[0]]);
        let weights = site.builder.clear(&weights);
        let bits = matrix.linear(&Linear::Matmul, &[rest.value, weights], (-1, 1));
        let offsets = ArrayD::from_shape_fn(IxDyn(&matrix.shape), |at| self.bits[at[1]].offset);
        let offsets = site.builder.clear(&offsets);
        let bits = matrix.linear(&Linear::AddClear, &[bits.value, offsets], (0, 1));
        let counts: Vec<usize> = high.iter().map(|digit| digit.count).collect();
        let terms = high.iter().enumerate().map(|(i, digit)| {
            let values: Vec<usize> = self.bits.iter().map(|row| digit_of(row.high, &counts, i)).collect();
            digit.at_columns(site, elements, &values)
        });
        let sum = matrix.sum(terms.chain([bits]))?;
        let ones = high.len() as i64 + 1;
        let functions: Vec<_> =
            (0..self.width).map(|bit| move |sum: i64| i64::from(sum == ones) << bit).collect();
        let functions: Vec<&dyn Fn(i64) -> i64> =
            functions.iter().map(|f| f as &dyn Fn(i64) -> i64).collect();
        let selector: Vec<usize> =
            elements.iter().flat_map(|_| self.bits.iter().map(|row| row.bit as usize)).collect();
        let passed = matrix.lookup_each(sum, &functions, Some(&selector))?;
        Ok(vector.linear(&Linear::Sum { axes: vec![1] }, &[passed.value], (0, self.most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_alike_and_make_the_whole() {
        assert_eq!(parts(8), [4, 4]);
        assert_eq!(parts(9), [3, 3, 3]);
        assert_eq!(parts(10), [3, 3, 4]);
        assert_eq!(parts(3), [3]);
    }
}
