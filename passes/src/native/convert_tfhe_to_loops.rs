//! `convert-tfhe-to-loops`: a function on ciphertexts becomes loops over words and calls of the runtime.
//!
//! `@f` becomes `@cloakwork_entry_f(context, inputs, outputs) -> status`, see `cloakwork_abi::functions`. The
//! words of a ciphertext are read from the context, so the same code computes on ciphertexts and on phases.
//! Key ops vanish into the module attribute `cloakwork.spec`, which describes every function. Requires at least one
//! function with a body; functions do not call each other.

use crate::facts::fail;
use crate::native::emitter::{Emitter, body_word};
use crate::native::globals::Globals;
use crate::native::loops::{Elements, Loops};
use crate::native::program_spec::program_spec;
use crate::native::workspace::{Workspace, plan, value_type};
use crate::pass::{Failed, Options};
use cloakwork_abi::functions::entry_symbol;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::spec::Keyset;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use cloakwork_ir::tfhe::{Bootstrap, TfheOp, read_keyset};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::attribute::TypeAttribute;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::r#type::{FunctionType, IntegerType};
use melior::ir::{Attribute, Block, BlockRef, OperationRef, Region, RegionLike, Type, Value};
use ndarray::ArrayD;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    let functions = functions_under(module);
    let Some(first) = functions.first() else {
        return Err(fail(module, "the module has no function to compile; define one with `func.func`"));
    };
    let keyset = read_keyset(module).map_err(|message| fail(module, &message))?;
    let keys: Vec<String> = keyset.secret_keys.iter().map(|key| key.name.clone()).collect();
    let mut globals = Globals::new(Builder::before(context, first.op));
    let mut specs = vec![];
    for &function in &functions {
        let workspace = plan(function, &keys);
        let spec = program_spec(module, function, keyset.clone(), &workspace);
        specs.push(spec.map_err(|message| fail(module, &message))?);
        globals = emit_function(context, function, (&keyset, &workspace), globals)?;
    }
    let specs = ModuleSpec::new(specs).map_err(|error| fail(module, &error.to_string()))?;
    functions.iter().for_each(|function| walk::erase(function.op));
    for op in walk::operations(&module).into_iter().filter(|op| walk::name(op).ends_with("_key")) {
        walk::erase(op);
    }
    set_op_attribute(module, attr::SPEC, attr::string(context, &specs.to_json()));
    Ok(())
}

/// Most operands of the operations in one function of machine code, except where a single one has more: each becomes a
/// loop, and optimising a function takes more than linear time.
const PART: usize = 32;

/// Writes the loops of a function in front of it; the constants that it needs join those that are there.
///
/// A long function becomes several that are called one after the other.
fn emit_function<'c: 'a, 'a>(
    context: &'c Context,
    function: Function<'c, 'a>,
    (keyset, workspace): (&Keyset, &Workspace),
    mut globals: Globals<'c, 'a>,
) -> Result<Globals<'c, 'a>, Failed> {
    let outer = Builder::before(context, function.op);
    let open = |name: &str, attributes: &[(&'static str, Attribute<'c>)], globals| {
        open(function, (keyset, workspace), outer, (name, attributes), 0, globals).emitter
    };
    let encrypted = |op: &OperationRef<'c, 'a>| {
        // Clear values are computed where they are used.
        TfheOp::of(*op).filter(|_| value_type(walk::result(*op)).element.is_encrypted())
    };
    let operations: Vec<(OperationRef<'c, 'a>, TfheOp)> =
        function.operations().into_iter().filter_map(|op| encrypted(&op).map(|tfhe| (op, tfhe))).collect();
    let entry = entry_symbol(&function.name());
    let mut parts = vec![];
    let chunks = chunks(&operations);
    if chunks.len() > 1 {
        let alone = [("passthrough", attribute(context, "[\"noinline\"]"))];
        for operations in chunks {
            let name = format!("cloakwork_part_{}_{}", function.name(), parts.len());
            let mut emitter = open(&name, &alone, globals);
            operations.iter().try_for_each(|(op, tfhe)| emitter.emit(*op, tfhe))?;
            emitter.finish(&[]);
            globals = emitter.globals;
            parts.push(name);
        }
    }
    let mut emitter = open(&entry, &[], globals);
    match parts.is_empty() {
        true => operations.iter().try_for_each(|(op, tfhe)| emitter.emit(*op, tfhe))?,
        false => parts.iter().for_each(|name| emitter.call_part(name)),
    }
    emitter.finish(&workspace.copies);
    Ok(emitter.globals)
}

/// Consecutive operations that become one function each.
fn chunks<'o, 'c, 'a>(
    operations: &'o [(OperationRef<'c, 'a>, TfheOp)],
) -> Vec<&'o [(OperationRef<'c, 'a>, TfheOp)]> {
    let (mut found, mut rest) = (vec![], operations);
    while !rest.is_empty() {
        let mut operands = 0;
        let fits = rest.iter().take_while(|(op, _)| {
            operands += op.operand_count();
            operands <= PART
        });
        let (chunk, others) = rest.split_at(fits.count().max(1));
        found.push(chunk);
        rest = others;
    }
    found
}

fn attribute<'c>(context: &'c Context, text: &str) -> Attribute<'c> {
    Attribute::parse(context, text).expect("an attribute of the llvm dialect")
}

/// A function of machine code that was begun.
pub(super) struct Opened<'c, 'a, 's> {
    pub(super) emitter: Emitter<'c, 'a, 's>,
    /// Words behind the three arguments that all functions have.
    pub(super) more: Vec<Value<'c, 'a>>,
}

/// Begins a function of machine code, which takes `more` words besides what all take.
pub(super) fn open<'c: 'a, 'a, 's>(
    function: Function<'c, 'a>,
    (keyset, workspace): (&'s Keyset, &'s Workspace),
    outer: Builder<'c, 'a>,
    (name, attributes): (&str, &[(&'static str, Attribute<'c>)]),
    more: usize,
    globals: Globals<'c, 'a>,
) -> Opened<'c, 'a, 's> {
    let context = outer.context;
    let pointer = Loops(outer).pointer_type();
    let status: Type<'c> = IntegerType::new(context, 32).into();
    let region = Region::new();
    let word: Type<'c> = IntegerType::new(context, 64).into();
    let types: Vec<Type<'c>> =
        std::iter::repeat_n(pointer, 3).chain(std::iter::repeat_n(word, more)).collect();
    let located: Vec<_> = types.iter().map(|&ty| (ty, outer.location)).collect();
    let entry = region.append_block(Block::new(&located));
    let signature = FunctionType::new(context, &types, &[status]);
    let mut all = vec![
        ("sym_name", attr::string(context, name)),
        ("function_type", TypeAttribute::new(signature.into()).into()),
    ];
    all.extend_from_slice(attributes);
    // SAFETY: the block belongs to the region, which becomes part of the op.
    let entry: BlockRef<'c, 'a> = unsafe { BlockRef::from_raw(entry.to_raw()) };
    let new = outer.raw("func.func", &[], &[], &all, vec![region]);
    let region = new.region(0).expect("built above");
    let argument = |i: usize| -> Value<'c, 'a> { entry.argument(i).expect("built above").into() };
    let (arguments, more) = ([0, 1, 2].map(argument), (3..3 + more).map(argument).collect());

    let start = Loops(Builder::at_end(context, entry, outer.location));
    let words_array = start.load_pointer(arguments[0], 2);
    let scratch_array = start.load_pointer(arguments[0], 3);
    let words: Vec<_> = (0..keyset.secret_keys.len())
        .map(|key| start.load(start.word(words_array, start.int(key))))
        .collect();
    let scratch: Vec<_> =
        (0..keyset.secret_keys.len()).map(|key| start.load_pointer(scratch_array, key)).collect();
    let inputs: Vec<_> =
        (0..function.arguments().len()).map(|i| start.load_pointer(arguments[1], i)).collect();
    let outputs: Vec<_> =
        (0..function.returned().len()).map(|i| start.load_pointer(arguments[2], i)).collect();

    let failed = region.append_block(Block::new(&[(status, outer.location)]));
    Loops(Builder::at_end(context, failed, outer.location)).0.raw(
        "func.return",
        &[failed.argument(0).expect("built above").into()],
        &[],
        &[],
        vec![],
    );
    let emitter = Emitter {
        function,
        keyset,
        workspace,
        arguments,
        words,
        scratch,
        inputs,
        outputs,
        region,
        failed,
        block: entry,
        globals,
        outer,
    };
    Opened { emitter, more }
}

impl<'c: 'a, 'a> Emitter<'c, 'a, '_> {
    fn emit(&mut self, op: OperationRef<'c, 'a>, tfhe: &TfheOp) -> Result<(), Failed> {
        let loops = self.loops(op.location());
        let out = self.elements(loops, walk::result(op));
        let count = value_type(walk::result(op)).elements();
        match tfhe {
            TfheOp::Constant { value } => self.emit_constant(loops, value, out),
            TfheOp::Linear(linear) => self.emit_linear(loops, op, linear, out),
            TfheOp::Keyswitch { key } => {
                let number = self.keyset.keyswitch_keys.iter().position(|known| &known.name == key);
                let number = self.key_number(op, key, number)?;
                let input = self.elements(loops, walk::operand(op, 0));
                let arguments = [loops.int32(number), loops.int(count), input.base, out.base];
                self.call(loops, "keyswitch", &arguments);
            }
            TfheOp::Bootstrap(Bootstrap { key, lookup, outputs, is_signed }) => {
                let number = self.keyset.bootstrap_keys.iter().position(|known| &known.name == key);
                let number = self.key_number(op, key, number)?;
                let input = self.elements(loops, walk::operand(op, 0));
                let (count, outputs) = (count / outputs, loops.int32(*outputs as i64));
                let tables = loops.address_of(&self.globals.words(lookup.tables.iter().copied().collect()));
                let selector = match &lookup.selector {
                    Some(selector) => loops.address_of(&self.globals.selector(selector)),
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
                    outputs,
                    width,
                    signed,
                ];
                self.call(loops, "bootstrap", &arguments);
            }
        }
        Ok(())
    }

    fn key_number(&self, op: OperationRef<'_, '_>, key: &str, number: Option<usize>) -> Result<i64, Failed> {
        let undefined = || fail(op, &format!("the key @{key} is not defined in the module"));
        number.map(|number| number as i64).ok_or_else(undefined)
    }

    fn emit_constant(&mut self, loops: Loops<'c, 'a>, value: &ArrayD<i64>, out: Elements<'c, 'a>) {
        let body = loops.address_of(&self.globals.words(value.iter().copied().collect()));
        loops.repeat(loops.int(value.len()), |inner, i| {
            let element = inner.element(out, i);
            inner.repeat(out.words, |inner, t| inner.store(inner.int(0), inner.word(element, t)));
            inner.store(inner.load(inner.word(body, i)), body_word(inner, element, out.words));
        });
    }

    /// Calls a part of the function and returns at once if it fails.
    fn call_part(&mut self, name: &str) {
        let loops = self.loops(self.outer.location);
        let status = IntegerType::new(self.outer.context, 32).into();
        let callee = [("callee", attr::symbol(self.outer.context, name))];
        let status = loops.0.op("func.call", &self.arguments, status, &callee);
        self.check(loops, status);
    }

    /// Copies results that live elsewhere to where they belong, and returns.
    pub(super) fn finish(&mut self, copies: &[usize]) {
        let loops = self.loops(self.outer.location);
        let returned = self.function.returned();
        for &i in copies {
            let (ty, to) = (value_type(returned[i]), self.outputs[i]);
            let count = loops.int(ty.elements());
            if ty.element.is_encrypted() {
                let from = self.elements(loops, returned[i]);
                loops.copy(loops.mul(count, from.words), from.base, to);
            } else {
                let clear = self.clear(returned[i]);
                loops.repeat(count, |inner, j| inner.store(clear.load(inner, j), inner.word(to, j)));
            }
        }
        loops.0.raw("func.return", &[loops.int32(0)], &[], &[], vec![]);
    }
}
