//! Sums of products of tensors: `tensordot`, products of stacks of matrices, and what is made of them.
//!
//! Products of matrices are one operation of the compiler; everything else is brought into that form, or becomes
//! elementwise products and a sum where axes are kept on both sides (see [`crate::compositions::einsum`]).

use crate::error::{TraceError, refuse_argument};
use crate::graph::{NodeId, OpGraph};
use crate::traced::{Operand, Traced};
use ndarray::{ArrayD, IxDyn};

impl OpGraph {
    /// NumPy's `matmul`: of vectors, matrices, and stacks of matrices, whose leading axes are broadcast.
    pub fn matmul(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        let (of_a, of_b) = (self.shape_of(a), self.shape_of(b));
        match (of_a.len(), of_b.len()) {
            (0..=2, 0..=2) | (0, _) | (_, 0) => self.checked(|graph| graph.matrix_product("matmul", a, b)),
            (_, 1..=2) => {
                let inner = of_a[of_a.len() - 1];
                let rows = self.reshape(a, &[-1, inner as i64])?;
                let product = self.checked(|graph| graph.matrix_product("matmul", rows, b))?;
                self.in_shape(product, &[&of_a[..of_a.len() - 1], &of_b[1..]].concat())
            }
            (1, _) => {
                let row = self.in_shape(a, &[1, of_a[0]])?;
                let product = self.einsum("...ij,...jk->...ik", &[row, b])?;
                let mut shape = self.shape_of(product);
                shape.remove(shape.len() - 2);
                self.in_shape(product, &shape)
            }
            _ => self.einsum("...ij,...jk->...ik", &[a, b]),
        }
    }

    /// NumPy's `dot`: of vectors their scalar product, of a scalar a multiple, else the sum over the last axis of `a` and
    /// the one before the last of `b`.
    pub fn dot(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        match (self.node(a).shape.len(), self.node(b).shape.len()) {
            (0, _) | (_, 0) => self.mul(a, b),
            (1..=2, 1..=2) => self.checked(|graph| graph.matrix_product("dot", a, b)),
            (_, rank) => self.tensordot(a, b, &[-1], &[if rank == 1 { -1 } else { -2 }]),
        }
    }

    /// Sum over pairs of axes; those of `a` that are kept come first.
    pub fn tensordot(
        &mut self,
        a: NodeId,
        b: NodeId,
        of_a: &[i64],
        of_b: &[i64],
    ) -> Result<NodeId, TraceError> {
        let (shape_a, shape_b) = (self.shape_of(a), self.shape_of(b));
        let axes = |graph: &Self, value: NodeId, axes: &[i64]| {
            axes.iter().map(|&axis| graph.axis("tensordot", value, axis)).collect::<Result<Vec<_>, _>>()
        };
        let (of_a, of_b) = (axes(self, a, of_a)?, axes(self, b, of_b)?);
        let sizes =
            |shape: &[usize], axes: &[usize]| axes.iter().map(|&axis| shape[axis]).collect::<Vec<_>>();
        let (summed, other) = (sizes(&shape_a, &of_a), sizes(&shape_b, &of_b));
        if summed != other {
            let found = format!("the axes {of_a:?} of shape {shape_a:?} and {of_b:?} of {shape_b:?}");
            let refusal = refuse_argument("tensordot", found, "their sizes are equal", "correct the axes");
            return self.wrong(refusal);
        }
        let kept = |rank: usize, summed: &[usize]| -> Vec<usize> {
            (0..rank).filter(|axis| !summed.contains(axis)).collect()
        };
        let (kept_a, kept_b) = (kept(shape_a.len(), &of_a), kept(shape_b.len(), &of_b));
        let terms: usize = summed.iter().product();
        let ordered = |graph: &mut Self, value: NodeId, order: &[usize], shape: &[usize]| {
            let order: Vec<i64> = order.iter().map(|&axis| axis as i64).collect();
            let is_in_order = order.is_sorted();
            let moved = if is_in_order { value } else { graph.transpose(value, Some(&order))? };
            graph.in_shape(moved, shape)
        };
        let (rows, columns) = (sizes(&shape_a, &kept_a), sizes(&shape_b, &kept_b));
        let left = ordered(self, a, &[kept_a, of_a].concat(), &[rows.iter().product(), terms])?;
        let right = ordered(self, b, &[of_b, kept_b].concat(), &[terms, columns.iter().product()])?;
        let product = self.matmul(left, right)?;
        self.in_shape(product, &[rows, columns].concat())
    }

    /// Every element of the one times every element of the other, both flattened.
    pub fn outer(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        let (column, row) = (self.reshape(a, &[-1, 1])?, self.reshape(b, &[1, -1])?);
        self.mul(column, row)
    }

    /// Kronecker's product: `b` times each element of `a`, at its place.
    pub fn kron(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        let (a_shape, b_shape) = (self.shape_of(a), self.shape_of(b));
        let rank = a_shape.len().max(b_shape.len());
        let filled = |shape: &[usize]| [vec![1; rank - shape.len()].as_slice(), shape].concat();
        let (left, right) = (filled(&a_shape), filled(&b_shape));
        let a = self.in_shape(a, &left.iter().flat_map(|&size| [size, 1]).collect::<Vec<_>>())?;
        let b = self.in_shape(b, &right.iter().flat_map(|&size| [1, size]).collect::<Vec<_>>())?;
        let product = self.mul(a, b)?;
        self.in_shape(product, &left.iter().zip(&right).map(|(x, y)| x * y).collect::<Vec<_>>())
    }

    /// Sums of products of a vector and a clear one that is turned around and moved along it, as far as they meet.
    pub fn convolve(&mut self, a: NodeId, kernel: &[i64]) -> Result<NodeId, TraceError> {
        let shape = self.shape_of(a);
        let &[size] = shape.as_slice() else {
            let found = format!("a value of shape {shape:?}");
            return self.wrong(refuse_argument("convolve", found, "vectors are convolved", "flatten it"));
        };
        if kernel.is_empty() {
            return self.wrong(refuse_argument("convolve", "no kernel", "it has elements", "leave it out"));
        }
        // Linear: row `i` is what a 1 at position `i` gives.
        let matrix = ArrayD::from_shape_fn(IxDyn(&[size, size + kernel.len() - 1]), |at| {
            at[1].checked_sub(at[0]).and_then(|from| kernel.get(from)).copied().unwrap_or(0)
        });
        let matrix = self.constant(matrix);
        self.matmul(a, matrix)
    }
}

impl Traced {
    /// Scalar product of vectors, or product of matrices; the other may be encrypted, too.
    #[track_caller]
    pub fn dot(&self, other: impl Operand) -> Self {
        self.with(other, OpGraph::dot)
    }

    /// `self · other` of vectors, matrices and stacks of matrices.
    #[track_caller]
    pub fn matmul(&self, other: impl Operand) -> Self {
        self.with(other, OpGraph::matmul)
    }

    /// `other · self` of vectors, matrices and stacks of matrices.
    #[track_caller]
    pub fn left_matmul(&self, other: impl Operand) -> Self {
        self.with(other, |graph, a, b| graph.matmul(b, a))
    }

    /// Sum over pairs of axes; those of `self` that are kept come first.
    #[track_caller]
    pub fn tensordot(
        &self,
        other: impl Operand,
        axes: impl AsRef<[i64]>,
        of_other: impl AsRef<[i64]>,
    ) -> Self {
        self.with(other, |graph, a, b| graph.tensordot(a, b, axes.as_ref(), of_other.as_ref()))
    }

    /// Every element times every element of the other, both flattened.
    #[track_caller]
    pub fn outer(&self, other: impl Operand) -> Self {
        self.with(other, OpGraph::outer)
    }

    /// Kronecker's product: `other` times each element, at its place.
    #[track_caller]
    pub fn kron(&self, other: impl Operand) -> Self {
        self.with(other, OpGraph::kron)
    }

    /// Sums of products with a kernel that is turned around and moved along the vector, as far as they meet.
    #[track_caller]
    pub fn convolve(&self, kernel: &[i64]) -> Self {
        self.with_self(|graph, a| graph.convolve(a, kernel))
    }

    /// Sums of products in Einstein's notation, as `"ij,jk->ik"`: this value, then others.
    #[track_caller]
    pub fn einsum(&self, notation: &str, others: &[Self]) -> Self {
        self.with_all(others, |graph, values| graph.einsum(notation, values))
    }
}
