//! `convert-tfhe-to-loops`: a function on ciphertexts becomes loops over words and calls of the runtime.
//!
//! `@f` becomes `@cloakwork_entry_f(context, inputs, outputs) -> status`, see `cloakwork_abi::functions`. The
//! words of a ciphertext are read from the context, so the same code computes on ciphertexts and on phases.
//! Key ops vanish into the module attribute `cloakwork.spec`. Requires one function with a body.

use crate::native::loops::{Elements, Loops, Predicate};
use crate::native::program_spec::program_spec;
use crate::native::workspace::{Memory, Workspace, plan, view_offset};
use crate::pass::{Failed, Options};
use cloakwork_abi::functions::entry_symbol;
use cloakwork_abi::spec::Keyset;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::diagnostic::emit_error;
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use cloakwork_ir::linear::{Conv2d, Linear};
use cloakwork_ir::tfhe::{Bootstrap, TfheOp, read_keyset};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::attribute::{DenseElementsAttribute, TypeAttribute};
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::r#type::{FunctionType, IntegerType, RankedTensorType};
use melior::ir::{
    Attribute, Block, BlockRef, OperationRef, Region, RegionLike, RegionRef, Type, Value, ValueLike,
};
use ndarray::ArrayD;
use std::collections::HashMap;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    let fail = |message: &str| {
        emit_error(&module, message);
        Failed
    };
    let functions = functions_under(module);
    let [function] = functions.as_slice() else {
        return Err(fail(&format!(
            "the module has {} functions, exactly one can be compiled; inline or split the others",
            functions.len()
        )));
    };
    let keyset = read_keyset(module).map_err(|message| fail(&message))?;
    let keys: Vec<String> = keyset.secret_keys.iter().map(|key| key.name.clone()).collect();
    let workspace = plan(*function, &keys);
    let spec =
        program_spec(module, *function, keyset.clone(), &workspace).map_err(|message| fail(&message))?;
    emit_function(context, *function, &keyset, &workspace)?;
    walk::erase(function.op);
    for op in walk::operations(&module).into_iter().filter(|op| walk::name(op).ends_with("_key")) {
        walk::erase(op);
    }
    set_op_attribute(module, attr::SPEC, attr::string(context, &spec.to_json()));
    Ok(())
}

fn emit_function<'c: 'a, 'a>(
    context: &'c Context,
    function: Function<'c, 'a>,
    keyset: &Keyset,
    workspace: &Workspace,
) -> Result<(), Failed> {
    let outer = Builder::before(context, function.op);
    let pointer = Loops(outer).pointer_type();
    let status: Type<'c> = IntegerType::new(context, 32).into();
    let region = Region::new();
    let entry = region.append_block(Block::new(&[(pointer, outer.location); 3]));
    let signature = FunctionType::new(context, &[pointer; 3], &[status]);
    let attributes = [
        ("sym_name", attr::string(context, &entry_symbol(&function.name()))),
        ("function_type", TypeAttribute::new(signature.into()).into()),
    ];
    // SAFETY: the block belongs to the region, which becomes part of the op.
    let entry: BlockRef<'c, 'a> = unsafe { BlockRef::from_raw(entry.to_raw()) };
    let new = outer.raw("func.func", &[], &[], &attributes, vec![region]);
    let region = new.region(0).expect("built above");
    let argument = |i: usize| -> Value<'c, 'a> { entry.argument(i).expect("built above").into() };

    let start = Loops(Builder::at_end(context, entry, outer.location));
    let words_array = start.load_pointer(argument(0), 2);
    let scratch_array = start.load_pointer(argument(0), 3);
    let words: Vec<_> = (0..keyset.secret_keys.len())
        .map(|key| start.load(start.word(words_array, start.int(key))))
        .collect();
    let scratch: Vec<_> =
        (0..keyset.secret_keys.len()).map(|key| start.load_pointer(scratch_array, key)).collect();
    let inputs: Vec<_> =
        (0..function.arguments().len()).map(|i| start.load_pointer(argument(1), i)).collect();
    let outputs: Vec<_> =
        (0..function.returned().len()).map(|i| start.load_pointer(argument(2), i)).collect();

    let failed = region.append_block(Block::new(&[(status, outer.location)]));
    Loops(Builder::at_end(context, failed, outer.location)).0.raw(
        "func.return",
        &[failed.argument(0).expect("built above").into()],
        &[],
        &[],
        vec![],
    );
    let mut emitter = Emitter {
        function,
        keyset,
        workspace,
        context: argument(0),
        words,
        scratch,
        inputs,
        outputs,
        region,
        failed,
        block: entry,
        globals: HashMap::new(),
        outer,
    };
    for op in function.operations() {
        if let Some(tfhe) = TfheOp::of(op) {
            emitter.emit(op, &tfhe)?;
        }
    }
    emitter.finish();
    Ok(())
}

/// What is known while a function is written.
struct Emitter<'c, 'a, 's> {
    function: Function<'c, 'a>,
    keyset: &'s Keyset,
    workspace: &'s Workspace,
    context: Value<'c, 'a>,
    words: Vec<Value<'c, 'a>>,
    scratch: Vec<Value<'c, 'a>>,
    inputs: Vec<Value<'c, 'a>>,
    outputs: Vec<Value<'c, 'a>>,
    region: RegionRef<'c, 'a>,
    failed: BlockRef<'c, 'a>,
    block: BlockRef<'c, 'a>,
    /// Names of constant globals by their content.
    globals: HashMap<Vec<i64>, String>,
    /// Where globals go.
    outer: Builder<'c, 'a>,
}

impl<'c: 'a, 'a> Emitter<'c, 'a, '_> {
    fn emit(&mut self, op: OperationRef<'c, 'a>, tfhe: &TfheOp) -> Result<(), Failed> {
        let loops = Loops(Builder::at_end(self.outer.context, self.block, op.location()));
        let out = self.elements(loops, walk::result(op));
        let shape = value_type(walk::result(op)).shape().to_vec();
        let count = shape.iter().product::<usize>();
        match tfhe {
            TfheOp::Constant { value } => self.emit_constant(loops, value, out),
            TfheOp::Linear(linear) => self.emit_linear(loops, op, linear, out, &shape),
            TfheOp::Keyswitch { key } => {
                let number = self.keyset.keyswitch_keys.iter().position(|known| &known.name == key);
                let number = self.key_number(op, key, number)?;
                let input = self.elements(loops, walk::operand(op, 0));
                let arguments = [loops.int32(number), loops.int(count), input.base, out.base];
                self.call(loops, "keyswitch", &arguments);
                Ok(())
            }
            TfheOp::Bootstrap(Bootstrap { key, lookup, is_signed }) => {
                let number = self.keyset.bootstrap_keys.iter().position(|known| &known.name == key);
                let number = self.key_number(op, key, number)?;
                let input = self.elements(loops, walk::operand(op, 0));
                let tables = self.global(loops, lookup.tables.iter().copied().collect());
                let selector = match &lookup.selector {
                    Some(selector) => self.global32(loops, selector),
                    None => loops.null(),
                };
                let width = i64::from(lookup.length().ilog2());
                let (width, signed) = (loops.int32(width), loops.int32(i64::from(*is_signed)));
                let arguments = [
                    loops.int32(number),
                    loops.int(count),
                    input.base,
                    out.base,
                    tables,
                    selector,
                    width,
                    signed,
                ];
                self.call(loops, "bootstrap", &arguments);
                Ok(())
            }
        }
    }

    fn key_number(&self, op: OperationRef<'_, '_>, key: &str, number: Option<usize>) -> Result<i64, Failed> {
        number.map(|number| number as i64).ok_or_else(|| {
            emit_error(&op, &format!("the key @{key} is not defined in the module"));
            Failed
        })
    }

    fn emit_constant(
        &mut self,
        loops: Loops<'c, 'a>,
        value: &ArrayD<i64>,
        out: Elements<'c, 'a>,
    ) -> Result<(), Failed> {
        let body = self.global(loops, value.iter().copied().collect());
        loops.repeat(loops.int(value.len()), |inner, i| {
            let element = inner.element(out, i);
            inner.repeat(out.words, |inner, t| inner.store(inner.int(0), inner.word(element, t)));
            inner.store(inner.load(inner.word(body, i)), body_word(inner, element, out.words));
        });
        Ok(())
    }

    fn emit_linear(
        &mut self,
        loops: Loops<'c, 'a>,
        op: OperationRef<'c, 'a>,
        linear: &Linear,
        out: Elements<'c, 'a>,
        shape: &[usize],
    ) -> Result<(), Failed> {
        let operands: Vec<Value<'c, 'a>> = op.operands().collect();
        let count = loops.int(shape.iter().product());
        let flat = |loops: Loops<'c, 'a>| loops.mul(count, out.words);
        let first = walk::operand(op, 0);
        match linear {
            Linear::Reshape => {} // a view
            Linear::Add | Linear::Sub => {
                let name = if matches!(linear, Linear::Add) { "arith.addi" } else { "arith.subi" };
                let (a, b) = (self.elements(loops, first), self.elements(loops, operands[1]));
                loops.repeat(flat(loops), |inner, t| {
                    let (a, b) = (inner.load(inner.word(a.base, t)), inner.load(inner.word(b.base, t)));
                    inner.store(inner.binary(name, a, b), inner.word(out.base, t));
                });
            }
            Linear::Neg => {
                let a = self.elements(loops, first);
                loops.repeat(flat(loops), |inner, t| {
                    inner.store(
                        inner.sub(inner.int(0), inner.load(inner.word(a.base, t))),
                        inner.word(out.base, t),
                    );
                });
            }
            Linear::AddClear => {
                let a = self.elements(loops, first);
                let clear = self.clear(loops, operands[1]);
                loops.copy(flat(loops), a.base, out.base);
                loops.repeat(count, |inner, i| {
                    let body = body_word(inner, inner.element(out, i), out.words);
                    inner.store(inner.add(inner.load(body), clear.load(inner, i)), body);
                });
            }
            Linear::MulClear => {
                let a = self.elements(loops, first);
                let clear = self.clear(loops, operands[1]);
                loops.repeat(count, |inner, i| {
                    let (from, to, factor) =
                        (inner.element(a, i), inner.element(out, i), clear.load(inner, i));
                    inner.repeat(out.words, |inner, t| {
                        inner.store(inner.mul(inner.load(inner.word(from, t)), factor), inner.word(to, t));
                    });
                });
            }
            Linear::Dot => {
                let length = value_type(first).elements();
                let sum = Sum {
                    out_shape: &[],
                    terms_shape: &[length],
                    input: self.elements(loops, first),
                    clear: Some(self.clear(loops, operands[1])),
                };
                sum.emit(loops, out, &|_, _, k| Term { input: k[0], weight: k[0], condition: None });
            }
            Linear::Matmul => {
                let (a, b) = (value_type(first), value_type(operands[1]));
                let (inner_size, columns) = (b.shape()[0], b.shape()[1]);
                let left = move |loops: Loops<'c, 'a>, at: &[Value<'c, 'a>], k: &[Value<'c, 'a>]| {
                    loops.linear_index(&[at[0], k[0]], &[1, inner_size])
                };
                let right = move |loops: Loops<'c, 'a>, at: &[Value<'c, 'a>], k: &[Value<'c, 'a>]| {
                    loops.linear_index(&[k[0], at[1]], &[1, columns])
                };
                let is_left = a.element.is_encrypted();
                let (encrypted, weights) = if is_left { (first, operands[1]) } else { (operands[1], first) };
                let sum = Sum {
                    out_shape: shape,
                    terms_shape: &[inner_size],
                    input: self.elements(loops, encrypted),
                    clear: Some(self.clear(loops, weights)),
                };
                sum.emit(loops, out, &|loops, at, k| {
                    let (l, r) = (left(loops, at, k), right(loops, at, k));
                    if is_left {
                        Term { input: l, weight: r, condition: None }
                    } else {
                        Term { input: r, weight: l, condition: None }
                    }
                });
            }
            Linear::Conv2d(conv) => {
                let (input, weights) = (value_type(first), value_type(operands[1]));
                let sum = Sum {
                    out_shape: shape,
                    terms_shape: &weights.shape()[1..],
                    input: self.elements(loops, first),
                    clear: Some(self.clear(loops, operands[1])),
                };
                sum.emit(loops, out, &|loops, at, k| {
                    conv_term(loops, conv, (input.shape(), weights.shape()), at, k)
                });
            }
            Linear::Sum { axes } => {
                let input = value_type(first);
                let terms: Vec<usize> = axes.iter().map(|&axis| input.shape()[axis]).collect();
                let sum = Sum {
                    out_shape: shape,
                    terms_shape: &terms,
                    input: self.elements(loops, first),
                    clear: None,
                };
                sum.emit(loops, out, &|loops, at, k| {
                    let (mut at, mut k) = (at.iter(), k.iter());
                    let coordinates: Vec<_> = (0..input.shape().len())
                        .filter_map(|axis| if axes.contains(&axis) { k.next() } else { at.next() })
                        .copied()
                        .collect();
                    let index = loops.linear_index(&coordinates, input.shape());
                    Term { input: index, weight: index, condition: None }
                });
            }
            Linear::Transpose { permutation } => self.gather(loops, first, out, shape, &|_, at| {
                let mut source = at.to_vec();
                permutation.iter().zip(at).for_each(|(&axis, &coordinate)| source[axis] = coordinate);
                source
            }),
            Linear::Slice { offsets, strides } => {
                if view_offset(op).is_none() {
                    self.gather(loops, first, out, shape, &|loops, at| {
                        let along = at.iter().zip(offsets.iter().zip(strides));
                        along
                            .map(|(&coordinate, (&offset, &stride))| {
                                loops.affine(coordinate, stride, offset as i64)
                            })
                            .collect()
                    });
                }
            }
            Linear::Broadcast => {
                let from = value_type(first).shape().to_vec();
                self.gather(loops, first, out, shape, &|loops, at| {
                    let kept = at[at.len() - from.len()..].iter().zip(&from);
                    kept.map(|(&coordinate, &size)| if size == 1 { loops.int(0) } else { coordinate })
                        .collect()
                });
            }
            Linear::Concat { axis } => {
                let mut start = 0;
                for operand in operands {
                    let part = value_type(operand);
                    let input = self.elements(loops, operand);
                    loops.repeat_over(part.shape(), &mut |inner, at| {
                        let from = inner.element(input, inner.linear_index(at, part.shape()));
                        let mut target = at.to_vec();
                        target[*axis] = inner.affine(target[*axis], 1, start);
                        let to = inner.element(out, inner.linear_index(&target, shape));
                        inner.copy(out.words, from, to);
                    });
                    start += part.shape()[*axis] as i64;
                }
            }
        }
        Ok(())
    }

    /// Copies element `source(at)` of `input` to element `at` of `out`.
    fn gather(
        &self,
        loops: Loops<'c, 'a>,
        input: Value<'c, 'a>,
        out: Elements<'c, 'a>,
        shape: &[usize],
        source: &dyn Fn(Loops<'c, 'a>, &[Value<'c, 'a>]) -> Vec<Value<'c, 'a>>,
    ) {
        let from_shape = value_type(input).shape().to_vec();
        let input = self.elements(loops, input);
        loops.repeat_over(shape, &mut |inner, at| {
            let from = inner.element(input, inner.linear_index(&source(inner, at), &from_shape));
            let to = inner.element(out, inner.linear_index(at, shape));
            inner.copy(out.words, from, to);
        });
    }

    fn finish(self) {
        let loops = Loops(Builder::at_end(self.outer.context, self.block, self.outer.location));
        let returned = self.function.returned();
        for &i in &self.workspace.copies {
            let (ty, to) = (value_type(returned[i]), self.outputs[i]);
            let count = loops.int(ty.elements());
            if ty.element.is_encrypted() {
                let from = self.elements(loops, returned[i]);
                loops.copy(loops.mul(count, from.words), from.base, to);
            } else {
                let clear = ClearSource::of(&self, returned[i]);
                loops.repeat(count, |inner, j| inner.store(clear.load(inner, j), inner.word(to, j)));
            }
        }
        loops.0.raw("func.return", &[loops.int32(0)], &[], &[], vec![]);
    }

    /// Calls the runtime and returns from the function at once if it fails.
    fn call(&mut self, loops: Loops<'c, 'a>, name: &str, arguments: &[Value<'c, 'a>]) {
        let status = loops.call_runtime(self.context, name, arguments);
        let is_ok = loops.compare(Predicate::Equal, status, loops.int32(0));
        let next = self.region.append_block(Block::new(&[]));
        let branch = melior::dialect::cf::cond_br(
            self.outer.context,
            is_ok,
            &next,
            &self.failed,
            &[],
            &[status],
            loops.0.location,
        );
        self.block.append_operation(branch);
        self.block = next;
    }

    /// Memory of a ciphertext value.
    fn elements(&self, loops: Loops<'c, 'a>, value: Value<'c, 'a>) -> Elements<'c, 'a> {
        let place = self.workspace.place(value);
        let words = match value_type(value).element {
            Element::Lwe { key } => {
                self.keyset.secret_keys.iter().position(|known| known.name == key).map(|key| self.words[key])
            }
            _ => None,
        };
        let words = words.unwrap_or_else(|| loops.int(1));
        let base = match place.memory {
            Memory::Argument(i) => self.inputs[i],
            Memory::Output(i) => self.outputs[i],
            Memory::Scratch(key) => self.scratch[key],
        };
        let base = if place.offset == 0 {
            base
        } else {
            loops.element(Elements { base, words }, loops.int(place.offset))
        };
        Elements { base, words }
    }

    fn clear(&mut self, loops: Loops<'c, 'a>, value: Value<'c, 'a>) -> ClearSource<'c, 'a> {
        self.constants_under(loops, value);
        ClearSource::of(self, value)
    }

    /// Makes globals of all constants that a clear value is computed from.
    fn constants_under(&mut self, loops: Loops<'c, 'a>, value: Value<'c, 'a>) {
        let Some(op) = walk::defining_op(value) else { return };
        match constant_elements(op) {
            Some(values) => {
                self.global(loops, values);
            }
            None => op.operands().for_each(|operand| self.constants_under(loops, operand)),
        }
    }

    /// Address of a constant array of words; equal arrays are one.
    fn global(&mut self, loops: Loops<'c, 'a>, values: Vec<i64>) -> Value<'c, 'a> {
        let length = values.len();
        let name = match self.globals.get(&values) {
            Some(name) => name.clone(),
            None => {
                let dense = attr::dense_i64(
                    self.outer.context,
                    &ArrayD::from_shape_vec(ndarray::IxDyn(&[length]), values.clone())
                        .expect("one dimension"),
                );
                let name =
                    self.define_global(self.globals.len(), &format!("!llvm.array<{length} x i64>"), dense);
                self.globals.insert(values, name.clone());
                name
            }
        };
        loops.address_of(&name)
    }

    /// Address of a constant array of 32-bit table numbers.
    fn global32(&mut self, loops: Loops<'c, 'a>, values: &ArrayD<i64>) -> Value<'c, 'a> {
        let narrow: Vec<i32> = values.iter().map(|&value| value as i32).collect();
        let element = IntegerType::new(self.outer.context, 32).into();
        let ty = RankedTensorType::new(&[narrow.len() as u64], element, None).into();
        let dense = DenseElementsAttribute::i32_values(ty, &narrow).into();
        let number = self.globals.len();
        let name = self.define_global(number, &format!("!llvm.array<{} x i32>", narrow.len()), dense);
        // Keeps the numbers of names apart; selectors are not shared.
        self.globals.insert(vec![i64::MIN, number as i64], name.clone());
        loops.address_of(&name)
    }

    fn define_global(&self, number: usize, ty: &str, value: Attribute<'c>) -> String {
        let context = self.outer.context;
        let name = format!("cloakwork_constant_{number}");
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
        name
    }
}

/// Where elements of a clear value come from.
enum ClearSource<'c, 'a> {
    Argument(Value<'c, 'a>),
    Global(String),
    Computed { name: String, operands: Vec<ClearSource<'c, 'a>> },
}

impl<'c: 'a, 'a> ClearSource<'c, 'a> {
    fn of(emitter: &Emitter<'c, 'a, '_>, value: Value<'c, 'a>) -> Self {
        let Some(op) = walk::defining_op(value) else {
            let arguments = emitter.function.arguments();
            let position = arguments
                .iter()
                .position(|argument| *argument == value)
                .expect("verified: a block argument of the function");
            return Self::Argument(emitter.inputs[position]);
        };
        match constant_elements(op) {
            Some(values) => Self::Global(emitter.globals[&values].clone()),
            None => Self::Computed {
                name: walk::name(&op),
                operands: op.operands().map(|operand| Self::of(emitter, operand)).collect(),
            },
        }
    }

    /// Element `i`.
    fn load(&self, loops: Loops<'c, 'a>, i: Value<'c, 'a>) -> Value<'c, 'a> {
        match self {
            Self::Argument(base) => loops.load(loops.word(*base, i)),
            Self::Global(name) => loops.load(loops.word(loops.address_of(name), i)),
            Self::Computed { name, operands } => {
                loops.binary(name, operands[0].load(loops, i), operands[1].load(loops, i))
            }
        }
    }
}

/// `out[at] = Σₖ weight · input` over the coordinates `k` of `terms_shape`.
struct Sum<'c, 'a, 's> {
    out_shape: &'s [usize],
    terms_shape: &'s [usize],
    input: Elements<'c, 'a>,
    clear: Option<ClearSource<'c, 'a>>,
}

/// One term: positions of input element and weight; left out where the condition does not hold.
struct Term<'c, 'a> {
    input: Value<'c, 'a>,
    weight: Value<'c, 'a>,
    condition: Option<Value<'c, 'a>>,
}

impl<'c: 'a, 'a> Sum<'c, 'a, '_> {
    fn emit(
        &self,
        loops: Loops<'c, 'a>,
        out: Elements<'c, 'a>,
        term: &dyn Fn(Loops<'c, 'a>, &[Value<'c, 'a>], &[Value<'c, 'a>]) -> Term<'c, 'a>,
    ) {
        loops.repeat_over(self.out_shape, &mut |outer, at| {
            let to = outer.element(out, outer.linear_index(at, self.out_shape));
            outer.repeat(out.words, |inner, t| inner.store(inner.int(0), inner.word(to, t)));
            outer.repeat_over(self.terms_shape, &mut |inner, k| {
                let term = term(inner, at, k);
                match term.condition {
                    Some(condition) => {
                        inner.only_if(condition, |inner| self.accumulate(inner, &term, to, out.words))
                    }
                    None => self.accumulate(inner, &term, to, out.words),
                }
            });
        });
    }

    fn accumulate(&self, loops: Loops<'c, 'a>, term: &Term<'c, 'a>, to: Value<'c, 'a>, words: Value<'c, 'a>) {
        let Some(clear) = &self.clear else {
            let from = loops.element(self.input, term.input);
            return loops.repeat(words, |inner, t| {
                let target = inner.word(to, t);
                inner.store(inner.add(inner.load(target), inner.load(inner.word(from, t))), target);
            });
        };
        let weight = clear.load(loops, term.weight);
        let is_used = loops.compare(Predicate::NotEqual, weight, loops.int(0));
        loops.only_if(is_used, |loops| {
            let from = loops.element(self.input, term.input);
            loops.repeat(words, |inner, t| {
                let target = inner.word(to, t);
                let product = inner.mul(inner.load(inner.word(from, t)), weight);
                inner.store(inner.add(inner.load(target), product), target);
            });
        });
    }
}

/// The term of output `[n, f, y, x]` for kernel element `[c, i, j]`.
fn conv_term<'c: 'a, 'a>(
    loops: Loops<'c, 'a>,
    conv: &Conv2d,
    (input, weights): (&[usize], &[usize]),
    at: &[Value<'c, 'a>],
    k: &[Value<'c, 'a>],
) -> Term<'c, 'a> {
    let position = |out: Value<'c, 'a>, kernel: Value<'c, 'a>, axis: usize, before: usize| {
        let offset = loops.affine(kernel, conv.dilations[axis] as i64, -(before as i64));
        loops.add(loops.affine(out, conv.strides[axis] as i64, 0), offset)
    };
    let row = position(at[2], k[1], 0, conv.padding[0]);
    let column = position(at[3], k[2], 1, conv.padding[1]);
    let inside = |coordinate: Value<'c, 'a>, size: usize| {
        loops.compare(Predicate::UnsignedLess, coordinate, loops.int(size))
    };
    let group = loops.binary("arith.divui", at[1], loops.int(weights[0] / conv.groups));
    let channel = loops.add(loops.mul(group, loops.int(weights[1])), k[0]);
    let is_padded = conv.padding.iter().any(|&padding| padding != 0);
    Term {
        input: loops.linear_index(&[at[0], channel, row, column], input),
        weight: loops.linear_index(&[at[1], k[0], k[1], k[2]], weights),
        condition: is_padded.then(|| loops.and(inside(row, input[2]), inside(column, input[3]))),
    }
}

/// The body is the last word of a ciphertext.
fn body_word<'c: 'a, 'a>(
    loops: Loops<'c, 'a>,
    element: Value<'c, 'a>,
    words: Value<'c, 'a>,
) -> Value<'c, 'a> {
    loops.word(element, loops.sub(words, loops.int(1)))
}

/// The elements of an `arith.constant` of integers.
fn constant_elements(op: OperationRef<'_, '_>) -> Option<Vec<i64>> {
    if walk::name(&op) != "arith.constant" {
        return None;
    }
    let scalar = attr::get_i64(&op, "value").map(|value| vec![value]);
    scalar.or_else(|| Some(attr::get_dense_i64(&op, "value")?.iter().copied().collect()))
}

fn value_type(value: Value<'_, '_>) -> ValueType {
    ValueType::of(value.r#type()).expect("verified: a value of our types")
}
