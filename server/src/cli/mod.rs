//! What people type. One file a command; each answers with its exit code.

pub mod account;
pub mod call;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod dtmf;
pub mod evaluate;
pub mod fixture;
pub mod forget;
pub mod hangup;
pub mod list;
pub mod listen;
pub mod mcp;
pub mod models;
pub mod recording;
pub mod remote;
pub mod replay;
pub mod serve;
pub mod status;
pub mod timeline;
pub mod token;
pub mod transcript;
mod watch;
pub mod webhook;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Sources;

/// Phone calls placed, held and understood by one program.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, about, max_term_width = 100)]
struct Cli {
    /// Configuration file [default: trunkline.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one value, for example --set limits.calls_max=10
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Address to listen on, for example 127.0.0.1:8080
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

/// Everything the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server: HTTP API and media streams
    Serve,
    /// Place a call on a running server
    Call(call::Place),
    /// Show how a call stands
    Status(status::One),
    /// List finished calls
    List(list::Which),
    /// End a call
    Hangup(status::One),
    /// Print what was said in a call
    Transcript(status::One),
    /// Print where a call's recording is, or fetch it
    Recording(recording::Fetch),
    /// Have a server of yours told of calls that are over, and see what did not arrive
    Webhook(webhook::Told),
    /// Offer calls to agents as tools (Model Context Protocol)
    Mcp(mcp::Serve),
    /// Place a call to a simulated restaurant and watch it
    Demo,
    /// Feed recorded calls through the same machines and compare every output
    Replay {
        /// Folders of calls, or fixtures
        #[arg(required = true)]
        dirs: Vec<PathBuf>,
        /// As fast as can be, or as it was
        #[arg(long, value_enum, default_value_t = Speed::Max)]
        speed: Speed,
    },
    /// Cut and redact a recorded call for use in tests
    Fixture(Cut),
    /// Delete everything that calls have left behind; running calls stay
    Forget {
        /// The call with this id
        #[arg(long, value_name = "ID", required_unless_present = "number")]
        call: Option<String>,
        /// All calls to and from this number, and those it was joined with
        #[arg(long, value_name = "NUMBER", conflicts_with = "call")]
        number: Option<telephony::E164>,
    },
    /// Print a call second by second and draw its picture
    Timeline {
        /// The call's folder, or a fixture
        dir: PathBuf,
        /// Draw into this file (SVG) instead of timeline.svg in the call's folder
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Say what is on the line in a recording: ring-back, mailbox, menu, hold, a person
    Listen(Hear),
    /// Judge the ear by labelled recordings, your own or a set that is made, and write a report
    Evaluate(evaluate::Evaluate),
    /// Print the keys heard in a sound file, one JSON line each, or make a file of keys
    Dtmf {
        /// The file (WAV)
        file: PathBuf,
        /// Write these keys into the file instead; w or p waits 0.5 s, W 1 s, a comma 2 s
        #[arg(long, value_name = "KEYS")]
        make: Option<String>,
    },
    /// The embedded models
    Models {
        /// What about them
        #[command(subcommand)]
        what: ModelsWhat,
    },
    /// The configuration
    Config {
        /// What about it
        #[command(subcommand)]
        what: ConfigWhat,
    },
    /// Check everything a call needs, and say what to do
    Doctor,
    /// Show what an account has, and give it more: a plan, seconds, a number of its own
    Account(Granted),
    /// Take a key away: it is good no more
    Revoke {
        /// The key, clawcall_sk_…
        key: String,
    },
    /// Make a stream token for a call, to try /media/twilio by hand
    Token {
        /// The call's id
        call_id: String,
    },
}

/// How fast to replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Speed {
    /// As fast as can be.
    Max,
    /// As it was.
    Real,
}

/// What to cut, and where to.
#[derive(Clone, Debug, Args)]
pub struct Cut {
    /// The call's folder
    pub dir: PathBuf,
    /// Folder to write; must not exist
    pub out: PathBuf,
    /// Leave out what happened before, in s; how the call was set up stays
    #[arg(long, default_value_t = 0.0)]
    pub from: f64,
    /// Leave out what happened after, in s
    #[arg(long)]
    pub to: Option<f64>,
    /// Replace numbers, words, keys and what tools were told by placeholders of the same length
    ///
    /// Sound cannot be redacted: the tape of the call is left out altogether. Without this flag the
    /// fixture holds the words and the sound as they were.
    #[arg(long)]
    pub redact: bool,
}

/// What an account is given.
#[derive(Clone, Debug, Args)]
pub struct Granted {
    /// The address it is linked to
    pub email: String,
    /// How it pays from now on: trial (free calls) or paid (its balance)
    #[arg(long)]
    pub tier: Option<String>,
    /// Add this much to its balance, in s
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub seconds: i64,
    /// Whether it may have incoming calls
    #[arg(long)]
    pub inbound: Option<bool>,
    /// The number that rings for its incoming calls, and that its callees see
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
}

/// What to listen to, and how.
#[derive(Clone, Debug, Args)]
pub struct Hear {
    /// A WAV file
    pub file: PathBuf,
    /// Left is the callee, right the agent: only the left is judged
    #[arg(long)]
    pub stereo: bool,
    /// Draw waveform, spectrogram and states into this file (PNG)
    #[arg(long, value_name = "OUT.png")]
    pub picture: Option<PathBuf>,
    /// Do not understand words: judge by sound alone, with the neural judge of speech
    #[arg(long)]
    pub without_words: bool,
    /// Use no models at all
    #[arg(long)]
    pub sound_only: bool,
}

/// `models …`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ModelsWhat {
    /// Compare every file with its hash
    Verify,
    /// Show which models are used
    List,
}

/// `config …`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigWhat {
    /// Show all values, secrets hidden
    Print,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}

/// Reads the command line, does the command, prints what went wrong.
pub fn run(command: impl FnOnce(Command, Sources) -> anyhow::Result<ExitCode>) -> ExitCode {
    let cli = Cli::parse();
    let mut flags = cli.set;
    flags.extend(cli.listen.map(|listen| ("listen".to_owned(), listen)));
    match command(cli.command, Sources::of_process(cli.config, flags)) {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to do when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "trunkline: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One line for people.
pub(crate) fn say(text: impl AsRef<str>) {
    // A closed pipe (`trunkline … | head`) is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}
