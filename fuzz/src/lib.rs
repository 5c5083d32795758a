//! Attacks every parser of the house with bytes from outside: one plain function per target, which
//! may only return. [`TARGETS`] lists them.
//!
//! ```text
//!   cargo test -p fuzz           committed corpus, then seeded mutations of it, on stable
//!   .ci/fuzz 60                  coverage-guided (libFuzzer), on stable
//!   cargo +nightly fuzz run twilio --features libfuzzer      the same with the address sanitizer
//! ```
//!
//! Rooms: `carrier` (stream messages, tokens, numbers), `sound` (codecs, a whole circuit), `packets` (RTP,
//! RTCP, jitter), `digits` (sequences, RFC 4733, tones), `mind` (a whole call, the brain), `vendors` (their answers),
//! `requests` (the API), `records` (journals, tapes, sound files, configuration).

mod bytes;
pub mod carrier;
pub mod digits;
pub mod mind;
pub mod packets;
pub mod records;
pub mod requests;
pub mod sound;
pub mod vendors;

/// A target: it may only return.
pub type Target = fn(&[u8]);

/// All targets by name; each has its corpus in `corpus/NAME` and its binary in `fuzz_targets/NAME.rs`.
pub const TARGETS: &[(&str, Target)] = &[
    ("brain", mind::brain),
    ("call", mind::call),
    ("call_request", requests::call_request),
    ("cartesia", vendors::cartesia),
    ("circuit", sound::circuit),
    ("circuit_tape", records::circuit_tape),
    ("codec", sound::codec),
    ("config", records::config),
    ("deepgram", vendors::deepgram),
    ("jitter", packets::jitter),
    ("journal", records::journal),
    ("key_sequence", digits::key_sequence),
    ("loopback", carrier::loopback),
    ("number", carrier::number),
    ("openai", vendors::openai),
    ("rfc4733", digits::rfc4733),
    ("rtcp", packets::rtcp),
    ("rtp", packets::rtp),
    ("stream_token", carrier::stream_token),
    ("tones", digits::tones),
    ("twilio", carrier::twilio),
    ("wav", records::wav),
];
