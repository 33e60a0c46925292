//! What waits for an answer longer than the protocol gives it: findings, appeals, alarms and items that wait for an owner, for those who may answer.

use countersign_model::{Instant, ItemId, ProjectId, Role};
use countersign_store::{Conn, monitoring, waiting};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Pipeline, Result,
    access::{Action, Resource},
    monitor::has_part_in,
    people::Caller,
};

/// Most alarms of a project that are looked through.
const ALARMS_MAX: u32 = 1_000;
/// Most items that wait for an owner that are looked through.
const DECISIONS_MAX: u32 = 1_000;
/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// Something that waits too long.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OverdueEntry {
    /// `finding`, `appeal`, `alarm`, `decision` (of an owner, about an item that came back too often) or `nobody` (everybody who could do
    /// what is to be done had a part in the item: somebody else needs the role).
    pub kind: &'static str,
    /// Which.
    pub id: Uuid,
    /// The item that it is about; an alarm is about none.
    pub item: Option<ItemId>,
    /// Its name.
    pub item_name: Option<String>,
    /// Since when it waits.
    pub since: Instant,
    /// Until when it should have been answered.
    pub due: Instant,
}

impl Pipeline {
    /// What waits in a project longer than its protocol gives it and that the caller may answer, the longest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`](crate::PipelineError::NotFound) without a grant.
    pub async fn overdue(&self, caller: &Caller, project: ProjectId) -> Result<Vec<OverdueEntry>> {
        self.require_on(caller, Action::ViewProject, project)?;
        let mut conn = self.store.read().await?;
        self.overdue_in(&mut conn, caller, project).await
    }

    pub(crate) async fn overdue_in(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<Vec<OverdueEntry>> {
        let plan = self.protocol(conn, project).await?.overdue;
        let now = self.store.clock().now();
        let may = |action| self.access.allows(&caller.principal, action, &Resource::Project(project));
        let mut entries = Vec::new();
        if let Some(hours) = plan.finding_hours {
            let before = now.plus_seconds(-HOUR * i64::from(hours));
            for (row, name) in self.resolvable(conn, caller, project, before).await? {
                let of = (Some(row.item_id), Some(name));
                entries.push(entry("finding", row.id.uuid(), of, row.opened_at, hours));
            }
        }
        if let Some(hours) = plan.appeal_hours.filter(|_| may(Action::DecideAppeals)) {
            let open = self.appeals_in(conn, caller, project).await?.into_iter();
            entries.extend(open.filter(|appeal| appeal.state == "open" && appeal.may_decide).map(|appeal| {
                entry(
                    "appeal",
                    appeal.id.uuid(),
                    (Some(appeal.item), Some(appeal.item_name)),
                    appeal.at,
                    hours,
                )
            }));
        }
        if let Some(hours) = plan.alarm_hours.filter(|_| may(Action::ManageHolds)) {
            for alarm in monitoring::alarms(conn, project, ALARMS_MAX).await? {
                let waits = matches!(alarm.state.as_str(), "open" | "appealed");
                if waits && !has_part_in(conn, &alarm, caller.user()).await? {
                    entries.push(entry("alarm", alarm.id.uuid(), (None, None), alarm.raised_at, hours));
                }
            }
        }
        let owns = caller.roles(project).contains(&Role::Owner);
        if let Some(hours) = plan.decision_hours.filter(|_| owns && may(Action::ManageProject)) {
            for one in waiting::undecided(conn, project, caller.user(), DECISIONS_MAX).await? {
                let of = (Some(one.item), Some(one.name));
                entries.push(entry("decision", one.item.uuid(), of, one.since, hours));
            }
        }
        if owns && may(Action::ManageProject) {
            // Waits for ever, whatever the protocol says of hours.
            let found = waiting::unstaffed(conn, project, DECISIONS_MAX).await?;
            if self.is_called_to_work(caller, project).await? {
                // Which items they are would tell whoever may still judge them that something was kept there.
                let first =
                    found.first().map(|one| entry("nobody", project.uuid(), (None, None), one.since, 0));
                entries.extend(first);
            } else {
                let named = |one: waiting::Undecided| {
                    entry("nobody", one.item.uuid(), (Some(one.item), Some(one.name)), one.since, 0)
                };
                entries.extend(found.into_iter().map(named));
            }
        }
        entries.retain(|entry| entry.due <= now);
        entries.sort_by_key(|entry| (entry.due, entry.id));
        Ok(entries)
    }
}

fn entry(
    kind: &'static str,
    id: Uuid,
    (item, item_name): (Option<ItemId>, Option<String>),
    since: Instant,
    hours: u32,
) -> OverdueEntry {
    OverdueEntry { kind, id, item, item_name, since, due: since.plus_seconds(HOUR * i64::from(hours)) }
}
