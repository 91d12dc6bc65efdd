//! A small Rust crate around the static library: objects that free themselves, and functions with the sizes of this
//! module. Its common half is `runtime.rs.txt`.

use super::signature::{Function, Model, Value};
use cloakwork_abi::functions::entry_symbol;
use std::fmt::Write;

/// The crate's files by their path in it.
pub(super) fn files(model: &Model) -> Vec<(&'static str, String)> {
    let name = &model.name;
    let manifest = format!(
        "[package]\nname = \"{}\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlinks = \"{name}\"\npublish = false\n\n[workspace]\n",
        name.replace('_', "-")
    );
    let build = format!(
        "//! Links the static library that lies beside this file.\nfn main() {{\n    \
         println!(\"cargo:rerun-if-changed=lib{name}.a\");\n    \
         println!(\"cargo:rustc-link-search=native={{}}\", std::env::var(\"CARGO_MANIFEST_DIR\").expect(\"set by cargo\"));\n    \
         println!(\"cargo:rustc-link-lib=static={name}\");\n    \
         for library in [\"m\", \"pthread\", \"dl\"] {{\n        println!(\"cargo:rustc-link-lib={{library}}\");\n    }}\n}}\n"
    );
    vec![("Cargo.toml", manifest), ("build.rs", build), ("src/lib.rs", library(model))]
}

fn library(model: &Model) -> String {
    let mut text = format!(
        "//! The program `{}`, written by `cloakwork compile`: keys, encryption, runs on ciphertexts, decryption.\n\n{}",
        model.name,
        include_str!("runtime.rs.txt"),
    );
    model.functions.iter().for_each(|function| text.push_str(&of_function(function)));
    text
}

fn of_function(function: &Function) -> String {
    let Function { original, name, inputs, outputs, reals } = function;
    let entry = entry_symbol(original);
    let mut text = format!(
        "\n/// The function `{name}`.\npub mod {name} {{\n    use super::*;\n\n    \
         extern \"C\" {{\n        #[link_name = {entry:?}]\n        fn entry(context: *const c_void, inputs: *const *const u64, outputs: *const *mut u64) -> i32;\n    }}\n\n    \
         const NAME: &str = {original:?};\n\n    \
         /// The machine code, for a server.\n    pub fn load() -> Result<Program, Error> {{\n        \
         Program::linked(entry, NAME)\n    }}\n"
    );
    text.push_str(&calls("", "i64", (inputs, outputs)));
    if let Some((inputs, outputs)) = reals {
        text.push_str(&calls("_reals", "f64", (inputs, outputs)));
    }
    text.push_str("}\n");
    text
}

fn calls(suffix: &str, element: &str, (inputs, outputs): (&[Value], &[Value])) -> String {
    let mut about = String::new();
    for value in inputs {
        let _ = writeln!(about, "    /// Argument {}.", value.about);
    }
    let parameters: String =
        inputs.iter().map(|value| format!(", {}: &[{element}; {}]", value.name, value.elements)).collect();
    let arguments: Vec<String> = inputs.iter().map(|value| format!("{}.as_slice()", value.name)).collect();
    let types: Vec<String> = outputs.iter().map(|value| format!("[{element}; {}]", value.elements)).collect();
    let mut results = String::new();
    for value in outputs {
        let _ = writeln!(results, "    /// Result {}.", value.about);
    }
    let rooms: String = outputs
        .iter()
        .map(|value| format!("        let mut {} = [Default::default(); {}];\n", value.name, value.elements))
        .collect();
    let lists: Vec<String> = outputs.iter().map(|value| format!("{}.as_mut_slice()", value.name)).collect();
    let names: Vec<&str> = outputs.iter().map(|value| value.name.as_str()).collect();
    let one =
        |list: Vec<String>| if list.len() == 1 { list.concat() } else { format!("({})", list.join(", ")) };
    format!(
        "\n    /// Encrypts the arguments of one call.\n    ///\n{about}    \
         pub fn encrypt{suffix}(spec: &Spec, secret: &SecretKeys{parameters}) -> Result<Vec<u8>, Error> {{\n        \
         spec.encrypt{suffix}(NAME, secret, &[{}])\n    }}\n\n    \
         /// Decrypts the results of one call.\n    ///\n{results}    \
         pub fn decrypt{suffix}(spec: &Spec, secret: &SecretKeys, answer: &[u8]) -> Result<{}, Error> {{\n{rooms}        \
         spec.decrypt{suffix}(NAME, secret, answer, &mut [{}])?;\n        Ok({})\n    }}\n",
        arguments.join(", "),
        one(types),
        lists.join(", "),
        one(names.into_iter().map(str::to_owned).collect()),
    )
}
