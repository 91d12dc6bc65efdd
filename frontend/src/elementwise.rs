//! The elementwise functions that a graph knows by name: a closed list, each with its types.
//!
//! Their meaning is the scalar code that [`crate::emit`] writes for them.

use cloakwork_ir::pairwise::{Pairwise, Predicate};

/// Integer or real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// `i64`
    Int,
    /// `f64`
    Real,
}

macro_rules! functions {
    ($(#[$outer:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident = $text:literal, $accepts:ident -> $gives:ident;)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind {
            $($(#[$doc])* $name,)*
        }

        impl $kind {
            /// Every function, in a fixed order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the graph's text.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it takes.
            pub fn accepts(self) -> Accepts {
                match self { $(Self::$name => Accepts::$accepts,)* }
            }

            /// What it gives for operands of that kind.
            pub fn gives(self, operand: Number) -> Number {
                match self { $(Self::$name => gives!($gives, operand),)* }
            }
        }
    };
}

macro_rules! gives {
    (Int, $operand:ident) => {
        Number::Int
    };
    (Real, $operand:ident) => {
        Number::Real
    };
    (Same, $operand:ident) => {
        $operand
    };
}

/// What a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Integers only.
    Int,
    /// Reals; integers are converted.
    Real,
    /// Either.
    Any,
}

functions! {
    /// A function of one number.
    Unary {
        /// `v` as a real.
        ToReal = "to_real", Real -> Real;
        /// The nearest integer, ties to even.
        RoundToInt = "round_to_int", Real -> Int;
        /// The greatest integer `≤ v`.
        FloorToInt = "floor_to_int", Real -> Int;
        /// The least integer `≥ v`.
        CeilToInt = "ceil_to_int", Real -> Int;
        /// `v` without its fraction.
        TruncateToInt = "truncate_to_int", Real -> Int;
        /// As [`Self::RoundToInt`], still a real.
        Round = "round", Real -> Real;
        /// As [`Self::FloorToInt`], still a real.
        Floor = "floor", Real -> Real;
        /// As [`Self::CeilToInt`], still a real.
        Ceil = "ceil", Real -> Real;
        /// As [`Self::TruncateToInt`], still a real.
        Truncate = "truncate", Real -> Real;
        /// `|v|`
        Abs = "abs", Any -> Same;
        /// `−v`
        Neg = "negative", Any -> Same;
        /// −1, 0 or 1.
        Sign = "sign", Any -> Same;
        /// `max(v, 0)`
        Relu = "relu", Any -> Same;
        /// `√v`
        Sqrt = "sqrt", Real -> Real;
        /// `∛v`
        Cbrt = "cbrt", Real -> Real;
        /// `eᵛ`
        Exp = "exp", Real -> Real;
        /// `2ᵛ`
        Exp2 = "exp2", Real -> Real;
        /// `eᵛ − 1`
        Expm1 = "expm1", Real -> Real;
        /// Natural logarithm.
        Log = "log", Real -> Real;
        /// Logarithm to base 2.
        Log2 = "log2", Real -> Real;
        /// Logarithm to base 10.
        Log10 = "log10", Real -> Real;
        /// `ln(1 + v)`
        Log1p = "log1p", Real -> Real;
        /// Sine.
        Sin = "sin", Real -> Real;
        /// Cosine.
        Cos = "cos", Real -> Real;
        /// Tangent.
        Tan = "tan", Real -> Real;
        /// Inverse of the sine.
        Asin = "arcsin", Real -> Real;
        /// Inverse of the cosine.
        Acos = "arccos", Real -> Real;
        /// Inverse of the tangent.
        Atan = "arctan", Real -> Real;
        /// Hyperbolic sine.
        Sinh = "sinh", Real -> Real;
        /// Hyperbolic cosine.
        Cosh = "cosh", Real -> Real;
        /// Hyperbolic tangent.
        Tanh = "tanh", Real -> Real;
        /// Inverse of the hyperbolic sine.
        Asinh = "arcsinh", Real -> Real;
        /// Inverse of the hyperbolic cosine.
        Acosh = "arccosh", Real -> Real;
        /// Inverse of the hyperbolic tangent.
        Atanh = "arctanh", Real -> Real;
        /// `1 / (1 + e⁻ᵛ)`
        Sigmoid = "sigmoid", Real -> Real;
    }
}

functions! {
    /// A function of two numbers of one kind.
    Binary {
        /// `a + b`
        Add = "add", Any -> Same;
        /// `a − b`
        Sub = "subtract", Any -> Same;
        /// `a · b`
        Mul = "multiply", Any -> Same;
        /// `a / b`, a real.
        Div = "true_divide", Real -> Real;
        /// `aᵇ`
        Pow = "power", Any -> Same;
        /// The lesser.
        Min = "minimum", Any -> Same;
        /// The greater.
        Max = "maximum", Any -> Same;
        /// The greatest integer `≤ a / b`.
        FloorDiv = "floor_divide", Any -> Same;
        /// `a − b·⌊a / b⌋`
        Remainder = "remainder", Any -> Same;
        /// The angle of the point `(b, a)`.
        Atan2 = "arctan2", Real -> Real;
        /// Bits on in both.
        BitAnd = "bitwise_and", Int -> Int;
        /// Bits on in either.
        BitOr = "bitwise_or", Int -> Int;
        /// Bits on in exactly one.
        BitXor = "bitwise_xor", Int -> Int;
        /// `a · 2ᵇ`
        ShiftLeft = "left_shift", Int -> Int;
        /// `⌊a / 2ᵇ⌋`
        ShiftRight = "right_shift", Int -> Int;
        /// 1 if `a = b`, else 0.
        Equal = "equal", Any -> Int;
        /// 1 if `a ≠ b`, else 0.
        NotEqual = "not_equal", Any -> Int;
        /// 1 if `a < b`, else 0.
        Less = "less", Any -> Int;
        /// 1 if `a ≤ b`, else 0.
        LessEqual = "less_equal", Any -> Int;
        /// 1 if `a > b`, else 0.
        Greater = "greater", Any -> Int;
        /// 1 if `a ≥ b`, else 0.
        GreaterEqual = "greater_equal", Any -> Int;
    }
}

impl Binary {
    /// The operation on two encrypted integers, where there is one.
    pub fn pairwise(self) -> Option<Pairwise> {
        match self {
            Self::Mul => Some(Pairwise::Mul),
            Self::Min => Some(Pairwise::Min),
            Self::Max => Some(Pairwise::Max),
            Self::BitAnd => Some(Pairwise::And),
            Self::BitOr => Some(Pairwise::Or),
            Self::BitXor => Some(Pairwise::Xor),
            Self::ShiftLeft => Some(Pairwise::ShiftLeft),
            Self::ShiftRight => Some(Pairwise::ShiftRight),
            Self::Equal => Some(Pairwise::Compare(Predicate::Equal)),
            Self::NotEqual => Some(Pairwise::Compare(Predicate::NotEqual)),
            Self::Less => Some(Pairwise::Compare(Predicate::Less)),
            Self::LessEqual => Some(Pairwise::Compare(Predicate::LessEqual)),
            Self::Greater => Some(Pairwise::Compare(Predicate::Greater)),
            Self::GreaterEqual => Some(Pairwise::Compare(Predicate::GreaterEqual)),
            Self::Add
            | Self::Sub
            | Self::Div
            | Self::Pow
            | Self::FloorDiv
            | Self::Remainder
            | Self::Atan2 => None,
        }
    }
}
