//! Frozen sets and their audits, on both engines.

use countersign_model::{CertificationId, EventId, ItemId, ProjectId, ReadId, Role, StageKind, UserId};
use countersign_store::{
    Actor, Evidence, Json, StoreError, Tx,
    certifications::{self, Certification, Drawn, Judgement, Progress, Unit},
    items, reads, tasks,
};
use uuid::Uuid;

use crate::world::{World, both, item_of};

const HASH: &str = "00";

pub async fn accepted(
    tx: &mut Tx,
    project: ProjectId,
    number: usize,
) -> Result<(ItemId, ReadId), StoreError> {
    let mut item = item_of(tx, project, number);
    item.state = "accepted".to_owned();
    let (id, read): (ItemId, ReadId) = (item.id, tx.fresh());
    items::insert(tx, item).await?;
    let row = reads::Read {
        id: read,
        item_id: id,
        project_id: project,
        stage: 0,
        kind: StageKind::Read,
        author_user: None,
        author_model: Some("m".into()),
        author_model_version: Some("1".into()),
        status: "submitted".to_owned(),
        base_read_id: None,
        revision: 0,
        content_hash: Some(HASH.to_owned()),
        protocol_version: 1,
        created_at: tx.now(),
        submitted_at: Some(tx.now()),
        annotation_count: 0,
        author_rule: None,
        model_hash: None,
        model_hash_of: None,
        cannot_assess: false,
    };
    reads::insert(tx, row).await?;
    tx.query("UPDATE items SET accepted_read_id = $1 WHERE id = $2").bind(read).bind(id).execute().await?;
    Ok((id, read))
}

fn unit(id: CertificationId, item_id: ItemId, read_id: ReadId) -> Unit {
    Unit {
        certification_id: id,
        item_id,
        read_id,
        content_hash: HASH.into(),
        line: "{}".into(),
        position: None,
        auditor_id: None,
        claimed_until: None,
        own: None,
        shown_at: None,
        errors: None,
        counted: None,
        severity: None,
        comment: None,
        judged_at: None,
    }
}

/// A frozen set of three items whose order is drawn: last, first, second.
async fn frozen(world: &World, project: ProjectId) -> (CertificationId, Vec<ItemId>) {
    world
        .write(move |tx| {
            Box::pin(async move {
                let id: CertificationId = tx.fresh();
                let event: EventId = tx.record(Evidence::new("test", "certification", id.0))?;
                let (mut units, mut ids) = (Vec::new(), Vec::new());
                for number in 0..3 {
                    let (item, read) = accepted(tx, project, number).await?;
                    units.push(unit(id, item, read));
                    ids.push(item);
                }
                let row = Certification {
                    id,
                    project_id: project,
                    name: "c".into(),
                    state: "frozen".into(),
                    frozen: "{}".into(),
                    root: HASH.into(),
                    units: 3,
                    class_lots: Json(vec![3]),
                    sample_max: 3,
                    entropy: None,
                    seed: None,
                    checked: 0,
                    found: 0,
                    bounds: None,
                    stop: None,
                    certificate: None,
                    proofs: None,
                    opened_by: None,
                    frozen_at: tx.now(),
                    frozen_event: event,
                    seeded_at: None,
                    seeded_event: None,
                    closed_at: None,
                    closed_event: None,
                };
                certifications::insert(tx, row, units).await?;
                assert_eq!(certifications::changed(tx, id).await?, None);
                let first = vec![ids[2], ids[0], ids[1]];
                let drawn = Drawn { entropy: "aa".into(), seed: "bb".into(), first, event };
                assert!(certifications::seed(tx, id, drawn.clone()).await?);
                assert!(!certifications::seed(tx, id, drawn).await?, "an order is drawn once");
                Ok((id, ids))
            })
        })
        .await
}

async fn next(world: &World, id: CertificationId, user: UserId) -> Option<ItemId> {
    let until = world.now().plus_seconds(60);
    let unit = world.write(move |tx| {
        Box::pin(async move {
            tx.record(Evidence::new("test", "certification", id.0))?;
            let unit = certifications::next(tx, id, user, until, 3).await?;
            if unit.is_some() {
                certifications::join(tx, id, user).await?;
            }
            Ok(unit)
        })
    });
    unit.await.map(|unit| unit.item_id)
}

both! {
    async fn units_are_given_out_in_their_order_and_to_nobody_who_had_a_part(world: World) {
        let (project, people) = world.project(&[Role::Specialist, Role::Reviewer, Role::Annotator]).await;
        let (id, ids) = frozen(world, project).await;
        let (one, two, worker) = (people[0], people[1], people[2]);
        let last = ids[2];
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "item", last.0))?;
            tasks::take_part(tx, last, worker, 0, "read").await
        })).await;
        assert_eq!(next(world, id, worker).await, Some(ids[0]), "not the first of the order: they drew it");
        assert_eq!(next(world, id, worker).await, Some(ids[0]), "asking again gives the same");
        assert_eq!(next(world, id, one).await, Some(ids[2]));
        assert_eq!(next(world, id, two).await, Some(ids[1]));
        let mut conn = world.store.read().await.unwrap();
        for item in &ids {
            assert!(certifications::blinds(&mut conn, one, *item).await.unwrap());
        }
        assert!(!certifications::blinds(&mut conn, worker, ids[2]).await.unwrap(), "their own work is no secret");
        assert!(certifications::audits_in(&mut conn, one, project).await.unwrap());
        drop(conn);
        // Whoever stays away loses the unit; the next auditor starts anew.
        let shown = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "certification", id.0))?;
            let first = certifications::show(tx, id, 2, two, "{}").await?;
            Ok((first, certifications::show(tx, id, 2, two, "{}").await?, certifications::show(tx, id, 2, one, "{}").await?))
        })).await;
        assert_eq!(shown, (true, false, false));
        world.clock.advance_seconds(61);
        let until = world.now().plus_seconds(60);
        let taken = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "certification", id.0))?;
            let mut taken = Vec::new();
            for user in [worker, one] {
                taken.push(certifications::next(tx, id, user, until, 3).await?.unwrap());
            }
            Ok(taken)
        })).await;
        assert_eq!((taken[0].item_id, taken[1].item_id), (ids[0], ids[2]));
        let third = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "certification", id.0))?;
            let judged = Judgement { errors: "[]".into(), counted: 1, severity: 0.5, comment: None };
            assert!(certifications::show(tx, id, 0, one, "{}").await?);
            assert!(certifications::judge(tx, id, 0, one, judged.clone()).await?);
            assert!(!certifications::judge(tx, id, 0, one, judged).await?, "judged once");
            certifications::next(tx, id, one, until, 3).await
        })).await.unwrap();
        assert_eq!((third.item_id, third.shown_at, third.own), (ids[1], None, None), "nothing of the one before");
        let mut conn = world.store.read().await.unwrap();
        assert!(!certifications::blinds(&mut conn, one, ids[2]).await.unwrap(), "what they judged is no secret");
        assert_eq!(certifications::judged(&mut conn, id).await.unwrap().len(), 1);
        assert_eq!(certifications::unit(&mut conn, id, 0).await.unwrap().unwrap().item_id, ids[2]);
        assert!(certifications::unit(&mut conn, id, 3).await.unwrap().is_none());
    }

    async fn an_audit_ends_is_certified_once_and_names_what_spoils_a_release(world: World) {
        let (project, _) = world.project(&[]).await;
        let (id, ids) = frozen(world, project).await;
        let item = ids[0];
        let outcome = world.write(move |tx| Box::pin(async move {
            let event = tx.record(Evidence::new("test", "certification", id.0))?;
            let early = certifications::close(tx, id, "{}", event).await?;
            let at = Progress { checked: 3, found: 0, bounds: "{}".into(), stop: Some("sample".into()) };
            certifications::progress(tx, id, at).await?;
            let unfinished = certifications::unfinished(tx).await?;
            let closed = certifications::close(tx, id, "{}", event).await?;
            let again = certifications::close(tx, id, "{}", event).await?;
            let proven = certifications::prove(tx, id, "[]").await?;
            let twice = certifications::prove(tx, id, "[]").await?;
            assert_eq!(unfinished, [id]);
            assert!(certifications::unfinished(tx).await?.is_empty());
            tx.query("UPDATE items SET held = $1 WHERE id = $2").bind(true).bind(item).execute().await?;
            let changed = certifications::changed(tx, id).await?;
            let nothing = certifications::spoilt(tx, id, Uuid::from_u128(1).into()).await?;
            Ok(((early, closed, again, proven, twice), changed, nothing))
        })).await;
        assert_eq!(outcome, ((false, true, false, true, false), Some(item), ids.iter().min().copied()));
        let mut conn = world.store.read().await.unwrap();
        let found = certifications::by_id(&mut conn, id).await.unwrap().unwrap();
        assert_eq!((found.state.as_str(), found.checked, found.stop.as_deref()), ("closed", 3, Some("sample")));
        assert_eq!(certifications::candidates(&mut conn, project, None, 10).await.unwrap().len(), 2, "held ones stay out");
        assert_eq!(certifications::unit_ids(&mut conn, id).await.unwrap().len(), 3);
        assert_eq!(certifications::units_after(&mut conn, id, Some(ids[0]), 10).await.unwrap().len(), 2);
        assert_eq!(certifications::of_project(&mut conn, project, None, 10).await.unwrap().len(), 1);
        assert_eq!(certifications::of_project(&mut conn, project, Some(id), 10).await.unwrap().len(), 0);
    }

    async fn nothing_is_judged_once_the_audit_is_over_or_the_time_is(world: World) {
        let (project, people) = world.project(&[Role::Specialist, Role::Reviewer]).await;
        let (id, _) = frozen(world, project).await;
        let (one, two) = (people[0], people[1]);
        next(world, id, one).await;
        next(world, id, two).await;
        let judged = || Judgement { errors: "[]".into(), counted: 0, severity: 0.0, comment: None };
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "certification", id.0))?;
            assert!(certifications::show(tx, id, 0, one, "{}").await?);
            Ok(())
        })).await;
        // The claim is over: whoever takes the unit next begins with their own look.
        world.clock.advance_seconds(61);
        let late = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "certification", id.0))?;
            certifications::judge(tx, id, 0, one, judged()).await
        })).await;
        assert!(!late);
        next(world, id, one).await;
        next(world, id, two).await;
        // Somebody else's judgement ends the audit: the certificate is about what was judged until then.
        let after = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "certification", id.0))?;
            let at = Progress { checked: 1, found: 0, bounds: "{}".into(), stop: Some("target".into()) };
            certifications::progress(tx, id, at).await?;
            let shown = certifications::show(tx, id, 1, two, "{}").await?;
            Ok((shown, certifications::judge(tx, id, 0, one, judged()).await?))
        })).await;
        assert_eq!(after, (false, false));
    }

    async fn who_was_shown_labels_counts_no_second_time_after_somebody_else_had_the_unit(world: World) {
        let (project, people) = world.project(&[Role::Specialist, Role::Reviewer]).await;
        let (id, ids) = frozen(world, project).await;
        let (one, two) = (people[0], people[1]);
        assert_eq!(next(world, id, one).await, Some(ids[2]));
        let shown: Result<bool, StoreError> = world.store.write(Actor::token(one), move |tx| Box::pin(async move {
            let item = certifications::unit(tx, id, 0).await?.unwrap().item_id;
            tx.record(Evidence::new("certification.shown", "certification", id.0).item(item))?;
            certifications::show(tx, id, 0, one, "{}").await
        })).await;
        assert!(shown.unwrap());
        world.clock.advance_seconds(61);
        assert_eq!(next(world, id, one).await, Some(ids[2]), "theirs still: what they said stands");
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(certifications::unit(&mut conn, id, 0).await.unwrap().unwrap().own.as_deref(), Some("{}"));
        drop(conn);
        world.clock.advance_seconds(61);
        assert_eq!(next(world, id, two).await, Some(ids[2]));
        world.clock.advance_seconds(61);
        assert_eq!(next(world, id, one).await, Some(ids[0]), "they know its labels");
        assert_eq!(next(world, id, two).await, Some(ids[2]));
    }
}
