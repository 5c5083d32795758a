//! `/openapi.json`, made from the routes and their types, and `/docs`, made from that: one page, no
//! script, nothing fetched.

use std::{fmt::Write as _, sync::OnceLock};

use axum::{
    Json,
    response::{Html, IntoResponse, Response},
};
use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use super::{calls, events, health, me, recordings, sign_in, steer, webhook};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(title = "trunkline: the ClawCall API", description = "Places telephone calls that an agent holds. \
        The first `POST /call` needs no key: it makes one. Every answer to a key carries the headers \
        `X-ClawCall-Balance-Seconds`, `X-ClawCall-Balance-Minutes` and `X-ClawCall-Tier`."),
    paths(
        calls::place, calls::show, calls::hangup, events::events, steer::say, steer::digits, steer::bridge, recordings::locate, recordings::play, me::balance, me::show,
        me::history, me::preferences, me::set_preferences, me::reset_preferences, me::minute_packs,
        webhook::set, webhook::show, webhook::remove, webhook::dead_letters, webhook::replay,
        health::health, health::ready, health::version,
    ),
    modifiers(&Key),
)]
struct Document;

/// How a key is sent.
struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let header = ApiKey::Header(ApiKeyValue::new("X-Api-Key"));
        components.add_security_scheme("key", SecurityScheme::ApiKey(header));
    }
}

/// The OpenAPI document.
pub fn document() -> openapi::OpenApi {
    Document::openapi()
}

pub(super) async fn openapi() -> Json<openapi::OpenApi> {
    Json(document())
}

pub(super) async fn page() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| {
        let document = serde_json::to_value(document()).unwrap_or_default();
        written(&document)
    });
    (sign_in::HEADERS, Html(page.clone())).into_response()
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222}\
    h2{margin:2.5rem 0 .3rem;font:600 1.1rem ui-monospace,monospace}h3{margin:2rem 0 .2rem}\
    code,td:first-child{font-family:ui-monospace,monospace;font-size:.9em}b{color:#1d5c4d}\
    table{border-collapse:collapse;width:100%}td{border-top:1px solid #ddd;padding:.25rem .6rem .25rem 0;vertical-align:top}\
    td:nth-child(2){white-space:nowrap;color:#666}";

/// The document for people.
fn written(document: &Value) -> String {
    let info = &document["info"];
    let mut html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{0}</title><style>{STYLE}</style>\
         <h1>{0}</h1><p>{1}</p><p>For machines: <a href=\"/openapi.json\">openapi.json</a></p>",
        text(&info["title"]),
        text(&info["description"]),
    );
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            route(&mut html, path, method, operation);
        }
    }
    html.push_str("<h1>Bodies</h1>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(
            html,
            "<h3 id=\"{0}\">{0}</h3><p>{1}</p><table>",
            sign_in::escaped(name),
            text(&schema["description"])
        );
        for part in parts(schema) {
            for (field, of) in part["properties"].as_object().into_iter().flatten() {
                row(&mut html, field, &kind(of), &of["description"]);
            }
        }
        html.push_str("</table>");
    }
    html
}

/// A schema and what it is put together of.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(schema).chain(schema["allOf"].as_array().into_iter().flatten())
}

fn route(html: &mut String, path: &str, method: &str, operation: &Value) {
    let said = [&operation["summary"], &operation["description"]];
    let said = said.iter().filter_map(|it| it.as_str()).collect::<Vec<_>>().join(" ");
    let _ = write!(
        html,
        "<h2><b>{}</b> {}</h2><p>{}</p><table>",
        method.to_uppercase(),
        sign_in::escaped(path),
        sign_in::escaped(&said),
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        row(
            html,
            parameter["name"].as_str().unwrap_or_default(),
            "parameter",
            &parameter["description"],
        );
    }
    let bodies = operation["requestBody"]["content"].as_object().into_iter().flatten();
    for (_, content) in bodies {
        row(html, "body", &kind(&content["schema"]), &Value::Null);
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let content = response["content"].as_object().and_then(|content| content.values().next());
        let of = content.map(|content| kind(&content["schema"])).unwrap_or_default();
        row(html, status, &of, &response["description"]);
    }
    html.push_str("</table>");
}

fn row(html: &mut String, name: &str, kind: &str, said: &Value) {
    let _ = write!(html, "<tr><td>{}<td>{kind}<td>{}", sign_in::escaped(name), text(said));
}

/// What a schema is: a link to another, or a word.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", sign_in::escaped(name));
    }
    if let Some(of) = schema["oneOf"].as_array() {
        return of.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(one) if one == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(one) => sign_in::escaped(one),
        Value::Array(many) => {
            many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => String::new(),
    }
}

fn text(value: &Value) -> String {
    sign_in::escaped(value.as_str().unwrap_or_default())
}
