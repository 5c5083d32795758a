//! Signatures of the Standard Webhooks specification: `webhook-id`, `webhook-timestamp`, and `webhook-signature: v1,` with
//! the HMAC-SHA256 of `id.timestamp.body` in base64. Left out: the asymmetric `v1a`.

use base64_simd::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a written secret begins with.
const PREFIX: &str = "whsec_";

/// What both sides know. Never shown, but when it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// The text is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret is whsec_ and the base64 of {} to {} bytes",
    Secret::BYTES_MIN,
    Secret::BYTES_MAX
)]
pub struct BadSecret;

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// The shortest, in bytes.
    pub const BYTES_MIN: usize = 24;
    /// The longest, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Of random bytes.
    pub fn of(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// As [`written`](Self::written) wrote it.
    ///
    /// # Errors
    /// It is not one, or too short or too long.
    pub fn read(text: &str) -> Result<Self, BadSecret> {
        let text = text.strip_prefix(PREFIX).ok_or(BadSecret)?;
        let bytes = BASE64.decode_to_vec(text.as_bytes()).map_err(|_| BadSecret)?;
        let fits = (Self::BYTES_MIN..=Self::BYTES_MAX).contains(&bytes.len());
        if fits { Ok(Self(bytes)) } else { Err(BadSecret) }
    }

    /// `whsec_…`
    pub fn written(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode_to_string(&self.0))
    }

    /// The value of `webhook-signature` for one message at one time (s since 1970).
    pub fn sign(&self, id: &str, unix_s: u64, body: &[u8]) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{unix_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64.encode_to_string(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_specification_does() {
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_is_read_as_it_was_written_and_not_shown() {
        let secret = Secret::of([7; 32]);
        assert_eq!(Secret::read(&secret.written()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret");
        for bad in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!"] {
            assert_eq!(Secret::read(bad), Err(BadSecret), "{bad}");
        }
        let long = format!("{PREFIX}{}", BASE64.encode_to_string([1; 65]));
        assert_eq!(Secret::read(&long), Err(BadSecret));
    }
}
