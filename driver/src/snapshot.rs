//! A module as it stood at some point of a compilation.
//!
//! Kept as bytecode, which holds constants as they are; text is made when somebody asks for it.

use crate::error::Error;
use cloakwork_ir::context::{context, read_bytecode};
use melior::Context;
use melior::ir::Module;
use melior::ir::operation::OperationLike;
use std::sync::OnceLock;

pub(crate) struct Snapshot {
    bytecode: Vec<u8>,
    text: OnceLock<String>,
}

impl Snapshot {
    pub(crate) fn of(module: &Module<'_>) -> Self {
        Self::from_bytecode(module.as_operation().write_bytecode())
    }

    /// A snapshot that this very compiler wrote.
    pub(crate) fn from_bytecode(bytecode: Vec<u8>) -> Self {
        Self { bytecode, text: OnceLock::new() }
    }

    pub(crate) fn bytecode(&self) -> &[u8] {
        &self.bytecode
    }

    pub(crate) fn module<'c>(&self, context: &'c Context) -> Result<Module<'c>, Error> {
        read_bytecode(context, &self.bytecode).map_err(Error::Program)
    }

    pub(crate) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let context = context();
            let module = self.module(&context).expect("written by this compiler");
            module.as_operation().to_string()
        })
    }
}
