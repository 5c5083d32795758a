//! Dealing: what is offered instead, what is not to be had, what they understood.

use super::{
    cues::{CONFIRM, FAILED, OFFER, sounds_like, spelled},
    facts::{Goal, Slot, slots_named},
    policy::{NO, Scene},
    reply::{Reply, plain},
    words::{days, find, number, times, words},
};

impl Scene<'_> {
    /// Another time or day than ours.
    pub(super) fn offer(&self) -> Option<Reply> {
        if self.facts.goal != Goal::Book
            || !(self.says(OFFER) || self.asks())
            || self.is_done_text()
        {
            return None;
        }
        let time = times(&self.said)
            .into_iter()
            .map(|it| it.2)
            .find(|time| self.facts.time.is_none_or(|ours| !ours.matches(*time)));
        let ours_named =
            |day: &str| self.facts.day.as_ref().is_some_and(|d| d.to_lowercase().contains(day));
        let day = days(&self.said).into_iter().find(|day| !ours_named(day) && *day != "today");
        if time.is_none() && day.is_none() {
            return None;
        }
        let refused = self.says(&["not on", "closed on", "closed"]) && time.is_none();
        if refused {
            return None;
        }
        let fits = time.is_none_or(|time| self.facts.accepts_time(time))
            && day.is_none_or(|day| self.facts.accepts_day(day));
        let day_name = day.map(super::words::capital);
        let named = match (day_name, time) {
            (Some(day), Some(time)) => format!("{day} at {}", time.said()),
            (Some(day), None) => day,
            (None, Some(time)) => super::words::capital(&time.said()),
            (None, None) => return None,
        };
        if fits {
            return Some(plain(&format!("Yes, {named} works. Thank you.")));
        }
        let wanted = self.wanted();
        let declined = self.ours.iter().filter(|ours| ours.contains("doesn't work")).count();
        if declined >= 2 {
            return Some(self.fail("No suitable time was offered."));
        }
        Some(plain(&format!("I'm afraid that doesn't work. Do you have anything {wanted}?")))
    }

    pub(super) fn wanted(&self) -> String {
        let facts = self.facts;
        let day = facts.day.as_ref().map(|day| {
            if day.starts_with(char::is_uppercase) {
                format!("on {day} ")
            } else {
                format!("{day} ")
            }
        });
        let time = match (facts.after, facts.before, facts.time) {
            (Some(after), ..) => format!("after {}", after.said()),
            (_, Some(before), _) => format!("before {}", before.said()),
            (_, _, Some(time)) => format!("around {}", time.said()),
            _ => "else".to_owned(),
        };
        format!("{}{time}", day.unwrap_or_default()).trim().to_owned()
    }

    pub(super) fn failed(&self) -> Option<Reply> {
        if !self.says(FAILED) || (self.asks() && !slots_named(&self.said).is_empty()) {
            return None;
        }
        let facts = self.facts;
        if self.says(&["wrong number"]) {
            return Some(self.fail("It was a wrong number."));
        }
        if facts.goal == Goal::Ask
            && !self.says(&[
                "can't find",
                "cannot find",
                "can't give",
                "cannot give",
                "unable to",
                "no such",
                "not able to",
                "don't see",
            ])
        {
            return None;
        }
        if facts.goal == Goal::Book {
            let asked = |what: &str| {
                self.ours.iter().any(|ours| ours.to_lowercase().contains(&what.to_lowercase()))
            };
            let time = facts.other_times.iter().map(|time| time.said()).find(|time| !asked(time));
            let day = facts
                .other_days
                .iter()
                .map(|day| super::words::capital(day))
                .find(|day| !asked(day));
            let window = self.wanted();
            if let Some(day) = day {
                return Some(plain(&format!("What about {day}?")));
            }
            if let Some(time) = time {
                return Some(plain(&format!("What about {time}?")));
            }
            if (facts.after.is_some() || facts.before.is_some() || facts.is_flexible)
                && !asked("do you have anything")
            {
                return Some(plain(&format!("Do you have anything {window}?")));
            }
        }
        if facts.goal == Goal::Cancel
            && !self.ours.iter().any(|ours| ours.contains("other name"))
            && facts.reference.is_some()
            && self.says(&["can't find", "cannot find", "don't see"])
            && let Some(number) = facts.tell(Slot::Reference)
        {
            return Some(plain(&format!("{number} There is no other name.")));
        }
        Some(self.fail(self.text))
    }

    /// A telephone number read back. One we may not tell is not confirmed either.
    pub(super) fn digits_back(&self) -> Option<Reply> {
        let said: String = self.said.iter().filter_map(|word| digits_of(word)).collect();
        if said.len() < 7 || !(self.says(CONFIRM) || self.asks()) {
            return None;
        }
        let told = digits_in(self.facts.phone.as_deref());
        let Some(tell) = self.facts.tell(Slot::Phone) else {
            return Some(plain(NO));
        };
        let same = told.ends_with(&said) || said.ends_with(&told);
        Some(plain(&if same { "Yes, that's right.".to_owned() } else { format!("No. {tell}") }))
    }

    /// A name read back letter by letter.
    pub(super) fn letters_back(&self) -> Option<Reply> {
        let name = self.facts.tell(Slot::Name).and(self.facts.name.as_ref())?;
        let said: String = self.said.iter().filter_map(|word| letters_of(word)).collect();
        if said.chars().count() < 3 || !(self.says(CONFIRM) || self.asks()) {
            return None;
        }
        let plain_letters = |part: &str| -> String {
            part.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
        };
        let whole = plain_letters(name);
        let same = said == whole || name.split_whitespace().any(|part| plain_letters(part) == said);
        Some(plain(&if same {
            "Yes, that's right.".to_owned()
        } else {
            format!("No, it's {}.", spelled(name))
        }))
    }

    /// They repeat what they understood: right or wrong.
    pub(super) fn read_back(&self) -> Option<Reply> {
        let facts = self.facts;
        let (said_times, said_days) = (times(&self.said), days(&self.said));
        let party = self.said.windows(2).find_map(|pair| {
            let of = ["for", "of"].contains(&pair[0].as_str())
                && !said_times
                    .iter()
                    .any(|(at, end, _)| (*at..*end).any(|i| self.said[i] == pair[1]));
            let counted = ["people", "persons", "guests"].contains(&pair[1].as_str());
            if counted {
                number(&pair[0])
            } else if of {
                number(&pair[1])
            } else {
                None
            }
        });
        let name = [
            "under the name of",
            "under the name",
            "name is",
            "name of",
            "under",
            "for mr",
            "for ms",
            "mr",
            "mrs",
        ]
        .iter()
        .find_map(|key| find(&self.said, key))
        .and_then(|at| self.said.get(at));
        let wrong_name = name
            .filter(|said| {
                said.len() > 2 && !["the", "what", "that", "your", "name"].contains(&said.as_str())
            })
            .and_then(|said| {
                let ours = facts.tell(Slot::Name).and(facts.name.as_ref())?;
                let known = words(ours).iter().any(|part| sounds_like(said, part));
                (!known).then(|| format!("it's under {ours}"))
            });
        let confirms = self.says(CONFIRM) || self.asks();
        if !confirms
            || self.is_done_text()
                && !self.asks()
                && wrong_name.is_none()
                && party.is_none_or(|p| Some(p) == facts.party)
        {
            return None;
        }
        let mut wrong = Vec::new();
        if let (Some(said), Some(ours)) = (party, facts.party)
            && said != ours
        {
            wrong.push(format!("it's for {} people", super::words::spoken(ours)));
        }
        wrong.extend(wrong_name);
        let anything =
            party.is_some() || name.is_some() || !said_times.is_empty() || !said_days.is_empty();
        if !wrong.is_empty() {
            return Some(plain(&format!("No, {}.", wrong.join(", and "))));
        }
        let asks_to_confirm = self.says(CONFIRM) && self.asks();
        (anything || asks_to_confirm).then(|| plain("Yes, that's right."))
    }
}

/// The digits a word stands for: itself, or a figure said as a word.
fn digits_of(word: &str) -> Option<String> {
    let plain: String = word.chars().filter(|c| !matches!(c, '-' | '+' | '.')).collect();
    if !plain.is_empty() && plain.chars().all(|c| c.is_ascii_digit()) {
        return Some(plain);
    }
    number(word).filter(|digit| *digit < 10).map(|digit| digit.to_string())
}

fn digits_in(number: Option<&str>) -> String {
    number.unwrap_or_default().chars().filter(char::is_ascii_digit).collect()
}

/// The letters a word spells: one alone, or several with hyphens between them.
fn letters_of(word: &str) -> Option<String> {
    let single = |part: &str| part.chars().count() == 1 && part.chars().all(char::is_alphabetic);
    word.split('-').all(single).then(|| word.replace('-', ""))
}
