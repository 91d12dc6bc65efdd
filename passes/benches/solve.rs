//! How long the parameter optimizer takes: a lookup, a chain, a network, a large program, and one without a solution.

use cloakwork_abi::parameters::{NoiseFamily, SecurityLevel, Width};
use cloakwork_passes::parameters::{CostModel, ErrorTarget, Operand, ParamDag, Request, Restrictions, solve};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn benches(criterion: &mut Criterion) {
    let cost = CostModel::avx512();
    let local = ErrorTarget::new(Some((-40f64).exp2()), None).expect("a valid target");
    let global = ErrorTarget::new(None, Some(1e-5)).expect("a valid target");
    let restrictions = Restrictions::default();
    let cases = [
        ("one lookup", layers(6, 1, 1), local),
        ("network of 50 layers", network(50), local),
        ("network of 50 layers, global", network(50), global),
        ("chain", layers(6, 2, 1), local),
        ("chain, global", layers(6, 2, 1), global),
        ("1000 operations", layers(5, 50, 20), local),
        ("1000 operations, global", layers(5, 50, 20), global),
        ("infeasible", layers(14, 2, 1), local),
    ];
    for (name, dag, target) in cases {
        criterion.bench_function(name, |bencher| {
            let (security, noise) = (SecurityLevel::Bits128, NoiseFamily::Gaussian);
            let request =
                Request { dag: &dag, security, noise, target, cost: &cost, restrictions: &restrictions };
            bencher.iter(|| solve(black_box(&request)).is_ok());
        });
    }
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
