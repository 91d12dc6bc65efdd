//! Reading and writing where an encrypted integer says: it is compared with every position.

use crate::elementwise::Binary;
use crate::error::{TraceError, refuse};
use crate::graph::{NodeId, OpGraph};
use crate::shapes::KeepAxes;
use ndarray::{ArrayD, IxDyn};

impl OpGraph {
    /// `Σ a[j] · (positions = j)` along an axis; negative positions count from the end.
    pub(crate) fn take_encrypted(
        &mut self,
        a: NodeId,
        positions: NodeId,
        axis: i64,
    ) -> Result<NodeId, TraceError> {
        let axis = self.axis("take", a, axis)?;
        let (shape, places) = (self.shape_of(a), self.shape_of(positions));
        let (before, behind) = (&shape[..axis], &shape[axis + 1..]);
        let open = self.in_shape(positions, &[places.as_slice(), &[1]].concat())?;
        let hits = self.hits(open, shape[axis], &[shape[axis]])?;
        // Axes: before, of the positions, behind, and last the one that is summed over.
        let ones = |count: usize| vec![1; count];
        let last = [shape[axis]];
        let hits = self.in_shape(hits, &[places.as_slice(), &ones(behind.len()), &last].concat())?;
        let values = self.move_axis(a, axis as i64, -1)?;
        let values = self.in_shape(values, &[before, &ones(places.len()), behind, &last].concat())?;
        let products = self.mul(hits, values)?;
        self.sum(products, Some(&[-1]), KeepAxes::No)
    }

    /// `value` where the axis has the encrypted position, elsewhere `a`.
    pub(crate) fn put_encrypted(
        &mut self,
        a: NodeId,
        value: NodeId,
        position: NodeId,
        axis: i64,
    ) -> Result<NodeId, TraceError> {
        let axis = self.axis("put", a, axis)?;
        let (shape, places) = (self.shape_of(a), self.shape_of(position));
        if !places.is_empty() {
            let found = format!("encrypted positions of shape {places:?}");
            let refusal =
                refuse("put", found, "an encrypted position is a scalar", "write one after the other");
            return self.wrong(refusal);
        }
        let behind = vec![1; shape.len() - axis - 1];
        let column = [&[shape[axis]], behind.as_slice()].concat();
        let hits = self.hits(position, shape[axis], &column)?;
        let rest = [&shape[..axis], &shape[axis + 1..]].concat();
        let value = self.broadcast(value, &rest)?;
        let value = self.in_shape(value, &[&shape[..axis], &[1], &shape[axis + 1..]].concat())?;
        self.select(hits, value, a)
    }

    /// Whether a position, taken modulo the size, is each of them; they stand in a shape.
    fn hits(&mut self, positions: NodeId, size: usize, shape: &[usize]) -> Result<NodeId, TraceError> {
        let count = self.number(size as i64);
        let from_start = self.binary(Binary::Remainder, positions, count)?;
        let mut next = 0..;
        let each = ArrayD::from_shape_simple_fn(IxDyn(shape), || next.next().unwrap_or_default());
        let each = self.constant(each);
        self.binary(Binary::Equal, from_start, each)
    }
}
