//! Runs a function of a module on clear arguments, whatever the level of the module.

use crate::call::Call;
use crate::error::Error;
use crate::machine_code;
use crate::steps;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_backend_cpu::Target;
use cloakwork_ir::attributes::{SPEC, get_string};
use cloakwork_ir::context::{context, parse};
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::function::{Function, functions};
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::pipeline;
use cloakwork_runtime::{Noise, simulate};
use melior::ir::Module;
use ndarray::ArrayD;

/// Evaluates `call` in the module `mlir`, which is called `name` in messages.
///
/// `fhe` and `tfhe` are interpreted. From the conversion to loops on, the module is compiled for this
/// machine and its code runs on phases without noise. Machine code is as trusted as its text.
///
/// ```
/// let mlir = "func.func @main(%x: !fhe.eint<3>, %y: i64) -> !fhe.eint<3> {
///   %0 = fhe.add_clear %x, %y : (!fhe.eint<3>, i64) -> !fhe.eint<3>
///   return %0 : !fhe.eint<3>
/// }";
/// let results = cloakwork::evaluate(mlir, "sum.mlir", &"main(3, 4)".parse()?)?;
/// assert_eq!(cloakwork::call::format_value(&results[0]), "7");
/// # Ok::<(), cloakwork::Error>(())
/// ```
pub fn evaluate(mlir: &str, name: &str, call: &Call) -> Result<Vec<Clear>, Error> {
    let context = context();
    let mut module = parse(&context, mlir, name).map_err(Error::Program)?;
    match get_string(&module.as_operation(), SPEC) {
        None => interpreted(&module, call),
        Some(spec) => {
            pipeline::run(&context, &mut module, &steps::lowering()?).map_err(Error::Program)?;
            executed(&module, &spec, call)
        }
    }
}

/// The function `name` of a module; an error lists those that there are.
pub(crate) fn find_function<'c: 'a, 'a>(
    module: &'a Module<'c>,
    name: &str,
) -> Result<Function<'c, 'a>, Error> {
    let all = functions(module);
    let known: Vec<String> = all.iter().map(|function| format!("`{}`", function.name())).collect();
    all.into_iter().find(|function| function.name() == name).ok_or_else(|| unknown_function(name, &known))
}

fn interpreted(module: &Module<'_>, call: &Call) -> Result<Vec<Clear>, Error> {
    let function = find_function(module, &call.function)?;
    Ok(interpret(function, &call.arguments, &NoHostFunctions)?)
}

fn executed(module: &Module<'_>, spec_json: &str, call: &Call) -> Result<Vec<Clear>, Error> {
    let specs = ModuleSpec::from_json(spec_json)?;
    let names: Vec<String> = specs.functions().iter().map(|spec| format!("`{}`", spec.name)).collect();
    let spec = specs.function(Some(&call.function)).map_err(|_| unknown_function(&call.function, &names))?;
    let object = cloakwork_backend_cpu::compile(module, spec_json, &Target::Host)?;
    let program = machine_code::function(&machine_code::load(&object)?, spec.clone())?;
    let ints: Option<Vec<ArrayD<i64>>> = call.arguments.iter().cloned().map(Clear::into_words).collect();
    let ints = ints.ok_or_else(|| failed("machine code takes integers only; round the arguments"))?;
    let outputs = simulate(&program, &ints, Noise::None)?.outputs;
    let outputs = outputs.into_iter().zip(&spec.outputs);
    Ok(outputs.map(|(words, value)| Clear::of_words(words, value.range)).collect())
}

fn unknown_function(name: &str, known: &[String]) -> Error {
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    failed(&format!("there is no function `{name}`; the module has {known}"))
}

fn failed(message: &str) -> Error {
    Diagnostic::new(Severity::Error, "", message).into()
}
