//! Guideline tickets: where several people disagree in one way, or a third of them alarm at once, the guideline is looked at
//! and not the people. Alarms about people are kept back while a ticket is open that they are about; a published version of
//! the guideline closes it, or somebody with a reason; and whether it helped is followed.

mod look;

use std::collections::BTreeSet;

use countersign_model::{GuidelineId, Instant, ItemId, ProjectId, TicketId, UserId};
use countersign_quality::study::difference;
use countersign_store::{Conn, Evidence, Tx, comparisons, guidelines, items, monitoring, tickets, users};
use serde::Serialize;

pub(crate) use look::{JOB_TICKETS, ask};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    certification::parsed,
    guidelines::Version,
    monitor::{GOLD, PEERS, Pair, REVIEW},
    people::Caller,
    review::checked_comment,
};

/// Most tickets in one list.
const LISTED_MAX: u32 = 100;
/// Confidence of the interval of before and after.
const CONFIDENCE: f64 = 0.95;

/// An item to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketExample {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
}

/// How often a pair of classes divided answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketCount {
    /// Marks of two answers or more that were given both classes.
    pub both: u64,
    /// Marks of two answers or more that were given either.
    pub either: u64,
}

/// What became of the share of divided marks after a ticket was closed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketChange {
    /// After less before.
    pub value: f64,
    /// 95 % interval (Newcombe), low end: wholly below 0 where the change helped.
    pub low: f64,
    /// High end.
    pub high: f64,
}

/// A guideline ticket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketView {
    /// Ticket.
    pub id: TicketId,
    /// Project.
    pub project: ProjectId,
    /// `pair`: people confuse two classes; `alarms`: a third of them alarm at once.
    pub cause: String,
    /// Against what the work is held: of alarms, the stream in which they were raised.
    pub stream: String,
    /// One class of the pair; absent where one side saw nothing there.
    pub first_class: Option<String>,
    /// The other one.
    pub second_class: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    /// Marks that were given both classes when it was opened; of alarms, alarms.
    pub marks: u64,
    /// Marks that would have been, if the pair were like any other.
    pub expected: Option<f64>,
    /// Probability of so many by chance, for all pairs together.
    pub chance: Option<f64>,
    /// People who disagree, or are alarmed about.
    pub people: u32,
    /// People who were active.
    pub active: u32,
    /// Items to look at.
    pub examples: Vec<TicketExample>,
    /// Alarms about people that it kept back.
    pub suppressed: u64,
    /// Until it was closed.
    pub before: TicketCount,
    /// Since then.
    pub after: TicketCount,
    /// What has changed; absent while either is empty.
    pub change: Option<TicketChange>,
    /// When it was opened.
    pub opened_at: Instant,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// Printed name of who closed it.
    pub closed_by: Option<String>,
    /// The version of the guideline that closed it.
    pub guideline: Option<String>,
    /// Why, where no version did.
    pub reason: Option<String>,
}

impl Pipeline {
    /// The tickets of a project: the open ones first. Items that the caller audits blind or is still to decide between are
    /// not named.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn tickets(&self, caller: &Caller, project: ProjectId) -> Result<Vec<TicketView>> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for row in tickets::of_project(&mut conn, project, LISTED_MAX).await? {
            shown.push(self.ticket_view(&mut conn, caller, row).await?);
        }
        drop(conn);
        let examples = shown.iter().flat_map(|ticket| ticket.examples.iter().map(|one| one.item));
        self.told_of_labels(caller, project, examples.collect()).await?;
        Ok(shown)
    }

    /// Closes a ticket that needs no other guideline, with a reason.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `already_decided`.
    pub async fn close_ticket(&self, caller: &Caller, id: TicketId, reason: String) -> Result<TicketView> {
        let row = tickets::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ManageHolds, row.project_id)?;
        let reason = checked_comment(Some(reason))?;
        let reason = reason.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        let by = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let closing = tickets::Closing { by, guideline: None, reason: Some(reason.clone()) };
                    if !tickets::close(tx, id, closing).await? {
                        return Err(PipelineError::refused("already_decided", "This ticket is closed."));
                    }
                    let evidence =
                        Evidence::new("ticket.closed", "ticket", id.uuid()).project(row.project_id);
                    tx.record(evidence.reason("reason").details(serde_json::json!({ "reason": reason })))?;
                    Ok(())
                })
            })
            .await?;
        let mut conn = self.store.read().await?;
        let row = tickets::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.ticket_view(&mut conn, caller, row).await
    }

    async fn ticket_view(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        row: tickets::Ticket,
    ) -> Result<TicketView> {
        let mut examples = Vec::new();
        for item in row.examples.0 {
            if self.audits_blind(conn, caller, item).await? {
                continue;
            }
            // What was recalled, rejected or erased since is named to nobody who could not open it.
            match self.visible_item(conn, caller, item, Action::ViewItem).await {
                Ok(_) => {}
                Err(PipelineError::NotFound) => continue,
                Err(error) => return Err(error),
            }
            // Whoever may still be called to decide between reads learns nothing of what they differ about.
            let compared = !comparisons::of_item(conn, item).await?.is_empty();
            if compared && !self.comparisons_shown(conn, caller, item).await? {
                continue;
            }
            if let Some(found) = items::by_id(conn, item).await? {
                examples.push(TicketExample { item, name: found.name });
            }
        }
        let closed_by = match row.closed_by {
            Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
            None => None,
        };
        let guideline = match row.guideline_id {
            Some(id) => guidelines::by_id(conn, id).await?.map(|row| Version::of(&row).to_string()),
            None => None,
        };
        let before = TicketCount { both: row.before_both, either: row.before_either };
        let after = TicketCount { both: row.after_both, either: row.after_either };
        let change = difference((after.both, after.either), (before.both, before.either), CONFIDENCE);
        Ok(TicketView {
            id: row.id,
            project: row.project_id,
            cause: row.cause,
            stream: row.stream,
            first_class: row.first_class,
            second_class: row.second_class,
            state: row.state,
            marks: row.marks,
            expected: row.expected,
            chance: row.chance,
            people: row.people,
            active: row.active,
            examples,
            suppressed: tickets::count_suppressed(conn, row.id).await?,
            before,
            after,
            change: change.map(|found| TicketChange {
                value: found.first - found.second,
                low: found.difference.low,
                high: found.difference.high,
            }),
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            closed_by,
            guideline,
            reason: row.reason,
        })
    }
}

/// The open ticket that the errors of a run of a stream are about: most of them are of its pair, or it is about everybody's alarms in that
/// stream. None is about hidden gold: what is trusted is no matter of the guideline.
pub(crate) async fn about(
    conn: &mut Conn,
    project: ProjectId,
    stream: &str,
    run: &[monitoring::Check],
) -> Result<Option<tickets::Ticket>> {
    if stream == GOLD {
        return Ok(None);
    }
    let open = tickets::open(conn, project).await?;
    if open.is_empty() {
        return Ok(None);
    }
    let mut errors = Vec::new();
    for check in run.iter().filter(|check| check.wrong && !check.overturned) {
        let pairs: BTreeSet<Pair> = parsed("monitor_checks.pairs", &check.pairs)?;
        errors.push(pairs);
    }
    Ok(open.into_iter().find(|ticket| is_about(ticket, stream, &errors)))
}

/// Half of the wrong reads or more have the pair of the ticket among their errors. Reviewers and other readers say which class it should
/// have been; where marks lie and what was missed of one class are no matter of a pair.
fn is_about(ticket: &tickets::Ticket, stream: &str, errors: &[BTreeSet<Pair>]) -> bool {
    if ticket.cause == "alarms" {
        return ticket.stream == stream;
    }
    if ![REVIEW, PEERS].contains(&stream) {
        return false;
    }
    let (first, second) = (ticket.first_class.clone(), ticket.second_class.clone());
    let (one, other) = ((first.clone(), second.clone()), (second, first));
    let of_pair = errors.iter().filter(|pairs| pairs.contains(&one) || pairs.contains(&other)).count();
    of_pair * 2 >= errors.len() && of_pair > 0
}

/// Keeps an alarm back that an open ticket is about: nobody is told, and nothing is held.
pub(crate) async fn suppress(
    tx: &mut Tx,
    ticket: &tickets::Ticket,
    user: UserId,
    number: u64,
    evidence: f64,
) -> Result<()> {
    let at = tx.now();
    let row = tickets::Suppressed { ticket_id: ticket.id, user_id: user, number, evidence, at };
    tickets::suppress(tx, row).await?;
    let said = Evidence::new("alarm.suppressed", "ticket", ticket.id.uuid()).project(ticket.project_id);
    tx.record(said.details(serde_json::json!({ "user": user, "evidence": evidence })))?;
    Ok(())
}

/// Closes the tickets that a published version of the guideline answers: those of its classes, and those about everybody's alarms.
pub(crate) async fn answered(
    tx: &mut Tx,
    project: ProjectId,
    guideline: GuidelineId,
    by: UserId,
    classes: &[String],
) -> Result<()> {
    for ticket in tickets::open(tx, project).await? {
        let named = |class: &Option<String>| class.as_ref().is_some_and(|class| classes.contains(class));
        if ticket.cause == "pair" && !named(&ticket.first_class) && !named(&ticket.second_class) {
            continue;
        }
        let closing = tickets::Closing { by, guideline: Some(guideline), reason: None };
        tickets::close(tx, ticket.id, closing).await?;
        let evidence = Evidence::new("ticket.closed", "ticket", ticket.id.uuid()).project(project);
        tx.record(evidence.reason("guideline"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use countersign_store::Json;
    use uuid::Uuid;

    use super::*;

    fn ticket(cause: &str, first: Option<&str>, second: Option<&str>) -> tickets::Ticket {
        tickets::Ticket {
            id: TicketId(Uuid::nil()),
            project_id: ProjectId(Uuid::nil()),
            cause: cause.into(),
            stream: "review".into(),
            first_class: first.map(str::to_owned),
            second_class: second.map(str::to_owned),
            state: "open".into(),
            marks: 0,
            expected: None,
            chance: None,
            people: 3,
            active: 3,
            examples: Json(Vec::new()),
            before_both: 0,
            before_either: 0,
            after_both: 0,
            after_either: 0,
            opened_at: Instant(0),
            closed_at: None,
            closed_by: None,
            guideline_id: None,
            reason: None,
        }
    }

    #[test]
    fn an_alarm_is_kept_back_only_where_most_of_its_errors_are_of_the_pair() {
        let pair = |right: Option<&str>, said: Option<&str>| {
            BTreeSet::from([(right.map(str::to_owned), said.map(str::to_owned))])
        };
        let of = ticket("pair", Some("a"), Some("b"));
        let mixed = [pair(Some("b"), Some("a")), pair(Some("a"), Some("b")), pair(Some("c"), None)];
        assert!(is_about(&of, "review", &mixed), "in either direction");
        assert!(!is_about(&of, "overlap", &mixed), "where marks lie is another matter");
        assert!(!is_about(
            &of,
            "peers",
            &[pair(Some("c"), None), pair(Some("c"), Some("a")), pair(Some("a"), Some("b"))]
        ));
        assert!(!is_about(&of, "review", &[]), "errors that nobody named are a person's");
        assert!(is_about(&ticket("alarms", None, None), "review", &[]));
        assert!(!is_about(&ticket("alarms", None, None), "peers", &[]), "each stream by itself");
        assert!(
            is_about(&ticket("pair", None, Some("c")), "review", &[pair(Some("c"), None)]),
            "what was missed"
        );
    }
}
