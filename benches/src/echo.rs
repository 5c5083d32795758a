//! What both echo servers do with a Twilio stream: every `media` message goes back as it came, which
//! makes it an outbound one with the same payload; nothing else is answered. Frames are cut by hand
//! where no library does it.

/// Longest message taken.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

/// Is this text a frame of sound? Twilio writes the event first.
pub fn is_media(text: &[u8]) -> bool {
    text.starts_with(br#"{"event":"media""#)
}

/// The peer sent what no carrier sends: a fragment, a frame without a mask, one that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFrame;

/// Whether the peer wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// More may come.
    GoOn,
    /// It said goodbye, and was answered.
    Close,
}

/// Takes every whole frame from the front of `inbound` and appends the answers to `out`.
///
/// # Errors
/// When the peer does not keep to the protocol; it must go.
pub fn answer(inbound: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<Then, BadFrame> {
    let mut at = 0;
    let mut then = Then::GoOn;
    while then == Then::GoOn
        && let Some((first, payload, mask)) = frame(&inbound[at..])?
    {
        let payload = &mut inbound[at + payload.start..at + payload.end];
        unmask(payload, mask);
        match first {
            TEXT if is_media(payload) => append(TEXT, payload, out),
            PING => append(PONG, payload, out),
            CLOSE => {
                append(CLOSE, payload, out);
                then = Then::Close;
            }
            _ => {}
        }
        at += payload.len() + head_bytes(payload.len()) + 4;
    }
    inbound.drain(..at);
    Ok(then)
}

type Frame = (u8, std::ops::Range<usize>, [u8; 4]);

/// The frame at the front, if it is whole: first byte, place of its payload, mask.
fn frame(bytes: &[u8]) -> Result<Option<Frame>, BadFrame> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    // Whole messages only, none reserved; clients mask.
    if first & 0xF0 != 0x80 || second & 0x80 == 0 {
        return Err(BadFrame);
    }
    let length = match (second & 0x7F, rest) {
        (126, [a, b, ..]) => usize::from(u16::from_be_bytes([*a, *b])),
        (126, _) => return Ok(None),
        (127, _) => return Err(BadFrame),
        (short, _) => usize::from(short),
    };
    // A length written longer than needed would put the payload elsewhere.
    let head = if second & 0x7F == 126 { 4 } else { 2 };
    if head != head_bytes(length) || length > MESSAGE_BYTES_MAX {
        return Err(BadFrame);
    }
    let Some(mask) = bytes[head.min(bytes.len())..].first_chunk::<4>() else { return Ok(None) };
    let whole = bytes.len() >= head + 4 + length;
    Ok(whole.then_some((*first, head + 4..head + 4 + length, *mask)))
}

/// Bytes before the mask.
fn head_bytes(length: usize) -> usize {
    if length < 126 { 2 } else { 4 }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let (fours, rest) = payload.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

fn append(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(first);
    if payload.len() < 126 {
        out.push(payload.len() as u8);
    } else {
        out.push(126);
        out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(first, payload, &mut bytes);
        bytes[1] |= 0x80;
        let head = head_bytes(payload.len());
        let mask = [7, 99, 0, 255];
        unmask(&mut bytes[head..], mask);
        bytes.splice(head..head, mask);
        bytes
    }

    #[test]
    fn media_comes_back_however_the_bytes_are_cut() {
        let short = br#"{"event":"media","x":1}"#;
        let long = [&short[..], &[b'y'; 400]].concat();
        let mut sent = masked(TEXT, br#"{"event":"start"}"#);
        sent.extend(masked(TEXT, &long));
        sent.extend(masked(PING, b"p"));
        sent.extend(masked(TEXT, short));
        sent.extend(masked(CLOSE, &[3, 232]));
        sent.extend(masked(TEXT, short));
        let mut wanted = Vec::new();
        append(TEXT, &long, &mut wanted);
        append(PONG, b"p", &mut wanted);
        append(TEXT, short, &mut wanted);
        append(CLOSE, &[3, 232], &mut wanted);
        for step in [1, 2, 3, 7, 64, 10_000] {
            let (mut inbound, mut out) = (Vec::new(), Vec::new());
            let closed = sent.chunks(step).any(|part| {
                inbound.extend_from_slice(part);
                answer(&mut inbound, &mut out) == Ok(Then::Close)
            });
            assert!(closed, "cut every {step}");
            assert_eq!(out, wanted, "cut every {step}");
        }
    }

    #[test]
    fn what_no_carrier_sends_is_refused() {
        for bad in
            [&[0x81, 0][..], &[0x01, 0x80], &[0xC1, 0x80], &[0x81, 0xFF], &[0x81, 0xFE, 0, 5]]
        {
            let (mut inbound, mut out) = (bad.to_vec(), Vec::new());
            assert_eq!(answer(&mut inbound, &mut out), Err(BadFrame), "{bad:?}");
        }
    }
}
