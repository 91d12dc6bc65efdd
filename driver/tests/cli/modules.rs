//! Modules of several functions, and programs that are compiled for the keys of others.

use crate::fixture::{CLOAKWORK, Place, compiled, fail, start, succeed};

/// `square` of a small number, and `mix`, which takes what `square` gave along with another number.
const MODULE: &str = r#"
module attributes {fhe.composition = ["square:0 -> mix:0"]} {
  func.func @square(%x: !fhe.eint<?> {fhe.name = "x", fhe.range = array<i64: 0, 3>})
      -> (!fhe.eint<?> {fhe.name = "squared"}) {
    %0 = fhe.map %x : (!fhe.eint<?>) -> !fhe.eint<?> {
    ^bb0(%v: i64):
      %m = arith.muli %v, %v : i64
      fhe.yield %m : i64
    }
    return %0 : !fhe.eint<?>
  }
  func.func @mix(%a: !fhe.eint<?> {fhe.name = "a", fhe.range = array<i64: 0, 9>},
                 %b: !fhe.eint<?> {fhe.name = "b", fhe.range = array<i64: 0, 4>})
      -> (!fhe.eint<?> {fhe.name = "mixed"}) {
    %0 = fhe.add %a, %b : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    %1 = fhe.map %0 : (!fhe.eint<?>) -> !fhe.eint<?> {
    ^bb0(%v: i64):
      %two = arith.constant 2 : i64
      %m = arith.divsi %v, %two : i64
      fhe.yield %m : i64
    }
    return %1 : !fhe.eint<?>
  }
}
"#;

/// Another program for what `square` gives: its argument has the width that the module has.
const TRIPLE: &str = "
func.func @triple(%x: !fhe.eint<?> {fhe.name = \"x\", fhe.range = array<i64: 0, 3>}) -> !fhe.eint<?> {
  %0 = fhe.map %x : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %three = arith.constant 3 : i64
    %m = arith.muli %v, %three : i64
    fhe.yield %m : i64
  }
  return %0 : !fhe.eint<?>
}
";

#[test]
fn two_functions_and_their_composition() {
    let place = Place::new();
    let (text, program, keys) = (place.write("two.mlir", MODULE), place.at("two"), place.at("keys"));
    let report = start(CLOAKWORK, &["compile", &text, "-o", &program, "--report"]);
    assert!(report.status.success(), "{report:?}");
    let report = String::from_utf8(report.stderr).unwrap();
    for part in
        ["program  2 functions", "function  square", "function  mix", "for each run of every function"]
    {
        assert!(report.contains(part), "{report}");
    }
    succeed(CLOAKWORK, &["keygen", &program, "-o", &keys]);
    let (secret, evaluation) = (format!("{keys}/secret.key"), format!("{keys}/evaluation.key"));
    let (x, squared, b, mixed) =
        (place.at("x.ct"), place.at("squared.ct"), place.at("b.ct"), place.at("mixed.ct"));
    let (client, server) =
        (["--program", &program, "--secret", &secret], ["--program", &program, "--keys", &evaluation]);
    let square = ["--function", "square"];
    let mix = ["--function", "mix"];
    succeed(CLOAKWORK, &[&["encrypt"], &client[..], &square, &["--value", "3", "-o", &x]].concat());
    succeed(CLOAKWORK, &[&["run"], &server[..], &square, &["--input", &x, "-o", &squared]].concat());
    let only_b = ["--argument", "b", "--value", "4", "-o", &b];
    succeed(CLOAKWORK, &[&["encrypt"], &client[..], &mix, &only_b].concat());
    // `b` is known by its name, what `square` gave takes the place that is left.
    for inputs in [[&squared, &b], [&b, &squared]] {
        let inputs = ["--input", inputs[0], "--input", inputs[1], "-o", &mixed];
        succeed(CLOAKWORK, &[&["run"], &server[..], &mix, &inputs].concat());
        let decrypt = [&["decrypt"], &client[..], &mix, &["--input", &mixed]].concat();
        assert_eq!(succeed(CLOAKWORK, &decrypt), "mixed = 6\n");
    }
    let simulate = ["simulate", "--program", &program, "--value", "9", "--value", "4"];
    assert_eq!(succeed(CLOAKWORK, &[&simulate[..], &mix].concat()), "mixed = 6\n");
    // The spec alone serves a client too.
    let spec = place.write("two.json", succeed(CLOAKWORK, &["inspect", &program, "--json"]));
    let decrypt = ["decrypt", "--program", &spec, "--secret", &secret, "--input", &squared];
    assert_eq!(succeed(CLOAKWORK, &[&decrypt[..], &square].concat()), "squared = 9\n");

    let message = fail(CLOAKWORK, &[&simulate[..], &["--function", "third"]].concat(), 1);
    assert!(message.contains("no function `third`; the program has `square`, `mix`"), "{message}");
    for command in [&simulate[..], &[&["run"], &server[..], &["--input", &x, "-o", &mixed]].concat()] {
        let message = fail(CLOAKWORK, command, 1);
        assert!(message.contains("several functions") && message.contains("`square`, `mix`"), "{message}");
    }
    let message =
        fail(CLOAKWORK, &[&["run"], &server[..], &mix, &["--input", &squared, "-o", &mixed]].concat(), 1);
    assert!(message.contains("values 1, the program takes 2"), "{message}");
    let wrong = ["--argument", "c", "--value", "4", "-o", &b];
    let message = fail(CLOAKWORK, &[&["encrypt"], &client[..], &mix, &wrong].concat(), 1);
    assert!(message.contains("`--argument c`") && message.contains("it has `a`, `b`"), "{message}");
    let exe = ["compile", &text, "-o", &mixed, "--emit", "exe", "--runtime", &program];
    let message = fail(CLOAKWORK, &exe, 1);
    assert!(message.contains("cloakwork_entry_mix") && message.contains("shared"), "{message}");
}

#[test]
fn text_of_every_level_compiles_to_the_same_module() {
    let place = Place::new();
    let (text, program) = (place.write("two.mlir", MODULE), place.at("two"));
    succeed(CLOAKWORK, &["compile", &text, "-o", &program]);
    for level in ["fhe", "tfhe", "llvm"] {
        let (stage, again) = (place.at(&format!("{level}.mlir")), place.at(level));
        succeed(CLOAKWORK, &["compile", &text, "-o", &stage, "--emit", level]);
        succeed(CLOAKWORK, &["compile", &stage, "-o", &again]);
        assert_eq!(std::fs::read(&again).unwrap(), std::fs::read(&program).unwrap(), "{level}");
    }
}

#[test]
fn one_client_key_for_several_programs() {
    let (first, place) = (compiled(), Place::new());
    let (text, spec) = (place.write("triple.mlir", TRIPLE), place.at("net.json"));
    std::fs::write(&spec, succeed(CLOAKWORK, &["inspect", &first.program, "--json"])).unwrap();
    let mut programs = vec![];
    for keys_of in [&first.program, &spec, &first.secret, &first.evaluation] {
        let program = place.at(&format!("triple{}", programs.len()));
        succeed(CLOAKWORK, &["compile", &text, "-o", &program, "--keys-of", keys_of]);
        programs.push(program);
    }
    let bytes: Vec<Vec<u8>> = programs.iter().map(|program| std::fs::read(program).unwrap()).collect();
    assert!(bytes.iter().all(|program| *program == bytes[0]), "the same keys, the same program");
    let (program, input, output) = (&programs[0], place.at("in.ct"), place.at("out.ct"));
    let client = ["--program", program, "--secret", &first.secret];
    succeed(CLOAKWORK, &[&["encrypt"], &client[..], &["--value", "3", "-o", &input]].concat());
    let run = ["run", "--program", program, "--keys", &first.evaluation, "--input", &input, "-o", &output];
    succeed(CLOAKWORK, &run);
    assert_eq!(
        succeed(CLOAKWORK, &[&["decrypt"], &client[..], &["--input", &output]].concat()),
        "out0 = 9\n"
    );

    let compile = |more: &[&str]| {
        fail(CLOAKWORK, &[&["compile", &text, "-o", &place.at("no"), "--keys-of"], more].concat(), 1)
    };
    let message = compile(&[&first.input]);
    assert!(message.contains("the file holds Values"), "{message}");
    let message = compile(&[&text]);
    assert!(message.contains("neither a compiled program nor a spec"), "{message}");
    let wide = place.write("wide.mlir", TRIPLE.replace("0, 3>", "0, 255>"));
    let message = fail(CLOAKWORK, &["compile", &wide, "-o", &place.at("no"), "--keys-of", &first.program], 1);
    assert!(message.contains("wide.mlir:3:") && message.contains("8 bits"), "{message}");
    let message = compile(&[&first.program, "--noise", "tuniform", "--security", "132"]);
    assert!(message.contains("TUniform") || message.contains("tuniform"), "{message}");
    let tfhe = place.at("tfhe.mlir");
    succeed(CLOAKWORK, &["compile", &text, "-o", &tfhe, "--emit", "tfhe"]);
    let again = ["compile", &tfhe, "-o", &place.at("no"), "--keys-of", &first.program];
    let message = fail(CLOAKWORK, &again, 1);
    assert!(message.contains("has its parameters already"), "{message}");
}

#[test]
fn wishes_about_parameters() {
    let place = Place::new();
    let text = place.write("triple.mlir", TRIPLE);
    let spec = |options: &[&str]| {
        let text = succeed(CLOAKWORK, &[&["compile", &text, "--emit", "spec"], options].concat());
        cloakwork::ModuleSpec::from_json(&text).unwrap()
    };
    let safe = spec(&["--preset", "ind-cpa-d"]);
    assert!(safe.error().p_error <= 2f64.powi(-128), "{:?}", safe.error());
    assert_eq!(spec(&["--preset", "default"]), spec(&[]));
    let uniform = spec(&["--noise", "tuniform", "--security", "132"]);
    let families: Vec<_> = uniform.keyset().secret_keys.iter().map(|key| key.noise.family()).collect();
    assert!(families.iter().all(|family| *family == cloakwork::NoiseFamily::TUniform), "{families:?}");
    let bounded = spec(&["--restrict", "lwe_dimension=900..1000, grouping=1, extension=1"]);
    let small = bounded.keyset().secret_keys.iter().map(|key| key.shape.lwe_dimension().0).min();
    assert!((900..=1000).contains(&small.unwrap()), "{small:?}");

    let explained = start(CLOAKWORK, &["compile", &text, "--emit", "spec", "--explain-parameters"]);
    let explanation = String::from_utf8(explained.stderr).unwrap();
    assert!(explained.status.success() && explanation.contains("fhe.lookup"), "{explanation}");
    assert_eq!(explained.stdout, succeed(CLOAKWORK, &["compile", &text, "--emit", "spec"]).into_bytes());
    for (options, code, parts) in [
        (&["--preset", "safe"][..], 2, &["`preset` is `safe`", "`default`, `ind-cpa-d`"][..]),
        (&["--preset", "default", "--p-error", "0.1"], 2, &["--preset", "cannot be used with"]),
        (&["--noise", "tuniform"], 1, &["TUniform noise has a published curve for 132 bits only"]),
        (&["--noise", "white"], 2, &["`noise` is `white`", "`gaussian`, `tuniform`"]),
        (&["--restrict", "speed=9"], 1, &["names `speed`; allowed are `bootstrap_base_log`"]),
        (&["--restrict", "grouping=3"], 1, &["`grouping=3`", "allowed is `1`, `2`"]),
        (&["--restrict", "grouping={}"], 1, &["has the character `{`", "write a list such as"]),
        (&["--restrict", "lwe_dimension=10..20"], 1, &["no "]),
        (&["--restrict", "grouping=1", "--keys-of", "net"], 2, &["cannot be used with"]),
    ] {
        let message = fail(CLOAKWORK, &[&["compile", &text, "--emit", "spec"], options].concat(), code);
        parts.iter().for_each(|part| assert!(message.contains(part), "{options:?}: {message}"));
    }
}
