//! How a kernel moves over the axes behind batch and channel, as ONNX defines it.

use crate::error::{Refusal, refuse_argument};
use ndarray::{ArrayD, IxDyn};

/// Zeros, or nothing, around the axes that a kernel moves over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Around {
    /// None.
    #[default]
    Nothing,
    /// So many before and behind each axis.
    Each(Vec<(usize, usize)>),
    /// As many as give one window for each step, one more behind where their number is odd.
    SameUpper,
    /// The same, one more before where their number is odd.
    SameLower,
}

/// Whether the last window may end behind the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastWindow {
    /// Every window lies within the padded value.
    #[default]
    Inside,
    /// It begins inside, or in the padding before it, and may end behind.
    MayEndBehind,
}

/// How a kernel moves; empty lists stand for ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowOptions {
    /// Distances between windows, for each axis.
    pub strides: Vec<usize>,
    /// Distances between the elements of a window, for each axis.
    pub dilations: Vec<usize>,
    /// What stands around the value.
    pub around: Around,
    /// Where the last window ends.
    pub last: LastWindow,
}

/// The windows of a kernel over a value of a known shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    pub(super) kernel: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    /// Before and behind each axis, more than asked for where the last window ends behind.
    pub(super) pads: Vec<(usize, usize)>,
}

impl Windows {
    /// The windows of a kernel over `[n, c, …]` of one to three axes more.
    pub(super) fn new(
        name: &str,
        shape: &[usize],
        kernel: &[usize],
        options: &WindowOptions,
    ) -> Result<Self, Refusal> {
        let rank = shape.len().saturating_sub(2);
        if !(1..=3).contains(&rank) {
            let allowed = "it has 3, 4 or 5 axes: batch, channels, and 1 to 3 that the kernel moves over";
            return refuse_argument(name, format!("an input of shape {shape:?}"), allowed, "reshape it");
        }
        let sizes = |what: &str, given: &[usize], least: usize| match given {
            [] => Ok(vec![1; rank]),
            _ if given.len() == rank && given.iter().all(|&size| size >= least) => Ok(given.to_vec()),
            _ => {
                let found = format!("the {what} {given:?}");
                refuse_argument(name, found, format!("{rank} integers from {least} on"), "correct them")
            }
        };
        let kernel = sizes("kernel", kernel, 1)?;
        let (strides, dilations) =
            (sizes("strides", &options.strides, 1)?, sizes("dilations", &options.dilations, 1)?);
        let mut pads = vec![];
        for axis in 0..rank {
            let (size, step) = (shape[2 + axis], strides[axis]);
            let span = dilations[axis] * (kernel[axis] - 1) + 1;
            let (before, behind) = match &options.around {
                Around::Nothing => (0, 0),
                Around::Each(pads) => match pads.get(axis).filter(|_| pads.len() == rank) {
                    Some(&pads) => pads,
                    None => {
                        let found = format!("the pads {pads:?}");
                        return refuse_argument(name, found, format!("{rank} pairs"), "correct them");
                    }
                },
                same @ (Around::SameUpper | Around::SameLower) => {
                    let missing = ((size.div_ceil(step) - 1) * step + span).saturating_sub(size);
                    let (half, rest) = (missing / 2, missing - missing / 2);
                    if *same == Around::SameUpper { (half, rest) } else { (rest, half) }
                }
            };
            let padded = size + before + behind;
            let Some(room) = padded.checked_sub(span) else {
                return refuse_argument(
                    name,
                    format!("a window that spans {span}"),
                    format!("it does not fit {padded} padded elements"),
                    "take a smaller kernel, or pad",
                );
            };
            let is_over = options.last == LastWindow::MayEndBehind
                && room % step != 0
                && (room / step + 1) * step < size + before;
            pads.push((before, if is_over { behind + step - room % step } else { behind }));
        }
        Ok(Self { kernel, strides, dilations, pads })
    }

    /// Number of windows along an axis of that size.
    pub(super) fn count(&self, axis: usize, size: usize) -> usize {
        let (before, behind) = self.pads[axis];
        let span = self.dilations[axis] * (self.kernel[axis] - 1) + 1;
        (size + before + behind - span) / self.strides[axis] + 1
    }

    /// Which element of an axis a window has at a place of its kernel; none in the padding.
    pub(super) fn element(&self, axis: usize, (window, place): (usize, usize), size: usize) -> Option<usize> {
        let at = window * self.strides[axis] + place * self.dilations[axis];
        at.checked_sub(self.pads[axis].0).filter(|&at| at < size)
    }

    /// Flat positions as `[n, c, outputs…, kernel]`; none where a window leaves the value.
    pub fn positions(&self, shape: &[usize]) -> ArrayD<Option<usize>> {
        let rank = self.kernel.len();
        let outputs: Vec<usize> = (0..rank).map(|axis| self.count(axis, shape[2 + axis])).collect();
        let all = [&shape[..2], &outputs, &[self.kernel.iter().product()]].concat();
        ArrayD::from_shape_fn(IxDyn(&all), |at| {
            let mut rest = at[2 + rank];
            let mut places = vec![0; rank];
            for axis in (0..rank).rev() {
                (places[axis], rest) = (rest % self.kernel[axis], rest / self.kernel[axis]);
            }
            (0..rank).try_fold(at[0] * shape[1] + at[1], |position, axis| {
                let size = shape[2 + axis];
                let element = self.element(axis, (at[2 + axis], places[axis]), size)?;
                Some(position * size + element)
            })
        })
    }
}

/// Flat positions that each window has, as `[n, c, outputs…, kernel]`, for values that are known already.
pub fn window_positions(
    name: &str,
    shape: &[usize],
    kernel: &[usize],
    options: &WindowOptions,
) -> Result<ArrayD<Option<usize>>, crate::TraceError> {
    let windows = Windows::new(name, shape, kernel, options).map_err(|refusal| refusal.at(None))?;
    Ok(windows.positions(shape))
}
