//! Runs compiled programs on encrypted values. Requires evaluation keys only; knows no secret key.
//!
//! Everything that came from outside is checked against the spec before machine code gets a pointer to it.

use crate::kernels::{LookupTables, greatest_width};
use crate::keys::{ExpandedKeys, KeyIdentity};
use crate::memory::{self, RunMemory, TooLittleMemory};
use crate::program::Program;
use crate::timeline::{CallKind, Recorder};
use crate::value::{Data, Mismatch, Value, Words, words_of};
use aligned_vec::AVec;
use cloakwork_abi::encoding::MAX_LOOKUP_WIDTH;
use cloakwork_abi::functions::{Body, Context, FunctionTable, STATUS_FAILED, STATUS_OK};
use cloakwork_abi::parameters::Width;
use cloakwork_abi::spec::ProgramSpec;
use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Threads; by default one for each core.
    pub threads: Option<NonZeroUsize>,
}

impl RunOptions {
    /// The number of threads.
    pub(crate) fn threads_or_all(self) -> usize {
        let all = || std::thread::available_parallelism().ok();
        self.threads.or_else(all).map_or(1, NonZeroUsize::get)
    }
}

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Keys of another key set.
    #[error(
        "the evaluation keys belong to key set {found}, the program to {expected}; use the keys that were made for this program"
    )]
    Keys {
        /// Fingerprint of the keys.
        found: String,
        /// Fingerprint of the program.
        expected: String,
    },
    /// Too many or too few arguments.
    #[error("`{program}` takes {expected} arguments, found {found}")]
    Count {
        /// Program.
        program: String,
        /// Given.
        found: usize,
        /// Allowed.
        expected: usize,
    },
    /// An argument that does not fit.
    #[error("argument {0}; encrypt it with the spec of this program")]
    Argument(#[from] Mismatch),
    /// An argument under the keys of another client.
    #[error(
        "argument `{name}` is encrypted under keys {found}, the evaluation keys given belong to keys {expected}; run it with those that were made along with its secret keys"
    )]
    ForeignArgument {
        /// Argument.
        name: String,
        /// Keys of the argument.
        found: KeyIdentity,
        /// Keys that the evaluation keys belong to.
        expected: KeyIdentity,
    },
    /// The machine has too little memory.
    #[error(transparent)]
    Memory(#[from] TooLittleMemory),
    /// Threads could not be started.
    #[error("{threads} threads cannot be started: {problem}")]
    Threads {
        /// Asked for.
        threads: usize,
        /// Cause.
        problem: String,
    },
    /// Whoever asked for the run wants it no more.
    #[error("the run was cancelled")]
    Cancelled,
    /// The program gave up.
    #[error("`{program}` failed with status {status}: {message}")]
    Failed {
        /// Program.
        program: String,
        /// Status of its entry.
        status: i32,
        /// What the runtime noted.
        message: String,
    },
}

/// Runs `program` on encrypted arguments with a client's evaluation keys. Arguments under the keys of another
/// client are refused; results are under the same keys as the arguments.
pub fn run(
    program: &Program,
    keys: &ExpandedKeys,
    arguments: &[Value],
    options: RunOptions,
) -> Result<Vec<Value>, RunError> {
    run_watched(program, keys, arguments, options, &|_| ())
}

/// [`run`], telling `progress` how many bootstraps are done.
pub fn run_watched(
    program: &Program,
    keys: &ExpandedKeys,
    arguments: &[Value],
    options: RunOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Value>, RunError> {
    let watch = Watch { progress, is_cancelled: &|| false, recorder: None };
    run_with(program, keys, arguments, options, watch)
}

/// [`run`], which ends with [`RunError::Cancelled`] at the next operation on ciphertexts once `is_cancelled` says so.
pub fn run_until(
    program: &Program,
    keys: &ExpandedKeys,
    arguments: &[Value],
    options: RunOptions,
    is_cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Value>, RunError> {
    let watch = Watch { progress: &|_| (), is_cancelled, recorder: None };
    run_with(program, keys, arguments, options, watch)
}

/// Who looks on while a program runs.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    /// Is told how many bootstraps are done.
    pub(crate) progress: &'a (dyn Fn(u64) + Sync),
    pub(crate) is_cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Where calls are noted.
    pub(crate) recorder: Option<&'a Recorder>,
}

impl Watch<'_> {
    /// Refuses to go on once nobody wants the result.
    fn check(self) -> Result<(), String> {
        match (self.is_cancelled)() {
            true => Err("the run was cancelled".to_owned()),
            false => Ok(()),
        }
    }

    /// Does the work of a call.
    fn noted<R>(self, kind: CallKind, count: u64, work: impl FnOnce() -> R) -> R {
        match self.recorder {
            None => work(),
            Some(recorder) => recorder.note(kind, count, work),
        }
    }
}

pub(crate) fn run_with(
    program: &Program,
    keys: &ExpandedKeys,
    arguments: &[Value],
    options: RunOptions,
    watch: Watch<'_>,
) -> Result<Vec<Value>, RunError> {
    let spec = program.spec();
    check(program, keys, arguments)?;
    let pool = pool(options.threads)?;
    let idle = program.idle_workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop();
    if idle.is_none() {
        let needed = RunMemory::of(spec).without_keys(options.threads_or_all());
        memory::check("ciphertexts of a run", needed)?;
    }
    let expanded = || {
        spec.inputs.iter().zip(arguments).map(|(input, value)| value.expanded(input, &spec.keyset)).collect()
    };
    let arguments: Vec<Cow<'_, Value>> = pool.install(expanded);
    let arguments = arguments.as_slice();
    let owner = (program.fingerprint(), keys.identity());
    let mut results: Vec<Value> =
        spec.outputs.iter().map(|output| Value::zeros(output, &spec.keyset, owner)).collect();
    let mut workspaces = idle.unwrap_or_else(|| new_workspaces(spec));
    let state = ServerState::new(keys, watch);
    let call = || {
        let target = Target { functions: &SERVER_FUNCTIONS, state: std::ptr::from_ref(&state).cast() };
        call(program, target, arguments, (&mut results, &mut workspaces))
    };
    let status = pool.install(call);
    program.idle_workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspaces);
    if status == STATUS_OK {
        return Ok(results);
    }
    match (watch.is_cancelled)() {
        true => Err(RunError::Cancelled),
        false => Err(failed(spec, state, status)),
    }
}

/// Why machine code ended.
pub(crate) fn failed(spec: &ProgramSpec, state: ServerState<'_>, status: i32) -> RunError {
    let message = state.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    let message = message.unwrap_or_else(|| "no cause was noted".to_owned());
    RunError::Failed { program: spec.name.clone(), status, message }
}

pub(crate) fn check(program: &Program, keys: &ExpandedKeys, arguments: &[Value]) -> Result<(), RunError> {
    let spec = program.spec();
    if keys.fingerprint() != program.fingerprint() {
        let (found, expected) = (keys.fingerprint().to_owned(), program.fingerprint().to_owned());
        return Err(RunError::Keys { found, expected });
    }
    if arguments.len() != spec.inputs.len() {
        let (found, expected) = (arguments.len(), spec.inputs.len());
        return Err(RunError::Count { program: spec.name.clone(), found, expected });
    }
    for (input, value) in spec.inputs.iter().zip(arguments) {
        if let Some(mismatch) = value.mismatch(input, &spec.keyset, program.fingerprint()) {
            return Err(mismatch.into());
        }
        if let Some(found) = value.other_keys(keys.identity()) {
            let (name, expected) = (input.name.clone(), keys.identity());
            return Err(RunError::ForeignArgument { name, found, expected });
        }
    }
    Ok(())
}

pub(crate) fn new_workspaces(spec: &ProgramSpec) -> Vec<Words> {
    let sizes =
        spec.workspace.iter().enumerate().map(|(key, &count)| count as usize * words_of(&spec.keyset, key));
    sizes.map(|size| AVec::from_iter(64, std::iter::repeat_n(0, size))).collect()
}

/// Does parallel work, such as reading evaluation keys, on the threads that runs with these options compute on.
pub fn with_threads<T: Send>(options: RunOptions, work: impl FnOnce() -> T + Send) -> Result<T, RunError> {
    Ok(pool(options.threads)?.install(work))
}

/// Threads for each core that may be asked for.
const MOST_THREADS_OF_A_CORE: usize = 64;

/// A thread pool of that size, kept for later runs.
pub(crate) fn pool(threads: Option<NonZeroUsize>) -> Result<Arc<rayon::ThreadPool>, RunError> {
    static POOLS: Mutex<BTreeMap<usize, Arc<rayon::ThreadPool>>> = Mutex::new(BTreeMap::new());
    let threads = RunOptions { threads }.threads_or_all();
    let most = MOST_THREADS_OF_A_CORE * RunOptions::default().threads_or_all();
    if threads > most {
        let problem = format!(
            "there would be more than {MOST_THREADS_OF_A_CORE} on each core; allowed are up to {most}, and more than one on each core gains nothing"
        );
        return Err(RunError::Threads { threads, problem });
    }
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&threads) {
        return Ok(pool.clone());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = Arc::new(pool.map_err(|error| RunError::Threads { threads, problem: error.to_string() })?);
    pools.insert(threads, pool.clone());
    Ok(pool)
}

/// What machine code calls.
pub(crate) struct Target {
    pub(crate) functions: &'static FunctionTable,
    /// What the functions take it for.
    pub(crate) state: *const c_void,
}

/// Calls machine code; the arguments fit the spec.
pub(crate) fn call(
    program: &Program,
    target: Target,
    arguments: &[Cow<'_, Value>],
    (results, workspaces): (&mut [Value], &mut [Words]),
) -> i32 {
    let keyset = &program.spec().keyset;
    let words: Vec<u64> = (0..keyset.secret_keys.len()).map(|key| words_of(keyset, key) as u64).collect();
    let workspaces: Vec<*mut u64> = workspaces.iter_mut().map(|workspace| workspace.as_mut_ptr()).collect();
    let inputs = arguments.iter().map(|value| match &value.data {
        Data::Clear(elements) => elements.as_ptr().cast(),
        Data::Encrypted(words) => words.as_ptr(),
        Data::Seeded(_) | Data::Compact(_) => unreachable!("expanded before the call"),
    });
    let inputs = inputs.collect::<Vec<*const u64>>();
    let outputs: Vec<*mut u64> = results
        .iter_mut()
        .map(|value| match &mut value.data {
            Data::Clear(elements) => elements.as_mut_ptr().cast(),
            Data::Encrypted(words) => words.as_mut_ptr(),
            Data::Seeded(_) | Data::Compact(_) => unreachable!("results are zeros before the call"),
        })
        .collect();
    let context = Context {
        functions: target.functions,
        state: target.state,
        words: words.as_ptr(),
        workspaces: workspaces.as_ptr(),
    };
    // SAFETY: who made the program vouches for the entry; arguments, results and workspaces have the lengths of its
    // spec (`check`, `Value::zeros`, `new_workspaces`), and all of it outlives the call.
    unsafe { program.entry()(&context, inputs.as_ptr(), outputs.as_ptr()) }
}

static SERVER_FUNCTIONS: FunctionTable =
    FunctionTable { keyswitch: server_keyswitch, bootstrap: server_bootstrap, spread: server_spread };

/// What the functions below are called with.
pub(crate) struct ServerState<'a> {
    keys: &'a ExpandedKeys,
    failure: Mutex<Option<String>>,
    /// Those that are done.
    bootstraps: AtomicU64,
    watch: Watch<'a>,
}

impl<'a> ServerState<'a> {
    pub(crate) fn new(keys: &'a ExpandedKeys, watch: Watch<'a>) -> Self {
        Self { keys, failure: Mutex::default(), bootstraps: AtomicU64::new(0), watch }
    }

    /// Words of ciphertexts under the two secret keys of a keyswitch key.
    pub(crate) fn keyswitch_words(&self, key: u32) -> Option<(usize, usize)> {
        self.keys.keyswitch.get(key as usize).map(|kernel| kernel.words())
    }

    /// Words of ciphertexts under the two secret keys of a bootstrap key.
    pub(crate) fn bootstrap_words(&self, key: u32) -> Option<(usize, usize)> {
        self.keys.bootstrap.get(key as usize).map(|kernel| kernel.words())
    }

    /// Runs `work`; a refusal or a panic becomes a status with its message kept here.
    fn guard(&self, work: impl FnOnce() -> Result<(), String>) -> i32 {
        let Err(message) = catch(work) else { return STATUS_OK };
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
        STATUS_FAILED
    }
}

/// The error of `work`, or the message of its panic.
pub(crate) fn catch(work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text =
            payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        Err(format!("internal failure: {}", text.unwrap_or("a panic without a message")))
    })
}

pub(crate) unsafe extern "C" fn server_keyswitch(
    state: *const c_void,
    key: u32,
    count: u64,
    input: *const u64,
    output: *mut u64,
) -> i32 {
    // SAFETY: machine code hands on the state of its context, which `call` made from a `ServerState`.
    let state = unsafe { &*state.cast::<ServerState<'_>>() };
    state.guard(|| {
        state.watch.check()?;
        let kernel = state.keys.keyswitch.get(key as usize);
        let kernel = kernel.ok_or_else(|| format!("there is no keyswitch key {key}"))?;
        let (input_words, output_words) = kernel.words();
        let (input_length, output_length) =
            (length(&[count as usize, input_words])?, length(&[count as usize, output_words])?);
        // SAFETY: machine code passes `count` ciphertexts under the key's two secret keys, in disjoint memory.
        let (input, output) = unsafe {
            (
                std::slice::from_raw_parts(input, input_length),
                std::slice::from_raw_parts_mut(output, output_length),
            )
        };
        state.watch.noted(CallKind::Keyswitch, count, || kernel.keyswitch(input, output));
        Ok(())
    })
}

pub(crate) unsafe extern "C" fn server_bootstrap(
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
    // SAFETY: machine code hands on the state of its context, which `call` made from a `ServerState`.
    let state = unsafe { &*state.cast::<ServerState<'_>>() };
    state.guard(|| {
        state.watch.check()?;
        let kernel = state.keys.bootstrap.get(key as usize);
        let kernel = kernel.ok_or_else(|| format!("there is no bootstrap key {key}"))?;
        let (count, outputs, width) = (count as usize, outputs as usize, Width(width));
        check_tables(outputs, width, kernel.coefficients())?;
        let (input_words, output_words) = kernel.words();
        let input_length = length(&[count, input_words])?;
        let output_length = length(&[count, outputs, output_words])?;
        // SAFETY: machine code passes `count` ciphertexts and room for `outputs` results of each under the key's two
        // secret keys, in disjoint memory, and as many tables of `2^width` words as the selector names.
        let (input, output, tables) = unsafe {
            (
                std::slice::from_raw_parts(input, input_length),
                std::slice::from_raw_parts_mut(output, output_length),
                lookup_tables(tables, (selector, count, outputs), width, is_signed != 0),
            )
        };
        let bootstrap = || kernel.bootstrap(input, output, tables);
        state.watch.noted(CallKind::Bootstrap, count as u64, bootstrap);
        let done = state.bootstraps.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        (state.watch.progress)(done);
        Ok(())
    })
}

/// Multiplications of vectors that are worth a part of their own: about 50 µs.
const PART: u64 = 1 << 16;

unsafe extern "C" fn server_spread(
    state: *const c_void,
    body: *const u64,
    context: *const u64,
    inputs: *const u64,
    outputs: *const u64,
    count: u64,
    cost: u64,
) -> i32 {
    // SAFETY: machine code hands on the state of its context, which `call` made from a `ServerState`.
    let state = unsafe { &*state.cast::<ServerState<'_>>() };
    let call = BodyCall { body, context, inputs, outputs };
    state.guard(|| {
        state.watch.check()?;
        let most = 4 * rayon::current_num_threads() as u64;
        let parts = (count.saturating_mul(cost) / PART).clamp(1, most.min(count.max(1)));
        let status = state.watch.noted(CallKind::Sum, count, || match parts {
            1 => call.make(0, count),
            parts => (0..parts)
                .into_par_iter()
                .map(|part| call.make(count * part / parts, count * (part + 1) / parts))
                .reduce(|| STATUS_OK, |a, b| if a == STATUS_OK { b } else { a }),
        });
        if status == STATUS_OK {
            Ok(())
        } else {
            Err(format!("a part of the program ended with status {status}"))
        }
    })
}

/// Computes all items on this thread: samples side by side, and phases.
pub(crate) unsafe extern "C" fn run_alone(
    _: *const c_void,
    body: *const u64,
    context: *const u64,
    inputs: *const u64,
    outputs: *const u64,
    count: u64,
    _: u64,
) -> i32 {
    BodyCall { body, context, inputs, outputs }.make(0, count)
}

/// A function that machine code wants to have called, with what it is called with.
#[derive(Clone, Copy)]
struct BodyCall {
    body: *const u64,
    context: *const u64,
    inputs: *const u64,
    outputs: *const u64,
}

// SAFETY: the contract of `Body` is that items may be computed at once.
unsafe impl Send for BodyCall {}
// SAFETY: as for `Send`.
unsafe impl Sync for BodyCall {}

impl BodyCall {
    /// Computes the items `first..end`.
    fn make(self, first: u64, end: u64) -> i32 {
        // SAFETY: machine code passes a `Body`, and what itself was called with, which outlives its call of the runtime.
        unsafe {
            let body = std::mem::transmute::<*const u64, Body>(self.body);
            body(self.context.cast(), self.inputs.cast(), self.outputs.cast(), first, end)
        }
    }
}

/// Product of sizes that machine code passed.
pub(crate) fn length(sizes: &[usize]) -> Result<usize, String> {
    let product = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    product.ok_or_else(|| format!("a batch of {sizes:?} words is more than memory can hold"))
}

/// An accumulator of that many coefficients holds `outputs` tables of that width at once.
pub(crate) fn check_tables(outputs: usize, width: Width, coefficients: usize) -> Result<(), String> {
    if outputs == 0 {
        return Err("a bootstrap with 0 results, allowed is at least 1".to_owned());
    }
    let found =
        || format!("tables of width {width}, {outputs} at once, were looked up with e·N = {coefficients}");
    match greatest_width(coefficients, outputs).map(|greatest| greatest.min(MAX_LOOKUP_WIDTH)) {
        Some(greatest) if width <= greatest => Ok(()),
        Some(greatest) => Err(format!("{}; allowed is width {greatest}", found())),
        None => Err(format!("{}; allowed are fewer at once", found())),
    }
}

/// # Safety
///
/// `selector` is null or points to `count·outputs` numbers, `tables` to as many tables of `2^width` words as it names, or `outputs`, for `'a`.
pub(crate) unsafe fn lookup_tables<'a>(
    tables: *const u64,
    (selector, count, outputs): (*const u32, usize, usize),
    width: Width,
    is_signed: bool,
) -> LookupTables<'a> {
    // SAFETY: the caller's.
    let selector =
        (!selector.is_null()).then(|| unsafe { std::slice::from_raw_parts(selector, count * outputs) });
    let named = |selector: &[u32]| selector.iter().copied().max().unwrap_or(0) as usize + 1;
    // SAFETY: the caller's.
    let words = unsafe { std::slice::from_raw_parts(tables, selector.map_or(outputs, named) << width.0) };
    LookupTables { words, selector, width, is_signed, outputs }
}
