//! Hidden gold: copies of trusted items come in beside ordinary ones, are read like them, judged in the write that hands them in, and
//! change no count of anything else.

use std::{collections::BTreeSet, sync::Arc};

use countersign_model::{Clock as _, FrameRef, GoldId, Instant, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    PipelineError,
    behind::{BehindQuery, Part},
    items::ItemQuery,
    live::Seen,
    people::Caller,
    pixels::ShownFor,
    vendors::MixDraft,
    views::Work,
    work::{Change, Wish},
};
use countersign_store::{Actor, Evidence, gold, reads, turns};
use countersign_workflow::{gold::lies_beside, shipped};

use crate::{
    behind::{sums, whole},
    harness::{House, PASSWORD},
    releases::{Crew, code, images, ingest, mark, png},
    worked::settled_elsewhere,
};

const FIRST: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });
/// Accepted items that become gold.
pub const GOLD: u32 = 6;
/// Images that come in after that.
const LATER: u32 = 48;
const SHARE: f64 = 0.3;
/// Longest that an alarm or a phase lags behind, seconds.
pub const LAG: i64 = 7_200;

pub struct Mine {
    pub house: House,
    pub project: ProjectId,
    pub crew: Crew,
    pub engineer: Caller,
    pub gold: Vec<(GoldId, ItemId)>,
    copies: Vec<gold::Copy>,
}

/// The shipped image protocol with gold, as its second version.
fn protocol() -> String {
    let (_, text) = shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let plan = format!(
        "gold: {{ share: {SHARE}, exposures_per_person: 1, rest_days: 30, exposures_total: 20 }}\nstages:"
    );
    let critical = "  - id: person\n    critical: true\n";
    let text = text.replacen("  - id: person\n", critical, 1);
    text.replace("version: 1", "version: 2").replacen("stages:", &plan, 1)
}

impl Mine {
    pub async fn new(house: House) -> Self {
        let project = house.project("p", "images").await;
        let owner = house.sign_in("owner@p").await;
        house.pipeline.activate_protocol(&owner, project, 1, &protocol(), PASSWORD).await.unwrap();
        let files: Vec<_> = (0..GOLD).map(|n| (format!("{n}.png"), png(64 + n, 48, n + 1))).collect();
        ingest(&house, project, "p", &files).await;
        let crew = Crew::of(&house, "p", "reviewer").await;
        let mut accepted = Vec::new();
        for n in 0..GOLD {
            let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
            accepted
                .push(crew.work(&house, project, &[mark(u128::from(n) + 1, "object", FIRST, shape)]).await);
        }
        let engineer = house.sign_in("quality_engineer@p").await;
        let mut made = Vec::new();
        for item in accepted {
            let view = house.pipeline.make_gold(&engineer, project, item, "read by three".into()).await;
            made.push((view.unwrap().id, item));
        }
        // Chance that is the same in every run.
        let seeded = house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let at = tx.now();
                gold::insert_seed(tx, gold::Seed { project_id: project, seed: "09".repeat(32), at }).await?;
                Ok(tx.record(Evidence::new("test.seeded", "project", project.uuid()))?)
            })
        });
        seeded.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for n in 0..LATER {
            std::fs::write(folder.path().join(format!("later{n}.png")), png(80 + n, 60, 1_000 + n)).unwrap();
        }
        house.ingest(project, vec![folder.path().to_owned()]).await;
        let mut mine = Self { house, project, crew, engineer, gold: made, copies: Vec::new() };
        mine.look_behind().await;
        mine
    }

    async fn look_behind(&mut self) {
        let mut conn = self.house.pipeline.store.read().await.unwrap();
        let mut copies = Vec::new();
        for item in self.house.pipeline.items(&self.engineer, self.project, all()).await.unwrap().items {
            copies.extend(gold::beside(&mut conn, item.id).await.unwrap());
        }
        self.copies = copies;
    }

    pub async fn reader(&self, login: &str) -> Caller {
        let user = self.house.person(login).await;
        self.house.pipeline.grant(&self.crew.owner, self.project, user, Role::Annotator).await.unwrap();
        self.house.sign_in(login).await
    }

    /// What the start page says that somebody could read.
    async fn waiting(&self, who: &Caller) -> u64 {
        let cards = self.house.pipeline.home(who).await.unwrap().cards;
        cards.iter().find(|card| card.kind == "claim").map_or(0, |card| card.count)
    }

    fn copy_of(&self, item: ItemId) -> Option<GoldId> {
        self.copies.iter().find(|copy| copy.item_id == item).and_then(|copy| copy.gold_id)
    }

    async fn claim(&self, who: &Caller) -> Option<Work> {
        match self.house.pipeline.claim(who, self.project, Wish::default()).await {
            Ok(work) => Some(work),
            Err(error) => {
                assert_eq!(code(&error), "nothing_to_do");
                None
            }
        }
    }

    /// Reads all there is; the gold items among it, in order. Each claim takes one from what waits, whatever it is.
    pub async fn read_all(&self, who: &Caller, class: &str) -> Vec<GoldId> {
        let (mut met, mut number) = (Vec::new(), 0_u128);
        let mut waiting = self.waiting(who).await;
        while let Some(work) = self.claim(who).await {
            let after = self.waiting(who).await;
            assert_eq!(after + 1, waiting, "{:?}", self.copy_of(work.item.id));
            waiting = after;
            met.extend(self.copy_of(work.item.id));
            number += 1;
            self.read(who, work, class, number).await;
        }
        assert_eq!(waiting, 0);
        met
    }

    async fn read(&self, who: &Caller, work: Work, class: &str, number: u128) {
        let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
        let annotation = mark((who.user().uuid().as_u128() << 16) + number, class, FIRST, shape);
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        let changes = vec![Change::Put { annotation }];
        let done = self.house.pipeline.submit(who, task, fence, revision, changes).await.unwrap();
        assert_eq!((done.phase.as_str(), done.stage), ("queued", Some(1)));
    }
}

fn all() -> ItemQuery {
    ItemQuery { limit: Some(200), ..ItemQuery::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_drawn_read_judged_and_change_nothing_else() {
    drawn_and_judged(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_drawn_read_judged_and_change_nothing_else_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    drawn_and_judged(house).await;
}

async fn drawn_and_judged(house: House) {
    let mine = Mine::new(house).await;
    let pipeline = &mine.house.pipeline;
    // Places are where the seed says, and all are filled: nobody has read any.
    let listed = pipeline.items(&mine.engineer, mine.project, all()).await.unwrap().items;
    assert_eq!(listed.len() as u32, GOLD + LATER);
    let seed = [9; 32];
    let later: Vec<_> = listed
        .iter()
        .map(|item| item.id)
        .filter(|id| !mine.gold.iter().any(|(_, gold)| gold == id))
        .collect();
    let places = later.iter().filter(|id| lies_beside(&seed, **id, SHARE)).count();
    assert_eq!(mine.copies.len(), places);
    assert!((10..35).contains(&places), "{places} of {LATER} at 3 of 7");
    let turns: BTreeSet<_> = mine.copies.iter().map(|copy| copy.gold_id.unwrap()).collect();
    assert_eq!(turns.len() as u32, GOLD, "they take turns");

    let good = mine.reader("good@p").await;
    assert_eq!(mine.waiting(&good).await, u64::from(LATER + GOLD));
    let met = mine.read_all(&good, "object").await;
    assert_eq!(met.iter().collect::<BTreeSet<_>>().len() as u32, GOLD, "each once: {met:?}");
    assert_eq!(met.len() as u32, GOLD);
    let report = pipeline.gold(&mine.engineer, mine.project).await.unwrap();
    let of = |who: &Caller| report.people.iter().find(|person| person.user == who.user()).unwrap().clone();
    assert_eq!((of(&good).reads, of(&good).wrong), (GOLD.into(), 0));
    let counts = pipeline.project(&mine.crew.owner, mine.project).await.unwrap().counts;
    assert_eq!(counts.by_phase["accepted"], u64::from(GOLD));
    assert_eq!(counts.by_phase["queued"], u64::from(LATER));
    assert_eq!(counts.by_phase.len(), 2, "{:?}", counts.by_phase);
    assert_eq!((counts.by_stage[0].done, counts.by_stage[1].ready), ((GOLD + LATER).into(), LATER.into()));
    never_elsewhere(&mine, &good).await;
    an_alarm_waits(mine).await;
}

/// Those who coordinate see no copy, nobody reviews one, and nothing is counted of it; its reader sees it as any item of theirs.
async fn never_elsewhere(mine: &Mine, good: &Caller) {
    let pipeline = &mine.house.pipeline;
    let own = pipeline.items(good, mine.project, all()).await.unwrap().items;
    let copies: Vec<_> = own.iter().filter(|item| mine.copy_of(item.id).is_some()).collect();
    assert_eq!((own.len() as u32, copies.len() as u32), (LATER + GOLD, GOLD));
    assert!(copies.iter().all(|item| item.phase == "queued" && item.stage == Some(1) && !item.held));
    let copy = copies[0].id;
    assert_eq!(pipeline.item(good, copy).await.unwrap().reads.len(), 1);
    pipeline.image(good, copy, 0, 0, None, ShownFor::Work).await.unwrap();
    for stranger in [&mine.crew.reviewer, &mine.crew.specialist] {
        assert_eq!(code(&pipeline.item(stranger, copy).await.unwrap_err()), "not_found");
        let seen = pipeline.items(stranger, mine.project, all()).await.unwrap().items;
        assert_eq!(seen.len() as u32, GOLD + LATER);
        let report = pipeline.gold(stranger, mine.project).await.unwrap_err();
        assert_eq!(code(&report), "not_found");
        let wish = Wish { item: Some(copy), ..Wish::default() };
        let claimed = pipeline.claim(stranger, mine.project, wish).await.unwrap_err();
        assert_eq!(code(&claimed), "not_found");
    }
    assert_eq!(mine.waiting(&mine.crew.reviewer).await, u64::from(LATER));
    let mut conn = pipeline.store.read().await.unwrap();
    let counted = turns::of_project(&mut conn, mine.project, 10_000).await.unwrap();
    assert!(counted.iter().all(|turn| mine.copy_of(turn.item_id).is_none()));
    drop(conn);
    // An id of an asset tells when it came in: the copy shows others, also in what its reader hears of their own looks.
    let shown = pipeline.item(good, copy).await.unwrap().streams[0].frames[0].asset;
    let gold = mine.gold.iter().find(|(id, _)| Some(*id) == mine.copy_of(copy)).unwrap().1;
    let real = pipeline.item(&mine.engineer, gold).await.unwrap().streams[0].frames[0].asset;
    assert_ne!(shown, real);
    pipeline.store.sequence().await.unwrap();
    let mut heard = 0;
    for event in pipeline.heard_since(0).await.unwrap() {
        if let Seen::Whole { event, .. } = pipeline.seen_live(good, &event).await.unwrap() {
            assert_ne!(event.object_id, Some(real.uuid()));
            assert!(!event.action.starts_with("gold."), "{event:?}");
            heard += u32::from(event.object_id == Some(shown.uuid()));
        }
    }
    assert_eq!(heard, 1);
}

/// Somebody who is wrong on each of them is found, held and told, but not at once: that would say which it was.
async fn an_alarm_waits(mine: Mine) {
    let pipeline = &mine.house.pipeline;
    pipeline.set_monitor(&mine.engineer, mine.project, 100.0).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for n in 0..LATER {
        std::fs::write(folder.path().join(format!("last{n}.png")), png(90 + n, 66, 2_000 + n)).unwrap();
    }
    mine.house.ingest(mine.project, vec![folder.path().to_owned()]).await;
    let Mine { house, project, crew, engineer, gold, .. } = mine;
    let mut mine = Mine { house, project, crew, engineer, gold, copies: Vec::new() };
    mine.look_behind().await;
    let pipeline = &mine.house.pipeline;
    let bad = mine.reader("bad@p").await;
    let met = mine.read_all(&bad, "person").await;
    assert_eq!(met.len() as u32, GOLD);
    assert!(pipeline.feedback(&bad).await.unwrap().is_empty(), "not at once");
    let report = pipeline.gold(&mine.engineer, mine.project).await.unwrap();
    let of = report.people.iter().find(|person| person.user == bad.user()).unwrap();
    assert_eq!((of.reads, of.wrong, of.critical), (GOLD.into(), GOLD.into(), GOLD.into()));
    let results = pipeline.gold_results(&mine.engineer, mine.project, None, Some(bad.user())).await.unwrap();
    assert_eq!(results.len() as u32, GOLD);
    assert!(results.iter().all(|one| one.differing == 1 && one.pairs[0].said.as_deref() == Some("person")));
    // Those who may know gold are led to the copies by their own stream alone, and nobody else is.
    let fetch = async |query: BehindQuery| {
        pipeline.monitor_items(&mine.engineer, (mine.project, bad.user()), Some("gold".into()), query).await
    };
    assert_eq!(sums(&fetch).await, (GOLD.into(), GOLD.into()));
    let (_, listed) = whole(Part::All, &fetch).await;
    let of: Vec<_> = listed.iter().rev().map(|one| mine.copy_of(one.item).unwrap()).collect();
    assert_eq!(of, met);
    for one in pipeline.monitor(&mine.engineer, mine.project).await.unwrap().streams {
        let of = (mine.project, one.user);
        let refused =
            pipeline.monitor_items(&bad, of, Some(one.stream.clone()), BehindQuery::default()).await;
        assert_eq!(code(&refused.unwrap_err()), "not_found");
        if one.stream != "gold" {
            let fetch = async |query: BehindQuery| {
                pipeline.monitor_items(&mine.engineer, of, Some(one.stream.clone()), query).await
            };
            let (_, listed) = whole(Part::All, fetch).await;
            assert!(listed.iter().all(|item| mine.copy_of(item.item).is_none()));
        }
    }
    mine.house.clock.forward(LAG);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let bad = mine.house.sign_in("bad@p").await;
    let told = pipeline.feedback(&bad).await.unwrap();
    assert!(!told.is_empty());
    for alarm in &told {
        assert_eq!((alarm.stream.as_str(), alarm.example), ("gold", None));
        // The pair of classes alone: nothing of theirs was settled so, and no copy stands in for it.
        let worked = alarm.worked.as_ref().unwrap();
        assert_eq!((worked.right.as_deref(), worked.said.as_deref()), (Some("object"), Some("person")));
        assert_eq!((worked.item, worked.others.len()), (None, 0));
        assert_eq!(alarm.since_at.0 % (24 * 3_600 * 1_000_000), 0, "the day, not the moment");
    }
    let own = pipeline.items(&bad, mine.project, all()).await.unwrap().items;
    let ordinary = own.iter().find(|item| mine.copy_of(item.id).is_none()).unwrap().id;
    settled_elsewhere(&mine.house, mine.project, &bad, ordinary).await;
    assert!(own.iter().all(|item| item.held), "copies as the others");
    let engineer = mine.house.sign_in("quality_engineer@p").await;
    let counts = pipeline.project(&engineer, mine.project).await.unwrap().counts;
    let ordinary = own.iter().filter(|item| mine.copy_of(item.id).is_none()).count() as u64;
    assert_eq!(counts.held, ordinary);
    a_wrong_answer_is_retired(&mine, &engineer, &bad).await;
    copies_are_paid(&mine, &bad).await;
}

/// What was retired is given to nobody but who has it, and what it said of people is taken back where it was wrong itself.
async fn a_wrong_answer_is_retired(mine: &Mine, engineer: &Caller, bad: &Caller) {
    let (pipeline, retired) = (&mine.house.pipeline, mine.gold[0].0);
    let late = mine.reader("late@p").await;
    let mut number = 10_000;
    let held = loop {
        let work = mine.claim(&late).await.unwrap();
        if mine.copy_of(work.item.id) == Some(retired) {
            break work;
        }
        number += 1;
        mine.read(&late, work, "object", number).await;
    };
    pipeline.give_back(&late, held.task.id, held.task.fence).await.unwrap();
    let stream = async |user| {
        let mut conn = pipeline.store.read().await.unwrap();
        let all = countersign_store::monitoring::streams_of(&mut conn, user).await.unwrap();
        let one = all.into_iter().find(|one| one.stream == "gold").unwrap();
        (one.checked, one.wrong)
    };
    let before = stream(bad.user()).await;
    pipeline.retire_gold(engineer, retired, "the guideline changed".into(), true).await.unwrap();
    let again = pipeline.retire_gold(engineer, retired, "again".into(), false).await.unwrap_err();
    assert_eq!(code(&again), "already_retired");
    assert_eq!(stream(bad.user()).await, (before.0, before.1 - 1));
    let report = pipeline.gold(engineer, mine.project).await.unwrap();
    let of = report.people.iter().find(|person| person.user == bad.user()).unwrap();
    assert_eq!((of.reads, of.wrong), (u64::from(GOLD) - 1, u64::from(GOLD) - 1));
    let mut conn = pipeline.store.read().await.unwrap();
    let results = gold::results(&mut conn, mine.project, Some(retired), None, 100).await.unwrap();
    assert_eq!((results.len(), results.iter().all(|one| one.taken_back)), (2, true));
    drop(conn);
    // Who had it finds it again, as any other item; nobody else does.
    let wish = Wish { item: Some(held.item.id), ..Wish::default() };
    let work = pipeline.claim(&late, mine.project, wish).await.unwrap();
    mine.read(&late, work, "person", number + 1).await;
    let other = mine.reader("later@p").await;
    assert!(!mine.read_all(&other, "object").await.contains(&retired));
}

/// Once a copy looks accepted its reads are paid as any others: a file without them would tell which they were.
async fn copies_are_paid(mine: &Mine, reader: &Caller) {
    let pipeline = &mine.house.pipeline;
    let own = pipeline.items(reader, mine.project, all()).await.unwrap().items;
    let copies: BTreeSet<_> =
        own.iter().map(|item| item.id).filter(|id| mine.copy_of(*id).is_some()).collect();
    let ordinary: Vec<_> = own.iter().map(|item| item.id).filter(|id| !copies.contains(id)).collect();
    let accepted = pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            for item in ordinary {
                tx.query("UPDATE items SET state = 'accepted' WHERE id = $1").bind(item).execute().await?;
            }
            Ok(tx.record(Evidence::new("test", "store", uuid::Uuid::nil()))?)
        })
    });
    accepted.await.unwrap();
    let mut conn = pipeline.store.read().await.unwrap();
    let organization =
        countersign_store::organizations::of_user(&mut conn, reader.user()).await.unwrap().unwrap();
    drop(conn);
    mine.house.clock.forward(LAG);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let owner = mine.house.sign_in("owner@p").await;
    let now = mine.house.clock.now();
    let (from, until) = (now.plus_seconds(-10 * LAG), now.plus_seconds(LAG));
    let file = pipeline.payment(&owner, mine.project, organization.id, from, until).await.unwrap();
    let lines: Vec<Vec<&str>> = file.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let paid: BTreeSet<String> = lines.iter().map(|line| line[1].to_owned()).collect();
    assert!(copies.iter().all(|copy| paid.contains(&copy.to_string())), "{file}");
    assert!(lines.iter().all(|line| line[7] == "1" && line[9] == "no"), "{file}");
}

/// A gold item that is masked anew has other pictures: its copies show the old ones to nobody any more, and others stay.
async fn masked_anew(mine: Mine) {
    let filled = mine.copies.iter().find(|copy| copy.gold_id.is_some()).unwrap();
    let (_, source) = *mine.gold.iter().find(|(gold, _)| Some(*gold) == filled.gold_id).unwrap();
    let other = mine.copies.iter().find(|copy| copy.gold_id.is_some_and(|gold| Some(gold) != filled.gold_id));
    let (copy, other) = (filled.item_id, other.unwrap().item_id);
    let store = &mine.house.pipeline.store;
    let frames = async |item: ItemId| {
        let row =
            countersign_store::items::by_id(&mut store.read().await.unwrap(), item).await.unwrap().unwrap();
        row.streams.0.iter().flat_map(|stream| &stream.frames).map(|frame| frame.asset).collect::<Vec<_>>()
    };
    let before = frames(copy).await;
    assert!(!before.is_empty() && !frames(other).await.is_empty());
    let closed = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            gold::close_copies(tx, source).await?;
            Ok(tx.record(Evidence::new("test.masked", "item", source.uuid()))?)
        })
    });
    closed.await.unwrap();
    assert!(frames(copy).await.is_empty() && !frames(other).await.is_empty());
    for alias in before {
        let found = countersign_store::assets::by_id(&mut store.read().await.unwrap(), alias).await.unwrap();
        assert!(found.is_none(), "{alias}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gold_item_that_is_masked_anew_closes_its_copies() {
    masked_anew(Mine::new(House::new().await).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gold_item_that_is_masked_anew_closes_its_copies_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    masked_anew(Mine::new(house).await).await;
}

/// Whoever is given nothing to read would be offered copies alone: so copies are given with what they lie beside.
#[tokio::test(flavor = "multi_thread")]
async fn gold_goes_where_its_neighbour_goes() {
    let mine = Mine::new(House::new().await).await;
    let (pipeline, owner) = (&mine.house.pipeline, &mine.crew.owner);
    let mut conn = pipeline.store.read().await.unwrap();
    let own = countersign_store::organizations::of_user(&mut conn, owner.user()).await.unwrap().unwrap().id;
    drop(conn);
    mine.reader("good@p").await;
    let draft = MixDraft {
        organizations: vec![own],
        items: None,
        count: None,
        overlap: 0,
        reason: "they know it best".into(),
    };
    let mix = pipeline.draw_mix(owner, mine.project, draft).await.unwrap();
    assert_eq!((mix.items, mix.shares[0].given), (u64::from(LATER), u64::from(LATER)));
    let assigned = async |ended: bool| -> u64 {
        let mut conn = pipeline.store.read().await.unwrap();
        let sql = "SELECT COUNT(*) AS n FROM assignments WHERE (ended_at IS NOT NULL) = $1";
        conn.query(sql).bind(ended).fetch_one().await.unwrap().get("n").unwrap()
    };
    let all = u64::from(LATER) + mine.copies.len() as u64;
    assert_eq!(assigned(false).await, all);
    let after = pipeline.take_back(owner, mix.id, own, "somebody else does".into()).await.unwrap();
    assert_eq!((after[0].shares[0].taken_back, assigned(true).await), (u64::from(LATER), all));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_somebody_else_drew_and_everybody_passed_becomes_gold() {
    let house = House::new().await;
    let (project, crew, accepted) = images(&house, 1, 1).await;
    let pipeline = &house.pipeline;
    let engineer = house.sign_in("quality_engineer@p").await;
    let items = pipeline.items(&engineer, project, all()).await.unwrap().items;
    let waiting = items.iter().find(|item| item.phase == "queued").unwrap().id;
    let make = async |who: &Caller, item, reason: &str| {
        code(&pipeline.make_gold(who, project, item, reason.into()).await.unwrap_err())
    };
    assert_eq!(make(&engineer, waiting, "sure").await, "not_accepted");
    assert_eq!(make(&engineer, accepted[0], " ").await, "reason_required");
    assert_eq!(make(&crew.annotator, accepted[0], "sure").await, "not_found");
    assert_eq!(make(&crew.reviewer, accepted[0], "sure").await, "not_found");
    pipeline.grant(&crew.owner, project, crew.annotator.user(), Role::QualityEngineer).await.unwrap();
    let drew = house.sign_in("annotator@p").await;
    assert_eq!(make(&drew, accepted[0], "sure").await, "separation_of_duties");
    let made = pipeline.make_gold(&engineer, project, accepted[0], "sure".into()).await.unwrap();
    assert_eq!((made.state.as_str(), made.reads, made.wrong_share), ("active", 0, None));
    assert_eq!(make(&engineer, accepted[0], "sure").await, "already_gold");
    // A held one is not given out, and says so.
    pipeline.hold(&engineer, accepted[0], "looked at again".into()).await.unwrap();
    let report = pipeline.gold(&engineer, project).await.unwrap();
    assert_eq!((report.gold[0].state.as_str(), report.reads_to_find), ("changed", None));
    let mut conn = pipeline.store.read().await.unwrap();
    let none = gold::next(&mut conn, project, 20, 1).await.unwrap();
    assert!(none.is_none());
    let trusted = gold::by_id(&mut conn, made.id).await.unwrap().unwrap().read_id;
    let read = reads::by_id(&mut conn, trusted).await.unwrap().unwrap();
    assert_eq!(read.content_hash.as_deref(), Some(made.content_hash.as_str()));
    assert!(gold::by_person(&mut conn, project, Instant(0)).await.unwrap().is_empty());
}
