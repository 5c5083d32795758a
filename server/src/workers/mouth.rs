//! Threads for voices that compute: one chunk of sound at a time, always for the call that needs it
//! soonest. A call that speaks needs it before its sound runs out, one that begins within
//! [`FIRST_SOUND`]: in a rush calls begin later rather than others falling silent. A voice rests
//! while its ring is full.

use std::{collections::BTreeMap, io, thread, time::Duration};

use agent::tts::{self, Dialect};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use media::{Mono, circuit::UtteranceId};
use tokio::sync::mpsc;

use crate::{call_task::Inbox, clock::Clock, vendors::Backlog};

/// Wishes of all calls of one thread that may wait.
const ASKS_MAX: usize = 256;
/// A call that begins to speak may wait this long for others that speak already.
const FIRST_SOUND: Duration = Duration::from_millis(300);
/// How long to wait when every ring, each of which holds 2 s, is full.
const RETRY: Duration = Duration::from_millis(50);
/// How often an idle thread looks for calls that have gone.
const IDLE: Duration = Duration::from_millis(500);

/// A call's end of its voice.
pub enum MouthLink {
    /// On a worker thread.
    Worker {
        /// The call's number there.
        seat: u64,
        /// The thread.
        tx: Sender<MouthMessage>,
    },
    /// On a task of its own.
    Task(mpsc::Sender<MouthAsk>),
}

impl MouthLink {
    /// Asks for speech; `false` when it takes nothing more.
    pub fn speak(&self, utterance: UtteranceId, text: String) -> bool {
        self.ask(MouthAsk::Say(utterance, text))
    }

    /// Takes an utterance back; `false` when it takes nothing more.
    pub fn hush(&self, utterance: UtteranceId) -> bool {
        self.ask(MouthAsk::Hush(utterance))
    }

    fn ask(&self, ask: MouthAsk) -> bool {
        match self {
            Self::Worker { seat, tx } => tx.try_send(MouthMessage::Ask(*seat, ask)).is_ok(),
            Self::Task(tx) => tx.try_send(ask).is_ok(),
        }
    }
}

/// What a voice is told.
pub enum MouthAsk {
    /// Say this.
    Say(UtteranceId, String),
    /// No longer wanted.
    Hush(UtteranceId),
}

/// What a mouth thread is told.
pub enum MouthMessage {
    /// A new call.
    Sit(u64, Box<MouthSeat>),
    /// From a call.
    Ask(u64, MouthAsk),
}

/// One call's voice.
pub struct MouthSeat {
    dialect: Box<dyn Dialect>,
    backlog: Backlog,
    inbox: mpsc::Sender<Inbox>,
    active: bool,
    /// When the sound that was made will have been played.
    runs_out: Mono,
    /// When it is silent unless there is more.
    due: Mono,
}

impl MouthSeat {
    /// A voice that has said nothing.
    pub(crate) fn new(
        dialect: Box<dyn Dialect>,
        backlog: Backlog,
        inbox: mpsc::Sender<Inbox>,
    ) -> Self {
        let (runs_out, due) = (Mono::ZERO, Mono::ZERO);
        Self { dialect, backlog, inbox, active: false, runs_out, due }
    }

    fn ask(&mut self, now: Mono, ask: MouthAsk) {
        match ask {
            MouthAsk::Say(utterance, text) => {
                self.dialect.handle(now, tts::Input::Say { utterance, text: &text });
            }
            MouthAsk::Hush(utterance) => {
                self.backlog.forget(utterance);
                self.dialect.handle(now, tts::Input::Cancel(utterance));
                (self.runs_out, self.due) = (now, now + FIRST_SOUND);
            }
        }
        if !self.active {
            self.active = true;
            self.due = self.runs_out.max(now + FIRST_SOUND);
        }
    }

    /// Whether there may be work right away.
    fn is_ready(&mut self, now: Mono) -> bool {
        self.backlog.flush();
        if self.dialect.deadline().is_some_and(|due| due <= now) {
            self.dialect.handle(now, tts::Input::Tick);
            self.active = true;
        }
        self.active && self.backlog.is_empty()
    }

    /// One piece of work.
    fn work(&mut self, now: Mono) {
        match self.dialect.poll() {
            Some(tts::Output::Audio { utterance, samples }) => {
                let length = Duration::from_micros(samples.len() as u64 * 125);
                self.runs_out = self.runs_out.max(now) + length;
                self.due = self.runs_out;
                self.backlog.sound(utterance, samples);
            }
            Some(tts::Output::Event(event)) => {
                self.backlog.event(&event);
                // A call with a full inbox is given up by its media thread.
                let _ = self.inbox.try_send(Inbox::Tts(event));
            }
            Some(tts::Output::Wire(_)) => {}
            None => self.active = false,
        }
        self.backlog.flush();
    }

    fn waits(&self) -> bool {
        self.active || !self.backlog.is_empty() || self.dialect.deadline().is_some()
    }
}

/// Starts one thread; it ends when all senders are gone.
pub fn spawn(number: usize, clock: Clock) -> io::Result<Sender<MouthMessage>> {
    let (tx, rx) = bounded(ASKS_MAX);
    thread::Builder::new().name(format!("mouth-{number}")).spawn(move || run(clock, &rx))?;
    Ok(tx)
}

fn run(clock: Clock, asks: &Receiver<MouthMessage>) {
    let mut seats: BTreeMap<u64, MouthSeat> = BTreeMap::new();
    let mut more = false;
    loop {
        let wait = match more {
            true => Duration::ZERO,
            false if seats.values().any(MouthSeat::waits) => RETRY,
            false => IDLE,
        };
        match asks.recv_timeout(wait) {
            Ok(ask) => serve(clock, &mut seats, ask),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Ok(ask) = asks.try_recv() {
            serve(clock, &mut seats, ask);
        }
        seats.retain(|_, seat| !seat.inbox.is_closed());
        let now = clock.now();
        let chosen = soonest(&mut seats, now);
        more = chosen.is_some();
        if let Some((_, seat)) = chosen {
            seat.work(now);
        }
    }
}

/// The seat that needs sound first, of those that have work.
fn soonest(seats: &mut BTreeMap<u64, MouthSeat>, now: Mono) -> Option<(u64, &mut MouthSeat)> {
    let ready = seats.iter_mut().filter_map(|(n, seat)| seat.is_ready(now).then_some((*n, seat)));
    ready.min_by_key(|(_, seat)| seat.due)
}

fn serve(clock: Clock, seats: &mut BTreeMap<u64, MouthSeat>, message: MouthMessage) {
    match message {
        MouthMessage::Sit(number, seat) => {
            seats.insert(number, *seat);
        }
        MouthMessage::Ask(number, ask) => {
            if let Some(seat) = seats.get_mut(&number) {
                seat.ask(clock.now(), ask);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use agent::tts::scripted::{Script, Scripted};

    use super::*;
    use crate::media_thread::rings::{self, Bell, SpeechOut};

    const SPEAKS: u64 = 1;
    const BEGINS: u64 = 2;

    fn ms(ms: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(ms)
    }

    fn seat() -> (MouthSeat, SpeechOut) {
        let (speech, out) = rings::speech(Bell::default(), rings::AHEAD_COMPUTING);
        let voice = Box::new(Scripted::new(Script::default()));
        (MouthSeat::new(voice, Backlog::new(speech), mpsc::channel(64).0), out)
    }

    /// Serves `times` pieces of work and says to whom.
    fn served(seats: &mut BTreeMap<u64, MouthSeat>, now: Mono, times: usize) -> Vec<u64> {
        let mut order = Vec::new();
        for _ in 0..times {
            let Some((number, seat)) = soonest(seats, now) else { break };
            seat.work(now);
            order.push(number);
        }
        order
    }

    #[test]
    fn who_falls_silent_first_is_served_first() {
        let (speaks, _speaks_out) = seat();
        let (begins, _begins_out) = seat();
        let mut seats = BTreeMap::from([(SPEAKS, speaks), (BEGINS, begins)]);
        let say = |seats: &mut BTreeMap<u64, MouthSeat>, now, seat, number| {
            let ask = MouthAsk::Say(UtteranceId(number), "one two three four five".to_owned());
            seats.get_mut(&seat).expect("there").ask(now, ask);
        };
        say(&mut seats, ms(0), SPEAKS, 1);
        // Its word times and 100 ms of sound.
        assert_eq!(served(&mut seats, ms(0), 6), [SPEAKS; 6]);
        // At 50 ms another call begins. It may wait for 300 ms, the first runs dry in 50.
        say(&mut seats, ms(50), BEGINS, 2);
        let order = served(&mut seats, ms(50), 40);
        let turn = order.iter().position(|seat| *seat == BEGINS).expect("served");
        assert!((10..16).contains(&turn), "after 250 ms of sound for the first: {order:?}");
        // From then on the one with less sound goes first, and both get their share.
        let shares = order[turn..].iter().filter(|seat| **seat == BEGINS).count();
        assert!(shares > 40 - turn - shares, "{order:?}");
        // Taken back, it counts as silent from now on, and a new sentence has its 300 ms again.
        let hush = MouthAsk::Hush(UtteranceId(1));
        seats.get_mut(&SPEAKS).expect("there").ask(ms(60), hush);
        say(&mut seats, ms(60), SPEAKS, 3);
        assert_eq!(seats[&SPEAKS].due, ms(360));
    }
}
