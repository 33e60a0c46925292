//! Streams of checks, alarms and what they hold, on both engines.

use countersign_model::{AlarmId, HoldId, Instant, ItemId, ProjectId, ReadId, Role, StageKind, UserId};
use countersign_store::{
    Actor, Conn, Evidence, StoreError, Tx, holds, items,
    monitoring::{self, Alarm, Alike, Check, Plan, Stratum, Stream},
    reads,
};

use crate::world::{World, both, item_of};

const REVIEW: &str = "review";

/// An item in a phase, with a read that somebody handed in now.
async fn handed_in(
    tx: &mut Tx,
    project: ProjectId,
    user: UserId,
    state: &str,
    number: usize,
) -> Result<(ItemId, ReadId), StoreError> {
    let mut item = item_of(tx, project, number);
    state.clone_into(&mut item.state);
    let (id, read): (ItemId, ReadId) = (item.id, tx.fresh());
    items::insert(tx, item).await?;
    let row = reads::Read {
        id: read,
        item_id: id,
        project_id: project,
        stage: 0,
        kind: StageKind::Read,
        author_user: Some(user),
        author_model: None,
        author_model_version: None,
        status: "submitted".to_owned(),
        base_read_id: None,
        revision: 0,
        content_hash: None,
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
    Ok((id, read))
}

/// One check of somebody's work, as a review makes it: under the lock of the stream. Its number.
async fn check(tx: &mut Tx, project: ProjectId, user: UserId, wrong: bool) -> Result<u64, StoreError> {
    let stream = monitoring::lock_stream(tx, project, user, REVIEW, "fresh").await?;
    let number = stream.checked + 1;
    let (item_id, read_id) = handed_in(tx, project, user, "queued", usize::try_from(number).unwrap()).await?;
    assert!(!monitoring::was_checked(tx, item_id, user, REVIEW).await?);
    let row = Check {
        project_id: project,
        user_id: user,
        stream: REVIEW.into(),
        number,
        item_id,
        read_id,
        checked_by: None,
        wrong,
        expected: 0.05,
        level: 0.5,
        pairs: "[[\"a\",\"b\"]]".into(),
        overturned: false,
        read_at: tx.now(),
        at: tx.now(),
        severity: None,
        stratum: "kind".into(),
        known: 0,
    };
    monitoring::insert_check(tx, row).await?;
    let counted = Stratum {
        project_id: project,
        stream: REVIEW.into(),
        stratum: "kind".into(),
        user_id: user,
        checked: 1,
        wrong: u64::from(wrong),
        severity: 0.0,
    };
    monitoring::count_stratum(tx, counted).await?;
    assert!(monitoring::was_checked(tx, item_id, user, REVIEW).await?);
    let wrong = stream.wrong + u64::from(wrong);
    let level = 0.5;
    let row = Stream { checked: number, wrong, level, detector: format!("after {number}"), ..stream };
    monitoring::keep_stream(tx, row).await?;
    tx.record(Evidence::new("test", "item", item_id.0))?;
    Ok(number)
}

async fn checked(world: &World, project: ProjectId, user: UserId, wrong: bool) -> u64 {
    world.write(move |tx| Box::pin(check(tx, project, user, wrong))).await
}

async fn stream(world: &World, project: ProjectId, user: UserId) -> Stream {
    let mut conn = world.store.read().await.unwrap();
    let streams = monitoring::streams(&mut conn, project).await.unwrap();
    streams.into_iter().find(|row| row.user_id == user).unwrap()
}

fn alarm(tx: &Tx, project: ProjectId, user: UserId) -> Alarm {
    Alarm {
        id: tx.fresh(),
        project_id: project,
        user_id: user,
        stream: REVIEW.into(),
        state: "open".into(),
        number: 3,
        since_number: 2,
        since_at: tx.now(),
        evidence: 9.0,
        run_length: 100.0,
        patterns: "[]".into(),
        raised_at: tx.now(),
        appeal: None,
        appealed_at: None,
        decided_by: None,
        decided_at: None,
        reason: None,
    }
}

/// What an alarm holds, is still to hold, and has to be looked at beside.
async fn in_doubt(conn: &mut Conn, id: AlarmId, items: &[ItemId]) {
    assert_eq!(monitoring::count_held(conn, id).await.unwrap(), (1, 1));
    let row = monitoring::alarm(conn, id).await.unwrap().unwrap();
    let since = monitoring::unheld(conn, &row, 100).await.unwrap();
    assert_eq!(since.len(), 4, "three that were checked, and the accepted one; the queued one is held");
    assert_eq!(monitoring::count_unheld(conn, &row).await.unwrap(), 4);
    assert_eq!(monitoring::unheld(conn, &row, 2).await.unwrap(), since[..2]);
    assert_eq!(monitoring::open_alarms(conn, row.project_id).await.unwrap(), std::slice::from_ref(&row));
    assert!(monitoring::earlier(conn, &row, 200).await.unwrap().is_empty());
    let later = Alarm { since_at: Instant(row.since_at.0 + 1), ..row };
    let earlier = monitoring::earlier(conn, &later, 200).await.unwrap();
    assert_eq!(earlier.iter().filter(|one| one.reviewed).count(), 3);
    assert_eq!((earlier.len(), monitoring::earlier(conn, &later, 2).await.unwrap().len()), (5, 2));
    assert!(items[2..].iter().all(|item| !since.contains(item)), "nobody hears through a hold who is done");
}

both! {
    async fn a_plan_begins_the_evidence_anew_and_keeps_what_was_counted(world: World) {
        let (project, people) = world.project(&[Role::Annotator, Role::QualityEngineer]).await;
        let (user, engineer) = (people[0], people[1]);
        checked(world, project, user, true).await;
        // A review takes the next number while the plan is set: neither undoes the other.
        let store = world.store.clone();
        let set = store.write(Actor::system(), move |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test", "project", project.0))?;
                let set_at = tx.now();
                let plan = Plan { project_id: project, run_length: 200.0, set_by: Some(engineer), set_at };
                monitoring::set_plan(tx, plan.clone()).await?;
                monitoring::set_plan(tx, Plan { run_length: 300.0, ..plan }).await?;
                monitoring::restart_streams(tx, project, "begun anew", engineer).await
            })
        });
        let (set, number) = tokio::join!(set, checked(world, project, user, true));
        let set: Result<u64, StoreError> = set;
        assert_eq!((set.unwrap(), number), (1, 2));
        assert_eq!(checked(world, project, user, false).await, 3, "no number is given twice");
        let now = stream(world, project, user).await;
        assert_eq!((now.checked, now.wrong), (3, 2));
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "project", project.0))?;
            monitoring::restart_streams(tx, project, "begun anew", engineer).await
        })).await;
        let own = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "project", project.0))?;
            monitoring::restart_streams(tx, project, "wiped", user).await
        })).await;
        assert_eq!(own, 0, "nobody begins their own anew");
        let now = stream(world, project, user).await;
        assert_eq!((now.detector.as_str(), now.level, now.checked, now.wrong), ("begun anew", 0.0, 3, 2));
        let mut conn = world.store.read().await.unwrap();
        let plan = monitoring::plan(&mut conn, project).await.unwrap().unwrap();
        assert_eq!((plan.run_length, plan.set_by), (300.0, Some(engineer)));
        assert_eq!(monitoring::of_others(&mut conn, project, engineer, REVIEW).await.unwrap(), (3, 2));
        assert_eq!(monitoring::of_others(&mut conn, project, user, REVIEW).await.unwrap(), (0, 0));
    }

    async fn first_checks_of_one_person_at_once_are_numbered_one_after_the_other(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let user = people[0];
        let world: &World = world;
        let numbers = futures::future::join_all((0..8).map(|_| checked(world, project, user, false))).await;
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=8).collect::<Vec<_>>(), "{numbers:?}");
        assert_eq!(stream(world, project, user).await.checked, 8);
        let mut conn = world.store.read().await.unwrap();
        let last = monitoring::checks(&mut conn, project, user, REVIEW, 7, 10).await.unwrap();
        assert_eq!(last.iter().map(|check| check.number).collect::<Vec<_>>(), [7, 8]);
        assert!(monitoring::corrected(&mut conn, project, 10).await.unwrap().is_empty());
        assert_eq!(monitoring::checks_since(&mut conn, project, world.now()).await.unwrap(), 8);
    }

    async fn an_alarm_is_appealed_and_decided_once_and_takes_checks_back(world: World) {
        let (project, people) = world.project(&[Role::Annotator, Role::QualityEngineer]).await;
        let (user, engineer) = (people[0], people[1]);
        for wrong in [false, true, true] {
            checked(world, project, user, wrong).await;
        }
        let (id, items): (AlarmId, Vec<ItemId>) = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "project", project.0))?;
            let row = alarm(tx, project, user);
            let id = row.id;
            monitoring::insert_alarm(tx, row).await?;
            let mut items = Vec::new();
            for (number, state) in (10..).zip(["queued", "accepted", "erased", "reading", "comparing"]) {
                items.push(handed_in(tx, project, user, state, number).await?.0);
            }
            let hold: HoldId = tx.fresh();
            let row = holds::Hold {
                id: hold,
                project_id: project,
                item_id: items[0],
                reason: "doubt".into(),
                opened_by: None,
                opened_at: tx.now(),
                lifted_by: None,
                lifted_at: None,
                lift_reason: None,
            };
            holds::insert(tx, row).await?;
            monitoring::insert_hold(tx, id, hold).await?;
            Ok((id, items))
        })).await;
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(monitoring::open_alarm(&mut conn, project, user).await.unwrap().unwrap().id, id);
        assert!(monitoring::open_alarm(&mut conn, project, engineer).await.unwrap().is_none());
        assert_eq!(monitoring::alarms(&mut conn, project, 10).await.unwrap().len(), 1);
        assert_eq!(monitoring::alarms_about(&mut conn, user, 10).await.unwrap().len(), 1);
        let held = monitoring::held(&mut conn, id, None, 10).await.unwrap();
        assert_eq!((held.len(), held[0].item, held[0].lifted_at), (1, items[0], None));
        assert!(monitoring::held(&mut conn, id, Some(held[0].hold), 10).await.unwrap().is_empty());
        in_doubt(&mut conn, id, &items).await;
        assert_eq!(monitoring::corrected(&mut conn, project, 10).await.unwrap().len(), 2);
        drop(conn);
        let outcome = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "alarm", id.0))?;
            let said = (monitoring::appeal(tx, id, "no").await?, monitoring::appeal(tx, id, "no").await?);
            let first = monitoring::decide(tx, id, "dismissed", engineer, "it was none").await?;
            let again = monitoring::decide(tx, id, "upheld", engineer, "it was").await?;
            let row = monitoring::alarm(tx, id).await?.unwrap();
            Ok((said, first, again, monitoring::overturn(tx, &row).await?, row))
        })).await;
        let (said, first, again, taken, row) = outcome;
        let mut conn = world.store.read().await.unwrap();
        let alike = monitoring::alike_of_others(&mut conn, project, engineer, REVIEW, "kind").await.unwrap();
        assert_eq!(alike, Alike { checked: 3, wrong: 0, severity: 0.0 }, "taken back by kind as well");
        let own = monitoring::alike_of_others(&mut conn, project, user, REVIEW, "kind").await.unwrap();
        assert_eq!(own.checked, 0, "what the person did is not in it");
        drop(conn);
        assert_eq!((said, first, again, taken), ((true, false), true, false, 2));
        assert_eq!((row.state.as_str(), row.decided_by, row.appeal.as_deref()), ("dismissed", Some(engineer), Some("no")));
        assert_eq!(stream(world, project, user).await.wrong, 0);
        let mut conn = world.store.read().await.unwrap();
        assert!(monitoring::open_alarm(&mut conn, project, user).await.unwrap().is_none());
        assert!(monitoring::corrected(&mut conn, project, 10).await.unwrap().is_empty());
    }
}
