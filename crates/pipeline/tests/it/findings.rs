//! Findings stand in the way until they are resolved, and not by whoever they are about; appeals restore what was overturned.

use countersign_model::{AnnotationId, AppealId, FrameRef, ItemId, ProjectId, Shape};
use countersign_pipeline::{
    appeals::{AppealChoice, AppealDecision},
    findings::{FINDINGS_MAX, FindingDraft, FindingSeverity, PinnedFinding},
    home::HomeCard,
    live::Seen,
    people::Caller,
    review::{MarkAnswer, MarkVerdict, Verdict},
    sign::Countersigning,
    views::Work,
    work::{Change, Wish},
};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};
use uuid::Uuid;

use crate::{
    campaigns::protocol,
    harness::{House, PASSWORD},
    releases::{Crew, code, images, ingest, mark, png},
};

const FIRST: FrameRef = FrameRef { stream: 0, index: 0 };

fn draft(severity: FindingSeverity, words: &str) -> FindingDraft {
    FindingDraft {
        severity,
        words: words.into(),
        frame: Some(FIRST),
        point: Some([4.5, 6.0]),
        annotation: None,
    }
}

fn verdict(decision: ReviewDecision) -> Verdict {
    let rejects = decision == ReviewDecision::Reject;
    Verdict {
        marks: vec![],
        all_right: true,
        decision,
        missing: (!rejects).then_some(Missing::Nothing),
        reason: rejects.then(|| "wrong_outline".into()),
        comment: rejects.then(|| "too wide".into()),
        return_to: None,
    }
}

fn put(number: u128, class: &str) -> Change {
    Change::Put {
        annotation: mark(number, class, Some(FIRST), Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 }),
    }
}

async fn claim(house: &House, caller: &Caller, project: ProjectId, item: Option<ItemId>) -> Work {
    house.pipeline.claim(caller, project, Wish { item, ..Wish::default() }).await.unwrap()
}

async fn read(house: &House, crew: &Crew, project: ProjectId, number: u128) -> ItemId {
    let work = claim(house, &crew.annotator, project, None).await;
    let revision = work.read.as_ref().unwrap().revision;
    let (task, fence) = (work.task.id, work.task.fence);
    let changes = vec![put(number, "object")];
    house.pipeline.submit(&crew.annotator, task, fence, revision, changes).await.unwrap();
    work.item.id
}

async fn review(house: &House, caller: &Caller, work: &Work, verdict: Verdict) -> Result<String, String> {
    let revision = work.read.as_ref().unwrap().revision;
    let (task, fence) = (work.task.id, work.task.fence);
    let done = house.pipeline.review(caller, task, fence, revision, vec![], verdict).await;
    done.map(|standing| standing.phase).map_err(|error| code(&error))
}

fn first(list: &[PinnedFinding]) -> &PinnedFinding {
    list.first().unwrap()
}

async fn waits(house: &House, caller: &Caller, kind: &str) -> Option<HomeCard> {
    let cards = house.pipeline.home(caller).await.unwrap().cards;
    cards.into_iter().find(|card| card.kind == kind)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_accepts_over_an_open_finding_and_nobody_resolves_what_is_about_their_own_work() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 2).await;
    let pipeline = &house.pipeline;
    let item = read(&house, &crew, project, 1).await;
    let work = claim(&house, &crew.reviewer, project, None).await;

    // Pinned to an object that the reviewer sees; to one that is not there it cannot be.
    let mut about = draft(FindingSeverity::Blocking, "Is this the edge?");
    about.annotation = Some(AnnotationId(Uuid::from_u128(99)));
    let strange = pipeline.open_finding(&crew.reviewer, item, about.clone()).await;
    assert_eq!(code(&strange.unwrap_err()), "bad_place");
    about.annotation = Some(AnnotationId(Uuid::from_u128(1)));
    let opened = pipeline.open_finding(&crew.reviewer, item, about).await.unwrap();
    assert_eq!((opened.number, opened.state.as_str(), opened.point), (1, "open", Some([4.5, 6.0])));
    let refused = review(&house, &crew.reviewer, &work, verdict(ReviewDecision::Accept)).await;
    assert_eq!(refused.unwrap_err(), "open_findings");

    // Whoever drew it hears of it at once, answers, and cannot say that the answer is good enough.
    pipeline.store.sequence().await.unwrap();
    let heard = pipeline.heard_since(0).await.unwrap();
    let mut told = 0;
    for event in &heard {
        let seen = pipeline.seen_live(&crew.annotator, event).await.unwrap();
        told += usize::from(matches!(seen, Seen::Whole { event, .. } if event.action == "finding.opened"));
    }
    assert_eq!(told, 1);
    let card = waits(&house, &crew.annotator, "findings").await.unwrap();
    assert_eq!((card.count, card.title.as_str(), card.href.as_str()), (1, "1 finding", "/findings"));
    let theirs = pipeline.item_findings(&crew.annotator, item).await.unwrap();
    assert!(first(&theirs).may_reply && !first(&theirs).may_resolve);
    assert_eq!(first(&theirs).notes[0].by.as_deref(), Some("Test reviewer@p"));
    let own = pipeline.resolve_finding(&crew.annotator, opened.id, None).await;
    assert_eq!(code(&own.unwrap_err()), "separation_of_duties");
    let auditor = house.sign_in("auditor@p").await;
    let events = pipeline.item_events(&auditor, item, None, None).await.unwrap().items;
    assert!(events.iter().any(|event| event.action == "separation.refused"), "that they tried is on record");
    let silent = pipeline.reply_finding(&crew.annotator, opened.id, " ".into()).await;
    assert_eq!(code(&silent.unwrap_err()), "words_required");
    let answered =
        pipeline.reply_finding(&crew.annotator, opened.id, "Yes, see the line.".into()).await.unwrap();
    assert_eq!((answered.state.as_str(), answered.notes.len()), ("answered", 2));
    assert!(waits(&house, &crew.annotator, "findings").await.is_none());
    assert_eq!(waits(&house, &crew.reviewer, "findings").await.unwrap().count, 1);
    let still = review(&house, &crew.reviewer, &work, verdict(ReviewDecision::Accept)).await;
    assert_eq!(still.unwrap_err(), "open_findings", "an answer is no resolution");

    let done = pipeline.resolve_finding(&crew.reviewer, opened.id, None).await.unwrap();
    assert_eq!(done.state, "resolved");
    let twice = pipeline.resolve_finding(&crew.reviewer, opened.id, None).await;
    assert_eq!(code(&twice.unwrap_err()), "finding_resolved");
    let again = pipeline.reopen_finding(&crew.reviewer, opened.id, "The other side".into()).await.unwrap();
    assert_eq!(again.state, "open");
    let reopened = review(&house, &crew.reviewer, &work, verdict(ReviewDecision::Accept)).await;
    assert_eq!(reopened.unwrap_err(), "open_findings");
    pipeline.resolve_finding(&crew.reviewer, opened.id, Some("fine".into())).await.unwrap();
    assert_eq!(
        review(&house, &crew.reviewer, &work, verdict(ReviewDecision::Accept)).await.unwrap(),
        "queued"
    );
    signed_only_without_findings(&house, &crew, project, item).await;
}

/// A note stands in nobody's way; what blocks stops the signature too, and nothing blocks what is accepted.
async fn signed_only_without_findings(house: &House, crew: &Crew, project: ProjectId, item: ItemId) {
    let pipeline = &house.pipeline;
    let work = claim(house, &crew.specialist, project, Some(item)).await;
    let act = || Countersigning {
        decision: SignDecision::Sign,
        content_hash: work.subject.as_ref().unwrap().summary.content_hash.clone().unwrap(),
        password: PASSWORD.into(),
        reason: None,
        comment: None,
        return_to: None,
    };
    pipeline.open_finding(&crew.specialist, item, draft(FindingSeverity::Note, "nice")).await.unwrap();
    let blocking = draft(FindingSeverity::Blocking, "which side?");
    let opened = pipeline.open_finding(&crew.specialist, item, blocking.clone()).await.unwrap();
    let (task, fence) = (work.task.id, work.task.fence);
    let refused = pipeline.countersign(&crew.specialist, task, fence, act()).await;
    assert_eq!(code(&refused.unwrap_err()), "open_findings");
    pipeline.resolve_finding(&crew.specialist, opened.id, None).await.unwrap();
    let done = pipeline.countersign(&crew.specialist, task, fence, act()).await.unwrap();
    assert_eq!(done.phase, "accepted");
    let late = pipeline.open_finding(&crew.specialist, item, blocking).await;
    assert_eq!(code(&late.unwrap_err()), "accepted_already");
    let late = pipeline.reopen_finding(&crew.specialist, opened.id, "once more".into()).await;
    assert_eq!(code(&late.unwrap_err()), "accepted_already");
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_have_limits_and_places_that_are_there() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 1).await;
    let pipeline = &house.pipeline;
    let item = read(&house, &crew, project, 1).await;
    let bad = |change: fn(&mut FindingDraft)| {
        let mut one = draft(FindingSeverity::Note, "x");
        change(&mut one);
        one
    };
    for (one, expected) in [
        (bad(|d| d.frame = Some(FrameRef { stream: 0, index: 1 })), "bad_place"),
        (bad(|d| d.frame = Some(FrameRef { stream: 9, index: 0 })), "bad_place"),
        (bad(|d| d.frame = None), "bad_place"),
        (bad(|d| d.point = Some([f64::NAN, 0.0])), "bad_place"),
        (bad(|d| d.point = Some([1e9, 0.0])), "bad_place"),
        (bad(|d| d.words = "\n ".into()), "words_required"),
        (bad(|d| d.words = "x".repeat(4_001)), "bad_comment"),
    ] {
        let refused = pipeline.open_finding(&crew.annotator, item, one).await;
        assert_eq!(code(&refused.unwrap_err()), expected);
    }
    // Whoever has no part in it and does not lead learns nothing.
    for login in ["data_scientist@p", "technician@p", "reviewer@p"] {
        let caller = house.sign_in(login).await;
        let refused = pipeline.open_finding(&caller, item, draft(FindingSeverity::Note, "x")).await;
        assert_eq!(code(&refused.unwrap_err()), "not_found", "{login}");
    }
    for _ in 0..FINDINGS_MAX {
        pipeline.open_finding(&crew.owner, item, draft(FindingSeverity::Note, "x")).await.unwrap();
    }
    let more = pipeline.open_finding(&crew.owner, item, draft(FindingSeverity::Note, "x")).await;
    assert_eq!(code(&more.unwrap_err()), "too_many_findings");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_questions_of_a_review_are_kept_mark_by_mark() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 1).await;
    let item = read(&house, &crew, project, 1).await;
    let work = claim(&house, &crew.reviewer, project, None).await;
    let answer = |n, verdict| MarkAnswer { annotation: AnnotationId(Uuid::from_u128(n)), verdict };
    let with = |marks, decision| Verdict { marks, all_right: false, ..verdict(decision) };
    let silent = review(&house, &crew.reviewer, &work, with(vec![], ReviewDecision::Accept)).await;
    assert_eq!(silent.unwrap_err(), "marks_unanswered");
    let wrong = vec![answer(1, MarkVerdict::Wrong)];
    let refused = review(&house, &crew.reviewer, &work, with(wrong.clone(), ReviewDecision::Accept)).await;
    assert_eq!(refused.unwrap_err(), "mark_wrong");
    for marks in [vec![answer(2, MarkVerdict::Right)], vec![answer(1, MarkVerdict::Right); 2]] {
        let refused = review(&house, &crew.reviewer, &work, with(marks, ReviewDecision::Accept)).await;
        assert_eq!(refused.unwrap_err(), "bad_mark_answer");
    }
    review(&house, &crew.reviewer, &work, with(wrong, ReviewDecision::Reject)).await.unwrap();
    let kept = {
        let mut conn = house.pipeline.store.read().await.unwrap();
        countersign_store::reads::reviews(&mut conn, item).await.unwrap().pop().unwrap()
    };
    assert!(kept.marks.contains("\"wrong\""), "{}", kept.marks);
    assert_eq!(kept.missing, "unanswered");
    // Drawn again: an answer for each mark passes without a word about all of them.
    read(&house, &crew, project, 2).await;
    let work = claim(&house, &crew.reviewer, project, None).await;
    let marks = work.read.as_ref().unwrap().annotations.iter();
    let marks = marks.map(|mark| MarkAnswer { annotation: mark.id, verdict: MarkVerdict::Right }).collect();
    review(&house, &crew.reviewer, &work, with(marks, ReviewDecision::Accept)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overturned_rejection_restores_the_score() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 4).await;
    let pipeline = &house.pipeline;
    for number in 1..4_u128 {
        read(&house, &crew, project, number).await;
        let work = claim(&house, &crew.reviewer, project, None).await;
        let decision = if number == 2 { ReviewDecision::Reject } else { ReviewDecision::Accept };
        review(&house, &crew.reviewer, &work, verdict(decision)).await.unwrap();
    }
    let list = pipeline.returned_work(&crew.annotator).await.unwrap();
    assert_eq!((list.reviews.len(), list.scores[0].checked, list.scores[0].wrong), (1, 3, 1));
    let back = &list.reviews[0];
    assert_eq!((back.decision.as_str(), back.comment.as_deref()), ("reject", Some("too wide")));
    let engineer = house.sign_in("quality_engineer@p").await;
    let level = pipeline.monitor(&engineer, project).await.unwrap().streams[0].level;
    let before = pipeline.tiers(&crew.owner, project).await.unwrap();
    assert_eq!((before.first_judged, before.first_pass.unwrap().value), (3, 2.0 / 3.0));

    // Only whoever read it, once, with words.
    let stranger = pipeline.appeal_review(&crew.reviewer, back.review, "no".into()).await;
    assert_eq!(code(&stranger.unwrap_err()), "not_found");
    let silent = pipeline.appeal_review(&crew.annotator, back.review, " ".into()).await;
    assert_eq!(code(&silent.unwrap_err()), "reason_required");
    let words = "The guideline allows two pixels.";
    let appeal = pipeline.appeal_review(&crew.annotator, back.review, words.into()).await.unwrap();
    let twice = pipeline.appeal_review(&crew.annotator, back.review, words.into()).await;
    assert_eq!(code(&twice.unwrap_err()), "already_appealed");

    decided_by_a_third_person(&house, &crew, project, appeal.id, words).await;
    let monitor = pipeline.monitor(&engineer, project).await.unwrap();
    assert_eq!(monitor.streams[0].wrong, 0);
    assert!(monitor.streams[0].level < level, "the evidence is what it would be without it");
}

async fn decided_by_a_third_person(
    house: &House,
    crew: &Crew,
    project: ProjectId,
    appeal: AppealId,
    words: &str,
) {
    let pipeline = &house.pipeline;
    let engineer = house.sign_in("quality_engineer@p").await;
    // Neither the reader nor the reviewer decides, whatever other roles they have.
    assert_eq!(waits(house, &engineer, "appeals").await.unwrap().title, "1 appeal");
    let owner = house.sign_in("owner@p").await;
    let [reader, reviewer] = [crew.annotator.user(), crew.reviewer.user()];
    for user in [reader, reviewer] {
        pipeline.grant(&owner, project, user, countersign_model::Role::QualityEngineer).await.unwrap();
    }
    let decision = |decision| AppealDecision { decision, reason: "it does".into() };
    for login in ["annotator@p", "reviewer@p"] {
        let caller = house.sign_in(login).await;
        let refused = pipeline.decide_appeal(&caller, appeal, decision(AppealChoice::Overturn)).await;
        assert_eq!(code(&refused.unwrap_err()), "separation_of_duties", "{login}");
        assert!(!pipeline.appeals(&caller, project).await.unwrap()[0].may_decide);
    }
    // Whoever could be called to read the item must not see what was drawn in it.
    let all = house.sign_in("everything@p").await;
    let refused = pipeline.decide_appeal(&all, appeal, decision(AppealChoice::Overturn)).await;
    assert_eq!(code(&refused.unwrap_err()), "not_found");

    let case = pipeline.appeal_case(&engineer, appeal).await.unwrap();
    assert_eq!((case.read.len(), case.reviewed.is_none(), case.appeal.words.as_str()), (1, true, words));
    let done = pipeline.decide_appeal(&engineer, appeal, decision(AppealChoice::Overturn)).await.unwrap();
    assert_eq!(done.state, "overturned");
    let late = pipeline.decide_appeal(&engineer, appeal, decision(AppealChoice::Uphold)).await;
    assert_eq!(code(&late.unwrap_err()), "already_decided");

    let list = pipeline.returned_work(&crew.annotator).await.unwrap();
    assert_eq!((list.scores[0].checked, list.scores[0].wrong), (3, 0));
    assert_eq!(list.reviews[0].appeal.as_ref().unwrap().reason.as_deref(), Some("it does"));
    let after = pipeline.tiers(&crew.owner, project).await.unwrap();
    assert_eq!(after.first_pass.unwrap().value, 1.0);
    assert_eq!(after.stages[1].judged.as_ref().unwrap().found, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_an_appeal_are_not_shown_to_whom_the_read_may_be_handed_on() {
    let handed_on = "role: annotator\n    escalate_to: specialist\n    escalate_hours: 24\n";
    let (plain, text) = (protocol(2, true), protocol(2, true).replacen("role: annotator\n", handed_on, 1));
    for (document, seen) in [(plain, Ok(1)), (text, Err("not_found".to_owned()))] {
        let house = House::new().await;
        let (project, pipeline) = (house.project("p", "images").await, &house.pipeline);
        let (owner, why) = (house.sign_in("owner@p").await, Some("who is called"));
        pipeline.put_protocol(&owner, project, 1, &document, why, PASSWORD).await.unwrap();
        ingest(&house, project, "p", &[("0.png".to_owned(), png(64, 48, 1))]).await;
        let crew = Crew::of(&house, "p", "reviewer").await;
        let item = read(&house, &crew, project, 1).await;
        let work = claim(&house, &crew.reviewer, project, Some(item)).await;
        review(&house, &crew.reviewer, &work, verdict(ReviewDecision::Reject)).await.unwrap();
        let returned = pipeline.returned_work(&crew.annotator).await.unwrap();
        let begun = pipeline.appeal_review(&crew.annotator, returned.reviews[0].review, "it is".into());
        let appeal = begun.await.unwrap();
        let marks = async |caller: &Caller| {
            let case = pipeline.appeal_case(caller, appeal.id).await;
            case.map(|case| case.read.len()).map_err(|error| code(&error))
        };
        assert_eq!(marks(&crew.specialist).await, seen);
        let engineer = house.sign_in("quality_engineer@p").await;
        assert_eq!(marks(&engineer).await, Ok(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_too_long_is_told_to_who_may_answer_it() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 2).await;
    let pipeline = &house.pipeline;
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let plan = "\noverdue: { finding_hours: 24, appeal_hours: 48 }\nitem_kind:";
    let document = text.replacen("version: 1", "version: 2", 1).replacen("\nitem_kind:", plan, 1);
    pipeline.activate_protocol(&crew.owner, project, 1, &document, PASSWORD).await.unwrap();
    let engineer = house.sign_in("quality_engineer@p").await;
    let item = read(&house, &crew, project, 1).await;
    claim(&house, &crew.reviewer, project, None).await;
    let asked = draft(FindingSeverity::Blocking, "Is this the edge?");
    let opened = pipeline.open_finding(&crew.reviewer, item, asked).await.unwrap();
    house.clock.forward(23 * 3_600);
    assert!(waits(&house, &engineer, "overdue").await.is_none());
    house.clock.forward(2 * 3_600);
    let card = waits(&house, &engineer, "overdue").await.unwrap();
    assert_eq!((card.count, card.title.as_str()), (1, "1 is overdue"));
    let listed = pipeline.overdue(&engineer, project).await.unwrap();
    assert_eq!((listed[0].kind, listed[0].id, listed[0].item), ("finding", opened.id.uuid(), Some(item)));
    assert_eq!(
        (listed[0].since, listed[0].due),
        (opened.opened_at, opened.opened_at.plus_seconds(24 * 3_600))
    );
    // Whoever drew what it is about cannot resolve it: it is not theirs to hurry.
    assert_eq!(pipeline.overdue(&crew.annotator, project).await.unwrap(), []);
    assert!(waits(&house, &crew.annotator, "overdue").await.is_none());
    let stranger = house.sign_in("data_scientist@p").await;
    assert_eq!(pipeline.overdue(&stranger, project).await.unwrap(), []);
    pipeline.resolve_finding(&engineer, opened.id, None).await.unwrap();
    assert_eq!(pipeline.overdue(&engineer, project).await.unwrap(), []);

    let work = claim(&house, &crew.reviewer, project, None).await;
    review(&house, &crew.reviewer, &work, verdict(ReviewDecision::Reject)).await.unwrap();
    let returned = pipeline.returned_work(&crew.annotator).await.unwrap();
    pipeline.appeal_review(&crew.annotator, returned.reviews[0].review, "it is".into()).await.unwrap();
    house.clock.forward(47 * 3_600);
    assert_eq!(pipeline.overdue(&engineer, project).await.unwrap(), []);
    house.clock.forward(2 * 3_600);
    let late = pipeline.overdue(&engineer, project).await.unwrap();
    assert_eq!((late.len(), late[0].kind, late[0].item), (1, "appeal", Some(item)));
    assert_eq!(
        pipeline.overdue(&crew.reviewer, project).await.unwrap(),
        [],
        "nobody decides about their own review"
    );
}
