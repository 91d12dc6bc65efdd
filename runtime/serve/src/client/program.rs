//! One function of a model at a service: encrypts, sends, decrypts.

use super::{Client, ClientError, segment};
use crate::ContentHash;
use crate::wire::{FAILED_MAGIC, FILES, KEYS, ProblemBody};
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_runtime::formats::{
    START_BYTES, bytes_said, most_values_bytes, values_from_bytes, values_to_bytes,
};
use cloakwork_runtime::{SecretKeys, client};
use ndarray::ArrayD;
use std::io::{Cursor, Read};
use ureq::SendBody;

/// Longest reason for a call that failed.
const MAX_PROBLEM: u64 = 1 << 20;

/// A function that runs elsewhere, under keys that are there.
#[derive(Clone)]
pub struct RemoteProgram {
    client: Client,
    model: String,
    spec: ProgramSpec,
    keys: ContentHash,
}

impl RemoteProgram {
    /// The function of that name, or the only one, with keys that were [uploaded](Client::upload_file).
    pub fn new(
        client: Client,
        model: &str,
        function: Option<&str>,
        keys: ContentHash,
    ) -> Result<Self, ClientError> {
        let spec = client.spec(model)?.function(function)?.clone();
        Ok(Self { client, model: model.to_owned(), spec, keys })
    }

    /// What is public about it.
    pub fn spec(&self) -> &ProgramSpec {
        &self.spec
    }

    /// Runs it on the arguments of each call. Results come in the order of the calls.
    pub fn call(
        &self,
        secret: &SecretKeys,
        calls: &[Vec<ArrayD<i64>>],
    ) -> Result<Vec<Vec<ArrayD<i64>>>, ClientError> {
        let encrypt = |arguments: &Vec<ArrayD<i64>>| -> Result<Vec<u8>, ClientError> {
            let values = client::encrypt(&self.spec, secret, arguments)?;
            Ok(values_to_bytes(&self.spec.keyset, &self.spec.inputs, &values)?)
        };
        let files = calls.iter().map(encrypt).collect::<Result<Vec<_>, _>>()?;
        let decrypt = |file: Vec<u8>| -> Result<Vec<ArrayD<i64>>, ClientError> {
            let values = values_from_bytes(&self.spec.keyset, &self.spec.outputs, &file)?;
            Ok(client::decrypt(&self.spec, secret, &values)?)
        };
        self.run(&files)?.into_iter().map(decrypt).collect()
    }

    /// [`Self::call`] of files of encrypted arguments, one for each call; gives files of results.
    pub fn run(&self, files: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ClientError> {
        if files.is_empty() {
            return Ok(vec![]);
        }
        let path =
            format!("/v1/models/{}/predict?function={}", segment(&self.model)?, encoded(&self.spec.name));
        let headers = [
            ("content-type", FILES.to_owned()),
            ("content-length", files.iter().map(Vec::len).sum::<usize>().to_string()),
            (KEYS, self.keys.to_string()),
        ];
        let mut body = Pieces { files, at: Cursor::new(&[]) };
        let mut answer = self.client.call("POST", &path, &headers, Some(SendBody::from_reader(&mut body)))?;
        let most = most_values_bytes(&self.spec.keyset, &self.spec.outputs);
        let mut from = answer.body_mut().as_reader();
        files.iter().map(|_| self.result(&mut from, most)).collect()
    }

    /// The next result of an answer.
    fn result(&self, from: &mut dyn Read, most: u64) -> Result<Vec<u8>, ClientError> {
        let lost = |error: std::io::Error| ClientError::Transport {
            base: self.client.base.clone(),
            problem: format!("the answer ends early: {error}"),
        };
        let mut magic = [0; FAILED_MAGIC.len()];
        from.read_exact(&mut magic).map_err(lost)?;
        if &magic == FAILED_MAGIC {
            return Err(reason(from).unwrap_or_else(lost));
        }
        let mut start = [0; START_BYTES];
        start[..magic.len()].copy_from_slice(&magic);
        from.read_exact(&mut start[magic.len()..]).map_err(lost)?;
        let length = bytes_said(&start)?;
        if length > most {
            let problem = format!("a result of {length} bytes, this program gives at most {most}");
            return Err(ClientError::Answer(problem));
        }
        let mut file = start.to_vec();
        let rest = length - START_BYTES as u64;
        if from.take(rest).read_to_end(&mut file).map_err(lost)? as u64 != rest {
            return Err(lost(std::io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(file)
    }
}

/// Why a later call failed.
fn reason(from: &mut dyn Read) -> Result<ClientError, std::io::Error> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut text = vec![];
    from.take(MAX_PROBLEM.min(u32::from_le_bytes(length).into())).read_to_end(&mut text)?;
    Ok(match serde_json::from_slice::<ProblemBody>(&text) {
        Ok(ProblemBody { kind, detail, status, .. }) => {
            ClientError::Refused { status, kind, detail, offset: None }
        }
        Err(error) => ClientError::Answer(error.to_string()),
    })
}

/// A name as a part of a query.
fn encoded(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Files end to end, without a copy of all.
struct Pieces<'a> {
    files: &'a [Vec<u8>],
    at: Cursor<&'a [u8]>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.at.read(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            let Some((first, rest)) = self.files.split_first() else { return Ok(0) };
            (self.at, self.files) = (Cursor::new(first.as_slice()), rest);
        }
    }
}
