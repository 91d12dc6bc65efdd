//! Tables of costs: measured, refused, and what they change.

use crate::fixture::{CLOAKWORK, IR_OPT, PROGRAM, Place, fail, succeed};
use cloakwork::CostModel;
use std::fs;

#[test]
fn a_measured_table_serves_the_compiler() {
    let place = Place::new();
    let (program, costs) = (place.write("net.mlir", PROGRAM), place.at("costs.json"));
    succeed(CLOAKWORK, &["calibrate", "--seconds", "1", "-o", &costs]);
    let measured = fs::read_to_string(&costs).unwrap();
    let table = CostModel::from_json(&measured).unwrap();
    let positive = table
        .bootstraps()
        .all(|entry| entry.step(1, cloakwork_abi::parameters::ExtensionFactor(1), 16.0) > 0.0);
    assert!(positive && table.linear_word_ns > 0.0, "{measured}");
    let text = succeed(CLOAKWORK, &["compile", &program, "--emit", "tfhe", "--cost-table", &costs]);
    assert!(text.contains("tfhe.bootstrap_key"), "{text}");

    let message = fail(CLOAKWORK, &["calibrate", "--seconds", "1", "-o", &costs], 1);
    assert!(message.contains("is there already") && message.contains("--force"), "{message}");
    assert_eq!(fs::read_to_string(&costs).unwrap(), measured);
    assert_eq!(place.names(), ["costs.json", "net.mlir"]);
}

#[test]
fn parameters_follow_the_table() {
    let place = Place::new();
    let program = place.write("net.mlir", PROGRAM);
    for size in [2048, 4096] {
        let mut table = CostModel::avx512();
        table.bootstraps.retain(|entry| (entry.dimension.0, entry.polynomial_size.0) == (1, size));
        let costs = place.write("costs.json", table.to_json());
        let wanted = format!("polynomial_size = {size} : i64");
        let compile = ["compile", &program, "--emit", "tfhe", "--cost-table", &costs];
        let ir_opt = [
            "--pipeline",
            "prepare",
            "--pipeline",
            "fhe",
            "--pipeline",
            "parameters",
            "--cost-table",
            &costs,
            &program,
        ];
        for text in [succeed(CLOAKWORK, &compile), succeed(IR_OPT, &ir_opt)] {
            assert!(text.contains(&wanted) && !text.contains("cost_table"), "{text}");
        }
    }
}

#[test]
fn what_is_no_table_is_refused() {
    let place = Place::new();
    let program = place.write("net.mlir", PROGRAM);
    let costs = place.write("costs.json", "{}");
    for message in [
        fail(CLOAKWORK, &["compile", &program, "--emit", "tfhe", "--cost-table", &costs], 1),
        fail(IR_OPT, &["--pipeline", "all", "--cost-table", &costs, &program], 1),
    ] {
        assert!(
            message.contains("costs.json` is no cost table") && message.contains("calibrate"),
            "{message}"
        );
    }
    let passes = "builtin.module(fhe-optimize-parameters{cost-table=abacus})";
    let message = fail(IR_OPT, &["--pass-pipeline", passes, &program], 1);
    assert!(message.contains("`cost-table` is `abacus`") && message.contains("`avx512`"), "{message}");
    let carried = place.write("carried.mlir", "module attributes {cloakwork.cost_table = \"{}\"} {}");
    let message = fail(IR_OPT, &["--pass-pipeline", "builtin.module(fhe-optimize-parameters)", &carried], 1);
    assert!(message.contains("the module's `cloakwork.cost_table` is refused"), "{message}");
}
