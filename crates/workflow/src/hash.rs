//! The content hash that signatures, reviews and releases are bound to.

use countersign_model::Annotation;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256, as 64 lower-case hex digits, of the annotations of a read.
///
/// The bytes hashed are one JSON array: the annotations in ascending order of their id (as UUID bytes, then by
/// version), each as the JSON object that its type serialises to, written by [`canonical_json`]. An empty read
/// hashes the two bytes `[]`.
///
/// Id, version, class, frame, shape, attributes, author and score are all inside, so the hash changes when any of
/// them does; the order in which annotations were drawn or fetched does not matter.
pub fn content_hash(annotations: &[Annotation]) -> String {
    let mut order: Vec<&Annotation> = annotations.iter().collect();
    order.sort_by_key(|annotation| (annotation.id, annotation.version));
    let mut hasher = Sha256::new();
    hasher.update(b"[");
    let mut text = String::new();
    for (index, annotation) in order.into_iter().enumerate() {
        text.clear();
        if index > 0 {
            text.push(',');
        }
        // Serialising cannot fail: every map key of an annotation is a string.
        let value = serde_json::to_value(annotation).unwrap_or(Value::Null);
        write_canonical(&value, &mut text);
        hasher.update(text.as_bytes());
    }
    hasher.update(b"]");
    hex::encode(hasher.finalize())
}

/// JSON with one spelling per value: no white space, object keys in ascending order of their UTF-8 bytes, strings
/// escaped only where JSON demands it, integers as digits, other numbers as the shortest decimal that reads back to
/// the same f64 (always with `.` or `e`, so `1.0` stays `1.0`).
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(value, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            // Sorted here, because a dependency may switch serde_json to keep insertion order.
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use countersign_model::{AnnotationId, Arrangement, Author, FrameRef, Shape, UserId};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn mark(id: u128, x: f64) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(id)),
            version: 1,
            class: "car".into(),
            frame: Some(FrameRef { stream: 0, index: 2 }),
            shape: Shape::Box { x, y: 0.1, w: 1.0, h: 1e21 },
            attributes: [("occluded".to_owned(), Value::Bool(true))].into(),
            author: Author::Human { user: UserId(Uuid::from_u128(9)) },
            score: None,
            arrangement: Arrangement::default(),
            unclear: None,
        }
    }

    #[test]
    fn hashes_exactly_the_bytes_that_are_documented() {
        let digest = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
        assert_eq!(content_hash(&[]), digest("[]"));
        let one = concat!(
            r#"{"attributes":{"occluded":true},"#,
            r#""author":{"kind":"human","user":"00000000-0000-0000-0000-000000000009"},"class":"car","#,
            r#""frame":{"index":2,"stream":0},"id":"00000000-0000-0000-0000-000000000001","#,
            r#""shape":{"h":1e+21,"type":"box","w":1.0,"x":3.0,"y":0.1},"version":1}"#,
        );
        assert_eq!(canonical_json(&serde_json::to_value(mark(1, 3.0)).unwrap()), one);
        let two = one.replace("0000-000000000001", "0000-000000000002");
        assert_eq!(content_hash(&[mark(2, 3.0), mark(1, 3.0)]), digest(&format!("[{one},{two}]")));
    }

    #[test]
    fn records_without_the_newer_fields_hash_as_before_there_were_any() {
        // Written by hand, as releases have held them since the first one.
        let old = concat!(
            r#"[{"author":{"kind":"human","user":"00000000-0000-0000-0000-000000000009"},"class":"car","#,
            r#""id":"00000000-0000-0000-0000-000000000001","#,
            r#""shape":{"points":[[1.0,2.0],[30.5,2.0],[4.0,9.25]],"type":"polygon"},"version":3}]"#,
        );
        let read: Vec<Annotation> = serde_json::from_str(old).unwrap();
        assert_eq!(content_hash(&read), hex::encode(Sha256::digest(old.as_bytes())));
        let arranged =
            Annotation { arrangement: Arrangement { z: 1, ..Arrangement::default() }, ..read[0].clone() };
        assert_ne!(content_hash(&[arranged]), content_hash(&read));
        let doubted = Annotation { unclear: Some(Default::default()), ..read[0].clone() };
        assert_ne!(content_hash(&[doubted]), content_hash(&read));
    }

    proptest! {
        #[test]
        fn survives_storage_as_text_and_any_order(xs in prop::collection::vec(-1e7..1e7_f64, 0..20), seed in 0_usize..20) {
            let marks: Vec<_> = xs.iter().zip(1..).map(|(x, id)| mark(id, *x)).collect();
            let mut stored: Vec<Annotation> = marks
                .iter()
                .map(|mark| serde_json::from_str(&canonical_json(&serde_json::to_value(mark).unwrap())).unwrap())
                .collect();
            let turn = seed % stored.len().max(1);
            stored.rotate_left(turn);
            prop_assert_eq!(content_hash(&stored), content_hash(&marks));
        }

        #[test]
        fn any_change_changes_it(x in -1e6..1e6_f64, dx in 0.001..10.0_f64) {
            let hash = content_hash(&[mark(1, x)]);
            prop_assert_ne!(&content_hash(&[mark(1, x + dx)]), &hash);
            prop_assert_ne!(&content_hash(&[mark(3, x)]), &hash);
            prop_assert_ne!(&content_hash(&[mark(1, x), mark(2, x)]), &hash);
            let newer = Annotation { version: 2, ..mark(1, x) };
            prop_assert_ne!(&content_hash(&[newer]), &hash);
            let machine = Annotation { author: Author::Model { name: "m".into(), version: "1".into() }, ..mark(1, x) };
            prop_assert_ne!(&content_hash(&[machine]), &hash);
        }
    }
}
