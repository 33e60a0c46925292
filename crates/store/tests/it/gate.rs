//! The privacy officer's queue and its masks.

use countersign_model::{AssetId, AssetKind, GateEntryId, ItemId, MaskOrigin, ProjectId, Role, UserId, Zone};
use countersign_store::{
    Evidence, Json, Tx, assets,
    gate::{self, GateEntry, GateFilter},
    masks::{self, GateMask},
};
use uuid::Uuid;

use crate::world::{World, both};

fn entry(tx: &Tx, project: ProjectId, item: ItemId, risk: u32, reasons: &[&str]) -> GateEntry {
    GateEntry {
        id: tx.fresh(),
        project_id: project,
        item_id: item,
        state: "open".into(),
        reasons: Json(reasons.iter().map(|code| (*code).to_owned()).collect()),
        report: Json(serde_json::json!({})),
        opened_at: tx.now(),
        decided_at: None,
        decided_by: None,
        reason: None,
        risk,
        revision: 0,
        protocol_version: 1,
        waiver_by: None,
        waiver_at: None,
        waiver_reason: None,
    }
}

/// Entries of these risks and reasons, in this order of age.
async fn queue(
    world: &World,
    project: ProjectId,
    waiting: &'static [(u32, &'static [&'static str])],
) -> Vec<GateEntryId> {
    let items = world.tasks(project, waiting.len()).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let mut ids = Vec::new();
                for ((item, _), (risk, reasons)) in items.into_iter().zip(waiting) {
                    let entry = entry(tx, project, item, *risk, reasons);
                    ids.push(entry.id);
                    gate::insert(tx, entry).await?;
                }
                tx.record(Evidence::new("test", "project", project.0))?;
                Ok(ids)
            })
        })
        .await
}

async fn pages(world: &World, project: ProjectId, filter: &GateFilter, limit: u32) -> Vec<GateEntryId> {
    let (mut reader, mut found, mut after) = (world.store.read().await.unwrap(), Vec::new(), None);
    loop {
        let page = gate::list(&mut reader, project, filter, after, limit).await.unwrap();
        let Some(last) = page.last() else { return found };
        after = Some((last.risk, last.id));
        found.extend(page.iter().map(|entry| entry.id));
    }
}

both! {
    async fn the_greatest_risk_comes_first_then_the_oldest_whatever_the_page(world: World) {
        let (project, _) = world.project(&[]).await;
        let ids = queue(world, project, &[
            (35, &["a"]), (90, &["b"]), (35, &["a", "b", "a"]), (100, &["c"]), (90, &["b"]), (0, &[]),
        ]).await;
        let expected: Vec<_> = [3, 1, 4, 0, 2, 5].map(|n: usize| ids[n]).to_vec();
        for limit in 1..=7 {
            assert_eq!(pages(world, project, &GateFilter::default(), limit).await, expected, "{limit}");
        }
        let only = |reason: &str| GateFilter { reason: Some(reason.into()), ..GateFilter::default() };
        assert_eq!(pages(world, project, &only("a"), 1).await, [ids[0], ids[2]]);
        assert_eq!(pages(world, project, &only("b"), 2).await, [ids[1], ids[4], ids[2]]);
        assert!(pages(world, project, &only("d"), 2).await.is_empty());
        let mut reader = world.store.read().await.unwrap();
        let counted = gate::count_reasons(&mut reader, project).await.unwrap();
        let counted: Vec<_> = counted.into_iter().map(|row| (row.code, row.entries)).collect();
        assert_eq!(counted, [("b".to_owned(), 3), ("a".to_owned(), 2), ("c".to_owned(), 1)]);
    }

    async fn a_revision_moves_on_once_and_takes_a_waiver_with_it(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let id = queue(world, project, &[(50, &["a"])]).await[0];
        let officer = people[0];
        let moved = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "gate_entry", id.0))?;
            let moved = gate::advance(tx, id, 0).await?;
            gate::open_waiver(tx, id, officer, "nobody in it").await?;
            Ok(moved)
        })).await;
        assert_eq!(moved, Some(1));
        let waiver = GateFilter { waiver: true, ..GateFilter::default() };
        assert_eq!(pages(world, project, &waiver, 5).await, [id]);
        let (stale, moved, decided, again) = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "gate_entry", id.0))?;
            let stale = gate::advance(tx, id, 0).await?;
            let moved = gate::advance(tx, id, 1).await?;
            let decided = gate::decide(tx, id, "cleared", Some(officer), "looked").await?;
            let again = gate::decide(tx, id, "rejected", Some(officer), "looked").await?;
            Ok((stale, moved, decided, again))
        })).await;
        assert_eq!((stale, moved, decided, again), (None, Some(2), true, false));
        let mut reader = world.store.read().await.unwrap();
        let entry = gate::by_id(&mut reader, id).await.unwrap().unwrap();
        assert_eq!((entry.state.as_str(), entry.waiver_by, entry.revision), ("cleared", None, 2));
        assert_eq!(gate::count_waivers(&mut reader, project).await.unwrap(), 0);
        drop(reader);
        let closed = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "gate_entry", id.0))?;
            gate::advance(tx, id, 2).await
        })).await;
        assert_eq!(closed, None, "what is decided does not move on");
    }

    async fn a_mask_is_taken_back_and_put_back_but_never_lost(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let (item, _) = world.tasks(project, 1).await[0];
        let asset = asset(world, project, item).await;
        let drawn = [mask(1, project, item, asset, None, Some(people[0])), mask(2, project, item, asset, Some("text-1"), None)];
        let rows = drawn.to_vec();
        let (first, officer) = (drawn[0].id, people[0]);
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "item", item.0))?;
            masks::insert_all(tx, rows).await?;
            masks::take_back(tx, first, Some(officer)).await
        })).await;
        let mut reader = world.store.read().await.unwrap();
        let found = masks::of_item(&mut reader, item).await.unwrap();
        assert_eq!(found.iter().map(|mask| mask.removed_by).collect::<Vec<_>>(), [Some(officer), None]);
        assert_eq!(found[0].rect(), drawn[0].rect(), "to the last bit");
        assert_eq!(found[0].origin().unwrap(), MaskOrigin::Person(officer));
        assert_eq!(found[1].origin().unwrap(), MaskOrigin::Detector("text-1".into()));
        drop(reader);
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "item", item.0))?;
            masks::put_back(tx, first).await
        })).await;
        let found = masks::of_item(&mut world.store.read().await.unwrap(), item).await.unwrap();
        assert_eq!((found[0].removed_at, found[0].removed_by), (None, None));
    }
}

async fn asset(world: &World, project: ProjectId, item: ItemId) -> AssetId {
    let subject = world.subject(project, "somebody").await;
    let put = world.store.quarantine().put(project, subject, &b"picture"[..]).await.unwrap();
    world
        .write(move |tx| {
            Box::pin(async move {
                let asset = assets::Asset {
                    id: tx.fresh(),
                    project_id: project,
                    zone: Zone::Quarantine,
                    address: put.address,
                    kind: AssetKind::Png,
                    bytes: 7,
                    content_hash: "-".into(),
                    source_asset_id: None,
                    item_id: Some(item),
                    created_at: tx.now(),
                    external_url: None,
                };
                tx.record(Evidence::new("test", "asset", asset.id.0))?;
                Ok(assets::insert(tx, asset).await?.0.id)
            })
        })
        .await
}

fn mask(
    n: u128,
    project: ProjectId,
    item: ItemId,
    asset: AssetId,
    detector: Option<&str>,
    drawn_by: Option<UserId>,
) -> GateMask {
    GateMask {
        id: Uuid::from_u128(n),
        project_id: project,
        item_id: item,
        asset_id: asset,
        part: 0,
        x: 0.1,
        y: 2.0 / 3.0,
        width: 1e-3,
        height: 40.0,
        detector: detector.map(str::to_owned),
        drawn_by,
        created_at: countersign_model::Instant(5),
        removed_at: None,
        removed_by: None,
    }
}
