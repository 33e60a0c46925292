//! Who saw whom, the inspector's copy, and that a signature stays with what was signed.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use countersign_ledger::{
    LogFaultKind, Unreadable, VerifierKey,
    inspection::{
        CopyFault, CopyFiles, CopyKnown, CopyReport, EVENTS, LABELS, PAGE, PEOPLE, RELEASES, SIGNATURES,
        verify_copy,
    },
};
use countersign_model::{Instant, ItemId, ProjectId, Role};
use countersign_pipeline::{
    breach::BreachQuestion,
    inspection::hash_of_marks,
    items::ItemQuery,
    people::{Caller, Credential, UserDraft},
    pixels::ShownFor,
    release::Selection,
};
use countersign_store::{Actor, Evidence, StoreError};
use futures::TryStreamExt;

use crate::{
    harness::{House, PASSWORD},
    releases::{accepted_images, code},
};

/// A copy unpacked into memory.
pub struct Unpacked(pub BTreeMap<String, Vec<u8>>);

impl CopyFiles for Unpacked {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable> {
        Ok(self.0.get(name).map(|bytes| Box::new(bytes.as_slice()) as Box<dyn Read>))
    }
}

pub async fn copy_of(house: &House, caller: &Caller, project: Option<ProjectId>) -> Unpacked {
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

pub fn check(house: &House, copy: &Unpacked) -> Result<CopyReport, CopyFault> {
    let key = VerifierKey::parse(&house.pipeline.store.log_key()).unwrap();
    verify_copy(copy, CopyKnown { key: Some(&key), witnesses: &[], content_hash: &hash_of_marks })
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

    let purposes: Vec<&str> =
        report.shown.iter().flat_map(|line| &line.purposes).map(String::as_str).collect();
    assert!(purposes.contains(&"grid") && purposes.contains(&"work"), "{purposes:?}");
    // And each of them by itself.
    let asked_views = async |question| -> String {
        let views = house.pipeline.breach_views(&officer, question).await.unwrap();
        views.try_collect().await.unwrap()
    };
    let views = asked_views(asked(Some(project))).await;
    let lines: Vec<&str> = views.lines().collect();
    assert_eq!(lines.len(), 44, "{views}");
    assert!(lines[0].starts_with("at,user,name,project,item,asset,"));
    let whole: Vec<_> = lines.iter().filter(|line| line.ends_with(",cleared,work")).collect();
    assert!(whole.len() == 3 && whole.iter().all(|line| line.contains("\"Test owner@p\"")), "{views}");
    assert!(items[39..42].iter().all(|item| whole.iter().any(|line| line.contains(&item.to_string()))));
    assert!(lines[1..].is_sorted(), "oldest first");
    let one = report.shown.iter().find_map(|line| line.subject).unwrap();
    let of_one = BreachQuestion { subject: Some(one), ..asked(Some(project)) };
    let expected: u64 =
        report.shown.iter().filter(|line| line.subject == Some(one)).map(|line| line.exposures).sum();
    assert_eq!(asked_views(of_one).await.lines().count() as u64, expected + 1);

    // Between two moments, of one person, and for those only who answer for it.
    let middle = report.shown.iter().map(|line| line.last_at).max().unwrap();
    let before = BreachQuestion { to: middle, ..asked(Some(project)) };
    assert!(house.pipeline.breach_report(&auditor, before).await.unwrap().exposures < 43);
    let other = BreachQuestion { user: Some(auditor.user()), ..asked(Some(project)) };
    assert_eq!(house.pipeline.breach_report(&auditor, other).await.unwrap().exposures, 0);
    let empty = BreachQuestion { to: Instant(0), ..asked(Some(project)) };
    assert_eq!(code(&house.pipeline.breach_report(&auditor, empty).await.unwrap_err()), "bad_range");
    // Whoever answers for privacy and reads too would learn who opened what before they submit.
    for nobody in ["owner@p", "annotator@p", "data_scientist@p", "everything@p"] {
        let caller = house.sign_in(nobody).await;
        let refused = house.pipeline.breach_report(&caller, asked(Some(project))).await.unwrap_err();
        assert_eq!(code(&refused), "not_found", "{nobody}");
    }
    let whole = house.pipeline.breach_report(&auditor, asked(None)).await.unwrap_err();
    assert_eq!(code(&whole), "not_found", "the installation is for its own auditors");
    // That they asked is on record.
    let copy = copy_of(&house, &auditor, Some(project)).await;
    let events = String::from_utf8(copy.0[EVENTS].clone()).unwrap();
    assert_eq!(events.matches("\"action\":\"exposures.reported\"").count(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspectors_copy_verifies_and_names_what_was_done_to_the_database() {
    let house = House::new().await;
    let (project, crew, _) = accepted_images(&house, 2).await;
    let made = house
        .pipeline
        .make_release_signed(&crew.scientist, project, "v1", Selection::AllAccepted, Some(PASSWORD.into()))
        .await;
    made.unwrap();
    let auditor = house.sign_in("auditor@p").await;
    for nobody in [&crew.annotator, &crew.specialist, &crew.scientist] {
        let refused = house.pipeline.inspection_copy(nobody, Some(project)).await.map(drop).unwrap_err();
        assert_eq!(code(&refused), "not_found");
    }
    let sound = copy_of(&house, &auditor, Some(project)).await;
    let report = check(&house, &sound).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(report.erased_signatures.is_empty() && report.is_key_expected);
    // All that people read in it is shown to be what the log binds.
    let proven = &report.proven;
    assert!(proven.details > 5 && proven.reads >= 4 && proven.marks >= 2 && proven.people >= 3, "{proven:?}");
    assert_eq!((proven.printed_names, report.releases), (report.signatures, 1));
    let before = proven.details_of_before + proven.people_of_before + proven.printed_names_of_before;
    assert_eq!(before + proven.reads_of_before, 0, "{proven:?}");
    // The specialist's, of each item.
    assert!(report.signatures >= 2, "{report:?}");
    // One of each signature, of the release, and of each act that was signed about no item.
    let acts = sound.0.keys().filter(|name| name.starts_with("proofs/act-")).count() as u64;
    assert!(acts >= 2, "{:?}", sound.0.keys().collect::<Vec<_>>());
    assert_eq!(report.proofs, report.signatures + 1 + acts);
    let page = String::from_utf8(sound.0[PAGE].clone()).unwrap();
    let (_, listed) = page.split_once("<h2>Signed acts</h2>").unwrap();
    let (listed, _) = listed.split_once("<h2>Releases</h2>").unwrap();
    let signed = listed.lines().any(|row| row.contains("protocol.signed") && row.contains("Test owner"));
    assert!(signed && listed.contains("<td>approved</td>"), "{listed}");
    assert_eq!(acts, listed.matches("<tr><td>").count() as u64);
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
async fn a_token_ends_by_itself_and_what_it_sees_later_is_on_record() {
    let house = House::new().await;
    let (project, _, items) = accepted_images(&house, 1).await;
    let owner = house.sign_in("owner@p").await;
    for days in [0, 366] {
        let refused = house.pipeline.make_token(&owner, "script", Some(days)).await.unwrap_err();
        assert_eq!(code(&refused), "bad_days");
    }
    let made = house.pipeline.make_token(&owner, "script", None).await.unwrap();
    assert_eq!(made.expires_at, made.created_at.plus_seconds(90 * 86_400));
    let secret = made.token.unwrap();
    let by_token = async || house.pipeline.authenticate(&Credential::Token(secret.clone())).await.unwrap();
    let look = async || {
        let caller = by_token().await.unwrap();
        house.pipeline.image(&caller, items[0], 0, 0, None, ShownFor::Work).await.unwrap();
    };
    look().await;
    house.clock.forward(89 * 86_400);
    let later = house.pipeline.store.clock().now();
    look().await;
    look().await;
    let since = BreachQuestion { from: later, ..asked(Some(project)) };
    let auditor = house.sign_in("auditor@p").await;
    let report = house.pipeline.breach_report(&auditor, since).await.unwrap();
    assert_eq!((report.exposures, report.people), (1, 1), "a second look months later");
    assert_eq!(report.shown[0].user, owner.user());
    house.clock.forward(2 * 86_400);
    assert!(by_token().await.is_none(), "as good as unknown");
    assert!(house.pipeline.authenticate(&Credential::Token("never made".into())).await.unwrap().is_none());
}

/// The index of the first line of a copy's file that has these words.
fn first_with(copy: &Unpacked, file: &str, words: &str) -> Option<u64> {
    let text = String::from_utf8(copy.0[file].clone()).unwrap();
    let line = text.lines().find(|line| line.contains(words))?;
    serde_json::from_str::<serde_json::Value>(line).unwrap()["index"].as_u64()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_edited_beside_the_log_before_a_copy_is_made_is_named() {
    let house = House::new().await;
    let (project, crew, _) = accepted_images(&house, 2).await;
    house
        .pipeline
        .make_release_signed(&crew.scientist, project, "v1", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    let auditor = house.sign_in("auditor@p").await;
    let copied = async || copy_of(&house, &auditor, Some(project)).await;
    let sound = copied().await;
    check(&house, &sound).unwrap_or_else(|fault| panic!("{fault}"));
    let submitted = first_with(&sound, EVENTS, "\"action\":\"read.submitted\"");
    let signed = first_with(&sound, SIGNATURES, "Test specialist@p");
    let told = first_with(&sound, EVENTS, "\"details\":");
    let released = first_with(&sound, RELEASES, "\"v1\"");
    for (change, back, (kind, index, path)) in [
        // A mark, one vertex further; a class; what nobody would see on the screen.
        (
            "UPDATE annotations SET body = REPLACE(body, '10.5', '11.5') WHERE body LIKE '%10.5%'",
            "UPDATE annotations SET body = REPLACE(body, '11.5', '10.5') WHERE body LIKE '%11.5%'",
            (LogFaultKind::Flipped, submitted, LABELS),
        ),
        (
            "UPDATE annotations SET body = REPLACE(body, '\"version\":', '\"seen\":\"by all\",\"version\":')",
            "UPDATE annotations SET body = REPLACE(body, '\"seen\":\"by all\",', '')",
            (LogFaultKind::Flipped, submitted, LABELS),
        ),
        (
            "UPDATE signatures SET printed_name = 'Somebody ' || printed_name",
            "UPDATE signatures SET printed_name = SUBSTR(printed_name, 10)",
            (LogFaultKind::Flipped, signed, SIGNATURES),
        ),
        (
            "UPDATE releases SET root = 'ff' || SUBSTR(root, 3), manifest_hash = SUBSTR(root, 1, 2) || manifest_hash",
            "UPDATE releases SET root = SUBSTR(manifest_hash, 1, 2) || SUBSTR(root, 3), \
             manifest_hash = SUBSTR(manifest_hash, 3)",
            (LogFaultKind::Flipped, released, RELEASES),
        ),
        (
            "UPDATE event_details SET details = REPLACE(details, ':', ': ') \
             WHERE event_id IN (SELECT id FROM events WHERE project_id IS NOT NULL)",
            "UPDATE event_details SET details = REPLACE(details, ': ', ':')",
            (LogFaultKind::Flipped, told, EVENTS),
        ),
    ] {
        edit(&house, change).await;
        let fault = check(&house, &copied().await).expect_err(change);
        assert_eq!((fault.kind, fault.index, fault.path.as_str()), (kind, index, path), "{change}: {fault}");
        edit(&house, back).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_a_copy_is_the_one_that_the_log_binds() {
    let house = House::new().await;
    let (project, _, _) = accepted_images(&house, 1).await;
    let auditor = house.sign_in("auditor@p").await;
    edit(&house, "UPDATE users SET printed_name = 'Somebody else' WHERE login = 'specialist@p'").await;
    let copy = copy_of(&house, &auditor, Some(project)).await;
    check(&house, &copy).unwrap_or_else(|fault| panic!("{fault}"));
    let events = String::from_utf8(copy.0[EVENTS].clone()).unwrap();
    assert!(events.contains("\"name\":\"Test specialist@p\"") && !events.contains("Somebody else"));
    // The entry that named them is gone with its details: then nothing shows whose name it is, and the copy says so.
    edit(
        &house,
        "DELETE FROM event_details WHERE event_id IN (SELECT id FROM events WHERE action = 'user.made')",
    )
    .await;
    let report = check(&house, &copy_of(&house, &auditor, Some(project)).await);
    let proven = report.unwrap_or_else(|fault| panic!("{fault}")).proven;
    assert!(proven.people == 0 && proven.people_of_before >= 3, "{proven:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_entry_that_named_somebody_says_its_own_name() {
    let house = House::new().await;
    let (project, crew, _) = accepted_images(&house, 1).await;
    let auditor = house.sign_in("auditor@p").await;
    let draft = UserDraft {
        login: "head".into(),
        printed_name: "Test head".into(),
        password: Some(PASSWORD.into()),
        system_roles: vec![Role::Owner],
    };
    house.pipeline.make_user_as(Actor::system(), draft).await.unwrap();
    let head = house.sign_in("head").await;
    let user = crew.annotator.user();
    house.pipeline.change_user(&head, user, None, Some("Test renamed".into())).await.unwrap();
    let copy = copy_of(&house, &auditor, Some(project)).await;
    check(&house, &copy).unwrap_or_else(|fault| panic!("{fault}"));
    let people = String::from_utf8(copy.0[PEOPLE].clone()).unwrap();
    let lines = people.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let names: Vec<_> =
        lines.filter(|line| line["user"] == user.to_string()).map(|line| line["name"].clone()).collect();
    assert_eq!(names, ["Test annotator@p", "Test renamed"]);
    let events = String::from_utf8(copy.0[EVENTS].clone()).unwrap();
    assert!(
        events.contains("\"name\":\"Test renamed\"") && !events.contains("\"name\":\"Test annotator@p\"")
    );
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
    let fault = check(&house, &copy).expect_err("void");
    assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::Flipped, LABELS), "{fault}");
    assert!(String::from_utf8(copy.0[PAGE].clone()).unwrap().contains("void: content changed"));
    let refused = house
        .pipeline
        .make_release_signed(&crew.scientist, project, "v1", Selection::AllAccepted, Some(PASSWORD.into()))
        .await;
    assert_eq!(code(&refused.unwrap_err()), "content_changed");
    edit(&house, "UPDATE annotations SET body = REPLACE(body, '11.5', '10.5') WHERE body LIKE '%11.5%'")
        .await;
    assert!(standing(&house).await.iter().all(|valid| *valid));

    // Another name over the same act.
    edit(&house, "UPDATE signatures SET printed_name = 'Somebody ' || printed_name").await;
    assert!(standing(&house).await.iter().all(|valid| !*valid));
    edit(&house, "UPDATE signatures SET printed_name = SUBSTR(printed_name, 10)").await;
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
    let refused = house
        .pipeline
        .make_release_signed(&crew.scientist, project, "v2", Selection::AllAccepted, Some(PASSWORD.into()))
        .await;
    assert_eq!(code(&refused.unwrap_err()), "signature_required");
}

/// What the gate, leaks and requests say in words, an owner reads nowhere; so it is not in the copy that they take along. The
/// entries are all there, and the copy verifies.
#[tokio::test(flavor = "multi_thread")]
async fn words_about_privacy_are_left_out_of_an_owners_copy() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 1).await;
    let hold = house.pipeline.hold(&crew.owner, items[0], "the contour is in doubt".into()).await.unwrap();
    house.pipeline.lift(&crew.owner, hold.id, "it is not".into()).await.unwrap();
    let words = [
        ("leak.reported", "leak", "a surname in the upper corner"),
        ("gate.decided", "gate_entry", "a bracelet with a number"),
        ("privacy.requested", "privacy_request", "the letter of a father"),
        ("crosswalk.revealed", "item", "for the registry of tumours"),
    ];
    let written = house.pipeline.store.write::<_, StoreError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            for (action, kind, said) in words {
                let evidence = Evidence::new(action, kind, tx.fresh()).project(project);
                tx.record(evidence.details(serde_json::json!({ "words": said })))?;
            }
            Ok(())
        })
    });
    written.await.unwrap();
    let officer = house.sign_in("privacy_officer@p").await;
    let everything = house.sign_in("everything@p").await;
    let mut told = Vec::new();
    for caller in [&crew.owner, &house.sign_in("auditor@p").await, &officer, &everything] {
        let Ok(_) = house.pipeline.inspection_copy(caller, Some(project)).await.map(drop) else {
            told.push(None);
            continue;
        };
        let copy = copy_of(&house, caller, Some(project)).await;
        check(&house, &copy).unwrap_or_else(|fault| panic!("{fault}"));
        let (events, page) = (&copy.0[EVENTS], &copy.0[PAGE]);
        let (events, page) = (String::from_utf8_lossy(events), String::from_utf8_lossy(page));
        for (action, ..) in words {
            assert!(events.contains(action), "{action} is there");
        }
        assert!(events.contains("the contour is in doubt"), "what they may look up is told");
        let holds = |said: &&(&str, &str, &str)| events.contains(said.2) || page.contains(said.2);
        told.push(Some(words.iter().filter(holds).count()));
    }
    // The owner: no word; who answers for privacy, and who holds every role beside it: all of them.
    assert_eq!(told[0], Some(0));
    assert!(told[1..].contains(&Some(words.len())), "{told:?}");
    assert!(
        told.iter().all(|count| count.is_none_or(|count| count == 0 || count == words.len())),
        "{told:?}"
    );
}
