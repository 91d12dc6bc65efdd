//! The cases: programs as text, inputs, and the results that plain arithmetic gives.

use crate::program::{Sign, Text, dense, encrypted, tensor};
use cloakwork_tests::integers::Integers;
use ndarray::{Array2, ArrayD, Axis, Ix2, Ix4, IxDyn, array, concatenate, s};

/// A program, one call of it, and what it must give.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) mlir: String,
    pub(crate) inputs: Vec<ArrayD<i64>>,
    pub(crate) expected: Vec<ArrayD<i64>>,
}

/// Every case with both signs.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![];
    for sign in [Sign::Unsigned, Sign::Signed] {
        let mut add = |name: &str, mlir: String, inputs: Vec<ArrayD<i64>>, expected: Vec<ArrayD<i64>>| {
            let name = format!("{name}_{sign:?}").to_lowercase();
            cases.push(Case { name, mlir, inputs, expected });
        };
        elementwise(sign, &mut add);
        pairs(sign, &mut add);
        products(sign, &mut add);
        shapes(sign, &mut add);
        tables(sign, &mut add);
    }
    cases
}

type Add<'a> = dyn FnMut(&str, String, Vec<ArrayD<i64>>, Vec<ArrayD<i64>>) + 'a;

const SHAPE: [usize; 2] = [2, 3];

fn range_of(sign: Sign) -> (i64, i64) {
    match sign {
        Sign::Unsigned => (0, 3),
        Sign::Signed => (-2, 1),
    }
}

fn values(tag: &str, shape: &[usize], sign: Sign) -> ArrayD<i64> {
    let (lo, hi) = range_of(sign);
    Integers::of_tag(tag).tensor(shape, lo, hi)
}

/// A program whose first argument is `%x`.
fn with_x(sign: Sign, shape: &[usize]) -> Text {
    let mut text = Text::default();
    text.encrypted("x", shape, (sign, range_of(sign)));
    text
}

fn elementwise(sign: Sign, add: &mut Add<'_>) {
    let (x, y) = (values("x", &SHAPE, sign), values("y", &SHAPE, sign));
    let ty = encrypted(&SHAPE, sign);
    let signed = encrypted(&SHAPE, Sign::Signed);
    let mut pair = with_x(sign, &SHAPE);
    pair.encrypted("y", &SHAPE, (sign, range_of(sign)));
    for (name, result, expected) in [("add", &ty, &x + &y), ("sub", &signed, &x - &y)] {
        let mut text = pair.clone();
        text.line(&format!("%r = fhe.{name} %x, %y : ({ty}, {ty}) -> {result}"));
        add(name, text.finish(&[("r", result.clone())]), vec![x.clone(), y.clone()], vec![expected]);
    }
    let mut text = with_x(sign, &SHAPE);
    text.line(&format!("%r = fhe.neg %x : ({ty}) -> {signed}"));
    add("neg", text.finish(&[("r", signed.clone())]), vec![x.clone()], vec![-&x]);

    let mut text = with_x(sign, &SHAPE);
    text.line(&format!("%c = fhe.constant {} : {} : {ty}", dense(&y), tensor(&SHAPE, "i64")));
    text.line(&format!("%r = fhe.add %c, %x : ({ty}, {ty}) -> {ty}"));
    add("constant", text.finish(&[("r", ty.clone())]), vec![x.clone()], vec![&x + &y]);

    let clear = Integers::of_tag("c").tensor(&SHAPE, -3, 3);
    let clear_ty = tensor(&SHAPE, "i64");
    for (name, expected) in [("add_clear", &x + &clear), ("mul_clear", &x * &clear)] {
        let line = format!("%r = fhe.{name} %x, %c : ({ty}, {clear_ty}) -> {signed}");
        let mut text = with_x(sign, &SHAPE);
        text.constant("c", &clear);
        text.line(&line);
        let results = [("r", signed.clone())];
        add(&format!("{name}_constant"), text.finish(&results), vec![x.clone()], vec![expected.clone()]);
        let mut text = with_x(sign, &SHAPE);
        text.clear("c", &SHAPE, (-3, 3));
        text.line(&line);
        add(
            &format!("{name}_argument"),
            text.finish(&results),
            vec![x.clone(), clear.clone()],
            vec![expected],
        );
    }

    let mut text = pair;
    text.line(&format!("%0 = fhe.add %x, %y : ({ty}, {ty}) -> {ty}"));
    text.line(&format!("%1 = fhe.sub %0, %x : ({ty}, {ty}) -> {signed}"));
    let results = [("0", ty.clone()), ("1", signed), ("x", ty)];
    add("several_results", text.finish(&results), vec![x.clone(), y.clone()], vec![&x + &y, y, x]);
}

/// A function of two integers.
type OfPair = fn(i64, i64) -> i64;

/// Functions of two and of three encrypted values, of the same sign and of mixed ones.
fn pairs(sign: Sign, add: &mut Add<'_>) {
    let x = values("x", &SHAPE, sign);
    let ty = encrypted(&SHAPE, sign);
    let signed = encrypted(&SHAPE, Sign::Signed);
    for other in [Sign::Unsigned, Sign::Signed] {
        let y = values("y", &SHAPE, other);
        let of_y = encrypted(&SHAPE, other);
        let mut pair = with_x(sign, &SHAPE);
        pair.encrypted("y", &SHAPE, (other, range_of(other)));
        let mut case = |name: &str, attributes: &str, result: &str, f: OfPair| {
            let mut text = pair.clone();
            let mnemonic = name.split('_').next().filter(|_| name.starts_with("compare")).unwrap_or(name);
            text.line(&format!("%r = fhe.{mnemonic} %x, %y{attributes} : ({ty}, {of_y}) -> {result}"));
            let expected = ndarray::Zip::from(&x).and(&y).map_collect(|&x, &y| f(x, y));
            let name = format!("{name}_of_{other:?}");
            add(&name, text.finish(&[("r", result.to_owned())]), vec![x.clone(), y.clone()], vec![expected]);
        };
        case("mul", "", &signed, |x, y| x * y);
        case("min", "", &signed, i64::min);
        case("max", "", &signed, i64::max);
        case("and", "", &signed, |x, y| x & y);
        case("or", "", &signed, |x, y| x | y);
        case("xor", "", &signed, |x, y| x ^ y);
        let bit = encrypted(&SHAPE, Sign::Unsigned);
        let predicates: [(&str, OfPair); 6] = [
            ("eq", |x, y| i64::from(x == y)),
            ("ne", |x, y| i64::from(x != y)),
            ("lt", |x, y| i64::from(x < y)),
            ("le", |x, y| i64::from(x <= y)),
            ("gt", |x, y| i64::from(x > y)),
            ("ge", |x, y| i64::from(x >= y)),
        ];
        for (name, f) in predicates {
            case(&format!("compare_{name}"), &format!(" {{predicate = \"{name}\"}}"), &bit, f);
        }
        if other == Sign::Unsigned {
            case("shift_left", "", &signed, |x, y| x << y);
            case("shift_right", "", &signed, |x, y| x >> y);
        }
        let (lo, _) = range_of(sign);
        let (least, _) = range_of(other);
        let entries: Vec<i64> =
            (0..4).flat_map(|x| (0..4).map(move |y| (x + lo) * 3 - (y + least) * (y + least))).collect();
        let tables = ArrayD::from_shape_vec(IxDyn(&[1, 4, 4]), entries).expect("sixteen entries");
        let tables = dense(&tables);
        let attributes =
            format!(" {{lows = array<i64: {lo}, {least}>, tables = {tables} : tensor<1x4x4xi64>}}");
        case("joint_lookup", &attributes, &signed, |x, y| 3 * x - y * y);
    }
    let (y, condition) = (values("y", &SHAPE, sign), Integers::of_tag("c").tensor(&SHAPE, 0, 1));
    let mut text = with_x(sign, &SHAPE);
    text.encrypted("y", &SHAPE, (sign, range_of(sign)));
    text.encrypted("c", &SHAPE, (Sign::Unsigned, (0, 1)));
    let bit = encrypted(&SHAPE, Sign::Unsigned);
    text.line(&format!("%r = fhe.select %c, %x, %y : ({bit}, {ty}, {ty}) -> {ty}"));
    let expected =
        ndarray::Zip::from(&condition).and(&x).and(&y).map_collect(|&c, &x, &y| if c == 1 { x } else { y });
    add("select", text.finish(&[("r", ty.clone())]), vec![x, y, condition], vec![expected]);
}

fn products(sign: Sign, add: &mut Add<'_>) {
    let x = values("x", &[4], sign);
    let w = Integers::of_tag("w").tensor(&[4], -3, 3);
    let scalar = encrypted(&[], Sign::Signed);
    let mut text = with_x(sign, &[4]);
    text.constant("w", &w);
    text.line(&format!("%r = fhe.dot %x, %w : ({}, tensor<4xi64>) -> {scalar}", encrypted(&[4], sign)));
    let dot = x.iter().zip(&w).map(|(x, w)| x * w).sum();
    add("dot", text.finish(&[("r", scalar)]), vec![x], vec![ArrayD::from_elem(IxDyn(&[]), dot)]);

    let x = values("x", &SHAPE, sign);
    let ty = encrypted(&SHAPE, sign);
    let w = Integers::of_tag("w").tensor(&[3, 2], -3, 3);
    let square = encrypted(&[2, 2], Sign::Signed);
    let mut text = with_x(sign, &SHAPE);
    text.constant("w", &w);
    text.line(&format!("%r = fhe.matmul %x, %w : ({ty}, tensor<3x2xi64>) -> {square}"));
    let expected = matrix(&x).dot(&matrix(&w)).into_dyn();
    add("matmul", text.finish(&[("r", square)]), vec![x.clone()], vec![expected]);

    let square = encrypted(&[3, 3], Sign::Signed);
    let mut text = with_x(sign, &SHAPE);
    text.constant("w", &w);
    text.line(&format!("%r = fhe.matmul %w, %x : (tensor<3x2xi64>, {ty}) -> {square}"));
    let expected = matrix(&w).dot(&matrix(&x)).into_dyn();
    add("matmul_from_the_left", text.finish(&[("r", square)]), vec![x], vec![expected]);

    let x = values("x", &[1, 2, 4, 3], sign);
    let w = Integers::of_tag("w").tensor(&[4, 1, 2, 2], -2, 2);
    let (ty, result) = (encrypted(&[1, 2, 4, 3], sign), encrypted(&[1, 4, 2, 3], Sign::Signed));
    let mut text = with_x(sign, &[1, 2, 4, 3]);
    text.constant("w", &w);
    text.line(&format!(
        "%r = fhe.conv2d %x, %w {{strides = array<i64: 2, 1>, padding = array<i64: 0, 1, 1, 1>, dilations = array<i64: 1, 2>, \
         groups = 2 : i64}} : ({ty}, tensor<4x1x2x2xi64>) -> {result}"
    ));
    let expected = convolution(&x, &w);
    add("conv2d", text.finish(&[("r", result)]), vec![x], vec![expected]);
}

/// Two groups of one channel and two filters each, stride 2 down, dilation 2 across, padding 1 left, below and right.
fn convolution(x: &ArrayD<i64>, w: &ArrayD<i64>) -> ArrayD<i64> {
    let (x, w) = (x.view().into_dimensionality::<Ix4>(), w.view().into_dimensionality::<Ix4>());
    let (x, w) = (x.expect("four axes"), w.expect("four axes"));
    let mut padded = ndarray::Array3::<i64>::zeros((2, 5, 5));
    padded.slice_mut(s![.., 0..4, 1..4]).assign(&x.slice(s![0, .., .., ..]));
    ArrayD::from_shape_fn(IxDyn(&[1, 4, 2, 3]), |at| {
        let (f, row, column) = (at[1], at[2], at[3]);
        let window = padded.slice(s![f / 2, 2 * row..2 * row + 2, column..column + 3; 2]);
        (&window * &w.slice(s![f, 0, .., ..])).sum()
    })
}

fn shapes(sign: Sign, add: &mut Add<'_>) {
    let x = values("x", &SHAPE, sign);
    let ty = encrypted(&SHAPE, sign);
    let mut one = |name: &str, attributes: &str, expected: ArrayD<i64>| {
        let result = encrypted(expected.shape(), sign);
        let mut text = with_x(sign, &SHAPE);
        let op = name.split('_').next().unwrap_or(name);
        text.line(&format!("%r = fhe.{op} %x {attributes} : ({ty}) -> {result}"));
        add(name, text.finish(&[("r", result)]), vec![x.clone()], vec![expected]);
    };
    let total = ArrayD::from_elem(IxDyn(&[]), x.sum());
    one("sum_rows", "{axes = array<i64: 0>}", x.sum_axis(Axis(0)));
    one("sum_columns", "{axes = array<i64: 1>}", x.sum_axis(Axis(1)));
    one("sum", "{axes = array<i64: 0, 1>}", total);
    one("reshape", "", x.to_shape(IxDyn(&[3, 2])).expect("six elements").into_owned());
    one("transpose", "{permutation = array<i64: 1, 0>}", x.t().as_standard_layout().into_owned());
    let slice = matrix(&x).slice(s![1.., ..;-2]).to_owned().into_dyn();
    one("slice", "{offsets = array<i64: 1, 2>, strides = array<i64: 1, -2>}", slice);
    let flat: Vec<i64> = x.iter().copied().collect();
    let gathered = |indices: [usize; 4]| array![indices.map(|index| flat[index])].into_dyn();
    one("gather_permuted", "{indices = array<i64: 5, 0, 3, 1>}", gathered([5, 0, 3, 1]));
    one("gather_repeated", "{indices = array<i64: 5, 5, 0, 5>}", gathered([5, 5, 0, 5]));
    one("broadcast", "", x.broadcast(IxDyn(&[2, 2, 3])).expect("NumPy's rule").to_owned());

    positions(sign, add);

    let y = values("y", &[2, 2], sign);
    let (left, right, result) = (encrypted(&SHAPE, sign), encrypted(&[2, 2], sign), encrypted(&[2, 5], sign));
    let mut text = with_x(sign, &SHAPE);
    text.encrypted("y", &[2, 2], (sign, range_of(sign)));
    text.line(&format!("%r = fhe.concat %x, %y {{axis = 1 : i64}} : ({left}, {right}) -> {result}"));
    let expected = concatenate(Axis(1), &[x.view(), y.view()]).expect("two rows each");
    add("concat", text.finish(&[("r", result)]), vec![x, y], vec![expected]);
}

/// Positions are arguments, of either sign; clear values change their shape on the way.
fn positions(sign: Sign, add: &mut Add<'_>) {
    let (x, at) = (values("x", &SHAPE, sign), array![2i64, -3, -1].into_dyn());
    let along = |at: &ArrayD<i64>| at.iter().map(|p| p.rem_euclid(3) as usize).collect::<Vec<_>>();
    let (ty, square) = (encrypted(&SHAPE, sign), encrypted(&[2, 3], sign));
    let mut text = with_x(sign, &SHAPE);
    text.clear("at", &[3], (-3, 2));
    let mut put = text.clone();
    text.line(&format!("%r = fhe.gather_at %x, %at {{axis = 1 : i64}} : ({ty}, tensor<3xi64>) -> {square}"));
    let taken = x.select(Axis(1), &along(&at));
    add("gather_at", text.finish(&[("r", square)]), vec![x.clone(), at.clone()], vec![taken]);

    let (value, column) = (values("value", &[2, 2], sign), encrypted(&[2, 2], sign));
    put.encrypted("value", &[2, 2], (sign, range_of(sign)));
    put.line("%two = fhe.gather %at {indices = array<i64: 2, 0>} : (tensor<3xi64>) -> tensor<2xi64>");
    put.line(&format!(
        "%r = fhe.set_at %x, %value, %two {{axis = 1 : i64}} : ({ty}, {column}, tensor<2xi64>) -> {ty}"
    ));
    let mut expected = x.clone();
    for (j, position) in along(&array![at[2], at[0]].into_dyn()).into_iter().enumerate() {
        expected.index_axis_mut(Axis(1), position).assign(&value.index_axis(Axis(1), j));
    }
    add("set_at", put.finish(&[("r", ty)]), vec![x, at, value], vec![expected]);

    let (x, c) = (values("x", &SHAPE, sign), Integers::of_tag("c").tensor(&[3], -3, 3));
    let (ty, signed) = (encrypted(&SHAPE, sign), encrypted(&SHAPE, Sign::Signed));
    let mut text = with_x(sign, &SHAPE);
    text.clear("c", &[3], (-3, 3));
    text.line(
        "%w = fhe.gather %c {indices = array<i64: 2, 1, 0, 2, 1, 0>} : (tensor<3xi64>) -> tensor<2x3xi64>",
    );
    text.line("%v = arith.addi %w, %w : tensor<2x3xi64>");
    text.line(&format!("%s = fhe.add_clear %x, %v : ({ty}, tensor<2x3xi64>) -> {signed}"));
    text.line(&format!("%r = fhe.mul_clear %s, %w : ({signed}, tensor<2x3xi64>) -> {signed}"));
    let turned = c.slice(s![..;-1]).to_owned();
    let expected = (&x + &(&turned + &turned)) * &turned;
    add("gather_clear", text.finish(&[("r", signed)]), vec![x, c.clone()], vec![expected]);
}

fn tables(sign: Sign, add: &mut Add<'_>) {
    let x = array![range_of(sign).0, range_of(sign).0 + 1, 0, range_of(sign).1].into_dyn();
    let (ty, result) = (encrypted(&[4], sign), encrypted(&[4], Sign::Signed));
    // Entry `i` belongs to `i`, or to `i − 4` in the upper half of a signed table.
    let tables = array![[3, -1, 2, 0], [-4, 1, 1, 3]];
    let entry = |table: usize, v: i64| tables[[table, if v < 0 { v + 4 } else { v } as usize]];
    let mut text = with_x(sign, &[4]);
    let first = tables.slice(s![0..1, ..]).to_owned().into_dyn();
    text.line(&format!(
        "%r = fhe.lookup %x {{tables = {} : tensor<1x4xi64>}} : ({ty}) -> {result}",
        dense(&first)
    ));
    let results = [("r", result.clone())];
    add("lookup", text.finish(&results), vec![x.clone()], vec![x.mapv(|v| entry(0, v))]);

    let selector = array![1i64, 0, 0, 1].into_dyn();
    let mut text = with_x(sign, &[4]);
    text.line(&format!(
        "%r = fhe.lookup %x {{tables = {} : tensor<2x4xi64>, selector = {} : tensor<4xi64>}} : ({ty}) -> {result}",
        dense(&tables.clone().into_dyn()),
        dense(&selector)
    ));
    let chosen = x.iter().zip(&selector).map(|(&v, &table)| entry(table as usize, v));
    let expected = ArrayD::from_shape_vec(IxDyn(&[4]), chosen.collect()).expect("four elements");
    add("lookup_chosen", text.finish(&results), vec![x.clone()], vec![expected]);

    let mut text = with_x(sign, &[4]);
    text.line(&format!("%f = fhe.map %x : ({ty}) -> tensor<4x!fhe.efloat> {{"));
    text.line("^bb0(%v: i64):\n %a = arith.sitofp %v : i64 to f64\n %h = arith.constant 1.5 : f64");
    text.line("%b = arith.mulf %a, %h : f64\n fhe.yield %b : f64\n}");
    text.line(&format!("%r = fhe.map %f : (tensor<4x!fhe.efloat>) -> {result} {{"));
    text.line("^bb0(%v: f64):\n %a = math.floor %v : f64\n %b = arith.fptosi %a : f64 to i64\n fhe.yield %b : i64\n}");
    let expected = x.mapv(|v| (v as f64 * 1.5).floor() as i64);
    add("map", text.finish(&results), vec![x.clone()], vec![expected]);

    let w = array![1i64, -1, 2, 1].into_dyn();
    let total = encrypted(&[], Sign::Signed);
    let mut text = with_x(sign, &[4]);
    text.constant("w", &w);
    text.line(&format!(
        "%0 = fhe.lookup %x {{tables = {} : tensor<1x4xi64>}} : ({ty}) -> {result}",
        dense(&first)
    ));
    text.line(&format!("%1 = fhe.dot %0, %w : ({result}, tensor<4xi64>) -> {total}"));
    text.line(&format!("%r = fhe.map %1 : ({total}) -> {total} {{"));
    text.line("^bb0(%v: i64):\n %z = arith.constant 0 : i64\n %m = arith.maxsi %v, %z : i64\n fhe.yield %m : i64\n}");
    let sum: i64 = x.iter().zip(&w).map(|(&v, w)| entry(0, v) * w).sum();
    let expected = ArrayD::from_elem(IxDyn(&[]), sum.max(0));
    add("lookups_behind_each_other", text.finish(&[("r", total)]), vec![x], vec![expected]);
}

fn matrix(values: &ArrayD<i64>) -> Array2<i64> {
    values.clone().into_dimensionality::<Ix2>().expect("two axes")
}
