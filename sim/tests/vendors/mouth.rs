//! Cartesia.

use agent::{
    FaultClass,
    tts::{
        Dialect, Event, Input, Output,
        cartesia::{Cartesia, Config},
    },
};
use media::{
    circuit::UtteranceId,
    codec::g711::{mulaw_decode, mulaw_encode},
};
use sim::vendor::cartesia;

use super::*;

const ONE: UtteranceId = UtteranceId(1);
const TWO: UtteranceId = UtteranceId(2);

/// What a voice gave, except for its connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    Audio(UtteranceId, Vec<i16>),
    Event(Event),
}

impl Client for Cartesia {
    type News = News;

    fn wire(&mut self, now: Mono, incoming: Incoming<'_>) {
        self.handle(now, Input::Wire(incoming));
    }

    fn tick(&mut self, now: Mono) {
        self.handle(now, Input::Tick);
    }

    fn deadline(&self) -> Option<Mono> {
        Dialect::deadline(self)
    }

    fn poll(&mut self) -> Option<Given<News>> {
        Some(match Dialect::poll(self)? {
            Output::Wire(outgoing) => Given::Wire(outgoing),
            Output::Audio { utterance, samples } => Given::News(News::Audio(utterance, samples)),
            Output::Event(event) => Given::News(News::Event(event)),
        })
    }
}

fn config(key: &str) -> Config {
    Config {
        url: "wss://api.cartesia.ai/tts/websocket".into(),
        api_key: key.into(),
        version: "2025-04-16".into(),
        model: "sonic-2".into(),
        voice: "a0e99841".into(),
        language: "en".into(),
    }
}

fn bench(key: &str, troubles: Vec<Trouble>) -> Bench<Cartesia> {
    let make = |_| cartesia::Cartesia::new(cartesia::Config::new(KEY));
    let mut bench = Bench::new(Cartesia::new(config(key)), troubled(troubles, make));
    bench.act(|_, _| {});
    bench
}

fn say(bench: &mut Bench<Cartesia>, utterance: UtteranceId, text: &str) {
    bench.act(|voice, now| voice.handle(now, Input::Say { utterance, text }));
}

fn sound(bench: &Bench<Cartesia>, wanted: UtteranceId) -> Vec<i16> {
    let sound = bench.news.iter().filter_map(|(_, news)| match news {
        News::Audio(utterance, samples) if *utterance == wanted => Some(samples.as_slice()),
        _ => None,
    });
    sound.collect::<Vec<_>>().concat()
}

/// What the telephone makes of it.
fn expected(text: &str) -> Vec<i16> {
    cartesia::sound(text).into_iter().map(|sample| mulaw_decode(mulaw_encode(sample))).collect()
}

fn faults(bench: &Bench<Cartesia>) -> Vec<(Option<UtteranceId>, FaultClass)> {
    let faults = bench.news.iter().filter_map(|(_, news)| match news {
        News::Event(Event::Failed { utterance, fault }) => Some((*utterance, fault.class)),
        _ => None,
    });
    faults.collect()
}

fn done(bench: &Bench<Cartesia>) -> Vec<(UtteranceId, u32)> {
    let done = bench.news.iter().filter_map(|(_, news)| match news {
        News::Event(Event::Done { utterance, total_ms }) => Some((*utterance, *total_ms)),
        _ => None,
    });
    done.collect()
}

#[test]
fn two_utterances_are_said_whole_and_with_their_words() {
    let mut bench = bench(KEY, vec![]);
    say(&mut bench, ONE, "Hello there, Rosa.");
    say(&mut bench, TWO, "Good bye.");
    bench.run_to(10_000);
    assert_eq!(faults(&bench), []);
    assert!(sound(&bench, ONE) == expected("Hello there, Rosa."));
    assert!(sound(&bench, TWO) == expected("Good bye."));
    assert_eq!(done(&bench), [(TWO, 9 * 60), (ONE, 18 * 60)], "the shorter one is made first");
    let starts = bench.news.iter().filter_map(|(_, news)| match news {
        News::Event(Event::Words { utterance: ONE, starts }) => Some(starts.as_slice()),
        _ => None,
    });
    assert_eq!(starts.collect::<Vec<_>>().concat(), [(0, 0), (6, 360), (13, 780)]);
}

#[test]
fn a_cancelled_utterance_still_arrives_and_is_dropped_by_its_id() {
    let mut bench = bench(KEY, vec![]);
    say(&mut bench, ONE, "A rather long sentence that nobody wants to hear to its end.");
    // Chunks are generated from 90 ms on every 25 ms, and take 40 ms to arrive.
    bench.run_to(200);
    let heard = sound(&bench, ONE).len();
    assert_eq!(heard, 3 * 800);
    bench.act(|voice, now| voice.handle(now, Input::Cancel(ONE)));
    say(&mut bench, TWO, "Yes?");
    let vendor_sent = bench.news.len();
    bench.run_to(10_000);
    assert_eq!(sound(&bench, ONE).len(), heard, "nothing of it comes out any more");
    assert!(sound(&bench, TWO) == expected("Yes?"));
    assert_eq!(done(&bench), [(TWO, 4 * 60)]);
    assert!(bench.news.len() > vendor_sent);
    assert_eq!(faults(&bench), []);
}

/// The emulator by hand: what is generated at the moment of the cancel still arrives.
#[test]
fn the_emulator_stops_only_what_is_not_generated() {
    use agent::wire::Request;
    let mut vendor = cartesia::Cartesia::new(cartesia::Config::new(KEY));
    let url = "wss://api.cartesia.ai/tts/websocket?cartesia_version=2025-04-16".to_owned();
    let headers = vec![("X-API-Key", KEY.to_owned())];
    let mut client = |ms, outgoing: Outgoing| {
        vendor.handle(at(ms), sim::vendor::Input::Client(&outgoing));
        all(&mut vendor)
    };
    assert_eq!(client(0, Outgoing::Connect(Request { url, headers })), [Sent::Opened]);
    let generate = serde_json::json!({"model_id": "m", "transcript": "A long, long sentence.",
        "voice": {"mode": "id", "id": "v"}, "context_id": "c", "output_format":
        {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000}});
    client(0, Outgoing::Text(generate.to_string()));
    // Made at 90, 115, 140; the first two have arrived by 160.
    let before = client(160, Outgoing::Text(r#"{"context_id":"c","cancel":true}"#.into()));
    let late = client(5000, Outgoing::Binary(vec![]));
    let chunks = |sent: &[Sent]| {
        let is_chunk = |sent: &&Sent| matches!(sent, Sent::Text(it) if it.contains(r#""chunk""#));
        sent.iter().filter(is_chunk).count()
    };
    assert_eq!((chunks(&before), chunks(&late)), (2, 1));
    // A context it has forgotten is an error, and so is a binary message.
    let errors = late.iter().filter(|it| matches!(it, Sent::Text(it) if it.contains("error")));
    assert_eq!(errors.count(), 1);
}

#[test]
fn refusals_have_their_class_and_are_retried_where_they_may() {
    for (trouble, class, connections) in [
        (refuse(401, None), FaultClass::Auth, 1),
        (refuse(400, None), FaultClass::BadRequest, 1),
        (refuse(429, Some(1)), FaultClass::Quota, 2),
        (refuse(500, None), FaultClass::Transient, 2),
    ] {
        let mut bench = bench(KEY, vec![trouble]);
        say(&mut bench, ONE, "Hello.");
        bench.run_to(10_000);
        assert_eq!(bench.connections, connections, "{class:?}");
        if connections == 1 {
            assert!(faults(&bench).contains(&(Some(ONE), class)), "{:?}", faults(&bench));
        } else {
            assert!(sound(&bench, ONE) == expected("Hello."), "{class:?}");
        }
    }
    let mut bench = self::bench("stolen", vec![]);
    say(&mut bench, ONE, "Hello.");
    assert_eq!(
        (bench.connections, faults(&bench).last()),
        (1, Some(&(Some(ONE), FaultClass::Auth)))
    );
}

#[test]
fn what_breaks_before_its_first_sound_is_said_again_and_after_it_is_lost() {
    for (trouble, class) in [
        (Trouble::Vanish { after: 0 }, None),
        (Trouble::Close { after: 0, code: 1011, reason: "" }, None),
        (Trouble::Close { after: 0, code: 1008, reason: "lifetime" }, None),
        (Trouble::Vanish { after: 2 }, Some(FaultClass::Transient)),
        (Trouble::Close { after: 2, code: 1000, reason: "" }, Some(FaultClass::IdleClose)),
        (Trouble::Close { after: 2, code: 1008, reason: "" }, Some(FaultClass::SessionLimit)),
        (Trouble::Stall { after: 0 }, Some(FaultClass::Stalled)),
        (Trouble::Stall { after: 3 }, Some(FaultClass::Stalled)),
        (Trouble::Garbage { after: 1 }, Some(FaultClass::Garbage)),
    ] {
        let mut bench = bench(KEY, vec![trouble.clone()]);
        say(&mut bench, ONE, "Hello there.");
        bench.run_to(20_000);
        let classes: Vec<_> = faults(&bench).into_iter().map(|(_, class)| class).collect();
        assert_eq!(classes, class.into_iter().collect::<Vec<_>>(), "{trouble:?}");
        let whole = sound(&bench, ONE) == expected("Hello there.");
        let spared = class.is_none() || class == Some(FaultClass::Garbage);
        assert_eq!(whole, spared, "{trouble:?}");
        // The next one is said, whatever became of the first connection.
        say(&mut bench, TWO, "Hm.");
        bench.run_to(60_000);
        assert!(sound(&bench, TWO) == expected("Hm."), "{trouble:?}");
        assert_eq!(faults(&bench).len(), classes.len(), "{trouble:?}");
    }
}

#[test]
fn a_vendor_that_stays_silent_is_asked_on_a_fresh_connection_each_time() {
    let stall = Trouble::Stall { after: 0 };
    let mut bench = bench(KEY, vec![stall.clone(), stall]);
    say(&mut bench, ONE, "Hello there.");
    bench.run_to(6_000);
    // Asked for while the first was stalling, so it stalls on the second connection.
    say(&mut bench, TWO, "Hm.");
    bench.run_to(12_000);
    let stalled = [(Some(ONE), FaultClass::Stalled), (Some(TWO), FaultClass::Stalled)];
    assert_eq!((faults(&bench), bench.connections), (stalled.to_vec(), 3));
    say(&mut bench, UtteranceId(3), "Well, well.");
    bench.run_to(20_000);
    assert!(sound(&bench, UtteranceId(3)) == expected("Well, well."));
    assert_eq!((faults(&bench).len(), bench.connections), (2, 3));
}

#[test]
fn too_many_at_once_fail_one_by_one() {
    let config = cartesia::Config { concurrency_max: 1, ..cartesia::Config::new(KEY) };
    let make = move |_| cartesia::Cartesia::new(config.clone());
    let mut bench = Bench::new(Cartesia::new(self::config(KEY)), troubled(vec![], make));
    say(&mut bench, ONE, "Hello.");
    say(&mut bench, TWO, "Bye.");
    bench.run_to(5000);
    assert_eq!(faults(&bench), [(Some(TWO), FaultClass::Quota)]);
    assert!(sound(&bench, ONE) == expected("Hello."));
}

#[test]
fn an_idle_close_is_no_fault_and_the_next_utterance_opens_again() {
    let mut bench = bench(KEY, vec![]);
    bench.run_to(301_000);
    assert_eq!((faults(&bench).len(), bench.connections), (0, 1));
    say(&mut bench, ONE, "Still there?");
    bench.run_to(310_000);
    assert!(sound(&bench, ONE) == expected("Still there?"));
    assert_eq!(bench.connections, 2);
}
