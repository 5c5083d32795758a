//! RFC 4733 telephone events: the four bytes, a sender and a receiver of keys.
//!
//! Left out: other events than the sixteen keys (they parse, and name no key), tones described by
//! frequency (§3), and redundancy by RFC 2198.

use crate::Digit;

/// The event codes of the keys, by code (RFC 4733 table 3).
const KEYS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];
/// The end is sent this often, so that losing one does not matter (§2.5.1.4).
const END_PACKETS: u8 = 3;
/// Longest duration one packet can state, in RTP clock ticks.
const DURATION_MAX: u32 = 0xFFFF;
/// Power of our keys: −10 dBm0.
const VOLUME: u8 = 10;

/// One telephone-event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happens; 0–15 are the keys.
    pub code: u8,
    /// The event is over.
    pub end: bool,
    /// Power as −dBm0, 0–63.
    pub volume: u8,
    /// How long it has lasted, in RTP clock ticks from the packet's timestamp.
    pub duration: u16,
}

/// Fewer than four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEvent {
    /// Size of the payload.
    pub bytes: usize,
}

impl std::fmt::Display for BadEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes are no telephone event (RFC 4733 §2.3: 4 bytes)", self.bytes)
    }
}

impl std::error::Error for BadEvent {}

impl Event {
    /// Reads the first event of a payload; what follows it is ignored.
    ///
    /// # Errors
    /// When there are fewer than four bytes.
    pub fn parse(payload: &[u8]) -> Result<Self, BadEvent> {
        let Some(&[code, flags, high, low]) = payload.first_chunk::<4>() else {
            return Err(BadEvent { bytes: payload.len() });
        };
        let duration = u16::from_be_bytes([high, low]);
        Ok(Self { code, end: flags & 0x80 != 0, volume: flags & 0x3F, duration })
    }

    /// The payload. Volume is cut to six bits.
    pub fn encode(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, u8::from(self.end) << 7 | self.volume & 0x3F, high, low]
    }

    /// The key, when the event is one.
    pub fn digit(self) -> Option<Digit> {
        KEYS.get(usize::from(self.code)).and_then(|&key| Digit::try_from(key).ok())
    }
}

/// The event code of a key.
pub fn code(digit: Digit) -> u8 {
    KEYS.iter().position(|&key| key == digit.as_char()).unwrap_or(0) as u8
}

/// One packet to send: wrap it in RTP with the event payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// The payload.
    pub payload: [u8; 4],
    /// RTP timestamp: when the event (or this segment of a very long one) began.
    pub timestamp: u32,
    /// RTP marker: the first packet of an event.
    pub marker: bool,
}

/// Sends keys, one packet per packet time.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventSender {
    active: Option<Active>,
}

#[derive(Clone, Copy, Debug)]
struct Active {
    code: u8,
    timestamp: u32,
    /// Since the start of this segment.
    duration: u32,
    left: u32,
    first: bool,
    ends_left: u8,
}

impl EventSender {
    /// Nothing to send.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a key at RTP time `timestamp` that lasts `duration` clock ticks. A key still being
    /// sent is cut off.
    pub fn press(&mut self, digit: Digit, timestamp: u32, duration: u32) {
        self.active = Some(Active {
            code: code(digit),
            timestamp,
            duration: 0,
            left: duration.max(1),
            first: true,
            ends_left: END_PACKETS,
        });
    }

    /// The key ends with the next packet, earlier than [`Self::press`] said; nothing if it is ending already.
    pub fn release(&mut self) {
        if let Some(active) = &mut self.active {
            active.left = 0;
        }
    }

    /// A key is being sent.
    pub fn is_busy(&self) -> bool {
        self.active.is_some()
    }

    /// The next packet, `step` clock ticks after the one before; `None` when the key is over.
    pub fn next(&mut self, step: u32) -> Option<EventPacket> {
        let active = self.active.as_mut()?;
        let passed = step.max(1).min(active.left);
        if active.duration + passed > DURATION_MAX {
            // A segment is full: the next one starts where it ends (§2.5.1.3), without marker.
            active.timestamp = active.timestamp.wrapping_add(active.duration);
            active.duration = 0;
        }
        active.duration += passed.min(DURATION_MAX);
        active.left -= passed;
        let end = active.left == 0;
        let packet = EventPacket {
            payload: Event {
                code: active.code,
                end,
                volume: VOLUME,
                duration: active.duration as u16,
            }
            .encode(),
            timestamp: active.timestamp,
            marker: active.first,
        };
        active.first = false;
        if end {
            active.ends_left -= 1;
            if active.ends_left == 0 {
                self.active = None;
            }
        }
        Some(packet)
    }
}

/// Turns event packets into key presses, one per press, whatever is lost, doubled or late.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventReceiver {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    code: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl EventReceiver {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one payload with its packet's RTP timestamp. The key is reported with the first packet
    /// that arrives of it, even when that is the last one sent.
    ///
    /// # Errors
    /// When the payload is not an event; nothing changes then.
    pub fn receive(&mut self, timestamp: u32, payload: &[u8]) -> Result<Option<Digit>, BadEvent> {
        let event = Event::parse(payload)?;
        let now = Last { code: event.code, timestamp, duration: event.duration, ended: event.end };
        let Some(last) = &mut self.last else {
            self.last = Some(now);
            return Ok(event.digit());
        };
        let ahead = timestamp.wrapping_sub(last.timestamp) as i32;
        if ahead < 0 {
            return Ok(None);
        }
        if ahead == 0 && event.code == last.code {
            last.duration = last.duration.max(event.duration);
            last.ended |= event.end;
            return Ok(None);
        }
        // A later segment of the same long key begins where the segment before was full.
        let step = DURATION_MAX as i32 / 4;
        let goes_on = event.code == last.code
            && !last.ended
            && (DURATION_MAX as i32 - step..=DURATION_MAX as i32).contains(&ahead)
            && i32::from(last.duration) <= ahead;
        self.last = Some(now);
        Ok(if goes_on { None } else { event.digit() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digit(key: char) -> Digit {
        Digit::try_from(key).unwrap()
    }

    fn sent(key: char, timestamp: u32, duration: u32, step: u32) -> Vec<EventPacket> {
        let mut sender = EventSender::new();
        sender.press(digit(key), timestamp, duration);
        std::iter::from_fn(|| sender.next(step)).collect()
    }

    #[test]
    fn bytes_of_the_standard() {
        let event = Event { code: 11, end: true, volume: 10, duration: 800 };
        assert_eq!(event.encode(), [11, 0x8A, 0x03, 0x20]);
        assert_eq!(Event::parse(&[11, 0x8A, 0x03, 0x20, 9, 9]), Ok(event));
        assert_eq!(event.digit(), Some(digit('#')));
        assert_eq!(Event::parse(&[1, 2, 3]), Err(BadEvent { bytes: 3 }));
        assert_eq!(Event { code: 16, ..event }.digit(), None);
        for (number, key) in KEYS.into_iter().enumerate() {
            assert_eq!(usize::from(code(digit(key))), number);
        }
    }

    #[test]
    fn a_key_grows_and_ends_three_times() {
        let packets = sent('5', 4_000, 400, 160);
        let read: Vec<(bool, u32, u16, bool)> = packets
            .iter()
            .map(|p| {
                let event = Event::parse(&p.payload).unwrap();
                (p.marker, p.timestamp, event.duration, event.end)
            })
            .collect();
        assert_eq!(
            read,
            [
                (true, 4_000, 160, false),
                (false, 4_000, 320, false),
                (false, 4_000, 400, true),
                (false, 4_000, 400, true),
                (false, 4_000, 400, true),
            ]
        );
    }

    #[test]
    fn a_key_held_for_20_s_is_one_press_in_segments() {
        let start = u32::MAX - 1_000;
        let packets = sent('D', start, 160_000, 160);
        assert_eq!(packets.iter().filter(|p| p.marker).count(), 1);
        let mut receiver = EventReceiver::new();
        let mut presses = 0;
        for packet in &packets {
            let press = receiver.receive(packet.timestamp, &packet.payload).unwrap();
            presses += usize::from(press == Some(digit('D')));
        }
        let last = packets.last().unwrap();
        let covered = last.timestamp.wrapping_sub(start)
            + u32::from(Event::parse(&last.payload).unwrap().duration);
        assert_eq!((presses, covered), (1, 160_000));
    }

    #[test]
    fn the_same_key_again_is_a_second_press() {
        let mut receiver = EventReceiver::new();
        let mut presses = 0;
        for packet in sent('1', 0, 800, 160).into_iter().chain(sent('1', 1_600, 800, 160)) {
            presses +=
                usize::from(receiver.receive(packet.timestamp, &packet.payload).unwrap().is_some());
        }
        assert_eq!(presses, 2);
    }

    #[test]
    fn whatever_is_lost_a_key_counts_once() {
        let (one, two) = (sent('1', 0, 800, 160), sent('1', 1_600, 800, 160));
        let ends = one.len() - 2;
        let unmarked = |packets: &[EventPacket]| -> Vec<EventPacket> {
            packets.iter().map(|packet| EventPacket { marker: false, ..*packet }).collect()
        };
        for (name, first) in [
            ("nothing", one.clone()),
            ("the start", one[2..].to_vec()),
            ("all but the last end", one[one.len() - 1..].to_vec()),
            ("every end", one[..ends - 1].to_vec()),
            ("all but the first packet", one[..1].to_vec()),
            ("the marker", unmarked(&one)),
            ("every second packet", one.iter().copied().step_by(2).collect()),
        ] {
            let mut receiver = EventReceiver::new();
            let heard: String = first
                .iter()
                .chain(&two)
                .filter_map(|packet| receiver.receive(packet.timestamp, &packet.payload).unwrap())
                .map(Digit::as_char)
                .collect();
            assert_eq!(heard, "11", "{name} was lost");
        }
    }

    #[test]
    fn a_key_released_early_ends_there() {
        let mut sender = EventSender::new();
        sender.release();
        assert_eq!(sender.next(160), None);
        sender.press(digit('5'), 0, 8_000);
        sender.next(160);
        sender.next(160);
        sender.release();
        let rest: Vec<Event> = std::iter::from_fn(|| sender.next(160))
            .map(|packet| Event::parse(&packet.payload).unwrap())
            .collect();
        let end = Event { code: 5, end: true, volume: VOLUME, duration: 320 };
        assert_eq!(rest, [end; 3]);
    }

    #[test]
    fn a_long_key_goes_on_over_the_wrap_whatever_segment_is_lost() {
        let packets = sent('9', u32::MAX - 70_000, 200_000, 160);
        let starts: Vec<u32> = packets.iter().map(|packet| packet.timestamp).collect();
        let mut segments = starts.clone();
        segments.dedup();
        assert_eq!(segments.len(), 4, "20 s and more are four segments");
        for lost in [None, Some(0usize), Some(3)] {
            let mut receiver = EventReceiver::new();
            let heard = packets
                .iter()
                .filter(|packet| lost.is_none_or(|lost| packet.timestamp != segments[lost]))
                .filter_map(|packet| receiver.receive(packet.timestamp, &packet.payload).unwrap());
            assert_eq!(heard.count(), 1, "{lost:?}");
        }
    }

    proptest! {
        #[test]
        fn any_payload_parses_or_is_refused(payload in prop::collection::vec(any::<u8>(), 0..9), timestamp: u32) {
            let parsed = Event::parse(&payload);
            prop_assert_eq!(parsed.is_ok(), payload.len() >= 4);
            let _ = EventReceiver::new().receive(timestamp, &payload);
        }

        #[test]
        fn presses_survive_loss_doubling_and_reordering(
            keys in prop::collection::vec(0usize..16, 1..12),
            start: u32,
            fate in prop::collection::vec(0u8..4, 200),
        ) {
            let mut receiver = EventReceiver::new();
            let mut heard = Vec::new();
            let mut fate = fate.into_iter().cycle();
            for (n, key) in keys.iter().enumerate() {
                let timestamp = start.wrapping_add(n as u32 * 1_600);
                let mut packets = sent(KEYS[*key], timestamp, 800, 160);
                let whole = packets.clone();
                packets.retain(|_| fate.next() != Some(0));
                if packets.is_empty() {
                    packets.extend(whole.last());
                }
                if fate.next() == Some(1) && packets.len() > 2 {
                    packets.swap(0, 1);
                }
                let last = packets[packets.len() - 1];
                packets.push(last);
                for packet in packets {
                    heard.extend(receiver.receive(packet.timestamp, &packet.payload).unwrap());
                }
                // A straggler of this key after the next one began does nothing.
                if n > 0 {
                    let old = sent(KEYS[keys[n - 1]], timestamp.wrapping_sub(1_600), 800, 160);
                    let late = receiver.receive(old[0].timestamp, &old[0].payload).unwrap();
                    prop_assert_eq!(late, None);
                }
            }
            let pressed: Vec<Digit> = keys.iter().map(|&key| digit(KEYS[key])).collect();
            prop_assert_eq!(heard, pressed);
        }
    }
}
