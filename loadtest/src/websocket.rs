//! The client's end of a WebSocket over bytes: no socket, no task, no copy that can be avoided.
//!
//! A load generator sends the same few kinds of message a thousand times a second; a general client
//! costs more than the server under test. The handshake's accept key is not checked: nobody loads a
//! server they do not trust.

use std::ops::Range;

use anyhow::{Result, bail};

/// Longest answer to the handshake.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest message of a server.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The request that asks for a WebSocket.
pub(crate) fn upgrade(authority: &str, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// One thing a server sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// Text; not checked to be UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Binary(&'a [u8]),
    /// Wants the same back.
    Ping(&'a [u8]),
    /// The last message, and its code if it has one.
    Close(Option<u16>),
    /// Nothing anybody needs to know.
    Nothing,
}

/// What a server answered to the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing yet.
    None,
    /// A WebSocket begins.
    Upgraded,
    /// It takes no call now (503).
    Unavailable,
}

/// Cuts what arrives into messages.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    at: usize,
    fragments: Vec<u8>,
    fragmented: u8,
}

/// One frame's place in the bytes.
struct Frame {
    fin: bool,
    opcode: u8,
    payload: Range<usize>,
}

impl Reader {
    /// More bytes arrived.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.at == self.bytes.len() {
            self.bytes.clear();
        } else if self.at > 0 {
            self.bytes.drain(..self.at);
        }
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes the answer to the handshake.
    pub(crate) fn upgraded(&mut self) -> Result<Answer> {
        let Some(end) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            if self.bytes.len() > HEAD_BYTES_MAX {
                bail!("the answer to the handshake has no end");
            }
            return Ok(Answer::None);
        };
        let line = self.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        if line.starts_with(b"HTTP/1.1 503") {
            return Ok(Answer::Unavailable);
        }
        if !line.starts_with(b"HTTP/1.1 101") {
            bail!("no WebSocket: {}", String::from_utf8_lossy(&line[..line.len().min(100)]));
        }
        self.at = end + 4;
        Ok(Answer::Upgraded)
    }

    /// The next message that is whole.
    pub(crate) fn next(&mut self) -> Result<Option<Message<'_>>> {
        let Some(Frame { fin, opcode, payload }) = self.frame()? else { return Ok(None) };
        self.at = payload.end;
        let bytes = &self.bytes[payload];
        let message = match (opcode, fin) {
            (TEXT, true) => Message::Text(bytes),
            (BINARY, true) => Message::Binary(bytes),
            (PING, true) => Message::Ping(bytes),
            (PONG, true) => Message::Nothing,
            (CLOSE, true) => {
                Message::Close(bytes.first_chunk().map(|code| u16::from_be_bytes(*code)))
            }
            (TEXT | BINARY, false) => {
                self.fragmented = opcode;
                self.fragments.clear();
                self.fragments.extend_from_slice(bytes);
                Message::Nothing
            }
            (CONTINUATION, fin) if self.fragmented != 0 => {
                if self.fragments.len() + bytes.len() > MESSAGE_BYTES_MAX {
                    bail!("a message without an end");
                }
                self.fragments.extend_from_slice(bytes);
                match (fin, self.fragmented) {
                    (false, _) => Message::Nothing,
                    (true, TEXT) => Message::Text(&self.fragments),
                    (true, _) => Message::Binary(&self.fragments),
                }
            }
            _ => bail!("a frame that no WebSocket has here (opcode {opcode})"),
        };
        Ok(Some(message))
    }

    fn frame(&self) -> Result<Option<Frame>> {
        let bytes = &self.bytes[self.at..];
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        if first & 0x70 != 0 || second & 0x80 != 0 {
            bail!("a frame with reserved bits or a mask");
        }
        let (length, head) = match (second & 0x7F, rest) {
            (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 4),
            (127, [0, 0, 0, 0, a, b, c, d, ..]) => {
                (u32::from_be_bytes([*a, *b, *c, *d]) as usize, 10)
            }
            (127, [_, _, _, _, _, _, _, _, ..]) => bail!("a frame of more than 4 GiB"),
            (126 | 127, _) => return Ok(None),
            (short, _) => (usize::from(short), 2),
        };
        if length > MESSAGE_BYTES_MAX {
            bail!("a frame of {length} bytes");
        }
        if bytes.len() < head + length {
            return Ok(None);
        }
        let from = self.at + head;
        let frame =
            Frame { fin: first & 0x80 != 0, opcode: first & 0x0F, payload: from..from + length };
        Ok(Some(frame))
    }
}

/// Puts messages into frames, masked as clients must.
#[derive(Debug)]
pub(crate) struct Writer {
    /// What goes out.
    pub(crate) bytes: Vec<u8>,
    mask: u32,
}

impl Writer {
    /// A writer whose masks come from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { bytes: Vec::new(), mask: seed as u32 | 1 }
    }

    /// Adds a text message.
    pub(crate) fn text(&mut self, text: &[u8]) {
        self.frame(TEXT, text);
    }

    /// Adds a binary message.
    pub(crate) fn binary(&mut self, bytes: &[u8]) {
        self.frame(BINARY, bytes);
    }

    /// Answers a ping.
    pub(crate) fn pong(&mut self, bytes: &[u8]) {
        self.frame(PONG, &bytes[..bytes.len().min(125)]);
    }

    /// Says goodbye.
    pub(crate) fn close(&mut self) {
        self.frame(CLOSE, &1000_u16.to_be_bytes());
    }

    fn frame(&mut self, opcode: u8, payload: &[u8]) {
        // Xorshift: a new mask for each frame, as the protocol wants.
        self.mask ^= self.mask << 13;
        self.mask ^= self.mask >> 17;
        self.mask ^= self.mask << 5;
        let mask = self.mask.to_ne_bytes();
        self.bytes.push(0x80 | opcode);
        match payload.len() {
            short @ 0..=125 => self.bytes.push(0x80 | short as u8),
            medium @ 126..=0xFFFF => {
                self.bytes.push(0x80 | 126);
                self.bytes.extend_from_slice(&(medium as u16).to_be_bytes());
            }
            long => {
                self.bytes.push(0x80 | 127);
                self.bytes.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        self.bytes.extend_from_slice(&mask);
        let from = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        for four in self.bytes[from..].chunks_mut(4) {
            for (byte, mask) in four.iter_mut().zip(mask) {
                *byte ^= mask;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(opcode: u8, fin: bool, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![u8::from(fin) << 7 | opcode];
        match payload.len() {
            short @ 0..=125 => bytes.push(short as u8),
            long => {
                bytes.push(126);
                bytes.extend_from_slice(&(long as u16).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn messages_come_out_whole_however_the_bytes_are_cut() {
        let long = vec![b'x'; 300];
        let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n".to_vec();
        bytes.extend(server(TEXT, true, b"{}"));
        bytes.extend(server(TEXT, false, b"ab"));
        bytes.extend(server(PING, true, b"p"));
        bytes.extend(server(CONTINUATION, true, b"cd"));
        bytes.extend(server(BINARY, true, &long));
        bytes.extend(server(CLOSE, true, &1000_u16.to_be_bytes()));
        for step in [1, 3, 7, 1_000] {
            let (mut reader, mut up, mut seen) = (Reader::default(), false, Vec::new());
            for part in bytes.chunks(step) {
                reader.push(part);
                up = up || reader.upgraded().expect("a WebSocket") == Answer::Upgraded;
                while up && let Some(message) = reader.next().expect("good frames") {
                    if message != Message::Nothing {
                        seen.push(format!("{message:?}"));
                    }
                }
            }
            let wanted = [
                Message::Text(b"{}"),
                Message::Ping(b"p"),
                Message::Text(b"abcd"),
                Message::Binary(&long),
                Message::Close(Some(1000)),
            ];
            assert_eq!(seen, wanted.map(|message| format!("{message:?}")), "cut every {step}");
        }
    }

    #[test]
    fn the_key_has_the_16_bytes_that_strict_servers_count() {
        let request = upgrade("127.0.0.1:80", "/x");
        let key = request.split("Sec-WebSocket-Key: ").nth(1).expect("a key");
        let key = key.split("\r\n").next().expect("a line");
        let bytes = base64_simd::STANDARD.decode_to_vec(key).expect("base64");
        assert_eq!(bytes.len(), 16);
        assert!(request.ends_with("\r\n\r\n"), "{request:?}");
    }

    #[test]
    fn bad_answers_and_bad_frames_are_errors() {
        let mut refused = Reader::default();
        refused.push(b"HTTP/1.1 404 Not Found\r\n\r\n");
        let error = refused.upgraded().expect_err("no WebSocket").to_string();
        assert!(error.contains("404"), "{error}");
        let mut busy = Reader::default();
        busy.push(b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
        assert_eq!(busy.upgraded().ok(), Some(Answer::Unavailable));
        for bad in [&[0xC1, 0][..], &[0x81, 0x80], &[0x80, 0], &[0x82, 127, 9, 0, 0, 0, 0, 0, 0, 0]]
        {
            let mut reader = Reader::default();
            reader.push(bad);
            reader.next().expect_err("a bad frame");
        }
    }

    #[test]
    fn what_is_written_unmasks_to_what_was_meant() {
        for length in [0, 5, 125, 126, 400, 70_000] {
            let mut writer = Writer::new(7);
            let text = vec![b'a'; length];
            writer.text(&text);
            let head = [2, 4, 10][usize::from(length > 125) + usize::from(length > 0xFFFF)];
            let mask = &writer.bytes[head..head + 4];
            let plain = writer.bytes[head + 4..].iter().zip(mask.iter().cycle());
            assert_eq!(plain.map(|(byte, mask)| byte ^ mask).collect::<Vec<_>>(), text);
        }
    }
}
