//! Every message about a program that is refused, and that its place is the user's line.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_frontend::compositions::convolution::ConvOptions;
use cloakwork_frontend::graph::OpGraph;
use cloakwork_frontend::shapes::Take;
use cloakwork_frontend::trace::IntoOutputs;
use cloakwork_frontend::{InputType, LookupTable, Traced, Tracer, trace};
use ndarray::{ArrayD, IxDyn, array};

fn message<O: IntoOutputs>(program: impl FnOnce(&Tracer) -> O) -> String {
    let error = trace("f", program).unwrap_err();
    format!("`{}`: {}; {}; {}", error.operation, error.found, error.allowed, error.advice)
}

fn x(t: &Tracer) -> Traced {
    t.encrypted("x", [2, 3], 0..=9)
}

fn w(t: &Tracer) -> Traced {
    t.clear("w", [3], 0..=9)
}

#[test]
fn place_is_that_of_the_first_refused_operator() {
    let mut line = 0;
    let error = trace("f", |t| {
        let (x, y) = (x(t), t.encrypted("y", [], 0..=1));
        line = line!() + 1;
        let first = x.at(7);
        first * &y + x.at(8)
    })
    .unwrap_err();
    let place = error.location.clone().unwrap();
    assert_eq!((&*place.file, place.line, place.column), (file!(), line, 23));
    assert_eq!(
        error.to_string(),
        format!("{}:{line}:23: `slice`: index 7; axis 0 has 2 elements; correct the index", file!())
    );
}

#[test]
fn functions_of_several_encrypted_values() {
    assert_eq!(
        message(|t| x(t).max(t.encrypted("y", [2, 2], 0..=9))),
        "`maximum`: operands of shape [2, 3] and [2, 2]; axes are equal or 1, counted from the last; reshape one of them"
    );
    assert_eq!(
        message(|t| x(t).map_with(&[&t.encrypted("y", [2], 0..=9)], |v| v[0])),
        "`map_with`: operands of shape [2, 3] and [2]; axes are equal or 1, counted from the last; reshape one of them"
    );
    assert_eq!(
        message(|t| {
            let x = x(t);
            x.map_with(&[&x.to_real()], |v| v[0])
        }),
        "`map_with`: an encrypted real; it takes integers; round it to an integer first"
    );
}

#[test]
fn inputs() {
    assert_eq!(
        message(|t| (x(t), x(t))),
        "`input`: a second input called `x`; names are unique; rename one of them"
    );
    assert_eq!(
        message(|t| t.encrypted("e", [2, 0], 0..=1)),
        "`input`: `e` of shape [2, 0]; each axis has at least 1 element; leave the input out"
    );
    assert_eq!(
        message(|t| t.encrypted("e", [], InputType::unsigned(65))),
        "`input`: `e` of 65 bits; an input has 1 to 64 bits; declare the width that its values need"
    );
    assert_eq!(
        message(|t| t.encrypted("e", [], InputType::Range { lo: 3, hi: 2 })),
        "`input`: `e` in the range 3..=2; a range goes from least to greatest; declare the range of its values"
    );
}

#[test]
fn results() {
    assert_eq!(
        message(|t| x(t).to_real()),
        "`return`: a value of encrypted reals; results are integers; round it to an integer first"
    );
    assert_eq!(
        message(|_| Vec::<Traced>::new()),
        "`return`: no result; a program has at least one result; return the encrypted value that the closure computes"
    );
}

#[test]
fn values_of_other_programs() {
    let mut leaked = None;
    trace("f", |t| {
        leaked = Some(x(t));
        x_again(t)
    })
    .unwrap();
    let leaked = leaked.unwrap();
    assert_eq!(leaked.shape(), Vec::<usize>::new());
    let after = &leaked + 1;
    assert!(after.shape().is_empty());
    assert_eq!(
        message(|t| x(t) + &leaked),
        "`trace`: a value of another program; operands belong to one program; trace both in one closure"
    );
}

fn x_again(t: &Tracer) -> Traced {
    t.encrypted("x2", [], 0..=1)
}

#[test]
fn clear_operands() {
    // What is no sum or product of clear values is computed on trivial encryptions of them.
    let graph = trace("f", |t| {
        let w = w(t);
        vec![
            (&w + 1).sum([0]),
            w.max(1),
            w.map(|v| v + 1),
            w.lookup(&LookupTable::new([1, 2])),
            w.select(1, 2),
        ]
    });
    assert_eq!(graph.unwrap().outputs().len(), 5);
}

#[test]
fn reals() {
    let advice = "it takes integers; reals only pass elementwise functions; round it to an integer first, or move this operation before the conversion to reals";
    assert_eq!(message(|t| x(t).to_real().sum([0])), format!("`sum`: an encrypted real; {advice}"));
    assert_eq!(message(|t| x(t).dot(&array![0.5, 1.0, 2.0])), format!("`dot`: a clear real; {advice}"));
    assert_eq!(
        message(|t| x(t).to_real().lookup(&LookupTable::new([1, 2]))),
        "`tlu`: an encrypted real; encrypted integers are looked up; round it to an integer first"
    );
    assert_eq!(
        message(|t| x(t).to_real().map(|v| v)),
        "`map`: an encrypted real; it takes integers; round it to an integer first"
    );
    assert_eq!(
        message(|t| x(t).to_real().binary(cloakwork_frontend::elementwise::Binary::BitAnd, 1)),
        "`bitwise_and`: a real operand; it takes integers; round it to an integer first"
    );
}

#[test]
fn right_operands() {
    use cloakwork_frontend::elementwise::Binary;
    assert_eq!(
        message(|t| x(t).floor_div(&array![1, 0, 2])),
        "`floor_divide`: the right operand 0; integers are divided by others than 0; convert to reals, or leave it out"
    );
    assert_eq!(
        message(|t| x(t).pow(-1)),
        "`power`: the right operand -1; integers are raised to powers from 0 on; convert to reals first"
    );
    assert_eq!(
        message(|t| x(t).binary(Binary::ShiftLeft, 64)),
        "`left_shift`: the right operand 64; bits are shifted by 0 to 62; shift the other way for negative counts"
    );
}

#[test]
fn tables() {
    assert_eq!(
        message(|t| x(t).lookup(&LookupTable::new([1, 2, 3]))),
        "`tlu`: a table of 3 entries; a table has 2, 4, 8, … entries, every table the same number; pad it to 4 entries"
    );
    assert_eq!(
        message(|t| x(t)
            .lookup(&LookupTable::for_each_element(&[vec![1, 2], vec![1]], ArrayD::zeros(IxDyn(&[2, 3]))))),
        "`tlu`: empty tables or tables of unequal length; a table has 2, 4, 8, … entries, every table the same number; pad it to 2 entries"
    );
    let numbers = |shape: &[usize]| LookupTable::for_each_element(&[vec![1, 2]], ArrayD::ones(IxDyn(shape)));
    assert_eq!(
        message(|t| x(t).lookup(&numbers(&[3]))),
        "`tlu`: tables for a value of shape [3]; the value looked up has shape [2, 3]; give one table number for each element"
    );
    assert_eq!(
        message(|t| x(t).lookup(&numbers(&[2, 3]))),
        "`tlu`: table number 1; tables are numbered 0 to 0; correct the table numbers"
    );
}

#[test]
fn shapes() {
    assert_eq!(
        message(|t| x(t) + array![1, 2]),
        "`add`: operands of shape [2, 3] and [2]; axes are equal or 1, counted from the last; reshape one of them"
    );
    assert_eq!(
        message(|t| x(t).dot(&array![[1, 2]])),
        "`matmul`: operands of shape [2, 3] and [1, 2]; operands have shapes [2, 3] and [1, 2], they must be [m, k] and [k, n]; reshape, slice or broadcast an operand"
    );
    assert_eq!(
        message(|t| t.encrypted("c", [2, 2, 2], 0..=1).matmul(3)),
        "`matmul`: operands of shape [2, 2, 2] and []; scalars are no matrices; multiply with `*`"
    );
    assert_eq!(message(|t| x(t).sum([2])), "`sum`: axis 2; the value has 2 axes; correct the axis");
    assert_eq!(
        message(|t| x(t).reshape([4, -1])),
        "`reshape`: the shape [4, -1] for 6 elements; axes are positive, at most one is -1, and the number of elements stays; correct the shape"
    );
    assert_eq!(
        message(|t| x(t).transpose([0, 0])),
        "`transpose`: operands of shape [2, 3]; [0, 0] is not a permutation of the 2 axes; reshape, slice or broadcast an operand"
    );
    assert_eq!(message(|t| x(t).at(2)), "`slice`: index 2; axis 0 has 2 elements; correct the index");
    assert_eq!(
        message(|t| x(t).slice([Take::ALL, (2..2).into()])),
        "`slice`: no element of axis 1; at least one of its 3 elements is taken; correct start and stop"
    );
    assert_eq!(
        message(|t| x(t).slice([Take::Range { start: None, stop: None, step: 0 }])),
        "`slice`: step 0; steps are positive or negative; leave the step out"
    );
    assert_eq!(
        message(|t| x(t).slice([Take::ALL; 3])),
        "`slice`: 3 indices; the value has 2 axes; leave some out"
    );
    assert_eq!(
        message(|t| x(t).concat(&[x(t).t()], 0)),
        "`input`: a second input called `x`; names are unique; rename one of them"
    );
    assert_eq!(
        message(|t| {
            let x = x(t);
            x.concat(&[x.t()], 0)
        }),
        "`concatenate`: values of shape [2, 3] and [3, 2]; shapes differ at most at axis 0; reshape or broadcast them first"
    );
    assert_eq!(
        message(|t| x(t).broadcast([2, 2])),
        "`broadcast_to`: operands of shape [2, 3]; shape [2, 3] cannot be broadcast to [2, 2]; reshape, slice or broadcast an operand"
    );
    assert_eq!(
        OpGraph::new("f").concat(&[], 0).unwrap_err().to_string(),
        "`concatenate`: no values; at least one value is joined; leave it out"
    );
}

#[test]
fn convolutions() {
    let image = |t: &Tracer| t.encrypted("i", [1, 1, 3, 3], 0..=9);
    let weights = ArrayD::<i64>::ones(IxDyn(&[1, 1, 4, 4]));
    assert_eq!(
        message(|t| image(t).conv(&weights, ConvOptions::default())),
        "`conv`: a window that spans 4; it does not fit 3 padded elements; take a smaller kernel, or pad"
    );
    assert_eq!(
        message(|t| {
            let x = image(t);
            x.conv(&x, ConvOptions::default())
        }),
        "`conv2d`: an input of encrypted integers and weights of encrypted integers; the input is encrypted, the weights are clear; pass the weights as a clear value"
    );
}

#[test]
fn constants_that_overflow() {
    let mut graph = OpGraph::new("f");
    let a = graph.constant(array![i64::MAX].into_dyn());
    assert_eq!(
        graph.add(a, a).unwrap_err().to_string(),
        "`add`: constants whose result leaves 64 bits; constants fit 64 bits; use smaller constants"
    );
}
