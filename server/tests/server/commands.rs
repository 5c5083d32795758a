//! Commands against a server that runs, and against what it keeps.

use std::{process::Stdio, sync::atomic::Ordering};

use server::webhooks::Courier;
use sim::directory;
use tokio::{process::Command, time::timeout};

use crate::{
    house::{House, KEY, Line, PATIENCE, house},
    webhook::{customer, settled},
};

/// Exit code and what was printed.
async fn trunkline(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let done = timeout(PATIENCE, command.output()).await.expect("in time").expect("run");
    let text = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8(text).expect("text"))
}

async fn of_webhooks(house: &House, what: &[&str]) -> String {
    let server = format!("http://{}", house.address);
    let arguments = [&["webhook"], what, &["--server", &server, "--key", KEY]].concat();
    let (code, text) = trunkline(&arguments).await;
    assert_eq!(code, Some(0), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_set_looked_at_and_replayed() {
    let house = house(Line::Pipes).await;
    let courier = Courier::start(house.desk.ledger().clone(), true).expect("a courier");
    let mut customer = customer().await;
    let text = of_webhooks(&house, &["set", &customer.url]).await;
    assert!(text.contains("whsec_"), "{text}");
    customer.status.store(410, Ordering::Relaxed);
    let id = house.place(directory::BUSY).await;
    customer.is_told().await;
    settled(&courier, 1).await;
    let text = of_webhooks(&house, &["dead-letters"]).await;
    assert!(text.contains(&format!("msg_{id}")) && text.contains("answered with 410"), "{text}");
    customer.status.store(204, Ordering::Relaxed);
    let text = of_webhooks(&house, &["replay", "--all"]).await;
    assert_eq!(text, format!("sent again  msg_{id}\n"));
    customer.is_told().await;
    settled(&courier, 2).await;
    assert_eq!(of_webhooks(&house, &["dead-letters"]).await, "");
    let text = of_webhooks(&house, &["show"]).await;
    assert!(text.contains(&customer.url) && !text.contains("whsec_"), "{text}");
    assert!(of_webhooks(&house, &["remove"]).await.contains("true"));
    let server = format!("http://{}", house.address);
    let (code, text) = trunkline(&["webhook", "show", "--server", &server, "--key", KEY]).await;
    assert_eq!(code, Some(3), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_forgotten_in_folders_index_and_messages() {
    let house = house(Line::Pipes).await;
    house.linked(KEY, "ann@example.org").await;
    // Nobody carries it: it waits.
    let _ = of_webhooks(&house, &["set", "https://hooks.invalid/"]).await;
    let (mut ids, kept) = (Vec::new(), house.place(directory::REJECTS).await);
    house.ended(&kept).await;
    for _ in 0..2 {
        let id = house.place(directory::BUSY).await;
        house.ended(&id).await;
        ids.push(id);
    }
    // Of one only the index is left. Somebody may still be drawing in its folder, so it is taken away whole.
    std::fs::rename(house.call_dir(&ids[1]), house.dir.path().join("away")).expect("renamed");
    let (calls, store) = (house.dir.path().join("calls"), house.dir.path().join("store.db"));
    let set = [format!("calls_dir={}", calls.display()), format!("store.file={}", store.display())];
    let [calls_dir, file] = &set;
    let number = ["forget", "--number", directory::BUSY, "--set", calls_dir, "--set", file];
    let (code, text) = trunkline(&number).await;
    assert_eq!(code, Some(0), "{text}");
    for id in &ids {
        assert!(text.contains(&format!("forgotten   {id}")), "{text}");
        assert_eq!(house.get(&format!("/call/{id}")).await.0, 404);
        assert!(!house.call_dir(id).exists());
    }
    let history = house.get("/me/calls").await.1;
    assert!(history.contains(&kept) && !history.contains(directory::BUSY), "{history}");
    assert!(of_webhooks(&house, &["show"]).await.contains("waiting     1"));
    let (code, text) = trunkline(&number).await;
    assert!(code == Some(0) && text.contains("nothing"), "{text}");
}
