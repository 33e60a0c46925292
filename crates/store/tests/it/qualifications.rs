//! Certificates, and claims that ask for them, on both engines.

use countersign_model::{QualificationId, Role, SubjectId};
use countersign_store::{
    Evidence, gold,
    qualifications::{self, PAPERS, Paper, Qualification},
    tasks::{self, Claim, Satisfied},
};

use crate::world::{World, both};

both! {
    async fn a_claim_hands_out_and_counts_what_is_satisfied_only(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let (user, made) = (people[0], world.tasks(project, 3).await);
        let asked = ["chest_ct", "chest & ct"];
        let (first, second) = (made[0].1, made[1].1);
        world.write(move |tx| Box::pin(async move {
            for (task, expression) in [first, second].into_iter().zip(asked) {
                let query = tx.query("UPDATE tasks SET qualification = $1 WHERE id = $2");
                query.bind(expression).bind(task).execute().await?;
            }
            tx.record(Evidence::new("test", "project", project.0))
        })).await;
        for (satisfied, expected) in [
            (vec![], 1),
            (vec!["chest"], 1),
            (vec!["chest_ct"], 2),
            (vec!["chest & ct", "other"], 2),
            (vec!["chest_ct", "chest & ct"], 3),
        ] {
            let satisfied: Satisfied = satisfied.into_iter().collect();
            let now = world.store.clock().now();
            let mut conn = world.store.read().await.unwrap();
            let counted =
                tasks::count_claimable(&mut conn, project, user, Role::Annotator, now, (&satisfied, gold::Rules::NONE), 10).await.unwrap();
            assert_eq!(counted, expected, "{satisfied:?}");
        }
        let mut got = Vec::new();
        for _ in 0..3 {
            let task = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "project", project.0))?;
                let (until, satisfied) = (tx.now().plus_seconds(600), ["chest & ct"].into_iter().collect());
                let claim = Claim { project, user, role: Role::Annotator, stage: None, item: None, until, satisfied, gold: gold::Rules::NONE };
                tasks::claim(tx, claim).await
            })).await;
            got.extend(task.map(|task| task.id));
        }
        assert_eq!(got, [made[1].1, made[2].1], "the one that asks for chest_ct stays");
    }

    async fn certificates_count_where_they_are_for_and_are_revoked_once(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let (elsewhere, _) = world.project(&[Role::Annotator]).await;
        let user = people[0];
        let ids = world.write(move |tx| Box::pin(async move {
            let mut ids: Vec<QualificationId> = Vec::new();
            for (name, place) in [("here", Some(project)), ("there", Some(elsewhere)), ("everywhere", None)] {
                let row = Qualification {
                    id: tx.fresh(), user_id: user, project_id: place, name: name.into(), score: Some(0.9),
                    issuer: "a board".into(), valid_from: tx.now(), valid_until: tx.now().plus_seconds(1_000),
                    evidence_hash: None, evidence_reference: None, issued_by: None, issued_at: tx.now(),
                    revoked_by: None, revoked_at: None, revoke_reason: None, file_address: None, file_kind: None,
                    file_bytes: None, file_by: None, file_at: None,
                };
                ids.push(row.id);
                qualifications::insert(tx, row).await?;
            }
            tx.record(Evidence::new("test", "project", project.0))?;
            Ok(ids)
        })).await;
        let names = async |world: &World| {
            let now = world.store.clock().now();
            let mut conn = world.store.read().await.unwrap();
            let held = qualifications::held_by_person(&mut conn, project, now).await.unwrap();
            assert!(held.iter().all(|(who, _)| *who == user));
            let mut names: Vec<_> = held.into_iter().map(|(_, name)| name).collect();
            names.sort();
            names.join(" ")
        };
        assert_eq!(names(world).await, "everywhere here");
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(qualifications::of_user_on(&mut conn, user, project).await.unwrap().len(), 2);
        assert_eq!(qualifications::of_project(&mut conn, project, 10).await.unwrap().len(), 2);
        assert_eq!(qualifications::of_user(&mut conn, user).await.unwrap().len(), 3);
        assert_eq!(qualifications::everywhere(&mut conn, 10).await.unwrap().len(), 1);
        drop(conn);
        let here = ids[0];
        for (first, days) in [(true, 7), (false, 7), (true, 1)] {
            let said = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "project", project.0))?;
                qualifications::warn(tx, here, days).await
            })).await;
            assert_eq!(said, first, "{days}");
        }
        // A document is kept once, with its hash, where papers lie.
        let put = world.store.papers().put(PAPERS, SubjectId(here.0), &b"a diploma"[..]).await.unwrap();
        for expected in [true, false] {
            let address = put.address.clone();
            let kept = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "project", project.0))?;
                let paper = Paper { address, kind: "application/pdf", bytes: 9, hash: "ab" };
                qualifications::keep_paper(tx, here, user, paper).await
            })).await;
            assert_eq!(kept, expected);
        }
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(qualifications::papers(&mut conn).await.unwrap(), std::slice::from_ref(&put.address));
        let row = qualifications::by_id(&mut conn, here).await.unwrap().unwrap();
        assert_eq!((row.file_bytes, row.evidence_hash.as_deref()), (Some(9), Some("ab")));
        drop(conn);
        let bytes = world.store.papers().for_machine(PAPERS, &put.address).await.unwrap();
        assert_eq!(bytes, &b"a diploma"[..]);
        for expected in [true, false] {
            let revoked = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "project", project.0))?;
                qualifications::revoke(tx, here, user, "a mistake").await
            })).await;
            assert_eq!(revoked, expected);
        }
        assert_eq!(names(world).await, "everywhere");
    }
}
