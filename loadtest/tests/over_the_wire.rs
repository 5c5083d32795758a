//! The program against real servers in this process: ours, and one that only echoes.

mod house;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_tungstenite::accept_async;

use house::Wishes;

async fn loadtest(address: SocketAddr, out: &Path, args: &[&str]) -> (Output, Value) {
    let url = format!("ws://{address}/media/twilio");
    let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(args)
        .args(["--url", &url, "--secret", house::SECRET, "--out"])
        .arg(out)
        .output()
        .await
        .expect("it runs");
    let name = if args[0].contains("capacity") { "capacity.json" } else { "report.json" };
    let json = std::fs::read_to_string(out.join(name)).unwrap_or_default();
    (output, serde_json::from_str(&json).unwrap_or_default())
}

/// Sends back whatever comes.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut out, mut back) = accept_async(stream).await.expect("a client").split();
                while let Some(Ok(message)) = back.next().await {
                    if out.send(message).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn our_server_is_heard_marked_and_interrupted() {
    let dir = tempfile::tempdir().expect("a folder");
    let (address, serving) = house::open(20, &dir.path().join("calls"), Wishes::default()).await;
    let pid = std::process::id().to_string();
    let args = ["calls", "--calls", "4", "--seconds", "3", "--interrupters", "0.3", "--seed", "4"];
    let holds = ["--pid", &pid, "--criterion", "failed<=0", "--criterion", "misbehaved<=0"];
    let (output, report) = loadtest(address, dir.path(), &[&args[..], &holds].concat()).await;
    assert!(output.status.success(), "{output:?}");
    let figures = &report["figures"];
    assert_eq!(figures["calls"], 4, "{report:#}");
    assert!(figures["frames"].as_u64() > Some(100), "{report:#}");
    assert!(figures["setup_ms"]["p50"].as_f64() > Some(0.0), "{report:#}");
    assert!(report["server"]["cpu_us_per_call_20ms"].as_f64() > Some(0.0), "{report:#}");
    // Nobody hears sound before the stream stands.
    let impossible = ["calls", "--calls", "2", "--seconds", "1", "--criterion", "setup_p99<=0ms"];
    let (output, _) = loadtest(address, dir.path(), &impossible).await;
    assert_eq!(output.status.code(), Some(1), "a criterion that cannot hold");
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn our_server_is_heard_over_tls_by_who_trusts_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let (chain, calls) = (dir.path().join("chain.pem"), dir.path().join("calls"));
    let wishes = Wishes { certificate: Some(chain.clone()), ..Wishes::default() };
    let (address, serving) = house::open(20, &calls, wishes).await;
    let url = format!("wss://{address}/media/twilio");
    let over_tls = async |trust: &Path| {
        Command::new(env!("CARGO_BIN_EXE_loadtest"))
            .args(["calls", "--calls", "4", "--seconds", "2", "--interrupters", "0.3"])
            .args(["--criterion", "failed<=0", "--criterion", "misbehaved<=0"])
            .args(["--url", &url, "--secret", house::SECRET, "--trust"])
            .args([trust, Path::new("--out"), dir.path()])
            .output()
            .await
            .expect("it runs")
    };
    let output = over_tls(&chain).await;
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read_to_string(dir.path().join("report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert!(report["figures"]["frames"].as_u64() > Some(100), "{report:#}");
    // A certificate of somebody else's.
    let stranger = dir.path().join("stranger.pem");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("made");
    std::fs::write(&stranger, made.cert.pem()).expect("written");
    let output = over_tls(&stranger).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("invalid peer certificate"), "{said}");
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_the_server_does_not_know_fails_every_call() {
    let dir = tempfile::tempdir().expect("a folder");
    let (address, serving) = house::open(20, &dir.path().join("calls"), Wishes::default()).await;
    let url = format!("ws://{address}/media/twilio");
    let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(["calls", "--calls", "2", "--seconds", "3", "--criterion", "failed<=0"])
        .args(["--url", &url, "--secret", "somebody else's", "--out"])
        .arg(dir.path())
        .output()
        .await
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("closed the stream without a sound"), "{said}");
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_has_a_capacity_and_no_marks() {
    let dir = tempfile::tempdir().expect("a folder");
    let address = echo().await;
    let args = ["--find-capacity", "--from", "2", "--to", "4", "--seconds", "0.5"];
    let loose = ["--criterion", "underrun20ms<=100%"];
    let (output, capacity) = loadtest(address, dir.path(), &[&args[..], &loose].concat()).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(capacity["answer"], 4, "{capacity:#}");
    let rows = capacity["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 4, "two runs of each: {capacity:#}");
    assert!(rows[0]["notes"].to_string().contains("asked for no mark"), "{capacity:#}");
    let steps = String::from_utf8_lossy(&output.stderr).matches("| yes |").count();
    assert_eq!(steps, 4, "each step is told as it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_speech_and_short_calls_are_carried_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let scenario = dir.path().join("mixed.toml");
    let text = "calls = 4\nspeech_s = [0.1, 0.3]\npause_s = [0.1, 0.2]\ncall_s = [0.3, 0.5]\n\
                bursts = 0.2\ndrops = 0.2\nreorders = 0.2\nslow_readers = 0.1\n";
    std::fs::write(&scenario, text).expect("written");
    let scenario = scenario.to_str().expect("text");
    let args = ["churn", "--total", "12", "--scenario", scenario, "--criterion", "failed<=0"];
    let (output, report) = loadtest(echo().await, dir.path(), &args).await;
    assert!(output.status.success(), "{output:?}");
    let (good, bad) = (&report["figures"]["calls"], &report["figures"]["faulty"]);
    assert_eq!(good.as_u64().unwrap_or(0) + bad.as_u64().unwrap_or(0), 12, "{report:#}");
    assert!(bad.as_u64() > Some(0), "{report:#}");
}

#[tokio::test]
async fn a_server_elsewhere_is_refused_before_the_first_packet() {
    for insisted in [&[][..], &["--yes-not-loopback"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
            .args(["calls", "--url", "ws://192.0.2.1/media"])
            .args(insisted)
            .output()
            .await
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("not this machine"));
    }
}
