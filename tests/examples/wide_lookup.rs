//! Lookups of many bits with secure keys, which no tier of the tests has the time for: 16 bits at 128 bits of security and the
//! default error probability unless told otherwise. Prints times, and fails if a result is wrong.
//!
//! ```text
//! cargo run --release -p cloakwork-tests --example wide_lookup [bits] [signed]
//! ```

use cloakwork::{Options, compile_text};
use ndarray::{ArrayD, IxDyn};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let width: u32 = std::env::args().nth(1).map_or(Ok(16), |text| text.parse())?;
    let is_signed = std::env::args().nth(2).is_some_and(|text| text == "signed");
    let (size, least) = (1i64 << width, if is_signed { -(1i64 << (width - 1)) } else { 0 });
    let entry = |v: i64| (v * 40503 + 12345).rem_euclid(size) + least;
    let values = vec![least, least + size - 1, least + 12_345 % size, 1];
    let entries = (0..size).map(|i| entry(if i >= least + size { i - size } else { i }).to_string());
    let entries: Vec<String> = entries.collect();
    let ty = format!("tensor<{}x!fhe.{}<{width}>>", values.len(), if is_signed { "esint" } else { "eint" });
    let text = format!(
        "func.func @main(%x: {ty}) -> {ty} {{
  %0 = fhe.lookup %x {{tables = dense<[[{}]]> : tensor<1x{size}xi64>}} : ({ty}) -> {ty}
  return %0 : {ty}
}}",
        entries.join(", ")
    );
    let circuit = compile_text(&text, "wide_lookup", &Options::default())?;
    println!("{}", circuit.report());
    let start = Instant::now();
    let keys = circuit.keygen()?;
    println!("keys: {:.1} s", start.elapsed().as_secs_f64());
    let x = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values)?;
    let encrypted = circuit.encrypt(&keys.secret, vec![x.clone()])?;
    let start = Instant::now();
    let results = circuit.run(&keys.evaluation, &encrypted)?;
    println!("{} lookups: {:.1} s", x.len(), start.elapsed().as_secs_f64());
    let (found, expected) = (circuit.decrypt(&keys.secret, &results)?, x.mapv(entry));
    println!("found {:?}", found[0]);
    if found[0] != expected {
        return Err(format!("expected {expected:?}").into());
    }
    Ok(())
}
