//! What three readers' answers say that is true: by who is usually right, with ties as ties, and told only to whom reads are no
//! secret.

use std::{collections::BTreeMap, sync::Arc};

use countersign_model::{AnnotationId, FrameRef, ItemId, Shape};
use countersign_pipeline::{
    PipelineError,
    consensus::{ConsensusAbout, ConsensusItem, ConsensusLabel, ConsensusQuery, ConsensusReport},
    people::Caller,
    work::{AnnotationInput, Change},
};
use countersign_store::{Actor, Evidence, items};
use countersign_workflow::AdjudicateDecision;
use uuid::Uuid;

use crate::{
    double::{STAGES, Team, mark},
    harness::House,
};

/// What each of three readers says about an item: why it cannot be used, if so. The first is right, the second nearly always,
/// the third in half of them.
const TAGS: [[Option<&str>; 3]; 13] = [
    [None, None, None],
    [None, None, Some("dark")],
    [None, None, Some("blurred")],
    [Some("dark"), Some("dark"), Some("blurred")],
    [Some("dark"), Some("dark"), Some("dark")],
    [Some("dark"), Some("dark"), None],
    [Some("blurred"), Some("blurred"), Some("blurred")],
    [Some("blurred"), Some("blurred"), Some("dark")],
    [None, None, None],
    [Some("blurred"), Some("blurred"), None],
    [Some("dark"), Some("dark"), Some("dark")],
    [Some("blurred"), None, Some("blurred")],
    // All three differ: nobody has a majority.
    [Some("dark"), Some("blurred"), None],
];

fn tag(number: u128, cause: &str) -> Change {
    Change::Put {
        annotation: AnnotationInput {
            id: AnnotationId(Uuid::from_u128(0xf000_0000 + number)),
            class: "unusable".into(),
            // The only frame: a tag on it is one of the item.
            frame: number.is_multiple_of(2).then_some(FrameRef { stream: 0, index: 0 }),
            shape: Shape::Tag {},
            attributes: [("cause".to_owned(), cause.into())].into(),
            arrangement: Default::default(),
            unclear: None,
        },
    }
}

/// All three read the next item.
async fn read(team: &Team, number: usize) -> ItemId {
    let first = team.claim(&team.readers[0], None).await.unwrap();
    let item = first.item.id;
    let mut works = vec![first];
    for reader in &team.readers[1..] {
        works.push(team.claim(reader, Some(item)).await.unwrap());
    }
    for (place, work) in works.into_iter().enumerate() {
        let mut changes: Vec<Change> = TAGS[number % TAGS.len()][place]
            .map(|cause| tag((number * 3 + place) as u128, cause))
            .into_iter()
            .collect();
        // In the first item two see an object where the third sees a person, and one sees a text alone.
        if number == 0 {
            changes.push(mark(3.0, ["object", "object", "person"][place]));
        }
        if number == 0 && place == 2 {
            changes.push(mark(40.0, "text"));
        }
        let revision = work.read.as_ref().unwrap().revision;
        let (task, fence) = (work.task.id, work.task.fence);
        team.house.pipeline.submit(&team.readers[place], task, fence, revision, changes).await.unwrap();
    }
    team.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    item
}

async fn asked(team: &Team, caller: &Caller, query: ConsensusQuery) -> ConsensusReport {
    team.house.pipeline.consensus(caller, team.project, query).await.unwrap()
}

fn cause(labels: &[ConsensusLabel]) -> Option<&str> {
    labels.first().map(|label| label.choices["cause"].as_str())
}

async fn the_least_certain_comes_first(house: House) {
    let stages = STAGES.replace("readers: 2", "readers: 3");
    let team = Team::of(house, TAGS.len(), &stages, false).await;
    let auditor = team.house.sign_in("auditor@p").await;
    let nothing = asked(&team, &auditor, ConsensusQuery::default()).await;
    assert_eq!((nothing.about, nothing.items, nothing.readers.len()), (None, 0, 0));
    let mut items = Vec::new();
    for number in 0..TAGS.len() {
        items.push(read(&team, number).await);
    }
    let before = team.house.pipeline.item_comparisons(&auditor, items[12]).await.unwrap();
    let report = asked(&team, &auditor, ConsensusQuery::default()).await;
    assert_eq!((report.about, report.items, report.answers), (Some(ConsensusAbout::Tags), 13, 13));
    assert_eq!((report.ties, report.not_assessed, report.left_out, report.cut), (1, 0, 0, false));
    let first = &report.least_certain[0];
    let [answer] = &first.answers[..] else { panic!("{first:?}") };
    assert_eq!((first.item, first.rank, answer.majority.len()), (items[12], 1, 3), "{first:?}");
    assert_eq!(cause(&answer.estimate), Some("dark"), "whoever is always right");
    assert!(answer.posterior > 1.0 / 3.0 && answer.posterior < 0.999, "{}", answer.posterior);
    assert_eq!(answer.reads.iter().filter(|read| read.differs).count(), 2);
    assert!(report.least_certain.windows(2).all(|two| two[0].posterior <= two[1].posterior));
    let found = |item: ItemId| report.least_certain.iter().find(|one| one.item == item).unwrap();
    for (item, said) in items.iter().zip(TAGS) {
        assert_eq!(cause(&found(*item).answers[0].estimate), said[0], "{said:?}");
    }
    readers(&report);
    marks(&team, &auditor, items[0]).await;
    pages(&team, &auditor).await;
    // What was estimated changed nothing.
    assert_eq!(team.house.pipeline.item_comparisons(&auditor, items[12]).await.unwrap(), before);
    let waiting = workflows(&team, &items[11..]).await;
    told(&team, items[12]).await;
    let work = team.claim(&team.reviewer, Some(items[11])).await.unwrap();
    team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![tag(9_001, "blurred")]).await;
    team.sign(&team.specialists[0], items[11]).await;
    one_list_is_one_estimate(&team, &waiting).await;
}

/// Each reader with what the figures rest on; the first was always right.
fn readers(report: &ConsensusReport) {
    let named: BTreeMap<_, _> =
        report.readers.iter().map(|reader| (reader.name.as_deref().unwrap(), reader)).collect();
    let [first, second, third] =
        ["Test annotator@p", "Test reader2@p", "Test reader3@p"].map(|name| named[name]);
    assert_eq!((first.answers, first.items, first.as_estimated), (13, 13, 13));
    assert_eq!((second.as_estimated, third.as_estimated), (11, 6));
    assert!(first.accuracy > 0.85 && first.accuracy > second.accuracy && second.accuracy > third.accuracy);
    assert!(third.accuracy > 0.4 && third.accuracy < 0.8, "{}", third.accuracy);
    // What somebody says of one truth sums to 1.
    let mut of: BTreeMap<Option<&str>, f64> = BTreeMap::new();
    for cell in &third.confusion {
        *of.entry(cause(&cell.truth)).or_default() += cell.share;
    }
    assert_eq!(of.len(), 3);
    assert!(of.values().all(|share| (share - 1.0).abs() < 1e-6), "{of:?}");
}

/// Marks are gathered to findings; who marked nothing there says so.
async fn marks(team: &Team, auditor: &Caller, item: ItemId) {
    let query = ConsensusQuery { about: Some(ConsensusAbout::Marks), ..ConsensusQuery::default() };
    let report = asked(team, auditor, query).await;
    assert_eq!((report.items, report.answers, report.tags, report.marks), (1, 2, 13, 2));
    let [one] = &report.least_certain[..] else { panic!("{report:?}") };
    assert_eq!((one.item, one.all, one.answers.len()), (item, 2, 2));
    let at = |x: f64| one.answers.iter().find(|answer| answer.place == Some([x, 4.5])).unwrap();
    assert_eq!(at(8.0).estimate[0].class, "object");
    assert!(at(45.0).estimate.is_empty(), "two see nothing there");
    assert_eq!(at(45.0).reads.iter().filter(|read| read.differs && read.said.len() == 1).count(), 1);
}

async fn pages(team: &Team, auditor: &Caller) {
    let (mut after, mut seen) = (Some(0), Vec::<ConsensusItem>::new());
    while let Some(from) = after {
        let query = ConsensusQuery { after: Some(from), limit: Some(5), about: None };
        let page = asked(team, auditor, query).await;
        assert!(page.least_certain.len() <= 5);
        seen.extend(page.least_certain);
        after = page.next;
    }
    let ranks: Vec<u64> = seen.iter().map(|one| one.rank).collect();
    assert_eq!(ranks, (1..=13).collect::<Vec<_>>());
    let beyond = ConsensusQuery { after: Some(u64::MAX), ..ConsensusQuery::default() };
    let beyond = asked(team, auditor, beyond).await;
    assert!(beyond.least_certain.is_empty() && beyond.next.is_none());
}

/// Further pages are of the estimate of the first one, for a while, and without what is not to be seen any more.
async fn one_list_is_one_estimate(team: &Team, waiting: &BTreeMap<ItemId, String>) {
    let colleague = &team.specialists[1];
    let page = |after| ConsensusQuery { after: Some(after), limit: Some(1), about: None };
    let first = asked(team, colleague, page(0)).await;
    let second = asked(team, colleague, page(1)).await;
    assert_eq!((first.items, second.items, second.least_certain.len()), (2, 2, 1));
    // The item is worked on again: whoever may be called to it is not to see its reads.
    let again = second.least_certain[0].item;
    let (store, workflow) = (team.house.pipeline.store.clone(), waiting[&again].clone());
    let done = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let sql = "UPDATE items SET workflow = $2 WHERE id = $1";
            tx.query(sql).bind(again).bind(&workflow).execute().await?;
            tx.record(Evidence::new("test.again", "item", again.uuid()))?;
            Ok(())
        })
    });
    done.await.unwrap();
    let kept = asked(team, colleague, page(1)).await;
    assert_eq!(
        (kept.items, kept.answers),
        (2, second.answers),
        "the figures of one list are those of its first page"
    );
    assert!(kept.least_certain.is_empty(), "{:?}", kept.least_certain);
    team.house.clock.forward(601);
    assert_eq!(asked(team, colleague, page(1)).await.items, 1);
}

async fn workflows(team: &Team, items: &[ItemId]) -> BTreeMap<ItemId, String> {
    let mut conn = team.house.pipeline.store.read().await.unwrap();
    let mut found = BTreeMap::new();
    for id in items {
        found.insert(*id, items::by_id(&mut conn, *id).await.unwrap().unwrap().workflow);
    }
    found
}

/// Nobody learns of reads/// Nobody learns of reads that are kept from them, and what readers are worth is not for their colleagues.
async fn told(team: &Team, item: ItemId) {
    let pipeline = &team.house.pipeline;
    let refused = pipeline.consensus(&team.readers[0], team.project, ConsensusQuery::default()).await;
    assert!(matches!(refused, Err(PipelineError::NotFound)));
    let quality = team.house.sign_in("quality_engineer@p").await;
    let empty = ConsensusQuery::default();
    for caller in [&quality, &team.reviewer, &team.specialists[0]] {
        assert_eq!(asked(team, caller, empty).await.items, 0, "the work on the items is not over");
    }
    let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
    team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![tag(9_000, "dark")]).await;
    team.sign(&team.specialists[0], item).await;
    let seen = asked(team, &quality, empty).await;
    assert_eq!((seen.items, seen.readers.len()), (1, 3), "its own part of it alone");
    // Who could audit labels that are listed was shown them.
    let auditor = team.house.sign_in("auditor@p").await;
    let events = pipeline.item_events(&auditor, item, None, None).await.unwrap().items;
    assert!(events.iter().any(|event| event.action == "labels.shown"));
    let colleague = asked(team, &team.specialists[1], empty).await;
    assert_eq!((colleague.items, colleague.readers.len()), (1, 0));
    let answer = &colleague.least_certain[0].answers[0];
    assert!(answer.reads.len() == 3 && answer.reads.iter().all(|read| read.reader.is_none()), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_certain_comes_first_on_sqlite() {
    the_least_certain_comes_first(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_certain_comes_first_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    the_least_certain_comes_first(house).await;
}
