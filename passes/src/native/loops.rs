//! Builds loops over memory: `scf.for` on `i64`, pointers and loads of the `llvm` dialect.

use cloakwork_abi::functions::{AbiType, RuntimeFunction};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use melior::ir::attribute::{DenseI32ArrayAttribute, FlatSymbolRefAttribute, IntegerAttribute};
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::r#type::IntegerType;
use melior::ir::{Attribute, Block, BlockRef, OperationRef, Region, RegionLike, Type, Value, ValueLike};

/// Words of a vector.
pub(crate) const LANES: usize = 8;

/// Memory of `i64` words: elements of `words` words each from `base` on.
#[derive(Clone, Copy)]
pub(crate) struct Elements<'c, 'a> {
    pub(crate) base: Value<'c, 'a>,
    pub(crate) words: Value<'c, 'a>,
}

/// A block that is being filled, with the vocabulary of this level.
#[derive(Clone, Copy)]
pub(crate) struct Loops<'c, 'a>(pub(crate) Builder<'c, 'a>);

impl<'c: 'a, 'a> Loops<'c, 'a> {
    pub(crate) fn pointer_type(&self) -> Type<'c> {
        Type::parse(self.0.context, "!llvm.ptr").expect("a type of the llvm dialect")
    }

    pub(crate) fn int(&self, value: usize) -> Value<'c, 'a> {
        self.0.int(value as i64)
    }

    pub(crate) fn int32(&self, value: i64) -> Value<'c, 'a> {
        let ty = IntegerType::new(self.0.context, 32).into();
        self.0.op("arith.constant", &[], ty, &[("value", IntegerAttribute::new(ty, value).into())])
    }

    fn arith(&self, name: &str, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        self.0.op(name, &[a, b], self.0.int_type(), &[])
    }

    pub(crate) fn add(&self, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        self.arith("arith.addi", a, b)
    }

    pub(crate) fn sub(&self, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        self.arith("arith.subi", a, b)
    }

    pub(crate) fn mul(&self, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        self.arith("arith.muli", a, b)
    }

    /// Any binary `arith` op on `i64`.
    pub(crate) fn binary(&self, name: &str, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        self.arith(name, a, b)
    }

    /// `a · factor + offset`
    pub(crate) fn affine(&self, a: Value<'c, 'a>, factor: i64, offset: i64) -> Value<'c, 'a> {
        self.add(self.mul(a, self.0.int(factor)), self.0.int(offset))
    }

    /// Row-major position of `coordinates` in `shape`.
    pub(crate) fn linear_index(&self, coordinates: &[Value<'c, 'a>], shape: &[usize]) -> Value<'c, 'a> {
        let zero = self.int(0);
        coordinates
            .iter()
            .zip(shape)
            .fold(zero, |index, (&coordinate, &size)| self.add(self.mul(index, self.int(size)), coordinate))
    }

    /// Address of word `index` from `base` on.
    pub(crate) fn word(&self, base: Value<'c, 'a>, index: Value<'c, 'a>) -> Value<'c, 'a> {
        let attributes = [
            ("rawConstantIndices", DenseI32ArrayAttribute::new(self.0.context, &[i32::MIN]).into()),
            ("elem_type", melior::ir::attribute::TypeAttribute::new(self.0.int_type()).into()),
        ];
        self.0.op("llvm.getelementptr", &[base, index], self.pointer_type(), &attributes)
    }

    /// Address of element `index`.
    pub(crate) fn element(&self, elements: Elements<'c, 'a>, index: Value<'c, 'a>) -> Value<'c, 'a> {
        self.word(elements.base, self.mul(index, elements.words))
    }

    pub(crate) fn load(&self, address: Value<'c, 'a>) -> Value<'c, 'a> {
        let alignment = attr::i64(self.0.context, 8);
        self.0.op("llvm.load", &[address], self.0.int_type(), &[("alignment", alignment)])
    }

    pub(crate) fn load_pointer(&self, base: Value<'c, 'a>, slot: usize) -> Value<'c, 'a> {
        let address = self.word(base, self.int(slot));
        self.0.op("llvm.load", &[address], self.pointer_type(), &[])
    }

    pub(crate) fn store(&self, value: Value<'c, 'a>, address: Value<'c, 'a>) {
        let alignment = attr::i64(self.0.context, 8);
        self.0.raw("llvm.store", &[value, address], &[], &[("alignment", alignment)], vec![]);
    }

    /// Runs `body` for `0..count`.
    pub(crate) fn repeat(&self, count: Value<'c, 'a>, body: impl FnOnce(Loops<'c, 'a>, Value<'c, 'a>)) {
        let region = Region::new();
        let block = region.append_block(Block::new(&[(self.0.int_type(), self.0.location)]));
        // SAFETY: the block belongs to the region, which becomes part of the op below.
        let block: BlockRef<'c, 'a> = unsafe { BlockRef::from_raw(block.to_raw()) };
        let inner = Loops(Builder::at_end(self.0.context, block, self.0.location));
        let variable = block.argument(0).expect("built above").into();
        body(inner, variable);
        inner.0.raw("scf.yield", &[], &[], &[], vec![]);
        self.0.raw("scf.for", &[self.int(0), count, self.int(1)], &[], &[], vec![region]);
    }

    /// Runs `body` for `0..count` on values that are handed on from one time to the next; gives the last ones.
    fn fold(
        &self,
        count: Value<'c, 'a>,
        initial: &[Value<'c, 'a>],
        body: impl FnOnce(Loops<'c, 'a>, Value<'c, 'a>, &[Value<'c, 'a>]) -> Vec<Value<'c, 'a>>,
    ) -> Vec<Value<'c, 'a>> {
        let region = Region::new();
        let types: Vec<Type<'c>> = initial.iter().map(|value| value.r#type()).collect();
        let arguments = std::iter::once(self.0.int_type()).chain(types.iter().copied());
        let arguments: Vec<_> = arguments.map(|ty| (ty, self.0.location)).collect();
        let block = region.append_block(Block::new(&arguments));
        // SAFETY: the block belongs to the region, which becomes part of the op below.
        let block: BlockRef<'c, 'a> = unsafe { BlockRef::from_raw(block.to_raw()) };
        let inner = Loops(Builder::at_end(self.0.context, block, self.0.location));
        let values: Vec<Value<'c, 'a>> =
            (0..arguments.len()).map(|i| block.argument(i).expect("built above").into()).collect();
        let next = body(inner, values[0], &values[1..]);
        inner.0.raw("scf.yield", &next, &[], &[], vec![]);
        let operands: Vec<_> =
            [self.int(0), count, self.int(1)].into_iter().chain(initial.iter().copied()).collect();
        results(self.0.raw("scf.for", &operands, &types, &[], vec![region]))
    }

    /// [`Self::fold`] over every coordinate of `shape`, row-major.
    pub(crate) fn fold_over(
        &self,
        shape: &[usize],
        initial: &[Value<'c, 'a>],
        body: &mut Fold<'c, 'a, '_>,
    ) -> Vec<Value<'c, 'a>> {
        self.fold_nest(shape, &mut vec![], initial, body)
    }

    fn fold_nest(
        &self,
        shape: &[usize],
        coordinates: &mut Vec<Value<'c, 'a>>,
        values: &[Value<'c, 'a>],
        body: &mut Fold<'c, 'a, '_>,
    ) -> Vec<Value<'c, 'a>> {
        let Some(&size) = shape.get(coordinates.len()) else { return body(*self, coordinates, values) };
        let found = if size == 1 {
            coordinates.push(self.int(0));
            self.fold_nest(shape, coordinates, values, body)
        } else {
            self.fold(self.int(size), values, |inner, variable, values| {
                coordinates.push(variable);
                inner.fold_nest(shape, coordinates, values, body)
            })
        };
        coordinates.pop();
        found
    }

    /// What `body` makes of `values` where the `i1` holds, or is not there; else `values`.
    pub(crate) fn if_else_keep(
        &self,
        condition: Option<Value<'c, 'a>>,
        values: &[Value<'c, 'a>],
        body: impl FnOnce(Loops<'c, 'a>) -> Vec<Value<'c, 'a>>,
    ) -> Vec<Value<'c, 'a>> {
        let Some(condition) = condition else { return body(*self) };
        let branch = |fill: &mut dyn FnMut(Loops<'c, 'a>) -> Vec<Value<'c, 'a>>| {
            let region = Region::new();
            let block = region.append_block(Block::new(&[]));
            // SAFETY: the block belongs to the region, which becomes part of the op below.
            let block: BlockRef<'c, 'a> = unsafe { BlockRef::from_raw(block.to_raw()) };
            let inner = Loops(Builder::at_end(self.0.context, block, self.0.location));
            let found = fill(inner);
            inner.0.raw("scf.yield", &found, &[], &[], vec![]);
            region
        };
        let mut body = Some(body);
        let then = branch(&mut |inner| body.take().map(|body| body(inner)).unwrap_or_default());
        let otherwise = branch(&mut |_| values.to_vec());
        let types: Vec<Type<'c>> = values.iter().map(|value| value.r#type()).collect();
        results(self.0.raw("scf.if", &[condition], &types, &[], vec![then, otherwise]))
    }

    /// The coordinates of row-major position `index` in `shape`.
    pub(crate) fn coordinates(&self, index: Value<'c, 'a>, shape: &[usize]) -> Vec<Value<'c, 'a>> {
        let mut rest = index;
        let mut coordinates = vec![];
        for &size in shape.iter().rev() {
            coordinates.push(self.binary("arith.remui", rest, self.int(size)));
            rest = self.binary("arith.divui", rest, self.int(size));
        }
        coordinates.reverse();
        coordinates
    }

    /// Runs `body` for every coordinate of `shape`, row-major.
    pub(crate) fn repeat_over(&self, shape: &[usize], body: &mut dyn FnMut(Loops<'c, 'a>, &[Value<'c, 'a>])) {
        self.nest(shape, &mut vec![], body);
    }

    fn nest(
        &self,
        shape: &[usize],
        coordinates: &mut Vec<Value<'c, 'a>>,
        body: &mut dyn FnMut(Loops<'c, 'a>, &[Value<'c, 'a>]),
    ) {
        let Some(&size) = shape.get(coordinates.len()) else { return body(*self, coordinates) };
        if size == 1 {
            coordinates.push(self.int(0));
            self.nest(shape, coordinates, body);
        } else {
            self.repeat(self.int(size), |inner, variable| {
                coordinates.push(variable);
                inner.nest(shape, coordinates, body);
            });
        }
        coordinates.pop();
    }

    /// Runs `body` where the `i1` holds.
    pub(crate) fn only_if(&self, condition: Value<'c, 'a>, body: impl FnOnce(Loops<'c, 'a>)) {
        let region = Region::new();
        let block = region.append_block(Block::new(&[]));
        // SAFETY: the block belongs to the region, which becomes part of the op below.
        let block: BlockRef<'c, 'a> = unsafe { BlockRef::from_raw(block.to_raw()) };
        let inner = Loops(Builder::at_end(self.0.context, block, self.0.location));
        body(inner);
        inner.0.raw("scf.yield", &[], &[], &[], vec![]);
        self.0.raw("scf.if", &[condition], &[], &[], vec![region, Region::new()]);
    }

    /// `arith.cmpi` by MLIR's predicate number.
    pub(crate) fn compare(&self, predicate: Predicate, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        let ty = IntegerType::new(self.0.context, 1).into();
        self.0.op("arith.cmpi", &[a, b], ty, &[("predicate", attr::i64(self.0.context, predicate as i64))])
    }

    pub(crate) fn and(&self, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        self.0.op("arith.andi", &[a, b], IntegerType::new(self.0.context, 1).into(), &[])
    }

    /// `a` where the `i1` holds, else `b`.
    pub(crate) fn select(
        &self,
        condition: Value<'c, 'a>,
        a: Value<'c, 'a>,
        b: Value<'c, 'a>,
    ) -> Value<'c, 'a> {
        self.0.op("arith.select", &[condition, a, b], a.r#type(), &[])
    }

    fn vector_type(&self) -> Type<'c> {
        Type::vector(&[LANES as u64], self.0.int_type())
    }

    /// A vector of zeros.
    pub(crate) fn zeros(&self) -> Value<'c, 'a> {
        let zeros = format!("dense<0> : vector<{LANES}xi64>");
        let value = Attribute::parse(self.0.context, &zeros).expect("an attribute of vectors");
        self.0.op("arith.constant", &[], self.vector_type(), &[("value", value)])
    }

    /// A vector that has `word` in each lane.
    pub(crate) fn splat(&self, word: Value<'c, 'a>) -> Value<'c, 'a> {
        let nothing = self.0.op("llvm.mlir.poison", &[], self.vector_type(), &[]);
        let first = self.0.op("llvm.insertelement", &[nothing, word, self.int32(0)], self.vector_type(), &[]);
        let mask = DenseI32ArrayAttribute::new(self.0.context, &[0; LANES]).into();
        self.0.op("llvm.shufflevector", &[first, nothing], self.vector_type(), &[("mask", mask)])
    }

    /// A binary `arith` op on vectors.
    pub(crate) fn vector_op(&self, name: &str, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        self.0.op(name, &[a, b], self.vector_type(), &[])
    }

    pub(crate) fn load_vector(&self, address: Value<'c, 'a>) -> Value<'c, 'a> {
        let alignment = attr::i64(self.0.context, 8);
        self.0.op("llvm.load", &[address], self.vector_type(), &[("alignment", alignment)])
    }

    pub(crate) fn store_vector(&self, value: Value<'c, 'a>, address: Value<'c, 'a>) {
        self.store(value, address);
    }

    /// Address of the function `name` of type `ty`.
    pub(crate) fn address_of_function(&self, name: &str, ty: &Type<'c>) -> Value<'c, 'a> {
        let symbol: Attribute<'c> = FlatSymbolRefAttribute::new(self.0.context, name).into();
        let function = self.0.op("func.constant", &[], *ty, &[("value", symbol)]);
        self.0.op("builtin.unrealized_conversion_cast", &[function], self.pointer_type(), &[])
    }

    /// Copies `count` words.
    pub(crate) fn copy(&self, count: Value<'c, 'a>, from: Value<'c, 'a>, to: Value<'c, 'a>) {
        self.repeat(count, |inner, i| inner.store(inner.load(inner.word(from, i)), inner.word(to, i)));
    }

    /// Address of the global `name`.
    pub(crate) fn address_of(&self, name: &str) -> Value<'c, 'a> {
        let symbol: Attribute<'c> = FlatSymbolRefAttribute::new(self.0.context, name).into();
        self.0.op("llvm.mlir.addressof", &[], self.pointer_type(), &[("global_name", symbol)])
    }

    pub(crate) fn null(&self) -> Value<'c, 'a> {
        self.0.op("llvm.mlir.zero", &[], self.pointer_type(), &[])
    }

    /// Calls the runtime function `name` through the table of the program's context; returns its status.
    pub(crate) fn call_runtime(
        &self,
        program_context: Value<'c, 'a>,
        name: &str,
        arguments: &[Value<'c, 'a>],
    ) -> Value<'c, 'a> {
        let (slot, function) = RuntimeFunction::find(name).expect("a function of the runtime's list");
        debug_assert_eq!(function.arguments.len(), arguments.len(), "{name}");
        debug_assert!(
            function
                .arguments
                .iter()
                .all(|(_, ty)| matches!(ty, AbiType::I32 | AbiType::I64 | AbiType::Pointer))
        );
        let table = self.load_pointer(program_context, 0);
        let callee = self.load_pointer(table, slot);
        let state = self.load_pointer(program_context, 1);
        let operands: Vec<_> = [callee, state].into_iter().chain(arguments.iter().copied()).collect();
        let attributes = [
            (
                "operandSegmentSizes",
                DenseI32ArrayAttribute::new(self.0.context, &[operands.len() as i32, 0]).into(),
            ),
            ("op_bundle_sizes", DenseI32ArrayAttribute::new(self.0.context, &[]).into()),
        ];
        let status = IntegerType::new(self.0.context, 32).into();
        self.0.op("llvm.call", &operands, status, &attributes)
    }
}

/// The next values from coordinates and values.
pub(crate) type Fold<'c, 'a, 'f> =
    dyn FnMut(Loops<'c, 'a>, &[Value<'c, 'a>], &[Value<'c, 'a>]) -> Vec<Value<'c, 'a>> + 'f;

fn results<'c: 'a, 'a>(op: OperationRef<'c, 'a>) -> Vec<Value<'c, 'a>> {
    (0..op.result_count()).map(|i| op.result(i).expect("counted").into()).collect()
}

/// The predicates of `arith.cmpi` that are used here, by MLIR's numbers.
#[derive(Clone, Copy, Debug)]
#[repr(i64)]
pub(crate) enum Predicate {
    Equal = 0,
    NotEqual = 1,
    UnsignedLess = 6,
}
