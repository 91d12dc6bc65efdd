//! `fhe-optimize-parameters`: chooses the keys of a module and writes them as key ops.
//!
//! Requires widths everywhere and no maps. Every encrypted argument and every op then says its keys, see
//! [`crate::key_choices`]. Writes the achieved error probabilities and the security claim as module attributes.
//! Key ops that the module has already are kept: the program is compiled for exactly these keys. A program that
//! no key set can run is explained.

use crate::cost_table;
use crate::facts::fail;
use crate::parameter_options::{self, Wishes};
use crate::parameter_view::View;
use crate::parameters::{Request, Solution, solve};
use crate::pass::{Failed, Options};
use cloakwork_abi::parameters::{ExtensionFactor, Grouping, NoiseFamily, SecurityLevel};
use cloakwork_abi::security;
use cloakwork_abi::spec::Keyset;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::{Side, functions_under, set_op_attribute};
use cloakwork_ir::tfhe::{BOOTSTRAP_KEY, GROUP, KEY, KEYSWITCH_KEY, key_ops, read_keyset, write_keyset};
use melior::Context;
use melior::ir::OperationRef;

/// Module attributes that this pass writes and the spec repeats.
pub(crate) const P_ERROR: &str = "tfhe.p_error";
pub(crate) const GLOBAL_P_ERROR: &str = "tfhe.global_p_error";
pub(crate) const SECURITY: &str = "tfhe.security";
pub(crate) const SECURITY_SOURCE: &str = "tfhe.security_source";

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let Wishes { target, security, noise, mut restrictions } = parameter_options::read(module, options)?;
    if options.text("restrict").is_empty() {
        (restrictions.groupings, restrictions.extensions) = (vec![Grouping::One], vec![ExtensionFactor(1)]);
        (restrictions.many_lut, restrictions.max_key_sets) = (false, 1);
    }
    let cost = cost_table::take(module, options)?;
    let view = View::of(module)?;
    let family = match given_keys(module)? {
        Some(keyset) => {
            let family = check_given(&keyset, security, noise).map_err(|message| fail(module, &message))?;
            restrictions.fixed = Some(keyset);
            family
        }
        None => noise.unwrap_or_default(),
    };
    let request =
        Request { dag: &view.dag, security, noise: family, target, cost: &cost, restrictions: &restrictions };
    let solution = solve(&request).map_err(|infeasible| {
        let function = || functions_under(module).first().map_or(module, |function| function.op);
        let op = view.labelled(&infeasible.demand.label).unwrap_or_else(function);
        fail(op, &infeasible.to_string())
    })?;
    if restrictions.fixed.is_none() {
        write_keyset(context, module, &solution.keyset);
    }
    annotate(context, &view, &solution);
    claim(context, module, &solution, family);
    Ok(())
}

/// The keys that the module has already.
fn given_keys(module: OperationRef<'_, '_>) -> Result<Option<Keyset>, Failed> {
    if key_ops(module).is_empty() {
        return Ok(None);
    }
    read_keyset(module).map(Some).map_err(|message| fail(module, &message))
}

/// The family of the noise of given keys, which must be as secure as is asked for.
fn check_given(
    keyset: &Keyset,
    level: SecurityLevel,
    wished: Option<NoiseFamily>,
) -> Result<NoiseFamily, String> {
    let first = keyset.secret_keys.first().map_or(NoiseFamily::Gaussian, |key| key.noise.family());
    let family = wished.unwrap_or(first);
    security::check_curve(level, family).map_err(|error| error.to_string())?;
    let noises = keyset.secret_keys.iter().map(|key| (&key.name, key.noise, key.shape));
    let switches = keyset.keyswitch_keys.iter().map(|key| {
        let target = keyset.secret_keys[key.to].shape;
        (&key.name, key.noise, target)
    });
    let modulus = |position: usize, shape: cloakwork_abi::spec::SecretKeyShape| {
        if position < keyset.secret_keys.len() { shape.modulus() } else { security::ModulusBits::Bits32 }
    };
    for (position, (name, noise, shape)) in noises.chain(switches).enumerate() {
        if noise.family() != family {
            return Err(format!(
                "the key @{name} has {:?} noise, the others or the option `noise` say {family:?}; all keys must have one family",
                noise.family()
            ));
        }
        let modulus = modulus(position, shape);
        let dimension = shape.lwe_dimension();
        let least = security::minimal_noise(level, family, dimension, modulus)
            .map_err(|error| format!("the key @{name} is not secure: {error}"))?;
        let (found, least) = (noise.variance(modulus), least.variance(modulus));
        // Text has the digits of a number, not all of its bits.
        if found.0 < least.0 * (1.0 - 1e-6) {
            return Err(format!(
                "the key @{name} of dimension {dimension} has noise of variance {:.3e}, {} bits of security need at least {:.3e}; take a larger dimension or more noise",
                found.0,
                level.bits(),
                least.0
            ));
        }
    }
    Ok(family)
}

/// Says the keys at arguments and ops.
fn annotate<'c: 'a, 'a>(context: &'c Context, view: &View<'c, 'a>, solution: &Solution) {
    let Keyset { secret_keys, keyswitch_keys, bootstrap_keys } = &solution.keyset;
    let under = |value| attr::symbol(context, &secret_keys[solution.key(value)].name);
    for &(function, i, value) in &view.arguments {
        function.set_attribute(context, Side::Argument, i, KEY, under(value));
    }
    for &(op, value) in &view.ops {
        set_op_attribute(op, KEY, under(value));
        let Some(lookup) = solution.lookup(value) else { continue };
        let symbol = |name: &str| attr::symbol(context, name);
        set_op_attribute(op, KEYSWITCH_KEY, symbol(&keyswitch_keys[lookup.keyswitch].name));
        set_op_attribute(op, BOOTSTRAP_KEY, symbol(&bootstrap_keys[lookup.bootstrap].name));
        if let Some(group) = lookup.group {
            set_op_attribute(op, GROUP, attr::i64(context, i64::from(group)));
        }
    }
}

/// Says what is achieved.
fn claim<'c>(context: &'c Context, module: OperationRef<'c, '_>, solution: &Solution, family: NoiseFamily) {
    set_op_attribute(module, P_ERROR, attr::f64(context, solution.error.p_error));
    set_op_attribute(module, GLOBAL_P_ERROR, attr::f64(context, solution.error.global_p_error));
    set_op_attribute(module, SECURITY, attr::i64(context, i64::from(solution.security.bits())));
    let source = security::source(solution.security, family);
    set_op_attribute(module, SECURITY_SOURCE, attr::string(context, &source));
}
