//! A WebSocket that is driven by its owner, against a peer on loopback.

use agent::wire::{Outgoing, Request};
use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio_tungstenite::{accept_async, tungstenite::Message};

use super::{News, Wire};

async fn listen() -> (TcpListener, Request) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("an address"));
    (listener, Request { url, headers: Vec::new() })
}

fn wire() -> Wire {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Wire::new(reqwest::Client::new())
}

#[tokio::test]
async fn what_was_sent_before_it_was_open_arrives_before_the_end() {
    let (listener, request) = listen().await;
    let peer = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut socket = accept_async(stream).await.expect("upgraded");
        let mut heard = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            heard.push(message);
        }
        heard
    });
    let mut wire = wire();
    wire.send(Outgoing::Connect(request));
    wire.send(Outgoing::Text("first".to_owned()));
    wire.send(Outgoing::Binary(vec![7; 3]));
    wire.finish().await;
    let heard = peer.await.expect("heard");
    assert_eq!(heard[..2], [Message::text("first"), Message::binary(vec![7; 3])], "{heard:?}");
    assert!(matches!(heard[2..], [Message::Close(_)]), "{heard:?}");
}

#[tokio::test]
async fn a_vendor_that_takes_nothing_is_given_up_before_memory_is() {
    let (listener, request) = listen().await;
    let peer = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        // It never reads again.
        (accept_async(stream).await, std::future::pending::<()>().await).1
    });
    let mut wire = wire();
    wire.send(Outgoing::Connect(request));
    assert!(matches!(wire.next().await, News::Opened));
    // What the kernel takes and what waits here are both bounded.
    for _ in 0..1_000 {
        wire.send(Outgoing::Binary(vec![0; 64 * 1024]));
    }
    let end = wire.next().await;
    assert!(matches!(&end, News::Failed(why) if why.contains("does not take")), "{end:?}");
    peer.abort();
}
