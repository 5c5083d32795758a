//! What goes wrong at a vendor on purpose.

use media::Mono;

use super::{Emulator, Input, Sent};

/// One thing that goes wrong. `after` counts messages (or pieces of the body) the vendor sent
/// before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Answered with an HTTP status instead.
    Refuse {
        /// HTTP status.
        code: u16,
        /// `Retry-After`, in s.
        retry_after_s: Option<u32>,
    },
    /// The connection stands, and nothing more is ever sent.
    Stall {
        /// Messages before.
        after: usize,
    },
    /// One message that follows no protocol; then it goes on.
    Garbage {
        /// Messages before.
        after: usize,
    },
    /// The vendor closes; an HTTP answer just ends.
    Close {
        /// Messages before.
        after: usize,
        /// RFC 6455 close code.
        code: u16,
        /// Reason.
        reason: &'static str,
    },
    /// The connection is gone without a word.
    Vanish {
        /// Messages before.
        after: usize,
    },
}

/// An emulator something goes wrong with.
pub struct Troubled<E> {
    inner: E,
    trouble: Trouble,
    /// Messages passed on.
    passed: usize,
    /// The opening was passed on, with its kind.
    opened: Option<Kind>,
    /// The trouble has happened.
    happened: bool,
    /// A second message of the trouble.
    next: Option<Sent>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    WebSocket,
    Http,
}

impl<E: Emulator> Troubled<E> {
    /// This emulator, with that trouble.
    pub fn new(inner: E, trouble: Trouble) -> Self {
        Self { inner, trouble, passed: 0, opened: None, happened: false, next: None }
    }

    /// The trouble has come to an end of the connection, or to silence.
    fn is_silent(&self) -> bool {
        self.happened && !matches!(self.trouble, Trouble::Garbage { .. })
    }

    fn is_due(&self) -> bool {
        match self.trouble {
            Trouble::Refuse { .. } => false,
            Trouble::Stall { after }
            | Trouble::Garbage { after }
            | Trouble::Close { after, .. }
            | Trouble::Vanish { after } => {
                !self.happened && self.opened.is_some() && self.passed >= after
            }
        }
    }

    fn happen(&mut self) -> Option<Sent> {
        self.happened = true;
        let http = self.opened == Some(Kind::Http);
        match &self.trouble {
            Trouble::Stall { .. } | Trouble::Refuse { .. } => None,
            Trouble::Garbage { .. } if http => {
                Some(Sent::Body(b"data: {\"choices\":[\n\n".to_vec()))
            }
            Trouble::Garbage { .. } => Some(Sent::Text("<html>502 Bad Gateway</html>".to_owned())),
            Trouble::Close { .. } if http => Some(Sent::BodyEnd),
            Trouble::Close { code, reason, .. } => {
                Some(Sent::Closed { code: *code, reason: (*reason).to_owned() })
            }
            Trouble::Vanish { .. } => Some(Sent::Failed),
        }
    }
}

impl<E: Emulator> Emulator for Troubled<E> {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        use agent::wire::Outgoing;
        if let Trouble::Refuse { code, retry_after_s } = self.trouble {
            let first =
                matches!(input, Input::Client(Outgoing::Connect(_) | Outgoing::Post { .. }));
            if first && !self.happened {
                self.happened = true;
                self.next = Some(Sent::Status { code, retry_after_s });
                self.opened = match input {
                    Input::Client(Outgoing::Post { .. }) => Some(Kind::Http),
                    _ => Some(Kind::WebSocket),
                };
            }
        } else if !self.is_silent() {
            self.inner.handle(now, input);
        }
    }

    fn poll(&mut self) -> Option<Sent> {
        if let Some(next) = self.next.take() {
            if matches!(next, Sent::Status { .. }) {
                // The end of a refusal: the body of an answer, or a connection that never was.
                let http = self.opened == Some(Kind::Http);
                self.next = Some(if http { Sent::BodyEnd } else { Sent::Failed });
            }
            return Some(next);
        }
        if self.is_silent() {
            return None;
        }
        if self.is_due() {
            return self.happen();
        }
        let sent = self.inner.poll()?;
        match &sent {
            Sent::Opened => self.opened = Some(Kind::WebSocket),
            Sent::Status { .. } => self.opened = Some(Kind::Http),
            _ => self.passed += 1,
        }
        Some(sent)
    }

    fn deadline(&self) -> Option<Mono> {
        if self.is_silent() { None } else { self.inner.deadline() }
    }
}

impl<E: Emulator + ?Sized> Emulator for Box<E> {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        (**self).handle(now, input);
    }

    fn poll(&mut self) -> Option<Sent> {
        (**self).poll()
    }

    fn deadline(&self) -> Option<Mono> {
        (**self).deadline()
    }
}
