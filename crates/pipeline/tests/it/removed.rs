//! What was taken out of a read: listed for whom the read is, put back as a new version, and gone for good only with the item.

use countersign_model::{AnnotationId, FrameRef, Shape};
use countersign_pipeline::{
    PipelineError,
    history::REMOVED_MAX,
    work::{AnnotationInput, Change, Wish},
};
use uuid::Uuid;

use crate::{
    harness::{House, PASSWORD},
    releases::png,
};

fn id(number: u128) -> AnnotationId {
    AnnotationId(Uuid::from_u128(number))
}

fn draw(number: u128, x: f64) -> Change {
    Change::Put {
        annotation: AnnotationInput {
            id: id(number),
            class: "object".into(),
            frame: Some(FrameRef { stream: 0, index: 0 }),
            shape: Shape::Box { x, y: 2.0, w: 4.0, h: 4.0 },
            attributes: Default::default(),
            arrangement: Default::default(),
            unclear: None,
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_taken_out_is_listed_until_it_is_put_back() {
    let house = House::new().await;
    let project = house.project("p", "images").await;
    let officer = house.sign_in("privacy_officer@p").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.png"), png(64, 48, 7)).unwrap();
    house.ingest(project, vec![folder.path().to_owned()]).await;
    let pipeline = &house.pipeline;
    let annotator = house.sign_in("annotator@p").await;
    let work = pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    let (read, fence) = (work.read.unwrap().summary.id, work.task.fence);
    let listed = async || {
        let found = pipeline.removed(&annotator, read).await.unwrap();
        found.removed.iter().map(|gone| (gone.annotation.id, gone.version)).collect::<Vec<_>>()
    };
    assert!(listed().await.is_empty());
    let take = |number| Change::Remove { id: id(number) };
    pipeline.save(&annotator, read, fence, 0, vec![draw(1, 3.0), draw(2, 9.0), draw(3, 12.0)]).await.unwrap();
    pipeline.save(&annotator, read, fence, 1, vec![draw(2, 20.0)]).await.unwrap();
    pipeline.save(&annotator, read, fence, 2, vec![take(1)]).await.unwrap();
    pipeline.save(&annotator, read, fence, 3, vec![take(2)]).await.unwrap();
    assert_eq!(listed().await, [(id(2), 3), (id(1), 2)], "the newest removal first");
    let gone = pipeline.removed(&annotator, read).await.unwrap().removed;
    assert!(matches!(gone[0].annotation.shape, Shape::Box { x, .. } if x == 20.0), "as it was last");
    assert_eq!(gone[0].author_name.as_deref(), Some("Test annotator@p"));

    let saved = pipeline.save(&annotator, read, fence, 4, vec![draw(2, 20.0)]).await.unwrap();
    assert_eq!(saved.annotations_versions[&id(2)], 4, "put back as a new version");
    assert_eq!(listed().await, [(id(1), 2)]);

    // Drawn and taken out in one save is taken out; taken out and drawn again in one save is there.
    pipeline.save(&annotator, read, fence, 5, vec![draw(4, 1.0), take(4)]).await.unwrap();
    pipeline.save(&annotator, read, fence, 6, vec![take(3), draw(3, 30.0)]).await.unwrap();
    assert_eq!(listed().await, [(id(4), 2), (id(1), 2)]);
    let item = pipeline.work(&annotator, work.task.id).await.unwrap();
    let marks: Vec<_> = item.read.unwrap().annotations.iter().map(|mark| mark.id).collect();
    assert_eq!(marks, [id(2), id(3)], "one row of each is current");

    let reviewer = house.sign_in("reviewer@p").await;
    let refused = pipeline.removed(&reviewer, read).await.unwrap_err();
    assert!(matches!(refused, PipelineError::NotFound), "a draft is its author's alone: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_what_was_taken_out_has_an_end() {
    let house = House::new().await;
    let project = house.project("p", "images").await;
    let officer = house.sign_in("privacy_officer@p").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.png"), png(64, 48, 8)).unwrap();
    house.ingest(project, vec![folder.path().to_owned()]).await;
    let annotator = house.sign_in("annotator@p").await;
    let work = house.pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    let (read, fence) = (work.read.unwrap().summary.id, work.task.fence);
    let numbers = 1..=u128::from(REMOVED_MAX) + 1;
    let drawn = numbers.clone().map(|number| draw(number, 1.0)).collect();
    house.pipeline.save(&annotator, read, fence, 0, drawn).await.unwrap();
    let gone = numbers.map(|number| Change::Remove { id: id(number) }).collect();
    house.pipeline.save(&annotator, read, fence, 1, gone).await.unwrap();
    let found = house.pipeline.removed(&annotator, read).await.unwrap();
    assert_eq!((found.removed.len(), found.more), (REMOVED_MAX as usize, true));
}
