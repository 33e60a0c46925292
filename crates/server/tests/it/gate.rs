//! The gate over HTTP: pictures of both sides, masks, decisions by one and by two people, the rules and their preview.

use std::sync::Arc;

use countersign_model::{ProjectId, Role};
use countersign_store::Actor;
use serde_json::{Value, json};

use crate::{
    house::{Answer, House, PASSWORD, Who},
    seed,
};

struct Gate {
    house: House,
    project: ProjectId,
    officer: Who,
    second: Who,
    annotator: Who,
    auditor: Who,
}

impl Gate {
    async fn new(files: &[(&str, Vec<u8>)]) -> Self {
        Self::under("images", files).await
    }

    async fn under(protocol: &str, files: &[(&str, Vec<u8>)]) -> Self {
        let house = House::new().await;
        let people = [
            ("officer", Role::PrivacyOfficer),
            ("second", Role::PrivacyOfficer),
            ("annotator", Role::Annotator),
            ("auditor", Role::Auditor),
            ("owner", Role::Owner),
        ];
        let mut grants = Vec::new();
        for (login, role) in people {
            grants.push((house.person(login, &[]).await, role));
        }
        let project = house.project("gate", protocol, &grants).await;
        let [officer, second, annotator, auditor] = [
            house.session("officer"),
            house.session("second"),
            house.session("annotator"),
            house.session("auditor"),
        ]
        .map(Box::pin);
        let (officer, second) = (Who::Session(officer.await), Who::Session(second.await));
        let (annotator, auditor) = (Who::Session(annotator.await), Who::Session(auditor.await));
        let gate = Self { house, project, officer, second, annotator, auditor };
        gate.bring(files).await;
        gate
    }

    async fn bring(&self, files: &[(&str, Vec<u8>)]) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let paths = vec![folder.path().to_owned()];
        let pipeline = &self.house.pipeline;
        let report =
            pipeline.ingest_as(Actor::console(), None, self.project, paths, Arc::new(|_| {})).await.unwrap();
        assert!(report.refusals.is_empty(), "{:?}", report.refusals);
        self.drain().await;
    }

    async fn drain(&self) {
        self.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    }

    async fn get(&self, who: &Who, path: &str) -> Answer {
        self.house.send(who, "GET", &format!("/api/v1{path}"), None).await
    }

    async fn send(&self, who: &Who, method: &str, path: &str, revision: u64, body: Value) -> Answer {
        let tag = format!("\"{revision}\"");
        self.house.send_with(who, method, &format!("/api/v1{path}"), Some(body), &[("if-match", &tag)]).await
    }

    async fn queue(&self, query: &str) -> Vec<Value> {
        let page = self.get(&self.officer, &format!("/projects/{}/gate{query}", self.project)).await.json();
        page["items"].as_array().unwrap().clone()
    }

    /// The id of the first entry that waits.
    async fn first(&self) -> String {
        self.queue("").await[0]["id"].as_str().unwrap().to_owned()
    }

    async fn picture(&self, who: &Who, path: &str) -> image::GrayImage {
        let answer = self.get(who, path).await;
        assert_eq!(answer.status, 200, "{path} {}", answer.code());
        assert_eq!(answer.header("content-type"), "image/png");
        image::load_from_memory(&answer.bytes).unwrap().into_luma8()
    }
}

fn rect(x: f64, y: f64, width: f64, height: f64) -> Value {
    json!({ "x": x, "y": y, "width": width, "height": height })
}

fn mask(frame: u32, rect: Value) -> Value {
    json!({ "frame": frame, "rect": rect })
}

/// Whether a picture is black within the rectangle and as the source beyond it.
fn assert_masked(picture: &image::GrayImage, source: &image::GrayImage, x: u32, y: u32, w: u32, h: u32) {
    assert_eq!(picture.dimensions(), source.dimensions());
    for (px, py, value) in picture.enumerate_pixels() {
        let inside = (x..x + w).contains(&px) && (y..y + h).contains(&py);
        let expected = if inside { 0 } else { source.get_pixel(px, py).0[0] };
        assert_eq!(value.0[0], expected, "at {px}, {py}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_masked_and_approved_is_what_the_annotator_gets() {
    let gate = Gate::new(&[("a.png", seed::png(3))]).await;
    let source = image::load_from_memory(&seed::png(3)).unwrap().into_luma8();
    let id = gate.first().await;
    let after = format!("/gate/{id}/images/0?side=after");
    assert_eq!(gate.picture(&gate.officer, &after).await, source);
    let masks = json!({ "masks": [mask(0, rect(10.0, 5.0, 20.0, 8.0))] });
    let path = format!("/gate/{id}/masks");
    let saved = gate.send(&gate.officer, "PUT", &path, 0, masks.clone()).await;
    assert_eq!(saved.status, 200, "{}", saved.code());
    assert_eq!((saved.header("etag"), &saved.json()["remade"]), ("\"1\"", &json!(1)));
    let known = saved.json()["masks"][0].clone();
    assert!(known["origin"]["person"].is_string());
    assert_masked(&gate.picture(&gate.officer, &format!("{after}&revision=1")).await, &source, 10, 5, 20, 8);
    assert_eq!(gate.get(&gate.officer, &format!("{after}&revision=0")).await.code(), "stale_revision");
    assert_eq!(gate.picture(&gate.officer, &format!("/gate/{id}/images/0?side=before")).await, source);
    // Taken back, and put back by its id.
    let taken = gate.send(&gate.officer, "PUT", &path, 1, json!({ "masks": [] })).await;
    assert_eq!(taken.json()["masks"], json!([]));
    assert_eq!(gate.picture(&gate.officer, &after).await, source);
    let back = json!({ "masks": [{ "id": known["id"], "frame": 0, "rect": known["rect"] }] });
    let again = gate.send(&gate.officer, "PUT", &path, 2, back).await;
    assert_eq!(again.json()["masks"], json!([known]));
    let entry = gate.get(&gate.officer, &format!("/gate/{id}")).await.json();
    assert_eq!((&entry["revision"], &entry["report"]["masks"]), (&json!(3), &json!(1)));
    let decision = json!({ "decision": "approve", "reason": "text is gone" });
    let stale = gate.send(&gate.officer, "POST", &format!("/gate/{id}/decision"), 1, decision.clone()).await;
    assert_eq!((stale.status.as_u16(), stale.code().as_str()), (412, "stale_revision"));
    assert_eq!(stale.json()["current"], 3);
    let decided = gate.send(&gate.officer, "POST", &format!("/gate/{id}/decision"), 3, decision).await;
    assert_eq!(decided.json()["state"], "cleared", "{}", decided.code());
    gate.drain().await;
    let claim = json!({});
    let claim = gate
        .send(&gate.annotator, "POST", &format!("/projects/{}/tasks/claim", gate.project), 0, claim)
        .await;
    assert!(claim.status.is_success(), "{}", claim.code());
    let item = claim.json()["item"]["id"].as_str().unwrap().to_owned();
    let shown = gate.picture(&gate.annotator, &format!("/items/{item}/streams/0/frames/0/image")).await;
    assert_masked(&shown, &source, 10, 5, 20, 8);
    // What is decided stays decided, and its source is out of reach.
    assert_eq!(gate.send(&gate.officer, "PUT", &path, 3, masks).await.code(), "already_decided");
    let before = gate.get(&gate.officer, &format!("/gate/{id}/images/0?side=before")).await;
    assert_eq!((before.status.as_u16(), before.code().as_str()), (409, "already_decided"));
    // Each look says which side it was.
    let seen = gate.get(&gate.auditor, &format!("/items/{item}/exposures")).await.json();
    let mut purposes: Vec<&str> =
        seen["items"].as_array().unwrap().iter().map(|row| row["purpose"].as_str().unwrap()).collect();
    purposes.sort_unstable();
    purposes.dedup();
    assert_eq!(purposes, ["gate_after", "gate_before", "work"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_that_does_not_fit_is_refused_with_its_place_and_changes_nothing() {
    let gate = Gate::new(&[("a.png", seed::png(3))]).await;
    let id = gate.first().await;
    let path = format!("/gate/{id}/masks");
    let many: Vec<_> = (0..201).map(|_| mask(0, rect(0.0, 0.0, 1.0, 1.0))).collect();
    let good = mask(0, rect(0.0, 0.0, 4.0, 4.0));
    let unknown =
        json!({ "id": "00000000-0000-4000-8000-000000000001", "frame": 0, "rect": rect(0.0, 0.0, 1.0, 1.0) });
    for (masks, status, code, place) in [
        (json!([good, mask(0, rect(60.0, 0.0, 5.0, 1.0))]), 422, "mask_outside", "masks[1].rect"),
        (json!([mask(0, rect(-1.0, 0.0, 5.0, 1.0))]), 422, "mask_outside", "masks[0].rect"),
        (json!([mask(0, rect(1.0, 1.0, 0.0, 1.0))]), 422, "not_positive", "masks[0].rect"),
        (json!([mask(7, rect(0.0, 0.0, 1.0, 1.0))]), 422, "no_such_frame", "masks[0]"),
        (json!([unknown]), 422, "unknown_mask", "masks[0]"),
        (json!(many), 422, "too_many_masks", "masks[200]"),
    ] {
        let answer = gate.send(&gate.officer, "PUT", &path, 0, json!({ "masks": masks })).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
        assert_eq!(answer.json()["place"], place, "{code}");
    }
    let bare =
        gate.house.send(&gate.officer, "PUT", &format!("/api/v1{path}"), Some(json!({ "masks": [] }))).await;
    assert_eq!((bare.status.as_u16(), bare.code().as_str()), (428, "precondition_required"));
    let stale = gate.send(&gate.officer, "PUT", &path, 4, json!({ "masks": [good] })).await;
    assert_eq!((stale.status.as_u16(), &stale.json()["current"]), (412, &json!(0)));
    let same = gate.send(&gate.officer, "PUT", &path, 0, json!({ "masks": [] })).await;
    assert_eq!(
        same.json(),
        json!({ "revision": 0, "masks": [], "remade": 0 }),
        "nothing to do is nothing done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiver_of_two_people_needs_two_people() {
    let gate = Gate::new(&[("a.png", seed::png(3)), ("b.png", seed::png(4))]).await;
    let plan = json!({ "deid": { "two_person_waiver": true }, "reason": "two look", "password": PASSWORD });
    let set =
        gate.send(&gate.officer, "PUT", &format!("/projects/{}/deid", gate.project), 1, plan.clone()).await;
    assert_eq!(set.json(), json!({ "id": "images", "version": 2 }), "{}", set.code());
    let stale = gate.send(&gate.officer, "PUT", &format!("/projects/{}/deid", gate.project), 1, plan).await;
    assert_eq!((stale.status.as_u16(), stale.code().as_str()), (409, "content_changed"));
    gate.drain().await;
    let waiting = gate.queue("").await;
    assert_eq!(waiting.len(), 2, "what waited was looked at again");
    assert!(waiting.iter().all(|entry| entry["protocol_version"] == 2));
    let id = gate.first().await;
    let path = format!("/gate/{id}/decision");
    let waive = |reason: &str| json!({ "decision": "waive", "reason": reason });
    let opened = gate.send(&gate.officer, "POST", &path, 0, waive("a statue, not a face")).await;
    assert_eq!(opened.status, 200, "{}", opened.code());
    let entry = opened.json();
    assert_eq!((&entry["state"], &entry["revision"]), (&json!("open"), &json!(1)));
    assert_eq!((&entry["waiver"]["by"], &entry["waiver"]["own"]), (&json!("Test officer"), &json!(true)));
    assert_eq!(gate.queue("?state=waiver").await.len(), 1);
    let own = gate.send(&gate.officer, "POST", &path, 1, waive("sure")).await;
    assert_eq!((own.status.as_u16(), own.code().as_str()), (403, "second_person_needed"));
    // A mask makes other pictures of it: the waiver falls.
    let masks = json!({ "masks": [mask(0, rect(1.0, 1.0, 2.0, 2.0))] });
    assert_eq!(gate.send(&gate.second, "PUT", &format!("/gate/{id}/masks"), 1, masks).await.status, 200);
    assert_eq!(gate.get(&gate.second, &format!("/gate/{id}")).await.json()["waiver"], Value::Null);
    let opened = gate.send(&gate.second, "POST", &path, 2, waive("a statue, masked")).await;
    assert_eq!(opened.json()["waiver"]["by"], "Test second");
    let done = gate.send(&gate.officer, "POST", &path, 3, waive("seen, a statue")).await;
    assert_eq!(
        (&done.json()["state"], &done.json()["decided_by"]),
        (&json!("waived"), &json!("Test officer"))
    );
    let again = gate.send(&gate.second, "POST", &path, 3, waive("me too")).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (409, "already_decided"));
    let events =
        gate.get(&gate.auditor, &format!("/projects/{}/events?limit=200", gate.project)).await.json();
    let actions: Vec<&str> =
        events["items"].as_array().unwrap().iter().filter_map(|row| row["action"].as_str()).collect();
    for action in ["gate.waiver_opened", "gate.waived", "gate.masked", "protocol.changed", "gate.replaced"] {
        assert!(actions.contains(&action), "{action} in {actions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looking_cannot_settle_takes_a_waiver_and_comes_first() {
    let strange = seed::slice_of("1.2.840.10008.5.1.4.1.1.999", "1.2.3.9");
    let capture = seed::slice_of("1.2.840.10008.5.1.4.1.1.7", "1.2.3.8");
    let gate = Gate::under("radiology", &[("a.dcm", capture), ("b.dcm", strange)]).await;
    let waiting = gate.queue("").await;
    let risks: Vec<_> = waiting.iter().map(|entry| entry["risk"].as_u64().unwrap()).collect();
    assert_eq!(risks.len(), 2);
    assert!(risks.is_sorted_by(|a, b| a >= b), "{risks:?}");
    let unknown = gate.queue("?reason=unknown-class").await;
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0]["needs_waiver"], true);
    let summary = gate.get(&gate.officer, &format!("/projects/{}/gate/summary", gate.project)).await.json();
    assert_eq!((&summary["open"], &summary["waivers"]), (&json!(2), &json!(0)));
    let path = format!("/gate/{}/decision", unknown[0]["id"].as_str().unwrap());
    let decision = |word: &str| json!({ "decision": word, "reason": "a phantom" });
    let refused = gate.send(&gate.officer, "POST", &path, 0, decision("approve")).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "waiver_needed"));
    assert_eq!(gate.send(&gate.officer, "POST", &path, 0, decision("waive")).await.json()["state"], "waived");
    let queue = gate.get(&gate.officer, &format!("/projects/{}/gate?state=lost", gate.project)).await;
    assert_eq!((queue.status.as_u16(), queue.code().as_str()), (422, "bad_state"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dicom_frame_is_masked_and_the_preview_names_tags_but_no_value() {
    let capture = seed::slice_of("1.2.840.10008.5.1.4.1.1.7", "1.2.3.8");
    let gate = Gate::under("radiology", &[("a.dcm", capture)]).await;
    let id = gate.first().await;
    let masks = json!({ "masks": [mask(0, rect(0.0, 0.0, 3.0, 2.0))] });
    let saved = gate.send(&gate.officer, "PUT", &format!("/gate/{id}/masks"), 0, masks).await;
    assert_eq!(saved.status, 200, "{} {:?}", saved.code(), saved.json());
    let before =
        gate.picture(&gate.officer, &format!("/gate/{id}/images/0?side=before&window=300,700")).await;
    let after = gate.picture(&gate.officer, &format!("/gate/{id}/images/0?side=after&window=300,700")).await;
    let lowest = after.pixels().map(|p| p.0[0]).min().unwrap();
    for (x, y, value) in after.enumerate_pixels() {
        let expected = if x < 3 && y < 2 { lowest } else { before.get_pixel(x, y).0[0] };
        assert_eq!(value.0[0], expected, "at {x}, {y}");
    }
    let changes = gate.get(&gate.officer, &format!("/gate/{id}/images/0/changes")).await;
    let text = String::from_utf8(changes.bytes.to_vec()).unwrap();
    assert!(text.contains("SOPInstanceUID") && text.contains("masked"), "{text}");
    assert!(!text.contains("1.2.3.8"), "no value of the source: {text}");
    let rows = async || {
        let mut reader = gate.house.pipeline.store.read().await.unwrap();
        let mut found = Vec::new();
        for table in ["assets", "gate_entries", "gate_masks", "protocols", "events"] {
            let row = reader.query_built(format!("SELECT COUNT(*) AS n FROM {table}")).fetch_one().await;
            found.push(row.unwrap().get::<i64>("n").unwrap());
        }
        found
    };
    let there = rows().await;
    let path = format!("/gate/{id}/images/0/preview");
    let draft = json!({ "deid": { "profile": "basic", "two_person_waiver": true } });
    let preview = gate.send(&gate.officer, "POST", &path, 0, draft.clone()).await;
    assert_eq!(preview.status, 200, "{}", preview.code());
    assert_eq!(preview.json()["changes"], changes.json()["changes"]);
    assert_eq!(rows().await, there, "a preview stores nothing");
    let shown = gate.send(&gate.officer, "POST", &format!("{path}/image?window=300,700"), 0, draft).await;
    assert_eq!(image::load_from_memory(&shown.bytes).unwrap().into_luma8(), after);
    let mut expected = there.clone();
    expected[4] += 1;
    assert_eq!(rows().await, expected, "only the record that somebody looked");
    for profile in ["", "all", "basic,basic"] {
        let bad = gate.send(&gate.officer, "POST", &path, 0, json!({ "deid": { "profile": profile } })).await;
        assert_eq!((bad.status.as_u16(), bad.code().as_str()), (422, "bad_profile"), "{profile}");
        assert_eq!(bad.json()["place"], "deid.profile");
    }
}
