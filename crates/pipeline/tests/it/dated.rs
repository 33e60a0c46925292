//! Guidelines and classes that are signed now and take force at a later time.

use std::sync::Arc;

use countersign_model::Clock;
use countersign_pipeline::{
    guidelines::{ChangeKind, Publication},
    ontology::{AttributeRule, MigrationPath, OntologyOperation},
};

use crate::{
    guidelines::{acknowledge, document, publish},
    harness::{House, PASSWORD},
    ontology::{draft, in_force, material, taken_up, touched},
    releases::{Crew, code, images},
};

/// Signed now, in force later: until then nothing changes, and then what becomes of labels is part of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_dated_ahead_waits_and_then_carries_labels_over() {
    let house = House::new().await;
    let (project, crew, items) = images(&house, 1, 0).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    publish(&house, owner, project, document(items[0], "one"), ChangeKind::Extension).await;
    acknowledge(&house, project, &[&crew.annotator, &crew.reviewer, &crew.specialist]).await;
    let rule = AttributeRule { otherwise: Some("wood".into()), ..AttributeRule::default() };
    let set = OntologyOperation::SetAttribute {
        class: "object".into(),
        attribute: material(&["wood", "metal"]),
        rule,
    };
    let before = in_force(&house, project).await;
    let at = |seconds| house.clock.now().plus_seconds(seconds);
    let plan = async |seconds| {
        pipeline.plan_ontology(owner, project, before.version, draft(vec![set.clone()]), at(seconds)).await
    };
    assert_eq!(code(&plan(-5).await.unwrap_err()), "bad_effective_date");
    // One that is withdrawn never comes.
    plan(3_600).await.unwrap();
    assert_eq!(code(&plan(3_600).await.unwrap_err()), "protocol_planned");
    pipeline.withdraw_protocol(owner, project, "not yet").await.unwrap();
    let planned = plan(7_200).await.unwrap();
    assert_eq!(planned.version, before.version + 1);
    let waits = pipeline.protocol_document(owner, project).await.unwrap().planned.unwrap();
    assert!(waits.ontology);
    house.clock.forward(3_700);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(in_force(&house, project).await, before);
    assert!(pipeline.ontology_changes(owner, project).await.unwrap().is_empty());

    house.clock.forward(3_700);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(in_force(&house, project).await.version, before.version + 1);
    let made = pipeline.ontology_changes(owner, project).await.unwrap().remove(0);
    assert_eq!(touched(&made), [("object", MigrationPath::Rule, 1, 1, 0)]);
    let signed = made.signature.unwrap();
    assert_eq!((signed.printed_name.as_str(), signed.meaning.as_str()), ("Test owner@p", "approved"));
    // Hours later: everybody with a session of their own.
    let crew = Crew::of(&house, "p", "reviewer").await;
    let label = taken_up(&house, &crew, project, "two").await;
    assert_eq!((label.attributes["material"].as_str(), label.version), (Some("wood"), 2));
}

/// Nobody has to read what is not in force yet; when its time has come everybody does.
#[tokio::test(flavor = "multi_thread")]
async fn a_guideline_that_is_dated_ahead_binds_nobody_until_its_time() {
    let house = House::new().await;
    let (project, crew, items) = images(&house, 1, 0).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let saved = pipeline.save_guideline(owner, project, 0, document(items[0], "from 4 mm on")).await.unwrap();
    let at = house.clock.now().plus_seconds(3_600);
    let publication = |revision, effective_at| Publication {
        effective_at: Some(effective_at),
        revision,
        change: ChangeKind::Extension,
        summary: "said what counts".into(),
        classes: None,
        disputes: vec![],
        campaign: None,
        login: None,
        password: PASSWORD.into(),
    };
    let planned = pipeline.publish_guideline(owner, project, publication(saved.revision, at)).await.unwrap();
    let waits = planned.guideline.planned.unwrap();
    assert_eq!((waits.effective_at, waits.signed_by.as_str()), (at, "Test owner@p"));
    let seen = pipeline.guideline(&crew.annotator, project).await.unwrap();
    assert!(seen.current.is_none() && !seen.unread && seen.planned.is_some());
    // What was signed is not changed, nor anything else published before it.
    let again =
        pipeline.save_guideline(owner, project, saved.revision, document(items[0], "otherwise")).await;
    assert_eq!(code(&again.unwrap_err()), "guideline_planned");
    let again = pipeline.publish_guideline(owner, project, publication(saved.revision + 1, at)).await;
    assert_eq!(code(&again.unwrap_err()), "guideline_planned");

    // Withdrawn it is a draft as any other, signed once more for a later time.
    let silent = pipeline.withdraw_guideline(owner, project, " ".into()).await;
    assert_eq!(code(&silent.unwrap_err()), "reason_required");
    pipeline.withdraw_guideline(owner, project, "a picture is missing".into()).await.unwrap();
    let nothing = pipeline.withdraw_guideline(owner, project, "again".into()).await;
    assert_eq!(code(&nothing.unwrap_err()), "nothing_planned");
    let saved = pipeline.guideline(owner, project).await.unwrap().draft.unwrap();
    let saved = pipeline
        .save_guideline(owner, project, saved.revision, document(items[0], "from 6 mm on"))
        .await
        .unwrap();
    let later = house.clock.now().plus_seconds(7_200);
    pipeline.publish_guideline(owner, project, publication(saved.revision, later)).await.unwrap();
    house.clock.forward(3_700);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert!(
        pipeline.guideline(owner, project).await.unwrap().current.is_none(),
        "what was withdrawn never comes"
    );

    house.clock.forward(3_700);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let seen = pipeline.guideline(&crew.annotator, project).await.unwrap();
    assert_eq!(seen.document, document(items[0], "from 6 mm on"));
    let current = seen.current.unwrap();
    assert!(seen.unread && seen.planned.is_none());
    let signed = current.signature.unwrap();
    assert_eq!((signed.printed_name.as_str(), signed.meaning.as_str()), ("Test owner@p", "approved"));
}
