//! Everything over TLS: a whole call, who is not let in, who goes without a good-bye.

use base64_simd::STANDARD as BASE64;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream,
    tungstenite::{Message, protocol::CloseFrame},
};

use crate::{
    house::{House, Line, PATIENCE, with_tls},
    peer::{Peer, STREAM},
};

const SOMEBODY: &str = "+12125550123";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_call_over_wss() {
    let house = with_tls(Line::Manual).await;
    let id = house.place(SOMEBODY).await;
    let mut peer = Peer::attach(&house, &id).await;
    // A second of it, each mark answered as Twilio does.
    for _ in 0..50 {
        peer.media(&BASE64.encode_to_string([0xFF; 160])).await;
        assert_eq!(peer.event("media").await["streamSid"], STREAM);
    }
    let mark = peer.event("mark").await;
    peer.text(&mark.to_string()).await;
    peer.press(&house, &id, '5').await;
    let (status, ready) = house.get("/ready").await;
    assert_eq!(status, 200, "{ready}");
    house.post(&format!("/call/{id}/hangup"), "").await;
    let closed = peer.closed().await.expect("a close frame");
    assert_eq!((u16::from(closed.code), &*closed.reason), (1000, "call over"));
    // TLS is ended too, not only cut off.
    let MaybeTlsStream::Rustls(socket) = peer.socket() else { panic!("TLS") };
    let rest = timeout(PATIENCE, socket.read(&mut [0; 1])).await.expect("in time");
    assert_eq!(rest.expect("a good-bye"), 0);
    assert_eq!(house.ended(&id).await["outcome"], "answered");
    let replayed = server::replay::replay(&house.call_dir(&id), false).expect("readable");
    assert!(replayed.is_ok(), "{replayed:?}");
}

/// Says this without TLS; everything that comes back until the end, however it ends.
async fn answered(house: &House, said: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(house.address).await.expect("connected");
    socket.write_all(said).await.expect("sent");
    let mut answer = Vec::new();
    let read = async { while let Ok(1..) = socket.read_buf(&mut answer).await {} };
    timeout(PATIENCE, read).await.expect("closed in time");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_plain_http_is_told_to_use_tls() {
    let house = with_tls(Line::Manual).await;
    for request in
        ["GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", "POST /call HTTP/1.1\r\nHost: x\r\n\r\n"]
    {
        let answer = answered(&house, request.as_bytes()).await;
        let answer = String::from_utf8(answer).expect("text");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("tls_required") && answer.contains("https://"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_nonsense_gets_an_alert_and_others_are_served() {
    let house = with_tls(Line::Manual).await;
    // Five bytes are the head of a record: nothing is left unread when it is refused.
    let answer = answered(&house, &[0, 1, 2, 3, 4]).await;
    assert_eq!((answer[0], answer[5]), (21, 2), "a fatal alert: {answer:?}");
    // A record of a handshake that is none.
    let answer = answered(&house, &[22, 3, 1, 0, 4, 9, 0, 0, 0]).await;
    assert_eq!((answer[0], answer[5]), (21, 2), "a fatal alert: {answer:?}");
    assert_eq!(house.get("/health").await.0, 200);
}

/// The journal of a call whose peer closes one side and leaves the other open: TLS' or TCP's.
async fn half_closed(house: &House, of_tls: bool) -> String {
    let id = house.place(SOMEBODY).await;
    let mut peer = Peer::attach(house, &id).await;
    peer.press(house, &id, '5').await;
    let MaybeTlsStream::Rustls(socket) = peer.socket() else { panic!("TLS") };
    let (tcp, tls) = socket.get_mut();
    if of_tls {
        let mut bytes = Vec::new();
        tls.send_close_notify();
        tls.write_tls(&mut bytes).expect("memory");
        tcp.write_all(&bytes).await.expect("sent");
    } else {
        tcp.shutdown().await.expect("shut down");
    }
    house.ended(&id).await;
    house.journal(&id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_closed_stream_is_lost() {
    let house = with_tls(Line::Manual).await;
    let (of_tls, of_tcp) = tokio::join!(half_closed(&house, true), half_closed(&house, false));
    for journal in [&of_tls, &of_tcp] {
        assert!(journal.contains("stream_lost") && journal.contains("media_stopped"), "{journal}");
    }
    assert!(of_tls.contains("without a good-bye"), "of the WebSocket: {of_tls}");
    assert!(of_tcp.contains("without TLS' good-bye"), "{of_tcp}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_tls_is_ended_and_the_journal_says_why() {
    let house = with_tls(Line::Manual).await;
    let id = house.place(SOMEBODY).await;
    let mut peer = Peer::attach(&house, &id).await;
    peer.press(&house, &id, '5').await;
    let MaybeTlsStream::Rustls(socket) = peer.socket() else { panic!("TLS") };
    let nonsense = [23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
    socket.get_mut().0.write_all(&nonsense).await.expect("sent");
    house.ended(&id).await;
    let journal = house.journal(&id);
    assert!(journal.contains("tls_broken") && journal.contains("media_stopped"), "{journal}");
    // The peer is told by an alert, so it reads an error, not an end.
    let told = timeout(PATIENCE, async { while let Ok(1..) = socket.read(&mut [0; 512]).await {} });
    told.await.expect("in time");
    assert!(socket.read(&mut [0; 1]).await.is_err_and(|e| e.to_string().contains("BadRecordMac")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_bye_is_answered_by_the_web_socket_and_by_tls() {
    let house = with_tls(Line::Manual).await;
    let mut peer = Peer::attach(&house, "says-good-bye").await;
    peer.event("media").await;
    peer.send(Message::Close(Some(CloseFrame { code: 1001.into(), reason: "".into() }))).await;
    assert_eq!(peer.closed().await.map(|frame| u16::from(frame.code)), Some(1001));
    let MaybeTlsStream::Rustls(socket) = peer.socket() else { panic!("TLS") };
    let rest = timeout(PATIENCE, socket.read(&mut [0; 1])).await.expect("in time");
    assert_eq!(rest.expect("a good-bye"), 0);
    house.post("/call/says-good-bye/hangup", "").await;
    house.ended("says-good-bye").await;
    assert!(!house.journal("says-good-bye").contains("stream_lost"));
}
