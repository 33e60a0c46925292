//! Studies of people's eyes: what judges, planners and everybody else may not see or do before they are over.

use countersign_model::Role;
use countersign_pipeline::{
    appraisals::{AppraisalAnswer, AppraisalDraft, Bar},
    people::Caller,
    pixels::ShownFor,
};
use countersign_store::appraisals;

use crate::{appraisals::Lab, harness::House, releases::code};

const LABELS: [bool; 4] = [true, false, true, false];
const HOUR: i64 = 3_600;

fn refused<T: std::fmt::Debug>(outcome: Result<T, countersign_pipeline::PipelineError>) -> String {
    code(&outcome.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_an_answer_a_reference_or_an_order_before_it_is_over() {
    let lab = Lab::new(House::new().await, &LABELS, 2).await;
    let pipeline = &lab.house.pipeline;
    let owner = lab.house.sign_in("owner@p").await;
    // One of the two is a reviewer too, who sees the labels of every item otherwise.
    pipeline.grant(&owner, lab.project, lab.eyes[0].user(), Role::Reviewer).await.unwrap();
    let eye = lab.house.sign_in("eye0@p").await;
    let id = lab.drawn(lab.draft("s", 0..4, &[0, 1])).await;
    let turn = lab.judge(id, &eye, 5, |place, _| LABELS[place]).await;
    assert_eq!((turn.judged, turn.turns, turn.trial, turn.trials), (5, 12, 2, 3));
    for item in &lab.items {
        assert!(pipeline.item(&eye, *item).await.unwrap().reads.is_empty(), "no labels elsewhere");
    }
    let seen = pipeline.appraisal(&eye, id).await.unwrap();
    assert_eq!((seen.bad, seen.borderline, seen.seed, seen.appraisers.len()), (None, None, None, 1));
    assert!(seen.may_judge && !seen.may_lead && seen.figures.is_none());
    for who in [&eye, &lab.engineer, &owner] {
        assert!(pipeline.appraisal(who, id).await.unwrap().figures.is_none());
        assert_eq!(refused(pipeline.appraisal_record(who, id).await), "not_over");
        assert_eq!(refused(pipeline.appraisal_csv(who, id).await), "not_over");
    }
    // Evidence says that somebody judged: neither what nor how.
    let events = pipeline.project_events(&owner, lab.project, Some(500), None).await.unwrap();
    let judged: Vec<_> = events.items.iter().filter(|event| event.action == "appraisal.judged").collect();
    assert_eq!(judged.len(), 5);
    assert!(judged.iter().all(|event| event.item.is_none() && event.reason.is_none()));
    // Who has no part in it and does not see the quality of the project finds nothing there.
    let stranger = lab.house.sign_in("annotator@p").await;
    assert_eq!(refused(pipeline.appraisal(&stranger, id).await), "not_found");
    assert!(pipeline.appraisals(&stranger, lab.project, None, None).await.unwrap().items.is_empty());
    assert_eq!(pipeline.appraisals(&lab.eyes[1], lab.project, None, None).await.unwrap().items.len(), 1);
    assert_eq!(refused(pipeline.next_turn(&stranger, id).await), "not_found");
    assert_eq!(refused(pipeline.next_turn(&lab.engineer, id).await), "not_found");
    // What was seen elsewhere meanwhile is counted.
    let everything = lab.house.sign_in("everything@p").await;
    pipeline.image(&everything, lab.items[0], 0, 0, None, ShownFor::Work).await.unwrap();
    let ended = pipeline.end_appraisal(&lab.engineer, id, "enough".into()).await.unwrap();
    let figures = ended.figures.unwrap();
    assert!(
        figures
            .people
            .iter()
            .all(|one| one.verdict.eq(&countersign_pipeline::appraisals::AppraisalVerdict::Undecided))
    );
    assert_eq!((ended.stop.as_deref(), figures.people[0].seen_elsewhere), (Some("ended"), 0));
    assert!(!pipeline.item(&eye, lab.items[0]).await.unwrap().reads.is_empty());
    // Nothing follows from what was not finished.
    let issued = lab.issue(id).await;
    assert!(issued.appraisers.iter().all(|one| one.verdict.as_deref() == Some("undecided")));
    assert!(pipeline.my_qualifications(&eye).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_is_answered_once_in_its_order_and_trials_are_apart() {
    let lab = Lab::new(House::new().await, &LABELS, 1).await;
    let pipeline = &lab.house.pipeline;
    let mut draft = lab.draft("s", 0..4, &[0]);
    draft.rest_hours = 12;
    let eye = &lab.eyes[0];
    let frozen = pipeline.freeze_appraisal(&lab.engineer, lab.project, draft).await.unwrap();
    let id = frozen.id;
    assert_eq!(refused(pipeline.next_turn(eye, id).await), "not_judging");
    pipeline.draw_appraisal(&lab.engineer, id, "").await.unwrap();
    assert_eq!(refused(pipeline.draw_appraisal(&lab.engineer, id, "").await), "already_drawn");
    // Not before it was given out, nor what comes later.
    let bad = AppraisalAnswer { bad: true };
    assert_eq!(refused(pipeline.turn_image(eye, id, 0, 0, None).await), "not_your_turn");
    assert_eq!(refused(pipeline.judge_turn(eye, id, 0, bad).await), "not_your_turn");
    let turn = pipeline.next_turn(eye, id).await.unwrap();
    assert_eq!((turn.number, turn.frames, &turn.question[..]), (Some(0), 1, "Is this part defective?"));
    assert_eq!(pipeline.next_turn(eye, id).await.unwrap(), turn, "asking again gives the same");
    let picture = pipeline.turn_image(eye, id, 0, 0, None).await.unwrap();
    assert_eq!(picture.kind, "image/png");
    let (place, _) = lab.part(id, eye).await;
    let auditor = lab.house.sign_in("auditor@p").await;
    let looks = pipeline.item_exposures(&auditor, lab.items[place], None, None).await.unwrap();
    assert!(looks.items.iter().any(|look| look.user == eye.user() && look.purpose == appraisals::PURPOSE));
    assert_eq!(refused(pipeline.judge_turn(eye, id, 1, bad).await), "not_your_turn");
    pipeline.judge_turn(eye, id, 0, bad).await.unwrap();
    assert_eq!(
        refused(pipeline.judge_turn(eye, id, 0, AppraisalAnswer { bad: false }).await),
        "not_your_turn"
    );
    assert_eq!(refused(pipeline.turn_image(eye, id, 0, 0, None).await), "not_your_turn");

    let rested = lab.judge(id, eye, 99, |_, _| true).await;
    assert_eq!((rested.number, rested.judged, rested.trial), (None, 4, 2));
    assert!(rested.rest_until.is_some());
    assert_eq!(refused(pipeline.judge_turn(eye, id, 4, bad).await), "not_your_turn");
    lab.house.clock.forward(12 * HOUR);
    let eye = lab.house.sign_in("eye0@p").await;
    let next = pipeline.next_turn(&eye, id).await.unwrap();
    assert_eq!((next.number, next.rest_until), (Some(4), None));
}

async fn refuses(lab: &Lab, change: impl Fn(&mut AppraisalDraft)) -> String {
    let mut draft = lab.draft("s", 0..4, &[0]);
    change(&mut draft);
    refused(lab.house.pipeline.freeze_appraisal(&lab.engineer, lab.project, draft).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_plan_freezes_nothing_and_nobody_studies_themselves() {
    let lab = Lab::new(House::new().await, &LABELS, 1).await;
    let pipeline = &lab.house.pipeline;
    let bad: [&dyn Fn(&mut AppraisalDraft); 11] = [
        &|d| d.question = " ".into(),
        &|d| d.classes = vec!["ghost".into()],
        &|d| d.parts.truncate(1),
        &|d| d.parts[0] = d.parts[1],
        &|d| d.parts.retain(|part| part.item == lab.items[0] || part.item == lab.items[2]),
        &|d| d.appraisers.clear(),
        &|d| d.trials = 1,
        &|d| d.rest_hours = 400,
        &|d| d.qualification = "Critical Eye".into(),
        &|d| d.valid_days = 0,
        &|d| {
            let bar = Bar { effectiveness: 0.8, miss: 0.02, false_alarm: 0.05 };
            d.limits = Some(countersign_pipeline::appraisals::AppraisalLimits {
                acceptable: bar,
                marginal: Bar { effectiveness: 0.9, ..bar },
            });
        },
    ];
    for change in bad {
        assert_eq!(refuses(&lab, change).await, "bad_study");
    }
    let user = async |login: &str| lab.house.sign_in(login).await.user();
    let owner = user("owner@p").await;
    assert_eq!(refuses(&lab, |d| d.appraisers = vec![owner]).await, "bad_study", "no work of theirs");
    assert_eq!(refuses(&lab, |d| d.appraisers = vec![lab.engineer.user()]).await, "separation_of_duties");
    // Whoever made the reference, or was shown a part, is no judge of it.
    let annotator = user("annotator@p").await;
    assert_eq!(refuses(&lab, |d| d.appraisers = vec![annotator]).await, "part_known");
    let everything = lab.house.sign_in("everything@p").await;
    pipeline.image(&everything, lab.items[3], 0, 0, None, ShownFor::Work).await.unwrap();
    assert_eq!(refuses(&lab, |d| d.appraisers = vec![everything.user()]).await, "part_known");
    let asked = [lab.eyes[0].user(), everything.user()];
    let listed = async |who: &Caller| {
        pipeline.appraisal_candidates(who, lab.project, &["object".into()], &asked, (None, None)).await
    };
    let found = listed(&lab.engineer).await.unwrap().items;
    let rows: Vec<_> = found.iter().map(|one| (one.bad, one.known_by.len())).collect();
    let mut wanted: Vec<_> = lab.items.iter().zip(LABELS).collect();
    wanted.sort();
    let known = |item| usize::from(item == &lab.items[3]);
    assert_eq!(rows, wanted.iter().map(|(item, bad)| (*bad, known(*item))).collect::<Vec<_>>());
    assert_eq!(refused(listed(&lab.eyes[0]).await), "not_found");

    let draft = || lab.draft("s", 0..4, &[0]);
    assert_eq!(refused(pipeline.freeze_appraisal(&lab.eyes[0], lab.project, draft()).await), "not_found");
    let view = pipeline.freeze_appraisal(&lab.engineer, lab.project, draft()).await.unwrap();
    assert_eq!(refused(pipeline.freeze_appraisal(&lab.engineer, lab.project, draft()).await), "name_taken");
    // Whoever is judged in it leads nothing of it, whatever else they may.
    let owner = lab.house.sign_in("owner@p").await;
    pipeline.grant(&owner, lab.project, lab.eyes[0].user(), Role::QualityEngineer).await.unwrap();
    let judged = lab.house.sign_in("eye0@p").await;
    assert_eq!(refused(pipeline.draw_appraisal(&judged, view.id, "").await), "separation_of_duties");
    assert_eq!(refused(pipeline.end_appraisal(&judged, view.id, "x".into()).await), "separation_of_duties");
    assert_eq!(refused(pipeline.end_appraisal(&lab.engineer, view.id, " ".into()).await), "reason_required");
    let ended = pipeline.end_appraisal(&lab.engineer, view.id, "wrong parts".into()).await.unwrap();
    assert_eq!((ended.state.as_str(), ended.figures), ("void", None));
    assert_eq!(
        refused(pipeline.issue_appraisal(&lab.engineer, view.id, "x").await).as_str(),
        "bad_credentials"
    );
}
