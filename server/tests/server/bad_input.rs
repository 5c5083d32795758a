//! What a carrier or an attacker may send: a clear error, and the call goes on or ends politely.

use base64_simd::STANDARD as BASE64;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    house::{House, Line, house},
    peer::{Peer, STREAM, start},
};

const SOMEBODY: &str = "+12125550123";

/// 20 ms of silence.
fn silence() -> String {
    BASE64.encode_to_string([0xFF; 160])
}

/// The call hears what comes now, the agent speaks on the stream, and the API shows a call under way.
async fn goes_on(house: &House, id: &str, peer: &mut Peer) {
    peer.press(house, id, '5').await;
    let said = peer.event("media").await;
    assert_eq!(said["streamSid"], STREAM);
    assert_eq!(house.exchange.find(id).expect("known").body()["lifecycle"], "answered");
}

async fn hang_up(house: &House, id: &str) -> String {
    house.post(&format!("/call/{id}/hangup"), "").await;
    assert_eq!(house.ended(id).await["outcome"], "answered");
    house.journal(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_messages_cost_themselves_alone() {
    let media = |payload: &str| {
        json!({"event":"media","streamSid":STREAM,"media":{"payload":payload}}).to_string()
    };
    let odd = BASE64.encode_to_string([0xFF; 33]);
    let double = BASE64.encode_to_string([0xFF; 640]);
    let cases: Vec<(&str, Message, bool)> = vec![
        ("broken JSON", Message::text("{\"event\":\"media\","), true),
        ("no JSON", Message::text("hello"), true),
        ("broken base64", Message::text(media("%%%")), true),
        ("binary", Message::binary(vec![1, 2, 3]), true),
        ("second start", Message::text(start("again").to_string()), true),
        ("odd payload size", Message::text(media(&odd)), false),
        ("16 kHz sent, 8 kHz claimed", Message::text(media(&double)), false),
        ("empty payload", Message::text(media("")), false),
        ("unknown event", Message::text(r#"{"event":"weather"}"#), false),
        ("1 MiB", Message::text(media(&"A".repeat(1 << 20))), true),
    ];
    let house = house(Line::Manual).await;
    for (name, message, told) in cases {
        let id = house.place(SOMEBODY).await;
        let mut peer = Peer::attach(&house, &id).await;
        peer.event("media").await;
        peer.send(message).await;
        goes_on(&house, &id, &mut peer).await;
        let journal = hang_up(&house, &id).await;
        assert_eq!(journal.contains("misbehaved"), told, "{name}: {journal}");
        let replayed = server::replay::replay(&house.call_dir(&id), false).expect("readable");
        assert!(replayed.is_ok(), "{name}: {replayed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_not_utf8_ends_the_stream_and_the_journal_says_why() {
    let house = house(Line::Manual).await;
    let id = house.place(SOMEBODY).await;
    let mut peer = Peer::attach(&house, &id).await;
    peer.event("media").await;
    // A text frame of the right form with a byte that is never UTF-8: built by hand, masked with 0.
    use tokio::io::AsyncWriteExt;
    let tokio_tungstenite::MaybeTlsStream::Plain(socket) = peer.socket() else { panic!("plain") };
    socket.write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xFF]).await.expect("sent");
    assert_eq!(peer.closed().await.map(|frame| u16::from(frame.code)), Some(1007));
    house.ended(&id).await;
    let journal = house.journal(&id);
    assert!(journal.contains("not_utf8") && journal.contains("media_stopped"), "{journal}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_after_stop_is_told_and_a_lost_stream_ends_the_call() {
    let house = house(Line::Manual).await;
    let id = house.place(SOMEBODY).await;
    let mut peer = Peer::attach(&house, &id).await;
    peer.event("media").await;
    let stop =
        json!({"event":"stop","streamSid":STREAM,"stop":{"accountSid":"AC1","callSid":"CA1"}});
    peer.text(&stop.to_string()).await;
    peer.media(&silence()).await;
    house.ended(&id).await;
    let journal = house.journal(&id);
    assert!(journal.contains("media_stopped") && journal.contains("misbehaved"), "{journal}");

    let id = house.place(SOMEBODY).await;
    let mut peer = Peer::attach(&house, &id).await;
    peer.event("media").await;
    drop(peer);
    let body = house.ended(&id).await;
    assert_eq!(body["lifecycle"], "finalized");
    let journal = house.journal(&id);
    assert!(journal.contains("stream_lost") || journal.contains("stream_closed"), "{journal}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_token_gets_no_call() {
    let house = house(Line::Manual).await;
    let id = house.place(SOMEBODY).await;
    let other = telephony::token::mint(b"another secret", &id, u64::MAX);
    let expired = telephony::token::mint(b"a secret", &id, 1);
    for token in ["", "nonsense", &other, &expired] {
        let mut peer = Peer::connect(&house).await;
        peer.text(&start(token).to_string()).await;
        let closed = peer.closed().await.expect("a close frame");
        assert_eq!(u16::from(closed.code), 1008, "{token}: {closed:?}");
    }
    // Audio before the start is not read, and costs nothing but itself.
    let mut peer = Peer::connect(&house).await;
    peer.media(&silence()).await;
    peer.text(&start(&house.token(&id)).to_string()).await;
    goes_on(&house, &id, &mut peer).await;
    // The token was good once: the call has its stream.
    let mut second = Peer::connect(&house).await;
    second.text(&start(&house.token(&id)).to_string()).await;
    assert_eq!(second.closed().await.map(|frame| u16::from(frame.code)), Some(1008));
    goes_on(&house, &id, &mut peer).await;
    hang_up(&house, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_message_before_the_token_is_refused() {
    let house = house(Line::Manual).await;
    let mut peer = Peer::connect(&house).await;
    peer.text(&"x".repeat(100_000)).await;
    assert!(peer.closed().await.is_none_or(|frame| u16::from(frame.code) == 1009));
}
