//! Keys that were found, which of them each value and each lookup has, and what they achieve.

use crate::parameters::dag::Value;
use crate::parameters::demand::{Analysis, Demand, DemandKind, Place};
use crate::parameters::evaluate::{Complete, Evaluator, PartChoice, error_of};
use crate::parameters::flow::Flow;
use crate::parameters::instance::{Division, Instance, Load, key_of, sharing};
use crate::parameters::space::KeyswitchChoice;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweShape, NoiseDistribution, SecurityLevel, Variance,
};
use cloakwork_abi::spec::{
    BootstrapKeySpec, ErrorSpec, Keyset, KeyswitchKeySpec, SecretKeyShape, SecretKeySpec,
};
use std::collections::BTreeMap;
use std::fmt;

/// Name of the key that values are encrypted under.
pub const BIG_KEY: &str = "big";
/// Name of the key that lookups rotate by.
pub const SMALL_KEY: &str = "small";
/// Name of the keyswitch key.
pub const KEYSWITCH_KEY: &str = "ksk";
/// Name of the bootstrap key.
pub const BOOTSTRAP_KEY: &str = "bsk";

/// Parameters of every key, who uses them, and what they achieve.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The level that every key keeps to.
    pub security: SecurityLevel,
    /// Every key. With one key set they are `big`, `small`, `ksk` and `bsk`; of several of one kind each has its
    /// number behind its name. The keys of GLWE shape come first.
    pub keyset: Keyset,
    /// For each value of the program, by its place in program order, the position of its secret key.
    keys: Vec<usize>,
    lookups: BTreeMap<Value, LookupKeys>,
    /// Failure probabilities that are achieved where every function runs once.
    pub error: ErrorSpec,
    /// Failure probabilities of each function.
    pub functions: Vec<ErrorSpec>,
    /// Estimated time of one run on one thread.
    pub seconds: f64,
    /// What each demand achieves, the likeliest to fail first.
    pub demands: Vec<Achieved>,
}

/// The keys of a lookup, by position in the key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupKeys {
    /// The keyswitch key.
    pub keyswitch: usize,
    /// The bootstrap key.
    pub bootstrap: usize,
    /// Lookups of one value with equal numbers share a bootstrap; the order of the program is that of its tables.
    pub group: Option<u32>,
}

/// A demand and how likely it is to fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Achieved {
    /// What it is.
    pub demand: Demand,
    /// Variance that it sees: before decryption, or between modulus switch and rotation.
    pub variance: Variance,
    /// Probability that one of it fails.
    pub p_error: f64,
    /// How many of them fail or not on their own: lookups that share a bootstrap fail together.
    pub events: u64,
    /// For a lookup its bootstrap key, by position.
    pub bootstrap: Option<usize>,
}

impl Solution {
    /// Position of the secret key that a value is under.
    pub fn key(&self, value: Value) -> usize {
        self.keys[value.0.index()]
    }

    /// Keys of the lookup whose result a value is.
    pub fn lookup(&self, value: Value) -> Option<LookupKeys> {
        self.lookups.get(&value).copied()
    }

    /// Where failure is likeliest; nothing in a program without results.
    pub fn tightest(&self) -> Option<&Achieved> {
        self.demands.first()
    }

    /// Of a program without lookups: one key to encrypt with, alone or at its position among given ones.
    pub(super) fn encryption(
        security: SecurityLevel,
        ((position, key), given): ((usize, SecretKeySpec), Option<Keyset>),
        (analysis, instance): (&Analysis, &Instance),
        (seconds, demands): (f64, Vec<Achieved>),
    ) -> Self {
        let is_given = given.is_some();
        let keyset = given.unwrap_or_else(|| Keyset { secret_keys: vec![key], ..Keyset::default() });
        let mut solution = Self {
            security,
            keyset,
            keys: vec![position; analysis.places.len()],
            lookups: BTreeMap::new(),
            error: ErrorSpec { p_error: 0.0, global_p_error: 0.0 },
            functions: of_functions(analysis, instance, &demands),
            seconds,
            demands,
        };
        if !is_given {
            solution.name_keys();
        }
        solution.sum_up();
        solution
    }

    /// Of the keys that were found; `given` are keys that are kept as they are.
    pub(super) fn new(
        security: SecurityLevel,
        (analysis, division): (&Analysis, &Division),
        evaluator: &Evaluator<'_>,
        complete: &Complete,
        given: Option<&Keyset>,
    ) -> Self {
        let mut keys = Keys::new(evaluator, complete, given);
        let mut lookups = BTreeMap::new();
        let mut groups = 0;
        for (value, looked) in analysis.operands.iter().enumerate() {
            let from = key_of(looked.place, division);
            for (part, _) in sharing(looked, division) {
                let Some(part) = part else { continue };
                let load = evaluator.instance.load_of(value, Some(part));
                let many = load.map_or(0, |load| complete.choice.many[load]);
                let of_part: Vec<usize> =
                    looked.lookups.iter().copied().filter(|&l| division.lookups[l] == part).collect();
                let bootstraps = of_part.len().div_ceil(1 << many);
                for together in of_part.chunks(of_part.len().div_ceil(bootstraps.max(1)).max(1)) {
                    let group = (together.len() > 1).then_some(groups);
                    groups += u32::from(group.is_some());
                    let (keyswitch, bootstrap) = (keys.keyswitch[&(from, part)], keys.bootstrap[part]);
                    for &lookup in together {
                        let value = Value(analysis.lookups[lookup].node);
                        lookups.insert(value, LookupKeys { keyswitch, bootstrap, group });
                    }
                }
            }
        }
        let glwe = |place: Place| keys.glwe[key_of(place, division)];
        let flow = Flow::new(evaluator, &complete.choice);
        let variances = evaluator.variances(flow.before(), complete);
        let loads = evaluator.instance.loads.iter().zip(&complete.choice.many);
        let achieved = loads.zip(&variances).map(|((load, &many), &variance)| {
            let bootstrap = load.lookup.map(|lookup| keys.bootstrap[lookup.part]);
            Achieved { bootstrap, ..Achieved::new(load, many, Variance(variance)) }
        });
        let demands: Vec<Achieved> = achieved.collect();
        let error = ErrorSpec { p_error: 0.0, global_p_error: 0.0 };
        let mut solution = Self {
            security,
            keys: analysis.places.iter().map(|&place| glwe(place)).collect(),
            lookups,
            error,
            functions: of_functions(analysis, evaluator.instance, &demands),
            seconds: complete.seconds,
            demands,
            keyset: std::mem::take(&mut keys.keyset),
        };
        if given.is_none() {
            solution.name_keys();
        }
        solution.sum_up();
        solution
    }

    fn sum_up(&mut self) {
        self.demands.sort_by(|a, b| b.p_error.total_cmp(&a.p_error));
        let events = self.demands.iter().map(|achieved| (achieved.p_error, achieved.events));
        self.error = error_of(&events.collect::<Vec<(f64, u64)>>());
    }

    fn name_keys(&mut self) {
        let Keyset { secret_keys, keyswitch_keys, bootstrap_keys } = &mut self.keyset;
        let (big, small): (Vec<_>, Vec<_>) = secret_keys
            .iter_mut()
            .map(|key| (matches!(key.shape, SecretKeyShape::Glwe(_)), &mut key.name))
            .partition(|(is_glwe, _)| *is_glwe);
        number(BIG_KEY, big.into_iter().map(|(_, name)| name).collect());
        number(SMALL_KEY, small.into_iter().map(|(_, name)| name).collect());
        number(KEYSWITCH_KEY, keyswitch_keys.iter_mut().map(|key| &mut key.name).collect());
        number(BOOTSTRAP_KEY, bootstrap_keys.iter_mut().map(|key| &mut key.name).collect());
    }
}

/// Numbers the names of several keys of a kind.
fn number(kind: &str, names: Vec<&mut String>) {
    let is_one = names.len() == 1;
    for (i, name) in names.into_iter().enumerate() {
        *name = if is_one { kind.to_owned() } else { format!("{kind}{i}") };
    }
}

impl Achieved {
    /// Without the bootstrap key.
    pub(super) fn new(load: &Load, many: u32, variance: Variance) -> Self {
        let demand = load.demand.clone();
        let p_error = noise::p_error(variance, demand.width);
        Self { demand, variance, p_error, events: load.events(many), bootstrap: None }
    }
}

/// Failure probabilities of each function, from what each load of the instance achieves.
fn of_functions(analysis: &Analysis, instance: &Instance, achieved: &[Achieved]) -> Vec<ErrorSpec> {
    let mut events: Vec<Vec<(f64, u64)>> = vec![Vec::new(); analysis.functions];
    let values: Vec<_> = analysis.operands.iter().chain(&analysis.outputs).collect();
    for (value, _, load) in instance.values() {
        let looked = values[value];
        let Achieved { p_error, events: all, demand, .. } = &achieved[load];
        // Of one load all values have equally many lookups and bootstraps.
        let lookups = instance.loads[load].lookup.map_or(1, |lookup| lookup.sharing);
        let own = looked.count * lookups;
        events[looked.function].push((*p_error, own * all / demand.count.max(1)));
    }
    events.iter().map(|events| error_of(events)).collect()
}

/// The keys of a choice, equal ones once.
struct Keys<'a> {
    evaluator: &'a Evaluator<'a>,
    complete: &'a Complete,
    keyset: Keyset,
    /// Position of each part's GLWE key, small key and bootstrap key.
    glwe: Vec<usize>,
    small: Vec<usize>,
    bootstrap: Vec<usize>,
    /// Position of the keyswitch key from the GLWE key of one part to the small key of another.
    keyswitch: BTreeMap<(usize, usize), usize>,
}

impl<'a> Keys<'a> {
    fn new(evaluator: &'a Evaluator<'a>, complete: &'a Complete, given: Option<&Keyset>) -> Self {
        let keyset = given.cloned().unwrap_or_default();
        let (glwe, small, bootstrap) = (Vec::new(), Vec::new(), Vec::new());
        let mut keys =
            Self { evaluator, complete, keyset, glwe, small, bootstrap, keyswitch: BTreeMap::new() };
        let parts = complete.choice.parts.clone();
        for &part in &parts {
            let choice = evaluator.shape(part);
            let key = keys.secret(choice.given, SecretKeyShape::Glwe(choice.shape), choice.noise);
            keys.glwe.push(key);
        }
        for &part in &parts {
            let choice = evaluator.small(part);
            let key = keys.secret(choice.given, SecretKeyShape::Lwe(choice.dimension), choice.noise);
            keys.small.push(key);
        }
        keys.switch();
        for (i, &part) in parts.iter().enumerate() {
            let key = keys.bootstrap(i, part);
            keys.bootstrap.push(key);
        }
        keys
    }

    fn secret(&mut self, given: Option<usize>, shape: SecretKeyShape, noise: NoiseDistribution) -> usize {
        let keys = &mut self.keyset.secret_keys;
        given.or_else(|| keys.iter().position(|key| key.shape == shape)).unwrap_or_else(|| {
            keys.push(SecretKeySpec { name: String::new(), shape, noise });
            keys.len() - 1
        })
    }

    /// Keyswitch keys: to small keys, then to GLWE keys.
    fn switch(&mut self) {
        let Complete { choice, edges, .. } = self.complete;
        let instance = self.evaluator.instance;
        for (i, edge) in instance.edges.iter().enumerate() {
            let keyswitch = self.evaluator.keyswitches(&choice.parts, i)[edges[i]];
            let noise = self.evaluator.small(choice.parts[edge.to]).noise;
            let ends = (self.glwe[edge.from], self.small[edge.to]);
            let key = self.keyswitch_key(ends, keyswitch, noise);
            self.keyswitch.insert((edge.from, edge.to), key);
        }
        for (i, edge) in instance.conversions.iter().enumerate() {
            if let Some(&conversion) = self.evaluator.conversion(choice, i) {
                let noise = self.evaluator.shape(choice.parts[edge.to]).switch_noise;
                self.keyswitch_key((self.glwe[edge.from], self.glwe[edge.to]), conversion, noise);
            }
        }
    }

    fn keyswitch_key(
        &mut self,
        (from, to): (usize, usize),
        choice: KeyswitchChoice,
        noise: NoiseDistribution,
    ) -> usize {
        let decomposition = choice.decomposition;
        let dimension = self.keyset.secret_keys[from].shape.lwe_dimension();
        let modulus = cloakwork_abi::security::ModulusBits::Bits32;
        let added_variance = noise::keyswitch(dimension, decomposition, noise.variance(modulus));
        let keys = &mut self.keyset.keyswitch_keys;
        let is_same =
            |key: &KeyswitchKeySpec| (key.from, key.to, key.decomposition) == (from, to, decomposition);
        keys.iter().position(is_same).unwrap_or_else(|| {
            let name = String::new();
            keys.push(KeyswitchKeySpec { name, from, to, decomposition, noise, added_variance });
            keys.len() - 1
        })
    }

    fn bootstrap(&mut self, i: usize, part: PartChoice) -> usize {
        let (shape, small) = (self.evaluator.shape(part), self.evaluator.small(part));
        let choice = self.evaluator.bootstrap(part);
        let (decomposition, grouping, extension) = (choice.decomposition, choice.grouping, part.extension);
        let (from, to) = (self.small[i], self.glwe[i]);
        let steps = 2 * extension.0 * shape.shape.polynomial_size.0;
        let variance = Variance(shape.variance);
        let keys = &mut self.keyset.bootstrap_keys;
        let kind =
            |key: &BootstrapKeySpec| (key.from, key.to, key.decomposition, key.grouping, key.extension);
        let wanted = (from, to, decomposition, grouping, extension);
        keys.iter().position(|key| kind(key) == wanted).unwrap_or_else(|| {
            keys.push(BootstrapKeySpec {
                name: String::new(),
                from,
                to,
                decomposition,
                grouping,
                extension,
                modulus_switch_variance: noise::modulus_switch_centred(small.dimension, steps),
                output_variance: noise::bootstrap(
                    small.dimension,
                    shape.shape,
                    decomposition,
                    grouping,
                    variance,
                ),
            });
            keys.len() - 1
        })
    }
}

impl fmt::Display for Solution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Keyset { secret_keys, keyswitch_keys, bootstrap_keys } = &self.keyset;
        for key in secret_keys {
            let name = &key.name;
            match key.shape {
                SecretKeyShape::Glwe(GlweShape { dimension, polynomial_size }) => {
                    write!(f, "{name}: k {dimension}, N {polynomial_size}")?;
                }
                SecretKeyShape::Lwe(dimension) => write!(f, "{name}: n {dimension}")?,
            }
            writeln!(f, ", noise {}", Deviation(key.variance()))?;
        }
        let ends = |from: usize, to: usize| format!("{} to {}", secret_keys[from].name, secret_keys[to].name);
        for key in keyswitch_keys {
            let (name, ends) = (&key.name, ends(key.from, key.to));
            writeln!(f, "{name}: {ends}, {}", Digits(key.decomposition))?;
        }
        for key in bootstrap_keys {
            let (name, ends) = (&key.name, ends(key.from, key.to));
            write!(f, "{name}: {ends}, {}", Digits(key.decomposition))?;
            if key.grouping.factor() > 1 {
                write!(f, ", {} coefficients a step", key.grouping.factor())?;
            }
            if key.extension > ExtensionFactor(1) {
                write!(f, ", extension {}", key.extension)?;
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "p_error {}, global_p_error {}, security {} bits, estimated {:.3e} s",
            Probability(self.error.p_error),
            Probability(self.error.global_p_error),
            self.security.bits(),
            self.seconds
        )?;
        let Some(Achieved { demand, variance, .. }) = self.tightest() else { return Ok(()) };
        let Demand { label, width, .. } = demand;
        let what = match demand.kind {
            DemandKind::Lookup => "lookup",
            DemandKind::Output => "output",
        };
        write!(
            f,
            "tightest: {what} `{label}`, {width} bits, norm2 {}, noise {}",
            Norm2(demand.norm2()),
            Deviation(*variance)
        )
    }
}

/// Prints a decomposition.
struct Digits(Decomposition);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} digits of {} bits", self.0.level, self.0.base_log)
    }
}

/// Prints a standard deviation as a power of two.
pub(super) struct Deviation(pub Variance);

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2^{:.2}", self.0.0.log2() / 2.0)
    }
}

/// Prints a probability as a power of two.
pub(super) struct Probability(pub f64);

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0.0 { write!(f, "2^{:.2}", self.0.log2()) } else { write!(f, "0") }
    }
}

/// Prints a sum of squares: as it is, or as a power of two where that is long.
pub(super) struct Norm2(pub f64);

impl fmt::Display for Norm2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1e6 { write!(f, "{:.1}", self.0) } else { write!(f, "2^{:.1}", self.0.log2()) }
    }
}
