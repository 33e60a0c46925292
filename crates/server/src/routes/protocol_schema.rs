//! The JSON Schema of a protocol document, made of the same types that read it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use axum::Json;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Where the words of the interface's document stand.
const FROM: &str = "#/components/schemas/";
/// Where those of the schema stand.
const TO: &str = "#/$defs/";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(schema))
}

/// The JSON Schema (2020-12) of a protocol document, for editors that complete and check YAML. Open to everybody.
#[utoipa::path(
    get, path = "/protocol.schema.json", tag = "protocols", security(()),
    responses((status = 200, description = "A JSON Schema.", content_type = "application/json"))
)]
async fn schema() -> Json<Value> {
    static MADE: OnceLock<Value> = OnceLock::new();
    Json(MADE.get_or_init(protocol_schema).clone())
}

/// The JSON Schema of a protocol document.
pub fn protocol_schema() -> Value {
    let document = serde_json::to_value(crate::openapi()).unwrap_or_default();
    let words = &document["components"]["schemas"];
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    let mut wanted = BTreeSet::from(["Protocol".to_owned()]);
    while let Some(name) = wanted.pop_first() {
        let mut word = words[&name].clone();
        refer(&mut word, &mut wanted);
        found.insert(name, word);
        wanted.retain(|name| !found.contains_key(name));
    }
    if let Some(Value::Object(stage)) = found.get_mut("Stage") {
        // What a type cannot say: a meaning belongs to a signature.
        let signs = json!({ "properties": { "kind": { "const": "sign" } } });
        let none = json!({ "properties": { "meaning": {
            "type": "null", "description": "A meaning belongs to a stage of kind sign.",
        } } });
        stage.insert("if".into(), signs);
        stage.insert("else".into(), none);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:countersign:protocol",
        "title": "Countersign protocol",
        "$ref": "#/$defs/Protocol",
        "$defs": found,
    })
}

/// Turns references to the interface's words into references to the schema's, and collects them.
fn refer(value: &mut Value, wanted: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().and_then(|text| text.strip_prefix(FROM)) {
                    Some(name) if key == "$ref" => {
                        wanted.insert(name.to_owned());
                        *value = format!("{TO}{name}").into();
                    }
                    _ => refer(value, wanted),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| refer(value, wanted)),
        _ => {}
    }
}
