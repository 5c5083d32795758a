//! Both echo servers, as processes: what is `media` comes back, and SIGTERM ends them.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio_tungstenite::tungstenite::{Message, connect};

/// Ends with the test, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn echoes(program: &str, args: &[&str]) {
    let mut server =
        Server(Command::new(program).args(args).stdout(Stdio::piped()).spawn().unwrap());
    let mut url = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let (mut one, _) = connect(url.trim()).unwrap();
    let (mut other, _) = connect(url.trim()).unwrap();
    one.send(Message::text(r#"{"event":"start","streamSid":"MZ1"}"#)).unwrap();
    for n in 0..100 {
        let media = |who| {
            let payload = "//7+".repeat(54);
            Message::text(format!(
                r#"{{"event":"media","streamSid":"MZ{who}","media":{{"chunk":"{n}","payload":"{payload}"}}}}"#
            ))
        };
        one.send(media(1)).unwrap();
        other.send(media(2)).unwrap();
        assert_eq!(one.read().unwrap(), media(1), "{program}");
        assert_eq!(other.read().unwrap(), media(2), "{program}");
    }
    one.send(Message::Ping("here?".into())).unwrap();
    assert_eq!(one.read().unwrap(), Message::Pong("here?".into()), "{program}");
    one.close(None).unwrap();
    assert!(one.read().unwrap().is_close(), "{program}");
    other.send(Message::text(r#"{"event":"media"}"#)).unwrap();
    assert_eq!(other.read().unwrap(), Message::text(r#"{"event":"media"}"#), "{program}");
    kill_process(Pid::from_child(&server.0), Signal::TERM).unwrap();
    assert_eq!(server.0.wait().unwrap().signal(), Some(Signal::TERM.as_raw()), "{program}");
}

#[test]
fn epoll_echoes() {
    echoes(env!("CARGO_BIN_EXE_echo-epoll"), &[]);
    echoes(env!("CARGO_BIN_EXE_echo-epoll"), &["--listen", "127.0.0.1:0", "--batch-ms", "0"]);
}

#[test]
fn tungstenite_echoes() {
    echoes(env!("CARGO_BIN_EXE_echo-tungstenite"), &["--listen", "127.0.0.1:0"]);
}
