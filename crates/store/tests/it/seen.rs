//! Who saw what of whom: what is summed up slice by slice is what was generated.

use std::collections::HashMap;

use countersign_model::{AssetId, AssetKind, EventId, Instant, Role, SubjectId, UserId, Zone};
use countersign_store::{
    Evidence,
    assets::Asset,
    exposures::Exposure,
    seen::{self, SeenFilter},
    subjects::SubjectAsset,
};
use uuid::Uuid;

use crate::world::{START, World, both};

/// More than one slice holds.
const LOOKS: u64 = 101_000;
const SUBJECTS: usize = 40;
const ASSETS: usize = 130;
const PURPOSES: [&str; 4] = ["work", "grid", "thumbnail", "gate_before"];

/// The same numbers on every run (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
fn mixed(n: u64) -> u64 {
    let z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Exposures, glances, of quarantine, first, last.
type Sum = (u64, u64, u64, i64, i64);
type Sums = HashMap<(UserId, Option<SubjectId>), Sum>;

fn add(sums: &mut Sums, pair: (UserId, Option<SubjectId>), other: Sum) {
    let sum = sums.entry(pair).or_insert((0, 0, 0, i64::MAX, i64::MIN));
    *sum = (sum.0 + other.0, sum.1 + other.1, sum.2 + other.2, sum.3.min(other.3), sum.4.max(other.4));
}

/// Assets and whom they are about: one, or nobody that is known.
async fn assets(world: &World, project: countersign_model::ProjectId) -> Vec<(AssetId, Vec<SubjectId>)> {
    let mut subjects = Vec::new();
    for number in 0..SUBJECTS {
        subjects.push(world.subject(project, &format!("subject {number}")).await);
    }
    let about = |number: usize| match number % 13 {
        0 => vec![],
        _ => vec![subjects[number % SUBJECTS]],
    };
    let all: Vec<(AssetId, Vec<SubjectId>)> = (0..ASSETS)
        .map(|number| (AssetId(Uuid::from_u64_pair(5, number as u64 + 1)), about(number)))
        .collect();
    let made = all.clone();
    world
        .write(move |tx| {
            Box::pin(async move {
                let rows = made.iter().map(|(id, _)| Asset {
                    id: *id,
                    project_id: project,
                    zone: Zone::Cleared,
                    address: format!("{}{}", id.0.simple(), id.0.simple()).parse().expect("an address"),
                    kind: AssetKind::Png,
                    bytes: 1,
                    content_hash: "00".into(),
                    source_asset_id: None,
                    item_id: None,
                    created_at: tx.now(),
                    external_url: None,
                });
                let rows: Vec<Asset> = rows.collect();
                tx.insert_all(rows).await?;
                let about = made.iter().flat_map(|(asset_id, about)| {
                    about
                        .iter()
                        .map(|subject_id| SubjectAsset { asset_id: *asset_id, subject_id: *subject_id })
                });
                let about: Vec<SubjectAsset> = about.collect();
                tx.insert_all(about).await?;
                tx.record(Evidence::new("test.brought", "project", project.0)).map(drop)
            })
        })
        .await;
    all
}

async fn reported(world: &World, filter: SeenFilter) -> (Sums, usize) {
    let (mut sums, mut filter, mut slices) = (Sums::new(), filter, 0);
    loop {
        let (groups, next) = seen::slice(&mut world.store.read().await.unwrap(), filter).await.unwrap();
        for group in groups {
            let sum = (group.exposures, group.glances, group.quarantined, group.first_at.0, group.last_at.0);
            add(&mut sums, (group.user_id, group.subject_id), sum);
        }
        slices += 1;
        match next {
            Some(next) if next < filter.to => filter.from = next,
            _ => return (sums, slices),
        }
    }
}

both! {
    async fn each_pair_of_a_person_and_a_subject_is_what_was_generated(world: World) {
        let (project, people) = world.project(&[Role::Annotator; 7]).await;
        let assets = assets(world, project).await;
        // Several within one moment: slices end between moments.
        let looks: Vec<(UserId, usize, i64, usize)> = (0..LOOKS)
            .map(|n| {
                let (a, b) = (mixed(n) as usize, mixed(n ^ 0xffff_0000) as usize);
                (people[a % people.len()], b % ASSETS, START + (n / 3) as i64 * 1_000, (a >> 20) % PURPOSES.len())
            })
            .collect();
        let (rows, ids) = (looks.clone(), assets.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        world
            .write(move |tx| {
                Box::pin(async move {
                    let rows = rows.into_iter().zip(1u64..).map(|((user_id, asset, at, purpose), n)| Exposure {
                        id: Uuid::from_u64_pair(8, n),
                        user_id,
                        session_id: Uuid::from_u64_pair(7, n),
                        asset_id: ids[asset],
                        item_id: None,
                        project_id: project,
                        zone: if purpose == 3 { Zone::Quarantine } else { Zone::Cleared },
                        purpose: PURPOSES[purpose].to_owned(),
                        at: Instant(at),
                        event_id: EventId(Uuid::from_u64_pair(9, n)),
                    });
                    let rows: Vec<Exposure> = rows.collect();
                    tx.insert_all(rows).await?;
                    tx.record(Evidence::new("test.looked", "project", project.0)).map(drop)
                })
            })
            .await;
        let truth = |user: Option<UserId>, subject: Option<SubjectId>, from: i64, to: i64| {
            let mut sums = Sums::new();
            let within = looks.iter().filter(|(who, _, at, _)| (from..to).contains(at) && user.is_none_or(|user| user == *who));
            for (who, asset, at, purpose) in within {
                let about = &assets[*asset].1;
                let one = (1, u64::from((1..=2).contains(purpose)), u64::from(*purpose == 3), *at, *at);
                let of: Vec<Option<SubjectId>> = if about.is_empty() { vec![None] } else { about.iter().copied().map(Some).collect() };
                for of in of.into_iter().filter(|of| subject.is_none() || *of == subject) {
                    add(&mut sums, (*who, of), one);
                }
            }
            sums
        };
        let end = START + LOOKS as i64 * 1_000;
        let subject = assets[5].1[0];
        let questions = [
            (None, None, START, end),
            (Some(people[3]), None, START, end),
            (None, Some(subject), START + 5_000_000, end / 2 + START / 2),
            (Some(people[1]), Some(subject), START + 777_000, end),
        ];
        for (user, subject, from, to) in questions {
            let filter = SeenFilter { project: Some(project), user, subject, from: Instant(from), to: Instant(to) };
            let (expected, (found, slices)) = (truth(user, subject, from, to), reported(world, filter).await);
            assert!(!expected.is_empty() && (user.is_some() || subject.is_some() || slices == 2), "{slices}");
            assert_eq!(found.len(), expected.len());
            for (pair, sum) in &expected {
                assert_eq!(found.get(pair), Some(sum), "{pair:?}");
            }
        }
    }
}
