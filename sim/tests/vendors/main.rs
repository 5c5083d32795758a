//! The real dialects against the vendors' emulators, message by message, in virtual time.

mod ear;
mod mind;
mod mouth;

use agent::wire::{Incoming, Outgoing};
use media::Mono;
use sim::vendor::{Emulator, Input, Make, Sent, Trouble, Troubled};

const KEY: &str = "the-key";

fn at(ms: u64) -> Mono {
    Mono::from_millis(ms)
}

/// What a dialect gives back: for its connection, or for the test.
enum Given<T> {
    Wire(Outgoing),
    News(T),
}

/// A dialect of any kind, as its shell sees it.
trait Client {
    type News;
    fn wire(&mut self, now: Mono, incoming: Incoming<'_>);
    fn tick(&mut self, now: Mono);
    fn deadline(&self) -> Option<Mono>;
    fn poll(&mut self) -> Option<Given<Self::News>>;
}

/// A dialect, its vendor, and a network without delay between them.
struct Bench<C: Client> {
    client: C,
    make: Make,
    vendor: Option<Box<dyn Emulator>>,
    /// Connections or requests so far.
    connections: usize,
    now: Mono,
    /// All that the dialect told, with its time in ms.
    news: Vec<(u64, C::News)>,
    /// Text messages the dialect sent.
    texts: Vec<(u64, String)>,
}

impl<C: Client> Bench<C> {
    fn new(client: C, make: impl FnMut(usize) -> Box<dyn Emulator> + Send + 'static) -> Self {
        Self {
            client,
            make: Box::new(make),
            vendor: None,
            connections: 0,
            now: Mono::ZERO,
            news: Vec::new(),
            texts: Vec::new(),
        }
    }

    /// Lets the test speak to the dialect now.
    fn act(&mut self, act: impl FnOnce(&mut C, Mono)) {
        act(&mut self.client, self.now);
        self.settle();
    }

    /// Lets time pass, from deadline to deadline.
    fn run_to(&mut self, ms: u64) {
        // Neither side may ask for the same moment for ever.
        for _ in 0..200_000 {
            let vendor = self.vendor.as_ref().and_then(|vendor| vendor.deadline());
            let next = self.client.deadline().into_iter().chain(vendor).min();
            let Some(next) = next.filter(|next| *next <= at(ms)) else {
                self.now = at(ms);
                return;
            };
            self.now = next.max(self.now);
            if let Some(vendor) = &mut self.vendor {
                vendor.handle(self.now, Input::Tick);
            }
            if self.client.deadline().is_some_and(|due| due <= self.now) {
                self.client.tick(self.now);
            }
            self.settle();
        }
        panic!("no end of deadlines at {:?}", self.now);
    }

    /// Carries messages both ways until there are none.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(given) = self.client.poll() {
                quiet = false;
                match given {
                    Given::News(news) => self.news.push((self.now.as_millis(), news)),
                    Given::Wire(outgoing) => self.carry(&outgoing),
                }
            }
            while let Some(sent) = self.vendor.as_mut().and_then(|vendor| vendor.poll()) {
                quiet = false;
                if sent.is_end() {
                    self.vendor = None;
                }
                self.client.wire(self.now, sent.as_incoming());
            }
            if quiet {
                return;
            }
        }
    }

    fn carry(&mut self, outgoing: &Outgoing) {
        match outgoing {
            Outgoing::Connect(_) | Outgoing::Post { .. } => {
                self.vendor = Some((self.make)(self.connections));
                self.connections += 1;
            }
            Outgoing::Text(text) => self.texts.push((self.now.as_millis(), text.clone())),
            _ => {}
        }
        if let Some(vendor) = &mut self.vendor {
            vendor.handle(self.now, Input::Client(outgoing));
        }
        if *outgoing == Outgoing::Abort {
            self.vendor = None;
        }
    }
}

/// The first connections in trouble, the others well.
fn troubled<E: Emulator + 'static>(
    troubles: Vec<Trouble>,
    make: impl Fn(usize) -> E + Send + 'static,
) -> impl FnMut(usize) -> Box<dyn Emulator> + Send + 'static {
    move |n| match troubles.get(n) {
        Some(trouble) => Box::new(Troubled::new(make(n), trouble.clone())),
        None => Box::new(make(n)),
    }
}

fn refuse(code: u16, retry_after_s: Option<u32>) -> Trouble {
    Trouble::Refuse { code, retry_after_s }
}

/// The vendor's text messages by time, when a test speaks the wire itself.
fn all(vendor: &mut dyn Emulator) -> Vec<Sent> {
    std::iter::from_fn(|| vendor.poll()).collect()
}
