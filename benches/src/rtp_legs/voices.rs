//! What both sides say: recorded people, packed once and repeated.

use std::sync::Arc;

use media::{codec::Codec, codec::Encoder, resample::Resampler};

use sim::recording::parse_wav;

use crate::sound;

/// Sound in one packet, in samples at 8 kHz.
pub const FRAME: usize = 160;

/// A codec of a leg and its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The codec.
    pub codec: Codec,
    /// Samples per second.
    pub rate_hz: u32,
}

impl Coding {
    /// Ticks of the RTP clock in one packet.
    pub fn ticks(self) -> u32 {
        self.codec.rtp_clock_hz(self.rate_hz) / 50
    }
}

/// What callees and agent say, without end.
#[derive(Clone)]
pub struct Voices {
    /// The payloads of each callee's packets.
    pub callees: Vec<Arc<Vec<Vec<u8>>>>,
    /// The agent's sound at 8 kHz.
    pub agent: Arc<Vec<i16>>,
}

impl Voices {
    /// Packs the recordings.
    ///
    /// # Panics
    /// When a fixture is missing or the codec does not run at its rate.
    pub fn new(coding: Coding) -> Self {
        let callees = sound::CALLEES.iter().map(|name| Arc::new(packed(name, coding))).collect();
        let agent = ["book-a-table", "introduction"].map(|name| {
            let path = crate::file("fixtures/speech-agent").join(name).with_extension("wav");
            let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            parse_wav(&bytes).expect("a recording")
        });
        Self { callees, agent: Arc::new(agent.concat()) }
    }
}

fn packed(name: &str, Coding { codec, rate_hz }: Coding) -> Vec<Vec<u8>> {
    let mut said = Vec::new();
    Resampler::new(8_000, rate_hz).expect("rates").process(&sound::recording(name), &mut said);
    let mut encoder = Encoder::new(codec, rate_hz).expect("a codec");
    said.chunks_exact(rate_hz as usize / 50)
        .map(|frame| {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload).expect("a frame");
            payload
        })
        .collect()
}
