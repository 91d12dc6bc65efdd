//! Models: `cloakwork compile model.onnx`, `cloakwork predict`, `cloakwork report`.

use crate::arguments::{ModelArguments, Predict, ReportOf};
use crate::passphrase;
use crate::remote;
use cloakwork::models::{
    Budget, Reach, Truth, accuracy, compile_within, predict as predict_samples, predict_elsewhere,
};
use cloakwork::process::{EXIT_REFUSED, EXIT_USAGE, Failure, complain, print};
use cloakwork::{
    Circuit, Error, EvaluationKeys, Mode, ModelCircuit, ModelOptions, Options, Predictions, Program,
    ProgramSpec, Quantisation, SecretKeys, compile_model, files, load_program, report,
};
use cloakwork_abi::processing::ClearValue;
use cloakwork_frontend::model::Model;
use cloakwork_frontend::onnx::{ImportOptions, import};
use cloakwork_frontend::quantise::{Bits, RangeRule, Reply, RoundTo, Scales};
use cloakwork_ir::digits::Exactness;
use cloakwork_runtime::{Randomness, generate};
use ndarray::{ArrayD, Axis};
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement, WriteNpyExt};
use std::fmt::Write;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Whether a file is a model and no program.
pub(crate) fn is_model(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}

/// A model from an ONNX file, compiled.
pub(crate) fn compile(
    path: &Path,
    arguments: &ModelArguments,
    options: Options,
    wants_report: bool,
) -> Result<Circuit, Failure> {
    let model = read_model(path)?;
    if arguments.calibrate.is_empty() {
        let names: Vec<&str> = model.inputs.iter().map(|input| input.name.as_str()).collect();
        let message = format!(
            "a model is quantised on samples; name a NumPy file for each of its inputs ({}) with `--calibrate FILE`",
            names.join(", ")
        );
        return Err(Failure::new(EXIT_USAGE, message));
    }
    let samples = read_samples(&model, &arguments.calibrate)?;
    let labels = arguments.labels.as_deref().map(|path| read_labels(path, samples.len())).transpose()?;
    let truth = Truth { values: labels.as_deref(), ..Truth::default() };
    let options = ModelOptions { quantisation: quantisation(arguments)?, options };
    let circuit: ModelCircuit = match &arguments.budget {
        Some(budget) => {
            let budget: Budget = budget.parse()?;
            compile_within(&model, &samples, truth, &options, budget)?
        }
        None => match compile_model(&model, &samples, &options) {
            // Whoever asked for nothing gets what works.
            Err(Error::Infeasible(_)) if arguments.n_bits.is_none() && arguments.rounding.is_none() => {
                complain(
                    "8 bits without rounding, the default, have no parameters for this model; bits and rounding are chosen as with `--budget accuracy=-1%`",
                );
                compile_within(&model, &samples, truth, &options, Budget::default())?
            }
            compiled => compiled?,
        },
    };
    circuit.quantisation().warnings.iter().for_each(|warning| complain(&format!("warning: {warning}")));
    if let Some(search) = circuit.search() {
        complain(search.to_string().trim_end());
    }
    if wants_report {
        complain(circuit.quantisation().to_string().trim_end());
        let beyond = circuit.beyond_saturation();
        if !beyond.is_empty() {
            complain(
                "layers that inputs unlike the samples could lead further than they saturate; from there tables go on from their other end (`--bounds guarded` prevents it)",
            );
            beyond.iter().for_each(|layer| complain(&format!("  {layer}")));
        }
        let accuracy = circuit.accuracy(&model, &samples, truth, None)?;
        let what = if labels.is_some() { "accuracy" } else { "agreement with the model on reals" };
        complain(&format!("{what}\n{}", accuracy.to_string().trim_end()));
    }
    if arguments.report_layers {
        complain(circuit.accuracy_by_layer(&samples, Reach::Simulated)?.to_string().trim_end());
    }
    Ok(circuit.circuit().clone())
}

fn read_model(path: &Path) -> Result<Model, Failure> {
    let bytes = files::read(path)?;
    let place = path.display();
    import(&bytes, &ImportOptions::default())
        .map_err(|error| Failure::new(EXIT_REFUSED, format!("`{place}`: {error}")))
}

fn quantisation(arguments: &ModelArguments) -> Result<Quantisation, Failure> {
    let mut quantisation = Quantisation::default();
    if let Some(bits) = &arguments.n_bits {
        quantisation.bits = read_bits(bits)?;
    }
    if let Some(rounding) = &arguments.rounding {
        quantisation.rounding = Some(read_rounding(rounding)?);
    }
    if arguments.power_of_two {
        quantisation.scales = Scales::PowerOfTwo;
    }
    quantisation.reply = match arguments.reply.as_deref() {
        None | Some("scores") => Reply::Scores,
        Some("label") => Reply::Label,
        Some(text) => {
            let message = format!("`--reply {text}`; allowed are `scores` and `label`");
            return Err(Failure::new(EXIT_USAGE, message));
        }
    };
    if let Some(ranges) = &arguments.ranges {
        quantisation.ranges = match ranges.as_str() {
            "min-max" => RangeRule::MinMax,
            "mse" => RangeRule::Mse,
            text => match text.strip_prefix("percentile:").and_then(|percent| percent.parse().ok()) {
                Some(percent) => RangeRule::Percentile(percent),
                None => {
                    let message =
                        format!("`--ranges {text}`; allowed are `min-max`, `mse`, `percentile:0.1`");
                    return Err(Failure::new(EXIT_USAGE, message));
                }
            },
        };
    }
    Ok(quantisation)
}

/// `6`, or `model_inputs=8,op_inputs=4,op_weights=4,model_outputs=8`.
fn read_bits(text: &str) -> Result<Bits, Failure> {
    let refused = || {
        let message = format!(
            "`--n-bits {text}`; write a number, or `model_inputs=8,op_inputs=4,op_weights=4,model_outputs=8`"
        );
        Failure::new(EXIT_USAGE, message)
    };
    if let Ok(bits) = text.parse() {
        return Ok(Bits::uniform(bits));
    }
    let mut bits = Quantisation::default().bits;
    for part in text.split(',') {
        let (name, number) = part.split_once('=').ok_or_else(refused)?;
        let number: u32 = number.trim().parse().map_err(|_| refused())?;
        match name.trim() {
            "model_inputs" => bits.model_inputs = number,
            "op_inputs" => bits.op_inputs = number,
            "op_weights" => bits.op_weights = number,
            "model_outputs" => bits.model_outputs = number,
            _ => return Err(refused()),
        }
    }
    Ok(bits)
}

/// `6`, `6:exact` or `6:approximate`.
fn read_rounding(text: &str) -> Result<RoundTo, Failure> {
    let refused = || {
        Failure::new(
            EXIT_USAGE,
            format!("`--rounding {text}`; write it like `6`, `6:exact` or `6:approximate`"),
        )
    };
    let (bits, exactness) = text.split_once(':').unwrap_or((text, "approximate"));
    let exactness = match exactness {
        "exact" => Exactness::Exact,
        "approximate" => Exactness::Approximate,
        _ => return Err(refused()),
    };
    Ok(RoundTo { bits: bits.parse().map_err(|_| refused())?, exactness })
}

pub(crate) fn predict(arguments: &Predict) -> Result<(), Failure> {
    let is_elsewhere = remote::is_address(&arguments.program);
    if arguments.keys.is_some() && !arguments.execute && !is_elsewhere {
        return Err(Failure::new(EXIT_USAGE, "`--keys` are for `--execute`; name both"));
    }
    if is_elsewhere && (arguments.clear || arguments.simulate) {
        return Err(Failure::new(
            EXIT_USAGE,
            "a service predicts on ciphertexts; leave out `--clear` and `--simulate`",
        ));
    }
    let (spec, samples, predictions) = if is_elsewhere {
        let (program, secret) = remote::model(arguments)?;
        let spec = program.spec().clone();
        let samples = samples_of(&spec, &arguments.data)?;
        let call = |calls: &[_]| -> Result<_, Failure> { Ok(program.call(&secret, calls)?) };
        let predictions = predict_elsewhere(&spec, &samples, call)?;
        (spec, samples, predictions)
    } else {
        let trusted = files::load_trusted_keys(&arguments.trust)?;
        let program = load_program(&arguments.program, arguments.function.as_deref(), &trusted)?;
        let spec = program.spec().clone();
        let samples = samples_of(&spec, &arguments.data)?;
        let predictions = predict_here(&program, &samples, arguments)?;
        (spec, samples, predictions)
    };
    let labels = arguments.labels.as_deref().map(|path| read_labels(path, samples.len())).transpose()?;
    warn_of(&predictions);
    let names: Vec<&str> = spec
        .processing
        .iter()
        .flat_map(|processing| &processing.outputs)
        .map(|output| output.name.as_str())
        .collect();
    let mut text = String::new();
    for outputs in &predictions.outputs {
        let line: Vec<String> =
            names.iter().zip(outputs).map(|(name, value)| format!("{name} = {}", text_of(value))).collect();
        let _ = writeln!(text, "{}", line.join("  "));
    }
    if let Some(path) = &arguments.output {
        write_results(path, &predictions.outputs)?;
    }
    print(&text)?;
    if let Some(labels) = labels {
        complain(&format!("right are {} of {}", predictions.right(&labels), labels.len()));
    }
    Ok(())
}

/// Says what lay outside of what the model was calibrated for.
fn warn_of(predictions: &Predictions) {
    if predictions.saturated > 0 {
        complain(&format!(
            "warning: {} elements of inputs lie outside of what the calibration set showed; they took the nearest value inside",
            predictions.saturated
        ));
    }
    if let Some(outside @ 1..) = predictions.outside {
        complain(&format!(
            "warning: {outside} lookups got a value beyond what the calibration set showed; they took the entry of the nearest end, which with `--bounds measured` only those near enough do: calibrate with samples like these"
        ));
    }
    if let Some(outside @ 1..) = predictions.results_outside {
        complain(&format!(
            "warning: {outside} results lie outside of their width; they took the nearest value inside"
        ));
    }
}

/// Predictions in this process.
fn predict_here(
    program: &Program,
    samples: &[Vec<ArrayD<f64>>],
    arguments: &Predict,
) -> Result<Predictions, Failure> {
    let keyset = &program.spec().keyset;
    let keys = match (arguments.execute, &arguments.keys) {
        (true, Some(folder)) => {
            Some(read_keys(program.spec(), folder, arguments.passphrase_file.as_deref())?)
        }
        (true, None) => Some(generate(keyset, Randomness::Secure, &|_| ())?),
        (false, _) => None,
    };
    let mode = match &keys {
        Some((secret, evaluation)) => Mode::Execute { secret, evaluation },
        None if arguments.simulate => Mode::Simulate { seed: arguments.seed },
        None => Mode::Clear,
    };
    Ok(predict_samples(program, samples, mode)?)
}

pub(crate) fn report(arguments: &ReportOf) -> Result<(), Failure> {
    let module = files::load_spec(&arguments.program)?;
    let mut text = report::describe(&module);
    for spec in module.functions() {
        let Some(processing) = &spec.processing else { continue };
        let _ = writeln!(text, "model {}", spec.name);
        for (input, value) in processing.inputs.iter().zip(&spec.inputs) {
            let quantiser = &input.quantiser;
            let scale = match quantiser.scale.as_slice() {
                [scale] => format!("scale {scale:.6}"),
                scales => format!("{} scales", scales.len()),
            };
            let _ = writeln!(
                text,
                "  input {} {:?}: {} steps in the clear, {scale}, integers {} to {}, ciphertexts of {:?}",
                input.name,
                input.shape,
                input.steps.len(),
                quantiser.lo,
                quantiser.hi,
                value.shape
            );
        }
        for output in &processing.outputs {
            let Some(value) = spec.outputs.get(output.result) else { continue };
            let _ = writeln!(
                text,
                "  output {} of result {} {:?}: integers {} to {}, {} steps in the clear",
                output.name,
                output.result,
                value.shape,
                value.range.0,
                value.range.1,
                output.steps.len()
            );
        }
    }
    if let Some(model) = &arguments.model {
        text += &accuracy_of(arguments, &read_model(model)?)?;
    }
    print(&text)
}

/// Accuracy of a program from the model on reals to ciphertexts.
fn accuracy_of(arguments: &ReportOf, model: &Model) -> Result<String, Failure> {
    let program = Program::load(&arguments.program)?;
    let samples = read_samples(model, &arguments.data)?;
    let labels = arguments.labels.as_deref().map(|path| read_labels(path, samples.len())).transpose()?;
    let keys = arguments.keys.as_deref().map(|folder| read_keys(program.spec(), folder, None)).transpose()?;
    let execute = keys.as_ref().map(|(secret, evaluation)| Mode::Execute { secret, evaluation });
    let truth = Truth { values: labels.as_deref(), ..Truth::default() };
    let found = accuracy(&program, model, &samples, (truth, execute))?;
    let what = if labels.is_some() { "accuracy" } else { "agreement with the model on reals" };
    Ok(format!("{what}\n{found}"))
}

fn read_keys(
    spec: &ProgramSpec,
    folder: &Path,
    passphrase_file: Option<&Path>,
) -> Result<(SecretKeys, EvaluationKeys), Failure> {
    Ok((
        passphrase::read_keys(&spec.keyset, &folder.join("secret.key"), passphrase_file)?,
        EvaluationKeys::read(&spec.keyset, &folder.join("evaluation.key"))?,
    ))
}

fn write_results(path: &Path, results: &[Vec<ClearValue>]) -> Result<(), Failure> {
    let mut rows = vec![];
    for outputs in results {
        rows.push(match outputs.first() {
            Some(ClearValue::Reals(reals)) => reals.clone(),
            Some(ClearValue::Integers(labels)) => labels.mapv(|label| label as f64),
            Some(ClearValue::Strings(_)) | None => {
                return Err(Failure::new(
                    EXIT_REFUSED,
                    "names cannot be written to a NumPy file; take the text",
                ));
            }
        });
    }
    // Axis 0 of every result is that of the sample.
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    let joined = match rows.first().map(ArrayD::ndim) {
        Some(0) | None => ndarray::Array1::from_iter(rows.iter().flatten().copied()).into_dyn(),
        Some(_) => ndarray::concatenate(Axis(0), &views)?,
    };
    let mut bytes = vec![];
    joined.write_npy(&mut bytes)?;
    Ok(files::write(path, &bytes)?)
}

fn text_of(value: &ClearValue) -> String {
    match value {
        ClearValue::Reals(reals) => {
            let reals: Vec<String> = reals.iter().map(|real| format!("{real:.6}")).collect();
            format!("[{}]", reals.join(", "))
        }
        ClearValue::Integers(labels) => labels.iter().map(i64::to_string).collect::<Vec<_>>().join(", "),
        ClearValue::Strings(names) => names.iter().cloned().collect::<Vec<_>>().join(", "),
    }
}

/// Samples of a model: along axis 0 of a file for each input.
fn read_samples(model: &Model, paths: &[PathBuf]) -> Result<Vec<Vec<ArrayD<f64>>>, Failure> {
    let shapes: Vec<(&str, &[usize])> =
        model.inputs.iter().map(|input| (input.name.as_str(), input.shape.as_slice())).collect();
    rows_of(&shapes, paths)
}

/// Samples of a compiled model.
fn samples_of(spec: &ProgramSpec, paths: &[PathBuf]) -> Result<Vec<Vec<ArrayD<f64>>>, Failure> {
    let Some(processing) = &spec.processing else {
        let message =
            format!("`{}` is a program on integers; use `cloakwork run` or `cloakwork simulate`", spec.name);
        return Err(Failure::new(EXIT_REFUSED, message));
    };
    let shapes: Vec<(&str, &[usize])> =
        processing.inputs.iter().map(|input| (input.name.as_str(), input.shape.as_slice())).collect();
    rows_of(&shapes, paths)
}

fn rows_of(shapes: &[(&str, &[usize])], paths: &[PathBuf]) -> Result<Vec<Vec<ArrayD<f64>>>, Failure> {
    if shapes.len() != paths.len() {
        let names: Vec<&str> = shapes.iter().map(|(name, _)| *name).collect();
        let message = format!(
            "{} files for {} inputs; name one NumPy file for each of {}, in this order",
            paths.len(),
            shapes.len(),
            names.join(", ")
        );
        return Err(Failure::new(EXIT_USAGE, message));
    }
    let mut samples: Vec<Vec<ArrayD<f64>>> = vec![];
    for ((name, shape), path) in shapes.iter().zip(paths) {
        let data = read_reals(path)?;
        let found = data.shape().to_vec();
        let is_alone = found == *shape;
        if !is_alone && found.get(1..) != shape.get(1..) {
            let message = format!(
                "`{}` has shape {found:?}; input `{name}` has shape {shape:?}, so the file needs samples along axis 0 and then {:?}; pass all features in the order of training",
                path.display(),
                shape.get(1..).unwrap_or(&[])
            );
            return Err(Failure::new(EXIT_REFUSED, message));
        }
        let rows: Vec<ArrayD<f64>> =
            data.axis_iter(Axis(0)).map(|row| row.to_owned().insert_axis(Axis(0))).collect();
        if samples.is_empty() {
            samples = vec![vec![]; rows.len()];
        }
        if samples.len() != rows.len() {
            let message = format!(
                "`{}` has {} samples, the file before {}; give each input the same samples",
                path.display(),
                rows.len(),
                samples.len()
            );
            return Err(Failure::new(EXIT_REFUSED, message));
        }
        samples.iter_mut().zip(rows).for_each(|(sample, row)| sample.push(row));
    }
    Ok(samples)
}

fn read_labels(path: &Path, count: usize) -> Result<Vec<f64>, Failure> {
    let labels: Vec<f64> = read_reals(path)?.into_iter().collect();
    if labels.len() != count {
        let message = format!(
            "`{}` has {} labels for {count} samples; give one for each",
            path.display(),
            labels.len()
        );
        return Err(Failure::new(EXIT_REFUSED, message));
    }
    Ok(labels)
}

/// Numbers of any type from a NumPy file.
fn read_reals(path: &Path) -> Result<ArrayD<f64>, Failure> {
    let bytes = files::read(path)?;
    let refused = |problem: &dyn std::fmt::Display| {
        let place = path.display();
        Failure::new(EXIT_REFUSED, format!("`{place}`: {problem}; it must be a NumPy file of numbers"))
    };
    macro_rules! try_each {
        ($($element:ty),*) => {$(
            if let Some(array) = read_as::<$element>(&bytes).map_err(|error| refused(&error))? {
                return Ok(array.mapv(|value| value as f64));
            }
        )*};
    }
    try_each!(f64, f32, i64, i32, i16, i8, u8, u16, u32, u64);
    Err(refused(&"its elements are no numbers of the order of this machine"))
}

/// `None` for files of other elements.
fn read_as<T: ReadableElement>(bytes: &[u8]) -> Result<Option<ArrayD<T>>, ReadNpyError> {
    match ArrayD::<T>::read_npy(Cursor::new(bytes)) {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
