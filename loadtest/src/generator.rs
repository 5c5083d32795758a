//! One thread carries all calls: it looks at its clocks and sockets every millisecond.
//!
//! No task, no timer and no wake-up per call: due calls stand in a heap, sockets in an epoll set,
//! and whatever is due or readable is done in one pass. So arrivals are timed to a millisecond,
//! which is what a report of milliseconds needs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use media::Mono;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use crate::caller::{Caller, Plan};
use crate::figures::{Measured, Times};
use crate::target::Target;

/// The generator looks this often.
const LOOK: Duration = Duration::from_millis(1);
/// Sockets looked at before the clock is read again.
const EVENTS: usize = 64;
/// Calls opened in one pass.
const OPENED_MAX: usize = 16;
/// Bytes read at a time.
const SCRATCH_BYTES: usize = 64 * 1024;
const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// When calls begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// All calls of the run.
    pub(crate) total: usize,
    /// Calls at a time.
    pub(crate) at_once: usize,
    /// Calls that begin in a second, at most.
    pub(crate) per_s: f64,
    /// None begins after this.
    pub(crate) until: Mono,
}

/// How it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    /// Since the generator began.
    pub(crate) now: Mono,
    /// Calls under way.
    pub(crate) live: usize,
    /// Calls over.
    pub(crate) done: usize,
}

/// Nothing happens for so long: between two runs.
pub(crate) fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// Carries calls.
#[derive(Debug)]
pub(crate) struct Generator<'t> {
    target: &'t Target,
    origin: Instant,
    epoll: OwnedFd,
    callers: Vec<Option<Caller>>,
    /// Free places among the callers.
    free: Vec<usize>,
    due: BinaryHeap<Reverse<(Mono, usize)>>,
    /// When each caller is due; other entries of the heap are stale.
    wakes: Vec<Mono>,
    scratch: Vec<u8>,
    opened: usize,
    measured: Vec<Measured>,
    /// How late it looked, in µs.
    pub(crate) late_us: Times,
}

impl<'t> Generator<'t> {
    /// A generator at rest.
    pub(crate) fn new(target: &'t Target) -> Result<Self> {
        Ok(Self {
            target,
            origin: Instant::now(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).context("no epoll")?,
            callers: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            wakes: Vec::new(),
            scratch: vec![0; SCRATCH_BYTES],
            opened: 0,
            measured: Vec::new(),
            late_us: Times::new(),
        })
    }

    /// Makes all calls. `plan` makes the next one, `tell` hears how it goes after every look.
    pub(crate) fn run(
        &mut self,
        pace: Pace,
        plan: &mut dyn FnMut(usize, Mono) -> Result<Plan>,
        tell: &mut dyn FnMut(Status),
    ) -> Result<Vec<Measured>> {
        let mut look = self.now();
        loop {
            self.open(pace, plan)?;
            self.do_due();
            self.do_readable()?;
            let now = self.now();
            tell(Status { now, live: self.live(), done: self.measured.len() });
            let more = self.opened < pace.total && now < pace.until;
            if self.live() == 0 && !more {
                return Ok(std::mem::take(&mut self.measured));
            }
            look = self.next_look(look);
        }
    }

    fn now(&self) -> Mono {
        Mono::ZERO + self.origin.elapsed()
    }

    fn live(&self) -> usize {
        self.callers.len() - self.free.len()
    }

    /// Sleeps until the next look, or notes every one that was missed.
    fn next_look(&mut self, last: Mono) -> Mono {
        let mut look = last + LOOK;
        let wait = look.since(self.now());
        if wait > Duration::ZERO {
            std::thread::sleep(wait);
        }
        let now = self.now();
        self.late_us.record(now.since(look).as_micros() as u64);
        while look + LOOK <= now {
            look = look + LOOK;
            self.late_us.record(now.since(look).as_micros() as u64);
        }
        look
    }

    fn open(
        &mut self,
        pace: Pace,
        plan: &mut dyn FnMut(usize, Mono) -> Result<Plan>,
    ) -> Result<()> {
        for _ in 0..OPENED_MAX {
            let now = self.now();
            let begins = Mono::ZERO + Duration::from_secs_f64(self.opened as f64 / pace.per_s);
            let wanted = self.opened < pace.total && self.live() < pace.at_once;
            if !wanted || now < begins || now >= pace.until {
                return Ok(());
            }
            let caller = Caller::open(self.target, plan(self.opened, now)?, now)?;
            self.opened += 1;
            self.add(caller, now)?;
        }
        Ok(())
    }

    fn add(&mut self, mut caller: Caller, now: Mono) -> Result<()> {
        let at = self.free.pop().unwrap_or(self.callers.len());
        if caller.listens() {
            let data = epoll::EventData::new_u64(at as u64);
            epoll::add(&self.epoll, &caller.wire.socket, data, epoll::EventFlags::IN)
                .context("no place in the epoll set")?;
        }
        let over = caller.due(now);
        if at == self.callers.len() {
            self.callers.push(Some(caller));
            self.wakes.push(now);
        } else {
            self.callers[at] = Some(caller);
        }
        self.settle(at, over, now);
        Ok(())
    }

    fn do_due(&mut self) {
        loop {
            let now = self.now();
            let Some(&Reverse((at, place))) = self.due.peek() else { return };
            if at > now {
                return;
            }
            self.due.pop();
            // A stale entry: its call was woken by something else, or is over.
            if self.wakes[place] != at {
                continue;
            }
            let Some(caller) = &mut self.callers[place] else { continue };
            let over = caller.due(now);
            self.wakes[place] = Mono::ZERO;
            self.settle(place, over, now);
        }
    }

    fn do_readable(&mut self) -> Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        // Each socket at most once a look, or a flood would hold up the clocks.
        for _ in 0..=self.callers.len() / EVENTS {
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&NO_WAIT)) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(e) => return Err(e).context("epoll failed"),
            }
            let now = self.now();
            for event in &events {
                let place = event.data.u64() as usize;
                let Some(Some(caller)) = self.callers.get_mut(place) else { continue };
                let over = caller.readable(now, &mut self.scratch);
                self.settle(place, over, now);
            }
            if events.len() < EVENTS {
                return Ok(());
            }
            events.clear();
        }
        Ok(())
    }

    /// Notes when the caller is due next, or that it is over.
    fn settle(&mut self, place: usize, over: bool, now: Mono) {
        if over {
            // Dropping the socket takes it out of the epoll set.
            if let Some(caller) = self.callers[place].take() {
                self.measured.push(caller.finish(now));
                self.free.push(place);
            }
            self.wakes[place] = Mono::ZERO;
            return;
        }
        let Some(caller) = &self.callers[place] else { return };
        let wake = caller.wake(now);
        if wake != self.wakes[place] {
            self.wakes[place] = wake;
            self.due.push(Reverse((wake, place)));
        }
    }
}
