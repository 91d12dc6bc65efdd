//! What the service spends, and on whom.

use crate::fixture::{Keys, Place, models};
use crate::models::{NET, argument, looked_up};
use crate::raw::{connect, request};
use cloakwork_runtime::{ExpandedKeys, Program};
use cloakwork_serve::options::Bytes;
use std::io::Write;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

#[test]
fn memory_of_keys_stays_within_the_limit_and_results_stay_right() {
    let each = ExpandedKeys::memory_bytes(&models().net.spec().keyset);
    let limit = 2 * each + each / 2;
    let place = Place::new(6, |options| options.limits.max_keys_memory = Bytes(limit));
    let keys: Vec<Keys> = (0..6).map(|seed| Keys::new(&models().net, seed)).collect();
    place.tenants.iter().zip(&keys).for_each(|(tenant, keys)| tenant.upload("net", keys));
    std::thread::scope(|scope| {
        for (tenant, keys) in place.tenants.iter().zip(&keys) {
            scope.spawn(move || {
                for number in 0..10 {
                    let argument = argument(models().net.spec(), number);
                    let results =
                        tenant.program("net", keys).call(&keys.secret, &[vec![argument.clone()]]).unwrap();
                    assert_eq!(results, [[looked_up(&argument, NET)]]);
                }
            });
        }
        for _ in 0..20 {
            let held = place.metric("cloakwork_key_memory_bytes");
            assert!(held <= limit as f64, "{held} of {limit}");
        }
    });
    assert_eq!(place.metric("cloakwork_key_memory_bytes"), 2.0 * each as f64);
    assert!(place.metric("cloakwork_key_evictions") >= 4.0);
}

#[test]
fn keys_that_never_fit_are_refused_before_they_are_uploaded() {
    let place = Place::new(1, |options| options.limits.max_keys_memory = Bytes(1000));
    let keys = Keys::new(&models().net, 1);
    let refused = place.tenants[0].client.upload_keys("net", &keys.bytes).unwrap_err().to_string();
    assert!(refused.contains("507") && refused.contains("the service allows 1000"), "{refused}");
}

#[test]
fn a_tenant_stores_so_much_and_no_more() {
    let place = Place::new(2, |options| options.limits.max_tenant_keys = 2);
    let keys: Vec<Keys> = (0..3).map(|seed| Keys::new(&models().net, seed)).collect();
    place.tenants[0].upload("net", &keys[0]);
    place.tenants[0].upload("net", &keys[1]);
    let refused = place.tenants[0].client.upload_keys("net", &keys[2].bytes).unwrap_err().to_string();
    assert!(refused.contains("507") && refused.contains("2 keys of 2"), "{refused}");
    place.tenants[1].upload("net", &keys[2]);
    place.tenants[0].client.delete_keys(keys[0].hash).unwrap();
    place.tenants[0].upload("net", &keys[2]);
}

/// A service of one run at a time on one thread, and a request that keeps it busy for a while.
fn busy(
    tenants: usize,
    change: impl FnOnce(&mut cloakwork_serve::options::Limits),
) -> (Place, Keys, Vec<u8>) {
    let place = Place::new(tenants, |options| {
        options.limits.threads = Some(NonZeroUsize::MIN);
        options.limits.runs = Some(NonZeroUsize::MIN);
        change(&mut options.limits);
    });
    let slow = Program::load(&models().path().join("slow.cloakwork")).unwrap();
    let keys = Keys::new(&slow, 1);
    place.tenants[0].upload("slow", &keys);
    let headers = [
        format!("authorization: Bearer {}", place.tenants[0].token),
        format!("cloakwork-keys: {}", keys.hash),
    ];
    let body = keys.encrypted(&slow, 1);
    let request = request("POST", "/v1/models/slow/predict", &headers, &body);
    (place, keys, request)
}

#[test]
fn who_hangs_up_frees_the_place() {
    let (place, keys, request) = busy(1, |_| ());
    // Another program under the same keys, so that neither run has to load them.
    place.tenants[0].program("net", &keys).run(&[keys.encrypted(&models().net, 1)]).unwrap();
    let begun = Instant::now();
    let mut stream = connect(place.server.address);
    stream.write_all(&request).unwrap();
    place.await_metric("cloakwork_runs_active", 1.0);
    drop(stream);
    place.await_metric("cloakwork_runs_active", 0.0);
    let cancelled = begun.elapsed();
    // Counted behind the end of the run.
    place.await_metric("cloakwork_cancelled_total", 1.0);
    let begun = Instant::now();
    let slow = Program::load(&models().path().join("slow.cloakwork")).unwrap();
    let file = keys.encrypted(&slow, 2);
    place.tenants[0].program("slow", &keys).run(&[file]).unwrap();
    let whole = begun.elapsed();
    assert!(cancelled < whole, "cancelled after {cancelled:?}, a run takes {whole:?}");
}

#[test]
fn who_waits_is_not_served_after_hanging_up() {
    let (place, _, request) = busy(1, |_| ());
    let mut first = connect(place.server.address);
    first.write_all(&request).unwrap();
    place.await_metric("cloakwork_runs_active", 1.0);
    let mut second = connect(place.server.address);
    second.write_all(&request).unwrap();
    place.await_metric("cloakwork_queue_length", 1.0);
    drop(second);
    // The place in the queue is given up when its turn comes; nothing runs for it.
    assert_eq!(crate::raw::answer(&mut first).status, 200);
    place.await_metric("cloakwork_queue_length", 0.0);
    place.await_metric("cloakwork_runs_active", 0.0);
    assert_eq!(place.metric("cloakwork_runs_total{model=\"slow\"}"), 1.0);
}

#[test]
fn too_many_at_once_are_refused_and_others_are_not() {
    let (place, keys, request) = busy(2, |limits| limits.max_queued = 2);
    let quick = Keys::new(&models().net, 1);
    place.tenants[1].upload("net", &quick);
    let streams: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(place.server.address);
            stream.write_all(&request).unwrap();
            stream
        })
        .collect();
    place.await_metric("cloakwork_queue_length", 1.0);
    let answer = crate::raw::send(place.server.address, &request);
    assert_eq!(answer.refusal(), (429, "too-many".to_owned()));
    assert!(answer.head.contains("retry-after"), "{}", answer.head);
    // Health is told all the while, and the other tenant gets the next turn.
    assert_eq!(place.send(1, ("GET", "/v1/health"), &[], &[]).status, 200);
    place.tenants[1].program("net", &quick).run(&[quick.encrypted(&models().net, 1)]).unwrap();
    assert!(place.metric("cloakwork_queue_length") + place.metric("cloakwork_runs_active") >= 1.0);
    drop((streams, keys));
}

#[test]
fn a_turn_that_does_not_come_in_time_is_an_answer() {
    let (place, _, request) = busy(1, |limits| limits.queue_timeout = Duration::from_millis(50));
    let mut first = connect(place.server.address);
    first.write_all(&request).unwrap();
    place.await_metric("cloakwork_runs_active", 1.0);
    assert_eq!(crate::raw::send(place.server.address, &request).refusal(), (503, "waited".to_owned()));
    assert_eq!(crate::raw::answer(&mut first).status, 200);
}

#[test]
fn an_upload_does_not_grow_old_while_it_waits_to_be_completed() {
    let (place, _, request) = busy(2, |limits| limits.upload_lifetime = Duration::from_millis(250));
    let mut first = connect(place.server.address);
    first.write_all(&request).unwrap();
    place.await_metric("cloakwork_runs_active", 1.0);
    let [awaited, forsaken] = [2, 3].map(|seed| Keys::new(&models().net, seed));
    let path = |keys: &Keys, end: &str| format!("/v1/keys/{}{end}", keys.hash);
    for keys in [&awaited, &forsaken] {
        let wanted = format!(r#"{{"model":"net","sha256":"{}","bytes":{}}}"#, keys.hash, keys.bytes.len());
        assert_eq!(place.send(1, ("POST", "/v1/keys"), &[], wanted.as_bytes()).status, 201);
        let answer = place.send(1, ("PATCH", &path(keys, "")), &["upload-offset: 0"], &keys.bytes);
        assert_eq!(answer.status, 204);
    }
    // The only place for runs is taken for longer than uploads live.
    let completed = place.send(1, ("POST", &path(&awaited, "/complete")), &[], &[]);
    assert_eq!(completed.status, 201, "{completed:?}");
    assert_eq!(crate::raw::answer(&mut first).status, 200);
    let begun = Instant::now();
    while place.send(1, ("HEAD", &path(&forsaken, "")), &[], &[]).status != 404 {
        assert!(begun.elapsed() < Duration::from_secs(20), "what nobody completes is discarded");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(place.send(1, ("HEAD", &path(&awaited, "")), &[], &[]).status, 200);
}

#[test]
fn requests_take_no_more_memory_than_allowed() {
    let (place, _, request) = busy(1, |limits| limits.max_requests_memory = Bytes(1 << 10));
    let answer = crate::raw::send(place.server.address, &request);
    assert_eq!(answer.refusal(), (503, "busy".to_owned()));
}

#[test]
fn what_runs_is_finished_before_the_end() {
    let (mut place, _, request) = busy(1, |_| ());
    let mut stream = connect(place.server.address);
    stream.write_all(&request).unwrap();
    place.await_metric("cloakwork_runs_active", 1.0);
    let idle = connect(place.server.address);
    place.server.tell_to_end();
    let answer = crate::raw::answer(&mut stream);
    assert_eq!(answer.status, 200);
    drop((idle, place));
}
