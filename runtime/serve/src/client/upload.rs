//! Uploads of evaluation keys, which go on where they stopped.

use super::exchange::{header, json};
use super::{Client, ClientError};
use crate::ContentHash;
use crate::wire::{FILES, KeySummary, NewUpload, UPLOAD_COMPLETE, UPLOAD_OFFSET};
use cloakwork_runtime::formats::CHECKSUM_BYTES;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use ureq::SendBody;

/// How often an upload is taken up again without having grown.
const PATIENCE: u32 = 5;
/// The pause before the first time; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest answer.
const MAX_JSON: u64 = 1 << 20;

impl Client {
    /// Uploads a file of evaluation keys for `model`, unless the service has them; says their name.
    pub fn upload_file(&self, model: &str, path: &Path) -> Result<ContentHash, ClientError> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut last = [0; CHECKSUM_BYTES];
        file.seek(SeekFrom::Start(bytes.saturating_sub(CHECKSUM_BYTES as u64)))?;
        file.read_exact(&mut last)?;
        self.upload(model, ContentHash::said_by(last), bytes, &mut file)
    }

    /// [`Self::upload_file`] of keys as bytes.
    pub fn upload_keys(&self, model: &str, keys: &[u8]) -> Result<ContentHash, ClientError> {
        let last = keys.last_chunk().ok_or(std::io::ErrorKind::UnexpectedEof);
        let last = last.map_err(std::io::Error::from)?;
        self.upload(model, ContentHash::said_by(*last), keys.len() as u64, &mut Cursor::new(keys))
    }

    fn upload<K: Read + Seek>(
        &self,
        model: &str,
        sha256: ContentHash,
        bytes: u64,
        keys: &mut K,
    ) -> Result<ContentHash, ClientError> {
        let wanted = NewUpload { model: model.to_owned(), sha256, bytes };
        let text = serde_json::to_vec(&wanted).map_err(|error| ClientError::Answer(error.to_string()))?;
        let headers = [("content-type", "application/json".to_owned())];
        let body = Some(SendBody::from_owned_reader(Cursor::new(text)));
        let found: KeySummary = json(self.call("POST", "/v1/keys", &headers, body)?, MAX_JSON)?;
        if found.is_complete {
            return Ok(sha256);
        }
        let (mut offset, mut tried) = (found.stored, 0);
        while offset < bytes {
            match self.append(sha256, offset, bytes, keys) {
                Ok(reached) => offset = reached,
                Err(error) if is_final(&error) || tried == PATIENCE => return Err(error),
                Err(_) => {
                    sleep(PAUSE * 2u32.pow(tried));
                    tried += 1;
                    // Where even this fails, the next round tries again.
                    if let Ok((reached, is_complete)) = self.progress(sha256) {
                        if is_complete {
                            return Ok(sha256);
                        }
                        if reached > offset {
                            tried = 0;
                        }
                        offset = reached;
                    }
                }
            }
        }
        self.call("POST", &format!("/v1/keys/{sha256}/complete"), &[], Some(SendBody::none()))?;
        Ok(sha256)
    }

    /// How far an upload is, and whether it is keys already.
    fn progress(&self, keys: ContentHash) -> Result<(u64, bool), ClientError> {
        let answer = self.call("HEAD", &format!("/v1/keys/{keys}"), &[], None)?;
        let read = header(&answer, UPLOAD_OFFSET).zip(header(&answer, UPLOAD_COMPLETE));
        read.ok_or_else(|| ClientError::Answer("no offset".to_owned()))
    }

    fn append<K: Read + Seek>(
        &self,
        sha256: ContentHash,
        offset: u64,
        bytes: u64,
        keys: &mut K,
    ) -> Result<u64, ClientError> {
        keys.seek(SeekFrom::Start(offset))?;
        let headers = [
            ("content-type", FILES.to_owned()),
            ("content-length", (bytes - offset).to_string()),
            (UPLOAD_OFFSET, offset.to_string()),
        ];
        let body = Some(SendBody::from_reader(keys));
        let answer = self.call("PATCH", &format!("/v1/keys/{sha256}"), &headers, body)?;
        let reached = header(&answer, UPLOAD_OFFSET).filter(|reached| (offset..=bytes).contains(reached));
        reached.ok_or_else(|| ClientError::Answer("an upload without an offset within it".to_owned()))
    }
}

/// Whether it is of no use to go on.
fn is_final(error: &ClientError) -> bool {
    match error {
        ClientError::Transport { .. } => false,
        // Another offset, a slow moment, a service that ends and starts anew.
        ClientError::Refused { status, .. } => !matches!(status, 408 | 409 | 429 | 503),
        _ => true,
    }
}
