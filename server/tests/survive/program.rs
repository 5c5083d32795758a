//! The real program, as a process of its own.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Program {
    child: Child,
    log: PathBuf,
    started: Instant,
    url: String,
    http: reqwest::Client,
    /// What the first call was given, where calls need one.
    pub(crate) key: Option<String>,
}

impl Program {
    pub(crate) fn start(dir: &Path, calls_dir: &Path, key: Option<String>) -> Self {
        // Installed once; it may be there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let log = dir.join("log");
        let output = File::create(&log).expect("a log");
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
        let child = Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .arg("--set")
            .arg(format!("calls_dir={}", calls_dir.display()))
            .arg("--set")
            .arg(format!("models_dir={}", models.display()))
            .current_dir(dir)
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("a log"))
            .stdout(output)
            .spawn()
            .expect("started");
        let (started, url) = (Instant::now(), String::new());
        Self { child, log, started, url, http: reqwest::Client::new(), key }
    }

    /// Waits until it takes calls; how long that took since its start.
    pub(crate) async fn ready(&mut self) -> Duration {
        let ready = async {
            while !self.listens()
                || self.get("/ready").await.is_none_or(|(status, _)| status != 200)
            {
                let ended = self.child.try_wait().expect("asked");
                assert!(ended.is_none(), "{ended:?}: {:?}", std::fs::read_to_string(&self.log));
                sleep(Duration::from_millis(5)).await;
            }
            self.started.elapsed()
        };
        timeout(PATIENCE, ready).await.expect("in time")
    }

    fn listens(&mut self) -> bool {
        let lines = BufReader::new(File::open(&self.log).expect("a log")).lines();
        let told = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("trunkline listens on ").map(str::to_owned));
        self.url = told.unwrap_or_default();
        !self.url.is_empty()
    }

    /// As `kill -9` does it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Places a call and waits until it is confirmed.
    pub(crate) async fn place(&mut self, to: &str) -> String {
        let body = json!({ "to": to, "task": "Ask for the opening hours on Saturday." });
        let request = self.http.post(format!("{}/call", self.url)).json(&body);
        let answer = self.keyed(request).send().await.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(status, 201, "{body}");
        if let Some(key) = body["api_key"].as_str() {
            self.key = Some(key.to_owned());
        }
        body["call_id"].as_str().expect("an id").to_owned()
    }

    /// A call as the API shows it.
    pub(crate) async fn show(&self, id: &str) -> Value {
        let (status, body) = self.get(&format!("/call/{id}")).await.expect("an answer");
        assert_eq!(status, 200, "call {id}: {body}");
        body
    }

    async fn get(&self, path: &str) -> Option<(u16, Value)> {
        let answer = self.keyed(self.http.get(format!("{}{path}", self.url))).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    fn keyed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Dead already, most of the time.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
