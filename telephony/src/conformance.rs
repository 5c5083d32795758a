//! The suite every translator passes, run over samples of its carrier's wire.

use dtmf::Digit;
use media::circuit::MarkId;

use crate::stream::{Format, Incoming, Kind, Message, Misbehaved, Outgoing, Translator};

/// One message as bytes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Wire {
    /// The message for a translator.
    pub fn message(&self) -> Message<'_> {
        match self {
            Self::Text(text) => Message::Text(text),
            Self::Binary(bytes) => Message::Binary(bytes),
        }
    }
}

/// What a translator said, as its carrier understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Audio bytes.
    Audio(Vec<u8>),
    /// A mark.
    Mark(MarkId),
    /// Drop what has not played.
    Clear,
}

/// One carrier's end of the wire, written without the translator's help.
pub trait Case {
    /// The translator under test.
    type Translator: Translator;

    /// A fresh one.
    fn translator(&self) -> Self::Translator;
    /// The format that [`Case::start`] announces.
    fn format(&self) -> Format;
    /// The carrier's messages that begin a stream, in order; the last one is the start. It carries
    /// the parameter `token` = `t`.
    fn start(&self) -> Vec<Wire>;
    /// Audio number `index` (from 0) of the stream.
    fn audio(&self, index: u32, payload: &[u8]) -> Wire;
    /// A key.
    fn digit(&self, digit: Digit) -> Wire;
    /// A returned mark.
    fn mark(&self, mark: MarkId) -> Wire;
    /// The end of the stream.
    fn stop(&self) -> Wire;
    /// Messages that break the protocol; each must cost itself alone.
    fn garbage(&self) -> Vec<Wire>;
    /// Messages that mean nothing to us and are no fault.
    fn unknown(&self) -> Vec<Wire>;
    /// A message of ours as the carrier reads it.
    fn understand(&self, kind: Kind, bytes: &[u8]) -> Option<Said>;
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {detail}")]
pub struct Broken {
    /// Which check.
    pub check: &'static str,
    /// What came instead.
    pub detail: String,
}

/// Runs every check; the first that fails is the answer.
pub fn run<C: Case>(case: &C) -> Result<(), Broken> {
    starts_once(case)?;
    carries_every_word(case)?;
    keeps_order(case)?;
    survives_garbage(case)?;
    speaks_only_in_the_stream(case)
}

fn starts_once<C: Case>(case: &C) -> Result<(), Broken> {
    const CHECK: &str = "a stream starts once";
    let mut translator = case.translator();
    let messages = case.start();
    let (start, before) = messages.split_last().ok_or_else(|| broken(CHECK, "no start"))?;
    for message in before {
        match translator.read(message.message()) {
            Ok(None | Some(Incoming::Ringing | Incoming::Answered)) => {}
            other => return Err(broken(CHECK, other)),
        }
    }
    match translator.read(start.message()) {
        Ok(Some(Incoming::Started(started)))
            if started.format == case.format()
                && started.parameters.get("token").is_some_and(|token| token == "t") => {}
        other => return Err(broken(CHECK, other)),
    }
    expect_fault(CHECK, translator.read(start.message()))?;
    hears(CHECK, case, &mut translator, 0, &[0x55; 160])
}

fn carries_every_word<C: Case>(case: &C) -> Result<(), Broken> {
    const CHECK: &str = "every word crosses both ways";
    let mut translator = started(case)?;
    for (index, length) in [160_usize, 2, 80, 320, 1600].into_iter().enumerate() {
        let payload: Vec<u8> = (0..length).map(|i| (i * 31 + index) as u8).collect();
        hears(CHECK, case, &mut translator, index as u32, &payload)?;
    }
    for (row, column) in (0..16).map(|i| (i / 4, i % 4)) {
        let Some(digit) = Digit::at(row, column) else { continue };
        match translator.read(case.digit(digit).message()) {
            Ok(Some(Incoming::Digit(got))) if got == digit => {}
            other => return Err(broken(CHECK, other)),
        }
    }
    for mark in [MarkId(0), MarkId(7), MarkId(u32::MAX)] {
        match translator.read(case.mark(mark).message()) {
            Ok(Some(Incoming::Mark(got))) if got == mark => {}
            other => return Err(broken(CHECK, other)),
        }
        says(CHECK, case, &mut translator, Outgoing::Mark(mark), &Said::Mark(mark))?;
    }
    let payload: Vec<u8> = (0..=255).collect();
    says(CHECK, case, &mut translator, Outgoing::Audio(&payload), &Said::Audio(payload.clone()))?;
    says(CHECK, case, &mut translator, Outgoing::Clear, &Said::Clear)
}

fn keeps_order<C: Case>(case: &C) -> Result<(), Broken> {
    const CHECK: &str = "what is out of order costs itself alone";
    let digit = Digit::at(0, 0).ok_or_else(|| broken(CHECK, "no key"))?;
    let in_stream = [case.audio(0, &[1; 160]), case.digit(digit), case.mark(MarkId(1))];
    let mut translator = case.translator();
    for message in &in_stream {
        expect_fault(CHECK, translator.read(message.message()))?;
    }
    for message in case.start() {
        translator.read(message.message()).map_err(|fault| broken(CHECK, fault))?;
    }
    hears(CHECK, case, &mut translator, 0, &[2; 160])?;
    match translator.read(case.stop().message()) {
        Ok(Some(Incoming::Stopped)) => {}
        other => return Err(broken(CHECK, other)),
    }
    for message in &in_stream {
        expect_fault(CHECK, translator.read(message.message()))?;
    }
    expect_fault(CHECK, translator.read(case.stop().message()))
}

fn survives_garbage<C: Case>(case: &C) -> Result<(), Broken> {
    const CHECK: &str = "garbage costs itself alone";
    let mut translator = started(case)?;
    for (index, message) in case.garbage().iter().enumerate() {
        expect_fault(CHECK, translator.read(message.message()))?;
        hears(CHECK, case, &mut translator, index as u32, &[3; 160])?;
    }
    for message in case.unknown() {
        match translator.read(message.message()) {
            Ok(None) => {}
            other => return Err(broken(CHECK, other)),
        }
    }
    Ok(())
}

fn speaks_only_in_the_stream<C: Case>(case: &C) -> Result<(), Broken> {
    const CHECK: &str = "nothing is said before the start or after the stop";
    let mut out = Vec::new();
    let mut translator = case.translator();
    let words = [Outgoing::Audio(&[1; 160]), Outgoing::Mark(MarkId(1)), Outgoing::Clear];
    for word in words {
        if translator.write(word, &mut out).is_some() || !out.is_empty() {
            return Err(broken(CHECK, word));
        }
    }
    let mut translator = started(case)?;
    translator.read(case.stop().message()).map_err(|fault| broken(CHECK, fault))?;
    for word in words {
        if translator.write(word, &mut out).is_some() || !out.is_empty() {
            return Err(broken(CHECK, word));
        }
    }
    Ok(())
}

fn started<C: Case>(case: &C) -> Result<C::Translator, Broken> {
    let mut translator = case.translator();
    for message in case.start() {
        translator.read(message.message()).map_err(|fault| broken("start", fault))?;
    }
    Ok(translator)
}

fn hears<C: Case>(
    check: &'static str,
    case: &C,
    translator: &mut C::Translator,
    index: u32,
    payload: &[u8],
) -> Result<(), Broken> {
    match translator.read(case.audio(index, payload).message()) {
        Ok(Some(Incoming::Audio { payload: got })) if got == payload => Ok(()),
        other => Err(broken(check, other)),
    }
}

fn says<C: Case>(
    check: &'static str,
    case: &C,
    translator: &mut C::Translator,
    word: Outgoing<'_>,
    meant: &Said,
) -> Result<(), Broken> {
    let mut out = Vec::new();
    let kind = translator.write(word, &mut out).ok_or_else(|| broken(check, "nothing said"))?;
    match case.understand(kind, &out) {
        Some(said) if said == *meant => Ok(()),
        other => Err(broken(check, other)),
    }
}

fn expect_fault(
    check: &'static str,
    answer: Result<Option<Incoming<'_>>, Misbehaved>,
) -> Result<(), Broken> {
    match answer {
        Err(fault) if !fault.fatal => Ok(()),
        other => Err(broken(check, other)),
    }
}

fn broken(check: &'static str, came: impl std::fmt::Debug) -> Broken {
    Broken { check, detail: format!("{came:?}") }
}
