//! Convolution in one to three dimensions, as the one that the compiler has in two.

use crate::compositions::windows::{WindowOptions, Windows};
use crate::error::{TraceError, refuse_argument};
use crate::graph::{NodeId, OpGraph};
use crate::traced::{Operand, Traced};
use cloakwork_ir::linear::Conv2d;
use ndarray::{ArrayD, IxDyn};

/// Options of a convolution; the default is stride 1, no padding, no dilation, one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvOptions {
    /// How the kernel moves.
    pub windows: WindowOptions,
    /// Groups of channels.
    pub groups: usize,
}

impl Default for ConvOptions {
    fn default() -> Self {
        Self { windows: WindowOptions::default(), groups: 1 }
    }
}

impl OpGraph {
    /// Convolution of an encrypted `[n, c, …]` with clear weights `[f, c/groups, …]`, of one to three axes more.
    pub fn conv(
        &mut self,
        input: NodeId,
        weights: NodeId,
        options: &ConvOptions,
    ) -> Result<NodeId, TraceError> {
        let (shape, kernel) = (self.shape_of(input), self.shape_of(weights));
        let windows = Windows::new("conv", &shape, kernel.get(2..).unwrap_or_default(), &options.windows);
        let groups = options.groups;
        let refusal = if kernel.len() != shape.len() {
            let found = format!("weights of shape {kernel:?} for an input of shape {shape:?}");
            refuse_argument("conv", found, "weights have as many axes as the input", "reshape them")
        } else if groups == 0 || kernel[0] % groups != 0 || shape[1] != kernel[1] * groups {
            let found = format!("{groups} groups");
            let allowed = format!(
                "they do not fit {} channels and {} filters of {} channels",
                shape[1], kernel[0], kernel[1]
            );
            refuse_argument("conv", found, allowed, "correct the groups or the weights")
        } else {
            windows
        };
        let windows = self.wrong(refusal)?;
        match windows.kernel.len() {
            1 => {
                let rows = self.insert_axis(input, 2)?;
                let weights = self.insert_axis(weights, 2)?;
                let flat = Windows {
                    kernel: [&[1], windows.kernel.as_slice()].concat(),
                    strides: [&[1], windows.strides.as_slice()].concat(),
                    dilations: [&[1], windows.dilations.as_slice()].concat(),
                    pads: [&[(0, 0)], windows.pads.as_slice()].concat(),
                };
                let result = self.conv_planes(rows, weights, &flat, groups)?;
                let mut shape = self.shape_of(result);
                shape.remove(2);
                self.in_shape(result, &shape)
            }
            2 => self.conv_planes(input, weights, &windows, groups),
            _ => self.conv_layers(input, weights, &windows, groups),
        }
    }

    fn conv_planes(
        &mut self,
        input: NodeId,
        weights: NodeId,
        windows: &Windows,
        groups: usize,
    ) -> Result<NodeId, TraceError> {
        let two = |sizes: &[usize]| [sizes[0], sizes[1]];
        let [(top, bottom), (left, right)] = [windows.pads[0], windows.pads[1]];
        let conv = Conv2d {
            strides: two(&windows.strides),
            padding: [top, left, bottom, right],
            dilations: two(&windows.dilations),
            groups,
        };
        self.conv2d(input, weights, conv)
    }

    /// Each window of layers becomes one image, the depth of the kernel being among its channels.
    fn conv_layers(
        &mut self,
        input: NodeId,
        weights: NodeId,
        windows: &Windows,
        groups: usize,
    ) -> Result<NodeId, TraceError> {
        let shape = self.shape_of(input);
        let &[batch, channels, layers, height, width] = shape.as_slice() else { return Ok(input) };
        let (depth, outputs) = (windows.kernel[0], windows.count(0, layers));
        let images = [batch * outputs, channels * depth, height, width];
        let positions = ArrayD::from_shape_fn(IxDyn(&images), |at| {
            let (image, output) = (at[0] / outputs, at[0] % outputs);
            let (channel, place) = (at[1] / depth, at[1] % depth);
            let layer = windows.element(0, (output, place), layers)?;
            Some((((image * channels + channel) * layers + layer) * height + at[2]) * width + at[3])
        });
        let flat = self.gather_or_zero(input, &positions)?;
        let kernel = self.shape_of(weights);
        let merged = self.in_shape(weights, &[kernel[0], kernel[1] * depth, kernel[3], kernel[4]])?;
        let planes = Windows {
            kernel: windows.kernel[1..].to_vec(),
            strides: windows.strides[1..].to_vec(),
            dilations: windows.dilations[1..].to_vec(),
            pads: windows.pads[1..].to_vec(),
        };
        let result = self.conv_planes(flat, merged, &planes, groups)?;
        let of_result = self.shape_of(result);
        let result = self.in_shape(result, &[&[batch, outputs], &of_result[1..]].concat())?;
        self.move_axis(result, 1, 2)
    }
}

impl Traced {
    /// Convolution of `[n, c, …]` with clear weights `[f, c/groups, …]`, of one to three axes more.
    #[track_caller]
    pub fn conv(&self, weights: impl Operand, options: ConvOptions) -> Self {
        self.with(weights, |graph, a, b| graph.conv(a, b, &options))
    }
}
