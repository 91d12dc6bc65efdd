//! Axes that are brought in front, and positions of elements in the flattened value.

use crate::error::{Refusal, TraceError};
use crate::graph::{NodeId, OpGraph};
use crate::shapes::{KeepAxes, Take, axis_of};
use ndarray::{ArrayD, IxDyn};
use std::ops::Range;

impl OpGraph {
    pub(crate) fn shape_of(&self, a: NodeId) -> Vec<usize> {
        self.node(a).shape.clone()
    }

    pub(crate) fn size_of(&self, a: NodeId) -> usize {
        self.node(a).shape.iter().product()
    }

    /// Where each element stands in the flattened value.
    pub(super) fn positions_of(&self, a: NodeId) -> ArrayD<usize> {
        positions(&self.node(a).shape)
    }

    /// Which axis it is, counted from 0.
    pub(super) fn axis(&self, name: &str, a: NodeId, axis: i64) -> Result<usize, TraceError> {
        axis_of(name, axis, self.node(a).shape.len()).map_err(|refusal| self.refused(refusal))
    }

    /// An error about an argument, at the place of the program.
    pub(super) fn wrong<T>(&self, refusal: Result<T, Refusal>) -> Result<T, TraceError> {
        refusal.map_err(|refusal| self.refused(refusal))
    }

    /// A constant.
    pub(super) fn number(&mut self, value: i64) -> NodeId {
        self.constant(ArrayD::from_elem(IxDyn(&[]), value))
    }

    /// In a shape without open sizes.
    pub(super) fn in_shape(&mut self, a: NodeId, shape: &[usize]) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.reshaped(a, shape))
    }

    /// The axes that vanish as one axis in front of the others, and the shape of the result.
    pub(super) fn front(
        &mut self,
        name: &str,
        a: NodeId,
        axes: Option<&[i64]>,
        keep: KeepAxes,
    ) -> Result<(NodeId, Vec<usize>), TraceError> {
        let shape = self.shape_of(a);
        let axes = match axes {
            Some(axes) => axes.iter().map(|&axis| self.axis(name, a, axis)).collect::<Result<Vec<_>, _>>()?,
            None => (0..shape.len()).collect(),
        };
        let kept: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let order = [axes.as_slice(), &kept].concat();
        if order.len() != shape.len() {
            let found = format!("the axes {axes:?}");
            let refusal =
                crate::error::refuse_argument(name, found, "each axis is named once", "leave it out");
            return self.wrong(refusal);
        }
        let count: usize = axes.iter().map(|&axis| shape[axis]).product();
        let rest: Vec<usize> = kept.iter().map(|&axis| shape[axis]).collect();
        let moved: Vec<usize> = positions(&shape).permuted_axes(order).iter().copied().collect();
        let rows = self.gather(a, &shaped(moved, &[&[count], rest.as_slice()].concat()))?;
        let result = match keep {
            KeepAxes::No => rest,
            KeepAxes::AsOne => {
                let size = |(axis, &size): (usize, &usize)| if axes.contains(&axis) { 1 } else { size };
                shape.iter().enumerate().map(size).collect()
            }
        };
        Ok((rows, result))
    }

    /// An axis in front of the others, or the flattened value; and how to move it back.
    pub(super) fn axis_first(
        &mut self,
        name: &str,
        a: NodeId,
        axis: Option<i64>,
    ) -> Result<(NodeId, usize), TraceError> {
        match axis {
            None => {
                let size = self.size_of(a);
                Ok((self.in_shape(a, &[size])?, 0))
            }
            Some(axis) => {
                let axis = self.axis(name, a, axis)?;
                Ok((self.move_axis(a, axis as i64, 0)?, axis))
            }
        }
    }

    /// Every `step`-th of some rows.
    pub(super) fn rows(&mut self, a: NodeId, rows: Range<usize>, step: usize) -> Result<NodeId, TraceError> {
        if rows == (0..self.node(a).shape[0]) && step == 1 {
            return Ok(a);
        }
        let (start, stop) = (Some(rows.start as i64), Some(rows.end as i64));
        self.slice(a, &[Take::Range { start, stop, step: step as i64 }])
    }

    /// One row, without its axis.
    pub(super) fn row(&mut self, a: NodeId, row: usize) -> Result<NodeId, TraceError> {
        self.slice(a, &[Take::At(row as i64)])
    }

    /// Elements of the flattened value; 0 where there is no position.
    pub(super) fn gather_or_zero(
        &mut self,
        a: NodeId,
        positions: &ArrayD<Option<usize>>,
    ) -> Result<NodeId, TraceError> {
        let size = self.size_of(a);
        let flat = self.in_shape(a, &[size])?;
        let source = match positions.iter().any(Option::is_none) {
            true => {
                let zero = self.constant(ArrayD::zeros(IxDyn(&[1])));
                self.concat(&[flat, zero], 0)?
            }
            false => flat,
        };
        self.gather(source, &positions.mapv(|position| position.unwrap_or(size)))
    }
}

/// Where each element of a shape stands, row-major.
pub(crate) fn positions(shape: &[usize]) -> ArrayD<usize> {
    shaped((0..shape.iter().product()).collect(), shape)
}

/// As many elements as the shape has.
pub(crate) fn shaped<T>(elements: Vec<T>, shape: &[usize]) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(shape), elements).expect("as many elements as the shape has")
}
