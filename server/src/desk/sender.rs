//! Delivers one-time codes to an address: to the log, or by a program of the operator's choice.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// Longest time the program may take.
const LASTS_MAX: Duration = Duration::from_secs(10);

/// Delivers codes. Returns at once; a delivery may take its time.
pub trait SenderOfCodes: Send + Sync {
    /// Sends `code` to `email`.
    fn send(&self, email: &str, code: &str);
}

/// Any sender.
pub type CodeSender = Box<dyn SenderOfCodes>;

/// Prints codes to the log: for an installation whose operator is its user.
pub(crate) struct ToLog;

impl SenderOfCodes for ToLog {
    fn send(&self, email: &str, code: &str) {
        tracing::info!(
            email,
            code,
            "one-time code; set accounts.code_command to have codes delivered"
        );
    }
}

/// Runs a program for each code: the address is its argument, the code its standard input.
pub(crate) struct ByProgram(pub(crate) PathBuf);

impl SenderOfCodes for ByProgram {
    fn send(&self, email: &str, code: &str) {
        let mut command = Command::new(&self.0);
        command.arg(email).stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let code = format!("{code}\n");
        tokio::spawn(async move {
            let delivery = async {
                let mut child = command.spawn()?;
                if let Some(mut input) = child.stdin.take() {
                    input.write_all(code.as_bytes()).await?;
                }
                child.wait().await
            };
            match timeout(LASTS_MAX, delivery).await {
                Ok(Ok(status)) if status.success() => {}
                Ok(Ok(status)) => tracing::error!(%status, "a one-time code was not delivered"),
                Ok(Err(error)) => tracing::error!(%error, "a one-time code was not delivered"),
                Err(_) => tracing::error!("the program that delivers one-time codes took too long"),
            }
        });
    }
}

impl super::Setup {
    /// The sender that the configuration asks for.
    pub fn sender(program: Option<PathBuf>) -> CodeSender {
        match program {
            Some(program) => Box::new(ByProgram(program)),
            None => Box::new(ToLog),
        }
    }
}
