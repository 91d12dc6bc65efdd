//! Documents that are made from lists in the code: `docs/passes.md`, `docs/operations.md`, `docs/onnx-operators.md`.

use cloakwork_frontend::onnx::operators::OPERATORS;
use cloakwork_ir::context::context;
use cloakwork_passes::pass::Level;
use cloakwork_passes::pipeline::{FHE, NATIVE, PARAMETERS, PREPARE};
use cloakwork_passes::registry::PASSES;
use cloakwork_tests::golden::{compare, in_repository};
use cloakwork_tests::operations::{FHE_OPERATIONS, Operation, TFHE_OPERATIONS, TYPES};
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

const NOTICE: &str =
    "<!-- Made by the tests: `BLESS=1 cargo test --release -p cloakwork-tests` rewrites it. -->\n\n";

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        Trial::test("documents::passes", || Ok(compare(&in_repository("docs/passes.md"), &passes())?)),
        Trial::test("documents::operations", || {
            Ok(compare(&in_repository("docs/operations.md"), &operations())?)
        }),
        Trial::test("documents::onnx_operators", || {
            Ok(compare(&in_repository("docs/onnx-operators.md"), &onnx_operators())?)
        }),
        Trial::test("documents::every_operation_is_listed", || Ok(every_operation_is_listed()?)),
    ]
}

fn onnx_operators() -> String {
    let mut text = format!("{NOTICE}# Operators of ONNX\n\n");
    text.push_str(
        "What can be imported from an ONNX file, what it becomes, and what that costs encrypted. Shapes are static but for the \
         axis of samples, which gets size 1; what depends on constants alone is computed when the file is read. A function of one \
         value becomes part of the table that follows a layer, so several of them cost as much as one. What stands before the \
         first operation that mixes elements or after the last one is done by the client.\n",
    );
    for (domain, title) in [
        ("", "Standard operators"),
        ("ai.onnx.ml", "`ai.onnx.ml`"),
        ("qonnx.custom_op.general", "QONNX, as Brevitas writes it"),
    ] {
        let _ = write!(
            text,
            "\n## {title}\n\n| operator | from opset | becomes | cost encrypted |\n|---|---|---|---|\n"
        );
        for operator in OPERATORS.iter().filter(|operator| operator.domain == domain) {
            let since = operator.since.max(if domain.is_empty() { 7 } else { 1 });
            let _ = writeln!(
                text,
                "| `{}` | {since} | {} | {} |",
                operator.name, operator.becomes, operator.cost
            );
        }
    }
    text.push_str(
        "\n## What is not\n\nControl flow (`If`, `Loop`, `Scan`), recurrent layers, operators of sequences and strings, shapes that \
         depend on values, and local functions of a file (`onnx.inliner` removes them). An error names the node.\n",
    );
    text
}

fn passes() -> String {
    let mut text = format!("{NOTICE}# Passes\n\n");
    text.push_str("`ir-opt --pass-pipeline='builtin.module(PASS{OPTION=VALUE},PASS)'` runs any of them; `ir-opt --list-passes` lists them.\n\n");
    text.push_str("| pass | level | what it does |\n|---|---|---|\n");
    for pass in PASSES {
        let level = match pass.level {
            Level::Fhe => "fhe",
            Level::Tfhe => "tfhe",
            Level::Native => "native",
        };
        let _ = writeln!(text, "| `{}` | {level} | {} |", pass.name, pass.summary);
    }
    text.push_str("\n## Options\n\n| pass | option | default | what it sets |\n|---|---|---|---|\n");
    for pass in PASSES {
        for option in pass.options {
            let _ = writeln!(
                text,
                "| `{}` | `{}` | `{}` | {} |",
                pass.name, option.name, option.default, option.summary
            );
        }
    }
    text.push_str("\n## Pipelines\n\nThe compiler runs these one after the other; `ir-opt --pipeline NAME` runs one of them.\n");
    for (name, pipeline) in
        [("prepare", PREPARE), ("fhe", FHE), ("parameters", PARAMETERS), ("native", NATIVE)]
    {
        let passes = pipeline.trim_start_matches("builtin.module(").trim_end_matches(')');
        let _ = writeln!(text, "\n### `{name}`\n");
        passes.split(',').enumerate().for_each(|(i, pass)| {
            let _ = writeln!(text, "{}. `{}`", i + 1, pass.trim());
        });
    }
    text
}

fn operations() -> String {
    let mut text = format!("{NOTICE}# Types and operations\n\n");
    text.push_str("Tensors have a static shape and are row-major. `x` is encrypted, `c` is clear (`i64`); both may be tensors.\n\n");
    text.push_str("## Types\n\n| type | meaning |\n|---|---|\n");
    for (ty, meaning) in TYPES {
        let _ = writeln!(text, "| `{ty}` | {meaning} |");
    }
    for (dialect, operations) in [("fhe", FHE_OPERATIONS), ("tfhe", TFHE_OPERATIONS)] {
        let _ = writeln!(text, "\n## The `{dialect}` dialect\n\n| operation | meaning |\n|---|---|");
        for Operation { name, operands, meaning } in operations {
            let _ = writeln!(text, "| `{dialect}.{name}{operands}` | {meaning} |");
        }
    }
    text
}

/// The lists are those of the dialects' definitions, and the dialects know each name.
fn every_operation_is_listed() -> Result<(), String> {
    let context = context();
    for (dialect, file, operations) in [("fhe", "Fhe", FHE_OPERATIONS), ("tfhe", "Tfhe", TFHE_OPERATIONS)] {
        let path = in_repository(&format!("ir/ods/{file}.td"));
        let definitions =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let prefix = format!("def {file}_");
        let defined: BTreeSet<String> = definitions
            .lines()
            .filter_map(|line| Some(snake_case(line.strip_prefix(&prefix)?.split_once("Op :")?.0)))
            .collect();
        let listed: BTreeSet<String> = operations.iter().map(|operation| operation.name.to_owned()).collect();
        if defined.is_empty() || defined != listed {
            return Err(format!("the {dialect} dialect defines {defined:?}, the list has {listed:?}"));
        }
        for name in listed {
            if !context.is_registered_operation(&format!("{dialect}.{name}")) {
                return Err(format!("the {dialect} dialect does not know `{name}`"));
            }
        }
    }
    Ok(())
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
