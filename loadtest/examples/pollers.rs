//! Clients of the public API, each with a key and a call of its own that it asks for every 3 s on one
//! connection: how long the answers take. Exit code 1 when the slowest in a hundred take too long.
//!
//! `pollers ADDRESS SECONDS [CLIENTS] [P99_MS_MAX]`

use std::{
    io::{Write as _, stdout},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Between two questions of one client.
const PERIOD: Duration = Duration::from_secs(3);
/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().context("pollers ADDRESS SECONDS [CLIENTS] [P99_MS_MAX]")?;
    let mut number = |usual: u64| arguments.next().map_or(Ok(usual), |text| text.parse::<u64>());
    let (seconds, clients, p99_ms_max) = (number(20)?, number(200)?, number(50)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let took = runtime.block_on(poll(&address, Duration::from_secs(seconds), clients))?;
    let ms = |quantile: f64| took.value_at_quantile(quantile) as f64 / 1000.0;
    let (p50, p99, max) = (ms(0.5), ms(0.99), took.max() as f64 / 1000.0);
    writeln!(
        stdout(),
        "{clients} clients, {} polls: p50 {p50:.1} ms, p99 {p99:.1} ms, slowest {max:.1} ms",
        took.len()
    )?;
    let is_fast = p99 <= p99_ms_max as f64;
    Ok(if is_fast { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Times of all polls, in µs.
async fn poll(address: &str, lasts: Duration, clients: u64) -> anyhow::Result<Histogram<u64>> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Client::open(address).await?);
    }
    writeln!(stdout(), "{clients} clients have a key and a call each")?;
    let (tell, mut told) = mpsc::channel(1024);
    let start = Instant::now();
    for (n, mut client) in connections.into_iter().enumerate() {
        let tell = tell.clone();
        tokio::spawn(async move {
            let mut at = start + PERIOD.mul_f64(n as f64 / clients as f64);
            while at < start + lasts {
                sleep_until(at).await;
                let took = client.poll().await.map(|()| at.elapsed());
                if tell.send(took).await.is_err() {
                    return;
                }
                at += PERIOD;
            }
        });
    }
    drop(tell);
    let mut times = Histogram::new(3)?;
    while let Some(took) = told.recv().await {
        times.record(u64::try_from(took?.as_micros())?)?;
    }
    Ok(times)
}

/// One connection, and the question it repeats.
struct Client {
    stream: TcpStream,
    question: String,
}

impl Client {
    /// Places a first call, which gives a key.
    async fn open(address: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let body = r#"{"to":"+12125550152","task":"Ask."}"#;
        let length = body.len();
        let first = format!(
            "POST /call HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let (status, answer) = ask(&mut stream, &first).await?;
        ensure!(status == 201, "{status}: {answer}");
        let placed: serde_json::Value = serde_json::from_str(&answer)?;
        let text =
            |name: &str| placed[name].as_str().context("an answer without it").map(str::to_owned);
        let (id, key) = (text("call_id")?, text("api_key")?);
        let question =
            format!("GET /call/{id} HTTP/1.1\r\nHost: {address}\r\nX-Api-Key: {key}\r\n\r\n");
        Ok(Self { stream, question })
    }

    async fn poll(&mut self) -> anyhow::Result<()> {
        let (status, answer) = ask(&mut self.stream, &self.question).await?;
        ensure!(status == 200, "{status}: {answer}");
        Ok(())
    }
}

/// One request, its answer's status and body.
async fn ask(stream: &mut TcpStream, request: &str) -> anyhow::Result<(u16, String)> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        let read = stream.read_buf(&mut answer).await?;
        ensure!(read > 0 && answer.len() < ANSWER_BYTES_MAX, "the answer broke off");
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|it| it.lines().next());
        if body.len() >= length.context("no length")?.trim().parse()? {
            let status = head.split(' ').nth(1).context("no status")?.parse()?;
            return Ok((status, body.to_owned()));
        }
    }
}
