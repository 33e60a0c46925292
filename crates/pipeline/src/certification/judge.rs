//! Judging a unit: what is wrong with its labels, and what that says about the whole set.

use countersign_model::{AnnotationId, CertificationId, HoldId, Instant, ItemId};
use countersign_quality::certify::{Finding, Lot};
use countersign_store::{Evidence, Tx, certifications, holds, users};
use countersign_workflow::{Event, refusals::WRONG_STAGE};
use serde::{Deserialize, Serialize};

use super::{
    CertificationView, ErrorKind, FoundError, Frozen, audit, audit::InHand, audit::OwnJudgement, finding,
    freeze::known, parsed, spelled, without_gap,
};
use crate::{
    Pipeline, PipelineError, Result, access::Action, batches, batches::FrozenBatch, moving::Moving,
    people::Caller, review::checked_comment,
};

/// Most errors of one unit.
const ERRORS_MAX: usize = 1_000;
/// Why an item that an audit found wrong is held.
const HOLD_REASON: &str = "An audit found its labels wrong.";

/// What an auditor says about a unit whose labels they were shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// What is wrong; empty where everything is right.
    #[serde(default)]
    pub errors: Vec<FoundError>,
    /// In words; needed where the auditor counted something else than the labels and names no error of that class.
    pub comment: Option<String>,
}

/// A judged unit as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingView {
    /// Place in the order, from 0.
    pub position: u32,
    /// Item.
    pub item: ItemId,
    /// Printed name of the auditor.
    pub auditor: String,
    /// What they saw before they were shown the labels.
    pub own: OwnJudgement,
    /// What they found.
    pub errors: Vec<FoundError>,
    /// How many of these count under the error definition.
    pub counted: u32,
    /// In words.
    pub comment: Option<String>,
    /// Part of the bound: no unit before it in the order is unjudged.
    pub in_bound: bool,
    /// When.
    pub judged_at: Option<Instant>,
}

/// What an audit is for.
pub(crate) enum Aim {
    /// A bound on errors.
    Certificate(Frozen),
    /// The decision about a batch.
    Batch(FrozenBatch),
}

impl Aim {
    /// Which ways of being wrong count.
    fn counts(&self) -> &[ErrorKind] {
        match self {
            Self::Certificate(frozen) => &frozen.counts,
            Self::Batch(frozen) => &frozen.counts,
        }
    }
}

impl Pipeline {
    /// Judges a unit. The bounds move in the same write; where they reach the target, or the sample is used up, the audit
    /// ends and is certified. An item with errors that count is held.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_your_unit`, `separation_of_duties`, `not_shown`, `bad_judgement`,
    /// `explain_difference`.
    pub async fn judge_unit(
        &self,
        caller: &Caller,
        id: CertificationId,
        position: u32,
        judgement: Judgement,
    ) -> Result<CertificationView> {
        super::only_certificate(&mut *self.store.read().await?, id).await?;
        let in_hand = self.in_hand(caller, id, position).await?;
        let frozen = parsed("certifications.frozen", &in_hand.row.frozen)?;
        if self.keep_judgement(caller, in_hand, judgement, Aim::Certificate(frozen)).await? {
            self.finish_certification(id).await?;
        }
        self.certification(caller, id).await
    }

    /// Keeps a judgement, and works out in the same write what follows; whether the audit ended with it.
    pub(crate) async fn keep_judgement(
        &self,
        caller: &Caller,
        in_hand: InHand,
        judgement: Judgement,
        aim: Aim,
    ) -> Result<bool> {
        let comment = checked_comment(judgement.comment)?;
        self.check_judgement(&in_hand, &judgement.errors, comment.is_some()).await?;
        let counted = judgement.errors.iter().filter(|error| aim.counts().contains(&error.kind));
        let (mut wrong, mut severity) = (0_u32, 0.0_f64);
        for error in counted {
            wrong += 1;
            severity = severity.max(error.severity.weight());
        }
        let kept = certifications::Judgement {
            errors: spelled(&judgement.errors)?,
            counted: wrong,
            severity,
            comment,
        };
        let (pipeline, user, item) = (self.clone(), caller.user(), in_hand.unit.item_id);
        let id = in_hand.row.id;
        let position = in_hand.unit.position.ok_or(PipelineError::NotFound)?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = certifications::lock(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    // Another judgement may have ended the audit since this unit was looked at.
                    audit::auditing(&row)?;
                    if !certifications::judge(tx, id, position, user, kept).await? {
                        return Err(PipelineError::refused(
                            "not_shown",
                            "Say what you see first, and judge once: then the labels are shown.",
                        ));
                    }
                    let evidence = Evidence::new("certification.judged", "certification", id.uuid());
                    let word = if wrong > 0 { "wrong" } else { "right" };
                    tx.record(evidence.project(row.project_id).item(item).reason(word))?;
                    match aim {
                        Aim::Certificate(frozen) => {
                            if wrong > 0 {
                                hold_unless_ended(tx, &pipeline, item, HOLD_REASON, "audit").await?;
                            }
                            advance(tx, &row, &frozen).await
                        }
                        Aim::Batch(frozen) => batches::advance(tx, &pipeline, &row, &frozen).await,
                    }
                })
            })
            .await
    }

    async fn check_judgement(&self, in_hand: &InHand, errors: &[FoundError], explained: bool) -> Result<()> {
        let bad = |place: String, message: &str| PipelineError::bad("bad_judgement", place, message);
        let Some(own) = in_hand.unit.own.as_deref().filter(|_| in_hand.unit.shown_at.is_some()) else {
            return Err(PipelineError::refused(
                "not_shown",
                "Say what you see first: then the labels are shown.",
            ));
        };
        if errors.len() > ERRORS_MAX {
            return Err(bad("errors".into(), "too many for one item"));
        }
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, in_hand.row.project_id).await?;
        let own = parsed("certification_units.own", own)?;
        let shown = audit::shown(&mut conn, &in_hand.unit, &in_hand.item, own).await?;
        for (place, error) in errors.iter().enumerate() {
            if protocol.class(&error.class).is_none() {
                return Err(bad(format!("errors[{place}].class"), "is no class of the protocol"));
            }
            let known = |id: AnnotationId| shown.annotations.iter().any(|annotation| annotation.id == id);
            if error.annotation.is_some_and(|id| !known(id)) {
                return Err(bad(format!("errors[{place}].annotation"), "is no label of this item"));
            }
        }
        let named = |class: &str| errors.iter().any(|error| error.class == class);
        match shown.differences.iter().find(|difference| !named(&difference.class)) {
            Some(difference) if !explained => Err(PipelineError::bad(
                "explain_difference",
                "comment",
                format!(
                    "you saw {} of {}, the labels name {}: name the error, or say why it is none",
                    difference.own, difference.class, difference.labelled
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Ends an audit before its target: the bounds hold whenever it ends. One in which nothing was judged states nothing and
    /// is void, and so is a set whose order was never drawn.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `not_auditing`, `reason_required`.
    pub async fn end_certification(
        &self,
        caller: &Caller,
        id: CertificationId,
        reason: String,
    ) -> Result<CertificationView> {
        super::only_certificate(&mut *self.store.read().await?, id).await?;
        let row = certifications::by_id(&mut *self.store.read().await?, id).await?;
        let row = row.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::Certify, row.project_id)?;
        let reason = checked_comment(Some(reason))?;
        let reason = reason.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = certifications::lock(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    if row.state != "frozen" {
                        audit::auditing(&row)?;
                    }
                    let word = if row.bounds.is_some() { "ended" } else { "withdrawn" };
                    match row.bounds {
                        Some(bounds) => {
                            let (checked, found) = (row.checked, row.found);
                            let stop = Some("ended".to_owned());
                            let at = certifications::Progress { checked, found, bounds, stop };
                            certifications::progress(tx, id, at).await?;
                        }
                        None => certifications::withdraw(tx, id).await?,
                    }
                    let evidence = Evidence::new("certification.ended", "certification", id.uuid());
                    let evidence = evidence.project(row.project_id).reason(word);
                    tx.record(evidence.details(serde_json::json!({ "reason": reason })))?;
                    Ok(())
                })
            })
            .await?;
        self.finish_certification(id).await?;
        self.certification(caller, id).await
    }

    /// What was judged, in the order of the audit. While it runs its auditors see what they judged themselves: the rest names
    /// labels that they may not see yet.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn findings(&self, caller: &Caller, id: CertificationId) -> Result<Vec<FindingView>> {
        let mut conn = self.store.read().await?;
        let row = certifications::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewQuality, row.project_id)?;
        let judged = certifications::judged(&mut conn, id).await?;
        let through = without_gap(&judged).len();
        let mut shown = Vec::with_capacity(judged.len());
        for (place, unit) in judged.into_iter().enumerate() {
            if self.audits_blind(&mut conn, caller, unit.item_id).await? {
                continue;
            }
            let auditor = match unit.auditor_id {
                Some(user) => users::by_id(&mut conn, user).await?.map(|user| user.printed_name),
                None => None,
            };
            shown.push(FindingView {
                position: unit.position.unwrap_or_default(),
                item: unit.item_id,
                auditor: auditor.unwrap_or_default(),
                own: parsed("certification_units.own", unit.own.as_deref().unwrap_or("{\"classes\":{}}"))?,
                errors: parsed("certification_units.errors", unit.errors.as_deref().unwrap_or("[]"))?,
                counted: unit.counted.unwrap_or_default(),
                comment: unit.comment,
                in_bound: place < through,
                judged_at: unit.judged_at,
            });
        }
        Ok(shown)
    }
}

/// Works the bounds out anew; whether the audit ended with this.
async fn advance(tx: &mut Tx, row: &certifications::Certification, frozen: &Frozen) -> Result<bool> {
    let judged = certifications::judged(tx, row.id).await?;
    let through = without_gap(&judged);
    let units = through.iter().map(|unit| known(&unit.line)).collect::<Result<Vec<_>>>()?;
    let findings =
        through.iter().map(|unit| finding(unit, &frozen.counts)).collect::<Result<Vec<Finding>>>()?;
    let checked: Vec<(&[String], &Finding)> =
        units.iter().map(|unit| unit.classes.as_slice()).zip(&findings).collect();
    let lot = Lot { units: row.units, of_class: row.class_lots.0.clone() };
    let bounds =
        lot.bounds(&frozen.plan, &checked).map_err(|error| PipelineError::Internal(error.to_string()))?;
    let stop = if bounds.overall.share <= frozen.target {
        Some("target")
    } else if bounds.overall.checked >= row.sample_max {
        Some("sample")
    } else {
        None
    };
    let at = certifications::Progress {
        checked: bounds.overall.checked,
        found: bounds.overall.found,
        bounds: spelled(&bounds)?,
        stop: stop.map(str::to_owned),
    };
    certifications::progress(tx, row.id, at).await?;
    if let Some(stop) = stop {
        let evidence = Evidence::new("certification.ended", "certification", row.id.uuid());
        tx.record(evidence.project(row.project_id).reason(stop))?;
    }
    Ok(stop.is_some())
}

/// Keeps an item out of releases, until somebody with the right lifts it who had no part in it.
pub(crate) async fn hold(
    tx: &mut Tx,
    pipeline: &Pipeline,
    item: ItemId,
    reason: &str,
    word: &str,
) -> Result<HoldId> {
    let mut moving = Moving::load(tx, pipeline, item).await?;
    let id: HoldId = tx.fresh();
    moving.take(tx, &Event::Held { hold: id }).await?;
    let hold = holds::Hold {
        id,
        project_id: moving.item.project_id,
        item_id: item,
        reason: reason.to_owned(),
        opened_by: None,
        opened_at: tx.now(),
        lifted_by: None,
        lifted_at: None,
        lift_reason: None,
    };
    holds::insert(tx, hold).await?;
    let evidence = Evidence::new("hold.opened", "hold", id.uuid());
    tx.record(evidence.project(moving.item.project_id).item(item).reason(word))?;
    Ok(id)
}

/// Holds an item; whether it is one that still could leave. What was rejected, withdrawn or erased meanwhile leaves in no
/// release, and stops nobody from judging it or deciding over others.
pub(crate) async fn hold_unless_ended(
    tx: &mut Tx,
    pipeline: &Pipeline,
    item: ItemId,
    reason: &str,
    word: &str,
) -> Result<bool> {
    match hold(tx, pipeline, item, reason, word).await {
        Ok(_) => Ok(true),
        Err(PipelineError::Refused(refusal)) if refusal.code == WRONG_STAGE => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_as_it_is_written() {
        let text = r#"{"class":"crack","kind":"missed","severity":"critical"}"#;
        let error: FoundError = serde_json::from_str(text).unwrap();
        assert_eq!(spelled(&error).unwrap(), text);
        assert!(serde_json::from_str::<FoundError>(r#"{"class":"crack","kind":"odd"}"#).is_err());
    }
}
