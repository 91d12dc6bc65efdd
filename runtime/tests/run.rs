//! Programs run encrypted and simulated, and give what they mean.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::encoding::{bounds, decode, encode};
use cloakwork_abi::functions::{Context, Entry, STATUS_FAILED, STATUS_OK};
use cloakwork_abi::parameters::Width;
use cloakwork_abi::spec::{EncodingSpec, ValueSpec};
use cloakwork_runtime::client::{ClientError, decrypt, encrypt, encrypt_with};
use cloakwork_runtime::formats::{FormatProblem, values_to_bytes};
use cloakwork_runtime::keys::{EvaluationKeys, Origin, Randomness, generate};
use cloakwork_runtime::program::Program;
use cloakwork_runtime::server::{RunError, RunOptions, run, run_until};
use cloakwork_runtime::simulator::{Noise, simulate};
use cloakwork_runtime::timeline::{CallKind, run_timed};
use common::{array, keys, keyset, looked_up, lookup_entry, program, spec, triple_entry};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

fn threads(count: usize) -> RunOptions {
    RunOptions { threads: NonZeroUsize::new(count) }
}

/// All messages of a width, looked up encrypted and simulated.
fn every_message<const COUNT: u64, const WIDTH: u32, const IS_SIGNED: u32>() {
    let width = Width(WIDTH);
    let (least, greatest) = bounds(width, IS_SIGNED == 1);
    let program = program(
        spec("lookup", &[COUNT], (width, IS_SIGNED == 1), (width, false)),
        lookup_entry::<COUNT, WIDTH, IS_SIGNED>,
    );
    let arguments = [array(&[COUNT], least..=greatest)];
    let expected = [array(&[COUNT], (least..=greatest).map(|message| looked_up(message, WIDTH)))];
    let (secret, evaluation) = keys(u128::from(WIDTH));
    let values = encrypt_with(program.spec(), &secret, &arguments, Randomness::InsecureSeed(1)).unwrap();
    for options in [RunOptions::default(), threads(1), threads(3)] {
        let results = run(&program, &evaluation, &values, options).unwrap();
        assert_eq!(
            decrypt(program.spec(), &secret, &results).unwrap(),
            expected,
            "width {WIDTH}, signed {IS_SIGNED}"
        );
    }
    let simulation = simulate(&program, &arguments, Noise::None).unwrap();
    assert_eq!(simulation.outputs, expected);
    assert_eq!((simulation.keyswitches, simulation.bootstraps, simulation.outside), (COUNT, COUNT, 0));
    assert_eq!(simulate(&program, &arguments, Noise::Seed(1)).unwrap().outputs, expected);
}

#[test]
fn every_unsigned_message_is_looked_up() {
    every_message::<2, 1, 0>();
    every_message::<4, 2, 0>();
    every_message::<8, 3, 0>();
    every_message::<16, 4, 0>();
    every_message::<32, 5, 0>();
    every_message::<64, 6, 0>();
}

#[test]
fn every_signed_message_is_looked_up() {
    every_message::<2, 1, 1>();
    every_message::<4, 2, 1>();
    every_message::<8, 3, 1>();
    every_message::<16, 4, 1>();
    every_message::<32, 5, 1>();
    every_message::<64, 6, 1>();
}

/// Looks 6 messages of 2 bits up in 3 tables: constants, identity, complement.
unsafe extern "C" fn selecting_entry(
    context: *const Context,
    inputs: *const *const u64,
    outputs: *const *mut u64,
) -> i32 {
    let tables: Vec<u64> =
        [2, 2, 2, 2, 0, 1, 2, 3, 3, 2, 1, 0].iter().map(|&message| encode(message, Width(2))).collect();
    let selector = [0u32, 1, 2, 2, 1, 0];
    // SAFETY: the caller obeys `Entry`; the spec has 6 ciphertexts in and out and in the workspaces.
    unsafe {
        let (functions, state) = (&*(*context).functions, (*context).state);
        let small = *(*context).workspaces.add(1);
        let status = (functions.keyswitch)(state, 0, 6, *inputs, small);
        if status != STATUS_OK {
            return status;
        }
        (functions.bootstrap)(state, 0, 6, small, *outputs, tables.as_ptr(), selector.as_ptr(), 1, 2, 0)
    }
}

#[test]
fn elements_select_their_tables() {
    let program = program(spec("select", &[2, 3], (Width(2), false), (Width(2), false)), selecting_entry);
    let arguments = [array(&[2, 3], [3, 3, 3, 1, 0, 0])];
    let expected = [array(&[2, 3], [2, 3, 0, 2, 0, 2])];
    let (secret, evaluation) = keys(7);
    let values = encrypt(program.spec(), &secret, &arguments).unwrap();
    let results = run(&program, &evaluation, &values, threads(2)).unwrap();
    assert_eq!(decrypt(program.spec(), &secret, &results).unwrap(), expected);
    assert_eq!(simulate(&program, &arguments, Noise::None).unwrap().outputs, expected);
}

#[test]
fn programs_with_one_key_set_share_keys_and_values() {
    let width = (Width(4), false);
    let lookup = program(spec("lookup", &[16], width, width), lookup_entry::<16, 4, 0>);
    let triple = program(spec("triple", &[16], width, width), triple_entry::<16>);
    assert_eq!(lookup.fingerprint(), triple.fingerprint());
    let (secret, evaluation) = keys(21);
    let messages = array(&[16], 0..16);
    let values = encrypt(lookup.spec(), &secret, std::slice::from_ref(&messages)).unwrap();
    let looked_up_values = run(&lookup, &evaluation, &values, threads(1)).unwrap();
    let tripled = run(&triple, &evaluation, &looked_up_values, threads(1)).unwrap();
    // What leaves the width is read as the encoding has it.
    let read = |message: i64| decode(encode(message, width.0), width.0, width.1);
    let expected = messages.mapv(|message| read(3 * looked_up(message, 4)));
    assert_eq!(decrypt(triple.spec(), &secret, &tripled).unwrap(), [expected]);
    // Keys and arguments made with the one spec serve the other.
    let evaluation = EvaluationKeys::from_bytes(&triple.spec().keyset, &evaluation.to_bytes()).unwrap();
    let values = encrypt(triple.spec(), &secret, std::slice::from_ref(&messages)).unwrap();
    let results = run(&lookup, &evaluation, &values, threads(1)).unwrap();
    let expected = messages.mapv(|message| looked_up(message, 4));
    assert_eq!(decrypt(lookup.spec(), &secret, &results).unwrap(), [expected]);
}

#[test]
fn clients_are_kept_apart() {
    let program = program(spec("triple", &[3], (Width(8), true), (Width(8), true)), triple_entry::<3>);
    let arguments = [array(&[3], [-42, 0, 41])];
    let clients = [keys(1), keys(2)].map(|(secret, evaluation)| (secret, Arc::new(evaluation)));
    for (secret, evaluation) in &clients {
        let values = encrypt(program.spec(), secret, &arguments).unwrap();
        let results = run(&program, evaluation, &values, threads(2)).unwrap();
        assert_eq!(decrypt(program.spec(), secret, &results).unwrap(), [array(&[3], [-126, 0, 123])]);
        assert_eq!(secret.identity(), evaluation.identity());
        assert_eq!((values[0].keys(), results[0].keys()), (Some(secret.identity()), Some(secret.identity())));
    }
    let [(secret, evaluation), (other_secret, other_evaluation)] = clients;
    assert_eq!(secret.fingerprint(), other_secret.fingerprint());
    let (own, other) = (secret.identity(), other_secret.identity());
    assert_ne!(own, other);
    let values = encrypt(program.spec(), &secret, &arguments).unwrap();
    let refused = run(&program, &other_evaluation, &values, threads(1)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "argument `x` is encrypted under keys {own}, the evaluation keys given belong to keys {other}; run it with those that were made along with its secret keys"
        )
    );
    let results = run(&program, &evaluation, &values, threads(1)).unwrap();
    let refused = decrypt(program.spec(), &other_secret, &results).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "result `y` is encrypted under keys {own}, the secret keys given are {other}; decrypt it with those that encrypted the arguments"
        )
    );
}

#[test]
fn arguments_of_one_call_are_of_one_client() {
    let mut spec = spec("triple", &[3], (Width(8), true), (Width(8), true));
    spec.inputs.push(ValueSpec { name: "z".into(), ..spec.inputs[0].clone() });
    let program = program(spec, triple_entry::<3>);
    let arguments = [array(&[3], [-42, 0, 41]), array(&[3], [1, 2, 3])];
    let [(secret, evaluation), (other, _)] = [keys(1), keys(2)];
    let mut values = encrypt(program.spec(), &secret, &arguments).unwrap();
    values[1] = encrypt(program.spec(), &other, &arguments).unwrap().remove(1);
    let (found, expected) = (other.identity(), secret.identity());
    let refused = run(&program, &evaluation, &values, threads(1)).unwrap_err();
    assert!(matches!(
        refused,
        RunError::ForeignArgument { name, found: f, expected: e } if (name.as_str(), f, e) == ("z", found, expected)
    ));
    let refused = values_to_bytes(&program.spec().keyset, &program.spec().inputs, &values).unwrap_err();
    assert!(matches!(
        refused.problem,
        FormatProblem::MixedKeys { name, found: f, expected: e } if (name.as_str(), f, e) == ("z", found, expected)
    ));
}

#[test]
fn clear_arguments_pass_through() {
    /// `y = x + c`, scalars, with a clear `c`.
    unsafe extern "C" fn add_clear(
        context: *const Context,
        inputs: *const *const u64,
        outputs: *const *mut u64,
    ) -> i32 {
        // SAFETY: the caller obeys `Entry`.
        unsafe {
            let words = *(*context).words as usize;
            let (x, c, y) = (*inputs, *inputs.add(1), *outputs);
            std::ptr::copy_nonoverlapping(x, y, words);
            *y.add(words - 1) = (*y.add(words - 1)).wrapping_add(encode(*c as i64, Width(8)));
        }
        STATUS_OK
    }
    let mut spec = spec("add", &[], (Width(8), true), (Width(8), true));
    let clear =
        ValueSpec { name: "c".into(), shape: vec![], encoding: EncodingSpec::Clear, range: (-50, 50) };
    spec.inputs.push(clear);
    let program = program(spec, add_clear);
    let (secret, evaluation) = keys(3);
    let arguments = [array(&[], [100]), array(&[], [-50])];
    let values = encrypt(program.spec(), &secret, &arguments).unwrap();
    assert_eq!((values[1].clear(), values[1].keys()), (&[-50][..], None));
    let results = run(&program, &evaluation, &values, threads(1)).unwrap();
    assert_eq!(decrypt(program.spec(), &secret, &results).unwrap(), [array(&[], [50])]);
    assert_eq!(simulate(&program, &arguments, Noise::Seed(5)).unwrap().outputs, [array(&[], [50])]);
}

#[test]
fn bad_arguments_are_refused() {
    let program = program(spec("triple", &[3], (Width(4), false), (Width(4), false)), triple_entry::<3>);
    let (secret, evaluation) = keys(1);
    let refused = |arguments: &[_]| encrypt(program.spec(), &secret, arguments).unwrap_err();
    let good = array(&[3], [0, 1, 2]);
    let count = refused(&[good.clone(), good.clone()]);
    assert_eq!(count.to_string(), "`triple` has 1 arguments, found 2");
    assert!(matches!(refused(&[array(&[1, 3], [0, 1, 2])]), ClientError::Shape { .. }));
    let range = refused(&[array(&[3], [0, 16, 2])]);
    assert_eq!(range.to_string(), "argument `x` is 16 at index [1], the program takes 0 to 15");

    let values = encrypt(program.spec(), &secret, &[good]).unwrap();
    let failure = |arguments: &[_]| run(&program, &evaluation, arguments, threads(1)).unwrap_err();
    assert!(matches!(failure(&[]), RunError::Count { found: 0, expected: 1, .. }));
    let wider = spec("triple", &[3], (Width(5), false), (Width(4), false));
    let other_encoding = encrypt(&wider, &secret, &[array(&[3], [0, 1, 2])]).unwrap();
    assert!(matches!(failure(&other_encoding), RunError::Argument(mismatch) if mismatch.what == "encoding"));

    let mut other = keyset();
    other.secret_keys[0].name = "other".into();
    let (other_secret, other_evaluation) = generate(&other, Randomness::InsecureSeed(1), &|_| ()).unwrap();
    let foreign = run(&program, &other_evaluation, &values, threads(1)).unwrap_err();
    assert!(matches!(foreign, RunError::Keys { .. }));
    assert!(matches!(decrypt(program.spec(), &other_secret, &values), Err(ClientError::Keys { .. })));
}

#[test]
fn failures_in_machine_code_are_told() {
    unsafe extern "C" fn wrong_key(
        context: *const Context,
        inputs: *const *const u64,
        outputs: *const *mut u64,
    ) -> i32 {
        // SAFETY: the caller obeys `Entry`; key 9 does not exist, so no pointer is used.
        unsafe { ((*(*context).functions).keyswitch)((*context).state, 9, 3, *inputs, *outputs) }
    }
    let too_wide: Entry = lookup_entry::<3, 9, 0>;
    let (secret, evaluation) = keys(1);
    for (entry, cause) in
        [(wrong_key as Entry, "there is no keyswitch key 9"), (too_wide, "allowed is width 8")]
    {
        let program: Program = program(spec("broken", &[3], (Width(4), false), (Width(4), false)), entry);
        let arguments = [array(&[3], [0, 1, 2])];
        let values = encrypt(program.spec(), &secret, &arguments).unwrap();
        let error = run(&program, &evaluation, &values, threads(1)).unwrap_err();
        assert!(
            matches!(&error, RunError::Failed { status: STATUS_FAILED, message, .. } if message.contains(cause))
        );
        assert!(simulate(&program, &arguments, Noise::None).unwrap_err().to_string().contains(cause));
    }
}

#[test]
fn a_run_that_is_cancelled_by_another_thread_leaves_the_keys_usable() {
    let program =
        program(spec("lookup", &[4], (Width(2), false), (Width(2), false)), lookup_entry::<4, 2, 0>);
    let (arguments, expected) =
        ([array(&[4], 0..4)], [array(&[4], (0..4).map(|message| looked_up(message, 2)))]);
    let (secret, evaluation) = keys(7);
    let values = encrypt(program.spec(), &secret, &arguments).unwrap();
    let (asked, is_wanted) = (Barrier::new(2), AtomicBool::new(true));
    let questions = AtomicUsize::new(0);
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            asked.wait();
            is_wanted.store(false, Ordering::SeqCst);
            asked.wait();
        });
        // The first operation goes on; before the second one the other thread wants no more.
        run_until(&program, &evaluation, &values, threads(2), &|| {
            if questions.fetch_add(1, Ordering::SeqCst) == 1 {
                asked.wait();
                asked.wait();
            }
            !is_wanted.load(Ordering::SeqCst)
        })
    });
    assert!(matches!(result, Err(RunError::Cancelled)), "{result:?}");
    let results = run(&program, &evaluation, &values, threads(2)).unwrap();
    assert_eq!(decrypt(program.spec(), &secret, &results).unwrap(), expected);
}

#[test]
fn more_threads_than_can_serve_are_refused_before_work() {
    let program =
        program(spec("lookup", &[4], (Width(2), false), (Width(2), false)), lookup_entry::<4, 2, 0>);
    let (secret, evaluation) = keys(7);
    let values = encrypt(program.spec(), &secret, &[array(&[4], 0..4)]).unwrap();
    let message = run(&program, &evaluation, &values, threads(1_000_000)).unwrap_err().to_string();
    assert!(
        message.starts_with("1000000 threads cannot be started") && message.contains("allowed are up to"),
        "{message}"
    );
}

#[test]
fn a_timeline_has_every_call() {
    let program =
        program(spec("lookup", &[4], (Width(2), false), (Width(2), false)), lookup_entry::<4, 2, 0>);
    let (secret, evaluation) = keys(7);
    let values = encrypt(program.spec(), &secret, &[array(&[4], 0..4)]).unwrap();
    let (_, timeline) = run_timed(&program, &evaluation, &values, threads(1)).unwrap();
    let kinds: Vec<_> = timeline.calls.iter().map(|call| (call.kind, call.count)).collect();
    assert_eq!(kinds, [(CallKind::Keyswitch, 4), (CallKind::Bootstrap, 4)]);
    assert!(timeline.calls.iter().all(|call| call.start <= call.end && call.end <= timeline.total));
}

#[test]
fn keys_from_the_same_seed_are_the_same() {
    let [(a, x), (b, y)] = [keys(11), keys(11)];
    assert_eq!(a.to_bytes(), b.to_bytes());
    assert_eq!(x.to_bytes(), y.to_bytes());
    assert_eq!((a.origin(), x.origin()), (Origin::InsecureSeed, Origin::InsecureSeed));
    let (secure, _) = generate(&keyset(), Randomness::Secure, &|_| ()).unwrap();
    assert_eq!(secure.origin(), Origin::Secure);
    assert_ne!(secure.to_bytes(), a.to_bytes());
    let (again, _) = generate(&keyset(), Randomness::Secure, &|_| ()).unwrap();
    assert_ne!(secure.identity(), again.identity());
}

#[test]
fn simulations_repeat_and_noise_matters() {
    let mut spec = spec("lookup", &[16], (Width(4), false), (Width(4), false));
    spec.keyset.keyswitch_keys[0].added_variance.0 = 2f64.powi(-10); // σ = Δ
    let program = program(spec, lookup_entry::<16, 4, 0>);
    let arguments = [array(&[16], 0..16)];
    let simulated = |noise| simulate(&program, &arguments, noise).unwrap();
    let clear = simulated(Noise::None);
    assert_eq!(clear.outputs, [array(&[16], (0..16).map(|message| looked_up(message, 4)))]);
    assert_eq!(simulated(Noise::Seed(1)).outputs, simulated(Noise::Seed(1)).outputs);
    assert_ne!(simulated(Noise::Seed(1)).outputs, clear.outputs);
    assert_ne!(simulated(Noise::Seed(1)).outputs, simulated(Noise::Seed(2)).outputs);
}
