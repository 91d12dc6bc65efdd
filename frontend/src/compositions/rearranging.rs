//! Elements in other places, values side by side, differences of neighbours.
//!
//! Positions are moved while tracing; one gather of the compiler follows them.

use crate::compositions::axes::{positions, shaped};
use crate::error::{TraceError, refuse_argument};
use crate::graph::{NodeId, OpGraph};
use crate::shapes::{KeepAxes, Take};
use crate::traced::Traced;
use ndarray::{ArrayD, Axis, IxDyn};

/// What stands beyond the edges of a padded value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// A number.
    Constant(i64),
    /// The element at the edge.
    Edge,
    /// The elements mirrored at the one on the edge.
    Reflect,
    /// The elements from the other side on.
    Wrap,
}

/// The part of a matrix, or of each of the last two axes, that stays; the rest becomes 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// On a diagonal and below it; that of the matrix is number 0, above it they are positive.
    Lower(i64),
    /// On a diagonal and above it.
    Upper(i64),
}

impl OpGraph {
    /// One axis in another place, the others in their order.
    pub fn move_axis(&mut self, a: NodeId, from: i64, to: i64) -> Result<NodeId, TraceError> {
        let (from, to) = (self.axis("moveaxis", a, from)?, self.axis("moveaxis", a, to)?);
        if from == to {
            return Ok(a);
        }
        let rank = self.node(a).shape.len() as i64;
        let mut order: Vec<i64> = (0..rank).collect();
        let axis = order.remove(from);
        order.insert(to, axis);
        self.transpose(a, Some(&order))
    }

    /// Values of one shape along a new axis.
    pub fn stack(&mut self, values: &[NodeId], axis: i64) -> Result<NodeId, TraceError> {
        let mut layers = vec![];
        for &value in values {
            layers.push(self.insert_axis(value, axis)?);
        }
        self.concat(&layers, axis)
    }

    /// A new axis of one element.
    pub fn insert_axis(&mut self, a: NodeId, axis: i64) -> Result<NodeId, TraceError> {
        let mut shape = self.shape_of(a);
        let at = crate::shapes::axis_of("expand_dims", axis, shape.len() + 1);
        let at = self.wrong(at)?;
        shape.insert(at, 1);
        self.in_shape(a, &shape)
    }

    /// Differences of neighbours along an axis, `times` times over.
    pub fn differences(&mut self, a: NodeId, times: usize, axis: i64) -> Result<NodeId, TraceError> {
        let axis = self.axis("diff", a, axis)?;
        let mut value = a;
        for _ in 0..times {
            let size = self.node(value).shape[axis] as i64;
            let mut takes = vec![Take::ALL; axis + 1];
            takes[axis] = (1..size).into();
            let later = self.slice(value, &takes)?;
            takes[axis] = (0..size - 1).into();
            let earlier = self.slice(value, &takes)?;
            value = self.sub(later, earlier)?;
        }
        Ok(value)
    }

    /// Elements beyond the edges: so many before and behind each axis.
    pub fn pad(
        &mut self,
        a: NodeId,
        widths: &[(usize, usize)],
        padding: Padding,
    ) -> Result<NodeId, TraceError> {
        let shape = self.shape_of(a);
        if widths.len() != shape.len() {
            let found = format!("{} pairs of widths", widths.len());
            let refusal =
                refuse_argument("pad", found, format!("the value has {} axes", shape.len()), "give one each");
            return self.wrong(refusal);
        }
        let (size, known) = (self.size_of(a), positions(&shape));
        let sizes: Vec<usize> =
            shape.iter().zip(widths).map(|(size, (before, behind))| before + size + behind).collect();
        let moved = ArrayD::from_shape_fn(IxDyn(&sizes), |at| {
            let inside: Option<Vec<usize>> = (0..shape.len())
                .map(|axis| padding.position(at[axis] as i64 - widths[axis].0 as i64, shape[axis] as i64))
                .collect();
            inside.map_or(size, |inside| known[IxDyn(&inside)])
        });
        let source = match padding {
            Padding::Constant(value) => {
                let flat = self.in_shape(a, &[size])?;
                let value = self.constant(ArrayD::from_elem(IxDyn(&[1]), value));
                self.concat(&[flat, value], 0)?
            }
            Padding::Edge | Padding::Reflect | Padding::Wrap => a,
        };
        self.gather(source, &moved)
    }

    /// A diagonal of the last two axes, which become one at the end.
    pub fn diagonal(&mut self, a: NodeId, number: i64) -> Result<NodeId, TraceError> {
        let shape = self.matrix_shape("diagonal", a)?;
        let (rows, columns) = (shape[shape.len() - 2] as i64, shape[shape.len() - 1] as i64);
        let (first_row, first_column) = ((-number).max(0), number.max(0));
        let length = (rows - first_row).min(columns - first_column);
        if length <= 0 {
            let allowed = format!("a matrix of {rows} by {columns} has {} to {}", 1 - rows, columns - 1);
            let refusal =
                refuse_argument("diagonal", format!("diagonal {number}"), allowed, "correct the number");
            return self.wrong(refusal);
        }
        let known = positions(&shape);
        let result = [&shape[..shape.len() - 2], &[length as usize]].concat();
        let moved = ArrayD::from_shape_fn(IxDyn(&result), |at| {
            let mut from: Vec<usize> = (0..result.len()).map(|axis| at[axis]).collect();
            let step = from.pop().unwrap_or_default();
            from.extend([first_row as usize + step, first_column as usize + step]);
            known[IxDyn(&from)]
        });
        self.gather(a, &moved)
    }

    /// A triangle of the last two axes, the rest being 0.
    pub fn triangle(&mut self, a: NodeId, triangle: Triangle) -> Result<NodeId, TraceError> {
        let shape = self.matrix_shape("tril", a)?;
        let rank = shape.len();
        let moved = ArrayD::from_shape_fn(IxDyn(&shape), |at| {
            let above = at[rank - 1] as i64 - at[rank - 2] as i64;
            match triangle {
                Triangle::Lower(number) => above <= number,
                Triangle::Upper(number) => above >= number,
            }
        });
        let known = positions(&shape);
        let kept: Vec<Option<usize>> =
            moved.iter().zip(&known).map(|(&stays, &position)| stays.then_some(position)).collect();
        self.gather_or_zero(a, &shaped(kept, &shape))
    }

    fn matrix_shape(&self, name: &str, a: NodeId) -> Result<Vec<usize>, TraceError> {
        let shape = self.shape_of(a);
        if shape.len() >= 2 {
            return Ok(shape);
        }
        let found = format!("a value of {} axes", shape.len());
        self.wrong(refuse_argument(name, found, "it has at least 2", "reshape it first"))
    }
}

impl Padding {
    /// Which of `size` elements stands at a position that may lie outside.
    fn position(self, at: i64, size: i64) -> Option<usize> {
        let inside = match self {
            Self::Constant(_) => at,
            Self::Edge => at.clamp(0, size - 1),
            Self::Wrap => at.rem_euclid(size),
            Self::Reflect => {
                let period = 2 * (size - 1).max(1);
                let place = at.rem_euclid(period);
                if place < size { place } else { period - place }
            }
        };
        usize::try_from(inside).ok().filter(|&inside| (inside as i64) < size)
    }
}

impl Traced {
    /// One axis in another place, the others in their order.
    #[track_caller]
    pub fn move_axis(&self, from: i64, to: i64) -> Self {
        self.with_self(|graph, a| graph.move_axis(a, from, to))
    }

    /// A new axis of one element.
    #[track_caller]
    pub fn insert_axis(&self, axis: i64) -> Self {
        self.with_self(|graph, a| graph.insert_axis(a, axis))
    }

    /// Without its axes of one element.
    #[track_caller]
    pub fn squeeze(&self) -> Self {
        self.with_self(|graph, a| {
            let shape: Vec<usize> = graph.shape_of(a).into_iter().filter(|&size| size != 1).collect();
            graph.in_shape(a, &shape)
        })
    }

    /// The same elements along one axis.
    #[track_caller]
    pub fn flatten(&self) -> Self {
        self.reshape([-1])
    }

    /// `self`, then `others`, along a new axis.
    #[track_caller]
    pub fn stack(&self, others: &[Self], axis: i64) -> Self {
        self.with_all(others, |graph, values| graph.stack(values, axis))
    }

    /// In reverse order along axes; along all of them if none is named.
    #[track_caller]
    pub fn flip(&self, axes: impl AsRef<[i64]>) -> Self {
        self.with_self(|graph, a| {
            let rank = graph.shape_of(a).len();
            let named = axes.as_ref().iter().map(|&axis| graph.axis("flip", a, axis));
            let named = named.collect::<Result<Vec<_>, _>>()?;
            let back = Take::Range { start: None, stop: None, step: -1 };
            let turned = |axis: usize| named.is_empty() || named.contains(&axis);
            let takes: Vec<Take> =
                (0..rank).map(|axis| if turned(axis) { back } else { Take::ALL }).collect();
            graph.slice(a, &takes)
        })
    }

    /// Every element `distance` places further along an axis; the last ones come first.
    #[track_caller]
    pub fn roll(&self, distance: i64, axis: i64) -> Self {
        self.with_self(|graph, a| {
            let axis = graph.axis("roll", a, axis)?;
            let size = graph.node(a).shape[axis] as i64;
            let from: Vec<usize> = (0..size).map(|i| (i - distance).rem_euclid(size) as usize).collect();
            let moved = graph.positions_of(a).select(Axis(axis), &from);
            graph.gather(a, &moved)
        })
    }

    /// The whole value so many times along each axis; new axes come first.
    #[track_caller]
    pub fn tile(&self, counts: impl AsRef<[usize]>) -> Self {
        self.with_self(|graph, a| {
            let (shape, counts) = (graph.shape_of(a), counts.as_ref());
            let rank = shape.len().max(counts.len());
            let filled = |sizes: &[usize]| [vec![1; rank - sizes.len()].as_slice(), sizes].concat();
            let (shape, counts) = (filled(&shape), filled(counts));
            let mut moved = positions(&shape);
            for (axis, &count) in counts.iter().enumerate() {
                let rows: Vec<usize> = (0..count * shape[axis]).map(|i| i % shape[axis]).collect();
                moved = moved.select(Axis(axis), &rows);
            }
            if moved.is_empty() {
                let found = format!("the counts {counts:?}");
                return graph.wrong(refuse_argument(
                    "tile",
                    found,
                    "counts are positive",
                    "leave the value out",
                ));
            }
            graph.gather(a, &moved)
        })
    }

    /// Each element so many times in a row along an axis.
    #[track_caller]
    pub fn repeat(&self, times: usize, axis: i64) -> Self {
        self.with_self(|graph, a| {
            let axis = graph.axis("repeat", a, axis)?;
            if times == 0 {
                return graph.wrong(refuse_argument(
                    "repeat",
                    "0 times",
                    "times are positive",
                    "leave the value out",
                ));
            }
            let rows: Vec<usize> = (0..times * graph.node(a).shape[axis]).map(|i| i / times).collect();
            let moved = graph.positions_of(a).select(Axis(axis), &rows);
            graph.gather(a, &moved)
        })
    }

    /// Elements beyond the edges: so many before and behind each axis.
    #[track_caller]
    pub fn pad(&self, widths: impl AsRef<[(usize, usize)]>, padding: Padding) -> Self {
        self.with_self(|graph, a| graph.pad(a, widths.as_ref(), padding))
    }

    /// Differences of neighbours along an axis.
    #[track_caller]
    pub fn diff(&self, axis: i64) -> Self {
        self.with_self(|graph, a| graph.differences(a, 1, axis))
    }

    /// A diagonal of the last two axes, which become one at the end.
    #[track_caller]
    pub fn diagonal(&self, number: i64) -> Self {
        self.with_self(|graph, a| graph.diagonal(a, number))
    }

    /// Sum of the diagonal of the last two axes.
    #[track_caller]
    pub fn trace(&self) -> Self {
        self.with_self(|graph, a| {
            let diagonal = graph.diagonal(a, 0)?;
            graph.sum(diagonal, Some(&[-1]), KeepAxes::No)
        })
    }

    /// A triangle of the last two axes, the rest being 0.
    #[track_caller]
    pub fn triangle(&self, triangle: Triangle) -> Self {
        self.with_self(|graph, a| graph.triangle(a, triangle))
    }
}
