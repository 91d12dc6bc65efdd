//! `fhe-optimize-parameters`: chooses the keys of a module and writes them as key ops.
//!
//! Requires widths everywhere and no maps. Every encrypted argument and every op then says its keys, see
//! [`crate::key_choices`]. Writes what each function achieves as its attributes, the security claim as those of the module.
//! Key ops that the module has already are kept: the program is compiled for exactly these keys. A program that
//! no key set can run is explained.

use crate::cost_table;
use crate::explanation;
use crate::facts::{fail, value_type};
use crate::given_keys::given_keys;
use crate::parameter_options::{self, Wishes};
use crate::parameter_view::View;
use crate::parameters::{CostModel, ErrorTarget, Request, Restrictions, Solution, solve};
use crate::pass::{Failed, Options};
use cloakwork_abi::parameters::{NoiseFamily, SecurityLevel};
use cloakwork_abi::security;
use cloakwork_abi::spec::Keyset;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::{Side, functions_under, set_op_attribute};
use cloakwork_ir::tfhe::{BOOTSTRAP_KEY, GROUP, KEY, KEYSWITCH_KEY, write_keyset};
use melior::Context;
use melior::ir::{Attribute, OperationRef};
use std::ops::RangeInclusive;

/// Attributes of functions that this pass writes and the spec repeats.
pub(crate) const P_ERROR: &str = "tfhe.p_error";
pub(crate) const GLOBAL_P_ERROR: &str = "tfhe.global_p_error";
/// The same of modules.
pub(crate) const SECURITY: &str = "tfhe.security";
/// Says that the noise of public-key encryption was counted.
pub(crate) const PUBLIC_KEY: &str = "tfhe.public_key";
pub(crate) const SECURITY_SOURCE: &str = "tfhe.security_source";

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let task = Task::of(module, options)?;
    cost_table::take(module, options)?;
    let solution = solve(&task.request()).map_err(|infeasible| {
        let function = || functions_under(module).first().map_or(module, |function| function.op);
        let op = task.view.labelled(&infeasible.demand.label).unwrap_or_else(function);
        fail(op, &infeasible.to_string())
    })?;
    if task.restrictions.fixed.is_none() {
        write_keyset(context, module, &solution.keyset);
    }
    annotate(context, &task.view, &solution);
    claim(context, module, &solution, task.noise);
    if task.restrictions.public_key.is_some() {
        set_op_attribute(module, PUBLIC_KEY, Attribute::unit(context));
    }
    explanation::write(context, module, options, (&task.request(), &solution))
}

/// How much is searched for a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pricing {
    /// Everything, with one key set.
    OneKeySet,
    /// Likely keys only, with up to two key sets.
    TwoKeySets,
}

/// Seconds of a run with the parameters that are found within the pricing; `None` where there are none.
///
/// [`run`] chooses from more, so that it finds none that are slower.
pub(crate) fn seconds(
    module: OperationRef<'_, '_>,
    options: &Options<'_>,
    pricing: Pricing,
) -> Result<Option<f64>, Failed> {
    let mut task = Task::of(module, options)?;
    match pricing {
        Pricing::OneKeySet => task.restrictions.max_key_sets = 1,
        Pricing::TwoKeySets => narrow(&mut task.restrictions),
    }
    Ok(solve(&task.request()).ok().map(|solution| solution.seconds))
}

/// Leaves two key sets of the shapes, decompositions and extensions that are chosen most; where a bound allows
/// none of these, the bound stays as it is.
fn narrow(restrictions: &mut Restrictions) {
    fn within<T: Copy + Ord>(bound: &mut RangeInclusive<T>, likely: RangeInclusive<T>) {
        let both = *bound.start().max(likely.start())..=*bound.end().min(likely.end());
        if !both.is_empty() {
            *bound = both;
        }
    }
    restrictions.max_key_sets = restrictions.max_key_sets.min(2);
    within(&mut restrictions.glwe_dimension, 1..=3);
    within(&mut restrictions.bootstrap_level, 1..=3);
    within(&mut restrictions.keyswitch_level, 2..=5);
    let mut likely = restrictions.extensions.clone();
    likely.retain(|extension| matches!(extension.0, 1 | 2 | 4));
    if !likely.is_empty() {
        restrictions.extensions = likely;
    }
}

/// What is to be solved.
struct Task<'c, 'a> {
    view: View<'c, 'a>,
    security: SecurityLevel,
    noise: NoiseFamily,
    target: ErrorTarget,
    cost: CostModel,
    restrictions: Restrictions,
}

impl<'c: 'a, 'a> Task<'c, 'a> {
    fn of(module: OperationRef<'c, 'a>, options: &Options<'_>) -> Result<Self, Failed> {
        let Wishes { target, security, noise, mut restrictions } = parameter_options::read(module, options)?;
        let cost = cost_table::look(module, options)?;
        let view = View::of(module)?;
        let (given, noise) = given_keys(module, security, noise).map_err(|message| fail(module, &message))?;
        if let Some(count) = &mut restrictions.public_key {
            if given.is_some() {
                let message =
                    "option `restrict` has `public_key`, but the keys are given; compile for new keys";
                return Err(fail(module, message));
            }
            *count = 0;
            for &(function, i, _) in &view.arguments {
                *count += value_type(function.arguments()[i], function.op)?.elements() as u64;
            }
        }
        restrictions.fixed = given;
        Ok(Self { view, security, noise, target, cost, restrictions })
    }

    fn request(&self) -> Request<'_> {
        let Self { view, security, noise, target, cost, restrictions } = self;
        Request { dag: &view.dag, security: *security, noise: *noise, target: *target, cost, restrictions }
    }
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
    for (function, error) in functions_under(module).into_iter().zip(&solution.functions) {
        set_op_attribute(function.op, P_ERROR, attr::f64(context, error.p_error));
        set_op_attribute(function.op, GLOBAL_P_ERROR, attr::f64(context, error.global_p_error));
    }
    set_op_attribute(module, SECURITY, attr::i64(context, i64::from(solution.security.bits())));
    let source = security::source(solution.security, family);
    set_op_attribute(module, SECURITY_SOURCE, attr::string(context, &source));
}
