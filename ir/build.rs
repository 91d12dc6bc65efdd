//! Generates C++ from the ODS files with mlir-tblgen and compiles it with the glue in `cpp/`.
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-changed=ods");
    println!("cargo:rerun-if-env-changed=MLIR_SYS_220_PREFIX");
    let prefix = PathBuf::from(env::var("MLIR_SYS_220_PREFIX").unwrap_or("/usr/lib/llvm-22".into()));
    let include = prefix.join("include");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let generators = [
        ("-gen-dialect-decls", "Dialect.h.inc"),
        ("-gen-dialect-defs", "Dialect.cpp.inc"),
        ("-gen-typedef-decls", "Types.h.inc"),
        ("-gen-typedef-defs", "Types.cpp.inc"),
        ("-gen-op-decls", "Ops.h.inc"),
        ("-gen-op-defs", "Ops.cpp.inc"),
    ];
    for dialect in ["Fhe", "Tfhe"] {
        for (generator, file) in generators {
            let status = Command::new(prefix.join("bin/mlir-tblgen"))
                .arg(generator)
                .arg(Path::new("ods").join(format!("{dialect}.td")))
                .args(["-I", "ods", "-I"])
                .arg(&include)
                .arg("-o")
                .arg(out.join(format!("{dialect}{file}")))
                .status()
                .expect("mlir-tblgen of MLIR 22 is needed: install the package mlir-22-tools");
            assert!(status.success(), "mlir-tblgen {generator} failed on {dialect}.td");
        }
    }
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .debug(false)
        .include(&out)
        .include("cpp")
        .include(&include)
        .flag("-fno-exceptions")
        .flag_if_supported("-Wno-unused-parameter")
        .flag_if_supported("-Wno-comment")
        // Classes change their layout with NDEBUG; Debian's archives are built with it.
        .define("NDEBUG", None)
        .define("_GNU_SOURCE", None)
        .files(["cpp/Fhe.cpp", "cpp/Tfhe.cpp", "cpp/Pass.cpp", "cpp/Core.cpp"])
        .compile("cloakwork_dialects");
}
