//! JSON lines: nothing is lost, and nothing may be changed unnoticed.

use countersign_exchange::native::{Reader, write_item};
use countersign_model::Annotation;
use countersign_workflow::content_hash;
use proptest::prelude::*;

use crate::world::{item, marks, read, shapes};

fn write(lists: &[Vec<Annotation>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (n, marks) in (1..).zip(lists) {
        let hash = content_hash(marks);
        let count = write_item(&mut out, item(n), read(n), ("images", 1), marks, &hash).unwrap();
        assert_eq!(count as usize, marks.len());
    }
    out
}

fn read_all(bytes: &[u8]) -> Result<Vec<countersign_exchange::native::Item>, String> {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    while let Some(item) = reader.next_item().map_err(|error| error.to_string())? {
        items.push(item);
    }
    Ok(items)
}

proptest! {
    #[test]
    fn loses_nothing(lists in prop::collection::vec(marks(shapes(), 6), 0..5)) {
        let items = read_all(&write(&lists)).unwrap();
        prop_assert_eq!(items.len(), lists.len());
        for ((n, found), mut marks) in (1..).zip(items).zip(lists) {
            marks.sort_by_key(|mark| mark.id);
            prop_assert_eq!((found.head.item_id, found.head.read_id), (item(n), read(n)));
            prop_assert_eq!(&found.head.content_hash, &content_hash(&marks));
            prop_assert_eq!(found.annotations, marks);
        }
    }

    #[test]
    fn notices_a_changed_digit(list in marks(shapes(), 6), at in any::<prop::sample::Index>()) {
        let bytes = write(&[list]);
        let digits: Vec<usize> = (0..bytes.len()).filter(|i| bytes[*i].is_ascii_digit()).collect();
        let place = *at.get(&digits);
        let line = String::from_utf8(bytes.clone()).unwrap();
        // Ids of item, read and protocol are bound by the release's manifest, not by the content hash.
        let head = line.find('\n').unwrap();
        prop_assume!(place > head);
        let mut changed = bytes;
        changed[place] = if changed[place] == b'9' { b'8' } else { changed[place] + 1 };
        let before = read_all(line.as_bytes()).unwrap();
        match read_all(&changed) {
            Err(_) => {}
            // A digit beyond the precision of an f64 changes no value.
            Ok(after) => prop_assert_eq!(after, before),
        }
    }
}

#[test]
fn names_the_line_that_is_wrong() {
    let one = vec![crate::world::mark(1, "object", countersign_model::Shape::Tag {}, None)];
    let text = String::from_utf8(write(&[vec![], one])).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let wrong = |lines: &[&str]| read_all((lines.join("\n") + "\n").as_bytes()).unwrap_err();
    assert_eq!(wrong(&[lines[2]]), "line 1: belongs to no item");
    assert_eq!(wrong(&[lines[0], lines[1]]), "line 2: 1 annotations announced, 0 follow");
    assert_eq!(wrong(&[lines[1], lines[0]]), "line 1: 1 annotations announced, 0 follow");
    let renamed = lines[2].replace("object", "person");
    let message = "line 2: the annotations that follow do not have this content hash";
    assert_eq!(wrong(&[lines[0], lines[1], &renamed]), message);
    assert!(wrong(&[lines[0], "{}"]).starts_with("line 2: missing field `line`"));
    let error = write_item(&mut Vec::new(), item(1), read(1), ("images", 1), &[], "other").unwrap_err();
    assert!(error.to_string().ends_with("its annotations are not those that were accepted"));
}

#[test]
fn a_line_without_end_is_stopped() {
    let endless = std::io::BufReader::new(std::io::repeat(b'x'));
    let error = Reader::new(endless).next_item().unwrap_err();
    assert_eq!(error.to_string(), "line 1 is longer than 4194304 bytes");
}
