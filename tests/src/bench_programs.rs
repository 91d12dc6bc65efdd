//! The programs that are timed against another compiler. Each is a function of its name alone, as in
//! `benches/concrete_side.py`, where the same ones are written for that compiler.

use crate::integers::Integers;
use cloakwork::{Circuit, Error, LookupTable, OpGraph, Options, compile_calibrated, trace};
use ndarray::{ArrayD, IxDyn};

/// Samples of an input set.
const SAMPLES: usize = 50;

type Meaning = dyn Fn(&[ArrayD<i64>]) -> ArrayD<i64>;

/// A program with inputs and what it means.
pub struct BenchProgram {
    /// What is traced.
    pub graph: OpGraph,
    /// Arguments of sample `i`.
    sample: Box<dyn Fn(usize) -> Vec<ArrayD<i64>>>,
    /// Arguments that reach what samples may miss.
    extreme: Option<Vec<ArrayD<i64>>>,
    /// The result.
    meaning: Box<Meaning>,
}

impl BenchProgram {
    /// `lookup-4bit-128`, `matmul-784x128`, `mlp-64-32-10`, `compare-8bit-64`, `multiply-4bit-64`, and others of these kinds;
    /// nothing if there is none of that name.
    pub fn named(name: &str) -> Option<Self> {
        let (kind, sizes) = name.split_once('-')?;
        let sizes: Option<Vec<usize>> =
            sizes.replace("bit", "").split(['-', 'x']).map(|size| size.parse().ok()).collect();
        let program = match (kind, sizes?.as_slice()) {
            ("lookup", &[width @ 1..=16, count]) => lookup(width, count),
            ("matmul", &[rows, columns]) => matmul(rows, columns),
            ("mlp", &[inputs, hidden, outputs]) => mlp(inputs, hidden, outputs),
            ("compare", &[width @ 1..=16, count]) => pairs(width, count, true),
            ("multiply", &[width @ 1..=16, count]) => pairs(width, count, false),
            _ => return None,
        };
        program.ok()
    }

    /// Compiles it; ranges are those of the samples.
    pub fn compile(&self, options: &Options) -> Result<Circuit, Error> {
        let samples = (0..SAMPLES).map(&self.sample).chain(self.extreme.clone());
        compile_calibrated(&self.graph, samples, options)
    }

    /// The arguments that are timed.
    pub fn arguments(&self) -> Vec<ArrayD<i64>> {
        (self.sample)(0)
    }

    /// The right result for [`Self::arguments`].
    pub fn expected(&self) -> ArrayD<i64> {
        (self.meaning)(&self.arguments())
    }
}

type Made = Result<BenchProgram, cloakwork::TraceError>;

/// Integers of `lo..hi`.
fn integers(tag: &str, lo: i64, hi: i64, shape: &[usize]) -> ArrayD<i64> {
    Integers::of_tag(tag).tensor(shape, lo, hi - 1)
}

fn lookup(width: usize, count: usize) -> Made {
    let limit = 1i64 << width;
    let table = match width {
        1 => ndarray::array![1, 0].into_dyn(), // no constant, which needs no lookup
        width => integers(&format!("table{width}"), 0, limit, &[limit as usize]),
    };
    let graph = trace("bench", |t| {
        let x = t.encrypted("x", [count], 0..=limit - 1);
        x.lookup(&LookupTable::new(table.iter().copied().collect::<Vec<_>>()))
    })?;
    Ok(BenchProgram {
        graph,
        sample: Box::new(move |i| vec![integers(&format!("x{i}"), 0, limit, &[count])]),
        extreme: Some(vec![ArrayD::from_elem(IxDyn(&[count]), limit - 1)]),
        meaning: Box::new(move |arguments| arguments[0].mapv(|value| table[value as usize])),
    })
}

fn matmul(rows: usize, columns: usize) -> Made {
    let weights = integers(&format!("w{rows}x{columns}"), -8, 8, &[rows, columns]);
    let graph = trace("bench", |t| t.encrypted("x", [rows], 0..=15).matmul(&weights))?;
    Ok(BenchProgram {
        graph,
        sample: Box::new(move |i| vec![integers(&format!("x{i}"), 0, 16, &[rows])]),
        extreme: None,
        meaning: Box::new(move |arguments| product(&arguments[0], &weights)),
    })
}

/// Two layers with weights of -1, 0 and 1, and one lookup for each hidden unit.
fn mlp(inputs: usize, hidden: usize, outputs: usize) -> Made {
    let (first, second) =
        (integers("w1", -1, 2, &[inputs, hidden]), integers("w2", -1, 2, &[hidden, outputs]));
    let activation = |sum: i64| (sum.max(0) / 4).clamp(0, 15);
    let graph =
        trace("bench", |t| t.encrypted("x", [inputs], 0..=3).matmul(&first).map(activation).matmul(&second))?;
    Ok(BenchProgram {
        graph,
        sample: Box::new(move |i| vec![integers(&format!("x{i}"), 0, 4, &[inputs])]),
        extreme: None,
        meaning: Box::new(move |arguments| {
            product(&product(&arguments[0], &first).mapv(activation), &second)
        }),
    })
}

/// Comparisons or products of pairs.
fn pairs(width: usize, count: usize, compared: bool) -> Made {
    let limit = 1i64 << width;
    let graph = trace("bench", |t| {
        let (x, y) = (t.encrypted("x", [count], 0..=limit - 1), t.encrypted("y", [count], 0..=limit - 1));
        if compared { x.less(&y) } else { &x * &y }
    })?;
    let argument = move |tag: String| integers(&tag, 0, limit, &[count]);
    Ok(BenchProgram {
        graph,
        sample: Box::new(move |i| vec![argument(format!("x{i}")), argument(format!("y{i}"))]),
        extreme: None,
        meaning: Box::new(move |arguments| {
            let pairs = arguments[0].iter().zip(&arguments[1]);
            let results = pairs.map(|(x, y)| if compared { i64::from(x < y) } else { x * y });
            ArrayD::from_shape_vec(IxDyn(&[count]), results.collect()).expect("one for each pair")
        }),
    })
}

/// Vector times matrix.
fn product(vector: &ArrayD<i64>, matrix: &ArrayD<i64>) -> ArrayD<i64> {
    let columns = matrix.columns().into_iter();
    let sums = columns.map(|column| column.iter().zip(vector).map(|(weight, value)| weight * value).sum());
    let sums: Vec<i64> = sums.collect();
    ArrayD::from_shape_vec(IxDyn(&[sums.len()]), sums).expect("one for each column")
}
