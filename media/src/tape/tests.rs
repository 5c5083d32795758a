use std::time::Duration;

use dtmf::{
    Digit,
    tone_detector::{Kind, Tone},
};
use proptest::prelude::*;

use super::*;
use crate::{
    circuit::{
        Circuit, Command, DigitSource, Event, Heard, Ignored, Keys, MarkId, UtteranceId, Verdict,
    },
    ear::{self, Change, Tune},
};

fn key(c: char) -> Digit {
    Digit::try_from(c).unwrap()
}

fn begin(birth: Mono) -> Vec<u8> {
    let mut tape = Vec::new();
    write_header(&mut tape, &CircuitConfig::default(), birth);
    tape
}

/// A short call: speech both ways, a clear, keys; its tape.
fn recorded() -> Vec<u8> {
    let birth = Mono::from_millis(7);
    let mut tape = begin(birth);
    let mut circuit = Circuit::new(&CircuitConfig::default(), birth).unwrap();
    let speech: Vec<i16> = (0..4000).map(|n| ((n * 37 % 200) as i16 - 100) * 60).collect();
    let mut live = |ms: u64, input: Input<'_>| {
        let at = Mono::from_millis(ms);
        write_input(&mut tape, at, &input);
        circuit.handle(at, input);
        while let Some(output) = circuit.poll() {
            write_output(&mut tape, at, &output);
        }
    };
    let utterance = UtteranceId(1);
    live(10, Input::Command(Command::Say { utterance, interruptible: true }));
    live(11, Input::Speech { utterance, samples: &speech });
    for tick in 0..40u64 {
        let sound = if (15..25).contains(&tick) { &[0x35, 0xb9, 0x10, 0x90] } else { &[0xff; 4] };
        live(20 + tick * 20, Input::Audio(&sound.repeat(40)));
    }
    live(830, Input::Mark(MarkId(77)));
    live(840, Input::Command(Command::Clear));
    live(850, Input::SpeechEnd(UtteranceId(9)));
    let keys = Keys::try_from(vec![key('1'), key('#')]).unwrap();
    live(860, Input::Command(Command::Keys(keys)));
    for tick in 0..20u64 {
        live(870 + tick * 20, Input::Tick);
    }
    tape
}

#[test]
fn a_recorded_call_replays_to_the_same_outputs() {
    let report = replay(&recorded()).unwrap();
    assert_eq!(report.torn, None);
    assert_eq!(report.inputs, 66);
    assert!(report.outputs > 80, "{report:?}");
    assert_eq!((report.from, report.to), (Mono::from_millis(7), Mono::from_millis(1250)));
}

#[test]
fn a_torn_tape_replays_to_its_last_whole_record() {
    let tape = recorded();
    for cut in [1, 2, 3, 20, tape.len() / 2] {
        let end = tape.len() - cut;
        let report = replay(&tape[..end]);
        // Cut between records an output may be missing, which is nobody's fault; within, it is torn.
        match report {
            Ok(Report { torn: Some(error), .. }) => assert!(
                error.to_string().starts_with("the tape ends within a record at byte"),
                "{error}"
            ),
            Ok(_) => {}
            Err(Difference::Output { expected: None, .. }) => {}
            Err(other) => panic!("cut by {cut}: {other}"),
        }
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let tape = recorded();
    for at in (0..tape.len()).step_by(13) {
        let mut flipped = tape.clone();
        flipped[at] ^= 0x40;
        match replay(&flipped) {
            Err(_) => {}
            // A length that points behind the end.
            Ok(Report { torn: Some(_), .. }) => {}
            Ok(report) => panic!("byte {at} of {}: {report:?}", tape.len()),
        }
    }
}

#[test]
fn the_difference_is_shown_with_its_time() {
    let at = Mono::from_millis(40);
    let mut tape = begin(Mono::ZERO);
    write_input(&mut tape, at, &Input::Mark(MarkId(3)));
    write_output(&mut tape, at, &Output::Ignored(Ignored::BadPacket));
    let difference = replay(&tape).unwrap_err();
    assert_eq!(
        difference.to_string(),
        "at 40000 µs, output 0: recorded Some(Ignored(BadPacket)), now Some(Ignored(UnknownMark))"
    );
}

#[test]
fn what_is_no_tape_is_said_to_be_none() {
    assert_eq!(Reader::new(b"RIFF....").err(), Some(TapeError::NotATape));
    assert_eq!(Reader::new(b"TLTAPE\x09").err(), Some(TapeError::Version(9)));
    assert_eq!(Reader::new(b"TLTAPE\x02").err(), Some(TapeError::Torn { at_byte: 7 }));
    let mut tape = b"TLTAPE\x02\x00\x0b{\"codec\":7}".to_vec();
    put_check(0, &mut tape);
    assert!(matches!(replay(&tape), Err(Difference::Tape { error: TapeError::Config(_), .. })));
}

fn outputs() -> Vec<Output<'static>> {
    let heard = Heard { ms: 12, of_ms: 3000, confirmed: true };
    let utterance = UtteranceId(5);
    let at = Mono::from_micros(123_456);
    let events = [
        Event::SpeechStarted { at, from_sample: 1 << 40 },
        Event::SpeechEnded { at, to_sample: 9 },
        Event::Paused { utterance },
        Event::Resumed { utterance, paused_ms: 140 },
        Event::Interrupted { utterance, heard, reaction_ms: 99 },
        Event::Started { utterance },
        Event::Finished { utterance, heard: Heard::default() },
        Event::Digit { digit: key('*'), source: DigitSource::Event },
        Event::Digit { digit: key('D'), source: DigitSource::Carrier },
        Event::Digit { digit: key('0'), source: DigitSource::InBand },
        Event::KeysPlayed,
        Event::KeysCancelled,
        Event::Deaf { for_ms: u32::MAX },
        Event::Tone(Tone { kind: Kind::Beep { hz: 1000 }, from_sample: 7, to_sample: None }),
        Event::Sounds(Change::Repeats { ago_ms: 31_000 }),
        Event::Sounds(Change::Sounds {
            kind: ear::Kind::Music,
            was: ear::Kind::Silence,
            since_ms: 400,
            tune: Tune { beat_bpm: 117.3, held: 0.5, ..Tune::default() },
        }),
    ];
    let reasons = [
        Ignored::BadPayload,
        Ignored::BadPacket,
        Ignored::TooMuchAudio,
        Ignored::StaleSpeech,
        Ignored::TooMuchSpeech,
        Ignored::UnknownMark,
        Ignored::StaleVerdict,
        Ignored::UtteranceOrder,
        Ignored::NotBridged,
    ];
    let mut all = vec![
        Output::Frame(&[1, 2, 3]),
        Output::Rtcp(&[]),
        Output::Mark(MarkId(300)),
        Output::Clear,
        Output::Heard(&[-1, 2]),
        Output::Judge { chunk: 4, reset: true, samples: &[7; 256] },
        Output::Judge { chunk: 5, reset: false, samples: &[8; 256] },
    ];
    all.extend(events.map(Output::Event));
    all.extend(reasons.map(Output::Ignored));
    all
}

#[test]
fn every_output_survives() {
    let mut tape = begin(Mono::ZERO);
    for output in outputs() {
        write_output(&mut tape, Mono::from_millis(3), &output);
    }
    let mut reader = Reader::new(&tape).unwrap();
    for output in outputs() {
        match reader.next().unwrap().unwrap() {
            Entry { at, item: Item::Output(trace) } => {
                assert_eq!((at, trace), (Mono::from_millis(3), Trace::of(&output)));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(reader.next().is_none());
}

fn input() -> impl Strategy<Value = (u8, Vec<u8>, Vec<i16>, u32, f32, bool)> {
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    let samples = prop::collection::vec(any::<i16>(), 0..300);
    (0u8..15, bytes, samples, any::<u32>(), 0f32..1.0, any::<bool>())
}

proptest! {
    #[test]
    fn every_input_survives(all in prop::collection::vec((input(), 0u64..100_000), 0..20)) {
        let mut tape = begin(Mono::from_millis(5));
        let mut at = Mono::from_millis(5);
        let mut expected = Vec::new();
        for ((kind, bytes, samples, n, probability, flag), us) in &all {
            let utterance = UtteranceId(*n);
            at = at + Duration::from_micros(*us);
            let input = match kind {
                0 => Input::Tick,
                1 => Input::Audio(bytes),
                2 => Input::Rtp(bytes),
                3 => Input::Rtcp(bytes),
                4 => Input::Mark(MarkId(*n)),
                5 => Input::Digit(Digit::at(*n as usize % 4, *n as usize / 4 % 4).unwrap()),
                6 => Input::Speech { utterance, samples },
                7 => Input::SpeechEnd(utterance),
                8 => Input::Verdict(Verdict { chunk: *n, probability: *probability }),
                9 => Input::Command(Command::Say { utterance, interruptible: *flag }),
                10 => Input::Command(if *flag { Command::Bridge } else { Command::Clear }),
                11 => Input::Command(Command::Words { count: *n as u16, back_channel: *flag }),
                14 => Input::Relay(samples),
                12 => Input::Command(Command::Keys(
                    Keys::try_from(vec![key('7'); *n as usize % 33]).unwrap(),
                )),
                _ => Input::Command(Command::Keys(
                    Keys::parse("1w,W#").unwrap().timed(*n as u16, 70),
                )),
            };
            expected.push(format!("{at:?} {input:?}"));
            write_input(&mut tape, at, &input);
        }
        let mut reader = Reader::new(&tape).unwrap();
        for expected in expected {
            match reader.next().unwrap().unwrap() {
                Entry { at, item: Item::Input(input) } => {
                    prop_assert_eq!(format!("{at:?} {input:?}"), expected);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert!(reader.next().is_none());
    }

    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), headed in any::<bool>()) {
        if headed {
            let mut tape = begin(Mono::ZERO);
            tape.append(&mut bytes);
            bytes = tape;
        }
        let _ = replay(&bytes);
    }
}
