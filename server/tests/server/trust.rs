//! A certificate made for one test, and clients that trust it alone.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use server::http::Certificates;

#[derive(Clone)]
pub(crate) struct Trust(CertificateDer<'static>);

impl Trust {
    pub(crate) fn made() -> (Certificates, Self) {
        let dir = tempfile::tempdir().expect("a folder");
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("made");
        let (chain, key) = (dir.path().join("chain.pem"), dir.path().join("key.pem"));
        std::fs::write(&chain, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        let certificates = Certificates::load(&chain, &key).expect("good");
        (certificates, Self(made.cert.der().clone()))
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.clone()).expect("a root");
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Arc::new(client)
    }

    pub(crate) fn name() -> ServerName<'static> {
        ServerName::try_from("127.0.0.1").expect("a name")
    }

    pub(crate) fn http(&self) -> reqwest::ClientBuilder {
        let root = reqwest::Certificate::from_der(&self.0).expect("a certificate");
        reqwest::Client::builder().tls_certs_only([root])
    }
}
