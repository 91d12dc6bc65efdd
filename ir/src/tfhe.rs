//! The operations of the `tfhe` dialect as plain Rust data.

use crate::attributes as attr;
use crate::fhe::Lookup;
use crate::linear::Linear;
use crate::walk;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseDistribution,
    PolynomialSize, Variance,
};
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset, KeyswitchKeySpec, SecretKeyShape, SecretKeySpec};
use melior::Context;
use melior::ir::block::BlockLike;
use melior::ir::operation::{OperationBuilder, OperationLike};
use melior::ir::{Identifier, Location, OperationRef, RegionLike};
use ndarray::ArrayD;

/// Attribute of an encrypted argument and of an `fhe` op with an encrypted result: the GLWE key of that value.
pub const KEY: &str = "tfhe.key";
/// Attribute of an `fhe.lookup`: its keyswitch key.
pub const KEYSWITCH_KEY: &str = "tfhe.keyswitch_key";
/// Attribute of an `fhe.lookup`: its bootstrap key.
pub const BOOTSTRAP_KEY: &str = "tfhe.bootstrap_key";
/// Attribute of an `fhe.lookup`: lookups of one operand with the same number share a bootstrap.
pub const GROUP: &str = "tfhe.group";

/// A `tfhe` operation that stands in a function.
#[derive(Clone, Debug)]
pub enum TfheOp {
    /// Trivial encryption of encoded words.
    Constant {
        /// The words.
        value: ArrayD<i64>,
    },
    /// A linear operation.
    Linear(Linear),
    /// A keyswitch.
    Keyswitch {
        /// Symbol of the keyswitch key.
        key: String,
    },
    /// A bootstrap.
    Bootstrap(Bootstrap),
}

/// Looks every ciphertext up in a table of encoded words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// Symbol of the bootstrap key.
    pub key: String,
    /// Tables of words encoded for the output, and which element of the result uses which.
    pub lookup: Lookup,
    /// Results of each ciphertext, along one axis more of the result; 1 without that axis.
    pub outputs: usize,
    /// Whether the looked-up message is signed.
    pub is_signed: bool,
}

impl TfheOp {
    /// Reads a verified operation; `None` for key ops and other dialects.
    pub fn of(op: OperationRef<'_, '_>) -> Option<Self> {
        let name = walk::name(&op);
        let mnemonic = name.strip_prefix("tfhe.")?;
        Some(match mnemonic {
            "constant" => Self::Constant { value: attr::get_dense_i64(&op, "value")? },
            "keyswitch" => Self::Keyswitch { key: attr::get_symbol(&op, "key")? },
            "bootstrap" => Self::Bootstrap(Bootstrap {
                key: attr::get_symbol(&op, "key")?,
                lookup: Lookup {
                    tables: attr::get_dense_i64(&op, "tables").filter(|tables| tables.ndim() == 2)?,
                    selector: attr::get_dense_i64(&op, "selector"),
                },
                outputs: match op.attribute("outputs") {
                    Ok(_) => attr::get_i64(&op, "outputs").filter(|&outputs| outputs >= 2)? as usize,
                    Err(_) => 1,
                },
                is_signed: op.attribute("is_signed").is_ok(),
            }),
            _ => Self::Linear(Linear::of(mnemonic, op)?),
        })
    }
}

/// The key ops of a module, in their order.
pub fn key_ops<'c: 'a, 'a>(module: OperationRef<'c, 'a>) -> Vec<OperationRef<'c, 'a>> {
    let mut found = vec![];
    let body = module.region(0).ok().and_then(|region| region.first_block());
    let mut current = body.and_then(|body| body.first_operation());
    while let Some(op) = current {
        let name = walk::name(&op);
        if name.starts_with("tfhe.") && name.ends_with("_key") {
            found.push(op);
        }
        current = op.next_in_block();
    }
    found
}

/// Reads the key ops of a module, in their order.
pub fn read_keyset(module: OperationRef<'_, '_>) -> Result<Keyset, String> {
    let mut keyset = Keyset::default();
    for op in key_ops(module) {
        read_key(op, &mut keyset).ok_or_else(|| {
            format!("the key `{op}` is incomplete or refers to a key not defined before it")
        })?;
    }
    Ok(keyset)
}

fn read_key(op: OperationRef<'_, '_>, keyset: &mut Keyset) -> Option<()> {
    let size = |name: &str| attr::get_i64(&op, name).and_then(|value| u64::try_from(value).ok());
    let variance = |name: &str| attr::get_f64(&op, name).map(Variance);
    let decomposition =
        || Some(Decomposition { base_log: size("base_log")? as u32, level: size("level")? as u32 });
    let key = |attribute: &str| {
        let symbol = attr::get_symbol(&op, attribute)?;
        keyset.secret_keys.iter().position(|key| key.name == symbol)
    };
    let name = || attr::get_string(&op, "sym_name");
    let noise = || match (variance("variance"), size("tuniform_log2_bound")) {
        (Some(variance), None) => Some(NoiseDistribution::Gaussian { variance }),
        (None, Some(log2_bound)) => Some(NoiseDistribution::TUniform { log2_bound: log2_bound as u32 }),
        (Some(_), Some(_)) | (None, None) => None,
    };
    match walk::name(&op).as_str() {
        "tfhe.secret_key" => {
            let shape = match (size("lwe_dimension"), size("glwe_dimension"), size("polynomial_size")) {
                (Some(dimension), None, None) => SecretKeyShape::Lwe(LweDimension(dimension)),
                (None, Some(k), Some(n)) => SecretKeyShape::Glwe(GlweShape {
                    dimension: GlweDimension(k),
                    polynomial_size: PolynomialSize(n),
                }),
                _ => return None,
            };
            let key = SecretKeySpec { name: name()?, shape, noise: noise()? };
            keyset.secret_keys.push(key);
        }
        "tfhe.keyswitch_key" => {
            let to = key("to")?;
            let target = &keyset.secret_keys[to];
            let inherited = || matches!(target.shape, SecretKeyShape::Lwe(_)).then_some(target.noise);
            let key = KeyswitchKeySpec {
                name: name()?,
                from: key("from")?,
                to,
                decomposition: decomposition()?,
                noise: noise().or_else(inherited)?,
                added_variance: variance("added_variance")?,
            };
            keyset.keyswitch_keys.push(key);
        }
        "tfhe.bootstrap_key" => {
            let key = BootstrapKeySpec {
                name: name()?,
                from: key("from")?,
                to: key("to")?,
                decomposition: decomposition()?,
                grouping: Grouping::try_from(size("grouping").unwrap_or(1)).ok()?,
                extension: ExtensionFactor(size("extension").unwrap_or(1)),
                modulus_switch_variance: variance("modulus_switch_variance")?,
                output_variance: variance("output_variance")?,
            };
            keyset.bootstrap_keys.push(key);
        }
        _ => {}
    }
    Some(())
}

/// Writes key ops at the start of a module, in the order of the keyset.
pub fn write_keyset(context: &Context, module: OperationRef<'_, '_>, keyset: &Keyset) {
    let body = module.region(0).ok().and_then(|region| region.first_block());
    let body = body.expect("verified: a module has a body");
    let first = body.first_operation();
    let insert = |name: &str, attributes: Vec<(&str, melior::ir::Attribute<'_>)>| {
        let attributes: Vec<_> =
            attributes.into_iter().map(|(name, value)| (Identifier::new(context, name), value)).collect();
        let op = OperationBuilder::new(name, Location::unknown(context)).add_attributes(&attributes).build();
        let op = op.expect("key ops have neither operands nor regions");
        match first {
            Some(first) => body.insert_operation_before(first, op),
            None => body.append_operation(op),
        };
    };
    let size = |value: u64| attr::i64(context, value as i64);
    let noise = |noise: NoiseDistribution| match noise {
        NoiseDistribution::Gaussian { variance } => ("variance", attr::f64(context, variance.0)),
        NoiseDistribution::TUniform { log2_bound } => ("tuniform_log2_bound", size(u64::from(log2_bound))),
    };
    let secret = |position: usize| attr::symbol(context, &keyset.secret_keys[position].name);
    for key in &keyset.secret_keys {
        let mut attributes = vec![("sym_name", attr::string(context, &key.name))];
        match key.shape {
            SecretKeyShape::Lwe(dimension) => attributes.push(("lwe_dimension", size(dimension.0))),
            SecretKeyShape::Glwe(shape) => {
                attributes.push(("glwe_dimension", size(shape.dimension.0)));
                attributes.push(("polynomial_size", size(shape.polynomial_size.0)));
            }
        }
        attributes.push(noise(key.noise));
        insert("tfhe.secret_key", attributes);
    }
    let common = |name: &str, from: usize, to: usize, decomposition: Decomposition| {
        vec![
            ("sym_name", attr::string(context, name)),
            ("from", secret(from)),
            ("to", secret(to)),
            ("base_log", size(u64::from(decomposition.base_log))),
            ("level", size(u64::from(decomposition.level))),
        ]
    };
    for key in &keyset.keyswitch_keys {
        let mut attributes = common(&key.name, key.from, key.to, key.decomposition);
        let target = &keyset.secret_keys[key.to];
        if !matches!(target.shape, SecretKeyShape::Lwe(_)) || target.noise != key.noise {
            attributes.push(noise(key.noise));
        }
        attributes.push(("added_variance", attr::f64(context, key.added_variance.0)));
        insert("tfhe.keyswitch_key", attributes);
    }
    for key in &keyset.bootstrap_keys {
        let mut attributes = common(&key.name, key.from, key.to, key.decomposition);
        if key.grouping != Grouping::One {
            attributes.push(("grouping", size(key.grouping.factor())));
        }
        if key.extension.0 != 1 {
            attributes.push(("extension", size(key.extension.0)));
        }
        attributes.push(("modulus_switch_variance", attr::f64(context, key.modulus_switch_variance.0)));
        attributes.push(("output_variance", attr::f64(context, key.output_variance.0)));
        insert("tfhe.bootstrap_key", attributes);
    }
}
