//! Holds on a lot, a release, a person's work: everything in it is kept out, what comes later too, and the releases that
//! hold such items already are named.

use std::sync::Arc;

use countersign_model::{ItemId, ProjectId, Role};
use countersign_pipeline::{
    PipelineError,
    holds::wide::{HoldScope, WideHoldView},
    import::ImportImage,
    items::ItemQuery,
    people::Caller,
    release::Selection,
    signing::Components,
    work::Wish,
};
use countersign_store::{Actor, Evidence};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code},
};

async fn drain(house: &House) {
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
}

fn lot(name: &str) -> HoldScope {
    HoldScope::Lot { lot: name.into() }
}

/// Pictures that stay elsewhere, in lots.
async fn bring(house: &House, project: ProjectId, from: u32, lots: &[&str]) {
    let images = (from..).zip(lots).map(|(n, lot)| ImportImage {
        url: format!("https://images.example/{n}.jpg"),
        name: None,
        lot: Some((*lot).to_owned()),
    });
    let technician = house.sign_in("technician@p").await;
    house.pipeline.import(&technician, project, images.collect()).await.unwrap();
    drain(house).await;
}

async fn only(house: &House, who: &Caller, project: ProjectId) -> WideHoldView {
    house.pipeline.wide_holds(who, project).await.unwrap().remove(0)
}

async fn held(house: &House, who: &Caller, project: ProjectId) -> Vec<ItemId> {
    let query = ItemQuery { held: Some(true), ..ItemQuery::default() };
    house.pipeline.items(who, project, query).await.unwrap().items.iter().map(|item| item.id).collect()
}

async fn release(house: &House, crew: &Crew, project: ProjectId, name: &str) -> (uuid::Uuid, u64) {
    let signed = Some(Components::from(PASSWORD));
    let all = Selection::AllAccepted;
    let begun =
        house.pipeline.make_release_signed(&crew.scientist, project, name, all, signed).await.unwrap();
    let made = if begun.state == "proposed" {
        house.pipeline.countersign_release(&crew.owner, begun.id, PASSWORD.into()).await.unwrap()
    } else {
        begun
    };
    (made.id.uuid(), made.items)
}

async fn a_lot_is_kept_out_and_the_releases_with_it_are_named(house: House) {
    let project = house.project("p", "images").await;
    let officer = house.sign_in("privacy_officer@p").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    bring(&house, project, 0, &["L-7", "L-8", "L-7", "L-8"]).await;
    let crew = Crew::of(&house, "p", "reviewer").await;
    for _ in 0..4 {
        crew.work(&house, project, &[]).await;
    }
    let (first, items) = release(&house, &crew, project, "first").await;
    assert_eq!(items, 4);

    // The trigger comes after the release.
    let (pipeline, engineer) = (&house.pipeline, house.sign_in("quality_engineer@p").await);
    let check = pipeline.check_wide_hold(&engineer, project, lot("L-7")).await.unwrap();
    assert_eq!((check.items, check.held), (2, 0));
    let put = pipeline.hold_all(&engineer, project, lot("L-7"), "a lamp was replaced".into()).await.unwrap();
    assert!(put.working, "the items follow");
    // Until they are all held, none of them slips out.
    let signed = Some(Components::from(PASSWORD));
    let early =
        pipeline.make_release_signed(&crew.scientist, project, "early", Selection::AllAccepted, signed);
    assert_eq!(code(&early.await.unwrap_err()), "hold_working");
    drain(&house).await;
    let seen = only(&house, &engineer, project).await;
    assert_eq!((seen.items, seen.held, seen.working), (2, 2, false));
    let recall: Vec<_> =
        seen.releases.iter().map(|one| (one.id.uuid(), one.name.as_str(), one.items)).collect();
    assert_eq!(recall, [(first, "first", 2)], "the recall list is complete");
    let shown = pipeline.release(&crew.scientist, first.into()).await.unwrap();
    assert_eq!((shown.items, shown.held), (4, 2));
    let released = held(&house, &engineer, project).await;
    assert_eq!(released.len(), 2);

    // What comes of the lot later is held too, and nobody is given work on it.
    bring(&house, project, 4, &["L-7", "L-8"]).await;
    assert_eq!(only(&house, &engineer, project).await.held, 3);
    crew.work(&house, project, &[]).await;
    let more = pipeline.claim(&crew.annotator, project, Wish::default()).await;
    assert_eq!(code(&more.unwrap_err()), "nothing_to_do");
    let (_, items) = release(&house, &crew, project, "second").await;
    assert_eq!(items, 3, "of the other lot alone");
    assert_eq!(only(&house, &engineer, project).await.releases.len(), 1);

    // Another reason keeps an item held when the lot is let go.
    let one = held(&house, &engineer, project).await[0];
    pipeline.hold(&engineer, one, "a scratch".into()).await.unwrap();
    pipeline.lift_all(&engineer, put.id, "the pictures are fine".into()).await.unwrap();
    drain(&house).await;
    let seen = only(&house, &engineer, project).await;
    assert_eq!((seen.items, seen.held, seen.working), (3, 0, false));
    assert_eq!(held(&house, &engineer, project).await, [one]);
    let again = pipeline.lift_all(&engineer, put.id, "again".into()).await;
    assert_eq!(code(&again.unwrap_err()), "no_such_hold");

    // Whoever has the release has its items, whatever became of one of them since.
    state(&house, released[0], "withdrawn").await;
    let again = pipeline.hold_all(&engineer, project, lot("L-7"), "looked at again".into()).await.unwrap();
    drain(&house).await;
    let seen = only(&house, &engineer, project).await;
    assert_eq!((seen.id, seen.items), (again.id, 2), "what is out of work needs no hold");
    let recall: Vec<_> = seen.releases.iter().map(|one| (one.id.uuid(), one.items)).collect();
    assert_eq!(recall, [(first, 2)], "and is named all the same");
}

/// An item as an owner's decision, long after, leaves it.
async fn state(house: &House, item: ItemId, word: &'static str) {
    let written = house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            tx.query("UPDATE items SET state = $1 WHERE id = $2").bind(word).bind(item).execute().await?;
            tx.record(Evidence::new("test.state", "item", item.uuid()))?;
            Ok(())
        })
    });
    written.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lot_is_kept_out() {
    a_lot_is_kept_out_and_the_releases_with_it_are_named(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lot_is_kept_out_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    a_lot_is_kept_out_and_the_releases_with_it_are_named(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_work_is_let_go_by_somebody_else_and_what_is_not_the_projects_is_unknown() {
    let house = House::new().await;
    let project = house.project("p", "images").await;
    let officer = house.sign_in("privacy_officer@p").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    bring(&house, project, 0, &["L-7", "L-8", "L-9"]).await;
    let crew = Crew::of(&house, "p", "reviewer").await;
    crew.work(&house, project, &[]).await;
    crew.work(&house, project, &[]).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    pipeline.grant(owner, project, crew.annotator.user(), Role::QualityEngineer).await.unwrap();
    let reader = house.sign_in("annotator@p").await;

    let person = HoldScope::Person { user: reader.user().uuid() };
    let put = pipeline.hold_all(owner, project, person, "their licence lapsed".into()).await.unwrap();
    drain(&house).await;
    assert_eq!(only(&house, owner, project).await.held, 2, "what they read, and nothing else");
    let own = pipeline.lift_all(&reader, put.id, "it was fine".into()).await;
    assert_eq!(code(&own.unwrap_err()), "separation_of_duties");
    let item = held(&house, owner, project).await[0];
    let one = pipeline.item(owner, item).await.unwrap().holds[0].id;
    let own = pipeline.lift(&reader, one, "it was fine".into()).await;
    assert_eq!(code(&own.unwrap_err()), "separation_of_duties");
    pipeline.lift_all(owner, put.id, "renewed".into()).await.unwrap();
    drain(&house).await;
    assert!(held(&house, owner, project).await.is_empty());

    let nowhere = uuid::Uuid::from_u128(7);
    for scope in [
        HoldScope::Batch { batch: nowhere },
        HoldScope::Ingest { ingest: nowhere },
        HoldScope::Release { release: nowhere },
        HoldScope::Person { user: nowhere },
    ] {
        let unknown = pipeline.hold_all(owner, project, scope, "why".into()).await.unwrap_err();
        assert!(matches!(unknown, PipelineError::NotFound));
    }
    let empty = pipeline.hold_all(owner, project, lot(" "), "why".into()).await.unwrap_err();
    assert_eq!(code(&empty), "bad_lot");
    let silent = pipeline.hold_all(owner, project, lot("L-7"), " ".into()).await.unwrap_err();
    assert_eq!(code(&silent), "reason_required");
    let stranger = pipeline.hold_all(&crew.scientist, project, lot("L-7"), "why".into()).await.unwrap_err();
    assert!(matches!(stranger, PipelineError::NotFound));
}

/// What passes the gate while its lot is on hold is offered to nobody: it is held in the write that clears it.
#[tokio::test(flavor = "multi_thread")]
async fn what_passes_the_gate_under_a_hold_is_held_as_it_does() {
    let house = House::new().await;
    let project = house.project("boards", "inspection").await;
    let owner = house.sign_in("owner@boards").await;
    house.pipeline.hold_all(&owner, project, lot("lot-1"), "a lamp was replaced".into()).await.unwrap();
    drain(&house).await;
    let options = countersign_synthesis::parts::Options { side_px: 64, lot: "lot-1".into() };
    let parts = countersign_synthesis::lot(7, 2, &options);
    let files: Vec<_> = parts.iter().flat_map(|part| part.files(false)).collect();
    crate::releases::ingest(&house, project, "boards", &files).await;
    let items = held(&house, &owner, project).await;
    assert_eq!(items.len(), 2);
    let mut conn = house.pipeline.store.read().await.unwrap();
    for item in items {
        let sql = "SELECT action FROM events WHERE item_id = $1 AND action IN ('item.cleared', 'hold.opened') ORDER BY id";
        let rows = conn.query(sql).bind(item).fetch_all().await.unwrap();
        let actions: Vec<String> = rows.iter().map(|row| row.get("action").unwrap()).collect();
        assert_eq!(actions, ["hold.opened", "item.cleared"]);
    }
}
