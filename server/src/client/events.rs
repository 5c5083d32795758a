//! A call's event stream as a client reads it: taken up again where it broke, read in pieces of any size.

use std::time::Duration;

use reqwest::{Method, Response, header};
use serde_json::Value;
use tokio::{sync::mpsc, task::AbortHandle};

use super::{Client, Fault, Refused, read};

/// A server that sends nothing at all, not even a keep-alive, for this long is gone.
const IDLE_MAX: Duration = Duration::from_secs(45);
/// Longest line of the stream, in bytes.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Waited before the stream is taken up again.
const RETRY: Duration = Duration::from_secs(1);
/// How often in a row that may fail.
const RETRIES_MAX: u32 = 5;
/// Events waiting for whoever reads them; then the server waits too.
const NEWS_MAX: usize = 64;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// `state`, `line`, `hearing`, `line_state`, `keys`, `bridge`, `forgotten`, `end`.
    pub name: String,
    /// A JSON object.
    pub data: Value,
}

/// The events of one call, read by a task of their own: waiting for one may be given up at any time.
#[derive(Debug)]
pub struct Events {
    news: mpsc::Receiver<Result<News, Fault>>,
    task: AbortHandle,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Events {
    pub(super) fn new(client: Client, call_id: &str) -> Self {
        let (tx, news) = mpsc::channel(NEWS_MAX);
        let stream = Stream {
            client,
            call_id: call_id.to_owned(),
            answer: None,
            parser: Parser::default(),
            failures: 0,
            is_over: false,
        };
        let task = tokio::spawn(stream.run(tx)).abort_handle();
        Self { news, task }
    }

    /// The next event; nothing after the end.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached any more; nothing follows.
    pub async fn next(&mut self) -> Result<Option<News>, Fault> {
        self.news.recv().await.transpose()
    }
}

/// The stream, over as many connections as it takes.
struct Stream {
    client: Client,
    call_id: String,
    answer: Option<Response>,
    parser: Parser,
    failures: u32,
    is_over: bool,
}

impl Stream {
    async fn run(mut self, tx: mpsc::Sender<Result<News, Fault>>) {
        while let Some(news) = self.next().await.transpose() {
            let failed = news.is_err();
            if tx.send(news).await.is_err() || failed {
                return;
            }
        }
    }

    async fn next(&mut self) -> Result<Option<News>, Fault> {
        loop {
            if let Some(news) = self.parser.next() {
                self.failures = 0;
                self.is_over |= news.name == "end";
                return Ok(Some(news));
            }
            if self.is_over {
                return Ok(None);
            }
            if let Err(fault) = self.more().await {
                self.answer = None;
                self.failures += 1;
                if !fault.is_retryable() || self.failures > RETRIES_MAX {
                    return Err(fault);
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Opens the stream or reads one more piece of it.
    async fn more(&mut self) -> Result<(), Fault> {
        let Some(answer) = &mut self.answer else {
            self.answer = Some(self.open().await?);
            self.parser.restart();
            return Ok(());
        };
        let broke = |detail: &str| Fault::Unreachable {
            server: self.client.server().to_owned(),
            detail: detail.to_owned(),
        };
        match tokio::time::timeout(IDLE_MAX, answer.chunk()).await {
            Err(_) => Err(broke("the event stream fell silent")),
            Ok(Err(_) | Ok(None)) => Err(broke("the event stream broke off")),
            Ok(Ok(Some(piece))) => {
                self.parser.feed(&piece);
                Ok(())
            }
        }
    }

    async fn open(&self) -> Result<Response, Fault> {
        let url = self.client.url(&["v1", "calls", &self.call_id, "events"], &[]);
        let mut request =
            self.client.request(Method::GET, url)?.header(header::ACCEPT, "text/event-stream");
        if !self.parser.last_id.is_empty() {
            request = request.header("last-event-id", &self.parser.last_id);
        }
        let answer = tokio::time::timeout(super::REQUEST_MAX, request.send()).await;
        let answer = answer.map_err(|_| Fault::Unreachable {
            server: self.client.server().to_owned(),
            detail: "no answer in time".to_owned(),
        })?;
        let answer = answer.map_err(|e| self.client.unreachable(&e))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(Refused::read(answer.status().as_u16(), &read(answer).await?).into())
    }
}

/// Reads an event stream (WHATWG HTML §9.2.6). What is no JSON becomes `null`.
#[derive(Debug, Default)]
struct Parser {
    /// Read, not yet taken apart.
    bytes: Vec<u8>,
    name: String,
    data: String,
    id: Option<String>,
    /// Of the last event that was whole.
    last_id: String,
}

impl Parser {
    /// A new stream begins; which event was the last one stays.
    fn restart(&mut self) {
        *self = Self { last_id: std::mem::take(&mut self.last_id), ..Self::default() };
    }

    fn feed(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > LINE_BYTES_MAX && !self.bytes.contains(&b'\n') {
            self.bytes.clear();
        }
    }

    fn next(&mut self) -> Option<News> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let name = std::mem::take(&mut self.name);
                let data = std::mem::take(&mut self.data);
                if let Some(id) = self.id.take() {
                    self.last_id = id;
                }
                if !data.is_empty() {
                    let data = serde_json::from_str(&data).unwrap_or_default();
                    return Some(News { name, data });
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => self.name = value.to_owned(),
                "data" if self.data.is_empty() => self.data = value.to_owned(),
                "data" => {
                    self.data.push('\n');
                    self.data.push_str(value);
                }
                "id" => self.id = Some(value.to_owned()),
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_in_pieces_of_any_size() {
        let stream = "retry: 2000\nid: 1\nevent: state\ndata: {\"lifecycle\":\"queued\"}\n\n: keep-alive\n\n\
                      id:2\r\nevent:line\r\ndata:{\"text\":\r\ndata:\"h\u{e9}\"}\r\n\r\nid: 3\nevent: cut\ndata: {}\n";
        for size in [1, 2, 3, 7, 500] {
            let mut parser = Parser::default();
            let mut got = Vec::new();
            for piece in stream.as_bytes().chunks(size) {
                parser.feed(piece);
                while let Some(news) = parser.next() {
                    got.push((news.name, news.data, parser.last_id.clone()));
                }
            }
            let state = serde_json::json!({ "lifecycle": "queued" });
            let line = serde_json::json!({ "text": "h\u{e9}" });
            assert_eq!(
                got,
                [
                    ("state".to_owned(), state, "1".to_owned()),
                    ("line".to_owned(), line, "2".to_owned())
                ]
            );
            parser.restart();
            assert_eq!(parser.next(), None);
            assert_eq!(parser.last_id, "2");
        }
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut parser = Parser::default();
        for _ in 0..40 {
            parser.feed(&[b'x'; 64 * 1024]);
        }
        assert!(parser.bytes.len() <= LINE_BYTES_MAX);
    }
}
