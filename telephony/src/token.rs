//! Who may attach a stream to a call: a signed, expiring token that the carrier passes on.
//!
//! `v1.<expiry in hex>.<call id>.<HMAC-SHA256 in URL-safe base64>`, well under the 500 characters a
//! carrier's stream parameter holds. The shell gives the secret and the wall clock.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Name of the stream parameter the token travels in.
pub const PARAMETER: &str = "token";

/// Longest token looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 512;

/// Why a token was refused. None of them holds the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of our tokens.
    #[error("the stream token is not one of ours")]
    Malformed,
    /// Signed with another secret, or changed.
    #[error("the stream token's signature does not fit")]
    BadSignature,
    /// Too late.
    #[error("the stream token has expired")]
    Expired,
}

/// A token for one call, good until `expires_unix_s` (seconds since 1970, inclusive).
pub fn mint(secret: &[u8], call_id: &str, expires_unix_s: u64) -> String {
    let mut token = format!("v1.{expires_unix_s:x}.{call_id}");
    let signature = signed(secret, token.as_bytes()).finalize().into_bytes();
    token.push('.');
    BASE64.encode_append(signature, &mut token);
    token
}

/// The call the token is for. The signature is compared in constant time, and before anything of
/// the token is believed.
pub fn verify<'t>(secret: &[u8], token: &'t str, now_unix_s: u64) -> Result<&'t str, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let (claims, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let signature =
        BASE64.decode_to_vec(signature.as_bytes()).map_err(|_| TokenError::Malformed)?;
    signed(secret, claims.as_bytes())
        .verify_slice(&signature)
        .map_err(|_| TokenError::BadSignature)?;
    let (expires, call_id) = claims
        .strip_prefix("v1.")
        .and_then(|rest| rest.split_once('.'))
        .ok_or(TokenError::Malformed)?;
    let expires = u64::from_str_radix(expires, 16).map_err(|_| TokenError::Malformed)?;
    if now_unix_s > expires { Err(TokenError::Expired) } else { Ok(call_id) }
}

fn signed(secret: &[u8], claims: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length (RFC 2104)");
    mac.update(claims);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"a secret of this process";
    const CALL: &str = "0199c1f2-7f8e-7000-8000-000000000001";

    #[test]
    fn a_token_names_its_call_until_it_expires() {
        let token = mint(SECRET, CALL, 1_000);
        assert!(token.len() < 200, "{token}");
        assert_eq!(verify(SECRET, &token, 0), Ok(CALL));
        assert_eq!(verify(SECRET, &token, 1_000), Ok(CALL));
        assert_eq!(verify(SECRET, &token, 1_001), Err(TokenError::Expired));
    }

    #[test]
    fn a_call_id_with_dots_survives() {
        let token = mint(SECRET, "a.b.c", 5);
        assert_eq!(verify(SECRET, &token, 5), Ok("a.b.c"));
    }

    #[test]
    fn what_was_changed_or_signed_by_others_is_refused() {
        let token = mint(SECRET, CALL, 1_000);
        assert_eq!(verify(b"another", &token, 0), Err(TokenError::BadSignature));
        let later = token.replacen("v1.3e8.", "v1.3e9.", 1);
        assert_ne!(later, token);
        assert_eq!(verify(SECRET, &later, 0), Err(TokenError::BadSignature));
        for bad in ["", ".", "v1", "v1.1.x", "é.é", &"a".repeat(600), &format!("{CALL}.!!!")] {
            assert!(verify(SECRET, bad, 0).is_err(), "{bad:?}");
        }
        // Every single changed character is noticed.
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert_ne!(verify(SECRET, &changed, 0), Ok(CALL), "{at}");
        }
    }
}
