//! How a clear integer lies on the torus, one formula for the compiler, the client and the simulator.
//!
//! A message `m` of `width` bits is encoded as `m · 2^(63 − width) (mod 2^64)`: one bit of padding on
//! top, so that a lookup can be negacyclic, then the message, then room for noise. Signed messages
//! are taken modulo `2^64`, that is, in two's complement over padding and message bits.
//!
//! What leaves its width does not wrap at once: the padding bit tells on which side it lies. A result saturates: up to
//! half a width beyond either end it is read as that end ([`decode`]). A lookup whose table was [`folded`] goes on from
//! its ends. [`folding_width`] and [`reading_width`] say how wide an integer must be so that this is all that can happen to it.

use crate::bounds::Bounds;
use crate::parameters::Width;

/// Widest message that a program may hold.
pub const MAX_WIDTH: Width = Width(62);
/// Widest message that a table can be looked up with directly.
pub const MAX_LOOKUP_WIDTH: Width = Width(16);

/// Weight of one unit of the message, `2^(63 − width)`.
pub fn delta(width: Width) -> u64 {
    1 << (63 - width.0)
}

/// `m · Δ (mod 2^64)`
pub fn encode(message: i64, width: Width) -> u64 {
    (message as u64).wrapping_mul(delta(width))
}

/// The message nearest to `phase`: unsigned in `[0, 2^width)`, signed in `[−2^(width−1), 2^(width−1))`. What lies beyond
/// by up to half a width, `2^(width−1)`, is the end that it left.
///
/// With noise below `Δ/2` this undoes [`encode`].
pub fn decode(phase: u64, width: Width, is_signed: bool) -> i64 {
    let (least, greatest) = bounds(width, is_signed);
    nearest(phase, width, is_signed).clamp(least, greatest)
}

/// Whether the integer nearest to `phase` is no message of its width: an overflow, or too much noise.
pub fn is_outside(phase: u64, width: Width, is_signed: bool) -> bool {
    let (least, greatest) = bounds(width, is_signed);
    !(least..=greatest).contains(&nearest(phase, width, is_signed))
}

/// The integer nearest to `phase` of the `2^(width+1)` around the messages, as many below as above.
fn nearest(phase: u64, width: Width, is_signed: bool) -> i64 {
    let units = phase.wrapping_add(delta(width) / 2) >> (63 - width.0); // width + 1 bits, padding on top
    let (all, half) = (2i64 << width.0, (1i64 << width.0) / 2);
    let end = if is_signed { 2 * half } else { 3 * half };
    if (units as i64) < end { units as i64 } else { units as i64 - all }
}

/// A table as words around its middle, and that middle, which is added to what was looked up: the ends of the table are then
/// opposite, and the half of the torus beyond the messages, where a bootstrap gives negated words, goes on from them.
///
/// With `f` at the `2^w` messages `L..=H`, what lies `d` above `H` gives `f(H) + f(L) − f(L + d − 1)`, and what lies `d` below
/// `L` gives `f(L) + f(H) − f(H − d + 1)`: where `f` is constant at one end, the other one saturates for as long.
pub fn folded(table: &[i64], is_signed: bool, out: Width) -> (Vec<u64>, u64) {
    let least = if is_signed { table.len() / 2 } else { 0 };
    let greatest = (least + table.len() - 1) % table.len();
    let ends = (table[least] as u64).wrapping_add(table[greatest] as u64);
    let middle = ends.wrapping_mul(delta(out) / 2);
    (table.iter().map(|&entry| encode(entry, out).wrapping_sub(middle)).collect(), middle)
}

/// Bit of a table's word that marks the entry of an input beyond what the table was made for, which repeats the entry of the
/// nearest one that it was made for. It lies far below all noise; simulations count by it.
pub const BEYOND: u64 = 1;

/// Marks the words of a table whose inputs lie beyond `lo..=hi`, see [`BEYOND`]. Words for results that are so wide that the bit
/// means something to them stay.
pub fn mark_beyond(words: &mut [i64], (lo, hi): (i64, i64), is_signed: bool) {
    if words.iter().any(|&word| word as u64 & BEYOND != 0) {
        return;
    }
    let count = words.len() as i64;
    for (index, word) in words.iter_mut().enumerate() {
        let index = index as i64;
        let input = if is_signed && index >= count / 2 { index - count } else { index };
        if !(lo..=hi).contains(&input) {
            *word |= BEYOND as i64;
        }
    }
}

/// Least and greatest message of a width.
pub fn bounds(width: Width, is_signed: bool) -> (i64, i64) {
    if is_signed {
        (-(1i64 << (width.0 - 1)), (1i64 << (width.0 - 1)) - 1)
    } else {
        (0, (1i64 << width.0) - 1)
    }
}

/// Least width that holds every integer of `lo..=hi`; signed exactly if `lo` is negative. At least 1.
pub fn width_of_range(lo: i64, hi: i64) -> Width {
    width_of_bounds((lo.into(), hi.into()))
}

/// [`width_of_range`] of any integers.
pub fn width_of_bounds((lo, hi): Bounds) -> Width {
    let bits = |value: i128| 128 - value.leading_zeros();
    if lo < 0 {
        let magnitude = |value: i128| if value < 0 { bits(!value) } else { bits(value) };
        Width(magnitude(lo).max(magnitude(hi)) + 1)
    } else {
        Width(bits(hi).max(1))
    }
}

/// Least width of integers that are looked up in a [`folded`] table so that all of `reached` get the entry of the nearest
/// integer of `range`, whose ends the table repeats.
///
/// What lies beyond one end of the width goes on from the other, so that the entries there must be repeated ones still:
/// `2^w ≥ greatest − lo` and `2^w ≥ hi − least`. That is up to one bit less than what holds all of `reached`.
pub fn folding_width(range: Bounds, reached: Bounds) -> Width {
    let ((lo, hi), (least, greatest)) = (range, reached);
    let steps = greatest.saturating_sub(lo).max(hi.saturating_sub(least)).max(1);
    let bits = 128 - (steps - 1).leading_zeros();
    width_of_bounds(range).max(Width(bits))
}

/// Least width of a result so that all of `reached` are read as the nearest message, see [`decode`]: one bit less than what
/// holds them.
pub fn reading_width(is_signed: bool, (least, greatest): Bounds) -> Width {
    let is_held = |width: &Width| {
        let half = 1i128 << (width.0 - 1);
        let (first, last) = if is_signed { (-half, half - 1) } else { (0, 2 * half - 1) };
        first - half <= least && greatest <= last + half
    };
    (1..=126).map(Width).find(is_held).unwrap_or(Width(127))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_small_widths_comes_back() {
        for width in (1..=10).map(Width) {
            for is_signed in [false, true] {
                let (lo, hi) = bounds(width, is_signed);
                for message in lo..=hi {
                    for noise in [0, delta(width) / 2 - 1, (delta(width) / 2).wrapping_neg()] {
                        let phase = encode(message, width).wrapping_add(noise);
                        assert_eq!(decode(phase, width, is_signed), message, "{width:?} {is_signed}");
                    }
                }
            }
        }
    }

    #[test]
    fn results_saturate_up_to_half_a_width_beyond() {
        let width = Width(3);
        for is_signed in [false, true] {
            let (lo, hi) = bounds(width, is_signed);
            for beyond in 1..=4 {
                let (below, above) = (encode(lo - beyond, width), encode(hi + beyond, width));
                assert_eq!(decode(below, width, is_signed), lo, "{beyond} below");
                assert_eq!(decode(above, width, is_signed), hi, "{beyond} above");
                assert!(is_outside(below, width, is_signed) && is_outside(above, width, is_signed));
            }
            for message in lo..=hi {
                assert!(!is_outside(encode(message, width), width, is_signed));
            }
        }
    }

    /// What a bootstrap gives for any integer: outside of the messages, the negated word of the one opposite.
    fn looked_up((words, middle): &(Vec<u64>, u64), v: i64, is_signed: bool) -> u64 {
        let count = words.len() as i64;
        let from_least = v - if is_signed { -count / 2 } else { 0 };
        let word = words[v.rem_euclid(count) as usize];
        let is_outside = from_least.rem_euclid(2 * count) >= count;
        (if is_outside { word.wrapping_neg() } else { word }).wrapping_add(*middle)
    }

    #[test]
    fn folded_tables_go_on_from_their_ends() {
        let out = Width(5);
        // Constant below 0 and from 4 on.
        let ramp = |v: i64| v.clamp(0, 4) * 3 + 1;
        for is_signed in [false, true] {
            let (lo, hi) = bounds(Width(4), is_signed);
            let of = |entry: &dyn Fn(i64) -> i64| {
                let inputs = (0..16).map(|i| if i > hi { i - 16 } else { i });
                folded(&inputs.map(entry).collect::<Vec<i64>>(), is_signed, out)
            };
            let table = of(&ramp);
            // Constant ends reach as far on the other side: 16 − 4 steps in all.
            for v in -12..=(4 + 12) {
                assert_eq!(looked_up(&table, v, is_signed), encode(ramp(v), out), "{v}, signed: {is_signed}");
            }
            let square = of(&|v| v * v % 7);
            for d in 1..=16 {
                let (low, high) = (lo + d - 1, hi - d + 1);
                let f = |v: i64| v.rem_euclid(16);
                let f = |v: i64| (if is_signed && f(v) >= 8 { f(v) - 16 } else { f(v) }).pow(2) % 7;
                let ends = f(lo) + f(hi);
                assert_eq!(looked_up(&square, hi + d, is_signed), encode(ends - f(low), out), "{d} above");
                assert_eq!(looked_up(&square, lo - d, is_signed), encode(ends - f(high), out), "{d} below");
            }
        }
    }

    #[test]
    fn what_is_reached_saturates_at_the_folding_width() {
        let out = Width(10);
        for (lo, hi) in [(-5i64, 9i64), (0, 6), (-8, 7), (3, 4)] {
            for (below, above) in [(0, 0), (1, 0), (3, 30), (40, 2), (17, 17)] {
                let (least, greatest) = (lo - below, hi + above);
                let width = folding_width((lo.into(), hi.into()), (least.into(), greatest.into()));
                let is_signed = lo < 0;
                let wrong = |width: Width| {
                    let (first, last) = bounds(width, is_signed);
                    let count = 1i64 << width.0;
                    let input = |i: i64| if i > last { i - count } else { i };
                    let entry = |v: i64| v.clamp(lo, hi) * 7 + 50;
                    let table =
                        folded(&(0..count).map(|i| entry(input(i))).collect::<Vec<i64>>(), is_signed, out);
                    (first <= lo && hi <= last).then(|| {
                        let is_wrong = |v: &i64| looked_up(&table, *v, is_signed) != encode(entry(*v), out);
                        (least..=greatest).filter(is_wrong).count()
                    })
                };
                assert_eq!(wrong(width), Some(0), "{lo}..={hi} to {least}..={greatest} at {width:?}");
                let narrower = (width.0 > 1).then(|| wrong(Width(width.0 - 1))).flatten();
                assert!(narrower != Some(0), "{lo}..={hi} to {least}..={greatest} needs less than {width:?}");
            }
        }
    }

    #[test]
    fn what_is_reached_is_read_as_the_nearest_end_at_the_reading_width() {
        for is_signed in [false, true] {
            for (least, greatest) in [(0i64, 1i64), (0, 100), (-3, 4), (-90, 11), (-16, 47), (-64, 63)] {
                let width = reading_width(is_signed, (least.into(), greatest.into()));
                let wrong = |width: Width| {
                    let (first, last) = bounds(width, is_signed);
                    let is_wrong =
                        |v: &i64| decode(encode(*v, width), width, is_signed) != (*v).clamp(first, last);
                    (least..=greatest).filter(is_wrong).count()
                };
                assert_eq!(wrong(width), 0, "{least}..={greatest}");
                assert!(width.0 == 1 || wrong(Width(width.0 - 1)) > 0, "{least}..={greatest}");
            }
        }
    }

    #[test]
    fn widths_of_ranges() {
        let cases = [
            (0, 0, 1),
            (0, 1, 1),
            (0, 2, 2),
            (0, 255, 8),
            (0, 256, 9),
            (-1, 0, 1),
            (-1, 1, 2),
            (-2, 1, 2),
            (-3, 1, 3),
            (-128, 127, 8),
            (-128, 128, 9),
            (-1, 255, 9),
        ];
        for (lo, hi, width) in cases {
            assert_eq!(width_of_range(lo, hi), Width(width), "{lo}..={hi}");
        }
    }
}
