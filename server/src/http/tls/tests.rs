use std::{fs, future::poll_fn, path::PathBuf, sync::Arc, task::Poll, time::Duration};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    Certificates, Entered, Unusable,
    handshake::{Gate, Turned},
};

/// Nothing here may take longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a certificate's files.
struct Files {
    _dir: tempfile::TempDir,
    chain: PathBuf,
    key: PathBuf,
}

/// Certificate and key, good between two years.
fn made(from: i32, to: i32) -> (String, String) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    let key = KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

fn files(chain: &str, key: &str) -> Files {
    let dir = tempfile::tempdir().expect("a folder");
    let (chain_path, key_path) = (dir.path().join("chain.pem"), dir.path().join("key.pem"));
    fs::write(&chain_path, chain).expect("written");
    fs::write(&key_path, key).expect("written");
    Files { _dir: dir, chain: chain_path, key: key_path }
}

fn load(files: &Files) -> Result<Certificates, Unusable> {
    Certificates::load(&files.chain, &files.key)
}

#[test]
fn good_files_say_until_when() {
    let (certificate, key) = made(2020, 2090);
    let (later, _) = made(2020, 2095);
    let found = load(&files(&(certificate + &later), &key)).expect("good");
    assert_eq!(found.good_until().to_string(), "2090-01-01T00:00:00Z");
}

#[test]
fn bad_files_are_refused_with_the_key_the_file_and_the_next_step() {
    let (good, key) = made(2020, 2090);
    let ((old, old_key), (early, early_key)) = (made(1990, 2001), made(2090, 2091));
    let (_, strange) = made(2020, 2090);
    let locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let torn = good.replace("-----END", "----- END");
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let behind = format!("{good}{old}");
    let cases: [(&str, &str, &[&str]); 9] = [
        ("", &key, &["`tls.certificate`", "chain.pem holds no certificate", "BEGIN CERTIFICATE"]),
        (&key, &key, &["`tls.certificate`", "holds no certificate"]),
        (&torn, &key, &["`tls.certificate`", "is no whole PEM file"]),
        (not_der, &key, &["`tls.certificate`", "cannot be used, number 1"]),
        (&good, &good, &["`tls.key`", "key.pem holds no private key", "openssl pkey"]),
        (&good, locked, &["`tls.key`", "holds no private key", "without a password"]),
        (&good, &strange, &["`tls.key`", "key.pem is not the key of", "chain.pem", "first"]),
        (&old, &old_key, &["certificate 1 of 1", "expired at 2001-01-01T00:00:00Z; renew it"]),
        (&early, &early_key, &["certificate 1 of 1", "is good from 2090-01-01", "clock"]),
    ];
    for (chain, key, says) in cases {
        let text = load(&files(chain, key)).err().expect("refused").to_string();
        assert!(says.iter().all(|words| text.contains(words)), "{text}");
        assert!(!text.contains("MIG"), "no content: {text}");
    }
    let text = load(&files(&behind, &key)).err().expect("refused").to_string();
    assert!(text.contains("certificate 2 of 2") && text.contains("expired"), "{text}");
    let mut absent = files(&good, &key);
    absent.key = absent.key.with_file_name("nowhere.pem");
    let text = load(&absent).err().expect("refused").to_string();
    assert!(text.starts_with("`tls.key`: ") && text.contains("nowhere.pem cannot be"), "{text}");
}

#[test]
fn files_are_read_again_and_bad_ones_change_nothing() {
    let (certificate, key) = made(2020, 2080);
    let files = files(&certificate, &key);
    let found = load(&files).expect("good");
    let (renewed, renewed_key) = made(2020, 2090);
    fs::write(&files.chain, renewed).expect("written");
    assert!(matches!(found.reload(), Err(Unusable::Mismatch { .. })), "half written");
    assert_eq!(found.good_until().to_string(), "2080-01-01T00:00:00Z");
    fs::write(&files.key, renewed_key).expect("written");
    found.reload().expect("good");
    assert_eq!(found.good_until().to_string(), "2090-01-01T00:00:00Z");
}

/// A gate, and a client that trusts it.
fn gate(at_once: usize, patience: Duration) -> (Gate, TlsConnector) {
    let (certificate, key) = made(2020, 2090);
    let found = load(&files(&certificate, &key)).expect("good");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")).expect("root");
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Gate::with(Arc::new(found), at_once, patience), TlsConnector::from(Arc::new(client)))
}

/// A client's end and ours.
async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    (near.expect("connected"), far.expect("accepted").0)
}

#[tokio::test]
async fn who_stalls_in_the_handshake_is_let_go() {
    // A record of 512 bytes is promised, and never comes.
    for said in [&b""[..], &[22, 3, 1, 2, 0]] {
        let (gate, _) = gate(1, Duration::from_millis(20));
        let (mut client, ours) = sockets().await;
        client.write_all(said).await.expect("sent");
        let entered = timeout(PATIENCE, gate.enter(ours)).await.expect("in time");
        assert!(matches!(entered, Err(Turned::TooSlow)), "{said:?}");
        let mut rest = Vec::new();
        // Closed, whichever way.
        let _ = timeout(PATIENCE, client.read_to_end(&mut rest)).await.expect("in time");
    }
}

#[tokio::test]
async fn more_than_the_most_at_once_wait() {
    let (gate, connector) = gate(1, PATIENCE);
    let ((stalled, first), (client, second)) = (sockets().await, sockets().await);
    let shake = connector.connect(ServerName::try_from("localhost").expect("a name"), client);
    let enter = |stream| Box::pin(gate.enter(stream));
    let (mut first, mut second) = (enter(first), enter(second));
    // The first holds the only place before the second asks.
    for waiting in [&mut first, &mut second] {
        assert!(poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
    }
    drop(stalled);
    let all = async { tokio::join!(first, second, shake) };
    let (first, second, shaken) = timeout(PATIENCE, all).await.expect("in time");
    assert!(matches!(first, Err(Turned::Failed(_))));
    assert!(matches!(second, Ok(Entered::Secured(_))) && shaken.is_ok());
}
