//! Delivers messages to people, one-time codes and texts: to the log, or by a program of the operator's choice.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// Longest time the program may take.
const LASTS_MAX: Duration = Duration::from_secs(10);

/// Delivers messages. Returns at once; a delivery may take its time.
pub trait Delivers: Send + Sync {
    /// Sends `text` to an address or number.
    fn send(&self, to: &str, text: &str);
}

/// Any way of delivery.
pub type Delivery = Box<dyn Delivers>;

/// One-time codes, by this program or to the log.
pub fn codes(program: Option<PathBuf>) -> Delivery {
    delivery(program, "one-time code; set accounts.code_command to have codes delivered")
}

/// Text messages, by this program or to the log.
pub fn texts(program: Option<PathBuf>) -> Delivery {
    delivery(program, "text message; set accounts.text_command to have texts delivered")
}

fn delivery(program: Option<PathBuf>, without: &'static str) -> Delivery {
    match program {
        Some(program) => Box::new(ByProgram(program)),
        None => Box::new(ToLog(without)),
    }
}

/// Prints messages to the log, after these words: for an installation whose operator is its user.
struct ToLog(&'static str);

impl Delivers for ToLog {
    fn send(&self, to: &str, text: &str) {
        tracing::info!(to, text, "{}", self.0);
    }
}

/// Runs a program for each message: whom it is for is its argument, the text its standard input.
struct ByProgram(PathBuf);

impl Delivers for ByProgram {
    fn send(&self, to: &str, text: &str) {
        let mut command = Command::new(&self.0);
        command.arg(to).stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let (program, text) = (self.0.display().to_string(), format!("{text}\n"));
        tokio::spawn(async move {
            let delivery = async {
                let mut child = command.spawn()?;
                if let Some(mut input) = child.stdin.take() {
                    input.write_all(text.as_bytes()).await?;
                }
                child.wait().await
            };
            match timeout(LASTS_MAX, delivery).await {
                Ok(Ok(status)) if status.success() => {}
                Ok(Ok(status)) => tracing::error!(program, %status, "a message was not delivered"),
                Ok(Err(error)) => tracing::error!(program, %error, "a message was not delivered"),
                Err(_) => tracing::error!(program, "delivering a message took too long"),
            }
        });
    }
}
