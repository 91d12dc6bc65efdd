//! Numbers as a file stores them.

use super::error::{Refusal, refuse};
use super::value::Kind;
use crate::model::shape;
use ndarray::{ArrayD, IxDyn};
use rten_onnx::onnx::{DataLocation, DataType, TensorProto};

/// The numbers of a tensor, as reals.
pub(super) fn read(tensor: &TensorProto) -> Result<(ArrayD<f64>, Kind), Refusal> {
    if tensor.data_location == Some(DataLocation::EXTERNAL) || !tensor.external_data.is_empty() {
        return refuse(
            "numbers in a file of their own",
            "a model is one file",
            "store it with its weights: `onnx.save(onnx.load(path), path, save_as_external_data=False)`",
        );
    }
    let shape = dims(&tensor.dims)?;
    let count = shape::elements(&shape)?;
    let data_type = tensor.data_type.unwrap_or(DataType(0));
    let values = match &tensor.raw_data {
        Some(raw) => from_bytes(&raw.borrow(), data_type, count)?,
        None => from_fields(tensor, data_type)?,
    };
    if values.len() != count {
        return refuse(
            format!("{} numbers for a tensor of shape {shape:?}", values.len()),
            format!("{count} numbers"),
            "check that the file is complete",
        );
    }
    if values.iter().any(|value| value.is_nan()) {
        return refuse(
            "a number that is NaN",
            "numbers",
            "check how the model was trained: its weights are not numbers",
        );
    }
    Ok((ArrayD::from_shape_vec(IxDyn(&shape), values).expect("as many elements"), kind(data_type)?))
}

/// What numbers of a type are to a model.
pub(super) fn kind(data_type: DataType) -> Result<Kind, Refusal> {
    Ok(match data_type {
        DataType::FLOAT | DataType::DOUBLE | DataType::FLOAT16 | DataType::BFLOAT16 => Kind::Real,
        DataType::BOOL => Kind::Boolean,
        DataType::UINT4 => Kind::Integer(0, 15),
        DataType::INT4 => Kind::Integer(-8, 7),
        DataType::UINT8 => Kind::Integer(0, 255),
        DataType::INT8 => Kind::Integer(-128, 127),
        DataType::UINT16 => Kind::Integer(0, 65_535),
        DataType::INT16 => Kind::Integer(-32_768, 32_767),
        DataType::UINT32 => Kind::Integer(0, u32::MAX as i64),
        DataType::INT32 => Kind::Integer(i32::MIN as i64, i32::MAX as i64),
        DataType::INT64 | DataType::UINT64 => Kind::INT64,
        other => return unknown(other),
    })
}

/// Sizes that are not negative.
pub(super) fn dims(dims: &[i64]) -> Result<Vec<usize>, Refusal> {
    dims.iter()
        .map(|size| match usize::try_from(*size) {
            Ok(size) => Ok(size),
            Err(_) => refuse(format!("an axis of size {size}"), "sizes are not negative", ""),
        })
        .collect()
}

fn from_fields(tensor: &TensorProto, data_type: DataType) -> Result<Vec<f64>, Refusal> {
    let int32 = || tensor.int32_data.iter();
    Ok(match data_type {
        DataType::FLOAT => tensor.float_data.iter().map(|v| f64::from(*v)).collect(),
        DataType::DOUBLE => tensor.double_data.clone(),
        DataType::INT64 => tensor.int64_data.iter().map(|v| *v as f64).collect(),
        DataType::INT32
        | DataType::INT16
        | DataType::INT8
        | DataType::UINT16
        | DataType::UINT8
        | DataType::BOOL => int32().map(|v| f64::from(*v)).collect(),
        DataType::FLOAT16 => int32().map(|v| half(*v as u16)).collect(),
        DataType::BFLOAT16 => int32().map(|v| brain(*v as u16)).collect(),
        other => return unknown(other),
    })
}

fn from_bytes(bytes: &[u8], data_type: DataType, count: usize) -> Result<Vec<f64>, Refusal> {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        // A rest that is cut off shows as a wrong count.
        bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
    }
    Ok(match data_type {
        DataType::FLOAT => each(bytes, |b| f64::from(f32::from_le_bytes(b))),
        DataType::DOUBLE => each(bytes, f64::from_le_bytes),
        DataType::INT64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
        DataType::UINT64 => each(bytes, |b| u64::from_le_bytes(b) as f64),
        DataType::INT32 => each(bytes, |b| f64::from(i32::from_le_bytes(b))),
        DataType::UINT32 => each(bytes, |b| f64::from(u32::from_le_bytes(b))),
        DataType::INT16 => each(bytes, |b| f64::from(i16::from_le_bytes(b))),
        DataType::UINT16 => each(bytes, |b| f64::from(u16::from_le_bytes(b))),
        DataType::INT8 => each(bytes, |b: [u8; 1]| f64::from(b[0] as i8)),
        DataType::UINT8 => each(bytes, |b: [u8; 1]| f64::from(b[0])),
        DataType::BOOL => each(bytes, |b: [u8; 1]| f64::from(u8::from(b[0] != 0))),
        DataType::FLOAT16 => each(bytes, |b| half(u16::from_le_bytes(b))),
        DataType::BFLOAT16 => each(bytes, |b| brain(u16::from_le_bytes(b))),
        DataType::UINT4 | DataType::INT4 => {
            let is_signed = data_type == DataType::INT4;
            let extend = |v: u8| if is_signed && v > 7 { f64::from(v) - 16.0 } else { f64::from(v) };
            let halves = bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]);
            let mut values: Vec<f64> = halves.map(extend).collect();
            if values.len() == count + 1 {
                values.pop();
            }
            values
        }
        other => return unknown(other),
    })
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

/// The upper half of a binary32.
fn brain(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

fn unknown<T>(data_type: DataType) -> Result<T, Refusal> {
    refuse(
        format!("a tensor of type {data_type}"),
        "reals of 16 to 64 bits, integers of 4 to 64 bits and booleans",
        "convert it before export",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_floats_have_their_values() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (1, 2f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
        ] {
            assert_eq!(half(bits), value);
        }
        assert_eq!(half(0xfc00), f64::NEG_INFINITY);
        assert!(half(0x7c01).is_nan());
        assert_eq!(brain(0x3fc0), 1.5);
    }

    #[test]
    fn packed_integers_have_their_values() {
        let values = from_bytes(&[0x8f, 0x07], DataType::INT4, 3).expect("reads");
        assert_eq!(values, [-1.0, -8.0, 7.0]);
    }
}
