//! The greatest or the mean of each window, in one to three dimensions.
//!
//! Windows are a gather: along one axis more, each element of the result has the elements it is computed from.

use crate::compositions::axes::shaped;
use crate::compositions::reductions::Reduction;
use crate::compositions::windows::{WindowOptions, Windows};
use crate::elementwise::Binary;
use crate::error::{TraceError, refuse_argument};
use crate::graph::{NodeId, OpGraph};
use crate::shapes::KeepAxes;
use crate::traced::Traced;
use ndarray::{ArrayD, Axis};

/// What elements around the value are for a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// They are not counted.
    #[default]
    Ignored,
    /// They count as zeros.
    Zeros,
}

impl OpGraph {
    /// The greatest element of each window; what lies outside does not count.
    pub fn max_pool(
        &mut self,
        a: NodeId,
        kernel: &[usize],
        options: &WindowOptions,
    ) -> Result<NodeId, TraceError> {
        let positions = self.pooled("maxpool", a, kernel, options)?;
        let mut filled = vec![];
        for window in positions.lanes(Axis(positions.ndim() - 1)) {
            // The greatest of a window stays the same when one of its values stands there twice.
            let Some(inside) = window.iter().copied().flatten().max() else {
                return self.nothing_inside("maxpool");
            };
            filled.extend(window.iter().map(|position| position.unwrap_or(inside)));
        }
        let windows = self.gather(a, &shaped(filled, positions.shape()))?;
        self.reduce(Reduction::Greatest, windows, Some(&[-1]), KeepAxes::No)
    }

    /// The mean of each window, a real.
    pub fn average_pool(
        &mut self,
        a: NodeId,
        kernel: &[usize],
        options: &WindowOptions,
        outside: Outside,
    ) -> Result<NodeId, TraceError> {
        let positions = self.pooled("avgpool", a, kernel, options)?;
        let counts = positions.map_axis(Axis(positions.ndim() - 1), |window| match outside {
            Outside::Zeros => window.len() as i64,
            Outside::Ignored => window.iter().flatten().count() as i64,
        });
        if counts.iter().any(|&count| count == 0) {
            return self.nothing_inside("avgpool");
        }
        let windows = self.gather_or_zero(a, &positions)?;
        let sums = self.sum(windows, Some(&[-1]), KeepAxes::No)?;
        let counts = self.constant(counts);
        self.binary(Binary::Div, sums, counts)
    }

    fn pooled(
        &mut self,
        name: &str,
        a: NodeId,
        kernel: &[usize],
        options: &WindowOptions,
    ) -> Result<ArrayD<Option<usize>>, TraceError> {
        let shape = self.shape_of(a);
        let windows = self.wrong(Windows::new(name, &shape, kernel, options))?;
        Ok(windows.positions(&shape))
    }

    fn nothing_inside<T>(&self, name: &str) -> Result<T, TraceError> {
        let found = "a window that lies in the padding alone";
        self.wrong(refuse_argument(name, found, "each window has an element of the value", "pad less"))
    }
}

impl Traced {
    /// The greatest element of each window of `[n, c, …]`.
    #[track_caller]
    pub fn max_pool(&self, kernel: impl AsRef<[usize]>, options: WindowOptions) -> Self {
        self.with_self(|graph, a| graph.max_pool(a, kernel.as_ref(), &options))
    }

    /// The mean of each window of `[n, c, …]`, a real.
    #[track_caller]
    pub fn average_pool(
        &self,
        kernel: impl AsRef<[usize]>,
        options: WindowOptions,
        outside: Outside,
    ) -> Self {
        self.with_self(|graph, a| graph.average_pool(a, kernel.as_ref(), &options, outside))
    }
}
