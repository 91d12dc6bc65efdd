//! Puts the unwinder into the runtime's archive where the C library is musl: Rust's library for it leaves it out of archives, and
//! the linker's own may be one for another C library. Does nothing elsewhere.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    let of_cargo = |name: &str| env::var(name).unwrap_or_default();
    if of_cargo("CARGO_CFG_TARGET_ENV") != "musl" {
        return ExitCode::SUCCESS;
    }
    let target = of_cargo("TARGET");
    let asked =
        Command::new(of_cargo("RUSTC")).args(["--print", "target-libdir", "--target", &target]).output();
    let folder =
        asked.map(|asked| String::from_utf8_lossy(&asked.stdout).trim().to_owned()).unwrap_or_default();
    let folder = Path::new(&folder).join("self-contained");
    if !folder.join("libunwind.a").exists() {
        println!(
            "cargo::error=`{}` has no `libunwind.a`; add it with `rustup target add {target}`",
            folder.display()
        );
        return ExitCode::FAILURE;
    }
    println!("cargo::rustc-link-search=native={}", folder.display());
    println!("cargo::rustc-link-lib=static=unwind");
    ExitCode::SUCCESS
}
