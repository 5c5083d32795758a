//! One call with everything real that can be: embedded ear, mouth, brain and judge, on both ends.

use std::{net::SocketAddr, path::Path};

use platform::CallRequest;
use server::{assembly, config::Config, vendors::Cast};
use sim::directory;
use tokio::time::timeout;

use crate::house::PATIENCE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_tells_its_hours_and_is_understood() {
    let dir = tempfile::tempdir().expect("a folder");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let config =
        Config { calls_dir: dir.path().to_owned(), models_dir: Some(models), ..Config::default() };
    let cast = Cast::load(&config, &mut |_| {}).expect("models");
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let running = assembly::start(&config, cast, nowhere).expect("started");
    let body = format!(
        r#"{{"to":"{}","task":"Ask for the opening hours on Saturday."}}"#,
        directory::OPENING_HOURS
    );
    let request = CallRequest::from_json(body.as_bytes()).expect("a request");
    let id = running.exchange.place(request).await.expect("placed");
    let call = running.exchange.find(&id).expect("known");
    timeout(2 * PATIENCE, call.over()).await.expect("over in time");
    let body = call.body();
    assert_eq!(body["outcome"], "answered", "{body:#}");
    let lines = body["transcript"].as_array().expect("a transcript");
    let heard: Vec<_> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    let heard = heard.join(" ").to_lowercase();
    assert!(heard.contains("hardware") && heard.contains("monday"), "{heard}");
    let same = server::replay::replay(&call.dir, false).expect("readable");
    assert!(same.is_ok(), "{same:?}");
}
