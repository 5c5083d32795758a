//! A carrier's end of Twilio's wire, by hand, so that it can do everything wrong.

use futures_util::{SinkExt, StreamExt};
use media::circuit;
use serde_json::{Value, json};
use server::call_task::Happening;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async, connect_async_tls_with_config,
    tungstenite::{Error, Message, protocol::CloseFrame},
};

use crate::house::{House, PATIENCE};

pub(crate) struct Peer(WebSocketStream<MaybeTlsStream<TcpStream>>);

pub(crate) const STREAM: &str = "MZ00000000000000000000000000000001";

impl Peer {
    pub(crate) async fn connect(house: &House) -> Self {
        let (connector, s) = match &house.trust {
            Some(trust) => (Connector::Rustls(trust.client()), "s"),
            None => (Connector::Plain, ""),
        };
        let url = format!("ws{s}://{}/media/twilio", house.address);
        let connected = connect_async_tls_with_config(url, None, false, Some(connector));
        let connected = timeout(PATIENCE, connected).await.expect("in time");
        Self(connected.expect("upgraded").0)
    }

    /// Status and code of a connection that is not upgraded; it may come again.
    pub(crate) async fn refused(house: &House) -> (u16, String) {
        let url = format!("ws://{}/media/twilio", house.address);
        let answered = timeout(PATIENCE, connect_async(url)).await.expect("in time");
        let Err(Error::Http(answer)) = answered else { panic!("upgraded") };
        assert_eq!(answer.headers()["retry-after"], "5");
        let body: Value =
            serde_json::from_slice(answer.body().as_deref().unwrap_or_default()).expect("JSON");
        let code = body["error"]["code"].as_str().expect("a code").to_owned();
        (answer.status().as_u16(), code)
    }

    /// Connected and started for a call.
    pub(crate) async fn attach(house: &House, id: &str) -> Self {
        let mut peer = Self::connect(house).await;
        peer.text(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#).await;
        peer.text(&start(&house.token(id)).to_string()).await;
        peer
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        timeout(PATIENCE, self.0.send(message)).await.expect("in time").expect("sent");
    }

    pub(crate) async fn media(&mut self, payload: &str) {
        let media = json!({"event":"media","sequenceNumber":"2","streamSid":STREAM,
            "media":{"track":"inbound","chunk":"1","timestamp":"0","payload":payload}});
        self.text(&media.to_string()).await;
    }

    /// Presses a key and waits until the call has heard it: all that was sent before is read by then.
    pub(crate) async fn press(&mut self, house: &House, id: &str, digit: char) {
        let mut happenings = house.exchange.find(id).expect("known").watch();
        let key = json!({"event":"dtmf","streamSid":STREAM,
            "dtmf":{"track":"inbound_track","digit":digit.to_string()}});
        self.text(&key.to_string()).await;
        let heard = async {
            while !matches!(
                happenings.recv().await,
                Ok(Happening::Sound(_, circuit::Event::Digit { .. }))
            ) {}
        };
        timeout(PATIENCE, heard).await.expect("in time");
    }

    /// The next message from the server with this event.
    pub(crate) async fn event(&mut self, event: &str) -> Value {
        let found = async {
            loop {
                let message = self.0.next().await.expect("open").expect("readable");
                if let Message::Text(text) = message {
                    let value: Value = serde_json::from_str(text.as_str()).expect("JSON");
                    if value["event"] == event {
                        return value;
                    }
                }
            }
        };
        timeout(PATIENCE, found).await.expect("in time")
    }

    /// Is silent and takes what comes, until the stream is closed.
    pub(crate) async fn listens(mut self) {
        let silence = base64_simd::STANDARD.encode_to_string([0xFF; 160]);
        let mut frames = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            tokio::select! {
                message = self.0.next() => if !matches!(message, Some(Ok(_))) { return },
                _ = frames.tick() => self.media(&silence).await,
            }
        }
    }

    /// How the server closes.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        let closed = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(frame))) => return frame,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        timeout(PATIENCE, closed).await.expect("in time")
    }
}

pub(crate) fn start(token: &str) -> Value {
    json!({"event":"start","sequenceNumber":"1","streamSid":STREAM,"start":{
        "streamSid":STREAM,"accountSid":"AC1","callSid":"CA1","tracks":["inbound"],
        "customParameters":{"token":token},
        "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}})
}

impl Peer {
    /// The raw socket.
    pub(crate) fn socket(&mut self) -> &mut MaybeTlsStream<TcpStream> {
        self.0.get_mut()
    }
}
