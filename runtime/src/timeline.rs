//! When a run called the runtime, and what processors did meanwhile: the raw material of a profile.

use crate::keys::EvaluationKeys;
use crate::program::Program;
use crate::server::{RunError, RunOptions, Watch, run_with};
use crate::thread_time::process_time;
use crate::value::Value;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What machine code called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Keyswitches.
    Keyswitch,
    /// Bootstraps.
    Bootstrap,
    /// A weighted sum that was spread over threads.
    Sum,
}

/// One call of the runtime, times from the start of the run.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// What was called.
    pub kind: CallKind,
    /// Ciphertexts, or items of a sum.
    pub count: u64,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// Processor time of the whole process in between.
    pub busy: Duration,
}

/// Calls of one run, in their order; a program makes them one after the other.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The calls.
    pub calls: Vec<Call>,
    /// Time of the run.
    pub total: Duration,
    /// Processor time of the process during the run.
    pub busy: Duration,
    /// Threads that the run had.
    pub threads: usize,
}

/// [`crate::run`], which also says when it did what. Other work of the process during the run counts as busy.
pub fn run_timed(
    program: &Program,
    keys: &EvaluationKeys,
    arguments: &[Value],
    options: RunOptions,
) -> Result<(Vec<Value>, Timeline), RunError> {
    let recorder = Recorder { start: Instant::now(), calls: Mutex::default() };
    let busy = process_time();
    let watch = Watch { progress: &|_| (), is_cancelled: &|| false, recorder: Some(&recorder) };
    let results = run_with(program, keys, arguments, options, watch)?;
    let (total, busy) = (recorder.start.elapsed(), process_time().saturating_sub(busy));
    let calls = recorder.calls.into_inner().unwrap_or_else(PoisonError::into_inner);
    let threads = options.threads_or_all();
    Ok((results, Timeline { calls, total, busy, threads }))
}

/// Notes the calls of a run.
pub(crate) struct Recorder {
    start: Instant,
    calls: Mutex<Vec<Call>>,
}

impl Recorder {
    /// Does the work of a call, and notes it.
    pub(crate) fn note<R>(&self, kind: CallKind, count: u64, work: impl FnOnce() -> R) -> R {
        let (start, before) = (self.start.elapsed(), process_time());
        let result = work();
        let (end, busy) = (self.start.elapsed(), process_time().saturating_sub(before));
        let call = Call { kind, count, start, end, busy };
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        result
    }
}
