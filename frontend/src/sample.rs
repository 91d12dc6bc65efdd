//! What an input set may consist of: one value for each argument.

use cloakwork_ir::interpret::Clear;
use ndarray::{Array, ArrayD, Dimension, IxDyn};

/// One call of the program: a value for each argument, in order.
pub trait Sample {
    /// The arguments; a scalar has rank 0.
    fn into_arguments(self) -> Vec<Clear>;
}

/// A value for one argument. Integers beyond `i64` are given as [`Clear::Unsigned`].
pub trait Argument {
    /// As an array; a scalar has rank 0.
    fn into_clear(self) -> Clear;
}

impl Argument for i64 {
    fn into_clear(self) -> Clear {
        Clear::Int(ArrayD::from_elem(IxDyn(&[]), self))
    }
}

impl Argument for Clear {
    fn into_clear(self) -> Clear {
        self
    }
}

impl<D: Dimension> Argument for Array<i64, D> {
    fn into_clear(self) -> Clear {
        Clear::Int(self.into_dyn())
    }
}

impl<D: Dimension> Argument for &Array<i64, D> {
    fn into_clear(self) -> Clear {
        self.clone().into_clear()
    }
}

impl<A: Argument> Sample for A {
    fn into_arguments(self) -> Vec<Clear> {
        vec![self.into_clear()]
    }
}

impl Sample for Vec<ArrayD<i64>> {
    fn into_arguments(self) -> Vec<Clear> {
        self.into_iter().map(Clear::Int).collect()
    }
}

impl Sample for Vec<Clear> {
    fn into_arguments(self) -> Vec<Clear> {
        self
    }
}

macro_rules! tuples {
    ($(($($name:ident),*))*) => {$(
        impl<$($name: Argument),*> Sample for ($($name,)*) {
            #[allow(non_snake_case, reason = "type parameters name the fields")]
            fn into_arguments(self) -> Vec<Clear> {
                let ($($name,)*) = self;
                vec![$($name.into_clear()),*]
            }
        }
    )*};
}
tuples! { (A) (A, B) (A, B, C) (A, B, C, D) }
