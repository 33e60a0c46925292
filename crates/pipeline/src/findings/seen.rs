//! Who sees a finding, whose names they see with it, and who may say that it is resolved.

use std::sync::Arc;

use countersign_model::{Protocol, Stage, StageKind, UserId};
use countersign_store::{Conn, findings::Finding, items};
use countersign_workflow::{Act, ItemState, Phase};

use crate::{Pipeline, Result, access::Action, moving::parse_state, names::Names, people::Caller};

/// One person's view of the findings of one item.
pub(crate) struct Sight {
    pub user: UserId,
    pub item: items::Item,
    pub state: ItemState,
    protocol: Arc<Protocol>,
    /// They judge the item's labels in a blind audit and have not said their own yet.
    audits: bool,
    /// Whose names they may learn on it.
    names: Names,
    /// Others' work on the item is no secret to them.
    unblinded: bool,
    /// They may open findings and answer.
    pub may_discuss: bool,
    /// They may resolve what others opened.
    leads: bool,
}

impl Sight {
    /// What the caller may see of an item that they may see.
    pub async fn on(
        pipeline: &Pipeline,
        conn: &mut Conn,
        caller: &Caller,
        item: items::Item,
    ) -> Result<Self> {
        let state = parse_state(&item.workflow)?;
        let protocol = pipeline.protocol_of(conn, &item, &state).await?;
        let resource = pipeline.item_resource(conn, &item).await?;
        let may = |action, on: &_| pipeline.access.allows(&caller.principal, action, on);
        let on = crate::access::Resource::Project(item.project_id);
        Ok(Self {
            user: caller.user(),
            audits: pipeline.audits_blind(conn, caller, item.id).await?,
            names: pipeline.names(caller, item.project_id, &protocol, &state),
            unblinded: pipeline.is_unblinded(caller, item.project_id, &protocol, &state),
            may_discuss: may(Action::Discuss, &resource),
            leads: may(Action::ManageHolds, &on),
            item,
            state,
            protocol,
        })
    }

    /// Whether a finding is theirs to see. What was opened while several people read independently is its author's alone until
    /// the last of them is done; whoever begins an item afresh sees nothing of the rounds before.
    pub fn shows(&self, finding: &Finding) -> bool {
        finding.opened_by == self.user
            || !(self.audits || self.is_hidden(finding) || self.begins_after(finding))
    }

    /// Whether nobody but its author may see it now.
    pub fn is_hidden(&self, finding: &Finding) -> bool {
        finding.blind && is_before_barrier(&self.state)
    }

    fn begins_after(&self, finding: &Finding) -> bool {
        self.state.held_by(self.user).is_some_and(|task| {
            let reads = self.stage(task.stage).is_some_and(|stage| stage.kind == StageKind::Read);
            let own = task.returned.is_some_and(|returned| returned.to == Some(self.user));
            reads && !own && finding.round < task.round
        })
    }

    /// Whether they may know who wrote something: a name under a finding tells who read the item.
    pub fn names(&self, user: UserId) -> bool {
        let several = self.protocol.stages.iter().any(Stage::is_parallel);
        user == self.user || self.names.shows(user) && (self.unblinded || !several)
    }

    /// Whether they may say that it is resolved, or open it again: whoever opened it, whoever judges the item now, and those who
    /// set holds. Whoever drew what it is about may not.
    pub fn may_resolve(&self, finding: &Finding) -> bool {
        finding.opened_by == self.user || ((self.leads || self.judges()) && !self.drew())
    }

    /// Whether they could, had they not drawn what it is about.
    pub fn is_refused_for_own_work(&self, finding: &Finding) -> bool {
        finding.opened_by != self.user && self.drew()
    }

    fn drew(&self) -> bool {
        // A reviewer's fix and an adjudicator's read stand as what they drew, too.
        let made = |act| matches!(act, Act::Authored | Act::Adjudicated);
        self.state.actors.iter().any(|actor| actor.user == self.user && made(actor.act))
            || self.state.current_read().is_some_and(|read| read.is_by(self.user))
    }

    fn judges(&self) -> bool {
        let task = self.state.held_by(self.user);
        task.and_then(|task| self.stage(task.stage)).is_some_and(|stage| stage.kind != StageKind::Read)
    }

    fn stage(&self, index: u32) -> Option<&Stage> {
        self.protocol.stages.get(index as usize)
    }
}

/// Whether several people read the item independently and not all of them are done, or nobody has begun: what is asked then
/// would be answered while they read.
pub(super) fn is_before_barrier(state: &ItemState) -> bool {
    matches!(state.standing_phase(), Phase::Cleared | Phase::Reading | Phase::Comparing)
}
