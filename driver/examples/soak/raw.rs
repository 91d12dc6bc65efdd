//! Requests byte by byte, as no proper client sends them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The stable name of the problem.
    pub(crate) fn problem(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let value: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("no problem: {self:?}"));
        assert_eq!(value["status"], self.status, "{text}");
        assert!(value["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{text}");
        value["type"].as_str().unwrap().strip_prefix("urn:cloakwork:").unwrap().to_owned()
    }

    /// Status and name of the problem.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.problem())
    }
}

/// A request with its length; `headers` are whole lines.
pub(crate) fn request(method: &str, path: &str, headers: &[String], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    let has_length = headers
        .iter()
        .any(|line| line.starts_with("content-length") || line.starts_with("transfer-encoding"));
    if !has_length {
        text += &format!("content-length: {}\r\n", body.len());
    }
    headers.iter().for_each(|line| text += &format!("{line}\r\n"));
    let mut bytes = (text + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A connection.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends bytes and reads all that comes back.
pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = connect(address);
    // Who is refused early may not take all.
    let _ = stream.write_all(bytes);
    answer(&mut stream)
}

/// Reads an answer up to the end of the connection.
pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let (mut bytes, mut piece) = (vec![], [0; 1 << 16]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset && !bytes.is_empty() => break,
            Err(error) => panic!("no answer: {error}, after {} bytes", bytes.len()),
        }
    }
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = bytes.get(end + 4..).unwrap_or(&[]).to_vec();
    Answer { status, head, body }
}
