//! ITU-T G.711 µ-law and A-law by table, made at compile time from the standard's segments.
//!
//! A 16-bit sample is G.711's 14-bit (µ-law) or 13-bit (A-law) value, left-justified; a negative one
//! is taken as sign and one's complement, as in the reference code of ITU-T G.191 (`ulaw_compress`,
//! `alaw_compress`), so the bits below the standard's precision never decide. Left out: direct
//! conversion between the two laws, and µ-law's all-zero-byte suppression.

/// µ-law byte → 16-bit sample.
pub static MULAW_DECODE: [i16; 256] = mulaw_decode_table();
/// A-law byte → 16-bit sample.
pub static ALAW_DECODE: [i16; 256] = alaw_decode_table();
/// A sample's top 14 bits → µ-law byte.
static MULAW_ENCODE: [u8; 1 << 14] = mulaw_encode_table();
/// A sample's top 12 bits → A-law byte.
static ALAW_ENCODE: [u8; 1 << 12] = alaw_encode_table();

/// µ-law byte for silence: positive zero.
pub const MULAW_SILENCE: u8 = 0xFF;
/// A-law byte for silence: the smallest positive value.
pub const ALAW_SILENCE: u8 = 0xD5;

/// µ-law's offset that makes every segment start at a power of two (14-bit scale).
const MULAW_BIAS: i32 = 33;
/// A-law inverts every second bit on the line.
const ALAW_EVEN_BITS: u8 = 0x55;

/// One sample as µ-law.
pub fn mulaw_encode(sample: i16) -> u8 {
    MULAW_ENCODE[usize::from(sample as u16 >> 2)]
}

/// One sample as A-law.
pub fn alaw_encode(sample: i16) -> u8 {
    ALAW_ENCODE[usize::from(sample as u16 >> 4)]
}

/// One µ-law byte as a sample.
pub fn mulaw_decode(byte: u8) -> i16 {
    MULAW_DECODE[usize::from(byte)]
}

/// One A-law byte as a sample.
pub fn alaw_decode(byte: u8) -> i16 {
    ALAW_DECODE[usize::from(byte)]
}

const fn mulaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let bits = !(byte as u8);
        let segment = (bits >> 4) & 7;
        let step = (bits & 0x0F) as i32;
        // Middle of the interval, bias removed, 14-bit scale to 16-bit.
        let magnitude = ((((2 * step + MULAW_BIAS) << segment) - MULAW_BIAS) * 4) as i16;
        table[byte] = if bits & 0x80 == 0 { magnitude } else { -magnitude };
        byte += 1;
    }
    table
}

const fn mulaw_encode_table() -> [u8; 1 << 14] {
    let mut table = [0; 1 << 14];
    let mut index = 0usize;
    while index < 1 << 14 {
        let negative = index >= 1 << 13;
        let magnitude = if negative { (1 << 14) - 1 - index } else { index } as i32 + MULAW_BIAS;
        let magnitude = if magnitude > 0x1FFF { 0x1FFF } else { magnitude };
        // The bias is 33, so the highest set bit is 5 or above: it names the segment.
        let segment = 26 - magnitude.leading_zeros();
        let step = (magnitude >> (segment + 1)) & 0x0F;
        let bits = ((segment << 4) as u8) | step as u8;
        table[index] = if negative { !(bits | 0x80) } else { !bits };
        index += 1;
    }
    table
}

const fn alaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let bits = byte as u8 ^ ALAW_EVEN_BITS;
        let segment = (bits >> 4) & 7;
        let step = (bits & 0x0F) as i32;
        let magnitude =
            if segment == 0 { 16 * step + 8 } else { (16 * step + 264) << (segment - 1) } as i16;
        table[byte] = if bits & 0x80 == 0 { -magnitude } else { magnitude };
        byte += 1;
    }
    table
}

const fn alaw_encode_table() -> [u8; 1 << 12] {
    let mut table = [0; 1 << 12];
    let mut index = 0usize;
    while index < 1 << 12 {
        let negative = index >= 1 << 11;
        let magnitude = if negative { (1 << 12) - 1 - index } else { index } as u32;
        let bits = if magnitude < 32 {
            magnitude as u8
        } else {
            let segment = 28 - magnitude.leading_zeros();
            ((segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)) as u8
        };
        let sign = if negative { 0 } else { 0x80 };
        table[index] = (bits | sign) ^ ALAW_EVEN_BITS;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G.711 Table 2a, column 1–3: segment end points on the 14-bit scale, and the steps' sizes.
    const MULAW_ENDS: [i32; 9] = [0, 31, 95, 223, 479, 991, 2015, 4063, 8159];
    /// G.711 Table 1a: segment end points on the 13-bit scale (steps of 2, 2, 4, …, 128).
    const ALAW_ENDS: [i32; 9] = [0, 32, 64, 128, 256, 512, 1024, 2048, 4096];

    /// All decision values of the positive half, as the standard's tables list them.
    fn mulaw_decisions() -> Vec<i32> {
        let mut values = vec![0];
        for segment in 0..8 {
            let (start, end) = (MULAW_ENDS[segment], MULAW_ENDS[segment + 1]);
            let size = 2 << segment;
            let mut value = end;
            let mut of_segment = Vec::new();
            while value > start {
                of_segment.push(value);
                value -= size;
            }
            values.extend(of_segment.into_iter().rev());
        }
        values
    }

    fn alaw_decisions() -> Vec<i32> {
        let mut values = vec![0];
        for segment in 0..8 {
            let size = (ALAW_ENDS[segment + 1] - ALAW_ENDS[segment]) / 16;
            values.extend((1..=16).map(|k| ALAW_ENDS[segment] + k * size));
        }
        values
    }

    /// Index of the interval `magnitude` lies in, by search through the decision values.
    fn interval(decisions: &[i32], magnitude: i32) -> usize {
        (0..128).rfind(|&n| decisions[n] <= magnitude).unwrap()
    }

    #[test]
    fn mulaw_is_the_standard_for_every_sample() {
        let decisions = mulaw_decisions();
        assert_eq!((decisions.len(), decisions[1], decisions[2]), (129, 1, 3));
        for sample in i16::MIN..=i16::MAX {
            let value = i32::from(sample) >> 2;
            let (magnitude, sign) = if value < 0 { (!value, 0x00) } else { (value, 0x80) };
            let expected = sign | (0x7F - interval(&decisions, magnitude) as u8);
            assert_eq!(mulaw_encode(sample), expected, "sample {sample}");
        }
    }

    #[test]
    fn alaw_is_the_standard_for_every_sample() {
        let decisions = alaw_decisions();
        assert_eq!(decisions.len(), 129);
        for sample in i16::MIN..=i16::MAX {
            let value = i32::from(sample) >> 3;
            let (magnitude, sign) = if value < 0 { (!value, 0x00) } else { (value, 0x80) };
            let expected = (sign | interval(&decisions, magnitude) as u8) ^ 0x55;
            assert_eq!(alaw_encode(sample), expected, "sample {sample}");
        }
    }

    #[test]
    fn every_byte_decodes_to_the_middle_of_its_interval() {
        let (mulaw, alaw) = (mulaw_decisions(), alaw_decisions());
        for n in 0..128u8 {
            let at = usize::from(n);
            // µ-law's first interval is one-sided and decodes to zero.
            let middle = if n == 0 { 0 } else { (mulaw[at] + mulaw[at + 1]) * 2 };
            assert_eq!(i32::from(mulaw_decode(0xFF - n)), middle);
            assert_eq!(i32::from(mulaw_decode(0x7F - n)), -middle);
            let middle = (alaw[at] + alaw[at + 1]) * 4;
            assert_eq!(i32::from(alaw_decode((0x80 | n) ^ 0x55)), middle);
            assert_eq!(i32::from(alaw_decode(n ^ 0x55)), -middle);
        }
    }

    #[test]
    fn known_values_of_the_field() {
        for (sample, mulaw, alaw) in [
            (0, 0xFF, 0xD5),
            (-1, 0x7F, 0x55),
            (32_767, 0x80, 0xAA),
            (-32_768, 0x00, 0x2A),
            (1_000, 0xCE, 0xFA),
            (-1_000, 0x4E, 0x7A),
        ] {
            assert_eq!((mulaw_encode(sample), alaw_encode(sample)), (mulaw, alaw), "{sample}");
        }
        assert_eq!((mulaw_decode(0x80), mulaw_decode(0x00)), (32_124, -32_124));
        assert_eq!((alaw_decode(0xAA), alaw_decode(0x2A)), (32_256, -32_256));
        assert_eq!((mulaw_decode(MULAW_SILENCE), alaw_decode(ALAW_SILENCE)), (0, 8));
    }

    #[test]
    fn going_round_changes_no_byte_but_negative_zero() {
        for byte in 0..=255u8 {
            let back = mulaw_encode(mulaw_decode(byte));
            assert_eq!(back, if byte == 0x7F { 0xFF } else { byte });
            assert_eq!(alaw_encode(alaw_decode(byte)), byte);
        }
    }
}
