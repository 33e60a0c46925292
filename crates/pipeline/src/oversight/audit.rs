//! Sampled audits: a privacy officer looks at a random sample of what the gate cleared; the bound says how much of the
//! rest may identify somebody.

use countersign_model::{AuditId, AuditPlan, Instant, ItemId, LeakId, ProjectId};
use countersign_quality::{lot_upper, sample_for};
use countersign_store::{Conn, Evidence, assets, audits, exposures, items, random, users};
use countersign_workflow::Phase;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::leak::{Found, LeakPlace, found};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    pictures::pictures,
    pixels::{Picture, WindowLevel, picture},
    review::checked_comment,
    views::{Page, page_length},
};

/// Largest lot that one audit samples from.
const LOT_MAX: u32 = 1_000_000;
/// Largest sample: what people can look at.
const SIZE_MAX: u64 = 10_000;
/// Confidence where none is named.
const CONFIDENCE_DEFAULT: f64 = 0.95;

/// How large a sample is wanted: its size, or the rate that it should bound when nothing is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditSample {
    /// Items to look at.
    pub size: Option<u64>,
    /// Largest rate of items with a leak that would be accepted, above 0 and below 1.
    pub rate: Option<f64>,
    /// One-sided confidence, above 0 and below 1; 0.95 where absent.
    pub confidence: Option<f64>,
}

/// An audit as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditView {
    /// Audit.
    pub id: AuditId,
    /// Project.
    pub project: ProjectId,
    /// What the order is made from: the sample is the items of the lot in the order of SHA-256(seed, item id).
    pub seed: String,
    /// Items in the lot.
    pub lot: u64,
    /// Items in the sample.
    pub size: u64,
    /// One-sided confidence of the bound.
    pub confidence: f64,
    /// `open` or `closed`.
    pub state: String,
    /// Items looked at.
    pub checked: u64,
    /// Items with a leak among them.
    pub found: u64,
    /// With that confidence, at most so many items of the lot identify somebody; absent before the last answer,
    /// because a bound that is read while the sample is looked at would claim too much.
    pub bound: Option<u64>,
    /// The same as a rate of the lot.
    pub bound_rate: Option<f64>,
    /// Printed name of who opened it.
    pub opened_by: Option<String>,
    /// When.
    pub opened_at: Instant,
    /// When the last item was answered.
    pub closed_at: Option<Instant>,
}

/// One item of a sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditItemView {
    /// Place in the order, from 0.
    pub position: u32,
    /// Item.
    pub item: ItemId,
    /// Its neutral name.
    pub name: String,
    /// Pictures to look at.
    pub frames: u32,
    /// `clean` or `leak`, once somebody looked.
    pub verdict: Option<String>,
    /// When.
    pub at: Option<Instant>,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditVerdict {
    /// Nothing identifies anybody.
    Clean,
    /// Something does: the batch is recalled.
    Leak,
}

/// An answer about one item.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditAnswer {
    /// What was seen.
    pub verdict: AuditVerdict,
    /// Where, for a leak.
    #[serde(default)]
    pub place: LeakPlace,
    /// What, for a leak.
    pub reason: Option<String>,
}

impl Pipeline {
    /// Opens an audit: the sample is drawn after the lot stands, from a seed that anybody can draw it from again.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `nothing_cleared`; `bad_plan`.
    pub async fn open_audit(
        &self,
        caller: &Caller,
        project: ProjectId,
        plan: AuditSample,
    ) -> Result<AuditView> {
        self.require_on(caller, Action::Gate, project)?;
        let protocol = self.protocol(&mut *self.store.read().await?, project).await?;
        let plan = planned(plan, &protocol.deid.audit);
        let confidence = plan.confidence.unwrap_or(CONFIDENCE_DEFAULT);
        let seed = hex::encode(random::<32>()?);
        let by = caller.user();
        let id = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let lot = audits::lot(tx, project, LOT_MAX).await?;
                    if lot.is_empty() {
                        return Err(PipelineError::refused("nothing_cleared", "Nothing was cleared yet."));
                    }
                    let size = size_of(&plan, lot.len() as u64, confidence)?;
                    let id: AuditId = tx.fresh();
                    let sample = draw(&seed, &lot, size);
                    let audit = audits::Audit {
                        id,
                        project_id: project,
                        seed: seed.clone(),
                        lot: lot.len() as u64,
                        size,
                        confidence,
                        state: "open".into(),
                        checked: 0,
                        found: 0,
                        opened_by: Some(by),
                        opened_at: tx.now(),
                        closed_at: None,
                    };
                    let rows = sample.into_iter().zip(0_u32..).map(|(item_id, position)| audits::AuditItem {
                        audit_id: id,
                        position,
                        item_id,
                        verdict: None,
                        user_id: None,
                        at: None,
                    });
                    let details = serde_json::json!({ "seed": seed, "lot": audit.lot, "size": size,
                        "confidence": confidence });
                    audits::insert(tx, audit, rows.collect()).await?;
                    let evidence = Evidence::new("audit.opened", "audit", id.uuid()).project(project);
                    tx.record(evidence.details(details))?;
                    Ok(id)
                })
            })
            .await?;
        self.audit(caller, id).await
    }

    /// Audits of a project, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn audits(
        &self,
        caller: &Caller,
        project: ProjectId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<AuditView>> {
        self.require_on(caller, Action::ViewOversight, project)?;
        let before = cursor.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let found = audits::of_project(&mut conn, project, before, limit + 1).await?;
        let page = Page::cut(found, limit, |audit| audit.id.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for audit in page.items {
            shown.push(view(&mut conn, audit).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// One audit, with its bound once it is closed.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn audit(&self, caller: &Caller, id: AuditId) -> Result<AuditView> {
        let mut conn = self.store.read().await?;
        let audit = audits::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewOversight, audit.project_id)?;
        view(&mut conn, audit).await
    }

    /// The sample in its order.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn audit_items(&self, caller: &Caller, id: AuditId) -> Result<Vec<AuditItemView>> {
        let mut conn = self.store.read().await?;
        let audit = audits::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewOversight, audit.project_id)?;
        let mut shown = Vec::new();
        for row in audits::items(&mut conn, id).await? {
            let item = items::by_id(&mut conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
            let frames = u32::try_from(pictures(&item.streams.0).count()).unwrap_or(u32::MAX);
            shown.push(AuditItemView {
                position: row.position,
                item: row.item_id,
                name: item.name,
                frames,
                verdict: row.verdict,
                at: row.at,
            });
        }
        Ok(shown)
    }

    /// A picture of an item of the sample; the exposure is committed first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn audit_image(
        &self,
        caller: &Caller,
        id: AuditId,
        position: u32,
        frame: u32,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let item = {
            let mut conn = self.store.read().await?;
            let audit = audits::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, audit.project_id)?;
            audits::item(&mut conn, id, position).await?.ok_or(PipelineError::NotFound)?.item_id
        };
        self.officer_image(caller, item, frame, "audit", window).await
    }

    /// What a privacy officer is shown of an item that was cleared, or cleared and then recalled. The caller's right
    /// was checked.
    pub(super) async fn officer_image(
        &self,
        caller: &Caller,
        item: ItemId,
        frame: u32,
        purpose: &'static str,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let (asset, part) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, item).await?.ok_or(PipelineError::NotFound)?;
            if !crate::items::is_cleared(&item.state) && item.state != Phase::Recalled.as_str() {
                return Err(PipelineError::NotFound);
            }
            let (asset, part) =
                pictures(&item.streams.0).nth(frame as usize).ok_or(PipelineError::NotFound)?;
            let asset = assets::by_id(&mut conn, asset).await?.ok_or(PipelineError::NotFound)?;
            (assets::Asset { item_id: Some(item.id), ..asset }, part)
        };
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, purpose).await?;
        let bytes = self.store.cleared().show(&exposed).await?;
        picture(asset.kind, bytes, part, window).await
    }

    /// Answers one item of an audit. A leak recalls the item's batch in the same write.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required` for a leak; `already_decided`.
    pub async fn answer_audit(
        &self,
        caller: &Caller,
        id: AuditId,
        position: u32,
        answer: AuditAnswer,
    ) -> Result<(AuditView, Option<LeakId>)> {
        let (project, item) = {
            let mut conn = self.store.read().await?;
            let audit = audits::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, audit.project_id)?;
            let row = audits::item(&mut conn, id, position).await?.ok_or(PipelineError::NotFound)?;
            (audit.project_id, row.item_id)
        };
        let reason = checked_comment(answer.reason)?;
        let leak = answer.verdict == AuditVerdict::Leak;
        if leak && reason.is_none() {
            return Err(PipelineError::bad("reason_required", "reason", "say what was seen"));
        }
        let (pipeline, by, place) = (self.clone(), caller.user(), answer.place);
        let leak = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let word = if leak { "leak" } else { "clean" };
                    if !audits::answer(tx, id, position, word, by).await? {
                        return Err(PipelineError::refused(
                            "already_decided",
                            "Somebody answered this before.",
                        ));
                    }
                    let evidence = Evidence::new("audit.answered", "audit", id.uuid());
                    tx.record(evidence.project(project).item(item).reason(word))?;
                    let Some(reason) = reason.filter(|_| leak) else { return Ok(None) };
                    let report = Found { project, item, audit: Some(id), place, reason, by };
                    found(&pipeline, tx, report).await.map(Some)
                })
            })
            .await?;
        self.wake_worker();
        Ok((self.audit(caller, id).await?, leak))
    }
}

/// What was asked for; where neither size nor rate is named, what the protocol says.
fn planned(asked: AuditSample, protocol: &AuditPlan) -> AuditSample {
    if asked.size.is_some() || asked.rate.is_some() {
        return asked;
    }
    let confidence = asked.confidence.unwrap_or(protocol.confidence);
    AuditSample { size: Some(protocol.sample.into()), rate: None, confidence: Some(confidence) }
}

fn size_of(plan: &AuditSample, lot: u64, confidence: f64) -> Result<u64> {
    let bad = |message: String| PipelineError::bad("bad_plan", "size", message);
    let size = match (plan.size, plan.rate) {
        (Some(size), None) => size.min(lot),
        (None, Some(rate)) => sample_for(lot, rate, confidence).map_err(|e| bad(e.to_string()))?,
        _ => return Err(bad("name either a size or a rate".to_owned())),
    };
    if size == 0 || size > SIZE_MAX || !(confidence > 0.0 && confidence < 1.0) {
        return Err(bad(format!("a sample of 1 to {SIZE_MAX}, a confidence between 0 and 1")));
    }
    Ok(size)
}

/// The sample: the items of the lot in the order of SHA-256(seed, item id), the first `size` of them.
fn draw(seed: &str, lot: &[ItemId], size: u64) -> Vec<ItemId> {
    let mut order: Vec<([u8; 32], ItemId)> = lot
        .iter()
        .map(|item| {
            (Sha256::new().chain_update(seed).chain_update(item.uuid().as_bytes()).finalize().into(), *item)
        })
        .collect();
    order.sort_unstable();
    order.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    order.into_iter().map(|(_, item)| item).collect()
}

async fn view(conn: &mut Conn, audit: audits::Audit) -> Result<AuditView> {
    let bound = if audit.state == "closed" {
        let bound = lot_upper(audit.lot, audit.checked, audit.found, audit.confidence);
        Some(bound.map_err(|e| PipelineError::Internal(format!("audit {}: {e}", audit.id)))?)
    } else {
        None
    };
    let opened_by = match audit.opened_by {
        Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
        None => None,
    };
    Ok(AuditView {
        id: audit.id,
        project: audit.project_id,
        seed: audit.seed,
        lot: audit.lot,
        size: audit.size,
        confidence: audit.confidence,
        state: audit.state,
        checked: audit.checked,
        found: audit.found,
        bound,
        bound_rate: bound.map(|bound| bound as f64 / audit.lot as f64),
        opened_by,
        opened_at: audit.opened_at,
        closed_at: audit.closed_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot(n: u128) -> Vec<ItemId> {
        (0..n).map(|n| ItemId(uuid::Uuid::from_u128(n))).collect()
    }

    #[test]
    fn a_sample_is_drawn_again_from_its_seed_and_no_item_comes_twice() {
        let sample = draw("seed", &lot(500), 100);
        assert_eq!(sample, draw("seed", &lot(500), 100));
        assert_eq!(sample[..10], draw("seed", &lot(500), 10));
        assert_ne!(sample, draw("other", &lot(500), 100));
        let mut unique = sample.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), 100);
    }

    #[test]
    fn every_item_is_as_likely() {
        // 2,000 seeds, 10 of 50: each item is expected 400 times, standard deviation below 18.
        let mut hits = vec![0_u32; 50];
        for seed in 0..2_000 {
            for item in draw(&seed.to_string(), &lot(50), 10) {
                hits[item.uuid().as_u128() as usize] += 1;
            }
        }
        assert!(hits.iter().all(|n| (310..=490).contains(n)), "{hits:?}");
    }

    #[test]
    fn the_protocol_speaks_where_nobody_else_does() {
        let protocol = AuditPlan { sample: 12, confidence: 0.99 };
        let asked = planned(AuditSample::default(), &protocol);
        assert_eq!((asked.size, asked.rate, asked.confidence), (Some(12), None, Some(0.99)));
        let own = AuditSample { rate: Some(0.1), ..AuditSample::default() };
        assert_eq!(planned(own, &protocol), own);
        // A protocol without audits draws none.
        let none = planned(AuditSample::default(), &AuditPlan::default());
        assert!(size_of(&none, 20, 0.95).is_err());
    }

    #[test]
    fn a_plan_names_a_size_or_a_rate() {
        let plan = |size, rate| AuditSample { size, rate, confidence: None };
        assert_eq!(size_of(&plan(Some(50), None), 20, 0.95).unwrap(), 20);
        assert!(size_of(&plan(None, Some(0.01)), 10_000, 0.95).unwrap() < 300);
        assert!(size_of(&plan(None, None), 20, 0.95).is_err());
        assert!(size_of(&plan(Some(5), Some(0.1)), 20, 0.95).is_err());
        assert!(size_of(&plan(Some(5), None), 20, 1.5).is_err());
        assert!(size_of(&plan(None, Some(f64::NAN)), 20, 0.95).is_err());
    }
}
