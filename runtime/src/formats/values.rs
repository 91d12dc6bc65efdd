//! A set of arguments or results as a file.

use super::frame::{self, Header, ValueHeader, push_words, take_words};
use super::{FormatError, FormatProblem, Kind, inspect, read_file, write_file};
use crate::compact::Compact;
use crate::keys::KeyIdentity;
use crate::output_file::Content;
use crate::seeded::Seeded;
use crate::value::{Data, Value, words_of};
use aligned_vec::AVec;
use cloakwork_abi::spec::{EncodingSpec, Keyset, ValueSpec};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// `values` as bytes, under the names in `specs` (`spec.inputs` or `spec.outputs`).
pub fn values_to_bytes(
    keyset: &Keyset,
    specs: &[ValueSpec],
    values: &[Value],
) -> Result<Vec<u8>, FormatError> {
    to_bytes(keyset, specs, values).map_err(|problem| problem.at("values"))
}

/// Values for `specs` from bytes: what was written for them, or values of the same shapes and encodings under
/// other names, in order. So the results of one function are the arguments of another.
pub fn values_from_bytes(
    keyset: &Keyset,
    specs: &[ValueSpec],
    mut bytes: &[u8],
) -> Result<Vec<Value>, FormatError> {
    read(keyset, specs, &mut bytes).map_err(|problem| problem.at("values"))
}

/// The most bytes that [`values_to_bytes`] gives for `specs`.
pub fn most_values_bytes(keyset: &Keyset, specs: &[ValueSpec]) -> u64 {
    frame::most_bytes(specs.iter().map(|spec| 2 * whole_words(spec, keyset) as u64).sum())
}

/// One value as bytes that say themselves what it is; it has no name.
pub fn value_to_bytes(value: &Value) -> Vec<u8> {
    let (name, shape, encoding) = (String::new(), value.shape.clone(), value.encoding);
    let values = ValueHeader { name, shape, encoding, seed: None, compact: false }.with_form(value);
    let header = value_file(value.keyset.clone(), value.keys, vec![values]);
    let words = value.words().len() + value.clear().len();
    std::mem::take(&mut *frame::write(&header, 2 * words as u64, |bytes| push_value(bytes, value)))
}

/// The value that [`value_to_bytes`] wrote. Whether it fits a program shows when the program gets it.
pub fn value_from_bytes(bytes: &[u8]) -> Result<Value, FormatError> {
    read_one(bytes).map_err(|problem| problem.at("value"))
}

/// [`values_to_bytes`] to a file.
pub fn write_values(
    keyset: &Keyset,
    specs: &[ValueSpec],
    values: &[Value],
    path: &Path,
) -> Result<(), FormatError> {
    let bytes = to_bytes(keyset, specs, values).map_err(|problem| problem.at(&path.display().to_string()))?;
    write_file(path, &bytes, Content::Data)
}

/// [`values_from_bytes`] from a file.
pub fn read_values(keyset: &Keyset, specs: &[ValueSpec], path: &Path) -> Result<Vec<Value>, FormatError> {
    read_file(path, |from| read(keyset, specs, from))
}

/// The arguments `specs` of one call from several files, each of which holds some of them.
pub fn read_arguments(
    keyset: &Keyset,
    specs: &[ValueSpec],
    paths: &[impl AsRef<Path>],
) -> Result<Vec<Value>, FormatError> {
    if let [path] = paths {
        return read_values(keyset, specs, path.as_ref());
    }
    let files = paths.iter().map(|path| Ok(inspect(path.as_ref())?.values));
    let files: Vec<Vec<_>> = files.collect::<Result<_, FormatError>>()?;
    let names: Vec<&str> = files.iter().flatten().map(|(name, _, _)| name.as_str()).collect();
    let all =
        || paths.iter().map(|path| path.as_ref().display().to_string()).collect::<Vec<_>>().join("`, `");
    same("values", names.len(), specs.len()).map_err(|problem| problem.at(&all()))?;
    let places = places_by_name(names.into_iter(), specs);
    let (mut values, mut rest) = (vec![], places.as_slice());
    for (path, held) in paths.iter().zip(&files) {
        let (own, others) = rest.split_at(held.len());
        rest = others;
        // In the order of the program, so that values under other names come to the same places again.
        let mut own = own.to_vec();
        own.sort_unstable();
        let of_file: Vec<ValueSpec> = own.iter().map(|&place| specs[place].clone()).collect();
        values.extend(own.into_iter().zip(read_values(keyset, &of_file, path.as_ref())?));
    }
    values.sort_by_key(|(place, _)| *place);
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

fn value_header(spec: &ValueSpec) -> ValueHeader {
    let (name, shape) = (spec.name.clone(), spec.shape.clone());
    ValueHeader { name, shape, encoding: spec.encoding, seed: None, compact: false }
}

/// How much of a value is in its body.
#[derive(Clone, Copy)]
enum Form {
    /// Clear integers, or all words of ciphertexts.
    Whole,
    /// The last words of ciphertexts.
    Seeded(u128),
    /// A list of a public key.
    Compact,
}

impl ValueHeader {
    /// With the form of `value`.
    fn with_form(self, value: &Value) -> Self {
        match &value.data {
            Data::Seeded(seeded) => Self { seed: Some(format!("{:032x}", seeded.seed)), ..self },
            Data::Compact(_) => Self { compact: true, ..self },
            Data::Clear(_) | Data::Encrypted(_) => self,
        }
    }

    /// Clear values have one form only.
    fn form(&self) -> Result<Form, FormatProblem> {
        let form = match (&self.seed, self.compact) {
            (None, false) => return Ok(Form::Whole),
            (None, true) => Form::Compact,
            (Some(seed), false) => match u128::from_str_radix(seed, 16) {
                Ok(seed) => Form::Seeded(seed),
                Err(error) => return Err(FormatProblem::Header(error.to_string())),
            },
            (Some(_), true) => return Err(FormatProblem::Header("a list with a seed".to_owned())),
        };
        match self.encoding {
            EncodingSpec::Encrypted { .. } => Ok(form),
            EncodingSpec::Clear => Err(FormatProblem::Header("a seed or a list of a clear value".to_owned())),
        }
    }
}

/// Words of a value's body.
fn words(spec: &ValueSpec, keyset: &Keyset, form: Form) -> Result<usize, FormatProblem> {
    match form {
        Form::Whole => Ok(whole_words(spec, keyset)),
        Form::Seeded(_) => Ok(spec.items()),
        Form::Compact => Compact::words(spec, keyset).ok_or_else(|| {
            FormatProblem::Header(format!("a list for `{}`, whose key has no public key", spec.name))
        }),
    }
}

fn whole_words(spec: &ValueSpec, keyset: &Keyset) -> usize {
    match spec.encoding {
        EncodingSpec::Encrypted { key, .. } => spec.items() * words_of(keyset, key),
        EncodingSpec::Clear => spec.items(),
    }
}

/// Elements of a body, given by its words.
fn data(encoding: EncodingSpec, form: Form, words: impl Iterator<Item = u64>) -> Data {
    match (encoding, form) {
        (EncodingSpec::Clear, _) => Data::Clear(words.map(|word| word as i64).collect()),
        (EncodingSpec::Encrypted { .. }, Form::Whole) => Data::Encrypted(AVec::from_iter(64, words)),
        (EncodingSpec::Encrypted { .. }, Form::Seeded(seed)) => {
            Data::Seeded(Seeded { seed, bodies: words.collect() })
        }
        (EncodingSpec::Encrypted { .. }, Form::Compact) => Data::Compact(Compact(words.collect())),
    }
}

fn to_bytes(keyset: &Keyset, specs: &[ValueSpec], values: &[Value]) -> Result<Vec<u8>, FormatProblem> {
    let fingerprint = keyset.fingerprint();
    same("values", values.len(), specs.len())?;
    for (spec, value) in specs.iter().zip(values) {
        if let Some(mismatch) = value.mismatch(spec, keyset, &fingerprint) {
            let (found, expected) = (mismatch.found, mismatch.expected);
            return Err(FormatProblem::Mismatch { what: mismatch.what, found, expected });
        }
    }
    let keys = values.iter().find_map(|value| value.keys);
    for (spec, value) in specs.iter().zip(values) {
        if let Some((found, expected)) = keys.and_then(|keys| Some((value.other_keys(keys)?, keys))) {
            return Err(FormatProblem::MixedKeys { name: spec.name.clone(), found, expected });
        }
    }
    let headers = specs.iter().zip(values);
    let headers = headers.map(|(spec, value)| value_header(spec).with_form(value));
    let header = value_file(fingerprint, keys, headers.collect());
    let halves = values.iter().map(|value| 2 * (value.words().len() + value.clear().len()) as u64).sum();
    let mut bytes = frame::write(&header, halves, |bytes| {
        values.iter().for_each(|value| push_value(bytes, value));
    });
    Ok(std::mem::take(&mut *bytes))
}

fn value_file(keyset: String, keys: Option<KeyIdentity>, values: Vec<ValueHeader>) -> Header {
    Header { kind: Kind::Values, keyset, keys, origin: None, parameters: None, seeds: vec![], values }
}

fn push_value(bytes: &mut Vec<u8>, value: &Value) {
    match &value.data {
        Data::Clear(elements) => bytes.extend(elements.iter().flat_map(|element| element.to_le_bytes())),
        Data::Encrypted(words) => push_words(bytes, words),
        Data::Seeded(seeded) => push_words(bytes, &seeded.bodies),
        Data::Compact(list) => push_words(bytes, &list.0),
    }
}

fn read_one(bytes: &[u8]) -> Result<Value, FormatProblem> {
    let (header, halves) = frame::read_header(&mut &bytes[..], &mut Sha256::new())?;
    let [found] = header.values.as_slice() else {
        let found = format!("{} values", header.values.len());
        return Err(FormatProblem::Mismatch { what: "a list of", found, expected: "1 value".to_owned() });
    };
    let digits = found.encoding.radix().map_or(1, |radix| u64::from(radix.count));
    let items = found.shape.iter().try_fold(digits, |product, &size| product.checked_mul(size));
    let is_encrypted = matches!(found.encoding, EncodingSpec::Encrypted { .. });
    let form = found.form()?;
    let is_sound = items.is_some_and(|items| match form {
        // Ciphertexts have one word more than their key has coefficients.
        Form::Whole if is_encrypted => {
            items > 0 && halves % 2 == 0 && (halves / 2) % items == 0 && halves / 2 / items > 1
        }
        Form::Whole | Form::Seeded(_) => items.checked_mul(2) == Some(halves),
        Form::Compact => halves % 2 == 0 && halves / 2 > items,
    });
    if !is_sound || header.keys.is_some() != is_encrypted {
        return Err(FormatProblem::Header(format!(
            "{halves} half words for a value of shape {:?}",
            found.shape
        )));
    }
    let mut from = bytes;
    let (header, body) = frame::read(&mut from, (Kind::Values, &header.keyset), |_| Ok(halves))?;
    let [found] = <[ValueHeader; 1]>::try_from(header.values).expect("read before");
    let mut body = body.as_slice();
    let words = take_words(&mut body, halves as usize / 2);
    let data = data(found.encoding, form, words);
    Ok(Value { shape: found.shape, encoding: found.encoding, keyset: header.keyset, keys: header.keys, data })
}

fn read(keyset: &Keyset, specs: &[ValueSpec], from: &mut dyn Read) -> Result<Vec<Value>, FormatProblem> {
    let fingerprint = keyset.fingerprint();
    let (mut places, mut bodies) = (vec![], vec![]);
    let check = |header: &Header| {
        same("values", header.values.len(), specs.len())?;
        places = places_by_name(header.values.iter().map(|value| value.name.as_str()), specs);
        let of_file = || header.values.iter().zip(&places).map(|(value, &place)| (value, &specs[place]));
        for (found, spec) in of_file() {
            let expected = value_header(spec);
            if (&found.shape, found.encoding) != (&expected.shape, expected.encoding) {
                let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
                return Err(FormatProblem::Mismatch { what: "the value", found, expected });
            }
        }
        check_keys(header.keys, specs)?;
        let of_value = |(value, spec): (&ValueHeader, &ValueSpec)| {
            let form = value.form()?;
            Ok((form, words(spec, keyset, form)?))
        };
        bodies = of_file().map(of_value).collect::<Result<Vec<_>, FormatProblem>>()?;
        Ok(bodies.iter().map(|&(_, words)| 2 * words as u64).sum())
    };
    let (header, body) = frame::read(from, (Kind::Values, &fingerprint), check)?;
    let mut body = body.as_slice();
    let values = places.iter().zip(bodies).map(|(&place, (form, words))| {
        let spec = &specs[place];
        let data = data(spec.encoding, form, take_words(&mut body, words));
        let keys = header.keys.filter(|_| matches!(spec.encoding, EncodingSpec::Encrypted { .. }));
        let (shape, keyset) = (spec.shape.clone(), fingerprint.clone());
        (place, Value { shape, encoding: spec.encoding, keyset, keys, data })
    });
    let mut values: Vec<(usize, Value)> = values.collect();
    values.sort_by_key(|(place, _)| *place);
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

/// Which spec each value of a file is for: the one of its name; those under other names, such as results of
/// another function, are for what is left, in order. Requires as many specs as names.
fn places_by_name<'n>(names: impl Iterator<Item = &'n str>, specs: &[ValueSpec]) -> Vec<usize> {
    let mut is_free = vec![true; specs.len()];
    let mut take = |is_it: &dyn Fn(usize) -> bool| {
        let place = (0..specs.len()).find(|&place| is_free[place] && is_it(place))?;
        is_free[place] = false;
        Some(place)
    };
    let named: Vec<Option<usize>> = names.map(|name| take(&|place| specs[place].name == name)).collect();
    named.into_iter().map(|place| place.or_else(|| take(&|_| true)).expect("one for each name")).collect()
}

/// A file says whose keys its values are under exactly if some are encrypted.
fn check_keys(keys: Option<KeyIdentity>, specs: &[ValueSpec]) -> Result<(), FormatProblem> {
    let is_encrypted = specs.iter().any(|spec| matches!(spec.encoding, EncodingSpec::Encrypted { .. }));
    let problem = match (is_encrypted, keys) {
        (true, None) => "no identity of the keys that the values are encrypted under",
        (false, Some(_)) => "an identity of keys, but no encrypted values",
        (true, Some(_)) | (false, None) => return Ok(()),
    };
    Err(FormatProblem::Header(problem.to_owned()))
}

fn same(what: &'static str, found: usize, expected: usize) -> Result<(), FormatProblem> {
    match found == expected {
        true => Ok(()),
        false => {
            Err(FormatProblem::Mismatch { what, found: found.to_string(), expected: expected.to_string() })
        }
    }
}
