//! Bodies that come in: piece by piece, with limits on length, pauses and total time.

use crate::problem::{Kind, Problem};
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes that a body must bring each second, on the whole.
const LEAST_RATE: u64 = 64 << 10;
/// What is read of a body that was refused, so that its sender gets to read why.
const DRAINED: usize = 4 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// A body of limited length.
pub(crate) struct Incoming {
    body: Body,
    /// Bytes that were received and not yet taken.
    rest: Bytes,
    left: u64,
    most: u64,
    pause: Duration,
    begun: Instant,
    received: u64,
}

impl Incoming {
    /// At most `most` bytes, with pauses of at most `pause`.
    pub(crate) fn new(body: Body, most: u64, pause: Duration) -> Self {
        Self { body, rest: Bytes::new(), left: most, most, pause, begun: Instant::now(), received: 0 }
    }

    /// The next piece, none at the end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        loop {
            let whole = self.pause + Duration::from_secs(self.received / LEAST_RATE);
            let until = (self.begun + whole + self.pause).min(Instant::now() + self.pause);
            let frame = match timeout_at(until, self.body.frame()).await {
                Err(_) => {
                    let seconds = self.pause.as_secs_f64();
                    let detail = format!(
                        "a body may pause {seconds} s, and must bring {LEAST_RATE} bytes a second on the whole"
                    );
                    return Err(Problem::new(Kind::SlowBody, detail));
                }
                Ok(None) => return Ok(None),
                Ok(Some(frame)) => frame,
            };
            let cut = |error: axum::Error| {
                Problem::new(Kind::BadRequest, format!("the body ends in the middle: {error}"))
            };
            let Ok(data) = frame.map_err(cut)?.into_data() else { continue };
            let count = data.len() as u64;
            self.received += count;
            self.left = self.left.checked_sub(count).ok_or_else(|| {
                Problem::new(Kind::TooLong, format!("the body has more than {} bytes", self.most))
            })?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }

    /// Fills `bytes`; false at the end of the body.
    pub(crate) async fn exactly(&mut self, bytes: &mut [u8]) -> Result<bool, Problem> {
        let mut filled = 0;
        while filled < bytes.len() {
            let Some(mut piece) = self.piece().await? else {
                return match filled {
                    0 => Ok(false),
                    _ => Err(Problem::new(Kind::BadRequest, "the body ends in the middle of a file")),
                };
            };
            let count = piece.len().min(bytes.len() - filled);
            bytes[filled..][..count].copy_from_slice(&piece.split_to(count));
            self.rest = piece;
            filled += count;
        }
        Ok(true)
    }

    /// The whole body.
    pub(crate) async fn all(mut self) -> Result<Vec<u8>, Problem> {
        let mut bytes = vec![];
        while let Some(piece) = self.piece().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Reads on for a moment, so that the sender of a refused body comes to read the answer.
    pub(crate) async fn drain(mut self) {
        let read = async {
            let mut left = DRAINED;
            while let Some(Ok(frame)) = self.body.frame().await {
                let count = frame.data_ref().map_or(0, Bytes::len);
                if count >= left {
                    break;
                }
                left -= count;
            }
        };
        // Whoever sends more, or slowly, sees the connection end instead.
        let _ = timeout(DRAIN_TIME, read).await;
    }
}
