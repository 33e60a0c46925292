//! The streams beside corrections by reviewers, each with a detector of its own: agreement with the other readers of an item, how far
//! marks lie from where a reviewer put them, misses of a critical class, and odd durations, which are shown and never a
//! ground.

use std::collections::BTreeSet;

use countersign_model::{Annotation, Protocol, ReadId, UserId};
use countersign_store::{Tx, monitoring, reads, turns};
use countersign_workflow::{
    ReviewDecision,
    compare::{Comparison, Finding, overlaps},
};

use super::{
    check::{Looked, Pair, take},
    expected::{Expected, Known, among_peers, judged, known, measured},
};
use crate::{Pipeline, Result, moving::Moving};

/// Agreement with the other readers of an item, or with the decision between them.
pub(crate) const PEERS: &str = "peers";
/// How far marks lie from where a reviewer put them.
pub(crate) const OVERLAP: &str = "overlap";
/// Odd durations: shown beside the others, never a ground to hold anything.
pub(crate) const TIME: &str = "time";
/// What the stream of a critical class begins with; its id follows.
pub(crate) const CLASS: &str = "class:";
/// Fewest durations of others that one is held against.
const DURATIONS_MIN: usize = 20;
/// Most of them: the last ones.
const DURATIONS_MAX: u32 = 200;
/// A duration is odd whose modified z-score is larger (Iglewicz and Hoaglin 1993).
const ODD: f64 = 3.5;
/// Standard deviations in a median absolute deviation of normal values, inverted.
const MAD_SCALE: f64 = 1.482_602_218_5;

/// A review with the marks before and after it.
pub(super) struct Reviewed<'a> {
    pub read: &'a reads::Read,
    /// Its item, as it was known before.
    pub known: &'a Known,
    pub user: UserId,
    pub reviewer: UserId,
    pub decision: ReviewDecision,
    pub before: &'a [Annotation],
    pub after: &'a [Annotation],
}

/// What a review says beside whether the read was right.
pub(super) async fn reviewed(
    tx: &mut Tx,
    pipeline: &Pipeline,
    protocol: &Protocol,
    seen: &Reviewed<'_>,
) -> Result<()> {
    let looked = |(wrong, severity): (bool, Option<f64>), expected: Expected, pairs: Vec<Pair>| Looked {
        project: seen.read.project_id,
        user: seen.user,
        item: seen.read.item_id,
        read: seen.read.id,
        read_at: seen.read.submitted_at.unwrap_or(seen.read.created_at),
        checked_by: Some(seen.reviewer),
        wrong,
        severity,
        expected: expected.value,
        stratum: seen.known.stratum.clone(),
        known: expected.known,
        pairs,
    };
    // What was sent back without a mark being named says nothing about any.
    if seen.decision != ReviewDecision::Reject {
        if let Some(severity) = apart(seen.before, seen.after, protocol) {
            let expected = measured(tx, seen.known, OVERLAP).await?;
            let found = (severity > 0.0, Some(severity));
            take(tx, pipeline, OVERLAP, looked(found, expected, moved(seen.before, seen.after))).await?;
        }
        for class in protocol.classes.iter().filter(|class| class.critical) {
            let Some(missed) = missed(&class.id, seen.before, seen.after) else { continue };
            let stream = format!("{CLASS}{}", class.id);
            let expected = judged(tx, seen.known, &stream).await?;
            let pairs = if missed { vec![(Some(class.id.clone()), None)] } else { Vec::new() };
            take(tx, pipeline, &stream, looked((missed, None), expected, pairs)).await?;
        }
    }
    if let Some(odd) = is_odd(tx, seen).await? {
        let expected = judged(tx, seen.known, TIME).await?;
        take(tx, pipeline, TIME, looked((odd, None), expected, Vec::new())).await?;
    }
    Ok(())
}

/// How far the marks that a reviewer kept lie from where they put them: the mean of one minus the overlap; `None` where none
/// was kept.
fn apart(before: &[Annotation], after: &[Annotation], protocol: &Protocol) -> Option<f64> {
    let compares = protocol.stages.iter().find(|stage| stage.kind == countersign_model::StageKind::Compare);
    let rule = compares.map(|stage| stage.agreement.clone()).unwrap_or_default();
    let (mut sum, mut count) = (0.0, 0_u32);
    for mark in before.iter().filter(|mark| !mark.is_answer()) {
        let Some(kept) = after.iter().find(|kept| kept.id == mark.id) else { continue };
        let same = overlaps(std::slice::from_ref(mark), std::slice::from_ref(kept), &rule)[0];
        sum += if kept.shape == mark.shape { 0.0 } else { 1.0 - f64::from(same) };
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// The classes of the marks that a reviewer kept and put elsewhere.
fn moved(before: &[Annotation], after: &[Annotation]) -> Vec<Pair> {
    let changed = |mark: &&Annotation| {
        after.iter().any(|kept| kept.id == mark.id && kept.class == mark.class && kept.shape != mark.shape)
    };
    let marks = before.iter().filter(|mark| !mark.is_answer()).filter(changed);
    marks.map(|mark| (Some(mark.class.clone()), Some(mark.class.clone()))).collect()
}

/// Whether a mark of a class was missed that is there after all; `None` where there is none.
fn missed(class: &str, before: &[Annotation], after: &[Annotation]) -> Option<bool> {
    let of = |marks: &[Annotation]| {
        marks.iter().filter(|mark| mark.class == class).map(|mark| mark.id).collect::<BTreeSet<_>>()
    };
    let (said, right) = (of(before), of(after));
    (!right.is_empty()).then(|| !right.is_subset(&said))
}

/// Whether reading the item took oddly long or short, beside what it took others; `None` where too little is known.
async fn is_odd(tx: &mut Tx, seen: &Reviewed<'_>) -> Result<Option<bool>> {
    let (project, item) = (seen.read.project_id, seen.read.item_id);
    let Some(own) = turns::reading_time(tx, item, seen.user).await? else { return Ok(None) };
    let others = turns::reading_times_of_others(tx, project, seen.user, DURATIONS_MAX).await?;
    Ok(odd(own, &others))
}

fn odd(own: i64, others: &[i64]) -> Option<bool> {
    let log = |micros: i64| (micros.max(1) as f64).ln();
    let mut logs: Vec<f64> = others.iter().map(|micros| log(*micros)).collect();
    if logs.len() < DURATIONS_MIN {
        return None;
    }
    let middle = median(&mut logs);
    let mut apart: Vec<f64> = logs.iter().map(|value| (value - middle).abs()).collect();
    let spread = MAD_SCALE * median(&mut apart);
    (spread > 0.0).then(|| ((log(own) - middle) / spread).abs() > ODD)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) }
}

/// What independent reading says of somebody's read: nothing wrong where all agreed, or as the decision between them says.
pub(crate) struct Peer {
    pub read: ReadId,
    pub wrong: bool,
    /// Who decided; absent where the readers agree by themselves.
    pub by: Option<UserId>,
    /// What was right and what they said, class by class.
    pub pairs: Vec<Pair>,
}

/// What readers who agree say of each of them: who is outvoted was wrong. Nothing where one could not assess something: to mark nothing
/// and not to know are different answers.
pub(crate) fn peers(comparison: &Comparison, marks: &[Vec<Annotation>], ids: &[ReadId]) -> Vec<Peer> {
    let outvoted = |reader: usize, finding: &Finding| match finding.standing.is_empty() {
        true => finding.marks.iter().any(|(place, _)| *place == reader),
        false => !finding.standing.contains(&reader),
    };
    let pair = |reader: usize, finding: &Finding| -> Pair {
        let class = |(of, place): &(usize, usize)| Some(marks.get(*of)?.get(*place)?.class.clone());
        let stands = finding.marks.iter().find(|(of, _)| finding.standing.contains(of));
        let own = finding.marks.iter().find(|(of, _)| *of == reader);
        (stands.and_then(class), own.and_then(class))
    };
    let peer = |(reader, read): (usize, &ReadId)| {
        let against = comparison.findings.iter().filter(|finding| outvoted(reader, finding));
        let pairs: Vec<Pair> = against.map(|finding| pair(reader, finding)).collect();
        Peer { read: *read, wrong: !pairs.is_empty(), by: None, pairs }
    };
    ids.iter().enumerate().map(peer).collect()
}

/// Takes into account what independent reading says of the reads of an item; each read once.
pub(crate) async fn read_with_peers(
    tx: &mut Tx,
    pipeline: &Pipeline,
    moving: &Moving,
    peers: &[Peer],
) -> Result<()> {
    for peer in peers {
        let Some(read) = reads::by_id(tx, peer.read).await? else { continue };
        let (Some(user), Some(read_at)) = (read.author_user, read.submitted_at) else { continue };
        let (project, item) = (read.project_id, moving.item.id);
        if monitoring::was_checked(tx, item, user, PEERS).await? {
            continue;
        }
        let others: Vec<&Peer> = peers.iter().filter(|other| other.read != peer.read).collect();
        let known = known(tx, &read, user).await?;
        let expected = among_peers(tx, &known, PEERS, &others, peer.by.is_some()).await?;
        let looked = Looked {
            project,
            user,
            item,
            read: read.id,
            read_at,
            checked_by: peer.by,
            wrong: peer.wrong,
            severity: None,
            expected: expected.value,
            stratum: known.stratum,
            known: expected.known,
            pairs: peer.pairs.clone(),
        };
        take(tx, pipeline, PEERS, looked).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use countersign_model::{AnnotationId, Author, Shape};
    use uuid::Uuid;

    use super::*;

    fn mark(id: u128, class: &str, x: f64) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(id)),
            class: class.into(),
            frame: None,
            shape: Shape::Box { x, y: 0.0, w: 10.0, h: 10.0 },
            attributes: Default::default(),
            author: Author::Human { user: UserId(Uuid::from_u128(1)) },
            version: 1,
            score: None,
            arrangement: Default::default(),
            unclear: None,
        }
    }

    #[test]
    fn a_mark_that_was_moved_lies_apart_and_one_that_was_missed_is_no_matter_of_place() {
        let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
        let protocol = countersign_workflow::parse_protocol(text).unwrap();
        let before = [mark(1, "object", 0.0), mark(2, "object", 50.0)];
        assert_eq!(apart(&before, &before, &protocol), Some(0.0));
        let moved = [mark(1, "object", 5.0), mark(2, "object", 50.0), mark(3, "object", 90.0)];
        // A third of the union is common: two thirds apart, of two marks.
        let found = apart(&before, &moved, &protocol).unwrap();
        assert!((found - (1.0 - 1.0 / 3.0) / 2.0).abs() < 1e-6, "{found}");
        assert_eq!(apart(&[], &moved, &protocol), None);
        let object = Some("object".to_owned());
        assert_eq!(super::moved(&before, &moved), [(object.clone(), object)]);
    }

    #[test]
    fn a_critical_class_is_missed_where_it_is_there_and_was_not_said() {
        let person = [mark(1, "person", 0.0)];
        assert_eq!(missed("person", &[], &person), Some(true));
        assert_eq!(missed("person", &person, &person), Some(false));
        assert_eq!(missed("person", &person, &[mark(1, "object", 0.0)]), None);
        assert_eq!(missed("person", &[mark(1, "object", 0.0)], &person), Some(true));
    }

    #[test]
    fn a_duration_is_odd_that_is_far_from_what_it_takes_others() {
        let minutes = |n: i64| n * 60_000_000;
        let others: Vec<i64> = (0..40).map(|n| minutes(3 + n % 5)).collect();
        assert_eq!(odd(minutes(5), &others), Some(false));
        assert_eq!(odd(minutes(90), &others), Some(true));
        assert_eq!(odd(1_000_000, &others), Some(true));
        assert_eq!(odd(minutes(90), &others[..10]), None, "too little is known");
        assert_eq!(odd(minutes(9), &[minutes(3); 40]), None, "nothing varies");
    }
}
