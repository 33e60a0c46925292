//! Which items a release takes, and what stops it.

use countersign_model::{ItemId, ProjectId, ReadId, ReleaseId, SignatureMeaning, StageKind, UserId};
use countersign_store::{
    Evidence, StoreError, Tx, items,
    reads::{self, Read, Signature},
    releases::{self, Release},
};

use crate::world::{World, both, item_of};

const HASH: &str = "00";

/// An item that passed every stage; signed by somebody, or not.
async fn accepted(
    tx: &mut Tx,
    project: ProjectId,
    number: usize,
    signer: Option<UserId>,
) -> Result<ItemId, StoreError> {
    let mut item = item_of(tx, project, number);
    item.state = "accepted".to_owned();
    let (id, read): (ItemId, ReadId) = (item.id, tx.fresh());
    items::insert(tx, item).await?;
    let row = Read {
        id: read,
        item_id: id,
        project_id: project,
        stage: 0,
        kind: StageKind::Read,
        author_user: signer,
        author_model: None,
        author_model_version: None,
        author_rule: None,
        model_hash: None,
        model_hash_of: None,
        cannot_assess: false,
        status: "submitted".to_owned(),
        base_read_id: None,
        revision: 0,
        content_hash: Some(HASH.to_owned()),
        protocol_version: 1,
        created_at: tx.now(),
        submitted_at: Some(tx.now()),
        annotation_count: 0,
    };
    reads::insert(tx, row).await?;
    tx.query("UPDATE items SET accepted_read_id = $1 WHERE id = $2").bind(read).bind(id).execute().await?;
    let signature: countersign_model::SignatureId = tx.fresh();
    let evidence = Evidence::new("signature.approved", "signature", signature.0).item(id);
    let event_id = tx.record(evidence)?;
    if let Some(user_id) = signer {
        let signature = Signature {
            id: signature,
            item_id: id,
            read_id: read,
            user_id,
            printed_name: "A Person".to_owned(),
            meaning: SignatureMeaning::Approved,
            content_hash: HASH.to_owned(),
            at: tx.now(),
            event_id,
        };
        reads::insert_signature(tx, signature).await?;
    }
    Ok(id)
}

fn building(tx: &Tx, project: ProjectId) -> Release {
    Release {
        audience: "internal".into(),
        countersigned_by: None,
        countersigned_at: None,
        certification_id: None,
        format: 1,
        carried_to: None,
        id: tx.fresh(),
        project_id: project,
        name: "v1".to_owned(),
        state: "building".to_owned(),
        root: None,
        manifest_hash: None,
        items: 0,
        annotations: 0,
        address: None,
        bytes: None,
        certificate: None,
        created_by: None,
        created_at: tx.now(),
        event_id: None,
    }
}

async fn begin(world: &World, project: ProjectId) -> (ReleaseId, u64) {
    let begun = world.write(move |tx| {
        Box::pin(async move {
            let release = building(tx, project);
            let id = release.id;
            releases::insert(tx, release, vec![]).await?;
            let count = releases::insert_accepted(tx, id, project).await?;
            releases::set_items(tx, id, count).await?;
            tx.record(Evidence::new("release.started", "release", id.0))?;
            Ok((id, count))
        })
    });
    begun.await
}

async fn set(world: &World, item: ItemId, sql: &'static str) {
    let changed = world.write(move |tx| {
        Box::pin(async move {
            tx.query(sql).bind(item).execute().await?;
            tx.record(Evidence::new("test", "item", item.0)).map(drop)
        })
    });
    changed.await;
}

async fn spoiled(world: &World, id: ReleaseId) -> Option<(ItemId, bool)> {
    world.write(move |tx| Box::pin(async move { releases::spoiled(tx, id).await })).await
}

both! {
    async fn a_release_takes_what_is_accepted_and_free_and_notices_what_changes(world: World) {
        let (project, people) = world.project(&[countersign_model::Role::Specialist]).await;
        let signer = people[0];
        let made = world.write(move |tx| Box::pin(async move {
            Ok([
                accepted(tx, project, 10, Some(signer)).await?,
                accepted(tx, project, 11, None).await?,
                accepted(tx, project, 12, Some(signer)).await?,
            ])
        }));
        let [first, unsigned, held] = made.await;
        world.tasks(project, 2).await;
        set(world, held, "UPDATE items SET held = TRUE WHERE id = $1").await;
        let (id, count) = begin(world, project).await;
        assert_eq!(count, 2, "neither the held one nor those that wait");
        let mut reader = world.store.read().await.unwrap();
        assert_eq!(releases::unsigned(&mut reader, id).await.unwrap(), Some(unsigned));
        let page = releases::items_after(&mut reader, id, None, 1).await.unwrap();
        assert_eq!((page[0].item_id, page[0].content_hash.as_str()), (first, HASH));
        let page = releases::items_after(&mut reader, id, Some(first), 5).await.unwrap();
        assert_eq!(page.iter().map(|line| line.item_id).collect::<Vec<_>>(), [unsigned]);
        assert_eq!(releases::building(&mut reader).await.unwrap()[0].items, 2);

        assert_eq!(spoiled(world, id).await, None);
        set(world, first, "UPDATE items SET held = TRUE WHERE id = $1").await;
        assert_eq!(spoiled(world, id).await, Some((first, true)));
        set(world, first, "UPDATE items SET held = FALSE, state = 'queued' WHERE id = $1").await;
        assert_eq!(spoiled(world, id).await, Some((first, false)));
        set(world, first, "UPDATE items SET state = 'released' WHERE id = $1").await;
        assert_eq!(spoiled(world, id).await, None);

        let ended = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("release.failed", "release", id.0))?;
            Ok((releases::fail(tx, id).await?, releases::fail(tx, id).await?))
        }));
        assert_eq!(ended.await, (true, false));
        assert_eq!(releases::unmarked(&mut reader).await.unwrap(), []);
        // A failed release gives its name free.
        let (second, _) = begin(world, project).await;
        set(world, ItemId(second.0), "UPDATE releases SET state = 'done' WHERE id = $1").await;
        assert_eq!(releases::unmarked(&mut reader).await.unwrap(), [second]);
    }
}
