//! Nothing that is readable beside an entry can be another than the log binds.

use serde_json::json;

use super::*;

#[test]
fn no_word_beside_an_entry_is_free() {
    let changed = |change: fn(&mut Parts)| {
        let mut parts = Parts::default();
        change(&mut parts);
        let fault = check(&parts.copy()).expect_err("a change");
        (fault.kind, fault.index, fault.path)
    };
    fn row(parts: &mut Parts, index: usize) -> &mut EventLine {
        &mut parts.rows[index / 3]
    }
    let flipped = |index| (LogFaultKind::Flipped, Some(index), EVENTS.to_owned());
    assert_eq!(changed(|p| row(p, 252).details = Some(raw(r#"{"note":"unseen"}"#))), flipped(252));
    // The same for a reader, and not the bytes that were committed to.
    assert_eq!(changed(|p| row(p, 252).details = Some(raw(r#"{"note":"seen","share":1.1}"#))), flipped(252));
    assert_eq!(changed(|p| row(p, 252).opening = Some(opening(258))), flipped(252));
    assert_eq!(changed(|p| row(p, 252).opening = None), flipped(252));
    assert_eq!(changed(|p| row(p, 255).details = Some(raw("{}"))), flipped(255));
    let gone = changed(|p| row(p, 252).details = None);
    assert_eq!(gone, (LogFaultKind::Missing, Some(252), EVENTS.to_owned()));
    assert_eq!(changed(|p| row(p, 270).name = Some("B. Person".into())), flipped(270));
    assert_eq!(changed(|p| row(p, 270).name = None), flipped(270));
    let named = (LogFaultKind::Flipped, Some(100), PEOPLE.to_owned());
    for change in [
        (|p| p.people[0].name = "B. Person".into()) as fn(&mut Parts),
        |p| p.people[0].user = "u-1".into(),
        |p| p.people[0].details = raw(r#"{"printed_name":"B. Person"}"#),
        |p| p.people[0].entry = line(102).entry,
    ] {
        assert_eq!(changed(change), named);
    }
}

#[test]
fn what_a_person_may_not_read_is_said_to_be_withheld() {
    let mut parts = Parts::default();
    parts.rows[84] = EventLine { details: None, opening: None, withheld: true, ..line(252) };
    let report = check(&parts.copy()).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!((report.proven.details_withheld, report.proven.details), (1, 85));
}

#[test]
fn no_mark_and_no_release_is_free() {
    let changed = |change: fn(&mut Parts)| {
        let mut parts = Parts::default();
        change(&mut parts);
        let fault = check(&parts.copy()).expect_err("a change");
        (fault.kind, fault.index, fault.path)
    };
    let read = |kind| (kind, Some(297), LABELS.to_owned());
    for change in [
        (|p| p.labels[3].what.as_mut().expect("mark")["class"] = json!("truck")) as fn(&mut Parts),
        |p| p.labels[3].what.as_mut().expect("mark")["unhashed"] = json!("shown to people"),
        |p| p.labels[3].what = None,
        |p| p.labels[3].version = 2,
        |p| p.labels[3].mark = "m-3".into(),
        |p| p.labels[3].who = "B. Person".into(),
        |p| p.labels[3].actor = Some("u-1".into()),
        |p| p.labels[3].index = Some(300),
        |p| p.labels[3].why[0].reason = Some("wrong_outline".into()),
        |p| p.labels[3].why[0].words = Some("well done".into()),
        |p| p.labels[3].why[0].action = "review.fix".into(),
        |p| p.labels[3].why[0].index = 291,
        |p| p.labels[3].bound_at = p.labels[3].at.clone().into(),
        |p| drop(p.labels.remove(3)),
        |p| p.labels.iter_mut().for_each(|label| label.item = "i-2".into()),
        |p| p.labels[1..].iter_mut().for_each(|label| label.index = Some(300)),
    ] {
        assert_eq!(changed(change), read(LogFaultKind::Flipped));
    }
    assert_eq!(changed(|p| p.labels.truncate(1)), read(LogFaultKind::Missing));
    // A read that nobody handed in; of merged reads of before there are as many as comparisons.
    let more = changed(|p| {
        let another = LabelLine { read: "r-2".into(), ..p.labels[0].clone() };
        p.labels.push(another);
    });
    assert_eq!(more, (LogFaultKind::Extra, None, LABELS.to_owned()));
    for change in [
        (|p| p.release.root = Some(Hash::of(b"other").to_hex())) as fn(&mut Parts),
        |p| p.release.root = None,
        |p| p.release.name = "v2".into(),
        |p| p.release.items = 3,
        |p| p.release.state = "recalled".into(),
        |p| p.release.at = p.signature.at.clone(),
        |p| p.release.begun_by = Some("B. Person".into()),
        |p| p.release.countersigned_by = Some("A. Person".into()),
        |p| p.release.id = "v-2".into(),
    ] {
        assert_eq!(changed(change), (LogFaultKind::Flipped, Some(333), RELEASES.to_owned()));
    }
    // Of two things that are wrong the one that comes first in the log is named.
    let both = changed(|p| {
        p.release.items = 3;
        p.labels.remove(3);
    });
    assert_eq!(both, read(LogFaultKind::Flipped));
}

#[test]
fn only_a_comparison_of_before_leaves_room_for_a_read_without_an_entry() {
    let mut parts = Parts::default();
    parts.labels.push(LabelLine { read: "r-3".into(), item: "i-3".into(), ..parts.labels[0].clone() });
    let fault = check(&parts.copy()).expect_err("a read that the log does not know");
    assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::Extra, LABELS));
}

#[test]
fn a_copy_of_before_says_of_a_model_what_it_said_then() {
    let mut parts = Parts::default();
    parts.labels[0].who = "model lungs".into();
    let author = json!({ "kind": "model", "name": "lungs", "version": "3" });
    parts.labels[0].what.as_mut().expect("mark")["author"] = author;
    check(&parts.copy()).unwrap_or_else(|fault| panic!("{fault}"));
}

/// A copy whose marks never end.
struct Endless(Files);

impl CopyFiles for Endless {
    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable> {
        if name != LABELS {
            return self.0.open(name);
        }
        let line = &self.0[LABELS];
        Ok(Some(Box::new(Round { line, at: 0 })))
    }
}

struct Round<'a> {
    line: &'a [u8],
    at: usize,
}

impl Read for Round<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let left = &self.line[self.at % self.line.len()..];
        let bytes = left.len().min(into.len());
        into[..bytes].copy_from_slice(&left[..bytes]);
        self.at += bytes;
        Ok(bytes)
    }
}

#[test]
fn no_file_is_gone_through_much_further_than_was_signed() {
    let endless = Endless(Parts::default().copy());
    let fault = verify_copy(&endless, known(Some(signer().verifier()), &[])).expect_err("no end");
    assert_eq!(fault.path, LABELS);
    // What was signed is checked before anything that it lists.
    let mut files = copy(&rows()[..9], &signature());
    files.insert(MANIFEST_SIGNATURE.into(), files[LOG_KEY].clone());
    let fault = check(&files).expect_err("unsigned");
    assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::BadSignature, MANIFEST));
}

#[test]
fn a_read_holds_no_more_marks_than_the_product_takes() {
    let mut parts = Parts::default();
    let mark = parts.labels[3].clone();
    let more =
        (0..=MARKS_PER_READ_MAX).map(|n| LabelLine { mark: format!("n-{n}"), what: None, ..mark.clone() });
    parts.labels.extend(more);
    let fault = check(&parts.copy()).expect_err("too many");
    assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::Unreadable, LABELS));
}

#[test]
fn a_copy_of_everything_has_every_entry_and_none_beyond_the_log() {
    let mut files = copy(&rows(), &signature());
    let (_, _, opened) = log(SIZE);
    let again = |files: &mut Files, scope| {
        files.remove(MANIFEST);
        files.remove(MANIFEST_SIGNATURE);
        sign(files, &opened, scope);
    };
    again(&mut files, Scope::Installation);
    let fault = check(&files).expect_err("a third of the log");
    assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::Missing, INDICES));
    files.get_mut(INDICES).expect("indices").extend(format!("{SIZE}\n").into_bytes());
    again(&mut files, Scope::Project { id: "p-1".into(), name: "Chest".into() });
    let fault = check(&files).expect_err("beyond the log");
    assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::Flipped, INDICES));
}

#[test]
fn a_copy_of_everything_holds_each_name_that_an_account_got() {
    let mut parts = Parts { rows: (0..SIZE).map(line).collect(), ..Parts::default() };
    let whole = |parts: &Parts| {
        let mut files = parts.copy();
        let (log_files, _, opened) = log(SIZE);
        for tile in tiles_for(0..SIZE, SIZE) {
            let path = tile_file(tile, SIZE);
            files.insert(format!("{LOG}{path}"), log_files[&path].clone());
        }
        files.insert(INDICES.into(), (0..SIZE).flat_map(|i| format!("{i}\n").into_bytes()).collect());
        files.remove(MANIFEST);
        files.remove(MANIFEST_SIGNATURE);
        sign(&mut files, &opened, Scope::Installation);
        files
    };
    check(&whole(&parts)).unwrap_or_else(|fault| panic!("{fault}"));
    parts.people.clear();
    let fault = check(&whole(&parts)).expect_err("a name is left out");
    assert_eq!((fault.kind, fault.index, fault.path.as_str()), (LogFaultKind::Missing, Some(100), PEOPLE));
}
