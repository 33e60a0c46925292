//! The OpenAPI document beside the code is the one that the code describes.

use std::path::Path;

use countersign_server::{openapi, protocol_schema};
use serde_json::Value;

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

/// Two types of one name would silently become one schema, and the page would be given the wrong one of them.
#[test]
fn no_two_types_share_a_schema_name() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    let mut found = std::collections::BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_test = path.file_name().is_some_and(|name| name == "tests" || name == "target");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for name in schema_names(&text) {
                    let before = found.insert(name.clone(), path.clone());
                    assert!(before.is_none(), "{name}: {} and {}", path.display(), before.unwrap().display());
                }
            }
        }
    }
    assert!(found.len() > 200, "{}", found.len());
}

/// Names of the types with a schema in a source file, as the document calls them.
fn schema_names(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(str::trim);
    let mut names = Vec::new();
    while let Some(line) = lines.next() {
        if !(line.starts_with("#[") && line.contains("derive(") && line.contains("ToSchema")) {
            continue;
        }
        let mut called = None;
        for line in lines.by_ref() {
            if let Some((_, name)) = line.split_once("schema(as = ") {
                called = name.split([')', ',']).next().map(str::to_owned);
            }
            let mut words = line.split([' ', '<', '(', ';', '{']).filter(|word| !word.is_empty());
            if words.by_ref().any(|word| word == "struct" || word == "enum") && !line.starts_with('/') {
                names.extend(called.or_else(|| words.next().map(str::to_owned)));
                break;
            }
        }
    }
    names
}

#[test]
fn openapi_schema_of_protocols_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.schema.json");
    let mut now = serde_json::to_string_pretty(&protocol_schema()).unwrap();
    now.push('\n');
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "docs/protocol.schema.json is stale: run `make openapi`");
}

/// What a schema refuses about a value, as far as the keywords go that the schema of protocols uses.
fn refused(schema: &Value, root: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{name}"));
        return refused(target, root, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| refused(choice, root, value, at).is_none()).count();
        return (fitting != 1).then(|| format!("{at}: fits {fitting} of its choices"));
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: a type {other}"),
    };
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        return Some(format!("{at}: is no {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Some(format!("{at}: is none of {}", schema["enum"]));
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        return list
            .iter()
            .enumerate()
            .find_map(|(i, entry)| refused(items, root, entry, &format!("{at}[{i}]")));
    }
    let object = value.as_object()?;
    let missing = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(name) = missing.into_iter().find(|name| !object.contains_key(*name)) {
        return Some(format!("{at}: lacks {name}"));
    }
    object.iter().find_map(|(key, value)| match schema["properties"].get(key) {
        Some(property) => refused(property, root, value, &format!("{at}.{key}")),
        None if schema["additionalProperties"] == false => Some(format!("{at}: knows no {key}")),
        None => None,
    })
}

#[test]
fn the_schema_takes_what_ships_and_refuses_what_the_reader_refuses() {
    let schema = protocol_schema();
    let check = |value: &Value| refused(&schema, &schema, value, "protocol");
    for (name, document) in countersign_workflow::shipped() {
        let protocol = countersign_workflow::parse_protocol(document).unwrap();
        let mut value = serde_json::to_value(&protocol).unwrap();
        assert_eq!(check(&value), None, "{name}");
        value["stages"][0]["kind"] = "reed".into();
        assert!(check(&value).unwrap().contains("stages[0].kind"));
        value["stages"][0]["kind"] = "read".into();
        value["stages"][0]["readeers"] = 2.into();
        assert!(check(&value).unwrap().contains("readeers"));
    }
    // Every field that a stage can be written with is in it.
    let stage = countersign_model::Stage {
        qualification: Some("chest_ct".parse().unwrap()),
        blind: vec![countersign_model::Blinding::Names],
        readers: 2,
        readers_max: Some(3),
        readers_min: Some(1),
        merge: Some(countersign_model::MergeRule::One),
        escalate_to: Some(countersign_model::Role::Owner),
        escalate_hours: Some(1),
        share: Some(0.5),
        fresh_eyes: true,
        rework_cap: Some(2),
        on_reject: countersign_model::ReturnTo::Choose,
        agreement: countersign_model::Agreement {
            majority: true,
            surface_px: Some(1.0),
            ..Default::default()
        },
        ..countersign_model::Stage::plain("all", countersign_model::StageKind::Read, None)
    };
    let written = serde_json::to_value(stage).unwrap();
    let known = schema["$defs"]["Stage"]["properties"].as_object().unwrap();
    let mut written: Vec<&String> = written.as_object().unwrap().keys().collect();
    let mut known: Vec<&String> = known.keys().collect();
    written.sort();
    known.sort();
    assert_eq!(written, known);
}
