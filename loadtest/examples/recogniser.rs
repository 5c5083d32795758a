//! A recogniser to stream to that understands nothing: it says every second how much it has heard.
//!
//! `cargo run --release -p loadtest --example recogniser`, then
//! `stand_in --recogniser ws://ADDRESS`

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use tokio::net::TcpListener;
use tokio_tungstenite::{accept_async, tungstenite::Message};

/// 16 kHz, 16 bit.
const BYTES_PER_SECOND: f64 = 32_000.0;

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let say = |line: String| writeln!(std::io::stdout(), "{line}");
    // A closed pipe is no reason to fail.
    let _ = say(format!("ws://{}", listener.local_addr().expect("an address")));
    let heard = Arc::new(AtomicU64::new(0));
    let total = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let heard = Arc::clone(&heard);
            tokio::spawn(async move {
                let Ok(mut socket) = accept_async(stream).await else { return };
                while let Some(Ok(message)) = socket.next().await {
                    if let Message::Binary(sound) = message {
                        heard.fetch_add(sound.len() as u64, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let seconds = total.load(Ordering::Relaxed) as f64 / BYTES_PER_SECOND;
        if say(format!("{seconds:.1} s heard")).is_err() {
            return;
        }
    }
}
