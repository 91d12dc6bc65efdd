//! Libraries and crates for programs in C and Rust: the examples are compiled, linked and run.

use crate::fixture::{CLOAKWORK, Place, RESULTS, compiled, fail, runtime_archive, succeed};
use std::fs;
use std::process::Command;

const C: &str = include_str!("../../examples/export/main.c");
const RUST: &str = include_str!("../../examples/export/main.rs.txt");
/// The most that an executable may have.
const MOST_BYTES: u64 = 25_000_000;

fn export(place: &Place, emit: &str, name: &str) -> String {
    let (text, output) = (compiled().place.at("net.mlir"), place.at(name));
    let archive = runtime_archive();
    succeed(CLOAKWORK, &["compile", &text, "-o", &output, "--emit", emit, "--runtime", &archive]);
    output
}

/// What a program prints that has nothing of this build around it.
#[track_caller]
fn run(program: &str) -> String {
    let output = Command::new(program).env_clear().current_dir("/").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn build(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn c_with_a_static_and_with_a_shared_library() {
    let place = Place::new();
    let (source, folder) = (place.write("main.c", C), place.at(""));
    let strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"];
    for (emit, library) in [("static", "libnet.a"), ("shared", "libnet.so")] {
        let (library, program) = (export(&place, emit, library), place.at(emit));
        let mut cc = Command::new("cc");
        cc.args(strict).args(["-I", &folder, "-o", &program, &source, &library]);
        build(cc.args([&format!("-Wl,-rpath,{folder}"), "-lm", "-lpthread", "-ldl"]));
        assert_eq!(run(&program), RESULTS, "{emit}");
    }
    let symbols = Command::new("nm").args(["-D", "--defined-only", &place.at("libnet.so")]).output().unwrap();
    let symbols = String::from_utf8(symbols.stdout).unwrap();
    assert!(symbols.lines().all(|line| line.contains(" cloakwork_")), "{symbols}");
    assert!(fs::metadata(place.at("libnet.so")).unwrap().len() < MOST_BYTES);
    let header = fs::read_to_string(place.at("net.h")).unwrap();
    assert!(
        header.contains("/* argument `x`: 2×3, encrypted, from 0 to 3 */\n#define NET_MAIN_X_ELEMENTS 6")
    );
    // It is a header of C++, too.
    let cpp = place.write("main.cpp", "#include \"net.h\"\nint main() { return 0; }\n");
    build(Command::new("c++").args([
        "-fsyntax-only",
        "-Wall",
        "-Werror",
        "-Wno-unused-function",
        "-I",
        &folder,
        &cpp,
    ]));
    // The same input gives the same bytes.
    let first = fs::read(place.at("libnet.a")).unwrap();
    assert!(first == fs::read(export(&place, "static", "libagain.a")).unwrap());
}

#[test]
fn a_rust_crate() {
    let place = Place::new();
    let folder = export(&place, "crate", "net");
    fs::create_dir(format!("{folder}/src/bin")).unwrap();
    fs::write(format!("{folder}/src/bin/round_trip.rs"), RUST).unwrap();
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    build(
        Command::new(cargo)
            .args(["build", "--offline", "--quiet", "--manifest-path", &format!("{folder}/Cargo.toml")])
            .env("CARGO_TARGET_DIR", place.at("build"))
            .env_remove("RUSTFLAGS")
            .current_dir(&folder),
    );
    assert_eq!(run(&place.at("build/debug/round_trip")), RESULTS);
}

#[test]
fn executables_are_small_and_may_have_the_c_library_inside() {
    let (compiled, place) = (compiled(), Place::new());
    let (text, archive) = (compiled.place.at("net.mlir"), runtime_archive());
    for (name, options) in [("dynamic", &[][..]), ("static", &["--static"])] {
        let (program, output) = (place.at(name), place.at("out.ct"));
        let exe = ["compile", &text, "-o", &program, "--emit", "exe", "--runtime", &archive];
        succeed(CLOAKWORK, &[&exe[..], options].concat());
        let size = fs::metadata(&program).unwrap().len();
        assert!(size < MOST_BYTES, "{name}: {size}");
        let files = ["--keys", &compiled.evaluation, "--input", &compiled.input, "--output", &output];
        build(Command::new(&program).args(files).env_clear().current_dir("/"));
        let decrypt = ["decrypt", "--program", &program, "--secret", &compiled.secret, "--input", &output];
        assert_eq!(succeed(CLOAKWORK, &decrypt), RESULTS, "{name}");
    }
    let needs = Command::new("readelf").args(["-d", &place.at("static")]).output().unwrap();
    assert!(!String::from_utf8_lossy(&needs.stdout).contains("NEEDED"), "{needs:?}");
    for (options, part) in [
        (&["--emit", "exe", "--cpu", "aarch64"][..], "make an artifact"),
        (&["--static"], "`--static` is for executables"),
    ] {
        let message = fail(CLOAKWORK, &[&["compile", &text, "-o", &place.at("no")], options].concat(), 2);
        assert!(message.contains(part), "{message}");
    }
}
