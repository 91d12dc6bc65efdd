//! Integers as digits, and what keeps digits small: carries.
//!
//! Digits may be of any size, also negative, as long as a table can hold them: a sum of digits is a sum of tensors, and
//! carries are taken only before something needs digits in `[0, 2^bits)`. All is modulo `2^(bits · count)`.

use crate::facts::{Range, fail, join};
use crate::pass::Failed;
use crate::wide::writer::{Ranged, Writer};
use cloakwork_abi::encoding::width_of_range;
use cloakwork_abi::radix::Radix;
use melior::ir::{OperationRef, Value};
use ndarray::{ArrayD, IxDyn};

/// Bits by which digits may grow before carries are taken.
const ROOM: u32 = 3;

/// Wide integers: digits along the last axis, lowest first.
#[derive(Clone, Debug)]
pub(super) struct Digits<'c, 'a> {
    pub(super) value: Value<'c, 'a>,
    /// Of the wide integers.
    pub(super) shape: Vec<usize>,
    /// Of the digits at each position.
    pub(super) ranges: Vec<Range>,
}

/// Where operations on digits are written: instead of an operation of the program.
#[derive(Clone)]
pub(super) struct Site<'c, 'a> {
    pub(super) writer: Writer<'c, 'a>,
    pub(super) op: OperationRef<'c, 'a>,
    pub(super) radix: Radix,
}

impl<'c: 'a, 'a> Digits<'c, 'a> {
    /// The digits as a tensor.
    pub(super) fn tensor(&self) -> Ranged<'c, 'a> {
        let shape = [self.shape.as_slice(), &[self.ranges.len()]].concat();
        let range = self.ranges.iter().copied().reduce(join).unwrap_or((0, 0));
        Ranged { value: self.value, shape, range }
    }
}

impl<'c: 'a, 'a> Site<'c, 'a> {
    /// Number of digits.
    pub(super) fn count(&self) -> usize {
        self.radix.count as usize
    }

    /// The greatest digit, `2^bits − 1`.
    pub(super) fn most(&self) -> i64 {
        (1 << self.radix.bits) - 1
    }

    /// Digits of a tensor whose last axis they are, with one range for all.
    pub(super) fn digits(&self, tensor: &Ranged<'c, 'a>) -> Digits<'c, 'a> {
        let (count, shape) = tensor.shape.split_last().expect("the last axis holds digits");
        Digits { value: tensor.value, shape: shape.to_vec(), ranges: vec![tensor.range; *count] }
    }

    /// The digits at position `i`, an axis of size 1.
    pub(super) fn digit(&self, x: &Digits<'c, 'a>, i: usize) -> Ranged<'c, 'a> {
        let sliced = self.writer.slice(&x.tensor(), i, 1);
        if sliced.value == x.value {
            return sliced;
        }
        self.writer.known(&sliced, x.ranges[i])
    }

    /// Digits from a part for each position.
    pub(super) fn joined(&self, parts: &[Ranged<'c, 'a>]) -> Digits<'c, 'a> {
        let tensor = self.writer.concat(parts);
        let ranges = parts.iter().flat_map(|part| {
            let size = *part.shape.last().expect("the last axis holds digits");
            std::iter::repeat_n(part.range, size)
        });
        Digits { ranges: ranges.collect(), ..self.digits(&tensor) }
    }

    /// Digits that are known when compiling.
    pub(super) fn constant(&self, values: &ArrayD<i128>) -> Digits<'c, 'a> {
        self.digits(&self.writer.constant(&self.clear_digits(values)))
    }

    /// The digits of clear integers along a new last axis.
    pub(super) fn clear_digits(&self, values: &ArrayD<i128>) -> ArrayD<i64> {
        let shape: Vec<usize> = values.shape().iter().copied().chain([self.count()]).collect();
        let digits = values.iter().flat_map(|&value| self.radix.digits(value)).collect();
        ArrayD::from_shape_vec(IxDyn(&shape), digits).expect("digits of each value")
    }

    /// The digits of the same integers, which are of another radix. More digits need carries, and a table where integers may be
    /// negative.
    pub(super) fn fitted(&self, x: &Digits<'c, 'a>, from: Radix) -> Result<Digits<'c, 'a>, Failed> {
        let (own, count) = (x.ranges.len(), self.count());
        if own == count {
            return Ok(x.clone());
        }
        if own > count {
            let tensor = self.writer.slice(&x.tensor(), 0, count);
            return Ok(Digits { ranges: x.ranges[..count].to_vec(), ..self.digits(&tensor) });
        }
        let before = Self { radix: from, ..self.clone() };
        let x = before.carried(x)?;
        let most = self.most();
        let above = match from.is_signed {
            true => {
                let top = before.digit(&x, own - 1);
                let fill = self.writer.lookup(&top, |digit| if digit > most / 2 { most } else { 0 });
                self.writer.repeated(&self.writer.reshape(&fill, &x.shape), count - own)
            }
            false => self.zeros(&x.shape, count - own),
        };
        Ok(self.joined(&[x.tensor(), above]))
    }

    /// 1 where integers in two's complement are negative, else 0; an axis of size 1. Digits are in `[0, 2^bits)`.
    pub(super) fn is_negative(&self, x: &Digits<'c, 'a>) -> Ranged<'c, 'a> {
        let half = self.most() / 2;
        self.writer.lookup(&self.digit(x, self.count() - 1), |digit| i64::from(digit > half))
    }

    /// Zeros at `size` positions.
    pub(super) fn zeros(&self, shape: &[usize], size: usize) -> Ranged<'c, 'a> {
        self.writer.constant(&ArrayD::zeros(IxDyn(&[shape, &[size]].concat())))
    }

    /// The digits moved up by `by` positions; zeros below.
    pub(super) fn moved_up(&self, x: &Digits<'c, 'a>, by: usize) -> Digits<'c, 'a> {
        let count = self.count();
        match by {
            0 => x.clone(),
            by if by >= count => self.digits(&self.zeros(&x.shape, count)),
            by => {
                let kept = self.writer.slice(&x.tensor(), 0, count - by);
                let tensor = self.writer.concat(&[self.zeros(&x.shape, by), kept]);
                let ranges = [vec![(0, 0); by], x.ranges[..count - by].to_vec()].concat();
                Digits { ranges, ..self.digits(&tensor) }
            }
        }
    }

    /// The digits moved down by `by` positions below `fill`, which has one axis of size 1 more than the integers.
    pub(super) fn moved_down(&self, x: &Digits<'c, 'a>, by: usize, fill: &Ranged<'c, 'a>) -> Digits<'c, 'a> {
        let (count, by) = (self.count(), by.min(self.count()));
        if by == 0 {
            return x.clone();
        }
        let fills = std::iter::repeat_n(fill.clone(), by);
        let kept = (by < count).then(|| self.writer.slice(&x.tensor(), by, count - by));
        let tensor = self.writer.concat(&kept.into_iter().chain(fills).collect::<Vec<_>>());
        let ranges = [x.ranges[by..].to_vec(), vec![fill.range; by]].concat();
        Digits { ranges, ..self.digits(&tensor) }
    }

    /// `x + y`
    pub(super) fn add(&self, x: &Digits<'c, 'a>, y: &Digits<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        let add = |(x, y): (&Range, &Range)| (x.0 + y.0, x.1 + y.1);
        let (x, y) = self.with_room(x, y, |x, y| x.iter().zip(y).map(add).collect())?;
        let sum = self.writer.add(&x.tensor(), &y.tensor());
        let ranges = x.ranges.iter().zip(&y.ranges).map(add).collect();
        Ok(Digits { ranges, ..self.digits(&sum) })
    }

    /// `x − y`
    pub(super) fn sub(&self, x: &Digits<'c, 'a>, y: &Digits<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        let sub = |(x, y): (&Range, &Range)| (x.0 - y.1, x.1 - y.0);
        let (x, y) = self.with_room(x, y, |x, y| x.iter().zip(y).map(sub).collect())?;
        let difference = self.writer.sub(&x.tensor(), &y.tensor());
        let ranges = x.ranges.iter().zip(&y.ranges).map(sub).collect();
        Ok(Digits { ranges, ..self.digits(&difference) })
    }

    /// Carries are taken of the operands where the digits of the result would be too large.
    fn with_room(
        &self,
        x: &Digits<'c, 'a>,
        y: &Digits<'c, 'a>,
        result: impl Fn(&[Range], &[Range]) -> Vec<Range>,
    ) -> Result<(Digits<'c, 'a>, Digits<'c, 'a>), Failed> {
        let fits = |ranges: &[Range]| ranges.iter().all(|&range| self.has_room(range));
        if fits(&result(&x.ranges, &y.ranges)) {
            return Ok((x.clone(), y.clone()));
        }
        Ok((self.compressed(x)?, self.compressed(y)?))
    }

    /// Whether digits of that range need no carry yet.
    pub(super) fn has_room(&self, (lo, hi): Range) -> bool {
        width_of_range(lo, hi).0 <= self.radix.bits + ROOM
    }

    /// Digits in `[0, 2^bits)`: carries run from the lowest digit to the highest, two tables of one input each.
    pub(super) fn carried(&self, x: &Digits<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        if x.ranges.iter().all(|&range| self.is_digit(range)) {
            return Ok(x.clone());
        }
        let mut carry: Option<Ranged<'c, 'a>> = None;
        let mut parts = vec![];
        for i in 0..self.count() {
            let digit = self.digit(x, i);
            let total = match &carry {
                Some(carry) => self.writer.add(&digit, carry),
                None => digit,
            };
            if self.is_digit(total.range) {
                (carry, _) = (None, parts.push(total));
                continue;
            }
            self.check_table(total.range)?;
            let (bits, most) = (self.radix.bits, self.most());
            parts.push(self.writer.lookup(&total, |value| value & most));
            let is_last = i + 1 == self.count();
            carry = (!is_last).then(|| self.writer.lookup(&total, |value| value >> bits));
        }
        Ok(self.joined(&parts))
    }

    /// Smaller digits: each keeps its lowest bits, the others are added to the next digit. One step for all.
    pub(super) fn compressed(&self, x: &Digits<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        if x.ranges.iter().all(|&range| self.is_digit(range)) {
            return Ok(x.clone());
        }
        let tensor = x.tensor();
        self.check_table(tensor.range)?;
        let (bits, most) = (self.radix.bits, self.most());
        let low = self.digits(&self.writer.lookup(&tensor, |value| value & most));
        let carries = self.digits(&self.writer.lookup(&tensor, |value| value >> bits));
        let carries =
            Digits { ranges: x.ranges.iter().map(|&(lo, hi)| (lo >> bits, hi >> bits)).collect(), ..carries };
        let moved = self.moved_up(&carries, 1);
        let sum = self.writer.add(&low.tensor(), &moved.tensor());
        let ranges = low.ranges.iter().zip(&moved.ranges).map(|(x, y)| (x.0 + y.0, x.1 + y.1)).collect();
        Ok(Digits { ranges, ..self.digits(&sum) })
    }

    fn is_digit(&self, (lo, hi): Range) -> bool {
        lo >= 0 && hi <= self.most()
    }

    /// A table holds that many values.
    pub(super) fn check_table(&self, (lo, hi): Range) -> Result<(), Failed> {
        let width = width_of_range(lo, hi);
        if width <= cloakwork_abi::encoding::MAX_LOOKUP_WIDTH {
            return Ok(());
        }
        Err(fail(
            self.op,
            &format!(
                "sums of digits of this operation take the values {lo} to {hi}, which needs {width} bits, but a table takes \
                 at most {}; use smaller weights, or add in several steps",
                cloakwork_abi::encoding::MAX_LOOKUP_WIDTH
            ),
        ))
    }
}
