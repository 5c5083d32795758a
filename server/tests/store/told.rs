//! Who is told of a call's end, and that nothing of a call is left that is to be forgotten.

use agent::{
    brief::Brief,
    call::{CallConfig, Policy},
};
use platform::CallView;
use server::store::{Connection, NewCall, Opened, Room, Store, hash};
use telephony::Direction;

use crate::{NOW, key, link, used};

/// A call that is over, placed with a key or come in with none.
fn over(store: &mut Store, id: &str, account: &str, key: Option<&str>, to: &str) {
    let call = NewCall {
        id: id.into(),
        account: account.into(),
        key: key.map(hash),
        direction: if key.is_some() { Direction::Outbound } else { Direction::Inbound },
        queued_at: NOW.into(),
        repeat: None,
    };
    assert_eq!(store.open_call(&call), Ok(Opened::New));
    let config = CallConfig {
        direction: call.direction,
        to: to.parse().ok(),
        from: None,
        brief: Brief { task: format!("The secret of {id}."), ..Brief::default() },
        policy: Policy::default(),
    };
    let mut view = CallView::new(id, &config, NOW);
    view.lose(NOW, 7_000);
    store.finish_call(&view.finished().expect("over"), 5).expect("kept");
}

const SOMEBODY: &str = "+12125550142";

pub(crate) fn who_wants_it_is_told_of_ends(store: &mut Store) {
    for name in ["a", "b", "c"] {
        key(store, name, name);
    }
    let (a, b) = (hash("a"), hash("b"));
    let room = |each| Room { all: 9, each, ..Room::default() };
    over(store, "before", "a", Some("a"), SOMEBODY);
    store.set_webhook(&a, "https://old.example/", "whsec_old", NOW).expect("set");
    store.set_webhook(&a, "https://a.example/", "whsec_a", NOW).expect("set");
    store.set_webhook(&b, "https://b.example/", "whsec_b", NOW).expect("set");
    for (id, account) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c")] {
        over(store, id, account, Some(account), SOMEBODY);
    }
    let shown = store.webhook(&a).expect("asked").expect("set");
    assert_eq!((&*shown.url, shown.waiting, shown.last_said), ("https://a.example/", 2, None));
    let taken = store.take_messages(100, 160, &room(1)).expect("taken");
    let ids: Vec<_> = taken.iter().map(|message| &*message.id).collect();
    assert_eq!(ids, ["msg_a1", "msg_b1"]);
    let first = &taken[0];
    assert_eq!((&*first.url, &*first.secret, first.tries), ("https://a.example/", "whsec_a", 0));
    assert!(
        first.body.contains("\"type\":\"call.finalized\"") && first.body.contains("\"id\":\"a1\"")
    );
    store.message_arrived(&b, "msg_b1").expect("kept");
    store.message_waits(&a, "msg_a1", 1, 500, "answered with 503").expect("kept");
    let taken = store.take_messages(400, 460, &room(4)).expect("taken");
    assert_eq!(taken.len(), 1, "{:?}", taken.iter().map(|it| &it.id).collect::<Vec<_>>());
    store.lay_aside(&a, "msg_a2", 10, NOW, "could not connect").expect("kept");
    let letters = store.dead_letters(&a).expect("asked");
    assert_eq!((&*letters[0].id, letters[0].tries), ("msg_a2", 10));
    assert!(!store.replay_message(&b, "msg_a2", 1).expect("asked"));
    assert!(store.replay_message(&a, "msg_a2", 1).expect("asked"));
    let shown = store.webhook(&a).expect("asked").expect("set");
    assert_eq!((shown.waiting, shown.last_said), (2, None), "the replayed one is next");
    // A key that becomes part of an account keeps its webhook, and what waits for it.
    link(store, "b", "ann@example.org");
    link(store, "a", "ann@example.org");
    assert_eq!(store.webhook(&a).expect("asked").expect("its own").waiting, 2);
    assert_eq!(store.webhook(&b).expect("asked").expect("its own").waiting, 0);
    assert!(store.remove_webhook(&a).expect("removed"));
    assert!(!store.remove_webhook(&a).expect("removed"));
    assert!(store.take_messages(9_999, 9_999, &room(9)).expect("taken").is_empty());
}

/// A call is its key's to hear of; one that came in is told once to each place.
pub(crate) fn a_call_that_came_in_is_told_to_each_place_once(store: &mut Store) {
    for (name, url) in [("a", "https://one/"), ("b", "https://one/"), ("c", "https://two/")] {
        key(store, name, name);
        link(store, name, "ann@example.org");
        store.set_webhook(&hash(name), url, "whsec_", NOW).expect("set");
    }
    key(store, "d", "d");
    store.set_webhook(&hash("d"), "https://stranger/", "whsec_", NOW).expect("set");
    over(store, "in", "a", None, SOMEBODY);
    let room = Room { all: 9, each: 9, ..Room::default() };
    let taken = store.take_messages(1, 2, &room).expect("taken");
    let mut urls: Vec<_> = taken.iter().map(|message| &*message.url).collect();
    urls.sort_unstable();
    assert_eq!(urls, ["https://one/", "https://two/"]);
    assert!(taken.iter().all(|message| message.id == "msg_in"));
    // Each goes its own way.
    store.message_arrived(&taken[0].key, "msg_in").expect("kept");
    assert!(store.take_messages(3, 4, &room).expect("taken") == taken[1..]);
    assert!(store.revoke(&taken[1].key).expect("revoked"));
    assert!(store.take_messages(5, 6, &room).expect("taken").is_empty());
}

pub(crate) fn what_is_forgotten_is_told_to_nobody(store: &mut Store) {
    key(store, "a", "a");
    store.set_webhook(&hash("a"), "https://a.example/", "whsec_", NOW).expect("set");
    for (id, to) in
        [("c1", SOMEBODY), ("c2", SOMEBODY), ("c3", "+12125550143"), ("c4", "+12125550143")]
    {
        over(store, id, "a", Some("a"), to);
    }
    assert_eq!(used(store, "a").0, 28);
    let waiting =
        |store: &mut Store| store.webhook(&hash("a")).expect("asked").expect("set").waiting;
    assert_eq!(waiting(store), 4);
    assert_eq!(store.forget_number(&"+1212555014".parse().expect("a number")), Ok(Vec::new()));
    assert_eq!(
        store.forget_number(&SOMEBODY.parse().expect("a number")),
        Ok(vec!["c1".to_owned(), "c2".to_owned()])
    );
    assert_eq!((store.call("c1"), waiting(store)), (Ok(None), 2));
    assert_eq!(store.forget_call("c3"), Ok(true));
    assert_eq!(waiting(store), 1);
    assert_eq!(store.forget_before("2026-01-01T00:00:00.001Z"), Ok(1));
    assert_eq!(waiting(store), 0);
    assert_eq!(used(store, "a").0, 28, "what is forgotten stays charged");
}

/// A data base of the second form, in which webhooks were accounts'.
pub(crate) fn webhooks_of_accounts_become_those_of_their_keys(mut old: Box<dyn Connection>) {
    old.batch("CREATE TABLE migrations (version BIGINT PRIMARY KEY)").expect("made");
    old.batch(include_str!("../../src/store/migrations/0001.sql")).expect("made");
    old.batch(include_str!("../../src/store/migrations/0002.sql")).expect("made");
    old.batch(
        "INSERT INTO migrations (version) VALUES (1), (2); \
         INSERT INTO accounts (id, email, tier, balance_seconds, talk_seconds, calls_counted, inbound, \
         preferences, created_at) VALUES ('a', 'ann@example.org', 'trial', 0, 0, 0, 0, '{}', 'T'); \
         INSERT INTO keys (hash, account, created_at) VALUES ('k1', 'a', 'T'), ('k2', 'a', 'T'); \
         INSERT INTO calls (id, account, direction, queued_at) VALUES ('c', 'a', 'outbound', 'T'); \
         INSERT INTO webhooks VALUES ('a', 'https://a.example/', 'whsec_a', 'T'); \
         INSERT INTO messages VALUES ('msg_1', 'a', '{}', 'T', 0, 7, NULL, NULL); \
         INSERT INTO messages VALUES ('msg_2', 'a', '{}', 'T', 9, NULL, 'T', 'gone')",
    )
    .expect("filled");
    let mut store = Store::open(old).expect("brought to the newest form");
    for (key, waiting, laid_aside) in [("k1", 1, 1), ("k2", 0, 0)] {
        let webhook = store.webhook(key).expect("asked").expect("set");
        assert_eq!((&*webhook.url, webhook.waiting), ("https://a.example/", waiting));
        assert_eq!(store.dead_letters(key).expect("asked").len(), laid_aside);
    }
    let room = Room { all: 9, each: 9, ..Room::default() };
    let taken = store.take_messages(8, 9, &room).expect("taken");
    assert_eq!(taken.len(), 1, "nobody is told twice");
    assert_eq!((&*taken[0].id, &*taken[0].secret), ("msg_1", "whsec_a"));
    assert_eq!(store.call("c").expect("asked").expect("still there").account, "a");
}
