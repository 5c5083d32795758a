//! `POST /carrier/twilio/voice`: Twilio tells of a call to one of our numbers and is told what to do
//! (TwiML): turn it away, or open a stream. Its signature is checked first: HMAC-SHA1 over the address
//! and the sorted fields (Twilio, "Validating signatures from Twilio"). Without Twilio's auth token
//! nobody is let in.

use std::sync::Arc;

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64_simd::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform::Code;
use secrecy::ExposeSecret;
use sha1::Sha1;
use telephony::{E164, token};

use super::{Envelope, sign_in::escaped};
use crate::desk::{Desk, Ring, Visitor};

/// The route, as it is signed.
const PATH: &str = "/carrier/twilio/voice";

type Fields = Vec<(String, String)>;

/// A call comes in.
pub(super) async fn twilio(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Envelope> {
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    let forbidden =
        || Code::Forbidden.because("only Twilio, with its signature, may tell of calls");
    let secret = desk.setup().twilio_token.as_ref().ok_or_else(forbidden)?;
    let signature = headers.get("x-twilio-signature").and_then(|it| it.to_str().ok());
    let url = format!("{}{PATH}", visitor.base);
    if !is_signed(secret.expose_secret(), &url, &fields, signature.unwrap_or_default()) {
        return Err(forbidden().into());
    }
    let field =
        |name: &str| fields.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let to: Option<E164> = field("To").and_then(|to| to.parse().ok());
    let (Some(call_sid), Some(to)) = (field("CallSid"), to) else {
        return Err(Code::MissingFields.because("CallSid and To are required").into());
    };
    // A caller who hides the number is sent as a word.
    let from: Option<E164> = field("From").and_then(|from| from.parse().ok());
    let said = match desk.ring(call_sid, &to, from.as_ref()).await {
        Ring::Reject { busy, why } => {
            tracing::info!(why, to = to.redacted(), "a call is turned away");
            format!("<Reject reason=\"{}\"/>", if busy { "busy" } else { "rejected" })
        }
        Ring::Stream { token } => stream(&visitor, &token),
    };
    let xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{said}</Response>");
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "text/xml")], xml).into_response())
}

fn stream(visitor: &Visitor, token: &str) -> String {
    let url = escaped(&format!("ws{}/media/twilio", visitor.base.trim_start_matches("http")));
    let (name, token) = (token::PARAMETER, escaped(token));
    format!(
        "<Connect><Stream url=\"{url}\"><Parameter name=\"{name}\" value=\"{token}\"/></Stream></Connect>"
    )
}

/// Compared in constant time.
fn is_signed(secret: &str, url: &str, fields: &Fields, signature: &str) -> bool {
    let Ok(signature) = BASE64.decode_to_vec(signature) else { return false };
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return false };
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort();
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.verify_slice(&signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twilios_own_example_is_signed() {
        // Twilio, "Validating signatures from Twilio": address, fields, token and signature.
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let fields: Fields = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(is_signed("12345", url, &fields, signature));
        assert!(!is_signed("12346", url, &fields, signature));
        assert!(!is_signed("12345", "https://mycompany.com/", &fields, signature));
        assert!(!is_signed("12345", url, &fields[1..].to_vec(), signature));
        for bad in ["", "!", "AAAA"] {
            assert!(!is_signed("12345", url, &fields, bad), "{bad}");
        }
    }
}
