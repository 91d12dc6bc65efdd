//! The passes of the `fhe` level: what they change, that meaning stays, and every message.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_ir::attributes::{RANGE, get_range, read_range};
use cloakwork_ir::context::{context, parse, with_diagnostics};
use cloakwork_ir::function::{Function, Side, functions};
use cloakwork_ir::host::Column;
use cloakwork_ir::host::{HostFunctions, NoHostFunctions};
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::build_tables::build_tables;
use cloakwork_passes::infer_ranges::infer_ranges;
use cloakwork_passes::pipeline::{FHE, PREPARE, run};
use ndarray::{ArrayD, IxDyn};

/// The text after the passes.
fn after(passes: &str, source: &str) -> Result<String, String> {
    let context = context();
    let mut module = parse(&context, source, "test").map_err(|errors| errors[0].to_string())?;
    let pipeline =
        if passes.starts_with("builtin") { passes.to_owned() } else { format!("builtin.module({passes})") };
    run(&context, &mut module, &pipeline).map_err(|errors| errors[0].to_string())?;
    Ok(module.as_operation().to_string())
}

/// The results of the first function for flat inputs, argument by argument.
fn results(source: &str, inputs: &[Vec<i64>]) -> Result<Vec<Vec<i64>>, String> {
    let context = context();
    let module = parse(&context, source, "test").map_err(|errors| errors[0].to_string())?;
    evaluate(functions(&module)[0], inputs)
}

fn evaluate(function: Function<'_, '_>, inputs: &[Vec<i64>]) -> Result<Vec<Vec<i64>>, String> {
    let types = function.value_types(Side::Argument);
    let inputs: Vec<Clear> = types
        .iter()
        .zip(inputs)
        .map(|(ty, values)| {
            let shape = ty.as_ref().unwrap().shape().to_vec();
            Clear::Int(ArrayD::from_shape_vec(IxDyn(&shape), values.clone()).unwrap())
        })
        .collect();
    let outputs = interpret(function, &inputs, &NoHostFunctions).map_err(|error| error.to_string())?;
    Ok(outputs.iter().map(|output| output.int().unwrap().iter().copied().collect()).collect())
}

/// Checks that the passes keep the meaning for every input that is one number, and returns the new text.
fn same_meaning(passes: &str, source: &str, inputs: std::ops::RangeInclusive<i64>) -> String {
    let text = after(passes, source).unwrap();
    for input in inputs {
        let shape = |count: usize| vec![vec![input; count]];
        let count = if source.contains("tensor<2x!") { 2 } else { 1 };
        let expected = results(source, &shape(count)).unwrap();
        assert_eq!(results(&text, &shape(count)), Ok(expected), "{passes} for {input}:\n{text}");
    }
    text
}

/// `%x` through a body of lines that ends in the value `%r` of type `result`.
fn scalar_program(argument: &str, body: &str, result: &str) -> String {
    format!("func.func @main(%x: {argument}) -> {result} {{\n{body}\nreturn %r : {result}\n}}")
}

const SIGMOID: &str = r"
  %0 = fhe.map %x : (!fhe.eint<?>) -> !fhe.efloat {
  ^bb0(%v: i64):
    %f = arith.sitofp %v : i64 to f64
    fhe.yield %f : f64
  }
  %1 = fhe.map %0 : (!fhe.efloat) -> !fhe.efloat {
  ^bb0(%v: f64):
    %s = math.sqrt %v : f64
    fhe.yield %s : f64
  }
  %2 = fhe.map %0 : (!fhe.efloat) -> !fhe.efloat {
  ^bb0(%v: f64):
    %c = arith.constant 3.0 : f64
    %s = arith.mulf %v, %c : f64
    fhe.yield %s : f64
  }
  %r = fhe.map %1, %2, %x : (!fhe.efloat, !fhe.efloat, !fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%a: f64, %b: f64, %i: i64):
    %s = arith.addf %a, %b : f64
    %t = arith.fptosi %s : f64 to i64
    %u = arith.subi %t, %i : i64
    fhe.yield %u : i64
  }";

#[test]
fn a_graph_of_maps_of_one_integer_becomes_one_map() {
    let source = scalar_program("!fhe.eint<?> {fhe.range = array<i64: 0, 9>}", SIGMOID, "!fhe.eint<?>");
    let text = same_meaning("fhe-fuse-maps", &source, 0..=9);
    assert_eq!(text.matches("fhe.map").count(), 1, "{text}");
    assert!(text.contains("fhe.map %arg0 : (!fhe.eint<?>) -> !fhe.eint<?>"), "{text}");
    assert!(!text.contains("efloat"), "{text}");
    let text = same_meaning(PREPARE, &source, 0..=9);
    assert_eq!((text.matches("fhe.lookup").count(), text.matches("fhe.map").count()), (1, 0), "{text}");
    let text = same_meaning(FHE, &text, 0..=9);
    assert!(text.contains("(%arg0: !fhe.eint<4> {fhe.range = array<i64: 0, 9>}) -> (!fhe.eint<5> {fhe.range = array<i64: 0, 21>})"), "{text}");
}

fn square(of: &str, name: &str, result: &str) -> String {
    format!(
        "{name} = fhe.map {of} : (!fhe.eint<?>) -> {result} {{\n^bb0(%v: i64):\n%s = arith.muli %v, %v : i64\nfhe.yield %s : i64\n}}"
    )
}

fn shift(of: &str, name: &str, attributes: &str) -> String {
    format!(
        "{name} = fhe.map {of} {attributes} : (!fhe.eint<?>) -> !fhe.eint<?> {{\n^bb0(%v: i64):\n%c = arith.constant 2 : i64\n%s = arith.shrsi %v, %c : i64\nfhe.yield %s : i64\n}}"
    )
}

#[test]
fn integers_are_taken_in_where_that_saves_lookups() {
    let argument = "!fhe.eint<?> {fhe.range = array<i64: 0, 15>}";
    let sum = "%r = fhe.add %a, %b : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>";
    // The middle value is used by maps only: two maps remain.
    let [a, b] = [square("%m", "%a", "!fhe.eint<?>"), shift("%m", "%b", "")];
    let both = format!("{}\n{a}\n{b}\n{sum}", square("%x", "%m", "!fhe.eint<?>"));
    let text = same_meaning("fhe-fuse-maps", &scalar_program(argument, &both, "!fhe.eint<?>"), 0..=15);
    assert_eq!(text.matches("fhe.map").count(), 2, "{text}");
    // A narrow middle value is cheaper to look up twice.
    let narrow = format!("{}\n{a}\n{b}\n{sum}", shift("%x", "%m", "{fhe.range = array<i64: 0, 3>}"));
    let text = same_meaning("fhe-fuse-maps", &scalar_program(argument, &narrow, "!fhe.eint<?>"), 0..=15);
    assert_eq!(text.matches("fhe.map").count(), 3, "{text}");
    // A linear user needs the middle value anyway.
    let linear = format!(
        "{}\n{a}\n%b = fhe.neg %m : (!fhe.eint<?>) -> !fhe.esint<?>\n{}",
        square("%x", "%m", "!fhe.eint<?>"),
        sum.replace("!fhe.eint<?>) ->", "!fhe.esint<?>) ->")
    );
    let text = same_meaning("fhe-fuse-maps", &scalar_program(argument, &linear, "!fhe.eint<?>"), 0..=15);
    assert_eq!(text.matches("fhe.map").count(), 2, "{text}");
    // A chain becomes one.
    let chain = format!(
        "{}\n{}\n{}",
        square("%x", "%m", "!fhe.eint<?>"),
        square("%m", "%n", "!fhe.eint<?>"),
        shift("%n", "%r", "")
    );
    let text = same_meaning("fhe-fuse-maps", &scalar_program(argument, &chain, "!fhe.eint<?>"), 0..=15);
    assert_eq!(text.matches("fhe.map").count(), 1, "{text}");
}

const CONSTANTS: &str = r"
func.func @main(%x: tensor<2x!fhe.eint<?>> {fhe.range = array<i64: 0, 5>}) -> tensor<2x!fhe.eint<?>> {
  %c = arith.constant dense<[0.5, -1.5]> : tensor<2xf64>
  %e = fhe.constant dense<[3, 4]> : tensor<2xi64> : tensor<2x!fhe.eint<?>>
  %0 = fhe.map %x, %c, %e : (tensor<2x!fhe.eint<?>>, tensor<2xf64>, tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.eint<?>> {
  ^bb0(%v: i64, %s: f64, %k: i64):
    %f = arith.sitofp %v : i64 to f64
    %p = arith.mulf %f, %s : f64
    %i = arith.fptosi %p : f64 to i64
    %q = arith.addi %i, %k : i64
    fhe.yield %q : i64
  }
  return %0 : tensor<2x!fhe.eint<?>>
}";

#[test]
fn constants_choose_among_tables_and_signs_follow_the_entries() {
    let text = after(PREPARE, CONSTANTS).unwrap();
    let lookup = "selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[3, 3, 4, 4, 5, 5, 5, 5], [4, 3, 1, 0, -2, -3, -3, -3]]> : tensor<2x8xi64>";
    assert!(text.contains(lookup), "{text}");
    assert!(text.contains("-> tensor<2x!fhe.esint<?>> {"), "the signature follows the sign: {text}");
    assert_eq!(results(&text, &[vec![5, 4]]), Ok(vec![vec![5, -2]]));
    let text = after(FHE, &text).unwrap();
    assert!(text.contains("tensor<2x!fhe.esint<4>> {fhe.range = array<i64: -3, 5>}"), "{text}");
}

#[test]
fn equal_tables_are_stored_once_and_constant_maps_become_constants() {
    let source = r"
func.func @main(%x: tensor<2x!fhe.eint<2>>) -> (tensor<2x!fhe.eint<?>>, tensor<2x!fhe.esint<?>>) {
  %c = arith.constant dense<[1, 2]> : tensor<2xi64>
  %0 = fhe.map %x, %c : (tensor<2x!fhe.eint<2>>, tensor<2xi64>) -> tensor<2x!fhe.eint<?>> {
  ^bb0(%v: i64, %k: i64):
    %z = arith.constant 0 : i64
    %g = arith.cmpi sgt, %k, %z : i64
    %w = arith.extui %g : i1 to i64
    %s = arith.addi %v, %w : i64
    fhe.yield %s : i64
  }
  %1 = fhe.map %c : (tensor<2xi64>) -> tensor<2x!fhe.esint<?>> {
  ^bb0(%k: i64):
    %m = arith.constant -3 : i64
    %s = arith.muli %k, %m : i64
    fhe.yield %s : i64
  }
  return %0, %1 : tensor<2x!fhe.eint<?>>, tensor<2x!fhe.esint<?>>
}";
    let text = after(PREPARE, source).unwrap();
    assert!(
        text.contains("{fhe.range = array<i64: 1, 4>, tables = dense<[[1, 2, 3, 4]]> : tensor<1x4xi64>}"),
        "{text}"
    );
    assert!(text.contains("fhe.constant dense<[-3, -6]>"), "{text}");
    for inputs in [[0, 1], [2, 3]] {
        assert_eq!(results(&text, &[inputs.to_vec()]), results(source, &[inputs.to_vec()]));
    }
}

#[test]
fn ranges_are_exact_for_constant_weights_and_measured_ones_win() {
    let source = r"
func.func @main(%x: tensor<2x!fhe.eint<?>> {fhe.range = array<i64: 1, 3>}, %y: i64 {fhe.range = array<i64: -2, 1>}) -> (!fhe.esint<?>, !fhe.esint<?>, !fhe.esint<?>) {
  %w = arith.constant dense<[5, -2]> : tensor<2xi64>
  %0 = fhe.dot %x, %w : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> !fhe.esint<?>
  %one = arith.constant 1 : i64
  %z = arith.addi %y, %one : i64
  %1 = fhe.mul_clear %0, %z : (!fhe.esint<?>, i64) -> !fhe.esint<?>
  %2 = fhe.neg %0 {fhe.range = array<i64: -9, 0>} : (!fhe.esint<?>) -> !fhe.esint<?>
  return %0, %1, %2 : !fhe.esint<?>, !fhe.esint<?>, !fhe.esint<?>
}";
    let context = context();
    let mut module = parse(&context, source, "test").unwrap();
    run(&context, &mut module, "builtin.module(fhe-infer-ranges)").unwrap();
    let ranges: Vec<_> = functions(&module)[0].operations().iter().filter_map(get_range).collect();
    assert_eq!(ranges, [(5 - 6, 15 - 2), (-13, 26), (-9, 0)]);
}

#[test]
fn a_measured_range_is_widened_to_what_the_table_yields() {
    let map = "%r = fhe.map %x {fhe.range = array<i64: 0, 1>} : (!fhe.eint<?>) -> !fhe.eint<?> {\n^bb0(%v: i64):\n%s = arith.muli %v, %v : i64\nfhe.yield %s : i64\n}";
    let source = scalar_program("!fhe.eint<?> {fhe.range = array<i64: 0, 5>}", map, "!fhe.eint<?>");
    let text = same_meaning(PREPARE, &source, 0..=5);
    assert!(text.contains("fhe.range = array<i64: 0, 25>"), "{text}");
}

fn lookup(of: &str, name: &str, entries: &[i64]) -> String {
    let entries: Vec<String> = entries.iter().map(i64::to_string).collect();
    format!(
        "{name} = fhe.lookup {of} {{tables = dense<[[{}]]> : tensor<1x{}xi64>}} : (!fhe.eint<?>) -> !fhe.eint<?>",
        entries.join(", "),
        entries.len()
    )
}

#[test]
fn lookups_of_lookups_become_one_where_that_does_not_cost() {
    let argument = "!fhe.eint<?> {fhe.range = array<i64: 0, 3>}";
    let chain = format!(
        "{}\n{}\n{}",
        lookup("%x", "%a", &[3, 0, 1, 2]),
        lookup("%a", "%b", &[0, 10, 20, 30]),
        lookup("%b", "%r", &(0..32).map(|v| v % 7).collect::<Vec<_>>())
    );
    let prepared = after("fhe-infer-ranges", &scalar_program(argument, &chain, "!fhe.eint<?>")).unwrap();
    let text = same_meaning("fhe-fuse-lookup-tables", &prepared, 0..=3);
    assert!(text.contains("tables = dense<[[2, 0, 3, 6]]> : tensor<1x4xi64>"), "{text}");
    assert_eq!(text.matches("fhe.lookup").count(), 1, "{text}");
    // The inner value is needed elsewhere; 2 bits before it, 2 after: the outer one looks up the input itself.
    let sum = "%r = fhe.add %a, %b : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>";
    let shared =
        format!("{}\n{}\n{sum}", lookup("%x", "%a", &[3, 0, 1, 2]), lookup("%a", "%b", &[0, 10, 20, 30]));
    let prepared = after("fhe-infer-ranges", &scalar_program(argument, &shared, "!fhe.eint<?>")).unwrap();
    let text = same_meaning("fhe-fuse-lookup-tables", &prepared, 0..=3);
    assert!(
        text.contains("dense<[[30, 0, 10, 20]]>") && text.matches("fhe.lookup %arg0").count() == 2,
        "{text}"
    );
    // A bit after it and 2 before: both stay.
    let narrow = format!(
        "{}\n{}\n{}\nreturn %a, %b, %c : !fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>\n}}",
        lookup("%x", "%a", &[0, 1, 1, 0]),
        lookup("%a", "%b", &[2, 5]),
        lookup("%a", "%c", &[5, 2])
    );
    let source =
        format!("func.func @main(%x: {argument}) -> (!fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>) {{\n{narrow}");
    let prepared = after("fhe-infer-ranges", &source).unwrap();
    let text = same_meaning("fhe-fuse-lookup-tables", &prepared, 0..=3);
    assert_eq!(text.matches("fhe.lookup %arg0").count(), 1, "{text}");
}

#[test]
fn selectors_of_fused_lookups_meet_element_by_element() {
    let source = r"
func.func @main(%x: tensor<2x!fhe.eint<1>>) -> tensor<2x!fhe.eint<?>> {
  %0 = fhe.lookup %x {tables = dense<[[1, 2], [3, 0]]> : tensor<2x2xi64>, selector = dense<[0, 1]> : tensor<2xi64>} : (tensor<2x!fhe.eint<1>>) -> tensor<2x!fhe.eint<?>>
  %1 = fhe.lookup %0 {tables = dense<[[4, 5, 6, 7], [0, 1, 2, 3]]> : tensor<2x4xi64>, selector = dense<[1, 0]> : tensor<2xi64>} : (tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.eint<?>>
  return %1 : tensor<2x!fhe.eint<?>>
}";
    let text = after("fhe-infer-ranges,fhe-fuse-lookup-tables", source).unwrap();
    assert!(
        text.contains("selector = dense<[0, 1]> : tensor<2xi64>, tables = dense<[[1, 2], [7, 4]]>"),
        "{text}"
    );
    for inputs in [vec![0, 0], vec![0, 1], vec![1, 0], vec![1, 1]] {
        assert_eq!(results(&text, std::slice::from_ref(&inputs)), results(source, &[inputs]));
    }
}

#[test]
fn linear_operations_share_a_width_and_lookups_separate_widths() {
    let source = r"
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 3>, fhe.name = @x}, %c: i64 {fhe.range = array<i64: 0, 1>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %m = arith.constant -5 : i64
  %0 = fhe.mul_clear %x, %m : (!fhe.eint<?>, i64) -> !fhe.esint<?>
  %1 = fhe.add_clear %0, %c : (!fhe.esint<?>, i64) -> !fhe.esint<?>
  %2 = fhe.lookup %x {tables = dense<[[0, 1, 1, 0]]> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
  %3 = fhe.lookup %1 {tables = dense<7> : tensor<1x32xi64>} : (!fhe.esint<?>) -> !fhe.eint<?>
  return %2, %3 : !fhe.eint<?>, !fhe.eint<?>
}"
    .replace(", fhe.name = @x", "");
    let text = after("fhe-infer-ranges,fhe-infer-bit-widths", &source).unwrap();
    assert!(text.contains("(%arg0: !fhe.eint<5> {fhe.range = array<i64: 0, 3>}, %arg1: i64 {fhe.range = array<i64: 0, 1>}) -> (!fhe.eint<1> {fhe.range = array<i64: 0, 1>}, !fhe.eint<3> {fhe.range = array<i64: 7, 7>})"), "{text}");
    assert!(text.contains("(!fhe.eint<5>, i64) -> !fhe.esint<5>"), "{text}");
    // The lookup of the narrower value brings it to its own width.
    assert!(text.contains(" : (!fhe.eint<5>) -> !fhe.eint<2>"), "{text}");
    assert!(text.contains("dense<[[0, 1, 1, 0]]>"), "{text}");
    for inputs in (0..8).map(|i| [vec![i & 3], vec![i >> 2]]) {
        assert_eq!(results(&text, &inputs), results(&source, &inputs));
    }
}

#[test]
fn declared_widths_stay() {
    let source = "func.func @main(%x: !fhe.esint<6> {fhe.range = array<i64: 0, 3>}) -> !fhe.esint<6> {\n%r = fhe.neg %x : (!fhe.esint<6>) -> !fhe.esint<6>\nreturn %r : !fhe.esint<6>\n}";
    let text = after("fhe-infer-ranges,fhe-infer-bit-widths", source).unwrap();
    assert!(text.contains("(%arg0: !fhe.esint<6> {fhe.range = array<i64: 0, 3>}) -> (!fhe.esint<6> {fhe.range = array<i64: -3, 0>})"), "{text}");
}

#[test]
fn host_functions_are_tabulated() {
    struct Triple;
    impl HostFunctions for Triple {
        fn call(&self, function: i64, inputs: &[&Column]) -> Result<Column, String> {
            match inputs {
                [Column::Int(values)] if function == 7 => {
                    Ok(Column::Int(values.iter().map(|v| v * 3).collect()))
                }
                _ => Err("not this one".into()),
            }
        }
    }
    let map = "%r = fhe.map %x : (!fhe.eint<2>) -> !fhe.eint<?> {\n^bb0(%v: i64):\n%s = fhe.call_host 7(%v) : (i64) -> i64\nfhe.yield %s : i64\n}";
    let source = scalar_program("!fhe.eint<2>", map, "!fhe.eint<?>");
    let context = context();
    let module = parse(&context, &source, "test").unwrap();
    infer_ranges(&context, module.as_operation(), &Triple).unwrap();
    build_tables(&context, module.as_operation(), &Triple).unwrap();
    let text = module.as_operation().to_string();
    assert!(text.contains("dense<[[0, 3, 6, 9]]>"), "{text}");
    let unknown = parse(&context, &source, "test").unwrap();
    let (result, messages) =
        with_diagnostics(&context, || infer_ranges(&context, unknown.as_operation(), &NoHostFunctions));
    assert!(
        result.is_err() && messages[0].message.contains("host function 7 is not known here"),
        "{messages:?}"
    );
}

#[test]
fn ranges_hold_for_arguments_and_results() {
    let source = scalar_program(
        "!fhe.eint<3>",
        &square("%x", "%r", "!fhe.eint<?>").replace("(!fhe.eint<?>)", "(!fhe.eint<3>)"),
        "!fhe.eint<?>",
    );
    let context = context();
    let mut module = parse(&context, &source, "test").unwrap();
    run(&context, &mut module, PREPARE).unwrap();
    run(&context, &mut module, FHE).unwrap();
    let function = functions(&module)[0];
    let range = |side| function.attribute(side, 0, RANGE).and_then(read_range);
    assert_eq!((range(Side::Argument), range(Side::Result)), (Some((0, 7)), Some((0, 49))));
}
