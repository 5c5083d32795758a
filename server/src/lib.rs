//! The shell: opens every socket, reads the clock, spawns every thread and moves every byte.
//!
//! ```text
//!   http ─▶ desk ─▶ exchange ─▶ call_task (one per call) ─▶ carrier · media_thread · workers · vendors · journal
//! ```
//!
//! Rooms: `config`, `models`, `clock`, `random` (what a process needs), `http` (API, media upgrade,
//! figures), `desk` (who may do what), `store` (accounts, index of calls), `exchange` (all calls), `call_task` (one call's mind, driven), `media_thread` (streams
//! and circuits), `workers` (ear, mouth, judge threads), `vendors` and `shell` (dialects and their
//! networks), `carrier` (who places calls), `wav` (files of sound), `journal`, `recovery` (calls
//! whose process died), `recordings` (stored, swept, forgotten), `replay`, `timeline`, `demo`,
//! `listening` (the ear over recorded sound), `evaluate` (how good it is), `picture` (PNG),
//! `client` (of a running server), `mcp` (agents' tools), `cli`.

pub mod assembly;
pub mod call_task;
pub mod carrier;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod demo;
pub mod desk;
pub mod evaluate;
pub mod exchange;
pub mod fixture;
pub mod http;
pub mod journal;
pub mod listening;
pub mod mcp;
pub mod media_thread;
pub mod models;
pub mod picture;
pub mod random;
pub mod recordings;
pub mod recovery;
pub mod replay;
pub mod shell;
pub mod store;
pub mod timeline;
pub mod vendors;
pub mod wav;
pub mod webhooks;
pub mod workers;
