//! `+ - * / & | ^ << >>` and `-x` on traced values, numbers and arrays.

use crate::elementwise::{Binary, Unary};
use crate::graph::OpGraph;
use crate::traced::{Operand, Traced};
use ndarray::{Array, Dimension};
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Shl, Shr, Sub};

macro_rules! operators {
    ($($trait:ident $method:ident $build:expr;)*) => {$(
        impl<T: Operand> $trait<T> for Traced {
            type Output = Traced;
            #[track_caller]
            fn $method(self, other: T) -> Traced {
                self.with(other, $build)
            }
        }

        impl<T: Operand> $trait<T> for &Traced {
            type Output = Traced;
            #[track_caller]
            fn $method(self, other: T) -> Traced {
                self.with(other, $build)
            }
        }

        reversed! { $trait $method $build; [] i64; [] f64; [D: Dimension] Array<i64, D>; [D: Dimension] &Array<i64, D>; }
    )*};
}

macro_rules! reversed {
    ($trait:ident $method:ident $build:expr; $([$($generics:tt)*] $left:ty;)*) => {$(
        impl<$($generics)*> $trait<Traced> for $left {
            type Output = Traced;
            #[track_caller]
            fn $method(self, other: Traced) -> Traced {
                other.with(self, |graph, b, a| $build(graph, a, b))
            }
        }

        impl<$($generics)*> $trait<&Traced> for $left {
            type Output = Traced;
            #[track_caller]
            fn $method(self, other: &Traced) -> Traced {
                other.with(self, |graph, b, a| $build(graph, a, b))
            }
        }
    )*};
}

operators! {
    Add add OpGraph::add;
    Sub sub OpGraph::sub;
    Mul mul OpGraph::mul;
    Div div |graph: &mut OpGraph, a, b| graph.binary(Binary::Div, a, b);
    BitAnd bitand |graph: &mut OpGraph, a, b| graph.binary(Binary::BitAnd, a, b);
    BitOr bitor |graph: &mut OpGraph, a, b| graph.binary(Binary::BitOr, a, b);
    BitXor bitxor |graph: &mut OpGraph, a, b| graph.binary(Binary::BitXor, a, b);
    Shl shl |graph: &mut OpGraph, a, b| graph.binary(Binary::ShiftLeft, a, b);
    Shr shr |graph: &mut OpGraph, a, b| graph.binary(Binary::ShiftRight, a, b);
}

impl Neg for Traced {
    type Output = Traced;
    #[track_caller]
    fn neg(self) -> Traced {
        self.unary(Unary::Neg)
    }
}

impl Neg for &Traced {
    type Output = Traced;
    #[track_caller]
    fn neg(self) -> Traced {
        self.unary(Unary::Neg)
    }
}
