//! Certificates run out: no task, no signature, a reason; what is begun may be finished.

use std::sync::Arc;

use countersign_model::{ProjectId, QualificationId, Role};
use countersign_pipeline::{
    PipelineError,
    people::{Caller, UserDraft},
    qualifications::{QualificationDraft, QualificationState},
    review::Verdict,
    sign::Countersigning,
    views::Work,
    work::Wish,
};
use countersign_store::{Store, StoreConfig, qualifications};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};

use crate::harness::{CountedIds, House, PASSWORD};

const DAY: i64 = 86_400;

/// The shipped image protocol whose reads ask for a course and whose signatures ask for a board, as its second version.
fn document() -> String {
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let asks = |text: String, role: &str, expression: &str| {
        let (from, to) = (format!("role: {role}"), format!("role: {role}\n    qualification: {expression}"));
        assert!(text.contains(&from), "{role}");
        text.replacen(&from, &to, 1)
    };
    let text = asks(text.replace("version: 1", "version: 2"), "annotator", "drawing & !in_training");
    asks(text, "specialist", "board_certified")
}

fn draft(house: &House, who: &Caller, name: &str, days: i64) -> QualificationDraft {
    QualificationDraft {
        user: who.user(),
        name: name.into(),
        score: Some(0.93),
        issuer: "a board".into(),
        valid_from: None,
        valid_until: house.pipeline.store.clock().now().plus_seconds(days * DAY),
        evidence_hash: Some("ab".repeat(32)),
        evidence_reference: Some("personnel file 7".into()),
    }
}

struct Ward {
    house: House,
    project: ProjectId,
    engineer: Caller,
    annotator: Caller,
    specialist: Caller,
    _folder: tempfile::TempDir,
}

impl Ward {
    async fn new(images: u8) -> Self {
        Self::on(House::new().await, images).await
    }

    async fn on(house: House, images: u8) -> Self {
        let project = house.project("p", "images").await;
        let owner = house.sign_in("owner@p").await;
        let refused = house.pipeline.activate_protocol(&owner, project, 1, &document(), PASSWORD).await;
        let Err(PipelineError::BadProtocol(faults)) = refused else {
            panic!("nobody holds what is asked for")
        };
        let line = |of: &str| document().lines().position(|line| line.contains(of)).unwrap() as u32 + 1;
        let found: Vec<_> = faults.iter().map(|fault| (fault.code.as_str(), fault.line)).collect();
        let code = "unheld_qualification";
        assert_eq!(found, [(code, line("drawing & !")), (code, line("qualification: board"))]);
        // Somebody who has the roles, and no part in this test, holds them.
        let engineer = house.sign_in("quality_engineer@p").await;
        for name in ["drawing", "board_certified"] {
            let other = house.sign_in("everything@p").await;
            let draft = draft(&house, &other, name, 3_000);
            house.pipeline.issue_qualification(&engineer, Some(project), draft).await.unwrap();
        }
        house.pipeline.activate_protocol(&owner, project, 1, &document(), PASSWORD).await.unwrap();
        let officer = house.sign_in("privacy_officer@p").await;
        house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for n in 0..images {
            let image = image::GrayImage::from_fn(64, 48, |x, y| image::Luma([(x * 3 + y) as u8 ^ n]));
            image.save(folder.path().join(format!("{n}.png"))).unwrap();
        }
        house.ingest(project, vec![folder.path().to_owned()]).await;
        Self {
            engineer: house.sign_in("quality_engineer@p").await,
            annotator: house.sign_in("annotator@p").await,
            specialist: house.sign_in("specialist@p").await,
            house,
            project,
            _folder: folder,
        }
    }

    async fn certify(&self, who: &Caller, name: &str, days: i64) -> QualificationId {
        let draft = self.draft(who, name, days);
        let made = self.house.pipeline.issue_qualification(&self.engineer, Some(self.project), draft).await;
        made.unwrap().id
    }

    fn draft(&self, who: &Caller, name: &str, days: i64) -> QualificationDraft {
        draft(&self.house, who, name, days)
    }

    /// Days pass; everybody signs in again.
    async fn later(&mut self, days: i64) {
        self.house.clock.forward(days * DAY);
        self.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
        self.engineer = self.house.sign_in("quality_engineer@p").await;
        self.annotator = self.house.sign_in("annotator@p").await;
        self.specialist = self.house.sign_in("specialist@p").await;
    }

    async fn claim(&self, who: &Caller) -> Result<Work, PipelineError> {
        self.house.pipeline.claim(who, self.project, Wish::default()).await
    }

    async fn waiting(&self, who: &Caller) -> u64 {
        let home = self.house.pipeline.home(who).await.unwrap();
        home.cards.iter().find(|card| card.kind == "claim").map_or(0, |card| card.count)
    }

    async fn submit(&self, work: &Work) -> Result<(), PipelineError> {
        let (task, fence) = (work.task.id, work.task.fence);
        self.house.pipeline.submit(&self.annotator, task, fence, 0, vec![]).await.map(drop)
    }

    async fn review(&self) {
        let reviewer = self.house.sign_in("reviewer@p").await;
        let work = self.claim(&reviewer).await.unwrap();
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision: ReviewDecision::Accept,
            missing: Some(Missing::Nothing),
            reason: None,
            comment: None,
            return_to: None,
        };
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.as_ref().unwrap().revision);
        self.house.pipeline.review(&reviewer, task, fence, revision, vec![], verdict).await.unwrap();
    }

    async fn sign(&self, work: &Work) -> Result<(), PipelineError> {
        let act = Countersigning {
            decision: SignDecision::Sign,
            content_hash: work.subject.clone().unwrap().summary.content_hash.unwrap(),
            password: PASSWORD.into(),
            reason: None,
            comment: None,
            return_to: None,
        };
        let (task, fence) = (work.task.id, work.task.fence);
        self.house.pipeline.countersign(&self.specialist, task, fence, act).await.map(drop)
    }

    async fn actions(&self) -> Vec<String> {
        let auditor = self.house.sign_in("auditor@p").await;
        let page = self.house.pipeline.project_events(&auditor, self.project, None, None).await.unwrap();
        page.items.into_iter().map(|event| event.action).collect()
    }
}

fn code(outcome: Result<impl Sized, PipelineError>) -> String {
    match outcome.err() {
        Some(PipelineError::Refused(refusal)) => refusal.code.to_string(),
        Some(PipelineError::BadInput { place, .. }) => place,
        Some(other) => other.to_string(),
        None => "done".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_what_a_stage_asks_for_gets_no_task_and_is_told_why() {
    let ward = Ward::new(2).await;
    assert_eq!(ward.waiting(&ward.annotator).await, 0);
    assert_eq!(code(ward.claim(&ward.annotator).await), "qualification_missing");
    ward.certify(&ward.annotator, "drawing", 40).await;
    assert_eq!(ward.waiting(&ward.annotator).await, 2);
    let training = ward.certify(&ward.annotator, "in_training", 40).await;
    assert_eq!(code(ward.claim(&ward.annotator).await), "qualification_missing");
    let pipeline = &ward.house.pipeline;
    pipeline.revoke_qualification(&ward.engineer, training, "passed".into()).await.unwrap();
    let again = pipeline.revoke_qualification(&ward.engineer, training, "passed".into()).await;
    assert_eq!(code(again), "already_decided");
    let work = ward.claim(&ward.annotator).await.unwrap();
    assert_eq!(work.not_qualified, None);
    ward.submit(&work).await.unwrap();
    let seen = pipeline.qualifications(&ward.engineer, ward.project).await.unwrap();
    let asked: Vec<_> =
        seen.asked.iter().map(|one| (one.expression.as_str(), one.able, one.unable)).collect();
    // `everything@p` has every role and certificate.
    assert_eq!(asked, [("drawing & !in_training", 2, 0), ("board_certified", 1, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_runs_out_ends_tasks_and_signatures_but_not_the_item_in_hand() {
    let mut ward = Ward::new(3).await;
    ward.certify(&ward.annotator, "drawing", 20).await;
    ward.certify(&ward.specialist, "board_certified", 20).await;
    let first = ward.claim(&ward.annotator).await.unwrap();
    ward.submit(&first).await.unwrap();
    ward.review().await;
    let to_sign = ward.claim(&ward.specialist).await.unwrap();
    let in_hand = ward.claim(&ward.annotator).await.unwrap();
    // A lease lasts as long as it lasts; only the certificates end in between.
    let until = ward.house.pipeline.store.clock().now().plus_seconds(DAY);
    for (user, name) in [(ward.annotator.user(), "drawing"), (ward.specialist.user(), "board_certified")] {
        end_certificate(&ward, user, name).await;
    }
    assert!(in_hand.task.lease_until.unwrap() < until);
    let seen = ward.house.pipeline.work(&ward.annotator, in_hand.task.id).await.unwrap();
    assert_eq!(seen.not_qualified.unwrap().code, "qualification_expired");
    assert_eq!(code(ward.sign(&to_sign).await), "qualification_expired");
    ward.submit(&in_hand).await.unwrap();
    assert_eq!(code(ward.claim(&ward.annotator).await), "qualification_expired");
    assert_eq!(ward.waiting(&ward.annotator).await, 0, "the count agrees with the claim");
    // Other people's tasks are as they were.
    let reviewer = ward.house.sign_in("reviewer@p").await;
    assert_eq!(ward.waiting(&reviewer).await, 1);
    assert!(ward.actions().await.contains(&"qualification.refused".to_owned()));
    // Renewed, work goes on.
    ward.certify(&ward.annotator, "drawing", 100).await;
    assert_eq!(ward.waiting(&ward.annotator).await, 1);
    ward.claim(&ward.annotator).await.unwrap();
    ward.later(101).await;
    assert_eq!(code(ward.claim(&ward.annotator).await), "qualification_expired");
}

/// Moves the end of a certificate to just now, as if time had passed for it alone: leases are shorter than certificates.
async fn end_certificate(ward: &Ward, user: countersign_model::UserId, name: &'static str) {
    let store = ward.house.pipeline.store.clone();
    store
        .write::<_, PipelineError, _>(countersign_store::Actor::system(), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let sql = "UPDATE qualifications SET valid_until = $1 WHERE user_id = $2 AND name = $3";
                tx.query(sql).bind(now).bind(user).bind(name).execute().await?;
                tx.record(countersign_store::Evidence::new("test", "user", user.uuid()))?;
                Ok(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_stops_at_once() {
    let ward = Ward::new(1).await;
    let held = ward.certify(&ward.annotator, "drawing", 20).await;
    let work = ward.claim(&ward.annotator).await.unwrap();
    let pipeline = &ward.house.pipeline;
    pipeline.revoke_qualification(&ward.engineer, held, "entered for somebody else".into()).await.unwrap();
    assert_eq!(code(pipeline.work(&ward.annotator, work.task.id).await), "qualification_missing");
    assert_eq!(code(ward.submit(&work).await), "qualification_missing");
    // Nobody keeps the item from others.
    pipeline.give_back(&ward.annotator, work.task.id, work.task.fence).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_announced_three_times_and_then_comes() {
    let mut ward = Ward::new(1).await;
    ward.certify(&ward.annotator, "drawing", 40).await;
    ward.certify(&ward.specialist, "board_certified", 35).await;
    let count = async |ward: &Ward| {
        let actions = ward.actions().await;
        let of = |word: &str| actions.iter().filter(|action| *action == word).count();
        (of("qualification.expiring"), of("qualification.expired"))
    };
    let state = async |ward: &Ward| {
        let mine = ward.house.pipeline.my_qualifications(&ward.annotator).await.unwrap();
        (mine[0].state, mine[0].days_left)
    };
    assert_eq!(count(&ward).await, (0, 0));
    assert_eq!(state(&ward).await, (QualificationState::Valid, 40));
    ward.later(2).await;
    assert_eq!(count(&ward).await, (0, 0));
    // The specialist's is renewed before it is announced: nothing is said of the old one.
    ward.certify(&ward.specialist, "board_certified", 300).await;
    for (days, expected) in [(10, (1, 0)), (10, (1, 0)), (13, (2, 0)), (5, (3, 0)), (2, (3, 1)), (9, (3, 1))]
    {
        ward.later(days).await;
        assert_eq!(count(&ward).await, expected, "{days} days later");
    }
    assert_eq!(state(&ward).await.0, QualificationState::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_vouches_for_themselves_and_bad_fields_are_named() {
    let ward = Ward::new(0).await;
    let pipeline = &ward.house.pipeline;
    let own = ward.draft(&ward.engineer, "drawing", 10);
    let refused = pipeline.issue_qualification(&ward.engineer, Some(ward.project), own).await;
    assert_eq!(code(refused), "separation_of_duties");
    let good = || ward.draft(&ward.annotator, "drawing", 10);
    let endless = good().valid_until.plus_seconds(4_000 * DAY);
    for (draft, place) in [
        (QualificationDraft { name: "Chest CT".into(), ..good() }, "name"),
        (QualificationDraft { issuer: "  ".into(), ..good() }, "issuer"),
        (QualificationDraft { score: Some(f64::NAN), ..good() }, "score"),
        (QualificationDraft { valid_until: countersign_model::Instant(0), ..good() }, "valid_until"),
        (QualificationDraft { valid_until: endless, ..good() }, "valid_until"),
        (QualificationDraft { evidence_hash: Some("xy".into()), ..good() }, "evidence_hash"),
        (QualificationDraft { evidence_reference: Some("r".repeat(501)), ..good() }, "evidence_reference"),
    ] {
        assert_eq!(
            code(pipeline.issue_qualification(&ward.engineer, Some(ward.project), draft).await),
            place
        );
    }
    let stranger = pipeline.issue_qualification(&ward.annotator, Some(ward.project), good()).await;
    assert!(matches!(stranger, Err(PipelineError::NotFound)));
}

fn folder_holds(folder: &std::path::Path, words: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return folder_holds(&path, words);
        }
        std::fs::read(path).unwrap().windows(words.len()).any(|part| part == words)
    })
}

const PAPER: &[u8] = b"%PDF-1.7\n1 0 obj\n<< /Title (a diploma of somebody) >>\nendobj\n%%EOF\n";

async fn papers_are_kept_sealed(ward: Ward) {
    let pipeline = &ward.house.pipeline;
    let keep =
        async |who: &Caller, id, bytes: &'static [u8]| pipeline.keep_paper(who, id, bytes.into()).await;
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(PAPER));
    let issue = async |who: &Caller, evidence_hash: Option<String>| {
        let draft = QualificationDraft { evidence_hash, ..ward.draft(who, "drawing", 20) };
        pipeline.issue_qualification(&ward.engineer, Some(ward.project), draft).await.unwrap().id
    };
    // A fingerprint that was entered before holds; what is no paper, or too large, is refused by name.
    let other = issue(&ward.annotator, Some("ab".repeat(32))).await;
    assert_eq!(code(keep(&ward.engineer, other, PAPER).await), "file");
    let id = issue(&ward.annotator, None).await;
    for bad in [b"".as_slice(), b"<html>%%EOF", b"PK\x03\x04", b"%PDF-1.7 cut"] {
        assert_eq!(code(keep(&ward.engineer, id, bad).await), "file");
    }
    let large =
        [PAPER, &vec![b' '; countersign_pipeline::qualifications::PAPER_BYTES_MAX], b"%%EOF"].concat();
    assert_eq!(code(pipeline.keep_paper(&ward.engineer, id, large.into()).await), "file");
    for stranger in [&ward.annotator, &ward.specialist] {
        assert!(matches!(keep(stranger, id, PAPER).await, Err(PipelineError::NotFound)));
    }
    assert!(
        matches!(pipeline.paper(&ward.annotator, id).await, Err(PipelineError::NotFound)),
        "there is none"
    );

    let kept = keep(&ward.engineer, id, PAPER).await.unwrap();
    assert_eq!((kept.paper.as_deref(), kept.evidence_hash), (Some("application/pdf"), Some(hash.clone())));
    assert_eq!(code(keep(&ward.engineer, id, PAPER).await), "paper_kept");
    assert!(!folder_holds(&ward.house.folder().join("blobs/vault"), b"diploma"), "it lies sealed");

    // For whose it is, and who enters certificates there; for nobody else, and each look is on record.
    let owner = ward.house.sign_in("owner@p").await;
    for who in [&ward.annotator, &ward.engineer, &owner] {
        let paper = pipeline.paper(who, id).await.unwrap();
        assert_eq!((paper.kind, &paper.bytes[..]), ("application/pdf", PAPER));
        assert_eq!(paper.file_name, format!("drawing-{id}.pdf"));
    }
    let auditor = ward.house.sign_in("auditor@p").await;
    for who in [&ward.specialist, &auditor] {
        assert!(matches!(pipeline.paper(who, id).await, Err(PipelineError::NotFound)));
    }
    let actions = ward.actions().await;
    let of = |action: &str| actions.iter().filter(|one| *one == action).count();
    assert_eq!((of("qualification.paper"), of("qualification.paper_shown")), (1, 3));
    let sql = "SELECT d.details FROM event_details d JOIN events e ON e.id = d.event_id WHERE e.action = 'qualification.paper'";
    let mut conn = pipeline.store.read().await.unwrap();
    let row = conn.query(sql).fetch_one().await.unwrap();
    assert!(row.get::<String>("details").unwrap().contains(&hash), "the log binds the document");
    drop(conn);

    // One's own is brought by somebody else.
    let own = QualificationDraft { evidence_hash: None, ..ward.draft(&ward.engineer, "drawing", 20) };
    let own = pipeline.issue_qualification(&owner, Some(ward.project), own).await.unwrap().id;
    assert_eq!(code(keep(&ward.engineer, own, PAPER).await), "separation_of_duties");
    pipeline.revoke_qualification(&owner, own, "left".into()).await.unwrap();
    assert_eq!(code(keep(&owner, own, PAPER).await), "already_decided");
    papers_come_back(&ward, id).await;
}

/// A backup holds papers sealed; whoever has the keyring reads them again.
async fn papers_come_back(ward: &Ward, id: QualificationId) {
    let store = &ward.house.pipeline.store;
    let out = tempfile::tempdir().unwrap();
    let archive = out.path().join("backup.zip");
    store.backup(&archive).await.unwrap();
    assert!(!folder_holds(out.path(), b"diploma"));
    let config = StoreConfig::sqlite(out.path().join("restored"));
    std::fs::create_dir_all(config.data.join("keyring")).unwrap();
    for entry in std::fs::read_dir(ward.house.folder().join("keyring")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, config.data.join("keyring").join(path.file_name().unwrap())).unwrap();
    }
    let ids = || std::sync::Arc::new(CountedIds::starting_at(1 << 30));
    Store::restore(&archive, &config, ward.house.clock.clone(), ids()).await.unwrap();
    let restored = Store::open(&config, ward.house.clock.clone(), ids()).await.unwrap();
    let row = qualifications::by_id(&mut restored.read().await.unwrap(), id).await.unwrap().unwrap();
    let address = row.file_address.unwrap();
    let bytes = restored.papers().for_machine(qualifications::PAPERS, &address).await.unwrap();
    assert_eq!(bytes, PAPER);
    restored.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_are_kept() {
    papers_are_kept_sealed(Ward::new(0).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_are_kept_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    papers_are_kept_sealed(Ward::on(house, 0).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_everywhere_is_entered_by_who_leads_the_installation() {
    let ward = Ward::new(0).await;
    let pipeline = &ward.house.pipeline;
    let draft = UserDraft {
        login: "root".into(),
        printed_name: "Test root".into(),
        password: Some(PASSWORD.into()),
        system_roles: vec![Role::Owner],
    };
    pipeline.make_user_as(countersign_store::Actor::system(), draft).await.unwrap();
    let root = ward.house.sign_in("root").await;
    let everywhere =
        || QualificationDraft { evidence_hash: None, ..ward.draft(&ward.annotator, "drawing", 20) };
    let refused = pipeline.issue_qualification(&ward.engineer, None, everywhere()).await;
    assert!(matches!(refused, Err(PipelineError::NotFound)));
    let made = pipeline.issue_qualification(&root, None, everywhere()).await.unwrap();
    let refused = pipeline.keep_paper(&ward.engineer, made.id, PAPER.into()).await;
    assert!(matches!(refused, Err(PipelineError::NotFound)), "nor is its paper");
    pipeline.keep_paper(&root, made.id, PAPER.into()).await.unwrap();
    // Whoever answers for the work of its holder sees it; who has nothing to do with them does not.
    ward.house.project("elsewhere", "images").await;
    let stranger = ward.house.sign_in("quality_engineer@elsewhere").await;
    for who in [&root, &ward.annotator, &ward.engineer] {
        assert_eq!(pipeline.paper(who, made.id).await.unwrap().bytes, PAPER);
    }
    for who in [&stranger, &ward.specialist] {
        assert!(matches!(pipeline.paper(who, made.id).await, Err(PipelineError::NotFound)));
    }
    let listed = pipeline.all_qualifications(&root).await.unwrap();
    assert_eq!((listed.len(), listed[0].paper.as_deref()), (1, Some("application/pdf")));
}
