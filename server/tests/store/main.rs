//! The store's contract, over SQLite and over PostgreSQL alike: what one does the other does.

mod base;
mod told;

use platform::{Finished, HistoryQuery, InboundPolicy, Preferences, Profile, Tier};
use server::store::{
    CodeCheck, Connection, Grant, NewCall, Opened, Repeat, Sqlite, Store, StoreError, hash,
};
use telephony::Direction;

use base::Postgres;

const NOW: &str = "2026-01-01T00:00:00.000Z";

/// Everything below, over one kind of data base; each part gets an empty one.
fn contract(mut fresh: impl FnMut() -> Box<dyn Connection>) {
    let mut store = || Store::open(fresh()).expect("opened");
    keys_have_accounts(&mut store());
    a_code_links_a_key_once(&mut store());
    what_was_used_stays_used(&mut store());
    a_call_is_charged_once(&mut store());
    a_request_that_comes_twice_is_one_call(&mut store());
    history_is_one_accounts(&mut store());
    preferences_are_replaced(&mut store());
    an_operator_grants(&mut store());
    odd_texts_are_texts(&mut store());
    told::who_wants_it_is_told_of_ends(&mut store());
    told::a_call_that_came_in_is_told_to_each_place_once(&mut store());
    told::what_is_forgotten_is_told_to_nobody(&mut store());
    told::webhooks_of_accounts_become_those_of_their_keys(fresh());
}

/// Several processes tell of the same ends at the same moment.
fn two_workers_charge_once(mut connect: impl FnMut() -> Box<dyn Connection>) {
    const CALLS: usize = 40;
    let mut first = Store::open(connect()).expect("opened");
    key(&mut first, "k", "a");
    for n in 0..CALLS {
        call(&mut first, &format!("c{n}"), "a", Direction::Outbound);
    }
    let others: Vec<_> = (0..4)
        .map(|_| {
            let mut store = Store::open(connect()).expect("opened");
            std::thread::spawn(move || {
                (0..CALLS).filter(|n| end(&mut store, &format!("c{n}"), NOW, 10)).count()
            })
        })
        .collect();
    let kept: usize = others.into_iter().map(|it| it.join().expect("told")).sum();
    assert_eq!(kept, CALLS, "each end counts for one of them");
    assert_eq!(used(&mut first, "k"), (10 * CALLS as u64, CALLS as u64, 0));
}

#[test]
fn over_sqlite() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut number = 0;
    contract(|| {
        number += 1;
        Box::new(Sqlite::open(&dir.path().join(format!("{number}.db"))).expect("opened"))
    });
    let shared = dir.path().join("shared.db");
    two_workers_charge_once(|| Box::new(Sqlite::open(&shared).expect("opened")));
}

#[test]
fn what_is_forgotten_is_in_no_file_any_more() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(Box::new(Sqlite::open(&dir.path().join("s.db")).expect("opened")))
        .expect("made");
    key(&mut store, "k", "a");
    call(&mut store, "c1", "a", Direction::Outbound);
    let finished = Finished {
        call_id: "c1".into(),
        finalized_at: NOW.into(),
        talk_seconds: 1,
        view: "PINEAPPLE".repeat(2_000),
    };
    store.finish_call(&finished, 5).expect("kept");
    let found = || {
        let files = std::fs::read_dir(dir.path()).expect("listed");
        let files = files.map(|file| std::fs::read(file.expect("a file").path()).expect("read"));
        files.into_iter().any(|bytes| bytes.windows(9).any(|it| it == b"PINEAPPLE"))
    };
    assert!(found());
    assert_eq!(store.forget_call("c1"), Ok(true));
    assert!(!found());
}

#[test]
fn over_postgresql() {
    let Some(base) = Postgres::start() else {
        println!("PostgreSQL is not here and cannot be installed: this half DID NOT RUN");
        return;
    };
    contract(|| Box::new(base.fresh()));
    let name = base.make();
    two_workers_charge_once(|| Box::new(base.connect(&name)));
}

#[test]
fn what_was_written_is_there_after_a_restart_and_a_newer_form_is_not_touched() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("deep/store.db");
    let open = || Store::open(Box::new(Sqlite::open(&path).expect("opened")));
    key(&mut open().expect("made"), "k", "a");
    assert!(open().expect("the same").key(&hash("k")).expect("asked").is_some());
    let mut raw = Sqlite::open(&path).expect("opened");
    raw.batch("INSERT INTO migrations (version) VALUES (99)").expect("from the future");
    let newer = open().err().expect("refused");
    assert!(matches!(newer, StoreError::TooNew { found: 99, .. }), "{newer}");
}

fn key(store: &mut Store, key: &str, account: &str) {
    store.add_key(&hash(key), account, NOW, None).expect("added");
}

fn keys_have_accounts(store: &mut Store) {
    assert_eq!(store.key(&hash("k1")), Ok(None));
    key(store, "k1", "a1");
    let owner = store.key(&hash("k1")).expect("asked").expect("known");
    assert_eq!((owner.account.id.as_str(), owner.account.tier), ("a1", Tier::Trial));
    assert!(!owner.account.is_linked() && owner.expires_at.is_none());
    store.add_key(&hash("k2"), "a2", NOW, Some("2026-02-01T00:00:00.000Z")).expect("added");
    let owner = store.key(&hash("k2")).expect("asked").expect("known");
    assert_eq!(owner.expires_at.as_deref(), Some("2026-02-01T00:00:00.000Z"));
    // A key that is there is never given to somebody else, and nothing is left of the attempt.
    assert_eq!(store.add_key(&hash("k1"), "a3", NOW, None), Err(StoreError::Taken));
    assert_eq!(store.preferences("a3"), Err(StoreError::Missing));
    assert_eq!(store.revoke(&hash("k2")), Ok(true));
    assert_eq!(store.revoke(&hash("k2")), Ok(false));
    assert_eq!(store.key(&hash("k2")), Ok(None));
}

fn a_code_links_a_key_once(store: &mut Store) {
    let (k, now) = (hash("k"), "2026-01-01T00:05:00.000Z");
    key(store, "k", "a");
    let end = "2026-01-01T00:10:00.000Z";
    store.keep_code(&k, "ann@example.org", "wrong one", end).expect("kept");
    store.keep_code(&k, "ann@example.org", "code", end).expect("kept");
    assert_eq!(store.try_code(&k, "wrong one", now), Ok(CodeCheck::Wrong), "the newest counts");
    assert_eq!(store.try_code(&hash("other"), "code", now), Ok(CodeCheck::Wrong));
    let late = store.try_code(&k, "code", "2026-01-01T00:10:00.000Z");
    assert_eq!(late, Ok(CodeCheck::Wrong), "too late");
    let linked = store.try_code(&k, "code", now).expect("tried");
    let CodeCheck::Linked(account) = linked else { panic!("{linked:?}") };
    assert_eq!((account.id.as_str(), account.email.as_deref()), ("a", Some("ann@example.org")));
    assert_eq!(store.try_code(&k, "code", now), Ok(CodeCheck::Wrong), "used");
    // After five wrong ones not even the right one is good.
    store.keep_code(&k, "ann@example.org", "code", end).expect("kept");
    for _ in 0..5 {
        assert_eq!(store.try_code(&k, "guess", now), Ok(CodeCheck::Wrong));
    }
    assert_eq!(store.try_code(&k, "code", now), Ok(CodeCheck::Wrong));
}

fn link(store: &mut Store, key: &str, email: &str) {
    let end = "2026-01-02T00:00:00.000Z";
    store.keep_code(&hash(key), email, "code", end).expect("kept");
    let linked = store.try_code(&hash(key), "code", NOW).expect("tried");
    assert!(matches!(linked, CodeCheck::Linked(_)), "{linked:?}");
}

fn call(store: &mut Store, id: &str, account: &str, direction: Direction) {
    let call = NewCall {
        id: id.into(),
        account: account.into(),
        key: None,
        direction,
        queued_at: NOW.into(),
        repeat: None,
    };
    assert_eq!(store.open_call(&call), Ok(Opened::New));
}

fn end(store: &mut Store, id: &str, at: &str, talk_seconds: u64) -> bool {
    let finished = Finished {
        call_id: id.into(),
        finalized_at: at.into(),
        talk_seconds,
        view: format!("{{\"id\":\"{id}\"}}"),
    };
    store.finish_call(&finished, 5).expect("kept")
}

fn used(store: &mut Store, key: &str) -> (u64, u64, i64) {
    let account = store.key(&hash(key)).expect("asked").expect("known").account;
    (account.talk_seconds, account.calls_counted, account.balance_seconds)
}

/// Two keys of one person: the second joins the first's account, and its calls come along.
fn what_was_used_stays_used(store: &mut Store) {
    for (k, a, call_id) in [("k1", "a1", "c1"), ("k2", "a2", "c2")] {
        key(store, k, a);
        call(store, call_id, a, Direction::Outbound);
        assert!(end(store, call_id, "2026-01-01T00:01:00.000Z", 60));
        link(store, k, "ann@example.org");
    }
    assert_eq!(used(store, "k1"), (120, 2, 0));
    assert_eq!(used(store, "k2"), (120, 2, 0));
    for id in ["c1", "c2"] {
        assert_eq!(store.call(id).expect("asked").expect("known").account, "a1");
    }
    // A key that is linked moves alone when it is linked to somebody else.
    key(store, "k3", "a3");
    link(store, "k3", "bob@example.org");
    link(store, "k2", "bob@example.org");
    assert_eq!(used(store, "k2"), (0, 0, 0));
    assert_eq!(used(store, "k1"), (120, 2, 0));
}

fn a_call_is_charged_once(store: &mut Store) {
    key(store, "k", "a");
    link(store, "k", "ann@example.org");
    for id in ["c1", "c2", "c3"] {
        call(store, id, "a", Direction::Outbound);
    }
    assert_eq!(store.calls_not_over().expect("asked").len(), 3);
    assert!(end(store, "c1", "2026-01-01T00:01:00.000Z", 60));
    assert!(!end(store, "c1", "2026-01-01T00:02:00.000Z", 61), "told twice");
    assert!(!end(store, "nobody's", NOW, 60), "of a call that never was");
    assert_eq!(used(store, "k"), (60, 1, 0));
    let kept = store.call("c1").expect("asked").expect("known");
    assert_eq!(kept.finalized_at.as_deref(), Some("2026-01-01T00:01:00.000Z"));
    assert_eq!(kept.view.as_deref(), Some("{\"id\":\"c1\"}"));
    // Too short to count as a call; from now on from the balance.
    assert!(end(store, "c2", NOW, 4));
    assert_eq!(used(store, "k"), (64, 1, 0));
    let grant = Grant { tier: Some(Tier::Paid), seconds: 100, ..Grant::default() };
    store.grant("ann@example.org", "unused", &grant, NOW).expect("granted");
    assert!(end(store, "c3", NOW, 130));
    assert_eq!(used(store, "k"), (194, 2, -30));
    assert_eq!(store.calls_not_over().expect("asked"), []);
    // What is forgotten stays charged.
    assert_eq!((store.forget_call("c1"), store.forget_call("c1")), (Ok(true), Ok(false)));
    assert_eq!(store.forget_before("2026-01-01T00:00:00.001Z"), Ok(2));
    assert_eq!(store.call("c2"), Ok(None));
    assert_eq!(used(store, "k"), (194, 2, -30));
}

fn a_request_that_comes_twice_is_one_call(store: &mut Store) {
    key(store, "k", "a");
    let repeat = |whose: &str, request: &str, since: &str| Repeat {
        whose: whose.into(),
        name: "name".into(),
        request: request.into(),
        since_iso: since.into(),
    };
    let new = |id: &str, account: &str, repeat: Repeat| NewCall {
        id: id.into(),
        account: account.into(),
        key: None,
        direction: Direction::Outbound,
        queued_at: NOW.into(),
        repeat: Some(repeat),
    };
    let early = "2025-12-31T00:00:00.000Z";
    assert_eq!(store.before(&repeat("a", "r", early)), Ok(None));
    assert_eq!(store.open_call(&new("c1", "a", repeat("a", "r", early))), Ok(Opened::New));
    let again = store.open_call(&new("c2", "a", repeat("a", "r", early)));
    assert_eq!(again, Ok(Opened::Before("c1".into())));
    assert_eq!(store.before(&repeat("a", "r", early)), Ok(Some(Opened::Before("c1".into()))));
    let another = store.open_call(&new("c2", "a", repeat("a", "other", early)));
    assert_eq!(another, Ok(Opened::Another));
    assert_eq!(store.call("c2"), Ok(None), "nothing was placed");
    // Somebody else's names are their own.
    assert_eq!(store.open_call(&new("c3", "b", repeat("b", "r", early))), Ok(Opened::New));
    // A call that did not begin may be asked for again; so may one of long ago.
    store.abandon_call("c1").expect("given up");
    assert_eq!(store.open_call(&new("c4", "a", repeat("a", "r", early))), Ok(Opened::New));
    let later = "2026-01-02T00:00:00.000Z";
    assert_eq!(store.open_call(&new("c5", "a", repeat("a", "r", later))), Ok(Opened::New));
}

fn history_is_one_accounts(store: &mut Store) {
    for (n, (account, direction)) in [
        ("a", Direction::Outbound),
        ("a", Direction::Inbound),
        ("b", Direction::Outbound),
        ("a", Direction::Outbound),
    ]
    .into_iter()
    .enumerate()
    {
        call(store, &format!("c{n}"), account, direction);
        end(store, &format!("c{n}"), &format!("2026-01-01T00:0{n}:00.000Z"), 10);
    }
    call(store, "c9", "a", Direction::Outbound);
    let mut ids = |account: &str, query: HistoryQuery| -> Vec<String> {
        let calls = store.history(account, &query).expect("asked");
        calls.into_iter().map(|call| call.id).collect()
    };
    let all = HistoryQuery { limit: 25, ..HistoryQuery::default() };
    assert_eq!(ids("a", all.clone()), ["c3", "c1", "c0"], "newest first, none under way");
    assert_eq!(ids("b", all.clone()), ["c2"]);
    assert_eq!(ids("nobody", all.clone()), Vec::<String>::new());
    assert_eq!(ids("a", HistoryQuery { limit: 1, ..all.clone() }), ["c3"]);
    let inbound = HistoryQuery { direction: Some(Direction::Inbound), ..all.clone() };
    assert_eq!(ids("a", inbound), ["c1"]);
    let at = Some("2026-01-01T00:01:00.000Z".to_owned());
    let since = HistoryQuery { since_iso: at.clone(), ..all.clone() };
    assert_eq!(ids("a", since), ["c3", "c1"], "inclusive");
    assert_eq!(ids("a", HistoryQuery { before_iso: at, ..all }), ["c0"], "exclusive");
}

fn preferences_are_replaced(store: &mut Store) {
    key(store, "k", "a");
    let kept = store.preferences("a").expect("asked");
    assert_eq!((kept.preferences, kept.profile, kept.number), (Preferences::default(), None, None));
    let eric = Preferences { voice: Some("eric".into()), ..Preferences::default() };
    store.set_preferences("a", &eric).expect("set");
    let profile = Profile {
        enabled: true,
        instructions: "Take a message.".into(),
        greeting: "Hello.".into(),
        handoff_number: Some("+12125550123".parse().expect("a number")),
        policy: InboundPolicy::Allowlist,
        allowlist: vec!["+12125550100".parse().expect("a number")],
    };
    store.set_profile("a", Some(&profile)).expect("set");
    store.set_preferences("a", &Preferences::default()).expect("reset");
    let kept = store.preferences("a").expect("asked");
    assert_eq!((kept.preferences, kept.profile), (Preferences::default(), Some(profile)));
    store.set_profile("a", None).expect("cleared");
    assert_eq!(store.preferences("a").expect("asked").profile, None);
}

fn an_operator_grants(store: &mut Store) {
    let number = |text: &str| Some(text.parse().expect("a number"));
    let grant = Grant { inbound: Some(true), number: number("+12125550100"), ..Grant::default() };
    let account = store.grant("ann@example.org", "a", &grant, NOW).expect("granted");
    assert!(account.inbound && account.id == "a" && account.tier == Tier::Trial);
    let more = Grant { tier: Some(Tier::Paid), seconds: 60, ..Grant::default() };
    let account = store.grant("ann@example.org", "unused", &more, NOW).expect("granted");
    assert!(account.inbound && account.balance_seconds == 60, "{account:?}");
    let owner = store.owner_of("+12125550100").expect("asked").expect("an owner");
    assert_eq!(owner.id, "a");
    assert_eq!(store.owner_of("+12125550101"), Ok(None));
    let reserved = store.number_of("a").expect("asked").expect("a number");
    assert_eq!((reserved.id, reserved.display.as_str()), (1, "(212) 555-0100"));
    // A number has one owner, an account one number.
    assert_eq!(store.grant("bob@example.org", "b", &grant, NOW), Err(StoreError::Taken));
    assert_eq!(store.account_of("bob@example.org"), Ok(None), "nothing of it");
    let moved = Grant { number: number("+12125550102"), ..Grant::default() };
    store.grant("ann@example.org", "unused", &moved, NOW).expect("granted");
    assert_eq!(store.owner_of("+12125550100"), Ok(None));
}

fn odd_texts_are_texts(store: &mut Store) {
    for (n, odd) in ["'; DROP TABLE keys; --", "$1", "%_\\", "\u{1F4DE} ünï", "\"", "x' OR '1'='1"]
        .into_iter()
        .enumerate()
    {
        store.add_key(odd, &format!("{odd}{n}"), NOW, None).expect(odd);
        let owner = store.key(odd).expect(odd).expect(odd);
        assert_eq!(owner.account.id, format!("{odd}{n}"));
        assert_eq!(store.account_of(odd), Ok(None));
        call(store, odd, odd, Direction::Outbound);
        assert!(end(store, odd, NOW, 1));
        assert_eq!(store.call(odd).expect(odd).expect(odd).account, odd);
    }
    assert_eq!(store.key("x"), Ok(None));
}
