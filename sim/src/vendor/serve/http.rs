//! An HTTP emulator's end of a real connection: one request, one streamed answer, then it closes.

use std::io::{self, ErrorKind};

use agent::wire::{Outgoing, Request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Shared;
use crate::vendor::{Input, Sent};

/// Longest head of a request, in bytes.
const HEAD_MAX: usize = 64 * 1024;
/// Longest body of a request, in bytes.
const BODY_MAX: usize = 4 * 1024 * 1024;

pub(super) async fn converse(mut stream: TcpStream, end: Shared) -> io::Result<()> {
    let (request, body) = read(&mut stream).await?;
    let post = Outgoing::Post { request, body };
    end.with(|emulator, now| emulator.handle(now, Input::Client(&post)));
    let mut byte = [0];
    loop {
        while let Some(sent) = end.poll() {
            let is_end = sent.is_end();
            write(&mut stream, sent).await?;
            if is_end {
                return Ok(());
            }
        }
        tokio::select! {
            // The client has dropped the request; more of it is of no interest.
            read = stream.read(&mut byte) => if read? == 0 {
                end.with(|emulator, now| {
                    emulator.handle(now, Input::Client(&Outgoing::Abort));
                });
                return Ok(());
            },
            () = end.until_deadline() => end.with(|emulator, now| emulator.handle(now, Input::Tick)),
        }
    }
}

async fn write(stream: &mut TcpStream, sent: Sent) -> io::Result<()> {
    match sent {
        Sent::Status { code, retry_after_s } => {
            let kind = if code == 200 { "text/event-stream" } else { "application/json" };
            let wait = retry_after_s.map_or(String::new(), |s| format!("Retry-After: {s}\r\n"));
            let head = format!(
                "HTTP/1.1 {code} Emulated\r\nContent-Type: {kind}\r\n{wait}\
                 Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await
        }
        Sent::Body(bytes) if !bytes.is_empty() => {
            let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
            chunk.extend(bytes);
            chunk.extend(b"\r\n");
            stream.write_all(&chunk).await
        }
        Sent::BodyEnd => {
            stream.write_all(b"0\r\n\r\n").await?;
            stream.shutdown().await
        }
        _ => Ok(()),
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<(Request, String)> {
    let broken = |what: &'static str| io::Error::new(ErrorKind::InvalidData, what);
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if bytes.len() > HEAD_MAX {
            return Err(broken("the head is too long"));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    };
    let head = std::str::from_utf8(&bytes[..head_end]).map_err(|_| broken("not UTF-8"))?;
    let mut lines = head.lines();
    let target = lines.next().and_then(|line| line.split(' ').nth(1));
    let target = target.ok_or(broken("no request line"))?;
    let mut request = Request { url: format!("http://emulator{target}"), headers: Vec::new() };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("authorization") {
            request.headers.push(("authorization", value.trim().to_owned()));
        } else if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| broken("not a length"))?;
        }
    }
    if length > BODY_MAX {
        return Err(broken("the body is too long"));
    }
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let body = String::from_utf8_lossy(&bytes[head_end..head_end + length]).into_owned();
    Ok((request, body))
}
