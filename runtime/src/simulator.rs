//! Runs a program's machine code on phases: one word a ciphertext, no keys, noise drawn as the spec says: that of
//! encryptions from their distribution, that of operations, which are sums of many terms, Gaussian.
//!
//! Lookups select exactly the entry that a bootstrap's accumulator would, also outside of the messages' half of the
//! torus. The same seed gives the same result; without noise the result is the program's clear meaning.

use crate::client::{ClientError, check_arguments, count_outside, plaintexts, to_array};
use crate::kernels::{Entry, entry_at, interleaved};
use crate::program::Program;
use crate::server::{catch, check_tables, length, lookup_tables, run_alone};
use cloakwork_abi::encoding::BEYOND;
use cloakwork_abi::functions::{Context, FunctionTable, STATUS_FAILED, STATUS_OK};
use cloakwork_abi::noise::public_encryption;
use cloakwork_abi::parameters::{NoiseDistribution, Variance, Width};
use cloakwork_abi::spec::{BootstrapKeySpec, EncodingSpec, Keyset, SecretKeyShape};
use ndarray::ArrayD;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;

/// Noise of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// None: the clear meaning.
    None,
    /// Noise of the spec's distributions and variances, from this seed.
    Seed(u64),
}

/// What a simulation found.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Results.
    pub outputs: Vec<ArrayD<i64>>,
    /// Keyswitches that ran.
    pub keyswitches: u64,
    /// Bootstraps that ran.
    pub bootstraps: u64,
    /// Bootstraps of a phase outside of the messages' half of the torus, an overflow or too much noise, or at an entry that is
    /// marked as [`BEYOND`] what the table was made for. Tables of equal entries do not count: they are there to tell the
    /// halves apart.
    pub outside: u64,
    /// Ciphertexts of results that held no message of their width: they are read as the end that they left.
    pub results_outside: u64,
}

/// Why a simulation gave no result.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// Arguments that do not fit.
    #[error(transparent)]
    Arguments(#[from] ClientError),
    /// The program gave up.
    #[error("`{program}` failed with status {status}: {message}")]
    Failed {
        /// Program.
        program: String,
        /// Status of its entry.
        status: i32,
        /// What the simulator noted.
        message: String,
    },
}

/// Runs `program` on clear arguments as if they were encrypted.
pub fn simulate(
    program: &Program,
    arguments: &[ArrayD<i64>],
    noise: Noise,
) -> Result<Simulation, SimulationError> {
    let spec = program.spec();
    check_arguments(spec, arguments)?;
    let random = match noise {
        Noise::None => None,
        Noise::Seed(seed) => Some(RefCell::new(StdRng::seed_from_u64(seed))),
    };
    let state = SimulatorState {
        keyset: &spec.keyset,
        random,
        counts: Default::default(),
        failure: RefCell::default(),
    };
    let inputs = spec.inputs.iter().zip(arguments).map(|(input, argument)| match input.encoding {
        EncodingSpec::Clear => argument.iter().map(|&element| element as u64).collect(),
        EncodingSpec::Encrypted { key, width, .. } => {
            let mut phases = plaintexts(argument, input, width);
            let secret = &spec.keyset.secret_keys[key];
            if spec.public_key {
                let dimension = secret.shape.lwe_dimension();
                state.add_noise(&mut phases, public_encryption(dimension, secret.variance()));
            } else {
                state.add_fresh_noise(&mut phases, secret.noise);
            }
            phases
        }
    });
    let inputs = inputs.collect::<Vec<Vec<u64>>>();
    let mut outputs: Vec<Vec<u64>> = spec.outputs.iter().map(|output| vec![0; output.items()]).collect();
    let mut workspaces: Vec<Vec<u64>> = spec.workspace.iter().map(|&count| vec![0; count as usize]).collect();
    let status = call(program, &state, &inputs, (&mut outputs, &mut workspaces));
    if status != STATUS_OK {
        let message = state.failure.into_inner().unwrap_or_else(|| "no cause was noted".to_owned());
        return Err(SimulationError::Failed { program: spec.name.clone(), status, message });
    }
    let results_outside =
        spec.outputs.iter().zip(&outputs).map(|(output, phases)| count_outside(output, phases)).sum();
    let arrays = spec.outputs.iter().zip(outputs).map(|(output, phases)| to_array(output, phases)).collect();
    let Counts { keyswitches, bootstraps, outside } = state.counts;
    Ok(Simulation {
        outputs: arrays,
        keyswitches: keyswitches.get(),
        bootstraps: bootstraps.get(),
        outside: outside.get(),
        results_outside,
    })
}

/// Simulates each sample, as [`simulate`] does one, over the threads of the current rayon pool; sample `i` gets noise from
/// the seed plus `i`.
pub fn simulate_batch(
    program: &Program,
    samples: &[Vec<ArrayD<i64>>],
    noise: Noise,
) -> Result<Vec<Simulation>, SimulationError> {
    let of_sample = |(i, arguments): (usize, &Vec<ArrayD<i64>>)| {
        let noise = match noise {
            Noise::None => Noise::None,
            Noise::Seed(seed) => Noise::Seed(seed.wrapping_add(i as u64)),
        };
        simulate(program, arguments, noise)
    };
    samples.par_iter().enumerate().map(of_sample).collect()
}

fn call(
    program: &Program,
    state: &SimulatorState<'_>,
    inputs: &[Vec<u64>],
    (outputs, workspaces): (&mut [Vec<u64>], &mut [Vec<u64>]),
) -> i32 {
    let words = vec![1u64; program.spec().keyset.secret_keys.len()];
    let inputs: Vec<*const u64> = inputs.iter().map(|phases| phases.as_ptr()).collect();
    let outputs: Vec<*mut u64> = outputs.iter_mut().map(|phases| phases.as_mut_ptr()).collect();
    let workspaces: Vec<*mut u64> = workspaces.iter_mut().map(|phases| phases.as_mut_ptr()).collect();
    let context = Context {
        functions: &SIMULATOR_FUNCTIONS,
        state: std::ptr::from_ref(state).cast(),
        words: words.as_ptr(),
        workspaces: workspaces.as_ptr(),
    };
    // SAFETY: who made the program vouches for the entry; a ciphertext has one word here, and arguments, results and
    // workspaces have as many as the spec says; all of it outlives the call.
    unsafe { program.entry()(&context, inputs.as_ptr(), outputs.as_ptr()) }
}

static SIMULATOR_FUNCTIONS: FunctionTable =
    FunctionTable { keyswitch: simulator_keyswitch, bootstrap: simulator_bootstrap, spread: run_alone };

struct SimulatorState<'a> {
    keyset: &'a Keyset,
    random: Option<RefCell<StdRng>>,
    counts: Counts,
    failure: RefCell<Option<String>>,
}

#[derive(Default)]
struct Counts {
    keyswitches: Cell<u64>,
    bootstraps: Cell<u64>,
    outside: Cell<u64>,
}

impl SimulatorState<'_> {
    fn guard(&self, work: impl FnOnce() -> Result<(), String>) -> i32 {
        let Err(message) = catch(work) else { return STATUS_OK };
        self.failure.borrow_mut().get_or_insert(message);
        STATUS_FAILED
    }

    /// Adds the noise of encryptions modulo `2^64` to each phase.
    fn add_fresh_noise(&self, phases: &mut [u64], noise: NoiseDistribution) {
        let log2_bound = match noise {
            NoiseDistribution::Gaussian { variance } => return self.add_noise(phases, variance),
            NoiseDistribution::TUniform { log2_bound } => log2_bound,
        };
        let Some(random) = &self.random else { return };
        let mut random = random.borrow_mut();
        for phase in phases {
            // Half of `[0, 2^(b + 2))`, halves upwards: each inner integer stands for two numbers, the ends for one.
            let number = random.random::<u64>() >> (62 - log2_bound);
            let noise = number.div_ceil(2).wrapping_sub(1 << log2_bound);
            *phase = phase.wrapping_add(noise);
        }
    }

    /// Adds independent Gaussian noise of that variance to each phase.
    fn add_noise(&self, phases: &mut [u64], variance: Variance) {
        let Some(random) = &self.random else { return };
        let scale = variance.std_dev() * 2f64.powi(64);
        let mut random = random.borrow_mut();
        for phase in phases {
            let sample: f64 = StandardNormal.sample(&mut *random);
            *phase = phase.wrapping_add((sample * scale) as i128 as u64);
        }
    }
}

unsafe extern "C" fn simulator_keyswitch(
    state: *const c_void,
    key: u32,
    count: u64,
    input: *const u64,
    output: *mut u64,
) -> i32 {
    // SAFETY: machine code hands on the state of its context, which `call` made from a `SimulatorState`.
    let state = unsafe { &*state.cast::<SimulatorState<'_>>() };
    state.guard(|| {
        let spec = state.keyset.keyswitch_keys.get(key as usize);
        let spec = spec.ok_or_else(|| format!("there is no keyswitch key {key}"))?;
        // SAFETY: machine code passes `count` ciphertexts of one word, in disjoint memory.
        let (input, output) = unsafe {
            (
                std::slice::from_raw_parts(input, count as usize),
                std::slice::from_raw_parts_mut(output, count as usize),
            )
        };
        output.copy_from_slice(input);
        state.add_noise(output, spec.added_variance);
        state.counts.keyswitches.set(state.counts.keyswitches.get() + count);
        Ok(())
    })
}

unsafe extern "C" fn simulator_bootstrap(
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
    // SAFETY: machine code hands on the state of its context, which `call` made from a `SimulatorState`.
    let state = unsafe { &*state.cast::<SimulatorState<'_>>() };
    state.guard(|| {
        let spec = state.keyset.bootstrap_keys.get(key as usize);
        let spec = spec.ok_or_else(|| format!("there is no bootstrap key {key}"))?;
        let coefficients = accumulator_coefficients(spec, state.keyset)?;
        let (count, outputs, width) = (count as usize, outputs as usize, Width(width));
        let is_signed = is_signed != 0;
        check_tables(outputs, width, coefficients)?;
        let results = length(&[count, outputs])?;
        // SAFETY: machine code passes `count` ciphertexts of one word and room for `outputs` results of each, in
        // disjoint memory, and as many tables of `2^width` words as the selector names.
        let (input, output, tables) = unsafe {
            (
                std::slice::from_raw_parts(input, count),
                std::slice::from_raw_parts_mut(output, results),
                lookup_tables(tables, (selector, count, outputs), width, is_signed),
            )
        };
        let mut switched = input.to_vec();
        // With `2^v` tables at once there are as many times fewer steps; the variance goes with their square.
        let tables_at_once = interleaved(outputs);
        let coarser = (tables_at_once as f64).powi(2);
        state.add_noise(&mut switched, spec.modulus_switch_variance * coarser);
        let positions = coefficients / tables_at_once;
        let mut outside = 0;
        for (i, (phase, results)) in switched.into_iter().zip(output.chunks_exact_mut(outputs)).enumerate() {
            let Entry { index, is_outside } = entry_at(box_of(phase, positions, width), width, is_signed);
            let mut is_beyond = is_outside;
            for (r, result) in results.iter_mut().enumerate() {
                let word = tables.table(i, r)[index];
                is_beyond |= word & BEYOND != 0;
                *result = if is_outside { word.wrapping_neg() } else { word };
            }
            outside += u64::from(is_beyond && !(0..outputs).all(|r| is_constant(tables.table(i, r))));
        }
        state.add_noise(output, spec.output_variance);
        state.counts.bootstraps.set(state.counts.bootstraps.get() + count as u64);
        state.counts.outside.set(state.counts.outside.get() + outside);
        Ok(())
    })
}

/// Whether all entries are equal: what such a table is for is to tell the halves of the torus apart.
fn is_constant(table: &[u64]) -> bool {
    table.iter().all(|&word| word == table[0])
}

/// Coefficients of an accumulator of bootstrap key `key`, `e·N`.
fn accumulator_coefficients(key: &BootstrapKeySpec, keyset: &Keyset) -> Result<usize, String> {
    match keyset.secret_keys[key.to].shape {
        SecretKeyShape::Glwe(shape) => length(&[shape.polynomial_size.0 as usize, key.extension.0 as usize]),
        SecretKeyShape::Lwe(_) => Err(format!("bootstrap key `{}` leads to no GLWE key", key.name)),
    }
}

/// The box of a phase: to the grid of `2P` steps as the centred modulus switch does (half a step down, then to the
/// nearest), then boxes of `P/2^width` steps, box 0 around 0.
pub(crate) fn box_of(phase: u64, positions: usize, width: Width) -> usize {
    let steps = 2 * positions as u64;
    let step = ((u128::from(phase) * u128::from(steps)) >> 64) as u64;
    let box_size = positions as u64 >> width.0;
    ((step + box_size / 2) % steps / box_size) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakwork_abi::encoding::delta;

    #[test]
    fn boxes_reach_half_a_message_to_both_sides() {
        let width = Width(3);
        for message in 0..16u64 {
            let centre = message.wrapping_mul(delta(width));
            for offset in [0, delta(width) / 2 - 1, (delta(width) / 2).wrapping_neg()] {
                for positions in [64, 3 * 64, 5 * 16] {
                    let found = box_of(centre.wrapping_add(offset), positions, width);
                    assert_eq!(found, message as usize, "{positions} positions");
                }
            }
        }
    }

    #[test]
    fn fresh_noise_is_uniform_with_half_weight_at_the_ends() {
        let state = SimulatorState {
            keyset: &Keyset::default(),
            random: Some(RefCell::new(StdRng::seed_from_u64(1))),
            counts: Counts::default(),
            failure: RefCell::default(),
        };
        let mut phases = vec![0; 1 << 16];
        state.add_fresh_noise(&mut phases, NoiseDistribution::TUniform { log2_bound: 2 });
        let mut counts = [0.0; 9];
        phases.iter().for_each(|&phase| counts[(phase as i64 + 4) as usize] += 1.0);
        for (i, count) in counts.into_iter().enumerate() {
            let expected: f64 = if i % 8 == 0 { 4096.0 } else { 8192.0 };
            let found: f64 = count;
            assert!(
                (found - expected).abs() < 5.0 * expected.sqrt(),
                "{} occurs {found} times",
                i as i64 - 4
            );
        }
        // The greatest bound that a 64-bit modulus has room for.
        state.add_fresh_noise(&mut phases, NoiseDistribution::TUniform { log2_bound: 62 });
        let is_within = |&phase: &u64| (phase as i64).unsigned_abs() <= (1 << 62) + 4;
        assert!(phases.iter().all(is_within) && phases.iter().any(|&phase| phase as i64 > 1 << 61));
    }
}
