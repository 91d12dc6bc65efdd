//! Random programs as text, with some calls of each and their results by plain arithmetic.

use super::steps::step;
use crate::program::{Sign, Text, encrypted};
use cloakwork_tests::integers::Integers;
use ndarray::ArrayD;

/// Values stay within these bounds, so that they can be looked up.
pub(crate) const LARGEST: i64 = 40;
const CALLS: usize = 4;

/// A program and what some of its calls give.
pub(crate) struct Program {
    pub(crate) mlir: String,
    pub(crate) calls: Vec<Call>,
}

/// Arguments and results.
pub(crate) type Call = (Vec<ArrayD<i64>>, Vec<ArrayD<i64>>);

/// A value of the program: an encrypted one of a known range, and what it is in each call.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) range: (i64, i64),
    pub(crate) calls: Vec<ArrayD<i64>>,
}

impl Value {
    pub(crate) fn shape(&self) -> &[usize] {
        self.calls.first().map_or(&[], |call| call.shape())
    }

    pub(crate) fn ty(&self) -> String {
        encrypted(self.shape(), sign(self.range))
    }
}

/// Unsigned if nothing can be negative.
pub(crate) fn sign((lo, _): (i64, i64)) -> Sign {
    if lo < 0 { Sign::Signed } else { Sign::Unsigned }
}

/// The program of a seed; programs of greater seeds are longer.
pub(crate) fn program(seed: u64) -> Program {
    let mut random = Integers::of_seed(seed);
    let (mut text, mut arguments, mut values) = (Text::default(), vec![], vec![]);
    for i in 0..random.within(1, 2) {
        let (name, range) =
            (format!("x{i}"), [(0, 3), (-2, 1), (0, 1), (-1, 0), (1, 5)][random.within(0, 4) as usize]);
        let shape = [vec![3], vec![2, 3], vec![2], vec![]][random.within(0, 3) as usize].clone();
        text.encrypted(&name, &shape, (sign(range), range));
        let calls: Vec<_> = (0..CALLS).map(|_| random.tensor(&shape, range.0, range.1)).collect();
        arguments.push(calls.clone());
        values.push(Value { name, range, calls });
    }
    let clear: Vec<_> = (0..CALLS).map(|_| random.tensor(&[], -2, 2)).collect();
    text.clear("clear", &[], (-2, 2));
    arguments.push(clear.clone());
    let count = 2 + seed as usize / 12;
    let mut tries = 0;
    while values.len() < arguments.len() + count && tries < 200 {
        tries += 1;
        let name = format!("v{}", values.len());
        if let Some(value) = step(&mut random, &mut text, &values, (&name, &clear)) {
            values.push(value);
        }
    }
    let last = values.len() - 1;
    let other = random.within(0, last as i64) as usize;
    let results = [&values[last], &values[other]];
    let mlir = text.finish(&results.map(|value| (value.name.as_str(), value.ty())));
    let call = |i: usize| {
        let inputs = arguments.iter().map(|argument| argument[i].clone()).collect();
        (inputs, results.iter().map(|value| value.calls[i].clone()).collect())
    };
    Program { mlir, calls: (0..CALLS).map(call).collect() }
}
