//! What is left after the process was killed, and how it starts again.

use crate::fixture::{Keys, await_that, models};
use crate::models::{NET, argument, looked_up};
use crate::raw::{request, send};
use cloakwork::compile_text;
use cloakwork_runtime::{ExpandedKeys, Program};
use cloakwork_serve::client::{Client, ClientOptions, RemoteProgram};
use cloakwork_serve::options::Options;
use cloakwork_serve::service::Service;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The service as a process of its own.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
}

impl Process {
    pub(crate) fn start(folder: &Path, options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cloakwork"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(options)
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    fn client(&self) -> Client {
        Client::new(&self.url, &ClientOptions::default()).unwrap()
    }

    /// What no process can prepare for.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn begin(process: &Process, keys: &Keys) {
    let wanted = format!(r#"{{"model":"net","sha256":"{}","bytes":{}}}"#, keys.hash, keys.bytes.len());
    assert_eq!(send(process.address(), &request("POST", "/v1/keys", &[], wanted.as_bytes())).status, 201);
}

#[test]
fn an_upload_goes_on_after_the_process_was_killed() {
    let folder = models().copy();
    let keys = Keys::new(&models().net, 1);
    let path = format!("/v1/keys/{}", keys.hash);
    let process = Process::start(folder.path(), &[]);
    begin(&process, &keys);
    // The body stops in the middle, and the process is killed while it waits for more.
    let half = keys.bytes.len() / 2;
    let whole = request("PATCH", &path, &["upload-offset: 0".to_owned()], &keys.bytes);
    let mut stream = crate::raw::connect(process.address());
    std::io::Write::write_all(&mut stream, &whole[..whole.len() - keys.bytes.len() + half]).unwrap();
    let part = folder.path().join(format!(".state/tenants/local/uploads/{}.part", keys.hash));
    await_that("half is there", || fs::metadata(&part).is_ok_and(|found| found.len() >= half as u64));
    process.kill();

    let process = Process::start(folder.path(), &[]);
    let answer = send(process.address(), &request("HEAD", &path, &[], &[]));
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains(&format!("upload-offset: {half}")), "{}", answer.head);
    let file = keys.encrypted(&models().net, 3);
    let headers = [format!("cloakwork-keys: {}", keys.hash)];
    let early = send(process.address(), &request("POST", "/v1/models/net/predict", &headers, &file));
    assert_eq!(early.refusal(), (409, "incomplete".to_owned()), "half keys are never used");
    let client = process.client();
    client.upload_keys("net", &keys.bytes).unwrap();
    let program = RemoteProgram::new(client, "net", None, keys.hash).unwrap();
    let argument = argument(program.spec(), 3);
    assert_eq!(program.call(&keys.secret, &[vec![argument.clone()]]).unwrap(), [[looked_up(&argument, NET)]]);
}

#[test]
fn what_a_killed_process_leaves_is_resumed_or_discarded() {
    let folder = models().copy();
    let keys = Keys::new(&models().net, 1);
    let process = Process::start(folder.path(), &[]);
    begin(&process, &keys);
    process.kill();
    let uploads = folder.path().join(".state/tenants/local/uploads");
    // Damaged, without its description, and longer than it may be.
    let names = ["1", "2", "3"].map(|digit| digit.repeat(64));
    fs::write(uploads.join(format!("{}.json", names[0])), "{").unwrap();
    fs::write(uploads.join(format!("{}.part", names[0])), "x").unwrap();
    fs::write(uploads.join(format!("{}.part", names[1])), "x").unwrap();
    fs::copy(uploads.join(format!("{}.json", keys.hash)), uploads.join(format!("{}.json", names[2])))
        .unwrap();
    fs::write(uploads.join(format!("{}.part", names[2])), vec![0; keys.bytes.len() + 1]).unwrap();
    let process = Process::start(folder.path(), &[]);
    let found = process.client().keys().unwrap();
    assert_eq!(found.iter().map(|found| (found.sha256, found.stored)).collect::<Vec<_>>(), [(keys.hash, 0)]);
    assert_eq!(fs::read_dir(&uploads).unwrap().count(), 2);
    process.kill();
    // Nobody goes on with it for too long.
    std::thread::sleep(Duration::from_millis(20));
    let process = Process::start(folder.path(), &["--upload-lifetime", "0.01"]);
    assert!(process.client().keys().unwrap().is_empty());
    assert_eq!(fs::read_dir(&uploads).unwrap().count(), 0);
}

/// Tenants who uploaded keys before: the file of their tokens, and these.
fn tenants_with(keys: &Keys, count: usize, folder: &Path) -> (PathBuf, Vec<String>) {
    let tokens = folder.join(".tokens");
    let make = |number: usize| {
        let name = format!("tenant-{number}");
        let place = folder.join(".state/tenants").join(&name).join("keys");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join(format!("{}.key", keys.hash)), &keys.bytes).unwrap();
        cloakwork_serve::tokens::add_token(&tokens, &name.parse().unwrap()).unwrap()
    };
    let made = (0..count).map(make).collect();
    (tokens, made)
}

#[test]
fn a_hundred_tenants_are_there_again_within_a_second() {
    let folder = models().copy();
    let keys = Keys::new(&models().net, 1);
    let (tokens, made) = tenants_with(&keys, 100, folder.path());
    let mut options = Options::new(folder.path());
    options.tokens = Some(tokens.clone());
    // The best of a few: other tests run at the same time.
    let starts = (0..5).map(|_| {
        let begun = Instant::now();
        drop(Service::new(&options).unwrap());
        begun.elapsed()
    });
    let quickest = starts.min().unwrap();
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
    // Memory for the keys of three.
    let each = ExpandedKeys::memory_bytes(&models().net.spec().keyset);
    let memory = (3 * each + each / 2).to_string();
    let start = || {
        let options = ["--tokens", tokens.to_str().unwrap(), "--max-keys-memory", &memory];
        Process::start(folder.path(), &options)
    };
    let calls = |process: &Process, tenants: std::ops::Range<usize>| {
        made[tenants].iter().for_each(|token| call(process, "net", token, &keys));
        let maps = fs::read_to_string(format!("/proc/{}/maps", process.child.id())).unwrap();
        maps.lines().filter(|line| line.ends_with(".expanded")).count()
    };
    let process = start();
    assert_eq!(calls(&process, 0..100), 3, "the keys of the last three are mapped, and no others");
    process.kill();
    // Whatever became of the files of expanded keys, they are made again.
    let expanded = |number: usize| {
        let keys_of = folder.path().join(format!(".state/tenants/tenant-{number}/keys"));
        keys_of.join(format!("{}.expanded", keys.hash))
    };
    let sound = fs::read(expanded(0)).unwrap();
    fs::write(expanded(0), &sound[..sound.len() / 2]).unwrap();
    fs::remove_file(expanded(1)).unwrap();
    let mut changed = sound.clone();
    changed[sound.len() / 2] ^= 1;
    fs::write(expanded(2), &changed).unwrap();
    assert_eq!(calls(&start(), 0..5), 3);
    for number in 0..5 {
        assert!(fs::read(expanded(number)).unwrap() == sound, "those of {number} are sound again");
    }
}

/// One call by a tenant.
fn call(process: &Process, model: &str, token: &str, keys: &Keys) {
    let options = ClientOptions { token: Some(token.to_owned()), ..ClientOptions::default() };
    let client = Client::new(&process.url, &options).unwrap();
    assert!(client.keys().unwrap()[0].is_complete);
    let program = RemoteProgram::new(client, model, None, keys.hash).unwrap();
    let argument = argument(program.spec(), 3);
    assert_eq!(program.call(&keys.secret, &[vec![argument.clone()]]).unwrap(), [[looked_up(&argument, NET)]]);
}

/// `net` with parameters that are chosen for it, and so with keys of many megabytes.
const LARGE: &str = r#"
func.func @main(%x: tensor<4x!fhe.eint<?>> {fhe.name = "x", fhe.range = array<i64: 0, 3>}) -> (tensor<4x!fhe.eint<?>> {fhe.name = "y"}) {
  %y = fhe.lookup %x {tables = dense<[[3, 1, 0, 2]]> : tensor<1x4xi64>} : (tensor<4x!fhe.eint<?>>) -> tensor<4x!fhe.eint<?>>
  return %y : tensor<4x!fhe.eint<?>>
}
"#;

#[test]
fn the_process_takes_no_more_memory_than_the_keys_in_it_and_gives_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("large.cloakwork");
    compile_text(LARGE, "large", &cloakwork::Options::default()).unwrap().save(&program).unwrap();
    let keys = Keys::new(&Program::load(&program).unwrap(), 1);
    let (tokens, made) = tenants_with(&keys, 6, folder.path());
    let each = ExpandedKeys::memory_bytes(&Program::load(&program).unwrap().spec().keyset);
    let limit = (each + each / 2).to_string();
    let options = ["--tokens", tokens.to_str().unwrap(), "--max-keys-memory", &limit, "--threads", "2"];
    let process = Process::start(folder.path(), &options);
    let bytes = |name: &str| {
        let text = fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
    };
    let before = bytes("VmRSS");
    made.iter().for_each(|token| call(&process, "large", token, &keys));
    let (most, left) = (bytes("VmHWM") - before, bytes("RssAnon"));
    assert!(most < each + each / 2, "{most} bytes more at most, keys of {each}");
    assert!(left < each / 2, "{left} bytes that are not mapped are left, keys of {each}");
}

#[test]
fn a_folder_of_state_has_one_service() {
    let folder = models().copy();
    let _process = Process::start(folder.path(), &[]);
    let second = Command::new(env!("CARGO_BIN_EXE_cloakwork"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let error = String::from_utf8_lossy(&second.stderr);
    assert!(error.contains("is in use by another service"), "{error}");
}

#[test]
fn signals() {
    let folder = models().copy();
    let tokens = folder.path().join(".tokens");
    let add = |name: &str| cloakwork_serve::tokens::add_token(&tokens, &name.parse().unwrap()).unwrap();
    add("first");
    let mut process = Process::start(folder.path(), &["--tokens", tokens.to_str().unwrap()]);
    let late = add("late");
    let options = ClientOptions { token: Some(late), ..ClientOptions::default() };
    let client = Client::new(&process.url, &options).unwrap();
    assert!(client.models().is_err());
    process.signal("-HUP");
    await_that("the tokens were read again", || client.models().is_ok());
    drop(client);
    process.signal("-TERM");
    assert_eq!(process.child.wait().unwrap().code(), Some(0));
}
