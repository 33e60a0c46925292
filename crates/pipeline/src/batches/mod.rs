//! Acceptance of batches: items are frozen and submitted together, a random sample of them is inspected by the blind audit
//! that certificates have, and the plan decides for all: accepted, or back into work.

mod curve;
mod decide;
mod design;
mod record;
mod scheme;
mod submit;
mod supplier;
mod words;

use countersign_model::{BatchId, CertificationId, ProjectId};
use countersign_quality::acceptance::Plan;
use countersign_store::{Conn, batches, certifications, users};

pub(crate) use decide::{JOB_RETURN, advance, hold_defective};
pub use design::{DesignedPlan, PlanDesigns, PlanWish};
pub use record::{BatchRecord, BatchReport, RECORD_BYTES_MAX, RECORD_START, verify_batch};
pub use scheme::{SchemeCurve, SchemePoint};
pub(crate) use words::FrozenBatch;
pub use words::{
    BatchChoice, BatchDetail, BatchDraft, BatchTally, BatchView, BatchesView, CurvePoint, InspectionLevel,
    PlanCurve, PlanDraft, PlanPreview, SamplingPlan, SupplierTally, SupplierView,
};

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    certification::parsed,
    people::Caller,
};

/// Most items that one batch has inspected: what people can look at.
pub const SAMPLE_MAX: u64 = 2_000;
/// Most batches in one list.
const LISTED_MAX: u32 = 200;

impl Pipeline {
    /// The batches of a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn batches(&self, caller: &Caller, project: ProjectId) -> Result<BatchesView> {
        self.require_on(caller, Action::ViewQuality, project)?;
        let named = self.sees_suppliers(caller, project);
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for row in batches::of_project(&mut conn, project, LISTED_MAX).await? {
            shown.push(view(&mut conn, row, named).await?);
        }
        let suppliers = if named { supplier::tallies(&mut conn, project).await? } else { Vec::new() };
        Ok(BatchesView { batches: shown, suppliers })
    }

    /// One batch with the curve of its plan.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn batch(&self, caller: &Caller, id: BatchId) -> Result<BatchDetail> {
        let (batch, plan, steady) = {
            let mut conn = self.store.read().await?;
            let row = batches::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::ViewQuality, row.project_id)?;
            let plan = plan_of(&row)?;
            let named = self.sees_suppliers(caller, row.project_id);
            let steady = row.steady;
            (view(&mut conn, row, named).await?, plan, steady)
        };
        let curve = curve::of(plan, batch.units).await?;
        let wrongs = curve.points.iter().map(|point| point.wrong);
        let scheme = scheme::of(batch.chosen.into(), steady, batch.units, wrongs).await?;
        Ok(BatchDetail { batch, curve, scheme })
    }

    /// Whose work is how good is not for those who inspect it.
    fn sees_suppliers(&self, caller: &Caller, project: ProjectId) -> bool {
        self.access.allows(&caller.principal, Action::ViewTiers, &Resource::Project(project))
    }
}

/// The plan that a batch is inspected by.
pub(crate) fn plan_of(batch: &batches::Batch) -> Result<Plan> {
    parsed("batches.plan", &batch.plan)
}

/// The audit of a batch.
pub(crate) const fn audit_of(id: BatchId) -> CertificationId {
    CertificationId(id.0)
}

async fn view(conn: &mut Conn, row: batches::Batch, named: bool) -> Result<BatchView> {
    let audit = certifications::by_id(conn, audit_of(row.id)).await?.ok_or(PipelineError::NotFound)?;
    let frozen: FrozenBatch = parsed("certifications.frozen", &audit.frozen)?;
    let submitted_by = match audit.opened_by {
        Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
        None => None,
    };
    let state = match (row.state.as_str(), audit.seed.is_some()) {
        ("open", false) => "frozen".to_owned(),
        ("open", true) => "inspecting".to_owned(),
        _ => row.state.clone(),
    };
    let at = match row.state.as_str() {
        "returned" => batches::whereabouts(conn, row.id).await?,
        _ => batches::Whereabouts::default(),
    };
    let supplier = if named { Some(supplier::view(conn, &row.supplier).await?) } else { None };
    Ok(BatchView {
        id: row.id,
        project: row.project_id,
        name: audit.name,
        state,
        supplier,
        rework_of: row.rework_of,
        units: audit.units,
        checked: audit.checked,
        found: audit.found,
        sample_max: audit.sample_max,
        inspection: frozen.inspection.into(),
        chosen: frozen.chosen.into(),
        plan: frozen.plan.into(),
        error: frozen.error,
        counts: frozen.counts,
        root: audit.root,
        entropy: audit.entropy,
        seed: audit.seed,
        back: at.back,
        back_held: at.held,
        again: at.again,
        lifted: at.lifted,
        reason: row.reason,
        submitted_by,
        submitted_at: audit.frozen_at,
        seeded_at: audit.seeded_at,
        decided_at: row.decided_at,
    })
}
