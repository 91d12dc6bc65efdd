//! Artifacts, with machine code from a C compiler in place of ours: every damaged byte is found, the best code is
//! taken, signatures are checked before code is.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::functions::{SPEC_SECTION, entry_symbol};
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::parameters::Width;
use cloakwork_abi::processor::{Architecture, Processor};
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_runtime::artifact::{
    ARTIFACT_VERSION, Artifact, ArtifactProblem, Contents, SignatureKey, TrustedKey, write, write_file,
};
use cloakwork_runtime::client::{decrypt, encrypt};
use cloakwork_runtime::program::{LoadError, Program, read_artifact};
use cloakwork_runtime::server::{RunOptions, run};
use common::{array, keys, spec};
use std::path::Path;
use std::process::Command;

/// `y = FACTOR·x` for 3 messages, in C, with a copy so that the C library is needed.
const TIMES: &str = "
struct context { const void *functions, *state; const unsigned long *words; unsigned long *const *workspaces; };
static const unsigned long factors[2] = {FACTOR, FACTOR};
void *memcpy(void *, const void *, unsigned long);
int ENTRY(const struct context *context, const unsigned long *const *inputs, unsigned long *const *outputs) {
    volatile unsigned long n = 3 * context->words[0];
    memcpy(outputs[0], inputs[0], 8 * n);
    for (unsigned long i = 0; i < n; i++) outputs[0][i] *= factors[i % 2];
    return 0;
}
";
/// Of `openssl genpkey -algorithm ed25519`: keys of nobody.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
";
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA
-----END PRIVATE KEY-----
";

fn times_spec() -> ProgramSpec {
    spec("times", &[3], (Width(6), true), (Width(6), true))
}

fn module(spec: &ProgramSpec) -> ModuleSpec {
    ModuleSpec::new(vec![spec.clone()]).unwrap()
}

/// A relocatable object with the spec inside, as the compiler makes them.
fn object(folder: &Path, factor: u32, spec: &ProgramSpec, source: &str) -> Vec<u8> {
    let json = spec.to_json();
    let source = source.replace("ENTRY", &entry_symbol(&spec.name)).replace("FACTOR", &factor.to_string());
    let section = format!(
        "{source}\n__attribute__((section(\"{SPEC_SECTION}\"), used)) const char cloakwork_spec[{}] = \"{}\";",
        json.len(),
        json.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"),
    );
    let (source_file, output) = (folder.join("times.c"), folder.join("times.o"));
    std::fs::write(&source_file, section).unwrap();
    let flags = ["-c", "-O1", "-fPIC", "-fvisibility=hidden", "-fno-stack-protector", "-fcf-protection=none"];
    let result = Command::new("cc").arg(&source_file).arg("-o").arg(&output).args(flags).output().unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    std::fs::read(output).unwrap()
}

fn processor(name: &str, features: &[&str]) -> Processor {
    let features = features.iter().map(|&feature| feature.to_owned()).collect();
    Processor { architecture: Architecture::X86_64, name: name.into(), features }
}

fn artifact(code: Vec<(Processor, &[u8])>) -> Vec<u8> {
    write(&module(&times_spec()), &Contents { code, ..Contents::default() }).unwrap()
}

fn load(bytes: &[u8]) -> Result<Program, LoadError> {
    let artifact = Artifact::from_bytes(bytes.to_vec())
        .map_err(|source| LoadError::Artifact { path: "times".into(), source })?;
    Program::from_artifact(&artifact, None, "times")
}

/// What the program makes of 5.
fn of_five(program: &Program) -> i64 {
    let (secret, evaluation) = keys(1);
    let values = encrypt(program.spec(), &secret, &[array(&[3], [5, 5, 5])]).unwrap();
    let results = run(program, &evaluation, &values, RunOptions::default()).unwrap();
    decrypt(program.spec(), &secret, &results).unwrap()[0][[0]]
}

#[test]
fn the_best_code_is_loaded_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let object = |factor| object(folder.path(), factor, &times_spec(), TIMES);
    let (plain, better, impossible) = (object(2), object(3), object(4));
    let code = vec![
        (processor("plain", &[]), plain.as_slice()),
        (processor("better", &["sse3"]), better.as_slice()),
        (processor("impossible", &["no such instruction", "sse3"]), impossible.as_slice()),
    ];
    let bytes = artifact(code.clone());
    assert_eq!(bytes, artifact(code.clone()), "the same input, the same bytes");
    let path = folder.path().join("times");
    write_file(&path, &bytes).unwrap();
    let programs: Vec<Program> = (0..3).map(|_| Program::load(&path).unwrap()).collect();
    std::fs::remove_file(&path).unwrap(); // what is loaded does not need the file
    assert!(programs.iter().all(|program| of_five(program) == 15));
    assert_eq!(of_five(&load(&artifact(code[..1].to_vec())).unwrap()), 10);
    let refused = load(&artifact(code[2..].to_vec())).unwrap_err().to_string();
    for part in ["code for `impossible` needs no such instruction", "`--cpu`", "`--with-ir`"] {
        assert!(refused.contains(part), "{refused}");
    }
    let contents = Contents { ir: Some("module {}"), ..Contents::default() };
    let portable = write(&module(&times_spec()), &contents).unwrap();
    let refused = load(&portable).unwrap_err().to_string();
    assert!(refused.contains("a portable program only"), "{refused}");
    assert_eq!(Artifact::from_bytes(portable).unwrap().ir(), Some("module {}"));
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let object = object(folder.path(), 2, &times_spec(), TIMES);
    let key = SignatureKey::from_pem(KEY).unwrap();
    for signed_by in [None, Some(&key)] {
        let code = vec![(processor("plain", &[]), object.as_slice())];
        let contents = Contents { code, ir: Some("module {}"), signed_by, ..Contents::default() };
        let bytes = write(&module(&times_spec()), &contents).unwrap();
        Artifact::from_bytes(bytes.clone()).unwrap();
        for position in 0..bytes.len() {
            for flip in [1 << (position % 8), 0xff] {
                let mut flipped = bytes.clone();
                flipped[position] ^= flip;
                assert!(Artifact::from_bytes(flipped).is_err(), "byte {position}");
            }
        }
        for length in (0..bytes.len()).filter(|length| *length < 200 || length % 97 == 0) {
            let cut = Artifact::from_bytes(bytes[..length].to_vec()).unwrap_err();
            assert!(matches!(cut, ArtifactProblem::Truncated), "cut to {length}: {cut}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(Artifact::from_bytes(longer), Err(ArtifactProblem::TooLong)));
    }
}

#[test]
fn other_versions_say_which_side_to_upgrade() {
    let contents = Contents { ir: Some("module {}"), ..Contents::default() };
    let bytes = write(&module(&times_spec()), &contents).unwrap();
    let message = |version: u32| {
        let mut bytes = bytes.clone();
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        Artifact::from_bytes(bytes).unwrap_err().to_string()
    };
    let newer = message(ARTIFACT_VERSION + 1);
    assert!(newer.contains("version 2") && newer.contains("newer release: upgrade this side"), "{newer}");
    let older = message(0);
    assert!(older.contains("upgrade the other side and compile the program again"), "{older}");
    // Another contract between code and runtime: a client can go on, a server cannot.
    let foreign = ProgramSpec { abi: "0123456789abcdef".into(), ..times_spec() };
    let bytes = write(&module(&foreign), &contents).unwrap();
    let artifact = Artifact::from_bytes(bytes.clone()).unwrap();
    assert_eq!(artifact.spec().functions(), [foreign]);
    let refused = load(&bytes).unwrap_err().to_string();
    assert!(
        refused.contains("runtime contract 0123456789abcdef") && refused.contains("upgrade"),
        "{refused}"
    );
}

#[test]
fn only_what_a_trusted_key_signed_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (key, other) = (SignatureKey::from_pem(KEY).unwrap(), SignatureKey::from_pem(OTHER_KEY).unwrap());
    let trusted = TrustedKey::from_pem(&key.public().to_pem()).unwrap();
    assert_eq!(trusted, key.public());
    let read = |signed_by, trusted: &[TrustedKey]| {
        let contents = Contents { ir: Some("module {}"), signed_by, ..Contents::default() };
        let path = folder.path().join("signed");
        write_file(&path, &write(&module(&times_spec()), &contents).unwrap()).unwrap();
        read_artifact(&path, trusted).map_err(|error| error.to_string())
    };
    assert_eq!(read(Some(&key), &[]).unwrap().signer(), Some(trusted.clone()));
    read(Some(&key), &[other.public(), trusted.clone()]).unwrap();
    let refused = read(Some(&other), std::slice::from_ref(&trusted)).unwrap_err();
    assert!(refused.contains(&format!("signed by {}", other.public())), "{refused}");
    let refused = read(None, &[trusted]).unwrap_err();
    assert!(refused.contains("it is not signed") && refused.contains("--sign"), "{refused}");
    // A signature that was made for another program, with the checksum made anew.
    let signed = |name: &str, key| {
        let spec = ProgramSpec { name: name.into(), ..times_spec() };
        let contents = Contents { ir: Some("module {}"), signed_by: Some(key), ..Contents::default() };
        write(&module(&spec), &contents).unwrap()
    };
    let (mut mine, theirs) = (signed("times", &key), signed("other", &key));
    let signature = |bytes: &[u8]| bytes.len() - 32 - 64..bytes.len() - 32;
    let place = signature(&mine);
    mine[place.clone()].copy_from_slice(&theirs[signature(&theirs)]);
    let checksum: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&mine[..place.end]).into();
    mine[place.end..].copy_from_slice(&checksum);
    assert!(matches!(Artifact::from_bytes(mine), Err(ArtifactProblem::Signature)));
    for text in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &key.public().to_pem()]
    {
        let refused = SignatureKey::from_pem(text).err().unwrap().to_string();
        assert!(refused.contains("openssl genpkey"), "{refused}");
    }
}

#[test]
fn code_that_this_compiler_does_not_make_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |spec: &ProgramSpec, source: &str| {
        let object = object(folder.path(), 2, spec, source);
        load(&artifact(vec![(processor("plain", &[]), object.as_slice())])).unwrap_err().to_string()
    };
    let initialised =
        "static volatile int n; __attribute__((constructor)) static void early(void) { n = 1; }";
    for (source, part) in [
        (format!("int nowhere(void); int f(void) {{ return nowhere(); }}{TIMES}"), "needs `nowhere`"),
        (format!("{initialised}{TIMES}"), "a section `.init_array`"),
        (format!("static _Thread_local int n; int *f(void) {{ return &n; }}{TIMES}"), "machine code"),
        (format!("int f(void); int (*p)(void) = f;{TIMES}"), "needs `f`"),
        ("int other;".to_owned(), "no function `cloakwork_entry_times`"),
    ] {
        let message = refused(&times_spec(), &source);
        assert!(message.contains(part) && message.contains("cannot be loaded"), "{source}: {message}");
    }
    let other = ProgramSpec { compiler: "another".into(), ..times_spec() };
    assert!(refused(&other, TIMES).contains("compiled for another spec"));
    for bytes in [&b""[..], b"\x7fELF", &object(folder.path(), 2, &times_spec(), TIMES)[..700]] {
        let message = load(&artifact(vec![(processor("plain", &[]), bytes)])).unwrap_err().to_string();
        assert!(message.contains("cannot be loaded"), "{message}");
    }
    for (bytes, kind) in [(&b"\x7fELF a library"[..], "an executable or a library"), (b"text", "no artifact")]
    {
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let message = Program::load(&path).unwrap_err().to_string();
        assert!(message.contains(kind), "{message}");
    }
    assert!(matches!(Program::load(Path::new("/nowhere")), Err(LoadError::Read { .. })));
}

#[test]
fn manifests_that_contradict_the_spec_are_refused() {
    let spec = times_spec();
    let contents = Contents { ir: Some("module {}"), ..Contents::default() };
    let bytes = write(&module(&spec), &contents).unwrap();
    // Texts of the same length, with the checksum made anew: nothing but the meaning is wrong.
    let changed = |from: &str, to: &str| {
        let position = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut bytes = bytes.clone();
        bytes[position..position + to.len()].copy_from_slice(to.as_bytes());
        let end = bytes.len() - 32;
        let checksum: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes[..end]).into();
        bytes[end..].copy_from_slice(&checksum);
        Artifact::from_bytes(bytes).unwrap_err().to_string()
    };
    for (from, to) in [
        ("\"compiler\": \"tests\"", "\"compiler\": \"other\""),
        ("\"bootstraps\": 3", "\"bootstraps\": 9"),
        ("\"name\": \"times\"", "\"name\": \"other\""),
    ] {
        let message = changed(from, to);
        assert!(message.contains("contradicts the spec"), "{message}");
    }
    assert!(changed("\"compiler\"", "\"compilex\"").contains("unknown field `compilex`"));
    assert!(changed("\"spec\"", "\"ir\"  ").contains("its parts are not one spec"));
}
