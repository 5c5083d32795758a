//! A whole server in the test's own process, with stand-ins for speech.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use agent::{call::Policy, llm, stt, tts};
use media::circuit::CircuitConfig;
use platform::Rules;
use secrecy::SecretString;
use serde_json::Value;
use server::{
    assembly,
    call_task::Inbox,
    carrier::{Callees, Carrier, Leg, Path, Simulated, Ticket, Truths},
    clock::{Clock, unix_seconds},
    config::{Inbound, Limits, Records},
    desk::{Cashier, Delivers, Delivery, Desk, Setup},
    exchange::{Exchange, Parts},
    http::{self, Certificates},
    media_thread::{MediaThreads, Newcomer, Shared, transport::Transport, words::Switchboard},
    store::{self, Ledger, Sqlite, Store},
    vendors::Dialects,
};
use telephony::{Cause, Control, Signal, token};
use tokio::time::timeout;

use crate::trust::Trust;

/// Nothing in these tests may take longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Which carrier the house has.
pub(crate) enum Line {
    /// `sim` over pipes.
    Pipes,
    /// `sim` over the WebSocket.
    WebSocket,
    /// Answers at once; the test brings the stream.
    Manual,
    /// Answers at once over a pipe whose translator panics at the key `#`.
    Fragile,
    /// The test's own.
    Own(Box<dyn Carrier>),
}

/// The key that a house's own requests are made with.
pub(crate) const KEY: &str = "clawcall_sk_the-house";
/// What its operator shows.
pub(crate) const OPERATOR: &str = "an operator's token";
/// What its carrier signs with.
pub(crate) const TWILIO: &str = "a carrier's token";

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) desk: Arc<Desk>,
    /// One-time codes that were sent.
    pub(crate) codes: Letters,
    /// Texts that were sent.
    pub(crate) texts: Letters,
    pub(crate) truths: Arc<Truths>,
    pub(crate) dir: tempfile::TempDir,
    /// The far ends of fragile calls' pipes, in the order they were dialled.
    pub(crate) pipes: Arc<Mutex<Vec<server::media_thread::transport::Pipe>>>,
    /// The inboxes of calls that were dialled by hand.
    pub(crate) inboxes: Inboxes,
    /// Whom to trust, when it speaks TLS.
    pub(crate) trust: Option<Trust>,
    server: tokio::task::JoinHandle<()>,
}

pub(crate) type Inboxes = Arc<Mutex<BTreeMap<String, tokio::sync::mpsc::WeakSender<Inbox>>>>;
/// To whom, and what.
pub(crate) type Letters = Arc<Mutex<Vec<(String, String)>>>;

struct Mailbox(Letters);

fn post(letters: &Letters) -> Delivery {
    Box::new(Mailbox(Arc::clone(letters)))
}

impl Delivers for Mailbox {
    fn send(&self, to: &str, text: &str) {
        self.0.lock().expect("whole").push((to.to_owned(), text.to_owned()));
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) async fn house(line: Line) -> House {
    with_limits(line, Limits::default()).await
}

pub(crate) async fn with_limits(line: Line, limits: Limits) -> House {
    built(line, limits, house_rules(), stand_ins(), None, &|_| {}, house_policy()).await
}

/// A house whose calls are written where `prepare` has put something, which must have 1 MB free.
pub(crate) async fn on_disk(line: Line, prepare: &dyn Fn(&std::path::Path)) -> House {
    built(line, Limits::default(), house_rules(), stand_ins(), None, prepare, house_policy()).await
}

/// A house with rules of the test's own.
pub(crate) async fn with_rules(line: Line, change: impl FnOnce(&mut Rules)) -> House {
    let mut rules = house_rules();
    change(&mut rules);
    built(line, Limits::default(), rules, stand_ins(), None, &|_| {}, house_policy()).await
}

/// Room for what tests do with one key.
fn house_rules() -> Rules {
    Rules { calls_at_once_max: 100, disclosure: String::new(), ..Rules::default() }
}

fn house_policy() -> Policy {
    Policy { hangup_ms_max: 300, ..Policy::default() }
}

/// A house that lets telephones ring for a second only.
pub(crate) async fn impatient(line: Line) -> House {
    let policy = Policy { ring_seconds_max: 1, ..house_policy() };
    built(line, Limits::default(), house_rules(), stand_ins(), None, &|_| {}, policy).await
}

/// A house that speaks TLS only.
pub(crate) async fn with_tls(line: Line) -> House {
    let (certificates, trust) = Trust::made();
    let tls = Some((certificates, trust));
    built(line, Limits::default(), house_rules(), stand_ins(), tls, &|_| {}, house_policy()).await
}

/// A house whose dialects are the test's own, as far as `change` goes.
pub(crate) async fn with_dialects(line: Line, change: impl FnOnce(&mut Dialects)) -> House {
    let mut dialects = stand_ins();
    change(&mut dialects);
    built(line, Limits::default(), house_rules(), dialects, None, &|_| {}, house_policy()).await
}

async fn built(
    line: Line,
    limits: Limits,
    rules: Rules,
    dialects: Dialects,
    tls: Option<(Certificates, Trust)>,
    prepare: &dyn Fn(&std::path::Path),
    policy: Policy,
) -> House {
    assembly::install_tls();
    http::metrics_handle();
    let dir = tempfile::tempdir().expect("a folder");
    let calls_dir = dir.path().join("calls");
    std::fs::create_dir(&calls_dir).expect("made");
    prepare(&calls_dir);
    let listener = http::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("bound");
    let address = listener.local_addr().expect("an address");
    let clock = Clock::start();
    // No judge: the gate decides alone.
    let (judge, _) = crossbeam_channel::bounded(1);
    let (switchboard, callers) = Switchboard::new();
    let shared = Shared::new(clock, switchboard, b"a secret".to_vec(), limits.lobby_max, judge);
    let media = Arc::new(MediaThreads::spawn(1, &shared).expect("threads"));
    let truths = Arc::new(Truths::default());
    let pipes = Arc::default();
    let inboxes = Inboxes::default();
    let simulated = |path| {
        let callees = Callees::new(None, None, Arc::clone(&truths));
        Box::new(Simulated::new(callees, Arc::clone(&shared), Arc::clone(&media), path))
    };
    let carrier: Box<dyn Carrier> = match line {
        Line::Pipes => simulated(Path::Pipes),
        Line::WebSocket => simulated(Path::WebSocket(address)),
        Line::Manual => {
            Box::new(Manual { shared: Arc::clone(&shared), inboxes: Arc::clone(&inboxes) })
        }
        Line::Own(carrier) => carrier,
        Line::Fragile => Box::new(Fragile { media: Arc::clone(&media), pipes: Arc::clone(&pipes) }),
    };
    let connections_max = limits.connections_max;
    let ledger = ledger(dir.path().join("store.db")).await;
    let (codes, texts) = (Letters::default(), Letters::default());
    let cashier = Cashier::start(ledger.clone(), post(&texts), rules.trial.talk_seconds_min, 0);
    let exchange = Exchange::start(
        Parts {
            clock,
            limits,
            calls_dir,
            records: Records { free_mb_min: 1, ..Records::default() },
            from: None,
            policy,
            circuit: CircuitConfig { judge: false, ..CircuitConfig::default() },
            shared: Arc::clone(&shared),
            media,
            dialects,
            carrier,
            inbound: Inbound::default(),
            cashier: Some(cashier),
        },
        callers,
    )
    .expect("started");
    let setup = Setup {
        rules,
        ledger,
        codes: post(&codes),
        public_url: None,
        frontend: None,
        operator_token: Some(SecretString::from(OPERATOR)),
        twilio_token: Some(SecretString::from(TWILIO)),
        webhooks_private: true,
        secret: b"a secret for links".to_vec(),
    };
    let desk = Desk::new(Arc::clone(&exchange), setup);
    let router = http::router(Arc::clone(&desk));
    let (certificates, trust) = tls.map(|(it, trust)| (Arc::new(it), trust)).unzip();
    let server = tokio::spawn(http::serve(listener, router, connections_max, certificates));
    House { address, exchange, desk, codes, texts, truths, dir, pipes, inboxes, trust, server }
}

/// A store that knows the house's own key.
async fn ledger(file: PathBuf) -> Ledger {
    let ledger = Ledger::start(move || Store::open(Box::new(Sqlite::open(&file)?)));
    let ledger = ledger.expect("a store");
    let now = server::clock::wall_now();
    let own = ledger.ask(move |store| store.add_key(&store::hash(KEY), "the house", &now, None));
    own.await.expect("a key");
    ledger
}

fn stand_ins() -> Dialects {
    Dialects {
        stt: Box::new(|_, _| {
            let heard = (0..50).map(|n| format!("sentence number {n}"));
            Box::new(stt::scripted::Scripted::new(heard, stt::scripted::Config::default()))
        }),
        tts: Box::new(|_, _| {
            Box::new(tts::scripted::Scripted::new(tts::scripted::Script::default()))
        }),
        llm: Box::new(|_| {
            let answers = (0..50).map(|_| llm::scripted::Answer::say("Yes, thank you very much."));
            Box::new(llm::scripted::Scripted::new(answers))
        }),
    }
}

impl House {
    /// Places a call over HTTP and returns its id.
    pub(crate) async fn place(&self, to: &str) -> String {
        let body = format!(r#"{{"to":"{to}","task":"Ask for the opening hours."}}"#);
        let (status, body) = self.post("/call", body).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(body["status"], "queued");
        body["call_id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let answer = self.ask("POST", path, Some(KEY), body).await;
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.ask("GET", path, Some(KEY), "").await;
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    /// Any request, with any key.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Response {
        let request = self.request(method, path);
        let request = key.into_iter().fold(request, |it, key| it.header("x-api-key", key));
        let answer = timeout(PATIENCE, request.body(body).send());
        answer.await.expect("in time").expect("an answer")
    }

    /// A request that is yet to be sent. Redirects are not followed.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let (client, s) = match &self.trust {
            Some(trust) => (trust.http(), "s"),
            None => (reqwest::Client::builder(), ""),
        };
        let client = client.redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let method = method.parse().expect("a method");
        client.request(method, format!("http{s}://{}{path}", self.address))
    }

    /// Waits for the call's end and returns what the API shows of it.
    pub(crate) async fn ended(&self, id: &str) -> Value {
        let call = self.exchange.find(id).expect("known");
        timeout(PATIENCE, call.over()).await.expect("over in time");
        call.body()
    }

    /// Waits until the API shows a lifecycle.
    pub(crate) async fn reaches(&self, id: &str, lifecycle: &str) {
        let call = self.exchange.find(id).expect("known");
        let mut happenings = call.watch();
        let reached = async {
            while call.body()["lifecycle"] != lifecycle {
                let _ = happenings.recv().await;
            }
        };
        timeout(PATIENCE, reached).await.expect("in time");
    }

    pub(crate) fn call_dir(&self, id: &str) -> PathBuf {
        self.dir.path().join("calls").join(id)
    }

    pub(crate) fn journal(&self, id: &str) -> String {
        std::fs::read_to_string(self.call_dir(id).join("journal.jsonl")).expect("a journal")
    }

    pub(crate) fn token(&self, id: &str) -> String {
        token::mint(b"a secret", id, unix_seconds() + 60)
    }
}

/// Says "answered" and waits for whoever brings the stream.
struct Manual {
    shared: Arc<Shared>,
    inboxes: Inboxes,
}

struct ManualLeg {
    shared: Arc<Shared>,
    call_id: String,
    ticket: Option<Ticket>,
    inbox: tokio::sync::mpsc::Sender<Inbox>,
}

impl Carrier for Manual {
    fn leg(&self, ticket: Ticket) -> Box<dyn Leg> {
        let (shared, inbox) = (Arc::clone(&self.shared), ticket.inbox.clone());
        let call_id = ticket.call_id.clone();
        self.inboxes.lock().expect("whole").insert(call_id.clone(), inbox.downgrade());
        Box::new(ManualLeg { shared, call_id, ticket: Some(ticket), inbox })
    }

    fn about(&self) -> String {
        String::new()
    }
}

fn signal(inbox: &tokio::sync::mpsc::Sender<Inbox>, signal: Signal) {
    let _ = inbox.try_send(Inbox::Signal(signal));
}

impl Leg for ManualLeg {
    fn control(&mut self, control: Control) {
        match control {
            Control::Dial { .. } => {
                if let Some(ticket) = self.ticket.take() {
                    self.shared.switchboard.expect(&ticket.call_id, ticket.place);
                    signal(&self.inbox, Signal::Ringing);
                    signal(&self.inbox, Signal::Answered);
                }
            }
            Control::Hangup => {
                drop(self.shared.switchboard.take(&self.call_id));
                let cause = Cause::NormalClearing;
                signal(&self.inbox, Signal::Ended { cause, by_callee: false });
            }
            _ => {}
        }
    }
}

/// A carrier whose translator panics when the callee presses `#`.
struct Fragile {
    media: Arc<MediaThreads>,
    pipes: Arc<Mutex<Vec<server::media_thread::transport::Pipe>>>,
}

struct FragileLeg {
    media: Arc<MediaThreads>,
    pipes: Arc<Mutex<Vec<server::media_thread::transport::Pipe>>>,
    ticket: Option<Ticket>,
}

impl Carrier for Fragile {
    fn leg(&self, ticket: Ticket) -> Box<dyn Leg> {
        let (media, pipes) = (Arc::clone(&self.media), Arc::clone(&self.pipes));
        Box::new(FragileLeg { media, pipes, ticket: Some(ticket) })
    }

    fn about(&self) -> String {
        String::new()
    }
}

impl Leg for FragileLeg {
    fn control(&mut self, control: Control) {
        if let (Control::Dial { .. }, Some(ticket)) = (control, self.ticket.take()) {
            let (near, far) = server::media_thread::transport::pipe();
            self.pipes.lock().expect("whole").push(far);
            let newcomer = Newcomer {
                transport: Transport::Pipe(near),
                translator: Box::new(Panics(telephony::loopback::Loopback::new())),
                known: Some(Box::new(ticket.place)),
            };
            assert!(self.media.admit(newcomer).is_ok());
        }
    }
}

struct Panics(telephony::loopback::Loopback);

impl telephony::Translator for Panics {
    fn capabilities(&self) -> telephony::Capabilities {
        self.0.capabilities()
    }

    fn read<'a>(
        &'a mut self,
        message: telephony::stream::Message<'a>,
    ) -> Result<Option<telephony::stream::Incoming<'a>>, telephony::stream::Misbehaved> {
        assert_ne!(message, telephony::stream::Message::Binary(&[3, b'#']), "broken on purpose");
        self.0.read(message)
    }

    fn write(
        &mut self,
        outgoing: telephony::stream::Outgoing<'_>,
        out: &mut Vec<u8>,
    ) -> Option<telephony::stream::Kind> {
        self.0.write(outgoing, out)
    }
}
