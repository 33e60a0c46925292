//! A copy of a gold item looks like any other item to whoever reads it: by every route that the interface documents, by every live event,
//! before and after it is handed in; and to whoever has no part in it it is not there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_model::{ItemId, ProjectId, Role};
use countersign_pipeline::{
    items::ItemQuery, live::Seen, people::Caller, review::Verdict, sign::Countersigning, views::Work,
    work::Wish,
};
use countersign_store::{Actor, gold};
use countersign_workflow::{Missing, ReviewDecision, SignDecision, shipped};
use serde_json::Value;

use crate::{
    blind::look_everywhere,
    house::{House, PASSWORD},
    suggestions::built,
};

/// Parts that come in before, and become gold once they are accepted; and after.
const EARLIER: usize = 4;
const LATER: usize = 16;

struct Plant {
    house: House,
    project: ProjectId,
    secret: String,
    reader: Caller,
    engineer: Caller,
    /// What nobody who reads may be told.
    secrets: Vec<String>,
    copies: BTreeSet<ItemId>,
}

async fn bring(house: &House, project: ProjectId, lot: &str, seed: u64, parts: usize) {
    let folder = tempfile::tempdir().unwrap();
    let options = countersign_synthesis::parts::Options { side_px: 128, lot: lot.into() };
    let made = countersign_synthesis::lot(seed, parts, &options);
    for (path, bytes) in made.iter().flat_map(|part| part.files(false)) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let paths = vec![folder.path().to_owned()];
    house.pipeline.ingest_as(Actor::console(), None, project, paths, Arc::new(|_| {})).await.unwrap();
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
}

/// Read, review and countersignature of the next part.
async fn accept(house: &House, project: ProjectId) -> ItemId {
    let pipeline = &house.pipeline;
    let mut callers = BTreeMap::new();
    for who in ["annotator", "quality_engineer", "specialist"] {
        callers.insert(who, house.caller(&house.session(who).await).await);
    }
    let work = pipeline.claim(&callers["annotator"], project, Wish::default()).await.unwrap();
    let (fence, revision) = (work.task.fence, work.read.unwrap().revision);
    pipeline.submit(&callers["annotator"], work.task.id, fence, revision, vec![]).await.unwrap();
    let work = pipeline.claim(&callers["quality_engineer"], project, Wish::default()).await.unwrap();
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: ReviewDecision::Accept,
        missing: Some(Missing::Nothing),
        reason: None,
        comment: None,
        return_to: None,
    };
    let (fence, revision) = (work.task.fence, work.read.unwrap().revision);
    let reviewer = &callers["quality_engineer"];
    let done = pipeline.review(reviewer, work.task.id, fence, revision, vec![], verdict).await.unwrap();
    let work = pipeline.claim(&callers["specialist"], project, Wish::default()).await.unwrap();
    let act = Countersigning {
        decision: SignDecision::Sign,
        content_hash: done.content_hash,
        password: PASSWORD.into(),
        reason: None,
        comment: None,
        return_to: None,
    };
    pipeline.countersign(&callers["specialist"], work.task.id, work.task.fence, act).await.unwrap();
    work.item.id
}

async fn plant() -> Plant {
    let house = House::new().await;
    let mut grants = Vec::new();
    for role in Role::ALL {
        grants.push((house.person(role.as_str(), &[]).await, *role));
    }
    grants.push((house.person("reader", &[]).await, Role::Annotator));
    let project = house.project("boards", "inspection", &grants).await;
    let (_, text) = shipped().iter().find(|(id, _)| *id == "inspection").unwrap();
    let document = text.replace("version: 1", "version: 2").replacen(
        "guideline:",
        "gold: { share: 0.3, exposures_total: 50 }\nguideline:",
        1,
    );
    let owner = house.caller(&house.session("owner").await).await;
    house.pipeline.activate_protocol(&owner, project, 1, &document, PASSWORD).await.unwrap();
    let officer = house.caller(&house.session("privacy_officer").await).await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    bring(&house, project, "lot-1", 3, EARLIER).await;
    let engineer = house.caller(&house.session("quality_engineer").await).await;
    let mut secrets = vec!["gold.".to_owned()];
    for _ in 0..EARLIER {
        let item = accept(&house, project).await;
        let made = house.pipeline.make_gold(&engineer, project, item, "sure of it".into()).await.unwrap();
        let streams = house.pipeline.item(&engineer, item).await.unwrap().streams;
        let frames = streams.iter().flat_map(|stream| &stream.frames);
        secrets.extend([item.to_string(), made.id.to_string(), made.content_hash]);
        secrets.extend(frames.map(|frame| frame.asset.to_string()));
    }
    bring(&house, project, "lot-2", 5, LATER).await;
    let query = ItemQuery { limit: Some(200), ..ItemQuery::default() };
    let listed = house.pipeline.items(&engineer, project, query).await.unwrap().items;
    let (mut copies, mut conn) = (BTreeSet::new(), house.pipeline.store.read().await.unwrap());
    for item in &listed {
        copies.extend(gold::beside(&mut conn, item.id).await.unwrap().map(|copy| copy.item_id));
    }
    drop(conn);
    assert!(!copies.is_empty() && listed.len() == EARLIER + LATER, "{copies:?}");
    let secret = house.session("reader").await;
    let reader = house.caller(&secret).await;
    Plant { house, project, secret, reader, engineer, secrets, copies }
}

impl Plant {
    /// Everything that the reader is answered about an item, by the pattern of the route: how it is built.
    async fn crawl(&self, work: &Work) -> BTreeMap<String, String> {
        let own = work.read.as_ref().unwrap().summary.id.to_string();
        let draft = work.draft.as_ref().map(|draft| draft.summary.id.to_string());
        let mut reads = vec![own.clone()];
        reads.extend(draft.clone());
        let names = [
            ("project", vec![self.project.to_string()]),
            ("item", vec![work.item.id.to_string()]),
            ("task", vec![work.task.id.to_string()]),
            ("read", reads),
            ("stream", vec!["0".into(), "1".into()]),
            ("frame", vec!["0".into()]),
        ];
        let ids: BTreeMap<&str, Vec<String>> = names.into_iter().collect();
        let mut seen = BTreeMap::new();
        for (path, answer) in look_everywhere(&self.house, &self.secret, &ids).await {
            for secret in &self.secrets {
                assert!(!answer.contains(secret.as_str()), "{path} tells of it: {secret}");
            }
            let mut pattern = path;
            let mine = [
                (work.item.id.to_string(), "ITEM"),
                (work.task.id.to_string(), "TASK"),
                (own.clone(), "OWN"),
            ];
            for (id, name) in mine.into_iter().chain(draft.clone().map(|id| (id, "DRAFT"))) {
                pattern = pattern.replace(&id, name);
            }
            let (status, body) = answer.split_once(' ').map_or((answer.as_str(), ""), |halves| halves);
            let body = body.split_once('{').map_or_else(String::new, |(_, rest)| {
                serde_json::from_str(&format!("{{{rest}"))
                    .map_or_else(|_| String::new(), |value: Value| built(&value))
            });
            if ["ITEM", "TASK", "OWN", "DRAFT"].iter().any(|name| pattern.contains(name)) {
                seen.insert(pattern, format!("{status} {body}"));
            }
        }
        assert!(seen.len() > 8, "{} routes", seen.len());
        seen
    }

    async fn heard(&self, item: ItemId) -> Vec<(String, String)> {
        self.house.pipeline.store.sequence().await.unwrap();
        let mut told = Vec::new();
        for event in self.house.pipeline.heard_since(0).await.unwrap() {
            let seen = self.house.pipeline.seen_live(&self.reader, &event).await.unwrap();
            if let Seen::Whole { event, .. } = seen
                && event.item == Some(item)
            {
                told.push((event.action, event.object_kind));
            }
        }
        told
    }

    /// Takes whatever is next and hands it in as it is drafted: what the reader saw of it.
    async fn read(&self) -> Option<(ItemId, Seens)> {
        let pipeline = &self.house.pipeline;
        let work = pipeline.claim(&self.reader, self.project, Wish::default()).await.ok()?;
        // One of each kind is enough to go through all routes.
        let at_work = self.crawl(&work).await;
        let (fence, revision) = (work.task.fence, work.read.as_ref().unwrap().revision);
        let done = pipeline.submit(&self.reader, work.task.id, fence, revision, vec![]).await.unwrap();
        let after = self.crawl(&work).await;
        let heard = self.heard(work.item.id).await;
        Some((work.item.id, Seens { at_work, after, heard, phase: (done.phase, done.stage) }))
    }
}

#[derive(Debug, PartialEq)]
struct Seens {
    at_work: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    heard: Vec<(String, String)>,
    phase: (String, Option<u32>),
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_a_copy_cannot_tell_it_from_an_item() {
    let plant = plant().await;
    let (mut copies, mut ordinary) = (Vec::new(), Vec::new());
    while let Some((item, seen)) = plant.read().await {
        if plant.copies.contains(&item) {
            copies.push(seen);
        } else {
            ordinary.push(seen);
        }
        if copies.len() == 2 && ordinary.len() >= 4 {
            break;
        }
    }
    assert!(!copies.is_empty() && ordinary.len() >= 2, "{} and {}", copies.len(), ordinary.len());
    // What is built one way for some ordinary items only (an empty draft, say) tells nothing.
    for copy in &copies {
        assert!(ordinary.iter().any(|one| one.heard == copy.heard && one.phase == copy.phase));
        for (route, answer) in copy.at_work.iter() {
            assert!(ordinary.iter().any(|one| one.at_work.get(route) == Some(answer)), "{route}: {answer}");
        }
        for (route, answer) in copy.after.iter() {
            assert!(ordinary.iter().any(|one| one.after.get(route) == Some(answer)), "{route}: {answer}");
        }
    }
    // They bear the lot and names like those of what came in with them.
    let own =
        plant.house.pipeline.items(&plant.reader, plant.project, ItemQuery::default()).await.unwrap().items;
    assert!(own.iter().all(|item| item.facts.lot.as_deref() == Some("lot-2")));
    let names: BTreeSet<_> = own.iter().map(|item| &item.name).collect();
    assert_eq!(names.len(), own.len());
    // For whoever has no part in a copy there is none.
    let strangers = [plant.house.caller(&plant.house.session("specialist").await).await];
    for copy in &plant.copies {
        for stranger in &strangers {
            assert!(plant.house.pipeline.item(stranger, *copy).await.is_err());
        }
        assert!(plant.house.pipeline.item(&plant.engineer, *copy).await.is_ok());
    }
}
