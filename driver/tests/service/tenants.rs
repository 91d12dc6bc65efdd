//! What tenants cannot do to one another.

use crate::fixture::{Keys, Place, models};
use crate::models::{NET, argument, looked_up};
use cloakwork_serve::client::ClientError;

fn status(error: ClientError) -> u16 {
    match error {
        ClientError::Refused { status, .. } => status,
        other => panic!("{other}"),
    }
}

#[test]
fn keys_of_others_are_as_if_they_were_not_there() {
    let place = Place::new(2, |_| ());
    let (owner, other) = (&place.tenants[0], &place.tenants[1]);
    let keys = Keys::new(&models().net, 1);
    owner.upload("net", &keys);
    assert_eq!(owner.client.keys().unwrap().len(), 1);
    assert!(other.client.keys().unwrap().is_empty());
    let arguments = keys.encrypted(&models().net, 1);
    assert_eq!(status(other.program("net", &keys).run(std::slice::from_ref(&arguments)).unwrap_err()), 404);
    assert_eq!(status(other.client.delete_keys(keys.hash).unwrap_err()), 404);
    let path = format!("/v1/keys/{}", keys.hash);
    // The same answer as for keys that nobody has.
    let stranger = format!("/v1/keys/{}", Keys::new(&models().net, 99).hash);
    for method in ["HEAD", "DELETE"] {
        let (found, none) =
            (place.send(1, (method, &path), &[], &[]), place.send(1, (method, &stranger), &[], &[]));
        assert_eq!((found.status, none.status), (404, 404), "{method}");
    }
    assert_eq!(
        place.send(1, ("PATCH", &path), &["upload-offset: 0"], b"x").refusal(),
        (404, "not-found".to_owned())
    );
    owner.program("net", &keys).run(&[arguments]).unwrap();
}

#[test]
fn the_same_file_of_two_tenants_is_two_files() {
    let place = Place::new(2, |_| ());
    let keys = Keys::new(&models().net, 1);
    place.tenants[0].upload("net", &keys);
    // Nothing tells the second that someone has them: all bytes are asked for.
    let wanted = format!(r#"{{"model":"net","sha256":"{}","bytes":{}}}"#, keys.hash, keys.bytes.len());
    assert_eq!(place.send(1, ("POST", "/v1/keys"), &[], wanted.as_bytes()).status, 201);
    place.tenants[1].upload("net", &keys);
    place.tenants[0].client.delete_keys(keys.hash).unwrap();
    let argument = argument(models().net.spec(), 4);
    let results =
        place.tenants[1].program("net", &keys).call(&keys.secret, &[vec![argument.clone()]]).unwrap();
    assert_eq!(results, [[looked_up(&argument, NET)]]);
    assert_eq!(status(place.tenants[0].program("net", &keys).run(&[vec![0; 24]]).unwrap_err()), 404);
}

#[test]
fn without_a_token_there_is_nothing_to_see() {
    let place = Place::new(1, |_| ());
    let token = &place.tenants[0].token;
    let wrong = [
        String::new(),
        "authorization: Bearer".to_owned(),
        "authorization: Bearer x".to_owned(),
        format!("authorization: Bearer {}", &token[..token.len() - 1]),
        format!("authorization: Bearer {token}0"),
        format!("authorization: Basic {token}"),
        format!("authorization: {token}"),
        format!("x-authorization: Bearer {token}"),
    ];
    let closed = ["/v1/models", "/v1/models/net/spec", "/v1/keys", "/v1/metrics", "/v1/models/none/spec"];
    for header in &wrong {
        for path in closed {
            let lines: Vec<String> =
                Some(header.clone()).into_iter().filter(|line| !line.is_empty()).collect();
            let answer =
                crate::raw::send(place.server.address, &crate::raw::request("GET", path, &lines, &[]));
            assert_eq!(answer.refusal(), (401, "unauthorised".to_owned()), "{header} {path}");
            assert!(answer.head.contains("www-authenticate"), "{}", answer.head);
        }
    }
    for path in ["/v1/health", "/v1/ready", "/v1/openapi.json"] {
        let answer = crate::raw::send(place.server.address, &crate::raw::request("GET", path, &[], &[]));
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[test]
fn metrics_are_for_one_tenant_and_name_none() {
    let place = Place::new(1, |_| ());
    let keys = Keys::new(&models().net, 1);
    place.tenants[0].upload("net", &keys);
    assert_eq!(place.send(0, ("GET", "/v1/metrics"), &[], &[]).status, 404);
    let text = String::from_utf8(place.send(1, ("GET", "/v1/metrics"), &[], &[]).body).unwrap();
    assert!(text.contains("cloakwork_keys_stored 1") && text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("tenant-0") && !text.contains(&keys.hash.to_string()), "{text}");
}

#[test]
fn values_under_the_keys_of_another_are_refused() {
    let place = Place::new(1, |_| ());
    let (keys, others) = (Keys::new(&models().net, 1), Keys::new(&models().net, 2));
    place.tenants[0].upload("net", &keys);
    let refused =
        place.tenants[0].program("net", &keys).run(&[others.encrypted(&models().net, 1)]).unwrap_err();
    let text = refused.to_string();
    assert_eq!(status(refused), 422);
    assert!(text.contains(&others.evaluation.identity().to_string()), "{text}");
}
