//! The shell from outside: HTTP, media streams over real sockets, what goes wrong, what is left
//! behind. No models, no network beyond loopback, no sleeping: conditions are awaited.

mod accounts;
mod bad_input;
mod bridge;
mod carriers;
mod codes;
mod commands;
mod disk;
mod documented;
mod events;
mod good_bye;
mod house;
mod http;
mod human;
mod inbound;
mod isolation;
mod keys;
mod mcp;
mod me;
mod odd_requests;
mod outcomes;
mod peer;
mod refusals;
mod reserved;
mod secrets;
mod strangers;
mod tls;
mod tls_records;
mod trust;
mod webhook;
mod whole_call;
mod with_models;
