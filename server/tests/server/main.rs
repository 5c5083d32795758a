//! The shell from outside: HTTP, media streams over real sockets, what goes wrong, what is left
//! behind. No models, no network beyond loopback, no sleeping: conditions are awaited.

mod bad_input;
mod bridge;
mod disk;
mod events;
mod good_bye;
mod house;
mod http;
mod human;
mod inbound;
mod isolation;
mod keys;
mod mcp;
mod peer;
mod tls;
mod tls_records;
mod trust;
mod whole_call;
mod with_models;
