//! Who may interrupt us, and when: a reversible pause, then acceptance or resumption.

mod config;
mod echo;
mod policy;

pub use config::{BargeInPolicy, EchoConfig};
pub use echo::Echo;
pub(crate) use policy::{BargeIn, Decision};
