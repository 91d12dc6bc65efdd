//! Where the time of a run goes: by operation and place in the program, beside what the table of costs predicts.

mod page;

use crate::circuit::Circuit;
use crate::error::Error;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_passes::predict_time::{PredictedWork, WorkKind};
use cloakwork_runtime::timeline::{Call, CallKind, Timeline, run_timed};
use cloakwork_runtime::{EvaluationKeys, RunOptions, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

/// One run. [`fmt::Display`] prints it for people, [`Profile::to_html`] is a page of its own, and it serialises.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// Name of the function.
    pub function: String,
    /// Threads of the run.
    pub threads: usize,
    /// Seconds of the run.
    pub seconds: f64,
    /// Processor seconds of the process meanwhile.
    pub busy: f64,
    /// Seconds in which threads had nothing to do, or no processor.
    pub waiting: f64,
    /// What ran, in order.
    pub operations: Vec<ProfiledOperation>,
}

/// An operation of the program.
#[derive(Clone, Debug, Serialize)]
pub struct ProfiledOperation {
    /// What it is to the runtime.
    pub kind: WorkKind,
    /// Name of the operation.
    pub operation: String,
    /// Place in the program.
    pub place: String,
    /// Ciphertexts that it computes.
    pub count: u64,
    /// Seconds from the start of the run to its own.
    pub start: f64,
    /// Seconds that it took.
    pub seconds: f64,
    /// Processor seconds meanwhile.
    pub busy: f64,
    /// Processor seconds that the table of costs predicts; none where it does not know the keys.
    pub predicted: Option<f64>,
}

/// What the operations of one place took.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlaceTime {
    /// Place in the program.
    pub place: String,
    /// Seconds of keyswitches.
    pub keyswitch: f64,
    /// Seconds of bootstraps.
    pub bootstrap: f64,
    /// Seconds of sums and other arithmetic.
    pub linear: f64,
    /// Processor seconds of all of it.
    pub busy: f64,
    /// Processor seconds that were predicted.
    pub predicted: f64,
}

impl Circuit {
    /// [`Self::run`] with options, and where its time goes. Nothing else should run in the process meanwhile.
    pub fn profile(
        &self,
        keys: &EvaluationKeys,
        arguments: &[Value],
        options: RunOptions,
    ) -> Result<(Vec<Value>, Profile), Error> {
        let (results, timeline) = run_timed(self.program()?.as_ref(), keys, arguments, options)?;
        let function = self.spec().name.clone();
        let work: Vec<&PredictedWork> =
            self.report().predicted_work.iter().filter(|work| work.function == function).collect();
        let operations = if work.is_empty() { unplaced(&timeline) } else { placed(&work, &timeline)? };
        let (seconds, busy) = (timeline.total.as_secs_f64(), timeline.busy.as_secs_f64());
        let waiting = (timeline.threads as f64 * seconds - busy).max(0.0);
        Ok((results, Profile { function, threads: timeline.threads, seconds, busy, waiting, operations }))
    }
}

/// The calls alone: the table of costs does not know the keys, so nothing was predicted.
fn unplaced(timeline: &Timeline) -> Vec<ProfiledOperation> {
    let of_call = |call: &Call| ProfiledOperation {
        kind: kind(call.kind),
        operation: String::new(),
        place: String::new(),
        count: call.count,
        start: call.start.as_secs_f64(),
        seconds: (call.end - call.start).as_secs_f64(),
        busy: call.busy.as_secs_f64(),
        predicted: None,
    };
    timeline.calls.iter().map(of_call).collect()
}

/// Operations with their calls; what lies between two calls is divided among the operations there by what was predicted.
fn placed(work: &[&PredictedWork], timeline: &Timeline) -> Result<Vec<ProfiledOperation>, Error> {
    let (mut operations, mut between) = (vec![], vec![]);
    let (mut calls, mut last) = (timeline.calls.iter(), 0.0);
    for &work in work {
        if work.kind == WorkKind::Elementwise {
            between.push(work);
            continue;
        }
        let call = calls.next().filter(|call| kind(call.kind) == work.kind).ok_or_else(mismatch)?;
        let (start, end) = (call.start.as_secs_f64(), call.end.as_secs_f64());
        divide(&mut between, (last, start), &mut operations);
        last = end;
        operations.push(operation(work, (start, end - start), call.busy.as_secs_f64()));
    }
    if calls.next().is_some() {
        return Err(mismatch());
    }
    divide(&mut between, (last, timeline.total.as_secs_f64()), &mut operations);
    Ok(operations)
}

fn divide(
    between: &mut Vec<&PredictedWork>,
    (mut start, end): (f64, f64),
    operations: &mut Vec<ProfiledOperation>,
) {
    let (time, predicted) = (end - start, between.iter().map(|work| work.seconds).sum::<f64>());
    let number = between.len() as f64;
    for work in between.drain(..) {
        let share = if predicted > 0.0 { work.seconds / predicted } else { 1.0 / number };
        operations.push(operation(work, (start, share * time), share * time));
        start += share * time;
    }
}

fn operation(work: &PredictedWork, (start, seconds): (f64, f64), busy: f64) -> ProfiledOperation {
    ProfiledOperation {
        kind: work.kind,
        operation: work.operation.clone(),
        place: work.place.clone(),
        count: work.count,
        start,
        seconds,
        busy,
        predicted: Some(work.seconds),
    }
}

fn kind(call: CallKind) -> WorkKind {
    match call {
        CallKind::Keyswitch => WorkKind::Keyswitch,
        CallKind::Bootstrap => WorkKind::Bootstrap,
        CallKind::Sum => WorkKind::Sum,
    }
}

fn mismatch() -> Error {
    let message =
        "internal error: the calls of the run are not those of the program; the profile would be wrong";
    Diagnostic::new(Severity::Error, "", message).into()
}

impl Profile {
    /// By place in the program, the longest first.
    pub fn by_place(&self) -> Vec<PlaceTime> {
        let mut found: BTreeMap<&str, PlaceTime> = BTreeMap::new();
        for operation in &self.operations {
            let place = found.entry(&operation.place).or_default();
            place.place = operation.place.clone();
            match operation.kind {
                WorkKind::Keyswitch => place.keyswitch += operation.seconds,
                WorkKind::Bootstrap => place.bootstrap += operation.seconds,
                WorkKind::Sum | WorkKind::Elementwise => place.linear += operation.seconds,
            }
            place.busy += operation.busy;
            place.predicted += operation.predicted.unwrap_or(0.0);
        }
        let mut places: Vec<PlaceTime> = found.into_values().collect();
        places.sort_by(|a, b| b.seconds().total_cmp(&a.seconds()));
        places
    }

    /// Seconds of all operations of some kinds.
    fn seconds_of(&self, kinds: &[WorkKind]) -> f64 {
        let operations = self.operations.iter().filter(|operation| kinds.contains(&operation.kind));
        operations.map(|operation| operation.seconds).sum()
    }

    /// Name and seconds of each kind, and of what is none.
    fn kinds(&self) -> [(&'static str, f64); 4] {
        let keyswitch = self.seconds_of(&[WorkKind::Keyswitch]);
        let bootstrap = self.seconds_of(&[WorkKind::Bootstrap]);
        let linear = self.seconds_of(&[WorkKind::Sum, WorkKind::Elementwise]);
        let rest = (self.seconds - keyswitch - bootstrap - linear).max(0.0);
        [("keyswitch", keyswitch), ("bootstrap", bootstrap), ("linear", linear), ("around them", rest)]
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers and texts only") + "\n"
    }

    /// As a page that needs nothing else.
    pub fn to_html(&self) -> String {
        page::html(self)
    }
}

impl PlaceTime {
    /// Seconds of everything.
    pub fn seconds(&self) -> f64 {
        self.keyswitch + self.bootstrap + self.linear
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { function, threads, seconds, busy, waiting, .. } = self;
        writeln!(f, "{function}  {:.3} ms on {threads} threads", 1e3 * seconds)?;
        writeln!(f, "processors  {:.3} ms busy, {:.3} ms waiting", 1e3 * busy, 1e3 * waiting)?;
        let predicted: f64 = self.operations.iter().filter_map(|operation| operation.predicted).sum();
        if predicted > 0.0 {
            writeln!(
                f,
                "predicted  {:.3} ms of one processor, measured {:.2} of it",
                1e3 * predicted,
                busy / predicted
            )?;
        }
        for (name, of_kind) in self.kinds() {
            writeln!(f, "{name}  {:.3} ms, {:.0} %", 1e3 * of_kind, 100.0 * of_kind / seconds)?;
        }
        writeln!(f, "        ms  keyswitch  bootstrap     linear       busy  predicted  place")?;
        for place in self.by_place() {
            let PlaceTime { keyswitch, bootstrap, linear, busy, predicted, .. } = place;
            write!(f, "{:>10.3}", 1e3 * place.seconds())?;
            for part in [keyswitch, bootstrap, linear, busy, predicted] {
                write!(f, " {:>10.3}", 1e3 * part)?;
            }
            writeln!(f, "  {}", place.place)?;
        }
        Ok(())
    }
}
