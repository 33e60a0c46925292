//! The OpenAPI document beside the code is the one that the code describes.

use std::path::Path;

use countersign_server::openapi;

use crate::house::{House, Who};

#[test]
fn openapi_snapshot_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let mut now = serde_json::to_string_pretty(&openapi()).unwrap();
    now.push('\n');
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "crates/server/openapi.json is stale: run `make openapi`");
}

#[tokio::test]
async fn openapi_is_served() {
    let house = House::new().await;
    let answer = house.send(&Who::Nobody, "GET", "/api/openapi.json", None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), serde_json::to_value(openapi()).unwrap());
}

/// Every reference leads to a schema, every operation has a name of its own, and every `{name}` in a path is described.
#[test]
fn openapi_is_whole() {
    let document = serde_json::to_value(openapi()).unwrap();
    let text = document.to_string();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
    }
    let mut names = std::collections::HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{method} {path}: {name} is there twice");
            let described: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let in_path: Vec<&str> =
                path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            assert_eq!(described, in_path, "{method} {path}");
        }
    }
}
