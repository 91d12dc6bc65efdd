//! Every operation of the Rust tracer on every kind of operands: signs in any mix, scalars, tensors and shapes that are
//! broadcast; the second operand a constant, a clear parameter or encrypted.
//!
//! All pairs of values of narrow types, interpreted and simulated, against plain integers; a sample on ciphertexts.

use cloakwork::{Circuit, Exactness, LookupTable, Noise, Options, Traced, compile, trace};
use cloakwork_frontend::elementwise::Unary;
use libtest_mimic::Trial;
use ndarray::{ArrayD, IxDyn};
use std::error::Error;

/// Its name, how it is traced, and what it is for two integers.
type OfTwo = (&'static str, fn(&Traced, &Traced) -> Traced, fn(i64, i64) -> i64);
/// The same of one integer.
type OfOne = (&'static str, fn(&Traced) -> Traced, fn(i64) -> i64);
type Checked = Result<(), Box<dyn Error>>;

/// Operations that are legal for all integers; each group is one program.
const PAIRS: [(&str, &[OfTwo]); 7] = [
    (
        "linear",
        &[
            ("x + y", |x, y| x + y, |x, y| x + y),
            ("x - y", |x, y| x - y, |x, y| x - y),
            ("y - x", |x, y| y - x, |x, y| y - x),
        ],
    ),
    (
        "products",
        &[("x * y", |x, y| x * y, |x, y| x * y), ("y * (x + 1)", |x, y| y * (x + 1), |x, y| y * (x + 1))],
    ),
    (
        "comparisons",
        &[
            ("less", |x, y| x.less(y), |x, y| (x < y).into()),
            ("less_equal", |x, y| y.less_equal(x), |x, y| (y <= x).into()),
            ("greater", |x, y| y.greater(x), |x, y| (y > x).into()),
            ("greater_equal", |x, y| x.greater_equal(y), |x, y| (x >= y).into()),
            ("equal", |x, y| x.equal(y), |x, y| (x == y).into()),
            ("not_equal", |x, y| y.not_equal(x), |x, y| (x != y).into()),
        ],
    ),
    (
        "choices",
        &[
            ("min", |x, y| x.min(y), i64::min),
            ("max", |x, y| y.max(x), i64::max),
            ("greater of both", |x, y| x.greater(y).select(x, y), i64::max),
            ("if x", |x, y| x.select(y, 3), |x, y| if x != 0 { y } else { 3 }),
            ("if y", |x, y| y.not_equal(x.bits([])).select(-1, x), |x, y| if y != 0 { -1 } else { x }),
        ],
    ),
    (
        "bits",
        &[
            ("and", |x, y| x & y, |x, y| x & y),
            ("or", |x, y| y | x, |x, y| x | y),
            ("xor", |x, y| x ^ y, |x, y| x ^ y),
            ("left", |x, y| x << (y + 2), |x, y| x << (y + 2)),
            ("right", |x, y| x >> (y + 2), |x, y| x >> (y + 2)),
        ],
    ),
    (
        "truth",
        &[
            ("logical_and", |x, y| x.logical_and(y), |x, y| (x != 0 && y != 0).into()),
            ("logical_or", |x, y| x.logical_or(y), |x, y| (x != 0 || y != 0).into()),
            ("logical_xor", |x, y| x.logical_xor(y), |x, y| ((x != 0) != (y != 0)).into()),
        ],
    ),
    (
        "tables of both",
        &[
            ("floor_div", |x, y| x.floor_div(y + 5), |x, y| x.div_euclid(y + 5)),
            ("remainder", |x, y| x.remainder(y + 5), |x, y| x.rem_euclid(y + 5)),
            ("pow", |x, y| x.pow(y + 2), |x, y| x.pow((y + 2) as u32)),
            ("map_with", |x, y| x.map_with(&[y], |v| v[0] * v[0] - v[1]), |x, y| x * x - y),
            (
                "reals",
                |x, y| ((x.to_real() * 4 + 1) / (y + 5)).floor_to_int(),
                |x, y| ((4 * x + 1) as f64 / (y + 5) as f64).floor() as i64,
            ),
        ],
    ),
];

const SINGLES: [OfOne; 22] = [
    ("-x", |x| -x, |x| -x),
    ("!x", |x| !x, |x| !x),
    ("abs", |x| x.abs(), i64::abs),
    ("relu", |x| x.relu(), |x| x.max(0)),
    ("sign", |x| x.unary(Unary::Sign), i64::signum),
    ("square", |x| x.square(), |x| x * x),
    ("clamp", |x| x.clamp(-1..=2), |x| x.clamp(-1, 2)),
    ("logical_not", |x| x.logical_not(), |x| (x == 0).into()),
    ("map", |x| x.map(|v| v * v - 3), |x| x * x - 3),
    (
        "lookup",
        |x| x.lookup(&LookupTable::new([3, 1, -2, 7, 5, 0, 6, -4])),
        |x| [3, 1, -2, 7, 5, 0, 6, -4][(x & 7) as usize],
    ),
    ("select", |x| x.select(2, -3), |x| if x != 0 { 2 } else { -3 }),
    ("x << 2", |x| x << 2, |x| x << 2),
    ("x >> 1", |x| x >> 1, |x| x >> 1),
    ("bit 1", |x| x.bits([1]), |x| x >> 1 & 1),
    ("bits 2, 0", |x| x.bits([2, 0]), |x| (x >> 2 & 1) + 2 * (x & 1)),
    ("low_bits", |x| x.low_bits(2), |x| x & 3),
    ("round_bits", |x| x.round_bits(1, Exactness::Exact), |x| (x + 1) >> 1),
    ("truncate_bits", |x| x.truncate_bits(2, Exactness::Exact), |x| x >> 2),
    ("round_bit_pattern", |x| x.round_bit_pattern(1, Exactness::Exact), |x| (x + 1) >> 1 << 1),
    ("truncate_bit_pattern", |x| x.truncate_bit_pattern(2, Exactness::Exact), |x| x >> 2 << 2),
    ("refresh", |x| x.refresh(), |x| x),
    ("sqrt", |x| x.abs().to_real().sqrt().floor_to_int(), |x| (x.abs() as f64).sqrt() as i64),
];

const SIGNS: [(&str, (i64, i64)); 2] = [("unsigned", (0, 3)), ("signed", (-2, 1))];

/// What the second operand is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Second {
    Constant,
    Clear,
    Encrypted,
}

/// How all pairs of values come together.
#[derive(Clone, Copy, Debug)]
enum Shapes {
    /// One call for each pair.
    Scalars,
    /// Element by element.
    Tensors,
    /// A column and a row.
    Broadcast,
}

/// One test for each group, kind of second operand and shape, and for each shape of one operand.
pub(super) fn tests() -> Vec<Trial> {
    let mut tests = vec![];
    for shapes in [Shapes::Scalars, Shapes::Tensors, Shapes::Broadcast] {
        for second in [Second::Constant, Second::Clear, Second::Encrypted] {
            for (name, group) in PAIRS {
                let name = format!("suite::operands::{name}::{second:?}::{shapes:?}").to_lowercase();
                tests.push(Trial::test(name, move || Ok(of_two(group, second, shapes)?)));
            }
        }
    }
    for is_encrypted in [true, false] {
        let name = format!("suite::operands::of_one::{}", if is_encrypted { "encrypted" } else { "clear" });
        tests.push(Trial::test(name, move || Ok(of_one(is_encrypted)?)));
    }
    tests.push(Trial::test("suite::operands::on_real_keys", || Ok(on_real_keys()?)));
    tests
}

/// Every mix of signs.
fn of_two(group: &'static [OfTwo], second: Second, shapes: Shapes) -> Checked {
    for (_, of_x) in SIGNS {
        for (_, of_y) in SIGNS {
            let pairs: Vec<(i64, i64)> =
                (of_x.0..=of_x.1).flat_map(|x| (of_y.0..=of_y.1).map(move |y| (x, y))).collect();
            match (shapes, second) {
                // A program for each constant.
                (Shapes::Scalars, Second::Constant) => {
                    for y in of_y.0..=of_y.1 {
                        let circuit = circuit_of(group, (&[], of_x), (&array(&[], &[y]), of_y), second)?;
                        for &(x, _) in pairs.iter().filter(|pair| pair.1 == y) {
                            same(&circuit, group, vec![array(&[], &[x])], &[(x, y)])?;
                        }
                    }
                }
                (Shapes::Scalars, _) => {
                    let circuit = circuit_of(group, (&[], of_x), (&array(&[], &[0]), of_y), second)?;
                    for &(x, y) in &pairs {
                        same(&circuit, group, vec![array(&[], &[x]), array(&[], &[y])], &[(x, y)])?;
                    }
                }
                (Shapes::Tensors, _) => {
                    let (xs, ys): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
                    let (x, y) = (array(&[xs.len()], &xs), array(&[ys.len()], &ys));
                    let circuit = circuit_of(group, (&[xs.len()], of_x), (&y, of_y), second)?;
                    same(&circuit, group, arguments(x, y, second), &pairs)?;
                }
                (Shapes::Broadcast, _) => {
                    let [xs, ys] = [of_x, of_y].map(|(lo, hi)| (lo..=hi).collect::<Vec<i64>>());
                    let (x, y) = (array(&[xs.len(), 1], &xs), array(&[ys.len()], &ys));
                    let circuit = circuit_of(group, (&[xs.len(), 1], of_x), (&y, of_y), second)?;
                    same(&circuit, group, arguments(x, y, second), &pairs)?;
                }
            }
        }
    }
    Ok(())
}

fn circuit_of(
    group: &[OfTwo],
    (shape, (lo, hi)): (&[usize], (i64, i64)),
    (values, (least, most)): (&ArrayD<i64>, (i64, i64)),
    second: Second,
) -> Result<Circuit, Box<dyn Error>> {
    let graph = trace("pairs", |t| {
        let x = t.encrypted("x", shape, lo..=hi);
        let y = match second {
            Second::Constant => t.constant(values),
            Second::Clear => t.clear("y", values.shape(), least..=most),
            Second::Encrypted => t.encrypted("y", values.shape(), least..=most),
        };
        group.iter().map(|(_, build, _)| build(&x, &y)).collect::<Vec<_>>()
    })?;
    Ok(compile(&graph, &Options::default())?)
}

fn arguments(x: ArrayD<i64>, y: ArrayD<i64>, second: Second) -> Vec<ArrayD<i64>> {
    if second == Second::Constant { vec![x] } else { vec![x, y] }
}

/// Interpreted and simulated results are those of the pairs in order.
fn same(circuit: &Circuit, group: &[OfTwo], arguments: Vec<ArrayD<i64>>, pairs: &[(i64, i64)]) -> Checked {
    let expected =
        group.iter().map(|(name, _, exact)| (*name, pairs.iter().map(|&(x, y)| exact(x, y)).collect()));
    compared(circuit, arguments, &expected.collect::<Vec<_>>())
}

fn compared(circuit: &Circuit, arguments: Vec<ArrayD<i64>>, expected: &[(&str, Vec<i64>)]) -> Checked {
    let interpreted = circuit.evaluate_clear([arguments.clone()])?.remove(0);
    let simulated = circuit.simulate(arguments.clone(), Noise::None)?.outputs;
    for (executor, found) in [("interpreted", interpreted), ("simulated", simulated)] {
        difference(executor, &found, expected).map_err(|message| format!("{message}, of {arguments:?}"))?;
    }
    Ok(())
}

fn difference(executor: &str, found: &[ArrayD<i64>], expected: &[(&str, Vec<i64>)]) -> Result<(), String> {
    for ((name, expected), found) in expected.iter().zip(found) {
        if !found.iter().eq(expected) {
            return Err(format!("{executor}: `{name}` is {found}, expected is {expected:?}"));
        }
    }
    Ok(())
}

/// Scalars one by one, and all values as a tensor.
fn of_one(is_encrypted: bool) -> Checked {
    for (lo, hi) in [(0, 7), (-4, 3)] {
        let all: Vec<i64> = (lo..=hi).collect();
        for shape in [vec![], vec![all.len()]] {
            let graph = trace("singles", |t| {
                let x = match is_encrypted {
                    true => t.encrypted("x", &shape, lo..=hi),
                    false => t.clear("x", &shape, lo..=hi),
                };
                SINGLES.iter().map(|(_, build, _)| build(&x)).collect::<Vec<_>>()
            })?;
            let circuit = compile(&graph, &Options::default())?;
            for values in all.chunks(if shape.is_empty() { 1 } else { all.len() }) {
                let exact = |exact: fn(i64) -> i64| values.iter().map(|&x| exact(x)).collect();
                let expected: Vec<(&str, Vec<i64>)> =
                    SINGLES.iter().map(|&(name, _, function)| (name, exact(function))).collect();
                compared(&circuit, vec![array(&shape, values)], &expected)?;
            }
        }
    }
    Ok(())
}

/// A sample of everything above, encrypted; its keys are as secure as any.
fn on_real_keys() -> Checked {
    let sample: Vec<OfTwo> = PAIRS.iter().map(|(_, group)| group[group.len() - 1]).collect();
    let (of_x, of_y) = ((-2, 1), (0, 3));
    for second in [Second::Clear, Second::Encrypted] {
        let (x, y) = (array(&[2], &[-2, 1]), array(&[2], &[3, 2]));
        let circuit = circuit_of(&sample, (&[2], of_x), (&y, of_y), second)?;
        let found = circuit.encrypt_run_decrypt(&circuit.keygen()?, arguments(x, y, second))?;
        let expected = sample.iter().map(|(name, _, exact)| (*name, vec![exact(-2, 3), exact(1, 2)]));
        difference("executed", &found, &expected.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn array(shape: &[usize], values: &[i64]) -> ArrayD<i64> {
    ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).expect("as many values as the shape has")
}
