//! Name, meaning and time of every signed act stay as they were when it was signed, and each has its proof.

use countersign_ledger::TlogProof;
use countersign_model::{Role, SignatureMeaning};
use countersign_pipeline::{
    guidelines::Publication,
    ontology::OntologyDraft,
    people::{Caller, UserDraft},
    release::Selection,
    signed_acts::SignedAct,
};
use countersign_store::Actor;
use serde_json::json;

use crate::{
    harness::{House, PASSWORD},
    releases::{code, images},
};

/// Their printed names change, as those of people do who marry.
async fn are_called_otherwise(house: &House, people: &[&Caller]) {
    let pipeline = &house.pipeline;
    let root = UserDraft {
        login: "root".into(),
        printed_name: "Test root".into(),
        password: Some(PASSWORD.into()),
        system_roles: vec![Role::Owner],
    };
    pipeline.make_user_as(Actor::system(), root).await.unwrap();
    let root = house.sign_in("root").await;
    for who in people {
        pipeline.change_user(&root, who.user(), None, Some("Married Since".into())).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_called_otherwise_later_signed_under_the_name_of_then() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 0).await;
    let pipeline = &house.pipeline;
    let engineer = house.sign_in("quality_engineer@p").await;
    let officer = house.sign_in("privacy_officer@p").await;
    let document = serde_json::from_value(json!({ "text": "look twice", "cards": [] })).unwrap();
    let draft = pipeline.save_guideline(&engineer, project, 0, document).await.unwrap();
    let publication: Publication = serde_json::from_value(json!({
        "revision": draft.revision, "change": "extension", "summary": "the first", "password": PASSWORD,
    }))
    .unwrap();
    pipeline.publish_guideline(&engineer, project, publication).await.unwrap();
    let change: OntologyDraft = serde_json::from_value(json!({
        "operations": [{ "op": "rename", "class": "object", "name": "Thing" }], "reason": "clearer",
        "password": PASSWORD,
    }))
    .unwrap();
    pipeline.change_ontology(&crew.owner, project, 1, change).await.unwrap();
    let signed = Some(PASSWORD.into());
    let made =
        pipeline.make_release_signed(&crew.scientist, project, "v1", Selection::AllAccepted, signed).await;
    let release = made.unwrap().id;

    are_called_otherwise(&house, &[&engineer, &officer, &crew.owner, &crew.scientist]).await;

    let acts: Vec<(&str, SignatureMeaning, SignedAct)> = vec![
        (
            "Test quality_engineer@p",
            SignatureMeaning::Approved,
            pipeline.guideline(&crew.owner, project).await.unwrap().current.unwrap().signature.unwrap(),
        ),
        (
            "Test owner@p",
            SignatureMeaning::Approved,
            pipeline.ontology_changes(&crew.owner, project).await.unwrap().remove(0).signature.unwrap(),
        ),
        (
            "Test privacy_officer@p",
            SignatureMeaning::Approved,
            pipeline.project(&crew.owner, project).await.unwrap().declaration.unwrap(),
        ),
        (
            "Test data_scientist@p",
            SignatureMeaning::Released,
            pipeline.release(&crew.owner, release).await.unwrap().signatures.remove(0),
        ),
    ];
    let auditor = house.sign_in("auditor@p").await;
    pipeline.store.sequence().await.unwrap();
    for (name, meaning, act) in acts {
        assert_eq!((act.printed_name.as_str(), act.meaning), (name, meaning));
        let proof = pipeline.event_proof(&auditor, act.event).await.unwrap();
        TlogProof::parse(proof.as_bytes()).unwrap();
        // A proof says how long the log is: nobody has one who may be called to read.
        if meaning != SignatureMeaning::Released {
            let refused = pipeline.event_proof(&crew.annotator, act.event).await.unwrap_err();
            assert_eq!(code(&refused), "not_found");
        }
    }
    let shown = pipeline.release(&crew.owner, release).await.unwrap();
    assert_eq!(shown.created_by_name.as_deref(), Some("Test data_scientist@p"));
    let versions = pipeline.protocol_versions(&crew.owner, project).await.unwrap();
    let signature = versions[0].signature.as_ref().unwrap();
    assert_eq!(signature.printed_name, "Test owner@p");
    let proof = pipeline.event_proof(&auditor, signature.event).await.unwrap();
    TlogProof::parse(proof.as_bytes()).unwrap();
    // What is no signed act has none here.
    let events = pipeline.project_events(&auditor, project, Some(200), None).await.unwrap().items;
    let other = events.iter().find(|event| event.action == "grant.made").unwrap().id;
    assert_eq!(code(&pipeline.event_proof(&auditor, other).await.unwrap_err()), "not_found");
}
