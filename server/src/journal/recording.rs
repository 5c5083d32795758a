//! `recording.wav`: 8 kHz, 16 bit, stereo, left the callee, right the agent as the callee heard it.
//! The header is brought up to date with every piece written, so that what a crash leaves plays.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
    time::Duration,
};

use media::Mono;

/// Sound written at once.
const TOGETHER_SAMPLES: usize = 2000;
/// Sound of a side that comes between two writes, usually.
const USUAL_SAMPLES: usize = 4000;
/// Jitter of arrival that makes no gap.
const SLACK_SAMPLES: usize = 800;
/// Most sound of a side that waits for a disk that takes nothing: 10 s. What is older is silence in
/// the recording.
const WAITING_SAMPLES_MAX: usize = 80_000;
const HEADER_BYTES: u32 = 44;
/// A sample of both sides.
const FRAME_BYTES: u64 = 4;

/// One recording being written.
pub struct Recording {
    file: File,
    origin: Option<Mono>,
    /// Samples kept back, so that a clear can still take away what the carrier had not played.
    kept_back: usize,
    /// Sample position of the first one not written yet.
    written: usize,
    /// Scratch.
    bytes: Vec<u8>,
    left: Vec<i16>,
    right: Vec<i16>,
}

impl Recording {
    /// An empty recording. `lead`: most sound that waits in the carrier's buffer.
    pub fn create(path: &Path, lead: Duration) -> io::Result<Self> {
        super::write_whole(path, &header(0))?;
        let file = File::options().write(true).open(path)?;
        let kept_back = lead.as_micros() as usize / 125 + SLACK_SAMPLES;
        let (left, right) = (Vec::with_capacity(USUAL_SAMPLES), Vec::with_capacity(USUAL_SAMPLES));
        Ok(Self { file, origin: None, kept_back, written: 0, bytes: Vec::new(), left, right })
    }

    /// Brings the header of a recording whose writer is gone up to date with all that was written.
    pub fn mend(path: &Path) -> io::Result<()> {
        let bytes = fs::metadata(path)?.len().saturating_sub(u64::from(HEADER_BYTES));
        let file = File::options().write(true).open(path)?;
        file.write_all_at(&header(length(bytes - bytes % FRAME_BYTES)), 0)
    }

    fn position(&mut self, at: Mono) -> usize {
        let origin = *self.origin.get_or_insert(at - Duration::from_millis(20));
        usize::try_from(at.since(origin).as_micros() / 125)
            .unwrap_or(0)
            .saturating_sub(self.written)
    }

    /// The callee's sound, whose last sample arrived now.
    pub fn heard(&mut self, at: Mono, samples: &[i16]) {
        let start = self.position(at).saturating_sub(samples.len());
        if start > self.left.len() + SLACK_SAMPLES {
            self.left.resize(start, 0);
        }
        self.left.extend_from_slice(samples);
    }

    /// The agent's sound, sent now; it plays after what was sent before.
    pub fn said(&mut self, at: Mono, samples: &[i16]) {
        let start = self.position(at);
        if start > self.right.len() {
            self.right.resize(start, 0);
        }
        self.right.extend_from_slice(samples);
    }

    /// The carrier drops what it has not played.
    pub fn cleared(&mut self, at: Mono) {
        let now = self.position(at);
        self.right.truncate(now);
    }

    /// Writes what can no longer change.
    pub fn flush(&mut self) -> io::Result<()> {
        let ready = self.left.len().max(self.right.len()).saturating_sub(self.kept_back);
        if ready >= TOGETHER_SAMPLES { self.write(ready) } else { Ok(()) }
    }

    /// Writes the rest.
    pub fn finish(&mut self) -> io::Result<()> {
        self.write(self.left.len().max(self.right.len()))
    }

    /// Sound, then header: at no moment does the header promise what is not there.
    fn write(&mut self, count: usize) -> io::Result<()> {
        self.bytes.clear();
        self.bytes.resize(count * FRAME_BYTES as usize, 0);
        for (side, at) in [(&self.left, 0), (&self.right, 2)] {
            for (frame, sample) in self.bytes.chunks_exact_mut(FRAME_BYTES as usize).zip(side) {
                frame[at..at + 2].copy_from_slice(&sample.to_le_bytes());
            }
        }
        let at = u64::from(HEADER_BYTES) + self.written as u64 * FRAME_BYTES;
        let written = self.file.write_all_at(&self.bytes, at);
        if written.is_err() && count <= WAITING_SAMPLES_MAX {
            return written;
        }
        // What is passed over is a hole in the file, and reads as silence.
        self.written += count;
        self.left.drain(..count.min(self.left.len()));
        self.right.drain(..count.min(self.right.len()));
        written?;
        self.file.write_all_at(&header(length(self.written as u64 * FRAME_BYTES)), 0)
    }
}

/// Length of the sound as the header says it: what is longer than 37 hours is cut off.
fn length(data_bytes: u64) -> u32 {
    u32::try_from(data_bytes).unwrap_or(u32::MAX - HEADER_BYTES)
}

/// RIFF/WAVE header for PCM: 2 channels, 8000 Hz, 16 bit.
fn header(data_bytes: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES as usize);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&data_bytes.saturating_add(HEADER_BYTES - 8).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&2_u16.to_le_bytes());
    out.extend_from_slice(&8000_u32.to_le_bytes());
    out.extend_from_slice(&32_000_u32.to_le_bytes());
    out.extend_from_slice(&4_u16.to_le_bytes());
    out.extend_from_slice(&16_u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&data_bytes.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: Duration = Duration::from_millis(70);

    fn sides(path: &Path) -> (Vec<i16>, Vec<i16>) {
        let all: Vec<i16> = hound::WavReader::open(path)
            .expect("a wav")
            .samples()
            .map(|s| s.expect("whole"))
            .collect();
        (all.iter().step_by(2).copied().collect(), all.iter().skip(1).step_by(2).copied().collect())
    }

    #[test]
    fn both_sides_stand_where_they_were_heard() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("r.wav");
        let mut recording = Recording::create(&path, LEAD).expect("created");
        for frame in 0..100_u64 {
            recording.heard(Mono::from_millis(1020 + 20 * frame), &[7; 160]);
        }
        // Three frames sent at once 1 s in; a clear 30 ms later leaves 30 ms of them.
        for _ in 0..3 {
            recording.said(Mono::from_millis(2000), &[9; 160]);
        }
        recording.cleared(Mono::from_millis(2030));
        recording.finish().expect("written");
        let (left, right) = sides(&path);
        assert_eq!(left, vec![7; 16_000]);
        assert!(right[..8000].iter().all(|s| *s == 0));
        assert!(right[8000..8240].iter().all(|s| *s == 9), "{:?}", &right[7990..8010]);
        assert!(right[8240..].iter().all(|s| *s == 0));
    }

    #[test]
    fn mended_it_plays_to_the_last_whole_sample() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("r.wav");
        let torn = [header(4).as_slice(), &[1, 0, 2, 0, 3, 0, 4, 0, 5]].concat();
        fs::write(&path, torn).expect("written");
        Recording::mend(&path).expect("mended");
        assert_eq!(sides(&path), (vec![1, 3], vec![2, 4]));
    }

    #[test]
    fn what_a_crash_leaves_plays() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("r.wav");
        let mut recording = Recording::create(&path, LEAD).expect("created");
        for frame in 0..400_u64 {
            recording.heard(Mono::from_millis(1000 + 20 * frame), &[7; 160]);
            recording.flush().expect("written");
        }
        std::mem::forget(recording);
        assert!(sides(&path).0.len() >= 5 * 8000);
    }
}
