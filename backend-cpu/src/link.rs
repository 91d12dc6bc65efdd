//! Shared libraries, archives and executables, with the system's linker.
//!
//! A file appears under its final name only when it is complete, and its bytes depend on nothing but
//! the object, the archive and the linker. Nothing but regular files is replaced; links are followed. Needs a C compiler as a driver of the linker; compiles no C.

use crate::compile::compile_main;
use crate::error::BackendError;
use crate::object_code::ObjectCode;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Drivers of the linker in the order in which they are tried, after the environment's `CC`.
const DRIVERS: [&str; 3] = ["cc", "gcc", "clang"];

/// What both kinds of files want: no symbols nobody looks up, no identity but the content, hard memory.
const COMMON: [&str; 3] =
    ["-Wl,--build-id=none,--strip-all,--as-needed", "-Wl,-z,relro,-z,now,-z,noexecstack", "-Wl,-z,defs"];

/// Which functions of the runtime's archive a shared library has.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeExports<'a> {
    /// The archive.
    pub archive: &'a Path,
    /// Symbols, which all start with `cloakwork_`.
    pub functions: &'a [&'a str],
}

/// Whether a program uses the C library of the machine that it runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CLibrary {
    /// Found when the program starts.
    #[default]
    Shared,
    /// In the program.
    Static,
}

/// Links `object` to a shared library at `output`: alone, which needs at most the C library, or with functions of the
/// runtime.
pub fn link_shared(
    object: &ObjectCode,
    runtime: Option<RuntimeExports<'_>>,
    output: &Path,
) -> Result<(), BackendError> {
    let work = Workplace::beside(output)?;
    let object = work.write("program.o", object.bytes())?;
    let mut arguments: Vec<OsString> = COMMON.into_iter().chain(["-shared"]).map(OsString::from).collect();
    match runtime {
        // Without the usual start files: there is nothing to start, and nothing else would be undefined.
        None => arguments.extend(["-nostdlib".into(), object.into(), "-lc".into()]),
        Some(RuntimeExports { archive, functions }) => {
            let script = work.write("exports", b"{ global: cloakwork_*; local: *; };")?;
            arguments.extend(["-Wl,--gc-sections".into(), "-Wl,--version-script".into()]);
            let last = arguments.len() - 1;
            arguments[last].push(",");
            arguments[last].push(script);
            arguments.extend(functions.iter().map(|function| format!("-Wl,-u,{function}").into()));
            arguments.extend([object.into(), whole_path(archive)?.into()]);
            arguments.extend(LIBRARIES.map(OsString::from));
        }
    }
    work.link(arguments)
}

/// Writes `object` with functions of the runtime, and all that these need, as an archive to `output`. Nothing but what
/// starts with `cloakwork_` can be seen in it, so that it gets along with other Rust code in a program; what only
/// debuggers read is left out.
pub fn archive_static(
    object: &ObjectCode,
    RuntimeExports { archive, functions }: RuntimeExports<'_>,
    output: &Path,
) -> Result<(), BackendError> {
    let work = Workplace::beside(output)?;
    let object = work.write("program.o", object.bytes())?;
    let joined = work.directory.path().join("cloakwork.o");
    // Groups are joined with what is in them: a linker must not take that of other code for one whose name is hidden.
    let mut arguments: Vec<OsString> =
        ["-r", "-nostdlib", "-Wl,--force-group-allocation", "-o"].map(OsString::from).into();
    arguments.push(joined.clone().into());
    arguments.extend(functions.iter().map(|function| format!("-Wl,-u,{function}").into()));
    arguments.extend([object.into(), whole_path(archive)?.into()]);
    work.run(&drivers(), &arguments)?;
    let hide = [
        "--strip-debug",
        "--wildcard",
        "--keep-global-symbol=cloakwork_*",
        // The bitcode of several files, joined: no longer any, and tools that look at it give up.
        "--remove-section=.llvmbc",
        "--remove-section=.llvmcmd",
    ];
    let hide = hide.map(OsString::from);
    work.tool("objcopy", &[&hide[..], &[joined.clone().into()]].concat())?;
    // Neither times nor owners, so that the same input gives the same bytes.
    let linked = work.directory.path().join("linked");
    work.tool("ar", &["qcD".into(), linked.into(), joined.into()])?;
    work.finish()
}

fn drivers() -> Vec<OsString> {
    env::var_os("CC").into_iter().chain(DRIVERS.map(OsString::from)).collect()
}

fn whole_path(archive: &Path) -> Result<PathBuf, BackendError> {
    fs::canonicalize(archive).map_err(failed("read", archive))
}

/// Links `object` and the runtime to an executable at `output`, with the C library in it if that is wished for.
///
/// The archive must define
/// `int cloakwork_main(int argc, char **argv, int (*entry)(const void *, const void *, void *), const char *spec, uint64_t spec_len)`.
/// Code must have exactly one entry point.
pub fn link_executable(
    object: &ObjectCode,
    runtime_archive: &Path,
    c_library: CLibrary,
    output: &Path,
) -> Result<(), BackendError> {
    let entries: Vec<&str> = object.entries().collect();
    let &[entry] = entries.as_slice() else {
        return Err(BackendError::SeveralEntries {
            found: entries.iter().map(|entry| format!("`{entry}`")).collect(),
        });
    };
    let archive = whole_path(runtime_archive)?;
    let work = Workplace::beside(output)?;
    let main = work.write("main.o", &compile_main(entry, object.target())?)?;
    let object = work.write("program.o", object.bytes())?;
    let arguments = COMMON.into_iter().chain(["-Wl,--gc-sections"]).map(OsString::from);
    let style = match c_library {
        CLibrary::Shared => None,
        CLibrary::Static => Some("-static"),
    };
    let inputs = [main, object, archive].map(OsString::from);
    let arguments = arguments.chain(style.map(OsString::from)).chain(inputs);
    work.link(arguments.chain(LIBRARIES.map(OsString::from)).collect())
}

/// The libraries that Rust's standard library uses; old C libraries have them one by one.
const LIBRARIES: [&str; 5] = ["-lgcc_eh", "-lm", "-lpthread", "-ldl", "-lc"];

/// A temporary directory on the file system of the output, removed with all that is in it at the end.
struct Workplace {
    directory: TempDir,
    output: PathBuf,
}

impl Workplace {
    fn beside(output: &Path) -> Result<Self, BackendError> {
        let output = destination(output).map_err(failed("write", output))?;
        let parent = match output.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        let directory = tempfile::Builder::new().prefix(".cloakwork-").tempdir_in(parent);
        let directory = directory.map_err(failed("write in", parent))?;
        Ok(Self { directory, output })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, BackendError> {
        let path = self.directory.path().join(name);
        fs::write(&path, bytes).map_err(failed("write", &path))?;
        Ok(path)
    }

    fn link(self, mut arguments: Vec<OsString>) -> Result<(), BackendError> {
        let linked = self.directory.path().join("linked");
        arguments.extend(["-o".into(), linked.clone().into()]);
        self.run(&drivers(), &arguments)?;
        self.finish()
    }

    /// What was made gets its name.
    fn finish(self) -> Result<(), BackendError> {
        let linked = self.directory.path().join("linked");
        fs::rename(linked, &self.output).map_err(failed("write", &self.output))
    }

    /// A tool of the linker's package; the environment names another one by its name in capitals.
    fn tool(&self, name: &str, arguments: &[OsString]) -> Result<(), BackendError> {
        let named = env::var_os(name.to_uppercase());
        self.run(&named.into_iter().chain([name.into()]).collect::<Vec<_>>(), arguments)
    }

    fn run(&self, drivers: &[OsString], arguments: &[OsString]) -> Result<(), BackendError> {
        for driver in drivers {
            let run = match Command::new(driver).args(arguments).output() {
                Ok(run) => run,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(failed("start", Path::new(driver))(error)),
            };
            if run.status.success() {
                return Ok(());
            }
            return Err(BackendError::Linker {
                command: driver.to_string_lossy().into_owned(),
                status: run.status.to_string(),
                output: self.output.clone(),
                message: String::from_utf8_lossy(&run.stderr).trim().to_owned(),
            });
        }
        let tried = drivers.iter().map(|driver| format!("`{}`", driver.to_string_lossy())).collect();
        Err(BackendError::NoLinker { tried })
    }
}

/// The regular file that `path` means, there or not yet; devices, pipes and folders are refused.
fn destination(path: &Path) -> io::Result<PathBuf> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let refused = |problem: &str| Err(io::Error::new(ErrorKind::InvalidInput, problem));
    match fs::metadata(path) {
        Ok(found) if found.is_file() && is_link => fs::canonicalize(path),
        Ok(found) if found.is_file() => Ok(path.to_owned()),
        Ok(found) if found.is_dir() => refused("it is a folder; name a file"),
        Ok(_) => refused(
            "it is a device, a pipe or a socket, which is never replaced by machine code; name a regular file or a new one",
        ),
        Err(error) if error.kind() == ErrorKind::NotFound && is_link => {
            refused("it is a link to a file that is not there; remove it or name another file")
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(error),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackendError {
    let path = path.to_owned();
    move |source| BackendError::Io { action, path, source }
}
