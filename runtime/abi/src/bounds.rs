//! Integers of 64 bits: signed ones, and unsigned ones whose words are read as such.
//!
//! A tensor or an argument holds integers that all fit `i64` or all fit `u64`. Their words are the same 64 bits; where the greatest
//! integer fits `u64` only, words are unsigned.

/// Least and greatest of some integers.
pub type Bounds = (i128, i128);

/// Whether integers within these bounds are words: all of them signed or all unsigned.
pub fn are_words((lo, hi): Bounds) -> bool {
    let is_signed = lo >= i128::from(i64::MIN) && hi <= i128::from(i64::MAX);
    is_signed || (lo >= 0 && hi <= i128::from(u64::MAX))
}

/// Whether words of integers within these bounds are read unsigned.
pub fn is_unsigned((_, hi): Bounds) -> bool {
    hi > i128::from(i64::MAX)
}

/// The integer of a word among integers within these bounds.
pub fn of_word(word: i64, bounds: Bounds) -> i128 {
    if is_unsigned(bounds) { i128::from(word as u64) } else { i128::from(word) }
}

/// Bounds as two words: where they are unsigned, the second is less than the first. A least integer beyond `i64` is said to be
/// `i64::MAX`.
pub fn to_words((lo, hi): Bounds) -> [i64; 2] {
    [lo.min(i128::from(i64::MAX)) as i64, hi as i64]
}

/// Undoes [`to_words`]; `None` where the words are no bounds.
pub fn of_words([lo, hi]: [i64; 2]) -> Option<Bounds> {
    match (lo <= hi, lo >= 0 && hi < 0) {
        (true, _) => Some((lo.into(), hi.into())),
        (false, true) => Some((lo.into(), (hi as u64).into())),
        (false, false) => None,
    }
}

/// Bounds of signed words, if that is what they are.
pub fn signed((lo, hi): Bounds) -> Option<(i64, i64)> {
    Some((i64::try_from(lo).ok()?, i64::try_from(hi).ok()?))
}

/// Bounds of signed words as plain bounds.
pub fn wide((lo, hi): (i64, i64)) -> Bounds {
    (lo.into(), hi.into())
}

/// The least bounds that hold both.
pub fn join((a, b): Bounds, (c, d): Bounds) -> Bounds {
    (a.min(c), b.max(d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_come_back_from_words() {
        let (least, signed_most, most) = (i128::from(i64::MIN), i128::from(i64::MAX), i128::from(u64::MAX));
        for bounds in [(0, 0), (-3, 5), (least, signed_most), (0, most), (7, signed_most + 1), (least, least)]
        {
            assert!(are_words(bounds));
            assert_eq!(of_words(to_words(bounds)), Some(bounds));
        }
        assert_eq!(of_words(to_words((signed_most + 5, most))), Some((signed_most, most)));
        assert!(!are_words((-1, signed_most + 1)) && !are_words((0, most + 1)) && !are_words((least - 1, 0)));
        assert_eq!([of_words([-1, -2]), of_words([64, 7])], [None; 2]);
        assert_eq!(of_word(-1, (0, most)), most);
        assert_eq!(of_word(-1, (-1, signed_most)), -1);
    }
}
