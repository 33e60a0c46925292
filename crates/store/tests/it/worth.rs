//! Findings, turns and prices, on both engines.

use countersign_model::{FindingId, ItemId, ProjectId, Role, StageKind, TaskId, UserId};
use countersign_store::{
    Evidence, StoreError, Tx,
    findings::{self, Finding},
    privacy, tasks,
    turns::{self, Rate, Turn},
};
use uuid::Uuid;

use crate::world::{World, both};

fn finding(tx: &Tx, project: ProjectId, item: ItemId, number: u32, by: UserId, state: &str) -> Finding {
    Finding {
        id: tx.fresh(),
        item_id: item,
        project_id: project,
        number,
        severity: "blocking".into(),
        state: state.into(),
        stream: Some(0),
        frame: Some(2),
        x: Some(1.5),
        y: Some(2.5),
        annotation_id: None,
        round: 1,
        blind: number == 1,
        opened_by: by,
        opened_at: tx.now(),
        resolved_by: None,
        resolved_at: None,
    }
}

async fn say(tx: &mut Tx, id: FindingId, number: u32, by: UserId) -> Result<(), StoreError> {
    let act = if number == 1 { "opened" } else { "replied" };
    let at = tx.now();
    let note =
        findings::Note { finding_id: id, number, user_id: by, act: act.into(), words: "edge?".into(), at };
    findings::insert_note(tx, note).await
}

async fn waiting(world: &World, user: UserId) -> Vec<FindingId> {
    let mut conn = world.store.read().await.unwrap();
    let listed = findings::waiting_for(&mut conn, user, 10).await.unwrap();
    listed.into_iter().map(|one| one.id).collect()
}

both! {
async fn findings_wait_for_whoever_is_asked_and_lose_their_words_with_the_item(world: World) {
    let (project, people) = world.project(&[Role::Annotator, Role::Reviewer]).await;
    let (reader, reviewer) = (people[0], people[1]);
    let (item, _) = world.tasks(project, 1).await[0];
    let [first, second] = world
        .write(move |tx| {
            Box::pin(async move {
                tasks::take_part(tx, item, reader, 0, "authored").await?;
                let open = finding(tx, project, item, 1, reviewer, "open");
                let answered = finding(tx, project, item, 2, reviewer, "answered");
                let ids = [open.id, answered.id];
                for row in [open, answered] {
                    let id = row.id;
                    findings::insert(tx, row).await?;
                    say(tx, id, 1, reviewer).await?;
                }
                say(tx, ids[1], 2, reader).await?;
                tx.record(Evidence::new("finding.opened", "finding", ids[0].0).project(project))?;
                Ok(ids)
            })
        })
        .await;
    assert_eq!(waiting(world, reader).await, [first], "a question to whoever worked on it");
    assert_eq!(waiting(world, reviewer).await, [second], "an answer to whoever asked");
    world
        .write(move |tx| {
            Box::pin(async move {
                findings::set_state(tx, first, "resolved", Some(reviewer)).await?;
                tx.record(Evidence::new("finding.resolved", "finding", first.0).project(project))?;
                Ok(())
            })
        })
        .await;
    assert!(waiting(world, reader).await.is_empty());
    let kept = findings::by_id(&mut world.store.read().await.unwrap(), first).await.unwrap().unwrap();
    assert_eq!((kept.blind, kept.x, kept.resolved_by), (true, Some(1.5), Some(reviewer)));
    assert!(kept.resolved_at.is_some());
    world
        .write(move |tx| {
            Box::pin(async move {
                privacy::empty_item(tx, item, "erased").await?;
                tx.record(Evidence::new("item.erased", "item", item.0).project(project))?;
                Ok(())
            })
        })
        .await;
    let mut conn = world.store.read().await.unwrap();
    for id in [first, second] {
        let left = findings::by_id(&mut conn, id).await.unwrap().unwrap();
        assert_eq!((left.stream, left.x, left.state.as_str()), (None, None, "resolved"));
        assert!(findings::notes(&mut conn, id).await.unwrap().iter().all(|note| note.words.is_empty()));
    }
}
}

fn turn(task: TaskId, item: ItemId, project: ProjectId, user: UserId, tx: &Tx, review: Option<Uuid>) -> Turn {
    Turn {
        task_id: task,
        item_id: item,
        project_id: project,
        stage: 0,
        stage_id: "read".into(),
        kind: StageKind::Read,
        role: Role::Annotator,
        round: 1,
        user_id: user,
        opened_at: tx.now(),
        claimed_at: tx.now(),
        done_at: tx.now(),
        judged: true,
        found: true,
        passed: false,
        overturned: false,
        read_id: None,
        review_id: review,
        errors: Some(1),
    }
}

both! {
async fn turns_of_items_that_are_read_blind_are_not_counted(world: World) {
    let (project, people) = world.project(&[Role::Annotator]).await;
    let user = people[0];
    let made = world.tasks(project, 4).await;
    let review: Uuid = Uuid::from_u128(5);
    let rows = made.clone();
    world
        .write(move |tx| {
            Box::pin(async move {
                let states = ["accepted", "reading", "comparing", "recalled"];
                for ((item, task), state) in rows.into_iter().zip(states) {
                    let sql = "UPDATE items SET state = $1 WHERE id = $2";
                    tx.query(sql).bind(state).bind(item).execute().await?;
                    let row = turn(task, item, project, user, tx, Some(review));
                    turns::insert(tx, row).await?;
                }
                let rate = |role, per_hour| Rate {
                    project_id: project,
                    role,
                    per_hour,
                    currency: "EUR".into(),
                    set_by: Some(user),
                    set_at: countersign_model::Instant(1),
                };
                turns::set_rates(tx, project, vec![rate(Role::Reviewer, 9.5)]).await?;
                turns::set_rates(tx, project, vec![rate(Role::Annotator, 3.5)]).await?;
                tx.record(Evidence::new("rates.set", "project", project.0).project(project))?;
                Ok(())
            })
        })
        .await;
    let counted = turns::of_project(&mut world.store.read().await.unwrap(), project, 10).await.unwrap();
    assert_eq!(counted.iter().map(|turn| turn.item_id).collect::<Vec<_>>(), [made[0].0]);
    assert!(!counted[0].overturned);
    let item = made[0].0;
    world
        .write(move |tx| {
            Box::pin(async move {
                turns::overturn(tx, item, review).await?;
                tx.record(Evidence::new("appeal.decided", "item", item.0).project(project))?;
                Ok(())
            })
        })
        .await;
    let mut conn = world.store.read().await.unwrap();
    assert!(turns::of_project(&mut conn, project, 10).await.unwrap()[0].overturned);
    assert_eq!(turns::accepted(&mut conn, project).await.unwrap(), [item]);
    let rates = turns::rates(&mut conn, project).await.unwrap();
    assert_eq!((rates.len(), rates[0].role, rates[0].per_hour), (1, Role::Annotator, 3.5));
}
}
