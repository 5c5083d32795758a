//! A carrier's message through TLS 1.3, as a media thread does it: both ends are real, the network
//! is memory.

use std::{
    cell::RefCell,
    hint::black_box,
    io::{self, Read, Write},
    rc::Rc,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, crypto::ring,
};
use server::media_thread::tls::Secured;

use super::{Stage, Work, wire};
use crate::sound;

pub(super) const STAGES: &[Stage] = &[
    Stage {
        name: "tls-frame",
        what: "one media message through TLS: one end encrypts a record, the other decrypts it",
        set_up: both,
        counted: 1000,
    },
    Stage {
        name: "tls-write",
        what: "encrypt one media message into one record",
        set_up: write,
        counted: 1000,
    },
];

/// What has arrived, and how many bytes have left.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<(Vec<u8>, usize)>>);

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let arrived = &mut self.0.borrow_mut().0;
        if arrived.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = arrived.len().min(buffer.len());
        buffer[..read].copy_from_slice(&arrived[..read]);
        arrived.drain(..read);
        Ok(read)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().1 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A media thread's end, what is below it, and a carrier's end, after their handshake.
fn ends() -> (Secured<Memory>, Memory, ClientConnection) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.into());
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .and_then(|it| it.with_no_client_auth().with_single_cert(vec![certificate.clone()], key));
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = ServerConnection::new(Arc::new(server.expect("good"))).expect("a server");
    let name = "localhost".try_into().expect("a name");
    let mut client = ClientConnection::new(Arc::new(client), name).expect("a client");
    while client.wants_write() || server.wants_write() {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        while client.write_tls(&mut there).expect("memory") > 0 {}
        server.read_tls(&mut &there[..]).expect("memory");
        server.process_new_packets().expect("a handshake");
        while server.write_tls(&mut back).expect("memory") > 0 {}
        client.read_tls(&mut &back[..]).expect("memory");
        client.process_new_packets().expect("a handshake");
    }
    let memory = Memory::default();
    (Secured::new(server, memory.clone()), memory, client)
}

fn message() -> String {
    wire::media(&sound::mulaw(&sound::speech()[8_000..8_160]), 1)
}

fn both() -> Work {
    let (mut ours, memory, mut client) = ends();
    let (message, mut read) = (message(), [0; 4096]);
    Box::new(move || {
        client.writer().write_all(black_box(message.as_bytes())).expect("room");
        client.write_tls(&mut memory.0.borrow_mut().0).expect("memory");
        let length = ours.read(&mut read).expect("a record");
        assert_eq!(black_box(&read[..length]), message.as_bytes());
    })
}

fn write() -> Work {
    let (mut ours, memory, _) = ends();
    let message = message();
    Box::new(move || {
        let before = memory.0.borrow().1;
        assert_eq!(ours.write(black_box(message.as_bytes())).expect("room"), message.len());
        ours.flush().expect("memory");
        // One record: 5 bytes before it, 17 after it.
        assert_eq!(memory.0.borrow().1 - before, message.len() + 22);
    })
}
