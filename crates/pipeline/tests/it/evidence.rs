//! Who saw whom, the inspector's copy, and that a signature stays with what was signed.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use countersign_ledger::{
    LogFaultKind, Unreadable, VerifierKey,
    inspection::{CopyFault, CopyFiles, CopyReport, EVENTS, PAGE, SIGNATURES, verify_copy},
};
use countersign_model::{Instant, ItemId, ProjectId};
use countersign_pipeline::{
    breach::BreachQuestion, items::ItemQuery, people::Caller, pixels::ShownFor, release::Selection,
};
use countersign_store::{Actor, Evidence, StoreError};

use crate::{
    harness::{House, PASSWORD},
    releases::{accepted_images, code},
};

/// A copy unpacked into memory.
struct Unpacked(BTreeMap<String, Vec<u8>>);

impl CopyFiles for Unpacked {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable> {
        Ok(self.0.get(name).map(|bytes| Box::new(bytes.as_slice()) as Box<dyn Read>))
    }
}

async fn copy_of(house: &House, caller: &Caller, project: Option<ProjectId>) -> Unpacked {
    let copy = house.pipeline.inspection_copy(caller, project).await.unwrap();
    let bytes = std::fs::read(&copy.path).unwrap();
    assert_eq!(bytes.len() as u64, copy.bytes);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().to_owned(), bytes);
    }
    let path = copy.path.clone();
    drop(copy);
    assert!(!path.exists(), "the copy goes with whoever asked for it");
    Unpacked(files)
}

fn check(house: &House, copy: &Unpacked) -> Result<CopyReport, CopyFault> {
    let key = VerifierKey::parse(&house.pipeline.store.log_key()).unwrap();
    verify_copy(copy, Some(&key), &[])
}

/// What somebody with the database's password does.
async fn edit(house: &House, sql: &'static str) {
    house
        .pipeline
        .store
        .write::<_, StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                assert!(tx.query(sql).execute().await? > 0, "{sql}");
                tx.record(Evidence::new("test.edited", "test", tx.fresh())).map(drop)
            })
        })
        .await
        .unwrap();
}

const EVER: (Instant, Instant) = (Instant(0), Instant(i64::MAX));

fn asked(project: Option<ProjectId>) -> BreachQuestion {
    BreachQuestion { project, user: None, subject: None, from: EVER.0, to: EVER.1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grid_of_forty_and_three_opened_images_are_forty_three_exposures() {
    let house = House::new().await;
    let project = house.project("p", "images").await;
    let officer = house.sign_in("privacy_officer@p").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for n in 0..42_u8 {
        let picture = image::GrayImage::from_fn(320, 240, |x, y| image::Luma([(x + y) as u8 ^ n]));
        picture.save(folder.path().join(format!("{n}.png"))).unwrap();
    }
    house.ingest(project, vec![folder.path().to_owned()]).await;
    let owner = house.sign_in("owner@p").await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    let items: Vec<ItemId> = page.items.iter().map(|item| item.id).collect();
    for item in items.iter().take(40) {
        let small = house.pipeline.image(&owner, *item, 0, 0, None, ShownFor::Grid).await.unwrap();
        let read = image::load_from_memory(&small.bytes).unwrap();
        assert_eq!((read.width(), read.height()), (256, 192));
    }
    // Scrolled past again: the same exposures.
    house.pipeline.image(&owner, items[0], 0, 0, None, ShownFor::Grid).await.unwrap();
    for item in &items[39..42] {
        let whole = house.pipeline.image(&owner, *item, 0, 0, None, ShownFor::Work).await.unwrap();
        assert_eq!(image::load_from_memory(&whole.bytes).unwrap().width(), 320);
    }
    let auditor = house.sign_in("auditor@p").await;
    let report = house.pipeline.breach_report(&auditor, asked(Some(project))).await.unwrap();
    let glances: u64 = report.shown.iter().map(|line| line.glances).sum();
    assert_eq!((report.exposures, glances, report.people), (43, 40, 1));
    assert!(report.shown.iter().all(|line| line.user == owner.user()));
    let table = house.pipeline.breach_table(&officer, asked(Some(project))).await.unwrap();
    assert_eq!(table.lines().count() as u64, report.lines + 1, "{table}");
    assert!(table.contains("\"Test owner@p\""), "{table}");

    // Between two moments, of one person, and for those only who answer for it.
    let middle = report.shown.iter().map(|line| line.last_at).max().unwrap();
    let before = BreachQuestion { to: middle, ..asked(Some(project)) };
    assert!(house.pipeline.breach_report(&auditor, before).await.unwrap().exposures < 43);
    let other = BreachQuestion { user: Some(auditor.user()), ..asked(Some(project)) };
    assert_eq!(house.pipeline.breach_report(&auditor, other).await.unwrap().exposures, 0);
    let empty = BreachQuestion { to: Instant(0), ..asked(Some(project)) };
    assert_eq!(code(&house.pipeline.breach_report(&auditor, empty).await.unwrap_err()), "bad_range");
    for nobody in ["owner@p", "annotator@p", "data_scientist@p"] {
        let caller = house.sign_in(nobody).await;
        let refused = house.pipeline.breach_report(&caller, asked(Some(project))).await.unwrap_err();
        assert_eq!(code(&refused), "not_found", "{nobody}");
    }
    let whole = house.pipeline.breach_report(&auditor, asked(None)).await.unwrap_err();
    assert_eq!(code(&whole), "not_found", "the installation is for its own auditors");
    // That they asked is on record.
    let copy = copy_of(&house, &auditor, Some(project)).await;
    let events = String::from_utf8(copy.0[EVENTS].clone()).unwrap();
    assert_eq!(events.matches("\"action\":\"exposures.reported\"").count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspectors_copy_verifies_and_names_what_was_done_to_the_database() {
    let house = House::new().await;
    let (project, crew, _) = accepted_images(&house, 2).await;
    let made = house.pipeline.make_release(&crew.scientist, project, "v1", Selection::AllAccepted).await;
    made.unwrap();
    let auditor = house.sign_in("auditor@p").await;
    for nobody in [&crew.annotator, &crew.specialist, &crew.scientist] {
        let refused = house.pipeline.inspection_copy(nobody, Some(project)).await.map(drop).unwrap_err();
        assert_eq!(code(&refused), "not_found");
    }
    let sound = copy_of(&house, &auditor, Some(project)).await;
    let report = check(&house, &sound).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(report.void_signatures.is_empty() && report.is_key_expected);
    // The specialist's, of each item.
    assert!(report.signatures >= 2, "{report:?}");
    assert_eq!(report.proofs, report.signatures + 1);
    let page = String::from_utf8(sound.0[PAGE].clone()).unwrap();
    for word in ["Test specialist@p", "approved", "2026-", "signature.approved", "v1", "holds"] {
        assert!(page.contains(word), "{word}");
    }
    // Names are in the readable part only, never in an entry.
    let events = String::from_utf8(sound.0[EVENTS].clone()).unwrap();
    let first: serde_json::Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert!(!first["entry"].as_str().unwrap().contains("Test "));

    let named = async |house: &House| {
        let fault = check(house, &copy_of(house, &auditor, Some(project)).await).expect_err("a fault");
        (fault.kind, fault.index)
    };
    let indices: Vec<u64> = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["index"].as_u64().unwrap())
        .collect();
    let (ninth, tenth) = (indices[8], indices[9]);
    // The rows are put back between the tries, as somebody would who looks for a way.
    edit(
        &house,
        "UPDATE events SET action = 'nothing.happened' WHERE log_index = (SELECT log_index FROM events \
        WHERE project_id IS NOT NULL ORDER BY log_index LIMIT 1 OFFSET 8)",
    )
    .await;
    assert_eq!(named(&house).await, (LogFaultKind::Flipped, Some(ninth)));
    edit(
        &house,
        "DELETE FROM events WHERE log_index = (SELECT log_index FROM events WHERE project_id IS NOT NULL \
        ORDER BY log_index LIMIT 1 OFFSET 8)",
    )
    .await;
    assert_eq!(named(&house).await, (LogFaultKind::Missing, Some(ninth)));
    assert!(tenth > ninth);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_stays_with_what_was_signed() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 2).await;
    let auditor = house.sign_in("auditor@p").await;
    let standing = async |house: &House| {
        let item = house.pipeline.item(&crew.owner, items[0]).await.unwrap();
        item.signatures.iter().map(|signature| signature.valid).collect::<Vec<_>>()
    };
    assert!(standing(&house).await.iter().all(|valid| *valid));
    // One vertex further.
    edit(&house, "UPDATE annotations SET body = REPLACE(body, '10.5', '11.5') WHERE body LIKE '%10.5%'")
        .await;
    let after = standing(&house).await;
    assert!(!after.is_empty() && after.iter().all(|valid| !*valid), "{after:?}");
    let copy = copy_of(&house, &auditor, Some(project)).await;
    let report = check(&house, &copy).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(!report.void_signatures.is_empty());
    assert!(String::from_utf8(copy.0[PAGE].clone()).unwrap().contains("void: content changed"));
    let refused = house.pipeline.make_release(&crew.scientist, project, "v1", Selection::AllAccepted).await;
    assert_eq!(code(&refused.unwrap_err()), "content_changed");
    edit(&house, "UPDATE annotations SET body = REPLACE(body, '11.5', '10.5') WHERE body LIKE '%11.5%'")
        .await;
    assert!(standing(&house).await.iter().all(|valid| *valid));

    // A signature of one item under another.
    edit(
        &house,
        "UPDATE signatures SET item_id = (SELECT MAX(id) FROM items), \
        read_id = (SELECT accepted_read_id FROM items WHERE id = (SELECT MAX(id) FROM items)), \
        content_hash = (SELECT r.content_hash FROM reads r JOIN items i ON i.accepted_read_id = r.id \
        WHERE i.id = (SELECT MAX(id) FROM items)) \
        WHERE item_id = (SELECT MIN(id) FROM items)",
    )
    .await;
    let mut standing = Vec::new();
    for item in &items {
        let found = house.pipeline.item(&crew.owner, *item).await.unwrap();
        standing.extend(found.signatures.iter().map(|signature| signature.valid));
    }
    assert!(standing.len() >= 2 && standing.contains(&true) && standing.contains(&false), "{standing:?}");
    let fault = check(&house, &copy_of(&house, &auditor, Some(project)).await).expect_err("transplanted");
    assert_eq!(fault.path, SIGNATURES, "{fault}");
    let refused = house.pipeline.make_release(&crew.scientist, project, "v2", Selection::AllAccepted).await;
    assert_eq!(code(&refused.unwrap_err()), "signature_required");
}
