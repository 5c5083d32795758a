//! Randomness that must not be guessed: stream secrets and call ids, from the TLS provider's source.

use rustls::crypto::ring::default_provider;

/// The system's random source failed; nothing safe can be made.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub struct NoRandomness;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0; N];
    default_provider().secure_random.fill(&mut out).map_err(|_| NoRandomness)?;
    Ok(out)
}

/// A new call id: a version 4 UUID.
pub fn call_id() -> Result<String, NoRandomness> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid().to_string())
}
