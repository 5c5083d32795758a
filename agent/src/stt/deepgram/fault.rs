//! What went wrong at Deepgram, from HTTP status and close code.
//!
//! Source: Deepgram's documentation of WebSocket errors: 1008 `DATA-0000` (not decodable), 1011
//! `NET-0000` (internal time-out), 1011 `NET-0001` (no audio and no KeepAlive for some 10 s).

use crate::fault::{Fault, FaultClass};

/// A fault of this class.
pub(super) fn of(class: FaultClass, detail: impl Into<String>) -> Fault {
    Fault { vendor: "deepgram".to_owned(), class, retry_after_ms: None, detail: detail.into() }
}

/// The upgrade was answered with an HTTP status; `None` when that is no error.
pub(super) fn of_status(code: u16, retry_after_s: Option<u32>) -> Option<Fault> {
    let class = match code {
        0..=399 => return None,
        401 | 403 => FaultClass::Auth,
        402 | 429 => FaultClass::Quota,
        408 | 500.. => FaultClass::Transient,
        _ => FaultClass::BadRequest,
    };
    let retry_after_ms = retry_after_s.map(|s| s.saturating_mul(1000));
    Some(Fault { retry_after_ms, ..of(class, format!("HTTP status {code}")) })
}

/// The connection was closed by the other side.
pub(super) fn of_close(code: u16, reason: &str) -> Fault {
    let class = match code {
        1011 if reason.contains("NET-0001") => FaultClass::IdleClose,
        1002 | 1003 | 1007 | 1008 | 1009 => FaultClass::BadRequest,
        _ => FaultClass::Transient,
    };
    let reason: String = reason.chars().take(120).collect();
    of(class, format!("closed with {code} {reason}").trim_end())
}

#[cfg(test)]
mod tests {
    use FaultClass::*;

    use super::*;

    #[test]
    fn statuses() {
        let cases = [
            (101, None),
            (400, Some(BadRequest)),
            (401, Some(Auth)),
            (402, Some(Quota)),
            (403, Some(Auth)),
            (404, Some(BadRequest)),
            (429, Some(Quota)),
            (500, Some(Transient)),
            (503, Some(Transient)),
        ];
        for (code, class) in cases {
            assert_eq!(of_status(code, None).map(|fault| fault.class), class, "{code}");
        }
        assert_eq!(of_status(429, Some(3)).unwrap().retry_after_ms, Some(3000));
    }

    #[test]
    fn closes() {
        let cases = [
            (1000, "", Transient),
            (1001, "going away", Transient),
            (1006, "", Transient),
            (1008, "DATA-0000", BadRequest),
            (1011, "NET-0000", Transient),
            (1011, "Deepgram did not receive audio data. NET-0001", IdleClose),
        ];
        for (code, reason, class) in cases {
            assert_eq!(of_close(code, reason).class, class, "{code} {reason}");
        }
    }
}
