//! The commands: `token`, `serve`, `call`, `predict`.

use crate::fixture::models;
use crate::models::net_text;
use crate::recovery::Process;
use crate::server::Server;
use cloakwork_serve::options::Options;
use cloakwork_serve::service::Service;
use std::process::{Command, Output};

fn start(arguments: &[&str], token: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakwork"));
    match token {
        Some(token) => command.env("CLOAKWORK_TOKEN", token),
        None => command.env_remove("CLOAKWORK_TOKEN"),
    };
    command.args(arguments).output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_call_makes_keys_uploads_them_once_and_decrypts() {
    let folder = models().copy();
    let tokens = folder.path().join(".tokens");
    let made = start(&["token", "alice", "--tokens", tokens.to_str().unwrap()], None);
    let token = String::from_utf8(made.stdout).unwrap();
    let mut options = Options::new(folder.path());
    options.tokens = Some(tokens);
    let server = Server::start(options);
    let place = tempfile::tempdir().unwrap();
    let keys = place.path().join("keys");
    let url = format!("{}/v1/models/net", server.url());
    let call = ["call", &url, "--keys", keys.to_str().unwrap(), "--value", "[0, 1, 2, 3]"];
    let refused = start(&call, None);
    assert_eq!(refused.status.code(), Some(1));
    assert!(error(&refused).contains("401"), "{}", error(&refused));
    for _ in 0..2 {
        let called = start(&call, Some(&token));
        assert!(called.status.success(), "{}", error(&called));
        let text = String::from_utf8(called.stdout).unwrap();
        assert!(text.ends_with("= [3, 1, 0, 2]\n"), "{text}");
    }
    let stored = folder.path().join(".state/tenants/alice/keys");
    let names = std::fs::read_dir(stored).unwrap().map(|entry| entry.unwrap().path());
    let endings: std::collections::BTreeSet<_> =
        names.map(|path| path.extension().unwrap().to_owned()).collect();
    assert!(endings.iter().eq(["expanded", "key"]), "uploaded once, and expanded once: {endings:?}");
    let many =
        start(&["call", &server.url(), "--keys", keys.to_str().unwrap(), "--value", "1"], Some(&token));
    assert!(error(&many).contains("name a model: the service has not just one; there are net, other, slow"));
}

#[test]
fn what_cannot_be_served_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let serve = |options: &[&str]| {
        let output = start(&[&["serve", path, "--listen", "127.0.0.1:0"], options].concat(), None);
        assert_eq!(output.status.code(), Some(1), "{options:?}");
        error(&output)
    };
    assert!(serve(&[]).contains("has no models"));
    std::fs::write(folder.path().join("net.cloakwork"), "no program").unwrap();
    assert!(serve(&[]).contains("net.cloakwork"));
    std::fs::copy(models().path().join("net.cloakwork"), folder.path().join("net.cloakwork")).unwrap();
    std::fs::copy(models().path().join("net.cloakwork"), folder.path().join("-x.cloakwork")).unwrap();
    assert!(serve(&[]).contains("rename the file"));
    std::fs::remove_file(folder.path().join("-x.cloakwork")).unwrap();
    std::fs::copy(models().path().join("net.cloakwork"), folder.path().join("net.bin")).unwrap();
    assert!(serve(&[]).contains("of the same name"));
    std::fs::remove_file(folder.path().join("net.bin")).unwrap();
    assert!(serve(&["--tokens", "/none"]).contains("`/none`"));
    let certificate = folder.path().join("net.cloakwork");
    let certificate = certificate.to_str().unwrap();
    let error = serve(&["--tls-cert", certificate, "--tls-key", certificate]);
    assert!(error.contains("in PEM"), "{error}");
    let open = start(&["serve", path, "--listen", "0.0.0.0:0"], None);
    assert!(self::error(&open).contains("anyone may call"));
}

/// Of another key than any that signs here.
const STRANGER: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

#[test]
fn what_trusted_keys_did_not_sign_is_not_served() {
    let folder = models().copy();
    let key = folder.path().join(".stranger");
    std::fs::write(&key, STRANGER).unwrap();
    let serve = |trust: &std::path::Path| {
        let trust = trust.to_str().unwrap();
        let folder = folder.path().to_str().unwrap();
        let output = start(&["serve", folder, "--listen", "127.0.0.1:0", "--trust", trust], None);
        assert_eq!(output.status.code(), Some(1));
        error(&output)
    };
    assert!(serve(&key).contains("it is not signed"), "{}", serve(&key));
    let no_key = folder.path().join("net.cloakwork");
    assert!(serve(&no_key).contains("net.cloakwork"), "{}", serve(&no_key));
}

#[test]
fn programs_for_other_processors_are_compiled_where_there_is_a_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join(".net.mlir"), folder.path().join("net.cloakwork"));
    std::fs::write(&source, net_text()).unwrap();
    let (source, program) = (source.to_str().unwrap(), program.to_str().unwrap());
    let made = start(&["compile", source, "-o", program, "--cpu", "aarch64", "--with-ir"], None);
    assert!(made.status.success(), "{}", error(&made));
    let refused = Service::new(&Options::new(folder.path())).err().unwrap().to_string();
    assert!(
        refused.contains("this service has no compiler") && refused.contains("`cloakwork serve` has"),
        "{refused}"
    );
    let process = Process::start(folder.path(), &[]);
    let keys = folder.path().join(".keys");
    let url = format!("{}/v1/models/net", process.url);
    let called = start(&["call", &url, "--keys", keys.to_str().unwrap(), "--value", "[0, 1, 2, 3]"], None);
    assert!(called.status.success(), "{}", error(&called));
    let text = String::from_utf8(called.stdout).unwrap();
    assert!(text.ends_with("= [3, 1, 0, 2]\n"), "{text}");
}
