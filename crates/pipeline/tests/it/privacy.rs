//! Erasure and re-identification: one patient in three projects and a release, and nobody alone.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_ledger::{Hash, LogSource, LogState, TlogProof, Unreadable, VerifierKey, note::Note};
use countersign_model::{ItemId, PrivacyRequestId, ProjectId, Shape};
use countersign_pipeline::{
    Pipeline, PipelineError,
    items::ItemQuery,
    people::Caller,
    privacy::{CertificateView, Decision, RequestDraft, SubjectView},
    release::Selection,
};
use countersign_store::{Store, StoreConfig, assets, exposures, subjects};
use countersign_synthesis::{ct_study, parts, phantom};
use countersign_workflow::canonical_json;
use futures::StreamExt;

use crate::{
    harness::{CountedIds, House, PASSWORD},
    releases::{Crew, code, mark},
    vault::study,
};

pub const PATIENT: u64 = 3;
pub const OTHER: u64 = 5;

fn patient_id(seed: u64) -> String {
    let options = phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let bytes = &ct_study(seed, &options).instances[0].bytes;
    let instance = countersign_dicom::read(bytes, &countersign_dicom::Limits::default()).unwrap();
    countersign_dicom::Identity::of(&instance).patient_id.unwrap()
}

/// Name and number of a made-up patient, as they stand in the file.
fn identifiers(seed: u64) -> Vec<String> {
    let options = phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let bytes = &ct_study(seed, &options).instances[0].bytes;
    // (0010,0010) in explicit little endian: tag, "PN", two bytes of length, the name.
    let tag = b"\x10\x00\x10\x00PN";
    let at = bytes.windows(tag.len()).position(|part| part == tag).expect("a name") + tag.len();
    let length = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let name = String::from_utf8(bytes[at + 2..at + 2 + length].to_vec()).unwrap();
    let words = name.split('^').map(str::trim).filter(|word| word.len() > 3).map(str::to_owned);
    let words: Vec<String> = words.chain([patient_id(seed)]).collect();
    assert!(words.len() > 1, "{words:?}");
    words
}

pub async fn bring(house: &House, name: &str, seeds: &[u64]) -> ProjectId {
    let project = house.project(name, "radiology").await;
    let officer = house.sign_in(&format!("privacy_officer@{name}")).await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let files = tempfile::tempdir().unwrap();
    for seed in seeds {
        study(files.path(), *seed);
    }
    let report = house.ingest(project, vec![files.path().to_owned()]).await;
    assert_eq!(report.items, seeds.len() as u64, "{:?}", report.refusals);
    project
}

async fn items(house: &House, caller: &Caller, project: ProjectId) -> Vec<(ItemId, String, String)> {
    let page = house.pipeline.items(caller, project, ItemQuery::default()).await.unwrap();
    page.items.into_iter().map(|item| (item.id, item.phase, item.name)).collect()
}

fn approve() -> Decision {
    Decision { approve: true, reason: "agreed".into(), password: PASSWORD.into() }
}

pub async fn find(
    house: &House,
    officer: &Caller,
    project: ProjectId,
    seed: u64,
) -> Result<SubjectView, PipelineError> {
    let reason = "a letter of the patient".to_owned();
    house.pipeline.find_subject(officer, project, &patient_id(seed), "", reason).await
}

/// Two people carry an erasure through; the request.
pub async fn erase(house: &House, name: &str, project: ProjectId, subject: &SubjectView) -> PrivacyRequestId {
    let officer = house.sign_in(&format!("privacy_officer@{name}")).await;
    let owner = house.sign_in(&format!("owner@{name}")).await;
    let draft = RequestDraft::Erasure(subject.id);
    let asked = house.pipeline.request_privacy(&officer, project, draft, "asked for".into()).await.unwrap();
    assert_eq!((asked.state.as_str(), asked.may_decide), ("open", false));
    let again = house.pipeline.request_privacy(&officer, project, draft, "again".into()).await.unwrap_err();
    assert_eq!(code(&again), "already_requested");
    let alone = house.pipeline.decide_privacy(&officer, asked.id, approve()).await.unwrap_err();
    assert_eq!(code(&alone), "separation_of_duties");
    let annotator = house.sign_in(&format!("annotator@{name}")).await;
    let stranger = house.pipeline.decide_privacy(&annotator, asked.id, approve()).await.unwrap_err();
    assert_eq!(code(&stranger), "not_found");
    let wrong = Decision { password: "wrong".into(), ..approve() };
    let wrong = house.pipeline.decide_privacy(&owner, asked.id, wrong).await.unwrap_err();
    assert_eq!(code(&wrong), "bad_credentials");
    let decided = house.pipeline.decide_privacy(&owner, asked.id, approve()).await.unwrap();
    assert_eq!((decided.state.as_str(), decided.certified), ("approved", false));
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    asked.id
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
}

struct Log(PathBuf);

impl LogSource for Log {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(fs::read(self.0.join(path)).ok())
    }
}

/// What anybody can check of a certificate who has the log's public key.
fn check(certificate: &CertificateView, key: &str) {
    let key = VerifierKey::parse(key).unwrap();
    let note = Note::parse(certificate.note.as_bytes()).unwrap();
    note.verify(&key).unwrap();
    let statement = serde_json::to_value(&certificate.statement).unwrap();
    let hash = Hash::of(canonical_json(&statement).as_bytes()).to_hex();
    assert_eq!(note.text.lines().last().unwrap(), format!("Statement SHA-256: {hash}"));
    let proven = TlogProof::parse(certificate.proof.as_bytes()).unwrap().verify(&key).unwrap();
    assert_eq!(proven.index, certificate.log_index);
    let entry = String::from_utf8_lossy(&proven.entry).into_owned();
    assert!(entry.contains("subject.erased") && entry.contains(&hash), "{entry}");
    let forged = certificate.note.replacen("Destroyed files: 3", "Destroyed files: 2", 1);
    assert_ne!(forged, certificate.note);
    assert!(Note::parse(forged.as_bytes()).unwrap().verify(&key).is_err());
}

async fn bytes_of(store: &Store, subject: countersign_model::SubjectId) -> Vec<Option<Vec<u8>>> {
    let found = subjects::assets(&mut store.read().await.unwrap(), subject).await.unwrap();
    let mut out = Vec::new();
    for assets::Asset { project_id, zone, address, .. } in found {
        let read = match zone {
            countersign_model::Zone::Quarantine => store.quarantine().for_machine(project_id, &address).await,
            _ => store.cleared().for_machine(project_id, &address).await,
        };
        out.push(read.ok().map(|bytes| bytes.to_vec()));
    }
    assert!(!out.is_empty());
    out
}

/// Both items of the first project go into a release that two people take; the release.
async fn released(house: &House, project: ProjectId) -> countersign_model::ReleaseId {
    let crew = Crew::of(house, "a", "reviewer").await;
    for n in 1..=2 {
        let mut quality = mark(n, "study_quality", None, Shape::Tag {});
        quality.attributes.insert("grade".into(), "good".into());
        let item = crew.work(house, project, &[quality]).await;
        house.pipeline.raw_frame(&crew.owner, item, 0, 0).await.unwrap();
    }
    let (pipeline, wanted) = (&house.pipeline, Selection::AllAccepted);
    let begun = pipeline.make_release_signed(&crew.scientist, project, "v1", wanted, Some(PASSWORD.into()));
    let begun = begun.await.unwrap();
    let made = pipeline.countersign_release(&crew.owner, begun.id, PASSWORD.into()).await.unwrap();
    for taker in [&crew.scientist, &crew.owner, &crew.scientist] {
        let mut download = house.pipeline.release_stream(taker, made.id).await.unwrap();
        while let Some(piece) = download.stream.next().await {
            piece.unwrap();
        }
    }
    made.id
}

/// The key is destroyed; that they were seen is proved as before, and no entry ever said who they were.
async fn seen_is_proved_and_names_nobody(house: &House, item: ItemId) {
    let store = &house.pipeline.store;
    let rows = exposures::of_item(&mut store.read().await.unwrap(), item, None, None, 100).await.unwrap();
    let log_key = VerifierKey::parse(&store.log_key()).unwrap();
    for row in &rows {
        store.prove(row.event_id).await.unwrap().verify(&log_key).unwrap();
    }
    let log = files(&house.folder().join("log"));
    for seed in [PATIENT, OTHER] {
        for word in identifiers(seed) {
            let held =
                log.iter().find(|(_, bytes)| bytes.windows(word.len()).any(|part| part == word.as_bytes()));
            assert!(held.is_none(), "{word} in {:?}", held.map(|(path, _)| path));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_patient_is_gone_from_everywhere_and_everybody_else_is_untouched() {
    let house = House::new().await;
    let mut projects = Vec::new();
    for name in ["a", "b", "c"] {
        projects.push((name, bring(&house, name, &[PATIENT, OTHER]).await));
    }
    let (store, first) = (house.pipeline.store.clone(), projects[0].1);
    let release = released(&house, first).await;
    store.sequence().await.unwrap();
    let before = store.verify().await.unwrap();
    let backup = house.folder().join("before.zip");
    store.backup(&backup).await.unwrap();
    let blobs = house.folder().join("blobs");
    let bytes_before = files(&blobs);

    let mut certificates = Vec::new();
    let (mut gone, mut names) = (Vec::new(), Vec::new());
    for (name, project) in &projects {
        let officer = house.sign_in(&format!("privacy_officer@{name}")).await;
        let subject = find(&house, &officer, *project, PATIENT).await.unwrap();
        assert_eq!((subject.items, subject.files, subject.state.as_str()), (1, 6, "live"));
        assert!(subject.pseudonym.is_some());
        gone.push(subject.id);
        names.push(format!("erased subject #{}", subject.number));
        let request = erase(&house, name, *project, &subject).await;
        certificates.push(house.pipeline.erasure_certificate(&officer, request).await.unwrap());
        assert_eq!(code(&find(&house, &officer, *project, PATIENT).await.unwrap_err()), "no_such_subject");
        find(&house, &officer, *project, OTHER).await.unwrap();
    }

    // No route, no file.
    let owner = house.sign_in("owner@a").await;
    let found = items(&house, &owner, first).await;
    let erased: Vec<_> = found.iter().filter(|(_, phase, _)| phase == "erased").collect();
    assert_eq!((erased.len(), &erased[0].2), (1, &names[0]));
    let (item, other) = (erased[0].0, found.iter().find(|(_, phase, _)| phase == "released").unwrap().0);
    assert_eq!(code(&house.pipeline.raw_frame(&owner, item, 0, 0).await.unwrap_err()), "not_found");
    let detail = house.pipeline.item(&owner, item).await.unwrap();
    assert!(detail.streams.is_empty() && !detail.reads.is_empty());
    for read in &detail.reads {
        assert!(house.pipeline.read(&owner, read.id).await.unwrap().annotations.is_empty());
    }
    let taken = house.pipeline.release_stream(&owner, release).await.map(drop).unwrap_err();
    assert_eq!(code(&taken), "recalled");
    let bytes_after = files(&blobs);
    // Six files of the patient in each project, and the package.
    assert_eq!(bytes_before.len() - bytes_after.len(), 3 * 6 + 1);
    for (path, bytes) in &bytes_after {
        assert!(bytes_before[path] == *bytes, "{} changed", path.display());
    }
    house.pipeline.raw_frame(&owner, other, 0, 0).await.unwrap();

    // What is left: who saw them, the log up to the earlier checkpoint, the certificate.
    let seen = house.pipeline.item_exposures(&owner, item, None, None).await.unwrap().items;
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|one| one.erased_subject.as_ref() == Some(&names[0])));
    let after = store.verify().await.unwrap();
    assert!(after.size > before.size);
    seen_is_proved_and_names_nobody(&house, item).await;
    let earlier = LogState::resume(&Log(house.folder().join("log")), before.size).unwrap();
    assert_eq!(earlier.root(), before.root);
    let key = store.log_key();
    for certificate in &certificates {
        check(certificate, &key);
        let destroyed = &certificate.statement.destroyed;
        assert_eq!((destroyed.quarantined_files, destroyed.cleared_files), (3, 3));
        assert_eq!(destroyed.crosswalk_entries, Some(1));
    }
    assert_eq!(certificates[0].statement.items, [item]);
    let notices = &certificates[0].statement.releases;
    assert_eq!((notices.len(), notices[0].release), (1, release));
    let mut takers: Vec<_> = notices[0].recipients.iter().map(|taker| taker.name.as_str()).collect();
    takers.sort_unstable();
    assert_eq!(takers, ["Test data_scientist@a", "Test owner@a"]);
    assert!(certificates[1].statement.releases.is_empty());

    restored(&house, &backup, &gone, &bytes_of(&store, other_of(&store, other).await).await, other).await;
}

pub async fn other_of(store: &Store, item: ItemId) -> countersign_model::SubjectId {
    subjects::of_item(&mut store.read().await.unwrap(), item).await.unwrap()[0].id
}

/// The backup from before, with the keyring of now: nothing of the erased, everything of the other.
async fn restored(
    house: &House,
    backup: &Path,
    gone: &[countersign_model::SubjectId],
    others: &[Option<Vec<u8>>],
    other: ItemId,
) {
    let config = StoreConfig::sqlite(house.folder().join("restored"));
    for secret in ["keyring", "vault"] {
        copy(&house.folder().join(secret), &config.data.join(secret));
    }
    let (clock, ids) = (house.clock.clone(), Arc::new(CountedIds::starting_at(1 << 40)));
    Store::restore(backup, &config, clock.clone(), ids.clone()).await.unwrap();
    let store = Store::open(&config, clock, ids).await.unwrap();
    for subject in gone {
        assert!(bytes_of(&store, *subject).await.iter().all(Option::is_none), "bytes came back");
    }
    assert_eq!(bytes_of(&store, other_of(&store, other).await).await, others);
    assert!(others.iter().all(Option::is_some));
    let pipeline = Pipeline::new(store.clone()).unwrap();
    assert_eq!(pipeline.reapply_erasures().await.unwrap(), 3);
    assert_eq!(pipeline.reapply_erasures().await.unwrap(), 0);
    let mut conn = store.read().await.unwrap();
    let left = "SELECT a.* FROM annotations a JOIN reads r ON r.id = a.read_id JOIN items i ON i.id = r.item_id \
                WHERE a.body IS NOT NULL AND i.state = 'erased'";
    assert!(conn.query(left).fetch_all().await.unwrap().is_empty());
    assert!(
        !conn.query("SELECT * FROM annotations WHERE body IS NOT NULL").fetch_all().await.unwrap().is_empty()
    );
    let recalled = "SELECT id FROM releases WHERE state = 'recalled' AND address IS NULL";
    assert_eq!(conn.query(recalled).fetch_all().await.unwrap().len(), 1);
    for subject in gone {
        assert!(subjects::by_id(&mut conn, *subject).await.unwrap().unwrap().is_erased());
    }
    drop(conn);
    store.sequence().await.unwrap();
    store.verify().await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_in_progress_on_an_erased_patient_ends() {
    let house = House::new().await;
    let project = bring(&house, "a", &[PATIENT]).await;
    let annotator = house.sign_in("annotator@a").await;
    let work = house.pipeline.claim(&annotator, project, Default::default()).await.unwrap();
    let officer = house.sign_in("privacy_officer@a").await;
    let subject = find(&house, &officer, project, PATIENT).await.unwrap();
    // The vault may even be away: what lies in it is sealed with the key that goes.
    fs::rename(house.folder().join("vault"), house.folder().join("away")).unwrap();
    let request = erase(&house, "a", project, &subject).await;
    let certificate = house.pipeline.erasure_certificate(&officer, request).await.unwrap();
    assert_eq!(certificate.statement.destroyed.crosswalk_entries, None);
    let late = house.pipeline.submit(&annotator, work.task.id, work.task.fence, 0, vec![]).await;
    assert!(late.is_err());
    let nothing = house.pipeline.claim(&annotator, project, Default::default()).await.unwrap_err();
    assert_eq!(code(&nothing), "nothing_to_do");
    let again = RequestDraft::Erasure(subject.id);
    let again = house.pipeline.request_privacy(&officer, project, again, "again".into()).await.unwrap_err();
    assert_eq!(code(&again), "erased");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_another_lot_needs_survives_the_erasure_of_the_first() {
    let house = House::new().await;
    let project = house.project("boards", "inspection").await;
    let folder = tempfile::tempdir().unwrap();
    let options = parts::Options { side_px: 160, ..parts::Options::default() };
    let made = parts::lot(9, 2, &options);
    let template = made[0].template.clone();
    for (lot, part) in ["monday", "tuesday"].into_iter().zip(made) {
        let mut part = part;
        part.template.clone_from(&template);
        for (name, bytes) in part.files(false) {
            let name = Path::new(&name).file_name().unwrap().to_owned();
            fs::create_dir_all(folder.path().join(lot)).unwrap();
            fs::write(folder.path().join(lot).join(name), bytes).unwrap();
        }
    }
    assert_eq!(house.ingest(project, vec![folder.path().to_owned()]).await.items, 2);
    let officer = house.sign_in("privacy_officer@boards").await;
    let lots = house.pipeline.subjects(&officer, project, None, None).await.unwrap().items;
    assert_eq!(lots.iter().map(|lot| lot.kind.as_str()).collect::<Vec<_>>(), ["lot", "lot"]);
    let owner = house.sign_in("owner@boards").await;
    let before = items(&house, &owner, project).await;
    // The template belongs to the lot whose file came first, whichever that was.
    let first = lots.iter().max_by_key(|lot| lot.files).unwrap();
    let request = erase(&house, "boards", project, first).await;
    let certificate = house.pipeline.erasure_certificate(&officer, request).await.unwrap();
    // The template lies twice: as it came, and cleared.
    assert_eq!(certificate.statement.destroyed.shared_files_resealed, 2);
    let after = items(&house, &owner, project).await;
    for ((item, _, _), (_, phase, _)) in before.iter().zip(after) {
        for stream in 0..2 {
            let shown = house.pipeline.image(&owner, *item, stream, 0, None, Default::default()).await;
            assert_eq!(shown.is_ok(), phase != "erased");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_shown_once_to_the_asker_after_another_person_agreed() {
    let house = House::new().await;
    let project = bring(&house, "a", &[PATIENT]).await;
    let crew = Crew::of(&house, "a", "reviewer").await;
    let mut quality = mark(1, "study_quality", None, Shape::Tag {});
    quality.attributes.insert("grade".into(), "good".into());
    let (officer, owner) = (house.sign_in("privacy_officer@a").await, house.sign_in("owner@a").await);
    // Somebody with every role reads it, and can therefore neither ask nor agree.
    let reader = house.sign_in("everything@a").await;
    let crew = Crew { annotator: reader.clone(), ..crew };
    let item = crew.work(&house, project, &[quality]).await;
    let pipeline = &house.pipeline;
    let ask = |who: Caller| async move {
        let draft = RequestDraft::Reidentification(item);
        pipeline.request_privacy(&who, project, draft, "a finding that must be told".into()).await
    };
    assert_eq!(code(&ask(reader.clone()).await.unwrap_err()), "separation_of_duties");
    assert_eq!(code(&ask(owner.clone()).await.unwrap_err()), "not_found");
    let asked = ask(officer.clone()).await.unwrap();
    assert_eq!(code(&pipeline.reveal(&officer, asked.id).await.unwrap_err()), "not_approved");
    for alone in [&officer, &reader] {
        let refused = pipeline.decide_privacy(alone, asked.id, approve()).await.unwrap_err();
        assert_eq!(code(&refused), "separation_of_duties");
    }
    assert!(pipeline.decide_privacy(&owner, asked.id, approve()).await.unwrap().expires_at.is_some());
    for other in [&owner, &reader, &crew.annotator] {
        assert_eq!(code(&pipeline.reveal(other, asked.id).await.unwrap_err()), "not_found");
    }
    let shown = pipeline.reveal(&officer, asked.id).await.unwrap();
    assert_eq!(shown.patient_id, Some(patient_id(PATIENT)));
    assert!(shown.pseudonym.starts_with("CS-") && shown.uids.len() > 3);
    assert_eq!(code(&pipeline.reveal(&officer, asked.id).await.unwrap_err()), "already_shown");

    let late = ask(officer.clone()).await.unwrap();
    pipeline.decide_privacy(&owner, late.id, approve()).await.unwrap();
    house.clock.forward(31 * 60);
    assert_eq!(code(&pipeline.reveal(&officer, late.id).await.unwrap_err()), "expired");
    let refused = ask(officer.clone()).await.unwrap();
    let owner = house.sign_in(&owner.login).await;
    let no = Decision { approve: false, ..approve() };
    assert_eq!(pipeline.decide_privacy(&owner, refused.id, no).await.unwrap().state, "refused");
    assert_eq!(code(&pipeline.reveal(&officer, refused.id).await.unwrap_err()), "not_approved");

    let events = pipeline.project_events(&owner, project, Some(200), None).await.unwrap().items;
    let count = |action: &str| events.iter().filter(|event| event.action == action).count();
    assert_eq!(
        ["requested", "approved", "refused", "shown"].map(|step| count(&format!("reidentification.{step}"))),
        [3, 2, 1, 1]
    );
}
