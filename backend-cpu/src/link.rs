//! Shared libraries and executables, with the system's linker.
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

/// Links `object` to a shared library at `output`, which needs at most the C library.
pub fn link_shared(object: &ObjectCode, output: &Path) -> Result<(), BackendError> {
    let work = Workplace::beside(output)?;
    let object = work.write("program.o", object.bytes())?;
    // Without the usual start files: there is nothing to start, and nothing else would be undefined.
    let flags = ["-shared", "-nostdlib"];
    let arguments = flags.into_iter().chain(COMMON).map(OsString::from).chain([object.into(), "-lc".into()]);
    work.link(arguments.collect())
}

/// Links `object` and the runtime to an executable at `output`.
///
/// The archive must define
/// `int cloakwork_main(int argc, char **argv, int (*entry)(const void *, const void *, void *), const char *spec, uint64_t spec_len)`.
/// Code must have exactly one entry point.
pub fn link_executable(
    object: &ObjectCode,
    runtime_archive: &Path,
    output: &Path,
) -> Result<(), BackendError> {
    let entries: Vec<&str> = object.entries().collect();
    let &[entry] = entries.as_slice() else {
        return Err(BackendError::SeveralEntries {
            found: entries.iter().map(|entry| format!("`{entry}`")).collect(),
        });
    };
    let archive = fs::canonicalize(runtime_archive).map_err(|source| BackendError::Io {
        action: "read",
        path: runtime_archive.to_owned(),
        source,
    })?;
    let work = Workplace::beside(output)?;
    let main = work.write("main.o", &compile_main(entry, object.target())?)?;
    let object = work.write("program.o", object.bytes())?;
    let arguments = COMMON.into_iter().chain(["-Wl,--gc-sections"]).map(OsString::from);
    let inputs = [main, object, archive].map(OsString::from);
    // The libraries that Rust's standard library uses; old C libraries have them one by one.
    let libraries = ["-lm", "-lpthread", "-ldl"].map(OsString::from);
    work.link(arguments.chain(inputs).chain(libraries).collect())
}

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
        self.run(&arguments)?;
        fs::rename(&linked, &self.output).map_err(failed("write", &self.output))
    }

    fn run(&self, arguments: &[OsString]) -> Result<(), BackendError> {
        let drivers: Vec<OsString> =
            env::var_os("CC").into_iter().chain(DRIVERS.map(OsString::from)).collect();
        for driver in &drivers {
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
