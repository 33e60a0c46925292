//! Audits, leaks and the records of cleaning, on both engines.

use countersign_model::{AuditId, Instant, Role};
use countersign_store::{
    Evidence, Json,
    audits::{self, Audit, AuditItem},
    cleanings::{self, Cleaning},
    leaks::{self, Leak},
    releases, risks,
};
use uuid::Uuid;

use crate::world::{World, both};

fn audit(id: AuditId, project: countersign_model::ProjectId, size: u64, now: Instant) -> Audit {
    Audit {
        id,
        project_id: project,
        seed: "00".into(),
        lot: 3,
        size,
        confidence: 0.95,
        state: "open".into(),
        checked: 0,
        found: 0,
        opened_by: None,
        opened_at: now,
        closed_at: None,
    }
}

both! {
    async fn an_audit_closes_with_its_last_answer(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let items: Vec<_> = world.tasks(project, 3).await.into_iter().map(|(item, _)| item).collect();
        let (sample, user) = (items.clone(), people[0]);
        let id = world.write(move |tx| Box::pin(async move {
            let id: AuditId = tx.fresh();
            let rows = sample[..2].iter().zip(0..).map(|(item, position)| AuditItem {
                audit_id: id, position, item_id: *item, verdict: None, user_id: None, at: None,
            });
            audits::insert(tx, audit(id, project, 2, tx.now()), rows.collect()).await?;
            tx.record(Evidence::new("test", "audit", id.0))?;
            Ok(id)
        })).await;
        let lot = audits::lot(&mut world.store.read().await.unwrap(), project, 10).await.unwrap();
        assert_eq!(lot, items);
        for (position, verdict, first) in [(0, "clean", true), (0, "leak", false), (1, "leak", true), (1, "clean", false)] {
            let answered = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "audit", id.0))?;
                audits::answer(tx, id, position, verdict, user).await
            })).await;
            assert_eq!(answered, first, "{position} {verdict}");
        }
        let mut conn = world.store.read().await.unwrap();
        let found = audits::by_id(&mut conn, id).await.unwrap().unwrap();
        assert_eq!((found.state.as_str(), found.checked, found.found), ("closed", 2, 1));
        assert!(found.closed_at.is_some());
        assert_eq!(audits::of_project(&mut conn, project, None, 10).await.unwrap().len(), 1);
        assert_eq!(audits::of_project(&mut conn, project, Some(id), 10).await.unwrap().len(), 0);
        let verdicts: Vec<_> =
            audits::items(&mut conn, id).await.unwrap().into_iter().map(|row| row.verdict.unwrap()).collect();
        assert_eq!(verdicts, ["clean", "leak"]);
        assert!(audits::item(&mut conn, id, 2).await.unwrap().is_none());
    }

    async fn a_leak_counts_what_it_recalled_and_closes_with_its_last_decision(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let items: Vec<_> = world.tasks(project, 2).await.into_iter().map(|(item, _)| item).collect();
        let (recalled, user) = (items.clone(), people[0]);
        let id = world.write(move |tx| Box::pin(async move {
            let leak = Leak {
                id: tx.fresh(), project_id: project, item_id: recalled[0], ingest_id: None, audit_id: None,
                stream: Some(0), frame: Some(3), reason: "a name".into(), state: "recalling".into(),
                reported_by: Some(user), at: tx.now(), recalled_at: None,
            };
            let id = leak.id;
            leaks::insert(tx, leak).await?;
            for item in recalled {
                leaks::recall(tx, id, item).await?;
            }
            leaks::finish(tx, id).await?;
            tx.record(Evidence::new("test", "leak", id.0))?;
            Ok(id)
        })).await;
        let mut conn = world.store.read().await.unwrap();
        let leak = leaks::by_id(&mut conn, id).await.unwrap().unwrap();
        assert_eq!((leak.state.as_str(), leak.stream, leak.frame), ("recalled", Some(0), Some(3)));
        assert_eq!(leaks::counts(&mut conn, id).await.unwrap(), (2, 2));
        assert!(leaks::still_out(&mut conn, &leak, 10).await.unwrap().is_empty());
        assert!(leaks::witnesses(&mut conn, id).await.unwrap().is_empty());
        assert!(leaks::releases(&mut conn, id).await.unwrap().is_empty());
        assert_eq!(leaks::items(&mut conn, id, None, None, 1).await.unwrap().len(), 1);
        assert_eq!(leaks::items(&mut conn, id, Some("restored"), None, 10).await.unwrap().len(), 0);
        drop(conn);
        for (n, state, last) in [(0, "restored", "recalled"), (1, "rejected", "closed")] {
            let item = items[n];
            let decided = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "leak", id.0))?;
                let first = leaks::decide(tx, id, item, state, user, "looked at").await?;
                let again = leaks::decide(tx, id, item, state, user, "looked at").await?;
                Ok((first, again, leaks::recalled_elsewhere(tx, id, item).await?))
            })).await;
            assert_eq!(decided, (true, false, false));
            let mut conn = world.store.read().await.unwrap();
            assert_eq!(leaks::by_id(&mut conn, id).await.unwrap().unwrap().state, last);
            assert_eq!(leaks::item(&mut conn, id, item).await.unwrap().unwrap().state, state);
        }
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(leaks::of_project(&mut conn, project, None, 10).await.unwrap().len(), 1);
    }

    async fn a_risk_is_waived_until_it_is_gone(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let items: Vec<_> = world.tasks(project, 2).await.into_iter().map(|(item, _)| item).collect();
        let (first, second, officer) = (items[0], items[1], people[0]);
        let note = |item, codes: &'static [&'static str]| world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "item", item))?;
            let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
            risks::note(tx, countersign_model::ItemId(item), project, &codes).await
        }));
        note(first.0, &["a", "b"]).await;
        note(second.0, &["a"]).await;
        let waived = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "item", first.0))?;
            let one = risks::waive(tx, (project, first), "a", officer, "seen").await?;
            let again = risks::waive(tx, (project, first), "a", officer, "seen").await?;
            let elsewhere = risks::waive(tx, (project, second), "b", officer, "seen").await?;
            Ok((one, again, elsewhere, risks::waive_all(tx, project, "b", officer, "seen").await?))
        })).await;
        assert_eq!(waived, (true, false, false, 1));
        let codes = |rows: Vec<risks::NamedRisk>| rows.into_iter().map(|r| (r.item_id, r.risk)).collect::<Vec<_>>();
        {
            let mut conn = world.store.read().await.unwrap();
            let open = risks::list(&mut conn, project, true, None, 10).await.unwrap();
            assert_eq!(codes(open), [(second, "a".to_owned())]);
            let page = risks::list(&mut conn, project, false, Some((first, "a".into())), 1).await.unwrap();
            assert_eq!(codes(page), [(first, "b".to_owned())]);
            let none = countersign_model::ReleaseId(Uuid::from_u128(1));
            assert_eq!(risks::unwaived(&mut conn, none).await.unwrap(), None);
            assert_eq!(risks::waived(&mut conn, none).await.unwrap(), 0);
            assert!(releases::by_id(&mut conn, none).await.unwrap().is_none());
        }
        // Cleaned anew: what stays keeps its waiver, what is gone goes.
        note(first.0, &["a"]).await;
        let mut conn = world.store.read().await.unwrap();
        let left = risks::of_item(&mut conn, first).await.unwrap();
        assert_eq!((left.len(), left[0].waived_by), (1, Some(officer)));
    }

    async fn cleanings_are_read_by_item_and_by_project(world: World) {
        let (project, _) = world.project(&[]).await;
        let (item, _) = world.tasks(project, 1).await[0];
        world.write(move |tx| Box::pin(async move {
            let rows = (0..3).map(|n: u128| Cleaning {
                id: Uuid::from_u128(n + 1), project_id: project, item_id: item,
                source_asset_id: Uuid::from_u128(10 + n).into(), asset_id: Uuid::from_u128(20 + n).into(),
                rules: Json(serde_json::json!({ "edition": "2026d" })), hash_before: "a".into(), hash_after: "b".into(),
                report: Json(serde_json::json!({})), regions: Json(serde_json::json!([])), at: tx.now(),
            });
            cleanings::insert_all(tx, rows.collect()).await?;
            tx.record(Evidence::new("test", "item", item.0))?;
            Ok(())
        })).await;
        let mut conn = world.store.read().await.unwrap();
        let first = cleanings::of_item(&mut conn, item, None, 2).await.unwrap();
        assert_eq!(first.len(), 2);
        let rest = cleanings::of_item(&mut conn, item, Some(first[1].id), 10).await.unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(cleanings::of_project(&mut conn, project, None, 10).await.unwrap().len(), 3);
        let nothing = cleanings::of_ingest(&mut conn, Uuid::from_u128(1).into(), None, 10).await.unwrap();
        assert!(nothing.is_empty());
    }
}
