//! A draft that was signed and takes force at a later time: kept as it was signed, withdrawn with a reason, and published by a job
//! when its time has come. Until then nobody changes it and nobody has to read it.

use countersign_model::{Instant, ProjectId, SignatureMeaning};
use countersign_store::{
    Actor, Conn, Evidence, Tx, guideline_plans as plans, guideline_plans::GuidelinePlan, guidelines, jobs,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::publish::{Signer, Terms, publish_in};
use crate::{
    Pipeline, PipelineError, Result, access::Action, moving::hash_bytes, people::Caller,
    protocols::force::seconds_until, review::checked_comment, signing::add_signed,
};

/// Kind of the job that publishes a draft when its time has come.
pub(crate) const JOB_GUIDELINE: &str = "guideline";
/// How far ahead a version may be dated, seconds: a year.
const AHEAD_SECONDS_MAX: i64 = 366 * 86_400;

/// A signed draft that waits for its time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedGuideline {
    /// From when it is in force.
    pub effective_at: Instant,
    /// What changes and why.
    pub summary: String,
    /// What the change means for labels.
    pub change: String,
    /// Who signed it, as the name was printed then.
    pub signed_by: String,
    /// When.
    pub signed_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct Due {
    plan: Uuid,
}

/// What waits on a project.
pub(super) async fn seen(conn: &mut Conn, project: ProjectId) -> Result<Option<PlannedGuideline>> {
    let Some(plan) = plans::waiting(conn, project).await? else { return Ok(None) };
    let terms = terms_of(&plan)?;
    Ok(Some(PlannedGuideline {
        effective_at: plan.effective_at,
        summary: terms.summary,
        change: terms.change.as_str().into(),
        signed_by: plan.printed_name,
        signed_at: plan.signed_at,
    }))
}

/// Refuses to change or publish what was signed and waits: it would not be what was signed.
pub(super) async fn none_waits(conn: &mut Conn, project: ProjectId) -> Result<()> {
    match plans::waiting(conn, project).await? {
        Some(_) => {
            let message = "A draft is signed and waits for its time. Withdraw it first.";
            Err(PipelineError::refused("guideline_planned", message))
        }
        None => Ok(()),
    }
}

/// Keeps a draft for its time, in the caller's write, and has a job publish it then.
pub(super) async fn plan_in(
    tx: &mut Tx,
    draft: guidelines::Guideline,
    terms: &Terms,
    signer: Signer,
    effective_at: Instant,
) -> Result<()> {
    let wait = seconds_until(tx.now(), effective_at);
    if wait > AHEAD_SECONDS_MAX {
        let message = format!("at most {} days ahead", AHEAD_SECONDS_MAX / 86_400);
        return Err(PipelineError::bad("bad_effective_date", "effective_at", message));
    }
    // A save at the same moment finds another revision than the one that it was made against.
    if !guidelines::freeze(tx, draft.id, draft.revision).await? {
        return Err(PipelineError::StaleRevision { current: draft.revision });
    }
    let content_hash = hex::encode(Sha256::digest(draft.document.as_bytes()));
    let mut said = serde_json::json!({
        "change": terms.change, "classes": terms.classes, "summary": terms.summary, "effective_at": effective_at,
        "disputes": terms.disputes, "campaign": terms.campaign,
    });
    add_signed(&mut said, SignatureMeaning::Approved, &signer.printed_name);
    let project = draft.project_id;
    let evidence = Evidence::new("guideline.planned", "guideline", draft.id.uuid()).project(project);
    let event_id = tx.record(evidence.content(hash_bytes(&content_hash)?).details(said))?;
    let plan = GuidelinePlan {
        id: tx.fresh(),
        project_id: project,
        guideline_id: draft.id,
        revision: draft.revision + 1,
        content_hash,
        terms: serde_json::to_string(terms).map_err(|error| PipelineError::Internal(error.to_string()))?,
        user_id: signer.user,
        printed_name: signer.printed_name,
        signed_at: tx.now(),
        event_id,
        effective_at,
        closed_at: None,
        outcome: None,
        outcome_reason: None,
    };
    let due = serde_json::json!(Due { plan: plan.id });
    plans::insert(tx, plan).await?;
    let job = jobs::Job::ready(tx, JOB_GUIDELINE, Some(project), None, &due).after(tx, wait);
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

fn terms_of(plan: &GuidelinePlan) -> Result<Terms> {
    serde_json::from_str(&plan.terms)
        .map_err(|error| PipelineError::Internal(format!("guideline_plans.terms: {error}")))
}

/// Ends the waiting of a draft that does not come into force: it is a draft as any other again.
async fn close(tx: &mut Tx, plan: &GuidelinePlan, outcome: &'static str, reason: &str) -> Result<()> {
    if !plans::close(tx, plan.id, outcome, Some(reason)).await? {
        return Err(nothing_waits());
    }
    let action = if outcome == "withdrawn" { "guideline.withdrawn" } else { "guideline.refused" };
    let evidence = Evidence::new(action, "guideline", plan.guideline_id.uuid()).project(plan.project_id);
    let details = serde_json::json!({ "reason": reason });
    tx.record(evidence.content(hash_bytes(&plan.content_hash)?).details(details))?;
    Ok(())
}

fn nothing_waits() -> PipelineError {
    PipelineError::refused("nothing_planned", "No draft waits for its time.")
}

/// Publishes a draft whose time has come, or says what stands in its way now.
async fn activate(tx: &mut Tx, pipeline: &Pipeline, plan: &GuidelinePlan) -> Result<()> {
    let terms = terms_of(plan)?;
    let draft = guidelines::by_id(tx, plan.guideline_id).await?.ok_or(PipelineError::NotFound)?;
    let is_signed = draft.state == "draft"
        && draft.revision == plan.revision
        && hex::encode(Sha256::digest(draft.document.as_bytes())) == plan.content_hash;
    if !is_signed {
        return close(tx, plan, "refused", "The draft is not what was signed.").await;
    }
    let protocol = pipeline.protocol(tx, plan.project_id).await?;
    if let Some(gone) = terms.classes.iter().find(|class| protocol.class(class).is_none()) {
        return close(tx, plan, "refused", &format!("The protocol has no class {gone:?} any more.")).await;
    }
    let (user, printed_name) = (plan.user_id, plan.printed_name.clone());
    publish_in(tx, draft, terms, Signer { user, printed_name, at: Some(plan.signed_at) }).await?;
    plans::close(tx, plan.id, "in_force", None).await?;
    Ok(())
}

impl Pipeline {
    /// Withdraws the draft that waits for its time, before it has come.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`; `nothing_planned`.
    pub async fn withdraw_guideline(
        &self,
        caller: &Caller,
        project: ProjectId,
        reason: String,
    ) -> Result<()> {
        self.require_on(caller, Action::ManageGuidelines, project)?;
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let plan = plans::waiting(tx, project).await?.ok_or_else(nothing_waits)?;
                    close(tx, &plan, "withdrawn", &reason).await
                })
            })
            .await
    }

    /// Publishes a draft when its time has come: the body of a `guideline` job. One that was withdrawn stays a draft.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_planned_guideline(&self, job: jobs::Job, worker: String) -> Result<()> {
        let due: Due = serde_json::from_str(&job.payload)
            .map_err(|error| PipelineError::Internal(format!("jobs.payload: {error}")))?;
        let Some(project) = job.project_id else { return self.finish_job(job, worker).await };
        let (pipeline, id, worker_name) = (self.clone(), job.id, worker.clone());
        let done = self.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let waiting = plans::waiting(tx, project).await?;
                let Some(plan) = waiting.filter(|plan| plan.id == due.plan) else { return Ok(false) };
                activate(tx, &pipeline, &plan).await?;
                jobs::finish(tx, id, &worker_name).await?;
                Ok(true)
            })
        });
        if done.await? { Ok(()) } else { self.finish_job(job, worker).await }
    }
}
