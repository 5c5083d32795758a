//! Certificate chain and key of the listener: read from PEM files (RFC 7468), checked, and read
//! again when asked. TLS 1.3 and 1.2 (RFC 8446, 5246). Left out: client certificates, OCSP, early
//! data; renegotiation is nothing rustls has.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use rustls::{
    CertificateError as Flaw, Error as TlsError, InconsistentKeys, RootCertStore, ServerConfig,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer, UnixTime,
        pem::{Error as PemError, PemObject},
    },
    server::ParsedCertificate,
    version::{TLS12, TLS13},
};

/// What the server shows its clients.
pub struct Certificates {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Current {
    config: Arc<ServerConfig>,
    good_until: Timestamp,
}

/// The files cannot be used: whose fault it is, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file that is not there or may not be read.
    #[error("`{key}`: {} cannot be read ({error}); give a PEM file this user may read", path.display())]
    Unreadable {
        /// The configuration's key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// No certificate, or none that can be read.
    #[error("`tls.certificate`: {} {what}; it takes the server's certificate first, then those that vouch for it, each as BEGIN CERTIFICATE", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// No private key, or none that can be read.
    #[error("`tls.key`: {} {what}; it takes one private key without a password: `openssl pkey -in KEY -out PLAIN_KEY` takes it off", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Both are fine, but not for each other.
    #[error("`tls.key`: {} is not the key of the first certificate in {}; give the key it was made with, and put the server's own certificate first", key.display(), chain.display())]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        chain: PathBuf,
    },
    /// Not good today.
    #[error("`tls.certificate`: certificate {number} of {of} in {} {when}; {todo}", path.display())]
    NotGoodNow {
        /// The file.
        path: PathBuf,
        /// Which certificate, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// Until or from when it is good.
        when: String,
        /// The next step.
        todo: &'static str,
    },
}

impl Certificates {
    /// Reads and checks both files.
    ///
    /// # Errors
    /// When a file cannot be read, the key is another certificate's, or one is not good today.
    pub fn load(chain: &Path, key: &Path) -> Result<Self, Unusable> {
        let current = RwLock::new(read(chain, key)?);
        Ok(Self { chain: chain.to_owned(), key: key.to_owned(), current })
    }

    /// Reads both files again, for connections to come; those that stand keep what they have.
    ///
    /// # Errors
    /// As [`Certificates::load`]; what was good before stays.
    pub fn reload(&self) -> Result<(), Unusable> {
        let fresh = read(&self.chain, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// When the first of the chain's certificates expires.
    pub fn good_until(&self) -> Timestamp {
        self.now().good_until
    }

    /// What a new connection gets.
    pub(super) fn server_config(&self) -> Arc<ServerConfig> {
        self.now().config
    }

    fn now(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(chain_path: &Path, key_path: &Path) -> Result<Current, Unusable> {
    let chain = read_chain(chain_path)?;
    let no_key = |what: String| Unusable::NoKey { path: key_path.to_owned(), what };
    let pem = bytes_of("tls.key", key_path)?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|e| no_key(in_words(&e, "holds no private key that can be read")))?;
    let good_until = check_dates(chain_path, &chain)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map(|builder| builder.with_no_client_auth())
        .and_then(|builder| builder.with_single_cert(chain, key))
        .map_err(|error| match error {
            TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                Unusable::Mismatch { key: key_path.to_owned(), chain: chain_path.to_owned() }
            }
            TlsError::InvalidCertificate(flaw) => broken_certificate(chain_path, 1, &flaw),
            other => no_key(format!("cannot be used ({other})")),
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Current { config: Arc::new(config), good_until })
}

fn bytes_of(key: &'static str, path: &Path) -> Result<Vec<u8>, Unusable> {
    fs::read(path).map_err(|error| Unusable::Unreadable { key, path: path.to_owned(), error })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = bytes_of("tls.certificate", path)?;
    let none = "holds no certificate";
    let no_certificate = |what| Unusable::NoCertificate { path: path.to_owned(), what };
    let chain = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| no_certificate(in_words(&e, none)))?;
    if chain.is_empty() { Err(no_certificate(none.to_owned())) } else { Ok(chain) }
}

fn in_words(error: &PemError, none: &str) -> String {
    match error {
        PemError::NoItemsFound => none.to_owned(),
        other => format!("is no whole PEM file ({other})"),
    }
}

fn broken_certificate(path: &Path, number: usize, flaw: &Flaw) -> Unusable {
    let what = format!("has a certificate that cannot be used, number {number} ({flaw})");
    Unusable::NoCertificate { path: path.to_owned(), what }
}

/// Whether all are good today, and until when.
fn check_dates(path: &Path, chain: &[CertificateDer<'_>]) -> Result<Timestamp, Unusable> {
    let mut good_until = Timestamp::MAX;
    for (number, certificate) in (1..).zip(chain) {
        let not_good_now = |when, todo| Unusable::NotGoodNow {
            path: path.to_owned(),
            number,
            of: chain.len(),
            when,
            todo,
        };
        let flaw = |time| flaw_at(certificate, time);
        match flaw(UnixTime::now()) {
            Some(Flaw::ExpiredContext { not_after, .. }) => {
                let when = format!("expired at {}", timestamp(not_after));
                return Err(not_good_now(when, "renew it"));
            }
            Some(Flaw::NotValidYetContext { not_before, .. }) => {
                let when = format!("is good from {} only", timestamp(not_before));
                return Err(not_good_now(when, "set this machine's clock right, or wait"));
            }
            Some(flaw @ Flaw::BadEncoding) => return Err(broken_certificate(path, number, &flaw)),
            _ => {}
        }
        // In the far future every certificate has expired, and says when.
        let far = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        if let Some(Flaw::ExpiredContext { not_after, .. }) = flaw(far) {
            good_until = good_until.min(timestamp(not_after));
        }
    }
    Ok(good_until)
}

/// What is wrong with a certificate by itself. Nobody vouches for it here, which is found only after
/// its dates were: that is for clients to judge.
fn flaw_at(certificate: &CertificateDer<'_>, time: UnixTime) -> Option<Flaw> {
    let algorithms = ring::default_provider().signature_verification_algorithms.all;
    let nobody = RootCertStore::empty();
    let verdict = ParsedCertificate::try_from(certificate).and_then(|parsed| {
        verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], time, algorithms)
    });
    match verdict {
        Err(TlsError::InvalidCertificate(flaw)) => Some(flaw),
        _ => None,
    }
}

fn timestamp(time: UnixTime) -> Timestamp {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}
