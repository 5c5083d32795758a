//! Recordings as Ogg/Opus (RFC 7845): two mono streams, one a side, so that neither is heard on the
//! other's and silence costs next to nothing. The streams stand side by side in each packet (channel
//! mapping family 1); all but the last are framed so that they tell their own length (RFC 6716,
//! appendix B).

use std::{
    fs::File,
    io::{self, BufReader, BufWriter},
    path::Path,
};

use audiopus::{
    Application, Bitrate, Channels, MutSignals, SampleRate, Signal,
    coder::{Decoder, Encoder},
    packet::Packet,
};
use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};

/// Samples of a frame, at 8 kHz: 20 ms.
const FRAME_SAMPLES: usize = 160;
/// Granules are counted at 48 kHz, whatever the sound's rate.
const GRANULES_PER_SAMPLE: u64 = 6;
/// Bits a second of one side that speaks: narrow-band speech needs no more.
const BITS_PER_S: i32 = 20_000;
/// Longest frame Opus makes, in bytes (RFC 6716 §3.2.1).
const FRAME_BYTES_MAX: usize = 1275;
/// Packets on a page: a second.
const PACKETS_PER_PAGE: u64 = 50;
/// Any number: the file has one logical stream.
const SERIAL: u32 = 1;
/// Sound decoded at once, of a frame of any length (120 ms at 8 kHz).
const DECODED_SAMPLES_MAX: usize = 960;

/// Why a recording cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum OpusError {
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The recording as it was written.
    #[error(transparent)]
    Wav(#[from] hound::Error),
    /// The codec.
    #[error(transparent)]
    Codec(#[from] audiopus::Error),
    /// The container.
    #[error(transparent)]
    Ogg(#[from] ogg::OggReadError),
    /// A file that this program did not write.
    #[error("not a recording of two sides in Ogg/Opus")]
    Foreign,
}

/// Stores a stereo WAV of 8 kHz, piece by piece.
pub(super) fn store(wav: &Path, to: &Path) -> Result<(), OpusError> {
    let mut wav = hound::WavReader::open(wav)?;
    if wav.spec().channels != 2 || wav.spec().sample_rate != 8_000 {
        return Err(OpusError::Foreign);
    }
    let frames = u64::from(wav.duration());
    let mut file = Sides::create(to)?;
    let mut samples = wav.samples::<i16>();
    let mut sides = [[0; FRAME_SAMPLES]; 2];
    // What the encoder holds back is pushed out with silence.
    let packets = (frames + file.delay_samples).div_ceil(FRAME_SAMPLES as u64).max(1);
    for packet in 0..packets {
        for at in 0..FRAME_SAMPLES {
            for side in &mut sides {
                side[at] = samples.next().transpose()?.unwrap_or(0);
            }
        }
        file.write(&sides, (packet + 1 == packets).then_some(frames))?;
    }
    file.file.into_inner().into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

/// An Ogg/Opus file being written.
struct Sides {
    encoders: [Encoder; 2],
    file: PacketWriter<'static, BufWriter<File>>,
    /// How much later sound comes out of the encoder than it went in.
    delay_samples: u64,
    packets: u64,
    packet: Vec<u8>,
}

impl Sides {
    fn create(path: &Path) -> Result<Self, OpusError> {
        let encoder = || -> Result<Encoder, OpusError> {
            let (rate, mono) = (SampleRate::Hz8000, Channels::Mono);
            let mut encoder = Encoder::new(rate, mono, Application::Voip)?;
            encoder.set_bitrate(Bitrate::BitsPerSecond(BITS_PER_S))?;
            encoder.set_signal(Signal::Voice)?;
            Ok(encoder)
        };
        let encoders = [encoder()?, encoder()?];
        let delay_samples = u64::from(encoders[0].lookahead()?);
        let mut file = PacketWriter::new(BufWriter::new(File::create(path)?));
        let skip = u16::try_from(delay_samples * GRANULES_PER_SAMPLE).unwrap_or(u16::MAX);
        let page = PacketWriteEndInfo::EndPage;
        file.write_packet(head(skip), SERIAL, page, 0)?;
        file.write_packet(tags(), SERIAL, page, 0)?;
        Ok(Self { encoders, file, delay_samples, packets: 0, packet: Vec::new() })
    }

    /// 20 ms of both sides. `whole_samples`: these are the last ones of so many.
    fn write(
        &mut self,
        sides: &[[i16; FRAME_SAMPLES]; 2],
        whole_samples: Option<u64>,
    ) -> Result<(), OpusError> {
        self.packet.clear();
        let mut frame = [0; FRAME_BYTES_MAX];
        let [left, right] = [0, 1].map(|side| (&self.encoders[side], &sides[side]));
        let bytes = left.0.encode(left.1, &mut frame)?;
        delimit(&frame[..bytes], &mut self.packet)?;
        let bytes = right.0.encode(right.1, &mut frame)?;
        self.packet.extend_from_slice(&frame[..bytes]);
        self.packets += 1;
        let (end, samples) = match whole_samples {
            // The last page ends where the sound does: what follows is not played.
            Some(samples) => (PacketWriteEndInfo::EndStream, samples + self.delay_samples),
            None if self.packets.is_multiple_of(PACKETS_PER_PAGE) => {
                (PacketWriteEndInfo::EndPage, self.packets * FRAME_SAMPLES as u64)
            }
            None => (PacketWriteEndInfo::NormalPacket, self.packets * FRAME_SAMPLES as u64),
        };
        let granule = samples * GRANULES_PER_SAMPLE;
        self.file.write_packet(self.packet.clone(), SERIAL, end, granule)?;
        Ok(())
    }
}

/// `OpusHead` (RFC 7845 §5.1).
fn head(skip_granules: u16) -> Vec<u8> {
    let mut head = b"OpusHead".to_vec();
    head.extend([1, 2]);
    head.extend(skip_granules.to_le_bytes());
    head.extend(8_000_u32.to_le_bytes());
    // No gain; family 1; two streams, none of them coupled; the first is left, the second right.
    head.extend([0, 0, 1, 2, 0, 0, 1]);
    head
}

/// `OpusTags` (RFC 7845 §5.2).
fn tags() -> Vec<u8> {
    let field = |text: &str| {
        let length = u32::try_from(text.len()).unwrap_or(0);
        [&length.to_le_bytes(), text.as_bytes()].concat()
    };
    let comment = field("COMMENT=left: callee, right: agent");
    let one = 1_u32.to_le_bytes();
    [b"OpusTags".as_slice(), &field("trunkline"), &one, &comment].concat()
}

/// Puts its own length into a packet of one frame (code 0).
fn delimit(packet: &[u8], out: &mut Vec<u8>) -> Result<(), OpusError> {
    let Some((toc, frame)) = packet.split_first().filter(|(toc, _)| *toc & 3 == 0) else {
        return Err(OpusError::Foreign);
    };
    out.push(*toc);
    match frame.len() {
        length @ 0..252 => out.push(length as u8),
        length => {
            let low = 252 + (length & 3);
            out.extend([low as u8, ((length - low) / 4) as u8]);
        }
    }
    out.extend_from_slice(frame);
    Ok(())
}

/// Takes such a packet from the front, without its length.
fn undelimit(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (&toc, rest) = bytes.split_first().filter(|(toc, _)| *toc & 3 == 0)?;
    let (&low, rest) = rest.split_first()?;
    let (length, rest) = match low {
        0..252 => (usize::from(low), rest),
        252.. => {
            let (&high, rest) = rest.split_first()?;
            (usize::from(low) + 4 * usize::from(high), rest)
        }
    };
    let (frame, rest) = rest.split_at_checked(length)?;
    Some(([&[toc], frame].concat(), rest))
}

/// Reads a stored recording: both sides at 8 kHz.
pub(super) fn read(path: &Path) -> Result<(Vec<i16>, Vec<i16>), OpusError> {
    let mut file = PacketReader::new(BufReader::new(File::open(path)?));
    let head = file.read_packet()?.ok_or(OpusError::Foreign)?.data;
    let skip = match head.as_slice() {
        [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', 1, 2, low, high, .., 1, 2, 0, 0, 1] => {
            u64::from(u16::from_le_bytes([*low, *high])) / GRANULES_PER_SAMPLE
        }
        _ => return Err(OpusError::Foreign),
    };
    file.read_packet()?;
    let decoder = || Decoder::new(SampleRate::Hz8000, Channels::Mono);
    let (mut left, mut right) = ((decoder()?, Vec::new()), (decoder()?, Vec::new()));
    let mut last_granule = 0;
    while let Some(packet) = file.read_packet()? {
        last_granule = packet.absgp_page();
        let (first, second) = undelimit(&packet.data).ok_or(OpusError::Foreign)?;
        for ((decoder, samples), bytes) in [(&mut left, first.as_slice()), (&mut right, second)] {
            let mut decoded = [0; DECODED_SAMPLES_MAX];
            let packet = Packet::try_from(bytes)?;
            let room = MutSignals::try_from(&mut decoded[..])?;
            let count = decoder.decode(Some(packet), room, false)?;
            samples.extend_from_slice(&decoded[..count]);
        }
    }
    let played = (last_granule / GRANULES_PER_SAMPLE) as usize;
    let trim = |mut samples: Vec<i16>| {
        samples.truncate(played);
        samples.drain(..samples.len().min(skip as usize));
        samples
    };
    Ok((trim(left.1), trim(right.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_any_length_is_found_again() {
        for length in [0, 1, 251, 252, 253, 255, 256, 1274] {
            let packet: Vec<u8> = std::iter::once(8).chain((0..length).map(|n| n as u8)).collect();
            let mut delimited = Vec::new();
            delimit(&packet, &mut delimited).expect("one frame");
            delimited.extend(b"rest");
            assert_eq!(undelimit(&delimited), Some((packet, &b"rest"[..])), "{length}");
        }
        assert_eq!(undelimit(&[8, 200, 1]), None);
        assert!(delimit(&[9, 1], &mut Vec::new()).is_err(), "two frames");
    }
}
