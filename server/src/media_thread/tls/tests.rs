use std::{
    cell::RefCell,
    collections::VecDeque,
    net::{TcpListener, TcpStream},
    rc::Rc,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    version::{TLS12, TLS13},
};
use telephony::stream::Kind;
use tokio_tungstenite::tungstenite::{
    Message, WebSocket,
    protocol::{Role, WebSocketConfig},
};

use super::{super::transport::Transport, *};

/// A socket in memory that gives and takes as much as the test says.
struct Memory {
    arrived: VecDeque<u8>,
    ended: bool,
    /// Most bytes of one event: after each the socket is dry once.
    piece: usize,
    given: usize,
    sent: Vec<u8>,
    /// Bytes it still takes.
    room: usize,
}

/// Shared with the test, which is the network.
#[derive(Clone)]
struct Socket(Rc<RefCell<Memory>>);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let memory = &mut *self.0.borrow_mut();
        if memory.arrived.is_empty() && memory.ended {
            return Ok(0);
        }
        if memory.arrived.is_empty() || memory.given == memory.piece {
            memory.given = 0;
            return Err(ErrorKind::WouldBlock.into());
        }
        let most = memory.piece - memory.given;
        let read = (&mut memory.arrived).take(most as u64).read(buffer)?;
        memory.given += read;
        Ok(read)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut memory = self.0.borrow_mut();
        let taken = bytes.len().min(memory.room);
        if taken == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        memory.room -= taken;
        memory.sent.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Both ends after their handshake, and what is between them.
struct Ends {
    ours: Secured<Socket>,
    client: ClientConnection,
    between: Rc<RefCell<Memory>>,
}

fn ends(version: &'static SupportedProtocolVersion) -> Ends {
    let (server, client) = shaken(version);
    let between = Rc::new(RefCell::new(Memory {
        arrived: VecDeque::new(),
        ended: false,
        piece: usize::MAX,
        given: 0,
        sent: Vec::new(),
        room: usize::MAX,
    }));
    let ours = Secured::new(server, Socket(Rc::clone(&between)));
    Ends { ours, client, between }
}

/// Server and client after their handshake.
fn shaken(version: &'static SupportedProtocolVersion) -> (ServerConnection, ClientConnection) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.into());
    let provider = || Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![certificate.clone()], key)
        })
        .expect("a server");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    let mut client = ClientConnection::new(Arc::new(client), name).expect("a client");
    let mut server = ServerConnection::new(Arc::new(server)).expect("a server");
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut there).expect("memory");
        }
        server.read_tls(&mut &there[..]).expect("memory");
        server.process_new_packets().expect("a handshake");
        while server.wants_write() {
            server.write_tls(&mut back).expect("memory");
        }
        client.read_tls(&mut &back[..]).expect("memory");
        client.process_new_packets().expect("a handshake");
    }
    (server, client)
}

impl Ends {
    /// The client says something, one record each.
    fn say(&mut self, records: &[&[u8]]) {
        for record in records {
            self.client.writer().write_all(record).expect("room");
            self.carry();
        }
    }

    /// What the client has to send arrives.
    fn carry(&mut self) {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).expect("memory");
        }
        self.between.borrow_mut().arrived.extend(bytes);
    }

    /// All the client hears, and how that ended.
    fn heard(&mut self) -> (Vec<u8>, Result<(), TlsError>) {
        let sent = std::mem::take(&mut self.between.borrow_mut().sent);
        let (mut rest, mut heard) = (&sent[..], Vec::new());
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).expect("memory");
            if let Err(error) = self.client.process_new_packets() {
                return (heard, Err(error));
            }
            // Nothing more is no fault here.
            let _ = self.client.reader().read_to_end(&mut heard);
        }
        (heard, Ok(()))
    }
}

/// Everything that can be read now, and how the last read ended.
fn drained(ours: &mut impl Read, buffer: usize) -> (Vec<u8>, io::Result<usize>) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; buffer]);
    loop {
        match ours.read(&mut buffer) {
            Ok(read @ 1..) => all.extend_from_slice(&buffer[..read]),
            end => return (all, end),
        }
    }
}

fn kind(end: &io::Result<usize>) -> Option<ErrorKind> {
    end.as_ref().err().map(io::Error::kind)
}

#[test]
fn what_is_decrypted_is_read_to_its_end_without_another_event() {
    for version in [&TLS12, &TLS13] {
        let mut ends = ends(version);
        let said: Vec<Vec<u8>> = (0..300_u32).map(|n| n.to_be_bytes().to_vec()).collect();
        ends.say(&said.iter().map(Vec::as_slice).collect::<Vec<_>>());
        ends.say(&[&[7; 16_000]]);
        let (read, end) = drained(&mut ends.ours, 5);
        assert_eq!(read, [said.concat(), vec![7; 16_000]].concat());
        assert_eq!(kind(&end), Some(ErrorKind::WouldBlock));
        assert!(ends.between.borrow().arrived.is_empty());
    }
}

#[test]
fn one_record_in_many_pieces_is_read_when_it_is_whole() {
    let mut ends = ends(&TLS13);
    ends.between.borrow_mut().piece = 1;
    ends.say(&[b"a record in pieces"]);
    let pieces = ends.between.borrow().arrived.len();
    let mut read = Vec::new();
    for event in 0..pieces {
        let (now, end) = drained(&mut ends.ours, 4096);
        assert_eq!(kind(&end), Some(ErrorKind::WouldBlock), "event {event}");
        read.extend(now);
    }
    assert_eq!(read, b"a record in pieces");
}

#[test]
fn messages_flushed_together_are_one_record() {
    let Ends { ours, mut client, between } = ends(&TLS13);
    let config = WebSocketConfig::default().write_buffer_size(UNSENT_MAX);
    let mut socket = WebSocket::from_raw_socket(ours, Role::Server, Some(config));
    for _ in 0..10 {
        socket.write(Message::text("x".repeat(270))).expect("room");
    }
    assert!(between.borrow().sent.is_empty());
    socket.flush().expect("sent");
    let sent = between.borrow().sent.clone();
    let length = usize::from(u16::from_be_bytes([sent[3], sent[4]]));
    assert_eq!((sent[0], sent.len()), (23, 5 + length), "one record of application data");
    client.read_tls(&mut &sent[..]).expect("memory");
    let state = client.process_new_packets().expect("good");
    assert_eq!(state.plaintext_bytes_to_read(), 10 * (270 + 4));
}

#[test]
fn a_peer_that_takes_little_gets_all_and_no_more_is_encrypted_meanwhile() {
    let mut ends = ends(&TLS13);
    ends.between.borrow_mut().room = 10;
    let said = vec![5; 3 * UNSENT_MAX];
    assert_eq!(ends.ours.write(&said).expect("taken"), UNSENT_MAX);
    let blocked = ends.ours.write(&said[UNSENT_MAX..]);
    assert_eq!(kind(&blocked), Some(ErrorKind::WouldBlock));
    assert_eq!(ends.ours.flush().expect_err("it waits").kind(), ErrorKind::WouldBlock);
    let mut written = UNSENT_MAX;
    while written < said.len() || ends.ours.flush().is_err() {
        ends.between.borrow_mut().room = 100;
        written += ends.ours.write(&said[written..]).unwrap_or(0);
    }
    assert_eq!(ends.heard(), (said, Ok(())));
}

#[test]
fn both_say_good_bye() {
    let mut ends = ends(&TLS13);
    ends.client.send_close_notify();
    ends.carry();
    assert_eq!(drained(&mut ends.ours, 10).1.expect("a good-bye"), 0);
    let Ends { ours, mut client, between } = ends;
    drop(ours);
    client.read_tls(&mut &between.borrow().sent[..]).expect("memory");
    assert!(client.process_new_packets().expect("good").peer_has_closed());
}

#[test]
fn who_goes_without_a_good_bye_is_lost() {
    let mut ends = ends(&TLS13);
    ends.say(&[b"last words"]);
    ends.between.borrow_mut().ended = true;
    let (read, end) = drained(&mut ends.ours, 10);
    assert_eq!((&read[..], kind(&end)), (&b"last words"[..], Some(ErrorKind::UnexpectedEof)));
    assert!(broken(&end.expect_err("lost")).is_none(), "no fault of TLS");
}

#[test]
fn a_broken_record_is_told_after_what_came_before_it_and_answered_with_an_alert() {
    let mut ends = ends(&TLS13);
    ends.say(&[b"whole"]);
    let whole = ends.between.borrow().arrived.len();
    ends.say(&[b"broken"]);
    ends.between.borrow_mut().arrived[whole + 7] ^= 1;
    let (read, end) = drained(&mut ends.ours, 3);
    assert_eq!(read, b"whole");
    let closed = broken(&end.expect_err("broken")).expect("a fault of TLS");
    assert_eq!(closed.code, "tls_broken");
    assert!(closed.detail.starts_with("the carrier broke TLS"), "{closed:?}");
    let alert = ends.heard().1.expect_err("an alert").to_string();
    assert!(alert.contains("BadRecordMac"), "{alert}");
}

#[test]
fn a_fatal_alert_is_the_peers_doing() {
    let mut ends = ends(&TLS13);
    ends.client.read_tls(&mut &[99, 3, 3, 0, 1, 0][..]).expect("memory");
    ends.client.process_new_packets().expect_err("no record");
    ends.carry();
    let closed = broken(&drained(&mut ends.ours, 10).1.expect_err("an alert")).expect("of TLS");
    assert_eq!(closed.code, "tls_alert");
    assert!(closed.detail.contains("the carrier ended TLS with the alert"), "{closed:?}");
}

#[test]
fn a_peer_that_reads_nothing_is_given_up_after_about_a_second_of_audio() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let _peer = TcpStream::connect(listener.local_addr().expect("address")).expect("connected");
    let (stream, _) = listener.accept().expect("accepted");
    let (server, _client) = shaken(&TLS13);
    let mut transport =
        Transport::web_socket(stream, Some(server), Vec::new()).expect("a transport");
    let frame = [0; 270];
    let (mut waiting, mut blocked) = (0, false);
    let closed = loop {
        if let Err(closed) = transport.write(&frame, Kind::Text) {
            break closed;
        }
        blocked |= !transport.flush().expect("it waits");
        waiting += if blocked { frame.len() } else { 0 };
        assert!(waiting < 14 * 1024, "{waiting} bytes wait");
    };
    assert_eq!(closed.code, "peer_too_slow");
    assert!(waiting > 8 * 1024, "{waiting} bytes are no second");
}
