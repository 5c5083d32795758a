//! What a vendor is told when the call is over.

use agent::{stt::deepgram, wire::Outgoing};
use base64_simd::STANDARD as BASE64;
use media::Mono;
use sim::vendor::{self, Emulator, Input, Sent, serve};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    house::{Line, PATIENCE, with_dialects},
    peer::Peer,
};

/// An emulator that repeats what the client does.
struct Witness {
    inner: vendor::deepgram::Deepgram,
    told: mpsc::Sender<Outgoing>,
}

impl Emulator for Witness {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        if let Input::Client(outgoing) = input {
            self.told.try_send(outgoing.clone()).expect("room");
        }
        self.inner.handle(now, input);
    }

    fn poll(&mut self) -> Option<Sent> {
        self.inner.poll()
    }

    fn deadline(&self) -> Option<Mono> {
        self.inner.deadline()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recogniser_on_the_network_is_told_that_the_call_is_over() {
    let (told, mut client) = mpsc::channel(4096);
    let vendor = serve::websocket(Box::new(move |_| {
        let (key, words) = ("the-key".to_owned(), Vec::new());
        let config = vendor::deepgram::Config { key, words, latency_ms: 5 };
        let inner = vendor::deepgram::Deepgram::new(config);
        Box::new(Witness { inner, told: told.clone() })
    }));
    let vendor = vendor.await.expect("a port");
    let url = vendor.ws_url("/v1/listen");
    let house = with_dialects(Line::Manual, |dialects| {
        dialects.stt = Box::new(move |_, _| {
            let (url, key) = (url.clone(), "the-key".to_owned());
            let config = deepgram::Config { url, key, ..deepgram::Config::default() };
            Box::new(deepgram::Deepgram::new(config))
        });
    })
    .await;
    let id = house.place("+12125550123").await;
    let mut peer = Peer::attach(&house, &id).await;
    peer.media(&BASE64.encode_to_string([0xFF; 160])).await;
    let mut next = async || timeout(PATIENCE, client.recv()).await.expect("in time");
    while !matches!(next().await.expect("open"), Outgoing::Binary(_)) {}
    house.post(&format!("/call/{id}/hangup"), "").await;
    house.ended(&id).await;
    loop {
        if let Outgoing::Text(text) = next().await.expect("open") {
            assert!(text.contains("CloseStream") || text.contains("KeepAlive"), "{text}");
            if text.contains("CloseStream") {
                return;
            }
        }
    }
}
