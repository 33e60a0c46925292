//! Claims: one task, one person.

use std::collections::HashSet;

use countersign_model::{ItemId, ProjectId, Role, TaskId, UserId};
use countersign_store::{
    Actor, Evidence, Store, StoreError,
    holds::{self, Hold},
    items, projects,
    tasks::{self, Claim, Task},
};
use futures::future::join_all;

use crate::world::{World, both, task_of};

const LEASE_SECONDS: i64 = 600;

async fn claim_as(
    store: &Store,
    project: ProjectId,
    user: UserId,
    role: Role,
) -> Result<Option<Task>, StoreError> {
    let outcome = store
        .write(Actor::token(user), move |tx| {
            Box::pin(async move {
                let until = tx.now().plus_seconds(LEASE_SECONDS);
                let claim = Claim {
                    project,
                    user,
                    role,
                    stage: None,
                    item: None,
                    until,
                    satisfied: tasks::Satisfied::default(),
                    gold: countersign_store::gold::Rules::NONE,
                };
                let task = tasks::claim(tx, claim).await?;
                if let Some(task) = &task {
                    tx.record(
                        Evidence::new("task.claimed", "task", task.id.0).project(project).item(task.item_id),
                    )?;
                }
                Ok(task)
            })
        })
        .await;
    match outcome {
        Err(StoreError::Busy) => Ok(None),
        other => other,
    }
}

async fn next(world: &World, project: ProjectId, user: UserId) -> Option<(TaskId, u64)> {
    let task = claim_as(&world.store, project, user, Role::Annotator).await.unwrap();
    task.map(|task| (task.id, task.fence))
}

async fn participate(world: &World, item: ItemId, user: UserId, stage: u32) {
    world
        .write(move |tx| {
            Box::pin(async move {
                tasks::take_part(tx, item, user, stage, "reviewed").await?;
                tx.record(Evidence::new("test", "item", item.0)).map(drop)
            })
        })
        .await;
}

both! {
    async fn sixty_four_clients_never_get_the_same_task(world: World) {
        const CLIENTS: usize = 64;
        const TASKS: usize = 150;
        let (project, people) = world.project(&[Role::Annotator; 8]).await;
        world.tasks(project, TASKS).await;
        let clients = (0..CLIENTS).map(|client| {
            let (store, user) = (world.store.clone(), people[client % people.len()]);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(task) = claim_as(&store, project, user, Role::Annotator).await.unwrap() {
                    assert_eq!((task.state.as_str(), task.lease_user, task.fence), ("leased", Some(user), 1));
                    mine.push(task.id);
                }
                mine
            })
        });
        let claimed: Vec<_> = join_all(clients).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claimed.len(), TASKS);
        assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), TASKS);
        let mut reader = world.store.read().await.unwrap();
        let events = reader.query("SELECT COUNT(*) AS n FROM events WHERE action = 'task.claimed'");
        assert_eq!(events.fetch_one().await.unwrap().get::<usize>("n").unwrap(), TASKS);
    }

    async fn an_expired_lease_is_taken_over_under_a_higher_fence(world: World) {
        let (project, people) = world.project(&[Role::Annotator, Role::Annotator]).await;
        let (_, task) = world.tasks(project, 1).await[0];
        assert_eq!(next(world, project, people[0]).await, Some((task, 1)));
        assert_eq!(next(world, project, people[1]).await, None);
        world.clock.advance_seconds(LEASE_SECONDS);
        assert_eq!(next(world, project, people[1]).await, Some((task, 2)));
        let first = people[0];
        let (renewed, finished, given_back) = world
            .write(move |tx| {
                Box::pin(async move {
                    let until = tx.now().plus_seconds(LEASE_SECONDS);
                    let late = (
                        tasks::renew(tx, task, first, 1, until).await?,
                        tasks::finish(tx, task, 1).await?,
                        tasks::give_back(tx, task, first, 1).await?,
                    );
                    Ok::<_, StoreError>(late)
                })
            })
            .await;
        assert!(!renewed && !finished && !given_back, "the first holder comes too late");
        let second = people[1];
        let finished = world
            .write(move |tx| {
                Box::pin(async move {
                    let until = tx.now().plus_seconds(2 * LEASE_SECONDS);
                    assert!(tasks::renew(tx, task, second, 2, until).await?);
                    tx.record(Evidence::new("task.done", "task", task.0))?;
                    tasks::finish(tx, task, 2).await
                })
            })
            .await;
        assert!(finished);
        assert_eq!(next(world, project, people[0]).await, None);
    }

    async fn what_is_not_for_a_person_is_passed_over(world: World) {
        let (project, people) = world.project(&[Role::Annotator, Role::Annotator, Role::Reviewer]).await;
        let [me, other, reviewer] = people[..] else { panic!("three people") };
        let made = world.tasks(project, 4).await;
        let [(held, _), (elsewhere, _), (reserved, _), (free, free_task)] = made[..] else { panic!("four tasks") };
        participate(world, elsewhere, me, 1).await;
        participate(world, free, me, 0).await;
        world
            .write(move |tx| {
                Box::pin(async move {
                    let hold = Hold {
                        id: tx.fresh(), project_id: project, item_id: held, reason: "check".into(),
                        opened_by: None, opened_at: tx.now(), lifted_by: None, lifted_at: None, lift_reason: None,
                    };
                    holds::insert(tx, hold).await?;
                    tx.query("UPDATE items SET held = TRUE WHERE id = $1").bind(held).execute().await?;
                    let sql = "UPDATE tasks SET reserved_for = $1 WHERE item_id = $2";
                    tx.query(sql).bind(other).bind(reserved).execute().await?;
                    tx.record(Evidence::new("item.held", "item", held.0)).map(drop)
                })
            })
            .await;
        assert_eq!(claim_as(&world.store, project, reviewer, Role::Annotator).await.unwrap(), None);
        assert_eq!(claim_as(&world.store, project, me, Role::Reviewer).await.unwrap(), None);
        assert_eq!(next(world, project, me).await, Some((free_task, 1)));
        assert_eq!(next(world, project, me).await, None);
        let mine = claim_as(&world.store, project, other, Role::Annotator).await.unwrap().unwrap();
        assert_eq!(mine.item_id, elsewhere);
        let mine = claim_as(&world.store, project, other, Role::Annotator).await.unwrap().unwrap();
        assert_eq!(mine.item_id, reserved);
        assert_eq!(claim_as(&world.store, project, other, Role::Annotator).await.unwrap(), None);
    }

    async fn an_ended_grant_and_a_larger_priority_count_at_once(world: World) {
        let (project, people) = world.project(&[Role::Annotator, Role::Annotator]).await;
        let made = world.tasks(project, 3).await;
        let (urgent_item, _) = made[2];
        let urgent = world
            .write(move |tx| {
                Box::pin(async move {
                    let item = items::by_id(tx, urgent_item).await?.unwrap();
                    let mut task = task_of(tx, &item);
                    task.priority = 9;
                    let id = task.id;
                    tasks::insert(tx, task).await?;
                    tx.record(Evidence::new("task.opened", "task", id.0))?;
                    Ok(id)
                })
            })
            .await;
        assert_eq!(next(world, project, people[0]).await, Some((urgent, 1)));
        assert_eq!(next(world, project, people[0]).await, Some((made[0].1, 1)));
        let user = people[0];
        world
            .write(move |tx| {
                Box::pin(async move {
                    for grant in projects::grants_of(tx, user).await? {
                        projects::end_grant(tx, project, grant.id).await?;
                    }
                    tx.record(Evidence::new("grant.ended", "user", user.0)).map(drop)
                })
            })
            .await;
        assert_eq!(next(world, project, people[0]).await, None);
        assert_eq!(next(world, project, people[1]).await, Some((made[1].1, 1)));
    }
}
