//! Time of a warm call on all cores: 128 lookups of 4 bits, and a program without lookups, whose time is the
//! fixed cost of a call. `against_concrete.py` compares the lookups with another compiler's.

use cloakwork::{Circuit, Error, Noise};
use cloakwork_tests::integers::Integers;
use cloakwork_tests::lookup_program::{addition, expected, input, lookups};
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::ArrayD;
use std::time::Duration;

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("4-bit values, 128 bits of security, p_error 1e-5");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let mut bench = |name: &str,
                     circuit: Circuit,
                     arguments: Vec<ArrayD<i64>>,
                     expected: ArrayD<i64>|
     -> Result<(), Error> {
        let keys = circuit.keygen()?;
        let encrypted = circuit.encrypt(&keys.secret, arguments.clone())?;
        let results = circuit.run(&keys.evaluation, &encrypted)?;
        assert_eq!(circuit.decrypt(&keys.secret, &results)?, [expected]);
        group.bench_function(format!("{name}, warm run"), |bencher| {
            bencher.iter(|| circuit.run(&keys.evaluation, &encrypted));
        });
        group.bench_function(format!("{name}, simulated"), |bencher| {
            bencher.iter(|| circuit.simulate(arguments.clone(), Noise::Seed(1)));
        });
        Ok(())
    };
    let (x, sum) = (input(), Integers::of_tag("y0").tensor(&[], 0, 15));
    bench("128 lookups", lookups().expect("compiles"), vec![x.clone()], expected(&x)).expect("runs");
    bench("an addition", addition().expect("compiles"), vec![sum.clone(), sum.clone()], &sum + &sum)
        .expect("runs");
}

criterion_group!(benches, lookup);
criterion_main!(benches);
