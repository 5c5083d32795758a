//! Recordings of people: RIFF/WAVE files (8 kHz mono, 16-bit linear or µ-law) and the shelf of those
//! the repository ships under `fixtures/speech-callee` (licences: `fixtures/LICENCES.md`).

use std::collections::BTreeMap;

use media::codec::g711::mulaw_decode;

/// What is wrong with a WAVE file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWav {
    /// Not RIFF/WAVE, or cut short.
    #[error("not a whole RIFF/WAVE file")]
    NotWave,
    /// Not what a telephone line carries.
    #[error(
        "only 8 kHz mono in 16-bit linear or µ-law is read, this is format {format}, {rate_hz} Hz, {channels} channels"
    )]
    Unsupported {
        /// WAVE format tag.
        format: u16,
        /// Samples per second.
        rate_hz: u32,
        /// Channels.
        channels: u16,
    },
}

/// Samples of a data chunk.
type Decode = fn(&[u8]) -> Vec<i16>;

/// The samples of a WAVE file.
///
/// # Errors
/// When it is not one, or not 8 kHz mono.
pub fn parse_wav(bytes: &[u8]) -> Result<Vec<i16>, BadWav> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(BadWav::NotWave);
    }
    let mut rest = &bytes[12..];
    let mut decode: Option<Decode> = None;
    while let Some((head, body)) = rest.split_at_checked(8) {
        let (name, length) = head.split_at(4);
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        // Writers that stream leave the last length open: take what is there.
        let chunk = &body[..length.min(body.len())];
        match (name, decode) {
            (b"fmt ", _) => decode = Some(decoder_of(chunk)?),
            (b"data", Some(decode)) => return Ok(decode(chunk)),
            _ => {}
        }
        rest = body.get(length + length % 2..).unwrap_or_default();
    }
    Err(BadWav::NotWave)
}

fn decoder_of(chunk: &[u8]) -> Result<Decode, BadWav> {
    let short = |at: usize| chunk.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let (Some(format), Some(channels), Some(low), Some(high), Some(bits)) =
        (short(0), short(2), short(4), short(6), short(14))
    else {
        return Err(BadWav::NotWave);
    };
    let rate_hz = u32::from(low) | u32::from(high) << 16;
    match (format, bits, rate_hz, channels) {
        (1, 16, 8_000, 1) => Ok(|data| {
            data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
        }),
        (7, 8, 8_000, 1) => Ok(|data| data.iter().map(|&byte| mulaw_decode(byte)).collect()),
        _ => Err(BadWav::Unsupported { format, rate_hz, channels }),
    }
}

/// Recordings by name.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    recordings: BTreeMap<String, Vec<i16>>,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../fixtures/speech-callee/", $name, ".wav")).as_slice())),*]
    };
}

impl Shelf {
    /// An empty shelf.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the repository ships.
    pub fn shipped() -> Self {
        let mut shelf = Self::new();
        let files = shipped![
            "austen-ill-disposed",
            "austen-cold-hearted",
            "cards-queen-of-clubs",
            "cards-five-five",
            "customer-support",
            "coffee-shop",
        ];
        let hold_music = include_bytes!("../../fixtures/ear/hold-music.wav").as_slice();
        for (name, bytes) in files.into_iter().chain([("hold-music", hold_music)]) {
            let samples = parse_wav(bytes).expect("shipped recordings are 8 kHz mono");
            shelf.put(name, samples);
        }
        shelf
    }

    /// Adds a recording, 8 kHz mono.
    pub fn put(&mut self, name: &str, samples: Vec<i16>) {
        self.recordings.insert(name.to_owned(), samples);
    }

    /// A recording.
    pub fn get(&self, name: &str) -> Option<&[i16]> {
        self.recordings.get(name).map(Vec::as_slice)
    }

    /// What is there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.recordings.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(format: u16, rate_hz: u32, channels: u16, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut wav = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        wav.extend(format.to_le_bytes());
        wav.extend(channels.to_le_bytes());
        wav.extend(rate_hz.to_le_bytes());
        wav.extend([0; 6]);
        wav.extend(bits.to_le_bytes());
        wav.extend(b"data");
        wav.extend((data.len() as u32).to_le_bytes());
        wav.extend(data);
        wav
    }

    #[test]
    fn telephone_formats_are_read_and_others_named() {
        assert_eq!(parse_wav(&wav(1, 8_000, 1, 16, &[1, 0, 255, 255])), Ok(vec![1, -1]));
        assert_eq!(parse_wav(&wav(7, 8_000, 1, 8, &[0xFF])), Ok(vec![0]));
        let stereo = BadWav::Unsupported { format: 1, rate_hz: 44_100, channels: 2 };
        assert_eq!(parse_wav(&wav(1, 44_100, 2, 16, &[])), Err(stereo));
        assert_eq!(parse_wav(b"RIFF"), Err(BadWav::NotWave));
        let whole = wav(7, 8_000, 1, 8, &[0xFF; 20]);
        for cut in 0..whole.len() {
            let _ = parse_wav(&whole[..cut]);
        }
    }

    #[test]
    fn the_shipped_shelf_is_whole() {
        let shelf = Shelf::shipped();
        for name in shelf.names() {
            let samples = shelf.get(name).expect("named");
            let level = crate::sound::level_dbfs(samples);
            assert!(samples.len() > 8_000 && level > -55.0, "{name}: {} {level}", samples.len());
        }
    }
}
