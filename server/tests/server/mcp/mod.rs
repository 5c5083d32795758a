//! Agents' tools, used by the official Python client, which the test installs itself. Without a network to install it from,
//! these tests say so and check nothing.

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::{Value, json};
use server::{client::Client, config::Config, http, mcp};
use sim::directory;
use tokio::{process::Command, sync::OnceCell, time::timeout};

use crate::house::{House, KEY, Line, house};

/// The client, and the one version that is tested.
const PACKAGE: &str = "mcp==1.30.0";
/// Installing takes longer than talking.
const INSTALL_MAX: Duration = Duration::from_secs(240);
const TALK_MAX: Duration = Duration::from_secs(120);

/// A Python that has the client; nothing where it cannot be installed.
async fn python() -> Option<PathBuf> {
    static PYTHON: OnceCell<Option<PathBuf>> = OnceCell::const_new();
    PYTHON.get_or_init(install).await.clone()
}

/// One folder per version, used again by the next run.
async fn install() -> Option<PathBuf> {
    let folder = std::env::temp_dir().join(format!("trunkline-test-{PACKAGE}"));
    let python = folder.join("bin/python");
    let mut look = Command::new(&python);
    look.args(["-c", "import mcp"]);
    if ran(&mut look, INSTALL_MAX).await {
        return Some(python);
    }
    let made = ran(Command::new("python3").args(["-m", "venv"]).arg(&folder), INSTALL_MAX).await
        && ran(Command::new(&python).args(["-m", "pip", "install", "-q", PACKAGE]), INSTALL_MAX)
            .await;
    (made && ran(&mut look, INSTALL_MAX).await).then_some(python)
}

async fn ran(command: &mut Command, limit: Duration) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = timeout(limit, quiet.kill_on_drop(true).status()).await;
    matches!(status, Ok(Ok(status)) if status.success())
}

/// What an agent finds; nothing where there is no agent.
async fn agent(wanted: Value) -> Option<Value> {
    let Some(python) = python().await else {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("not checked: {PACKAGE} cannot be installed from PyPI here\n").as_bytes(),
        );
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/mcp/client.py");
    let mut command = Command::new(python);
    command.arg(script).arg(wanted.to_string()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(TALK_MAX, command.output()).await.expect("in time").expect("run");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// `trunkline mcp` over stdio, against a house.
fn over_stdio(house: &House, set: &[&str], calls: Value) -> Value {
    let mut command = vec![env!("CARGO_BIN_EXE_trunkline").to_owned(), "mcp".to_owned()];
    command.extend(set.iter().flat_map(|pair| ["--set".to_owned(), (*pair).to_owned()]));
    command.extend(["--server".to_owned(), format!("http://{}", house.address)]);
    let home = house.dir.path().join("home");
    json!({ "command": command, "env": { "XDG_CONFIG_HOME": home }, "calls": calls })
}

const TOOLS: [&str; 13] = [
    "bridge_user",
    "get_account_link_url",
    "get_balance",
    "get_call",
    "get_call_transcript",
    "get_recording",
    "hangup_call",
    "list_calls",
    "place_call",
    "place_call_and_wait",
    "say",
    "send_digits",
    "set_api_key",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_calls_and_waits_and_reads() {
    let house = house(Line::Pipes).await;
    let task = "Ask for the opening hours.";
    let calls = json!([
        ["place_call_and_wait", { "to": directory::OPENING_HOURS, "task": task, "max_wait_seconds": 60 }],
        ["get_call", { "call_id": "$id" }],
        ["get_call_transcript", { "call_id": "$id" }],
        ["hangup_call", { "call_id": "$id" }],
        ["say", { "call_id": "$id", "text": "Hello?" }],
        ["place_call", { "to": directory::NO_ANSWER, "task": task }],
        ["hangup_call", { "call_id": "$id" }],
        ["get_call", { "call_id": "no-such-call" }],
        ["place_call", { "to": "911", "task": task }],
        ["set_api_key", { "api_key": "not a key" }],
        ["get_recording", { "call_id": "$id" }],
        ["get_balance", {}],
        ["get_account_link_url", {}],
        ["list_calls", { "limit": 5 }],
    ]);
    let Some(found) = agent(over_stdio(&house, &[], calls)).await else { return };
    assert_eq!(found["server"], "trunkline");
    let tools: Vec<_> = found["tools"].as_object().expect("tools").keys().collect();
    assert_eq!(tools, TOOLS);
    let properties =
        ["bridge_number", "greeting", "max_wait_seconds", "personality", "task", "to", "voice"];
    assert_eq!(found["tools"]["place_call_and_wait"], json!(properties));
    assert_eq!(found["required"]["place_call"], json!(["task", "to"]));
    assert_eq!(found["required"]["bridge_user"], json!(["call_id"]));
    let results = found["results"].as_array().expect("results");
    let errors: Vec<_> = results.iter().map(|result| result["is_error"] == true).collect();
    let expected = [
        false, false, false, false, true, false, false, true, true, true, true, false, false, true,
    ];
    assert_eq!(errors, expected, "{found:#}");
    let content = |n: usize| &results[n]["content"];

    let ended = content(0);
    assert_eq!((&ended["lifecycle"], &ended["outcome"]), (&json!("finalized"), &json!("answered")));
    assert!(ended["transcript_tail"].as_array().is_some_and(|lines| !lines.is_empty()), "{ended}");
    let steps = results[0]["progress"].as_array().expect("progress");
    let messages: Vec<_> = steps.iter().filter_map(|step| step[1].as_str()).collect();
    assert_eq!(&messages[..2], ["queued", "dialing"]);
    assert!(messages.iter().any(|message| message.starts_with("callee: ")), "{messages:?}");
    assert_eq!(messages.last(), Some(&"over: answered"));
    assert!(steps.windows(2).all(|pair| pair[0][0].as_f64() < pair[1][0].as_f64()), "{steps:?}");

    assert_eq!(content(1)["id"], ended["id"]);
    assert!(content(2)["transcript"].as_array().is_some_and(|lines| lines.len() >= 2));
    assert_eq!(content(3)["success"], true);
    assert_eq!(content(4)["error"]["code"], "conflict");
    let placed = content(5);
    assert_eq!(placed["status"], "queued");
    assert!(placed["workflow"].as_str().is_some_and(|text| text.contains("get_call")));
    assert_eq!(content(7)["error"]["retryable"], false);
    assert_eq!(content(8)["error"]["code"], "invalid_phone");
    assert_eq!(content(10)["error"]["code"], "recording_not_available", "nobody answered");
    assert!(content(11)["balance_seconds"].is_number() && content(11)["tier"].is_string());
    let kept = std::fs::read_to_string(house.dir.path().join("home/trunkline/key.json"));
    let kept: Value = serde_json::from_str(&kept.expect("a key file")).expect("JSON");
    let key = kept["servers"][format!("http://{}", house.address)]["api_key"].clone();
    let link = format!("http://{}/sign-up?token={}", house.address, key.as_str().expect("a key"));
    assert_eq!(content(12)["sign_up_url"], json!(link), "the first call brought a key");
    assert_eq!(content(13)["error"]["code"], "auth_required", "history is for linked keys");
    for n in [7, 8, 9, 10, 13] {
        assert!(content(n)["error"]["next_step"].as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_dials_only_whom_it_may_and_only_so_long() {
    let house = house(Line::Pipes).await;
    let task = "Wait.";
    let calls = json!([
        ["place_call", { "to": directory::DENTIST, "task": task }],
        ["place_call", { "to": directory::SILENT, "task": task, "bridge_number": directory::DENTIST }],
        ["place_call", { "to": directory::SILENT, "task": task }],
        ["place_call", { "to": directory::SILENT, "task": task }],
        ["hangup_call", { "call_id": "$id" }],
    ]);
    let allowed = format!("mcp.destinations={}", directory::SILENT);
    let set = [&*allowed, "mcp.minutes_max=1", "mcp.call_minutes_max=1"];
    let Some(found) = agent(over_stdio(&house, &set, calls)).await else { return };
    let results = found["results"].as_array().expect("results");
    let code = |n: usize| &results[n]["content"]["error"]["code"];
    assert_eq!(code(0), "destination_not_allowed");
    assert_eq!(code(1), "destination_not_allowed", "the user's own telephone is dialled too");
    assert_eq!(results[2]["is_error"], false, "{found:#}");
    assert_eq!(code(3), "minutes_used_up");
    assert!(house.exchange.active() <= 1, "nobody else was called");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_with_another_key_finds_nothing() {
    let house = house(Line::Pipes).await;
    let stranger = "clawcall_sk_a-stranger";
    let add = |store: &mut server::store::Store| {
        store.add_key(&server::store::hash("clawcall_sk_a-stranger"), "a stranger", "2026", None)
    };
    house.desk.ledger().ask(add).await.expect("added");
    let body = json!({"to": directory::SILENT, "task": "The secret is PINEAPPLE."});
    let (_, placed) = house.post("/call", body.to_string()).await;
    let id = placed["call_id"].as_str().expect("an id").to_owned();
    house.reaches(&id, "answered").await;
    let tools = ["get_call", "get_call_transcript", "hangup_call", "get_recording", "bridge_user"];
    let mut calls: Vec<_> = tools.iter().map(|tool| json!([tool, { "call_id": id }])).collect();
    calls.push(json!(["say", { "call_id": id, "text": "Hello" }]));
    calls.push(json!(["send_digits", { "call_id": id, "digits": "1", "sensitive": true }]));
    calls.push(json!(["list_calls", {}]));
    let wanted = over_stdio(&house, &[&format!("client.key={stranger}")], json!(calls));
    let Some(found) = agent(wanted).await else { return };
    let results = found["results"].as_array().expect("results");
    assert_eq!(results.len(), 8);
    for (n, result) in results.iter().enumerate() {
        let code = if n == 7 { "auth_required" } else { "not_found" };
        assert_eq!(result["content"]["error"]["code"], code, "{n}: {result}");
        assert!(!result.to_string().contains("PINEAPPLE"), "{result}");
    }
    assert_eq!(house.exchange.find(&id).expect("known").body()["lifecycle"], "answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_each_request_brings_its_own_key() {
    let house = house(Line::Pipes).await;
    let mut config = Config::default();
    config.client.server = Some(format!("http://{}", house.address));
    config.client.key = Some("clawcall_sk_of_who_runs_it".into());
    let client = Client::of(&config).expect("a client");
    let listener = http::bind(([127, 0, 0, 1], 0).into()).expect("bound");
    let address = listener.local_addr().expect("an address");
    let router = mcp::router(client, &config.mcp, vec!["127.0.0.1".to_owned()]);
    let serving = tokio::spawn(http::serve(listener, router, 16, None));
    let url = format!("http://{address}/mcp");

    // A web page, or a name that is not ours, gets nothing.
    let post = || reqwest::Client::new().post(&url).body("{}");
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let answer = post().header(name, value).send().await.expect("an answer");
        assert_eq!(answer.status(), 403, "{name}");
    }
    let task = "Ask for the opening hours.";
    let calls = json!([
        ["get_account_link_url", {}],
        ["set_api_key", { "api_key": "clawcall_sk_other" }],
        ["place_call_and_wait", { "to": directory::BUSY, "task": task, "max_wait_seconds": 30 }],
    ]);
    let with = |headers: Value| json!({ "url": url, "headers": headers, "calls": calls });
    let Some(found) = agent(with(json!({ "X-Api-Key": KEY }))).await else { return };
    let link = found["results"][0]["content"]["sign_in_url"].as_str().expect("a link");
    assert!(link.ends_with(&format!("/sign-in?token={}", KEY)), "{link}");
    assert_eq!(found["results"][1]["content"]["error"]["code"], "key_given");
    assert_eq!(found["results"][2]["content"]["outcome"], "busy", "{found:#}");
    let steps = found["results"][2]["progress"].as_array().expect("progress");
    assert_eq!(steps.last().map(|step| &step[1]), Some(&json!("over: busy")));

    let bearer = with(json!({ "Authorization": format!("Bearer {}", KEY) }));
    let found = agent(bearer).await.expect("an agent");
    assert_eq!(found["results"][2]["content"]["outcome"], "busy");

    let found = agent(with(json!({}))).await.expect("an agent");
    for n in 0..3 {
        assert_eq!(found["results"][n]["content"]["error"]["code"], "auth_required", "{n}");
    }
    serving.abort();
}
