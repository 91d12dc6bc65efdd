//! The ways to compute an operation on digits, and their names.

use cloakwork_abi::encoding::MAX_LOOKUP_WIDTH;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::digits::{Digits, Exactness};
use std::fmt;
use std::str::FromStr;

/// Widest chunk that is tried.
const WIDEST_CHUNK: u32 = 5;

/// A way to compute an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
    /// One lookup of the input's whole width.
    Whole,
    /// Low bits one chunk after the other, that many bits each: 1 takes one bootstrap of width 0, more take two
    /// bootstraps of the chunk's width.
    Chunks(Vec<u32>),
    /// The lookups that follow have wider boxes.
    Approximate,
}

/// Which way is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// The cheapest.
    Auto,
    /// [`Method::Whole`]
    Whole,
    /// Chunks of that many bits.
    Chunks(u32),
    /// [`Method::Approximate`] where it is allowed, else bit by bit.
    Approximate,
}

/// Operations that are done alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    pub(crate) what: What,
    /// Width of the input.
    pub(crate) width: Width,
    /// Bits that are looked at.
    pub(crate) bits: u32,
}

/// What becomes of the low bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// They vanish.
    Removed(Exactness),
    /// They are the result.
    Kept,
}

impl Class {
    /// The class of an operation on an input of that width; `None` for those that are done as they are.
    pub(crate) fn of(digits: &Digits, width: Width) -> Option<Self> {
        let (what, bits) = match *digits {
            Digits::Round { bits, exactness } | Digits::Truncate { bits, exactness } => {
                (What::Removed(exactness), bits)
            }
            Digits::LowBits { bits } => (What::Kept, bits),
            Digits::LowBitsBelow { .. }
            | Digits::Bit { .. }
            | Digits::BitOfDifference { .. }
            | Digits::Reinterpret { .. } => return None,
        };
        Some(Self { what, width, bits })
    }

    fn is_approximate(self) -> bool {
        self.what == What::Removed(Exactness::Approximate)
    }

    /// What can be done, likely good ones first.
    pub(crate) fn methods(self) -> Vec<Method> {
        let mut methods = vec![];
        if self.is_approximate() {
            methods.push(Method::Approximate);
        }
        methods.push(self.chunks(1));
        if self.width <= MAX_LOOKUP_WIDTH {
            methods.push(Method::Whole);
        }
        methods.extend((2..=WIDEST_CHUNK.min(self.bits)).map(|size| self.chunks(size)));
        methods
    }

    /// What a strategy does; `None` if it leaves the choice.
    pub(crate) fn method(self, strategy: Strategy) -> Option<Method> {
        match strategy {
            Strategy::Auto => None,
            Strategy::Whole => Some(Method::Whole),
            Strategy::Chunks(size) => Some(self.chunks(size)),
            Strategy::Approximate if self.is_approximate() => Some(Method::Approximate),
            Strategy::Approximate => Some(self.chunks(1)),
        }
    }

    /// Chunks of that size, the rest in the last.
    fn chunks(self, size: u32) -> Method {
        let (whole, rest) = (self.bits / size, self.bits % size);
        let whole = std::iter::repeat_n(size, whole as usize);
        Method::Chunks(whole.chain((rest > 0).then_some(rest)).collect())
    }
}

impl Method {
    /// Ways that differ a little: a chunk split into a bit and the rest, or two chunks joined.
    pub(crate) fn neighbours(&self) -> Vec<Self> {
        let Self::Chunks(sizes) = self else { return vec![] };
        let mut found = vec![];
        if let Some(at) = sizes.iter().position(|&size| size > 1) {
            let mut split = sizes.clone();
            split.splice(at..=at, [1, sizes[at] - 1]);
            found.push(Self::Chunks(split));
        }
        if let [rest @ .., a, b] = sizes.as_slice()
            && a + b <= WIDEST_CHUNK
        {
            found.push(Self::Chunks(rest.iter().copied().chain([a + b]).collect()));
        }
        found
    }
}

impl FromStr for Strategy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "whole" => Ok(Self::Whole),
            "bits" => Ok(Self::Chunks(1)),
            "approximate" => Ok(Self::Approximate),
            _ => {
                let size = text.strip_prefix("chunks-").and_then(|size| size.parse().ok());
                size.filter(|size| (2..=WIDEST_CHUNK).contains(size)).map(Self::Chunks).ok_or(())
            }
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, width, bits } = self;
        match what {
            What::Removed(Exactness::Exact) => write!(f, "{bits} of {width} bits removed exactly"),
            What::Removed(Exactness::Approximate) => {
                write!(f, "{bits} of {width} bits removed approximately")
            }
            What::Kept => write!(f, "lowest {bits} of {width} bits"),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("one lookup"),
            Self::Chunks(sizes) if sizes.iter().all(|&size| size == 1) => f.write_str("bit by bit"),
            Self::Chunks(sizes) => {
                let sizes: Vec<String> = sizes.iter().map(u32::to_string).collect();
                write!(f, "in chunks of {} bits", sizes.join(", "))
            }
            Self::Approximate => f.write_str("by the boxes of what follows"),
        }
    }
}
