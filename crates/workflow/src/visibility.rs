//! Which reads a person who works on an item may see.

use countersign_model::{AiVisibility, Protocol, ReadId, StageKind, UserId};

use crate::{ItemState, Phase, ReadStatus};

/// The reads of the item that this person may see because of their own part in the work, oldest first:
///
/// - their own reads, always;
/// - what was sent back to them, while they hold the new round's lease;
/// - the read that stands, while they hold the lease of a review or sign stage, and for everybody who took part once
///   the item is accepted;
/// - the model's draft, as the `ai_visibility` of a stage where they hold the lease or have acted says.
///
/// A reader at the read stage never sees another person's read. Rights that come from a role (an owner or an auditor
/// looking at evidence) are not decided here.
pub fn visible_reads(protocol: &Protocol, state: &ItemState, user: UserId) -> Vec<ReadId> {
    let task = state.task.as_ref().filter(|task| task.lease.is_some_and(|lease| lease.user == user));
    let kind = task.and_then(|task| protocol.stages.get(task.stage as usize)).map(|stage| stage.kind);
    let decided = matches!(state.phase, Phase::Accepted | Phase::Released) && state.took_part(user);
    let judges = matches!(kind, Some(StageKind::Review | StageKind::Sign));
    let subject = state.current.filter(|_| decided || judges);
    let returned = task.and_then(|task| task.returned).filter(|r| r.to == user).map(|r| r.read);
    let draft = state.draft().map(|read| read.id).filter(|_| sees_draft(protocol, state, user));
    state
        .reads
        .iter()
        .filter(|read| read.status != ReadStatus::Void)
        .filter(|read| {
            let shown = Some(read.id);
            read.is_by(user) || shown == subject || shown == returned || shown == draft
        })
        .map(|read| read.id)
        .collect()
}

/// Whether some stage that this person works at or has finished shows them the model's draft.
fn sees_draft(protocol: &Protocol, state: &ItemState, user: UserId) -> bool {
    let at_work = |index: u32| {
        state
            .task
            .as_ref()
            .is_some_and(|task| task.stage == index && task.lease.is_some_and(|lease| lease.user == user))
    };
    let asked = state.task.as_ref().is_some_and(|task| task.draft_shown_to == Some(user));
    (0_u32..).zip(&protocol.stages).any(|(index, stage)| {
        let done = state.actors.iter().any(|actor| actor.user == user && actor.stage == index);
        match stage.ai_visibility {
            AiVisibility::Never => false,
            AiVisibility::AfterOwnRead => done,
            // Whoever works at it again asks again: a read must not lean on a draft that nobody asked for.
            AiVisibility::OnRequest => {
                if at_work(index) {
                    asked
                } else {
                    done
                }
            }
            AiVisibility::Always => done || at_work(index),
        }
    })
}
