//! A file's sound at 8 kHz, a tenth of a second at a time.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use media::resample::Resampler;

use super::{
    RATE_HZ, WavError,
    header::{self, Header},
};

/// Most channels a file may have.
pub const CHANNELS_MAX: u16 = 8;
/// Sound read at once, as parts of a second.
const READS_PER_S: u32 = 10;

/// A file being read. Holds a tenth of a second of it.
pub struct Wav {
    from: Box<dyn Read>,
    header: Header,
    /// Bytes of sound still to come; `None` to the end of the file.
    left_bytes: Option<u64>,
    /// Sound as it lies in the file, whole samples of all channels.
    block: Vec<u8>,
    /// The same of one channel: decoded, and at 8 kHz.
    channel: Vec<i16>,
    resampled: Vec<i16>,
    resamplers: Vec<Resampler>,
    /// Samples to leave out still: what a resampler gives before the first one of the file.
    early: usize,
    /// Samples of one channel: read, and handed over at 8 kHz.
    read_samples: u64,
    given_samples: u64,
    ended: bool,
    truncated: bool,
}

impl Wav {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When it cannot be opened or is not a WAVE file that can be read; the text says what to do.
    pub fn open(path: &Path) -> Result<Self, WavError> {
        let file = File::open(path)?;
        let long = file.metadata()?.len() > u64::from(u32::MAX);
        let mut wav = Self::from_reader(BufReader::with_capacity(1 << 16, file))?;
        if long && wav.left_bytes.is_some_and(|bytes| bytes <= u64::from(u32::MAX)) {
            // A length of 32 bits has gone round.
            wav.left_bytes = None;
        }
        Ok(wav)
    }

    /// Reads a header from anything that gives bytes.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_reader(from: impl Read + 'static) -> Result<Self, WavError> {
        let mut from: Box<dyn Read> = Box::new(from);
        let header = header::read(&mut from)?;
        let resamplers = (0..header.channels)
            .map(|_| Resampler::new(header.rate_hz, RATE_HZ))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| WavError::Rate(header.rate_hz))?;
        let early = resamplers.first().map_or(0, Resampler::delay_samples);
        let at_once = (header.rate_hz / READS_PER_S) as usize;
        let frame_bytes = header.encoding.bytes() * usize::from(header.channels);
        Ok(Self {
            from,
            header,
            left_bytes: header.data_bytes,
            block: vec![0; at_once * frame_bytes],
            channel: Vec::with_capacity(2 * at_once),
            resampled: Vec::new(),
            resamplers,
            early,
            read_samples: 0,
            given_samples: 0,
            ended: false,
            truncated: false,
        })
    }

    /// Channels in the file, 1 to [`CHANNELS_MAX`].
    pub fn channels(&self) -> u16 {
        self.header.channels
    }

    /// The file's own rate, in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.header.rate_hz
    }

    /// The file ended before its header said it would. Known once [`Self::read`] gave `false`.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Appends about a tenth of a second, at 8 kHz, to the sound of each channel, the first channel to the first one; a
    /// channel without a place is left out. All of them together are as long as the file. `false`, and nothing
    /// appended, at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn read(&mut self, channel_sound: &mut [Vec<i16>]) -> Result<bool, WavError> {
        if self.ended {
            return Ok(false);
        }
        let frames = self.fill_block()?;
        let frame_bytes = self.frame_bytes();
        // At the end silence pushes out what the resamplers hold back.
        let silence = if self.ended { self.block.len() / frame_bytes } else { 0 };
        let encoding = self.header.encoding;
        let (mut early, mut given) = (0, 0);
        for (number, resampler) in self.resamplers.iter_mut().enumerate() {
            self.channel.clear();
            self.channel.extend(
                self.block[..frames * frame_bytes]
                    .chunks_exact(frame_bytes)
                    .map(|frame| encoding.sample(&frame[number * encoding.bytes()..])),
            );
            self.channel.resize(frames + silence, 0);
            self.resampled.clear();
            resampler.process(&self.channel, &mut self.resampled);
            early = self.early.min(self.resampled.len());
            given = self.resampled.len() - early;
            if self.ended {
                let whole = self.read_samples * u64::from(RATE_HZ);
                let whole = whole.div_ceil(u64::from(self.header.rate_hz));
                given = given.min(whole.saturating_sub(self.given_samples) as usize);
            }
            if let Some(sound) = channel_sound.get_mut(number) {
                sound.extend_from_slice(&self.resampled[early..early + given]);
            }
        }
        self.early -= early;
        self.given_samples += given as u64;
        Ok(given > 0 || !self.ended)
    }

    /// Reads the next block; how many whole samples of all channels it holds.
    fn fill_block(&mut self) -> Result<usize, WavError> {
        let room = self.block.len();
        let wanted = self.left_bytes.map_or(room, |left| left.min(room as u64) as usize);
        let there = header::fill(&mut self.from, &mut self.block[..wanted])?;
        if let Some(left) = &mut self.left_bytes {
            *left -= there as u64;
            self.truncated = there < wanted;
        }
        self.ended = there < room;
        let frames = there / self.frame_bytes();
        self.read_samples += frames as u64;
        Ok(frames)
    }

    /// Bytes of one sample of all channels.
    fn frame_bytes(&self) -> usize {
        self.header.encoding.bytes() * usize::from(self.header.channels)
    }
}
