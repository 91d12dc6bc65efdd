//! Runs passes one at a time and prints what was asked for between them.

use crate::arguments::Arguments;
use cloakwork::process::complain;
use cloakwork::{Diagnostic, steps};
use cloakwork_passes::pipeline;
use melior::Context;
use melior::ir::Module;
use melior::ir::operation::{OperationLike, OperationPrintingFlags};
use std::time::{Duration, Instant};

/// Runs `passes` on `module`; messages and intermediate modules go to standard error.
pub(crate) fn run(
    context: &Context,
    module: &mut Module<'_>,
    passes: &[String],
    arguments: &Arguments,
) -> Result<(), Vec<Diagnostic>> {
    let mut times = vec![];
    let mut previous = arguments.print_ir_on_change.then(|| text(module, arguments));
    let mut result = Ok(());
    for (number, pass) in (1..).zip(passes) {
        let name = steps::name(pass);
        let is_named = |wanted: &[String]| wanted.iter().any(|wanted| wanted == "all" || wanted == name);
        let dump = |when: &str, text: &str| complain(&format!("// IR {when} pass {number}: {pass}\n{text}"));
        if is_named(&arguments.print_ir_before) {
            dump("before", &text(module, arguments));
        }
        let start = Instant::now();
        let ran = pipeline::run(context, module, &steps::pipeline_of(pass));
        times.push((pass.as_str(), start.elapsed()));
        match ran {
            Ok(warnings) => warnings.into_iter().for_each(|warning| complain(&warning.to_string())),
            Err(diagnostics) => {
                result = Err(diagnostics);
                break;
            }
        }
        let is_wanted = is_named(&arguments.print_ir_after);
        if is_wanted || arguments.print_ir_on_change {
            let after = text(module, arguments);
            let has_changed = previous.as_ref().is_some_and(|previous| *previous != after);
            if is_wanted || has_changed {
                dump("after", &after);
            }
            previous = arguments.print_ir_on_change.then_some(after);
        }
    }
    if arguments.timing {
        complain(&table(&times));
    }
    result
}

/// The module as text, as the arguments wish it printed.
pub(crate) fn text(module: &Module<'_>, arguments: &Arguments) -> String {
    let mut flags = OperationPrintingFlags::new();
    if arguments.debuginfo {
        flags = flags.enable_debug_info(true, false);
    }
    if let Some(limit) = arguments.elide_constants {
        flags = flags.elide_large_elements_attributes(limit);
    }
    let operation = module.as_operation();
    let mut text = operation.to_string_with_flags(flags).unwrap_or_else(|_| operation.to_string());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn table(times: &[(&str, Duration)]) -> String {
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    let share = |time: Duration| 100.0 * time.as_secs_f64() / total.as_secs_f64().max(f64::MIN_POSITIVE);
    let row = |name: &str, time: Duration| {
        format!("{:>10.3} ms  {:>5.1} %  {name}\n", time.as_secs_f64() * 1e3, share(time))
    };
    let rows: String = times.iter().map(|(name, time)| row(name, *time)).collect();
    format!("// time of each pass, with the verifier\n{rows}{}", row("all", total))
}
