//! How bytes may lie in records and segments: a call must not notice.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use base64_simd::STANDARD as BASE64;
use media::circuit;
use rustls::ClientConnection;
use serde_json::json;
use server::call_task::Happening;
use tokio::time::timeout;

use crate::{
    house::{House, Line, PATIENCE, with_tls},
    peer::{STREAM, start},
    trust::Trust,
};

/// A client whose records and segments are the test's to cut.
struct Client {
    tls: ClientConnection,
    socket: TcpStream,
}

/// One masked text frame; the mask is 0.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text").to_be_bytes();
    let mut frame = vec![0x81, 0x80 | 126, length[0], length[1], 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    frame
}

fn upgrade() -> Vec<u8> {
    b"GET /media/twilio HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_vec()
}

fn media() -> String {
    let payload = BASE64.encode_to_string([0xFF; 160]);
    json!({"event":"media","streamSid":STREAM,"media":{"payload":payload}}).to_string()
}

fn key(digit: char) -> Vec<u8> {
    frame(&json!({"event":"dtmf","streamSid":STREAM,"dtmf":{"digit":digit}}).to_string())
}

impl Client {
    fn connect(house: &House) -> Self {
        let trust = house.trust.as_ref().expect("a house with TLS");
        let mut tls = ClientConnection::new(trust.client(), Trust::name()).expect("a client");
        let mut socket = TcpStream::connect(house.address).expect("connected");
        socket.set_nodelay(true).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        while tls.is_handshaking() {
            tls.complete_io(&mut socket).expect("a handshake");
        }
        Self { tls, socket }
    }

    /// These bytes as records of at most `record` bytes, encrypted.
    fn records(&mut self, bytes: &[u8], record: usize) -> Vec<u8> {
        let mut records = Vec::new();
        for piece in bytes.chunks(record) {
            self.tls.writer().write_all(piece).expect("room");
            while self.tls.wants_write() {
                self.tls.write_tls(&mut records).expect("memory");
            }
        }
        records
    }

    /// Reads until the server has said this.
    fn reads(&mut self, wanted: &str) {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains(wanted) {
            self.tls.read_tls(&mut self.socket).expect("in time");
            self.tls.process_new_packets().expect("good TLS");
            // Nothing more yet is no end.
            let _ = self.tls.reader().read_to_end(&mut read);
        }
    }
}

/// Acts, and waits until the call has heard these keys. The client stays until then.
async fn hears(house: &House, id: &str, keys: &str, act: impl FnOnce() -> Client + Send + 'static) {
    let mut happenings = house.exchange.find(id).expect("known").watch();
    let acted = tokio::task::spawn_blocking(act);
    let heard = async {
        let mut heard = String::new();
        while heard.len() < keys.len() {
            if let Ok(Happening::Sound(_, circuit::Event::Digit { digit, .. })) =
                happenings.recv().await
            {
                heard.push(digit.as_char());
            }
        }
        heard
    };
    assert_eq!(timeout(PATIENCE, heard).await.expect("in time"), keys);
    drop(acted.await.expect("it acts"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_start_in_the_record_of_the_upgrade_request_is_read() {
    let house = with_tls(Line::Manual).await;
    let id = house.place("+12125550123").await;
    let mut client = Client::connect(&house);
    let opening = frame(&start(&house.token(&id)).to_string());
    hears(&house, &id, "1", move || {
        // More than HTTP reads at once: the rest stays inside TLS, and no socket tells of it.
        let all = [upgrade(), opening, frame(&media()).repeat(40), key('1')].concat();
        assert!((12_000..16_000).contains(&all.len()), "{}", all.len());
        let record = client.records(&all, 16 * 1024);
        assert_eq!(usize::from(u16::from_be_bytes([record[3], record[4]])), record.len() - 5);
        client.socket.write_all(&record).expect("sent");
        client.reads("\"event\":\"media\"");
        client
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_a_record_and_a_byte_a_segment_are_read_alike() {
    for (record, segment) in [(1, usize::MAX), (16 * 1024, 1), (100, 7)] {
        let house = with_tls(Line::Manual).await;
        let id = house.place("+12125550123").await;
        let mut client = Client::connect(&house);
        let opening = frame(&start(&house.token(&id)).to_string());
        hears(&house, &id, "123", move || {
            let said = client.records(&upgrade(), 16 * 1024);
            client.socket.write_all(&said).expect("sent");
            client.reads("101 Switching Protocols");
            let messages =
                [opening, key('1'), frame(&media()), key('2'), frame(&media()), key('3')];
            let records = client.records(&messages.concat(), record);
            for segment in records.chunks(segment) {
                client.socket.write_all(segment).expect("sent");
            }
            client
        })
        .await;
    }
}
