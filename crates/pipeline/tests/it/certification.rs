//! Labels are frozen, audited blind, bounded; whoever has the package alone can work all of it out again.

use std::{collections::BTreeMap, io::Cursor};

use countersign_ledger::{
    VerifierKey,
    release::{Record, release_member, verify_release_with},
};
use countersign_model::{Audience, CertificationId, ProjectId, Role};
use countersign_pipeline::{
    PipelineError,
    certification::{
        AuditFiles, AuditUnit, CERTIFICATE_FILE, CertificationDraft, CertificationView, ErrorKind,
        FINDINGS_FILE, FoundError, Judgement, LabelFault, LabelReport, OwnJudgement, PROOF_FILES, Severity,
        UNITS_BYTES_MAX, UNITS_FILE, verify_labels,
    },
    people::Caller,
    pixels::ShownFor,
    release::{Selection, Wanted},
};
use countersign_quality::certify::CLASS_BOUNDS_MAX;
use countersign_store::{Actor, Evidence};

use crate::{
    harness::{House, PASSWORD},
    releases::{accepted_images, code, package},
};

pub fn draft(name: &str, target: f64) -> CertificationDraft {
    let text = serde_json::json!({
        "name": name, "target": target, "reference": "quality engineers, guideline version 1",
        "error": "wrong, missing or superfluous object", "classes": [{ "class": "object", "among": "all" }],
    });
    serde_json::from_value(text).unwrap()
}

fn own(objects: u32) -> OwnJudgement {
    OwnJudgement { classes: BTreeMap::from([("object".to_owned(), objects)]) }
}

fn missed() -> Judgement {
    let error = FoundError {
        class: "object".into(),
        kind: ErrorKind::Missed,
        severity: Severity::Major,
        annotation: None,
    };
    Judgement { errors: vec![error], comment: None }
}

/// How many objects the frozen labels name; the second image has none.
pub async fn labelled(
    house: &House,
    caller: &Caller,
    id: CertificationId,
    unit: &AuditUnit,
    saw: u32,
) -> usize {
    let shown = house.pipeline.say_own(caller, id, unit.position, own(saw)).await.unwrap().shown.unwrap();
    assert_eq!(shown.differences.is_empty(), shown.annotations.len() == saw as usize);
    shown.annotations.len()
}

pub async fn frozen(house: &House, count: u32, target: f64) -> (ProjectId, CertificationView, Caller) {
    let (project, _, items) = accepted_images(house, count).await;
    assert_eq!(items.len(), count as usize);
    let engineer = house.sign_in("quality_engineer@p").await;
    let view = house.pipeline.freeze(&engineer, project, draft("first", target)).await.unwrap();
    assert_eq!((view.state.as_str(), view.units, view.seed.as_deref()), ("frozen", u64::from(count), None));
    (project, view, engineer)
}

/// Judges whatever comes next: the image without any label is found wrong, all others right.
pub async fn judge_next(house: &House, caller: &Caller, id: CertificationId) -> CertificationView {
    let unit = house.pipeline.next_unit(caller, id).await.unwrap();
    assert!(unit.shown.is_none(), "nothing is shown before the own look");
    house.pipeline.certification_image(caller, id, unit.position, 0, None).await.unwrap();
    let judgement = match labelled(house, caller, id, &unit, 1).await {
        0 => missed(),
        _ => Judgement::default(),
    };
    house.pipeline.judge_unit(caller, id, unit.position, judgement).await.unwrap()
}

pub async fn released(
    house: &House,
    project: ProjectId,
    id: CertificationId,
) -> (Vec<u8>, AuditFiles, Vec<Record>, VerifierKey) {
    let scientist = house.sign_in("data_scientist@p").await;
    let wanted =
        Wanted { items: Selection::AllAccepted, audience: Audience::Internal, certification: Some(id) };
    let made = house
        .pipeline
        .make_release_signed(&scientist, project, "v1", wanted, Some(PASSWORD.into()))
        .await
        .unwrap();
    assert_eq!((made.state.as_str(), made.certification), ("done", Some(id)));
    let bytes = package(house, &scientist, made.id).await;
    let key = VerifierKey::parse(&house.pipeline.store.log_key()).unwrap();
    let mut records = Vec::new();
    let report =
        verify_release_with(Cursor::new(&bytes), Some(&key), &mut |record| records.push(record.clone()))
            .unwrap();
    let claims = &report.certificate.statement.claims;
    assert!(claims.iter().any(|claim| claim.starts_with("With 95 % confidence at most")), "{claims:?}");
    assert!(!report.certificate.statement.not_claimed.iter().any(|text| text.contains("no sampling plan")));
    let member = |name: &str| {
        let found = release_member(Cursor::new(&bytes), name, UNITS_BYTES_MAX).unwrap();
        String::from_utf8(found.unwrap_or_else(|| panic!("{name} is not there"))).unwrap()
    };
    let files = AuditFiles {
        certificate: member(CERTIFICATE_FILE),
        units: member(UNITS_FILE),
        findings: member(FINDINGS_FILE),
        proofs: PROOF_FILES.map(member),
    };
    // The rows say the same later on.
    assert_eq!(made.root.unwrap(), house.pipeline.recompute_release_root(made.id).await.unwrap());
    (bytes, files, records, key)
}

async fn from_frozen_to_verified(house: House) {
    let (project, view, engineer) = frozen(&house, 8, 0.1).await;
    let (pipeline, id) = (&house.pipeline, view.id);
    let early = pipeline.next_unit(&engineer, id).await.unwrap_err();
    assert_eq!(code(&early), "not_auditing");
    let drawn = pipeline.draw_order(&engineer, id, "six, two, five").await.unwrap();
    assert!(drawn.seed.is_some());
    let again = pipeline.draw_order(&engineer, id, "").await.unwrap_err();
    assert_eq!(code(&again), "already_drawn");
    // Reviewer and specialist had a hand in every item.
    for worker in ["reviewer@p", "specialist@p"] {
        let worker = house.sign_in(worker).await;
        assert_eq!(code(&pipeline.next_unit(&worker, id).await.unwrap_err()), "nothing_to_audit");
        let image = pipeline.certification_image(&worker, id, 0, 0, None).await.unwrap_err();
        assert_eq!(code(&image), "separation_of_duties");
    }
    let annotator = house.sign_in("annotator@p").await;
    assert_eq!(code(&pipeline.next_unit(&annotator, id).await.unwrap_err()), "not_found");

    let mut shares = Vec::new();
    loop {
        let now = judge_next(&house, &engineer, id).await;
        let bound = now.overall.unwrap();
        assert_eq!((bound.checked, bound.lot), (now.checked, 8));
        assert!(bound.upper >= bound.found && bound.upper <= 8);
        shares.push(bound.share);
        if now.state != "auditing" {
            break;
        }
        assert!(shares.len() < 8, "the audit ends when everything was judged");
    }
    let closed = pipeline.certification(&engineer, id).await.unwrap();
    assert_eq!((closed.state.as_str(), closed.stop.as_deref()), ("closed", Some("sample")), "{shares:?}");
    // All 8 judged: nothing is left to chance. One was wrong.
    assert_eq!((closed.checked, closed.found, closed.overall.unwrap().upper), (8, 1, 1));
    assert!(closed.statement.unwrap().contains("of the 8 images deviate from quality engineers"));
    assert_eq!((closed.auditors.len(), closed.auditors[0].units), (1, 8));

    let (_, files, records, key) = released(&house, project, id).await;
    assert_eq!(records.len(), 7, "what was found wrong is held");
    let report = verify_labels(&files, &records, &key).unwrap();
    let LabelReport { units, checked, found, mended, log_indices, .. } = report;
    assert_eq!((units, checked, found, mended), (8, 8, 1, 1));
    assert!(log_indices[0] < log_indices[1] && log_indices[1] < log_indices[2]);
    tampered(&files, &records, &key);
}

fn tampered(files: &AuditFiles, records: &[Record], key: &VerifierKey) {
    let place = |files: &AuditFiles, records: &[Record]| -> String {
        let LabelFault { place, .. } = verify_labels(files, records, key).unwrap_err();
        place
    };
    let with = |change: &dyn Fn(&mut AuditFiles)| {
        let mut changed = files.clone();
        change(&mut changed);
        changed
    };
    let renamed = with(&|f| f.units = f.units.replacen("\"object\"", "\"person\"", 1));
    assert_eq!(place(&renamed, records), UNITS_FILE);
    let fewer = with(&|f| f.units = f.units.lines().skip(1).map(|line| format!("{line}\n")).collect());
    assert_eq!(place(&fewer, records), UNITS_FILE);
    let forgiven = with(&|f| f.findings = f.findings.replacen("missed", "attribute", 1));
    assert_eq!(place(&forgiven, records), FINDINGS_FILE);
    // A better bound, and the findings' hash made to fit: the log holds another certificate.
    let better = with(&|f| f.certificate = f.certificate.replacen("\"upper\":1", "\"upper\":0", 1));
    assert_eq!(place(&better, records), PROOF_FILES[2]);
    let swapped = with(&|f| f.proofs.swap(0, 1));
    assert_eq!(place(&swapped, records), PROOF_FILES[0]);
    // A label that nobody judged wrong was changed after the audit.
    let mut changed = records.to_vec();
    changed[0].content_hash = countersign_ledger::Hash::of(b"another");
    assert_eq!(place(files, &changed), format!("item {}", changed[0].item));
    assert_eq!(place(files, &records[1..]), format!("item {}", records[0].item));
    // The auditor turns out to have drawn one of the items.
    let auditor = files.findings.split("\"auditor\":\"").nth(1).unwrap().split('"').next().unwrap();
    let mut own = records.to_vec();
    own[2].authors[0].actor = auditor.to_owned();
    assert_eq!(place(files, &own), format!("item {}", own[2].item));
    let other = countersign_ledger::NoteSigner::from_seed("example.org/log", &[7; 32]).unwrap();
    let fault = verify_labels(files, records, other.verifier()).unwrap_err();
    assert_eq!(fault.place, PROOF_FILES[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_frozen_labels_to_a_certificate_that_is_recomputed_elsewhere() {
    from_frozen_to_verified(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    from_frozen_to_verified(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_no_label_before_they_said_what_they_see() {
    let house = House::new().await;
    let (project, view, engineer) = frozen(&house, 4, 0.1).await;
    let (pipeline, id) = (&house.pipeline, view.id);
    pipeline.draw_order(&engineer, id, "").await.unwrap();
    let everything = house.sign_in("everything@p").await;
    let reads = |caller: Caller, item| async move { pipeline.item(&caller, item).await.unwrap().reads };
    let all: Vec<_> = pipeline
        .items(&engineer, project, Default::default())
        .await
        .unwrap()
        .items
        .iter()
        .map(|i| i.id)
        .collect();
    let read = reads(engineer.clone(), all[0]).await[0].id;
    let unit = pipeline.next_unit(&engineer, id).await.unwrap();
    assert_eq!(
        unit,
        pipeline
            .next_unit(&engineer, id)
            .await
            .map(|again| AuditUnit { until: unit.until, ..again })
            .unwrap()
    );
    // From the first unit on: no reads, signatures or annotations by any other way.
    for item in &all {
        assert!(reads(engineer.clone(), *item).await.is_empty());
        assert!(pipeline.item(&engineer, *item).await.unwrap().signatures.is_empty());
    }
    assert_eq!(code(&pipeline.read(&engineer, read).await.unwrap_err()), "not_found");
    assert!(!reads(everything.clone(), all[0]).await.is_empty(), "who does not audit sees as before");

    let judged = pipeline.judge_unit(&engineer, id, unit.position, Judgement::default()).await.unwrap_err();
    assert_eq!(code(&judged), "not_shown");
    let strange = OwnJudgement { classes: BTreeMap::from([("ghost".to_owned(), 1)]) };
    assert_eq!(
        code(&pipeline.say_own(&engineer, id, unit.position, strange).await.unwrap_err()),
        "bad_judgement"
    );
    // Somebody else's unit is nobody else's to look at.
    let image = pipeline.certification_image(&everything, id, unit.position, 0, None).await.unwrap_err();
    assert_eq!(code(&image), "not_your_unit");

    // Seven were seen where the labels name at most one: name the error or say why it is none.
    labelled(&house, &engineer, id, &unit, 7).await;
    let twice = pipeline.say_own(&engineer, id, unit.position, own(1)).await.unwrap_err();
    assert_eq!(code(&twice), "labels_shown");
    let silent = pipeline.judge_unit(&engineer, id, unit.position, Judgement::default()).await.unwrap_err();
    assert_eq!(code(&silent), "explain_difference");
    let explained = Judgement { comment: Some("six of them are reflections".into()), ..Judgement::default() };
    pipeline.judge_unit(&engineer, id, unit.position, explained).await.unwrap();
    let twice = pipeline.judge_unit(&engineer, id, unit.position, Judgement::default()).await.unwrap_err();
    assert_eq!(code(&twice), "not_your_unit");
    let findings = pipeline.findings(&engineer, id).await.unwrap();
    assert_eq!((findings.len(), findings[0].counted, findings[0].own.classes["object"]), (1, 0, 7));
    assert!(!reads(engineer.clone(), findings[0].item).await.is_empty(), "what was judged is no secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_saw_elsewhere_is_judged_by_others_and_gaps_do_not_count() {
    let house = House::new().await;
    let (project, view, engineer) = frozen(&house, 3, 0.1).await;
    let (pipeline, id) = (&house.pipeline, view.id);
    pipeline.draw_order(&engineer, id, "").await.unwrap();
    let everything = house.sign_in("everything@p").await;
    let first = pipeline.next_unit(&engineer, id).await.unwrap();
    assert_eq!(first.position, 0);
    // The second auditor gets the next one, and judges it first: the bound waits for the gap.
    let now = judge_next(&house, &everything, id).await;
    assert_eq!((now.checked, now.overall.unwrap().upper), (0, 3));
    // What another auditor found names labels of the set: whoever audits still waits for that.
    assert!(pipeline.findings(&engineer, id).await.unwrap().is_empty());
    let found = pipeline.findings(&everything, id).await.unwrap();
    assert_eq!(found.len(), 1);
    let compared = pipeline.item_comparisons(&engineer, found[0].item).await.unwrap_err();
    assert_eq!(code(&compared), "not_found");
    let auditor = house.sign_in("auditor@p").await;
    assert!(pipeline.item_comparisons(&auditor, found[0].item).await.unwrap().is_empty());
    labelled(&house, &engineer, id, &first, 1).await;
    let explained = Judgement { comment: Some("counted".into()), ..Judgement::default() };
    let now = pipeline.judge_unit(&engineer, id, 0, explained).await.unwrap();
    assert_eq!(now.checked, 2);
    // Whoever was shown a picture outside of the audit is not asked about it.
    let items = pipeline.items(&everything, project, Default::default()).await.unwrap().items;
    for item in &items {
        pipeline.image(&everything, item.id, 0, 0, None, ShownFor::Work).await.unwrap();
    }
    assert_eq!(code(&pipeline.next_unit(&everything, id).await.unwrap_err()), "nothing_to_audit");
    knows_the_labels(&house, project, id).await;
    let ended = pipeline.end_certification(&engineer, id, " ".into()).await.unwrap_err();
    assert_eq!(code(&ended), "reason_required");
    let ended = pipeline.end_certification(&engineer, id, "no time".into()).await.unwrap();
    assert_eq!((ended.state.as_str(), ended.stop.as_deref(), ended.checked), ("closed", Some("ended"), 2));

    // A label that nobody judged goes under a hold: the bound is not about what would leave.
    let judged: Vec<_> = pipeline.findings(&engineer, id).await.unwrap().iter().map(|f| f.item).collect();
    let free = items.iter().find(|item| !judged.contains(&item.id)).unwrap();
    let hold = pipeline.hold(&engineer, free.id, "looked at again".into()).await.unwrap();
    let scientist = house.sign_in("data_scientist@p").await;
    let wanted =
        || Wanted { items: Selection::AllAccepted, audience: Audience::Internal, certification: Some(id) };
    let some = Wanted { items: Selection::Items(vec![free.id]), ..wanted() };
    let some = pipeline
        .make_release_signed(&scientist, project, "v1", some, Some(PASSWORD.into()))
        .await
        .unwrap_err();
    assert_eq!(code(&some), "bad_selection");
    let void = pipeline
        .make_release_signed(&scientist, project, "v1", wanted(), Some(PASSWORD.into()))
        .await
        .unwrap_err();
    assert_eq!(code(&void), "certification_void");
    pipeline.lift(&engineer, hold.id, "it is fine".into()).await.unwrap();
    let (_, files, records, key) = released(&house, project, id).await;
    let report = verify_labels(&files, &records, &key).unwrap();
    assert_eq!((report.units, report.checked), (3, 2));
}

/// Whoever read the labels before, without any picture, is given none of them.
async fn knows_the_labels(house: &House, project: ProjectId, audit: CertificationId) {
    let pipeline = &house.pipeline;
    let owner = house.sign_in("owner@p").await;
    let user = house.person("late@p").await;
    pipeline.grant(&owner, project, user, Role::QualityEngineer).await.unwrap();
    let late = house.sign_in("late@p").await;
    for item in pipeline.items(&late, project, Default::default()).await.unwrap().items {
        let read = pipeline.item(&late, item.id).await.unwrap().reads[0].id;
        pipeline.read(&late, read).await.unwrap();
        pipeline.read(&late, read).await.unwrap();
    }
    assert_eq!(code(&pipeline.next_unit(&late, audit).await.unwrap_err()), "nothing_to_audit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_plan_freezes_nothing() {
    let house = House::new().await;
    let (project, _, _) = accepted_images(&house, 1).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let reviewer = house.sign_in("reviewer@p").await;
    let (pipeline, good) = (&house.pipeline, || draft("first", 0.1));
    assert_eq!(code(&pipeline.freeze(&reviewer, project, good()).await.unwrap_err()), "not_found");
    let bad: [&dyn Fn(&mut CertificationDraft); 7] = [
        &|d| d.confidence = Some(1.0 - f64::EPSILON),
        &|d| d.target = 1.0,
        &|d| d.confidence = Some(f64::NAN),
        &|d| d.sample_max = Some(0),
        &|d| d.reference = "  ".into(),
        &|d| d.classes[0].class = "ghost".into(),
        &|d| d.classes.push(d.classes[0].clone()),
    ];
    for change in bad {
        let mut draft = good();
        change(&mut draft);
        assert_eq!(code(&pipeline.freeze(&engineer, project, draft).await.unwrap_err()), "bad_plan");
    }
    // Each class with a bound of its own takes a share of the confidence: there are only so many.
    let with_classes = async |count| {
        let mut draft = good();
        draft.classes = vec![draft.classes[0].clone(); count];
        match pipeline.freeze(&engineer, project, draft).await.unwrap_err() {
            PipelineError::BadInput { place, message, .. } => (place, message),
            other => panic!("{other}"),
        }
    };
    let (place, message) = with_classes(CLASS_BOUNDS_MAX + 1).await;
    assert_eq!(place, "classes");
    assert!(message.contains(&CLASS_BOUNDS_MAX.to_string()), "{message}");
    let (_, message) = with_classes(CLASS_BOUNDS_MAX).await;
    assert!(
        !message.contains(&CLASS_BOUNDS_MAX.to_string()),
        "as many as may be, but the same one: {message}"
    );
    pipeline.freeze(&engineer, project, good()).await.unwrap();
    assert_eq!(code(&pipeline.freeze(&engineer, project, good()).await.unwrap_err()), "name_taken");
    let listed = pipeline.certifications(&reviewer, project, None, None).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    // A set whose order nobody draws is taken back, too, and stands in no later audit's way.
    let unwanted = listed.items[0].id;
    let taken_back = pipeline.end_certification(&engineer, unwanted, "another plan".into()).await.unwrap();
    assert_eq!((taken_back.state.as_str(), taken_back.statement), ("void", None));
    let drawn = pipeline.draw_order(&engineer, unwanted, "").await.unwrap_err();
    assert_eq!(code(&drawn), "already_drawn");
    let again = CertificationDraft { name: "again".into(), ..good() };
    let id = pipeline.freeze(&engineer, project, again).await.unwrap().id;
    let end = async || pipeline.end_certification(&engineer, id, "x".into()).await;
    // An audit that nobody gets on with is taken back: whoever looked into it sees labels again.
    pipeline.draw_order(&engineer, id, "").await.unwrap();
    pipeline.next_unit(&engineer, id).await.unwrap();
    let item = pipeline.items(&engineer, project, Default::default()).await.unwrap().items[0].id;
    assert!(pipeline.item(&engineer, item).await.unwrap().reads.is_empty());
    let ended = end().await.unwrap();
    assert_eq!((ended.state.as_str(), ended.stop.as_deref(), ended.statement), ("void", Some("ended"), None));
    assert!(!pipeline.item(&engineer, item).await.unwrap().reads.is_empty());
    assert_eq!(code(&end().await.unwrap_err()), "not_auditing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_out_of_work_meanwhile_is_judged_wrong_as_well_as_right() {
    let house = House::new().await;
    let (_, view, engineer) = frozen(&house, 2, 0.1).await;
    let (pipeline, id) = (&house.pipeline, view.id);
    pipeline.draw_order(&engineer, id, "").await.unwrap();
    let unit = pipeline.next_unit(&engineer, id).await.unwrap();
    labelled(&house, &engineer, id, &unit, 1).await;
    let withdrawn =
        pipeline.store.write::<_, countersign_store::StoreError, _>(Actor::console(), move |tx| {
            Box::pin(async move {
                let sql = "UPDATE items SET state = 'withdrawn', \
                       workflow = REPLACE(workflow, '\"phase\":\"accepted\"', '\"phase\":\"withdrawn\"')";
                tx.query(sql).execute().await?;
                tx.record(Evidence::new("test", "certification", id.uuid())).map(drop)
            })
        });
    withdrawn.await.unwrap();
    let after = pipeline.judge_unit(&engineer, id, unit.position, missed()).await.unwrap();
    assert_eq!((after.checked, after.found), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_cannot_be_certified_keeps_no_server_from_starting() {
    let house = House::new().await;
    let (_, view, engineer) = frozen(&house, 2, 0.1).await;
    let (pipeline, id) = (&house.pipeline, view.id);
    pipeline.draw_order(&engineer, id, "").await.unwrap();
    let damage = |entropy: &'static str| {
        pipeline.store.write::<_, countersign_store::StoreError, _>(Actor::console(), move |tx| {
            Box::pin(async move {
                let sql =
                    "UPDATE certifications SET state = 'ended', stop = 'ended', entropy = $1 WHERE id = $2";
                tx.query(sql).bind(entropy).bind(id).execute().await?;
                tx.record(Evidence::new("test", "certification", id.uuid())).map(drop)
            })
        })
    };
    damage("no hexadecimal").await.unwrap();
    assert_eq!(pipeline.sweep_certifications().await.unwrap(), 0);
    damage("00").await.unwrap();
    assert_eq!(pipeline.sweep_certifications().await.unwrap(), 1);
}
