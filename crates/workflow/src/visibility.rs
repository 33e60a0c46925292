//! Which reads a person who works on an item may see.

use countersign_model::{AiVisibility, Blinding, Protocol, ReadId, Role, Stage, StageKind, UserId};

use crate::{ItemState, Phase, ReadStatus};

/// The reads of the item that this person may see because of their own part in the work, oldest first:
///
/// - their own reads, always;
/// - what was sent back to them, while they hold the new round's lease;
/// - the read that stands, while they hold the lease of a review or sign stage, and for everybody who took part once
///   the item is accepted;
/// - what was merged of independent reads, while they hold the lease of an adjudicate stage (the reads themselves they are
///   shown without names, not as reads), unless the stage keeps earlier reads from them;
/// - the model's draft, as the `ai_visibility` of a stage where they hold the lease or have acted says; where several
///   people read independently, not before the last of them is done.
///
/// A reader at the read stage never sees another person's read. Rights that come from a role (an owner or an auditor
/// looking at evidence) are not decided here.
pub fn visible_reads(protocol: &Protocol, state: &ItemState, user: UserId) -> Vec<ReadId> {
    let task = state.held_by(user);
    let stage = task.and_then(|task| protocol.stages.get(task.stage as usize));
    let kind = stage.map(|stage| stage.kind);
    let decided = matches!(state.phase, Phase::Accepted | Phase::Released) && state.took_part(user);
    let judges = matches!(kind, Some(StageKind::Review | StageKind::SampleQa | StageKind::Sign));
    let subject = state.current.filter(|_| decided || judges);
    let returned = task.and_then(|task| task.returned);
    let decides = stage.is_some_and(decides_between);
    let returned = returned.filter(|back| decides || back.to == Some(user)).map(|back| back.read);
    let draft = state.draft().map(|read| read.id).filter(|_| sees_draft(protocol, state, user));
    state
        .reads
        .iter()
        .filter(|read| read.status != ReadStatus::Void)
        .filter(|read| {
            let shown = Some(read.id);
            // Of several rounds the last one: what an earlier round agreed on is not shown to who decides anew.
            let merged = decides && state.merged().is_some_and(|last| last.id == read.id);
            read.is_by(user) || merged || shown == subject || shown == returned || shown == draft
        })
        .map(|read| read.id)
        .collect()
}

/// Whether the work at this stage is to decide between reads that are shown.
pub(crate) fn decides_between(stage: &Stage) -> bool {
    stage.kind == StageKind::Adjudicate && !stage.hides(Blinding::EarlierReads)
}

/// Whether who drew, changed or signed the item, and who asked about it, is kept from this person: they may be called to a stage
/// that hides names, or were, and the work on the item is not over. What is their own is never hidden from them.
pub fn hides_names(protocol: &Protocol, state: &ItemState, user: UserId, roles: &[Role]) -> bool {
    let over = matches!(
        state.phase,
        Phase::Accepted | Phase::Released | Phase::Withdrawn | Phase::Rejected | Phase::Erased
    );
    let held = state.held_by(user).map(|task| task.stage);
    !over
        && (0_u32..).zip(&protocol.stages).filter(|(_, stage)| stage.hides(Blinding::Names)).any(
            |(index, stage)| {
                let called = [stage.role, stage.escalate_to].into_iter().flatten();
                held == Some(index)
                    || state.acted_at(user, index)
                    || called.into_iter().any(|role| roles.contains(&role))
            },
        )
}

/// Whether some stage that this person works at or has finished shows them the model's draft.
fn sees_draft(protocol: &Protocol, state: &ItemState, user: UserId) -> bool {
    let own = state.held_by(user);
    let asked = own.is_some_and(|task| task.draft_shown_to == Some(user));
    // Between independent reads, what one has seen another could be told.
    let is_before_barrier = matches!(state.standing_phase(), Phase::Reading | Phase::Comparing);
    (0_u32..).zip(&protocol.stages).any(|(index, stage)| {
        let at_work = own.is_some_and(|task| task.stage == index);
        let barrier = stage.is_parallel() && is_before_barrier;
        let done = state.acted_at(user, index) && !barrier;
        match stage.ai_visibility {
            AiVisibility::Never => false,
            AiVisibility::AfterOwnRead => done,
            // Whoever works at it again asks again: a read must not lean on a draft that nobody asked for.
            AiVisibility::OnRequest => {
                if at_work {
                    asked
                } else {
                    done
                }
            }
            AiVisibility::Always => done || at_work,
        }
    })
}
