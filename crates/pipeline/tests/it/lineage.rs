//! How labels came about: recorded when it happens, and in every release.

use std::collections::BTreeMap;

use countersign_model::{FrameRef, ProjectId, Shape};
use countersign_pipeline::{
    PipelineError,
    people::Caller,
    release::Selection,
    signing::Components,
    views::{ReadView, Work},
    work::{Change, Wish},
};
use countersign_store::{Actor, Evidence, reads, releases};
use serde_json::Value;

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, ingest, mark, member, package, png},
};

const FRAME: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });

/// Boards under the inspection protocol, whose reads begin as a copy of the model's draft.
async fn boards(house: &House, count: usize) -> (ProjectId, Crew) {
    let project = house.project("boards", "inspection").await;
    let options = countersign_synthesis::parts::Options { side_px: 160, lot: "lot-1".into() };
    let lot = countersign_synthesis::lot(7, count, &options);
    let files: Vec<_> = lot.iter().flat_map(|part| part.files(false)).collect();
    ingest(house, project, "boards", &files).await;
    (project, Crew::of(house, "boards", "quality_engineer").await)
}

/// A read whose draft has at least three marks, and what comes of the others on the way.
async fn busy(house: &House, project: ProjectId, crew: &Crew) -> Work {
    loop {
        let work = house.pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
        if work.read.as_ref().unwrap().annotations.len() >= 3 {
            return work;
        }
        submit(house, &crew.annotator, &work, vec![]).await;
    }
}

async fn submit(house: &House, reader: &Caller, work: &Work, changes: Vec<Change>) {
    let (fence, revision) = (work.task.fence, work.read.as_ref().unwrap().revision);
    house.pipeline.submit(reader, work.task.id, fence, revision, changes).await.unwrap();
}

fn lines(package: &[u8]) -> Vec<Value> {
    let text = String::from_utf8(member(package, "reads.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_single_reads_tells_of_each_label_who_made_it_and_what_became_of_the_draft() {
    let house = House::new().await;
    let (project, crew) = boards(&house, 6).await;
    let work = busy(&house, project, &crew).await;
    let read: &ReadView = work.read.as_ref().unwrap();
    assert!(read.summary.draft_shown_at.is_some(), "recorded with the claim, not told by a page");
    let [kept, moved, gone, ..] = &read.annotations[..] else { panic!("three marks") };
    let away = Shape::Box { x: 1.0, y: 1.0, w: 9.0, h: 9.0 };
    let put = |id: u128, class: &str, shape: Shape| Change::Put { annotation: mark(id, class, FRAME, shape) };
    let changes = vec![
        put(moved.id.0.as_u128(), &moved.class, away.clone()),
        Change::Remove { id: gone.id },
        put(1, "short", away),
    ];
    submit(&house, &crew.annotator, &work, changes).await;
    let item = work.item.id;
    while crew.finish(&house, project).await != item {}

    let signed = Some(Components::from(PASSWORD));
    let wanted = Selection::Items(vec![item]);
    let mut made =
        house.pipeline.make_release_signed(&crew.scientist, project, "v1", wanted, signed).await.unwrap();
    if made.state == "proposed" {
        made = house.pipeline.countersign_release(&crew.owner, made.id, PASSWORD.into()).await.unwrap();
    }
    let bytes = package(&house, &crew.scientist, made.id).await;
    let lines = lines(&bytes);
    let heads: Vec<&Value> = lines.iter().filter(|line| line["line"] == "read").collect();
    let draft = heads.iter().find(|head| head["author"]["kind"] == "model").unwrap();
    assert_eq!(draft["model"]["hash_of"], "declaration");
    assert_eq!(draft["model"]["hash"].as_str().unwrap().len(), 64);
    let person = heads.iter().find(|head| head["kind"] == "read").unwrap();
    assert_eq!(person["draft_shown"]["read_id"], draft["read_id"]);
    assert_eq!(person["draft_shown"]["how"], "always");

    // The lines behind the person's read, until the next one begins.
    let start = lines.iter().position(|line| line == *person).unwrap() + 1;
    let of_read = lines[start..].iter().take_while(|line| line["line"] != "read");
    let lineage: BTreeMap<&str, &Value> = of_read
        .filter(|line| line["line"] == "lineage")
        .map(|line| (line["annotation_id"].as_str().unwrap(), line))
        .collect();
    let of = |id: countersign_model::AnnotationId| lineage[id.to_string().as_str()];
    let (same, shifted, deleted) = (of(kept.id), of(moved.id), of(gone.id));
    assert_eq!((&same["delta"], &same["made_by"]["kind"]), (&"unchanged".into(), &"model".into()));
    assert_eq!(same["confidence"].as_f64(), kept.score);
    assert_eq!(same["model"]["identity"], draft["model"]);
    assert_eq!((&shifted["delta"], &shifted["made_by"]["kind"]), (&"moved".into(), &"human".into()));
    assert!(shifted["overlap"].as_f64().unwrap() < 1.0);
    assert_eq!((&deleted["delta"], &deleted["version"]), (&"deleted".into(), &Value::Null));
    let added = of(countersign_model::AnnotationId(uuid::Uuid::from_u128(1)));
    assert_eq!((&added["delta"], &added["model"]), (&"added".into(), &Value::Null));
    assert!(lineage.values().all(|line| line["shown"] == true));

    // What left before this was recorded is built again as it was, without the file.
    let root = || async { house.pipeline.recompute_release_root(made.id).await.unwrap() };
    assert_eq!(Some(root().await), made.root);
    let now = releases::by_id(&mut house.pipeline.store.read().await.unwrap(), made.id)
        .await
        .unwrap()
        .unwrap()
        .format;
    set_format(&house, made.id, 2).await;
    assert_ne!(Some(root().await), made.root);
    set_format(&house, made.id, now).await;
    assert_eq!(Some(root().await), made.root);
}

async fn set_format(house: &House, release: countersign_model::ReleaseId, format: u32) {
    let change = house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let sql = "UPDATE releases SET format = $1 WHERE id = $2";
            tx.query(sql).bind(format).bind(release).execute().await?;
            tx.record(Evidence::new("test.format", "release", release.uuid()))?;
            Ok(())
        })
    });
    change.await.unwrap();
}

/// Two readers of a study read without the model; what is recorded of them says so, and the hash of the model is kept with its
/// draft alone.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_without_the_draft_is_not_said_to_have_seen_it() {
    let house = House::new().await;
    let project = house.project("ct", "radiology").await;
    let options = countersign_synthesis::phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let study = countersign_synthesis::ct_study(3, &options);
    let files: Vec<_> =
        study.instances.into_iter().map(|instance| (instance.file_name, instance.bytes)).collect();
    ingest(&house, project, "ct", &files).await;
    let crew = Crew::of(&house, "ct", "reviewer").await;
    let work = house.pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let mut quality = mark(1, "study_quality", None, Shape::Tag {});
    quality.attributes.insert("grade".into(), "good".into());
    submit(&house, &crew.annotator, &work, vec![Change::Put { annotation: quality }]).await;
    let mut conn = house.pipeline.store.read().await.unwrap();
    let rows = reads::of_item(&mut conn, work.item.id).await.unwrap();
    assert_eq!(countersign_store::lineage::of_item(&mut conn, work.item.id).await.unwrap(), vec![]);
    drop(conn);
    let hashed = |read: &&reads::Read| read.model_hash.is_some() == read.author_model.is_some();
    assert_eq!((rows.len(), rows.iter().filter(hashed).count()), (2, 2));

    // The reviewer asks for it: from then on it is said of their read, and of nobody else's.
    let work = house.pipeline.claim(&crew.reviewer, project, Wish::default()).await.unwrap();
    house.pipeline.request_draft(&crew.reviewer, work.task.id, work.task.fence).await.unwrap();
    let mut conn = house.pipeline.store.read().await.unwrap();
    let shown = countersign_store::lineage::of_item(&mut conn, work.item.id).await.unwrap();
    let own = work.read.as_ref().unwrap().summary.id;
    assert_eq!(
        shown.iter().map(|row| (row.read_id, row.how.as_str())).collect::<Vec<_>>(),
        [(own, "on_request")]
    );
}

/// A sample that was inspected and passed says so by name, and is no review; a release of before says what it said.
#[tokio::test(flavor = "multi_thread")]
async fn an_inspected_sample_has_passed_inspection() {
    let house = House::new().await;
    let project = house.project("p", "images").await;
    let (_, shipped) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let document = shipped.replacen("version: 1\n", "version: 2\n", 1).replacen(
        "kind: review\n",
        "kind: sample_qa\n    share: 1.0\n",
        1,
    );
    let crew = Crew::of(&house, "p", "reviewer").await;
    house.pipeline.put_protocol(&crew.owner, project, 1, &document, None, PASSWORD).await.unwrap();
    ingest(&house, project, "p", &[("1.png".into(), png(64, 48, 1))]).await;
    crew.work(&house, project, &[mark(1, "object", FRAME, Shape::Box { x: 3.0, y: 2.0, w: 9.0, h: 5.0 })])
        .await;
    let made = house
        .pipeline
        .make_release_signed(&crew.scientist, project, "v1", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    let bytes = package(&house, &crew.scientist, made.id).await;
    let manifest = String::from_utf8(member(&bytes, "manifest.jsonl")).unwrap();
    let record: Value = serde_json::from_str(manifest.lines().next().unwrap()).unwrap();
    let meanings: Vec<_> =
        record["authors"].as_array().unwrap().iter().map(|act| act["meaning"].as_str().unwrap()).collect();
    assert_eq!(meanings, ["authored", "qa_passed", "approved"]);
    let certificate: Value = serde_json::from_slice(&member(&bytes, "certificate.json")).unwrap();
    assert_eq!(certificate["statement"]["counts"]["items_reviewed"], 1);

    let root = || async { house.pipeline.recompute_release_root(made.id).await.unwrap() };
    assert_eq!(Some(root().await), made.root);
    set_format(&house, made.id, 3).await;
    assert_ne!(Some(root().await), made.root, "a release of before said that it was reviewed");
}
