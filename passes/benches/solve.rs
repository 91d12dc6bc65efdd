//! How long the parameter optimizer takes: a lookup, lookups of several widths, networks, large programs, one that only
//! wants a price with one key set, and one without a solution.
//!
//! A lookup is to take less than 100 ms, a network of 50 or 100 layers less than 2 s, 1000 different lookups a few seconds;
//! that nothing can be found is to take milliseconds.

use cloakwork_abi::parameters::{NoiseFamily, SecurityLevel, Width};
use cloakwork_passes::parameters::{CostModel, ErrorTarget, Operand, ParamDag, Request, Restrictions, solve};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

fn benches(criterion: &mut Criterion) {
    let cost = CostModel::avx512();
    let local = ErrorTarget::new(Some((-40f64).exp2()), None).expect("a valid target");
    let global = ErrorTarget::new(None, Some(1e-5)).expect("a valid target");
    let all = Restrictions::default();
    let one = Restrictions { max_key_sets: 1, ..Restrictions::default() };
    let cases = [
        ("one lookup", layers(6, 1, 1), local, &all),
        ("three widths", widths(&[2, 5, 8]), local, &all),
        ("three widths, global", widths(&[2, 5, 8]), global, &all),
        ("three widths, price", widths(&[2, 5, 8]), global, &one),
        ("four widths, global", widths(&[2, 4, 6, 8]), global, &all),
        ("50 equal layers", equal_layers(50), local, &all),
        ("100 equal layers, global", equal_layers(100), global, &all),
        ("50 layers", network(50), local, &all),
        ("100 layers, global", network(100), global, &all),
        ("100 layers, price", network(100), global, &one),
        ("chain, global", layers(6, 2, 1), global, &all),
        ("1000 operations", layers(5, 50, 20), local, &all),
        ("1000 operations, global", layers(5, 50, 20), global, &all),
        ("1000 different lookups", different(1000), local, &all),
        ("1000 different lookups, global", different(1000), global, &all),
        ("infeasible", layers(18, 2, 1), local, &all),
        ("infeasible, nine widths", widths(&[2, 3, 4, 5, 6, 7, 8, 9, 18]), global, &all),
    ];
    let mut group = criterion.benchmark_group("solve");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for (name, dag, target, restrictions) in cases {
        group.bench_function(name, |bencher| {
            let (security, noise) = (SecurityLevel::Bits128, NoiseFamily::Gaussian);
            let request = Request { dag: &dag, security, noise, target, cost: &cost, restrictions };
            bencher.iter(|| solve(black_box(&request)).is_ok());
        });
    }
}

/// A lookup of each width, none of the result of another.
fn widths(widths: &[u32]) -> ParamDag {
    let mut dag = ParamDag::default();
    for &width in widths {
        let x = dag.input(Width(width), format!("x{width}"));
        let y = dag.lookup(x, Width(width), 1, format!("lookup of {width} bits"));
        dag.output(y, 1, format!("y{width}"));
    }
    dag
}

/// Layers of sums of 15 bits and a lookup of each sum, as in the bench `predicted_time`.
fn equal_layers(depth: u32) -> ParamDag {
    let (mut dag, width) = (ParamDag::default(), Width(4));
    let mut value = dag.input(width, "x");
    for layer in 0..depth {
        let sum = dag.linear(&[Operand::shared(value, 15.0, 15.0)], width, 15 * 15, format!("sum {layer}"));
        value = dag.lookup(sum, width, 15, format!("lookup {layer}"));
    }
    dag.output(value, 15, "out");
    dag
}

/// Lookups of 2 to 7 bits that look random, each of a weighted result before.
fn different(count: u32) -> ParamDag {
    let mut dag = ParamDag::default();
    let mut state = 3u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut values: Vec<_> = (2..8).map(|width| dag.input(Width(width), format!("x{width}"))).collect();
    for i in 0..count {
        let (from, to) = (below(6) as usize, below(6) as usize);
        let operand = Operand::elementwise(values[from], 1.0 + below(1000) as f64 / 10.0);
        let sum = dag.linear(&[operand], Width(from as u32 + 2), 4, format!("scaled {i}"));
        values[to] = dag.lookup(sum, Width(to as u32 + 2), 1 + below(30), format!("lookup {i}"));
    }
    values.into_iter().for_each(|value| {
        dag.output(value, 4, "out");
    });
    dag
}

/// Matrices between lookups of 5 to 8 bits.
fn network(depth: u32) -> ParamDag {
    let mut dag = ParamDag::default();
    let mut value = dag.input(Width(4), "x");
    for layer in 0..depth {
        let norm2 = f64::from(40 + layer * 7 % 50);
        let operand = Operand::shared(value, norm2, norm2);
        let sum = dag.linear(&[operand], Width(5 + layer % 4), 64 * 64, format!("linear {layer}"));
        value = dag.lookup(sum, Width(5 + (layer + 1) % 4), 64, format!("activation {layer}"));
    }
    dag.output(value, 64, "out");
    dag
}

/// `depth` times: `breadth` lookups, each of a sum of all results before with its own weight.
fn layers(width: u32, depth: u32, breadth: u32) -> ParamDag {
    let mut dag = ParamDag::default();
    let width = Width(width);
    let mut values: Vec<_> = (0..breadth).map(|i| dag.input(width, format!("x{i}"))).collect();
    for layer in 0..depth {
        let next = (0..breadth).map(|i| {
            let weight = 1.0 + f64::from(layer * breadth + i) / 1000.0;
            let operands: Vec<_> = values.iter().map(|&value| Operand::elementwise(value, weight)).collect();
            let sum = dag.linear(&operands, width, operands.len() as u64, format!("sum {layer} {i}"));
            dag.lookup(sum, width, 1, format!("lookup {layer} {i}"))
        });
        values = next.collect();
    }
    for value in values {
        dag.output(value, 1, "out");
    }
    dag
}

criterion_group!(solving, benches);
criterion_main!(solving);
