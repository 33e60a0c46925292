//! Two people read without knowing of each other, the machine compares, a third decides, a fourth signs.

use std::{
    collections::BTreeSet,
    io::Read,
    sync::atomic::{AtomicU64, Ordering},
};

use countersign_ledger::inspection::{LABELS, PAGE};
use countersign_model::{AnnotationId, FrameRef, ItemId, MergeRule, ProjectId, Role, Shape, StageKind};
use countersign_pipeline::{
    PipelineError,
    adjudicate::Ruling,
    items::ItemQuery,
    ontology::{OntologyDraft, OntologyOperation},
    people::Caller,
    release::Selection,
    sign::Countersigning,
    views::Work,
    work::{AnnotationInput, Change, Wish},
};
use countersign_store::{Actor, Evidence, projects, protocols};
use countersign_workflow::{AdjudicateDecision, SignDecision, document::read_document};
use uuid::Uuid;

use crate::{
    evidence::copy_of,
    harness::{House, PASSWORD},
};

pub const STAGES: &str = r#"
stages:
  - { id: read, title: Blind read, kind: read, role: annotator, readers: 2, ai_visibility: never }
  - { id: compare, title: Comparison, kind: compare, merge: mean }
  - id: adjudicate
    title: Adjudication
    kind: adjudicate
    role: reviewer
    ai_visibility: never
    escalate_to: specialist
    escalate_hours: 48
  - { id: sign, title: Countersignature, kind: sign, role: specialist, ai_visibility: never, meaning: approved }
"#;

/// The shipped image protocol with two blind readers, as its second version.
pub fn document(stages: &str) -> String {
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let (head, rest) = text.split_once("stages:\n").unwrap();
    let (_, guideline) = rest.split_once("guideline:").unwrap();
    format!("{}{stages}guideline:{guideline}", head.replace("version: 1", "version: 2"))
}

/// The second version of a project's protocol as an earlier program put it into force.
async fn put_earlier(house: &House, project: ProjectId, text: &str) {
    let protocol = read_document(text).protocol.unwrap();
    let store = house.pipeline.store.clone();
    let put = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let before = protocols::current(tx, project).await?.unwrap();
            let document = serde_json::to_string(&protocol).unwrap();
            let row = protocols::ProtocolVersion {
                version: 2,
                content_hash: countersign_ledger::Hash::of(document.as_bytes()).to_hex(),
                document,
                source: None,
                before_signing: true,
                ..before
            };
            protocols::insert(tx, row).await?;
            assert!(projects::advance_protocol(tx, project, 1, 2).await?);
            tx.record(Evidence::new("protocol.activated", "project", project.uuid()).project(project))?;
            Ok(())
        })
    });
    put.await.unwrap();
}

pub struct Team {
    pub house: House,
    pub project: ProjectId,
    pub readers: [Caller; 3],
    pub reviewer: Caller,
    second_reviewer: Caller,
    pub specialists: [Caller; 2],
    _folder: tempfile::TempDir,
}

impl Team {
    pub async fn new(images: usize, stages: &str) -> Self {
        Self::of(House::new().await, images, stages, false).await
    }

    /// `in_force`: the document was put into force when more could be said.
    pub async fn of(house: House, images: usize, stages: &str, in_force: bool) -> Self {
        let project = house.project("p", "images").await;
        let mut extra = Vec::new();
        for (login, role) in [
            ("reader2@p", Role::Annotator),
            ("reader3@p", Role::Annotator),
            ("reviewer2@p", Role::Reviewer),
            ("specialist2@p", Role::Specialist),
        ] {
            let user = house.person(login).await;
            let owner = house.sign_in("owner@p").await;
            house.pipeline.grant(&owner, project, user, role).await.unwrap();
            extra.push(house.sign_in(login).await);
        }
        let owner = house.sign_in("owner@p").await;
        if in_force {
            put_earlier(&house, project, &document(stages)).await;
        } else {
            house.pipeline.activate_protocol(&owner, project, 1, &document(stages), PASSWORD).await.unwrap();
        }
        let officer = house.sign_in("privacy_officer@p").await;
        house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for n in 0..images {
            let image = image::GrayImage::from_fn(64, 48, |x, y| image::Luma([(x * 3 + y) as u8 ^ n as u8]));
            image.save(folder.path().join(format!("{n}.png"))).unwrap();
        }
        let report = house.ingest(project, vec![folder.path().to_owned()]).await;
        assert_eq!(report.items, images as u64, "{:?}", report.refusals);
        let [reader2, reader3, second_reviewer, specialist2]: [Caller; 4] = extra.try_into().ok().unwrap();
        Self {
            readers: [house.sign_in("annotator@p").await, reader2, reader3],
            reviewer: house.sign_in("reviewer@p").await,
            second_reviewer,
            specialists: [house.sign_in("specialist@p").await, specialist2],
            house,
            project,
            _folder: folder,
        }
    }

    pub async fn claim(&self, caller: &Caller, item: Option<ItemId>) -> Result<Work, PipelineError> {
        self.house.pipeline.claim(caller, self.project, Wish { item, ..Wish::default() }).await
    }

    pub async fn submit(&self, caller: &Caller, work: &Work, boxes: &[(f64, &str)]) {
        let (task, fence) = (work.task.id, work.task.fence);
        let revision = work.read.as_ref().unwrap().revision;
        let changes = boxes.iter().map(|(x, class)| mark(*x, class)).collect();
        self.house.pipeline.submit(caller, task, fence, revision, changes).await.unwrap();
    }

    /// Both readers mark; the machine compares. `second` moves the other reader's box.
    pub async fn read_twice(
        &self,
        item: Option<ItemId>,
        first: &[(f64, &str)],
        second: &[(f64, &str)],
    ) -> ItemId {
        let a = self.claim(&self.readers[0], item).await.unwrap();
        let item = a.item.id;
        let b = self.claim(&self.readers[1], Some(item)).await.unwrap();
        self.submit(&self.readers[0], &a, first).await;
        self.submit(&self.readers[1], &b, second).await;
        self.house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
        item
    }

    pub async fn rule(
        &self,
        caller: &Caller,
        work: &Work,
        decision: AdjudicateDecision,
        changes: Vec<Change>,
    ) {
        let ruling = Ruling { decision, reason: Some("boundary".into()), comment: Some("left edge".into()) };
        let (task, fence) = (work.task.id, work.task.fence);
        let revision = work.read.as_ref().unwrap().revision;
        self.house.pipeline.adjudicate(caller, task, fence, revision, changes, ruling).await.unwrap();
    }

    pub async fn sign(&self, caller: &Caller, item: ItemId) {
        let work = self.claim(caller, Some(item)).await.unwrap();
        let act = Countersigning {
            decision: SignDecision::Sign,
            content_hash: work.subject.unwrap().summary.content_hash.unwrap(),
            password: PASSWORD.into(),
            reason: None,
            comment: None,
            return_to: None,
        };
        let done = self.house.pipeline.countersign(caller, work.task.id, work.task.fence, act).await.unwrap();
        assert_eq!(done.phase, "accepted");
    }
}

/// A mark with an id of its own.
pub fn mark(x: f64, class: &str) -> Change {
    static MARKS: AtomicU64 = AtomicU64::new(1);
    let id = Uuid::from_u128(u128::from(MARKS.fetch_add(1, Ordering::Relaxed)));
    Change::Put {
        annotation: AnnotationInput {
            id: AnnotationId(id),
            class: class.into(),
            frame: Some(FrameRef { stream: 0, index: 0 }),
            shape: Shape::Box { x, y: 2.0, w: 10.0, h: 5.0 },
            attributes: Default::default(),
            arrangement: Default::default(),
            unclear: None,
        },
    }
}

pub fn code(error: &PipelineError) -> String {
    match error {
        PipelineError::Refused(refusal) => refusal.code.to_string(),
        PipelineError::BadInput { code, .. } => (*code).into(),
        PipelineError::NotFound => "not_found".into(),
        PipelineError::StaleRevision { .. } => "stale_revision".into(),
        other => other.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_readers_agree_on_is_merged_and_signed() {
    let team = Team::new(1, STAGES).await;
    let item = team.read_twice(None, &[(3.0, "object")], &[(5.0, "object")]).await;
    let work = team.claim(&team.specialists[0], Some(item)).await.unwrap();
    let merged = work.subject.unwrap();
    assert_eq!(merged.summary.author_name, "Merged: mean 3");
    // A copy names the rule, not a model, and nobody.
    let auditor = team.house.sign_in("auditor@p").await;
    let copy = copy_of(&team.house, &auditor, Some(team.project)).await;
    let labels = String::from_utf8(copy.0[LABELS].clone()).unwrap();
    let by_rule = labels.lines().filter(|line| line.contains("\"Merged: mean 3\"")).count();
    assert!(by_rule > 0 && !labels.contains("\"model "), "{labels}");
    assert!(String::from_utf8_lossy(&copy.0[PAGE]).contains("Merged: mean 3"));
    assert_eq!(merged.annotations[0].shape, Shape::Box { x: 4.0, y: 2.0, w: 10.0, h: 5.0 });
    team.house.pipeline.give_back(&team.specialists[0], work.task.id, work.task.fence).await.unwrap();
    // Readers never become signers.
    for reader in &team.readers[..2] {
        assert_eq!(code(&team.claim(reader, Some(item)).await.unwrap_err()), "not_in_role");
    }
    team.sign(&team.specialists[0], item).await;
    let auditor = team.house.sign_in("auditor@p").await;
    let seen = team.house.pipeline.item_comparisons(&auditor, item).await.unwrap();
    assert_eq!((seen.len(), seen[0].agreed, seen[0].agreed_findings, seen[0].reads.len()), (1, true, 1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_twice_and_counts_do_not_tell() {
    let team = Team::new(1, STAGES).await;
    let claimable = async |caller: &Caller| {
        let home = team.house.pipeline.home(caller).await.unwrap();
        home.cards.iter().find(|card| card.kind == "claim").map(|card| card.count)
    };
    assert_eq!(claimable(&team.readers[0]).await, Some(1), "one item, not two places");
    let a = team.claim(&team.readers[0], None).await.unwrap();
    assert_eq!(claimable(&team.readers[1]).await, Some(1));
    assert_eq!(code(&team.claim(&team.readers[0], None).await.unwrap_err()), "nothing_to_do");
    let b = team.claim(&team.readers[1], None).await.unwrap();
    assert_eq!((a.task.fence, b.task.fence), (1, 1));
    let updated = async |caller: &Caller| {
        let page = team.house.pipeline.items(caller, team.project, ItemQuery::default()).await.unwrap();
        (page.items[0].updated_at, page.items[0].phase.clone())
    };
    let before = updated(&team.readers[1]).await;
    team.submit(&team.readers[0], &a, &[(3.0, "object")]).await;
    assert_eq!(updated(&team.readers[1]).await, before, "the list does not tell that the other is done");
    assert_eq!(code(&team.claim(&team.readers[0], None).await.unwrap_err()), "nothing_to_do");
    let again = team.claim(&team.readers[0], Some(a.item.id)).await.unwrap_err();
    assert_eq!(code(&again), "already_read");
    // A third reader finds no place.
    assert_eq!(code(&team.claim(&team.readers[2], None).await.unwrap_err()), "nothing_to_do");
    team.submit(&team.readers[1], &b, &[(3.0, "object")]).await;
    assert_eq!(updated(&team.readers[1]).await.1, "comparing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_decided_without_names_and_signed_by_another() {
    let team = Team::new(1, STAGES).await;
    let item =
        team.read_twice(None, &[(3.0, "object"), (40.0, "person")], &[(4.0, "object"), (20.0, "text")]).await;
    for reader in &team.readers[..2] {
        let refused = team.claim(reader, Some(item)).await.unwrap_err();
        assert_eq!(code(&refused), "not_in_role");
    }
    let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
    let dispute = work.dispute.clone().unwrap();
    assert_eq!((dispute.readers, dispute.agreed, dispute.findings.len()), (2, 1, 2));
    assert!(dispute.may_hand_on && !dispute.handed_on);
    let places: BTreeSet<u32> =
        dispute.findings.iter().flat_map(|f| &f.sides).map(|side| side.reader).collect();
    assert_eq!(places, BTreeSet::from([1, 2]));
    // Nothing that the adjudicator is given names a reader, their reads or their account.
    let text = serde_json::to_string(&work).unwrap();
    for reader in &team.readers[..2] {
        assert!(!text.contains(&reader.user().to_string()) && !text.contains(&reader.printed_name), "{text}");
    }
    assert_eq!(work.read.as_ref().unwrap().annotations.len(), 1, "begins with what both agree on");
    let again = team.house.pipeline.work(&team.reviewer, work.task.id).await.unwrap();
    assert_eq!(again.dispute, work.dispute, "the order is drawn once");
    let not_yet = team.house.pipeline.item_comparisons(&team.reviewer, item).await.unwrap_err();
    assert_eq!(code(&not_yet), "not_found");
    let (task, fence) = (work.task.id, work.task.fence);
    for (reason, expected) in [(None, "reason_required"), (Some("because"), "bad_reason")] {
        let ruling =
            Ruling { decision: AdjudicateDecision::Decide, reason: reason.map(String::from), comment: None };
        let refused = team.house.pipeline.adjudicate(&team.reviewer, task, fence, 0, vec![], ruling).await;
        assert_eq!(code(&refused.unwrap_err()), expected);
    }
    team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![mark(40.0, "person")]).await;
    team.sign(&team.specialists[0], item).await;
    let detail = team.house.pipeline.item(&team.house.sign_in("auditor@p").await, item).await.unwrap();
    let meanings: Vec<&str> = detail.signatures.iter().map(|s| s.meaning.as_str()).collect();
    assert_eq!(meanings, ["approved"], "a decision takes no password and is no signature");
}

/// Earlier versions could give a meaning to stages that do not sign.
fn older() -> String {
    STAGES.replace("escalate_hours: 48\n", "escalate_hours: 48\n    meaning: adjudicated\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_in_force_with_a_meaning_where_nothing_is_signed_goes_on_and_no_new_one_says_it() {
    let team = Team::of(House::new().await, 1, &older(), true).await;
    let (pipeline, project) = (&team.house.pipeline, team.project);
    let item = team.read_twice(None, &[(3.0, "object")], &[(40.0, "object")]).await;
    let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
    team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![mark(40.0, "person")]).await;
    team.sign(&team.specialists[0], item).await;
    let detail = pipeline.item(&team.house.sign_in("auditor@p").await, item).await.unwrap();
    let meanings: Vec<&str> = detail.signatures.iter().map(|s| s.meaning.as_str()).collect();
    assert_eq!(meanings, ["adjudicated", "approved"]);

    // Its classes are changed as before; its text is not put into force again, and the editor says where.
    let owner = team.house.sign_in("owner@p").await;
    let rename = OntologyOperation::Rename { class: "text".into(), name: "Writing".into() };
    let change = OntologyDraft {
        operations: vec![rename],
        reason: "as it is called".into(),
        campaign: None,
        login: None,
        password: PASSWORD.into(),
    };
    pipeline.change_ontology(&owner, project, 2, change).await.unwrap();
    let text = document(&older()).replace("version: 2", "version: 4");
    let at = text.lines().position(|line| line.contains("meaning: adjudicated")).unwrap() as u32 + 1;
    let checked = pipeline.check_protocol(&owner, project, &text).await.unwrap();
    let told: Vec<_> = checked.faults.iter().map(|fault| (fault.code.as_str(), fault.line)).collect();
    assert_eq!(told, [("meaning_without_signature", at)]);
    let put = pipeline.put_protocol(&owner, project, 3, &text, Some("again"), PASSWORD).await;
    let Err(PipelineError::BadProtocol(faults)) = put else { panic!("a meaning where nothing is signed") };
    assert_eq!((faults[0].code.as_str(), faults[0].line), ("meaning_without_signature", at));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_handed_on_by_hand_and_by_time() {
    let team = Team::new(2, STAGES).await;
    let by_hand = team.read_twice(None, &[(3.0, "object")], &[]).await;
    let work = team.claim(&team.reviewer, Some(by_hand)).await.unwrap();
    team.rule(&team.reviewer, &work, AdjudicateDecision::Escalate, vec![]).await;
    assert_eq!(code(&team.claim(&team.reviewer, Some(by_hand)).await.unwrap_err()), "not_in_role");
    assert_eq!(code(&team.claim(&team.second_reviewer, Some(by_hand)).await.unwrap_err()), "not_in_role");
    let work = team.claim(&team.specialists[0], Some(by_hand)).await.unwrap();
    assert!(work.dispute.as_ref().unwrap().handed_on);
    team.rule(&team.specialists[0], &work, AdjudicateDecision::Decide, vec![mark(3.0, "object")]).await;
    assert_eq!(
        code(&team.claim(&team.specialists[0], Some(by_hand)).await.unwrap_err()),
        "separation_of_duties"
    );
    team.sign(&team.specialists[1], by_hand).await;

    let by_time = team.read_twice(None, &[(3.0, "object")], &[]).await;
    let quiet = || std::sync::Arc::new(|_| {});
    team.house.clock.forward(47 * 3_600);
    team.house.pipeline.drain(quiet()).await.unwrap();
    let specialist_cards = team.house.pipeline.home(&team.specialists[0]).await.unwrap().cards;
    assert!(specialist_cards.iter().all(|card| card.count == 0), "not yet");
    team.house.clock.forward(2 * 3_600);
    team.house.pipeline.drain(quiet()).await.unwrap();
    let work = team.claim(&team.specialists[0], Some(by_time)).await.unwrap();
    assert!(work.dispute.unwrap().handed_on);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_a_blind_reader_who_does_not_come_is_offered_to_the_higher_role() {
    let stages = STAGES.replace("readers: 2,", "readers: 2, escalate_to: specialist, escalate_hours: 24,");
    let team = Team::new(1, &stages).await;
    let quiet = || std::sync::Arc::new(|_| {});
    let pipeline = &team.house.pipeline;
    let a = team.claim(&team.readers[0], None).await.unwrap();
    team.submit(&team.readers[0], &a, &[(3.0, "object")]).await;
    let item = a.item.id;
    team.house.clock.forward(23 * 3_600);
    pipeline.drain(quiet()).await.unwrap();
    assert_eq!(code(&team.claim(&team.specialists[0], None).await.unwrap_err()), "nothing_to_do");
    team.house.clock.forward(2 * 3_600);
    pipeline.drain(quiet()).await.unwrap();
    assert_eq!(code(&team.claim(&team.readers[1], None).await.unwrap_err()), "nothing_to_do", "too late");
    let late = team.claim(&team.specialists[0], None).await.unwrap();
    let text = serde_json::to_string(&late).unwrap();
    assert_eq!(late.task.kind, StageKind::Read);
    assert!(late.read.as_ref().unwrap().annotations.is_empty(), "as blind as any reader");
    assert!(!text.contains(&team.readers[0].user().to_string()), "{text}");
    team.submit(&team.specialists[0], &late, &[(4.0, "object")]).await;
    pipeline.drain(quiet()).await.unwrap();
    assert_eq!(
        code(&team.claim(&team.specialists[0], Some(item)).await.unwrap_err()),
        "separation_of_duties"
    );
    // Hours went by: a signature takes both components again.
    let signer = team.house.sign_in("specialist2@p").await;
    team.sign(&signer, item).await;
    let auditor = team.house.sign_in("auditor@p").await;
    let events = pipeline.item_events(&auditor, item, None, None).await.unwrap().items;
    assert_eq!(events.iter().filter(|event| event.action == "task.overdue").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_blind_readers_are_is_not_told_to_whom_a_read_may_be_handed_on() {
    let handed_on = "readers: 2, escalate_to: quality_engineer, escalate_hours: 24,";
    for (stages, told) in [(STAGES.to_owned(), true), (STAGES.replace("readers: 2,", handed_on), false)] {
        let team = Team::new(1, &stages).await;
        let pipeline = &team.house.pipeline;
        let flow = async |login: &str| {
            let caller = team.house.sign_in(login).await;
            pipeline.protocol_flow(&caller, team.project).await.map_err(|error| code(&error))
        };
        flow("auditor@p").await.unwrap();
        assert_eq!(flow("quality_engineer@p").await.is_ok(), told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decides_gets_the_marks_of_both_as_one() {
    let team = Team::new(1, STAGES).await;
    let item = team.read_twice(None, &[(3.0, "object"), (40.0, "person")], &[(9.0, "object")]).await;
    let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
    let pipeline = &team.house.pipeline;
    let task = work.task.id;
    let findings = work.dispute.unwrap().findings;
    let both = findings.iter().find(|finding| finding.sides.len() == 2).unwrap();
    let ids: Vec<_> = both.sides.iter().map(|side| side.mark.id).collect();
    let merged = pipeline.merged_mark(&team.reviewer, task, &ids).await.unwrap();
    assert_eq!((merged.class.as_str(), merged.rule), ("object", MergeRule::Mean));
    assert_eq!(merged.shape, Shape::Box { x: 6.0, y: 2.0, w: 10.0, h: 5.0 });
    let alone = findings.iter().find(|finding| finding.sides.len() == 1).unwrap().sides[0].mark.id;
    for wrong in [vec![], vec![ids[0]], vec![ids[0], ids[0]], vec![ids[0], alone]] {
        assert_eq!(code(&pipeline.merged_mark(&team.reviewer, task, &wrong).await.unwrap_err()), "bad_marks");
    }
    for other in [&team.readers[0], &team.second_reviewer, &team.specialists[0]] {
        assert_eq!(code(&pipeline.merged_mark(other, task, &ids).await.unwrap_err()), "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decides_blind_is_given_neither_reads_nor_what_they_agree_on() {
    let stages = STAGES.replace("title: Adjudication\n", "title: Adjudication\n    blind: [earlier_reads]\n");
    let team = Team::new(1, &stages).await;
    let item = team.read_twice(None, &[(3.0, "object"), (40.0, "person")], &[(4.0, "object")]).await;
    let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
    assert_eq!((work.dispute, work.subject), (None, None));
    assert!(work.read.as_ref().unwrap().annotations.is_empty());
    assert_eq!(work.item.reads.len(), 1, "their own");
    let ids = [AnnotationId(Uuid::from_u128(1)), AnnotationId(Uuid::from_u128(2))];
    let refused = team.house.pipeline.merged_mark(&team.reviewer, work.task.id, &ids).await.unwrap_err();
    assert_eq!(code(&refused), "wrong_stage");
    let again = team.house.pipeline.work(&team.reviewer, work.task.id).await.unwrap();
    team.rule(&team.reviewer, &again, AdjudicateDecision::Decide, vec![mark(3.0, "object")]).await;
    team.sign(&team.specialists[0], item).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_keeps_every_read_beside_the_consensus() {
    let team = Team::new(2, STAGES).await;
    let agreed = team.read_twice(None, &[(3.0, "object")], &[(4.0, "object")]).await;
    let disputed = team.read_twice(None, &[(3.0, "object")], &[(3.0, "person")]).await;
    let work = team.claim(&team.reviewer, Some(disputed)).await.unwrap();
    team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![mark(3.0, "person")]).await;
    team.sign(&team.specialists[0], agreed).await;
    team.sign(&team.specialists[0], disputed).await;
    let pipeline = &team.house.pipeline;
    let scientist = team.house.sign_in("data_scientist@p").await;
    let made = pipeline
        .make_release_signed(&scientist, team.project, "first", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    let path = team._folder.path().join("first.zip");
    pipeline.copy_release(Actor::console(), made.id, &path).await.unwrap();
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    zip.by_name("reads.jsonl").unwrap().read_to_string(&mut text).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reads: Vec<_> = lines.iter().filter(|line| line["line"] == "read").collect();
    let of = |kind: &str| reads.iter().filter(|read| read["author"]["kind"] == kind).count();
    assert_eq!((of("human"), of("rule")), (5, 2), "four reads, one decision, two merges");
    let reasons: Vec<_> = reads.iter().filter_map(|read| read["reason"].as_str()).collect();
    assert_eq!(reasons, ["boundary"]);
    // The certificate does not say of these items that each was read once.
    text.clear();
    zip.by_name("certificate.json").unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("agreement.json is about the readers") && !text.contains("read once"), "{text}");
}
