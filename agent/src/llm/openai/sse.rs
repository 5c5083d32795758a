//! Server-sent events (WHATWG HTML §9.2), cut anywhere: the `data` of each event, in order. Left
//! out: event names, ids and retry, which chat completions do not use.

/// Longest line and longest event, in bytes.
pub(super) const EVENT_BYTES_MAX: usize = 256 * 1024;

/// The stream sent more in one event than fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Puts events together.
#[derive(Debug, Default)]
pub(super) struct Sse {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    after_cr: bool,
}

impl Sse {
    /// Takes in bytes; gives the data of the events they complete. Comment lines vanish.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    events.extend(self.end_line()?);
                }
                _ if self.line.len() >= EVENT_BYTES_MAX => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    /// The stream is over: servers that forget the last blank line are forgiven.
    pub(super) fn finish(&mut self) -> Option<String> {
        let _ = self.end_line();
        self.event()
    }

    fn end_line(&mut self) -> Result<Option<String>, TooLong> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return Ok(self.event());
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            let data = data.strip_prefix(b" ").unwrap_or(data);
            if self.data.len() + data.len() > EVENT_BYTES_MAX {
                return Err(TooLong);
            }
            if self.has_data {
                self.data.push(b'\n');
            }
            self.has_data = true;
            self.data.extend_from_slice(data);
        }
        Ok(None)
    }

    fn event(&mut self) -> Option<String> {
        let data = std::mem::take(&mut self.data);
        std::mem::take(&mut self.has_data).then(|| String::from_utf8_lossy(&data).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_wherever_the_bytes_are_cut() {
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", &["a", "b"][..]),
            ("data:a\r\n\r\ndata: b\r\rdata: c\n\n", &["a", "b", "c"]),
            (": keepalive\n\ndata: a\n\n", &["a"]),
            ("data: a\ndata: b\n\n", &["a\nb"]),
            ("event: x\nid: 1\ndata: é\n\n", &["é"]),
            ("data: a\n\ndata: [DONE]", &["a", "[DONE]"]),
            ("\n\n\n", &[]),
        ] {
            for step in 1..8 {
                let mut sse = Sse::default();
                let mut events = Vec::new();
                for chunk in stream.as_bytes().chunks(step) {
                    events.extend(sse.push(chunk).expect("short"));
                }
                events.extend(sse.finish());
                assert_eq!(events, expected, "{stream:?} in steps of {step}");
            }
        }
    }

    #[test]
    fn an_endless_line_or_event_is_refused() {
        let mut sse = Sse::default();
        assert_eq!(sse.push(&vec![b'x'; EVENT_BYTES_MAX + 1]), Err(TooLong));
        let mut sse = Sse::default();
        let lines = "data: xxxxxxxxxxxxxxxx\n".repeat(EVENT_BYTES_MAX / 8);
        assert_eq!(sse.push(lines.as_bytes()), Err(TooLong));
    }
}
