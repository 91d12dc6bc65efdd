//! Clients of a soak: some work, some die in the middle, some stall, some send garbage. Those that work check every result.

use crate::models::{Models, NET, OTHER, argument, keys, looked_up};
use crate::raw::{connect, request};
use cloakwork::{EvaluationKeys, Program, SecretKeys};
use cloakwork_runtime::encrypt;
use cloakwork_runtime::formats::{CHECKSUM_BYTES, values_to_bytes};
use cloakwork_serve::ContentHash;
use cloakwork_serve::client::{Client, ClientError, ClientOptions, RemoteProgram};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Results that were right.
    pub(crate) right: AtomicU64,
    /// Results that were not: mixed up, or lost.
    pub(crate) wrong: AtomicU64,
    /// Requests of those that work which were refused because there was too much to do.
    pub(crate) put_off: AtomicU64,
    /// Deeds of those that do not work.
    pub(crate) mischief: AtomicU64,
}

/// One tenant with keys for both programs.
struct Tenant {
    token: String,
    /// Program, its name, its table, keys.
    programs: Vec<(&'static str, [i64; 4], SecretKeys, EvaluationKeys)>,
}

/// Whether there was enough of it.
pub(crate) type IsEnough<'a> = &'a (dyn Fn(&Tally) -> bool + Sync);

/// Lets each token's tenant work and do mischief until it is enough.
pub(crate) fn soak(
    address: SocketAddr,
    models: &Models,
    tokens: &[String],
    is_enough: IsEnough<'_>,
) -> Tally {
    let tally = Tally::default();
    let tenants: Vec<Tenant> =
        tokens.iter().enumerate().map(|(i, token)| tenant(models, token, i as u128)).collect();
    std::thread::scope(|scope| {
        for (number, tenant) in tenants.iter().enumerate() {
            let tally = &tally;
            scope.spawn(move || work(address, models, tenant, (number as u64, is_enough), tally));
            scope.spawn(move || {
                let mut random = StdRng::seed_from_u64(1000 + number as u64);
                while !is_enough(tally) {
                    mischief(address, models, tenant, &mut random);
                    tally.mischief.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    tally
}

fn tenant(models: &Models, token: &str, number: u128) -> Tenant {
    let of = |name: &'static str, program: &Program, table: [i64; 4], seed: u128| {
        let (secret, evaluation) = keys(program, seed);
        (name, table, secret, evaluation)
    };
    let programs =
        vec![of("net", &models.net, NET, 2 * number + 1), of("other", &models.other, OTHER, 2 * number + 2)];
    Tenant { token: token.to_owned(), programs }
}

fn client(address: SocketAddr, tenant: &Tenant) -> Client {
    let options = ClientOptions {
        token: Some(tenant.token.clone()),
        timeout: Some(Duration::from_secs(120)),
        ..ClientOptions::default()
    };
    Client::new(&format!("http://{address}"), &options).unwrap()
}

/// Calls programs, alone and several at once, and now and then uploads its keys anew.
fn work(
    address: SocketAddr,
    models: &Models,
    tenant: &Tenant,
    (number, is_enough): (u64, IsEnough<'_>),
    tally: &Tally,
) {
    let client = client(address, tenant);
    let upload = || -> Vec<ContentHash> {
        let one = |(name, _, _, keys): &(&str, _, _, EvaluationKeys)| {
            loop {
                match client.upload_keys(name, &keys.to_bytes()) {
                    Err(error) if is_put_off(&error) => put_off(tally),
                    uploaded => break uploaded.unwrap(),
                }
            }
        };
        tenant.programs.iter().map(one).collect()
    };
    let mut uploaded = upload();
    let mut round = 0u64;
    while !is_enough(tally) {
        round += 1;
        if round.is_multiple_of(50) {
            uploaded.iter().for_each(|keys| client.delete_keys(*keys).unwrap());
            uploaded = upload();
        }
        let which = (round % 2) as usize;
        let (name, table, secret, _) = &tenant.programs[which];
        let spec = if which == 0 { models.net.spec() } else { models.other.spec() };
        let program = RemoteProgram::new(client.clone(), name, None, uploaded[which]).unwrap();
        let calls: Vec<_> =
            (0..1 + round % 3).map(|i| vec![argument(spec, number << 40 | round << 8 | i)]).collect();
        match program.call(secret, &calls) {
            Ok(results) => {
                for (call, result) in calls.iter().zip(&results) {
                    let is_right = *result == [looked_up(&call[0], *table)];
                    let counter = if is_right { &tally.right } else { &tally.wrong };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(error) if is_put_off(&error) => put_off(tally),
            Err(error) => {
                eprintln!("lost: {error}");
                tally.wrong.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Whether the service has too much to do, or a busy machine made a body come slowly.
fn is_put_off(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { status: 408 | 429 | 503, .. })
}

fn put_off(tally: &Tally) {
    tally.put_off.fetch_add(1, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(20));
}

/// One deed that no proper client does.
fn mischief(address: SocketAddr, models: &Models, tenant: &Tenant, random: &mut StdRng) {
    let (name, _, secret, evaluation) = &tenant.programs[0];
    let spec = models.net.spec();
    let values = encrypt(spec, secret, &[argument(spec, random.random())]).unwrap();
    let values = values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap();
    let keys = evaluation.to_bytes();
    let hash = ContentHash::of_file(&keys);
    let bearer = format!("authorization: Bearer {}", tenant.token);
    let headers = [bearer.clone(), format!("cloakwork-keys: {hash}")];
    let path = format!("/v1/models/{name}/predict");
    let whole = request("POST", &path, &headers, &values);
    let mut stream = connect(address);
    // Whatever goes wrong for who does mischief is no concern.
    let mut deed = || -> std::io::Result<()> {
        match random.random_range(0..7) {
            // Dies before all is sent.
            0 => stream.write_all(&whole[..random.random_range(0..whole.len())])?,
            // Dies before the answer.
            1 => {
                stream.write_all(&whole)?;
                stream.shutdown(Shutdown::Both)?;
            }
            // Stalls.
            2 => {
                stream.write_all(&whole[..whole.len() / 2])?;
                std::thread::sleep(Duration::from_millis(random.random_range(0..1500)));
            }
            // Garbage.
            3 => {
                let garbage: Vec<u8> = (0..random.random_range(1..5000)).map(|_| random.random()).collect();
                stream.write_all(&garbage)?;
                stream.read_exact(&mut [0; 12])?;
            }
            // Bits that changed.
            4 => {
                let mut bytes = whole.clone();
                for _ in 0..8 {
                    let at = random.random_range(0..bytes.len());
                    bytes[at] ^= 1 << random.random_range(0..8);
                }
                stream.write_all(&bytes)?;
                stream.read_exact(&mut [0; 12])?;
            }
            // Half an upload of keys that are none.
            5 => {
                let mut keys = keys.clone();
                // In front of the checksum: keys of another name, which those that work do not use.
                let at = random.random_range(0..keys.len() - CHECKSUM_BYTES);
                keys[at] ^= 1;
                let hash = ContentHash::of_file(&keys);
                let wanted = format!(r#"{{"model":"{name}","sha256":"{hash}","bytes":{}}}"#, keys.len());
                stream.write_all(&request(
                    "POST",
                    "/v1/keys",
                    std::slice::from_ref(&bearer),
                    wanted.as_bytes(),
                ))?;
                stream.read_to_end(&mut vec![])?;
                let part = request(
                    "PATCH",
                    &format!("/v1/keys/{hash}"),
                    &[bearer.clone(), "upload-offset: 0".to_owned()],
                    &keys,
                );
                let mut stream = connect(address);
                stream.write_all(&part[..random.random_range(0..part.len())])?;
                drop(stream);
                let mut stream = connect(address);
                stream.write_all(&request(
                    "DELETE",
                    &format!("/v1/keys/{hash}"),
                    std::slice::from_ref(&bearer),
                    &[],
                ))?;
                stream.read_to_end(&mut vec![])?;
            }
            // Never reads.
            _ => {
                for _ in 0..3 {
                    stream.write_all(&whole)?;
                }
                std::thread::sleep(Duration::from_millis(300));
            }
        }
        Ok(())
    };
    let _ = deed();
}
