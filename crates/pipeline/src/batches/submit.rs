//! Submitting a batch: which items, by which plan, with the curve of the plan looked at before.

use countersign_model::{BatchId, Instant, ProjectId, Protocol};
use countersign_quality::{
    acceptance::{Inspection, Plan},
    certify,
};
use countersign_store::{Conn, Evidence, batches, certifications, projects};
use sha2::{Digest, Sha256};

use super::{
    BatchChoice, BatchDetail, BatchDraft, BatchView, BatchesView, FrozenBatch, PlanDraft, PlanPreview,
    SAMPLE_MAX, audit_of, curve, scheme, supplier,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    certification::{
        TEXT_CHARS_MAX, UNITS_MAX, counted_kinds,
        freeze::{self, Choice},
        spelled,
    },
    people::Caller,
    review::checked_comment,
};

/// Version of the form of what is frozen and decided.
pub(super) const FORM_VERSION: u32 = 1;
/// Longest name of a lot, characters.
const LOT_CHARS_MAX: usize = 200;
/// Longest key of a supplier, bytes.
const SUPPLIER_BYTES_MAX: usize = 100;

impl Pipeline {
    /// A plan as it would be in force for the items of a choice, with its curve: to be looked at before it is chosen.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_plan`, `bad_choice`, `not_returned`, `nothing_accepted`,
    /// `inspection_discontinued`.
    pub async fn look_at_plan(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: PlanDraft,
    ) -> Result<PlanPreview> {
        self.require_on(caller, Action::Certify, project)?;
        let (units, inspection, plan) = {
            let mut conn = self.store.read().await?;
            let protocol = self.protocol(&mut conn, project).await?;
            let wanted = wanted(&mut conn, project, &protocol, &draft.choice, draft.rework_of).await?;
            let limit = u32::try_from(UNITS_MAX).unwrap_or(u32::MAX);
            let units = wanted.items.candidates(&mut conn, project, None, limit).await?.len() as u64;
            let inspection = supplier::inspection(&mut conn, project, &wanted.supplier).await?;
            (units, inspection, in_force(draft.plan.into(), inspection)?)
        };
        if units == 0 {
            return Err(PipelineError::refused(
                "nothing_accepted",
                "No accepted item is free to be in a batch.",
            ));
        }
        let curve = curve::of(plan, units).await?;
        let wrongs = curve.points.iter().map(|point| point.wrong);
        Ok(PlanPreview {
            units,
            inspection: inspection.into(),
            plan: plan.into(),
            sample_max: plan.most().min(units),
            scheme: scheme::of(draft.plan.into(), draft.steady, units, wrongs).await?,
            curve,
        })
    }

    /// Submits a batch: the items, their labels and the plan are fixed from here on, and the log holds their hash. How much
    /// is inspected follows from the batches of the same supplier that were decided before.
    ///
    /// # Errors
    /// As [`Pipeline::look_at_plan`]; `lot_too_large`, `changed_while_frozen`, `content_changed`, `name_taken`.
    pub async fn submit_batch(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: BatchDraft,
    ) -> Result<BatchView> {
        self.require_on(caller, Action::Certify, project)?;
        let name = crate::accounts::checked_name("name", &draft.name)?;
        let error = checked_error(&draft.error)?;
        let (wanted, units) = {
            let mut conn = self.store.read().await?;
            let row = projects::by_id(&mut conn, project).await?.ok_or(PipelineError::NotFound)?;
            let protocol = self.protocol(&mut conn, project).await?;
            let wanted = wanted(&mut conn, project, &protocol, &draft.choice, draft.rework_of).await?;
            let units = freeze::lines(&mut conn, &row, &wanted.items).await?;
            (wanted, units)
        };
        let root = freeze::root(units.iter().map(|(_, line)| line.as_str()));
        let id = BatchId(self.store.ids().fresh());
        let count = units.len() as u64;
        let chosen = Plan::from(draft.plan);
        let key = wanted.supplier.clone();
        let frozen = move |inspection, plan: Plan| FrozenBatch {
            version: FORM_VERSION,
            project,
            name,
            root: certify::Hash(root.0),
            units: count,
            supplier: wanted.supplier,
            choice: draft.choice,
            rework_of: draft.rework_of,
            chosen,
            inspection,
            plan,
            error,
            counts: counted_kinds(&draft.counts),
            sample_max: plan.most().min(count),
        };
        let submitted = Submitted { id, project, supplier: key, steady: draft.steady, chosen, units };
        self.keep_batch(caller, submitted, frozen).await?;
        Ok(self.batch(caller, id).await?.batch)
    }

    async fn keep_batch(
        &self,
        caller: &Caller,
        submitted: Submitted,
        frozen: impl FnOnce(Inspection, Plan) -> FrozenBatch + Send + 'static,
    ) -> Result<()> {
        let by = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let Submitted { id, project, supplier, steady, chosen, units } = submitted;
                    // What is inspected depends on what was decided last: one submission at a time.
                    batches::lock_project(tx, project).await?;
                    let inspection = supplier::inspection(tx, project, &supplier).await?;
                    let frozen = frozen(inspection, in_force(chosen, inspection)?);
                    let text = spelled(&frozen)?;
                    let evidence = Evidence::new("batch.frozen", "batch", id.uuid()).project(project);
                    let event = tx.record(evidence.content(Sha256::digest(&text).into()))?;
                    let audit = freeze::Audit {
                        id: audit_of(id),
                        project,
                        name: frozen.name,
                        frozen: text,
                        root: frozen.root,
                        units,
                        class_lots: Vec::new(),
                        sample_max: frozen.sample_max,
                        by,
                    };
                    freeze::insert(tx, audit, event).await?;
                    let batch = batches::Batch {
                        id,
                        project_id: project,
                        supplier,
                        state: "open".into(),
                        rework_of: frozen.rework_of,
                        steady,
                        inspection: word(inspection).into(),
                        plan: spelled(&frozen.plan)?,
                        decision: None,
                        decided_at: None,
                        decided_event: None,
                        reason: None,
                    };
                    match batches::insert(tx, batch).await? {
                        Some(item) => Err(freeze::changed(item)),
                        None => Ok(()),
                    }
                })
            })
            .await
    }

    /// Draws the order of a batch's sample, after it was submitted.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_entropy`, `already_drawn`.
    pub async fn draw_batch(&self, caller: &Caller, id: BatchId, words: &str) -> Result<BatchDetail> {
        let row = batches::by_id(&mut *self.store.read().await?, id).await?;
        row.ok_or(PipelineError::NotFound)?;
        self.draw_sample(caller, audit_of(id), words, "batch").await?;
        self.batch(caller, id).await
    }

    /// Takes batches of a supplier again, after inspection of them was discontinued: tightened at first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `not_discontinued`.
    pub async fn resume_inspection(
        &self,
        caller: &Caller,
        project: ProjectId,
        supplier: String,
        reason: String,
    ) -> Result<BatchesView> {
        self.require_on(caller, Action::Certify, project)?;
        let reason = checked_comment(Some(reason))?;
        let reason = reason.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        if supplier.len() > SUPPLIER_BYTES_MAX || supplier.contains('\0') {
            return Err(not_discontinued());
        }
        let by = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    batches::lock_project(tx, project).await?;
                    let now = supplier::inspection(tx, project, &supplier).await?;
                    if now != Inspection::Discontinued {
                        return Err(not_discontinued());
                    }
                    let details = serde_json::json!({ "supplier": supplier, "reason": reason });
                    let resumption = batches::Resumption {
                        project_id: project,
                        supplier,
                        at: tx.now(),
                        user_id: by,
                        reason,
                    };
                    batches::resume(tx, resumption).await?;
                    let evidence = Evidence::new("batch.resumed", "project", project.uuid());
                    tx.record(evidence.project(project).details(details))?;
                    Ok(())
                })
            })
            .await?;
        self.batches(caller, project).await
    }
}

struct Submitted {
    id: BatchId,
    project: ProjectId,
    supplier: String,
    steady: bool,
    chosen: Plan,
    units: Vec<(certifications::Candidate, String)>,
}

struct Wanted {
    items: Choice,
    supplier: String,
}

fn not_discontinued() -> PipelineError {
    PipelineError::refused("not_discontinued", "Batches of this supplier are inspected already.")
}

/// Which items are wanted, and whose batch they make.
async fn wanted(
    conn: &mut Conn,
    project: ProjectId,
    protocol: &Protocol,
    choice: &BatchChoice,
    rework_of: Option<BatchId>,
) -> Result<Wanted> {
    if let Some(id) = rework_of {
        let row = batches::by_id(conn, id).await?.filter(|row| row.project_id == project);
        let row = row.ok_or(PipelineError::NotFound)?;
        if row.state != "returned" {
            return Err(PipelineError::refused("not_returned", "Only a returned batch can come again."));
        }
        return Ok(Wanted { items: Choice::Rework(id), supplier: row.supplier });
    }
    let bad =
        |place: &str, message: &str| PipelineError::bad("bad_choice", format!("choice.{place}"), message);
    let stage = match &choice.stage {
        Some(id) => {
            let found = protocol.stages.iter().position(|stage| stage.id == *id);
            let found = found.and_then(|place| u32::try_from(place).ok());
            Some(found.ok_or_else(|| bad("stage", "is no stage of the protocol"))?)
        }
        None => None,
    };
    let lot = choice.lot.as_deref().map(str::trim).filter(|lot| !lot.is_empty());
    if lot.is_some_and(|lot| lot.chars().count() > LOT_CHARS_MAX || lot.contains('\0')) {
        return Err(bad("lot", "is no name of a lot"));
    }
    if choice.from.zip(choice.until).is_some_and(|(from, until): (Instant, Instant)| from >= until) {
        return Err(bad("until", "comes before it begins"));
    }
    let filter = batches::BatchFilter {
        released: choice.released,
        stage,
        author: choice.author,
        organization: choice.organization,
        lot: lot.map(str::to_owned),
        ingest: choice.ingest,
        from: choice.from,
        until: choice.until,
    };
    Ok(Wanted { items: Choice::Batch(Box::new(filter)), supplier: supplier::key(choice) })
}

/// The plan that is in force when this one was chosen.
fn in_force(chosen: Plan, inspection: Inspection) -> Result<Plan> {
    let bad = |message: String| PipelineError::bad("bad_plan", "plan", message);
    chosen.check().map_err(|error| bad(error.to_string()))?;
    let plan = match inspection {
        Inspection::Normal => chosen,
        Inspection::Tightened => chosen.tightened().ok_or_else(|| {
            bad("inspection is tightened, and this plan would then look at too many items: choose a smaller one".to_owned())
        })?,
        Inspection::Reduced => chosen.reduced().unwrap_or(chosen),
        Inspection::Discontinued => {
            return Err(PipelineError::refused(
                "inspection_discontinued",
                "Too many batches were returned: none is taken before somebody resumes inspection.",
            ));
        }
    };
    plan.check().map_err(|error| bad(error.to_string()))?;
    if plan.most() > SAMPLE_MAX {
        return Err(bad(format!(
            "at most {SAMPLE_MAX} items are inspected, this takes up to {}",
            plan.most()
        )));
    }
    Ok(plan)
}

pub(super) const fn word(inspection: Inspection) -> &'static str {
    match inspection {
        Inspection::Normal => "normal",
        Inspection::Tightened => "tightened",
        Inspection::Reduced => "reduced",
        Inspection::Discontinued => "discontinued",
    }
}

fn checked_error(text: &str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > TEXT_CHARS_MAX || text.contains('\0') {
        let message = format!("say it in 1 to {TEXT_CHARS_MAX} characters");
        return Err(PipelineError::bad("bad_plan", "error", message));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_returned_before_makes_a_plan_stricter() {
        let plan = Plan::Single { sample: 50, accept: 2 };
        assert_eq!(in_force(plan, Inspection::Normal).unwrap(), plan);
        let tightened = in_force(plan, Inspection::Tightened).unwrap();
        assert_eq!(tightened, Plan::Single { sample: 50, accept: 1 });
        let reduced = in_force(plan, Inspection::Reduced).unwrap();
        assert_eq!(reduced, Plan::Single { sample: 20, accept: 1 });
        assert!(in_force(plan, Inspection::Discontinued).is_err());
        let double = Plan::Double { first: 20, accept_first: 0, return_first: 3, second: 20, accept_both: 3 };
        assert!(
            in_force(double, Inspection::Normal).is_ok() && in_force(double, Inspection::Reduced).is_ok()
        );
        let tightened = in_force(double, Inspection::Tightened).unwrap();
        assert_eq!(
            tightened,
            Plan::Double { first: 20, accept_first: 0, return_first: 3, second: 20, accept_both: 2 }
        );
        let sequential = Plan::Sequential { good: 0.02, bad: 0.16, producer: 0.05, consumer: 0.1, most: 60 };
        let Plan::Sequential { bad, most, .. } = in_force(sequential, Inspection::Tightened).unwrap() else {
            panic!("another kind of plan")
        };
        assert!((bad - 0.1).abs() < 1e-12 && most == 96);
        let large = Plan::Single { sample: SAMPLE_MAX, accept: 0 };
        assert!(
            in_force(large, Inspection::Normal).is_ok() && in_force(large, Inspection::Tightened).is_err()
        );
    }
}
