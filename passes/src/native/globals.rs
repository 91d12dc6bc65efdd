//! What a module of machine code has besides the functions of the program: constant arrays, which are weights and tables, equal
//! ones once; and numbers for the functions that sums become.

use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use melior::ir::attribute::{DenseElementsAttribute, TypeAttribute};
use melior::ir::r#type::{IntegerType, RankedTensorType};
use melior::ir::{Attribute, Region, Type};
use ndarray::{ArrayD, IxDyn};
use std::collections::HashMap;

/// The constants defined so far.
pub(super) struct Globals<'c, 'a> {
    /// Where definitions go.
    outer: Builder<'c, 'a>,
    names: HashMap<Content, String>,
    functions: usize,
}

#[derive(PartialEq, Eq, Hash)]
enum Content {
    Words(Vec<i64>),
    Selector(Vec<i32>),
}

impl<'c: 'a, 'a> Globals<'c, 'a> {
    /// None yet; definitions go where `outer` inserts.
    pub(super) fn new(outer: Builder<'c, 'a>) -> Self {
        Self { outer, names: HashMap::new(), functions: 0 }
    }

    /// Name of a function that does a part of `name`.
    pub(super) fn next_function(&mut self, name: &str) -> String {
        self.functions += 1;
        format!("cloakwork_sum_{name}_{}", self.functions - 1)
    }

    /// Name of an array of words.
    pub(super) fn words(&mut self, values: Vec<i64>) -> String {
        let dense = |values: &[i64]| {
            let array =
                ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).expect("one dimension");
            attr::dense_i64(self.outer.context, &array)
        };
        let (ty, value) = (format!("!llvm.array<{} x i64>", values.len()), dense(&values));
        self.define(Content::Words(values), &ty, value)
    }

    /// Name of an array of 32-bit table numbers.
    pub(super) fn selector(&mut self, values: &ArrayD<i64>) -> String {
        let narrow: Vec<i32> = values.iter().map(|&value| value as i32).collect();
        let element = IntegerType::new(self.outer.context, 32).into();
        let tensor = RankedTensorType::new(&[narrow.len() as u64], element, None).into();
        let dense = DenseElementsAttribute::i32_values(tensor, &narrow).into();
        let ty = format!("!llvm.array<{} x i32>", narrow.len());
        self.define(Content::Selector(narrow), &ty, dense)
    }

    fn define(&mut self, content: Content, ty: &str, value: Attribute<'c>) -> String {
        if let Some(name) = self.names.get(&content) {
            return name.clone();
        }
        let context = self.outer.context;
        let name = format!("cloakwork_constant_{}", self.names.len());
        let parse = |text: &str| Attribute::parse(context, text).expect("an attribute of the llvm dialect");
        let attributes = [
            ("sym_name", attr::string(context, &name)),
            ("global_type", TypeAttribute::new(Type::parse(context, ty).expect("an llvm array")).into()),
            ("linkage", parse("#llvm.linkage<internal>")),
            ("constant", Attribute::unit(context)),
            ("value", value),
            ("addr_space", parse("0 : i32")),
            ("alignment", attr::i64(context, 64)),
        ];
        self.outer.raw("llvm.mlir.global", &[], &[], &attributes, vec![Region::new()]);
        self.names.insert(content, name.clone());
        name
    }
}
