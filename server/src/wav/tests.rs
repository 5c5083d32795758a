use std::{f32::consts::TAU, fs, io::Cursor};

use super::*;

/// A chunk: its name, its length as stated, its bytes.
fn chunk(name: &[u8; 4], stated: u32, body: &[u8]) -> Vec<u8> {
    [&name[..], &stated.to_le_bytes(), body, &vec![0; body.len() % 2]].concat()
}

fn format(tag: u16, channels: u16, rate_hz: u32, sample_bytes: u16) -> Vec<u8> {
    let block = channels * sample_bytes;
    let mut body = Vec::new();
    body.extend(tag.to_le_bytes());
    body.extend(channels.to_le_bytes());
    body.extend(rate_hz.to_le_bytes());
    body.extend((rate_hz * u32::from(block)).to_le_bytes());
    body.extend(block.to_le_bytes());
    body.extend((8 * sample_bytes).to_le_bytes());
    body
}

fn file(riff: &[u8; 4], riff_bytes: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    [&riff[..], &riff_bytes.to_le_bytes(), b"WAVE", &chunks.concat()].concat()
}

/// A whole file with honest lengths.
fn honest(format: &[u8], data: &[u8]) -> Vec<u8> {
    let chunks =
        [chunk(b"fmt ", format.len() as u32, format), chunk(b"data", data.len() as u32, data)];
    let bytes = 4 + chunks.iter().map(Vec::len).sum::<usize>();
    file(b"RIFF", bytes as u32, &chunks)
}

/// Sound of each channel, and whether the file was truncated.
fn read(bytes: &[u8]) -> Result<(Vec<Vec<i16>>, bool), WavError> {
    let mut wav = Wav::from_reader(Cursor::new(bytes.to_vec()))?;
    let mut sound = vec![Vec::new(); usize::from(wav.channels())];
    let mut before = 0;
    while wav.read(&mut sound)? {
        assert!(sound[0].len() - before <= 900, "more than a tenth of a second at once");
        before = sound[0].len();
    }
    assert_eq!(sound[0].len(), before, "something came with the end");
    Ok((sound, wav.truncated()))
}

/// A tone in full-scale units.
fn tone(hz: f32, rate_hz: u32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| 0.5 * (TAU * hz / rate_hz as f32 * n as f32).sin()).collect()
}

fn pcm16(sound: &[f32]) -> Vec<u8> {
    sound.iter().flat_map(|s| ((s * 32_768.0) as i16).to_le_bytes()).collect()
}

/// Distance of two sounds of one length, in dB below the first.
fn distance_db(wanted: &[i16], found: &[i16]) -> f32 {
    assert_eq!(wanted.len(), found.len());
    let power = |each: &mut dyn Iterator<Item = f32>| each.map(|x| x * x).sum::<f32>();
    let off = power(&mut wanted.iter().zip(found).map(|(&a, &b)| f32::from(a) - f32::from(b)));
    10.0 * (power(&mut wanted.iter().map(|&a| f32::from(a))) / off.max(1.0)).log10()
}

#[test]
fn every_encoding_gives_its_sound() {
    let sound = tone(440.0, 8_000, 4_000);
    let wanted: Vec<i16> = sound.iter().map(|s| (s * 32_768.0) as i16).collect();
    let of = |encode: fn(f32) -> Vec<u8>| sound.iter().flat_map(|&s| encode(s)).collect();
    let table: [(&str, u16, u16, Vec<u8>, f32); 8] = [
        ("8 bit", 1, 1, of(|s| vec![(s * 128.0 + 128.0) as u8]), 30.0),
        ("16 bit", 1, 2, of(|s| ((s * 32_768.0) as i16).to_le_bytes().to_vec()), 90.0),
        ("24 bit", 1, 3, of(|s| ((s * 8_388_608.0) as i32).to_le_bytes()[..3].to_vec()), 75.0),
        ("32 bit", 1, 4, of(|s| ((s * 2_147_483_648.0) as i32).to_le_bytes().to_vec()), 75.0),
        ("float", 3, 4, of(|s| s.to_le_bytes().to_vec()), 75.0),
        ("double", 3, 8, of(|s| f64::from(s).to_le_bytes().to_vec()), 75.0),
        ("A-law", 6, 1, of(|s| vec![media::codec::g711::alaw_encode((s * 32_768.0) as i16)]), 33.0),
        (
            "µ-law",
            7,
            1,
            of(|s| vec![media::codec::g711::mulaw_encode((s * 32_768.0) as i16)]),
            33.0,
        ),
    ];
    for (name, tag, sample_bytes, data, near_db) in table {
        let (found, truncated) =
            read(&honest(&format(tag, 1, 8_000, sample_bytes), &data)).unwrap();
        let db = distance_db(&wanted, &found[0]);
        assert!(db >= near_db && !truncated, "{name}: {db} dB");
    }
}

#[test]
fn every_rate_becomes_8_khz_of_the_same_length_at_the_same_time() {
    for rate_hz in [4_000, 6_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000] {
        for samples in [rate_hz as usize, 3 * rate_hz as usize / 2 + 7] {
            let data = pcm16(&tone(440.0, rate_hz, samples));
            let (found, _) = read(&honest(&format(1, 1, rate_hz, 2), &data)).unwrap();
            let length = (samples as u64 * 8_000).div_ceil(u64::from(rate_hz)) as usize;
            assert_eq!(found[0].len(), length, "{rate_hz} Hz");
            let wanted = tone(440.0, 8_000, length);
            let wanted: Vec<i16> = wanted.iter().map(|s| (s * 32_768.0) as i16).collect();
            // Some filters are late by a fraction of a sample more than they say.
            let db = (399..=401)
                .map(|from| distance_db(&wanted[400..7_600], &found[0][from..from + 7_200]))
                .fold(0.0, f32::max);
            assert!(db > 15.0, "{rate_hz} Hz: {db} dB");
        }
    }
}

#[test]
fn channels_stay_apart() {
    for channels in 1..=CHANNELS_MAX {
        let frames = 1_000i16;
        let data: Vec<u8> = (0..frames)
            .flat_map(|n| (0..channels as i16).map(move |channel| 100 * channel + n % 100))
            .flat_map(i16::to_le_bytes)
            .collect();
        let (found, _) = read(&honest(&format(1, channels, 8_000, 2), &data)).unwrap();
        for (channel, sound) in found.iter().enumerate() {
            assert_eq!(sound.len(), 1_000);
            assert!(sound.iter().enumerate().all(|(n, &s)| s == (100 * channel + n % 100) as i16));
        }
    }
    let stereo = honest(&format(1, 2, 8_000, 2), &[1; 400]);
    let mut wav = Wav::from_reader(Cursor::new(stereo)).unwrap();
    let mut first = [Vec::new()];
    assert!(wav.read(&mut first).unwrap(), "a channel nobody wants is left out");
    assert_eq!(first[0].len(), 100);
}

#[test]
fn headers_of_all_kinds_lead_to_the_sound() {
    let mono = chunk(b"fmt ", 16, &format(1, 1, 8_000, 2));
    let data = pcm16(&tone(300.0, 8_000, 500));
    let mut cut = file(b"RIFF", 9_036, &[mono.clone(), chunk(b"data", 9_000, &data)]);
    cut.pop();
    let honest_data = chunk(b"data", 1_000, &data);
    let mut extensible = format(0xFFFE, 1, 8_000, 2);
    extensible.extend([
        22, 0, 16, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113,
    ]);
    let extensible = chunk(b"fmt ", 40, &extensible);
    let note = chunk(b"LIST", 5, b"noted");
    let mut lengths = vec![0; 28];
    lengths[8..16].copy_from_slice(&1_000u64.to_le_bytes());
    let lengths = chunk(b"ds64", 28, &lengths);
    let open = |bytes| chunk(b"data", bytes, &data);
    for (name, bytes, samples, truncated) in [
        ("extensible", file(b"RIFF", 1_100, &[extensible, honest_data.clone()]), 500, false),
        (
            "chunks before",
            file(b"RIFF", 1_100, &[note.clone(), mono.clone(), note.clone(), honest_data.clone()]),
            500,
            false,
        ),
        (
            "a chunk behind",
            file(b"RIFF", 1_050, &[mono.clone(), honest_data.clone(), note.clone()]),
            500,
            false,
        ),
        (
            "RF64",
            file(b"RF64", u32::MAX, &[lengths, mono.clone(), open(u32::MAX), note.clone()]),
            500,
            false,
        ),
        ("never closed", file(b"RIFF", 36, &[mono.clone(), open(0)]), 500, false),
        ("never begun", file(b"RIFF", 0, &[mono.clone(), open(0)]), 500, false),
        ("to a pipe", file(b"RIFF", u32::MAX, &[mono.clone(), open(u32::MAX)]), 500, false),
        (
            "to a pipe, half",
            file(b"RIFF", 0x7FFF_F024, &[mono.clone(), open(0x7FFF_F000)]),
            500,
            false,
        ),
        (
            "no sound, a chunk behind",
            file(b"RIFF", 50, &[mono.clone(), chunk(b"data", 0, &[]), note]),
            0,
            false,
        ),
        ("truncated", file(b"RIFF", 9_036, &[mono.clone(), open(9_000)]), 500, true),
        ("truncated in a sample", cut, 499, true),
        ("no sound at all", file(b"RIFF", 36, &[mono, chunk(b"data", 0, &[])]), 0, false),
    ] {
        let (found, short) = read(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((found[0].len(), short), (samples, truncated), "{name}");
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let sound = [0; 100];
    for (name, bytes, said) in [
        ("empty", vec![], "0 bytes"),
        ("text", b"Dear reader, this is a letter".to_vec(), "not a RIFF/WAVE file; convert"),
        ("AVI", file(b"RIFF", 4, &[])[..8].iter().chain(b"AVI ").copied().collect(), "not a RIFF"),
        ("two bytes", b"RI".to_vec(), "copy it again"),
        (
            "no data",
            file(b"RIFF", 28, &[chunk(b"fmt ", 16, &format(1, 1, 8_000, 2))]),
            "copy it again",
        ),
        (
            "a chunk beyond the end",
            file(b"RIFF", 28, &[chunk(b"LIST", 1 << 30, &[0; 9])]),
            "copy it again",
        ),
        ("sound first", file(b"RIFF", 28, &[chunk(b"data", 10, &[0; 10])]), "before its format"),
        ("ADPCM", honest(&format(0x11, 1, 8_000, 1), &sound), "format 0x0011"),
        ("MP3", honest(&format(0x55, 2, 44_100, 1), &sound), "ffmpeg -i FILE -c:a pcm_s16le"),
        ("float of 16 bit", honest(&format(3, 1, 8_000, 2), &sound), "of 16 bit"),
        ("nine channels", honest(&format(1, 9, 8_000, 2), &sound), "9 channels, 1 to 8 are read"),
        ("no channel", honest(&format(1, 0, 8_000, 2), &sound), "0 channels"),
        ("too slow", honest(&format(1, 1, 2_000, 2), &sound), "4000 to 192000 Hz"),
        ("short format", file(b"RIFF", 28, &[chunk(b"fmt ", 8, &[0; 8])]), "format is cut short"),
    ] {
        let error = read(&bytes).err().unwrap_or_else(|| panic!("{name} was read"));
        assert!(error.to_string().contains(said), "{name}: {error}");
    }
}

#[test]
fn ten_hours_take_the_memory_of_a_second() {
    /// A file of any length that is never stored.
    struct Endless {
        header: Vec<u8>,
        at: u64,
        bytes: u64,
    }
    impl std::io::Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let take = (self.bytes - self.at).min(into.len() as u64) as usize;
            for (slot, at) in into[..take].iter_mut().zip(self.at..) {
                *slot = self.header.get(at as usize).copied().unwrap_or(0x55);
            }
            self.at += take as u64;
            Ok(take)
        }
    }
    let data_bytes = 36_000 * 8_000u64;
    let mut header = honest(&format(7, 1, 8_000, 1), &[]);
    let at = header.len() - 4;
    header[at..].copy_from_slice(&(data_bytes as u32).to_le_bytes());
    let bytes = header.len() as u64 + data_bytes;
    let mut wav = Wav::from_reader(Endless { header, at: 0, bytes }).unwrap();
    let (mut sound, mut samples) = ([Vec::new()], 0);
    let used = allocation_counter::measure(|| {
        while wav.read(&mut sound).unwrap() {
            samples += sound[0].len() as u64;
            sound[0].clear();
        }
    });
    assert_eq!((samples, wav.truncated()), (data_bytes, false));
    assert!(used.bytes_max < 100_000, "{} bytes", used.bytes_max);
}

#[test]
fn what_is_written_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.wav");
    for channels in [1u16, 2] {
        let mut writer = WavWriter::create(&path, channels).unwrap();
        let samples: Vec<i16> = (0..2_000).map(|n| n * 3 - 1_000).collect();
        writer.write(&samples[..600]).unwrap();
        writer.write(&samples[600..]).unwrap();
        writer.finish().unwrap();
        let (found, _) = read(&fs::read(&path).unwrap()).unwrap();
        let interleaved: Vec<i16> = (0..2_000 / usize::from(channels))
            .flat_map(|n| found.iter().map(move |sound| sound[n]))
            .collect();
        assert_eq!(interleaved, samples);
        let mut wav = Wav::open(&path).unwrap();
        let mut first = [Vec::new()];
        assert!(wav.read(&mut first).unwrap() && first[0][0] == samples[0]);
    }
    assert!(WavWriter::create(&path, 3).is_err());
    assert!(Wav::open(&dir.path().join("none.wav")).is_err());
    assert!(Wav::open(dir.path()).is_err(), "a folder is no file");
}
