//! The public description of a compiled module: a spec for each of its functions, all of one key set.
//!
//! As text it is the JSON of a spec where there is one function, and a list of specs otherwise.

use crate::noise::global_p_error;
use crate::read_spec::SpecError;
use crate::spec::{ErrorSpec, Keyset, ProgramSpec};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;

/// The specs of a module's functions in its order: at least one, with names of their own and one key set.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleSpec {
    functions: Vec<ProgramSpec>,
}

/// A function that a module does not have, or none named where there are several.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownFunction {
    /// Not there.
    #[error("there is no function `{found}`; the program has {allowed}")]
    Missing {
        /// Asked for.
        found: String,
        /// Those that there are.
        allowed: String,
    },
    /// None named.
    #[error(
        "the program has several functions: {allowed}; say which one, on the command line with `--function`"
    )]
    Unnamed {
        /// Those that there are.
        allowed: String,
    },
}

impl ModuleSpec {
    /// The specs of one module.
    pub fn new(functions: Vec<ProgramSpec>) -> Result<Self, SpecError> {
        let wrong = |place: String, found: String, allowed: &str| {
            Err(SpecError::Inconsistent { place, found, allowed: allowed.to_owned() })
        };
        let Some(first) = functions.first() else {
            return wrong("functions".into(), "none".into(), "at least one");
        };
        let mut names = BTreeSet::new();
        for (i, spec) in functions.iter().enumerate() {
            if !names.insert(spec.name.as_str()) {
                return wrong(format!("[{i}].name"), format!("`{}` again", spec.name), "a name of its own");
            }
            if spec.keyset != first.keyset {
                let found = spec.keyset.fingerprint();
                return wrong(format!("[{i}].keyset"), found, "the key set of the first function");
            }
        }
        Ok(Self { functions })
    }

    /// Reads and checks what [`Self::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        Self::from_value(serde_json::from_str(text)?)
    }

    fn from_value(value: serde_json::Value) -> Result<Self, SpecError> {
        let functions = match value {
            serde_json::Value::Array(specs) => {
                specs.into_iter().map(ProgramSpec::from_value).collect::<Result<_, _>>()?
            }
            one => vec![ProgramSpec::from_value(one)?],
        };
        Self::new(functions)
    }

    /// As indented JSON: the spec of the only function, or a list of specs.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a spec is plain data")
    }

    /// The specs in the order of the module.
    pub fn functions(&self) -> &[ProgramSpec] {
        &self.functions
    }

    /// The key set of all functions.
    pub fn keyset(&self) -> &Keyset {
        &self.functions[0].keyset
    }

    /// The function of that name, or the only one.
    pub fn function(&self, name: Option<&str>) -> Result<&ProgramSpec, UnknownFunction> {
        self.position(name).map(|position| &self.functions[position])
    }

    /// Where the function of that name stands, or the only one.
    pub fn position(&self, name: Option<&str>) -> Result<usize, UnknownFunction> {
        let names: Vec<String> = self.functions.iter().map(|spec| format!("`{}`", spec.name)).collect();
        let allowed = names.join(", ");
        match name {
            None if names.len() == 1 => Ok(0),
            None => Err(UnknownFunction::Unnamed { allowed }),
            Some(name) => {
                let position = self.functions.iter().position(|spec| spec.name == name);
                position.ok_or_else(|| UnknownFunction::Missing { found: name.to_owned(), allowed })
            }
        }
    }

    /// What may fail when each function runs once.
    pub fn error(&self) -> ErrorSpec {
        let errors = || self.functions.iter().map(|spec| spec.error);
        ErrorSpec {
            p_error: errors().map(|error| error.p_error).fold(0.0, f64::max),
            global_p_error: global_p_error(errors().map(|error| (error.global_p_error, 1))),
        }
    }
}

impl Serialize for ModuleSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.functions.as_slice() {
            [only] => only.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ModuleSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Self::from_value(value).map_err(D::Error::custom)
    }
}
