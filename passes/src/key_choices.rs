//! The keys that the values and lookups of a module at the `fhe` level have, read from attributes and key ops.
//!
//! `fhe-optimize-parameters` writes the attributes, `convert-fhe-to-tfhe` reads them here. What is not said is
//! filled in where the module has exactly one choice.

use crate::facts::fail;
use crate::pass::Failed;
use cloakwork_abi::spec::{Keyset, SecretKeyShape};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::{Function, Side};
use cloakwork_ir::tfhe::{BOOTSTRAP_KEY, KEY, KEYSWITCH_KEY};
use melior::ir::OperationRef;

/// The keys of a module.
pub(crate) struct KeyChoices<'k> {
    keyset: &'k Keyset,
}

/// The keys of a lookup, by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookupKeys {
    pub(crate) keyswitch: usize,
    pub(crate) bootstrap: usize,
}

impl<'k> KeyChoices<'k> {
    pub(crate) fn of(keyset: &'k Keyset) -> Self {
        Self { keyset }
    }

    /// Name of a secret key.
    pub(crate) fn name(&self, key: usize) -> &'k str {
        &self.keyset.secret_keys[key].name
    }

    /// Name of a keyswitch key, and of the secret key that it leads to.
    pub(crate) fn keyswitch(&self, key: usize) -> (&'k str, &'k str) {
        let key = &self.keyset.keyswitch_keys[key];
        (&key.name, self.name(key.to))
    }

    /// Name of a bootstrap key, and of the secret key that it leads to.
    pub(crate) fn bootstrap(&self, key: usize) -> (&'k str, &'k str) {
        let key = &self.keyset.bootstrap_keys[key];
        (&key.name, self.name(key.to))
    }

    /// The key of argument `i`.
    pub(crate) fn of_argument(&self, function: Function<'_, '_>, i: usize) -> Result<usize, Failed> {
        let given = function.attribute(Side::Argument, i, KEY).map(|key| attr::read_symbol(key));
        let what = format!("argument `{}`", function.value_name(Side::Argument, i));
        self.value_key(given, &what).map_err(|message| fail(function.op, &message))
    }

    /// The key of the result of an op other than a lookup.
    pub(crate) fn of_result(&self, op: OperationRef<'_, '_>) -> Result<usize, Failed> {
        self.value_key(given(op, KEY), "the result").map_err(|message| fail(op, &message))
    }

    /// The keys of a lookup of a value under `from`.
    pub(crate) fn of_lookup(&self, op: OperationRef<'_, '_>, from: usize) -> Result<LookupKeys, Failed> {
        self.lookup_keys(op, from).map_err(|message| fail(op, &message))
    }

    /// The key that the keyswitch key of a lookup leads from, if one is given.
    pub(crate) fn start(&self, op: OperationRef<'_, '_>) -> Option<usize> {
        let name = given(op, KEYSWITCH_KEY).flatten()?;
        self.keyset.keyswitch_keys.iter().find(|key| key.name == name).map(|key| key.from)
    }

    /// The key of the result of a bootstrap.
    pub(crate) fn bootstrapped(&self, keys: LookupKeys) -> usize {
        self.keyset.bootstrap_keys[keys.bootstrap].to
    }

    /// The keyswitch key that leads from one secret key to another.
    pub(crate) fn leading(&self, from: usize, to: usize) -> Result<usize, String> {
        let leads = |&key: &usize| {
            let key = &self.keyset.keyswitch_keys[key];
            key.from == from && key.to == to
        };
        let found: Vec<usize> = (0..self.keyset.keyswitch_keys.len()).filter(leads).collect();
        match found.as_slice() {
            &[key] => Ok(key),
            _ => Err(format!(
                "{} keyswitch keys lead from @{} to @{}, needed is exactly one; define one",
                found.len(),
                self.name(from),
                self.name(to)
            )),
        }
    }

    fn value_key(&self, given: Option<Option<String>>, what: &str) -> Result<usize, String> {
        let is_glwe = |key: &usize| matches!(self.keyset.secret_keys[*key].shape, SecretKeyShape::Glwe(_));
        let keys: Vec<usize> = (0..self.keyset.secret_keys.len()).filter(is_glwe).collect();
        match (given, keys.as_slice()) {
            (None, &[only]) => Ok(only),
            (None, []) => {
                Err("the module has no GLWE `tfhe.secret_key`; run `fhe-optimize-parameters` first".into())
            }
            (None, _) => Err(format!(
                "{what} has no `{KEY}`, and the module has the GLWE keys {}; say which one with `{KEY}`, or run `fhe-optimize-parameters` first",
                self.names(&keys)
            )),
            (Some(name), _) => {
                keys.iter().copied().find(|&key| name.as_deref() == Some(self.name(key))).ok_or_else(|| {
                    let name = name.map_or_else(|| "no symbol".to_owned(), |name| format!("@{name}"));
                    format!(
                        "{what} has `{KEY}` {name}; allowed are the GLWE keys of the module: {}",
                        self.names(&keys)
                    )
                })
            }
        }
    }

    fn lookup_keys(&self, op: OperationRef<'_, '_>, from: usize) -> Result<LookupKeys, String> {
        let Keyset { keyswitch_keys, bootstrap_keys, .. } = self.keyset;
        if bootstrap_keys.is_empty() {
            return Err("the module has no bootstrap key; run `fhe-optimize-parameters` first".into());
        }
        let bootstrap = match given(op, BOOTSTRAP_KEY) {
            Some(name) => named(BOOTSTRAP_KEY, name, bootstrap_keys.iter().map(|key| key.name.as_str()))?,
            None if bootstrap_keys.len() == 1 => 0,
            None => {
                let found = bootstrap_keys.len();
                return Err(format!(
                    "the lookup has no `{BOOTSTRAP_KEY}`, and the module has {found} bootstrap keys; say which one, or run `fhe-optimize-parameters` first"
                ));
            }
        };
        let switched = bootstrap_keys[bootstrap].from;
        let keyswitch = match given(op, KEYSWITCH_KEY) {
            Some(name) => named(KEYSWITCH_KEY, name, keyswitch_keys.iter().map(|key| key.name.as_str()))?,
            None => self.leading(from, switched)?,
        };
        let key = &keyswitch_keys[keyswitch];
        if (key.from, key.to) != (from, switched) {
            return Err(format!(
                "the keyswitch key @{} leads from @{} to @{}; needed is one from @{}, the key of the operand, to @{}, where the bootstrap key @{} starts",
                key.name,
                self.name(key.from),
                self.name(key.to),
                self.name(from),
                self.name(switched),
                bootstrap_keys[bootstrap].name
            ));
        }
        let result = bootstrap_keys[bootstrap].to;
        match given(op, KEY).flatten() {
            Some(name) if name != self.name(result) => Err(format!(
                "the result has `{KEY}` @{name}, but the bootstrap key @{} leads to @{}",
                bootstrap_keys[bootstrap].name,
                self.name(result)
            )),
            Some(_) | None => Ok(LookupKeys { keyswitch, bootstrap }),
        }
    }

    fn names(&self, keys: &[usize]) -> String {
        let names: Vec<String> = keys.iter().map(|&key| format!("@{}", self.name(key))).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

/// A symbol attribute, if there is one; nothing in it if it is no symbol.
fn given(op: OperationRef<'_, '_>, name: &str) -> Option<Option<String>> {
    use melior::ir::operation::OperationLike;
    op.attribute(name).ok().map(|value| attr::read_symbol(value))
}

fn named<'n>(
    attribute: &str,
    name: Option<String>,
    mut names: impl Iterator<Item = &'n str> + Clone,
) -> Result<usize, String> {
    let mut all = names.clone();
    names.position(|known| name.as_deref() == Some(known)).ok_or_else(|| {
        let name = name.map_or_else(|| "no symbol".to_owned(), |name| format!("@{name}"));
        let mut known: Vec<String> = vec![];
        known.extend(all.by_ref().map(|name| format!("@{name}")));
        format!("the lookup has `{attribute}` {name}; the module defines {}", known.join(", "))
    })
}
