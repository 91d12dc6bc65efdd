//! Builds operations of a function, one after the other.

use crate::attributes as attr;
use crate::fhe::Lookup;
use crate::linear::Linear;
use crate::types::{Element, ValueType};
use melior::Context;
use melior::ir::attribute::TypeAttribute;
use melior::ir::block::BlockLike;
use melior::ir::operation::{OperationBuilder, OperationLike};
use melior::ir::r#type::FunctionType;
use melior::ir::{
    Attribute, Block, BlockRef, Identifier, Location, Module, Operation, OperationRef, Region, RegionLike,
    Type, Value, ValueLike,
};
use ndarray::ArrayD;

/// Inserts operations at the end of a block, or before an operation, at a current location.
#[derive(Clone, Copy, Debug)]
pub struct Builder<'c, 'a> {
    /// Where types and attributes live.
    pub context: &'c Context,
    /// Where operations go.
    pub block: BlockRef<'c, 'a>,
    /// Location of what is built next.
    pub location: Location<'c>,
    before: Option<OperationRef<'c, 'a>>,
}

impl<'c: 'a, 'a> Builder<'c, 'a> {
    /// Appends to a block.
    pub fn at_end(context: &'c Context, block: BlockRef<'c, 'a>, location: Location<'c>) -> Self {
        Self { context, block, location, before: None }
    }

    /// Inserts before an operation, at its location.
    pub fn before(context: &'c Context, op: OperationRef<'c, 'a>) -> Self {
        let block = op.block().expect("verified: the op stands in a block");
        Self { context, block, location: op.location(), before: Some(op) }
    }

    /// The same place, another location.
    pub fn at(self, location: Location<'c>) -> Self {
        Self { location, ..self }
    }

    /// Appends `@name` with those argument types to a module; the result types follow from
    /// [`Self::finish_function`]. Returns a builder for its body and the arguments.
    pub fn function(
        module: &'a Module<'c>,
        context: &'c Context,
        name: &str,
        arguments: &[ValueType],
        location: Location<'c>,
    ) -> (Self, Vec<Value<'c, 'a>>) {
        let types: Vec<(Type<'c>, Location<'c>)> =
            arguments.iter().map(|ty| (ty.to_mlir(context), location)).collect();
        let region = Region::new();
        region.append_block(Block::new(&types));
        let inputs: Vec<Type<'c>> = types.iter().map(|(ty, _)| *ty).collect();
        let op = OperationBuilder::new("func.func", location)
            .add_attributes(&[
                (Identifier::new(context, "sym_name"), attr::string(context, name)),
                (
                    Identifier::new(context, "function_type"),
                    TypeAttribute::new(FunctionType::new(context, &inputs, &[]).into()).into(),
                ),
            ])
            .add_regions([region])
            .build()
            .expect("a function has no operands");
        let op = module.body().append_operation(op);
        // SAFETY: the op now belongs to the module, which lives for 'a.
        let op: OperationRef<'c, 'a> = unsafe { OperationRef::from_raw(op.to_raw()) };
        let body = op.region(0).ok().and_then(|region| region.first_block()).expect("built above");
        let builder = Self::at_end(context, body, location);
        let values = (0..arguments.len()).filter_map(|i| body.argument(i).ok()).map(Into::into).collect();
        (builder, values)
    }

    /// Returns `values` and sets the function's type accordingly.
    pub fn finish_function(self, values: &[Value<'c, 'a>]) -> crate::function::Function<'c, 'a> {
        self.raw("func.return", values, &[], &[], vec![]);
        let op = self.block.parent_operation().expect("the block belongs to a function");
        let function = crate::function::Function { op, body: self.block };
        function.update_signature(self.context);
        function
    }

    /// Any operation.
    pub fn raw(
        &self,
        name: &str,
        operands: &[Value<'c, 'a>],
        results: &[Type<'c>],
        attributes: &[(&str, Attribute<'c>)],
        regions: Vec<Region<'c>>,
    ) -> OperationRef<'c, 'a> {
        let attributes: Vec<_> =
            attributes.iter().map(|(name, value)| (Identifier::new(self.context, name), *value)).collect();
        let op = OperationBuilder::new(name, self.location)
            .add_operands(operands)
            .add_results(results)
            .add_attributes(&attributes)
            .add_regions_vec(regions)
            .build();
        self.insert(op.expect("all results are given"))
    }

    /// Any operation with one result.
    pub fn op(
        &self,
        name: &str,
        operands: &[Value<'c, 'a>],
        result: Type<'c>,
        attributes: &[(&str, Attribute<'c>)],
    ) -> Value<'c, 'a> {
        crate::walk::result(self.raw(name, operands, &[result], attributes, vec![]))
    }

    /// A linear operation of `dialect` (`fhe` or `tfhe`).
    pub fn linear(
        &self,
        dialect: &str,
        op: &Linear,
        operands: &[Value<'c, 'a>],
        result: &ValueType,
    ) -> Value<'c, 'a> {
        let name = format!("{dialect}.{}", op.mnemonic());
        self.op(&name, operands, result.to_mlir(self.context), &op.attributes(self.context))
    }

    /// `fhe.lookup`
    pub fn lookup(&self, lookup: &Lookup, input: Value<'c, 'a>, result: &ValueType) -> Value<'c, 'a> {
        let attributes = lookup_attributes(self.context, lookup);
        self.op("fhe.lookup", &[input], result.to_mlir(self.context), &attributes)
    }

    /// `fhe.map`: `body` gets a builder and the scalar arguments and returns the scalar result.
    pub fn map(
        &self,
        inputs: &[Value<'c, 'a>],
        result: &ValueType,
        body: impl FnOnce(&Builder<'c, 'a>, &[Value<'c, 'a>]) -> Value<'c, 'a>,
    ) -> Value<'c, 'a> {
        let arguments: Vec<_> =
            inputs.iter().map(|input| (scalar_type(self.context, input.r#type()), self.location)).collect();
        let region = Region::new();
        let block = region.append_block(Block::new(&arguments));
        // SAFETY: the block belongs to the region, which becomes part of the op below.
        let block: BlockRef<'c, 'a> = unsafe { BlockRef::from_raw(block.to_raw()) };
        let inner = Builder::at_end(self.context, block, self.location);
        let scalars: Vec<Value<'c, 'a>> =
            (0..inputs.len()).filter_map(|i| block.argument(i).ok()).map(Into::into).collect();
        let value = body(&inner, &scalars);
        inner.raw("fhe.yield", &[value], &[], &[], vec![]);
        crate::walk::result(self.raw("fhe.map", inputs, &[result.to_mlir(self.context)], &[], vec![region]))
    }

    /// `arith.constant` of a clear integer tensor; a scalar for rank 0.
    pub fn clear(&self, value: &ArrayD<i64>) -> Value<'c, 'a> {
        if value.ndim() == 0 {
            return self.int(value.first().copied().unwrap_or_default());
        }
        let ty = ValueType::new(Element::Clear, value.shape()).to_mlir(self.context);
        self.op("arith.constant", &[], ty, &[("value", attr::dense_i64(self.context, value))])
    }

    /// `arith.constant` of a clear real tensor; a scalar for rank 0.
    pub fn clear_real(&self, value: &ArrayD<f64>) -> Value<'c, 'a> {
        if value.ndim() == 0 {
            return self.real(value.first().copied().unwrap_or_default());
        }
        let ty = ValueType::new(Element::ClearReal, value.shape()).to_mlir(self.context);
        self.op("arith.constant", &[], ty, &[("value", attr::dense_f64(self.context, value))])
    }

    /// A scalar `i64` constant.
    pub fn int(&self, value: i64) -> Value<'c, 'a> {
        let attribute = attr::i64(self.context, value);
        self.op("arith.constant", &[], self.int_type(), &[("value", attribute)])
    }

    /// A scalar `f64` constant.
    pub fn real(&self, value: f64) -> Value<'c, 'a> {
        let attribute = attr::f64(self.context, value);
        self.op("arith.constant", &[], Type::float64(self.context), &[("value", attribute)])
    }

    /// `i64`
    pub fn int_type(&self) -> Type<'c> {
        melior::ir::r#type::IntegerType::new(self.context, 64).into()
    }

    fn insert(&self, op: Operation<'c>) -> OperationRef<'c, 'a> {
        match self.before {
            Some(before) => self.block.insert_operation_before(before, op),
            None => self.block.append_operation(op),
        }
    }
}

/// The attributes `tables` and `selector` of a lookup or bootstrap.
pub fn lookup_attributes<'c>(context: &'c Context, lookup: &Lookup) -> Vec<(&'static str, Attribute<'c>)> {
    let mut attributes = vec![("tables", attr::dense_i64(context, &lookup.tables))];
    attributes
        .extend(lookup.selector.as_ref().map(|selector| ("selector", attr::dense_i64(context, selector))));
    attributes
}

/// The scalar that stands for an element of a map's operand: `i64` or `f64`.
fn scalar_type<'c>(context: &'c Context, ty: Type<'c>) -> Type<'c> {
    match ValueType::of(ty).map(|ty| ty.element) {
        Some(Element::EncryptedReal | Element::ClearReal) => Type::float64(context),
        _ => melior::ir::r#type::IntegerType::new(context, 64).into(),
    }
}
