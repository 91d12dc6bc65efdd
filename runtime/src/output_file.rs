//! Writing of files: a regular file appears under its name only when it is complete, and nothing but regular files is
//! ever replaced.
//!
//! Links are followed: the file that one leads to is replaced, the link stays. Data goes straight into devices and
//! pipes, which cannot be replaced; keys do not.

use std::fs::{self, FileType, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What is written; it decides who may read the file, and what may stand in its place already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Secret keys: a regular file that only its owner may read.
    SecretKeys,
    /// Evaluation keys: a regular file that everyone may read.
    EvaluationKeys,
    /// A compiled program: as evaluation keys.
    Program,
    /// Values, text, arrays: a regular file that everyone may read, or a character device or a pipe.
    Data,
}

/// Writes all of `bytes`, or leaves a file that was there as it was.
pub fn write(path: &Path, bytes: &[u8], content: Content) -> io::Result<()> {
    write_with(path, content, |to| to.write_all(bytes))
}

/// [`write`] of what `content_of` writes, piece by piece.
pub fn write_with<T, E: From<io::Error>>(
    path: &Path,
    content: Content,
    content_of: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    let path = match destination(path, content)? {
        Destination::File(path) => path,
        Destination::Stream => {
            let mut stream = OpenOptions::new().write(true).open(path)?;
            let written = content_of(&mut stream)?;
            stream.flush()?;
            return Ok(written);
        }
    };
    let mode = if content == Content::SecretKeys { 0o600 } else { 0o644 };
    let mut file =
        tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder_of(&path))?;
    let written = content_of(&mut file)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(written)
}

/// Refuses a place that [`write`] would refuse for what stands there or for its folder, before work is spent on the content.
pub fn check(path: &Path, content: Content) -> io::Result<()> {
    match destination(path, content)? {
        Destination::File(path) => tempfile::tempfile_in(folder_of(&path)).map(|_| ()),
        Destination::Stream => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

enum Destination {
    /// A regular file, or nothing yet; the path is no link.
    File(PathBuf),
    /// Takes bytes as they come.
    Stream,
}

fn destination(path: &Path, content: Content) -> io::Result<Destination> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let refused = |problem: String| Err(io::Error::new(ErrorKind::InvalidInput, problem));
    match fs::metadata(path).map(|found| found.file_type()) {
        Ok(found) if found.is_file() && is_link => Ok(Destination::File(fs::canonicalize(path)?)),
        Ok(found) if found.is_file() => Ok(Destination::File(path.to_owned())),
        Ok(found) if found.is_dir() => refused("it is a folder; name a file".to_owned()),
        Ok(found) if content == Content::Data && (found.is_fifo() || found.is_char_device()) => {
            Ok(Destination::Stream)
        }
        Ok(found) => refused(format!(
            "it is {}, which is never replaced by {}; name a regular file or a new one",
            described(found),
            match content {
                Content::SecretKeys | Content::EvaluationKeys => "keys",
                Content::Program => "machine code",
                Content::Data => "a file",
            }
        )),
        Err(error) if error.kind() == ErrorKind::NotFound && is_link => {
            refused("it is a link to a file that is not there; remove it or name another file".to_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Destination::File(path.to_owned())),
        Err(error) => Err(error),
    }
}

fn described(found: FileType) -> &'static str {
    if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    const ALL: [Content; 4] = [Content::SecretKeys, Content::EvaluationKeys, Content::Program, Content::Data];

    /// Regular files of a folder, and no temporary ones beside them.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn regular_files_are_replaced_and_links_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        for (content, mode) in ALL.into_iter().zip([0o600, 0o644, 0o644, 0o644]) {
            write(&file, b"first", content).unwrap();
            write(&file, b"second", content).unwrap();
            assert_eq!(fs::read(&file).unwrap(), b"second");
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
        }
        symlink("file", &link).unwrap();
        write(&link, b"third", Content::Data).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"third");
        fs::remove_file(&file).unwrap();
        let refused = write(&link, b"fourth", Content::Data).unwrap_err().to_string();
        assert!(refused.contains("a link to a file that is not there"), "{refused}");
        assert_eq!(names(folder.path()), ["link"]);
    }

    #[test]
    fn data_goes_into_pipes_and_keys_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        symlink("pipe", &link).unwrap();
        for path in [&pipe, &link] {
            let other_end = pipe.clone();
            let reader = std::thread::spawn(move || {
                let mut bytes = vec![];
                fs::File::open(other_end).unwrap().read_to_end(&mut bytes).unwrap();
                bytes
            });
            write(path, b"values", Content::Data).unwrap();
            assert_eq!(reader.join().unwrap(), b"values");
            for content in [Content::SecretKeys, Content::EvaluationKeys] {
                let refused = write(path, b"keys", content).unwrap_err().to_string();
                assert_eq!(
                    refused,
                    "it is a pipe, which is never replaced by keys; name a regular file or a new one"
                );
            }
            assert!(fs::metadata(path).unwrap().file_type().is_fifo());
        }
        assert_eq!(names(folder.path()), ["link", "pipe"]);
    }

    #[test]
    fn folders_and_sockets_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        for content in ALL {
            for path in [folder.path(), &folder.path().join("."), &socket] {
                assert_eq!(check(path, content).unwrap_err().kind(), ErrorKind::InvalidInput, "{path:?}");
                assert_eq!(write(path, b"bytes", content).unwrap_err().kind(), ErrorKind::InvalidInput);
            }
        }
        assert_eq!(names(folder.path()), ["socket"]);
    }
}
