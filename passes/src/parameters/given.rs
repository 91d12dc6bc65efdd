//! Solving with keys that are given: which of them each value and each lookup takes.
//!
//! Every bootstrap key is a part. Every way to give parts to kinds of lookups is tried, with coarser kinds the more
//! keys there are. Noise is that of the formulas, not what the keys were described with.

use crate::parameters::cost::{BootstrapCost, CostModel};
use crate::parameters::demand::Analysis;
use crate::parameters::divide::{Divided, Preference, Setting, homes, kinds, with_evaluator};
use crate::parameters::evaluate::{Choice, PartChoice};
use crate::parameters::instance::{Division, Grain, Instance};
use crate::parameters::search::improve_sharing;
use crate::parameters::space::{
    BootstrapChoice, GivenSwitches, KeyswitchChoice, ShapeChoice, SmallChoice, Space, Switch, Switches,
};
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{GlweShape, LweDimension, Variance};
use cloakwork_abi::security::ModulusBits;
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset, KeyswitchKeySpec, SecretKeyShape};
use std::collections::BTreeSet;

/// Most ways to give parts to lookups, or to components, that are tried.
const MOST_WAYS: usize = 512;

/// The given keys as a space, and the part that each bootstrap key is.
pub(super) fn given_space(keyset: &Keyset, cost: &CostModel, many_lut: bool) -> (Space, Vec<PartChoice>) {
    let mut shapes = Vec::new();
    let mut small = Vec::new();
    // For each secret key its position among those of its kind.
    let positions: Vec<usize> = keyset
        .secret_keys
        .iter()
        .enumerate()
        .map(|(i, key)| {
            let (noise, variance, given) = (key.noise, key.variance().0, Some(i));
            match key.shape {
                SecretKeyShape::Glwe(shape) => {
                    let (bootstraps, switch_noise) = (Vec::new(), noise);
                    let conversions = Switches::new(shape.lwe_dimension(), key.variance());
                    shapes.push(ShapeChoice {
                        shape,
                        noise,
                        variance,
                        fresh: variance,
                        bootstraps,
                        switch_noise,
                        conversions,
                        given,
                    });
                    shapes.len() - 1
                }
                SecretKeyShape::Lwe(dimension) => {
                    let (quietest, keyswitches) = (f64::INFINITY, Switches::new(dimension, key.variance()));
                    small.push(SmallChoice { dimension, noise, variance, quietest, keyswitches, given });
                    small.len() - 1
                }
            }
        })
        .collect();
    let mut switches = GivenSwitches::default();
    for key in &keyset.keyswitch_keys {
        let choice = switch_choice(key, keyset.secret_keys[key.to].shape.lwe_dimension(), cost);
        let list = match keyset.secret_keys[key.to].shape {
            SecretKeyShape::Lwe(_) => &mut switches.keyswitches,
            SecretKeyShape::Glwe(_) => &mut switches.conversions,
        };
        let list = list.entry((positions[key.from], positions[key.to])).or_default();
        list.push(choice);
        list.sort_by(|a, b| b.variance.total_cmp(&a.variance));
    }
    let mut parts = Vec::new();
    for key in &keyset.bootstrap_keys {
        let (shape, from) = (positions[key.to], positions[key.from]);
        let of_shape: &mut ShapeChoice = &mut shapes[shape];
        let Some(choice) = bootstrap_choice(key, of_shape, (from, cost)) else { continue };
        of_shape.bootstraps.push(choice);
        let bootstrap = of_shape.bootstraps.len() - 1;
        parts.push(PartChoice { shape, bootstrap, extension: key.extension, small: from });
    }
    (Space::of_given(shapes, small, switches, (cost, many_lut)), parts)
}

fn switch_choice(key: &KeyswitchKeySpec, to: LweDimension, cost: &CostModel) -> KeyswitchChoice {
    Switch::new(key.decomposition).choice(&cost.keyswitch, to, key.noise.variance(ModulusBits::Bits32))
}

fn bootstrap_choice(
    key: &BootstrapKeySpec,
    of_shape: &ShapeChoice,
    (small, cost): (usize, &CostModel),
) -> Option<BootstrapChoice> {
    let variance = Variance(of_shape.variance);
    let entry = nearest(cost, of_shape.shape, key)?;
    let two = noise::bootstrap(LweDimension(2), of_shape.shape, key.decomposition, key.grouping, variance).0;
    Some(BootstrapChoice {
        decomposition: key.decomposition,
        grouping: key.grouping,
        variance: two / 2.0,
        cost: entry,
        scale: words(of_shape.shape) / words(entry.shape()),
        given: Some((small, key.extension)),
    })
}

/// What a product takes grows about like this.
fn words(shape: GlweShape) -> f64 {
    let (k, size) = (shape.dimension.0 as f64, shape.polynomial_size.0 as f64);
    (k + 1.0) * (k + 1.0) * size * size.log2().max(1.0)
}

/// The measured cost of the shape, or of the one next in size.
fn nearest(cost: &CostModel, shape: GlweShape, key: &BootstrapKeySpec) -> Option<BootstrapCost> {
    let distance = |entry: &BootstrapCost| {
        let is_other = entry.grouping != key.grouping;
        (is_other, entry.shape() != shape, (words(entry.shape()) / words(shape)).log2().abs())
    };
    let compare = |a: &&BootstrapCost, b: &&BootstrapCost| {
        let (a, b) = (distance(a), distance(b));
        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
    };
    cost.bootstraps().min_by(compare).copied()
}

/// The quickest way to use the given keys.
pub(super) fn divide_given(setting: Setting<'_>, parts: &[PartChoice]) -> Option<Divided> {
    let analysis = setting.analysis;
    let ways = |things: usize| parts.len().checked_pow(things as u32).filter(|&ways| ways <= MOST_WAYS);
    let most = (1..=analysis.lookups.len()).rev().find(|&kinds| ways(kinds).is_some())?;
    let kinds = kinds(analysis, most);
    let mut best: Option<Divided> = None;
    for way in every_list(kinds.len(), parts.len(), MOST_WAYS) {
        let mut lookups = vec![0; analysis.lookups.len()];
        for (kind, &part) in kinds.iter().zip(&way) {
            kind.iter().for_each(|&lookup| lookups[lookup] = part);
        }
        for components in possible_homes(analysis, &lookups, parts.len()) {
            let division = Division { lookups: lookups.clone(), components };
            let is_better = |found: &Divided| {
                best.as_ref().is_none_or(|best| found.complete.seconds < best.complete.seconds)
            };
            if let Some(found) = try_given(setting, parts, division).filter(is_better) {
                best = Some(found);
            }
        }
    }
    best
}

fn try_given(setting: Setting<'_>, parts: &[PartChoice], division: Division) -> Option<Divided> {
    let instance = Instance::new(setting.analysis, &division, setting.cost, Grain::Exact);
    let complete = with_evaluator(setting, &instance, |evaluator| {
        let choice = Choice {
            parts: parts[..instance.parts].to_vec(),
            conversions: vec![usize::MAX; instance.conversions.len()],
            many: vec![0; instance.loads.len()],
        };
        let has_room = |(i, load): (usize, &crate::parameters::instance::LookupLoad)| {
            evaluator.has_room(choice.parts[load.part], instance.loads[i].demand.width.0, 0)
        };
        if !evaluator.lookup_loads().all(has_room) {
            return None;
        }
        let mut complete = evaluator.complete(&choice, f64::INFINITY)?;
        improve_sharing(evaluator, &mut complete);
        Some(complete)
    })?;
    Some(Divided { division, instance, complete })
}

/// Every part for every component where these are few ways; otherwise those that are preferred.
fn possible_homes(analysis: &Analysis, lookups: &[usize], parts: usize) -> BTreeSet<Vec<usize>> {
    let count = analysis.components.len();
    let tied = |homes: Vec<usize>| {
        let mut homes = homes;
        analysis.ties.iter().for_each(|&(lookup, component)| homes[component] = lookups[lookup]);
        homes
    };
    let preferred = [Preference::Sources, Preference::Users].map(|p| homes(analysis, lookups, p));
    let uniform = (0..parts).map(|part| vec![part; count]);
    let few = parts.checked_pow(count as u32).is_some_and(|ways| ways <= MOST_WAYS / 8);
    let every = if few { every_list(count, parts, MOST_WAYS) } else { Vec::new() };
    preferred.into_iter().chain(uniform).chain(every).map(tied).collect()
}

/// Every list of `length` numbers below `bound`, at most `most` of them.
fn every_list(length: usize, bound: usize, most: usize) -> Vec<Vec<usize>> {
    let list = |mut rest: usize| {
        let digit = |_| {
            let digit = rest % bound;
            rest /= bound;
            digit
        };
        (0..length).map(digit).collect()
    };
    let ways = bound.checked_pow(length as u32).unwrap_or(most).min(most);
    (0..ways).map(list).collect()
}
