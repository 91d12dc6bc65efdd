//! Compiles the one C++ file, see its header.
use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-env-changed=LLVM_SYS_221_PREFIX");
    let prefix = PathBuf::from(env::var("LLVM_SYS_221_PREFIX").unwrap_or("/usr/lib/llvm-22".into()));
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .debug(false)
        .include(prefix.join("include"))
        .flag("-fno-exceptions")
        .flag_if_supported("-Wno-unused-parameter")
        .flag_if_supported("-Wno-comment")
        // Classes change their layout with NDEBUG; Debian's archives are built with it.
        .define("NDEBUG", None)
        .define("_GNU_SOURCE", None)
        .file("cpp/cpus.cpp")
        .compile("cloakwork_cpus");
}
