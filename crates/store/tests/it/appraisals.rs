//! Studies of people's eyes, on both engines: turns in their order, each answered once, also after a restart.

use countersign_model::{AppraisalId, EventId, ItemId, ProjectId, Role, UserId};
use countersign_store::{
    Actor, Evidence, StoreError,
    appraisals::{self, Appraisal, Appraiser, Drawn, Part, Turn},
    tasks,
};

use crate::{
    certifications::accepted,
    world::{World, both},
};

fn row(id: AppraisalId, project_id: ProjectId, event: EventId, now: countersign_model::Instant) -> Appraisal {
    Appraisal {
        id,
        project_id,
        name: "s".into(),
        state: "frozen".into(),
        frozen: "{}".into(),
        frozen_hash: "00".into(),
        qualification: "eyes".into(),
        trials: 2,
        rest_seconds: 0,
        entropy: None,
        seed: None,
        stop: None,
        figures: None,
        opened_by: None,
        frozen_at: now,
        frozen_event: event,
        seeded_at: None,
        seeded_event: None,
        ended_at: None,
        ended_event: None,
        issued_by: None,
        issued_at: None,
        issued_event: None,
    }
}

/// A study of two people over two parts, twice.
async fn drawn(world: &World, project: ProjectId, people: [UserId; 2]) -> (AppraisalId, Vec<ItemId>) {
    world
        .write(move |tx| {
            Box::pin(async move {
                let id: AppraisalId = tx.fresh();
                let event = tx.record(Evidence::new("test", "appraisal", id.0))?;
                let (mut parts, mut items) = (Vec::new(), Vec::new());
                for number in 0..2 {
                    let (item, read) = accepted(tx, project, number).await?;
                    parts.push(Part {
                        appraisal_id: id,
                        item_id: item,
                        read_id: read,
                        content_hash: "00".into(),
                        line: "{}".into(),
                        bad: number == 0,
                        borderline: false,
                    });
                    items.push(item);
                }
                let person =
                    |user_id| Appraiser { appraisal_id: id, user_id, verdict: None, qualification_id: None };
                let now = tx.now();
                appraisals::insert(tx, row(id, project, event, now), parts, people.map(person).to_vec())
                    .await?;
                assert_eq!(appraisals::changed(tx, id).await?, None);
                let turn = |user_id, number: u32, item: usize| Turn {
                    appraisal_id: id,
                    user_id,
                    number,
                    trial: number / 2 + 1,
                    item_id: items[item],
                    given_at: None,
                    bad: None,
                    judged_at: None,
                };
                let turns = people.iter().flat_map(|user| {
                    [(0, 0), (1, 1), (2, 0), (3, 1)].map(|(number, item)| turn(*user, number, item))
                });
                let drawn = Drawn { entropy: "aa".into(), seed: "bb".into(), turns: turns.collect(), event };
                assert!(appraisals::draw(tx, id, drawn.clone()).await?);
                assert!(!appraisals::draw(tx, id, drawn).await?, "orders are drawn once");
                Ok((id, items))
            })
        })
        .await
}

async fn judge(world: &World, id: AppraisalId, user: UserId, number: u32, give: bool) -> bool {
    world
        .write(move |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test", "appraisal", id.0))?;
                if give {
                    appraisals::give(tx, id, user, number).await?;
                }
                appraisals::judge(tx, id, user, number, true).await
            })
        })
        .await
}

both! {
    async fn turns_are_judged_once_in_their_order_and_go_on_after_a_restart(world: World) {
        let (project, people) = world.project(&[Role::Annotator, Role::Reviewer, Role::Specialist]).await;
        let (one, two, stranger) = (people[0], people[1], people[2]);
        let (id, items) = drawn(world, project, [one, two]).await;
        assert!(!judge(world, id, one, 0, false).await, "not given out");
        assert!(!judge(world, id, one, 1, true).await, "not the next one");
        assert!(judge(world, id, one, 0, true).await);
        assert!(!judge(world, id, one, 0, true).await, "never twice");
        assert!(!judge(world, id, stranger, 0, true).await);
        world.reopen().await;
        let mut conn = world.store.read().await.unwrap();
        let next = appraisals::next(&mut conn, id, one).await.unwrap().unwrap();
        assert_eq!((next.number, next.item_id, next.given_at.is_some()), (1, items[1], true));
        assert_eq!(appraisals::last_judged(&mut conn, id, one).await.unwrap().unwrap().number, 0);
        let progress = appraisals::progress(&mut conn, id).await.unwrap();
        let mut progress: Vec<_> = progress.iter().map(|of| (of.user_id == one, of.judged, of.turns)).collect();
        progress.sort_unstable();
        assert_eq!(progress, [(false, 0, 4), (true, 1, 4)]);
        let waiting = appraisals::waiting(&mut conn, one).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].left_over), (1, 3));
        for item in &items {
            assert!(appraisals::blinds(&mut conn, one, *item).await.unwrap());
            assert!(!appraisals::blinds(&mut conn, stranger, *item).await.unwrap());
        }
        assert!(appraisals::studied_in(&mut conn, two, project).await.unwrap());
        assert_eq!(appraisals::of_project(&mut conn, project, Some(stranger), None, 9).await.unwrap().len(), 0);
        assert_eq!(appraisals::of_project(&mut conn, project, Some(one), None, 9).await.unwrap().len(), 1);
    }

    async fn what_somebody_knows_is_no_part_for_them_and_a_study_ends_and_is_signed_once(world: World) {
        let (project, people) = world.project(&[Role::Annotator, Role::Reviewer]).await;
        let (one, two) = (people[0], people[1]);
        let (id, items) = drawn(world, project, [one, two]).await;
        let first = items[0];
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "item", first.0))?;
            tasks::take_part(tx, first, one, 0, "read").await?;
            tx.query("UPDATE items SET held = TRUE WHERE id = $1").bind(first).execute().await.map(drop)
        })).await;
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(appraisals::known_to(&mut conn, project, one).await.unwrap(), [first]);
        assert!(appraisals::known_to(&mut conn, project, two).await.unwrap().is_empty());
        assert_eq!(appraisals::count_seen_elsewhere(&mut conn, id, one).await.unwrap(), 1);
        assert_eq!(appraisals::count_changed(&mut conn, id).await.unwrap(), 1);
        drop(conn);
        let outcome = world.write(move |tx| Box::pin(async move {
            let event = tx.record(Evidence::new("test", "appraisal", id.0))?;
            assert_eq!(appraisals::changed(tx, id).await?, Some(first));
            let early = appraisals::issue(tx, id, two, event).await?;
            appraisals::end(tx, id, "through", "{}", event).await?;
            let signed = appraisals::issue(tx, id, two, event).await?;
            appraisals::settle(tx, id, one, "marginal", None).await?;
            Ok((early, signed, appraisals::issue(tx, id, two, event).await?))
        })).await;
        assert_eq!(outcome, (false, true, false));
        let again = world.store.write::<_, StoreError, _>(Actor::system(), move |tx| Box::pin(async move {
            let fresh: AppraisalId = tx.fresh();
            let event = tx.record(Evidence::new("test", "appraisal", fresh.0))?;
            let now = tx.now();
            appraisals::insert(tx, row(fresh, project, event, now), vec![], vec![]).await
        })).await;
        assert!(matches!(again, Err(StoreError::Conflict { .. })), "a name is taken once");
        let mut conn = world.store.read().await.unwrap();
        assert!(!appraisals::blinds(&mut conn, one, first).await.unwrap(), "it is over");
        let settled = appraisals::people(&mut conn, id).await.unwrap();
        assert!(settled.iter().any(|person| person.verdict.as_deref() == Some("marginal")));
        assert_eq!(appraisals::parts(&mut conn, id).await.unwrap().len(), 2);
        assert_eq!(appraisals::turns(&mut conn, id).await.unwrap().len(), 8);
        assert!(appraisals::is_appraiser(&mut conn, id, one).await.unwrap());
    }
}
