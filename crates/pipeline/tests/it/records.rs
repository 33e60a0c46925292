//! Tables and free text beside the images: rows join the studies that they are about whichever comes first, and what the
//! rules do not cover stays in quarantine without anybody having seen it.

use std::{fs, path::Path, sync::Arc};

use countersign_dicom as dicom;
use countersign_model::{DeidPlan, ProjectId};
use countersign_pipeline::{
    PipelineError,
    gate::RecordFileView,
    items::ItemQuery,
    people::Caller,
    privacy::{Decision, RequestDraft},
    views::ItemDetail,
};
use countersign_synthesis::{ct_study, phantom};

use crate::{
    harness::{House, PASSWORD},
    privacy::{OTHER, PATIENT, erase, find},
    vault::study,
};

const OTHERS: [&str; 8] = [
    "owner@p",
    "technician@p",
    "annotator@p",
    "reviewer@p",
    "specialist@p",
    "quality_engineer@p",
    "data_scientist@p",
    "auditor@p",
];

fn identity(seed: u64) -> dicom::Identity {
    let options = phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let bytes = &ct_study(seed, &options).instances[0].bytes;
    dicom::Identity::of(&dicom::read(bytes, &dicom::Limits::default()).unwrap())
}

fn patient(seed: u64) -> String {
    identity(seed).patient_id.unwrap()
}

fn plan() -> DeidPlan {
    let text = r#"{"records":{"columns":{
        "mrn":"pseudonym","name":"drop","study":"study","order":"accession","drawn":"date_shift","age":"age_cap",
        "sex":{"one_of":["F","M"]},"loinc":"keep","value":"keep"
    }}}"#;
    serde_json::from_str(text).unwrap()
}

struct Clinic {
    house: House,
    project: ProjectId,
    officer: Caller,
    owner: Caller,
}

impl Clinic {
    async fn new(rules: bool) -> Self {
        Self::of(House::new().await, rules).await
    }

    async fn of(house: House, rules: bool) -> Self {
        let project = house.project("p", "radiology").await;
        let officer = house.sign_in("privacy_officer@p").await;
        house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
        let owner = house.sign_in("owner@p").await;
        let clinic = Self { house, project, officer, owner };
        if rules {
            clinic.rule(1).await;
        }
        clinic
    }

    async fn rule(&self, against: u32) {
        let made =
            self.house.pipeline.set_deid(&self.officer, self.project, against, plan(), "labs", PASSWORD);
        made.await.unwrap();
    }

    async fn images(&self, seed: u64) {
        let folder = tempfile::tempdir().unwrap();
        study(folder.path(), seed);
        let report = self.house.ingest(self.project, vec![folder.path().to_owned()]).await;
        assert_eq!(report.items, 1, "{:?}", report.refusals);
    }

    async fn file(&self, name: &str, text: &str) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        let report = self.house.ingest(self.project, vec![folder.path().to_owned()]).await;
        assert!(report.refusals.is_empty() && report.items == 0, "{:?}", report.refusals);
    }

    async fn files(&self) -> Vec<RecordFileView> {
        self.house.pipeline.record_files(&self.officer, self.project, None, None).await.unwrap().items
    }

    async fn items(&self) -> Vec<ItemDetail> {
        let page = self.house.pipeline.items(&self.owner, self.project, ItemQuery::default()).await.unwrap();
        let mut all = Vec::new();
        for item in page.items {
            all.push(self.house.pipeline.item(&self.owner, item.id).await.unwrap());
        }
        all
    }
}

/// The rows of an item as text.
fn shown(item: &ItemDetail) -> Vec<String> {
    let row = |row: &countersign_pipeline::gate::ItemRecord| {
        let cells = row.cells.iter().map(|cell| format!("{}={}", cell.column, cell.value));
        cells.collect::<Vec<_>>().join(" ")
    };
    item.records.iter().map(row).collect()
}

/// Every file below a folder in which some bytes stand.
fn holders(folder: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, needle));
        } else if fs::read(&path).unwrap().windows(needle.len()).any(|part| part == needle.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn rows_join_what_they_are_about(clinic: Clinic) {
    let (one, other) = (identity(PATIENT), identity(OTHER));
    clinic.images(PATIENT).await;
    let (a, b) = (one.patient_id.clone().unwrap(), other.patient_id.clone().unwrap());
    let table = format!(
        "mrn,name,study,order,drawn,age,sex,loinc,value\n\
         {a},Marigold Featherstone,{uid},,2021-06-14,93,F,718-7,13.5\n\
         {a},Marigold Featherstone,,{order},2021-06-15,93,F,718-7,12.9\n\
         {a},Marigold Featherstone,1.2.3.4,,2021-06-16,93,F,718-7,1.1\n\
         {a},Marigold Featherstone,,ANOTHER-1,2021-06-16,93,F,718-7,2.2\n\
         {b},Ada Okonkwo,,,20210621,41,F,4548-4,6.1\n",
        uid = one.study_uid.unwrap(),
        order = one.accession_number.clone().unwrap(),
    );
    clinic.file("labs.csv", &table).await;
    let first = &clinic.files().await[0];
    assert_eq!((first.state.as_str(), first.rows, first.joined), ("cleaned", 5, 2), "{first:?}");
    clinic.images(OTHER).await;
    assert_eq!(clinic.files().await[0].joined, 3, "whichever comes first");

    let items = clinic.items().await;
    let (mine, theirs) = (shown(&items[0]), shown(&items[1]));
    assert_eq!(mine.len(), 2, "not those of another study: {mine:?}");
    for (row, value) in mine.iter().zip(["13.5", "12.9"]) {
        assert!(row.starts_with("drawn=20") && !row.contains("2021-06"), "{row}");
        assert!(row.ends_with(&format!("age=90 sex=F loinc=718-7 value={value}")), "{row}");
    }
    assert_eq!(theirs.len(), 1);
    assert!(theirs[0].ends_with("age=41 sex=F loinc=4548-4 value=6.1"), "{theirs:?}");

    // The evidence says what was done to each column, over which bytes, and holds no value.
    let file = &clinic.files().await[0];
    let report = file.report.clone().unwrap();
    assert_eq!(report["columns"][1], serde_json::json!(["name", "drop", 5]));
    assert!(report["searched"].as_u64().unwrap() >= 4);
    assert_eq!(file.rule_set.clone().unwrap()["protocol_version"], 2);
    assert_eq!((file.hash_before.len(), file.hash_after.as_ref().unwrap().len()), (64, 64));
    let told = serde_json::to_string(file).unwrap();
    for secret in [&a, &b, "Featherstone", one.accession_number.as_ref().unwrap()] {
        assert!(!told.contains(secret), "{told}");
        clinic.house.pipeline.store.sequence().await.unwrap();
        assert_eq!(holders(&clinic.house.folder(), secret), Vec::<String>::new());
    }

    // The same table again is no news; one that grew adds what is new to it.
    clinic.file("labs again.csv", &table).await;
    assert_eq!(clinic.files().await.len(), 1);
    clinic.file("labs.csv", &format!("{table}{a},,,,2021-07-01,93,F,718-7,11.0\n")).await;
    let grown = clinic.items().await;
    assert_eq!(shown(&grown[0]).len(), 3, "{:?}", shown(&grown[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_join_the_studies_that_they_are_about() {
    rows_join_what_they_are_about(Clinic::new(true).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_join_the_studies_that_they_are_about_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    rows_join_what_they_are_about(Clinic::of(house, true).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_do_not_cover_stays_and_nobody_is_shown_it() {
    let clinic = Clinic::new(true).await;
    clinic.images(PATIENT).await;
    let id = patient(PATIENT);
    for (name, text, reason, row, column) in [
        ("a.csv", format!("mrn,ward\n{id},7\n"), "records-unknown-column", None, Some(2)),
        ("b.csv", format!("mrn,loinc\n{id},seen by her daughter\n"), "records-free-text", Some(1), Some(2)),
        ("c.csv", format!("mrn,loinc,loinc\n{id},A,B\n"), "records-repeated-column", None, Some(3)),
        (
            "d.csv",
            format!("mrn,name,loinc\n{id},Featherstone,FEATHERSTONE\n"),
            "records-leak",
            Some(1),
            Some(3),
        ),
        ("e.csv", "loinc,value\n718-7,13.5\n".to_owned(), "records-no-patient", None, None),
        ("f.tsv", format!("mrn\tvalue\n{id}\t1\n{id}\t\t\n"), "records-broken", Some(2), None),
        ("letter.TXT", format!("Dear colleague, {id} was seen today."), "free-text", None, None),
    ] {
        clinic.file(name, &text).await;
        let file = clinic.files().await.remove(0);
        assert_eq!((file.state.as_str(), file.reason.as_deref()), ("kept", Some(reason)), "{name}");
        assert_eq!((file.row, file.column), (row, column), "{name}");
        assert!(file.report.is_none() && file.hash_after.is_none() && file.rows == 0);
    }
    assert!(clinic.items().await.iter().all(|item| item.records.is_empty()));
    let pipeline = &clinic.house.pipeline;
    for login in OTHERS {
        let caller = clinic.house.sign_in(login).await;
        let seen = pipeline.record_files(&caller, clinic.project, None, None).await.unwrap_err();
        assert!(matches!(seen, PipelineError::NotFound), "{login}: {seen}");
    }
    // The officer is told what and where, and never the words.
    let told = serde_json::to_string(&clinic.files().await).unwrap();
    for secret in [id.as_str(), "daughter", "Featherstone", "ward", "letter", "colleague"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    pipeline.store.sequence().await.unwrap();
    for secret in [id.as_str(), "daughter", "Featherstone", "FEATHERSTONE", "colleague"] {
        assert_eq!(holders(&clinic.house.folder(), secret), Vec::<String>::new(), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_waits_for_rules_is_looked_at_again() {
    let clinic = Clinic::new(false).await;
    clinic.images(PATIENT).await;
    clinic.file("labs.csv", &format!("mrn;loinc;value\n{};718-7;13.5\n", patient(PATIENT))).await;
    clinic.file("letter.txt", "Dear colleague").await;
    let before = clinic.files().await;
    assert_eq!(before[1].reason.as_deref(), Some("records-no-rules"));
    clinic.rule(1).await;
    clinic.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let after = clinic.files().await;
    assert_eq!(
        (after[1].state.as_str(), after[1].protocol_version, after[1].joined),
        ("cleaned", Some(2), 1)
    );
    assert_eq!(after[0], before[0], "words stay, whatever the rules");
    assert_eq!(shown(&clinic.items().await[0]), ["loinc=718-7 value=13.5"]);
    let events =
        clinic.house.pipeline.project_events(&clinic.officer, clinic.project, None, None).await.unwrap();
    let of_files: Vec<_> = events.items.iter().filter(|e| e.action.starts_with("records.")).collect();
    let actions: Vec<_> = of_files.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["records.cleaned", "records.waiting", "records.held", "records.held"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_about_a_study_that_waits_are_not_shown() {
    let house = House::new().await;
    let project = house.project("p", "radiology").await;
    let officer = house.sign_in("privacy_officer@p").await;
    let owner = house.sign_in("owner@p").await;
    let clinic = Clinic { house, project, officer, owner };
    clinic.rule(1).await;
    let files = countersign_synthesis::identified::cohort(20_261_126, 14);
    let folder = tempfile::tempdir().unwrap();
    let capture = files.iter().find(|file| file.key.modality == "US").expect("ultrasound always waits");
    fs::write(folder.path().join("IM1"), &capture.bytes).unwrap();
    fs::write(folder.path().join("labs.csv"), format!("mrn,value\n{},13.5\n", capture.key.patient_id))
        .unwrap();
    clinic.house.ingest(project, vec![folder.path().to_owned()]).await;
    let items = clinic.items().await;
    assert_eq!((items.len(), items[0].phase.as_str()), (1, "quarantined"));
    assert!(items[0].records.is_empty());
    assert_eq!(clinic.files().await[0].state, "cleaned");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_patient_is_gone_from_tables_and_the_rows_of_others_stay() {
    let clinic = Clinic::new(true).await;
    clinic.images(PATIENT).await;
    clinic.images(OTHER).await;
    let (a, b) = (patient(PATIENT), patient(OTHER));
    clinic.file("labs.csv", &format!("mrn,loinc,value\n{a},718-7,13.5\n{b},4548-4,6.1\n")).await;
    clinic.file("other.csv", &format!("mrn,loinc,value\n{b},718-7,12.1\n")).await;
    clinic.file("letter.txt", &format!("Dear colleague, {a} was seen.")).await;
    let store = clinic.house.pipeline.store.clone();
    // Somebody asked for the letter before; that it goes with a patient meanwhile does not hold the answer up.
    let all =
        clinic.house.pipeline.subjects(&clinic.officer, clinic.project, None, None).await.unwrap().items;
    let asked = RequestDraft::Erasure(all.iter().find(|subject| subject.kind == "text").unwrap().id);
    let reason = "not ours".to_owned();
    let asked =
        clinic.house.pipeline.request_privacy(&clinic.officer, clinic.project, asked, reason).await.unwrap();
    let subject = find(&clinic.house, &clinic.officer, clinic.project, PATIENT).await.unwrap();
    erase(&clinic.house, "p", clinic.project, &subject).await;
    let yes = Decision { approve: true, reason: "agreed".into(), password: PASSWORD.into() };
    clinic.house.pipeline.decide_privacy(&clinic.owner, asked.id, yes).await.unwrap();
    clinic.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    clinic.house.pipeline.erasure_certificate(&clinic.officer, asked.id).await.unwrap();

    let files = clinic.files().await;
    let state = |n: usize| (files[n].state.as_str(), files[n].bytes > 0, files[n].joined);
    assert_eq!(state(2), ("cleaned", false, 1), "the table that named them is destroyed");
    assert_eq!(files[2].hash_before, "");
    assert_eq!(state(1), ("cleaned", true, 1), "another table is not");
    assert_eq!(state(0), ("erased", false, 0), "of words that nobody has read nobody can say whom they name");
    assert_eq!(files[0].reason, None);
    let left: Vec<String> = clinic.items().await.iter().flat_map(shown).collect();
    assert_eq!(left, ["loinc=4548-4 value=6.1", "loinc=718-7 value=12.1"]);

    // Words are erased as a subject of their own, too, and nothing else goes with them.
    clinic.file("letter.txt", &format!("Dear colleague, {b} was seen.")).await;
    clinic.file("ward.csv", &format!("mrn,ward\n{b},7\n")).await;
    let all =
        clinic.house.pipeline.subjects(&clinic.officer, clinic.project, None, None).await.unwrap().items;
    let letter = all.iter().find(|subject| subject.kind == "text" && subject.state == "live").unwrap();
    erase(&clinic.house, "p", clinic.project, letter).await;
    let files = clinic.files().await;
    assert_eq!((files[1].state.as_str(), files[1].bytes, &files[1].reason), ("erased", 0, &None));
    assert_eq!((files[0].state.as_str(), files[0].bytes > 0), ("kept", true));
    store.sequence().await.unwrap();
    store.verify().await.unwrap();
    // What the keyring remembers is erased again, and nothing else.
    assert_eq!(clinic.house.pipeline.reapply_erasures().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_waits_for_the_vault() {
    let clinic = Clinic::new(true).await;
    let (vault, away) = (clinic.house.folder().join("vault"), clinic.house.folder().join("elsewhere"));
    fs::rename(&vault, &away).unwrap();
    clinic.file("labs.csv", &format!("mrn,value\n{},13.5\n", patient(PATIENT))).await;
    assert_eq!(clinic.files().await[0].state, "waiting");
    fs::rename(&away, &vault).unwrap();
    clinic.house.clock.forward(60);
    clinic.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(clinic.files().await[0].state, "cleaned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_beyond_the_limits_is_refused_or_stays() {
    let clinic = Clinic::new(true).await;
    let folder = tempfile::tempdir().unwrap();
    let bytes = countersign_pipeline::gate::TABLE_LIMITS.bytes + 1;
    fs::write(folder.path().join("labs.csv"), vec![b'1'; bytes]).unwrap();
    let report = clinic.house.ingest(clinic.project, vec![folder.path().to_owned()]).await;
    assert_eq!(report.refusals[0].code, "too_large");
    assert!(clinic.files().await.is_empty());
    clinic.file("long.csv", &format!("mrn,name\n1,{}\n", "x".repeat(5_000))).await;
    let file = clinic.files().await.remove(0);
    assert_eq!((file.reason.as_deref(), file.row, file.column), (Some("records-too-long"), Some(1), Some(2)));
}
