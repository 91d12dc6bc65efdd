//! The noise of public-key encryption is that of its formula.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::noise;
use cloakwork_abi::parameters::Width;
use cloakwork_runtime::client::{decrypt_phases, encrypt_public};
use cloakwork_runtime::keys::Randomness;
use common::{array, keys, spec};

/// Over many public keys of one secret key: encryptions with one key share some of their noise.
#[test]
fn public_encryptions_have_the_variance_of_the_formula() {
    const ELEMENTS: usize = 1024;
    const KEYS: usize = 200;
    let mut spec = spec("zeros", &[ELEMENTS as u64], (Width(2), false), (Width(2), false));
    spec.public_key = true;
    let (secret, _) = keys(11);
    let zeros = array(&[ELEMENTS as u64], std::iter::repeat_n(0, ELEMENTS));
    let mut sum = 0.0;
    for seed in 0..KEYS as u128 {
        let public = secret.public_key(Randomness::InsecureSeed(seed));
        let randomness = Randomness::InsecureSeed(1000 + seed);
        let values = encrypt_public(&spec, &public, std::slice::from_ref(&zeros), randomness).unwrap();
        let phases = decrypt_phases(&spec, &secret, &values).unwrap();
        sum += phases[0].iter().map(|&phase| (phase as i64 as f64 / 2f64.powi(64)).powi(2)).sum::<f64>();
    }
    let measured = sum / (KEYS * ELEMENTS) as f64;
    let big = &spec.keyset.secret_keys[0];
    let formula = noise::public_encryption(big.shape.lwe_dimension(), big.variance()).0;
    println!("public-key encryption: {:.3} of the formula", measured / formula);
    assert!((0.9..1.1).contains(&(measured / formula)), "{measured:e} is not {formula:e}");
}
