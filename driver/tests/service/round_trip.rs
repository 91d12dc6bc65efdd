//! Results of the service are those of the clear program.

use crate::clients::{Tally, soak};
use crate::fixture::{Keys, Place, models};
use crate::models::{NET, OTHER, argument, looked_up};
use crate::server::Server;
use cloakwork_serve::client::{Client, ClientError, ClientOptions, RemoteProgram};
use cloakwork_serve::options::{Bytes, Options};
use std::fs;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

#[test]
fn encrypted_results_are_those_of_the_clear_program() {
    let place = Place::new(1, |_| ());
    let (tenant, keys) = (&place.tenants[0], Keys::new(&models().net, 1));
    tenant.upload("net", &keys);
    let spec = models().net.spec();
    assert_eq!(tenant.client.spec("net").unwrap().functions(), std::slice::from_ref(spec));
    let names: Vec<String> = tenant.client.models().unwrap().into_iter().map(|model| model.name).collect();
    assert_eq!(names, ["net", "other", "slow"]);
    for number in 0..10 {
        let argument = argument(spec, number);
        let results = tenant.program("net", &keys).call(&keys.secret, &[vec![argument.clone()]]).unwrap();
        assert_eq!(results, [[looked_up(&argument, NET)]]);
    }
    assert_eq!(place.metric("cloakwork_runs_total{model=\"net\"}"), 10.0);
}

#[test]
fn many_calls_of_one_body_come_back_in_order() {
    let place = Place::new(1, |_| ());
    let (tenant, keys) = (&place.tenants[0], Keys::new(&models().net, 1));
    tenant.upload("net", &keys);
    let calls: Vec<_> = (0..200).map(|number| vec![argument(models().net.spec(), number)]).collect();
    let results = tenant.program("net", &keys).call(&keys.secret, &calls).unwrap();
    let expected: Vec<_> = calls.iter().map(|call| vec![looked_up(&call[0], NET)]).collect();
    assert_eq!(results, expected);
    assert_eq!(tenant.program("net", &keys).call(&keys.secret, &[]).unwrap().len(), 0);
}

#[test]
fn a_later_call_that_fails_comes_with_its_reason_behind_the_results_before() {
    let place = Place::new(1, |_| ());
    let (tenant, keys) = (&place.tenants[0], Keys::new(&models().net, 1));
    tenant.upload("net", &keys);
    let good = keys.encrypted(&models().net, 1);
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    let refused = tenant.program("net", &keys).run(&[good.clone(), bad, good]).unwrap_err();
    let ClientError::Refused { status, kind, detail, .. } = refused else { panic!("{refused}") };
    assert_eq!((status, kind.as_str()), (422, "urn:cloakwork:unfit-values"));
    assert!(detail.contains("the checksum does not match"), "{detail}");
}

#[test]
fn tenants_at_once_get_their_own_results() {
    let place = Place::new(4, |_| ());
    std::thread::scope(|scope| {
        for (number, tenant) in place.tenants[..4].iter().enumerate() {
            scope.spawn(move || {
                let number = number as u64;
                let programs = [("net", &models().net, NET), ("other", &models().other, OTHER)];
                let keys = programs.map(|(name, program, _)| {
                    let keys = Keys::new(program, u128::from(number) + 10);
                    tenant.upload(name, &keys);
                    keys
                });
                for round in 0..25 {
                    for ((name, program, table), keys) in programs.iter().zip(&keys) {
                        let argument = argument(program.spec(), number << 32 | round);
                        let remote = tenant.program(name, keys);
                        let results = remote.call(&keys.secret, &[vec![argument.clone()]]).unwrap();
                        assert_eq!(
                            results,
                            [[looked_up(&argument, *table)]],
                            "tenant {number}, round {round}"
                        );
                    }
                }
            });
        }
    });
}

#[test]
fn over_tls_with_certificates_of_its_own() {
    let folder = models().copy();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join(".cert.pem"), folder.path().join(".key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut options = Options::new(folder.path());
    (options.tls_cert, options.tls_key) = (Some(certificate.clone()), Some(key));
    let server = Server::start(options);
    let url = format!("https://localhost:{}/v1/models/net", server.address.port());
    let trusting = ClientOptions { root_certificates: Some(certificate), ..ClientOptions::default() };
    let (client, model) = Client::of_model(&url, &trusting).unwrap();
    let (model, keys) = (model.unwrap(), Keys::new(&models().net, 3));
    let uploaded = client.upload_keys(&model, &keys.bytes).unwrap();
    let program = RemoteProgram::new(client, &model, None, uploaded).unwrap();
    let argument = argument(program.spec(), 5);
    assert_eq!(program.call(&keys.secret, &[vec![argument.clone()]]).unwrap(), [[looked_up(&argument, NET)]]);

    let stranger = Client::of_model(&url, &ClientOptions::default()).unwrap().0;
    let refused = stranger.models().unwrap_err().to_string();
    assert!(refused.contains("cannot be reached"), "{refused}");
}

#[test]
fn nothing_is_lost_or_mixed_up_among_clients_that_die_stall_and_send_garbage() {
    let place = Place::new(4, |options| {
        options.limits.body_timeout = Duration::from_secs(1);
        // Room for the keys of two at a time.
        options.limits.max_keys_memory = Bytes(700 << 10);
    });
    let tokens: Vec<String> = place.tenants[..4].iter().map(|tenant| tenant.token.clone()).collect();
    let begun = Instant::now();
    let is_enough = |tally: &Tally| {
        let (right, mischief) = (tally.right.load(Relaxed), tally.mischief.load(Relaxed));
        begun.elapsed() > Duration::from_secs(120)
            || begun.elapsed() > Duration::from_secs(4) && right >= 200 && mischief >= 20
    };
    let tally = soak(place.server.address, models(), &tokens, &is_enough);
    let (right, wrong) = (tally.right.load(Relaxed), tally.wrong.load(Relaxed));
    assert!(right >= 200 && wrong == 0 && tally.mischief.load(Relaxed) >= 20, "{tally:?}");
}
