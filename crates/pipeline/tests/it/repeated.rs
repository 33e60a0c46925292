//! Labels that are audited again: the certificate says so, and is held to what earlier audits left of the allowed error.

use countersign_pipeline::certification::{LabelCertificate, verify_labels};

use crate::{
    certification::{draft, frozen, judge_next, labelled, released},
    harness::House,
    releases::code,
};

async fn shopped_for(house: House) {
    let (project, view, engineer) = frozen(&house, 8, 0.1).await;
    let (pipeline, first) = (&house.pipeline, view.id);
    assert_eq!((view.earlier, view.allowed), (0, 1.0 - 0.95));
    // Frozen beside it, and not drawn: neither knows of the other.
    let beside = pipeline.freeze(&engineer, project, draft("beside", 0.1)).await.unwrap();
    pipeline.draw_order(&engineer, first, "").await.unwrap();
    let since = pipeline.draw_order(&engineer, beside.id, "").await.unwrap_err();
    assert_eq!(code(&since), "audited_since");
    let running = pipeline.freeze(&engineer, project, draft("meanwhile", 0.1)).await.unwrap_err();
    assert_eq!(code(&running), "audit_running");
    for _ in 0..3 {
        judge_next(&house, &engineer, first).await;
    }
    let ended = pipeline.end_certification(&engineer, first, "not what was hoped for".into()).await.unwrap();
    assert_eq!((ended.state.as_str(), ended.checked), ("closed", 3));
    assert!(!ended.statement.unwrap().contains("audit 2"));

    // Some of the labels are the same, whether or not what was found is held meanwhile.
    let second = pipeline.freeze(&engineer, project, draft("second", 0.1)).await.unwrap();
    assert_eq!(second.earlier, 1);
    assert!(second.allowed > 0.0 && second.allowed < 0.05, "{}", second.allowed);
    pipeline.draw_order(&engineer, second.id, "").await.unwrap();
    let everything = house.sign_in("everything@p").await;
    let now = judge_next(&house, &everything, second.id).await;
    let bound = now.overall.unwrap();
    assert_eq!((now.checked, bound.lot), (1, second.units));
    // Labels were shown and nothing was said of them: a third audit takes what costs most for true.
    let unit = pipeline.next_unit(&everything, second.id).await.unwrap();
    labelled(&house, &everything, second.id, &unit, 1).await;
    let closed = pipeline.end_certification(&engineer, second.id, "no time".into()).await.unwrap();
    assert!(closed.statement.unwrap().contains("It is audit 2 that was begun of labels in this set."));
    let third = pipeline.freeze(&engineer, project, draft("third", 0.1)).await.unwrap();
    assert_eq!(third.earlier, 2);
    assert!(third.allowed < second.allowed);

    let (_, files, records, key) = released(&house, project, second.id).await;
    let report = verify_labels(&files, &records, &key).unwrap();
    assert!(report.statement.contains("audit 2"));
    let stated: LabelCertificate = serde_json::from_str(&files.certificate).unwrap();
    let earlier = &stated.certificate.plan.earlier;
    assert_eq!((earlier.len(), earlier[0].audit.as_str()), (1, first.to_string().as_str()));
    assert_eq!((earlier[0].units.checked, earlier[0].unsettled), (3, 0));
    // Whoever leaves the earlier audit out changes what was fixed, and what is stated.
    let mut alone = stated.clone();
    alone.certificate.plan.earlier.clear();
    let mut forgetful = files.clone();
    forgetful.certificate = serde_json::to_string(&alone).unwrap();
    assert_eq!(verify_labels(&forgetful, &records, &key).unwrap_err().place, "certificate");
    let mut kinder = stated;
    kinder.certificate.plan.earlier[0].units.found = 0;
    kinder.frozen = kinder.frozen.replacen("\"checked\":3", "\"checked\":1", 1);
    forgetful.certificate = serde_json::to_string(&kinder).unwrap();
    verify_labels(&forgetful, &records, &key).unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_begun_again_has_less_error_to_give_away() {
    shopped_for(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    shopped_for(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_in_which_nobody_saw_a_label_costs_nothing() {
    let house = House::new().await;
    let (project, view, engineer) = frozen(&house, 3, 0.1).await;
    let pipeline = &house.pipeline;
    pipeline.draw_order(&engineer, view.id, "").await.unwrap();
    pipeline.end_certification(&engineer, view.id, "the wrong guideline".into()).await.unwrap();
    let second = pipeline.freeze(&engineer, project, draft("second", 0.1)).await.unwrap();
    assert_eq!((second.earlier, second.allowed), (1, 1.0 - 0.95));
    // Only shown, and not judged: it might have been wrong.
    pipeline.draw_order(&engineer, second.id, "").await.unwrap();
    let unit = pipeline.next_unit(&engineer, second.id).await.unwrap();
    labelled(&house, &engineer, second.id, &unit, 1).await;
    let void = pipeline.end_certification(&engineer, second.id, "a bad start".into()).await.unwrap();
    assert_eq!(void.state, "void");
    let third = pipeline.freeze(&engineer, project, draft("third", 0.1)).await.unwrap();
    assert_eq!(third.earlier, 2);
    assert!(third.allowed < second.allowed, "{}", third.allowed);
}
