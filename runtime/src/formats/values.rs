//! A set of arguments or results as a file.

use super::frame::{self, Header, ValueHeader, push_words, take_words};
use super::{FormatError, FormatProblem, Kind, inspect, read_file, write_file};
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
    frame::most_bytes(specs.iter().map(|spec| 2 * words(spec, keyset, false) as u64).sum())
}

/// One value as bytes that say themselves what it is; it has no name.
pub fn value_to_bytes(value: &Value) -> Vec<u8> {
    let shape = value.shape.clone();
    let values =
        vec![ValueHeader { name: String::new(), shape, encoding: value.encoding, seed: seed_of(value) }];
    let header = value_file(value.keyset.clone(), value.keys, values);
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
    ValueHeader { name: spec.name.clone(), shape: spec.shape.clone(), encoding: spec.encoding, seed: None }
}

fn seed_of(value: &Value) -> Option<String> {
    match &value.data {
        Data::Seeded(seeded) => Some(format!("{:032x}", seeded.seed)),
        Data::Clear(_) | Data::Encrypted(_) => None,
    }
}

/// Words of a value's body.
fn words(spec: &ValueSpec, keyset: &Keyset, is_seeded: bool) -> usize {
    match spec.encoding {
        EncodingSpec::Encrypted { key, .. } if !is_seeded => spec.items() * words_of(keyset, key),
        EncodingSpec::Clear | EncodingSpec::Encrypted { .. } => spec.items(),
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
    let headers = headers.map(|(spec, value)| ValueHeader { seed: seed_of(value), ..value_header(spec) });
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
    }
}

fn read_one(bytes: &[u8]) -> Result<Value, FormatProblem> {
    let (header, halves) = frame::read_header(&mut &bytes[..], &mut Sha256::new())?;
    let [found] = header.values.as_slice() else {
        let found = format!("{} values", header.values.len());
        return Err(FormatProblem::Mismatch { what: "a list of", found, expected: "1 value".to_owned() });
    };
    let elements = found.shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
    let is_encrypted = matches!(found.encoding, EncodingSpec::Encrypted { .. });
    let seed = seed_in(found)?;
    // Ciphertexts have one word more than their key has coefficients.
    let is_sound = elements.is_some_and(|elements| match is_encrypted && seed.is_none() {
        true => elements > 0 && halves % 2 == 0 && (halves / 2) % elements == 0 && halves / 2 / elements > 1,
        false => elements.checked_mul(2) == Some(halves),
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
    let words = take_words(&mut body.as_slice(), halves as usize / 2).collect::<Vec<u64>>();
    let data = match (is_encrypted, seed) {
        (true, Some(seed)) => Data::Seeded(Seeded { seed, bodies: words }),
        (true, None) => Data::Encrypted(AVec::from_iter(64, words)),
        (false, _) => Data::Clear(words.into_iter().map(|word| word as i64).collect()),
    };
    Ok(Value { shape: found.shape, encoding: found.encoding, keyset: header.keyset, keys: header.keys, data })
}

/// The seed of a value, which only an encrypted one may have.
fn seed_in(header: &ValueHeader) -> Result<Option<u128>, FormatProblem> {
    let Some(text) = &header.seed else { return Ok(None) };
    match (u128::from_str_radix(text, 16), header.encoding) {
        (Ok(seed), EncodingSpec::Encrypted { .. }) => Ok(Some(seed)),
        (Ok(_), EncodingSpec::Clear) => Err(FormatProblem::Header("a seed of a clear value".to_owned())),
        (Err(error), _) => Err(FormatProblem::Header(error.to_string())),
    }
}

fn read(keyset: &Keyset, specs: &[ValueSpec], from: &mut dyn Read) -> Result<Vec<Value>, FormatProblem> {
    let fingerprint = keyset.fingerprint();
    let (mut places, mut seeds) = (vec![], vec![]);
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
        seeds = header.values.iter().map(seed_in).collect::<Result<_, _>>()?;
        let places = places.iter().zip(&seeds);
        Ok(places.map(|(&place, seed)| 2 * words(&specs[place], keyset, seed.is_some()) as u64).sum())
    };
    let (header, body) = frame::read(from, (Kind::Values, &fingerprint), check)?;
    let mut body = body.as_slice();
    let values = places.iter().zip(seeds).map(|(&place, seed)| {
        let spec = &specs[place];
        let words = take_words(&mut body, words(spec, keyset, seed.is_some()));
        let (data, keys) = match (spec.encoding, seed) {
            (EncodingSpec::Clear, _) => (Data::Clear(words.map(|word| word as i64).collect()), None),
            (EncodingSpec::Encrypted { .. }, None) => {
                (Data::Encrypted(AVec::from_iter(64, words)), header.keys)
            }
            (EncodingSpec::Encrypted { .. }, Some(seed)) => {
                (Data::Seeded(Seeded { seed, bodies: words.collect() }), header.keys)
            }
        };
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
