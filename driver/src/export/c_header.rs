//! The C header of a library: the runtime's interface, and functions with the names and sizes of this module, all
//! `static inline`, so that nothing but the library is linked.

use super::signature::{Function, Model, Value};
use cloakwork_abi::functions::{SPEC_SYMBOL, entry_symbol};
use cloakwork_backend_cpu::SPEC_LENGTH_SYMBOL;
use cloakwork_runtime::c_interface::HEADER;
use std::fmt::Write;

pub(super) fn text(model: &Model) -> String {
    let (name, guard) = (&model.name, format!("CLOAKWORK_MODEL_{}_H", model.name.to_uppercase()));
    let mut text = format!(
        "{HEADER}\n/* The program `{name}`, written by `cloakwork compile`. */\n#ifndef {guard}\n#define {guard}\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         extern const uint8_t {name}_spec_json[] __asm__(\"{SPEC_SYMBOL}\");\n\
         extern const uint64_t {name}_spec_length __asm__(\"{SPEC_LENGTH_SYMBOL}\");\n\n\
         /* What a client needs of the program. */\n\
         static inline int32_t {name}_spec(cloakwork_spec **spec) {{\n    \
         return cloakwork_spec_read({name}_spec_json, (size_t){name}_spec_length, spec);\n}}\n"
    );
    model.functions.iter().for_each(|function| text.push_str(&of_function(name, function)));
    let _ = write!(text, "\n#ifdef __cplusplus\n}}\n#endif\n#endif\n");
    text
}

fn of_function(model: &str, function: &Function) -> String {
    let prefix = format!("{model}_{}", function.name);
    let original = quoted(&function.original);
    let entry = quoted(&entry_symbol(&function.original));
    let mut text = format!(
        "\nextern int32_t {prefix}_entry(const void *, const uint64_t *const *, uint64_t *const *) __asm__({entry});\n\
         /* The function with its machine code, for a server. */\n\
         static inline int32_t {prefix}_load(cloakwork_program **program) {{\n    \
         return cloakwork_program_linked({prefix}_entry, {model}_spec_json, (size_t){model}_spec_length, {original}, program);\n}}\n"
    );
    for (group, values) in [("argument", &function.inputs), ("result", &function.outputs)] {
        for value in values {
            let size = format!("{}_{}_ELEMENTS", prefix.to_uppercase(), value.name.to_uppercase());
            let _ = writeln!(text, "/* {group} {} */\n#define {size} {}", value.about, value.elements);
        }
    }
    let integers = Kind { suffix: "", element: "int64_t", list: "cloakwork_integers", saturated: false };
    text.push_str(&calls(&prefix, &original, &integers, (&function.inputs, &function.outputs)));
    if let Some((inputs, outputs)) = &function.reals {
        let reals = Kind { suffix: "_reals", element: "double", list: "cloakwork_reals", saturated: true };
        text.push_str(&calls(&prefix, &original, &reals, (inputs, outputs)));
    }
    text
}

/// How elements are passed.
struct Kind {
    suffix: &'static str,
    element: &'static str,
    list: &'static str,
    saturated: bool,
}

fn calls(prefix: &str, original: &str, kind: &Kind, (inputs, outputs): (&[Value], &[Value])) -> String {
    let Kind { suffix, element, list, saturated } = kind;
    let parameters = |values: &[Value], qualifier: &str| -> String {
        let parameter =
            |value: &Value| format!("{qualifier}{element} {}[{}]", value.name, value.elements.max(1));
        values.iter().map(|value| parameter(value) + ", ").collect()
    };
    let entries = |values: &[Value]| -> String {
        let entry = |value: &Value| format!("{{({element} *){}, {}}}", value.name, value.elements);
        values.iter().map(entry).collect::<Vec<_>>().join(", ")
    };
    let (takes, passes) = match saturated {
        true => ("uint64_t *saturated, ", "saturated, "),
        false => ("", ""),
    };
    // An empty list has one entry all the same: C has no empty arrays.
    let or_none = |text: String| if text.is_empty() { "{0, 0}".to_owned() } else { text };
    format!(
        "static inline int32_t {prefix}_encrypt{suffix}(const cloakwork_spec *spec, const cloakwork_secret_keys *secret, {}{takes}cloakwork_bytes *question) {{\n    \
         const {list} arguments[] = {{{}}};\n    \
         return cloakwork_encrypt{suffix}(spec, {original}, secret, arguments, {}, {passes}question);\n}}\n\
         static inline int32_t {prefix}_decrypt{suffix}(const cloakwork_spec *spec, const cloakwork_secret_keys *secret, const uint8_t *answer, size_t length, {}) {{\n    \
         const {list} results[] = {{{}}};\n    \
         return cloakwork_decrypt{suffix}(spec, {original}, secret, answer, length, results, {});\n}}\n",
        parameters(inputs, "const "),
        or_none(entries(inputs)),
        inputs.len(),
        parameters(outputs, "").trim_end_matches(", "),
        or_none(entries(outputs)),
        outputs.len(),
    )
}

/// A string of C.
fn quoted(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'"' | b'\\' => format!("\\{}", byte as char),
        b' '..=b'~' => (byte as char).to_string(),
        other => format!("\\{other:03o}"),
    };
    format!("\"{}\"", text.bytes().map(escape).collect::<String>())
}
