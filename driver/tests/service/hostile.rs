//! Every hostile request is refused with a reason, and the service goes on.

use crate::fixture::{Keys, Place, models};
use crate::models::{NET, argument, looked_up};
use crate::raw::{Answer, connect, request};
use cloakwork_runtime::formats::{FORMAT_VERSION, OLDEST_FORMAT_VERSION};
use cloakwork_serve::ContentHash;
use std::io::Write;
use std::time::Duration;

fn predict(place: &Place, model: &str, keys: &Keys, body: &[u8]) -> Answer {
    let path = format!("/v1/models/{model}/predict");
    place.send(0, ("POST", &path), &[&format!("cloakwork-keys: {}", keys.hash)], body)
}

/// Uploads bytes as keys for `net`, whatever they are; the answer to `complete`, or the first refusal.
fn upload(place: &Place, bytes: &[u8]) -> Answer {
    let hash = ContentHash::of_file(bytes);
    let wanted = format!(r#"{{"model":"net","sha256":"{hash}","bytes":{}}}"#, bytes.len());
    let answer = place.send(0, ("POST", "/v1/keys"), &[], wanted.as_bytes());
    if answer.status >= 300 {
        return answer;
    }
    let path = format!("/v1/keys/{hash}");
    let answer = place.send(0, ("PATCH", &path), &["upload-offset: 0"], bytes);
    assert_eq!(answer.status, 204, "{answer:?}");
    place.send(0, ("POST", &format!("{path}/complete")), &[], &[])
}

#[test]
fn bad_values() {
    let place = Place::new(1, |_| ());
    let (net, other) = (Keys::new(&models().net, 1), Keys::new(&models().other, 1));
    place.tenants[0].upload("net", &net);
    place.tenants[0].upload("other", &other);
    let good = net.encrypted(&models().net, 1);
    let refused = |body: &[u8]| predict(&place, "net", &net, body).refusal();
    let unfit = (422, "unfit-values".to_owned());
    assert_eq!(refused(&[]), (400, "bad-request".to_owned()));
    for length in [1, 23, 24, 100, good.len() - 1] {
        assert_eq!(refused(&good[..length]), (400, "bad-request".to_owned()), "{length} bytes");
    }
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        let (status, kind) = refused(&bad);
        let is_known =
            [(422, "unfit-values"), (422, "other-release"), (413, "too-long"), (400, "bad-request")]
                .contains(&(status, kind.as_str()));
        assert!(is_known, "byte {at}: {status} {kind}");
    }
    // Says that it is longer than anything that fits.
    let mut long = good.clone();
    long[16..24].copy_from_slice(&(1u64 << 40).to_le_bytes());
    assert_eq!(refused(&long), (413, "too-long".to_owned()));
    long[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(refused(&long), unfit);
    assert_eq!(refused(&vec![7; 1 << 20]), unfit);
    assert_eq!(refused(&net.bytes), unfit);
    // Of another model.
    assert_eq!(refused(&other.encrypted(&models().other, 1)), unfit);
    let foreign = predict(&place, "other", &net, &good);
    assert_eq!(foreign.refusal(), (422, "unfit-keys".to_owned()));
    // All of this is forgotten at once.
    let argument = argument(models().net.spec(), 8);
    let results = place.tenants[0].program("net", &net).call(&net.secret, &[vec![argument.clone()]]).unwrap();
    assert_eq!(results, [[looked_up(&argument, NET)]]);
    place.await_metric("cloakwork_runs_active", 0.0);
}

#[test]
fn bad_keys_are_discarded() {
    let place = Place::new(1, |_| ());
    let good = Keys::new(&models().net, 1).bytes;
    for at in [0, 12, 30, 200, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(upload(&place, &bad).refusal(), (422, "unfit-keys".to_owned()), "byte {at}");
    }
    assert_eq!(upload(&place, &good[..good.len() / 2]).refusal(), (422, "wrong-length".to_owned()));
    assert_eq!(
        upload(&place, &[good.clone(), vec![0; 8]].concat()).refusal(),
        (422, "unfit-keys".to_owned())
    );
    assert_eq!(
        upload(&place, &[good.clone(), vec![0; 2 << 20]].concat()).refusal(),
        (422, "wrong-length".to_owned())
    );
    let foreign = Keys::new(&models().other, 1).bytes;
    let answer = upload(&place, &foreign);
    assert!(["unfit-keys", "wrong-length"].contains(&answer.problem().as_str()), "{answer:?}");
    let secret = Keys::new(&models().net, 1).secret.to_bytes();
    assert_eq!(upload(&place, &secret).refusal(), (422, "wrong-length".to_owned()));
    assert!(place.tenants[0].client.keys().unwrap().is_empty());
    let files = walk(&place.folder.path().join(".state"));
    assert_eq!(files, ["lock"], "nothing is left");
    assert_eq!(upload(&place, &good).status, 201);
}

/// Names of all files below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = vec![];
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path().is_dir() {
            true => names.extend(walk(&entry.path())),
            false => names.push(entry.file_name().into_string().unwrap()),
        }
    }
    names
}

#[test]
fn bytes_that_are_not_those_of_their_name() {
    let place = Place::new(1, |_| ());
    let keys = Keys::new(&models().net, 1);
    let wanted = format!(r#"{{"model":"net","sha256":"{}","bytes":{}}}"#, keys.hash, keys.bytes.len());
    assert_eq!(place.send(0, ("POST", "/v1/keys"), &[], wanted.as_bytes()).status, 201);
    let path = format!("/v1/keys/{}", keys.hash);
    let others = Keys::new(&models().net, 2).bytes;
    assert_eq!(place.send(0, ("PATCH", &path), &["upload-offset: 0"], &others).status, 204);
    let answer = place.send(0, ("POST", &format!("{path}/complete")), &[], &[]);
    assert_eq!(answer.refusal(), (422, "wrong-hash".to_owned()));
    assert_eq!(place.send(0, ("HEAD", &path), &[], &[]).status, 404);
}

#[test]
fn uploads_out_of_step() {
    let place = Place::new(1, |_| ());
    let keys = Keys::new(&models().net, 1);
    let path = format!("/v1/keys/{}", keys.hash);
    let patch = |headers: &[&str], body: &[u8]| place.send(0, ("PATCH", &path), headers, body);
    assert_eq!(patch(&["upload-offset: 0"], b"x").refusal(), (404, "not-found".to_owned()));
    let wanted = |bytes: usize| format!(r#"{{"model":"net","sha256":"{}","bytes":{bytes}}}"#, keys.hash);
    let begin = |bytes: usize| place.send(0, ("POST", "/v1/keys"), &[], wanted(bytes).as_bytes());
    assert_eq!(begin(keys.bytes.len()).status, 201);
    assert_eq!(begin(keys.bytes.len() + 1).refusal(), (422, "wrong-length".to_owned()));
    for headers in
        [&[][..], &["upload-offset: x"], &["upload-offset: -1"], &["upload-offset: 0", "upload-offset: 0"]]
    {
        assert_eq!(patch(headers, b"x").refusal(), (400, "bad-request".to_owned()), "{headers:?}");
    }
    assert_eq!(patch(&["upload-offset: 0"], &keys.bytes[..100]).status, 204);
    let answer = patch(&["upload-offset: 50"], &keys.bytes[50..]);
    assert_eq!(answer.refusal(), (409, "wrong-offset".to_owned()));
    assert!(answer.head.contains("upload-offset: 100"), "{}", answer.head);
    let too_long = [&keys.bytes[100..], &[0; 10]].concat();
    assert_eq!(patch(&["upload-offset: 100"], &too_long).refusal(), (413, "too-long".to_owned()));
    let answer = place.send(0, ("POST", &format!("{path}/complete")), &[], &[]);
    assert_eq!(answer.refusal(), (409, "incomplete".to_owned()));
    // Not used before it is complete.
    let values = keys.encrypted(&models().net, 1);
    assert_eq!(predict(&place, "net", &keys, &values).refusal(), (409, "incomplete".to_owned()));
    assert_eq!(patch(&["upload-offset: 100"], &keys.bytes[100..]).status, 204);
    assert_eq!(predict(&place, "net", &keys, &values).refusal(), (409, "incomplete".to_owned()));
    assert_eq!(place.send(0, ("POST", &format!("{path}/complete")), &[], &[]).status, 201);
    assert_eq!(predict(&place, "net", &keys, &values).status, 200);
    assert_eq!(patch(&["upload-offset: 0"], &keys.bytes).refusal(), (400, "bad-request".to_owned()));
}

#[test]
fn names_that_are_paths() {
    let place = Place::new(1, |_| ());
    for name in [
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        ".tokens",
        "net.cloakwork",
        "net%00",
        "%ff",
        "net/../other",
        "NET",
    ] {
        let answer = place.send(0, ("GET", &format!("/v1/models/{name}/spec")), &[], &[]);
        assert!([400, 404].contains(&answer.status), "{name}: {answer:?}");
        let answer = place.send(0, ("POST", &format!("/v1/keys/{name}/complete")), &[], &[]);
        assert!([400, 404].contains(&answer.status), "{name}: {answer:?}");
        let wanted = format!(r#"{{"model":"{name}","sha256":"{}","bytes":1}}"#, ContentHash::of(b""));
        let answer = place.send(0, ("POST", "/v1/keys"), &[], wanted.as_bytes());
        assert!([400, 404].contains(&answer.status), "{name}: {answer:?}");
    }
    for hash in ["../../.tokens", "aa", &"A".repeat(64), &"0".repeat(65), &format!("/{}", "0".repeat(63))] {
        let wanted = format!(r#"{{"model":"net","sha256":"{hash}","bytes":1}}"#);
        let answer = place.send(0, ("POST", "/v1/keys"), &[], wanted.as_bytes());
        assert_eq!(answer.refusal(), (400, "bad-request".to_owned()), "{hash}");
    }
}

#[test]
fn files_of_other_releases_say_which_side_to_upgrade() {
    let place = Place::new(1, |_| ());
    let keys = Keys::new(&models().net, 1);
    place.tenants[0].upload("net", &keys);
    let values = keys.encrypted(&models().net, 1);
    let of_version = |bytes: &[u8], version: u32| {
        let mut bytes = bytes.to_vec();
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        bytes
    };
    let (oldest, newest) = (OLDEST_FORMAT_VERSION, FORMAT_VERSION);
    for (version, advice) in [(newest + 1, "upgrade the service"), (oldest - 1, "upgrade the client")] {
        let of_values = predict(&place, "net", &keys, &of_version(&values, version));
        let of_keys = upload(&place, &of_version(&keys.bytes, version));
        for answer in [of_values, of_keys] {
            assert_eq!(answer.refusal(), (422, "other-release".to_owned()));
            let text = String::from_utf8(answer.body).unwrap();
            assert!(text.contains(advice) && text.contains(&format!("version {version}")), "{text}");
        }
    }
    assert_eq!(place.tenants[0].client.keys().unwrap().len(), 1, "they are not kept");
}

#[test]
fn malformed_paths_and_queries_get_a_problem_as_everything_else() {
    let place = Place::new(1, |_| ());
    let keys = Keys::new(&models().net, 1);
    place.tenants[0].upload("net", &keys);
    let named = format!("cloakwork-keys: {}", keys.hash);
    let body = keys.encrypted(&models().net, 1);
    let bad = (400, "bad-request".to_owned());
    for path in ["/v1/models/%ff/spec", "/v1/keys/%ff/complete", "/v1/models/%ff/predict"] {
        let method = if path.ends_with("spec") { "GET" } else { "POST" };
        assert_eq!(place.send(0, (method, path), &[&named], &[]).refusal(), bad, "{path}");
    }
    assert_eq!(place.send(0, ("PATCH", "/v1/keys/%ff"), &["upload-offset: 0"], b"x").refusal(), bad);
    for query in ["functions=main", "function=main&function=main", "function=main&x=1"] {
        let path = format!("/v1/models/net/predict?{query}");
        assert_eq!(place.send(0, ("POST", &path), &[&named], &body).refusal(), bad, "{query}");
    }
}

#[test]
fn requests_that_are_none() {
    let place = Place::new(1, |_| ());
    let address = place.server.address;
    let status = |bytes: &[u8]| crate::raw::send(address, bytes).status;
    assert_eq!(status(b"\x16\x03\x01 hello\r\n\r\n"), 400);
    assert_eq!(status(b"GET /v1/health HTTP/9.9\r\n\r\n"), 400);
    let many: Vec<String> = (0..200).map(|i| format!("x-{i}: 1")).collect();
    assert_eq!(status(&request("GET", "/v1/health", &many, &[])), 431);
    let long = format!("x: {}", "a".repeat(2 << 20));
    assert_eq!(status(&request("GET", "/v1/health", &[long], &[])), 431);
    let lengths = ["content-length: 5".to_owned(), "content-length: 6".to_owned()];
    assert_eq!(status(&request("POST", "/v1/keys", &lengths, b"hello")), 400);
    assert_eq!(place.send(0, ("GET", "/v2"), &[], &[]).refusal(), (404, "not-found".to_owned()));
    assert_eq!(
        place.send(0, ("PUT", "/v1/keys"), &[], &[]).refusal(),
        (405, "method-not-allowed".to_owned())
    );
    for body in [&b""[..], b"{}", b"[1]", b"\xff", br#"{"model":"net","sha256":"x","bytes":1,"more":1}"#] {
        assert_eq!(place.send(0, ("POST", "/v1/keys"), &[], body).refusal(), (400, "bad-request".to_owned()));
    }
    let answer = place.send(0, ("POST", "/v1/keys"), &[], &vec![b' '; 1 << 20]);
    assert_eq!(answer.refusal(), (413, "too-long".to_owned()));
    let chunked = ["transfer-encoding: chunked"];
    let answer = place.send(0, ("POST", "/v1/keys"), &chunked, b"5\r\nhello\r\nnonsense");
    assert_eq!(answer.status, 400);
    for bytes in ["18446744073709551615", "0", "-1", "1e30"] {
        let wanted = format!(r#"{{"model":"net","sha256":"{}","bytes":{bytes}}}"#, ContentHash::of(b"x"));
        assert!(
            [400, 422].contains(&place.send(0, ("POST", "/v1/keys"), &[], wanted.as_bytes()).status),
            "{bytes}"
        );
    }
}

#[test]
fn slow_bodies() {
    let place = Place::new(1, |options| options.limits.body_timeout = Duration::from_secs(1));
    let keys = Keys::new(&models().net, 1);
    place.tenants[0].upload("net", &keys);
    let headers = [
        format!("authorization: Bearer {}", place.tenants[0].token),
        format!("cloakwork-keys: {}", keys.hash),
    ];
    let whole = request("POST", "/v1/models/net/predict", &headers, &keys.encrypted(&models().net, 1));
    // Stops in the middle.
    let mut stream = connect(place.server.address);
    stream.write_all(&whole[..whole.len() - 10]).unwrap();
    assert_eq!(crate::raw::answer(&mut stream).refusal(), (408, "slow-body".to_owned()));
    // A byte at a time, each within the pause, until there is an answer.
    let mut stream = connect(place.server.address);
    let (most, drops) = whole.split_at(whole.len() - 100);
    stream.write_all(most).unwrap();
    let patience = stream.read_timeout().unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    for byte in drops {
        if stream.write_all(&[*byte]).is_err() || stream.peek(&mut [0]).is_ok() {
            break;
        }
    }
    stream.set_read_timeout(patience).unwrap();
    assert_eq!(crate::raw::answer(&mut stream).refusal(), (408, "slow-body".to_owned()));
}
