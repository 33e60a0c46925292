//! A draft in which a label was made wrong looks like any other: by every route that the interface documents, by every live event,
//! to everybody who is called to the item, until it is accepted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_model::{ItemId, ProjectId, Role};
use countersign_pipeline::{
    live::Seen,
    people::Caller,
    review::Verdict,
    views::Work,
    work::{Change, Wish},
};
use countersign_store::{Actor, suggestions::Suggestion};
use countersign_workflow::{Missing, ReviewDecision, shipped};
use serde_json::Value;

use crate::{
    blind::look_everywhere,
    house::{House, PASSWORD},
};

/// Parts that come in: some of each arm.
const PARTS: usize = 24;

struct Plant {
    house: House,
    project: ProjectId,
    people: BTreeMap<&'static str, (String, Caller)>,
    /// One item of each arm whose draft has labels.
    items: BTreeMap<String, (ItemId, Suggestion)>,
}

async fn plant() -> Plant {
    let house = House::new().await;
    let mut grants = Vec::new();
    for role in Role::ALL {
        grants.push((house.person(role.as_str(), &[]).await, *role));
    }
    let project = house.project("boards", "inspection", &grants).await;
    let (_, text) = shipped().iter().find(|(id, _)| *id == "inspection").unwrap();
    let plan = "suggestions: { planted_share: 0.5, control_share: 0.2 }\nguideline:";
    let document = text.replace("version: 1", "version: 2").replace("guideline:", plan);
    let owner = house.caller(&house.session("owner").await).await;
    house.pipeline.activate_protocol(&owner, project, 1, &document, PASSWORD).await.unwrap();
    let officer = house.caller(&house.session("privacy_officer").await).await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = countersign_synthesis::parts::Options { side_px: 128, lot: "lot-1".into() };
    for (path, bytes) in
        countersign_synthesis::lot(3, PARTS, &options).iter().flat_map(|part| part.files(false))
    {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let paths = vec![folder.path().to_owned()];
    house.pipeline.ingest_as(Actor::console(), None, project, paths, Arc::new(|_| {})).await.unwrap();
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();

    let mut items = BTreeMap::new();
    let mut conn = house.pipeline.store.read().await.unwrap();
    let every = countersign_store::items::ItemFilter::default();
    for item in countersign_store::items::list(&mut conn, project, &every, 1_000).await.unwrap() {
        let row = countersign_store::suggestions::of_item(&mut conn, item.id).await.unwrap();
        let Some(row) = row else { continue };
        let labels = countersign_store::reads::annotations(&mut conn, row.draft_id).await.unwrap();
        // With one label at least, whatever was taken out; and something was made wrong.
        if !labels.is_empty() && (row.arm != "planted" || row.said.contains("\"plant\"")) {
            items.entry(row.arm.clone()).or_insert((item.id, row));
        }
    }
    drop(conn);
    assert_eq!(items.keys().collect::<Vec<_>>(), ["control", "genuine", "planted"]);
    let mut people = BTreeMap::new();
    for who in ["annotator", "quality_engineer", "specialist"] {
        let secret = house.session(who).await;
        let caller = house.caller(&secret).await;
        people.insert(who, (secret, caller));
    }
    Plant { house, project, people, items }
}

/// An answer with nothing in it but how it is built: what differs from item to item in any case is gone.
pub fn built(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key}:{}", built(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(entries) => {
            let kinds: BTreeSet<String> = entries.iter().map(built).collect();
            format!("[{}]", kinds.into_iter().collect::<Vec<_>>().join("|"))
        }
        Value::Number(_) => "n".into(),
        Value::String(_) => "s".into(),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".into(),
    }
}

impl Plant {
    async fn claim(&self, who: &str, role: Role, item: ItemId) -> Work {
        let wish = Wish { item: Some(item), role: Some(role), ..Wish::default() };
        self.house.pipeline.claim(&self.people[who].1, self.project, wish).await.unwrap()
    }

    /// Everything that somebody at work on an item is answered about it, by the pattern of the route: how it is built.
    async fn crawl(&self, who: &str, work: &Work, arm: &str) -> BTreeMap<String, String> {
        let (item, row) = &self.items[arm];
        let mut reads = vec![row.draft_id.to_string()];
        reads.extend(work.read.iter().map(|read| read.summary.id.to_string()));
        let names = [
            ("project", vec![self.project.to_string()]),
            ("item", vec![item.to_string()]),
            ("task", vec![work.task.id.to_string()]),
            ("read", reads.clone()),
            ("stream", vec!["0".into()]),
            ("frame", vec!["0".into()]),
        ];
        let ids: BTreeMap<&str, Vec<String>> = names.into_iter().collect();
        let said: Value = serde_json::from_str(&row.said).unwrap();
        let mut secrets = vec![row.number.clone(), row.said.clone(), "suggestion.".into()];
        secrets.extend(["class_swapped", "\"invented\""].map(String::from));
        if let Some(removed) =
            said["plant"]["genuine"]["id"].as_str().filter(|_| said["plant"]["kind"] == "removed")
        {
            secrets.push(removed.to_owned());
        }
        let mut seen = BTreeMap::new();
        for (path, answer) in look_everywhere(&self.house, &self.people[who].0, &ids).await {
            for secret in &secrets {
                assert!(!answer.contains(secret.as_str()), "{path} tells {who} of it: {secret}");
            }
            let mut pattern = path;
            let mine = [(item.to_string(), "ITEM"), (work.task.id.to_string(), "TASK")];
            let mine = mine.into_iter().chain(reads.iter().cloned().zip(["DRAFT", "OWN"]));
            for (id, name) in mine {
                pattern = pattern.replace(&id, name);
            }
            let (status, body) = answer.split_once(' ').map_or((answer.as_str(), ""), |halves| halves);
            let body = body.split_once('{').map_or_else(String::new, |(_, rest)| {
                serde_json::from_str(&format!("{{{rest}"))
                    .map_or_else(|_| String::new(), |value: Value| built(&value))
            });
            // Lists of the whole project are the same lists.
            if pattern.contains("ITEM")
                || pattern.contains("TASK")
                || pattern.contains("DRAFT")
                || pattern.contains("OWN")
            {
                seen.insert(pattern, format!("{status} {body}"));
            }
        }
        assert!(seen.len() > 8, "{} routes", seen.len());
        seen
    }

    /// What somebody hears of an item, in order.
    async fn heard(&self, who: &str, item: ItemId) -> Vec<(String, String)> {
        self.house.pipeline.store.sequence().await.unwrap();
        let mut told = Vec::new();
        for event in self.house.pipeline.heard_since(0).await.unwrap() {
            let seen = self.house.pipeline.seen_live(&self.people[who].1, &event).await.unwrap();
            if let Seen::Whole { event, .. } = seen
                && event.item == Some(item)
            {
                told.push((event.action, event.object_kind));
            }
        }
        told
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_at_work_can_tell_a_planted_suggestion_from_a_real_one() {
    let plant = plant().await;
    let pipeline = &plant.house.pipeline;
    let (mut seen, mut heard) = (BTreeMap::new(), BTreeMap::new());
    for arm in ["genuine", "planted"] {
        let item = plant.items[arm].0;
        let work = plant.claim("annotator", Role::Annotator, item).await;
        assert!(!work.read.as_ref().unwrap().annotations.is_empty(), "it begins as the draft");
        seen.insert((arm, "read"), plant.crawl("annotator", &work, arm).await);
        let own = work.read.as_ref().unwrap();
        let (fence, revision) = (work.task.fence, own.revision);
        let changes: Vec<Change> = vec![];
        let reader = &plant.people["annotator"].1;
        pipeline.submit(reader, work.task.id, fence, revision, changes).await.unwrap();

        let work = plant.claim("quality_engineer", Role::QualityEngineer, item).await;
        seen.insert((arm, "review"), plant.crawl("quality_engineer", &work, arm).await);
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision: ReviewDecision::Accept,
            missing: Some(Missing::Nothing),
            reason: None,
            comment: None,
            return_to: None,
        };
        let (fence, revision) = (work.task.fence, work.read.as_ref().unwrap().revision);
        let reviewer = &plant.people["quality_engineer"].1;
        pipeline.review(reviewer, work.task.id, fence, revision, vec![], verdict).await.unwrap();

        let work = plant.claim("specialist", Role::Specialist, item).await;
        seen.insert((arm, "sign"), plant.crawl("specialist", &work, arm).await);
        for who in ["annotator", "quality_engineer", "specialist"] {
            heard.insert((arm, who), plant.heard(who, item).await);
        }
    }
    for stage in ["read", "review", "sign"] {
        assert_eq!(seen[&("genuine", stage)], seen[&("planted", stage)], "at {stage}");
    }
    for who in ["annotator", "quality_engineer", "specialist"] {
        assert_eq!(heard[&("genuine", who)], heard[&("planted", who)], "{who}");
    }
    // Where the draft is withheld there is none: its read cannot be had, its marks are nowhere.
    let (item, row) = &plant.items["control"];
    let work = plant.claim("annotator", Role::Annotator, *item).await;
    assert!(work.draft.is_none() && work.read.as_ref().unwrap().annotations.is_empty());
    let found = plant.crawl("annotator", &work, "control").await;
    let of_draft = found.iter().filter(|(path, _)| path.contains("DRAFT"));
    assert!(
        of_draft.clone().count() > 0 && of_draft.clone().all(|(_, answer)| answer.starts_with("404")),
        "{found:?}"
    );
    assert!(found.values().all(|answer| !answer.contains(&row.draft_id.to_string())));
}
