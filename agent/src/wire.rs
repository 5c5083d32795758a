//! What a vendor dialect says to, and hears from, the generic network shells.
//!
//! Dialects are values in, values out: the shell opens the socket, enforces time-outs and limits,
//! hides secrets from logs, and hands every message over unchanged.

/// What happened on the vendor's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// The connection stands.
    Opened,
    /// A WebSocket text message.
    Text(&'a str),
    /// A WebSocket binary message.
    Binary(&'a [u8]),
    /// The answer to a request began: HTTP status, and `Retry-After` in s if it was sent.
    Status {
        /// HTTP status code.
        code: u16,
        /// Seconds to wait, if the vendor said so.
        retry_after_s: Option<u32>,
    },
    /// Bytes of the answer's body, cut anywhere.
    Body(&'a [u8]),
    /// The answer's body is complete.
    BodyEnd,
    /// The connection closed: WebSocket close code and reason.
    Closed {
        /// RFC 6455 close code; 1006 when the peer vanished.
        code: u16,
        /// What the peer gave as its reason.
        reason: &'a str,
    },
    /// It could not be opened or broke: refused, time-out, TLS, reset. WebSocket upgrades that were
    /// answered with an HTTP status come as [`Incoming::Status`] first.
    Failed {
        /// For people; holds no secret.
        reason: &'a str,
    },
}

/// What the dialect wants done on its connection.
#[derive(Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// Open a WebSocket; one that is open already is dropped, and nothing more is heard of it.
    Connect(Request),
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Binary(Vec<u8>),
    /// Close the WebSocket in good order.
    Close,
    /// Post a request and stream its answer back.
    Post {
        /// Where to.
        request: Request,
        /// JSON body.
        body: String,
    },
    /// Drop the request that is under way.
    Abort,
}

/// Where to, with which headers. `Debug` hides header values and the query.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Absolute URL.
    pub url: String,
    /// Names and values; values are secrets.
    pub headers: Vec<(&'static str, String)>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.url.split('?').next().unwrap_or_default();
        let names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Request").field("url", &shown).field("headers", &names).finish()
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(request) => f.debug_tuple("Connect").field(request).finish(),
            Self::Text(text) => f.debug_tuple("Text").field(&text.len()).finish(),
            Self::Binary(bytes) => f.debug_tuple("Binary").field(&bytes.len()).finish(),
            Self::Close => f.write_str("Close"),
            Self::Post { request, body } => {
                f.debug_tuple("Post").field(request).field(&body.len()).finish()
            }
            Self::Abort => f.write_str("Abort"),
        }
    }
}
