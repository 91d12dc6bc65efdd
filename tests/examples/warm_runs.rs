//! Serves timed runs of the lookup program to `benches/against_concrete.py`: one line with a time in seconds for each
//! line that comes in. The first line says how long compilation and key generation took.

use cloakwork_tests::lookup_program::{expected, input, lookups};
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let circuit = lookups()?;
    let compiled = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let keys = circuit.keygen()?;
    println!("{compiled} {}", start.elapsed().as_secs_f64());
    let input = input();
    let encrypted = circuit.encrypt(&keys.secret, input.clone())?;
    for line in stdin().lock().lines() {
        line?;
        let start = Instant::now();
        let results = circuit.run(&keys.evaluation, &encrypted)?;
        let seconds = start.elapsed().as_secs_f64();
        if circuit.decrypt(&keys.secret, &results)? != [expected(&input)] {
            return Err("a lookup was wrong".into());
        }
        println!("{seconds}");
        stdout().flush()?;
    }
    Ok(())
}
