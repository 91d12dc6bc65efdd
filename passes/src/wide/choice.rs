//! Comparisons, choices, bitwise functions and shifts of wide integers.

use crate::facts::{self, Range};
use crate::pass::Failed;
use crate::wide::digits::{Digits, Site};
use crate::wide::writer::{Packed, Ranged};
use cloakwork_abi::encoding::width_of_range;
use ndarray::ArrayD;

impl<'c: 'a, 'a> Site<'c, 'a> {
    /// `holds(sign of x − y)` as 0 or 1: signs of the differences of digits, then those of sums in which each outweighs all
    /// below it, until one is left.
    pub(super) fn compared(
        &self,
        x: &Digits<'c, 'a>,
        y: &Digits<'c, 'a>,
        holds: impl Fn(i64) -> bool,
    ) -> Result<Ranged<'c, 'a>, Failed> {
        let (x, y) = (self.ordered(x)?, self.ordered(y)?);
        let difference = self.writer.sub(&x, &y);
        let mut signs = self.writer.lookup(&difference, i64::signum);
        let group = self.radix.bits as usize + 1;
        while signs.shape.last().is_some_and(|&count| count > group) {
            let count = *signs.shape.last().expect("the last axis holds signs");
            let sums =
                (0..count).step_by(group).map(|from| self.weighed(&signs, from, group.min(count - from)));
            let sums: Vec<Ranged<'c, 'a>> = sums.collect();
            signs = self.writer.lookup(&self.writer.concat(&sums), i64::signum);
        }
        let count = *signs.shape.last().expect("the last axis holds signs");
        let sum = self.weighed(&signs, 0, count);
        let sum = self.writer.reshape(&sum, &x.shape[..x.shape.len() - 1]);
        Ok(self.writer.lookup(&sum, |sum| i64::from(holds(sum.signum()))))
    }

    /// `Σ sᵢ · 2^i` over `size` positions of the last axis, which keeps size 1.
    fn weighed(&self, signs: &Ranged<'c, 'a>, from: usize, size: usize) -> Ranged<'c, 'a> {
        let weights: Vec<i64> = (0..size).map(|i| 1 << i).collect();
        let sum = self.writer.weighted_sum(&self.writer.slice(signs, from, size), &weights);
        self.writer.reshape(&sum, &[sum.shape.as_slice(), &[1]].concat())
    }

    /// Digits that order integers as a dictionary orders words, the highest last.
    fn ordered(&self, x: &Digits<'c, 'a>) -> Result<Ranged<'c, 'a>, Failed> {
        let x = self.carried(x)?;
        if !self.radix.is_signed {
            return Ok(x.tensor());
        }
        let last = self.count() - 1;
        let top = self.writer.lookup(&self.digit(&x, last), |digit| self.signed(digit));
        let below = (last > 0).then(|| self.writer.slice(&x.tensor(), 0, last));
        Ok(self.writer.concat(&below.into_iter().chain([top]).collect::<Vec<_>>()))
    }

    /// The highest digit of a value in two's complement as a signed number.
    fn signed(&self, digit: i64) -> i64 {
        if digit > self.most() / 2 { digit - self.most() - 1 } else { digit }
    }

    /// `x` where `choice` is 1, else `y`.
    pub(super) fn chosen(
        &self,
        choice: &Ranged<'c, 'a>,
        x: &Digits<'c, 'a>,
        y: &Digits<'c, 'a>,
    ) -> Result<Digits<'c, 'a>, Failed> {
        let (x, y) = (self.carried(x)?, self.carried(y)?);
        let difference = self.writer.sub(&x.tensor(), &y.tensor());
        let choice = self.writer.known(&self.writer.repeated(choice, self.count()), (0, 1));
        let product = self.writer.packed(&choice, &difference).lookup(&self.writer, |choice, x| choice * x);
        let result = self.writer.add(&y.tensor(), &product);
        Ok(self.digits(&self.writer.known(&result, (0, self.most()))))
    }

    /// The lesser of each pair, or the greater.
    pub(super) fn extreme(
        &self,
        x: &Digits<'c, 'a>,
        y: &Digits<'c, 'a>,
        is_least: bool,
    ) -> Result<Digits<'c, 'a>, Failed> {
        let choice = self.compared(x, y, |sign| if is_least { sign < 0 } else { sign > 0 })?;
        self.chosen(&choice, x, y)
    }

    /// A bitwise function of two.
    pub(super) fn bitwise(
        &self,
        x: &Digits<'c, 'a>,
        y: &Digits<'c, 'a>,
        function: impl Fn(i64, i64) -> i64,
    ) -> Result<Digits<'c, 'a>, Failed> {
        let (x, y) = (self.carried(x)?, self.carried(y)?);
        let packed: Packed<'c, 'a> = self.writer.packed(&x.tensor(), &y.tensor());
        Ok(self.digits(&packed.lookup(&self.writer, function)))
    }

    /// `x · 2^by`
    pub(super) fn shifted_left(&self, x: &Digits<'c, 'a>, by: u32) -> Result<Digits<'c, 'a>, Failed> {
        let (places, by) = (by / self.radix.bits, by % self.radix.bits);
        let x = match by {
            0 => x.clone(),
            by => {
                let (x, bits, most) = (self.carried(x)?.tensor(), self.radix.bits, self.most());
                let low = self.digits(&self.writer.lookup(&x, |digit| digit << by & most));
                let high = self.digits(&self.writer.lookup(&x, |digit| digit >> (bits - by)));
                let sum = self.writer.add(&low.tensor(), &self.moved_up(&high, 1).tensor());
                self.digits(&self.writer.known(&sum, (0, most)))
            }
        };
        Ok(self.moved_up(&x, places as usize))
    }

    /// `⌊x / 2^by⌋`
    pub(super) fn shifted_right(&self, x: &Digits<'c, 'a>, by: u32) -> Result<Digits<'c, 'a>, Failed> {
        let x = self.carried(x)?;
        let (places, by) = (by / self.radix.bits, by % self.radix.bits);
        let (bits, most) = (self.radix.bits, self.most());
        let top = self.digit(&x, self.count() - 1);
        let fill = match self.radix.is_signed {
            true => self.writer.lookup(&top, |digit| if digit > most / 2 { most } else { 0 }),
            false => self.writer.constant(&ArrayD::zeros(top.shape.clone())),
        };
        let moved = self.moved_down(&x, places as usize, &fill);
        if by == 0 {
            return Ok(moved);
        }
        let above = self.moved_down(&moved, 1, &fill);
        let low = self.writer.lookup(&moved.tensor(), |digit| digit >> by);
        let high = self.writer.lookup(&above.tensor(), |digit| digit << (bits - by) & most);
        let sum = self.writer.add(&low, &high);
        Ok(self.digits(&self.writer.known(&sum, (0, most))))
    }

    /// `x` shifted by an encrypted amount, which is not negative: one choice for each of its bits.
    pub(super) fn shifted_by(
        &self,
        x: &Digits<'c, 'a>,
        amount: &Ranged<'c, 'a>,
        shift: impl Fn(&Self, &Digits<'c, 'a>, u32) -> Result<Digits<'c, 'a>, Failed>,
    ) -> Result<Digits<'c, 'a>, Failed> {
        if amount.range.0 < 0 {
            let (lo, hi) = amount.range;
            let message =
                format!("the amount of the shift takes the values {lo} to {hi}; it must not be negative");
            return Err(facts::fail(self.op, &message));
        }
        self.check_table(amount.range)?;
        let bits = width_of_range(0, amount.range.1).0;
        (0..bits).try_fold(x.clone(), |x, bit| {
            let choice = self.writer.lookup(amount, |amount| amount >> bit & 1);
            let by = 1u32.checked_shl(bit).unwrap_or(u32::MAX).min(self.radix.width());
            let shifted = shift(self, &x, by)?;
            self.chosen(&choice, &shifted, &x)
        })
    }

    /// The integers in one ciphertext each; they lie in that range.
    pub(super) fn narrowed(&self, x: &Digits<'c, 'a>, range: Range) -> Result<Ranged<'c, 'a>, Failed> {
        let x = self.carried(x)?;
        let width = width_of_range(range.0, range.1).0;
        let count = (width.div_ceil(self.radix.bits) as usize).min(self.count());
        let bits = self.radix.bits as usize;
        let weights: Vec<i64> = (0..count).map(|i| 1 << (bits * i)).collect();
        let lowest = self.writer.slice(&x.tensor(), 0, count);
        let digits = match range.0 < 0 {
            false => lowest,
            true => {
                let top = self.writer.slice(&lowest, count - 1, 1);
                let top = self.writer.lookup(&top, |digit| self.signed(digit));
                let below = (count > 1).then(|| self.writer.slice(&lowest, 0, count - 1));
                self.writer.concat(&below.into_iter().chain([top]).collect::<Vec<_>>())
            }
        };
        let sum = self.writer.weighted_sum(&digits, &weights);
        Ok(self.writer.known(&sum, range))
    }

    /// The digits of integers that are in one ciphertext each: tables of one input.
    pub(super) fn widened(&self, x: &Ranged<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        let shape = [x.shape.as_slice(), &[1]].concat();
        let (bits, most) = (self.radix.bits, self.most());
        if x.range.0 >= 0 && x.range.1 <= most {
            return Ok(self.filled(vec![self.writer.reshape(x, &shape)], None));
        }
        self.check_table(x.range)?;
        let width = width_of_range(x.range.0, x.range.1).0;
        let count = (width.div_ceil(bits) as usize).min(self.count());
        let digit = |i: usize| {
            let by = bits * i as u32;
            self.writer.reshape(&self.writer.lookup(x, |value| value >> by & most), &shape)
        };
        let parts = (0..count).map(digit).collect();
        let fill = (x.range.0 < 0 && count < self.count()).then(|| {
            let fill = self.writer.lookup(x, |value| if value < 0 { most } else { 0 });
            self.writer.reshape(&fill, &shape)
        });
        Ok(self.filled(parts, fill))
    }

    /// The lowest digits, and above them a fill or zeros.
    fn filled(&self, mut parts: Vec<Ranged<'c, 'a>>, fill: Option<Ranged<'c, 'a>>) -> Digits<'c, 'a> {
        let missing = self.count() - parts.len();
        match fill {
            Some(fill) => parts.extend(std::iter::repeat_n(fill, missing)),
            None if missing > 0 => {
                let mut shape = parts[0].shape.clone();
                *shape.last_mut().expect("the last axis holds digits") = missing;
                parts.push(self.writer.constant(&ArrayD::zeros(shape)));
            }
            None => {}
        }
        self.joined(&parts)
    }
}
