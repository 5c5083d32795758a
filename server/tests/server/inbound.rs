//! Streams that bring a call of their own.

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::{
    house::{Line, house},
    peer::Peer,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_a_good_token_is_answered_and_greeted_once() {
    let house = house(Line::Manual).await;
    let mut peer = Peer::attach(&house, "from-outside-1").await;
    // The greeting.
    peer.event("media").await;
    let known = house.exchange.find("from-outside-1").expect("known");
    assert_eq!(known.body()["direction"], "inbound");
    house.post("/call/from-outside-1/hangup", "").await;
    house.ended("from-outside-1").await;
    // The same token does not bring the same call twice.
    let mut again = Peer::attach(&house, "from-outside-1").await;
    assert_eq!(again.closed().await.map(|frame| frame.code), Some(CloseCode::Policy));
    // An id that is no plain name never becomes a folder.
    let mut odd = Peer::attach(&house, "../elsewhere").await;
    assert_eq!(odd.closed().await.map(|frame| frame.code), Some(CloseCode::Policy));
}
