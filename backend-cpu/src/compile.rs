//! The way from the llvm dialect to an object: translate, embed the spec, hide, optimise, emit.
//!
//! Requires entry points with the signature of [`cloakwork_abi::functions::Entry`]. Knows nothing of
//! what the code computes; its only wish about speed is that vectors may be 512 bits wide.

use crate::error::BackendError;
use crate::object_code::{ObjectCode, SPEC_LENGTH_SYMBOL};
use crate::target::Target;
use crate::translate::{LlvmErrors, translate};
use cloakwork_abi::functions::{SPEC_SECTION, SPEC_SYMBOL, entry_symbol};
use inkwell::AddressSpace;
use inkwell::GlobalVisibility;
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::context::Context as LlvmContext;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::module::{Linkage, Module as LlvmModule};
use inkwell::passes::PassBuilderOptions;
use inkwell::support::LLVMString;
use inkwell::targets::{FileType, TargetMachine};
use inkwell::values::{BasicValue, GlobalValue};
use melior::ir::Module;

/// Compiles `module` for `target` to an object with `spec_json` inside.
pub fn compile(module: &Module, spec_json: &str, target: &Target) -> Result<ObjectCode, BackendError> {
    let bytes =
        optimized(module, spec_json, target, |module, machine| emit(module, machine, FileType::Object))?;
    ObjectCode::new(bytes, target.clone())
}

/// The LLVM IR from which [`compile`] emits code, as text.
pub fn llvm_ir(module: &Module, spec_json: &str, target: &Target) -> Result<String, BackendError> {
    optimized(module, spec_json, target, |module, _| Ok(module.print_to_string().to_string()))
}

/// The assembly of the code that [`compile`] emits.
pub fn assembly(module: &Module, spec_json: &str, target: &Target) -> Result<String, BackendError> {
    let text =
        optimized(module, spec_json, target, |module, machine| emit(module, machine, FileType::Assembly))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The object of an executable's `main`, which hands the entry point and the spec to the runtime:
/// `return cloakwork_main(argc, argv, entry, spec, spec_len);`
pub(crate) fn compile_main(entry: &str, target: &Target) -> Result<Vec<u8>, BackendError> {
    let errors = LlvmErrors::default();
    let context = errors.context();
    let text = format!(
        "@{SPEC_SYMBOL} = external constant i8\n\
         @{SPEC_LENGTH_SYMBOL} = external constant i64\n\
         declare i32 @{entry}(ptr, ptr, ptr)\n\
         declare i32 @cloakwork_main(i32, ptr, ptr, ptr, i64)\n\
         define i32 @main(i32 %argc, ptr %argv) {{\n\
         %length = load i64, ptr @{SPEC_LENGTH_SYMBOL}\n\
         %status = call i32 @cloakwork_main(i32 %argc, ptr %argv, ptr @{entry}, ptr @{SPEC_SYMBOL}, i64 %length)\n\
         ret i32 %status\n\
         }}\n",
        entry = quoted(entry),
    );
    let buffer = MemoryBuffer::create_from_memory_range_copy(text.as_bytes(), "main");
    let module = context.create_module_from_ir(buffer).map_err(refused("for the executable"))?;
    let machine = target.machine()?;
    set_target(&module, &machine);
    let object = emit(&module, &machine, FileType::Object)?;
    errors.check("for the executable")?;
    Ok(object)
}

fn optimized<T>(
    module: &Module,
    spec_json: &str,
    target: &Target,
    take: impl FnOnce(&LlvmModule, &TargetMachine) -> Result<T, BackendError>,
) -> Result<T, BackendError> {
    let machine = target.machine()?;
    let errors = LlvmErrors::default();
    let context = errors.context();
    let module = translate(module, &context)?;
    module.set_name("cloakwork");
    module.set_source_file_name("cloakwork");
    set_target(&module, &machine);
    prepare_functions(&module, &context)?;
    embed_spec(&module, &context, spec_json);
    module.verify().map_err(refused("after translation"))?;
    let options = PassBuilderOptions::create();
    options.set_loop_interleaving(true);
    options.set_loop_vectorization(true);
    options.set_loop_slp_vectorization(true);
    // Inner loops run over the words of a ciphertext and are vectorised; unrolling the others only makes code.
    options.set_loop_unrolling(false);
    module.run_passes("default<O3>", &machine, options).map_err(refused("while optimising"))?;
    errors.check("while optimising")?;
    let taken = take(&module, &machine);
    errors.check("while emitting code")?;
    taken
}

fn set_target(module: &LlvmModule, machine: &TargetMachine) {
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
}

/// Entry points stay visible, everything else becomes internal and may be inlined or removed.
fn prepare_functions(module: &LlvmModule, context: &LlvmContext) -> Result<(), BackendError> {
    for symbol in [SPEC_SYMBOL, SPEC_LENGTH_SYMBOL] {
        if module.get_global(symbol).is_some() || module.get_function(symbol).is_some() {
            return Err(BackendError::ReservedSymbol { symbol });
        }
    }
    let prefix = entry_symbol("");
    let pointer = context.ptr_type(AddressSpace::default()).into();
    let entry_type = context.i32_type().fn_type(&[pointer; 3], false);
    // Intel's processors before Diamond Rapids default to 256 bits; other processors do not heed it.
    let wide = context.create_string_attribute("prefer-vector-width", "512");
    // The runtime's functions catch their panics, so that nothing unwinds through the code.
    let nounwind = context.create_enum_attribute(Attribute::get_named_enum_kind_id("nounwind"), 0);
    let mut entries = 0;
    let mut others = Vec::new();
    for function in module.get_functions().filter(|function| function.count_basic_blocks() > 0) {
        let symbol = function.get_name().to_string_lossy().into_owned();
        function.add_attribute(AttributeLoc::Function, wide);
        function.add_attribute(AttributeLoc::Function, nounwind);
        let value = function.as_global_value();
        if symbol.starts_with(&prefix) {
            if function.get_type() != entry_type {
                let found = function.get_type().print_to_string().to_string();
                return Err(BackendError::EntrySignature { symbol, found });
            }
            value.set_visibility(GlobalVisibility::Default);
            value.set_linkage(Linkage::External);
            entries += 1;
        } else {
            hide(value);
            others.push(format!("`{symbol}`"));
        }
    }
    for global in module.get_globals() {
        let is_intrinsic = global.get_name().to_bytes().starts_with(b"llvm.");
        if !global.is_declaration() && !is_intrinsic {
            hide(global);
        }
    }
    if entries > 0 {
        return Ok(());
    }
    let found = if others.is_empty() { "no function".into() } else { others.join(", ") };
    Err(BackendError::NoEntry { found, prefix })
}

fn hide(value: GlobalValue) {
    value.set_visibility(GlobalVisibility::Default); // internal symbols can have no other
    value.set_linkage(Linkage::Internal);
}

/// The section holds the bytes of the spec and nothing else, without a closing zero.
fn embed_spec<'l>(module: &LlvmModule<'l>, context: &'l LlvmContext, spec_json: &str) {
    let text = context.const_string(spec_json.as_bytes(), false);
    let spec = module.add_global(text.get_type(), None, SPEC_SYMBOL);
    spec.set_initializer(&text);
    spec.set_section(Some(SPEC_SECTION));
    spec.set_alignment(1);
    let length = context.i64_type().const_int(spec_json.len() as u64, false);
    let spec_length = module.add_global(length.get_type(), None, SPEC_LENGTH_SYMBOL);
    spec_length.set_initializer(&length.as_basic_value_enum());
    for global in [spec, spec_length] {
        global.set_constant(true);
        global.set_linkage(Linkage::External);
    }
}

fn emit(module: &LlvmModule, machine: &TargetMachine, kind: FileType) -> Result<Vec<u8>, BackendError> {
    let buffer = machine.write_to_memory_buffer(module, kind).map_err(refused("while emitting code"))?;
    Ok(buffer.as_slice().to_vec())
}

fn refused(stage: &'static str) -> impl Fn(LLVMString) -> BackendError {
    move |message| BackendError::Llvm { stage, message: message.to_string_lossy().trim().to_owned() }
}

/// A symbol as LLVM's text form has it: in quotes, with every other byte than a letter or digit as `\xx`.
fn quoted(symbol: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => char::from(byte).to_string(),
        other => format!("\\{other:02x}"),
    };
    format!("\"{}\"", symbol.bytes().map(escape).collect::<String>())
}
