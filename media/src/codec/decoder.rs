//! Payloads to samples, and samples for payloads that never came.

use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use audiopus::MutSignals;
use audiopus::packet::Packet;

use super::{BadRate, Codec, Concealer, g711, opus_rate};

/// Longest Opus packet, in ms (RFC 6716 §2.1.4).
const OPUS_MS_MAX: usize = 120;

/// A payload that is not what the codec was agreed to send. Only this payload is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// Nothing in it.
    #[error("an empty payload")]
    Empty,
    /// 16-bit samples in an odd number of bytes.
    #[error("{bytes} bytes of 16-bit samples: one byte is missing or too many")]
    OddLength {
        /// Size of the payload.
        bytes: usize,
    },
    /// Larger than [`Decoder::PAYLOAD_BYTES_MAX`].
    #[error("{bytes} bytes in one payload, at most {} are taken", Decoder::PAYLOAD_BYTES_MAX)]
    TooLong {
        /// Size of the payload.
        bytes: usize,
    },
    /// Opus cannot make sense of it.
    #[error("not an Opus packet")]
    NotOpus,
}

/// Decodes one stream. The payload's sound is appended at [`Decoder::rate_hz`], mono.
pub struct Decoder {
    codec: Codec,
    rate_hz: u32,
    way: Way,
}

enum Way {
    /// Stateless or waveform codecs: concealed by repeating the last pitch, where there are losses.
    Waveform { g722: Option<Box<G722Decoder>>, concealer: Option<Box<Concealer>> },
    /// Opus conceals by itself.
    Opus { decoder: audiopus::coder::Decoder, frame_samples: usize },
}

impl Decoder {
    /// Largest payload taken, in bytes: 340 ms of L16 at 48 kHz.
    pub const PAYLOAD_BYTES_MAX: usize = 32_768;

    /// A decoder for one stream whose sound is at `rate_hz`: 8 kHz for G.711, 16 kHz for G.722, any
    /// of Opus' rates, 8–48 kHz for L16.
    ///
    /// # Errors
    /// When the codec has no such rate.
    pub fn new(codec: Codec, rate_hz: u32) -> Result<Self, BadRate> {
        let mut decoder = Self::in_order(codec, rate_hz)?;
        if let Way::Waveform { concealer, .. } = &mut decoder.way {
            *concealer = Some(Box::new(Concealer::new(rate_hz)));
        }
        Ok(decoder)
    }

    /// The same for a stream that loses nothing: it remembers no sound to conceal with, and
    /// [`Self::conceal`] appends silence, except with Opus.
    ///
    /// # Errors
    /// When the codec has no such rate.
    pub fn in_order(codec: Codec, rate_hz: u32) -> Result<Self, BadRate> {
        codec.check_rate(rate_hz)?;
        let way = if codec == Codec::Opus {
            let mono = audiopus::Channels::Mono;
            let decoder = audiopus::coder::Decoder::new(opus_rate(rate_hz), mono)
                .map_err(|_| BadRate { codec, rate_hz })?;
            Way::Opus { decoder, frame_samples: rate_hz as usize / 50 }
        } else {
            let g722 = (codec == Codec::G722).then(|| Box::new(G722Decoder::new()));
            Way::Waveform { g722, concealer: None }
        };
        Ok(Self { codec, rate_hz, way })
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Rate of the decoded sound, in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Decodes one payload and appends its samples to `pcm`. After a loss the start is blended with
    /// what [`Self::conceal`] had made up.
    ///
    /// # Errors
    /// When the payload does not fit the codec; nothing is appended then, and the stream goes on.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut Vec<i16>) -> Result<(), BadPayload> {
        let bytes = payload.len();
        if bytes == 0 {
            return Err(BadPayload::Empty);
        }
        if bytes > Self::PAYLOAD_BYTES_MAX {
            return Err(BadPayload::TooLong { bytes });
        }
        match &mut self.way {
            Way::Opus { decoder, frame_samples } => {
                let samples_max = self.rate_hz as usize * OPUS_MS_MAX / 1_000;
                *frame_samples = opus_decode(decoder, Some(payload), samples_max, false, pcm)?;
                Ok(())
            }
            Way::Waveform { g722, concealer } => {
                let start = pcm.len();
                decode_waveform(self.codec, g722.as_deref_mut(), payload, pcm)?;
                if let Some(concealer) = concealer {
                    concealer.heard(&mut pcm[start..]);
                }
                Ok(())
            }
        }
    }

    /// Appends exactly `samples` of sound in place of a lost payload: the last pitch repeated and
    /// faded, silent after 60 ms (Opus: its own concealment).
    pub fn conceal(&mut self, samples: usize, pcm: &mut Vec<i16>) {
        match &mut self.way {
            Way::Opus { decoder, .. } => {
                opus_conceal(decoder, self.rate_hz, samples, pcm);
            }
            Way::Waveform { concealer: Some(concealer), .. } => concealer.conceal(samples, pcm),
            Way::Waveform { concealer: None, .. } => pcm.resize(pcm.len() + samples, 0),
        }
    }

    /// Appends `samples` in place of a lost payload when the one after it, `next`, is already here:
    /// Opus may carry a coarse copy of the lost one in it (in-band FEC). Everything else is
    /// [`Self::conceal`]. Decode `next` itself afterwards, as usual.
    pub fn recover(&mut self, next: &[u8], samples: usize, pcm: &mut Vec<i16>) {
        let start = pcm.len();
        if let Way::Opus { decoder, frame_samples } = &mut self.way
            && samples == *frame_samples
            && opus_decode(decoder, Some(next), samples, true, pcm) == Ok(samples)
        {
            return;
        }
        pcm.truncate(start);
        self.conceal(samples, pcm);
    }
}

fn decode_waveform(
    codec: Codec,
    g722: Option<&mut G722Decoder>,
    payload: &[u8],
    pcm: &mut Vec<i16>,
) -> Result<(), BadPayload> {
    match codec {
        Codec::Mulaw => pcm.extend(payload.iter().map(|&byte| g711::mulaw_decode(byte))),
        Codec::Alaw => pcm.extend(payload.iter().map(|&byte| g711::alaw_decode(byte))),
        Codec::L16 | Codec::L16Le => {
            let (pairs, rest) = payload.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(BadPayload::OddLength { bytes: payload.len() });
            }
            if codec == Codec::L16 {
                pcm.extend(pairs.iter().map(|&pair| i16::from_be_bytes(pair)));
            } else {
                pcm.extend(pairs.iter().map(|&pair| i16::from_le_bytes(pair)));
            }
        }
        Codec::G722 | Codec::Opus => {
            if let Some(decoder) = g722 {
                let start = pcm.len();
                pcm.resize(start + payload.len() * 2, 0);
                let written = decoder.decode_into(payload, &mut pcm[start..]).unwrap_or(0);
                pcm.truncate(start + written);
            }
        }
    }
    Ok(())
}

/// Decodes into the room of `samples_max` behind `pcm`; on an error `pcm` is as before.
fn opus_decode(
    decoder: &mut audiopus::coder::Decoder,
    payload: Option<&[u8]>,
    samples_max: usize,
    from_next: bool,
    pcm: &mut Vec<i16>,
) -> Result<usize, BadPayload> {
    let start = pcm.len();
    pcm.resize(start + samples_max, 0);
    let packet = payload.map(Packet::try_from).transpose();
    let signals = MutSignals::try_from(&mut pcm[start..]);
    let written = match (packet, signals) {
        (Ok(packet), Ok(signals)) => decoder.decode(packet, signals, from_next).ok(),
        _ => None,
    };
    pcm.truncate(start + written.unwrap_or(0));
    written.ok_or(BadPayload::NotOpus)
}

/// Opus conceals in steps of 2.5 ms, at most 60 ms at once; what is left over is silent.
fn opus_conceal(
    decoder: &mut audiopus::coder::Decoder,
    rate_hz: u32,
    samples: usize,
    pcm: &mut Vec<i16>,
) {
    let end = pcm.len() + samples;
    let step = rate_hz as usize / 400;
    while end - pcm.len() >= step {
        let ask = (end - pcm.len()).min(24 * step) / step * step;
        if !opus_decode(decoder, None, ask, false, pcm).is_ok_and(|written| written > 0) {
            break;
        }
    }
    pcm.resize(end, 0);
}
