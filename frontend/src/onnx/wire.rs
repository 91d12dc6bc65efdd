//! Whether bytes are messages that the reader may read: every length lies within its message, messages nest a few times
//! only and are no more than the file's length explains.
//!
//! The reader takes memory for a length before it looks for the bytes and descends as deep as messages do, so it sees only
//! what passes here.

use super::error::{Refusal, refuse};

/// How deep messages may nest; a graph without control flow needs 8.
const DEEPEST: usize = 64;

/// Checks a whole file.
pub(super) fn check(bytes: &[u8]) -> Result<(), Refusal> {
    let mut messages = (1 << 16) + bytes.len() / 16;
    match message(bytes, Message::Model, DEEPEST, &mut messages) {
        Ok(()) => Ok(()),
        Err(found) => {
            refuse(found, "an ONNX model", "check that the file is complete and is no other format")
        }
    }
}

/// The messages of the format that the reader descends into.
#[derive(Clone, Copy)]
enum Message {
    Attribute,
    Dimension,
    Entry,
    Graph,
    Model,
    Node,
    OperatorSet,
    Sequence,
    Shape,
    Tensor,
    TensorType,
    Type,
    ValueInfo,
}

/// What the bytes of a field with a length are.
enum Content {
    Message(Message),
    Varints,
    Fixed(usize),
    Bytes,
}

impl Message {
    /// Numbers are those of the format's definition.
    fn content(self, field: u64) -> Content {
        match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6) => Content::Message(Self::Graph),
            (Self::Model, 8) => Content::Message(Self::OperatorSet),
            (Self::Model, 14) | (Self::Tensor, 13) => Content::Message(Self::Entry),
            (Self::Graph, 1) => Content::Message(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Content::Message(Self::Tensor),
            (Self::Graph, 11..=13) => Content::Message(Self::ValueInfo),
            (Self::Node, 5) => Content::Message(Self::Attribute),
            (Self::Tensor, 4) => Content::Fixed(4),
            (Self::Tensor, 5 | 7) => Content::Varints,
            (Self::Tensor, 10) => Content::Fixed(8),
            (Self::ValueInfo, 2) | (Self::Sequence, 1) => Content::Message(Self::Type),
            (Self::Type, 1) => Content::Message(Self::TensorType),
            (Self::Type, 4) => Content::Message(Self::Sequence),
            (Self::TensorType, 2) => Content::Message(Self::Shape),
            (Self::Shape, 1) => Content::Message(Self::Dimension),
            (
                Self::Model
                | Self::Attribute
                | Self::Tensor
                | Self::Graph
                | Self::Node
                | Self::ValueInfo
                | Self::Sequence
                | Self::Type
                | Self::TensorType
                | Self::Shape
                | Self::Dimension
                | Self::Entry
                | Self::OperatorSet,
                _,
            ) => Content::Bytes,
        }
    }
}

fn message(mut bytes: &[u8], kind: Message, depth: usize, messages: &mut usize) -> Result<(), String> {
    let (Some(depth), Some(left)) = (depth.checked_sub(1), messages.checked_sub(1)) else {
        return Err("messages that nest too deep or are too many".into());
    };
    *messages = left;
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        match tag & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => drop(take(&mut bytes, 8)?),
            5 => drop(take(&mut bytes, 4)?),
            2 => {
                let length = varint(&mut bytes)?;
                let mut inner = take(&mut bytes, length)?;
                match kind.content(tag >> 3) {
                    Content::Message(kind) => message(inner, kind, depth, messages)?,
                    Content::Varints => {
                        while !inner.is_empty() {
                            varint(&mut inner)?;
                        }
                    }
                    Content::Fixed(size) if !inner.len().is_multiple_of(size) => {
                        return Err("numbers that are cut off".into());
                    }
                    Content::Fixed(_) | Content::Bytes => {}
                }
            }
            other => return Err(format!("a field of the unknown kind {other}")),
        }
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for i in 0..10 {
        let Some((first, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(7 * i).unwrap_or(0);
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number that does not end".into())
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    match usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length)) {
        Some((taken, rest)) => {
            *bytes = rest;
            Ok(taken)
        }
        None => Err(format!("a field of {length} bytes where {} are left", bytes.len())),
    }
}
