//! The record of who said what, in order. Lines are corrected in place: our own words shrink to what
//! was heard.

use media::Mono;

use crate::{
    call::{Line, Record},
    llm::Role,
};

/// The lines of one call.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    lines: Vec<Line>,
}

impl Transcript {
    /// Most lines kept; later ones are dropped.
    pub const LINES_MAX: usize = 4_096;

    /// The lines so far.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Adds a line; gives its index and what goes on the record, or nothing when it is full.
    pub fn add(&mut self, line: Line) -> Option<(usize, Record)> {
        let index = self.lines.len();
        if index >= Self::LINES_MAX {
            return None;
        }
        self.lines.push(line.clone());
        Some((index, Record::Line { index, line }))
    }

    /// Changes the words of a line; nothing when they are the same already.
    pub fn correct(&mut self, index: usize, text: &str, interrupted: bool) -> Option<Record> {
        let line = self.lines.get_mut(index)?;
        if line.text == text && line.interrupted == interrupted {
            return None;
        }
        text.clone_into(&mut line.text);
        line.interrupted = interrupted;
        Some(Record::Line { index, line: line.clone() })
    }
}

/// A plain line.
pub fn line(role: Role, text: &str, at: Mono) -> Line {
    let text = text.to_owned();
    Line { role, text, at, interrupted: false, tool: None, arguments: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_and_corrected_by_index() {
        let mut transcript = Transcript::default();
        let (first, _) = transcript.add(line(Role::User, "Hello?", Mono::ZERO)).expect("room");
        let (second, _) =
            transcript.add(line(Role::Assistant, "Hi, I am", Mono::ZERO)).expect("room");
        assert_eq!((first, second), (0, 1));
        let record = transcript.correct(1, "Hi,", true).expect("a change");
        assert!(
            matches!(record, Record::Line { index: 1, ref line } if line.text == "Hi," && line.interrupted)
        );
        assert_eq!(transcript.correct(1, "Hi,", true), None);
        assert_eq!(transcript.correct(9, "?", true), None);
        assert_eq!(transcript.lines()[1].text, "Hi,");
    }

    #[test]
    fn a_full_transcript_drops_new_lines() {
        let mut transcript = Transcript::default();
        for _ in 0..Transcript::LINES_MAX {
            assert!(transcript.add(line(Role::User, "x", Mono::ZERO)).is_some());
        }
        assert!(transcript.add(line(Role::User, "x", Mono::ZERO)).is_none());
    }
}
