//! Records: annotations are only ever added, exposures come before pixels, jobs are tried and given up.

use countersign_model::{
    AssetId, AssetKind, Facts, ItemId, ProjectId, Role, StageKind, SubjectId, UserId, Zone,
};
use countersign_store::{
    Evidence, StoreError,
    assets::{self, Asset},
    exposures::{self, Viewer},
    items::{self, ItemFilter, ItemOrder},
    jobs::{self, Failed, Job},
    moves,
    reads::{self, AnnotationRow, Read},
    tasks,
};
use uuid::Uuid;

use crate::world::{World, both};

/// A subject with a key and no row.
const NOBODY: SubjectId = SubjectId(Uuid::from_u128(0x5ab));

pub async fn asset_in(
    world: &World,
    zone: Zone,
    project: ProjectId,
    item: ItemId,
    bytes: &'static [u8],
) -> Asset {
    let put = match zone {
        Zone::Quarantine => world.store.quarantine().put(project, NOBODY, bytes).await.unwrap(),
        Zone::Cleared => world.store.cleared().put(project, NOBODY, bytes).await.unwrap(),
        other => panic!("not used here: {other}"),
    };
    world
        .write(move |tx| {
            Box::pin(async move {
                let asset = Asset {
                    id: tx.fresh(),
                    project_id: project,
                    zone,
                    address: put.address,
                    kind: AssetKind::Png,
                    bytes: bytes.len() as u64,
                    content_hash: "-".into(),
                    source_asset_id: None,
                    item_id: Some(item),
                    created_at: tx.now(),
                    external_url: None,
                };
                let (asset, is_new) = assets::insert(tx, asset).await?;
                assert!(is_new);
                tx.record(Evidence::new("asset.stored", "asset", asset.id.0))?;
                Ok(asset)
            })
        })
        .await
}

fn annotation(read: &Read, seq: u64, id: u128, version: u32, body: Option<&str>) -> AnnotationRow {
    AnnotationRow {
        read_id: read.id,
        annotation_id: Uuid::from_u128(id).into(),
        version,
        seq,
        body: body.map(Into::into),
        author_user: read.author_user,
        at: read.created_at,
        guideline: None,
    }
}

fn viewer(user: UserId) -> Viewer {
    Viewer { user, session: Uuid::from_u128(77), is_session: true }
}

both! {
    async fn a_read_is_locked_with_what_it_answers_about_the_whole_item(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let (item, _) = world.tasks(project, 1).await[0];
        let user = people[0];
        let whole = r#"{"attributes":{"reason":"other","text":"x"},"class":"cannot-assess","id":"1"}"#;
        let framed = r#"{"class":"cannot-assess","frame":{"index":1,"stream":0},"id":"1"}"#;
        let mark = r#"{"attributes":{"note":"\"class\":\"cannot-assess\""},"class":"car","id":"1"}"#;
        let cases: [(Vec<Option<&'static str>>, bool, u32); 6] = [
            (vec![Some(whole)], true, 0),
            (vec![Some(framed)], false, 0),
            (vec![Some(mark)], false, 1),
            (vec![Some(whole), None], false, 0),
            (vec![Some(whole), Some(mark)], false, 1),
            (vec![Some(mark), Some(whole)], true, 0),
        ];
        for (versions, expected, marks) in cases {
            let named = versions.clone();
            let read = world
                .write(move |tx| {
                    Box::pin(async move {
                        let read = Read {
                            id: tx.fresh(), item_id: item, project_id: project, stage: 0, kind: StageKind::Read,
                            author_user: Some(user), author_model: None, author_model_version: None, author_rule: None,
                            status: "draft".into(), base_read_id: None, revision: 0, content_hash: None,
                            protocol_version: 1, created_at: tx.now(), submitted_at: None, annotation_count: 0,
                            cannot_assess: false, model_hash: None, model_hash_of: None,
                        };
                        reads::insert(tx, read.clone()).await?;
                        for (version, body) in (1..).zip(named) {
                            reads::annotate(tx, vec![annotation(&read, u64::from(version), 5, version, body)]).await?;
                        }
                        reads::lock(tx, read.id, "abc", expected).await?;
                        tx.record(Evidence::new("read.submitted", "read", read.id.0))?;
                        Ok(read)
                    })
                })
                .await;
            let mut reader = world.store.read().await.unwrap();
            let locked = reads::by_id(&mut reader, read.id).await.unwrap().unwrap();
            assert_eq!((locked.status.as_str(), locked.cannot_assess), ("submitted", expected), "{versions:?}");
            assert_eq!(moves::count_current(&mut reader, read.id).await.unwrap(), marks, "{versions:?}");
        }
    }

    async fn annotations_are_added_never_changed(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let (item, _) = world.tasks(project, 1).await[0];
        let user = people[0];
        let (first, copy) = world
            .write(move |tx| {
                Box::pin(async move {
                    let read = Read {
                        id: tx.fresh(), item_id: item, project_id: project, stage: 0, kind: StageKind::Read,
                        author_user: Some(user), author_model: None, author_model_version: None, author_rule: None, model_hash: None, model_hash_of: None, cannot_assess: false,
                        status: "draft".into(), base_read_id: None, revision: 0, content_hash: None,
                        protocol_version: 1, created_at: tx.now(), submitted_at: None, annotation_count: 0,
                    };
                    reads::insert(tx, read.clone()).await?;
                    assert_eq!(reads::advance(tx, read.id, 0, 2).await?, Some(1));
                    let rows = vec![annotation(&read, 1, 5, 1, Some("a1")), annotation(&read, 1, 6, 1, Some("b1"))];
                    reads::annotate(tx, rows).await?;
                    assert_eq!(reads::advance(tx, read.id, 0, 9).await?, None, "a stale revision");
                    assert_eq!(reads::advance(tx, read.id, 1, 1).await?, Some(2));
                    let rows = vec![annotation(&read, 2, 5, 2, Some("a2")), annotation(&read, 2, 6, 2, None)];
                    reads::annotate(tx, rows).await?;
                    let copy = Read { id: tx.fresh(), base_read_id: Some(read.id), stage: 1, ..read.clone() };
                    reads::insert(tx, copy.clone()).await?;
                    assert_eq!(reads::copy_annotations(tx, read.id, copy.id).await?, 1);
                    reads::set_status(tx, read.id, "submitted", Some("abc")).await?;
                    assert_eq!(reads::advance(tx, read.id, 2, 1).await?, None, "a locked read");
                    tx.record(Evidence::new("read.submitted", "read", read.id.0))?;
                    Ok((read, copy))
                })
            })
            .await;
        let mut reader = world.store.read().await.unwrap();
        let bodies = |rows: Vec<AnnotationRow>| {
            rows.into_iter().map(|row| (row.version, row.seq, row.body.unwrap_or_default())).collect::<Vec<_>>()
        };
        assert_eq!(bodies(reads::annotations(&mut reader, first.id).await.unwrap()), [(2, 2, "a2".to_owned())]);
        assert_eq!(bodies(reads::annotations(&mut reader, copy.id).await.unwrap()), [(2, 0, "a2".to_owned())]);
        assert_eq!(reads::history(&mut reader, first.id).await.unwrap().len(), 4);
        let locked = reads::by_id(&mut reader, first.id).await.unwrap().unwrap();
        assert_eq!((locked.status.as_str(), locked.content_hash.as_deref()), ("submitted", Some("abc")));
        assert_eq!(locked.submitted_at, Some(world.now()));
        drop(reader);
        let row = annotation(&first, 2, 5, 2, Some("overwritten"));
        let outcome = world
            .store
            .write(countersign_store::Actor::system(), move |tx| {
                Box::pin(async move {
                    tx.record(Evidence::new("test", "read", Uuid::nil()))?;
                    reads::annotate(tx, vec![row]).await
                })
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
    }

    async fn bytes_are_created_once_and_zones_do_not_mix(world: World) {
        let (project, _) = world.project(&[]).await;
        let (other, _) = (ProjectId(Uuid::from_u128(9)), ());
        let store = &world.store;
        let first = store.cleared().put(project, NOBODY, &b"pixels"[..]).await.unwrap();
        assert!(first.is_new);
        let again = store.cleared().put(project, NOBODY, &b"pixels"[..]).await.unwrap();
        assert_eq!((&again.address, again.is_new), (&first.address, false));
        assert_eq!(store.cleared().for_machine(project, &first.address).await.unwrap(), &b"pixels"[..]);
        assert_ne!(store.cleared().put(other, NOBODY, &b"pixels"[..]).await.unwrap().address, first.address);
        assert!(!store.quarantine().exists(project, &first.address).await.unwrap());
        let plain = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(b"pixels"));
        assert_ne!(first.address.as_str(), plain, "the plain hash would tell whoever has the file");
        let missing = store.vault_zone().for_machine(project, &first.address).await;
        assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
        let hex = first.address.as_str();
        let file = world.folder.path().join(format!("blobs/cleared/{project}/{}/{}/{hex}", &hex[..2], &hex[2..4]));
        std::fs::write(&file, b"pixelz").unwrap();
        let damaged = store.cleared().for_machine(project, &first.address).await;
        assert!(matches!(damaged, Err(StoreError::Damaged { .. })), "{damaged:?}");
        store.cleared().delete(project, &first.address).await.unwrap();
        assert!(!store.cleared().exists(project, &first.address).await.unwrap());
        let package = store.scratch().unwrap();
        std::fs::write(&package, b"a package").unwrap();
        let adopted = store.released().adopt(project, &package).await.unwrap();
        assert!(adopted.is_new && !package.exists());
        std::fs::write(&package, b"a package").unwrap();
        let again = store.released().adopt(project, &package).await.unwrap();
        assert_eq!((again.address, again.is_new), (adopted.address, false));
    }

    async fn an_exposure_is_noted_once_per_session_and_hour_and_opens_its_own_zone_only(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let (item, _) = world.tasks(project, 1).await[0];
        let cleared = asset_in(world, Zone::Cleared, project, item, b"clean").await;
        let dirty = asset_in(world, Zone::Quarantine, project, item, b"dirty").await;
        let me = viewer(people[0]);
        let exposed = exposures::ensure(&world.store, me, &cleared, "work").await.unwrap();
        assert_eq!(world.store.cleared().show(&exposed).await.unwrap(), &b"clean"[..]);
        assert_eq!(world.store.cleared().show_range(&exposed, 1..3).await.unwrap(), &b"le"[..]);
        let both = [cleared.clone(), dirty.clone()];
        let both = exposures::ensure_all(&world.store, me, &both, "work").await.unwrap();
        assert_eq!(both[1].asset(), dirty.id);
        assert!(world.store.cleared().show(&both[1]).await.is_err(), "quarantine cannot be shown as cleared");
        assert!(world.store.quarantine().show_at_gate(&both[0]).await.is_err());
        assert_eq!(world.store.quarantine().show_at_gate(&both[1]).await.unwrap(), &b"dirty"[..]);
        world.reopen().await;
        exposures::ensure(&world.store, me, &cleared, "work").await.unwrap();
        exposures::ensure(&world.store, me, &cleared, "browse").await.unwrap();
        let mut reader = world.store.read().await.unwrap();
        let mut seen = exposures::of_item(&mut reader, item, None, None, 100).await.unwrap();
        seen.reverse();
        let seen: Vec<(AssetId, &str)> = seen.iter().map(|e| (e.asset_id, e.purpose.as_str())).collect();
        assert_eq!(seen, [(cleared.id, "work"), (dirty.id, "work"), (cleared.id, "browse")]);
        let events = reader.query("SELECT COUNT(*) AS n FROM events WHERE action = 'asset.shown'");
        assert_eq!(events.fetch_one().await.unwrap().get::<i64>("n").unwrap(), 3);
        drop(reader);
        // The hour after, and a year later, it is another look: by the same session, which may be a token that does not end.
        for seconds in [3_600, 365 * 86_400] {
            world.clock.advance_seconds(seconds);
            let looked = exposures::ensure(&world.store, me, &cleared, "work").await.unwrap();
            exposures::ensure(&world.store, me, &cleared, "work").await.unwrap();
            assert_eq!(looked.asset(), cleared.id);
        }
        let mut reader = world.store.read().await.unwrap();
        let mut seen = Vec::new();
        loop {
            let before = seen.last().map(|look: &exposures::Exposure| look.id);
            let page = exposures::of_item(&mut reader, item, Some(me.user), before, 2).await.unwrap();
            let is_last = page.len() < 2;
            seen.extend(page);
            if is_last {
                break;
            }
        }
        let stranger = exposures::of_item(&mut reader, item, Some(UserId(Uuid::from_u128(5))), None, 2).await.unwrap();
        assert_eq!(stranger, []);
        assert_eq!(seen.len(), 5);
        seen.reverse();
        assert_eq!(seen[4].at.micros() - seen[3].at.micros(), 365 * 86_400 * 1_000_000);
        let events = reader.query("SELECT COUNT(*) AS n FROM events WHERE action = 'asset.shown'");
        assert_eq!(events.fetch_one().await.unwrap().get::<i64>("n").unwrap(), 5);
    }

    async fn lists_filter_page_and_search(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let made = world.tasks(project, 25).await;
        let (fourth, user) = (made[3].0, people[0]);
        world
            .write(move |tx| {
                Box::pin(async move {
                    let facts = Facts {
                        modality: Some("CT".into()), ctdi_vol_mgy: Some(12.5), slice_thickness_mm: Some(0.1 + 0.2),
                        ..Facts::default()
                    };
                    items::set_content(tx, fourth, vec![], facts).await?;
                    tasks::take_part(tx, fourth, user, 0, "authored").await?;
                    tx.record(Evidence::new("item.changed", "item", fourth.0)).map(drop)
                })
            })
            .await;
        let mut reader = world.store.read().await.unwrap();
        let mut seen = Vec::new();
        let mut filter = ItemFilter::default();
        loop {
            let page = items::list(&mut reader, project, &filter, 10).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some(last.id);
            seen.extend(page.iter().map(|item| item.id));
        }
        assert_eq!(seen, made.iter().map(|(item, _)| *item).collect::<Vec<_>>());
        let one = [
            ItemFilter { modality: Some("CT".into()), ctdi_min: Some(12.5), ctdi_max: Some(12.5), ..ItemFilter::default() },
            ItemFilter { thickness_max: Some(1.0), ..ItemFilter::default() },
            ItemFilter { taken_part: Some(user), ..ItemFilter::default() },
            ItemFilter { text: Some("AGE 3".into()), ..ItemFilter::default() },
        ];
        for filter in one {
            let found = items::list(&mut reader, project, &filter, 10).await.unwrap();
            assert_eq!(found.iter().map(|item| item.id).collect::<Vec<_>>(), [fourth], "{filter:?}");
            assert_eq!(found[0].slice_thickness_mm, Some(0.1 + 0.2));
        }
        let wild = ItemFilter { text: Some("%".into()), ..ItemFilter::default() };
        assert!(items::list(&mut reader, project, &wild, 10).await.unwrap().is_empty());
        let newest = ItemFilter { order: ItemOrder::Newest, ..ItemFilter::default() };
        assert_eq!(items::list(&mut reader, project, &newest, 1).await.unwrap()[0].id, made[24].0);
        assert_eq!(items::count_by_state(&mut reader, project).await.unwrap(), [("queued".to_owned(), 25)]);
    }

    async fn jobs_are_leased_in_batches_and_given_up_after_three_tries(world: World) {
        let (project, _) = world.project(&[]).await;
        world
            .write(move |tx| {
                Box::pin(async move {
                    let jobs: Vec<_> = (0..5)
                        .map(|number| Job::ready(tx, if number == 4 { "other" } else { "deid" }, Some(project), None, &number.into()))
                        .collect();
                    jobs::insert_all(tx, jobs).await?;
                    tx.record(Evidence::new("jobs.queued", "project", project.0)).map(drop)
                })
            })
            .await;
        let lease = |worker: &'static str| world.store.lease_jobs(worker, &["deid"], 3, 60);
        let first = lease("a").await.unwrap();
        assert_eq!(first.iter().map(|job| job.payload.as_str()).collect::<Vec<_>>(), ["0", "1", "2"]);
        assert_eq!(lease("b").await.unwrap().len(), 1);
        assert!(world.store.renew_job(first[0].id, "a", 600).await.unwrap());
        assert!(!world.store.renew_job(first[0].id, "b", 600).await.unwrap());
        let (done, failing) = (first[0].id, first[1].id);
        let outcome = world
            .write(move |tx| {
                Box::pin(async move {
                    tx.record(Evidence::new("job.done", "job", done.0))?;
                    assert!(!jobs::finish(tx, done, "b").await?);
                    assert!(jobs::finish(tx, done, "a").await?);
                    jobs::fail(tx, failing, "a", "unreadable", false).await
                })
            })
            .await;
        assert_eq!(outcome, Failed::Again);
        for _ in 0..2 {
            world.clock.advance_seconds(61);
            assert_eq!(lease("c").await.unwrap().len(), 3, "the one that failed and those whose workers went silent");
        }
        world.clock.advance_seconds(61);
        assert!(lease("d").await.unwrap().is_empty());
        let mut reader = world.store.read().await.unwrap();
        assert_eq!(jobs::by_id(&mut reader, failing).await.unwrap().unwrap().state, "dead");
        assert_eq!(jobs::count(&mut reader, project).await.unwrap(), (1, 4));
    }
}
