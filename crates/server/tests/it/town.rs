//! A house in which every kind of thing exists once: what the walk over all routes goes through.

mod eyes;
mod signals;

use std::{collections::HashMap, sync::Arc};

use countersign_model::{AnnotationId, GateEntryId, IngestId, ItemId, ProjectId, Role};
use countersign_pipeline::{
    clicks::ClickModelDraft,
    holds::wide::HoldScope,
    models::{FaceModelDraft, SampleCategory, SampleDraft, SampleImage, SampleLabel},
    oversight::{AuditSample, LeakPlace},
    people::Caller,
    pixels::ShownFor,
    privacy::{Decision, RequestDraft},
    qualifications::QualificationDraft,
    release::Selection,
    review::Verdict,
    sign::Countersigning,
    views::Work,
    work::Wish,
};
use countersign_store::{Actor, Evidence, StoreError, gold, signing};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    house::{CountedIds, HandClock, House, PASSWORD, Who},
    seed,
};

/// Where no model server is: the discard port.
pub const NO_MODEL_SERVER: &str = "127.0.0.1:9";

/// A model that nobody serves.
pub fn face_model() -> serde_json::Value {
    serde_json::json!({
        "address": NO_MODEL_SERVER, "model": "street", "version": "1",
        "input": { "name": "images", "width": 64, "height": 64, "values": "uint8", "layout": "nhwc" },
        "output": {
            "boxes": "boxes", "scores": "scores", "classes": "classes", "form": "corners", "unit": "pixels",
            "face": 0, "plate": 1, "face_score": 0.3, "plate_score": 0.3,
        },
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A person per role, named by its word; `stranger` without any; `root` who runs the installation; `inspector`
/// who reads its log; `token`, the
/// project owner's API token; `signed_out`.
pub struct Town {
    pub house: House,
    pub clock: Arc<HandClock>,
    pub people: Vec<(String, Who)>,
    callers: HashMap<String, Caller>,
    pub images: ProjectId,
    pub drive: ProjectId,
    pub study: ProjectId,
    /// Ids by what they stand for.
    pub ids: HashMap<&'static str, String>,
    pub stranger: Uuid,
    pub annotator: Uuid,
}

impl Town {
    pub async fn new() -> Self {
        let clock = Arc::new(HandClock::default());
        let house = House::with(clock.clone(), Arc::new(CountedIds::default()), false).await;
        let (mut grants, mut people, mut callers) = (Vec::new(), Vec::new(), HashMap::new());
        for role in Role::ALL {
            grants.push((house.person(role.as_str(), &[]).await, *role));
        }
        let stranger = house.person("stranger", &[]).await;
        house.person("root", &[Role::Owner]).await;
        house.person("inspector", &[Role::Auditor]).await;
        let images = house.project("images", "images", &grants).await;
        let drive = house.project("drive", "driving", &grants).await;
        let study = house.project("study", "radiology", &grants).await;
        for login in Role::ALL.iter().map(|role| role.as_str()).chain(["stranger", "root", "inspector"]) {
            let secret = house.session(login).await;
            callers.insert(login.to_owned(), house.caller(&secret).await);
            people.push((login.to_owned(), Who::Session(secret)));
        }
        let token = house.pipeline.make_token(&callers["owner"], "walk", None).await.unwrap().token.unwrap();
        people.push(("token".into(), Who::Token(token)));
        people.insert(0, ("signed_out".into(), Who::Nobody));
        let annotator = callers["annotator"].user().uuid();
        let mut town = Self {
            house,
            clock,
            people,
            callers,
            images,
            drive,
            study,
            ids: HashMap::new(),
            stranger: stranger.uuid(),
            annotator,
        };
        // On the heap: it holds everything that a town does, and whoever decides on rights refuses where little of the stack is left.
        Box::pin(town.fill()).await;
        town
    }

    pub fn caller(&self, login: &str) -> &Caller {
        &self.callers[login]
    }

    async fn fill(&mut self) {
        let pictures: Vec<(String, Vec<u8>)> = (0..6).map(|n| (format!("{n}.png"), seed::png(n))).collect();
        let (ingest, _) = self.bring(self.images, &pictures).await;
        self.ids.insert("ingest", ingest.to_string());
        let entries = self.waiting(self.images).await;
        assert_eq!(entries.len(), 6);
        for (entry, _) in &entries[..5] {
            let officer = self.caller("privacy_officer");
            self.house.pipeline.decide_gate(officer, *entry, true, "nobody in it".into()).await.unwrap();
        }
        self.ids.insert("decided", entries[0].0.to_string());
        self.ids.insert("entry", entries[5].0.to_string());
        self.work().await;
        self.drain().await;
        for (project, files) in [(self.drive, seed::scene()), (self.study, vec![("1.dcm", seed::slice())])] {
            let officer = self.caller("privacy_officer");
            self.house.pipeline.declare_public(officer, project, PASSWORD).await.unwrap();
            let files: Vec<_> = files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
            let (_, items) = self.bring(project, &files).await;
            let key = if project == self.drive { "scene" } else { "study" };
            self.ids.insert(key, items[0].to_string());
        }
        self.people_matters().await;
        self.oversight().await;
        self.model().await;
        self.alarm().await;
        self.ticket().await;
        self.doubt().await;
        self.vendor().await;
        self.locked_account().await;
        self.certificate().await;
        self.guideline().await;
        let size = self.house.pipeline.store.sequence().await.unwrap();
        self.house.pipeline.store.stamp_checkpoint().await.unwrap();
        self.ids.insert("checkpoint", size.to_string());
    }

    /// A finished erasure, and a re-identification that waits to be looked at.
    async fn people_matters(&mut self) {
        let (pipeline, study) = (self.house.pipeline.clone(), self.study);
        self.bring(study, &[("2.dcm".to_owned(), seed::other_slice())]).await;
        let (officer, owner) = (self.caller("privacy_officer").clone(), self.caller("owner").clone());
        let known = pipeline.subjects(&officer, study, None, None).await.unwrap().items;
        let item = self.ids["study"].parse().unwrap();
        let approve = || Decision { approve: true, reason: "agreed".into(), password: PASSWORD.into() };
        let drafts = [
            ("erasure", RequestDraft::Erasure(known[1].id)),
            ("reveal", RequestDraft::Reidentification(item)),
        ];
        for (name, draft) in drafts {
            let asked = pipeline.request_privacy(&officer, study, draft, "asked for".into()).await.unwrap();
            pipeline.decide_privacy(&owner, asked.id, approve()).await.unwrap();
            self.ids.insert(name, asked.id.to_string());
        }
        self.drain().await;
        let images = pipeline.subjects(&officer, self.images, None, None).await.unwrap().items;
        self.ids.insert("subject", images[0].id.to_string());
    }

    /// Ingests and runs the gate; the run and the project's items.
    async fn bring(&self, project: ProjectId, files: &[(String, Vec<u8>)]) -> (IngestId, Vec<ItemId>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let (pipeline, paths) = (&self.house.pipeline, vec![folder.path().to_owned()]);
        let report =
            pipeline.ingest_as(Actor::console(), None, project, paths, Arc::new(|_| {})).await.unwrap();
        assert!(report.refusals.is_empty(), "{:?}", report.refusals);
        self.drain().await;
        let all = pipeline.items(self.caller("owner"), project, Default::default()).await.unwrap();
        (report.ingest.id, all.items.into_iter().map(|item| item.id).collect())
    }

    /// Another study comes in and passes the gate.
    pub async fn brings_slice(&self) {
        self.bring(
            self.study,
            &[("4.dcm".to_owned(), seed::slice_of("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.77"))],
        )
        .await;
    }

    pub async fn drain(&self) {
        self.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    }

    async fn waiting(&self, project: ProjectId) -> Vec<(GateEntryId, ItemId)> {
        let officer = self.caller("privacy_officer");
        let page = self.house.pipeline.gate(officer, project, None, None, None).await.unwrap();
        page.items.into_iter().map(|entry| (entry.id, entry.item)).collect()
    }

    /// One item all the way into a release, and one task held at each stage.
    async fn work(&mut self) {
        let pipeline = self.house.pipeline.clone();
        let done = self.read().await;
        self.review().await;
        let signature = self.countersign().await;
        self.ids.insert("signature", signature.to_string());
        let auditor = self.caller("auditor").clone();
        let specialist = self.caller("specialist").clone();
        pipeline.image(&specialist, done.item.id, 0, 0, None, ShownFor::Work).await.unwrap();
        let seen = pipeline.item_exposures(&auditor, done.item.id, None, None).await.unwrap().items;
        self.ids.insert("exposure", seen[0].id.to_string());
        let scientist = self.caller("data_scientist").clone();
        let release = pipeline
            .make_release_signed(
                &scientist,
                self.images,
                "first",
                Selection::AllAccepted,
                Some(crate::house::PASSWORD.into()),
            )
            .await
            .unwrap();
        self.ids.insert("release", release.id.to_string());
        let engineer = self.caller("quality_engineer").clone();
        let plan =
            serde_json::json!({ "name": "c", "target": 0.5, "reference": "two readers", "error": "any" });
        let plan = serde_json::from_value(plan).unwrap();
        let frozen = pipeline.freeze(&engineer, self.images, plan).await.unwrap();
        pipeline.draw_order(&engineer, frozen.id, "").await.unwrap();
        self.ids.insert("certification", frozen.id.to_string());
        let plan = serde_json::json!({
            "name": "b", "error": "any", "plan": { "kind": "single", "sample": 1, "accept": 0 },
            "choice": { "released": true },
        });
        let plan = serde_json::from_value(plan).unwrap();
        let batch = pipeline.submit_batch(&engineer, self.images, plan).await.unwrap();
        pipeline.draw_batch(&engineer, batch.id, "").await.unwrap();
        self.ids.insert("batch", batch.id.to_string());
        self.trust(done.item.id).await;
        self.studies_eyes().await;
        let hold = pipeline.hold(&engineer, done.item.id, "looked at again".into()).await.unwrap();
        self.ids.insert("hold", hold.id.to_string());
        let lot = HoldScope::Lot { lot: "L-7".into() };
        let wide = pipeline.hold_all(&engineer, self.images, lot, "the line stopped".into()).await.unwrap();
        self.ids.insert("wide_hold", wide.id.to_string());
        self.read().await;
        self.review().await;
        self.keep("sign", "specialist").await;
        self.read().await;
        self.keep("review", "reviewer").await;
        let own = self.keep("read", "annotator").await;
        self.ids.insert("item", own.item.id.to_string());
        self.ids.insert("draft", own.read.unwrap().summary.id.to_string());
        self.words(own.item.id).await;
    }

    /// A gold item, whatever audits it is in.
    async fn trust(&mut self, item: ItemId) {
        let (project, engineer) = (self.images, self.caller("quality_engineer").clone());
        let made = self.house.pipeline.store.write::<_, StoreError, _>(engineer.actor(), move |tx| {
            Box::pin(async move {
                let row = countersign_store::items::by_id(tx, item).await?.unwrap();
                let row = gold::Gold {
                    id: tx.fresh(),
                    project_id: project,
                    item_id: item,
                    read_id: row.accepted_read_id.unwrap(),
                    content_hash: String::new(),
                    reason: "read by three".into(),
                    made_by: engineer.user(),
                    made_at: tx.now(),
                    state: "active".into(),
                    ended_by: None,
                    ended_at: None,
                    end_reason: None,
                };
                gold::insert(tx, row.clone()).await?;
                tx.record(Evidence::new("gold.made", "gold", row.id.uuid()).project(project))?;
                Ok(row.id)
            })
        });
        self.ids.insert("gold", made.await.unwrap().to_string());
    }

    /// A finding on an item that is being read, and an appeal against a review that sent another read back.
    async fn words(&mut self, item: ItemId) {
        let pipeline = self.house.pipeline.clone();
        let draft = serde_json::json!({ "severity": "note", "words": "is this the edge?" });
        let draft = serde_json::from_value(draft).unwrap();
        let finding = pipeline.open_finding(self.caller("annotator"), item, draft).await.unwrap();
        self.ids.insert("finding", finding.id.to_string());
        self.read().await;
        self.judge(ReviewDecision::Reject).await;
        let annotator = self.caller("annotator").clone();
        let back = pipeline.returned_work(&annotator).await.unwrap().reviews[0].review;
        let appeal = pipeline.appeal_review(&annotator, back, "it is".into()).await.unwrap();
        self.ids.insert("returned", back.to_string());
        self.ids.insert("appeal", appeal.id.to_string());
    }

    /// A registered model, and a run that nobody answered.
    async fn model(&mut self) {
        let officer = self.caller("privacy_officer").clone();
        let (pipeline, images) = (self.house.pipeline.clone(), self.images);
        let config = serde_json::from_value(face_model()).unwrap();
        let draft = FaceModelDraft { name: "street".into(), config };
        let model = pipeline.register_face_model(&officer, images, draft).await.unwrap();
        let sha256 = hex(&Sha256::digest(seed::png(0)));
        let sample = SampleDraft {
            images: vec![SampleImage { id: 1, sha256 }],
            annotations: vec![SampleLabel { image_id: 1, category_id: 1, bbox: [0.0, 0.0, 1.0, 1.0] }],
            categories: vec![SampleCategory { id: 1, name: "face".into() }],
        };
        let run = pipeline.open_face_run(&officer, model.id, sample).await.unwrap();
        self.ids.insert("model", model.id.to_string());
        let url = format!("http://{NO_MODEL_SERVER}/segment");
        let draft = ClickModelDraft { name: "organs".into(), version: "1".into(), url };
        let clicks = pipeline.register_click_model(&officer, images, draft).await.unwrap();
        self.ids.insert("click_model", clicks.id.to_string());
        self.ids.insert("run", run.id.to_string());
        self.drain().await;
        let run = pipeline.face_run(&officer, run.id).await.unwrap();
        assert_eq!(run.error_code.as_deref(), Some("model-away"));
    }

    /// The annotator's account was locked, and nobody has looked into it.
    async fn locked_account(&mut self) {
        let user = countersign_model::UserId(self.annotator);
        let store = self.house.pipeline.store.clone();
        let id = store.write::<_, StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let id = signing::raise(tx, user, "signing").await?;
                tx.record(Evidence::new("user.locked", "user", user.uuid()).outcome("refused"))?;
                Ok(id)
            })
        });
        self.ids.insert("alert", id.await.unwrap().to_string());
    }

    /// A published guideline with a picture, read by everybody.
    async fn guideline(&mut self) {
        let engineer = self.caller("quality_engineer").clone();
        let pipeline = self.house.pipeline.clone();
        let example = Uuid::from_u128(7);
        let document = serde_json::json!({ "cards": [{ "class": "object", "examples": [{
            "id": example, "kind": "positive", "source": { "from": "frame", "item": self.ids["item"], "stream": 0, "frame": 0 },
        }] }] });
        let document = serde_json::from_value(document).unwrap();
        let draft = pipeline.save_guideline(&engineer, self.images, 0, document).await.unwrap();
        let publication = serde_json::json!({
            "revision": draft.revision, "change": "extension", "summary": "the first", "login": "quality_engineer", "password": PASSWORD,
        });
        let publication = serde_json::from_value(publication).unwrap();
        let made = pipeline.publish_guideline(&engineer, self.images, publication).await.unwrap();
        let current = made.guideline.current.unwrap();
        self.ids.insert("event", current.signature.unwrap().event.to_string());
        let id = current.id;
        for role in Role::ALL {
            let caller = self.caller(role.as_str()).clone();
            pipeline.acknowledge_guideline(&caller, self.images, id).await.unwrap();
        }
        self.ids.insert("guideline", id.to_string());
        self.ids.insert("example", example.to_string());
    }

    /// A certificate of the annotator.
    async fn certificate(&mut self) {
        let engineer = self.caller("quality_engineer").clone();
        let draft = serde_json::json!({
            "user": self.annotator, "name": "drawing", "issuer": "a course", "valid_until": i64::MAX / 2,
        });
        let mut draft: QualificationDraft = serde_json::from_value(draft).unwrap();
        draft.valid_until = self.house.pipeline.store.clock().now().plus_seconds(1_000_000);
        let made =
            self.house.pipeline.issue_qualification(&engineer, Some(self.images), draft).await.unwrap();
        let paper = b"%PDF-1.7\n%%EOF\n".as_slice();
        self.house.pipeline.keep_paper(&engineer, made.id, paper.into()).await.unwrap();
        self.ids.insert("qualification", made.id.to_string());
    }

    /// An audit of the study's project, and a leak in another study.
    async fn oversight(&mut self) {
        let officer = self.caller("privacy_officer").clone();
        let (pipeline, size) = (self.house.pipeline.clone(), Some(1));
        let plan = AuditSample { size, ..AuditSample::default() };
        let audit = pipeline.open_audit(&officer, self.study, plan).await.unwrap();
        self.ids.insert("audit", audit.id.to_string());
        let (_, items) = self.bring(self.study, &[("3.dcm".to_owned(), seed::third_slice())]).await;
        let leaked = *items.last().unwrap();
        let place = LeakPlace::default();
        let leak = pipeline.report_leak(self.caller("owner"), leaked, place, "a name".into()).await.unwrap();
        self.ids.insert("leak", leak.to_string());
        self.ids.insert("leaked", leaked.to_string());
        self.drain().await;
    }

    async fn claim(&self, login: &str) -> Work {
        self.house.pipeline.claim(self.caller(login), self.images, Wish::default()).await.unwrap()
    }

    async fn keep(&mut self, name: &'static str, login: &str) -> Work {
        let work = self.claim(login).await;
        self.ids.insert(name, work.task.id.to_string());
        work
    }

    async fn read(&self) -> Work {
        let (work, caller) = (self.claim("annotator").await, self.caller("annotator"));
        let (task, fence) = (work.task.id, work.task.fence);
        self.house.pipeline.submit(caller, task, fence, 0, vec![]).await.unwrap();
        work
    }

    async fn review(&self) {
        self.judge(ReviewDecision::Accept).await;
    }

    async fn judge(&self, decision: ReviewDecision) {
        let (work, caller) = (self.claim("reviewer").await, self.caller("reviewer"));
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision,
            missing: Some(Missing::Nothing),
            reason: (decision == ReviewDecision::Reject).then(|| "other".into()),
            comment: None,
            return_to: None,
        };
        let revision = work.read.as_ref().map_or(0, |read| read.revision);
        self.house
            .pipeline
            .review(caller, work.task.id, work.task.fence, revision, vec![], verdict)
            .await
            .unwrap();
    }

    async fn countersign(&self) -> countersign_model::SignatureId {
        let (work, caller) = (self.claim("specialist").await, self.caller("specialist"));
        let act = Countersigning {
            decision: SignDecision::Sign,
            content_hash: work.subject.unwrap().summary.content_hash.unwrap(),
            password: PASSWORD.into(),
            reason: None,
            comment: None,
            return_to: None,
        };
        let signed = self.house.pipeline.countersign(caller, work.task.id, work.task.fence, act).await;
        signed.unwrap().signature.unwrap()
    }

    /// A file of the log that exists now: a tile that is not full yet goes when it is.
    pub fn some_tile(&self) -> String {
        let root = self.house.folder.path().join("log/tile");
        let mut waiting = vec![root.clone()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    return path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                }
            }
        }
        panic!("the log has no tile")
    }

    /// A role that can be ended without harm.
    pub async fn spare_grant(&self) -> Uuid {
        let pipeline = &self.house.pipeline;
        let (owner, stranger) = (self.caller("owner"), countersign_model::UserId(self.stranger));
        for grant in pipeline.grants(owner, self.images).await.unwrap() {
            if grant.user == stranger {
                pipeline.end_grant(owner, self.images, grant.id).await.unwrap();
            }
        }
        pipeline.grant(owner, self.images, stranger, Role::Technician).await.unwrap().id
    }

    /// An id that nothing has.
    pub fn unknown() -> String {
        AnnotationId(Uuid::from_u128(0xdead_beef)).to_string()
    }
}
