//! The variance of every value of an instance before it is looked up or decrypted, for a choice of keys.
//!
//! Kept as sums over what each part adds, so that the noise of one part's bootstraps may change alone.

use crate::parameters::evaluate::{Choice, Evaluator};
use crate::parameters::instance::Noise;

/// See the header of this file.
pub(super) struct Flow<'a> {
    evaluator: &'a Evaluator<'a>,
    /// Variance of a fresh encryption under the GLWE key of each part.
    fresh: Vec<f64>,
    /// Variance of the result of each part's bootstrap.
    outputs: Vec<f64>,
    /// What the conversion of a part's results adds: by `key · parts + part`.
    converted: Vec<f64>,
    /// Variance of each family of inputs that results are fed to.
    fed: Vec<f64>,
    /// Variance at each load that is checked.
    before: Vec<f64>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(evaluator: &'a Evaluator<'a>, choice: &Choice) -> Self {
        let instance = evaluator.instance;
        let mut flow = Self {
            evaluator,
            fresh: Vec::new(),
            outputs: Vec::new(),
            converted: Vec::new(),
            fed: vec![0.0; instance.fed.len()],
            before: vec![0.0; instance.loads.len()],
        };
        flow.choose(choice);
        flow
    }

    /// Takes other keys.
    pub(super) fn choose(&mut self, choice: &Choice) {
        let evaluator = self.evaluator;
        let parts = choice.parts.len();
        self.fresh.clear();
        self.fresh.extend(choice.parts.iter().map(|&part| evaluator.shape(part).fresh));
        self.outputs.clear();
        self.outputs.extend(
            choice
                .parts
                .iter()
                .map(|&part| evaluator.small(part).dimension.0 as f64 * evaluator.bootstrap(part).variance),
        );
        self.converted.clear();
        self.converted.resize(parts * parts, 0.0);
        for (position, edge) in evaluator.instance.conversions.iter().enumerate() {
            if let Some(conversion) = evaluator.conversion(choice, position) {
                let from = evaluator.shape(choice.parts[edge.from]).shape.lwe_dimension();
                self.converted[edge.to * parts + edge.from] += conversion.added(from);
            }
        }
        self.run();
    }

    /// Takes another variance for the results of a part's bootstrap.
    pub(super) fn set_output(&mut self, part: usize, variance: f64) {
        self.outputs[part] = variance;
        self.run();
    }

    /// Variance of the values of each load that is checked, before keyswitches.
    pub(super) fn before(&self) -> &[f64] {
        &self.before
    }

    fn run(&mut self) {
        let instance = self.evaluator.instance;
        self.evaluator.space.evaluations.update(|count| count + 1);
        if !instance.fed.is_empty() {
            let mut fed = vec![0.0; instance.fed.len()];
            for _ in 0..fed.len() {
                let greatest =
                    |noises: &Vec<Noise>| noises.iter().map(|noise| self.of(noise, &fed)).fold(0.0, f64::max);
                fed = instance.fed.iter().map(greatest).collect();
            }
            self.fed = fed;
        }
        for &i in self.evaluator.checked {
            self.before[i] = self.of(&instance.loads[i].noise, &self.fed);
        }
    }

    fn of(&self, noise: &Noise, fed: &[f64]) -> f64 {
        let fresh = self.fresh[noise.key];
        let converted = &self.converted[noise.key * self.outputs.len()..];
        let greatest = |mut mask: u64| {
            let mut most = 0.0;
            while mask != 0 {
                let part = mask.trailing_zeros() as usize;
                most = f64::max(most, self.outputs[part] + converted[part]);
                mask &= mask - 1;
            }
            most
        };
        let lookups: f64 = noise.lookups.iter().map(|&(mask, factor)| factor * greatest(mask)).sum();
        let fed: f64 = noise.fed.iter().map(|&(i, factor)| factor * fed[i].max(fresh)).sum();
        noise.fresh * fresh + lookups + fed
    }
}
