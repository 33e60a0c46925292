//! A version that was signed and takes force at a later time: kept as it was signed, withdrawn with a reason, and put into
//! force by a job when its time has come. One of a project waits at a time.

use countersign_model::{Instant, ProjectId, Protocol, SignatureMeaning};
use countersign_store::{
    Actor, Conn, Evidence, Tx, events, flow, jobs, projects, protocol_plans as plans,
    protocol_plans::ProtocolPlan,
    protocols::{self, ProtocolSignature},
};
use countersign_workflow::{canonical_json, document::read_new_document};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    check_attributes, check_change, check_held, checked_reason,
    force::{NewVersion, Signing, in_force, put_in_force, seconds_until},
    signature::{VersionSignature, signer, unsigned},
    staffing::Staff,
};
use crate::{
    Pipeline, PipelineError, Result, access::Action, moving::hash_bytes, ontology, people::Caller,
    projects::ProtocolRef,
};

/// Kind of the job that puts a version into force when its time has come.
pub(crate) const JOB_PROTOCOL: &str = "protocol";
/// How far ahead a version may be dated, seconds: a year.
const AHEAD_SECONDS_MAX: i64 = 366 * 86_400;

/// A signed version that waits for its time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedVersion {
    /// The version that it will be.
    pub version: u32,
    /// From when it is in force.
    pub effective_at: Instant,
    /// Who signed it, and when.
    pub signature: VersionSignature,
    /// SHA-256 of the document in canonical JSON, hexadecimal: what was signed.
    pub content_hash: String,
    /// The document, YAML.
    pub document: String,
    /// It carries out a change of the ontology: what becomes of labels is part of it.
    pub ontology: bool,
    /// Why, in words. Only those who run or audit the project are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A version that waited and did not come into force.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClosedPlan {
    /// The version that it would have been.
    pub version: u32,
    /// When it stopped waiting.
    pub at: Instant,
    /// Why: the words of whoever withdrew it, or what stood in its way. Only those who run or audit the project are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Due {
    plan: Uuid,
}

/// What waits on a project, and what waited last and came to nothing since the version in force was put there.
pub(super) async fn seen(
    conn: &mut Conn,
    project: ProjectId,
    in_force_since: Instant,
    told: bool,
) -> Result<(Option<PlannedVersion>, Option<ClosedPlan>)> {
    let waiting = plans::waiting(conn, project).await?.map(|plan| PlannedVersion {
        version: plan.version,
        effective_at: plan.effective_at,
        signature: VersionSignature {
            event: plan.event_id,
            printed_name: plan.printed_name,
            at: plan.signed_at,
            meaning: SignatureMeaning::Approved,
        },
        content_hash: plan.content_hash,
        document: plan.source,
        ontology: plan.ontology.is_some(),
        reason: Some(plan.reason).filter(|_| told),
    });
    let last = plans::last_closed(conn, project).await?;
    let last = last.filter(|plan| plan.outcome.as_deref() != Some("in_force"));
    let closed = last.and_then(|plan| Some((plan.closed_at?, plan))).filter(|(at, _)| *at >= in_force_since);
    let closed = closed.map(|(at, plan)| ClosedPlan {
        version: plan.version,
        at,
        reason: plan.outcome_reason.filter(|_| told),
    });
    Ok((waiting, closed))
}

/// Refuses a change while another version waits: it would have another number and other words than were signed.
pub(super) async fn none_waits(conn: &mut Conn, project: ProjectId) -> Result<()> {
    match plans::waiting(conn, project).await? {
        Some(plan) => {
            let message =
                format!("Version {} is signed and waits for its time. Withdraw it first.", plan.version);
            Err(PipelineError::refused("protocol_planned", message))
        }
        None => Ok(()),
    }
}

/// Keeps a version that was read and checked for its time, in the caller's write, and has a job put it into force then.
pub(crate) async fn plan_in(
    tx: &mut Tx,
    project: ProjectId,
    protocol: &Protocol,
    source: String,
    reason: Option<String>,
    (effective_at, ontology): (Instant, Option<String>),
) -> Result<ProtocolRef> {
    let wait = seconds_until(tx.now(), effective_at);
    if wait > AHEAD_SECONDS_MAX {
        let message = format!("at most {} days ahead", AHEAD_SECONDS_MAX / 86_400);
        return Err(PipelineError::bad("bad_effective_date", "effective_at", message));
    }
    if let Some(refusal) = unsigned(tx, project).await? {
        return Err(refusal.into());
    }
    // Work may begin until then: whether it is a deviation is known only at its time.
    let reason = reason.ok_or_else(|| {
        PipelineError::refused(
            "deviation_needs_reason",
            "Work may have begun when it comes into force. Say why it is made; the reason is kept.",
        )
    })?;
    let content_hash = document_hash(protocol)?;
    let (user_id, printed_name) = signer(tx).await?;
    let id: Uuid = tx.ids().fresh();
    let mut details = serde_json::json!({
        "version": protocol.version, "effective_at": effective_at, "reason": reason,
        "meaning": SignatureMeaning::Approved, "printed_name": printed_name,
    });
    // What becomes of labels is signed too.
    if let Some(change) = &ontology {
        details["ontology"] = change.as_str().into();
    }
    let evidence = Evidence::new("protocol.planned", "project", project.uuid()).project(project);
    let event_id = tx.record(evidence.content(hash_bytes(&content_hash)?).details(details))?;
    let plan = ProtocolPlan {
        id,
        project_id: project,
        protocol_id: protocol.id.clone(),
        version: protocol.version,
        content_hash,
        source,
        reason,
        user_id,
        printed_name,
        signed_at: tx.now(),
        event_id,
        effective_at,
        closed_at: None,
        outcome: None,
        outcome_reason: None,
        ontology,
    };
    plans::insert(tx, plan).await?;
    let job = jobs::Job::ready(tx, JOB_PROTOCOL, Some(project), None, &serde_json::json!(Due { plan: id }));
    let job = job.after(tx, wait);
    jobs::insert_all(tx, vec![job]).await?;
    Ok(ProtocolRef { id: protocol.id.clone(), version: protocol.version })
}

/// Ends the waiting of a version that will not come into force.
async fn close(tx: &mut Tx, plan: &ProtocolPlan, outcome: &'static str, reason: &str) -> Result<()> {
    if !plans::close(tx, plan.id, outcome, Some(reason)).await? {
        return Err(nothing_waits());
    }
    let action = if outcome == "withdrawn" { "protocol.withdrawn" } else { "protocol.refused" };
    let details = serde_json::json!({ "version": plan.version, "reason": reason });
    let evidence = Evidence::new(action, "project", plan.project_id.uuid()).project(plan.project_id);
    tx.record(evidence.content(hash_bytes(&plan.content_hash)?).details(details))?;
    Ok(())
}

/// Withdraws what waits because the privacy officer changed the rules of de-identification: it has other ones.
pub(crate) async fn overtaken(tx: &mut Tx, project: ProjectId) -> Result<()> {
    match plans::waiting(tx, project).await? {
        Some(plan) => {
            let reason =
                "The rules of de-identification changed meanwhile; what was signed had the earlier ones.";
            close(tx, &plan, "withdrawn", reason).await
        }
        None => Ok(()),
    }
}

/// What a signature of a version is over, hexadecimal.
fn document_hash(protocol: &Protocol) -> Result<String> {
    let value = serde_json::to_value(protocol).map_err(|error| PipelineError::Internal(error.to_string()))?;
    Ok(hex::encode(Sha256::digest(canonical_json(&value).as_bytes())))
}

fn nothing_waits() -> PipelineError {
    PipelineError::refused("nothing_planned", "No version waits for its time.")
}

/// The change of the ontology that was signed with a plan, as the event of the signature has it.
async fn signed_change(tx: &mut Tx, plan: &ProtocolPlan) -> Result<Option<String>> {
    let event = events::by_id(tx, plan.event_id).await?.ok_or(PipelineError::NotFound)?;
    let details: serde_json::Value =
        event.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(details["ontology"].as_str().map(str::to_owned))
}

/// Puts a version whose time has come into force, or says what stands in its way now.
async fn activate(tx: &mut Tx, plan: &ProtocolPlan) -> Result<()> {
    let project = plan.project_id;
    let row = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
    if row.protocol_version + 1 != plan.version {
        return close(tx, plan, "refused", "Another version came into force before it.").await;
    }
    let (current, _) = in_force(tx, project, row.protocol_version).await?;
    let mut reading = read_new_document(&plan.source);
    check_change(&current, &mut reading);
    if plan.ontology.is_none() {
        check_attributes(&current, &mut reading);
    }
    let now = tx.now();
    check_held(&current, &mut reading, &Staff::of(tx, project, now).await?);
    let Some(protocol) = reading.protocol.filter(|_| reading.faults.is_empty()) else {
        let fault = reading.faults.into_iter().next().map(|fault| fault.message);
        return close(tx, plan, "refused", &fault.unwrap_or_default()).await;
    };
    // A signature is over these bytes alone: what a later program reads out of them otherwise was not signed.
    if document_hash(&protocol)? != plan.content_hash {
        let reason = "This version of the program reads the document otherwise than when it was signed.";
        return close(tx, plan, "refused", reason).await;
    }
    if signed_change(tx, plan).await? != plan.ontology {
        return close(tx, plan, "refused", "What was to become of labels is not what was signed.").await;
    }
    let deviation = flow::has_begun(tx, project).await?;
    let details = [
        ("meaning", serde_json::json!(SignatureMeaning::Approved)),
        ("deviation", deviation.into()),
        ("reason", plan.reason.clone().into()),
        ("printed_name", plan.printed_name.clone().into()),
        ("signed_at", serde_json::json!(plan.signed_at)),
    ];
    let details = details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let evidence = Evidence::new("protocol.activated", "project", project.uuid());
    let evidence = if deviation { evidence.reason("deviation") } else { evidence };
    let new = NewVersion {
        protocol,
        source: Some(plan.source.clone()),
        reason: Some(plan.reason.clone()),
        deviation,
        signing: Signing::Waits,
        author: Some(plan.user_id),
    };
    put_in_force(tx, project, row.protocol_version, new, evidence, details).await?;
    let signature = ProtocolSignature {
        project_id: project,
        protocol_id: plan.protocol_id.clone(),
        version: plan.version,
        user_id: plan.user_id,
        printed_name: plan.printed_name.clone(),
        meaning: SignatureMeaning::Approved,
        content_hash: plan.content_hash.clone(),
        at: plan.signed_at,
        event_id: plan.event_id,
    };
    protocols::sign(tx, signature).await?;
    if let Some(change) = &plan.ontology {
        ontology::activated(tx, plan, change).await?;
    }
    plans::close(tx, plan.id, "in_force", None).await?;
    Ok(())
}

impl Pipeline {
    /// Withdraws the version that waits for its time, before it has come.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but owners; `reason_required`; `nothing_planned`.
    pub async fn withdraw_protocol(&self, caller: &Caller, project: ProjectId, reason: &str) -> Result<()> {
        self.require_on(caller, Action::ManageProject, project)?;
        let reason = checked_reason(Some(reason))?.ok_or_else(|| {
            PipelineError::refused("reason_required", "Say why the version does not come into force.")
        })?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let plan = plans::waiting(tx, project).await?.ok_or_else(nothing_waits)?;
                    close(tx, &plan, "withdrawn", &reason).await
                })
            })
            .await
    }

    /// Puts a version into force when its time has come: the body of a `protocol` job. One that was withdrawn stays so.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_planned(&self, job: jobs::Job, worker: String) -> Result<()> {
        let due: Due = serde_json::from_str(&job.payload)
            .map_err(|error| PipelineError::Internal(format!("jobs.payload: {error}")))?;
        let Some(project) = job.project_id else { return self.finish_job(job, worker).await };
        let (id, worker_name) = (job.id, worker.clone());
        let done = self.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let waiting = plans::waiting(tx, project).await?;
                let Some(plan) = waiting.filter(|plan| plan.id == due.plan) else { return Ok(false) };
                activate(tx, &plan).await?;
                jobs::finish(tx, id, &worker_name).await?;
                Ok(true)
            })
        });
        if done.await? { Ok(()) } else { self.finish_job(job, worker).await }
    }
}
