//! What an input set may consist of: one value for each argument.

use ndarray::{Array, ArrayD, Dimension, IxDyn};

/// One call of the program: a value for each argument, in order.
pub trait Sample {
    /// The arguments; a scalar has rank 0.
    fn into_arguments(self) -> Vec<ArrayD<i64>>;
}

/// A value for one argument.
pub trait Argument {
    /// As an array; a scalar has rank 0.
    fn into_array(self) -> ArrayD<i64>;
}

impl Argument for i64 {
    fn into_array(self) -> ArrayD<i64> {
        ArrayD::from_elem(IxDyn(&[]), self)
    }
}

impl<D: Dimension> Argument for Array<i64, D> {
    fn into_array(self) -> ArrayD<i64> {
        self.into_dyn()
    }
}

impl<D: Dimension> Argument for &Array<i64, D> {
    fn into_array(self) -> ArrayD<i64> {
        self.clone().into_dyn()
    }
}

impl<A: Argument> Sample for A {
    fn into_arguments(self) -> Vec<ArrayD<i64>> {
        vec![self.into_array()]
    }
}

impl Sample for Vec<ArrayD<i64>> {
    fn into_arguments(self) -> Vec<ArrayD<i64>> {
        self
    }
}

macro_rules! tuples {
    ($(($($name:ident),*))*) => {$(
        impl<$($name: Argument),*> Sample for ($($name,)*) {
            #[allow(non_snake_case, reason = "type parameters name the fields")]
            fn into_arguments(self) -> Vec<ArrayD<i64>> {
                let ($($name,)*) = self;
                vec![$($name.into_array()),*]
            }
        }
    )*};
}
tuples! { (A) (A, B) (A, B, C) (A, B, C, D) }
