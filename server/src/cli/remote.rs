//! What the commands that talk to a running server share: which server, how an answer becomes an exit code.

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use clap::Args;

use crate::{
    client::{Client, Fault},
    config::{Sources, load},
};

/// The server said no: the same request will not help.
pub(super) const REFUSED: u8 = 3;
/// Nobody answered, or not now: the same request may help later.
pub(super) const NOT_NOW: u8 = 4;
/// The call is over, and nobody answered it.
pub(super) const NOT_ANSWERED: u8 = 5;
/// The wait is over, the call is not.
pub(super) const STILL_RUNNING: u8 = 6;

/// Shown below the help of every such command.
pub(super) const EXIT_CODES: &str = "Exit codes: 0 done, 1 something here is wrong, 2 wrong usage, 3 the server \
    refused, 4 no answer or not now, 5 nobody answered the call, 6 the wait ended before the call";

/// Which server, and how to answer.
#[derive(Clone, Debug, Args)]
pub struct Remote {
    /// URL of the server [default: client.server of the configuration, else the one `listen` names]
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// API key [default: client.key of the configuration, else the one in ~/.config/trunkline/key.json]
    #[arg(long, global = true, value_name = "KEY")]
    pub key: Option<String>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
}

impl Remote {
    /// The configuration with what was typed.
    pub(super) fn sources(&self, sources: &Sources) -> Sources {
        let mut sources = sources.clone();
        let typed = [("client.server", &self.server), ("client.key", &self.key)];
        sources.flags.extend(
            typed.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))),
        );
        sources
    }

    /// Asks the server something; what goes wrong is printed with what to do about it.
    pub(super) fn ask(
        &self,
        sources: &Sources,
        question: impl AsyncFnOnce(Client) -> Result<ExitCode, Fault>,
    ) -> anyhow::Result<ExitCode> {
        let client = Client::of(&load(&self.sources(sources))?)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime.context("cannot start the runtime")?.block_on(question(client)) {
            Ok(code) => Ok(code),
            Err(fault) => Ok(self.failed(&fault)),
        }
    }

    fn failed(&self, fault: &Fault) -> ExitCode {
        let text = if self.json {
            fault.body().to_string()
        } else {
            format!("trunkline: {fault}\n  {}", fault.next_step())
        };
        // Nothing is left to do when even this cannot be written.
        let _ = writeln!(std::io::stderr(), "{text}");
        match fault {
            fault if fault.is_retryable() => ExitCode::from(NOT_NOW),
            Fault::Refused(_) | Fault::NoKey => ExitCode::from(REFUSED),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Text of others as one line that does nothing to a terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
