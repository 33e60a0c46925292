//! What was forgotten is found again: parts whose readers take marks of the draft away, and a search that names them first.

use std::sync::Arc;

use countersign_model::{AnnotationId, ItemId, ProjectId, Role};
use countersign_pipeline::{
    label_errors::{DoubtChoice, DoubtDecision, DoubtQuery, DoubtView, LabelErrors},
    people::Caller,
    review::Verdict,
    sign::Countersigning,
    views::Work,
    work::{Change, Wish},
};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code, ingest},
};

/// Parts that come in.
pub const PARTS: usize = 24;
/// Parts whose reader takes the surest mark of the draft away.
const FORGOTTEN: usize = 5;

pub struct Line {
    pub house: House,
    pub project: ProjectId,
    pub crew: Crew,
}

impl Line {
    async fn new(house: House) -> Self {
        Self::under(house, None).await
    }

    /// Under a second version of the protocol.
    pub async fn under(house: House, document: Option<&str>) -> Self {
        let project = house.project("boards", "inspection").await;
        if let Some(text) = document {
            let owner = house.sign_in("owner@boards").await;
            house.pipeline.activate_protocol(&owner, project, 1, text, PASSWORD).await.unwrap();
        }
        let options = countersign_synthesis::parts::Options { side_px: 128, lot: "lot-1".into() };
        let lot = countersign_synthesis::lot(7, PARTS, &options);
        let files: Vec<_> = lot.iter().flat_map(|part| part.files(false)).collect();
        ingest(&house, project, "boards", &files).await;
        let crew = Crew::of(&house, "boards", "quality_engineer").await;
        Self { house, project, crew }
    }

    pub async fn claim(&self, who: &Caller, role: Role, item: Option<ItemId>) -> Work {
        let wish = Wish { item, role: Some(role), ..Wish::default() };
        self.house.pipeline.claim(who, self.project, wish).await.unwrap()
    }

    /// Reads the next part as it was drafted, but for the surest mark where it is to be forgotten; the mark.
    async fn read(&self, forget: bool) -> (ItemId, Option<AnnotationId>) {
        let work = self.claim(&self.crew.annotator, Role::Annotator, None).await;
        let read = work.read.unwrap();
        let surest = read.annotations.iter().max_by(|a, b| a.score.unwrap().total_cmp(&b.score.unwrap()));
        let gone = surest.filter(|_| forget).map(|mark| mark.id);
        let changes = gone.map(|id| Change::Remove { id }).into_iter().collect();
        let (task, fence) = (work.task.id, work.task.fence);
        self.house.pipeline.submit(&self.crew.annotator, task, fence, read.revision, changes).await.unwrap();
        (work.item.id, gone)
    }

    /// Reviews the next part, taking everything as it is; which one.
    pub async fn review(&self) -> ItemId {
        let work = self.claim(&self.crew.reviewer, Role::QualityEngineer, None).await;
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision: ReviewDecision::Accept,
            missing: Some(Missing::Nothing),
            reason: None,
            comment: None,
            return_to: None,
        };
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        let reviewer = &self.crew.reviewer;
        self.house.pipeline.review(reviewer, task, fence, revision, vec![], verdict).await.unwrap();
        work.item.id
    }

    pub async fn sign(&self) {
        let work = self.claim(&self.crew.specialist, Role::Specialist, None).await;
        let act = Countersigning {
            decision: SignDecision::Sign,
            content_hash: work.subject.unwrap().summary.content_hash.unwrap(),
            password: PASSWORD.into(),
            reason: None,
            comment: None,
            return_to: None,
        };
        let pipeline = &self.house.pipeline;
        pipeline.countersign(&self.crew.specialist, work.task.id, work.task.fence, act).await.unwrap();
    }

    pub async fn search(&self, who: &Caller) -> LabelErrors {
        self.house.pipeline.begin_label_search(who, self.project).await.unwrap();
        self.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
        self.listed(who, "open").await
    }

    pub async fn listed(&self, who: &Caller, state: &str) -> LabelErrors {
        let query = DoubtQuery { state: Some(state.into()), ..DoubtQuery::default() };
        self.house.pipeline.label_errors(who, self.project, query).await.unwrap()
    }

    pub async fn decide(
        &self,
        who: &Caller,
        doubt: &DoubtView,
        decision: DoubtChoice,
    ) -> Result<DoubtView, String> {
        let decision = DoubtDecision { decision, comment: None };
        self.house.pipeline.decide_doubt(who, doubt.id, decision).await.map_err(|error| code(&error))
    }
}

async fn what_was_forgotten_comes_first(house: House) {
    let line = Line::new(house).await;
    let pipeline = &line.house.pipeline;
    let mut forgotten = Vec::new();
    for number in 0..PARTS {
        // Those with something to forget are not the first ones.
        let (item, gone) = line.read(number >= PARTS / 2 && forgotten.len() < FORGOTTEN).await;
        forgotten.extend(gone.map(|_| item));
    }
    assert_eq!(forgotten.len(), FORGOTTEN);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    // Review begins with what a draft speaks against.
    for _ in 0..FORGOTTEN {
        let first = line.review().await;
        assert!(forgotten.contains(&first), "{first} of {forgotten:?}");
    }
    for _ in FORGOTTEN..PARTS {
        line.review().await;
    }
    for _ in 0..PARTS {
        line.sign().await;
    }

    let owner = line.house.sign_in("owner@boards").await;
    let none = line.listed(&owner, "open").await;
    assert!(none.search.is_none() && none.running.is_none() && none.doubts.is_empty());
    let found = line.search(&owner).await;
    let search = found.search.as_ref().unwrap();
    assert_eq!((search.items, search.looked, search.state.as_str()), (PARTS as u64, PARTS as u64, "done"));
    assert!(search.compared >= FORGOTTEN as u64);
    let first: Vec<_> = found.doubts.iter().take(FORGOTTEN).map(|doubt| doubt.item).collect();
    assert!(forgotten.iter().all(|item| first.contains(item)), "{first:?} {forgotten:?}");
    assert!(found.doubts.windows(2).all(|two| two[0].weight >= two[1].weight));
    assert!(found.doubts.iter().all(|doubt| doubt.current && doubt.place.is_some() && doubt.rank > 0));
    decided(&line, &owner, &found).await;
    refused(&line, &owner, &found).await;
}

/// One goes back into work, one is right; what is right is not asked again.
async fn decided(line: &Line, owner: &Caller, found: &LabelErrors) {
    let pipeline = &line.house.pipeline;
    let [back, right] = &found.doubts[..2] else { panic!("{:?}", found.doubts) };
    // Whoever reviewed it does not say that it is right.
    let own = line.decide(&line.crew.reviewer, right, DoubtChoice::Right).await;
    assert_eq!(own.unwrap_err(), "separation_of_duties");
    let sent = line.decide(owner, back, DoubtChoice::LookAgain).await.unwrap();
    assert_eq!((sent.state.as_str(), sent.current), ("sent_back", false));
    let work = line.claim(&line.crew.annotator, Role::Annotator, Some(back.item)).await;
    let pinned = pipeline.item_findings(&line.crew.annotator, back.item).await.unwrap();
    let [pin] = &pinned[..] else { panic!("{pinned:?}") };
    assert!(pin.point == back.place && pin.notes[0].words.starts_with("Look again"), "{pin:?}");
    assert!(work.returned.is_some() || work.read.is_some());
    assert_eq!(line.decide(owner, back, DoubtChoice::Right).await.unwrap_err(), "content_changed");

    line.decide(owner, right, DoubtChoice::Right).await.unwrap();
    line.decide(owner, right, DoubtChoice::Open).await.unwrap();
    line.decide(owner, right, DoubtChoice::Right).await.unwrap();
    let missing =
        |found: &LabelErrors| found.kinds.iter().find(|kind| kind.kind == "missing").cloned().unwrap();
    let kind = missing(&line.listed(owner, "right").await);
    assert_eq!((kind.right, kind.sent_back), (1, 1), "only what somebody decided counts");
    let hits = kind.hits.unwrap();
    assert!(hits.low < hits.share && hits.share < hits.high, "{hits:?}");
    let again = line.search(owner).await;
    assert_eq!(again.search.as_ref().unwrap().items, PARTS as u64 - 1);
    let known = |doubt: &&DoubtView| doubt.item == right.item && doubt.place == right.place;
    assert_eq!(again.doubts.iter().filter(known).count(), 0);
    assert_eq!(missing(&again).right, 0);
}

async fn refused(line: &Line, owner: &Caller, found: &LabelErrors) {
    let pipeline = &line.house.pipeline;
    for nobody in [&line.crew.annotator, &line.crew.specialist] {
        let asked = pipeline.label_errors(nobody, line.project, DoubtQuery::default()).await;
        assert_eq!(code(&asked.unwrap_err()), "not_found");
        let begun = pipeline.begin_label_search(nobody, line.project).await;
        assert_eq!(code(&begun.unwrap_err()), "not_found");
        let decided = line.decide(nobody, &found.doubts[2], DoubtChoice::Right).await;
        assert_eq!(decided.unwrap_err(), "not_found");
    }
    let query = DoubtQuery { kind: Some("all".into()), ..DoubtQuery::default() };
    assert_eq!(code(&pipeline.label_errors(owner, line.project, query).await.unwrap_err()), "bad_query");
    pipeline.begin_label_search(owner, line.project).await.unwrap();
    let twice = pipeline.begin_label_search(owner, line.project).await.unwrap_err();
    assert_eq!(code(&twice), "search_running");
    // What went back into work is doubted by nobody.
    let held = pipeline.item(owner, found.doubts[2].item).await.unwrap();
    pipeline.hold(owner, held.id, "a lamp was dark".into()).await.unwrap();
    assert_eq!(line.decide(owner, &found.doubts[2], DoubtChoice::LookAgain).await.unwrap_err(), "held");
}

#[tokio::test]
async fn what_was_forgotten_comes_first_on_sqlite() {
    what_was_forgotten_comes_first(House::new().await).await;
}

#[tokio::test]
async fn what_was_forgotten_comes_first_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    what_was_forgotten_comes_first(house).await;
}
