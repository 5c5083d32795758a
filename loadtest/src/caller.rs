//! One call: the carrier's end of a real WebSocket, with a callee behind it ([`sim::line::Line`]).

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use media::Mono;
use sim::callee::Score;
use sim::line::{Line, LineConfig, LineInput, LineOutput, LineState};
use telephony::conformance::Wire;
use telephony::stream::Message as Spoken;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::figures::{Measured, Try};
use crate::pacing::Pacing;

/// Longest wait for the WebSocket to stand.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Holes in the sound up to this long are the buffer running dry; longer ones are pauses, in ms.
const GAP_MS_MAX: u32 = 400;
/// Marks asked for this shortly before the end are not missed.
const LAST_MARKS: Duration = Duration::from_millis(500);

/// What one call needs.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where to.
    pub(crate) url: String,
    /// Signed token that lets the stream in.
    pub(crate) token: String,
    /// Number of the call; names its stream.
    pub(crate) number: u32,
    /// Who answers.
    pub(crate) score: Arc<Score>,
    /// When to hang up.
    pub(crate) until: Instant,
    /// Hang up this long after the callee has done everything.
    pub(crate) linger: Option<Duration>,
    /// Seed of what the callee leaves to chance.
    pub(crate) seed: u64,
}

/// Makes the call; whatever goes wrong is in what it measured.
pub(crate) async fn call(plan: Plan) -> Measured {
    let mut call = Call::new(&plan);
    if let Err(error) = call.run(&plan).await {
        call.measured.failed = Some(format!("{error:#}"));
    }
    call.finish()
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A call under way.
struct Call {
    origin: Instant,
    line: Line,
    pacing: Pacing,
    /// Frames of the server that were taken for sound, by what the carrier counts.
    received: u64,
    clears: usize,
    marks: Vec<(String, Duration)>,
    done_at: Option<Instant>,
    measured: Measured,
}

impl Call {
    fn new(plan: &Plan) -> Self {
        let mut config = LineConfig::new(Arc::clone(&plan.score));
        config.stream_id = format!("MZ{:032x}", plan.number);
        config.call_id = format!("CA{:032x}", plan.number);
        config.parameters.insert("token".to_owned(), plan.token.clone());
        config.attach_ms = 0;
        config.seed = plan.seed;
        config.keep_sound = false;
        Self {
            origin: Instant::now(),
            line: Line::new(config, Mono::ZERO),
            pacing: Pacing::default(),
            received: 0,
            clears: 0,
            marks: Vec::new(),
            done_at: None,
            measured: Measured::default(),
        }
    }

    fn now(&self) -> Mono {
        Mono::ZERO + self.origin.elapsed()
    }

    async fn run(&mut self, plan: &Plan) -> Result<()> {
        let connected = timeout(CONNECT_MAX, connect_async(&plan.url)).await;
        let (mut socket, _) = connected.context("no WebSocket in time")?.context("no WebSocket")?;
        if let MaybeTlsStream::Plain(tcp) = socket.get_ref() {
            tcp.set_nodelay(true).context("no TCP_NODELAY")?;
        }
        // The telephone rings from now on: connecting is not part of the call.
        self.origin = Instant::now();
        loop {
            let wake = self.line.deadline().map_or(plan.until, |at| self.instant(at));
            tokio::select! {
                biased;
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.said(Spoken::Text(text.as_str())),
                    Some(Ok(Message::Binary(bytes))) => self.said(Spoken::Binary(&bytes)),
                    Some(Ok(Message::Close(_))) | None => return self.closed(),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => bail!("the connection broke: {error}"),
                },
                () = sleep_until(wake.min(plan.until)) => {
                    let over = Instant::now() >= plan.until || self.lingered(plan.linger);
                    let input = if over { LineInput::Hangup } else { LineInput::Tick };
                    self.line.handle(self.now(), input);
                }
            }
            if self.drain(&mut socket).await? {
                return Ok(());
            }
        }
    }

    fn instant(&self, at: Mono) -> Instant {
        self.origin + at.since(Mono::ZERO)
    }

    /// The callee has done everything, some time ago.
    fn lingered(&mut self, linger: Option<Duration>) -> bool {
        if self.done_at.is_none() && self.line.errand().complete {
            self.done_at = Some(Instant::now());
        }
        match (linger, self.done_at) {
            (Some(linger), Some(done_at)) => done_at.elapsed() >= linger,
            _ => false,
        }
    }

    /// The server ended the stream: it may hang up once it has spoken.
    fn closed(&mut self) -> Result<()> {
        self.line.handle(self.now(), LineInput::Hangup);
        if self.received == 0 {
            bail!("the server closed the stream without a sound");
        }
        Ok(())
    }

    /// One message of the server.
    fn said(&mut self, message: Spoken<'_>) {
        let now = self.now();
        let at = now.since(Mono::ZERO);
        if let Some(name) = mark_name(message) {
            self.measured.marks += 1;
            self.marks.push((name, at));
            self.pacing.mark();
        }
        self.line.handle(now, LineInput::Message(message));
        let received = self.line.counts().received;
        if received > self.received {
            if self.received == 0 {
                let first = now.since(self.line.started_at());
                self.measured.first_sound_us = Some(first.as_micros() as u64);
            }
            let length = Duration::from_micros((received - self.received) * 125);
            self.pacing.frame(at, length);
            self.received = received;
        }
        let clears = self.line.clears().len();
        if clears > self.clears {
            self.clears = clears;
            self.pacing.cut();
        }
    }

    /// Sends what the carrier has to say; `true` when the call is over.
    async fn drain(&mut self, socket: &mut Socket) -> Result<bool> {
        let mut over = false;
        while let Some(output) = self.line.poll() {
            match output {
                LineOutput::Message(Wire::Text(text)) => {
                    self.returned(&text);
                    socket.feed(Message::text(text)).await.context("the server does not listen")?;
                }
                LineOutput::Message(Wire::Binary(bytes)) => {
                    let message = Message::binary(bytes);
                    socket.feed(message).await.context("the server does not listen")?;
                }
                LineOutput::Closed => over = true,
                LineOutput::Progress(_) | LineOutput::Recognise { .. } => {}
            }
        }
        socket.flush().await.context("the server does not listen")?;
        if over {
            // The server may have gone already.
            let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
        }
        Ok(over)
    }

    /// A mark goes back to the server.
    fn returned(&mut self, text: &str) {
        let Some(name) = mark_name(Spoken::Text(text)) else { return };
        let Some(at) = self.marks.iter().position(|(asked, _)| *asked == name) else { return };
        let (_, asked_at) = self.marks.remove(at);
        let now = self.now().since(Mono::ZERO);
        self.measured.marks_returned += 1;
        self.measured.mark_us.push(now.saturating_sub(asked_at).as_micros() as u64);
    }

    fn finish(mut self) -> Measured {
        let now = self.now().since(Mono::ZERO);
        let fresh = self.marks.iter().filter(|(_, at)| now.saturating_sub(*at) < LAST_MARKS);
        self.measured.marks -= fresh.count() as u64;
        self.measured.lasted_ms = now.as_millis() as u64;
        self.measured.clears = self.clears as u64;
        self.measured.misbehaved = self.line.complaints().len() as u64;
        self.measured.sound_ms = self.line.counts().received / 8;
        self.measured.gaps = self.line.underruns(GAP_MS_MAX).len() as u64;
        self.measured.tries = tries(&self.line);
        (self.measured.pacing, self.measured.lateness_us) = self.pacing.result();
        if self.measured.failed.is_none() && self.line.state() < LineState::Streaming {
            self.measured.failed = Some("the stream never began".to_owned());
        }
        self.measured
    }
}

/// Every interruption of the callee, and what became of the server's sound.
fn tries(line: &Line) -> Vec<Try> {
    let stops = line.barge_ins();
    let us = |from: u64, to: u64| to.saturating_sub(from) * 125;
    let interruptions = &line.errand().interruptions;
    let spoken_over = interruptions.iter().filter(|stretch| {
        let plays = |run: &sim::line::Run| {
            run.from_sample <= stretch.from_sample && stretch.from_sample < run.to_sample
        };
        line.runs().iter().any(plays)
    });
    spoken_over
        .map(|stretch| {
            let from = stretch.from_sample;
            let stop = stops.iter().find(|stop| stop.from_sample == from);
            let clear = line.clears().iter().find(|clear| clear.at_sample >= from);
            Try {
                stop_us: stop.map(|stop| us(from, stop.stopped_sample)),
                clear_us: clear.map(|clear| us(from, clear.at_sample)),
                unplayed_ms: clear.map_or(0, |clear| clear.dropped_samples / 8),
            }
        })
        .collect()
}

/// The name in a `mark` message of Twilio's wire.
fn mark_name(message: Spoken<'_>) -> Option<String> {
    let Spoken::Text(text) = message else { return None };
    if !text.contains(r#""event":"mark""#) {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(json.get("mark")?.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_have_names() {
        let mark = r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"7"}}"#;
        assert_eq!(mark_name(Spoken::Text(mark)).as_deref(), Some("7"));
        for other in [r#"{"event":"clear"}"#, r#"{"event":"mark"}"#, "", "{"] {
            assert_eq!(mark_name(Spoken::Text(other)), None, "{other}");
        }
        assert_eq!(mark_name(Spoken::Binary(b"x")), None);
    }
}
