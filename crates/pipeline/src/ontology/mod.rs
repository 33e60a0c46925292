//! Changing the classes of a project: a dry run says what is touched, per class and per release; the change makes a new
//! version of the protocol; what only people can decide goes back into work. What was released stays as it is.

mod operations;

use std::collections::BTreeMap;

use countersign_model::{
    Annotation, CampaignId, Class, Instant, OntologyChangeId, ProjectId, Protocol, ReadId, ReleaseId,
    SignatureMeaning, UserId,
};
use countersign_store::{
    Conn, Evidence, Tx, campaigns, ontology, protocol_plans::ProtocolPlan, protocols, reads,
};
use serde::{Deserialize, Serialize};

pub use operations::{AttributeRule, MigrationPath, OPERATIONS_MAX, OntologyChange, OntologyOperation};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    campaigns::{Opening, any_under_earlier, open_campaign},
    moving::Moving,
    people::Caller,
    projects::ProtocolRef,
    protocols::{Changed, checked_in, planned::plan_in, put_in, signature::signer},
    review::checked_comment,
    save::annotation_body,
    signed_acts::{self, SignedAct},
    signing::{Components, add_signed, stale},
};

/// Longest name of a round of rework, characters.
const NAME_CHARS_MAX: usize = 200;

/// A change that is asked for.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OntologyDraft {
    /// What is to be done, in this order.
    pub operations: Vec<OntologyOperation>,
    /// Why.
    pub reason: String,
    /// Name of the round of rework that a split begins.
    #[serde(default)]
    pub campaign: Option<String>,
    /// User name; needed at the first signature of a period.
    #[serde(default)]
    pub login: Option<String>,
    /// Password, entered for this signature.
    pub password: String,
}

/// Labels of a class in a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseCount {
    /// Release.
    pub release: ReleaseId,
    /// Its name.
    pub name: String,
    /// Labels of the class in it; they stay as they are.
    pub annotations: u64,
}

/// What a change does to a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassDryRun {
    /// Class id.
    pub class: String,
    /// Its name before.
    pub name: String,
    /// How its labels get to the new version.
    pub path: MigrationPath,
    /// Accepted items with at least one label of it.
    pub items: u64,
    /// Accepted labels of it.
    pub annotations: u64,
    /// The releases that hold some.
    pub releases: Vec<ReleaseCount>,
}

/// What a change would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRun {
    /// The protocol version that it would make.
    pub version: u32,
    /// Each class that is touched.
    pub touched: Vec<ClassDryRun>,
    /// The classes after it.
    pub classes: Vec<Class>,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OntologyChangeView {
    /// Change.
    pub id: OntologyChangeId,
    /// The protocol version that it made.
    pub version: u32,
    /// What was done.
    pub operations: Vec<OntologyOperation>,
    /// What it touched.
    pub touched: Vec<ClassDryRun>,
    /// Why.
    pub reason: String,
    /// The round of rework that followed.
    pub campaign: Option<CampaignId>,
    /// Who made it, as the name was printed then.
    pub made_by: Option<String>,
    /// The signature under it.
    pub signature: Option<SignedAct>,
    /// When.
    pub made_at: Instant,
}

impl Pipeline {
    /// What a change would do, without doing it.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_ontology` naming operation and field.
    pub async fn try_ontology(
        &self,
        caller: &Caller,
        project: ProjectId,
        operations: Vec<OntologyOperation>,
    ) -> Result<DryRun> {
        self.require_on(caller, Action::ManageProject, project)?;
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        let change = OntologyChange(operations);
        let next = applied(&change, &protocol)?;
        let touched = touched(&mut conn, project, &change, &protocol).await?;
        Ok(DryRun { version: next.version, touched, classes: next.classes })
    }

    /// Makes a change: a new version of the protocol, signed with the password. Labels of a class that was split go back
    /// into work; all others are carried over when somebody takes them up again.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_ontology`; `reason_required`; as `Pipeline::signed`;
    /// `content_changed` when `against` is not the version in force.
    pub async fn change_ontology(
        &self,
        caller: &Caller,
        project: ProjectId,
        against: u32,
        draft: OntologyDraft,
    ) -> Result<OntologyChangeView> {
        self.require_on(caller, Action::ManageProject, project)?;
        let (reason, name) = checked(draft.reason, draft.campaign)?;
        let change = OntologyChange(draft.operations);
        let (document, touched) = self.spelt_out(project, against, &change).await?;
        let components = Components { login: draft.login, password: draft.password };
        let user = caller.user();
        let reading = countersign_workflow::document::read_document(&document);
        // Version, change and campaign together: a version without its change could never be carried over.
        let changing = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let (why, by) = (Some(reason.clone()), Changed::Ontology);
                let made = put_in(tx, project, against, reading, document, why, by).await?;
                let (_, printed_name) = signer(tx).await?;
                let signed = Signed { user, printed_name, reason, campaign: name, at: None };
                keep(tx, project, made.version, &change, touched, signed).await
            })
        });
        let row = self.signed(caller, &components, changing).await?;
        self.wake_worker();
        view(&mut *self.store.read().await?, row).await
    }

    /// Signs a change now that takes force at a later time: the version that it makes waits as any other does, and is withdrawn
    /// as any other is. What becomes of labels is worked out when its time has come.
    ///
    /// # Errors
    /// As [`Pipeline::change_ontology`]; `bad_effective_date`, `protocol_planned`.
    pub async fn plan_ontology(
        &self,
        caller: &Caller,
        project: ProjectId,
        against: u32,
        draft: OntologyDraft,
        effective_at: Instant,
    ) -> Result<ProtocolRef> {
        self.require_on(caller, Action::ManageProject, project)?;
        let (reason, name) = checked(draft.reason, draft.campaign)?;
        let change = OntologyChange(draft.operations);
        let (document, _) = self.spelt_out(project, against, &change).await?;
        let components = Components { login: draft.login, password: draft.password };
        let reading = countersign_workflow::document::read_document(&document);
        let planning = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                if effective_at <= tx.now() {
                    return Err(PipelineError::bad("bad_effective_date", "effective_at", "is over"));
                }
                let protocol = checked_in(tx, project, against, reading, Changed::Ontology).await?;
                let planned = Some(spelt(&Planned { operations: change, campaign: name })?);
                plan_in(tx, project, &protocol, document, Some(reason), (effective_at, planned)).await
            })
        });
        self.signed(caller, &components, planning).await
    }

    /// The document that a change makes of the version in force, and what it touches.
    async fn spelt_out(
        &self,
        project: ProjectId,
        against: u32,
        change: &OntologyChange,
    ) -> Result<(String, Vec<ClassDryRun>)> {
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        if protocol.version != against {
            return Err(stale(protocol.version.into()));
        }
        let next = applied(change, &protocol)?;
        let document = countersign_workflow::document::write_document(&next).map_err(|e| internal(&e))?;
        Ok((document, touched(&mut conn, project, change, &protocol).await?))
    }

    /// The changes of a project's classes, the newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a role on it.
    pub async fn ontology_changes(
        &self,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<Vec<OntologyChangeView>> {
        self.require_on(caller, Action::ViewQuality, project)?;
        let mut conn = self.store.read().await?;
        let mut out = Vec::new();
        for row in ontology::of_project(&mut conn, project).await?.into_iter().rev() {
            out.push(view(&mut conn, row).await?);
        }
        Ok(out)
    }
}

/// A change that waits for its time, as it is kept.
#[derive(Serialize, Deserialize)]
struct Planned {
    operations: OntologyChange,
    campaign: String,
}

/// Who signed a change, and with which words.
struct Signed {
    user: UserId,
    printed_name: String,
    reason: String,
    /// Name of the round of rework that a split begins; empty for one that is made up.
    campaign: String,
    /// When, where that was before it took force.
    at: Option<Instant>,
}

/// Why, and the name of the round of rework.
fn checked(reason: String, campaign: Option<String>) -> Result<(String, String)> {
    let reason = checked_comment(Some(reason))?
        .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
    let name = campaign.unwrap_or_default().trim().to_owned();
    if name.contains('\0') || name.chars().count() > NAME_CHARS_MAX {
        return Err(bad("campaign", &format!("at most {NAME_CHARS_MAX} characters")));
    }
    Ok((reason, name))
}

/// Keeps a change that a version made, in its write, and opens the round of rework that it takes.
async fn keep(
    tx: &mut Tx,
    project: ProjectId,
    version: u32,
    change: &OntologyChange,
    touched: Vec<ClassDryRun>,
    signed: Signed,
) -> Result<ontology::Change> {
    let split: Vec<String> = change.split().into_iter().map(str::to_owned).collect();
    // What is in work goes on under the version that it began with, and is looked at once it is accepted.
    let accepted = touched.iter().any(|one| split.contains(&one.class) && one.items > 0);
    let waits = !split.is_empty() && (accepted || any_under_earlier(tx, project, version).await?);
    let campaign = if waits {
        let name =
            if signed.campaign.is_empty() { format!("Classes, version {version}") } else { signed.campaign };
        let opening = Opening { project, guideline: None, name, classes: split, user: signed.user };
        Some(open_campaign(tx, opening).await?)
    } else {
        None
    };
    let row = ontology::Change {
        id: tx.fresh(),
        project_id: project,
        to_version: version,
        operations: spelt(change)?,
        counts: spelt(&touched)?,
        reason: signed.reason,
        campaign_id: campaign,
        made_by: Some(signed.user),
        made_at: tx.now(),
    };
    ontology::insert(tx, row.clone()).await?;
    let evidence = Evidence::new("ontology.changed", "ontology", row.id.uuid()).project(project);
    let mut said = serde_json::json!({
        "version": row.to_version, "operations": change, "touched": touched, "reason": row.reason,
    });
    if let Some(at) = signed.at {
        said["signed_at"] = serde_json::json!(at);
    }
    add_signed(&mut said, SignatureMeaning::Approved, &signed.printed_name);
    tx.record(evidence.details(said))?;
    Ok(row)
}

/// Carries out the change of a version that has just come into force, in its write: under the name of whoever signed it.
pub(crate) async fn activated(tx: &mut Tx, plan: &ProtocolPlan, change: &str) -> Result<()> {
    let planned: Planned = serde_json::from_str(change)
        .map_err(|error| internal(&format!("protocol_plans.ontology: {error}")))?;
    let row = protocols::get(tx, plan.project_id, &plan.protocol_id, plan.version - 1).await?;
    let before = row.ok_or(PipelineError::NotFound)?.document;
    let protocol: Protocol = serde_json::from_str(&before).map_err(|error| internal(&error.to_string()))?;
    let touched = touched(tx, plan.project_id, &planned.operations, &protocol).await?;
    let signed = Signed {
        user: plan.user_id,
        printed_name: plan.printed_name.clone(),
        reason: plan.reason.clone(),
        campaign: planned.campaign,
        at: Some(plan.signed_at),
    };
    keep(tx, plan.project_id, plan.version, &planned.operations, touched, signed).await?;
    Ok(())
}

async fn view(conn: &mut Conn, row: ontology::Change) -> Result<OntologyChangeView> {
    let signature = signed_acts::last(conn, "ontology.changed", row.id.uuid()).await?;
    Ok(OntologyChangeView {
        id: row.id,
        version: row.to_version,
        operations: change_of(&row)?.0,
        touched: serde_json::from_str(&row.counts).map_err(|e| internal(&e.to_string()))?,
        reason: row.reason,
        campaign: row.campaign_id,
        made_by: signature.as_ref().map(|signed| signed.printed_name.clone()),
        signature,
        made_at: row.made_at,
    })
}

/// What was done, as it was kept.
pub(crate) fn change_of(row: &ontology::Change) -> Result<OntologyChange> {
    serde_json::from_str(&row.operations).map_err(|e| internal(&format!("ontology_changes.operations: {e}")))
}

fn applied(change: &OntologyChange, protocol: &Protocol) -> Result<Protocol> {
    change.apply(protocol).map_err(|error| bad(&error.place, &error.message))
}

async fn touched(
    conn: &mut Conn,
    project: ProjectId,
    change: &OntologyChange,
    protocol: &Protocol,
) -> Result<Vec<ClassDryRun>> {
    let accepted = campaigns::accepted_by_class(conn, project).await?;
    let mut released: BTreeMap<String, Vec<ReleaseCount>> = BTreeMap::new();
    for (release, name, count) in campaigns::released_by_class(conn, project).await? {
        let line = ReleaseCount { release, name, annotations: count.annotations };
        released.entry(count.class).or_default().push(line);
    }
    let line = |(class, path): (&str, MigrationPath)| {
        let count = accepted.iter().find(|count| count.class == class);
        ClassDryRun {
            class: class.to_owned(),
            name: protocol.class(class).map_or_else(|| class.to_owned(), |class| class.name.clone()),
            path,
            items: count.map_or(0, |count| count.items),
            annotations: count.map_or(0, |count| count.annotations),
            releases: released.get(class).cloned().unwrap_or_default(),
        }
    };
    Ok(change.paths().into_iter().map(line).collect())
}

/// Begins a read as a copy of one that was made under an earlier version: labels are carried over as far as that needs
/// nobody. How many there are; `None` where no change lies between.
pub(crate) async fn carry_over(
    tx: &mut Tx,
    moving: &Moving,
    from: ReadId,
    to: ReadId,
) -> Result<Option<u32>> {
    let base = reads::by_id(tx, from).await?.ok_or(PipelineError::NotFound)?;
    let version = moving.protocol.version;
    if base.protocol_version >= version {
        return Ok(None);
    }
    let changes = ontology::between(tx, moving.item.project_id, base.protocol_version, version).await?;
    if changes.is_empty() {
        return Ok(None);
    }
    let changes = changes.iter().map(change_of).collect::<Result<Vec<_>>>()?;
    let mut rows = reads::annotations(tx, from).await?;
    for row in &mut rows {
        let Some(body) = &row.body else { continue };
        let mut mark: Annotation = serde_json::from_str(body).map_err(|e| internal(&e.to_string()))?;
        let mut changed = false;
        for change in &changes {
            changed |= change.carry(&mut mark);
        }
        if changed {
            mark.version += 1;
            row.version = mark.version;
            row.body = Some(annotation_body(&mark)?);
            row.at = tx.now();
        }
        row.read_id = to;
        row.seq = 0;
    }
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    reads::annotate(tx, rows).await?;
    Ok(Some(count))
}

/// Refuses to hand in labels of a class that was split: of each of them somebody has to say which it is.
pub(crate) async fn check_split(conn: &mut Conn, moving: &Moving, annotations: &[Annotation]) -> Result<()> {
    let protocol = &moving.protocol;
    let retired = |mark: &&Annotation| protocol.class(&mark.class).is_some_and(|class| class.retired);
    if !annotations.iter().any(|mark| retired(&mark)) {
        return Ok(());
    }
    for row in ontology::between(conn, moving.item.project_id, 0, protocol.version).await? {
        let change = change_of(&row)?;
        let split = change.split();
        if let Some(mark) = annotations.iter().find(|mark| split.contains(mark.class.as_str())) {
            return Err(PipelineError::bad(
                "split_class_left",
                format!("annotation {}", mark.id),
                format!("{:?} was split: say which of its classes this is", mark.class),
            ));
        }
    }
    Ok(())
}

fn spelt(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| internal(&e.to_string()))
}

fn bad(place: &str, message: &str) -> PipelineError {
    PipelineError::bad("bad_ontology", place, message.to_owned())
}

fn internal(message: &str) -> PipelineError {
    PipelineError::Internal(message.to_owned())
}
