//! A call's events over HTTP: from the first to the last, taken up where they broke off, and what its owner may ask of it
//! meanwhile.

use serde_json::{Value, json};
use sim::directory;
use tokio::time::timeout;

use crate::house::{House, Line, PATIENCE, house};

/// A stream of events, read as text.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

/// One event.
#[derive(Debug)]
struct Event {
    id: u64,
    name: String,
    data: Value,
}

impl Stream {
    async fn open(house: &House, id: &str, last: Option<&str>) -> Self {
        let url = format!("http://{}/v1/calls/{id}/events", house.address);
        let mut request = reqwest::Client::new().get(url);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, text: String::new() }
    }

    /// The next event; nothing when the server has closed the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim_start().to_owned())
                };
                let event = field("data:").map(|data| Event {
                    id: field("id:").expect("an id").parse().expect("a number"),
                    name: field("event:").expect("a name"),
                    data: serde_json::from_str(&data).expect("JSON"),
                });
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let piece = timeout(PATIENCE, self.answer.chunk()).await.expect("in time");
            self.text.push_str(std::str::from_utf8(&piece.expect("whole")?).expect("UTF-8"));
        }
    }

    async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_told_from_the_first_to_the_last() {
    let house = house(Line::Pipes).await;
    let id = house.place(directory::OPENING_HOURS).await;
    let events = Stream::open(&house, &id, None).await.rest().await;
    assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id), "{events:?}");
    let states: Vec<_> = events.iter().filter(|event| event.name == "state").collect();
    let states: Vec<_> = states.iter().map(|event| &event.data["lifecycle"]).collect();
    assert_eq!(states, ["queued", "dialing", "answered", "finalized"]);
    let body = house.ended(&id).await;
    let mut lines = vec![Value::Null; body["transcript"].as_array().expect("lines").len()];
    for event in events.iter().filter(|event| event.name == "line") {
        let index = event.data["index"].as_u64().expect("an index") as usize;
        lines[index] = event.data["text"].clone();
    }
    let said: Vec<_> = body["transcript"].as_array().expect("lines").iter().collect();
    assert_eq!(lines, said.iter().map(|line| line["text"].clone()).collect::<Vec<_>>());
    let last = events.last().expect("an event");
    assert_eq!((&*last.name, &last.data["outcome"]), ("end", &json!("answered")));
    assert_eq!(last.data["talk_seconds"], body["talk_seconds"]);

    // Later, and from any place.
    let middle = &events[events.len() / 2];
    let rest = Stream::open(&house, &id, Some(&middle.id.to_string())).await.rest().await;
    let ids: Vec<_> = rest.iter().map(|event| event.id).collect();
    let expected: Vec<_> =
        events.iter().map(|event| event.id).filter(|id| *id > middle.id).collect();
    assert_eq!(ids, expected);
    let rest = Stream::open(&house, &id, Some(&last.id.to_string())).await.rest().await;
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_refused() {
    let house = house(Line::Pipes).await;
    let (status, body) = house.get("/v1/calls/no-such-call/events").await;
    assert_eq!(status, 404, "{body}");
    let id = house.place(directory::NO_ANSWER).await;
    let url = format!("http://{}/v1/calls/{id}/events", house.address);
    for bad in ["x", "-1", "1.5", "99999999999999999999999"] {
        let request = reqwest::Client::new().get(&url).header("last-event-id", bad);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{bad}");
    }
    let mut readers = Vec::new();
    for _ in 0..server::call_task::READERS_MAX {
        readers.push(Stream::open(&house, &id, None).await);
    }
    let (status, body) = house.get(&format!("/v1/calls/{id}/events")).await;
    assert_eq!(status, 503, "{body}");
    house.post(&format!("/call/{id}/hangup"), "").await;
    for reader in readers {
        assert_eq!(reader.rest().await.last().map(|event| &*event.name), Some("end"));
    }
    // Whoever has left makes room.
    let rest = Stream::open(&house, &id, None).await.rest().await;
    assert_eq!(rest.last().map(|event| event.data["outcome"].clone()), Some(json!("cancelled")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_call_says_and_presses_what_its_owner_asks() {
    let house = house(Line::Pipes).await;
    let body = json!({
        "to": directory::SILENT, "task": "Wait.", "bridge_number": directory::DENTIST,
    });
    let (_, placed) = house.post("/call", body.to_string()).await;
    let id = placed["call_id"].as_str().expect("an id").to_owned();
    let path = |what: &str| format!("/v1/calls/{id}/{what}");
    for (what, body, status, code) in [
        ("say", r#"{"text":"Hello"}"#, 409, "conflict"),
        ("say", r#"{"text":" "}"#, 400, "missing_fields"),
        ("say", "{", 400, "missing_fields"),
        ("digits", r#"{"digits":7}"#, 400, "missing_fields"),
        ("digits", r#"{"digits":"call me"}"#, 400, "invalid_digits"),
        ("bridge", "", 409, "conflict"),
    ] {
        let (got, answer) = house.post(&path(what), body).await;
        assert_eq!((got, answer["error"]["code"].as_str()), (status, Some(code)), "{what} {body}");
    }
    let (status, answer) = house.post("/v1/calls/nope/bridge", "").await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!("call_not_found")));
    house.reaches(&id, "answered").await;
    let mut events = Stream::open(&house, &id, None).await;
    let (status, answer) = house.post(&path("digits"), r#"{"digits":"1w#"}"#).await;
    assert_eq!((status, &answer["success"]), (202, &json!(true)), "{answer}");
    let (status, _) = house.post(&path("say"), r#"{"text":"Please hold on."}"#).await;
    assert_eq!(status, 202);
    let (mut pressed, mut noted, mut said) = (false, false, false);
    while !(pressed && noted && said) {
        let event = events.next().await.expect("the call lasts");
        pressed |= event.name == "keys" && event.data["digits"] == "1w#";
        noted |= event.name == "line" && event.data["tool"] == "press_digits";
        said |= event.name == "line" && event.data["text"] == "Please hold on.";
    }
    house.post(&format!("/call/{id}/hangup"), "").await;
    house.ended(&id).await;
    let (status, answer) = house.post(&path("say"), r#"{"text":"Hello"}"#).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("conflict")), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_the_users_number_is_joined_with_nobody() {
    let house = house(Line::Pipes).await;
    let id = house.place(directory::SILENT).await;
    house.reaches(&id, "answered").await;
    let body = json!({ "to": directory::DENTIST, "bridge_number": directory::DENTIST });
    let (status, answer) = house.post(&format!("/v1/calls/{id}/bridge"), body.to_string()).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("no_bridge_number")), "{answer}");
}
