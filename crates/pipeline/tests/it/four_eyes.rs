//! Releases that take two people: order, authorship, and what was put into the list between the two.

use std::io::Cursor;

use countersign_ledger::{VerifierKey, release::verify_release};
use countersign_model::{ProjectId, ReleaseId, Role};
use countersign_pipeline::{
    PipelineError,
    people::{Caller, Credential},
    qualifications::QualificationDraft,
    release::{ReleaseView, Selection},
    signing::Components,
};
use countersign_store::{Actor, Evidence, StoreError, events};
use countersign_workflow::shipped;

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code, images, package},
};

/// Images that passed every stage, in a project whose releases take two people.
async fn by_two(house: &House, count: u32) -> (ProjectId, Crew) {
    let (project, crew, _) = images(house, count, 0).await;
    let document = shipped().iter().find(|(name, _)| *name == "images").unwrap().1;
    assert!(document.contains("version: 1\n"));
    let document = document.replacen("version: 1\n", "version: 2\nrelease: { four_eyes: true }\n", 1);
    let reason = Some("releases take two people from here on");
    house.pipeline.put_protocol(&crew.owner, project, 1, &document, reason, PASSWORD).await.unwrap();
    (project, crew)
}

async fn begin(
    house: &House,
    who: &Caller,
    project: ProjectId,
    name: &str,
) -> Result<ReleaseView, PipelineError> {
    let components = Some(Components::from(PASSWORD));
    house.pipeline.make_release_signed(who, project, name, Selection::AllAccepted, components).await
}

async fn second(house: &House, who: &Caller, id: ReleaseId) -> Result<ReleaseView, PipelineError> {
    house.pipeline.countersign_release(who, id, PASSWORD.into()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_begins_another_countersigns_and_neither_is_an_author_whatever_their_roles() {
    let house = House::new().await;
    let (project, crew) = by_two(&house, 2).await;
    let pipeline = &house.pipeline;
    // The annotator gets every right there is, and is refused like anybody: they drew what is in it.
    for role in [Role::DataScientist, Role::Owner] {
        pipeline.grant(&crew.owner, project, crew.annotator.user(), role).await.unwrap();
    }
    let author = house.sign_in("annotator@p").await;
    assert_eq!(code(&begin(&house, &author, project, "mine").await.unwrap_err()), "separation_of_duties");

    let unsigned =
        pipeline.make_release_signed(&crew.scientist, project, "v1", Selection::AllAccepted, None).await;
    assert_eq!(code(&unsigned.unwrap_err()), "two_components_required");
    let machine =
        pipeline.make_release_as(Actor::console(), None, project, "v1", Selection::AllAccepted).await;
    assert_eq!(code(&machine.unwrap_err()), "two_people_needed");
    let begun = begin(&house, &crew.scientist, project, "v1").await.unwrap();
    assert_eq!((begun.state.as_str(), begun.items, begun.root.as_deref()), ("proposed", 2, None));
    let early = pipeline.release_stream(&crew.owner, begun.id).await.err().unwrap();
    assert_eq!(code(&early), "not_finished");

    assert_eq!(code(&second(&house, &crew.scientist, begun.id).await.unwrap_err()), "separation_of_duties");
    assert_eq!(code(&second(&house, &author, begun.id).await.unwrap_err()), "separation_of_duties");
    assert_eq!(code(&second(&house, &crew.specialist, begun.id).await.unwrap_err()), "not_found");
    let secret = pipeline.make_token(&crew.owner, "script", None).await.unwrap().token.unwrap();
    let token = pipeline.authenticate(&Credential::Token(secret)).await.unwrap().unwrap();
    assert_eq!(code(&second(&house, &token, begun.id).await.unwrap_err()), "session_required");
    let wrong = pipeline.countersign_release(&crew.owner, begun.id, "wrong".into()).await.unwrap_err();
    assert_eq!(code(&wrong), "bad_credentials");
    house.clock.forward(60);
    let made = second(&house, &crew.owner, begun.id).await.unwrap();
    assert_eq!((made.state.as_str(), made.countersigned_by), ("done", Some(crew.owner.user())));
    assert_eq!(code(&second(&house, &crew.owner, begun.id).await.unwrap_err()), "not_proposed");

    let bytes = package(&house, &crew.scientist, made.id).await;
    let key = VerifierKey::parse(&pipeline.store.log_key()).unwrap();
    let report = verify_release(Cursor::new(&bytes), Some(&key)).unwrap();
    let signed: Vec<_> = report.certificate.statement.signatories.iter().collect();
    let meanings: Vec<_> = signed.iter().map(|one| one.meaning.as_str()).collect();
    assert_eq!(meanings, ["approved", "released"]);
    let names: Vec<_> = signed.iter().map(|one| one.printed_name.as_str()).collect();
    assert_eq!(names, ["Test data_scientist@p", "Test owner@p"]);
    assert!(signed[0].at < signed[1].at && signed[1].at.ends_with('Z'));
    assert_eq!(pipeline.recompute_release_root(made.id).await.unwrap(), made.root.unwrap());
    let auditor = house.sign_in("auditor@p").await;
    let events = pipeline.project_events(&auditor, project, Some(200), None).await.unwrap().items;
    let count = |action: &str| events.iter().filter(|event| event.action == action).count();
    assert_eq!((count("separation.refused"), count("release.countersigned")), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_changed_between_the_two_is_not_countersigned() {
    let house = House::new().await;
    let (project, crew) = by_two(&house, 2).await;
    let pipeline = &house.pipeline;
    let begun = begin(&house, &crew.scientist, project, "v1").await.unwrap();
    let dropped = pipeline.store.write::<_, StoreError, _>(Actor::system(), |tx| {
        Box::pin(async move {
            let sql = "DELETE FROM release_items WHERE item_id = (SELECT MIN(item_id) FROM release_items)";
            assert_eq!(tx.query(sql).execute().await?, 1);
            tx.record(Evidence::new("test.edited", "test", tx.fresh())).map(drop)
        })
    });
    dropped.await.unwrap();
    assert_eq!(code(&second(&house, &crew.owner, begun.id).await.unwrap_err()), "content_changed");
    let silent = pipeline.withdraw_release(&crew.owner, begun.id, " ".into()).await.unwrap_err();
    assert_eq!(code(&silent), "reason_required");
    let gone = pipeline.withdraw_release(&crew.owner, begun.id, "edited".into()).await.unwrap();
    assert_eq!(gone.state, "withdrawn");
    assert_eq!(code(&second(&house, &crew.owner, begun.id).await.unwrap_err()), "not_proposed");

    // Its name is free; a hold that comes between the two still counts.
    let again = begin(&house, &crew.scientist, project, "v1").await.unwrap();
    let engineer = house.sign_in("quality_engineer@p").await;
    let items = pipeline.items(&engineer, project, Default::default()).await.unwrap().items;
    pipeline.hold(&engineer, items[0].id, "look again".into()).await.unwrap();
    assert_eq!(code(&second(&house, &crew.owner, again.id).await.unwrap_err()), "held");
    assert_eq!(pipeline.release(&crew.owner, again.id).await.unwrap().state, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_a_release_holds_what_the_protocol_asks_for_and_still_does() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 2, 0).await;
    let pipeline = &house.pipeline;
    let engineer = house.sign_in("quality_engineer@p").await;
    let certify = async |who: &Caller, days: i64| {
        let draft = QualificationDraft {
            user: who.user(),
            name: "release_manager".into(),
            score: None,
            issuer: "the quality office".into(),
            valid_from: None,
            valid_until: pipeline.store.clock().now().plus_seconds(days * 86_400),
            evidence_hash: None,
            evidence_reference: Some("file 9".into()),
        };
        pipeline.issue_qualification(&engineer, Some(project), draft).await.unwrap();
    };
    certify(&crew.scientist, 1).await;
    let document = shipped().iter().find(|(name, _)| *name == "images").unwrap().1.replacen(
        "version: 1\n",
        "version: 2\nrelease: { four_eyes: true, qualification: release_manager }\n",
        1,
    );
    let reason = Some("releases are signed by who was trained for it");
    pipeline.put_protocol(&crew.owner, project, 1, &document, reason, PASSWORD).await.unwrap();
    let lacks = async |who: &Caller| {
        let seen = pipeline.project(who, project).await.unwrap();
        seen.release_lacking.map(|lacking| lacking.code)
    };
    assert_eq!(lacks(&crew.scientist).await, None);
    assert_eq!(lacks(&crew.annotator).await, None, "who makes no releases is told nothing");
    assert_eq!(lacks(&crew.owner).await.as_deref(), Some("qualification_missing"));

    let missing = begin(&house, &crew.owner, project, "v1").await.unwrap_err();
    assert_eq!(code(&missing), "qualification_missing");
    let begun = begin(&house, &crew.scientist, project, "v1").await.unwrap();
    let missing = second(&house, &crew.owner, begun.id).await.unwrap_err();
    assert_eq!(code(&missing), "qualification_missing");
    certify(&crew.owner, 30).await;
    assert_eq!(second(&house, &crew.owner, begun.id).await.unwrap().state, "done");

    house.clock.forward(2 * 86_400);
    let scientist = house.sign_in("data_scientist@p").await;
    let expired = begin(&house, &scientist, project, "v2").await.unwrap_err();
    assert_eq!(code(&expired), "qualification_expired");
    assert_eq!(lacks(&scientist).await.as_deref(), Some("qualification_expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_person_releases_it_is_signed_and_is_no_author_either() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 2, 0).await;
    let pipeline = &house.pipeline;
    for role in [Role::DataScientist, Role::Owner] {
        pipeline.grant(&crew.owner, project, crew.annotator.user(), role).await.unwrap();
    }
    let author = house.sign_in("annotator@p").await;
    assert_eq!(code(&begin(&house, &author, project, "mine").await.unwrap_err()), "separation_of_duties");
    let named = pipeline.make_release_as(
        Actor::system(),
        Some(author.user()),
        project,
        "mine",
        Selection::AllAccepted,
    );
    assert_eq!(code(&named.await.unwrap_err()), "separation_of_duties");
    let unsigned =
        pipeline.make_release_signed(&crew.scientist, project, "v1", Selection::AllAccepted, None).await;
    assert_eq!(code(&unsigned.unwrap_err()), "two_components_required");
    let secret = pipeline.make_token(&crew.owner, "script", None).await.unwrap().token.unwrap();
    let token = pipeline.authenticate(&Credential::Token(secret)).await.unwrap().unwrap();
    assert_eq!(code(&begin(&house, &token, project, "v1").await.unwrap_err()), "session_required");

    let made = begin(&house, &crew.scientist, project, "v1").await.unwrap();
    assert_eq!((made.state.as_str(), made.items, made.countersigned_by), ("done", 2, None));
    let auditor = house.sign_in("auditor@p").await;
    let events = pipeline.project_events(&auditor, project, Some(200), None).await.unwrap().items;
    assert_eq!(events.iter().filter(|event| event.action == "separation.refused").count(), 1);
    let started = events.iter().find(|event| event.action == "release.started").unwrap().id;
    let mut conn = pipeline.store.read().await.unwrap();
    let details = events::by_id(&mut conn, started).await.unwrap().unwrap().details.unwrap();
    let details: serde_json::Value = serde_json::from_str(&details).unwrap();
    assert_eq!(
        (details["meaning"].as_str(), details["printed_name"].as_str()),
        (Some("released"), Some("Test data_scientist@p"))
    );
}
