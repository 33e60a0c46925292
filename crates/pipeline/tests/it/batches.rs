//! Batches are submitted, inspected by a drawn sample, and accepted or sent back; whoever has the record can do all of it
//! again.

use std::{collections::BTreeMap, sync::Arc};

use countersign_ledger::VerifierKey;
use countersign_model::{BatchId, CertificationId, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    batches::{
        BatchDraft, BatchRecord, BatchReport, BatchView, InspectionLevel, PlanDraft, PlanWish, SamplingPlan,
        verify_batch,
    },
    certification::{ErrorKind, FoundError, Judgement, OwnJudgement, Severity},
    oversight::{LeakChoice, LeakPlace},
    people::Caller,
    release::Selection,
};
use countersign_store::certifications;
use serde_json::json;

use crate::{
    harness::{House, PASSWORD},
    privacy::{OTHER, PATIENT, bring, erase, find, other_of},
    releases::{Crew, accepted_images, code, images, mark},
};

pub fn draft(name: &str, plan: serde_json::Value) -> BatchDraft {
    let text = json!({ "name": name, "plan": plan, "error": "an object that is missing or superfluous" });
    serde_json::from_value(text).unwrap()
}

pub fn single(sample: u64, accept: u64) -> serde_json::Value {
    json!({ "kind": "single", "sample": sample, "accept": accept })
}

pub fn again(name: &str, batch: BatchId) -> BatchDraft {
    BatchDraft { rework_of: Some(batch), ..draft(name, single(2, 0)) }
}

/// Judges what comes next: everything right, or something missed.
pub async fn judge(house: &House, caller: &Caller, id: BatchId, right: bool) -> BatchView {
    let pipeline = &house.pipeline;
    let unit = pipeline.next_unit(caller, CertificationId(id.0)).await.unwrap();
    assert!(unit.shown.is_none(), "nothing is shown before the own look");
    judge_unit(house, caller, id, unit.position, right).await
}

async fn judge_unit(house: &House, caller: &Caller, id: BatchId, position: u32, right: bool) -> BatchView {
    let pipeline = &house.pipeline;
    let own = OwnJudgement { classes: BTreeMap::from([("object".to_owned(), 3)]) };
    pipeline.say_own(caller, CertificationId(id.0), position, own).await.unwrap();
    let error = FoundError {
        class: "object".into(),
        kind: ErrorKind::Missed,
        severity: Severity::Major,
        annotation: None,
    };
    let judgement = match right {
        true => Judgement { errors: Vec::new(), comment: Some("reflections".into()) },
        false => Judgement { errors: vec![error], comment: None },
    };
    pipeline.judge_batch_unit(caller, id, position, judgement).await.unwrap().batch
}

pub async fn drawn(house: &House, engineer: &Caller, project: ProjectId, draft: BatchDraft) -> BatchView {
    let view = house.pipeline.submit_batch(engineer, project, draft).await.unwrap();
    assert_eq!((view.state.as_str(), view.seed.as_deref()), ("frozen", None));
    let drawn = house.pipeline.draw_batch(engineer, view.id, "six, two").await.unwrap().batch;
    assert_eq!(drawn.state, "inspecting");
    drawn
}

async fn refused_release(house: &House, project: ProjectId, items: Selection) -> String {
    let scientist = house.sign_in("data_scientist@p").await;
    code(
        &house
            .pipeline
            .make_release_signed(&scientist, project, "v", items, Some(PASSWORD.into()))
            .await
            .unwrap_err(),
    )
}

async fn released(house: &House, project: ProjectId, name: &str) -> u64 {
    let scientist = house.sign_in("data_scientist@p").await;
    house
        .pipeline
        .make_release_signed(&scientist, project, name, Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap()
        .items
}

async fn accepted_and_recomputed(house: House) {
    let (project, _, items) = accepted_images(&house, 6).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let pipeline = &house.pipeline;
    let look = PlanDraft {
        choice: Default::default(),
        rework_of: None,
        plan: SamplingPlan::Single { sample: 3, accept: 1 },
        steady: true,
    };
    let seen = pipeline.look_at_plan(&engineer, project, look).await.unwrap();
    assert_eq!((seen.units, seen.sample_max, seen.inspection), (6, 3, InspectionLevel::Normal));
    // With 2 of 6 wrong, 3 drawn, 1 allowed: 1 - C(2,2) C(4,1) / C(6,3) = 0.8.
    let point = seen.curve.points.iter().find(|point| point.wrong == 2).unwrap();
    assert!((point.accept - 0.8).abs() < 1e-12, "{point:?}");

    let view = pipeline.submit_batch(&engineer, project, draft("first", single(3, 1))).await.unwrap();
    let (id, audit) = (view.id, CertificationId(view.id.0));
    let early = pipeline.next_unit(&engineer, audit).await.unwrap_err();
    assert_eq!(code(&early), "not_auditing");
    // A batch is no certificate, and its audit is driven by what batches do.
    assert_eq!(code(&pipeline.certification(&engineer, audit).await.unwrap_err()), "not_found");
    assert_eq!(code(&pipeline.draw_order(&engineer, audit, "").await.unwrap_err()), "not_found");
    assert!(pipeline.certifications(&engineer, project, None, None).await.unwrap().items.is_empty());
    // Nothing of it leaves meanwhile, and nothing of it is in a second batch.
    assert_eq!(refused_release(&house, project, Selection::AllAccepted).await, "nothing_accepted");
    assert_eq!(refused_release(&house, project, Selection::Items(vec![items[0]])).await, "in_batch");
    let twice = pipeline.submit_batch(&engineer, project, draft("second", single(3, 1))).await.unwrap_err();
    assert_eq!(code(&twice), "nothing_accepted");

    pipeline.draw_batch(&engineer, id, "").await.unwrap();
    assert_eq!(code(&pipeline.draw_batch(&engineer, id, "").await.unwrap_err()), "already_drawn");
    let reviewer = house.sign_in("reviewer@p").await;
    assert_eq!(code(&pipeline.next_unit(&reviewer, audit).await.unwrap_err()), "nothing_to_audit");
    let annotator = house.sign_in("annotator@p").await;
    assert_eq!(code(&pipeline.next_unit(&annotator, audit).await.unwrap_err()), "not_found");
    assert_eq!(code(&pipeline.batch_record(&engineer, id).await.unwrap_err()), "batch_open");
    judge(&house, &engineer, id, true).await;
    let unit = pipeline.next_unit(&engineer, audit).await.unwrap();
    // Who inspects sees labels here only, but for what they were shown.
    assert_eq!(hidden(&house, &engineer, &items).await, 5);
    judge_unit(&house, &engineer, id, unit.position, false).await;
    let decided = judge(&house, &engineer, id, true).await;
    assert_eq!((decided.state.as_str(), decided.checked, decided.found), ("accepted", 3, 1));
    assert_eq!(code(&pipeline.next_unit(&engineer, audit).await.unwrap_err()), "not_auditing");
    assert_eq!(hidden(&house, &engineer, &items).await, 0);
    let over = pipeline.withdraw_batch(&engineer, id, "late".into()).await.unwrap_err();
    assert_eq!(code(&over), "already_decided");
    // The defective one is held; the rest leaves.
    assert_eq!(released(&house, project, "v1").await, 5);
    let record = pipeline.batch_record(&engineer, id).await.unwrap();
    let key = VerifierKey::parse(&pipeline.store.log_key()).unwrap();
    let BatchReport { name, decision, units, checked, found, log_indices } =
        verify_batch(&serde_json::to_string(&record).unwrap(), Some(&key)).unwrap();
    assert_eq!((name.as_str(), decision, units, checked, found), ("first", "accept", 6, 3, 1));
    assert!(log_indices[0] < log_indices[1] && log_indices[1] < log_indices[2]);
    tampered(&record, &key);
    // What was accepted as it stands is not submitted again.
    let again = pipeline.submit_batch(&engineer, project, draft("third", single(1, 0))).await.unwrap_err();
    assert_eq!(code(&again), "nothing_accepted");
}

/// How many of the items have labels that somebody is not to see.
async fn hidden(house: &House, caller: &Caller, items: &[ItemId]) -> usize {
    let mut hidden = 0;
    for item in items {
        hidden += usize::from(house.pipeline.item(caller, *item).await.unwrap().reads.is_empty());
    }
    hidden
}

fn tampered(record: &BatchRecord, key: &VerifierKey) {
    let place = |change: &dyn Fn(&mut BatchRecord)| -> String {
        let mut changed = record.clone();
        change(&mut changed);
        verify_batch(&serde_json::to_string(&changed).unwrap(), Some(key)).unwrap_err().place
    };
    assert_eq!(
        place(&|r| r.units = r.units.lines().skip(1).map(|line| format!("{line}\n")).collect()),
        "units"
    );
    assert_eq!(place(&|r| r.sample.swap(0, 1)), "sample");
    assert_eq!(
        place(&|r| r.entropy.replace_range(0..2, if r.entropy.starts_with("00") { "01" } else { "00" })),
        "sample"
    );
    assert_eq!(place(&|r| r.frozen = r.frozen.replacen("\"accept\":1", "\"accept\":2", 2)), "proofs[0]");
    assert_eq!(place(&|r| r.decision = r.decision.replacen("\"found\":1", "\"found\":0", 1)), "proofs[2]");
    assert_eq!(place(&|r| r.findings = r.findings.replacen("missed", "attribute", 1)), "findings");
    assert_eq!(place(&|r| r.proofs.swap(1, 2)), "proofs[1]");
    let other = countersign_ledger::NoteSigner::from_seed("example.org/log", &[7; 32]).unwrap();
    let text = serde_json::to_string(record).unwrap();
    assert_eq!(verify_batch(&text, Some(other.verifier())).unwrap_err().place, "proofs[0]");
}

async fn returned_and_reworked(house: House) {
    let (project, crew, items) = accepted_images(&house, 3).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let pipeline = &house.pipeline;
    let id = drawn(&house, &engineer, project, draft("first", single(2, 0))).await.id;
    let early = pipeline.submit_batch(&engineer, project, again("again", id)).await.unwrap_err();
    assert_eq!(code(&early), "not_returned");
    let decided = judge(&house, &engineer, id, false).await;
    assert_eq!((decided.state.as_str(), decided.checked, decided.found), ("returned", 1, 1), "one is enough");
    // Nothing leaves from the decision on, before any item has gone back.
    assert_eq!(refused_release(&house, project, Selection::AllAccepted).await, "nothing_accepted");
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let at = pipeline.batch(&engineer, id).await.unwrap().batch;
    assert_eq!((at.back, at.back_held, at.again), (3, 0, 0));
    for item in &items {
        let view = pipeline.item(&engineer, *item).await.unwrap();
        assert_eq!((view.phase.as_str(), view.held), ("queued", false));
    }
    let early = pipeline.submit_batch(&engineer, project, again("again", id)).await.unwrap_err();
    assert_eq!(code(&early), "nothing_accepted");
    for _ in 0..3 {
        crew.work(&house, project, &[]).await;
    }
    assert_eq!(pipeline.batch(&engineer, id).await.unwrap().batch.again, 3);
    // Mended is not inspected: it waits for its second submission, and is no first one.
    assert_eq!(refused_release(&house, project, Selection::AllAccepted).await, "nothing_accepted");
    let first = pipeline.submit_batch(&engineer, project, draft("other", single(2, 0))).await.unwrap_err();
    assert_eq!(code(&first), "nothing_accepted");
    let second = drawn(&house, &engineer, project, again("again", id)).await;
    assert_eq!((second.rework_of, second.units), (Some(id), 3));
    // Who was shown the labels of an item inspects it no more: somebody else does.
    let inspector = inspector(&house, project, "fresh@p").await;
    judge(&house, &inspector, second.id, true).await;
    let decided = judge(&house, &inspector, second.id, true).await;
    assert_eq!((decided.state.as_str(), decided.checked, decided.found), ("accepted", 2, 0));
    assert_eq!(released(&house, project, "v1").await, 3);
    let sums = pipeline.batches(&engineer, project).await.unwrap().suppliers;
    let [sum] = sums.as_slice() else { panic!("{sums:?}") };
    assert_eq!((sum.first_pass.decided, sum.first_pass.accepted, sum.first_pass.units), (1, 0, 3));
    assert_eq!((sum.first_pass.checked, sum.first_pass.found), (1, 1));
    assert_eq!((sum.rework.decided, sum.rework.accepted, sum.rework.checked, sum.rework.found), (1, 1, 2, 0));
    let reviewer = house.sign_in("reviewer@p").await;
    let seen = pipeline.batches(&reviewer, project).await.unwrap();
    assert!(seen.suppliers.is_empty() && seen.batches.iter().all(|batch| batch.supplier.is_none()));
}

/// The item that was judged in a batch.
async fn judged(house: &House, id: BatchId) -> ItemId {
    let mut conn = house.pipeline.store.read().await.unwrap();
    certifications::judged(&mut conn, CertificationId(id.0)).await.unwrap()[0].item_id
}

async fn inspector(house: &House, project: ProjectId, login: &str) -> Caller {
    let owner = house.sign_in("owner@p").await;
    let user = house.person(login).await;
    house.pipeline.grant(&owner, project, user, Role::QualityEngineer).await.unwrap();
    house.sign_in(login).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_batch_leaves_and_is_decided_again_elsewhere() {
    accepted_and_recomputed(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_batch_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    accepted_and_recomputed(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_batch_goes_back_and_comes_again_apart() {
    returned_and_reworked(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_batch_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    returned_and_reworked(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sample_is_given_out_only_after_the_first() {
    let house = House::new().await;
    let (project, _, _) = accepted_images(&house, 6).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let (one, two) = (inspector(&house, project, "one@p").await, inspector(&house, project, "two@p").await);
    let pipeline = &house.pipeline;
    let plan = json!({
        "kind": "double", "first": 2, "accept_first": 0, "return_first": 2, "second": 2, "accept_both": 1,
    });
    let id = drawn(&house, &engineer, project, draft("first", plan)).await.id;
    let audit = CertificationId(id.0);
    let first = pipeline.next_unit(&engineer, audit).await.unwrap();
    let second = pipeline.next_unit(&one, audit).await.unwrap();
    assert_eq!((first.position, second.position), (0, 1));
    assert_eq!(code(&pipeline.next_unit(&two, audit).await.unwrap_err()), "nothing_to_audit");
    // Judged beyond a gap: it counts once the gap is closed.
    assert_eq!(judge_unit(&house, &one, id, 1, false).await.checked, 0);
    let at = judge_unit(&house, &engineer, id, 0, true).await;
    assert_eq!((at.state.as_str(), at.checked, at.found), ("inspecting", 2, 1));
    assert_eq!(judge(&house, &two, id, true).await.checked, 3);
    let decided = judge(&house, &two, id, true).await;
    assert_eq!((decided.state.as_str(), decided.checked, decided.found), ("accepted", 4, 1));
    assert_eq!(released(&house, project, "v1").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_returned_tightens_inspection_until_nothing_is_taken() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 7).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let pipeline = &house.pipeline;
    let look = || PlanDraft {
        choice: Default::default(),
        rework_of: None,
        plan: SamplingPlan::Single { sample: 5, accept: 0 },
        steady: false,
    };
    // Two of five returned tighten; five returned while tightened end it.
    for number in 0..7 {
        let seen = pipeline.look_at_plan(&engineer, project, look()).await.unwrap();
        let wanted = if number < 2 { InspectionLevel::Normal } else { InspectionLevel::Tightened };
        assert_eq!((seen.inspection, seen.units), (wanted, 1), "batch {number}");
        let sample = if number < 2 { 5 } else { 8 };
        assert_eq!(seen.plan, SamplingPlan::Single { sample, accept: 0 });
        let id = drawn(&house, &engineer, project, draft(&number.to_string(), single(5, 0))).await.id;
        assert_eq!(judge(&house, &engineer, id, false).await.state, "returned");
        crew.work(&house, project, &[]).await;
    }
    let none = pipeline.look_at_plan(&engineer, project, look()).await.unwrap_err();
    assert_eq!(code(&none), "inspection_discontinued");
    let none = pipeline.submit_batch(&engineer, project, draft("x", single(5, 0))).await.unwrap_err();
    assert_eq!(code(&none), "inspection_discontinued");
    let resume =
        async |why: &str| pipeline.resume_inspection(&engineer, project, "project".into(), why.into()).await;
    assert_eq!(code(&resume(" ").await.unwrap_err()), "reason_required");
    let now = resume("the line was trained anew").await.unwrap();
    assert_eq!(now.suppliers[0].inspection, InspectionLevel::Tightened);
    assert_eq!(code(&resume("again").await.unwrap_err()), "not_discontinued");
    let seen = pipeline.look_at_plan(&engineer, project, look()).await.unwrap();
    assert_eq!(seen.inspection, InspectionLevel::Tightened);
    let id = pipeline.submit_batch(&engineer, project, draft("x", single(5, 0))).await.unwrap().id;
    // Withdrawn before anything was judged, its items are free again.
    let withdrawn = pipeline.withdraw_batch(&engineer, id, "wrong items".into()).await.unwrap().batch;
    assert_eq!((withdrawn.state.as_str(), withdrawn.reason.as_deref()), ("void", Some("wrong items")));
    pipeline.look_at_plan(&engineer, project, look()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_every_kind_go_through_switching() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 7).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let pipeline = &house.pipeline;
    let sequential =
        SamplingPlan::Sequential { good: 0.02, bad: 0.16, producer: 0.05, consumer: 0.1, most: 60 };
    let double =
        SamplingPlan::Double { first: 13, accept_first: 0, return_first: 3, second: 13, accept_both: 3 };
    let look = |plan| PlanDraft { choice: Default::default(), rework_of: None, plan, steady: true };
    for number in 0..3 {
        let chosen = BatchDraft { plan: sequential, ..draft(&number.to_string(), single(5, 0)) };
        let id = drawn(&house, &engineer, project, chosen).await.id;
        let judged = judge(&house, &engineer, id, false).await;
        assert_eq!((judged.state.as_str(), judged.chosen), ("returned", sequential));
        assert_eq!(judged.plan == sequential, number < 2, "the third is inspected tightened");
        crew.work(&house, project, &[]).await;
    }
    let seen = pipeline.look_at_plan(&engineer, project, look(sequential)).await.unwrap();
    assert_eq!(seen.inspection, InspectionLevel::Tightened);
    let SamplingPlan::Sequential { bad, most, .. } = seen.plan else { panic!("{:?}", seen.plan) };
    assert!((bad - 0.1).abs() < 1e-12 && most == 96);
    let seen = pipeline.look_at_plan(&engineer, project, look(double)).await.unwrap();
    let tightened =
        SamplingPlan::Double { first: 13, accept_first: 0, return_first: 3, second: 13, accept_both: 2 };
    assert_eq!(seen.plan, tightened);
    // The scheme is that of the plan that was chosen, whatever is in force now, at the same places.
    let scheme = seen.scheme.unwrap();
    assert_eq!((scheme.tightened, scheme.steady), (tightened, true));
    let places = |wrong: u64| seen.curve.points.iter().any(|point| point.wrong == wrong);
    assert!(
        scheme.points.len() == seen.curve.points.len() && scheme.points.iter().all(|one| places(one.wrong))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_designed_for_those_who_submit_batches() {
    let house = House::new().await;
    let (project, _, _) = images(&house, 1, 7).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let reviewer = house.sign_in("reviewer@p").await;
    let pipeline = &house.pipeline;
    let wish = PlanWish { units: 500, good: 0.01, producer: 0.05, bad: 0.06, consumer: 0.1 };
    assert_eq!(code(&pipeline.design_plan(&reviewer, project, wish).await.unwrap_err()), "not_found");
    let same = PlanWish { bad: 0.01 + 1e-12, ..wish };
    assert_eq!(code(&pipeline.design_plan(&engineer, project, same).await.unwrap_err()), "bad_plan");
    let found = pipeline.design_plan(&engineer, project, wish).await.unwrap();
    assert_eq!((found.good, found.bad), (5, 30));
    let [single, double, sequential] = [found.single, found.double, found.sequential].map(Option::unwrap);
    assert!(matches!(single.plan, SamplingPlan::Single { .. }));
    assert!(double.checked_good < single.checked_good && sequential.checked_good < single.checked_good);
    for plan in [single, double, sequential] {
        // What the curve says of the whole of it: both promises, in batches of this size.
        assert!(plan.curve.good.unwrap() >= 5 && plan.curve.bad.unwrap() <= 30, "{:?}", plan.plan);
        assert!(plan.outgoing_max > 0.0 && plan.outgoing_max < 0.06);
    }
    // Two thousand items are the most that anybody inspects of a batch.
    let fine = PlanWish { units: 200_000, good: 0.001, producer: 0.01, bad: 0.0012, consumer: 0.01 };
    let none = pipeline.design_plan(&engineer, project, fine).await.unwrap();
    assert!(none.single.is_none() && none.double.is_none() && none.sequential.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_voids_a_batch_and_keeps_what_was_found_in_it() {
    let house = House::new().await;
    let project = bring(&house, "a", &[PATIENT, OTHER]).await;
    let crew = Crew::of(&house, "a", "reviewer").await;
    for n in 1..=2 {
        let mut quality = mark(n, "study_quality", None, Shape::Tag {});
        quality.attributes.insert("grade".into(), "good".into());
        crew.work(&house, project, &[quality]).await;
    }
    let engineer = house.sign_in("quality_engineer@a").await;
    let pipeline = &house.pipeline;
    let id = drawn(&house, &engineer, project, draft("first", single(2, 1))).await.id;
    let audit = CertificationId(id.0);
    let unit = pipeline.next_unit(&engineer, audit).await.unwrap();
    let own = OwnJudgement { classes: BTreeMap::from([("study_quality".to_owned(), 1)]) };
    pipeline.say_own(&engineer, audit, unit.position, own).await.unwrap();
    let error = FoundError {
        class: "study_quality".into(),
        kind: ErrorKind::Missed,
        severity: Severity::Major,
        annotation: None,
    };
    let wrong = Judgement { errors: vec![error], comment: None };
    let at = pipeline.judge_batch_unit(&engineer, id, unit.position, wrong).await.unwrap().batch;
    assert_eq!((at.state.as_str(), at.checked, at.found), ("inspecting", 1, 1));

    // The other patient is erased; the batch cannot be decided any more.
    let officer = house.sign_in("privacy_officer@a").await;
    let item = judged(&house, id).await;
    let of_defective = other_of(&pipeline.store, item).await;
    let mut subject = find(&house, &officer, project, PATIENT).await.unwrap();
    if subject.id == of_defective {
        subject = find(&house, &officer, project, OTHER).await.unwrap();
    }
    erase(&house, "a", project, &subject).await;
    assert_eq!(pipeline.batch(&engineer, id).await.unwrap().batch.state, "void");
    let view = pipeline.item(&engineer, item).await.unwrap();
    assert_eq!((view.phase.as_str(), view.held), ("accepted", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rejected_meanwhile_stands_in_the_way_of_no_withdrawal() {
    let house = House::new().await;
    let (project, _, _) = accepted_images(&house, 2).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let officer = house.sign_in("privacy_officer@p").await;
    let pipeline = &house.pipeline;
    let id = drawn(&house, &engineer, project, draft("first", single(2, 1))).await.id;
    let unit = pipeline.next_unit(&engineer, CertificationId(id.0)).await.unwrap();
    assert_eq!(judge_unit(&house, &engineer, id, unit.position, false).await.state, "inspecting");
    let (item, place) = (judged(&house, id).await, LeakPlace { stream: Some(0), frame: Some(0) });
    let leak = pipeline.report_leak(&engineer, item, place, "a name".into()).await.unwrap();
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    pipeline.decide_leak(&officer, leak, vec![item], LeakChoice::Reject, "a name".into()).await.unwrap();
    let withdrawn = pipeline.withdraw_batch(&engineer, id, "a leak".into()).await.unwrap().batch;
    assert_eq!(withdrawn.state, "void");
    let view = pipeline.item(&engineer, item).await.unwrap();
    assert_eq!((view.phase.as_str(), view.held), ("rejected", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_batch_is_not_submitted() {
    let house = House::new().await;
    let (project, _, items): (ProjectId, Crew, Vec<ItemId>) = accepted_images(&house, 1).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let reviewer = house.sign_in("reviewer@p").await;
    let pipeline = &house.pipeline;
    let submit =
        async |caller: &Caller, draft: BatchDraft| pipeline.submit_batch(caller, project, draft).await;
    assert_eq!(code(&submit(&reviewer, draft("x", single(1, 0))).await.unwrap_err()), "not_found");
    for plan in [single(0, 0), single(1, 1), single(2_001, 0)] {
        assert_eq!(code(&submit(&engineer, draft("x", plan)).await.unwrap_err()), "bad_plan");
    }
    let silent = BatchDraft { error: " ".into(), ..draft("x", single(1, 0)) };
    assert_eq!(code(&submit(&engineer, silent).await.unwrap_err()), "bad_plan");
    let mut strange = draft("x", single(1, 0));
    strange.choice.stage = Some("nowhere".into());
    assert_eq!(code(&submit(&engineer, strange).await.unwrap_err()), "bad_choice");
    let mut none = draft("x", single(1, 0));
    none.choice.author = Some(engineer.user());
    assert_eq!(code(&submit(&engineer, none).await.unwrap_err()), "nothing_accepted");
    let mut by = draft("x", single(1, 0));
    by.choice.author = Some(house.sign_in("annotator@p").await.user());
    let view = submit(&engineer, by).await.unwrap();
    assert_eq!(view.units, items.len() as u64);
    assert!(view.supplier.unwrap().name.is_some(), "whose work it is");
    let unknown = BatchDraft { rework_of: Some(BatchId(uuid::Uuid::nil())), ..draft("y", single(1, 0)) };
    assert_eq!(code(&submit(&engineer, unknown).await.unwrap_err()), "not_found");
}
