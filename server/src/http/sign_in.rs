//! `/sign-in?token=KEY`, `/sign-up?token=KEY`: three small pages that link a key to an account. The
//! address gets a one-time code; whoever types it in has the key linked. No scripts, nothing fetched.

use std::sync::Arc;

use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use platform::Code;
use serde::Deserialize;

use super::Envelope;
use crate::desk::{Desk, Visitor};

/// What a page sends back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    token: String,
    email: String,
    code: String,
}

/// The link leads here: asks for an address.
pub(super) async fn ask(
    State(desk): State<Arc<Desk>>,
    query: Result<Query<Sent>, QueryRejection>,
) -> Response {
    let Ok(Query(Sent { token, .. })) = query else { return unreadable() };
    match desk.linkable(&token).await {
        Ok(asker) => match asker.account.email {
            Some(email) => {
                let text = format!(
                    "This key is linked to {}. To link it to another account, go on.",
                    escaped(&email)
                );
                page(StatusCode::OK, "Your key", &format!("<p>{text}</p>{}", address_form(&token)))
            }
            None => page(StatusCode::OK, "Link your key", &address_form(&token)),
        },
        Err(fault) => refused(&fault.into()),
    }
}

/// An address came: sends it a code and asks for that.
pub(super) async fn send(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    form: Result<Form<Sent>, FormRejection>,
) -> Response {
    let Ok(Form(Sent { token, email, .. })) = form else { return unreadable() };
    match desk.send_code(&visitor, &token, &email).await {
        Ok(address) => page(StatusCode::OK, "Enter your code", &code_form(&token, &address, "")),
        Err(fault) if fault.code == Code::MissingFields => {
            let again =
                format!("<p class=no>{}</p>{}", escaped(&fault.message), address_form(&token));
            page(StatusCode::BAD_REQUEST, "Link your key", &again)
        }
        Err(fault) => refused(&fault.into()),
    }
}

/// A code came: links the key when it is right.
pub(super) async fn link(
    State(desk): State<Arc<Desk>>,
    form: Result<Form<Sent>, FormRejection>,
) -> Response {
    let Ok(Form(Sent { token, email, code })) = form else { return unreadable() };
    match desk.try_code(&token, &code).await {
        Ok(account) => {
            let email = escaped(account.email.as_deref().unwrap_or_default());
            let text =
                format!("<p>Your key is linked to {email}. It goes on working as before.</p>");
            page(StatusCode::OK, "Linked", &text)
        }
        Err(fault) => {
            let envelope = Envelope::from(fault);
            page(
                envelope.status(),
                "Enter your code",
                &code_form(&token, &email, envelope.message()),
            )
        }
    }
}

fn address_form(token: &str) -> String {
    format!(
        "<p>Write your e-mail address. We send you a code, no password.</p>\
         <form method=post action=\"/sign-in\"><input type=hidden name=token value=\"{}\">\
         <label>E-mail <input type=email name=email required autofocus autocomplete=email></label>\
         <button>Send the code</button></form>",
        escaped(token)
    )
}

fn code_form(token: &str, address: &str, fault: &str) -> String {
    let fault = if fault.is_empty() {
        String::new()
    } else {
        format!("<p class=no>{}</p>", escaped(fault))
    };
    format!(
        "<p>We have sent a code of six digits to {0}. It is good for ten minutes.</p>{fault}\
         <form method=post action=\"/sign-in/code\"><input type=hidden name=token value=\"{1}\">\
         <input type=hidden name=email value=\"{0}\">\
         <label>Code <input name=code required autofocus inputmode=numeric autocomplete=one-time-code></label>\
         <button>Link the key</button></form>",
        escaped(address),
        escaped(token)
    )
}

fn unreadable() -> Response {
    refused(&Code::MissingFields.because("the form cannot be read").into())
}

fn refused(envelope: &Envelope) -> Response {
    let text = format!("<p class=no>{}</p>", escaped(envelope.message()));
    page(envelope.status(), "This did not work", &text)
}

/// Text as HTML shows it.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Nothing may be fetched, framed, kept or told where one came from: the address holds the key.
pub(super) const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:12vh auto;padding:0 1rem;\
    color:#222;background:#fafaf7}h1{font-size:1.5rem}label{display:block;margin:1rem 0}\
    input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box;border:1px solid #999;border-radius:.3rem}\
    button{font:inherit;padding:.5rem 1.2rem;border:0;border-radius:.3rem;background:#1d5c4d;color:#fff}\
    .no{color:#a3281e}";

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{body}"
    );
    (status, HEADERS, Html(html)).into_response()
}
