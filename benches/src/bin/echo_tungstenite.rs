//! An echo server as one writes it without thinking: tokio-tungstenite, one task a socket. Twilio's
//! `media` messages go back as they came; nothing else is parsed or answered. SIGTERM ends it.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Parser;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, tungstenite::Message};

#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "who starts it must learn the port")]
async fn main() -> Result<()> {
    let listener = TcpListener::bind(Args::parse().listen).await?;
    println!("ws://{}/", listener.local_addr()?);
    loop {
        // A peer that is gone before it was accepted is no reason to stop.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    }
}

/// One socket; whatever breaks ends it alone.
async fn echo(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) if benches::echo::is_media(text.as_bytes()) => {
                socket.send(Message::Text(text)).await?;
            }
            _ => {}
        }
    }
    Ok(())
}
