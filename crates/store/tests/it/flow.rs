//! Waiting and work by stage, and the texts and seeds of protocol versions.

use countersign_model::{Instant, ReadId, Role, StageKind};
use countersign_store::{Actor, Evidence, StoreError, flow, items, projects, protocols, tasks};

use crate::world::{World, both, item_of, task_of};

both! {
    async fn a_claim_is_timed_once_and_counted_where_it_is(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let user = people[0];
        assert!(!flow::has_begun(&mut world.store.read().await.unwrap(), project).await.unwrap());
        let opened = world.now();
        world.write(move |tx| Box::pin(async move {
            for number in 0..2 {
                let item = item_of(tx, project, number);
                items::insert(tx, item.clone()).await?;
                let task = task_of(tx, &item);
                tasks::insert(tx, task).await?;
            }
            tx.record(Evidence::new("test", "project", project.0)).map(drop)
        })).await;
        world.clock.advance_seconds(60);
        let take = move |world: &World| {
            let store = world.store.clone();
            async move {
                store.write::<_, StoreError, _>(Actor::token(user), move |tx| Box::pin(async move {
                    let until = tx.now().plus_seconds(600);
                    let claim = tasks::Claim { project, user, role: Role::Annotator, stage: None, item: None, until, satisfied: tasks::Satisfied::default(), gold: countersign_store::gold::Rules::NONE };
                    let task = tasks::claim(tx, claim).await?.unwrap();
                    tx.record(Evidence::new("task.claimed", "task", task.id.0).project(project))?;
                    Ok(task)
                })).await.unwrap()
            }
        };
        let task = take(world).await;
        let claimed = opened.plus_seconds(60);
        assert_eq!(task.claimed_at, Some(claimed));
        let (id, fence) = (task.id, task.fence);
        world.write(move |tx| Box::pin(async move {
            tasks::give_back(tx, id, user, fence).await?;
            tx.record(Evidence::new("test", "task", id.0)).map(drop)
        })).await;
        world.clock.advance_seconds(40);
        let again = take(world).await;
        assert_eq!((again.id, again.claimed_at), (id, Some(claimed)), "the first claim ended the wait");
        world.clock.advance_seconds(20);
        let fence = again.fence;
        world.write(move |tx| Box::pin(async move {
            assert!(tasks::finish(tx, id, fence).await?);
            tx.record(Evidence::new("test", "task", id.0)).map(drop)
        })).await;

        let mut conn = world.store.read().await.unwrap();
        assert!(flow::has_begun(&mut conn, project).await.unwrap());
        let counts = flow::counts(&mut conn, project).await.unwrap();
        let counts: Vec<_> = counts.iter().map(|c| (c.stage, c.kind, c.state.as_str(), c.tasks)).collect();
        assert_eq!(counts, [(0, StageKind::Read, "done", 1), (0, StageKind::Read, "ready", 1)]);
        let times = flow::times(&mut conn, project, 0, StageKind::Read, 10).await.unwrap();
        let done_at = opened.plus_seconds(120);
        assert_eq!(times, [flow::TaskTimes { created_at: opened, claimed_at: claimed, done_at }]);
        assert_eq!(flow::times(&mut conn, project, 0, StageKind::Sign, 10).await.unwrap(), []);
    }

    /// What stood before signing was asked for goes on, and no signature is made up for it.
    async fn older_projects_go_on_without_a_signature_that_nobody_gave(world: World) {
        // Read under by people; read by nobody; changed by somebody who signed then.
        let (read, people) = world.project(&[Role::Annotator]).await;
        let (untouched, _) = world.project(&[Role::Annotator]).await;
        let (changed, owners) = world.project(&[Role::Owner]).await;
        let item = world.tasks(read, 1).await[0].0;
        let (reader, owner) = (people[0], owners[0]);
        world.store.write::<_, StoreError, _>(Actor::token(owner), move |tx| Box::pin(async move {
            // The database as the program before left it.
            tx.query("DELETE FROM schema_versions WHERE version = 38").execute().await?;
            tx.query("DROP TABLE protocol_signatures").execute().await?;
            tx.query("ALTER TABLE protocols DROP COLUMN before_signing").execute().await?;
            let sql = "INSERT INTO protocols (project_id, id, version, document, content_hash, created_at, created_by) \
                       VALUES ($1, 'images', $2, '{}', 'ab', $3, $4)";
            let now = tx.now();
            for (project, version, by) in
                [(read, 1_u32, None), (untouched, 1, None), (changed, 1, None), (changed, 2, Some(owner))]
            {
                tx.query(sql).bind(project).bind(version).bind(now).bind(by).execute().await?;
            }
            assert!(projects::advance_protocol(tx, changed, 1, 2).await?);
            let sql = "INSERT INTO reads (id, item_id, project_id, stage, kind, author_user, status, revision, \
                       protocol_version, created_at, annotation_count) VALUES ($1, $2, $3, 0, 'read', $4, 'draft', 0, 1, $5, 0)";
            let id: ReadId = tx.fresh();
            tx.query(sql).bind(id).bind(item).bind(read).bind(reader).bind(now).execute().await?;
            tx.record(Evidence::new("protocol.activated", "project", changed.0).project(changed)).map(drop)
        })).await.unwrap();
        world.reopen().await;

        let mut conn = world.store.read().await.unwrap();
        let mut open = Vec::new();
        for project in [read, untouched, changed] {
            open.push(protocols::is_open_for_work(&mut conn, project).await.unwrap());
        }
        assert_eq!(open, [true, false, true]);
        for project in [read, untouched] {
            assert_eq!(protocols::signatures(&mut conn, project).await.unwrap(), []);
        }
        let before = |rows: Vec<protocols::ProtocolVersion>| rows.iter().map(|row| row.before_signing).collect::<Vec<_>>();
        assert_eq!(before(protocols::list(&mut conn, read).await.unwrap()), [true]);
        assert_eq!(before(protocols::list(&mut conn, changed).await.unwrap()), [false, false]);
        // Who put the second version into force signed it then, and the event says so.
        let kept = protocols::signatures(&mut conn, changed).await.unwrap();
        assert_eq!((kept.len(), kept[0].version, kept[0].user_id, kept[0].at), (1, 2, owner, world.now()));
        // A signature over another text is none.
        drop(conn);
        world.write(move |tx| Box::pin(async move {
            tx.query("UPDATE protocols SET content_hash = 'cd' WHERE version = 2").execute().await?;
            tx.record(Evidence::new("test", "project", changed.0)).map(drop)
        })).await;
        let mut conn = world.store.read().await.unwrap();
        assert!(!protocols::is_open_for_work(&mut conn, changed).await.unwrap());
    }

    async fn versions_keep_text_seed_and_reason(world: World) {
        let (project, _) = world.project(&[Role::Owner]).await;
        let version = move |version: u32, seed: Option<&str>| protocols::ProtocolVersion {
            project_id: project,
            id: "p".into(),
            version,
            document: "{}".into(),
            content_hash: "00".into(),
            created_at: Instant(1),
            created_by: None,
            source: seed.map(|_| "# mine\n{}".into()),
            seed: seed.map(str::to_owned),
            reason: None,
            deviation: seed.is_some(),
            before_signing: false,
        };
        let (one, two) = (version(1, None), version(2, Some("ab")));
        let (first, second) = (one.clone(), two.clone());
        world.write(move |tx| Box::pin(async move {
            protocols::insert(tx, first).await?;
            protocols::insert(tx, second).await?;
            tx.record(Evidence::new("test", "project", project.0)).map(drop)
        })).await;
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(protocols::list(&mut conn, project).await.unwrap(), [two, one]);
        assert_eq!(protocols::seed(&mut conn, project, "p", 2).await.unwrap().as_deref(), Some("ab"));
        assert_eq!(protocols::seed(&mut conn, project, "p", 1).await.unwrap(), None);
        assert_eq!(protocols::seed(&mut conn, project, "p", 3).await.unwrap(), None);
    }
}
