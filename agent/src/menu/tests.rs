//! The navigator by text alone.

use super::*;

/// A line without a telephone: times in ms, outputs as they come.
struct Desk {
    navigator: Navigator,
    now_ms: u64,
    outputs: Vec<Output>,
}

impl Desk {
    fn new(task: &str, policy: Policy) -> Self {
        let navigator = Navigator::new(Goal::of(task), policy);
        Self { navigator, now_ms: 0, outputs: Vec::new() }
    }

    fn tell(&mut self, input: Input<'_>) {
        self.navigator.handle(Mono::from_millis(self.now_ms), input);
        self.outputs.extend(std::iter::from_fn(|| self.navigator.poll()));
    }

    /// They say this, and pause for 1.5 s. What is pressed sounds at once.
    fn hear(&mut self, text: &str) -> Vec<String> {
        let before = self.outputs.len();
        self.tell(Input::Line(Line::Speaking));
        let began = Mono::from_millis(self.now_ms);
        self.now_ms += 3_000;
        self.tell(Input::Line(Line::Quiet));
        self.tell(Input::Heard { text, began, is_repeat: false });
        self.wait(1_500);
        self.made(before)
    }

    fn wait(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        while let Some((at, _)) =
            self.navigator.deadline().filter(|(at, _)| at.as_millis() <= until)
        {
            self.now_ms = at.as_millis().max(self.now_ms);
            let before = self.outputs.len();
            self.tell(Input::Tick);
            if !self.made(before).is_empty() {
                self.now_ms += 200;
                self.tell(Input::Played);
            }
        }
        self.now_ms = until;
    }

    /// Keys and words since then.
    fn made(&self, since: usize) -> Vec<String> {
        let made = |output: &Output| match output {
            Output::Press { keys, .. } => Some(keys.iter().map(|key| key.as_char()).collect()),
            Output::Say { text } => Some(text.clone()),
            _ => None,
        };
        self.outputs[since..].iter().filter_map(made).collect()
    }

    fn effects(&self) -> Vec<Effect> {
        let effect = |output: &Output| match output {
            Output::Note(Note::Effect { effect, .. }) => Some(*effect),
            _ => None,
        };
        self.outputs.iter().filter_map(effect).collect()
    }

    fn end(&self) -> Option<End> {
        self.outputs.iter().find_map(|output| match output {
            Output::Over(end) => Some(*end),
            _ => None,
        })
    }
}

const MAIN: &str = "For sales, press 1. For billing, press 2. For support, press 3.";

#[test]
fn a_press_is_verified_slower_and_then_by_voice() {
    let mut desk = Desk::new("Ask about my invoice", Policy::default());
    assert_eq!(desk.hear(MAIN), ["2"]);
    assert_eq!(desk.hear(MAIN), ["2"]);
    assert_eq!(desk.hear(MAIN), ["two"]);
    desk.hear("For invoices, press 1. For payments, press 4.");
    assert_eq!(desk.effects(), [Effect::Repeated, Effect::Repeated, Effect::Changed]);
    let tones: Vec<u32> = desk
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Press { tone_ms, .. } => Some(*tone_ms),
            _ => None,
        })
        .collect();
    let policy = Policy::default();
    assert_eq!(tones[..2], [policy.tone_ms, policy.slow_tone_ms]);
    let hushes = desk.outputs.iter().filter(|output| **output == Output::Hush).count();
    assert_eq!(hushes, desk.made(0).len(), "nothing of ours sounds under a key");
}

#[test]
fn silence_after_a_press_is_an_effect_too() {
    let mut desk = Desk::new("Ask about my invoice", Policy::default());
    assert_eq!(desk.hear(MAIN), ["2"]);
    let before = desk.outputs.len();
    desk.wait(7_000);
    assert_eq!((desk.made(before), desk.effects()), (vec!["2".to_owned()], vec![Effect::Silence]));
}

#[test]
fn an_invalid_option_is_left_for_another() {
    let mut desk = Desk::new("Ask about my invoice", Policy::default());
    let menu = "For billing, press 1. For all other questions, press 2.";
    assert_eq!(desk.hear(menu), ["1"]);
    assert_eq!(desk.hear("Sorry, that is not a valid option. For billing, press 1. For all other questions, press 2."), ["1"]);
    assert_eq!(desk.hear("That is not a valid option."), ["2"]);
}

#[test]
fn loops_end_with_a_person_or_not_at_all() {
    let mut desk = Desk::new("Ask about my invoice", Policy { visits_max: 2, ..Policy::default() });
    for _ in 0..40 {
        desk.hear("For careers, press 1. For directions, press 2.");
        desk.hear("We have sent leaflets with every price of last summer to all customers of the northern district.");
        desk.wait(20_000);
        if desk.end().is_some() {
            break;
        }
    }
    assert!(matches!(desk.end(), Some(End::GaveUp(_))), "{:?}", desk.outputs);
    assert!(desk.made(0).len() <= Policy::default().choices_max as usize);
    assert!(desk.outputs.iter().any(|output| matches!(output, Output::Note(Note::Loop { .. }))));
}

#[test]
fn nobody_presses_on_hold() {
    let mut desk = Desk::new("Ask about my invoice", Policy::default());
    for _ in 0..60 {
        assert!(desk.hear("Your call is important to us. Please stay on the line.").is_empty());
        desk.tell(Input::Line(Line::Music));
        desk.wait(10_000);
    }
    desk.tell(Input::Line(Line::Person));
    assert_eq!((desk.made(0).len(), desk.end()), (0, Some(End::Person)));
}

#[test]
fn a_number_is_typed_read_back_and_corrected() {
    let mut desk = Desk::new("Ask for the balance of account number 4711.", Policy::default());
    let ask = "Please enter your account number, followed by the pound key.";
    let back = |digits: &str| {
        format!("You entered {digits}. If this is correct, press 1. Otherwise, press 2.")
    };
    assert_eq!(desk.hear(ask), ["4711#"]);
    assert_eq!(desk.hear(&back("four one one one")), ["2"]);
    assert_eq!(desk.hear(ask), ["4711#"]);
    assert_eq!(desk.hear(&back("4 7 1 1")), ["1"]);
}

#[test]
fn without_the_number_a_person_is_asked_for() {
    let mut desk = Desk::new("Ask for my balance", Policy::default());
    assert_eq!(
        desk.hear("Please enter your account number. If you don't have one, press star."),
        ["*"]
    );
}

#[test]
fn somebody_else_may_decide() {
    let mut desk =
        Desk::new("Ask about my invoice", Policy { decides: false, ..Policy::default() });
    assert!(desk.hear(MAIN).is_empty());
    assert!(desk.outputs.iter().any(
        |output| matches!(output, Output::Note(Note::Menu { offers, .. }) if offers.len() == 3)
    ));
    let keys: Vec<dtmf::Digit> = dtmf::Digit::try_from('3').into_iter().collect();
    desk.tell(Input::Act(Action::Press { keys }));
    desk.tell(Input::Played);
    desk.hear(MAIN);
    assert_eq!(desk.made(0), ["3", "3"], "its press is verified like any other");
    desk.tell(Input::Act(Action::Wait));
    assert!(matches!(desk.outputs.last(), Some(Output::Ignored { .. })), "one thing at a time");
}

#[test]
fn what_makes_no_sense_is_told_and_the_end_is_the_end() {
    let mut desk = Desk::new("", Policy::default());
    desk.tell(Input::Played);
    assert!(matches!(desk.outputs[..], [Output::Ignored { input: "played" }]));
    desk.tell(Input::Act(Action::Say { text: " ".into() }));
    assert!(matches!(desk.outputs[1], Output::Ignored { .. }));
    desk.tell(Input::Line(Line::Over));
    assert_eq!(desk.end(), Some(End::GaveUp(Reason::TheyHungUp)));
    let count = desk.outputs.len();
    desk.hear(MAIN);
    assert_eq!((desk.outputs.len(), desk.navigator.deadline()), (count, None));
}

#[test]
fn whatever_is_heard_nothing_grows_without_end() {
    let mut desk = Desk::new("Ask about my invoice", Policy::default());
    let long = "press ".repeat(2_000);
    for index in 0..300 {
        let text = format!("{long} {index} ü{index}");
        desk.tell(Input::Heard { text: &text, began: Mono::from_millis(index), is_repeat: false });
    }
    assert!(desk.navigator.pieces.len() <= read::PIECES_MAX);
    assert!(desk.navigator.pieces.iter().all(|piece| piece.text.len() <= read::PIECE_BYTES_MAX));
}
