//! Files that somebody made up: an error or a model that can be computed, never a panic, and no memory beyond what their
//! length explains.

use super::computed::{cases, folder};
use super::fuzz::{digest, mutated};
use cloakwork_frontend::onnx::{ImportOptions, import};
use proptest::prelude::*;
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto,
};
use std::collections::BTreeSet;

/// An operator, its operands as vectors of integers, its attributes.
type OneNode<'s> = (&'s str, Vec<Vec<i64>>, Vec<AttributeProto>);

/// The smallest files of each sort.
fn small_files() -> Vec<Vec<u8>> {
    let names: BTreeSet<String> =
        cases("operators").iter().map(|case| case["name"].as_str().unwrap().to_owned()).collect();
    names.iter().map(|name| std::fs::read(folder().join(format!("operators/{name}.onnx"))).unwrap()).collect()
}

#[test]
fn files_that_are_cut_off_are_refused() {
    for file in small_files() {
        for length in 0..file.len() {
            digest(&file[..length]);
        }
        assert!(digest(&file));
    }
}

#[test]
fn every_byte_may_be_wrong() {
    for (number, file) in small_files().iter().enumerate() {
        let mut file = file.clone();
        for at in 0..file.len() {
            // Of each file other bits, so that all are seen.
            for flip in [1 << (at % 8), 0x80, 0xff, (number as u8) | 1] {
                file[at] ^= flip;
                digest(&file);
                file[at] ^= flip;
            }
        }
    }
}

/// Parts of models put together anew; `scripts/fuzz onnx` goes on from there.
#[test]
fn made_up_files_do_no_harm() {
    let files = small_files();
    let models = (0..20_000).filter(|&seed| digest(&mutated(&files, seed))).count();
    assert!((300..19_000).contains(&models), "{models} of them are models");
}

/// What did harm once.
#[test]
fn found_files_do_no_harm() {
    for entry in std::fs::read_dir(folder().join("hostile")).unwrap() {
        digest(&std::fs::read(entry.unwrap().path()).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_sort_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        digest(&bytes);
    }

    #[test]
    fn several_bytes_may_be_wrong(which in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let files = FILES.with(Clone::clone);
        let mut file = files[which.index(files.len())].clone();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        digest(&file);
    }
}

thread_local! {
    static FILES: std::rc::Rc<Vec<Vec<u8>>> = std::rc::Rc::new(small_files());
}

#[test]
fn graphs_in_graphs_are_refused() {
    // A graph in an attribute of a node of a graph, and so on, written from behind: deeper than any stack.
    let mut backwards: Vec<u8> = Vec::new();
    for level in 0..300_000 {
        let mut length = backwards.len();
        let mut digits = vec![];
        while length > 127 {
            digits.push((length & 127) as u8 | 128);
            length >>= 7;
        }
        digits.push(length as u8);
        backwards.extend(digits.iter().rev());
        backwards.push([0x32, 0x2a, 0x0a][level % 3]);
    }
    let mut length = backwards.len();
    let mut file = vec![0x3a];
    while length > 127 {
        file.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    file.push(length as u8);
    file.extend(backwards.iter().rev());
    let error = import(&file, &ImportOptions::default()).unwrap_err();
    assert!(error.to_string().contains("nest"), "{error}");
    let mut deep = GraphProto::default();
    for _ in 0..200 {
        let attribute =
            AttributeProto { name: Some("body".into()), g: Some(deep), ..AttributeProto::default() };
        let node =
            NodeProto { attribute: vec![attribute], op_type: Some("If".into()), ..NodeProto::default() };
        deep = GraphProto { node: vec![node], ..GraphProto::default() };
    }
    let model = ModelProto { graph: Some(deep), ..ModelProto::default() };
    let error = import(&model.write_buf().unwrap(), &ImportOptions::default()).unwrap_err();
    assert!(error.to_string().contains("nest"), "{error}");
}

/// A file of some bytes that asks for more memory than there is, in many ways.
#[test]
fn large_results_of_small_files_are_refused() {
    let big = vec![1 << 20, 1 << 20];
    let attribute = |name: &str, ints: Vec<i64>| AttributeProto {
        name: Some(name.into()),
        ints,
        r#type: Some(AttributeType::INTS),
        ..AttributeProto::default()
    };
    let one = vec![1i64];
    let cases: Vec<OneNode> = vec![
        ("ConstantOfShape", vec![big.clone()], vec![]),
        ("Expand", vec![one.clone(), big.clone()], vec![]),
        ("Tile", vec![one.clone(), vec![1 << 40]], vec![]),
        ("Tile", vec![one.clone(), vec![i64::MAX]], vec![]),
        ("Range", vec![vec![0], vec![1 << 50], vec![1]], vec![]),
        ("Pad", vec![one.clone(), vec![1 << 40, 1 << 40]], vec![]),
        ("Pad", vec![one.clone(), vec![i64::MAX, i64::MAX]], vec![]),
        ("OneHot", vec![one.clone(), vec![1 << 27], vec![0, 1]], vec![]),
        ("Upsample", vec![one.clone(), vec![1 << 16]], vec![]),
        ("Unsqueeze", vec![one.clone(), vec![0; 100]], vec![]),
        ("Reshape", vec![one.clone(), vec![1; 4000]], vec![]),
        ("Reshape", vec![one.clone(), vec![0, i64::MAX, i64::MAX]], vec![]),
        ("Split", vec![one.clone()], vec![attribute("split", vec![i64::MAX, i64::MAX, 3])]),
        ("Concat", vec![one.clone(); 3], vec![attribute("axis", vec![])]),
        ("Slice", vec![one.clone(), vec![i64::MIN], vec![i64::MAX], vec![0], vec![i64::MIN]], vec![]),
        ("GatherND", vec![one.clone(), vec![]], vec![]),
        ("EyeLike", vec![one], vec![]),
    ];
    for (operator, constants, attributes) in cases {
        let names: Vec<String> = (0..constants.len()).map(|i| format!("c{i}")).collect();
        let initializer = |(name, values): (&String, Vec<i64>)| TensorProto {
            name: Some(name.clone()),
            dims: vec![values.len() as i64],
            data_type: Some(DataType::INT64),
            int64_data: values,
            ..TensorProto::default()
        };
        let node = |input: Vec<String>, output: &str| NodeProto {
            op_type: Some(operator.into()),
            input,
            output: vec![output.into()],
            attribute: attributes.clone(),
            ..NodeProto::default()
        };
        // The second node makes the result of the first still larger.
        let mut again = names.clone();
        again[0] = "y".into();
        let graph = GraphProto {
            initializer: names.iter().zip(constants).map(initializer).collect(),
            node: vec![node(names.clone(), "y"), node(again, "z")],
            ..GraphProto::default()
        };
        let opset = OperatorSetIdProto { domain: None, version: Some(13) };
        let model = ModelProto { graph: Some(graph), opset_import: vec![opset], ..ModelProto::default() };
        let bytes = model.write_buf().unwrap();
        let error = import(&bytes, &ImportOptions::default()).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}
