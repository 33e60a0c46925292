//! A third of those who work are alarmed about in one stream: the guideline is asked about, in that stream and no other.

use std::sync::Arc;

use countersign_model::{AlarmId, FrameRef, ItemId, ProjectId, Role, Shape, UserId};
use countersign_pipeline::{
    PipelineError,
    adjudicate::Ruling,
    items::ItemQuery,
    people::Caller,
    review::Verdict,
    tickets::TicketView,
    work::{Change, Wish},
};
use countersign_store::{Actor, Evidence, monitoring};
use countersign_workflow::{AdjudicateDecision, Missing, ReviewDecision};

use crate::{
    double::{STAGES, document, mark},
    harness::{House, PASSWORD},
    releases::{Crew, bring, images, mark as numbered, png},
};

const PEERS: &str = "peers";
/// Images that one person reads and somebody reviews.
const SINGLE: u32 = 16;
/// Images that two read.
const DOUBLE: u32 = 16;
/// Most items on which somebody errs before their alarm.
const ERRED_MAX: usize = 12;

struct Six {
    house: House,
    project: ProjectId,
    crew: Crew,
    engineer: Caller,
    people: Vec<Caller>,
    double: Vec<ItemId>,
    singles: Vec<ItemId>,
}

async fn items_of(house: &House, crew: &Crew, project: ProjectId) -> Vec<ItemId> {
    let query = ItemQuery { limit: Some(200), ..ItemQuery::default() };
    let found = house.pipeline.items(&crew.owner, project, query).await.unwrap().items;
    found.into_iter().map(|item| item.id).collect()
}

impl Six {
    async fn new(house: House) -> Self {
        let (project, crew, _) = images(&house, 0, SINGLE).await;
        let singles = items_of(&house, &crew, project).await;
        let mut people = vec![crew.annotator.clone()];
        for login in ["b@p", "c@p", "d@p", "e@p", "f@p"] {
            let user = house.person(login).await;
            house.pipeline.grant(&crew.owner, project, user, Role::Annotator).await.unwrap();
            people.push(house.sign_in(login).await);
        }
        let text = document(STAGES);
        house.pipeline.activate_protocol(&crew.owner, project, 1, &text, PASSWORD).await.unwrap();
        let files: Vec<_> =
            (0..DOUBLE).map(|n| (format!("double-{n:02}.png"), png(40, 40, 90 + n))).collect();
        bring(&house, project, &files).await;
        let after = items_of(&house, &crew, project).await;
        let double: Vec<ItemId> = after.into_iter().filter(|item| !singles.contains(item)).collect();
        assert_eq!(double.len(), DOUBLE as usize);
        let engineer = house.sign_in("quality_engineer@p").await;
        house.pipeline.set_monitor(&engineer, project, 100.0).await.unwrap();
        Self { house, project, crew, engineer, people, double, singles }
    }

    async fn drain(&self) {
        self.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    }

    async fn looked(&self) -> Vec<TicketView> {
        self.house.clock.forward(61);
        self.drain().await;
        self.house.pipeline.tickets(&self.engineer, self.project).await.unwrap()
    }

    async fn submit(&self, reader: &Caller, item: ItemId, boxes: &[f64]) {
        let wish = Wish { item: Some(item), ..Wish::default() };
        let work = self.house.pipeline.claim(reader, self.project, wish).await.unwrap();
        let changes = boxes.iter().map(|x| mark(*x, "object")).collect();
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        self.house.pipeline.submit(reader, task, fence, revision, changes).await.unwrap();
    }

    /// Two people read the next item; where one sees what the other does not, it is decided that nothing is there.
    async fn twice(&mut self, (first, second): (usize, usize), differ: bool) {
        let item = self.double.pop().unwrap();
        let seen: &[f64] = if differ { &[3.0, 25.0] } else { &[3.0] };
        self.submit(&self.people[first], item, seen).await;
        self.submit(&self.people[second], item, &[3.0]).await;
        self.drain().await;
        if differ {
            let (pipeline, by) = (&self.house.pipeline, &self.crew.reviewer);
            let wish = Wish { item: Some(item), ..Wish::default() };
            let work = pipeline.claim(by, self.project, wish).await.unwrap();
            let ruling = Ruling {
                decision: AdjudicateDecision::Decide,
                reason: Some("boundary".into()),
                comment: Some("nothing there".into()),
            };
            let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
            pipeline.adjudicate(by, task, fence, revision, vec![], ruling).await.unwrap();
            self.drain().await;
        }
    }

    /// Somebody reads an item alone, and a reviewer takes it as it is or corrects it.
    async fn alone(&mut self, reader: usize, number: u128, right: bool) {
        let (pipeline, reader) = (&self.house.pipeline, &self.people[reader]);
        let drawn = |class: &str| {
            let frame = Some(FrameRef { stream: 0, index: 0 });
            let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
            Change::Put { annotation: numbered(1_000_000 + number, class, frame, shape) }
        };
        let item = self.singles.pop();
        let wish = || Wish { item, ..Wish::default() };
        let work = pipeline.claim(reader, self.project, wish()).await.unwrap();
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        pipeline.submit(reader, task, fence, revision, vec![drawn("object")]).await.unwrap();
        let work = pipeline.claim(&self.crew.reviewer, self.project, wish()).await.unwrap();
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision: if right { ReviewDecision::Accept } else { ReviewDecision::Fix },
            missing: Some(Missing::Nothing),
            reason: (!right).then(|| "wrong_class".into()),
            comment: None,
            return_to: None,
        };
        let changes = if right { vec![] } else { vec![drawn("person")] };
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        pipeline.review(&self.crew.reviewer, task, fence, revision, changes, verdict).await.unwrap();
    }

    /// An alarm about somebody's agreement with other readers, as one was raised earlier today; with much work behind it.
    async fn alarmed(&self, user: UserId, state: &'static str) {
        let project = self.project;
        let written = self.house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let (id, at): (AlarmId, _) = (tx.fresh(), tx.now());
                let stream = monitoring::lock_stream(tx, project, user, PEERS, "").await?;
                let checked = stream.checked + 30;
                monitoring::keep_stream(tx, monitoring::Stream { checked, ..stream }).await?;
                let alarm = monitoring::Alarm {
                    id,
                    project_id: project,
                    user_id: user,
                    stream: PEERS.into(),
                    state: state.into(),
                    number: 3,
                    since_number: 1,
                    // Nothing is in doubt: what it would hold is no matter here.
                    since_at: at.plus_seconds(3_600 * 24 * 365),
                    evidence: 120.0,
                    run_length: 100.0,
                    patterns: "[]".into(),
                    raised_at: at,
                    appeal: None,
                    appealed_at: None,
                    decided_by: None,
                    decided_at: None,
                    reason: None,
                };
                monitoring::insert_alarm(tx, alarm).await?;
                tx.record(Evidence::new("test.alarm", "alarm", id.uuid()))?;
                Ok(())
            })
        });
        written.await.unwrap();
    }
}

async fn a_third_alarm_in_one_stream(house: House) {
    let mut six = Six::new(house).await;
    // All six work, and agree.
    for pair in [(0, 1), (2, 3), (4, 5)] {
        six.twice(pair, false).await;
    }
    let users: Vec<UserId> = six.people.iter().map(Caller::user).collect();
    six.alarmed(users[0], "open").await;
    six.alarmed(users[1], "open").await;
    six.alarmed(users[2], "dismissed").await;
    six.alone(4, 1, true).await;
    assert!(six.looked().await.is_empty(), "a false alarm is none, and two are no third");

    six.alarmed(users[2], "open").await;
    six.alone(4, 2, true).await;
    let tickets = six.looked().await;
    let [ticket] = tickets.as_slice() else { panic!("{tickets:?}") };
    assert_eq!(
        (ticket.cause.as_str(), ticket.stream.as_str(), ticket.state.as_str()),
        ("alarms", PEERS, "open")
    );
    assert_eq!((ticket.marks, ticket.people, ticket.active), (3, 3, 6));

    // The fourth is kept back: nobody is told, and nothing is held.
    let mut erred = 0;
    while six.looked().await[0].suppressed == 0 {
        erred += 1;
        assert!(erred <= ERRED_MAX, "kept back after {erred} errors");
        six.twice((3, 4), true).await;
    }
    let pipeline = six.house.pipeline.clone();
    let (engineer, project) = (six.engineer.clone(), six.project);
    assert!(pipeline.feedback(&six.people[3]).await.unwrap().is_empty());
    let about = |monitor: countersign_pipeline::monitor::MonitorView, stream: &str| {
        monitor.alarms.iter().filter(|alarm| alarm.user == users[3] && alarm.stream == stream).count()
    };
    let monitor = async || pipeline.monitor(&engineer, project).await.unwrap();
    assert_eq!(about(monitor().await, PEERS), 0);
    let held = ItemQuery { held: Some(true), ..ItemQuery::default() };
    assert!(pipeline.items(&engineer, project, held).await.unwrap().items.is_empty());

    // What reviewers find is another matter.
    let mut corrected = 0;
    while pipeline.feedback(&six.people[3]).await.unwrap().is_empty() {
        corrected += 1;
        assert!(corrected <= 10, "no alarm after {corrected} corrections");
        six.alone(3, 100 + corrected, false).await;
    }
    assert_eq!((about(monitor().await, "review"), about(monitor().await, PEERS)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_alarmed_about_in_one_stream_asks_for_the_guideline_on_sqlite() {
    a_third_alarm_in_one_stream(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_alarmed_about_in_one_stream_asks_for_the_guideline_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    a_third_alarm_in_one_stream(house).await;
}
