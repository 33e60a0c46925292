//! Signatures over what has changed meanwhile: refused as a conflict, whatever is signed.

use countersign_model::ReleaseId;
use countersign_store::{Actor, Evidence, StoreError};
use countersign_workflow::shipped;
use serde_json::{Value, json};

use crate::{
    house::{Answer, PASSWORD, Who},
    town::Town,
};

fn who(town: &Town, login: &str) -> Who {
    town.people.iter().find(|(name, _)| name == login).unwrap().1.clone()
}

/// A signed act against a version, with both components.
async fn signs(town: &Town, login: &str, path: &str, version: Option<u64>, body: Value) -> (u16, String) {
    let mut body = body;
    body["login"] = login.into();
    body["password"] = PASSWORD.into();
    let tag = format!("\"{}\"", version.unwrap_or_default());
    let headers: Vec<(&str, &str)> = version.iter().map(|_| ("if-match", tag.as_str())).collect();
    let path = format!("/api/v1{path}");
    let answer: Answer = town.house.send_with(&who(town, login), "POST", &path, Some(body), &headers).await;
    (answer.status.as_u16(), answer.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_over_what_has_changed_is_a_conflict_whatever_is_signed() {
    let town = Town::new().await;
    let pipeline = town.house.pipeline.clone();
    let project = town.images;
    let changed = (409, "content_changed".to_owned());

    let task = format!("/tasks/{}", town.ids["sign"]);
    let held =
        town.house.send(&who(&town, "specialist"), "GET", &format!("/api/v1{task}"), None).await.json();
    let act = json!({ "fence": held["task"]["fence"], "content_hash": "00".repeat(32), "decision": "sign" });
    assert_eq!(signs(&town, "specialist", &format!("{task}/sign"), None, act).await, changed);

    let protocol = format!("/projects/{project}/protocol");
    let old = signs(&town, "owner", &format!("{protocol}/signature"), Some(9), json!({})).await;
    assert_eq!(old, changed);
    let document = shipped().iter().find(|(name, _)| *name == "images").unwrap().1;
    let document = document.replacen("version: 1\n", "version: 2\nrelease: { four_eyes: true }\n", 1);
    let next = json!({ "document": document, "reason": "releases take two people" });
    assert_eq!(signs(&town, "owner", &protocol, Some(9), next.clone()).await, changed);

    let guideline = format!("/projects/{project}/guideline");
    let engineer = town.caller("quality_engineer");
    let text = serde_json::from_value(json!({ "cards": [] })).unwrap();
    pipeline.save_guideline(engineer, project, 0, text).await.unwrap();
    let publication = json!({ "revision": 99, "change": "clarification", "summary": "shorter" });
    let old = signs(&town, "quality_engineer", &format!("{guideline}/publish"), None, publication).await;
    assert_eq!(old, changed);

    assert_eq!(signs(&town, "owner", &protocol, Some(1), next).await.0, 201);
    let wanted = countersign_pipeline::release::Selection::AllAccepted;
    let lifted = pipeline.store.write::<_, StoreError, _>(Actor::system(), |tx| {
        Box::pin(async move {
            tx.query("UPDATE items SET held = $1").bind(false).execute().await?;
            tx.query("UPDATE batches SET state = 'accepted'").execute().await?;
            tx.record(Evidence::new("test.edited", "test", tx.fresh())).map(drop)
        })
    });
    lifted.await.unwrap();
    let scientist = town.caller("data_scientist");
    let begun = pipeline.make_release_signed(scientist, project, "v2", wanted, Some(PASSWORD.into())).await;
    let begun: ReleaseId = begun.unwrap().id;
    let dropped = pipeline.store.write::<_, StoreError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            tx.query("DELETE FROM release_items WHERE release_id = $1").bind(begun).execute().await?;
            tx.record(Evidence::new("test.edited", "test", tx.fresh())).map(drop)
        })
    });
    dropped.await.unwrap();
    let second = signs(&town, "owner", &format!("/releases/{begun}/countersign"), None, json!({})).await;
    assert_eq!(second, changed);
}
