use secrecy::ExposeSecret;

use super::*;

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn later_layers_win() {
    let dir = tempfile::tempdir().expect("a folder");
    let toml = dir.path().join("t.toml");
    let dot_env = dir.path().join(".env");
    std::fs::write(&toml, "listen = \"127.0.0.1:1\"\n[limits]\ncalls_max = 1\near_threads = 7\n")
        .expect("written");
    std::fs::write(
        &dot_env,
        "TRUNKLINE_LISTEN=127.0.0.1:2\nTRUNKLINE_LIMITS__CALLS_MAX=2\nOTHER=x\n",
    )
    .expect("written");
    let sources = Sources {
        file: Some((toml, true)),
        dot_env: Some(dot_env),
        env: vec![pair("TRUNKLINE_LISTEN", "127.0.0.1:3")],
        flags: vec![pair("limits.mouth_threads", "4")],
    };
    let config = load(&sources).expect("a configuration");
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.limits.calls_max, 2);
    assert_eq!(config.limits.ear_threads, 7);
    assert_eq!(config.limits.mouth_threads, 4);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one() {
    for (key, nearest) in [
        ("TRUNKLINE_LISTN", "listen"),
        ("TRUNKLINE_LIMITS__CALL_MAX", "limits.calls_max"),
        ("TRUNKLINE_LIMTS__CALLS_MAX", "limits.calls_max"),
        ("TRUNKLINE_KEYS__DEEPGRM", "keys.deepgram"),
    ] {
        let sources = Sources { env: vec![pair(key, "x")], ..Sources::default() };
        let text = load(&sources).expect_err("refused").to_string();
        assert!(text.contains(&format!("did you mean `{nearest}`")), "{key}: {text}");
    }
}

#[test]
fn a_bad_value_names_its_place_and_key() {
    let sources = Sources { env: vec![pair("TRUNKLINE_LISTEN", "nowhere")], ..Sources::default() };
    let text = load(&sources).expect_err("refused").to_string();
    assert!(text.contains("environment") && text.contains("listen"), "{text}");
}

#[test]
fn printing_hides_secrets() {
    let sources = Sources {
        env: vec![
            pair("TRUNKLINE_KEYS__OPENAI", "sk-very-secret"),
            pair("TRUNKLINE_STREAM_SECRET", "hush-hush-hush-hush"),
        ],
        ..Sources::default()
    };
    let shown = load(&sources).expect("a configuration").redacted().expect("toml");
    assert!(!shown.contains("sk-very-secret") && !shown.contains("hush-hush"), "{shown}");
    assert!(shown.contains("(set, hidden)"), "{shown}");
}

fn with_env(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let env = pairs.iter().map(|(key, value)| pair(key, value)).collect();
    load(&Sources { env, ..Sources::default() })
}

#[test]
fn text_stays_text_and_numbers_are_read() {
    let config = with_env(&[
        ("TRUNKLINE_FROM", "+15551234567"),
        ("TRUNKLINE_STREAM_SECRET", "1234567890123456"),
        ("TRUNKLINE_SPEECH__OPENAI_MODEL", "4"),
        ("TRUNKLINE_INBOUND__GREETING", "true"),
        ("TRUNKLINE_INBOUND__ANSWER", "false"),
        ("TRUNKLINE_LIMITS__CALLS_MAX", "7"),
    ])
    .expect("a configuration");
    assert_eq!(config.from.expect("a number").as_str(), "+15551234567");
    assert_eq!(config.stream_secret.expect("set").expose_secret(), "1234567890123456");
    assert_eq!((config.speech.openai_model.as_str(), config.limits.calls_max), ("4", 7));
    assert_eq!((config.inbound.greeting.as_str(), config.inbound.answer), ("true", false));
    with_env(&[("TRUNKLINE_LIMITS__CALLS_MAX", "many")]).expect_err("no number");
}

#[test]
fn an_empty_secret_is_none_and_a_short_one_is_refused() {
    for blank in ["", " \t"] {
        let keys = ["STREAM_SECRET", "KEYS__DEEPGRAM", "KEYS__CARTESIA", "KEYS__OPENAI", "FROM"];
        let names = keys.map(|key| format!("TRUNKLINE_{key}"));
        let pairs: Vec<_> = names.iter().map(|name| (name.as_str(), blank)).collect();
        let config = with_env(&pairs).expect("a configuration");
        let keys = [config.keys.deepgram, config.keys.cartesia, config.keys.openai];
        assert!(config.stream_secret.is_none() && keys.iter().all(Option::is_none));
        assert!(config.from.is_none());
    }
    let text = with_env(&[("TRUNKLINE_STREAM_SECRET", "fifteen-bytes!!")])
        .expect_err("too short")
        .to_string();
    let says = ["environment", "`stream_secret`", "15 bytes", "16 or more", "openssl rand"];
    assert!(says.iter().all(|words| text.contains(words)), "{text}");
    assert!(!text.contains("fifteen"), "{text}");
}

#[test]
fn an_empty_secret_in_the_file_is_none_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let toml = dir.path().join("t.toml");
    std::fs::write(&toml, "stream_secret = \"\"\n[keys]\nopenai = \" \"\n").expect("written");
    let sources = Sources { file: Some((toml, true)), ..Sources::default() };
    let config = load(&sources).expect("a configuration");
    assert!(config.stream_secret.is_none() && config.keys.openai.is_none());
}

#[test]
fn values_that_do_not_fit_are_explained() {
    for (key, value, says) in [
        ("TRUNKLINE_FROM", "nonsense", "`from`: not a telephone number"),
        ("TRUNKLINE_FROM", "5551234567", "`from`: not a telephone number"),
        ("TRUNKLINE_LOG", "a=b=c", "`log`: "),
        ("TRUNKLINE_CARRIER", "x", "`carrier`: found `x`, expected one of `loopback`, `emulator`"),
    ] {
        let text = with_env(&[(key, value)]).expect_err("refused").to_string();
        assert!(text.starts_with("environment: ") && text.contains(says), "{text}");
    }
}

#[test]
fn the_log_filter_is_a_key_like_any_other() {
    let config = with_env(&[("TRUNKLINE_LOG", "warn,server=debug")]).expect("a configuration");
    let filter = config.log_filter().expect("a filter").to_string();
    assert!(filter.contains("warn") && filter.contains("server=debug"), "{filter}");
}

#[test]
fn tls_takes_two_paths_or_none() {
    let (certificate, key) = ("TRUNKLINE_TLS__CERTIFICATE", "TRUNKLINE_TLS__KEY");
    let config = with_env(&[(certificate, "c.pem"), (key, "k.pem")]).expect("a configuration");
    assert_eq!(config.tls.files(), Some(("c.pem".as_ref(), "k.pem".as_ref())));
    let shown = config.redacted().expect("toml");
    assert!(shown.contains("[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\""), "{shown}");
    assert!(with_env(&[(key, "")]).expect("a configuration").tls.files().is_none());
    for (set, says) in [
        (certificate, "environment: `tls.certificate`: `tls.key` is not set"),
        (key, "environment: `tls.key`: `tls.certificate` is not set"),
    ] {
        let text = with_env(&[(set, "x.pem")]).expect_err("half").to_string();
        assert!(text.starts_with(says) && text.contains("set both"), "{text}");
    }
    let emulator = [(certificate, "c.pem"), (key, "k.pem"), ("TRUNKLINE_CARRIER", "emulator")];
    let text = with_env(&emulator).expect_err("no TLS there").to_string();
    assert!(text.starts_with("environment: `carrier`: ") && text.contains("loopback"), "{text}");
}

#[test]
fn a_key_pasted_for_its_path_is_refused_and_not_repeated() {
    let pasted = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----";
    let text = with_env(&[("TRUNKLINE_TLS__KEY", pasted)]).expect_err("no path").to_string();
    assert!(text.starts_with("environment: `tls.key`: ") && text.contains("path"), "{text}");
    assert!(!text.contains("MC4CAQAw"), "{text}");
}
