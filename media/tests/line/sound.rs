//! Sounds for the line: recordings, and coughs, clicks and noise made from a seed.

use media::codec::g711::mulaw_decode;

/// Samples per ms.
pub(crate) const MS: usize = 8;

/// A recording under `fixtures/`: 8 kHz mono, 16-bit or µ-law WAV.
pub(crate) fn recording(name: &str) -> Vec<i16> {
    let path = format!("{}/../fixtures/{name}.wav", env!("CARGO_MANIFEST_DIR"));
    let wav = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let (mut at, mut format) = (12, 0);
    loop {
        let len = u32::from_le_bytes(wav[at + 4..at + 8].try_into().unwrap()) as usize;
        let end = (at + 8 + len).min(wav.len());
        let body = &wav[at + 8..end];
        match &wav[at..at + 4] {
            b"fmt " => format = u16::from_le_bytes([body[0], body[1]]),
            b"data" if format == 7 => return body.iter().map(|&byte| mulaw_decode(byte)).collect(),
            b"data" => {
                let samples = body.as_chunks::<2>().0;
                return samples.iter().map(|&bytes| i16::from_le_bytes(bytes)).collect();
            }
            _ => {}
        }
        at = end + len % 2;
    }
}

/// What a recording holds from its first to its last sample of speech: 10 ms above −35 dBFS (their rooms hum at −45).
pub(crate) fn trimmed(samples: &[i16]) -> Vec<i16> {
    let loud = |hop: &[i16]| {
        let energy: f64 = hop.iter().map(|&s| f64::from(s).powi(2)).sum();
        10.0 * (energy / hop.len() as f64 / 32768f64.powi(2)).log10() > -35.0
    };
    let hops: Vec<bool> = samples.chunks(80).map(loud).collect();
    let from = hops.iter().position(|&loud| loud).unwrap_or(0) * 80;
    let to = hops.iter().rposition(|&loud| loud).map_or(samples.len(), |at| (at + 1) * 80);
    samples[from..to.min(samples.len())].to_vec()
}

pub(crate) fn scaled(samples: &[i16], db: f32) -> Vec<i16> {
    let gain = 10f32.powf(db / 20.0);
    samples.iter().map(|&s| (f32::from(s) * gain) as i16).collect()
}

/// A small generator: the same seed, the same sound.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n.max(1)
    }

    /// −1 to 1.
    pub(crate) fn noise(&mut self) -> f32 {
        self.next() as f32 / (1u32 << 30) as f32 - 1.0
    }
}

/// A cough: two bursts of breath, sharp at first, coloured by a throat (resonances near 700 and
/// 1500 Hz), 300 ms in all.
pub(crate) fn cough(seed: u64, peak: f32) -> Vec<i16> {
    let mut random = Random(seed);
    let mut out = Vec::new();
    let mut resonators = [(0f32, 0f32); 2];
    for (ms, strength) in [(110, 1.0f32), (60, 0.1), (130, 0.6)] {
        let len = ms * MS;
        for n in 0..len {
            let t = n as f32 / len as f32;
            let envelope = strength * (t * 12.0).min(1.0) * (1.0 - t).powf(1.5);
            let breath = random.noise();
            let mut sum = 0.25 * breath;
            for (state, hz) in resonators.iter_mut().zip([700f32, 1500.0]) {
                let (r, w) = (0.93f32, std::f32::consts::TAU * hz / 8000.0);
                let y = breath + 2.0 * r * w.cos() * state.0 - r * r * state.1;
                *state = (y, state.0);
                sum += 0.12 * y;
            }
            out.push((sum * envelope * peak).clamp(-32_000.0, 32_000.0) as i16);
        }
    }
    out
}

/// A click: 1–5 ms of something hard.
pub(crate) fn click(seed: u64, peak: f32) -> Vec<i16> {
    let mut random = Random(seed);
    let len = MS * (1 + random.below(5));
    (0..len).map(|n| (random.noise() * peak * (1.0 - n as f32 / len as f32)) as i16).collect()
}

/// Steady noise.
pub(crate) fn hiss(seed: u64, samples: usize, peak: f32) -> Vec<i16> {
    let mut random = Random(seed);
    (0..samples).map(|_| (random.noise() * peak) as i16).collect()
}
