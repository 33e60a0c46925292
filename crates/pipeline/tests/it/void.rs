//! What is kept of a protocol against what was signed: an edited row is void, and nothing is done under it.

use countersign_model::{EventId, ProjectId};
use countersign_pipeline::{Pipeline, protocols::ProtocolStanding, work::Wish};
use countersign_store::{
    Actor, Evidence, StoreError,
    protocols::{self, ProtocolSignature},
};

use crate::{
    harness::House,
    releases::{code, images},
};

/// What somebody does to the rows who has the database.
async fn edit(house: &House, sql: &'static str, project: ProjectId, value: String) {
    let edited = house.pipeline.store.write::<_, StoreError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            assert_eq!(tx.query(sql).bind(value).bind(project).execute().await?, 1);
            tx.record(Evidence::new("test.edited", "test", tx.fresh())).map(drop)
        })
    });
    edited.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_changed_in_a_signed_protocol_is_seen_and_nothing_is_done_under_it() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 1).await;
    let pipeline = &house.pipeline;
    let document = {
        let mut conn = pipeline.store.read().await.unwrap();
        protocols::current(&mut conn, project).await.unwrap().unwrap().document
    };
    assert_eq!(
        pipeline.project(&crew.owner, project).await.unwrap().protocol_standing,
        ProtocolStanding::Signed
    );
    let at = document.find("\"title\":\"").unwrap() + "\"title\":\"".len();
    let mut bytes = document.clone().into_bytes();
    bytes[at] ^= 1;
    let changed = String::from_utf8(bytes).unwrap();
    edit(&house, "UPDATE protocols SET document = $1 WHERE project_id = $2", project, changed).await;

    // A process that starts now reads it, and refuses.
    let fresh = Pipeline::new(pipeline.store.clone()).unwrap();
    let refused = fresh.claim(&crew.annotator, project, Wish::default()).await.unwrap_err();
    assert_eq!(code(&refused), "protocol_void");
    // So does one that has known it, from when somebody has looked.
    let versions = pipeline.protocol_versions(&crew.owner, project).await.unwrap();
    assert!(versions[0].void && versions[0].signature.is_some());
    let seen = pipeline.project(&crew.owner, project).await.unwrap();
    assert_eq!(seen.protocol_standing, ProtocolStanding::Void);
    let refused = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap_err();
    assert_eq!(code(&refused), "protocol_void");
    // As it was, it is what was signed.
    edit(&house, "UPDATE protocols SET document = $1 WHERE project_id = $2", project, document).await;
    assert!(!pipeline.protocol_versions(&crew.owner, project).await.unwrap()[0].void);
    pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_somebody_wrote_into_the_database_signs_nothing() {
    let house = House::new().await;
    let project = house.unsigned_project("p", "images").await;
    let pipeline = &house.pipeline;
    let owner = house.sign_in("owner@p").await;
    let annotator = house.sign_in("annotator@p").await;
    // The event is there, but it is of making the project.
    let auditor = house.sign_in("auditor@p").await;
    let events = pipeline.project_events(&auditor, project, Some(200), None).await.unwrap().items;
    let forged: Vec<EventId> = events.iter().map(|event| event.id).collect();
    let current = {
        let mut conn = pipeline.store.read().await.unwrap();
        protocols::current(&mut conn, project).await.unwrap().unwrap()
    };
    let user = owner.user();
    let written = pipeline.store.write::<_, StoreError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let row = ProtocolSignature {
                project_id: project,
                protocol_id: current.id,
                version: current.version,
                user_id: user,
                printed_name: "Test owner@p".into(),
                meaning: countersign_model::SignatureMeaning::Approved,
                content_hash: current.content_hash,
                at: tx.now(),
                event_id: forged[0],
            };
            protocols::sign(tx, row).await?;
            tx.record(Evidence::new("test.edited", "test", tx.fresh())).map(drop)
        })
    });
    written.await.unwrap();
    let refused = pipeline.claim(&annotator, project, Wish::default()).await.unwrap_err();
    assert_eq!(code(&refused), "protocol_void");
    assert!(pipeline.protocol_versions(&owner, project).await.unwrap()[0].void);
    // A signature with its evidence is bound; under another name, or by another person, it is not.
    let other = house.project("q", "images").await;
    let reader = house.sign_in("owner@q").await;
    assert!(!pipeline.protocol_versions(&reader, other).await.unwrap()[0].void);
    edit(
        &house,
        "UPDATE protocol_signatures SET printed_name = $1 WHERE project_id = $2",
        other,
        "Somebody Else".into(),
    )
    .await;
    assert!(pipeline.protocol_versions(&reader, other).await.unwrap()[0].void);
}
