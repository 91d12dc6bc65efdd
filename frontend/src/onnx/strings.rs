//! Tensors of strings, which the reader leaves out: the class names of some classifiers.

use rten_onnx::protobuf::{DecodeMessage, Fields, OwnedValues, ProtobufError, ReadValue, ValueReader};
use std::collections::BTreeMap;

/// The strings of each initializer that has some. The bytes have been checked.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Vec<String>>, ProtobufError> {
    let named = File::decode(ValueReader::from_buf(bytes))?.0;
    Ok(named.into_iter().filter(|(_, strings)| !strings.is_empty()).collect())
}

type Named = Vec<(String, Vec<String>)>;

/// Field 7 is the graph.
struct File(Named);
/// Fields 5 are the initializers.
struct Graph(Named);
/// Fields 6 are the strings, field 8 is the name.
struct Tensor(String, Vec<String>);

impl DecodeMessage for File {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        fields: Fields<'_, R>,
    ) -> Result<Self, ProtobufError> {
        Ok(Self(messages::<Graph, R>(fields, 7)?.into_iter().flat_map(|graph| graph.0).collect()))
    }
}

impl DecodeMessage for Graph {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        fields: Fields<'_, R>,
    ) -> Result<Self, ProtobufError> {
        let tensors = messages::<Tensor, R>(fields, 5)?;
        Ok(Self(tensors.into_iter().map(|Tensor(name, strings)| (name, strings)).collect()))
    }
}

impl DecodeMessage for Tensor {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<'_, R>,
    ) -> Result<Self, ProtobufError> {
        let (mut name, mut strings) = (String::new(), Vec::new());
        while let Some(mut field) = fields.next()? {
            match field.number() {
                6 => strings.push(String::from_utf8_lossy(&field.read_bytes()?).into_owned()),
                8 => name = field.read_string()?,
                _ => field.skip()?,
            }
        }
        Ok(Self(name, strings))
    }
}

/// The messages of one field of a message, whose other fields are left out.
fn messages<M: DecodeMessage<Types = OwnedValues>, R: ReadValue<Types = OwnedValues>>(
    mut fields: Fields<'_, R>,
    number: u64,
) -> Result<Vec<M>, ProtobufError> {
    let mut all = Vec::new();
    while let Some(mut field) = fields.next()? {
        if field.number() == number {
            all.push(M::decode_field(&mut field)?);
        } else {
            field.skip()?;
        }
    }
    Ok(all)
}
