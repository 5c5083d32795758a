//! Who may interrupt us, and when: a reversible pause, then acceptance or resumption.

mod config;

pub use config::{BargeInPolicy, EchoConfig};
