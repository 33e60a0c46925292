//! What is expected of a read before anybody says whether it is right: what makes monitoring fair to whoever is given hard items.
//!
//! Items are sorted into **strata** by what was known of them before the read was begun; what others got wrong in a stratum, and on
//! the very item, says how hard it is. Nothing that the person did is in it, so the evidence stays a bet at known odds.

use countersign_model::{ItemId, ProjectId, ReadId, StageKind, UserId};
use countersign_quality::monitor::{by_history, by_peers, by_severity};
use countersign_store::{Conn, items, monitoring, reads};

use super::{check::internal, streams::Peer};
use crate::{PipelineError, Result, save::current_annotations};

/// Share of wrong reads that is expected where nothing is known yet.
const USUAL: f64 = 0.05;
/// Checks that this is worth beside those of others.
const USUAL_WORTH: f64 = 40.0;
/// Fewest checks of others from which on it is known what is usual, in a stream or in a stratum. How far readers agree, and how exactly marks lie,
/// differs from project to project: nothing is expected before it is known.
pub(super) const USUAL_CHECKS_MIN: u64 = 40;
/// What is expected while nothing is known: no answer says anything then.
const UNKNOWN: f64 = 1.0;
/// What is expected at least where somebody had to decide: readers differed, so of two one is wrong. Decisions come in a bunch, long after
/// what all agreed on was counted, and would make an alarm of an ordinary share of errors.
const DISPUTED: f64 = 0.5;
/// A model is unsure of a mark that it gives a lower score.
const UNSURE: f64 = 0.5;

/// An item as it was known before somebody read it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    project: ProjectId,
    item: ItemId,
    /// Whose read it is: what they did counts nowhere.
    user: UserId,
    pub stratum: String,
}

/// What is expected of a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Probability of an error, or how bad it would be.
    pub value: f64,
    /// Checks of others in the stratum that it rests on.
    pub known: u64,
}

/// What is known of the item of a read without looking at the read.
pub(super) async fn known(conn: &mut Conn, read: &reads::Read, user: UserId) -> Result<Known> {
    let item = items::by_id(conn, read.item_id).await?.ok_or(PipelineError::NotFound)?;
    let of_item = reads::of_item(conn, read.item_id).await?;
    // A draft that was made later was no part of what the person had before them.
    let draft = of_item.iter().rev().find(|one| {
        one.kind == StageKind::Prelabel && one.author_model.is_some() && one.created_at <= read.created_at
    });
    let draft = match draft {
        Some(draft) => Some(drafted(conn, draft.id).await?),
        None => None,
    };
    let stratum = stratum(item.modality.as_deref(), item.facts.0.frames, draft.as_deref());
    Ok(Known { project: read.project_id, item: read.item_id, user, stratum })
}

/// The kind of item: what it was taken with, how much of it there is, and what the model made of it.
fn stratum(modality: Option<&str>, frames: u32, draft: Option<&str>) -> String {
    let frames = match frames {
        0 | 1 => "1",
        2..50 => "2-49",
        _ => "50+",
    };
    format!("{} frames:{frames} draft:{}", modality.unwrap_or("-"), draft.unwrap_or("none"))
}

/// How many marks a model drafted, of which class, and whether it was sure of them.
async fn drafted(conn: &mut Conn, draft: ReadId) -> Result<String> {
    let marks = current_annotations(conn, draft).await?;
    let marks: Vec<_> = marks.iter().filter(|mark| !mark.is_answer()).collect();
    let Some(first) = marks.first() else { return Ok("0".into()) };
    let many = if marks.len() > 3 { "4+" } else { "1-3" };
    let is_one = marks.iter().all(|mark| mark.class == first.class);
    let of = if is_one { first.class.as_str() } else { "*" };
    let is_unsure = marks.iter().any(|mark| mark.score.is_some_and(|score| score < UNSURE));
    Ok(format!("{many} of:{of}{}", if is_unsure { " unsure" } else { "" }))
}

/// What is expected of a read that is right or wrong: what others got wrong in the stream (a start of one in twenty, worth forty checks);
/// around it what they got wrong in the stratum; around that what they got wrong on this very item. Each is the mean of a beta posterior
/// whose prior is the one before and worth ten reads, as `quality::by_history` has it.
pub(super) async fn judged(conn: &mut Conn, known: &Known, stream: &str) -> Result<Expected> {
    let (checked, wrong) = monitoring::of_others(conn, known.project, known.user, stream).await?;
    let usual = usual(checked as f64, wrong as f64);
    let alike = monitoring::alike_of_others(conn, known.project, known.user, stream, &known.stratum).await?;
    let usual = by_history(alike.wrong.min(alike.checked), alike.checked, usual).map_err(internal)?;
    let same = monitoring::same_item_of_others(conn, known.item, known.user, stream).await?;
    let value = by_history(same.wrong, same.checked, usual).map_err(internal)?;
    Ok(Expected { value, known: alike.checked })
}

/// How bad a read is expected to be, where that is measured: as [`judged`], without what others did on the item.
pub(super) async fn measured(conn: &mut Conn, known: &Known, stream: &str) -> Result<Expected> {
    let (checked, sum) = monitoring::severity_of_others(conn, known.project, known.user, stream).await?;
    let alike = monitoring::alike_of_others(conn, known.project, known.user, stream, &known.stratum).await?;
    if checked < USUAL_CHECKS_MIN as f64 {
        return Ok(Expected { value: UNKNOWN, known: alike.checked });
    }
    let value =
        by_severity(alike.severity.clamp(0.0, alike.checked as f64), alike.checked, usual(checked, sum))
            .map_err(internal)?;
    Ok(Expected { value, known: alike.checked })
}

/// What is expected of one of several readers of an item, `others` being the rest: nothing before it is known how far readers agree here.
/// Where the rest are of two minds, to be outvoted says little (`quality::by_peers`); where somebody had to decide, at least a half.
pub(super) async fn among_peers(
    conn: &mut Conn,
    known: &Known,
    stream: &str,
    others: &[&Peer],
    decided: bool,
) -> Result<Expected> {
    let (checked, wrong) = monitoring::of_others(conn, known.project, known.user, stream).await?;
    let alike = monitoring::alike_of_others(conn, known.project, known.user, stream, &known.stratum).await?;
    if checked < USUAL_CHECKS_MIN {
        return Ok(Expected { value: UNKNOWN, known: alike.checked });
    }
    let usual = usual(checked as f64, wrong as f64);
    let usual = by_history(alike.wrong.min(alike.checked), alike.checked, usual).map_err(internal)?;
    let value = if decided {
        usual.max(DISPUTED)
    } else {
        let off = others.iter().filter(|peer| peer.wrong).count() as f64 / others.len().max(1) as f64;
        by_peers(&[1.0 - off, off], usual).map_err(internal)?
    };
    Ok(Expected { value, known: alike.checked })
}

/// What is found in the reads of all others in a stream, and a start of one in twenty.
fn usual(checked: f64, wrong: f64) -> f64 {
    ((wrong + USUAL * USUAL_WORTH) / (checked + USUAL_WORTH)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_do_is_expected() {
        assert!((usual(0.0, 0.0) - 0.05).abs() < 1e-12);
        assert!((usual(960.0, 196.0) - 0.198).abs() < 1e-12);
    }

    #[test]
    fn an_item_is_sorted_by_what_was_known_before() {
        assert_eq!(stratum(None, 1, None), "- frames:1 draft:none");
        assert_eq!(stratum(Some("CT"), 120, Some("1-3 of:nodule")), "CT frames:50+ draft:1-3 of:nodule");
        assert_ne!(stratum(Some("CT"), 49, None), stratum(Some("CT"), 50, None));
    }
}
