//! How many bits a digit has: those with which the lookups of the program take the least time together.
//!
//! Each candidate is split on a copy of the module. A lookup takes the time of a program of one lookup of its width, at the
//! default error probability and by the table of costs; lookups of one value share a bootstrap.

use crate::facts::{fail, key};
use crate::parameters::{CostModel, ErrorTarget, ParamDag, Request, Restrictions, solve};
use crate::pass::Failed;
use crate::wide::split::split;
use crate::width_classes::WidthClasses;
use cloakwork_abi::parameters::{NoiseFamily, SecurityLevel, Width};
use cloakwork_ir::context::with_diagnostics;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::functions_under;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::OperationRef;
use std::collections::{BTreeMap, HashSet};

/// Bits that digits may have.
const CANDIDATES: [u32; 5] = [1, 2, 3, 4, 5];
/// The table of costs: what lookups of different widths cost, compared with each other, differs little between tables.
const TABLE: &str = "avx512";
/// Failure probability of a lookup where a run has about a thousand.
const P_ERROR: f64 = 1e-8;

/// Most components whose widths are chosen one by one; of more, all have one width.
const MOST_COMPONENTS: usize = 6;

/// For each component the best of the candidates; of equal ones the least.
pub(super) fn best_digit_widths<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    above: u32,
    components: usize,
) -> Result<Vec<u32>, Failed> {
    let model = CostModel::of_repository(TABLE).ok_or_else(|| fail(module, "there is no table of costs"))?;
    let mut costs = Costs { model, known: BTreeMap::new() };
    let mut best = (f64::INFINITY, vec![CANDIDATES[1]; components]);
    let mut try_out = |bits: Vec<u32>, best: &mut (f64, Vec<u32>)| {
        let candidate = || {
            walk::with_copy(module, |copy| {
                split(context, copy, &bits, above)?;
                seconds(copy, &mut costs)
            })
        };
        // Digits can be too large for the sums of a program, or the program refused whatever the digits are: then the split
        // that follows says why.
        if let (Ok(seconds), _) = with_diagnostics(context, candidate)
            && seconds < best.0
        {
            *best = (seconds, bits);
        }
    };
    let candidates = || CANDIDATES.into_iter().filter(|&bits| bits <= above);
    candidates().for_each(|bits| try_out(vec![bits; components], &mut best));
    if (2..=MOST_COMPONENTS).contains(&components) {
        for component in 0..components {
            for bits in candidates() {
                let mut all = best.1.clone();
                if std::mem::replace(&mut all[component], bits) != bits {
                    try_out(all, &mut best);
                }
            }
        }
    }
    Ok(best.1)
}

/// Seconds of the lookups of a module that is split.
fn seconds(module: OperationRef<'_, '_>, costs: &mut Costs) -> Result<f64, Failed> {
    let functions = functions_under(module);
    let classes = WidthClasses::together(&functions, &[])?;
    let mut inputs = HashSet::new();
    let mut total = 0.0;
    for op in functions.iter().flat_map(|function| function.operations()) {
        if let Some(FheOp::Lookup(_)) = FheOp::of(op) {
            let input = walk::operand(op, 0);
            let is_first = inputs.insert(key(input));
            if let (true, Some(own), Some(width)) = (is_first, classes.own(input), classes.width(input)) {
                total += own.ty.elements() as f64 * costs.of(width);
            }
        }
    }
    Ok(total)
}

/// Seconds of a lookup, by its width.
struct Costs {
    model: CostModel,
    known: BTreeMap<Width, f64>,
}

impl Costs {
    fn of(&mut self, width: Width) -> f64 {
        let model = &self.model;
        *self.known.entry(width).or_insert_with(|| {
            let mut dag = ParamDag::default();
            let input = dag.input(width, "");
            let result = dag.lookup(input, width, 1, "");
            dag.output(result, 1, "");
            let Ok(target) = ErrorTarget::new(Some(P_ERROR), None) else { return f64::INFINITY };
            let restrictions = Restrictions { max_key_sets: 1, ..Restrictions::default() };
            let (security, noise) = (SecurityLevel::Bits128, NoiseFamily::Gaussian);
            let request =
                Request { dag: &dag, security, noise, target, cost: model, restrictions: &restrictions };
            solve(&request).map_or(f64::INFINITY, |solution| solution.seconds)
        })
    }
}
