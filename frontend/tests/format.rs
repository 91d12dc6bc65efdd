//! Golden texts of graphs.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_abi::parameters::Width;
use cloakwork_frontend::calibrate::{calibrate, node_ranges};
use cloakwork_frontend::compositions::convolution::ConvOptions;
use cloakwork_frontend::emit::emit;
use cloakwork_frontend::format::{Columns, FormatOptions, format_graph, maximum_integer_bit_width};
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::shapes::Take;
use cloakwork_frontend::{InputType, LookupTable, OpGraph, Traced, trace};
use ndarray::{Array4, array};

fn ranges(graph: &OpGraph, samples: Vec<ndarray::ArrayD<i64>>) -> Vec<Option<(i128, i128)>> {
    let context = cloakwork_ir::context::context();
    let module = emit(&context, graph).unwrap();
    calibrate(&context, &module, &GraphHost::of(graph), samples).unwrap();
    node_ranges(graph, &module)
}

fn check(found: &str, golden: &str) {
    assert_eq!(found, golden.trim_matches('\n'), "\n{found}");
}

#[test]
fn types_ranges_and_tags() {
    let graph = trace("f", |t| {
        let x = t.encrypted("x", [3], InputType::Measured);
        let y = t.tag("layer", || x.dot(&array![1, -2, 3]));
        t.tag("layer", || t.tag("act", || y.map(|v| v.max(0))))
    })
    .unwrap();
    check(
        &format_graph(&graph, FormatOptions::default()),
        "
%0 = x                  # EncryptedTensor<integer, shape=(3,)>
%1 = [1 -2 3]           # ClearTensor<int3, shape=(3,)>               @ layer
%2 = dot(%0, %1)        # EncryptedScalar<integer>                    @ layer
%3 = map(%2)            # EncryptedScalar<integer>                    @ layer.act
return %3",
    );
    let ranges = ranges(&graph, vec![array![0, 9, 1].into_dyn(), array![5, 0, 9].into_dyn()]);
    check(
        &format_graph(&graph, FormatOptions { ranges: Some(&ranges), ..FormatOptions::default() }),
        "
%0 = x                  # EncryptedTensor<uint4, shape=(3,)>        ∈ [0, 9]
%1 = [1 -2 3]           # ClearTensor<int3, shape=(3,)>             ∈ [-2, 3]          @ layer
%2 = dot(%0, %1)        # EncryptedScalar<int7>                     ∈ [-15, 32]        @ layer
%3 = map(%2)            # EncryptedScalar<uint6>                    ∈ [0, 32]          @ layer.act
return %3",
    );
    assert_eq!(maximum_integer_bit_width(&graph, &ranges), Some(Width(7)));
}

#[test]
fn every_kind_of_node() {
    let graph = trace("f", |t| {
        let x = t.encrypted("x", [2, 3], 0..=7);
        let w = t.clear("w", [2, 3], InputType::signed(5));
        let y = -(&x * &w) - &x;
        let wide: Vec<i64> = (100..120).collect();
        let z = y.sum([0]).concat(&[y.at(-1)], 0).slice([Take::Range { start: None, stop: None, step: -2 }]);
        let table = LookupTable::new([4, 1, 3, 2]);
        let per_element =
            LookupTable::for_each_element(&[vec![0, 1], vec![1, 0]], array![0, 1, 0].into_dyn());
        let real = (z.lookup(&table).to_real() / 3.0).tanh().floor_to_int();
        let u = x.broadcast([2, 2, 3]).sum([0, 1]).lookup(&per_element);
        let c = x.reshape([1, 1, 2, 3]).conv(Array4::<i64>::ones((1, 1, 2, 2)), ConvOptions::default());
        let m = x.t().matmul(ndarray::Array2::from_shape_vec((2, 10), wide).unwrap());
        [real, u, c, m.max(3)]
    })
    .unwrap();
    check(
        &format_graph(&graph, FormatOptions::default()),
        "
 %0 = x                                                                                         # EncryptedTensor<uint3, shape=(2, 3)>
 %1 = w                                                                                         # ClearTensor<int5, shape=(2, 3)>
 %2 = multiply(%0, %1)                                                                          # EncryptedTensor<integer, shape=(2, 3)>
 %3 = negative(%2)                                                                              # EncryptedTensor<integer, shape=(2, 3)>
 %4 = subtract(%3, %0)                                                                          # EncryptedTensor<integer, shape=(2, 3)>
 %5 = sum(%4, axis=0)                                                                           # EncryptedTensor<integer, shape=(3,)>
 %6 = %4[1:2, 0:3]                                                                              # EncryptedTensor<integer, shape=(1, 3)>
 %7 = reshape(%6, newshape=(3,))                                                                # EncryptedTensor<integer, shape=(3,)>
 %8 = concatenate((%5, %7), axis=0)                                                             # EncryptedTensor<integer, shape=(6,)>
 %9 = %8[5:0:-2]                                                                                # EncryptedTensor<integer, shape=(3,)>
%10 = tlu(%9, table=[4 1 3 2])                                                                  # EncryptedTensor<integer, shape=(3,)>
%11 = to_real(%10)                                                                              # EncryptedTensor<float64, shape=(3,)>
%12 = 3.0                                                                                       # ClearScalar<float64>
%13 = true_divide(%11, %12)                                                                     # EncryptedTensor<float64, shape=(3,)>
%14 = tanh(%13)                                                                                 # EncryptedTensor<float64, shape=(3,)>
%15 = floor_to_int(%14)                                                                         # EncryptedTensor<integer, shape=(3,)>
%16 = broadcast_to(%0, shape=(2, 2, 3))                                                         # EncryptedTensor<integer, shape=(2, 2, 3)>
%17 = sum(%16, axis=(0, 1))                                                                     # EncryptedTensor<integer, shape=(3,)>
%18 = tlu(%17, tables=[[0 1] [1 0]])                                                            # EncryptedTensor<integer, shape=(3,)>
%19 = reshape(%0, newshape=(1, 1, 2, 3))                                                        # EncryptedTensor<integer, shape=(1, 1, 2, 3)>
%20 = [[[[1 1] [1 1]]]]                                                                         # ClearTensor<uint1, shape=(1, 1, 2, 2)>
%21 = conv2d(%19, %20, strides=(1, 1), padding=(0, 0, 0, 0), dilations=(1, 1), groups=1)        # EncryptedTensor<integer, shape=(1, 1, 1, 2)>
%22 = transpose(%0, axes=(1, 0))                                                                # EncryptedTensor<integer, shape=(3, 2)>
%23 = [[100 101  ...  118 119]]                                                                 # ClearTensor<uint7, shape=(2, 10)>
%24 = matmul(%22, %23)                                                                          # EncryptedTensor<integer, shape=(3, 10)>
%25 = 3                                                                                         # ClearScalar<uint2>
%26 = maximum(%24, %25)                                                                         # EncryptedTensor<integer, shape=(3, 10)>
return %15, %18, %21, %26",
    );
}

#[test]
fn places_of_the_source() {
    let line = line!() + 1;
    let graph = trace("f", |t| t.encrypted("x", [], InputType::signed(4)) + 1).unwrap();
    let file = file!();
    let columns = Columns { types: true, ranges: true, tags: true, places: true };
    check(
        &format_graph(&graph, FormatOptions { columns, ..FormatOptions::default() }),
        &format!(
            "
%0 = x                  # EncryptedScalar<int4>           {file}:{line}
%1 = 1                  # ClearScalar<uint1>              {file}:{line}
%2 = add(%0, %1)        # EncryptedScalar<integer>        {file}:{line}
return %2"
        ),
    );
}

#[test]
fn nodes_absorbed_by_a_function_have_no_range() {
    let graph = trace("f", |t| {
        let x: Traced = t.encrypted("x", [], 0..=7);
        (&x + 1) * (&x - 1)
    })
    .unwrap();
    let scalar = |v: i64| ndarray::arr0(v).into_dyn();
    let ranges = ranges(&graph, vec![scalar(0), scalar(7)]);
    assert_eq!(ranges, [Some((0, 7)), Some((1, 1)), None, Some((1, 1)), None, Some((-1, 48))]);
}
