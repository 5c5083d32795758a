//! What to do in a menu that has been heard to its end.

use dtmf::Digit;
use media::Mono;

use super::{
    Navigator,
    attempt::{Choice, Give},
    matching::{GOOD, Matcher},
    read::{Kind, Offer, Reading, words},
    words::{Action, End, Note, Output, Reason},
};

/// Longest answer to an open question, in words; of a longer task its telling words are said.
const ANSWER_WORDS_MAX: usize = 12;

impl<M: Matcher> Navigator<M> {
    /// Chooses what to do; nothing is done when waiting is best.
    pub(super) fn choose(&mut self, now: Mono, reading: &Reading) {
        let cues = &reading.cues;
        if cues.is_closed && !self.is_closed {
            self.is_closed = true;
            self.put(Output::Note(Note::Closed));
        }
        let asks = cues.asks_openly || cues.asks_yes_or_no || cues.wants_number.is_some();
        if reading.offers.is_empty() && !asks {
            if cues.is_mailbox {
                return self.end(End::Mailbox);
            }
            if cues.holds {
                self.hold(now);
            }
            return;
        }
        let place = self.arrive(reading);
        if !self.policy.decides {
            return self.put(Output::Asks);
        }
        if self.choices >= self.policy.choices_max {
            return self.end(End::GaveUp(Reason::TooLong));
        }
        if self.memory.place(place).visits > self.policy.visits_max {
            return self.act(now, Action::AskForPerson);
        }
        match self.decide(place, reading) {
            Some(choice) => self.give(now, place, choice.ended_with(cues.ends_with)),
            None if cues.is_mailbox => self.end(End::Mailbox),
            None if cues.holds || self.is_holding => self.hold(now),
            // It may be said again, and better; what is left to do then is done in `fall_back`.
            None if !self.memory.place(place).is_whole => self.awaits_more = true,
            None => self.fall_back(now, place, reading),
        }
    }

    /// The choice that this menu was made for, if it is a good one.
    fn decide(&mut self, place: usize, reading: &Reading) -> Option<Choice> {
        let cues = &reading.cues;
        if let Some(read_back) = &cues.read_back {
            let typed = self.typed.clone().filter(|typed| typed != read_back);
            if let Some(typed) = &typed {
                self.memory.forget(typed);
                self.was_misread = true;
            }
            return self.answer(place, reading, typed.is_none());
        }
        if let Some(request) = &cues.wants_number
            && let Some(digits) = self.goal.number_for(request)
            && !self.memory.was_tried(place, &digits)
        {
            return Some(self.number(&digits));
        }
        if cues.is_survey {
            return self.answer(place, reading, false).filter(|_| !reading.offers.is_empty());
        }
        let best = self.best(place, reading).filter(|(_, score)| *score >= GOOD);
        if let Some((offer, _)) = best.filter(|_| !self.is_holding) {
            return Some(choice_of(&offer));
        }
        if self.is_holding || cues.holds {
            let choice = self.in_queue(place, reading);
            if choice.is_some() || self.is_holding {
                return choice;
            }
        }
        let of_kind = |kind: Kind| self.untried(place, reading, kind);
        if let Some(choice) = self.language(place, reading) {
            return Some(choice);
        }
        if cues.asks_yes_or_no {
            let said = words::content(&self.last_said);
            let right = said
                .iter()
                .any(|word| reading.content.iter().any(|heard| words::alike(heard, word)));
            return self.answer(place, reading, right);
        }
        if cues.asks_openly {
            let answer = self.answer_in_the_open();
            return (!self.memory.was_tried(place, &answer))
                .then(|| Choice::words(&answer, "what we want"));
        }
        if self.wants_person()
            && let Some(offer) = of_kind(Kind::Person)
        {
            return Some(choice_of(&offer));
        }
        // "To continue, press 1": nothing else is on offer, so it is no question.
        let is_gate = reading
            .offers
            .iter()
            .all(|offer| matches!(offer.kind, Kind::Yes | Kind::No | Kind::Repeat));
        if is_gate && let Some(offer) = of_kind(Kind::Yes) {
            return Some(choice_of(&offer));
        }
        if cues.wants_number.is_some()
            && let Some(offer) = of_kind(Kind::No).or_else(|| of_kind(Kind::Person))
        {
            return Some(choice_of(&offer));
        }
        of_kind(Kind::Other).map(|offer| choice_of(&offer))
    }

    /// Nothing fits, and nothing more is coming: a person, what was not tried yet, back, up.
    pub(super) fn fall_back(&mut self, now: Mono, place: usize, reading: &Reading) {
        if reading.cues.holds && reading.offers.is_empty() {
            return self.hold(now);
        }
        if let Some(offer) = self.untried(place, reading, Kind::Person) {
            return self.give(now, place, choice_of(&offer));
        }
        // Topics that the matcher does not know: the likeliest first.
        if let Some((offer, _)) = self.best(place, reading) {
            return self.give(now, place, choice_of(&offer));
        }
        self.act(now, Action::GoBack);
    }

    /// The offer of a topic that serves the goal best, among those not tried here.
    fn best(&mut self, place: usize, reading: &Reading) -> Option<(Offer, f32)> {
        let mut best: Option<(Offer, f32)> = None;
        for offer in
            reading.offers.iter().filter(|offer| matches!(offer.kind, Kind::Topic | Kind::Person))
        {
            let score = self.score(&offer.topic);
            let known = self.memory.was_tried(place, &offer.what());
            // "For all billing questions, speak to an agent" is a topic too; a plain "agent" is not.
            let counts = offer.kind == Kind::Topic || score >= GOOD;
            if !known && counts && best.as_ref().is_none_or(|(_, most)| score > *most) {
                best = Some((offer.clone(), score));
            }
        }
        best
    }

    /// How well a topic serves the goal: the first wish counts most.
    pub(super) fn score(&mut self, topic: &str) -> f32 {
        let mut best = 0.0_f32;
        for (rank, wish) in self.goal.wishes().enumerate() {
            let weight = 1.0 / (1.0 + 0.1 * rank as f32);
            best = best.max(weight * self.matcher.score(wish, topic));
        }
        best
    }

    fn untried(&self, place: usize, reading: &Reading, kind: Kind) -> Option<Offer> {
        let fits =
            |offer: &&Offer| offer.kind == kind && !self.memory.was_tried(place, &offer.what());
        reading.offers.iter().find(fits).cloned()
    }

    fn language(&self, place: usize, reading: &Reading) -> Option<Choice> {
        let speaks =
            |offer: &&Offer| offer.kind == Kind::Language && self.goal.speaks(&offer.topic);
        let offer = reading.offers.iter().find(speaks)?;
        (!self.memory.was_tried(place, &offer.what())).then(|| choice_of(offer))
    }

    /// Yes or no, by the keys on offer, else in words.
    fn answer(&self, place: usize, reading: &Reading, yes: bool) -> Option<Choice> {
        let kind = if yes { Kind::Yes } else { Kind::No };
        let offered = reading.offers.iter().find(|offer| offer.kind == kind);
        if let Some(offer) = offered {
            return Some(choice_of(offer));
        }
        let word = if yes { "yes" } else { "no" };
        let in_words = reading.cues.asks_yes_or_no && !self.memory.was_tried(place, word);
        in_words.then(|| Choice::words(word, "the answer"))
    }

    fn number(&mut self, digits: &str) -> Choice {
        let keys: Vec<Digit> = digits.chars().filter_map(|c| Digit::try_from(c).ok()).collect();
        self.typed = Some(digits.to_owned());
        Choice { is_number: true, ..Choice::keys(keys, "the number asked for") }
    }

    /// In a queue only waiting is chosen, or to be called back where that is wanted.
    fn in_queue(&self, place: usize, reading: &Reading) -> Option<Choice> {
        let call_back = reading.offers.iter().find(|offer| offer.kind == Kind::CallBack);
        if let Some(offer) = call_back.filter(|_| self.goal.takes_call_back) {
            return (!self.memory.was_tried(place, &offer.what())).then(|| choice_of(offer));
        }
        reading
            .offers
            .iter()
            .find(|offer| offer.kind == Kind::Stay && !offer.keys.is_empty())
            .map(choice_of)
    }

    /// What to say to "how can I help you?".
    fn answer_in_the_open(&self) -> String {
        let wish = self.goal.wishes().next().unwrap_or_default();
        if wish.split_whitespace().count() <= ANSWER_WORDS_MAX {
            return wish.trim_end_matches('.').to_owned();
        }
        let telling = words::content(wish);
        telling[..telling.len().min(ANSWER_WORDS_MAX)].join(" ")
    }

    fn wants_person(&self) -> bool {
        const PEOPLE: &[&str] = &[
            "person",
            "someone",
            "representative",
            "operator",
            "agent",
            "human",
            "anybody",
            "somebody",
        ];
        self.goal
            .wishes()
            .any(|wish| words::content(wish).iter().any(|word| PEOPLE.contains(&word.as_str())))
    }

    /// Does what was decided, here or by somebody else.
    pub(super) fn act(&mut self, now: Mono, action: Action) {
        let is_empty = match &action {
            Action::Press { keys } => keys.is_empty(),
            Action::Say { text } => text.trim().is_empty(),
            Action::Wait | Action::GoBack | Action::AskForPerson | Action::GiveUp { .. } => false,
        };
        if is_empty {
            return self.put(Output::Ignored { input: "an empty action" });
        }
        let reading = self.reading();
        let place = self.place.unwrap_or_else(|| self.arrive(&reading));
        match action {
            Action::Wait => {}
            Action::Press { keys } => {
                let what = Give::Keys(keys.clone()).shown();
                let topic = reading.offers.iter().find(|offer| offer.what() == what);
                let topic = topic.map(|offer| offer.topic.clone()).unwrap_or_default();
                self.give(now, place, Choice::keys(keys, &topic));
            }
            Action::Say { text } => {
                self.give(now, place, Choice::words(&text, ""));
            }
            Action::GoBack => match self.untried(place, &reading, Kind::Back) {
                Some(offer) => self.give(now, place, choice_of(&offer)),
                None => self.act(now, Action::AskForPerson),
            },
            Action::AskForPerson => self.ask_for_person(now, place, &reading),
            Action::GiveUp { reason } => self.end(End::GaveUp(reason)),
        }
    }

    /// By what the menu offers; else by what menus understand without offering it.
    fn ask_for_person(&mut self, now: Mono, place: usize, reading: &Reading) {
        if let Some(offer) = self.untried(place, reading, Kind::Person) {
            return self.give(now, place, choice_of(&offer));
        }
        let zero: Vec<Digit> = Digit::try_from('0').into_iter().collect();
        if !self.memory.was_tried(place, "0") {
            return self.give(now, place, Choice::keys(zero, "a person"));
        }
        if !self.memory.was_tried(place, "representative") {
            return self.give(now, place, Choice::words("representative", "a person"));
        }
        let no_number = reading.cues.wants_number.is_some();
        self.end(End::GaveUp(if no_number { Reason::NoNumber } else { Reason::NoWay }));
    }
}

fn choice_of(offer: &Offer) -> Choice {
    match &offer.words {
        Some(words) if offer.keys.is_empty() => Choice::words(words, &offer.topic),
        words => Choice { words: words.clone(), ..Choice::keys(offer.keys.clone(), &offer.topic) },
    }
}
