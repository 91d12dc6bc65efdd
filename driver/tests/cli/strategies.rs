//! Ways of computing functions of several encrypted values, named on the command line.

use crate::fixture::{CLOAKWORK, Place, fail, succeed};

/// Each function of two values from 0 to 7, in one result.
const PROGRAM: &str = r#"
func.func @main(%x: !fhe.eint<?> {fhe.name = "x", fhe.range = array<i64: 0, 7>}, %y: !fhe.eint<?> {fhe.name = "y", fhe.range = array<i64: 0, 7>})
    -> (OUT {fhe.name = "z"}) {
  %0 = BODY
  return %0 : OUT
}
"#;

#[test]
fn ways_of_computing() {
    let place = Place::new();
    let pair = |name: &str| format!("fhe.{name} %x, %y : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>");
    let cases = [
        ("--comparison", ["sign", "table"], pair("compare"), "1"),
        ("--products", ["quarter-squares", "packed"], pair("mul"), "15"),
        ("--bitwise", ["packed", "chunks-1"], pair("xor"), "6"),
        ("--shifts", ["packed", "bits"], pair("shift_left"), "96"),
        ("--min-max", ["table", "chunks-2"], pair("min"), "3"),
    ];
    for (option, ways, body, expected) in cases {
        let body =
            if option == "--comparison" { body.replace("%y :", "%y {predicate = \"lt\"} :") } else { body };
        let text = place.write("pair.mlir", PROGRAM.replace("BODY", &body).replace("OUT", "!fhe.eint<?>"));
        let texts = ways.map(|way| {
            let program = place.at("program");
            succeed(CLOAKWORK, &["compile", &text, "-o", &program, option, way]);
            let found =
                succeed(CLOAKWORK, &["simulate", "--program", &program, "--value", "3", "--value", "5"]);
            assert_eq!(found, format!("z = {expected}\n"), "{option} {way}");
            succeed(CLOAKWORK, &["compile", &text, "--emit", "fhe", option, way])
        });
        assert_ne!(texts[0], texts[1], "{option}");
    }
}

#[test]
fn ways_that_there_are_not() {
    let place = Place::new();
    let text = place.write("pair.mlir", PROGRAM);
    let message = fail(CLOAKWORK, &["compile", &text, "--emit", "fhe", "--shifts", "sign"], 2);
    for part in ["'sign'", "--shifts", "auto, packed, bits"] {
        assert!(message.contains(part), "{message}");
    }
}
