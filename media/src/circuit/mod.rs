//! The sound of one call: `handle / poll / deadline`.

mod words;

pub use words::*;
