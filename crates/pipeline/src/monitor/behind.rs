//! The items behind the numbers of a stream: each check with its item, for whoever sees the stream and may learn whose work the item is.

use std::collections::BTreeSet;

use countersign_model::{ItemId, ProjectId, UserId};
use countersign_store::monitoring;

use super::{GOLD, REVIEW, check::Pair};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    behind::{BehindQuery, BehindView, Kept, Row},
    certification::parsed,
    people::Caller,
};

/// Most checks of one stream that are listed: the last ones.
const CHECKS_MAX: u64 = 100_000;

impl Pipeline {
    /// The checks of one person's stream with their items, the newest first; of the stream of reviews where none is named. What counts
    /// is wrong and was not taken back, as in [`super::StreamView`].
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right, and without that of seeing gold where the stream is of gold.
    pub async fn monitor_items(
        &self,
        caller: &Caller,
        (project, user): (ProjectId, UserId),
        stream: Option<String>,
        query: BehindQuery,
    ) -> Result<BehindView> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let stream = stream.as_deref().unwrap_or(REVIEW);
        if stream == GOLD {
            self.require_on(caller, Action::ViewGold, project)?;
        }
        let mut conn = self.store.read().await?;
        let streams = monitoring::streams(&mut conn, project).await?;
        let own = streams.into_iter().find(|row| row.user_id == user && row.stream == stream);
        let own = own.ok_or(PipelineError::NotFound)?;
        let from = own.checked.saturating_sub(CHECKS_MAX) + 1;
        let limit = u32::try_from(CHECKS_MAX).unwrap_or(u32::MAX);
        let checks = monitoring::checks(&mut conn, project, user, stream, from, limit).await?;
        let older = own.checked.saturating_sub(checks.len() as u64);
        let rows = checks.into_iter().rev().map(row).collect::<Result<_>>()?;
        let shown = self.behind(conn, caller, project, (rows, Kept::Names), query).await?;
        if older == 0 {
            return Ok(shown);
        }
        // What is listed are the last ones; the numbers are those of the stream.
        let count = own.wrong.min(own.checked);
        Ok(BehindView { count, of: own.checked, beyond: shown.beyond + older, ..shown })
    }
}

/// A check, with the classes that it is about.
fn row(check: monitoring::Check) -> Result<(ItemId, Row)> {
    let pairs: Vec<Pair> = parsed("monitor_checks.pairs", &check.pairs)?;
    let classes: BTreeSet<String> =
        pairs.into_iter().flat_map(|(right, said)| [right, said]).flatten().collect();
    let counts = Row::one(check.wrong && !check.overturned);
    Ok((check.item_id, Row { classes: classes.into_iter().collect(), at: Some(check.at), ..counts }))
}
