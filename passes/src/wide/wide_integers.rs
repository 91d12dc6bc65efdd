//! Which integers are split into digits, and which of them have digits alike.
//!
//! Wide are integers of more than `above` bits that something other than a linear operation takes, or makes of such ones, what
//! linear operations connect with them, and integers of more bits than one ciphertext holds with room for noise. Those that linear
//! operations connect are a class: they have one number of digits, so that sums need no carries. What any operation connects is a
//! component: its digits have one width. Where results are fed back, all are one class.

use crate::composition::COMPOSITION;
use crate::facts::{self, key};
use cloakwork_abi::bounds::{Bounds, join};
use cloakwork_abi::encoding::width_of_bounds;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::functions_under;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, ValueLike};
use petgraph::unionfind::UnionFind;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Most bits of integers that only linear operations compute with: more leave no room for noise.
const MOST_LINEAR: u32 = 56;

/// The wide integers of a module.
pub(super) struct WideIntegers {
    /// By key of a value: its class and its range.
    pub(super) class_of: HashMap<usize, (usize, Bounds)>,
    /// In the order of the program.
    pub(super) classes: Vec<Class>,
    /// How many there are.
    pub(super) components: usize,
}

/// Integers that linear operations connect.
pub(super) struct Class {
    pub(super) component: usize,
    /// Least and greatest of them.
    pub(super) hull: Bounds,
}

impl WideIntegers {
    pub(super) fn of<'c: 'a, 'a>(module: OperationRef<'c, 'a>, above: u32) -> Self {
        let values = Values::of(module, above);
        let is_composed = module.attribute(COMPOSITION).is_ok();
        let (mut classes, mut class_of) = (Vec::<Class>::new(), HashMap::new());
        let (mut numbers, mut components) = (BTreeMap::new(), BTreeMap::new());
        for place in values.wide() {
            let (root, component) = match is_composed {
                true => (0, 0),
                false => (values.linear.find(place), values.any.find(place)),
            };
            let count = components.len();
            let component = *components.entry(component).or_insert(count);
            let (key, bounds) = values.values[place];
            let class = *numbers.entry(root).or_insert(classes.len());
            match classes.get_mut(class) {
                Some(class) => class.hull = join(class.hull, bounds),
                None => classes.push(Class { component, hull: bounds }),
            }
            class_of.insert(key, (class, bounds));
        }
        Self { class_of, classes, components: components.len() }
    }
}

/// The encrypted integers of a module.
struct Values {
    /// Keys and ranges.
    values: Vec<(usize, Bounds)>,
    linear: UnionFind<usize>,
    any: UnionFind<usize>,
    seeds: Vec<usize>,
    above: u32,
}

impl Values {
    fn of<'c: 'a, 'a>(module: OperationRef<'c, 'a>, above: u32) -> Self {
        let mut values: Vec<(usize, Bounds)> = vec![];
        let mut places: HashMap<usize, usize> = HashMap::new();
        let functions = functions_under(module);
        for &function in &functions {
            let operations = function.operations();
            let results =
                operations.iter().filter(|op| FheOp::of(**op).is_some()).map(|op| walk::result(*op));
            for value in function.arguments().into_iter().chain(results) {
                let is_integer = ValueType::of(value.r#type())
                    .is_some_and(|ty| matches!(ty.element, Element::Encrypted { .. }));
                if let Some(bounds) = is_integer.then(|| facts::bounds(function, value)).flatten() {
                    places.insert(key(value), values.len());
                    values.push((key(value), bounds));
                }
            }
        }
        let (linear, any) = (UnionFind::new(values.len()), UnionFind::new(values.len()));
        let mut all = Self { values, linear, any, seeds: vec![], above };
        for op in functions.iter().flat_map(|function| function.operations()) {
            all.connect(op, &places);
        }
        let widest = (0..all.values.len()).filter(|&place| all.width(place) > MOST_LINEAR);
        all.seeds.extend(widest.collect::<Vec<_>>());
        all
    }

    fn connect<'c: 'a, 'a>(&mut self, op: OperationRef<'c, 'a>, places: &HashMap<usize, usize>) {
        let Some(fhe) = FheOp::of(op) else { return };
        let place = |value| places.get(&key(value)).copied();
        let touched: Vec<usize> = op.operands().chain([walk::result(op)]).filter_map(place).collect();
        let are_wide: Vec<usize> =
            touched.iter().copied().filter(|&place| self.width(place) > self.above).collect();
        are_wide.windows(2).for_each(|pair| {
            self.any.union(pair[0], pair[1]);
        });
        match fhe {
            FheOp::Linear(_) => {
                touched.windows(2).for_each(|pair| {
                    self.linear.union(pair[0], pair[1]);
                    self.any.union(pair[0], pair[1]);
                });
            }
            FheOp::Constant { .. } => {}
            FheOp::Digits(_)
            | FheOp::Lookup(_)
            | FheOp::Pairwise(_)
            | FheOp::Select
            | FheOp::JointLookup(_)
            | FheOp::Map { .. } => {
                let mut operands = op.operands().filter_map(place);
                if operands.any(|place| self.width(place) > self.above) {
                    self.seeds.extend(are_wide);
                }
            }
        }
    }

    fn width(&self, place: usize) -> u32 {
        width_of_bounds(self.values[place].1).0
    }

    /// Places of those that are split.
    fn wide(&self) -> Vec<usize> {
        let seeded: HashSet<usize> = self.seeds.iter().map(|&place| self.linear.find(place)).collect();
        let is_wide =
            |place: &usize| self.width(*place) > self.above && seeded.contains(&self.linear.find(*place));
        (0..self.values.len()).filter(is_wide).collect()
    }
}
