//! Nobody sees or touches a call of somebody else's, whatever they ask and however they write its id.

use serde_json::{Value, json};
use server::store;
use sim::directory;

use crate::house::{House, KEY, Line, house};

const STRANGER: &str = "clawcall_sk_a-stranger";

/// Every route that takes an id, and what may be sent to it.
const ROUTES: [(&str, &str); 14] = [
    ("GET", "/call/{id}"),
    ("POST", "/call/{id}/hangup"),
    ("GET", "/call/{id}/recording"),
    ("GET", "/v1/calls/{id}/events"),
    ("POST", "/v1/calls/{id}/say"),
    ("POST", "/v1/calls/{id}/digits"),
    ("POST", "/v1/calls/{id}/bridge"),
    ("POST", "/v1/webhook/dead-letters/{id}/replay"),
    ("GET", "/v1/webhook/dead-letters"),
    ("GET", "/v1/webhook"),
    ("GET", "/me/calls"),
    ("GET", "/me/calls?direction=outbound"),
    ("GET", "/me"),
    ("GET", "/balance"),
];

/// The same id in other words: none of them is a way around.
fn tricks(id: &str) -> Vec<String> {
    vec![
        id.to_owned(),
        id.to_uppercase(),
        format!("{id}%00"),
        format!("%2e%2e%2f{id}"),
        format!("x%2f..%2f{id}"),
        format!("{id}%2fhangup"),
        format!("{id}'%20OR%20'1'='1"),
        format!("{id}%20"),
        format!("%20{id}"),
        "%ff%fe".to_owned(),
        "..".to_owned(),
        "%252e%252e".to_owned(),
        "a".repeat(5_000),
    ]
}

async fn text(house: &House, method: &str, path: &str, key: Option<&str>) -> (u16, String) {
    let answer = house.ask(method, path, key, "").await;
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_never_see_each_others_calls() {
    let house = house(Line::Pipes).await;
    let add = |store: &mut store::Store| {
        store.add_key(&store::hash(STRANGER), "a stranger", "2026-01-01T00:00:00.000Z", None)
    };
    house.desk.ledger().ask(add).await.expect("added");
    house.linked(KEY, "ann@example.org").await;
    house.linked(STRANGER, "eve@example.org").await;
    // One call under way, one that is over and recorded.
    let secret = "The secret is PINEAPPLE.";
    let place = async |number: &str| {
        let body = json!({"to": number, "task": secret}).to_string();
        let (status, body) = house.post("/call", body).await;
        assert_eq!(status, 201, "{body}");
        body["call_id"].as_str().expect("an id").to_owned()
    };
    let over = place(directory::HANGS_UP).await;
    house.ended(&over).await;
    let live = place(directory::SILENT).await;
    house.reaches(&live, "answered").await;
    for id in [&live, &over] {
        for (method, route) in ROUTES {
            for trick in tricks(id) {
                let path = route.replace("{id}", &trick);
                for key in [Some(STRANGER), None] {
                    let (status, body) = text(&house, method, &path, key).await;
                    assert!(status < 500, "{method} {path}: {status} {body}");
                    let told = body.contains("PINEAPPLE") || body.contains(id.as_str());
                    assert!(!told, "{method} {path}: {body}");
                    if route.contains("{id}") {
                        let wanted = if key.is_some() { 404 } else { 401 };
                        let code = serde_json::from_str::<Value>(&body).expect("JSON");
                        let code = code["error"]["code"].as_str().unwrap_or_default().to_owned();
                        let may = status == wanted
                            || (status == 405 && path.ends_with(".."))
                            || trick == "..";
                        assert!(may && !code.is_empty(), "{method} {path}: {status} {body}");
                    }
                }
            }
        }
    }
    // Its owner still has both, and the stranger has hung nothing up.
    assert_eq!(house.exchange.find(&live).expect("known").body()["lifecycle"], "answered");
    for id in [&live, &over] {
        let (status, body) = text(&house, "GET", &format!("/call/{id}"), Some(KEY)).await;
        assert!(status == 200 && body.contains("PINEAPPLE"), "{body}");
    }
    // A call the process has forgotten is read from the store, by its owner alone as well.
    let history = text(&house, "GET", "/me/calls", Some(STRANGER)).await.1;
    assert!(history.contains("\"calls\":[]"), "{history}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_with_an_id_is_left_out() {
    let house = house(Line::Pipes).await;
    let document: Value = serde_json::from_str(&house.get("/openapi.json").await.1).expect("JSON");
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            let tried = ROUTES.contains(&(method.as_str(), path.as_str()));
            assert!(tried || !path.contains("{id}"), "{method} {path} is not tried above");
        }
    }
}
