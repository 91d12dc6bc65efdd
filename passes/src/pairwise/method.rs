//! Which operations are done alike, the ways there are for them, and their names.

use crate::pairwise::site::Term;
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, width_of_range};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::pairwise::{Pairwise, Predicate};
use std::fmt;
use std::str::FromStr;

/// Sizes of chunks that are tried.
const CHUNKS: [u32; 4] = [3, 4, 2, 5];

/// Narrowest tables that may be worth indicators of digits.
pub(crate) const WIDE_TABLE: Width = Width(11);

/// Widest values that are not worth chunks.
const NARROW: Width = Width(4);

/// How an operation becomes sums and lookups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// A table of the difference of the operands.
    Table,
    /// The bit above their difference, by a lookup of one bit less.
    Sign,
    /// A table of all pairs, both operands in one index.
    Packed,
    /// `⌊(x + y)² / 4⌋ − ⌊(x − y)² / 4⌋`
    QuarterSquares,
    /// `f(x + y) − g(x) − g(y)` with halves of squares.
    HalfSquares,
    /// Chunks of that many bits.
    Chunks(u32),
    /// The same, each operand by a lookup that frees it from the width of what it is added to elsewhere.
    Casted,
    /// One bit of the amount after the other.
    Bits,
    /// One lookup of the whole input.
    Whole,
    /// Indicators of digits, with that many low bits in the rows of the table.
    OneHot(u32),
}

/// Which method is taken: that one where an operation can be done so, else the cheapest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strategy(pub(crate) Option<How>);

/// Operations that are done alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    pub(crate) what: What,
    sizes: Sizes,
    repetition: Repetition,
}

/// Whether operands stand for fewer values, each in several places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Repetition {
    /// What is looked up of both alone is about as much as of their pairs.
    None,
    /// Fewer lookups of the values alone than of pairs, as in products of matrices.
    Some,
}

/// What an operation computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// An order or an equality.
    Order,
    Equality,
    Extreme,
    Product,
    Bitwise,
    Shift,
    Select,
    Joint,
    Table,
}

/// Bits of what lookups could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sizes {
    operands: [Width; 2],
    sum: Width,
    difference: Width,
    /// Of an index of all pairs.
    pairs: Width,
}

impl Class {
    /// The class of a function of two values.
    pub(crate) fn of_pair(function: Pairwise, x: Term<'_, '_>, y: Term<'_, '_>) -> Self {
        let what = match function {
            Pairwise::Mul => What::Product,
            Pairwise::Compare(Predicate::Equal | Predicate::NotEqual) => What::Equality,
            Pairwise::Compare(_) => What::Order,
            Pairwise::Min | Pairwise::Max => What::Extreme,
            Pairwise::And | Pairwise::Or | Pairwise::Xor => What::Bitwise,
            Pairwise::ShiftLeft | Pairwise::ShiftRight => What::Shift,
        };
        Self { what, sizes: Sizes::of(x, y), repetition: Repetition::None }
    }

    /// The class of a product.
    pub(crate) fn of_product(x: Term<'_, '_>, y: Term<'_, '_>, repetition: Repetition) -> Self {
        Self { what: What::Product, sizes: Sizes::of(x, y), repetition }
    }

    /// The class of a choice by a bit.
    pub(crate) fn of_select(then: Term<'_, '_>, otherwise: Term<'_, '_>) -> Self {
        let mut sizes = Sizes::of(then, otherwise);
        sizes.pairs = Width(sizes.difference.0 + 1);
        Self { what: What::Select, sizes, repetition: Repetition::None }
    }

    /// The class of a table of several values.
    pub(crate) fn of_joint(terms: &[Term<'_, '_>]) -> Self {
        let widths = terms.iter().map(Term::width);
        let least = widths.clone().min().unwrap_or(Width(1));
        let most = widths.clone().max().unwrap_or(Width(1));
        let all = Width(widths.map(|width| width.0).sum());
        Self {
            what: What::Joint,
            sizes: Sizes { operands: [least, most], sum: most, difference: most, pairs: all },
            repetition: Repetition::None,
        }
    }

    /// The class of a table of one value.
    pub(crate) fn of_table(x: Term<'_, '_>, result: Width) -> Self {
        let width = x.width();
        let sizes = Sizes { operands: [width, result], sum: width, difference: width, pairs: width };
        Self { what: What::Table, sizes, repetition: Repetition::None }
    }

    /// What a strategy does; `None` if it leaves the choice.
    pub(crate) fn method(&self, strategy: Strategy) -> Option<How> {
        let how = strategy.0?;
        let is_chunks = |how: &How| matches!(how, How::Chunks(_));
        let methods = self.methods();
        let can_chunk = is_chunks(&how) && !matches!(self.what, What::Shift | What::Joint | What::Table);
        let can_halve =
            how == How::HalfSquares && self.what == What::Product && self.sizes.sum <= MAX_LOOKUP_WIDTH;
        let can_split =
            matches!(how, How::OneHot(low) if self.what == What::Table && low < self.sizes.operands[0].0);
        (methods.contains(&how) || can_chunk || can_halve || can_split).then_some(how)
    }

    /// What can be done, likely good ones first; never empty.
    pub(crate) fn methods(&self) -> Vec<How> {
        let Sizes { sum, difference, pairs, .. } = self.sizes;
        let fits = |width: Width| width <= MAX_LOOKUP_WIDTH;
        let mut methods = vec![];
        match self.what {
            What::Order => {
                methods.extend(fits(Width(difference.0.saturating_sub(1))).then_some(How::Sign));
                methods.extend(fits(difference).then_some(How::Table));
            }
            What::Equality | What::Extreme => methods.extend(fits(difference).then_some(How::Table)),
            // Products of bits are one lookup of their sum.
            What::Product if pairs.0 <= 2 => return vec![How::Packed],
            What::Product => {
                let is_repeated = self.repetition == Repetition::Some;
                methods.extend((fits(sum) && is_repeated).then_some(How::HalfSquares));
                methods.extend(fits(sum.max(difference)).then_some(How::QuarterSquares));
                // Much wider than those of sums it is never better than two of them.
                let is_near = pairs.0 <= sum.max(difference).0 + 3 || methods.is_empty();
                methods.extend((fits(pairs) && is_near).then_some(How::Packed));
            }
            What::Bitwise | What::Select => methods.extend(fits(pairs).then_some(How::Packed)),
            What::Joint => return vec![How::Packed, How::Casted],
            What::Table => {
                methods.push(How::Whole);
                methods.extend((self.widest() >= WIDE_TABLE).then(|| How::OneHot(self.likely_low_bits())));
                return methods;
            }
            What::Shift => {
                methods.extend(fits(pairs).then_some(How::Packed));
                methods.push(How::Bits);
                return methods;
            }
        }
        // What one narrow lookup does is never better in parts.
        let widest = self.widest();
        if !methods.is_empty() && widest <= NARROW {
            return methods;
        }
        methods.extend(CHUNKS.into_iter().filter(|&size| size < widest.0).map(How::Chunks));
        methods
    }

    /// Ways that differ a little from one.
    pub(crate) fn neighbours(how: How) -> Vec<How> {
        match how {
            How::OneHot(low) => vec![How::OneHot(low - 1), How::OneHot(low + 1)],
            How::Table
            | How::Sign
            | How::Packed
            | How::QuarterSquares
            | How::HalfSquares
            | How::Chunks(_)
            | How::Casted
            | How::Bits
            | How::Whole => vec![],
        }
    }

    /// Low bits with which indicators of digits take least lookups.
    fn likely_low_bits(&self) -> u32 {
        let [Width(input), Width(result)] = self.sizes.operands;
        let lookups = |low: &u32| (1u64 << low) + (u64::from(result) << (input - low));
        (2..input - 1).min_by_key(lookups).unwrap_or(1)
    }

    /// Bits of the widest value that is cut into chunks.
    fn widest(&self) -> Width {
        let [x, y] = self.sizes.operands;
        match self.what {
            What::Order | What::Equality | What::Extreme | What::Select => self.sizes.difference,
            What::Product | What::Bitwise | What::Shift | What::Joint => x.max(y),
            What::Table => x,
        }
    }
}

impl Sizes {
    fn of(x: Term<'_, '_>, y: Term<'_, '_>) -> Self {
        let ((a, b), (c, d)) = (x.range, y.range);
        let entries = u128::try_from(x.size().saturating_mul(y.size())).unwrap_or(u128::MAX);
        Self {
            operands: [x.width(), y.width()],
            sum: width_of_range(a.saturating_add(c), b.saturating_add(d)),
            difference: width_of_range(a.saturating_sub(d), b.saturating_sub(c)),
            pairs: Width((128 - (entries - 1).leading_zeros()).max(1)),
        }
    }
}

impl FromStr for Strategy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(Self(match text {
            "auto" => None,
            "table" => Some(How::Table),
            "sign" => Some(How::Sign),
            "packed" => Some(How::Packed),
            "casted" => Some(How::Casted),
            "quarter-squares" => Some(How::QuarterSquares),
            "half-squares" => Some(How::HalfSquares),
            "bits" => Some(How::Bits),
            "whole" => Some(How::Whole),
            _ => {
                let number =
                    |prefix: &str| text.strip_prefix(prefix).and_then(|size| size.parse::<u32>().ok());
                let chunks = number("chunks-").filter(|size| (1..=8).contains(size)).map(How::Chunks);
                let one_hot = || number("one-hot-").filter(|low| (4..=12).contains(low)).map(How::OneHot);
                Some(chunks.or_else(one_hot).ok_or(())?)
            }
        }))
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Order => "order",
            What::Equality => "equality",
            What::Extreme => "least or greatest",
            What::Product => "product",
            What::Bitwise => "bits",
            What::Shift => "shift",
            What::Select => "choice",
            What::Joint => "function",
            What::Table => {
                let [input, result] = self.sizes.operands;
                return write!(f, "table of {input} bits, results of {result}");
            }
        };
        let [x, y] = self.sizes.operands;
        write!(f, "{what} of {x} and {y} bits")
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => f.write_str("a table of the difference"),
            Self::Sign => f.write_str("the sign of the difference"),
            Self::Packed => f.write_str("a table of all pairs"),
            Self::Casted => f.write_str("a table of all pairs, operands looked up before"),
            Self::QuarterSquares => f.write_str("quarter squares"),
            Self::HalfSquares => f.write_str("half squares, those of one value once"),
            Self::Chunks(size) => write!(f, "in chunks of {size} bits"),
            Self::Bits => f.write_str("bit by bit"),
            Self::Whole => f.write_str("at once"),
            Self::OneHot(low) => write!(f, "by indicators of digits, {low} low bits in a row"),
        }
    }
}
