//! Scripts as data.

use super::*;

#[test]
fn a_script_is_read_from_toml() {
    let script: Script = toml::from_str(
        r#"
        name = "clerk"
        answer = { after = { ring_ms = 100 } }
        background = { sound = { wav = "coffee-shop" }, level_dbfs = -40.0 }
        [[steps]]
        say = { text = "Hello?" }
        [[steps]]
        listen = { silence_ms = 600 }
        [[steps]]
        [steps.ask]
        name = "party"
        say = { text = "How many?" }
        expect = ["four"]
        [[steps]]
        interrupt = { after_ms = 800, with = { burst = 400 } }
        [[steps]]
        noise = { after_ms = 300, sound = "cough" }
        [[steps]]
        press = { digits = "12#" }
        "#,
    )
    .expect("a script");
    assert_eq!(script.steps.len(), 6);
    assert_eq!(script.steps[1], Step::Listen(Patience { silence_ms: 600, timeout_ms: 15_000 }));
    let score = Score::mumbled(&script).expect("a score");
    assert!(score.sound(&Sound::Wav("coffee-shop".into())).is_some());
    let again = toml::to_string(&script).expect("toml");
    assert_eq!(toml::from_str::<Script>(&again).expect("a script"), script);
}

#[test]
fn what_cannot_be_heard_is_said_at_once() {
    let wants = |sound: Sound| Script {
        name: "x".into(),
        answer: Answer::default(),
        jitter_ms: 0,
        background: None,
        steps: vec![Step::Say(sound)],
    };
    let missing = Score::mumbled(&wants(Sound::Wav("nobody".into())));
    assert_eq!(missing.err(), Some(NoSound::Recording("nobody".into())));
    let mut mute = |_: &str| Vec::new();
    let text = wants(Sound::Text("Hi".into()));
    let unsaid = Score::render(&text, &mut mute, &crate::recording::Shelf::new());
    assert_eq!(unsaid.err(), Some(NoSound::Text("Hi".into())));
}

#[test]
fn a_background_plays_on_and_on_at_its_level() {
    let script = Script {
        name: "x".into(),
        answer: Answer::default(),
        jitter_ms: 0,
        background: Some(Background { sound: Sound::Burst(50), level_dbfs: -40.0 }),
        steps: vec![],
    };
    let score = Arc::new(Score::mumbled(&script).expect("a score"));
    let mut callee = Callee::new(score, false, 1);
    let mut said = Vec::new();
    for _ in 0..50 {
        let mut frame = [0; FRAME_SAMPLES];
        callee.frame(&[0; FRAME_SAMPLES], &mut frame);
        said.extend_from_slice(&frame);
    }
    let level = crate::sound::level_dbfs(&said);
    assert!((-42.0..-38.0).contains(&level), "{level}");
    assert_eq!(said[..160], said[400..560], "it repeats");
}
