//! Compositions compute what plain Rust on arrays computes, and refuse what they cannot.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use cloakwork_frontend::compositions::convolution::ConvOptions;
use cloakwork_frontend::compositions::pooling::Outside;
use cloakwork_frontend::compositions::rearranging::{Padding, Triangle};
use cloakwork_frontend::compositions::windows::{Around, LastWindow, WindowOptions};
use cloakwork_frontend::error::Fault;
use cloakwork_frontend::{InputType, Traced, trace};
use cloakwork_ir::digits::Exactness;
use ndarray::{Array2, ArrayD, Axis, Ix2, IxDyn, array, concatenate, s, stack};

type Values = ArrayD<i64>;
type Program<'a> = &'a dyn Fn(&Traced) -> Traced;
/// What becomes of the elements of a window with their places in the kernel.
type Each<'a> = &'a dyn Fn(&[usize], Vec<(Vec<usize>, i64)>) -> i64;

/// Values of a shape from −4 to 5, another array for each seed.
fn values(shape: &[usize], seed: i64) -> Values {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = (state * 1_103_515_245 + 12345) & 0x7fff_ffff;
        (state >> 16) % 10 - 4
    })
}

/// Compares a program of one value with its oracle on several arrays.
#[track_caller]
fn same(shape: &[usize], program: impl Fn(&Traced) -> Traced, oracle: impl Fn(&Values) -> Values) {
    let graph = trace("f", |t| program(&t.encrypted("x", shape, InputType::Measured))).unwrap();
    for seed in 0..4 {
        let x = values(shape, seed);
        assert_eq!(common::run(&graph, x.clone())[0], oracle(&x), "of {x}");
    }
}

/// The same of two values.
#[track_caller]
fn same_of_two(
    (first, second): (&[usize], &[usize]),
    program: impl Fn(&Traced, &Traced) -> Traced,
    oracle: impl Fn(&Values, &Values) -> Values,
) {
    let program = |is_clear: bool| {
        trace("f", |t| {
            let x = t.encrypted("x", first, InputType::Measured);
            let y = match is_clear {
                true => t.clear("y", second, InputType::Measured),
                false => t.encrypted("y", second, InputType::Measured),
            };
            program(&x, &y)
        })
    };
    for graph in [program(false).unwrap(), program(true).unwrap()] {
        let (x, y) = (values(first, 1), values(second, 2));
        assert_eq!(common::run(&graph, (x.clone(), y.clone()))[0], oracle(&x, &y), "of {x} and {y}");
    }
}

/// A function of each lane along an axis, which vanishes.
fn lanes(axis: usize, f: impl Fn(Vec<i64>) -> i64) -> impl Fn(&Values) -> Values {
    move |x| x.map_axis(Axis(axis), |lane| f(lane.to_vec()))
}

fn whole(f: impl Fn(Vec<i64>) -> i64) -> impl Fn(&Values) -> Values {
    move |x| ArrayD::from_elem(IxDyn(&[]), f(x.iter().copied().collect()))
}

fn greatest(lane: Vec<i64>) -> i64 {
    lane.into_iter().max().unwrap()
}

fn sorted(mut lane: Vec<i64>) -> Vec<i64> {
    lane.sort_unstable();
    lane
}

fn first_of(lane: &[i64], value: i64) -> i64 {
    lane.iter().position(|&other| other == value).unwrap() as i64
}

#[test]
fn reductions() {
    for axis in 0..3usize {
        let named = [axis as i64];
        same(&[2, 3, 5], |x| x.max_along(named), lanes(axis, greatest));
        same(&[2, 3, 5], |x| x.min_along(named), lanes(axis, |lane| *lane.iter().min().unwrap()));
        same(&[2, 3, 5], |x| x.product(named), lanes(axis, |lane| lane.iter().product()));
        same(&[2, 3, 5], |x| x.any(named), lanes(axis, |lane| lane.iter().any(|&v| v != 0).into()));
        same(&[2, 3, 5], |x| x.all(named), lanes(axis, |lane| lane.iter().all(|&v| v != 0).into()));
        same(&[2, 3, 5], |x| x.argmax(named[0]), lanes(axis, |lane| first_of(&lane, greatest(lane.clone()))));
        same(&[2, 3, 5], |x| (x * -1).argmin(named[0]), lanes(axis, |l| first_of(&l, greatest(l.clone()))));
        same(&[2, 3, 5], |x| x.spread(named), lanes(axis, |l| greatest(l.clone()) - l.iter().min().unwrap()));
        let nonzero = |lane: Vec<i64>| lane.iter().filter(|&&v| v != 0).count() as i64;
        same(&[2, 3, 5], |x| x.count_nonzero(named), lanes(axis, nonzero));
    }
    same(&[4, 8], |x| x.any([]), whole(|all| all.iter().any(|&v| v != 0).into()));
    same(&[4, 8], |x| x.less(0).all([1]), |x| x.map_axis(Axis(1), |l| l.iter().all(|&v| v < 0).into()));
    same(&[1], |x| x.argmax(None), whole(|_| 0));
    same(&[2, 3], |x| x.argmin(None), whole(|all| first_of(&all, *all.iter().min().unwrap())));
    same(&[2, 3], |x| x.max_along([-1, 0]), whole(greatest));
    same(&[2, 3], |x| (x.mean([1]) * 6).round_to_int(), lanes(1, |lane| lane.iter().sum::<i64>() * 2));
    let middle = |lane: Vec<i64>| {
        let (lane, at) = (sorted(lane.clone()), lane.len() / 2);
        if lane.len() % 2 == 1 { 2 * lane[at] } else { lane[at - 1] + lane[at] }
    };
    same(&[2, 4], |x| (x.median([1]) * 2).round_to_int(), lanes(1, middle));
    same(&[2, 5], |x| (x.median([1]) * 2).round_to_int(), lanes(1, middle));
}

#[test]
fn running_and_sorted() {
    let running = |combine: fn(i64, i64) -> i64| {
        move |x: &Values| {
            let mut result = x.clone();
            result.accumulate_axis_inplace(Axis(1), |&before, next| *next = combine(before, *next));
            result
        }
    };
    same(&[2, 4, 3], |x| x.cumsum(1), running(|a, b| a + b));
    same(&[2, 4, 3], |x| x.cumprod(-2), running(|a, b| a * b));
    same(
        &[2, 2],
        |x| x.cumsum(None),
        |x| {
            let mut total = 0;
            x.iter()
                .map(|v| {
                    total += v;
                    total
                })
                .collect::<ndarray::Array1<i64>>()
                .into_dyn()
        },
    );
    let by_rows = |f: fn(Vec<i64>) -> Vec<i64>| {
        move |x: &Values| {
            let mut result = x.clone();
            for mut lane in result.lanes_mut(Axis(0)) {
                let new = f(lane.to_vec());
                lane.iter_mut().zip(new).for_each(|(place, value)| *place = value);
            }
            result
        }
    };
    for count in 1..=7 {
        same(&[count, 2], |x| x.sort(0), by_rows(sorted));
        same(
            &[count, 2],
            |x| x.argsort(0),
            by_rows(|lane| {
                let mut places: Vec<i64> = (0..lane.len() as i64).collect();
                places.sort_by_key(|&place| lane[place as usize]);
                places
            }),
        );
    }
    same(
        &[2, 3],
        |x| x.sort(None),
        |x| ndarray::Array1::from(sorted(x.iter().copied().collect())).into_dyn(),
    );
}

#[test]
fn rearranged() {
    same(&[3, 2], |x| x.flip([0]), |x| x.slice(s![..;-1, ..]).to_owned().into_dyn());
    same(&[3, 2], |x| x.flip([]), |x| x.slice(s![..;-1, ..;-1]).to_owned().into_dyn());
    same(
        &[4, 2],
        |x| x.roll(1, 0),
        |x| concatenate![Axis(0), x.slice(s![3.., ..]), x.slice(s![..3, ..])].into_dyn(),
    );
    same(&[4], |x| x.roll(-9, 0), |x| concatenate![Axis(0), x.slice(s![1..]), x.slice(s![..1])].into_dyn());
    same(
        &[2, 2],
        |x| x.tile([2, 1, 3]),
        |x| {
            let wide = concatenate![Axis(1), x.view(), x.view(), x.view()];
            stack![Axis(0), wide, wide].into_dyn()
        },
    );
    same(&[2], |x| x.repeat(2, 0), |x| array![x[0], x[0], x[1], x[1]].into_dyn());
    same(&[2, 3], |x| x.stack(&[x * 2], 1), |x| stack![Axis(1), x.view(), (x * 2).view()].into_dyn());
    same(&[3, 4], |x| x.diff(1), |x| (&x.slice(s![.., 1..]) - &x.slice(s![.., ..-1])).into_dyn());
    same(&[2, 1, 3], |x| x.squeeze(), |x| x.index_axis(Axis(1), 0).to_owned());
    same(
        &[2, 1, 3],
        |x| x.move_axis(0, -1),
        |x| x.clone().permuted_axes(vec![1, 2, 0]).as_standard_layout().to_owned(),
    );
    same(&[2, 3], |x| x.insert_axis(-1), |x| x.clone().insert_axis(Axis(2)));
    same(&[3, 4], |x| x.diagonal(1), |x| array![x[[0, 1]], x[[1, 2]], x[[2, 3]]].into_dyn());
    same(&[3, 4], |x| x.diagonal(-2), |x| array![x[[2, 0]]].into_dyn());
    same(&[3, 3], |x| x.trace(), |x| ArrayD::from_elem(IxDyn(&[]), x[[0, 0]] + x[[1, 1]] + x[[2, 2]]));
    same(
        &[2, 2],
        |x| x.triangle(Triangle::Lower(0)),
        |x| array![[x[[0, 0]], 0], [x[[1, 0]], x[[1, 1]]]].into_dyn(),
    );
    same(&[2, 2], |x| x.triangle(Triangle::Upper(1)), |x| array![[0, x[[0, 1]]], [0, 0]].into_dyn());
    let row = |numbers: [fn(&Values) -> i64; 6]| {
        move |x: &Values| ndarray::Array1::from_iter(numbers.map(|number| number(x))).into_dyn()
    };
    let pad = |padding| move |x: &Traced| x.pad([(1, 2)], padding);
    same(&[3], pad(Padding::Constant(7)), row([|_| 7, |x| x[0], |x| x[1], |x| x[2], |_| 7, |_| 7]));
    same(&[3], pad(Padding::Edge), row([|x| x[0], |x| x[0], |x| x[1], |x| x[2], |x| x[2], |x| x[2]]));
    same(&[3], pad(Padding::Reflect), row([|x| x[1], |x| x[0], |x| x[1], |x| x[2], |x| x[1], |x| x[0]]));
    same(&[3], pad(Padding::Wrap), row([|x| x[2], |x| x[0], |x| x[1], |x| x[2], |x| x[0], |x| x[1]]));
}

#[test]
fn elementwise() {
    same(&[5], |x| x.clamp(-1..=2), |x| x.mapv(|v| v.clamp(-1, 2)));
    same(&[5], |x| !x, |x| x.mapv(|v| !v));
    same(&[5], |x| x.square(), |x| x.mapv(|v| v * v));
    same(&[5], |x| x << 3, |x| x.mapv(|v| v << 3));
    same(&[5], |x| x.bits(1..3), |x| x.mapv(|v| v >> 1 & 3));
    same(&[5], |x| x.bits([2, 0]), |x| x.mapv(|v| (v >> 2 & 1) + 2 * (v & 1)));
    same(&[5], |x| x.bits([]), |x| x.mapv(|_| 0));
    same(&[5], |x| x.round_bit_pattern(2, Exactness::Exact), |x| x.mapv(|v| (v + 2) >> 2 << 2));
    same(&[5], |x| x.truncate_bit_pattern(1, Exactness::Exact), |x| x.mapv(|v| v >> 1 << 1));
    same(&[5], |x| x.refresh().may_be(-9..=9), |x| x.clone());
    same(&[5], |x| x.logical_not(), |x| x.mapv(|v| i64::from(v == 0)));
    same(&[5], |x| x.select(7, -1), |x| x.mapv(|v| if v != 0 { 7 } else { -1 }));
    let truth = |f: fn(bool, bool) -> bool| {
        move |x: &Values, y: &Values| {
            ndarray::Zip::from(x).and(y).map_collect(|&x, &y| i64::from(f(x != 0, y != 0)))
        }
    };
    let shapes: (&[usize], &[usize]) = (&[9], &[9]);
    same_of_two(shapes, |x, y| x.logical_and(y), truth(|a, b| a && b));
    same_of_two(shapes, |x, y| x.logical_or(y), truth(|a, b| a || b));
    same_of_two(shapes, |x, y| x.logical_xor(y), truth(|a, b| a != b));
}

#[test]
fn positions_that_are_encrypted() {
    let graph = trace("f", |t| {
        let x = t.encrypted("x", [6, 4], InputType::Measured);
        let (places, row) = (t.encrypted("i", [2], 0..=3), t.encrypted("j", [], -6..=5));
        [x.take(&places, 1), x.put(9, &row, 0), x.put(x.at(0) * 2, row, 0)]
    })
    .unwrap();
    for row in -6..=5i64 {
        let (x, places) = (values(&[6, 4], row), array![row.rem_euclid(4), 1].into_dyn());
        let put = |value: Values| {
            let mut result = x.clone();
            result.index_axis_mut(Axis(0), row.rem_euclid(6) as usize).assign(&value);
            result
        };
        let expected = [
            ArrayD::from_shape_fn(IxDyn(&[6, 2]), |to| x[[to[0], places[to[1]] as usize]]),
            put(array![9].into_dyn()),
            put(x.index_axis(Axis(0), 0).mapv(|v| 2 * v)),
        ];
        let row = ArrayD::from_elem(IxDyn(&[]), row);
        assert_eq!(common::run(&graph, (x.clone(), places.clone(), row)), expected);
    }
}

#[test]
fn contractions() {
    let two = |x: &Values| x.clone().into_dimensionality::<Ix2>().unwrap();
    let sum = |shape: &[usize], terms: usize, term: &dyn Fn(&[usize], usize) -> i64| {
        ArrayD::from_shape_fn(IxDyn(shape), |at| {
            let at: Vec<usize> = (0..shape.len()).map(|axis| at[axis]).collect();
            (0..terms).map(|k| term(&at, k)).sum::<i64>()
        })
    };
    let product = |x: &Values, y: &Values| two(x).dot(&two(y)).into_dyn();
    same_of_two((&[2, 3], &[3, 2]), |x, y| x.matmul(y), product);
    same_of_two((&[2, 3], &[3, 2]), |x, y| x.einsum("ij,jk", std::slice::from_ref(y)), product);
    same_of_two((&[2, 3], &[3, 2]), |x, y| y.t().einsum("kj,ij->ik", std::slice::from_ref(x)), product);
    let stacks =
        |x: &Values, y: &Values| sum(&[2, 2, 2], 3, &|at, k| x[[at[0], at[1], k]] * y[[at[0], k, at[2]]]);
    same_of_two((&[2, 2, 3], &[2, 3, 2]), |x, y| x.matmul(y), stacks);
    same_of_two((&[2, 2, 3], &[2, 3, 2]), |x, y| x.einsum("...ij,...jk", std::slice::from_ref(y)), stacks);
    same_of_two(
        (&[2, 2, 3], &[3]),
        |x, y| x.matmul(y),
        |x, y| sum(&[2, 2], 3, &|at, k| x[[at[0], at[1], k]] * y[k]),
    );
    same_of_two(
        (&[3], &[2, 3, 2]),
        |x, y| x.matmul(y),
        |x, y| sum(&[2, 2], 3, &|at, k| x[k] * y[[at[0], k, at[1]]]),
    );
    same_of_two(
        (&[2, 3], &[4, 3, 2]),
        |x, y| x.dot(y),
        |x, y| sum(&[2, 4, 2], 3, &|at, k| x[[at[0], k]] * y[[at[1], k, at[2]]]),
    );
    same_of_two(
        (&[2, 3], &[3, 2]),
        |x, y| x.tensordot(y, [0, 1], [1, 0]),
        |x, y| sum(&[], 6, &|_, k| x[[k % 2, k / 2]] * y[[k / 2, k % 2]]),
    );
    same_of_two((&[3], &[2]), |x, y| x.outer(y), |x, y| sum(&[3, 2], 1, &|at, _| x[at[0]] * y[at[1]]));
    same_of_two(
        (&[2], &[1, 3]),
        |x, y| x.kron(y),
        |x, y| sum(&[1, 6], 1, &|at, _| x[at[1] / 3] * y[[0, at[1] % 3]]),
    );
    same(&[3, 3], |x| x.einsum("ii->i", &[]), |x| two(x).diag().to_owned().into_dyn());
    same(&[3, 2], |x| x.einsum("ij->j", &[]), |x| x.sum_axis(Axis(0)));
    same(
        &[3],
        |x| x.convolve(&[1, -2]),
        |x| array![x[0], x[1] - 2 * x[0], x[2] - 2 * x[1], -2 * x[2]].into_dyn(),
    );
    same(&[2, 3], |x| x.matmul(Array2::<i64>::eye(3)), Clone::clone);
}

/// `Σ x · w` over the elements of a window that lie inside, for each place of a kernel, by its definition.
fn plain_windows(
    x: &Values,
    (kernel, stride, dilation, pads): (&[usize], usize, usize, (usize, usize)),
    each: Each<'_>,
) -> Values {
    let rank = kernel.len();
    let outputs: Vec<usize> = (0..rank)
        .map(|axis| (x.shape()[2 + axis] + pads.0 + pads.1 - dilation * (kernel[axis] - 1) - 1) / stride + 1)
        .collect();
    ArrayD::from_shape_fn(IxDyn(&[&x.shape()[..2], &outputs].concat()), |at| {
        let at: Vec<usize> = (0..2 + rank).map(|axis| at[axis]).collect();
        let places = ndarray::indices(IxDyn(kernel)).into_iter().map(|place| {
            let place: Vec<usize> = (0..rank).map(|axis| place[axis]).collect();
            let mut from = at[..2].to_vec();
            for axis in 0..rank {
                let element = (at[2 + axis] * stride + place[axis] * dilation).wrapping_sub(pads.0);
                from.push(element);
            }
            x.get(IxDyn(&from)).map(|&value| (place, value))
        });
        each(&at, places.flatten().collect())
    })
}

#[test]
fn windows() {
    for (rank, stride, dilation, pads) in [
        (1, 1, 1, (0, 0)),
        (1, 2, 1, (1, 1)),
        (2, 1, 2, (1, 1)),
        (2, 2, 1, (0, 1)),
        (3, 1, 1, (0, 0)),
        (3, 2, 1, (1, 0)),
    ] {
        let (shape, kernel) = (&[1, 2, 5, 4, 3][..2 + rank], &[2, 2, 2][..rank]);
        let options = WindowOptions {
            strides: vec![stride; rank],
            dilations: vec![dilation; rank],
            around: Around::Each(vec![pads; rank]),
            last: LastWindow::Inside,
        };
        let geometry = (kernel, stride, dilation, pads);
        same(
            shape,
            |x| x.max_pool(kernel, options.clone()),
            |x| plain_windows(x, geometry, &|_, window| window.iter().map(|(_, v)| *v).max().unwrap()),
        );
        same(
            shape,
            |x| (x.average_pool(kernel, options.clone(), Outside::Ignored) * 840).round_to_int(),
            |x| {
                plain_windows(x, geometry, &|_, window| {
                    window.iter().map(|(_, v)| v).sum::<i64>() * 840 / window.len() as i64
                })
            },
        );
        // One group for each channel: one kernel each.
        let weights = values(&[&[2, 1], kernel].concat(), 9);
        let grouped = ConvOptions { windows: options.clone(), groups: 2 };
        same(
            shape,
            |x| x.conv(&weights, grouped.clone()),
            |x| {
                plain_windows(x, geometry, &|at, window| {
                    window
                        .iter()
                        .map(|(place, v)| v * weights[IxDyn(&[&[at[1], 0], place.as_slice()].concat())])
                        .sum()
                })
            },
        );
        // One filter of both channels: the sum of those.
        let both = weights.clone().into_shape_with_order(IxDyn(&[&[1, 2], kernel].concat())).unwrap();
        let together = ConvOptions { windows: options.clone(), groups: 1 };
        same(
            shape,
            |x| x.conv(&both, together.clone()) - x.conv(&weights, grouped.clone()).sum([1]).insert_axis(1),
            |x| plain_windows(x, geometry, &|_, _| 0).slice_axis(Axis(1), (..1).into()).to_owned(),
        );
    }
    let over = WindowOptions { strides: vec![2, 2], last: LastWindow::MayEndBehind, ..Default::default() };
    same(
        &[1, 1, 3, 3],
        |x| x.max_pool([2, 2], over.clone()),
        |x| {
            let at = |r: usize, c: usize| x[[0, 0, r, c]];
            let corner = at(0, 0).max(at(0, 1)).max(at(1, 0)).max(at(1, 1));
            array![[[[corner, at(0, 2).max(at(1, 2))], [at(2, 0).max(at(2, 1)), at(2, 2)]]]].into_dyn()
        },
    );
    let same_upper = WindowOptions { around: Around::SameUpper, ..Default::default() };
    same(
        &[1, 1, 4],
        |x| x.max_pool([2], same_upper.clone()),
        |x| {
            let at = |i: usize| x[[0, 0, i]];
            array![[[at(0).max(at(1)), at(1).max(at(2)), at(2).max(at(3)), at(3)]]].into_dyn()
        },
    );
}

#[test]
fn arguments_that_are_refused() {
    let refused = |program: Program<'_>| {
        let error = trace("f", |t| program(&t.encrypted("x", [1, 2, 3], 0..=3))).unwrap_err();
        assert_eq!(error.fault, Fault::Argument, "{error}");
        assert!(error.location.is_some(), "{error}");
        format!("`{}`: {}; {}; {}", error.operation, error.found, error.allowed, error.advice)
    };
    let pads = WindowOptions { around: Around::Each(vec![(2, 2)]), ..Default::default() };
    let cases: [(Program<'_>, &str); 16] = [
        (&|x| x.max_along([3]), "`max`: axis 3; the value has 3 axes; correct the axis"),
        (&|x| x.any([0, 0]), "`any`: the axes [0, 0]; each axis is named once; leave it out"),
        (&|x| x.sort(4), "`sort`: axis 4; the value has 3 axes; correct the axis"),
        (&|x| x.insert_axis(5), "`expand_dims`: axis 5; the value has 4 axes; correct the axis"),
        (&|x| x.tile([0]), "`tile`: the counts [1, 1, 0]; counts are positive; leave the value out"),
        (&|x| x.repeat(0, 0), "`repeat`: 0 times; times are positive; leave the value out"),
        (
            &|x| x.pad([(1, 1)], Padding::Edge),
            "`pad`: 1 pairs of widths; the value has 3 axes; give one each",
        ),
        (&|x| x.diagonal(5), "`diagonal`: diagonal 5; a matrix of 2 by 3 has -1 to 2; correct the number"),
        (&|x| x.at(0).at(0).trace(), "`diagonal`: a value of 1 axes; it has at least 2; reshape it first"),
        (
            &|x| x.einsum("ij->i", &[]),
            "`einsum`: subscripts `ij` that name 2 axes, but the operand has 3; each axis has a letter; write a notation like \"ij,jk->ik\"",
        ),
        (
            &|x| x.einsum("ijk->l", &[]),
            "`einsum`: the result of `ijk->l`; it has axes that an operand has, each once; write a notation like \"ij,jk->ik\"",
        ),
        (
            &|x| x.einsum("ijk,i->i", &[]),
            "`einsum`: 2 subscripts for 1 operands; each operand has subscripts; write a notation like \"ij,jk->ik\"",
        ),
        (
            &|x| x.tensordot(x, [0], [1]),
            "`tensordot`: the axes [0] of shape [1, 2, 3] and [1] of [1, 2, 3]; their sizes are equal; correct the axes",
        ),
        (
            &|x| x.max_pool([4], WindowOptions::default()),
            "`maxpool`: a window that spans 4; it does not fit 3 padded elements; take a smaller kernel, or pad",
        ),
        (
            &|x| x.max_pool([1], pads.clone()),
            "`maxpool`: a window that lies in the padding alone; each window has an element of the value; pad less",
        ),
        (
            &|x| {
                x.conv(
                    ArrayD::<i64>::ones(IxDyn(&[2, 2, 1])),
                    ConvOptions { groups: 2, ..Default::default() },
                )
            },
            "`conv`: 2 groups; they do not fit 2 channels and 2 filters of 2 channels; correct the groups or the weights",
        ),
    ];
    for (program, message) in cases {
        assert_eq!(refused(program), message);
    }
}
