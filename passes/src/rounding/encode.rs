//! Operations on digits as operations on ciphertexts.
//!
//! `⌊x / 2^d⌋ mod 2` brings digit `d` to the padding bit: the phase lies in the first half of the torus or in the
//! second, where a table of equal entries `−D/2` comes negated; `D/2` more gives `0` or `D`, the unit of the result.

use cloakwork_abi::encoding::delta;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::build::Builder;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::fhe::Lookup;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::types::ValueType;
use melior::ir::Value;
use ndarray::{ArrayD, IxDyn};

/// Tables of words for a result of width `out`; `None` for operations without a lookup.
pub(crate) fn table(digits: &Digits, out: Width) -> Option<Lookup> {
    let words: Vec<i64> = match *digits {
        Digits::Bit { position } | Digits::BitOfDifference { position } => {
            vec![(half(out) as i64).wrapping_neg(); 1 << position]
        }
        Digits::LowBitsBelow { bits } => {
            (0..1i64 << bits).map(|v| v.wrapping_mul(delta(out) as i64)).collect()
        }
        Digits::Reinterpret { .. }
        | Digits::Round { .. }
        | Digits::Truncate { .. }
        | Digits::LowBits { .. } => return None,
    };
    let tables = ArrayD::from_shape_vec(IxDyn(&[1, words.len()]), words).expect("one row");
    Some(Lookup { tables, selector: None })
}

/// What is done before the lookup; for a reinterpretation it is all. Operands come with their widths.
pub(crate) fn before<'c: 'a, 'a>(
    builder: &Builder<'c, 'a>,
    digits: &Digits,
    operands: &[(Value<'c, 'a>, Width)],
    ty: &ValueType,
) -> Value<'c, 'a> {
    let (x, width) = operands[0];
    match *digits {
        Digits::BitOfDifference { position: d } => {
            let difference = builder.linear("tfhe", &Linear::Sub, &[x, operands[1].0], ty);
            times(builder, difference, 1 << (width.0 - d), ty)
        }
        Digits::Bit { position: d } | Digits::LowBitsBelow { bits: d } => {
            let product = times(builder, x, 1 << (width.0 - d), ty);
            let Some(&(top, width)) = operands.get(1) else { return product };
            let top = times(builder, top, 1 << width.0, ty);
            builder.linear("tfhe", &Linear::Sub, &[product, top], ty)
        }
        Digits::Reinterpret { half_steps, .. } if half_steps != 0 => {
            add(builder, x, half_steps.wrapping_mul(half(width) as i64), ty)
        }
        // The same ciphertext: a view.
        Digits::Reinterpret { .. }
        | Digits::Round { .. }
        | Digits::Truncate { .. }
        | Digits::LowBits { .. } => builder.linear("tfhe", &Linear::Reshape, &[x], ty),
    }
}

/// What is done after the lookup.
pub(crate) fn after<'c: 'a, 'a>(
    builder: &Builder<'c, 'a>,
    digits: &Digits,
    (looked_up, out): (Value<'c, 'a>, Width),
    ty: &ValueType,
) -> Value<'c, 'a> {
    match digits {
        Digits::Bit { .. } | Digits::BitOfDifference { .. } => add(builder, looked_up, half(out) as i64, ty),
        Digits::LowBitsBelow { .. }
        | Digits::Reinterpret { .. }
        | Digits::Round { .. }
        | Digits::Truncate { .. }
        | Digits::LowBits { .. } => looked_up,
    }
}

fn half(width: Width) -> u64 {
    delta(width) / 2
}

fn times<'c: 'a, 'a>(
    builder: &Builder<'c, 'a>,
    x: Value<'c, 'a>,
    weight: i64,
    ty: &ValueType,
) -> Value<'c, 'a> {
    if weight == 1 {
        return x;
    }
    let weights = builder.clear(&ArrayD::from_elem(IxDyn(ty.shape()), weight));
    builder.linear("tfhe", &Linear::MulClear, &[x, weights], ty)
}

fn add<'c: 'a, 'a>(builder: &Builder<'c, 'a>, x: Value<'c, 'a>, word: i64, ty: &ValueType) -> Value<'c, 'a> {
    let words = builder.clear(&ArrayD::from_elem(IxDyn(ty.shape()), word));
    builder.linear("tfhe", &Linear::AddClear, &[x, words], ty)
}
