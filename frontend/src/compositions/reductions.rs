//! Functions along axes that vanish, and running sums and products.
//!
//! Extremes and products are trees, so that they are as shallow as can be; each level is one operation on a whole tensor.

use crate::elementwise::Binary;
use crate::error::TraceError;
use crate::graph::{NodeId, OpGraph};
use crate::shapes::KeepAxes;
use crate::traced::Traced;
use ndarray::{ArrayD, IxDyn};

/// Sums of so many bits are looked up at once.
const BITS_AT_ONCE: usize = 15;

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $method:ident;)*) => {
        /// A function of all elements along axes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reduction {
            $($(#[$doc])* $name,)*
        }

        impl Reduction {
            /// Every one of them, in a fixed order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// NumPy's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        /// Along axes, which vanish; along all if none is named. Negative axes count from the last.
        impl Traced {
            $($(#[$doc])*
            #[track_caller]
            pub fn $method(&self, axes: impl AsRef<[i64]>) -> Self {
                let axes = axes.as_ref();
                self.with_self(|graph, a| {
                    graph.reduce(Reduction::$name, a, (!axes.is_empty()).then_some(axes), KeepAxes::No)
                })
            })*
        }
    };
}

reductions! {
    /// 1 if no element is 0, else 0.
    All = "all", all;
    /// 1 if some element is not 0, else 0.
    Any = "any", any;
    /// Number of elements that are not 0.
    CountNonzero = "count_nonzero", count_nonzero;
    /// The greatest element.
    Greatest = "max", max_along;
    /// The least element.
    Least = "min", min_along;
    /// The mean, a real.
    Mean = "mean", mean;
    /// The element in the middle, or the mean of the two there; a real.
    Median = "median", median;
    /// The product.
    Product = "prod", product;
    /// The greatest less the least.
    Spread = "ptp", spread;
}

impl OpGraph {
    /// A function along axes, all of them if `None`; they vanish unless `keep` is [`KeepAxes::AsOne`].
    pub fn reduce(
        &mut self,
        reduction: Reduction,
        a: NodeId,
        axes: Option<&[i64]>,
        keep: KeepAxes,
    ) -> Result<NodeId, TraceError> {
        let (rows, shape) = self.front(reduction.name(), a, axes, keep)?;
        let result = match reduction {
            Reduction::All => {
                let zeros = self.zero(rows)?;
                let any = self.any_of_bits(zeros)?;
                let one = self.number(1);
                self.sub(one, any)?
            }
            Reduction::Any => {
                let bits = self.nonzero(rows)?;
                self.any_of_bits(bits)?
            }
            Reduction::CountNonzero => {
                let bits = self.nonzero(rows)?;
                self.sum(bits, Some(&[0]), KeepAxes::No)?
            }
            Reduction::Greatest => self.tree(Binary::Max, rows)?,
            Reduction::Least => self.tree(Binary::Min, rows)?,
            Reduction::Product => self.tree(Binary::Mul, rows)?,
            Reduction::Spread => {
                let (greatest, least) = (self.tree(Binary::Max, rows)?, self.tree(Binary::Min, rows)?);
                self.sub(greatest, least)?
            }
            Reduction::Mean => {
                let sum = self.sum(rows, Some(&[0]), KeepAxes::No)?;
                let count = self.number(self.node(rows).shape[0] as i64);
                self.binary(Binary::Div, sum, count)?
            }
            Reduction::Median => self.median_of_rows(rows)?,
        };
        self.in_shape(result, &shape)
    }

    /// Sums of the elements up to each along an axis, or of the flattened value: a product with a triangle of ones.
    pub fn cumulative_sum(&mut self, a: NodeId, axis: Option<i64>) -> Result<NodeId, TraceError> {
        let (rows, axis) = self.axis_first("cumsum", a, axis)?;
        let shape = self.shape_of(rows);
        let count = shape[0];
        let flat = self.reshape(rows, &[count as i64, -1])?;
        let ones = ArrayD::from_shape_fn(IxDyn(&[count, count]), |at| i64::from(at[0] >= at[1]));
        let triangle = self.constant(ones);
        let sums = self.matmul(triangle, flat)?;
        let sums = self.in_shape(sums, &shape)?;
        self.move_axis(sums, 0, axis as i64)
    }

    /// Products of the elements up to each along an axis, or of the flattened value.
    pub fn cumulative_product(&mut self, a: NodeId, axis: Option<i64>) -> Result<NodeId, TraceError> {
        let (rows, axis) = self.axis_first("cumprod", a, axis)?;
        let count = self.node(rows).shape[0];
        let mut products = vec![self.rows(rows, 0..1, 1)?];
        for i in 1..count {
            let row = self.rows(rows, i..i + 1, 1)?;
            products.push(self.mul(products[i - 1], row)?);
        }
        let all = self.concat(&products, 0)?;
        self.move_axis(all, 0, axis as i64)
    }

    /// Whether elements are not 0.
    fn nonzero(&mut self, a: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.truth(a))
    }

    /// Whether elements are 0.
    fn zero(&mut self, a: NodeId) -> Result<NodeId, TraceError> {
        if self.is_bit(a, 8) {
            let one = self.number(1);
            return self.sub(one, a);
        }
        let zero = self.number(0);
        self.binary(Binary::Equal, a, zero)
    }

    /// Whether a bit along the first axis is on: sums of few, then of what is left.
    fn any_of_bits(&mut self, mut bits: NodeId) -> Result<NodeId, TraceError> {
        while self.node(bits).shape[0] > 1 {
            let shape = self.shape_of(bits);
            let groups = shape[0].div_ceil(BITS_AT_ONCE);
            let in_group = shape[0].div_ceil(groups);
            let missing = in_group * groups - shape[0];
            if missing > 0 {
                let zeros = self.constant(ArrayD::zeros(IxDyn(&[&[missing], &shape[1..]].concat())));
                bits = self.concat(&[bits, zeros], 0)?;
            }
            let grouped = self.in_shape(bits, &[&[groups, in_group], &shape[1..]].concat())?;
            let sums = self.sum(grouped, Some(&[1]), KeepAxes::No)?;
            let zero = self.number(0);
            bits = self.binary(Binary::NotEqual, sums, zero)?;
        }
        self.row(bits, 0)
    }

    /// All rows combined, in halves.
    fn tree(&mut self, combine: Binary, mut rows: NodeId) -> Result<NodeId, TraceError> {
        loop {
            let count = self.node(rows).shape[0];
            if count == 1 {
                return self.row(rows, 0);
            }
            let half = count / 2;
            let (first, second) = (self.rows(rows, 0..half, 1)?, self.rows(rows, half..2 * half, 1)?);
            let pairs = self.binary(combine, first, second)?;
            rows = match count % 2 {
                0 => pairs,
                _ => {
                    let last = self.rows(rows, count - 1..count, 1)?;
                    self.concat(&[pairs, last], 0)?
                }
            };
        }
    }
}

/// An axis is named, or the value is flattened.
impl Traced {
    /// Sums of the elements up to each.
    #[track_caller]
    pub fn cumsum(&self, axis: impl Into<Option<i64>>) -> Self {
        let axis = axis.into();
        self.with_self(|graph, a| graph.cumulative_sum(a, axis))
    }

    /// Products of the elements up to each.
    #[track_caller]
    pub fn cumprod(&self, axis: impl Into<Option<i64>>) -> Self {
        let axis = axis.into();
        self.with_self(|graph, a| graph.cumulative_product(a, axis))
    }
}
