//! Tags that were flipped are found again: boards whose drafts say how probably their surface is dirty, and readers of whom some
//! tag the other.

use std::{collections::BTreeMap, sync::Arc};

use countersign_model::{Annotation, AnnotationId, Author, ItemId, Role, Shape};
use countersign_pipeline::{
    PipelineError,
    label_errors::{DoubtChoice, DoubtQuery, LabelErrors},
    people::Caller,
    work::Change,
};
use countersign_store::{Actor, Evidence, reads};
use uuid::Uuid;

use crate::{
    harness::House,
    label_errors::{Line, PARTS},
};

/// Boards whose reader tags the other.
const FLIPPED: [usize; 4] = [13, 15, 18, 22];
/// Boards about which the model is unsure, and a little for the wrong one; their readers are right.
const UNSURE: [usize; 2] = [4, 9];

/// The shipped protocol of boards with one tag, that has a choice.
fn document() -> String {
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "inspection").unwrap();
    let tag = "  - id: surface\n    name: Surface\n    color: \"#808080\"\n    shapes: [tag]\n    attributes:\n      \
               - { id: state, name: State, kind: { choice: [clean, dirty] }, required: true }\nstages:\n";
    text.replacen("version: 1\n", "version: 2\n", 1).replacen("stages:\n", tag, 1)
}

/// What a board is in truth.
fn state(board: usize) -> &'static str {
    if board.is_multiple_of(3) { "dirty" } else { "clean" }
}

/// How probable the model holds that for.
fn probability(board: usize) -> f64 {
    if UNSURE.contains(&board) { 0.45 } else { 0.75 + 0.2 * (board % 5) as f64 / 4.0 }
}

/// Puts what the model says of the surface into the drafts, as a model that classifies would have; the boards by their items.
async fn drafted(line: &Line) -> BTreeMap<ItemId, usize> {
    let auditor = line.house.sign_in("auditor@boards").await;
    let query = countersign_pipeline::items::ItemQuery::default();
    let page = line.house.pipeline.items(&auditor, line.project, query).await.unwrap();
    assert_eq!(page.items.len(), PARTS);
    let boards: BTreeMap<ItemId, usize> = page.items.iter().map(|item| item.id).zip(0..).collect();
    let said = boards.clone();
    let write = line.house.pipeline.store.write::<_, PipelineError, _>(Actor::model(), move |tx| {
        Box::pin(async move {
            for (item, board) in said {
                let drafts = reads::of_item(tx, item).await?;
                let draft = drafts.into_iter().find(|read| read.author_model.is_some()).unwrap();
                let (name, version) = (draft.author_model.unwrap(), draft.author_model_version.unwrap());
                let own = probability(board);
                let other = if state(board) == "dirty" { "clean" } else { "dirty" };
                let mut rows = Vec::new();
                for (number, state, score) in [(1, state(board), own), (2, other, 1.0 - own)] {
                    let id = AnnotationId(Uuid::from_u128(0xd000_0000 + (board * 2 + number) as u128));
                    let tag = Annotation {
                        id,
                        version: 1,
                        class: "surface".into(),
                        frame: None,
                        shape: Shape::Tag {},
                        attributes: [("state".to_owned(), state.into())].into(),
                        author: Author::Model { name: name.clone(), version: version.clone() },
                        score: Some(score),
                        arrangement: Default::default(),
                        unclear: None,
                    };
                    rows.push(reads::AnnotationRow {
                        read_id: draft.id,
                        annotation_id: id,
                        version: 1,
                        seq: 0,
                        body: Some(serde_json::to_string(&tag).unwrap()),
                        author_user: None,
                        at: tx.now(),
                        guideline: None,
                    });
                }
                reads::annotate(tx, rows).await?;
            }
            tx.record(Evidence::new("test.drafted", "installation", Uuid::nil()))?;
            Ok(())
        })
    });
    write.await.unwrap();
    boards
}

/// Reads the next board: everything as drafted, and of the two tags the one that its reader holds for right.
async fn read(line: &Line, boards: &BTreeMap<ItemId, usize>) -> ItemId {
    let work = line.claim(&line.crew.annotator, Role::Annotator, None).await;
    let board = boards[&work.item.id];
    let read = work.read.unwrap();
    let is_right = |mark: &Annotation| mark.attributes["state"] == state(board);
    let tags = read.annotations.iter().filter(|mark| mark.class == "surface");
    let gone: Vec<Change> = tags
        .filter(|mark| is_right(mark) == FLIPPED.contains(&board))
        .map(|mark| Change::Remove { id: mark.id })
        .collect();
    assert_eq!(gone.len(), 1);
    let (task, fence) = (work.task.id, work.task.fence);
    line.house.pipeline.submit(&line.crew.annotator, task, fence, read.revision, gone).await.unwrap();
    work.item.id
}

async fn tags(line: &Line, who: &Caller, state: &str) -> LabelErrors {
    let query = DoubtQuery { kind: Some("tag".into()), state: Some(state.into()), ..DoubtQuery::default() };
    line.house.pipeline.label_errors(who, line.project, query).await.unwrap()
}

async fn flipped_tags_come_first(house: House) {
    let line = Line::under(house, Some(&document())).await;
    let boards = drafted(&line).await;
    for _ in 0..PARTS {
        read(&line, &boards).await;
    }
    line.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    // Review begins with what the drafts speak against, boxes being as drafted.
    for _ in FLIPPED {
        let first = boards[&line.review().await];
        assert!(FLIPPED.contains(&first), "{first}");
    }
    for _ in FLIPPED.len()..PARTS {
        line.review().await;
    }
    for _ in 0..PARTS {
        line.sign().await;
    }
    let owner = line.house.sign_in("owner@boards").await;
    line.search(&owner).await;
    let found = tags(&line, &owner, "open").await;
    let first: Vec<usize> =
        found.doubts.iter().take(FLIPPED.len()).map(|doubt| boards[&doubt.item]).collect();
    assert!(FLIPPED.iter().all(|board| first.contains(board)), "{first:?}");
    assert!(found.doubts.len() <= FLIPPED.len() + UNSURE.len(), "{:?}", found.doubts);
    assert!(found.doubts.windows(2).all(|two| two[0].weight >= two[1].weight));
    for doubt in &found.doubts[..FLIPPED.len()] {
        let truth = state(boards[&doubt.item]);
        assert_eq!(
            (doubt.class.as_deref(), doubt.predicted_class.as_deref()),
            (Some("surface"), Some("surface"))
        );
        assert!(doubt.predicted_choices["state"] == truth && doubt.choices["state"] != truth, "{doubt:?}");
        assert!(doubt.place.is_none() && doubt.frame.is_none() && doubt.current && doubt.weight > 0.7);
    }
    // A tag is no object that lies somewhere: it is doubted once.
    let kinds: BTreeMap<&str, u64> = found.kinds.iter().map(|kind| (kind.kind.as_str(), kind.open)).collect();
    assert_eq!((kinds["missing"], kinds["alone"], kinds["tag"]), (0, 0, found.doubts.len() as u64));
    decided(&line, &owner, &found).await;
}

/// One goes back into work with words about the tag, one is right and not asked again.
async fn decided(line: &Line, owner: &Caller, found: &LabelErrors) {
    let [back, right, ..] = &found.doubts[..] else { panic!("{found:?}") };
    line.decide(owner, back, DoubtChoice::LookAgain).await.unwrap();
    let pinned = line.house.pipeline.item_findings(&line.crew.annotator, back.item).await.unwrap();
    let [pin] = &pinned[..] else { panic!("{pinned:?}") };
    let words = format!(
        "Look again: surface ({}), or surface ({})?",
        back.choices["state"], back.predicted_choices["state"]
    );
    assert_eq!(pin.notes[0].words, words);
    line.decide(owner, right, DoubtChoice::Right).await.unwrap();
    line.search(owner).await;
    let again = tags(line, owner, "open").await;
    assert_eq!(again.doubts.iter().filter(|doubt| [back.item, right.item].contains(&doubt.item)).count(), 0);
    assert!(again.doubts.len() >= FLIPPED.len() - 2);
}

#[tokio::test]
async fn flipped_tags_come_first_on_sqlite() {
    flipped_tags_come_first(House::new().await).await;
}

#[tokio::test]
async fn flipped_tags_come_first_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    flipped_tags_come_first(house).await;
}
