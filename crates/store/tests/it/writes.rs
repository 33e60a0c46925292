//! Writes: evidence is compulsory, a group shares a commit and nothing else.

use countersign_model::Role;
use countersign_store::{Actor, Evidence, StoreError, projects, users};
use futures::future::join_all;

use crate::world::{World, both, project_of};

#[derive(Debug)]
enum Refused {
    Store(StoreError),
    No,
}
impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

both! {
    async fn a_change_without_evidence_is_rolled_back(world: World) {
        let outcome: Result<(), StoreError> = world
            .store
            .write(Actor::system(), |tx| {
                Box::pin(async move { users::ensure_organization(tx, "Silent", "own").await.map(drop) })
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::NoEvidence)), "{outcome:?}");
        let mut reader = world.store.read().await.unwrap();
        let found = reader.query("SELECT name FROM organizations").fetch_all().await.unwrap();
        assert!(found.is_empty());
        drop(reader);
        let nothing: Result<u64, StoreError> =
            world.store.write(Actor::system(), |tx| Box::pin(async move { users::count(tx).await })).await;
        assert_eq!(nothing.unwrap(), 0, "a write that changes nothing needs no evidence");
    }

    async fn a_refusal_in_a_group_takes_nothing_else_with_it(world: World) {
        let (project, _) = world.project(&[Role::Owner]).await;
        let organization = {
            let mut reader = world.store.read().await.unwrap();
            projects::by_id(&mut reader, project).await.unwrap().unwrap().organization_id
        };
        let writes = (0..40).map(|number| {
            let store = world.store.clone();
            async move {
                store
                    .write(Actor::system(), move |tx| {
                        Box::pin(async move {
                            let mut project = project_of(tx, organization);
                            project.name = format!("kept {number}");
                            let id = project.id;
                            projects::insert(tx, project).await?;
                            tx.record(Evidence::new("project.created", "project", id.0))?;
                            if number % 4 == 1 {
                                return Err(Refused::No);
                            }
                            assert_ne!(number % 4, 2, "this write fails on purpose");
                            Ok(number)
                        })
                    })
                    .await
            }
        });
        let writes: Vec<_> = writes.map(tokio::spawn).collect();
        let outcomes = join_all(writes).await;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            match (number % 4, outcome) {
                (1, outcome) => assert!(matches!(outcome, Ok(Err(Refused::No)))),
                // The writer of SQLite survives a panic and says so; on PostgreSQL it stays in the caller's task.
                (2, Ok(outcome)) => assert!(matches!(outcome, Err(Refused::Store(StoreError::Abandoned)))),
                (2, Err(panic)) => assert!(panic.is_panic()),
                (_, outcome) => assert!(matches!(outcome, Ok(Ok(n)) if n == number)),
            }
        }
        let mut reader = world.store.read().await.unwrap();
        let kept = projects::list(&mut reader).await.unwrap();
        let kept = kept.iter().filter(|project| project.name.starts_with("kept")).count();
        let events = reader.query("SELECT COUNT(*) AS n FROM events WHERE action = 'project.created'");
        let events: i64 = events.fetch_one().await.unwrap().get("n").unwrap();
        drop(reader);
        assert_eq!((kept, events), (20, 21));
    }

    async fn a_taken_name_is_a_conflict_and_the_next_write_works(world: World) {
        let (project, _) = world.project(&[Role::Owner]).await;
        let again: Result<(), StoreError> = world
            .store
            .write(Actor::system(), move |tx| {
                Box::pin(async move {
                    let taken = projects::by_id(tx, project).await?.unwrap();
                    tx.record(Evidence::new("project.created", "project", project.0))?;
                    let mut copy = project_of(tx, taken.organization_id);
                    copy.name = taken.name;
                    projects::insert(tx, copy).await
                })
            })
            .await;
        assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
        assert_eq!(world.tasks(project, 3).await.len(), 3);
    }
}
