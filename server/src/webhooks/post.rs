//! One message on its way to one server.

use std::time::Duration;

use platform::webhook::{Answer, Secret};
use reqwest::{header, redirect};

use super::door::{self, Resolver};
use crate::{assembly, clock::unix_seconds, store::Message};

/// From the first look at the name to the status.
const POST_MAX: Duration = Duration::from_secs(15);

/// The client of all posts: no redirections, no proxy (it would resolve names by itself), no cookies.
pub(super) fn client(allow_private: bool) -> Result<reqwest::Client, reqwest::Error> {
    assembly::install_tls();
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Resolver::new(allow_private))
        .timeout(POST_MAX)
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends it. The answer's body is not read.
pub(super) async fn post(
    http: &reqwest::Client,
    allow_private: bool,
    message: &Message,
    secret: &Secret,
) -> Result<reqwest::Response, String> {
    let url = door::check(&message.url, allow_private).map_err(|bad| bad.to_string())?;
    let now = unix_seconds();
    let request = http
        .post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", now)
        .header("webhook-signature", secret.sign(&message.id, now, message.body.as_bytes()))
        .body(message.body.clone());
    request.send().await.map_err(|error| plain(&error).to_owned())
}

/// The kind of error, without the URL that `reqwest` would print.
fn plain(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "could not connect",
        _ => "the request failed",
    }
}

/// What the answer says, for the schedule and for people.
pub(super) fn read(answer: Result<reqwest::Response, String>) -> (Answer, String) {
    match answer {
        Err(why) => (Answer::None, why),
        Ok(answer) => {
            let code = answer.status().as_u16();
            let retry_after = answer.headers().get(header::RETRY_AFTER);
            let retry_after_s = retry_after.and_then(|v| v.to_str().ok()?.trim().parse().ok());
            (Answer::Status { code, retry_after_s }, format!("answered with {code}"))
        }
    }
}
