//! Whether people follow a model where it is wrong: a project whose people do what the test says, and the figures that must come
//! of it.

use std::collections::BTreeMap;

use countersign_model::{Annotation, AnnotationId, FrameRef, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    PipelineError,
    people::Caller,
    release::Selection,
    review::Verdict,
    sign::Countersigning,
    signing::Components,
    suggestions::{FollowView, SuggestionReport},
    views::Work,
    work::{AnnotationInput, Change, Wish},
};
use countersign_store::{Actor, Evidence, suggestions};
use countersign_workflow::{
    Missing, ReviewDecision, SignDecision, shipped,
    suggestions::{Plant, commitment},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, ingest, mark, member, package},
};

const FRAME: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });
/// Parts that come in: under the seed of the test more than [`PLANTED`] of them have a label made wrong.
const PARTS: usize = 76;
/// Wrong suggestions that are worked through.
const PLANTED: usize = 20;
/// Of these, kept by the reader, then by the reviewer; what the reviewer keeps is signed.
const READER_KEEPS: usize = 7;
const REVIEWER_KEEPS: usize = 4;

/// What was drawn for an item, as the server alone knows it.
struct Known {
    row: suggestions::Suggestion,
    plant: Option<Plant>,
    /// The draft as it is shown.
    draft: Vec<Annotation>,
}

struct Floor {
    house: House,
    project: ProjectId,
    crew: Crew,
    second: Caller,
    /// Who reviews and who signs what is read again: nobody who did so before.
    others: [Caller; 2],
    known: BTreeMap<ItemId, Known>,
}

impl Floor {
    async fn new(house: House) -> Self {
        let project = house.project("boards", "inspection").await;
        let (_, text) = shipped().iter().find(|(id, _)| *id == "inspection").unwrap();
        let plan = "suggestions: { planted_share: 0.5, control_share: 0.2 }\nguideline:";
        let document = text.replace("version: 1", "version: 2").replace("guideline:", plan);
        let owner = house.sign_in("owner@boards").await;
        house.pipeline.activate_protocol(&owner, project, 1, &document, PASSWORD).await.unwrap();
        let user = house.person("second@boards").await;
        house.pipeline.grant(&owner, project, user, Role::Annotator).await.unwrap();
        // Chance that is the same in every run.
        let seeded = house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let at = tx.now();
                let seed = suggestions::Seed { project_id: project, seed: "07".repeat(32), at };
                suggestions::insert_seed(tx, seed).await?;
                Ok(tx.record(Evidence::new("test.seeded", "project", project.uuid()))?)
            })
        });
        seeded.await.unwrap();
        let options = countersign_synthesis::parts::Options { side_px: 128, lot: "lot-1".into() };
        let lot = countersign_synthesis::lot(7, PARTS, &options);
        let files: Vec<_> = lot.iter().flat_map(|part| part.files(false)).collect();
        ingest(&house, project, "boards", &files).await;
        let crew = Crew::of(&house, "boards", "quality_engineer").await;
        let second = house.sign_in("second@boards").await;
        let mut others = Vec::new();
        for (login, role) in [("third@boards", Role::QualityEngineer), ("fourth@boards", Role::Specialist)] {
            let user = house.person(login).await;
            house.pipeline.grant(&owner, project, user, role).await.unwrap();
            others.push(house.sign_in(login).await);
        }
        let others: [Caller; 2] = others.try_into().ok().unwrap();
        let mut floor = Self { house, project, crew, second, others, known: BTreeMap::new() };
        floor.look_behind().await;
        floor
    }

    async fn look_behind(&mut self) {
        let mut conn = self.house.pipeline.store.read().await.unwrap();
        let every = countersign_store::items::ItemFilter::default();
        let items = countersign_store::items::list(&mut conn, self.project, &every, 1_000).await.unwrap();
        for item in items {
            let Some(row) = suggestions::of_item(&mut conn, item.id).await.unwrap() else { continue };
            let said: Value = serde_json::from_str(&row.said).unwrap();
            let plant = serde_json::from_value(said["plant"].clone()).ok();
            let rows = countersign_store::reads::annotations(&mut conn, row.draft_id).await.unwrap();
            let body = |row: &countersign_store::reads::AnnotationRow| {
                serde_json::from_str(row.body.as_deref().unwrap()).unwrap()
            };
            let draft = rows.iter().map(body).collect();
            self.known.insert(item.id, Known { row, plant, draft });
        }
    }

    /// Items of an arm, oldest first; of those made wrong the first [`PLANTED`].
    fn arm(&self, arm: &str) -> Vec<ItemId> {
        let of = |(_, known): &(&ItemId, &Known)| {
            known.row.arm == arm && (arm != "planted" || known.plant.is_some())
        };
        let most = if arm == "planted" { PLANTED } else { usize::MAX };
        self.known.iter().filter(of).map(|(id, _)| *id).take(most).collect()
    }

    async fn claim(&self, who: &Caller, role: Role, item: ItemId) -> Work {
        let wish = Wish { item: Some(item), role: Some(role), ..Wish::default() };
        self.house.pipeline.claim(who, self.project, wish).await.unwrap()
    }

    async fn read(&self, who: &Caller, item: ItemId, changes: Vec<Change>) -> Work {
        let work = self.claim(who, Role::Annotator, item).await;
        let (fence, revision) = (work.task.fence, work.read.as_ref().unwrap().revision);
        self.house.pipeline.submit(who, work.task.id, fence, revision, changes).await.unwrap();
        work
    }

    async fn review(&self, reviewer: &Caller, item: ItemId, changes: Vec<Change>) {
        let work = self.claim(reviewer, Role::QualityEngineer, item).await;
        let fixes = !changes.is_empty();
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision: if fixes { ReviewDecision::Fix } else { ReviewDecision::Accept },
            missing: Some(Missing::Nothing),
            reason: fixes.then(|| "wrong_class".into()),
            comment: None,
            return_to: None,
        };
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        self.house.pipeline.review(reviewer, task, fence, revision, changes, verdict).await.unwrap();
    }

    /// The phase that the item is in after it was signed.
    async fn sign(&self, specialist: &Caller, item: ItemId) -> String {
        let work = self.claim(specialist, Role::Specialist, item).await;
        let act = Countersigning {
            decision: SignDecision::Sign,
            content_hash: work.subject.unwrap().summary.content_hash.unwrap(),
            password: PASSWORD.into(),
            reason: None,
            comment: None,
            return_to: None,
        };
        let done = self.house.pipeline.countersign(specialist, work.task.id, work.task.fence, act).await;
        done.unwrap().phase
    }

    /// What puts the label right that was made wrong.
    fn put_right(&self, item: ItemId) -> Vec<Change> {
        let plant = self.known[&item].plant.clone().unwrap();
        match (plant.genuine, plant.planted) {
            (Some(genuine), _) => vec![Change::Put { annotation: by_hand(&genuine) }],
            (None, planted) => vec![Change::Remove { id: planted.unwrap().id }],
        }
    }

    async fn report(&self) -> SuggestionReport {
        let quality = self.house.sign_in("quality_engineer@boards").await;
        self.house.pipeline.suggestions(&quality, self.project).await.unwrap()
    }
}

fn by_hand(label: &Annotation) -> AnnotationInput {
    mark(label.id.0.as_u128(), &label.class, label.frame, label.shape.clone())
}

fn follow(follow: &FollowView) -> (u64, u64) {
    (follow.given, follow.kept)
}

async fn simulated(house: House) {
    let floor = Floor::new(house).await;
    let planted = floor.arm("planted");
    assert_eq!(planted.len(), PLANTED, "{:?}", floor.known.values().map(|k| &k.row.arm).collect::<Vec<_>>());
    work_through(&floor, &planted).await;
    // It counts when it may be known: once the item is accepted.
    let report = floor.report().await;
    assert_eq!((report.planted, report.read_again), ((PLANTED - REVIEWER_KEEPS) as u64, 0));
    for (n, item) in planted[..REVIEWER_KEEPS].iter().enumerate() {
        read_again(&floor, n, *item).await;
    }
    let (genuine, control) = without_plants(&floor).await;
    figures(&floor, genuine as u64, control as u64).await;
    settled(&floor, planted[0]).await;
    released(&floor, &planted).await;
}

/// Everybody does with the wrong suggestions what the test knows.
async fn work_through(floor: &Floor, planted: &[ItemId]) {
    for (n, item) in planted.iter().enumerate() {
        let changes = if n < READER_KEEPS { vec![] } else { floor.put_right(*item) };
        let work = floor.read(&floor.crew.annotator, *item, changes).await;
        assert!(work.read.unwrap().summary.draft_shown_at.is_some());
        let fixed = (REVIEWER_KEEPS..READER_KEEPS).contains(&n);
        floor.review(&floor.crew.reviewer, *item, if fixed { floor.put_right(*item) } else { vec![] }).await;
        let phase = floor.sign(&floor.crew.specialist, *item).await;
        // What passed everybody is not accepted; everything else is.
        assert_eq!(phase, if n < REVIEWER_KEEPS { "queued" } else { "accepted" }, "{n}");
    }
}

/// Whoever was misled may not read it again; somebody else does, without the draft. The first was right after all: the same is drawn.
async fn read_again(floor: &Floor, n: usize, item: ItemId) {
    let pipeline = &floor.house.pipeline;
    let wish = Wish { item: Some(item), ..Wish::default() };
    assert!(pipeline.claim(&floor.crew.annotator, floor.project, wish).await.is_err());
    let work = floor.claim(&floor.second, Role::Annotator, item).await;
    assert!(work.draft.is_none() && !work.draft_on_request && work.returned.is_none());
    let own = work.read.as_ref().unwrap();
    assert!(own.annotations.is_empty() && own.summary.draft_shown_at.is_none());
    let known = &floor.known[&item];
    let plant = known.plant.as_ref().unwrap();
    let drawn: Vec<&Annotation> = match n {
        0 => known.draft.iter().collect(),
        _ => {
            let others = known.draft.iter().filter(|label| label.id != plant.annotation);
            others.chain(plant.genuine.as_ref()).collect()
        }
    };
    let draw = |(at, label): (usize, &&Annotation)| {
        let id = AnnotationId(Uuid::from_u128(0x5000 + (n * 100 + at) as u128));
        Change::Put { annotation: AnnotationInput { id, ..by_hand(label) } }
    };
    let changes = drawn.iter().enumerate().map(draw).collect();
    let (task, fence) = (work.task.id, work.task.fence);
    pipeline.submit(&floor.second, task, fence, own.revision, changes).await.unwrap();
    // Whoever passed the mistake on before does not pass this one.
    for misled in [&floor.crew.reviewer, &floor.crew.annotator] {
        let wish = Wish { item: Some(item), ..Wish::default() };
        assert!(pipeline.claim(misled, floor.project, wish).await.is_err());
    }
    floor.review(&floor.others[0], item, vec![]).await;
    let wish = Wish { item: Some(item), ..Wish::default() };
    let refused = pipeline.claim(&floor.crew.specialist, floor.project, wish).await.unwrap_err();
    assert_eq!(crate::releases::code(&refused), "separation_of_duties");
    nobody_else(floor, item).await;
    assert_eq!(floor.sign(&floor.others[1], item).await, "accepted");
}

/// While nobody who may sign is left, the owner is told; as soon as somebody is, no more.
async fn nobody_else(floor: &Floor, item: ItemId) {
    let (pipeline, project) = (&floor.house.pipeline, floor.project);
    let owner = floor.house.sign_in("owner@boards").await;
    let told = async || {
        let entries = pipeline.overdue(&owner, project).await.unwrap();
        entries.iter().any(|entry| entry.kind == "nobody" && entry.item == Some(item))
    };
    assert!(!told().await);
    let other = floor.others[1].user();
    // Everybody who had no part in it: of those who had, one still has the role.
    let grants = pipeline.grants(&owner, project).await.unwrap();
    let misled = floor.crew.specialist.user();
    for held in grants.iter().filter(|grant| grant.role == Role::Specialist && grant.user != misled) {
        pipeline.end_grant(&owner, project, held.id).await.unwrap();
    }
    assert!(told().await);
    pipeline.grant(&owner, project, other, Role::Specialist).await.unwrap();
    assert!(!told().await);
}

/// First reads that are wrong: two with the draft as it was made, three without; how many of each there are.
async fn without_plants(floor: &Floor) -> (usize, usize) {
    let (genuine, control) = (floor.arm("genuine"), floor.arm("control"));
    for (arm, wrong) in [(&genuine, 2), (&control, 3)] {
        for (n, item) in arm.iter().enumerate() {
            let work = floor.read(&floor.crew.annotator, *item, vec![]).await;
            let empty = arm == &control || floor.known[item].draft.is_empty();
            assert_eq!(work.read.unwrap().annotations.is_empty(), empty);
            let shape = Shape::Box { x: 1.0, y: 1.0, w: 5.0, h: 5.0 };
            let added = Change::Put { annotation: mark(0x9000 + n as u128, "pinhole", FRAME, shape) };
            floor.review(&floor.crew.reviewer, *item, if n < wrong { vec![added] } else { vec![] }).await;
            assert_eq!(floor.sign(&floor.crew.specialist, *item).await, "accepted");
        }
    }
    (genuine.len(), control.len())
}

async fn figures(floor: &Floor, genuine: u64, control: u64) {
    let reader = &floor.crew.annotator;
    let report = floor.report().await;
    assert_eq!((report.planted, report.confirmed, report.read_again), (20, 1, REVIEWER_KEEPS as u64));
    assert_eq!((report.genuine, report.control), (genuine, control));
    // One was right after all: 19 count. Of these 6 passed the reader, 3 the reviewer, and what passed was signed.
    let stages: Vec<_> =
        report.stages.iter().map(|stage| (stage.id.as_str(), follow(&stage.follow))).collect();
    assert_eq!(stages, [("read", (19, 6)), ("review", (6, 3)), ("sign", (3, 3))]);
    for stage in &report.stages {
        let [person] = &stage.people[..] else { panic!("one person a stage: {:?}", stage.people) };
        assert_eq!(follow(&person.follow), follow(&stage.follow));
    }
    assert_eq!(report.stages[0].people[0].user, reader.user());
    let share = report.stages[0].follow.share.unwrap();
    assert!((share.value - 6.0 / 19.0).abs() < 1e-12, "{share:?}");
    assert!((share.low - LOW).abs() < 1e-6 && (share.high - HIGH).abs() < 1e-6, "{share:?}");
    let add = |sum: (u64, u64), kind: (u64, u64)| (sum.0 + kind.0, sum.1 + kind.1);
    assert_eq!(report.kinds.iter().map(|kind| follow(&kind.follow)).fold((0, 0), add), (19, 6));
    let (with, without) = (&report.with_draft, &report.without_draft);
    assert_eq!((with.judged, with.wrong, without.judged, without.wrong), (genuine, 2, control, 3));
    let apart = report.more_errors_with_draft.unwrap();
    assert!((apart.value - (2.0 / genuine as f64 - 3.0 / control as f64)).abs() < 1e-12);
    assert!(apart.low < apart.value && apart.value < apart.high);
    // Of the planted 6 were kept, and so read wrong; what was right after all counts nowhere.
    let modes: Vec<_> =
        report.modes.iter().map(|mode| (mode.mode.as_str(), mode.errors.judged, mode.errors.wrong)).collect();
    assert_eq!(modes, [("never", control, 3), ("always", genuine + 19, 8)]);
    assert!(!report.least_harm.unwrap().told_apart, "so few items tell nothing");

    let auditor = floor.house.sign_in("auditor@boards").await;
    let table = floor.house.pipeline.suggestions_table(&auditor, floor.project).await.unwrap();
    assert!(table.contains("\"read\",\"\",wrong_suggestions_kept,") && table.contains(",6,19\n"), "{table}");
    let refused = floor.house.pipeline.suggestions(reader, floor.project).await.unwrap_err();
    assert!(matches!(refused, PipelineError::NotFound), "{refused}");
}

/// What happened is kept: stopping the model and another version of the protocol change nothing of it.
async fn settled(floor: &Floor, item: ItemId) {
    let (pipeline, project) = (&floor.house.pipeline, floor.project);
    let before = floor.report().await;
    pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    let kept = async || {
        let mut conn = pipeline.store.read().await.unwrap();
        suggestions::of_item(&mut conn, item).await.unwrap().unwrap().judged
    };
    assert!(kept().await.is_some());
    assert_eq!(floor.report().await, before, "as it was worked out anew");
    let owner = floor.house.sign_in("owner@boards").await;
    let model = pipeline.draft_models(&owner, project).await.unwrap().remove(0).model;
    pipeline.stop_draft_model(&owner, project, model.clone(), "it marks vessels".into()).await.unwrap();
    assert_eq!(floor.report().await, before);
    pipeline.resume_draft_model(&owner, project, model, "looked at".into()).await.unwrap();
}

/// What leaves holds nothing that was made wrong, says how it was measured, and opens what was committed to.
async fn released(floor: &Floor, planted: &[ItemId]) {
    let (pipeline, crew) = (&floor.house.pipeline, &floor.crew);
    let signed = Some(Components::from(PASSWORD));
    let wanted = Selection::Items(planted.to_vec());
    let begun = pipeline.make_release_signed(&crew.scientist, floor.project, "v1", wanted, signed);
    let mut made = begun.await.unwrap();
    if made.state == "proposed" {
        made = pipeline.countersign_release(&crew.owner, made.id, PASSWORD.into()).await.unwrap();
    }
    let bytes = package(&floor.house, &crew.scientist, made.id).await;
    let file: Value = serde_json::from_slice(&member(&bytes, "suggestions.json")).unwrap();
    assert_eq!((&file["figures"]["planted"], &file["figures"]["confirmed"]), (&20.into(), &1.into()));
    assert_eq!(file["figures"]["stages"][0]["kept"], 6);
    assert!(!file.to_string().contains("Test annotator"), "no names");
    let mut conn = pipeline.store.read().await.unwrap();
    for entry in file["items"].as_array().unwrap() {
        let item: ItemId = entry["item"].as_str().unwrap().parse().unwrap();
        let mut number = [0; 32];
        hex::decode_to_slice(entry["number"].as_str().unwrap(), &mut number).unwrap();
        let committed = hex::encode(commitment(&number, entry["said"].as_str().unwrap()));
        assert_eq!(committed_in_log(&mut conn, item).await, committed, "{entry}");
    }
    drop(conn);
    assert_eq!(pipeline.recompute_release_root(made.id).await.unwrap(), made.root.unwrap());
}

/// What the event of an item's draft committed to.
async fn committed_in_log(conn: &mut countersign_store::Conn, item: ItemId) -> String {
    let sql = "SELECT d.details FROM events e JOIN event_details d ON d.event_id = e.id \
               WHERE e.item_id = $1 AND e.action = 'draft.made'";
    let row = conn.query(sql).bind(item).fetch_one().await.unwrap();
    let details: String = row.get("details").unwrap();
    let details: Value = serde_json::from_str(&details).unwrap();
    details["suggestion"].as_str().unwrap().to_owned()
}

/// Ends of the interval of Clopper and Pearson for 6 of 19: where the sums of the binomial distribution are 0.025.
const LOW: f64 = 0.125_760_635_9;
const HIGH: f64 = 0.565_501_568_8;

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_equal_what_people_did_on_sqlite() {
    simulated(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_equal_what_people_did_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    simulated(house).await;
}
