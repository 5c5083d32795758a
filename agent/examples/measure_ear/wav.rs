//! WAV files of the telephone: µ-law, A-law or 16-bit, mono, brought to 8 kHz.

use media::{codec::g711, resample::Resampler};

/// The samples of a WAV file at 8 kHz, or what is wrong with it.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<i16>, String> {
    let chunks = bytes.get(12..).filter(|_| bytes.starts_with(b"RIFF")).ok_or("not a WAV file")?;
    let format = chunk(chunks, b"fmt ").ok_or("no format")?;
    let data = chunk(chunks, b"data").ok_or("no sound")?;
    let u16_at = |at: usize| format.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
    let rate_hz = u32::from(u16_at(4));
    if u16_at(2) != 1 {
        return Err("not mono".to_owned());
    }
    let samples: Vec<i16> = match (u16_at(0), u16_at(14)) {
        (1, 16) => data.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect(),
        (7, 8) => data.iter().map(|b| g711::MULAW_DECODE[usize::from(*b)]).collect(),
        (6, 8) => data.iter().map(|b| g711::ALAW_DECODE[usize::from(*b)]).collect(),
        (format, bits) => return Err(format!("format {format} with {bits} bits")),
    };
    if rate_hz == 8000 {
        return Ok(samples);
    }
    let mut at_8k = Vec::new();
    Resampler::new(rate_hz, 8000).map_err(|e| e.to_string())?.process(&samples, &mut at_8k);
    Ok(at_8k)
}

fn chunk<'a>(mut rest: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let body = &rest[8..];
        if rest.starts_with(name) {
            return Some(&body[..length.min(body.len())]);
        }
        rest = body.get(length + length % 2..)?;
    }
}
