//! Time of a warm call on all cores: 128 lookups of 4 bits, and a program without lookups, whose time is the
//! fixed cost of a call. `against_concrete.py` compares the lookups with another compiler's.

use cloakwork::{Circuit, Noise};
use cloakwork_tests::integers::Integers;
use cloakwork_tests::lookup_program::{addition, expected, input, lookups};
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::ArrayD;
use std::time::Duration;

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("4-bit values, 128 bits of security, p_error 1e-5");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let mut bench = |name: &str, circuit: Circuit, arguments: Vec<ArrayD<i64>>, expected: ArrayD<i64>| {
        let keys = circuit.keygen().expect("sound key set");
        let encrypted = circuit.encrypt(&keys.secret, arguments.clone()).expect("fits");
        let run = || circuit.run(&keys.evaluation, &encrypted).expect("runs");
        assert_eq!(circuit.decrypt(&keys.secret, &run()).expect("own keys"), [expected]);
        group.bench_function(format!("{name}, warm run"), |bencher| bencher.iter(run));
        group.bench_function(format!("{name}, simulated"), |bencher| {
            bencher.iter(|| circuit.simulate(arguments.clone(), Noise::Seed(1)).expect("runs"));
        });
    };
    let (x, sum) = (input(), Integers::of_tag("y0").tensor(&[], 0, 15));
    bench("128 lookups", lookups().expect("compiles"), vec![x.clone()], expected(&x));
    bench("an addition", addition().expect("compiles"), vec![sum.clone(), sum.clone()], &sum + &sum);
}

criterion_group!(benches, lookup);
criterion_main!(benches);
