//! Whose names somebody may learn on an item: the one place that hides them at stages that the protocol makes blind to them.

use countersign_model::{Annotation, Author, ItemId, ProjectId, Protocol, UserId};
use countersign_store::{Conn, items};
use countersign_workflow::{ItemState, hides_names};
use uuid::Uuid;

use crate::{
    Pipeline, Result,
    moving::parse_state,
    people::Caller,
    sign::SignatureView,
    views::{HoldView, ReadSummary, ReadView},
};

/// What stands where a name is hidden.
pub const HIDDEN_NAME: &str = "Not shown at this stage";
/// The account that stands where an author is hidden: nobody's.
pub const HIDDEN_USER: UserId = UserId(Uuid::nil());

/// Whose names one person may learn on one item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    user: UserId,
    hidden: bool,
    /// They come from a vendor.
    outside: bool,
}

impl Names {
    /// Nobody's but their own, whatever the item: for what names only models.
    pub(crate) const fn own(user: UserId) -> Self {
        Self { user, hidden: true, outside: true }
    }

    /// Whether they may learn that it was this person.
    pub(crate) fn shows(&self, user: UserId) -> bool {
        !self.hidden || user == self.user
    }

    fn author(&self, author: Author) -> Author {
        match author {
            Author::Human { user } if !self.shows(user) => Author::Human { user: HIDDEN_USER },
            shown => shown,
        }
    }

    pub(crate) fn summary(&self, mut read: ReadSummary) -> ReadSummary {
        if matches!(read.author, Author::Human { user } if !self.shows(user)) {
            read.author_name = HIDDEN_NAME.into();
        }
        read.author = self.author(read.author);
        read
    }

    pub(crate) fn mark(&self, mut mark: Annotation) -> Annotation {
        mark.author = self.author(mark.author);
        mark
    }

    pub(crate) fn view(&self, read: ReadView) -> ReadView {
        let annotations = read.annotations.into_iter().map(|mark| self.mark(mark)).collect();
        ReadView { summary: self.summary(read.summary), annotations, ..read }
    }

    /// Who put it there is told to whoever may know names.
    pub(crate) fn hold(&self, hold: HoldView) -> HoldView {
        let opened_by = hold.opened_by.filter(|user| !self.outside || *user == self.user);
        HoldView { opened_by, ..hold }
    }

    pub(crate) fn signature(&self, mut signature: SignatureView) -> SignatureView {
        if !self.shows(signature.user) {
            signature.user = HIDDEN_USER;
            signature.printed_name = HIDDEN_NAME.into();
        }
        signature
    }
}

impl Pipeline {
    /// Whose names the caller may learn on an item in this state.
    pub(crate) fn names(
        &self,
        caller: &Caller,
        project: ProjectId,
        protocol: &Protocol,
        state: &ItemState,
    ) -> Names {
        // Whoever comes from a vendor learns nobody's name, whatever the stage.
        let outside = caller.organization.is_vendor();
        let hidden = outside || hides_names(protocol, state, caller.user(), &caller.roles(project));
        Names { user: caller.user(), hidden, outside }
    }

    /// Whether the caller may not learn who worked on an item: lists about people leave it out.
    pub(crate) async fn hides_names_on(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        item: ItemId,
    ) -> Result<bool> {
        if caller.organization.is_vendor() {
            return Ok(true);
        }
        let Some(item) = items::by_id(conn, item).await? else { return Ok(true) };
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(conn, &item, &state).await?;
        Ok(hides_names(&protocol, &state, caller.user(), &caller.roles(item.project_id)))
    }
}
