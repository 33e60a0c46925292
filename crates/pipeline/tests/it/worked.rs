//! Worked examples for whom an alarm is about: an ordinary item of theirs, whatever was gold.

use countersign_model::{Clock as _, ItemId, ProjectId};
use countersign_pipeline::{PipelineError, people::Caller};
use countersign_store::{Actor, Evidence, monitoring, reads};

use crate::harness::House;

/// Once a reviewer found the same in an ordinary read and it was accepted, that is the example.
pub async fn settled_elsewhere(house: &House, project: ProjectId, bad: &Caller, ordinary: ItemId) {
    let pipeline = &house.pipeline;
    let (user, at) = (bad.user(), house.clock.now());
    let store = pipeline.store.clone();
    let done = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let read =
                reads::of_item(tx, ordinary).await?.into_iter().find(|read| read.author_user == Some(user));
            let read = read.unwrap();
            let detector = monitoring::streams_of(tx, user).await?.remove(0).detector;
            let stream = monitoring::lock_stream(tx, project, user, "review", &detector).await?;
            let check = monitoring::Check {
                project_id: project,
                user_id: user,
                stream: "review".into(),
                number: stream.checked + 1,
                item_id: ordinary,
                read_id: read.id,
                checked_by: None,
                wrong: true,
                expected: 0.05,
                level: 0.0,
                pairs: r#"[["object","person"]]"#.into(),
                overturned: false,
                read_at: at,
                at,
                severity: None,
                stratum: String::new(),
                known: 0,
            };
            monitoring::insert_check(tx, check).await?;
            let checked = stream.checked + 1;
            monitoring::keep_stream(tx, monitoring::Stream { checked, ..stream }).await?;
            tx.query("UPDATE items SET state = 'accepted' WHERE id = $1").bind(ordinary).execute().await?;
            Ok(tx.record(Evidence::new("test.settled", "item", ordinary.uuid()))?)
        })
    });
    done.await.unwrap();
    let told = pipeline.feedback(bad).await.unwrap();
    assert!(told.iter().all(|alarm| alarm.worked.as_ref().unwrap().item == Some(ordinary)));
}
