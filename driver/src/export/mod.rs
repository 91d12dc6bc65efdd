//! A compiled module as a library for programs in C and Rust: the runtime and the machine code in one archive or shared
//! library, with an interface that has the names, shapes and types of this very module.

mod c_header;
mod rust_crate;
mod signature;

use crate::error::Error;
use crate::files;
use crate::module::CompiledModule;
use cloakwork_backend_cpu::{RuntimeExports, archive_static, find_runtime_archive, link_shared};
use cloakwork_runtime::c_interface::FUNCTIONS;
use signature::Model;
use std::path::Path;

/// Kinds of libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Loaded when a program starts.
    Shared,
    /// Linked into a program.
    Static,
}

impl CompiledModule {
    /// Writes a library with runtime and machine code, and beside it a C header: `libnet.a` has `net.h`. The archive of
    /// the runtime is looked for beside the running executable if it is not named.
    pub fn save_library(
        &self,
        path: &Path,
        library: Library,
        runtime_archive: Option<&Path>,
    ) -> Result<(), Error> {
        let model = Model::new(path, self.spec());
        let archive = find_runtime_archive(runtime_archive)?;
        let runtime = RuntimeExports { archive: &archive, functions: &FUNCTIONS };
        match library {
            Library::Shared => link_shared(self.object(), Some(runtime), path)?,
            Library::Static => archive_static(self.object(), runtime, path)?,
        }
        let header = path.with_file_name(format!("{}.h", model.name));
        files::write(&header, c_header::text(&model).as_bytes())
    }

    /// Writes a Rust crate into `folder`, which is made if it is not there: the static library, and a typed interface
    /// that needs no other crate.
    pub fn save_crate(&self, folder: &Path, runtime_archive: Option<&Path>) -> Result<(), Error> {
        let model = Model::new(folder, self.spec());
        let made = |path: &Path| {
            std::fs::create_dir_all(path).map_err(|source| Error::File {
                action: "make the folder",
                path: path.display().to_string(),
                source,
            })
        };
        made(&folder.join("src"))?;
        let archive = find_runtime_archive(runtime_archive)?;
        let runtime = RuntimeExports { archive: &archive, functions: &FUNCTIONS };
        archive_static(self.object(), runtime, &folder.join(format!("lib{}.a", model.name)))?;
        for (name, text) in rust_crate::files(&model) {
            files::write(&folder.join(name), text.as_bytes())?;
        }
        Ok(())
    }
}
