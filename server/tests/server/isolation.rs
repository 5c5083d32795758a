//! A panic in one circuit ends that call alone.

use telephony::{
    loopback::encode,
    stream::{Format, Incoming, Started},
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{Line, PATIENCE, house};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_ends_one_call_and_the_others_go_on() {
    let house = house(Line::Fragile).await;
    let mut ids = Vec::new();
    for call in 0..2 {
        let id = house.place("+12125550123").await;
        // "Dialing" is shown before the carrier has dialled.
        let dialled = async {
            while house.pipes.lock().expect("whole").len() <= call {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, dialled).await.expect("in time");
        let send = |incoming: Incoming<'_>| {
            let mut bytes = Vec::new();
            encode(&incoming, &mut bytes);
            let pipes = house.pipes.lock().expect("whole");
            pipes[call].tx.send(Message::binary(bytes)).expect("sent");
        };
        send(Incoming::Answered);
        send(Incoming::Started(Started {
            stream_id: "s".to_owned(),
            carrier_call_id: "c".to_owned(),
            format: Format { codec: media::codec::Codec::Mulaw, rate_hz: 8000, channels: 1 },
            parameters: Default::default(),
        }));
        house.reaches(&id, "answered").await;
        ids.push(id);
    }
    house.pipes.lock().expect("whole")[0].tx.send(Message::binary(vec![3, b'#'])).expect("sent");
    let body = house.ended(&ids[0]).await;
    assert_eq!(body["outcome"], "system_error", "{body}");
    assert!(house.journal(&ids[0]).contains("broken on purpose"));
    // The other one still hears and speaks.
    let heard = {
        let pipes = house.pipes.lock().expect("whole");
        pipes[1].tx.send(Message::binary([&[2_u8][..], &[0xFF; 160]].concat())).expect("sent");
        pipes[1].rx.clone()
    };
    let said = tokio::task::spawn_blocking(move || heard.recv_timeout(PATIENCE));
    assert!(said.await.expect("joined").is_ok());
    assert_eq!(house.exchange.find(&ids[1]).expect("known").body()["lifecycle"], "answered");
}
