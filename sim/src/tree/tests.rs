//! Machines on the line, by the sound of keys.

use std::sync::Arc;

use dtmf::{Digit, Generator};

use super::*;
use crate::{
    callee::{Callee, Output, Score},
    sound::{self, FRAME_SAMPLES},
};

/// A caller who is all thumbs.
struct Caller {
    callee: Callee,
    hung_up: bool,
    said: Vec<i16>,
}

impl Caller {
    fn new(nodes: &str) -> Self {
        let tree = format!("name = \"test\"\nstart = \"a\"\n{nodes}");
        let tree = Tree::parse(&tree).expect("a tree");
        let score = Arc::new(Score::mumbled(&tree.script()).expect("sounds"));
        Self { callee: Callee::new(score, true, 1), hung_up: false, said: Vec::new() }
    }

    fn hear(&mut self, ours: &[i16]) {
        for part in ours.chunks(FRAME_SAMPLES) {
            let (mut frame, mut said) = ([0; FRAME_SAMPLES], [0; FRAME_SAMPLES]);
            frame[..part.len()].copy_from_slice(part);
            self.callee.frame(&frame, &mut said);
            self.said.extend_from_slice(&said);
            while let Some(output) = self.callee.poll() {
                match output {
                    Output::HangUp => self.hung_up = true,
                    Output::Recognise { id, .. } => self.callee.recognised(id, "billing please"),
                    Output::Press(_) => {}
                }
            }
        }
    }

    fn wait_ms(&mut self, ms: u32) {
        self.hear(&vec![0; sound::samples_in(ms)]);
    }

    fn press(&mut self, keys: &str, tone_ms: u32) {
        let mut generator = Generator::new(8_000, tone_ms, 100);
        let digits = keys.chars().map(|key| Digit::try_from(key).expect("a key"));
        digits.for_each(|digit| generator.push(digit).expect("room"));
        let mut tones = vec![0; sound::samples_in((tone_ms + 100) * keys.len() as u32)];
        generator.fill(&mut tones);
        self.hear(&tones);
    }

    fn account(&self) -> &Account {
        &self.callee.errand().tree
    }

    fn node(&self) -> &str {
        self.account().visits.last().map_or("", |visit| visit.node.as_str())
    }
}

const MENU: &str = r#"
[nodes.a.menu]
say = ["One two three four five six seven eight."]
choices = [{ keys = "1", words = ["billing"], to = "b" }, { keys = "12", to = "c" }]
wait = { ms = 2000, tries_max = 2 }
[nodes.b.hang_up]
[nodes.c.person]
steps = [{ say = { text = "Hello?" } }]
"#;

#[test]
fn a_key_stops_the_prompt_and_the_longest_choice_is_waited_for() {
    let mut caller = Caller::new(MENU);
    caller.wait_ms(1_000);
    caller.press("1", 100);
    let played = &caller.account().played[0];
    let cut_sample = played.to_sample;
    assert!((8_000..11_000).contains(&cut_sample), "{played:?}");
    assert_eq!(played.words_until(cut_sample), "One two three four");
    assert_eq!(sound::level_dbfs(&caller.said[cut_sample as usize..]).round(), -96.0);
    caller.wait_ms(1_500);
    assert_eq!(caller.node(), "a", "12 may still come");
    caller.wait_ms(1_000);
    assert!(caller.hung_up && caller.node() == "b");
    let mut caller = Caller::new(MENU);
    caller.press("12", 60);
    caller.wait_ms(500);
    assert_eq!(caller.node(), "c");
    assert_eq!(caller.callee.errand().spoken[0].what, "Hello?", "the person's steps follow");
    assert!(caller.account().keys.iter().all(|key| key.is_taken && key.is_offered));
}

#[test]
fn words_silence_and_wrong_keys() {
    let mut caller = Caller::new(MENU);
    caller.wait_ms(3_000);
    caller.hear(&sound::burst(600, 1));
    caller.wait_ms(1_500);
    assert_eq!(
        (caller.node(), &caller.account().words[..]),
        ("b", &["billing please".to_owned()][..])
    );
    let mut caller = Caller::new(MENU);
    caller.wait_ms(4_000);
    caller.press("7", 100);
    caller.wait_ms(200);
    let key = &caller.account().keys[0];
    assert!(key.is_taken && !key.is_offered);
    assert_eq!(caller.account().played[1].text, "Sorry, that is not a valid option.");
    caller.wait_ms(12_000);
    assert!(caller.hung_up, "twice is enough for it");
}

#[test]
fn keys_are_lost_as_the_plan_says() {
    for (rules, tone_ms, taken) in [
        ("during_prompt = \"lost\"", 100, false),
        ("during_prompt = \"clipped\"", 100, false),
        ("deaf_ms = 3000", 100, false),
        ("tone_ms_min = 180", 100, false),
        ("tone_ms_min = 180", 250, true),
        ("", 100, true),
    ] {
        let menu = MENU.replace("wait =", &format!("keys = {{ {rules} }}\nwait ="));
        let mut caller = Caller::new(&menu);
        caller.wait_ms(1_000);
        caller.press("1", tone_ms);
        assert_eq!(caller.account().keys[0].is_taken, taken, "{rules} {tone_ms}");
        let is_cut = caller.account().played[0].to_sample < 8 * 2_000;
        assert_eq!(is_cut, taken || rules.contains("clipped"), "{rules}");
    }
}

#[test]
fn keys_beside_the_sound_count_too() {
    let mut caller = Caller::new(MENU);
    caller.wait_ms(100);
    for key in "12".chars() {
        caller.callee.press(Digit::try_from(key).expect("a key"));
    }
    caller.wait_ms(100);
    assert_eq!(caller.node(), "c");
}

#[test]
fn a_mailbox_records_what_is_left_after_its_beep() {
    let mailbox = r#"
        [nodes.a.mailbox]
        greeting = ["Please leave a message after the tone."]
        thanks = ["Thank you."]
    "#;
    let mut caller = Caller::new(mailbox);
    while caller.account().messages.is_empty() {
        caller.wait_ms(20);
    }
    let beep = caller.account().played[1].clone();
    assert_eq!(beep.kind, Kind::Beep);
    let sounds = &caller.said[beep.from_sample as usize..beep.to_sample as usize];
    assert!(crate::ear::hears_tone(sounds, 1_000.0));
    caller.hear(&sound::burst(3_000, 2));
    caller.wait_ms(10_000);
    let message = caller.account().messages[0];
    assert!((2_500..3_200).contains(&message.speech_ms), "{message:?}");
    assert!(caller.hung_up && message.from_sample >= beep.to_sample);
    let mut full = Caller::new(&mailbox.replace("thanks", "is_full = true\nthanks"));
    full.wait_ms(5_000);
    assert!(full.hung_up && full.account().messages.is_empty());
}

#[test]
fn a_queue_plays_music_between_announcements_and_lets_out_by_key() {
    let queue = r#"
        [nodes.a.queue]
        music = { wav = "hold-music" }
        say = ["Please hold."]
        every_ms = 4000
        choices = [{ keys = "2", to = "b" }]
        pickup_ms = 60000
        then = "c"
        [nodes.b.hang_up]
        [nodes.c.person]
    "#;
    let mut caller = Caller::new(queue);
    caller.wait_ms(9_000);
    let kinds: Vec<Kind> = caller.account().played.iter().map(|played| played.kind).collect();
    let (speech, music) = (Kind::Speech, Kind::Music);
    assert_eq!(kinds, [speech, music, speech, music, speech, music]);
    caller.press("3", 100);
    assert_eq!(caller.node(), "a");
    caller.press("2", 100);
    assert!(caller.node() == "b" && !caller.account().keys[0].is_taken);
}

#[test]
fn trees_that_cannot_be_walked_are_refused() {
    let menu = |choice: &str| {
        format!("name = \"x\"\nstart = \"a\"\n[nodes.a.menu]\nsay = []\nchoices = [{choice}]")
    };
    let fault = |toml: &str| Tree::parse(toml).expect_err("a fault").to_string();
    for (toml, says) in [
        (menu("{ keys = \"1\", to = \"b\" }"), "\"a\" leads to \"b\""),
        (menu("{ keys = \"1x\", to = \"a\" }"), "no telephone keys"),
        (menu("{ to = \"a\" }"), "without keys"),
        (menu("{ keys = \"1\", to = \"a\", colour = 1 }"), "colour"),
        ("name = \"x\"\nstart = \"b\"\n[nodes.a.hang_up]".to_owned(), "b"),
        (
            "name = \"x\"\nstart = \"a\"\n[nodes]\na = { chance = [] }".to_owned(),
            "nothing to chance",
        ),
    ] {
        let fault = fault(&toml);
        assert!(fault.contains(says), "{fault}");
    }
}

#[test]
fn a_tree_that_turns_in_itself_ends_the_call() {
    let mut caller = Caller::new("[nodes]\na = { chance = [\"a\"] }");
    caller.wait_ms(100);
    assert!(caller.hung_up);
}
