//! One random operation on random earlier values.

use super::generate::{LARGEST, Value, sign};
use crate::program::{Text, dense, encrypted, tensor};
use cloakwork_abi::encoding::width_of_range;
use cloakwork_tests::integers::Integers;
use ndarray::{Array2, ArrayD, Axis, Ix1, Ix2, IxDyn, Zip, concatenate, s};

/// Writes an operation whose result is called `name`; `None` if it does not fit the values that were drawn.
pub(crate) fn step(
    random: &mut Integers,
    text: &mut Text,
    values: &[Value],
    (name, clear): (&str, &[ArrayD<i64>]),
) -> Option<Value> {
    let a = pick(random, values);
    let new = New { name, text };
    match random.within(0, 21) {
        0 => new.binary("add", a, pick(random, values), |a, b| a + b),
        1 => new.binary("sub", a, pick(random, values), |a, b| a - b),
        2 => new.unary("neg", "", a, (-a.range.1, -a.range.0), |v| -v),
        3 => new.with_constant("add_clear", a, random.tensor(a.shape(), -3, 3)),
        4 => new.with_constant("mul_clear", a, random.tensor(a.shape(), -3, 3)),
        5 if a.shape().is_empty() => new.with_argument("add_clear", a, clear),
        6 if a.shape().is_empty() => new.with_argument("mul_clear", a, clear),
        5..=7 => new.sum(a, random),
        8 => new.moved(a, random),
        9 => new.sliced(a, random),
        10 => new.joined(a, pick(random, values)),
        11 => new.product(a, random),
        12 | 13 => new.lookup(a, random),
        14 => new.integer_map(a, random),
        15 | 16 => new.digits(a, random),
        17..=19 => new.pair(a, pick(random, values), random),
        20 => new.select(pick(random, values), a, pick(random, values)),
        _ => new.real_maps(a),
    }
}

fn pick<'v>(random: &mut Integers, values: &'v [Value]) -> &'v Value {
    // Late values more often, so that programs are deep.
    let last = values.len() as i64 - 1;
    &values[random.within(0, last).max(random.within(0, last)) as usize]
}

/// The operation that is being written.
struct New<'t> {
    name: &'t str,
    text: &'t mut Text,
}

type Range = (i64, i64);

impl New<'_> {
    /// Writes `op operands attributes` if its range is small enough.
    fn write(
        self,
        op: &str,
        operands: &[(&str, String)],
        range: Range,
        calls: Vec<ArrayD<i64>>,
    ) -> Option<Value> {
        if range.0 < -LARGEST || range.1 > LARGEST || calls[0].is_empty() {
            return None;
        }
        let value = Value { name: self.name.to_owned(), range, calls };
        let (mnemonic, attributes) = op.split_once(' ').unwrap_or((op, ""));
        let names: Vec<String> = operands.iter().map(|(name, _)| format!("%{name}")).collect();
        let types: Vec<&str> = operands.iter().map(|(_, ty)| ty.as_str()).collect();
        let (names, types, ty) = (names.join(", "), types.join(", "), value.ty());
        self.text.line(&format!("%{} = fhe.{mnemonic} {names} {attributes} : ({types}) -> {ty}", self.name));
        Some(value)
    }

    fn unary(
        self,
        op: &str,
        attributes: &str,
        a: &Value,
        range: Range,
        f: impl Fn(i64) -> i64,
    ) -> Option<Value> {
        let calls = a.calls.iter().map(|call| call.mapv(&f)).collect();
        self.write(&format!("{op} {attributes}"), &[(&a.name, a.ty())], range, calls)
    }

    fn shaped(self, op: &str, a: &Value, f: impl Fn(&ArrayD<i64>) -> ArrayD<i64>) -> Option<Value> {
        let calls = a.calls.iter().map(|call| f(call).as_standard_layout().into_owned()).collect();
        self.write(op, &[(&a.name, a.ty())], a.range, calls)
    }

    fn binary(
        self,
        op: &str,
        a: &Value,
        b: &Value,
        f: impl Fn(&ArrayD<i64>, &ArrayD<i64>) -> ArrayD<i64>,
    ) -> Option<Value> {
        if a.shape() != b.shape() {
            return None;
        }
        let range = match op {
            "add" => (a.range.0 + b.range.0, a.range.1 + b.range.1),
            _ => (a.range.0 - b.range.1, a.range.1 - b.range.0),
        };
        let calls = a.calls.iter().zip(&b.calls).map(|(a, b)| f(a, b)).collect();
        self.write(op, &[(&a.name, a.ty()), (&b.name, b.ty())], range, calls)
    }

    fn with_constant(self, op: &str, a: &Value, constant: ArrayD<i64>) -> Option<Value> {
        let name = format!("c_{}", self.name);
        let calls = a.calls.iter().map(|call| clear_result(op, call, &constant)).collect();
        let range = constant.iter().map(|&c| clear_range(op, a.range, (c, c))).reduce(hull)?;
        if range.0 >= -LARGEST && range.1 <= LARGEST {
            self.text.constant(&name, &constant);
        }
        self.write(op, &[(&a.name, a.ty()), (&name, tensor(a.shape(), "i64"))], range, calls)
    }

    fn with_argument(self, op: &str, a: &Value, clear: &[ArrayD<i64>]) -> Option<Value> {
        let calls = a.calls.iter().zip(clear).map(|(a, c)| clear_result(op, a, c)).collect();
        let range = clear_range(op, a.range, (-2, 2));
        self.write(op, &[(&a.name, a.ty()), ("clear", "i64".to_owned())], range, calls)
    }

    fn digits(self, a: &Value, random: &mut Integers) -> Option<Value> {
        let bits = random.within(1, 3);
        let scale = 1i64 << bits;
        let attributes = format!("{{bits = {bits} : i64}}");
        let round = move |v: i64| (v + scale / 2).div_euclid(scale);
        let truncate = move |v: i64| v.div_euclid(scale);
        match random.within(0, 2) {
            0 => self.unary("round", &attributes, a, (round(a.range.0), round(a.range.1)), round),
            1 => self.unary("truncate", &attributes, a, (truncate(a.range.0), truncate(a.range.1)), truncate),
            _ => self.unary("low_bits", &attributes, a, (0, scale - 1), move |v| v.rem_euclid(scale)),
        }
    }

    /// A function of two encrypted values.
    fn pair(self, a: &Value, b: &Value, random: &mut Integers) -> Option<Value> {
        let size = |value: &Value| value.range.1 - value.range.0;
        if a.shape() != b.shape() || size(a) > 15 || size(b) > 15 {
            return None;
        }
        let extreme = |f: fn(i64, i64) -> i64| (f(a.range.0, b.range.0), f(a.range.1, b.range.1));
        // Bits reach as far as those of either operand.
        let most = [a.range.0, a.range.1, b.range.0, b.range.1].map(|end| if end < 0 { !end } else { end });
        let reach = (1i64 << (64 - most.into_iter().max()?.leading_zeros())) - 1;
        let bits = (if a.range.0 < 0 || b.range.0 < 0 { -reach - 1 } else { 0 }, reach);
        let corners = [a.range.0, a.range.1].map(|a| [a * b.range.0, a * b.range.1]).concat();
        let products = (*corners.iter().min()?, *corners.iter().max()?);
        type Function = fn(i64, i64) -> i64;
        let functions: [(&str, Range, Function); 12] = [
            ("mul", products, |a, b| a * b),
            ("min", extreme(i64::min), i64::min),
            ("max", extreme(i64::max), i64::max),
            ("and", bits, |a, b| a & b),
            ("or", bits, |a, b| a | b),
            ("xor", bits, |a, b| a ^ b),
            ("compare {predicate = \"eq\"}", (0, 1), |a, b| i64::from(a == b)),
            ("compare {predicate = \"ne\"}", (0, 1), |a, b| i64::from(a != b)),
            ("compare {predicate = \"lt\"}", (0, 1), |a, b| i64::from(a < b)),
            ("compare {predicate = \"le\"}", (0, 1), |a, b| i64::from(a <= b)),
            ("compare {predicate = \"gt\"}", (0, 1), |a, b| i64::from(a > b)),
            ("compare {predicate = \"ge\"}", (0, 1), |a, b| i64::from(a >= b)),
        ];
        let (op, range, f) = functions[random.within(0, 11) as usize];
        let calls = a.calls.iter().zip(&b.calls);
        let calls = calls.map(|(a, b)| Zip::from(a).and(b).map_collect(|&a, &b| f(a, b))).collect();
        self.write(op, &[(&a.name, a.ty()), (&b.name, b.ty())], range, calls)
    }

    fn select(self, condition: &Value, a: &Value, b: &Value) -> Option<Value> {
        if condition.range != (0, 1) || condition.shape() != a.shape() || a.shape() != b.shape() {
            return None;
        }
        let choose = |(i, condition): (usize, &ArrayD<i64>)| {
            let (a, b) = (&a.calls[i], &b.calls[i]);
            Zip::from(condition)
                .and(a)
                .and(b)
                .map_collect(|&condition, &a, &b| if condition == 1 { a } else { b })
        };
        let calls = condition.calls.iter().enumerate().map(choose).collect();
        let operands = [condition, a, b].map(|value| (value.name.as_str(), value.ty()));
        self.write("select", &operands, hull(a.range, b.range), calls)
    }

    fn sum(self, a: &Value, random: &mut Integers) -> Option<Value> {
        let last = a.shape().len().checked_sub(1)?;
        let axis = random.within(0, last as i64) as usize;
        let count = a.shape()[axis] as i64;
        let calls = a.calls.iter().map(|call| call.sum_axis(Axis(axis))).collect();
        let range = (a.range.0 * count, a.range.1 * count);
        self.write(&format!("sum {{axes = array<i64: {axis}>}}"), &[(&a.name, a.ty())], range, calls)
    }

    fn moved(self, a: &Value, random: &mut Integers) -> Option<Value> {
        match (random.within(0, 2), a.shape()) {
            (0, &[rows, columns]) => {
                let shape = IxDyn(&[rows * columns]);
                self.shaped("reshape", a, |call| {
                    call.to_shape(shape.clone()).expect("as many elements").into_owned()
                })
            }
            (1, &[_, _]) => {
                self.shaped("transpose {permutation = array<i64: 1, 0>}", a, |call| call.t().into_owned())
            }
            (2, shape) if shape.len() < 2 => {
                let shape = [&[2], shape].concat();
                self.shaped("broadcast", a, |call| {
                    call.broadcast(IxDyn(&shape)).expect("NumPy's rule").to_owned()
                })
            }
            _ => None,
        }
    }

    fn sliced(self, a: &Value, random: &mut Integers) -> Option<Value> {
        match (random.within(0, 1), a.shape()) {
            (0, &[count]) if count > 1 => {
                let (offsets, strides) = (count - 1, -1);
                let op =
                    format!("slice {{offsets = array<i64: {offsets}>, strides = array<i64: {strides}>}}");
                self.shaped(&op, a, |call| call.slice(s![..;-1]).to_owned().into_dyn())
            }
            (1, &[rows, columns]) if columns > 1 => {
                let op = "slice {offsets = array<i64: 0, 1>, strides = array<i64: 1, 1>}";
                debug_assert!(rows > 0);
                self.shaped(op, a, |call| call.slice(s![.., 1..]).to_owned().into_dyn())
            }
            _ => None,
        }
    }

    fn joined(self, a: &Value, b: &Value) -> Option<Value> {
        let fits =
            a.shape().len() == b.shape().len() && !a.shape().is_empty() && a.shape()[1..] == b.shape()[1..];
        if !fits || a.shape()[0] + b.shape()[0] > 6 {
            return None;
        }
        let join = |(a, b): (&ArrayD<i64>, &ArrayD<i64>)| {
            concatenate(Axis(0), &[a.view(), b.view()]).expect("they differ in the first axis only")
        };
        let calls = a.calls.iter().zip(&b.calls).map(join).collect();
        let operands = [(a.name.as_str(), a.ty()), (b.name.as_str(), b.ty())];
        self.write("concat {axis = 0 : i64}", &operands, hull(a.range, b.range), calls)
    }

    fn product(self, a: &Value, random: &mut Integers) -> Option<Value> {
        let (op, shape) = match *a.shape() {
            [count] => ("dot", vec![count]),
            [_, columns] => ("matmul", vec![columns, 2]),
            _ => return None,
        };
        let weights = random.tensor(&shape, -2, 2);
        let columns = weights.to_shape((shape[0], weights.len() / shape[0])).ok()?.into_owned();
        let ranges = columns.columns().into_iter().map(|column| {
            let terms = column.iter().map(|&w| clear_range("mul_clear", a.range, (w, w)));
            terms.fold((0, 0), |sum, term| (sum.0 + term.0, sum.1 + term.1))
        });
        let range = ranges.reduce(hull)?;
        if range.0 < -LARGEST || range.1 > LARGEST {
            return None;
        }
        let multiply = |call: &ArrayD<i64>| match call.ndim() {
            1 => {
                let call = call.view().into_dimensionality::<Ix1>().expect("one axis");
                ArrayD::from_elem(IxDyn(&[]), call.dot(&columns.column(0)))
            }
            _ => matrix(call).dot(&columns).into_dyn(),
        };
        let calls = a.calls.iter().map(multiply).collect();
        let name = format!("w_{}", self.name);
        self.text.constant(&name, &weights);
        self.write(op, &[(&a.name, a.ty()), (&name, tensor(&shape, "i64"))], range, calls)
    }

    fn lookup(self, a: &Value, random: &mut Integers) -> Option<Value> {
        let width = width_of_range(a.range.0, a.range.1).0;
        let length = 1usize << width;
        let count = random.within(1, 2) as usize;
        let range = [(0, 3), (-2, 1), (0, 7), (-1, 0)][random.within(0, 3) as usize];
        let tables = random.tensor(&[count, length], range.0, range.1);
        let selector = random.tensor(a.shape(), 0, count as i64 - 1);
        let look_up = |call: &ArrayD<i64>| {
            let mut result = call.clone();
            result.zip_mut_with(&selector, |v, &table| {
                // The upper half belongs to negative values, in two's complement.
                let place = if *v < 0 { *v + length as i64 } else { *v };
                *v = tables[[table as usize, place as usize]];
            });
            result
        };
        let calls = a.calls.iter().map(look_up).collect();
        let chosen = match (count, a.shape().is_empty()) {
            (1, _) => String::new(),
            (_, true) => return None,
            (_, false) => format!(", selector = {} : {}", dense(&selector), tensor(a.shape(), "i64")),
        };
        let op = format!("lookup {{tables = {} : tensor<{count}x{length}xi64>{chosen}}}", dense(&tables));
        self.write(&op, &[(&a.name, a.ty())], range, calls)
    }

    /// `min(v·v, bound) − shift`
    fn integer_map(self, a: &Value, random: &mut Integers) -> Option<Value> {
        let (bound, shift) = (random.within(1, 6), random.within(0, 3));
        let f = |v: i64| (v * v).min(bound) - shift;
        let (result, ty) = ((-shift, bound - shift), a.ty());
        let calls: Vec<ArrayD<i64>> = a.calls.iter().map(|call| call.mapv(f)).collect();
        let out = encrypted(a.shape(), sign(result));
        self.text.line(&format!(
            "%{} = fhe.map %{} : ({ty}) -> {out} {{\n  ^bb0(%v: i64):\n    %b = arith.constant {bound} : i64\n    %t = arith.constant {shift} : i64\n    \
             %q = arith.muli %v, %v : i64\n    %m = arith.minsi %q, %b : i64\n    %r = arith.subi %m, %t : i64\n    fhe.yield %r : i64\n  }}",
            self.name, a.name
        ));
        Some(Value { name: self.name.to_owned(), range: result, calls })
    }

    /// `round(√|v|)` through a real number.
    fn real_maps(self, a: &Value) -> Option<Value> {
        let largest = a.range.0.abs().max(a.range.1.abs()) as f64;
        let f = |v: i64| (v.abs() as f64).sqrt().round_ties_even() as i64;
        let calls: Vec<ArrayD<i64>> = a.calls.iter().map(|call| call.mapv(f)).collect();
        let result = (0, largest.sqrt().round_ties_even() as i64);
        let (real, out) = (tensor(a.shape(), "!fhe.efloat"), encrypted(a.shape(), sign(result)));
        self.text.line(&format!(
            "%real_{0} = fhe.map %{1} : ({2}) -> {real} {{\n  ^bb0(%v: i64):\n    %f = arith.sitofp %v : i64 to f64\n    %a = math.absf %f : f64\n    \
             %s = math.sqrt %a : f64\n    fhe.yield %s : f64\n  }}\n  %{0} = fhe.map %real_{0} : ({real}) -> {out} {{\n  ^bb0(%v: f64):\n    \
             %r = math.roundeven %v : f64\n    %i = arith.fptosi %r : f64 to i64\n    fhe.yield %i : i64\n  }}",
            self.name,
            a.name,
            a.ty()
        ));
        Some(Value { name: self.name.to_owned(), range: result, calls })
    }
}

fn clear_result(op: &str, a: &ArrayD<i64>, c: &ArrayD<i64>) -> ArrayD<i64> {
    if op == "add_clear" { a + c } else { a * c }
}

fn clear_range(op: &str, a: Range, c: Range) -> Range {
    let all = [(a.0, c.0), (a.0, c.1), (a.1, c.0), (a.1, c.1)];
    let results = all.map(|(a, c)| if op == "add_clear" { a + c } else { a * c });
    results.into_iter().map(|value| (value, value)).reduce(hull).unwrap_or(a)
}

fn hull(a: Range, b: Range) -> Range {
    (a.0.min(b.0), a.1.max(b.1))
}

fn matrix(values: &ArrayD<i64>) -> Array2<i64> {
    values.clone().into_dimensionality::<Ix2>().expect("two axes")
}
