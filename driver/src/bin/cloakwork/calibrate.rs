//! `cloakwork calibrate`.

use crate::arguments::{Calibrate, WantedKernels};
use cloakwork::calibrate::Kernels;
use cloakwork::process::{EXIT_REFUSED, Failure, complain, print};
use cloakwork::{CostModel, calibrate, files};
use cloakwork_abi::parameters::{Decomposition, ExtensionFactor, Grouping, LweDimension};
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Write;
use std::time::Duration;

pub(crate) fn calibrate(arguments: &Calibrate) -> Result<(), Failure> {
    let kernels = arguments.kernels.map_or_else(Kernels::fastest, |wanted| match wanted {
        WantedKernels::Avx512 => Kernels::Avx512,
        WantedKernels::Avx2 => Kernels::Avx2,
        WantedKernels::Portable => Kernels::Portable,
    });
    if !kernels.is_available() {
        let fastest = Kernels::fastest();
        let message = format!(
            "this processor has no instructions for {kernels} kernels; leave `--kernels` out for the fastest that it has, {fastest}"
        );
        return Err(Failure::new(EXIT_REFUSED, message));
    }
    if let Some(path) = &arguments.output
        && path.is_file()
        && !arguments.force
    {
        let message =
            format!("`{}` is there already; name another file, or replace it with `--force`", path.display());
        return Err(Failure::new(EXIT_REFUSED, message));
    }
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let table = calibrate::calibrate(kernels, Duration::from_secs(arguments.seconds), &mut |progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(progress.next);
    });
    bar.finish_and_clear();
    complain(&summary(&table));
    match &arguments.output {
        Some(path) => Ok(files::write(path, table.to_json().as_bytes())?),
        None => print(&table.to_json()),
    }
}

/// Time of the steps for each shape, in microseconds for a key bit and a ciphertext.
fn summary(table: &CostModel) -> String {
    let mut text = format!("{}\n", table.kernel);
    for entry in table.bootstraps() {
        let of_bit = |extension, count| {
            let extension = ExtensionFactor(extension);
            let step = entry.step(1, extension, table.bootstrap_batch(count, extension));
            step / entry.grouping.factor() as f64 * 1e6
        };
        let grouping = match entry.grouping {
            Grouping::One => "single",
            Grouping::Two => "pairs ",
        };
        let _ = writeln!(
            text,
            "k {}  N {:>5}  {grouping}  {:>7.2} us a key bit, {:>7.2} alone, {:>7.2} with extension 2",
            entry.dimension,
            entry.polynomial_size,
            of_bit(1, u64::MAX),
            of_bit(1, 1),
            of_bit(2, u64::MAX)
        );
    }
    let digits = Decomposition { base_log: 3, level: 5 };
    let keyswitch = |batch| 2048.0 * table.keyswitch_coefficient(digits, LweDimension(750), batch) * 1e6;
    let batch = table.keyswitch_batch(u64::MAX);
    let _ = write!(
        text,
        "keyswitch from 2048 to 750, 5 digits of 3 bits: {:.1} us, {:.1} alone",
        keyswitch(batch),
        keyswitch(1.0)
    );
    text
}
