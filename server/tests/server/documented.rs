//! The OpenAPI document and its page: what they say is there is there, and nothing is fetched.

use serde_json::Value;

use crate::house::{Line, house};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_route_is_served_and_every_schema_is_there() {
    let house = house(Line::Pipes).await;
    let (status, document) = house.get("/openapi.json").await;
    assert_eq!(status, 200);
    let whole: Value = serde_json::from_str(&document).expect("JSON");
    let mut routes = 0;
    for (path, methods) in whole["paths"].as_object().expect("paths") {
        let path = path.replace("{id}", "x").replace("{token}", "x");
        for method in methods.as_object().expect("methods").keys() {
            let answer = house.ask(&method.to_uppercase(), &path, None, "").await;
            let status = answer.status().as_u16();
            let body = answer.text().await.expect("text");
            assert!(
                status != 405 && !body.contains("there is nothing here"),
                "{method} {path}: {body}"
            );
            routes += 1;
        }
    }
    assert!(routes >= 15, "{routes}");
    for name in document.split("#/components/schemas/").skip(1) {
        let name = name.split('"').next().expect("a name");
        assert!(whole["components"]["schemas"][name].is_object(), "{name} is not described");
    }
    let page = house.ask("GET", "/docs", None, "").await;
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    let page = page.text().await.expect("text");
    assert!(page.contains("/me/call-preferences") && page.contains("CallBody"), "{page}");
    for fetched in ["src=", "<link", "<script", "url(", "@import", "http://", "https://"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
}
