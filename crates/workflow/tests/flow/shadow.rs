//! What the walk's store knows.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{ReadId, TaskId, UserId};
use countersign_workflow::{AdjudicateDecision, Effect, Event, ReadStatus, ReviewDecision, SignDecision};

/// What a store would know if it did nothing but carry out effects.
#[derive(Default)]
pub struct Shadow {
    pub ready: BTreeSet<TaskId>,
    /// Token of each task's row; a claim adds one, as the store's claim does.
    pub fences: BTreeMap<TaskId, u64>,
    pub leased: BTreeMap<TaskId, UserId>,
    pub reads: BTreeMap<ReadId, ReadStatus>,
    /// Stage and person, for the stages passed in this round.
    pub passed: Vec<(u32, UserId)>,
    /// What people did at the stage that they read at, over all rounds: a new round over compared reads begins behind it.
    pub readers: Vec<(u32, UserId)>,
    pub accepted: bool,
}

impl Shadow {
    pub fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::OpenTask { task, fence, .. } => {
                self.fences.insert(*task, *fence);
                self.leased.remove(task);
                self.ready.insert(*task);
            }
            Effect::LeaseTask { task, user, fence, .. } => {
                let claimed = self.fences[task] + 1;
                let renewed = self.leased.get(task) == Some(user) && self.fences[task] == *fence;
                assert!(claimed == *fence || renewed, "the row's token and the machine's drift apart");
                self.fences.insert(*task, *fence);
                self.ready.remove(task);
                self.leased.insert(*task, *user);
            }
            Effect::WithdrawTask { task } | Effect::CloseTask { task, .. } => {
                self.ready.remove(task);
                self.leased.remove(task);
            }
            Effect::OpenRead { read, .. } => {
                assert_eq!(self.reads.insert(*read, ReadStatus::Draft), None);
            }
            Effect::ResumeRead { read } => assert_eq!(self.reads[read], ReadStatus::Draft),
            Effect::VoidRead { read } => assert_eq!(self.reads.remove(read), Some(ReadStatus::Draft)),
            // What the machine merged was no draft of anybody.
            Effect::LockRead { read, .. } => {
                self.reads.insert(*read, ReadStatus::Submitted);
            }
            Effect::ReturnRead { read } => {
                self.reads.insert(*read, ReadStatus::Returned);
            }
            Effect::SupersedeRead { read } => {
                self.reads.insert(*read, ReadStatus::Superseded);
            }
            Effect::Accepted { .. } => self.accepted = true,
            Effect::NeedsDraft
            | Effect::FreeTask { .. }
            | Effect::NeedsCompare
            | Effect::NeedsOwner
            | Effect::Participated { .. }
            | Effect::DraftShown { .. } => {}
        }
    }

    pub fn note_decision(&mut self, event: &Event, stage: Option<u32>) {
        let at = stage.unwrap_or(u32::MAX);
        match event {
            // Never accepted in the store: it comes with the act that would have accepted it.
            Event::SuggestionKept => {
                self.accepted = false;
                self.passed.clear();
            }
            Event::Submitted { user, .. } => {
                self.passed.push((at, *user));
                self.readers.push((at, *user));
            }
            Event::Adjudicated { decision: AdjudicateDecision::Decide, user, .. } => {
                self.passed.push((at, *user))
            }
            Event::Reviewed { decision: ReviewDecision::Reject, .. }
            | Event::Signed { decision: SignDecision::Reject, .. } => self.passed.clear(),
            Event::Reviewed { user, .. } | Event::Signed { user, .. } => self.passed.push((at, *user)),
            _ => {}
        }
    }
}
