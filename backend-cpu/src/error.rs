//! Everything that can go wrong between the llvm dialect and running code.

use std::io;
use std::path::PathBuf;

/// Why there is no machine code, or why it cannot be used here.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// A processor name that LLVM does not have.
    #[error("`{name}` is no processor that LLVM knows; allowed are `host`, `aarch64` and {}", .known.join(", "))]
    UnknownCpu {
        /// The name.
        name: String,
        /// Every allowed name.
        known: Vec<String>,
    },
    /// Machine code is wanted for or on a machine that is not x86-64 Linux.
    #[error(
        "this machine is {found}, machine code can be made and run for x86-64 Linux only; name a processor to compile for another machine, for example `x86-64-v4`"
    )]
    UnsupportedHost {
        /// Architecture and system of this machine.
        found: String,
    },
    /// The object needs instructions that this machine lacks.
    #[error("the program was compiled for `{cpu}`, this machine lacks {}; compile it for `host`", .missing.join(", "))]
    OtherCpu {
        /// Processor of the object.
        cpu: String,
        /// Features that are missing here.
        missing: Vec<String>,
    },
    /// MLIR could not turn the module into LLVM IR.
    #[error(
        "the module cannot be translated to LLVM IR: {message}; it must hold nothing but the `llvm` dialect"
    )]
    Translation {
        /// The diagnostics.
        message: String,
    },
    /// LLVM refused the module, its optimisation or its code.
    #[error("LLVM refuses the module {stage}: {message}")]
    Llvm {
        /// When.
        stage: &'static str,
        /// What LLVM says.
        message: String,
    },
    /// No function is an entry point.
    #[error(
        "the module has no entry point, it defines {found}; the symbol of an entry point starts with `{prefix}`"
    )]
    NoEntry {
        /// Functions of the module.
        found: String,
        /// Start of the symbol of an entry point.
        prefix: String,
    },
    /// An entry point has another signature than `cloakwork_abi::functions::Entry`.
    #[error("the entry point `{symbol}` has the type `{found}`, it must be `i32 (ptr, ptr, ptr)`")]
    EntrySignature {
        /// The entry point.
        symbol: String,
        /// Its type.
        found: String,
    },
    /// The module defines a symbol that the spec needs.
    #[error("the module has a symbol `{symbol}`, which is kept for the spec; rename it")]
    ReservedSymbol {
        /// The symbol.
        symbol: &'static str,
    },
    /// The object calls functions that it does not have.
    #[error("the code refers to {}, which it does not define; it may only use the runtime's function table and {}", .symbols.join(", "), .allowed.join(", "))]
    UndefinedSymbols {
        /// The functions.
        symbols: Vec<String>,
        /// Those that would be allowed.
        allowed: Vec<&'static str>,
    },
    /// Bytes that should be an object file are not.
    #[error("these bytes are not an object file of this compiler: {message}; compile the program again")]
    MalformedObject {
        /// What is wrong.
        message: String,
    },
    /// The JIT failed.
    #[error("the code cannot be loaded into this process: {message}")]
    Jit {
        /// What LLVM says.
        message: String,
    },
    /// No such exported symbol.
    #[error("the code has no symbol `{symbol}`, it has {}", .found.join(", "))]
    NoSuchSymbol {
        /// The symbol that was looked up.
        symbol: String,
        /// What the code exports.
        found: Vec<String>,
    },
    /// No linker is installed.
    #[error("no linker found: none of {} can be started; install a C compiler, set `CC` to its path, or run the program without a file", .tried.join(", "))]
    NoLinker {
        /// Commands in the order of the attempts.
        tried: Vec<String>,
    },
    /// The linker failed.
    #[error("`{command}` failed ({status}) to link `{}`: {message}", .output.display())]
    Linker {
        /// The linker.
        command: String,
        /// Its exit status.
        status: String,
        /// The file that it should have made.
        output: PathBuf,
        /// What it printed.
        message: String,
    },
    /// The archive of the runtime is missing.
    #[error("the runtime `{name}` is not in {}; build it with `cargo build --release -p cloakwork -p cloakwork-runtime` or name it with `--runtime`", paths(.searched))]
    NoRuntimeArchive {
        /// File name.
        name: &'static str,
        /// Places in order.
        searched: Vec<PathBuf>,
    },
    /// An executable runs one function.
    #[error("an executable has one entry point, this code has {}: {}; compile it to a shared library, or its functions one by one", .found.len(), .found.join(", "))]
    SeveralEntries {
        /// The entry points.
        found: Vec<String>,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

fn paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}
