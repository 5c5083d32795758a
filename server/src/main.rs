//! `trunkline`: phone calls placed, held and understood by one program.

use std::process::ExitCode;

use mimalloc::MiMalloc;

use server::cli::{self, Command};

/// A call's memory is made on many threads, and the C library's allocator keeps an arena for each: a call
/// took a third more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run(|command, sources| match command {
        Command::Serve => cli::serve::run(&sources),
        Command::Call(place) => cli::call::run(&place, &sources),
        Command::Status(one) => cli::status::run(&one, &sources),
        Command::List(which) => cli::list::run(&which, &sources),
        Command::Hangup(one) => cli::hangup::run(&one, &sources),
        Command::Transcript(one) => cli::transcript::run(&one, &sources),
        Command::Recording(fetch) => cli::recording::run(&fetch, &sources),
        Command::Webhook(told) => cli::webhook::run(&told, &sources),
        Command::Mcp(serve) => cli::mcp::run(&serve, &sources),
        Command::Demo => cli::demo::run(&sources),
        Command::Replay { dirs, speed } => cli::replay::run(&dirs, speed),
        Command::Fixture(cut) => cli::fixture::run(&cut),
        Command::Forget { call, number } => cli::forget::run(&sources, call, number),
        Command::Timeline { dir, out } => cli::timeline::run(&dir, out.as_deref()),
        Command::Listen(wanted) => cli::listen::run(&wanted, &sources),
        Command::Evaluate(wanted) => cli::evaluate::run(&wanted, &sources),
        Command::Dtmf { file, make } => cli::dtmf::run(&file, make.as_deref()),
        Command::Models { what } => cli::models::run(what, &sources),
        Command::Config { what } => cli::config::run(what, &sources),
        Command::Doctor => cli::doctor::run(&sources),
        Command::Account(granted) => cli::account::run(&granted, &sources),
        Command::Revoke { key } => cli::account::revoke(&key, &sources),
        Command::Token { call_id } => cli::token::run(&call_id, &sources),
    })
}
