//! Inputs as bytes.

use dtmf::Digit;

use super::{
    TapeError,
    bytes::{Bytes, put_bytes, put_number},
};
use crate::circuit::{Command, Input, Keys, MarkId, UtteranceId, Verdict};

pub(super) fn put(input: &Input<'_>, out: &mut Vec<u8>) {
    match *input {
        Input::Tick => out.push(0),
        Input::Audio(bytes) => put_tagged(1, bytes, out),
        Input::Rtp(bytes) => put_tagged(2, bytes, out),
        Input::Rtcp(bytes) => put_tagged(3, bytes, out),
        Input::Mark(MarkId(id)) => put_tag(4, id, out),
        Input::Digit(digit) => out.extend([5, digit.as_char() as u8]),
        Input::Speech { utterance: UtteranceId(id), samples } => {
            put_tag(6, id, out);
            put_samples(samples, out);
        }
        Input::Relay(samples) => {
            out.push(15);
            put_samples(samples, out);
        }
        Input::SpeechEnd(UtteranceId(id)) => put_tag(7, id, out),
        Input::Verdict(Verdict { chunk, probability }) => {
            put_tag(8, chunk, out);
            out.extend(probability.to_bits().to_le_bytes());
        }
        Input::Command(command) => put_command(command, out),
    }
}

fn put_command(command: Command, out: &mut Vec<u8>) {
    match command {
        Command::Say { utterance: UtteranceId(id), interruptible } => {
            put_tag(9, id, out);
            out.push(u8::from(interruptible));
        }
        Command::Clear => out.push(10),
        Command::Words { count, back_channel } => {
            put_tag(11, u32::from(count), out);
            out.push(u8::from(back_channel));
        }
        Command::Keys(keys) if keys.is_plain() => put_tagged(12, keys.written().as_bytes(), out),
        Command::Keys(keys) => {
            put_tagged(13, keys.masked().written().as_bytes(), out);
            put_number(u64::from(keys.tone_ms()), out);
            put_number(u64::from(keys.gap_ms()), out);
        }
        Command::Bridge => out.push(14),
    }
}

fn put_tag(tag: u8, number: u32, out: &mut Vec<u8>) {
    out.push(tag);
    put_number(u64::from(number), out);
}

fn put_samples(samples: &[i16], out: &mut Vec<u8>) {
    put_number(samples.len() as u64, out);
    out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
}

fn put_tagged(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    put_bytes(bytes, out);
}

/// Reads what follows `tag`. Speech and what is relayed go through `samples`, which is only ever grown.
pub(super) fn take<'b, 'a: 'b>(
    tag: u8,
    bytes: &mut Bytes<'a>,
    samples: &'b mut Vec<i16>,
) -> Result<Input<'b>, TapeError> {
    let at_byte = bytes.at();
    Ok(match tag {
        0 => Input::Tick,
        1 => Input::Audio(bytes.bytes()?),
        2 => Input::Rtp(bytes.bytes()?),
        3 => Input::Rtcp(bytes.bytes()?),
        4 => Input::Mark(MarkId(bytes.small("a mark")?)),
        5 => Input::Digit(digit(bytes)?),
        6 => {
            let utterance = UtteranceId(bytes.small("an utterance")?);
            take_samples(bytes, samples)?;
            Input::Speech { utterance, samples }
        }
        7 => Input::SpeechEnd(UtteranceId(bytes.small("an utterance")?)),
        8 => Input::Verdict(Verdict {
            chunk: bytes.small("a chunk")?,
            probability: f32::from_bits(u32::from_le_bytes(bytes.array()?)),
        }),
        9 => Input::Command(Command::Say {
            utterance: UtteranceId(bytes.small("an utterance")?),
            interruptible: bytes.byte()? != 0,
        }),
        10 => Input::Command(Command::Clear),
        11 => Input::Command(Command::Words {
            count: bytes.small("a number of words")?,
            back_channel: bytes.byte()? != 0,
        }),
        12 => {
            let count: usize = bytes.small("a number of keys")?;
            let keys: Vec<Digit> =
                (0..count.min(Keys::MAX + 1)).map(|_| digit(bytes)).collect::<Result<_, _>>()?;
            let what = "more keys than are pressed at once";
            let keys = Keys::try_from(keys).map_err(|_| TapeError::Nonsense { at_byte, what })?;
            Input::Command(Command::Keys(keys))
        }
        13 => {
            let what = "keys that cannot be pressed";
            let nonsense = TapeError::Nonsense { at_byte, what };
            let written = str::from_utf8(bytes.bytes()?).map_err(|_| nonsense)?;
            let keys = Keys::parse(written)
                .map_err(|_| TapeError::Nonsense { at_byte, what })?
                .timed(bytes.small("a length in ms")?, bytes.small("a length in ms")?);
            Input::Command(Command::Keys(keys))
        }
        14 => Input::Command(Command::Bridge),
        15 => {
            take_samples(bytes, samples)?;
            Input::Relay(samples)
        }
        _ => return Err(TapeError::Nonsense { at_byte: at_byte - 1, what: "an unknown record" }),
    })
}

fn take_samples(bytes: &mut Bytes<'_>, samples: &mut Vec<i16>) -> Result<(), TapeError> {
    let count: usize = bytes.small("a number of samples")?;
    samples.clear();
    for _ in 0..count {
        samples.push(i16::from_le_bytes(bytes.array()?));
    }
    Ok(())
}

pub(super) fn digit(bytes: &mut Bytes<'_>) -> Result<Digit, TapeError> {
    let at_byte = bytes.at();
    Digit::try_from(char::from(bytes.byte()?))
        .map_err(|_| TapeError::Nonsense { at_byte, what: "a key that is none" })
}
