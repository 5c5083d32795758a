//! What the callee says: from the circuit's edges and the recogniser's texts to turns.

use media::{
    Mono,
    circuit::{self, Command},
};

use super::{
    parts::Parts,
    words::{Output, Record, Waterfall},
};
use crate::{
    line,
    llm::Role,
    stt,
    transcript::line,
    turn::{Step, Taken, evidence},
};

impl Parts {
    /// An edge of the callee's speech. `None` when it makes no sense now.
    pub(super) fn edge(&mut self, event: &circuit::Event) -> Option<Vec<Step>> {
        if !self.listens() {
            self.leave_unheard(event);
            return Some(Vec::new());
        }
        let steps = match *event {
            circuit::Event::SpeechStarted { at, from_sample } => {
                self.turn.speech_started(at, from_sample)
            }
            circuit::Event::SpeechEnded { at, to_sample } => self.turn.speech_ended(at, to_sample),
            _ => None,
        };
        steps.map(|steps| self.listen(steps))
    }

    /// An event of the recogniser. `None` when it belongs to nothing open.
    pub(super) fn recognised(&mut self, now: Mono, event: &stt::Event) -> Option<Vec<Step>> {
        match event {
            stt::Event::Partial { segment, text } => {
                if !self.turn.partial(*segment, text) {
                    return None;
                }
                self.record(Record::Hearing { text: text.clone() });
                self.weigh(text);
                self.understood(now, text, self.turn.began());
                Some(Vec::new())
            }
            stt::Event::Final { segment, text } => {
                // The last words may end the turn.
                let began = self.turn.began();
                let steps = self.turn.finalised(now, *segment, text)?;
                self.weigh(text);
                self.understood(now, text, began);
                Some(self.listen(steps))
            }
            stt::Event::Failed { fault, retrying } => {
                self.notice("stt_failed", fault.to_string());
                self.is_deaf = !retrying;
                Some(Vec::new())
            }
        }
    }

    /// The turn's deadline may have come.
    pub(super) fn endpoint(&mut self, now: Mono) -> Vec<Step> {
        let steps = self.turn.tick(now);
        self.listen(steps)
    }

    /// A turn that counts: transcript, dialogue, waterfall. We owe an answer, unless a menu said it.
    pub(super) fn take(&mut self, now: Mono, taken: &Taken) {
        if self.walks() {
            return self.take_from_menu(taken);
        }
        self.write(line(Role::User, &taken.text, taken.began));
        self.dialogue.callee(&taken.text);
        self.quiet.answered();
        self.rest.clear();
        self.rounds = 0;
        self.owed = true;
        self.begin_waterfall(Waterfall {
            heard: Some(taken.heard),
            endpoint: Some(now),
            stt_final: taken.stt_final,
            ..Waterfall::default()
        });
    }

    /// Whatever was being said is over, and written down with the text it has.
    pub(super) fn abandon_turn(&mut self, now: Mono) {
        let steps = self.turn.abandon(now);
        for step in self.listen(steps) {
            if let Step::Taken(taken) = step
                && !taken.text.is_empty()
            {
                self.take(now, &taken);
            }
        }
    }

    /// Passes on what is for the recogniser; gives the rest.
    pub(super) fn listen(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut rest = Vec::new();
        for step in steps {
            match step {
                Step::Listen(listen) => self.put(Output::Listen(listen)),
                step => rest.push(step),
            }
        }
        rest
    }

    /// Evidence for the watch over the line.
    fn understood(&mut self, now: Mono, text: &str, began: Option<Mono>) {
        if let Some(from) = began {
            self.watch(now, line::Input::Words { text, from });
        }
    }

    /// Evidence for the circuit's barge-in while both speak.
    fn weigh(&mut self, text: &str) {
        if !self.mouth.is_idle() {
            let (count, back_channel) = evidence(text);
            self.sound(Command::Words { count, back_channel });
        }
    }
}
