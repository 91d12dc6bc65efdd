//! The types of values as plain Rust data, and back.

use cloakwork_abi::parameters::Width;
use melior::Context;
use melior::ir::r#type::{IntegerType, RankedTensorType};
use melior::ir::{ShapedTypeLike, Type, TypeLike};
use mlir_sys::{MlirContext, MlirStringRef, MlirType};
use std::fmt;

/// Element type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// `!fhe.eint<w>` or `!fhe.esint<w>`; no width: `?`.
    Encrypted {
        /// Bits of the message, once known.
        width: Option<Width>,
        /// Two's complement or not.
        is_signed: bool,
    },
    /// `!fhe.efloat`
    EncryptedReal,
    /// `!tfhe.lwe<@key>`
    Lwe {
        /// Symbol of the secret key.
        key: String,
    },
    /// `i64`
    Clear,
    /// `f64`
    ClearReal,
}

impl Element {
    /// An encrypted integer of a width not yet known.
    pub fn encrypted(is_signed: bool) -> Self {
        Self::Encrypted { width: None, is_signed }
    }

    /// Whether it is encrypted in any way.
    pub fn is_encrypted(&self) -> bool {
        match self {
            Self::Encrypted { .. } | Self::EncryptedReal | Self::Lwe { .. } => true,
            Self::Clear | Self::ClearReal => false,
        }
    }
}

/// Element type and static shape of a value; a scalar has no shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// Type of each element.
    pub element: Element,
    /// Row-major; `None` for a scalar (a tensor of rank 0 has `Some([])`).
    pub dims: Option<Vec<usize>>,
}

impl ValueType {
    /// A tensor for a shape, a scalar for an empty one.
    pub fn new(element: Element, shape: &[usize]) -> Self {
        Self { element, dims: (!shape.is_empty()).then(|| shape.to_vec()) }
    }

    /// The shape; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        self.dims.as_deref().unwrap_or(&[])
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape().iter().product()
    }

    /// The same shape of other elements.
    pub fn with_element(&self, element: Element) -> Self {
        Self { element, dims: self.dims.clone() }
    }

    /// Width and signedness of an encrypted integer of known width.
    pub fn integer(&self) -> Option<(Width, bool)> {
        match self.element {
            Element::Encrypted { width: Some(width), is_signed } => Some((width, is_signed)),
            _ => None,
        }
    }

    /// Whether elements are signed encrypted integers.
    pub fn is_signed(&self) -> bool {
        matches!(self.element, Element::Encrypted { is_signed: true, .. })
    }

    /// Reads an MLIR type; `None` for types of other dialects and dynamic shapes.
    pub fn of(ty: Type<'_>) -> Option<Self> {
        let Ok(tensor) = RankedTensorType::try_from(ty) else {
            return Some(Self { element: element_of(ty)?, dims: None });
        };
        let mut dims = vec![];
        for i in 0..tensor.rank() {
            match tensor.dim_size(i).ok()? {
                melior::ir::r#type::DimSize::Static(size) => dims.push(size as usize),
                melior::ir::r#type::DimSize::Dynamic => return None,
            }
        }
        Some(Self { element: element_of(tensor.element())?, dims: Some(dims) })
    }

    /// The MLIR type.
    pub fn to_mlir<'c>(&self, context: &'c Context) -> Type<'c> {
        let element = element_to_mlir(&self.element, context);
        match &self.dims {
            None => element,
            Some(dims) => {
                let dims: Vec<u64> = dims.iter().map(|&size| size as u64).collect();
                RankedTensorType::new(&dims, element, None).into()
            }
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.dims {
            None => write!(f, "{}", self.element),
            Some(dims) => {
                let dims: String = dims.iter().map(|size| format!("{size}x")).collect();
                write!(f, "tensor<{dims}{}>", self.element)
            }
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted { width, is_signed } => {
                let name = if *is_signed { "esint" } else { "eint" };
                match width {
                    Some(width) => write!(f, "!fhe.{name}<{width}>"),
                    None => write!(f, "!fhe.{name}<?>"),
                }
            }
            Self::EncryptedReal => f.write_str("!fhe.efloat"),
            Self::Lwe { key } => write!(f, "!tfhe.lwe<@{key}>"),
            Self::Clear => f.write_str("i64"),
            Self::ClearReal => f.write_str("f64"),
        }
    }
}

unsafe extern "C" {
    fn cloakworkIntegerTypeGet(context: MlirContext, width: u32, is_signed: bool) -> MlirType;
    fn cloakworkRealTypeGet(context: MlirContext) -> MlirType;
    fn cloakworkLweTypeGet(context: MlirContext, key: MlirStringRef) -> MlirType;
    fn cloakworkFheTypeKind(ty: MlirType, width: *mut u32) -> u32;
    fn cloakworkLweTypeKey(ty: MlirType) -> MlirStringRef;
}

fn element_of(ty: Type<'_>) -> Option<Element> {
    let mut width = 0;
    // SAFETY: the type is alive; the key's name is owned by the context and copied here.
    let (kind, key) = unsafe {
        let key = cloakworkLweTypeKey(ty.to_raw());
        let bytes =
            if key.length == 0 { &[][..] } else { std::slice::from_raw_parts(key.data.cast(), key.length) };
        (cloakworkFheTypeKind(ty.to_raw(), &mut width), String::from_utf8_lossy(bytes).into_owned())
    };
    let known = (width != 0).then_some(Width(width));
    match kind {
        1 | 2 => Some(Element::Encrypted { width: known, is_signed: kind == 2 }),
        3 => Some(Element::EncryptedReal),
        _ if !key.is_empty() => Some(Element::Lwe { key }),
        _ if ty.is_f64() => Some(Element::ClearReal),
        _ => (IntegerType::try_from(ty).ok()?.width() == 64).then_some(Element::Clear),
    }
}

fn element_to_mlir<'c>(element: &Element, context: &'c Context) -> Type<'c> {
    // SAFETY: the context is alive and owns the type; the key's name is copied.
    let raw = unsafe {
        match element {
            Element::Encrypted { width, is_signed } => {
                cloakworkIntegerTypeGet(context.to_raw(), width.map_or(0, |w| w.0), *is_signed)
            }
            Element::EncryptedReal => cloakworkRealTypeGet(context.to_raw()),
            Element::Lwe { key } => {
                let key = MlirStringRef { data: key.as_ptr().cast(), length: key.len() };
                cloakworkLweTypeGet(context.to_raw(), key)
            }
            Element::Clear => return IntegerType::new(context, 64).into(),
            Element::ClearReal => return Type::float64(context),
        }
    };
    // SAFETY: made above.
    unsafe { Type::from_raw(raw) }
}
