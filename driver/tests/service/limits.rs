//! What the service spends, and on whom.

use crate::fixture::{Keys, Place, await_that, models};
use crate::models::{NET, argument, looked_up};
use crate::raw::{Answer, answer, connect, request, send};
use cloakwork_runtime::{ExpandedKeys, Program};
use cloakwork_serve::options::{Bytes, Limits};
use std::io::Write;
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::time::Duration;

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

/// A service of one run at a time on one thread, and a request that keeps it busy for longer than any of these tests needs.
struct Narrow {
    place: Place,
    keys: Keys,
    request: Vec<u8>,
}

fn narrow(tenants: usize, change: impl FnOnce(&mut Limits)) -> Narrow {
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
    // Checking the keys was a job, too, which ends behind its answer.
    place.await_metric("cloakwork_runs_active", 0.0);
    Narrow { place, keys, request }
}

impl Narrow {
    fn begin(&self) -> TcpStream {
        let mut stream = connect(self.place.server.address);
        stream.write_all(&self.request).unwrap();
        stream
    }

    /// Takes the only place for runs; hanging up gives it back.
    fn occupy(&self) -> TcpStream {
        let stream = self.begin();
        self.place.await_metric("cloakwork_runs_active", 1.0);
        stream
    }

    fn send(&self) -> Answer {
        send(self.place.server.address, &self.request)
    }
}

#[test]
fn who_hangs_up_frees_the_place() {
    let narrow = narrow(1, |_| ());
    drop(narrow.occupy());
    // Counted if the run did not come to its end.
    narrow.place.await_metric("cloakwork_cancelled_total", 1.0);
    narrow.place.await_metric("cloakwork_runs_active", 0.0);
}

#[test]
fn who_waits_is_not_served_after_hanging_up() {
    let narrow = narrow(1, |limits| limits.max_queued = 2);
    let first = narrow.occupy();
    let second = narrow.begin();
    narrow.place.await_metric("cloakwork_queue_length", 1.0);
    drop(second);
    // Once that was noticed there is room for another request, which has no arguments.
    let named = format!("cloakwork-keys: {}", narrow.keys.hash);
    let empty = || narrow.place.send(0, ("POST", "/v1/models/slow/predict"), &[&named], &[]).status;
    await_that("another request is let in", || empty() == 400);
    drop(first);
    // The place in the queue is given up when its turn comes; nothing runs for it.
    narrow.place.await_metric("cloakwork_queue_length", 0.0);
    narrow.place.await_metric("cloakwork_runs_active", 0.0);
    assert_eq!(narrow.place.metric("cloakwork_cancelled_total"), 1.0);
}

#[test]
fn too_many_at_once_are_refused_and_others_are_not() {
    let narrow = narrow(2, |limits| limits.max_queued = 2);
    let place = &narrow.place;
    let quick = Keys::new(&models().net, 1);
    place.tenants[1].upload("net", &quick);
    place.await_metric("cloakwork_runs_active", 0.0);
    let first = narrow.occupy();
    let second = narrow.begin();
    place.await_metric("cloakwork_queue_length", 1.0);
    let refused = narrow.send();
    assert_eq!(refused.refusal(), (429, "too-many".to_owned()));
    assert!(refused.head.contains("retry-after"), "{}", refused.head);
    // Health is told all the while, and the other tenant gets the next turn.
    assert_eq!(place.send(1, ("GET", "/v1/health"), &[], &[]).status, 200);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            place.tenants[1].program("net", &quick).run(&[quick.encrypted(&models().net, 1)]).unwrap();
        });
        place.await_metric("cloakwork_queue_length", 2.0);
        drop(first);
        other.join().unwrap();
    });
    assert!(place.metric("cloakwork_queue_length") + place.metric("cloakwork_runs_active") >= 1.0);
    drop(second);
}

#[test]
fn a_turn_that_does_not_come_in_time_is_an_answer() {
    let narrow = narrow(1, |limits| limits.queue_timeout = Duration::from_secs(2));
    let _first = narrow.occupy();
    assert_eq!(narrow.send().refusal(), (503, "waited".to_owned()));
    assert_eq!(narrow.place.metric("cloakwork_runs_active"), 1.0);
}

#[test]
fn an_upload_does_not_grow_old_while_it_waits_to_be_completed() {
    let narrow = narrow(2, |limits| limits.upload_lifetime = Duration::from_secs(2));
    let place = &narrow.place;
    let first = narrow.occupy();
    let path = |keys: &Keys, end: &str| format!("/v1/keys/{}{end}", keys.hash);
    let upload = |keys: &Keys| {
        let wanted = format!(r#"{{"model":"net","sha256":"{}","bytes":{}}}"#, keys.hash, keys.bytes.len());
        assert_eq!(place.send(1, ("POST", "/v1/keys"), &[], wanted.as_bytes()).status, 201);
        let patched = place.send(1, ("PATCH", &path(keys, "")), &["upload-offset: 0"], &keys.bytes);
        assert_eq!(patched.status, 204);
    };
    let [awaited, forsaken] = [2, 3].map(|seed| Keys::new(&models().net, seed));
    upload(&awaited);
    let bearer = format!("authorization: Bearer {}", place.tenants[1].token);
    let mut completing = connect(place.server.address);
    completing.write_all(&request("POST", &path(&awaited, "/complete"), &[bearer], &[])).unwrap();
    place.await_metric("cloakwork_queue_length", 1.0);
    // Younger than the one that waits, and what nobody completes is discarded.
    upload(&forsaken);
    await_that("it is discarded", || place.send(1, ("HEAD", &path(&forsaken, "")), &[], &[]).status == 404);
    drop(first);
    let completed = answer(&mut completing);
    assert_eq!(completed.status, 201, "{completed:?}");
    assert_eq!(place.send(1, ("HEAD", &path(&awaited, "")), &[], &[]).status, 200);
}

#[test]
fn requests_take_no_more_memory_than_allowed() {
    let narrow = narrow(1, |limits| limits.max_requests_memory = Bytes(1 << 10));
    assert_eq!(narrow.send().refusal(), (503, "busy".to_owned()));
}

#[test]
fn what_runs_is_finished_before_the_end() {
    let mut narrow = narrow(1, |limits| limits.shutdown_timeout = Duration::from_secs(600));
    let mut stream = narrow.occupy();
    stream.set_read_timeout(Some(Duration::from_secs(600))).unwrap();
    let _idle = connect(narrow.place.server.address);
    narrow.place.server.tell_to_end();
    assert_eq!(answer(&mut stream).status, 200);
}
