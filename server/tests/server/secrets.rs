//! Keys that are a secret: pressed like any others, and told to nobody afterwards.

use serde_json::{Value, json};

use crate::{
    house::{House, KEY, Line, house},
    peer::Peer,
};

/// All that readers of a call's events get, once it is over.
async fn events(house: &House, id: &str) -> String {
    let path = format!("/v1/calls/{id}/events");
    let answer = house.request("GET", &path).header("x-api-key", KEY).send().await;
    answer.expect("an answer").text().await.expect("text")
}

/// The keys in them: whose, which.
fn keys(events: &str) -> Vec<(String, String)> {
    let blocks = events.split("\n\n").filter(|block| block.contains("event: keys"));
    let data = blocks.filter_map(|block| block.lines().find_map(|it| it.strip_prefix("data: ")));
    data.map(|data| {
        let data: Value = serde_json::from_str(data).expect("JSON");
        let text = |name: &str| data[name].as_str().expect("text").to_owned();
        (text("by"), text("digits"))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_press_is_zeros_wherever_it_is_told() {
    let house = house(Line::Manual).await;
    let id = house.place("+12125550123").await;
    let mut peer = Peer::attach(&house, &id).await;
    peer.event("media").await;
    peer.press(&house, &id, '5').await;
    let path = format!("/v1/calls/{id}/digits");
    let (status, body) = house.post(&path, r#"{"digits":"47","sensitive":"yes"}"#).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("missing_fields")), "{body}");
    let mut happenings = house.exchange.find(&id).expect("known").watch();
    let body = json!({"digits": "4711982", "sensitive": true}).to_string();
    assert_eq!(house.post(&path, body).await.0, 202);
    let pressed = async {
        use server::call_task::Happening;
        loop {
            match happenings.recv().await.expect("alive") {
                Happening::Output(_, output)
                    if serde_json::to_string(&output).expect("JSON").contains("0000000") =>
                {
                    return;
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, pressed).await.expect("in time");
    // The line brings one of them back meanwhile.
    peer.press(&house, &id, '9').await;
    house.post(&format!("/call/{id}/hangup"), "").await;
    let shown = house.ended(&id).await.to_string();
    let events = events(&house, &id).await;
    let journal = house.journal(&id);
    for (name, text) in [("events", &events), ("journal", &journal), ("record", &shown)] {
        assert!(!text.contains("4711982"), "{name}: {text}");
        assert!(text.contains("0000000"), "{name} tells that there was a press: {text}");
    }
    let own = |by: &str, digits: &str| (by.to_owned(), digits.to_owned());
    let wanted = [own("callee", "5"), own("agent", "0000000"), own("callee", "0")];
    assert_eq!(keys(&events), wanted, "{events}");
}
