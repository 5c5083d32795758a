//! `trunkline token CALL_ID`

use std::process::ExitCode;

use anyhow::Context;
use secrecy::ExposeSecret;
use telephony::token;

use super::say;
use crate::{
    clock::unix_seconds,
    config::{Sources, load},
};

/// How long such a token is good, in s.
const GOOD_SECONDS: u64 = 3600;

/// Does it.
pub fn run(call_id: &str, sources: &Sources) -> anyhow::Result<ExitCode> {
    let config = load(sources)?;
    let secret = config.stream_secret.as_ref().context(
        "stream_secret is not set: every start of the server makes a new one, so no token made here \
         would be good; set TRUNKLINE_STREAM_SECRET for both",
    )?;
    say(token::mint(secret.expose_secret().as_bytes(), call_id, unix_seconds() + GOOD_SECONDS));
    Ok(ExitCode::SUCCESS)
}
