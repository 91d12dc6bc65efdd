//! Runs a program on several samples side by side.
//!
//! Each sample's machine code runs on a thread of its own. Where it calls the runtime it waits for the others; the calls of
//! all samples become one, so that ciphertexts of different samples pass by a key together and linear arithmetic runs on
//! several threads. A program is straight-line code, so its calls come in one order for every sample; calls that are not
//! alike would be made one after the other.

use crate::keys::ExpandedKeys;
use crate::memory::{self, RunMemory};
use crate::program::Program;
use crate::server::{
    RunError, RunOptions, ServerState, Target, Watch, call, check, failed, new_workspaces, pool, run_alone,
    server_bootstrap, server_keyswitch,
};
use crate::value::{Value, Words, words_of};
use cloakwork_abi::batches::BOOTSTRAP_BATCHES;
use cloakwork_abi::functions::{FunctionTable, STATUS_OK};
use cloakwork_abi::spec::ProgramSpec;
use rayon::ThreadPool;
use std::borrow::Cow;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Samples side by side at most.
const MOST_MEMBERS: usize = 16;
/// Batches of bootstraps for each thread over which the calls of a program are spread, at least.
const BATCHES_OF_A_THREAD: u64 = 4;
/// Words of scratch memory of all samples together.
const MOST_WORDS: usize = 1 << 27;

/// How many samples [`run_batch`] computes side by side: enough to fill the batches of the kernels, and to keep threads
/// busy.
pub fn samples_at_once(spec: &ProgramSpec, options: RunOptions) -> usize {
    let available = || std::thread::available_parallelism().ok();
    let threads = options.threads.or_else(available).map_or(1, NonZeroUsize::get);
    let wanted = threads as u64 * BOOTSTRAP_BATCHES[0] * BATCHES_OF_A_THREAD;
    let to_fill = match spec.counts.bootstraps {
        0 => 1,
        bootstraps => wanted.div_ceil(bootstraps) as usize,
    };
    let words = |(key, &count): (usize, &u64)| (count as usize).saturating_mul(words_of(&spec.keyset, key));
    let each: usize = spec.workspace.iter().enumerate().map(words).sum();
    to_fill.max(threads).min(MOST_WORDS / each.max(1)).clamp(1, MOST_MEMBERS)
}

/// Runs the program on encrypted arguments of each sample, as [`crate::run`] does on one. All are checked first.
pub fn run_batch(
    program: &Program,
    keys: &ExpandedKeys,
    samples: &[Vec<Value>],
    options: RunOptions,
) -> Result<Vec<Vec<Value>>, RunError> {
    run_batch_until(program, keys, samples, options, &|| false)
}

/// [`run_batch`], which ends with [`RunError::Cancelled`] at the next operation on ciphertexts once `is_cancelled` says so.
pub fn run_batch_until(
    program: &Program,
    keys: &ExpandedKeys,
    samples: &[Vec<Value>],
    options: RunOptions,
    is_cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Vec<Value>>, RunError> {
    let spec = program.spec();
    samples.iter().try_for_each(|arguments| check(program, keys, arguments))?;
    let members = samples_at_once(spec, options).min(samples.len());
    if members == 0 {
        return Ok(vec![]);
    }
    let pool = pool(options.threads)?;
    let of_all = RunMemory::of(spec).without_keys(options.threads_or_all()).saturating_mul(members as u64);
    memory::check("ciphertexts of a batch of samples", of_all)?;
    let meeting = Meeting {
        pool: &pool,
        server: ServerState::new(keys, Watch { progress: &|_| (), is_cancelled, recorder: None }),
        round: Mutex::new(Round { members, ..Round::default() }),
        turn: Condvar::new(),
    };
    let mut results: Vec<Option<Vec<Value>>> = vec![None; samples.len()];
    let status = std::thread::scope(|scope| {
        let member = |number: usize| {
            let meeting = &meeting;
            scope.spawn(move || meeting.attend(program, keys, samples, (number, members)))
        };
        let all: Vec<_> = (0..members).map(member).collect();
        let mut status = STATUS_OK;
        for member in all {
            // A panic is one of the arithmetic here, not of the runtime functions, which catch theirs.
            let (found, of_member) =
                member.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload));
            status = if status == STATUS_OK { found } else { status };
            for (sample, values) in of_member {
                results[sample] = Some(values);
            }
        }
        status
    });
    match results.into_iter().collect::<Option<Vec<_>>>() {
        Some(results) if status == STATUS_OK => Ok(results),
        _ if is_cancelled() => Err(RunError::Cancelled),
        _ => Err(failed(spec, meeting.server, status)),
    }
}

/// Where the calls of all samples meet.
struct Meeting<'a> {
    pool: &'a ThreadPool,
    server: ServerState<'a>,
    round: Mutex<Round>,
    turn: Condvar,
}

/// Calls that wait for each other.
#[derive(Default)]
struct Round {
    /// Samples that still compute.
    members: usize,
    calls: Vec<Call>,
    number: u64,
    /// Of the first call that failed; everything ends with it.
    status: i32,
}

/// A call of machine code, which waits until it is made.
#[derive(Clone)]
struct Call {
    function: Function,
    key: u32,
    count: u64,
    input: *const u64,
    output: *mut u64,
}

// SAFETY: the memory belongs to a thread that waits until the call was made.
unsafe impl Send for Call {}
// SAFETY: as for `Send`.
unsafe impl Sync for Call {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Keyswitch,
    Bootstrap { tables: *const u64, selector: *const u32, outputs: u32, width: u32, is_signed: u32 },
}

type Samples = Vec<(usize, Vec<Value>)>;

impl Meeting<'_> {
    /// Computes every sample whose number is `first` and a multiple of `step` more.
    fn attend(
        &self,
        program: &Program,
        keys: &ExpandedKeys,
        samples: &[Vec<Value>],
        (first, step): (usize, usize),
    ) -> (i32, Samples) {
        let _leaving = Leaving(self);
        let spec = program.spec();
        let mut idle = program.idle_workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let workspaces: &mut Vec<Words> = idle.get_or_insert_with(|| new_workspaces(spec));
        let owner = (program.fingerprint(), keys.identity());
        let (mut status, mut done) = (STATUS_OK, vec![]);
        for sample in (first..samples.len()).step_by(step) {
            let expanded = spec.inputs.iter().zip(&samples[sample]);
            let expanded = expanded.map(|(input, value)| value.expanded(input, &spec.keyset));
            let arguments: Vec<Cow<'_, Value>> = expanded.collect();
            let mut results: Vec<Value> =
                spec.outputs.iter().map(|output| Value::zeros(output, &spec.keyset, owner)).collect();
            let target = Target { functions: &MEETING_FUNCTIONS, state: std::ptr::from_ref(self).cast() };
            status = call(program, target, &arguments, (&mut results, workspaces));
            if status != STATUS_OK {
                break;
            }
            done.push((sample, results));
        }
        program.idle_workspaces.lock().unwrap_or_else(PoisonError::into_inner).extend(idle);
        (status, done)
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the call was made, by this thread if it is the last one to come.
    fn meet(&self, call: Call) -> i32 {
        let mut round = self.round();
        let number = round.number;
        round.calls.push(call);
        self.serve(&mut round);
        while round.number == number {
            round = self.turn.wait(round).unwrap_or_else(PoisonError::into_inner);
        }
        round.status
    }

    /// Makes the calls if nobody else is to come.
    fn serve(&self, round: &mut Round) {
        if round.calls.is_empty() || round.calls.len() < round.members {
            return;
        }
        let calls = std::mem::take(&mut round.calls);
        let alike = calls.iter().all(|call| {
            (call.function, call.key, call.count) == (calls[0].function, calls[0].key, calls[0].count)
        });
        let together = if alike { calls.len() } else { 1 };
        for calls in calls.chunks(together) {
            if round.status == STATUS_OK {
                round.status = self.pool.install(|| self.make(calls));
            }
        }
        round.number += 1;
        self.turn.notify_all();
    }

    /// Makes calls that are alike as one.
    fn make(&self, calls: &[Call]) -> i32 {
        let Call { function, key, count, input, output } = calls[0].clone();
        let number = calls.len();
        let words = match function {
            Function::Keyswitch => self.server.keyswitch_words(key).map(|words| (words, 1)),
            Function::Bootstrap { outputs, .. } => {
                self.server.bootstrap_words(key).map(|words| (words, outputs as usize))
            }
        };
        // A key that there is not is refused there as well.
        let (Some(((input_words, output_words), outputs)), 2..) = (words, number) else {
            return self.make_one(function, (key, count), input, output);
        };
        let (input_length, output_length) =
            (count as usize * input_words, count as usize * outputs * output_words);
        let mut inputs = Vec::with_capacity(number * input_length);
        for call in calls {
            // SAFETY: machine code passes `count` ciphertexts under the key's first secret key.
            inputs.extend_from_slice(unsafe { std::slice::from_raw_parts(call.input, input_length) });
        }
        let mut results = vec![0; number * output_length];
        let mut selectors = vec![];
        let function = match function {
            Function::Bootstrap { tables, selector, outputs, width, is_signed } if !selector.is_null() => {
                let length = count as usize * outputs as usize;
                // SAFETY: a selector has a number for each result.
                let of_one = unsafe { std::slice::from_raw_parts(selector, length) };
                selectors = of_one.repeat(number);
                Function::Bootstrap { tables, selector: selectors.as_ptr(), outputs, width, is_signed }
            }
            function => function,
        };
        let status =
            self.make_one(function, (key, count * number as u64), inputs.as_ptr(), results.as_mut_ptr());
        drop(selectors);
        for (call, results) in calls.iter().zip(results.chunks_exact(output_length.max(1))) {
            // SAFETY: machine code passes room for the results of `count` ciphertexts under the key's second secret key.
            unsafe { std::slice::from_raw_parts_mut(call.output, output_length) }.copy_from_slice(results);
        }
        status
    }

    fn make_one(
        &self,
        function: Function,
        (key, count): (u32, u64),
        input: *const u64,
        output: *mut u64,
    ) -> i32 {
        let state = std::ptr::from_ref(&self.server).cast();
        match function {
            // SAFETY: what machine code passed, or as much memory for each of the calls that became one.
            Function::Keyswitch => unsafe { server_keyswitch(state, key, count, input, output) },
            Function::Bootstrap { tables, selector, outputs, width, is_signed } => unsafe {
                // SAFETY: as above.
                server_bootstrap(
                    state, key, count, input, output, tables, selector, outputs, width, is_signed,
                )
            },
        }
    }
}

/// Leaves the meeting, however its thread ends: nobody waits for it any longer.
struct Leaving<'m, 'a>(&'m Meeting<'a>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        let mut round = self.0.round();
        round.members -= 1;
        self.0.serve(&mut round);
    }
}

static MEETING_FUNCTIONS: FunctionTable =
    FunctionTable { keyswitch: meeting_keyswitch, bootstrap: meeting_bootstrap, spread: run_alone };

unsafe extern "C" fn meeting_keyswitch(
    state: *const c_void,
    key: u32,
    count: u64,
    input: *const u64,
    output: *mut u64,
) -> i32 {
    // SAFETY: machine code hands on the state of its context, which `attend` made from a `Meeting`.
    let meeting = unsafe { &*state.cast::<Meeting<'_>>() };
    meeting.meet(Call { function: Function::Keyswitch, key, count, input, output })
}

unsafe extern "C" fn meeting_bootstrap(
    state: *const c_void,
    key: u32,
    count: u64,
    input: *const u64,
    output: *mut u64,
    tables: *const u64,
    selector: *const u32,
    outputs: u32,
    width: u32,
    is_signed: u32,
) -> i32 {
    // SAFETY: machine code hands on the state of its context, which `attend` made from a `Meeting`.
    let meeting = unsafe { &*state.cast::<Meeting<'_>>() };
    let function = Function::Bootstrap { tables, selector, outputs, width, is_signed };
    meeting.meet(Call { function, key, count, input, output })
}
