//! Chat completions over server-sent events.

use agent::{
    FaultClass,
    llm::{
        Dialect, Event, Input, Message, Output, Prompt, Role, ThoughtId, ToolCall, ToolSpec,
        openai::{Config, OpenAi},
    },
};
use serde_json::{Value, json};
use sim::vendor::openai::{self, Answer, Style, ToolId};

use super::*;

const ONE: ThoughtId = ThoughtId(1);
const TWO: ThoughtId = ThoughtId(2);
const STALL_MS: u64 = 4000;

impl Client for OpenAi {
    type News = Event;

    fn wire(&mut self, now: Mono, incoming: Incoming<'_>) {
        self.handle(now, Input::Wire(incoming));
    }

    fn tick(&mut self, now: Mono) {
        self.handle(now, Input::Tick);
    }

    fn deadline(&self) -> Option<Mono> {
        Dialect::deadline(self)
    }

    fn poll(&mut self) -> Option<Given<Event>> {
        Some(match Dialect::poll(self)? {
            Output::Wire(outgoing) => Given::Wire(outgoing),
            Output::Event(event) => Given::News(event),
        })
    }
}

fn message(role: Role, text: &str) -> Message {
    Message { role, text: text.into(), calls: vec![], answers: None }
}

/// A dialogue with a tool call behind it, as a call has them.
fn prompt() -> Prompt {
    let call = ToolCall { id: "call_9".into(), name: "wait".into(), arguments: json!({}) };
    let mut asked = message(Role::Assistant, "");
    asked.calls.push(call);
    let mut answered = message(Role::Tool, "ok");
    answered.answers = Some("call_9".into());
    let parameters = json!({"type": "object", "properties": {}});
    let (name, description) = ("press_digits".into(), "Presses keys.".into());
    Prompt {
        messages: vec![
            message(Role::System, "You book tables."),
            message(Role::User, "One moment."),
            asked,
            answered,
            message(Role::User, "Press one. Café Zoë?"),
        ],
        tools: vec![ToolSpec { name, description, parameters }],
    }
}

fn text(text: &str) -> Vec<Answer> {
    vec![Answer::Text(text.into())]
}

fn bench(key: &str, troubles: Vec<Trouble>, config: openai::Config) -> Bench<OpenAi> {
    let mind = OpenAi::new(Config {
        url: "https://api.openai.com/v1/chat/completions".into(),
        key: Some(key.into()),
        model: "gpt-4.1-mini".into(),
        temperature: None,
        tokens_max: Some(200),
        stall_ms_max: STALL_MS as u32,
    });
    let make = move |_| openai::OpenAi::new(config.clone());
    Bench::new(mind, troubled(troubles, make))
}

fn think(bench: &mut Bench<OpenAi>, thought: ThoughtId) {
    bench.act(|mind, now| mind.handle(now, Input::Think { thought, prompt: &prompt() }));
}

fn said(bench: &Bench<OpenAi>, wanted: ThoughtId) -> String {
    let texts = bench.news.iter().filter_map(|(_, event)| match event {
        Event::Text { thought, delta } if *thought == wanted => Some(delta.as_str()),
        _ => None,
    });
    texts.collect()
}

fn calls(bench: &Bench<OpenAi>) -> Vec<(&str, &Value)> {
    let calls = bench.news.iter().filter_map(|(_, event)| match event {
        Event::Tool { call, .. } => Some((call.name.as_str(), &call.arguments)),
        _ => None,
    });
    calls.collect()
}

/// How thoughts ended.
fn ends(bench: &Bench<OpenAi>) -> Vec<(ThoughtId, Option<FaultClass>)> {
    let ends = bench.news.iter().filter_map(|(_, event)| match event {
        Event::Done { thought } => Some((*thought, None)),
        Event::Failed { thought, fault } => Some((*thought, Some(fault.class))),
        _ => None,
    });
    ends.collect()
}

#[test]
fn every_server_is_understood() {
    let keys = json!({"digits": "1", "why": "Zoë said so"});
    for style in Style::ALL {
        let answer = vec![
            Answer::Text("Café Zoë, good – one moment.".into()),
            Answer::Tool { id: "a".into(), name: "press_digits".into(), arguments: keys.clone() },
            Answer::Tool { id: "b".into(), name: "wait".into(), arguments: json!({}) },
        ];
        let config = openai::Config { style, ..openai::Config::new(KEY, answer) };
        let mut bench = bench(KEY, vec![], config);
        think(&mut bench, ONE);
        bench.run_to(60_000);
        assert_eq!(said(&bench, ONE), "Café Zoë, good – one moment.", "{}", style.name);
        let expected = [("press_digits", &keys), ("wait", &json!({}))];
        assert_eq!(calls(&bench), expected, "{}", style.name);
        assert_eq!(ends(&bench), [(ONE, None)], "{}", style.name);
        let ids = bench.news.iter().filter_map(|(_, event)| match event {
            Event::Tool { call, .. } => Some(call.id.as_str()),
            _ => None,
        });
        let ids: Vec<_> = ids.collect();
        let given = style.tool_id != ToolId::Never;
        assert!(if given { ids == ["a", "b"] } else { ids[0] != ids[1] }, "{}", style.name);
    }
}

#[test]
fn every_end_of_a_text_is_an_end() {
    for finish in ["stop", "length", "content_filter"] {
        let config = openai::Config { finish, ..openai::Config::new(KEY, text("Yes.")) };
        let mut bench = bench(KEY, vec![], config);
        think(&mut bench, ONE);
        bench.run_to(10_000);
        assert_eq!((said(&bench, ONE).as_str(), ends(&bench)), ("Yes.", vec![(ONE, None)]));
    }
}

#[test]
fn refusals_have_their_class_and_are_retried_before_the_first_token() {
    for (troubles, class, requests) in [
        (vec![refuse(400, None)], Some(FaultClass::BadRequest), 1),
        (vec![refuse(401, None)], Some(FaultClass::Auth), 1),
        (vec![refuse(429, Some(2))], None, 2),
        (vec![refuse(429, Some(2)), refuse(429, Some(2))], Some(FaultClass::Quota), 2),
        // No call waits a minute.
        (vec![refuse(429, Some(60))], Some(FaultClass::Quota), 1),
        (vec![refuse(500, None)], None, 2),
        (vec![refuse(503, None), refuse(500, None)], Some(FaultClass::Transient), 2),
    ] {
        let config = openai::Config::new(KEY, text("Yes."));
        let mut bench = bench(KEY, troubles.clone(), config);
        think(&mut bench, ONE);
        bench.run_to(1999);
        let waits = troubles[0] == refuse(429, Some(2));
        assert!(!waits || bench.connections == 1, "Retry-After is kept");
        bench.run_to(20_000);
        assert_eq!(ends(&bench), [(ONE, class)], "{troubles:?}");
        assert_eq!(bench.connections, requests, "{troubles:?}");
        assert_eq!(said(&bench, ONE), if class.is_none() { "Yes." } else { "" });
    }
    let mut bench = bench("stolen", vec![], openai::Config::new(KEY, text("Yes.")));
    think(&mut bench, ONE);
    bench.run_to(20_000);
    assert_eq!((ends(&bench), bench.connections), (vec![(ONE, Some(FaultClass::Auth))], 1));
}

#[test]
fn what_breaks_in_the_middle_is_not_said_twice() {
    for (trouble, class) in [
        (Trouble::Stall { after: 2 }, FaultClass::Stalled),
        (Trouble::Garbage { after: 2 }, FaultClass::Garbage),
        (Trouble::Close { after: 2, code: 1000, reason: "" }, FaultClass::Transient),
        (Trouble::Vanish { after: 2 }, FaultClass::Transient),
    ] {
        let config = openai::Config::new(KEY, text("One two three."));
        let mut bench = bench(KEY, vec![trouble.clone()], config);
        think(&mut bench, ONE);
        bench.run_to(20_000);
        assert_eq!(ends(&bench), [(ONE, Some(class))], "{trouble:?}");
        assert_eq!((said(&bench, ONE).as_str(), bench.connections), ("One ", 1), "{trouble:?}");
        // The next thought works.
        think(&mut bench, TWO);
        bench.run_to(40_000);
        assert_eq!(said(&bench, TWO), "One two three.", "{trouble:?}");
    }
}

#[test]
fn errors_after_http_200_and_broken_answers_are_faults() {
    let error = |code| Answer::Error { code, message: "sorry".into() };
    for (last, class) in [
        (error(500), FaultClass::Transient),
        (error(429), FaultClass::Quota),
        (Answer::BreakOff, FaultClass::Transient),
    ] {
        let answer = vec![Answer::Text("Well, ".into()), last];
        let mut bench = bench(KEY, vec![], openai::Config::new(KEY, answer));
        think(&mut bench, ONE);
        bench.run_to(20_000);
        assert_eq!(said(&bench, ONE), "Well, ");
        assert_eq!((ends(&bench), bench.connections), (vec![(ONE, Some(class))], 1));
    }
}

#[test]
fn a_stall_ends_at_its_deadline() {
    let config = openai::Config::new(KEY, text("Yes."));
    let mut bench = bench(KEY, vec![Trouble::Stall { after: 0 }], config);
    think(&mut bench, ONE);
    bench.run_to(STALL_MS - 1);
    assert_eq!(ends(&bench), []);
    bench.run_to(STALL_MS);
    assert_eq!(ends(&bench), [(ONE, Some(FaultClass::Stalled))]);
}

#[test]
fn an_old_thought_says_nothing_more() {
    let config = openai::Config::new(KEY, text("One two three four five."));
    let mut bench = bench(KEY, vec![], config);
    think(&mut bench, ONE);
    bench.run_to(300);
    let before = said(&bench, ONE);
    assert_eq!(before, "One two ", "role at 250, words at 270 and 290");
    think(&mut bench, TWO);
    bench.run_to(10_000);
    assert_eq!(said(&bench, ONE), before);
    assert_eq!(said(&bench, TWO), "One two three four five.");
    assert_eq!((ends(&bench), bench.connections), (vec![(TWO, None)], 2));
    bench.act(|mind, now| mind.handle(now, Input::Cancel(TWO)));
    bench.run_to(20_000);
    assert_eq!(ends(&bench).len(), 1);
}
