//! A project's protocol as a document: read, checked, compared, and put into force as a new version by an owner, under
//! which items run that pass the gate from then on.

mod change;
mod flow;
pub(crate) mod force;
mod impact;
pub(crate) mod planned;
pub(crate) mod signature;
mod staffing;
pub(crate) mod void;

use std::collections::{BTreeSet, HashMap};

use countersign_model::{Instant, ProjectId, Protocol, SignatureMeaning, UserId};
use countersign_store::{Conn, Evidence, Tx, flow as rows, items, projects, protocols, users};
use countersign_workflow::{
    document::{
        Fault, ProtocolChange, Reading, protocol_changes, read_document, read_new_document, write_document,
    },
    shipped,
};
use serde::Serialize;

use change::{check_attributes, check_change};
pub use flow::{ProtocolFlow, Spread, StageFlow, TIMED_TASKS_MAX};
use force::{NewVersion, Signing, in_force, put_in_force};
pub use impact::{ProtocolImpact, RetiredImpact, StageImpact, WorkImpact};
pub use planned::{ClosedPlan, PlannedVersion};
pub use signature::{ProtocolStanding, VersionSignature};
use staffing::Staff;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    organizations::veil::of_version,
    people::Caller,
    projects::ProtocolRef,
    signing::Components,
};

/// Longest reason for a version, characters.
const REASON_CHARS_MAX: usize = 2_000;

/// A version of a project's protocol.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionView {
    /// Protocol id.
    pub id: String,
    /// Version.
    pub version: u32,
    /// New work runs under it.
    pub in_force: bool,
    /// SHA-256 of the document in canonical JSON, hexadecimal: what releases and evidence name.
    pub content_hash: String,
    /// When it came into force.
    pub created_at: Instant,
    /// Printed name of who put it into force; absent for the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Who signed it, and when; absent while nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<VersionSignature>,
    /// What is kept of it is not what was signed or put into force: nothing is done under it.
    pub void: bool,
    /// Nobody signed it: people read under it before signing was asked for.
    pub before_signing: bool,
    /// Why, in words. Only those who run or audit the project are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Work had begun before. Only those who run or audit the project are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<bool>,
    /// Seed of its samples, hexadecimal. Only those who run or audit the project are told: it says whose work is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
}

/// A version with its text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProtocolDocument {
    /// Which version.
    #[serde(flatten)]
    pub version: VersionView,
    /// The document, YAML: as its author wrote it, or written from what is kept.
    pub document: String,
    /// What it changed against the version that was asked for, or the one before it.
    pub changes: Vec<ProtocolChange>,
    /// The caller may put a new version into force.
    pub may_change: bool,
    /// A signed version that waits for its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<PlannedVersion>,
    /// A version that waited since and did not come into force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unplanned: Option<ClosedPlan>,
}

/// What was found in a draft. Nothing is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedDraft {
    /// What keeps it from coming into force, by line.
    pub faults: Vec<Fault>,
    /// What its author should know of: work that nobody on the project could do.
    pub warnings: Vec<Fault>,
    /// What it changes against the version in force; empty while it is no protocol.
    pub changes: Vec<ProtocolChange>,
    /// The version in force.
    pub against: u32,
    /// Work has begun: a new version is a deviation and needs a reason.
    pub deviation: bool,
    /// What putting it into force would do; absent while it is no protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<ProtocolImpact>,
}

/// A document that is to come into force, against a version that is.
#[derive(Clone, Debug)]
pub struct ProtocolPut<'a> {
    /// The version in force that it was written against.
    pub against: u32,
    /// The document, YAML.
    pub document: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// From when it is in force; at once where absent or past.
    pub effective_at: Option<Instant>,
}

impl Pipeline {
    /// The protocol in force with its text.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a grant on the project.
    pub async fn protocol_document(&self, caller: &Caller, project: ProjectId) -> Result<ProtocolDocument> {
        self.document(caller, project, None, None).await
    }

    /// A version with its text, and what it changed against another one (the one before it unless named).
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a grant on the project, or when there is no such version.
    pub async fn protocol_document_at(
        &self,
        caller: &Caller,
        project: ProjectId,
        version: u32,
        against: Option<u32>,
    ) -> Result<ProtocolDocument> {
        self.document(caller, project, Some(version), against).await
    }

    async fn document(
        &self,
        caller: &Caller,
        project: ProjectId,
        version: Option<u32>,
        against: Option<u32>,
    ) -> Result<ProtocolDocument> {
        self.require_on(caller, Action::ViewProject, project)?;
        let mut conn = self.store.read().await?;
        let row = projects::by_id(&mut conn, project).await?.ok_or(PipelineError::NotFound)?;
        let number = version.unwrap_or(row.protocol_version);
        let found = protocols::get(&mut conn, project, &row.protocol_id, number).await?;
        let found = found.ok_or(PipelineError::NotFound)?;
        let other = against.or_else(|| number.checked_sub(1));
        let other = match other {
            Some(other) => protocols::get(&mut conn, project, &row.protocol_id, other).await?,
            None => None,
        };
        if against.is_some() && other.is_none() {
            return Err(PipelineError::NotFound);
        }
        let parsed = parsed(&found)?;
        let changes = match other {
            Some(other) => protocol_changes(&self::parsed(&other)?, &parsed),
            None => Vec::new(),
        };
        let document = text_of(&found, &parsed)?;
        let names = names(&mut conn, std::slice::from_ref(&found)).await?;
        let signatures = protocols::signatures(&mut conn, project).await?;
        let told = self.sees_flow(&mut conn, caller, project).await?;
        let void = self.void_versions(&mut conn, std::slice::from_ref(&found), &signatures).await?;
        let (planned, unplanned) = if version.is_none() && !caller.organization.is_vendor() {
            planned::seen(&mut conn, project, found.created_at, told).await?
        } else {
            (None, None)
        };
        Ok(ProtocolDocument {
            version: of_version(
                caller,
                version_view(found, (row.protocol_version, told), &names, &signatures, &void),
            ),
            document,
            changes,
            may_change: self.allows_on(caller, Action::ManageProject, project),
            planned,
            unplanned,
        })
    }

    /// Every version of a project's protocol, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a grant on the project.
    pub async fn protocol_versions(&self, caller: &Caller, project: ProjectId) -> Result<Vec<VersionView>> {
        self.require_on(caller, Action::ViewProject, project)?;
        let mut conn = self.store.read().await?;
        let row = projects::by_id(&mut conn, project).await?.ok_or(PipelineError::NotFound)?;
        let versions = protocols::list(&mut conn, project).await?;
        let names = names(&mut conn, &versions).await?;
        let signatures = protocols::signatures(&mut conn, project).await?;
        let told = self.sees_flow(&mut conn, caller, project).await?;
        let void = self.void_versions(&mut conn, &versions, &signatures).await?;
        let view = |version| version_view(version, (row.protocol_version, told), &names, &signatures, &void);
        Ok(versions.into_iter().map(view).map(|view| of_version(caller, view)).collect())
    }

    pub(crate) fn allows_on(&self, caller: &Caller, action: Action, project: ProjectId) -> bool {
        self.access.allows(&caller.principal, action, &Resource::Project(project))
    }

    /// Says what is wrong with a draft, what it would change, and whether it needs a reason. Nothing is kept.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but owners.
    pub async fn check_protocol(
        &self,
        caller: &Caller,
        project: ProjectId,
        document: &str,
    ) -> Result<CheckedDraft> {
        self.require_on(caller, Action::ManageProject, project)?;
        let told = {
            let mut conn = self.store.read().await?;
            self.may_see_flow(caller, project, &*self.protocol(&mut conn, project).await?)
        };
        self.check_protocol_here(project, document, told).await
    }

    /// The same for the console, which reads every row anyway; `told`: how far others are may be said.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] when there is no such project.
    pub async fn check_protocol_here(
        &self,
        project: ProjectId,
        document: &str,
        told: bool,
    ) -> Result<CheckedDraft> {
        let mut conn = self.store.read().await?;
        let current = self.protocol(&mut conn, project).await?;
        let mut reading = read_new_document(document);
        check_change(&current, &mut reading);
        check_attributes(&current, &mut reading);
        let now = self.store.clock().now();
        let staff = Staff::of(&mut conn, project, now).await?;
        check_held(&current, &mut reading, &staff);
        let (mut changes, mut warnings, mut counted) = (Vec::new(), Vec::new(), None);
        if let Some(protocol) = &reading.protocol {
            changes = protocol_changes(&current, protocol);
            counted = Some(impact::impact(&mut conn, project, &current, protocol, &staff, told).await?);
            // A number of readers that was refused is not counted out in seats.
            let sound = reading.faults.is_empty();
            let found =
                if sound { staffing::shortages(protocol, staff.grants()) } else { Vec::new() }.into_iter();
            let ran_out = staffing::unheld(protocol, &current, &staff).filter(|(_, is_old)| *is_old);
            let found = found.chain(ran_out.map(|(shortage, _)| shortage));
            let found = found.chain(staffing::same_eyes(protocol));
            warnings.extend(found.map(|found| {
                Fault::at(reading.positions.of(&found.place), &found.place, found.code, found.message)
            }));
        }
        let deviation = rows::has_begun(&mut conn, project).await?;
        let (faults, against) = (reading.faults, current.version);
        Ok(CheckedDraft { faults, warnings, changes, against, deviation, impact: counted })
    }

    /// As [`Pipeline::put_protocol`] with no reason: before anybody has begun work.
    ///
    /// # Errors
    /// Those of [`Pipeline::put_protocol`].
    pub async fn activate_protocol(
        &self,
        caller: &Caller,
        project: ProjectId,
        against: u32,
        document: &str,
        components: impl Into<Components>,
    ) -> Result<ProtocolRef> {
        self.put_protocol(caller, project, against, document, None, components).await
    }

    /// Puts a new version of the project's protocol into force: the document (YAML) with the next version's number, signed
    /// by an owner. Items that passed the gate before finish under the version that they began with. Once somebody has
    /// begun work it is a deviation from what was frozen, and says why.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but owners; [`PipelineError::BadProtocol`] with every fault at its line;
    /// `deviation_needs_reason`; `protocol_unsigned` when items run under a version that nobody signed; as `Pipeline::signed`; [`PipelineError::StaleRevision`] when `against` is not in force.
    pub async fn put_protocol(
        &self,
        caller: &Caller,
        project: ProjectId,
        against: u32,
        document: &str,
        reason: Option<&str>,
        components: impl Into<Components>,
    ) -> Result<ProtocolRef> {
        let put = ProtocolPut { against, document, reason, effective_at: None };
        self.put_protocol_at(caller, project, put, components).await
    }

    /// As [`Pipeline::put_protocol`], now or at a later time. What is dated ahead says why, and waits: one of a project at a
    /// time, while no other change is made but the privacy officer's, which withdraws it.
    ///
    /// # Errors
    /// Those of [`Pipeline::put_protocol`]; `bad_effective_date`; `protocol_planned`.
    pub async fn put_protocol_at(
        &self,
        caller: &Caller,
        project: ProjectId,
        put: ProtocolPut<'_>,
        components: impl Into<Components>,
    ) -> Result<ProtocolRef> {
        self.require_on(caller, Action::ManageProject, project)?;
        let reason = checked_reason(put.reason)?;
        let reading = read_new_document(put.document);
        if reading.protocol.is_none() {
            return Err(PipelineError::BadProtocol(reading.faults));
        }
        let (source, against, effective_at) = (put.document.to_owned(), put.against, put.effective_at);
        let putting = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                match effective_at.filter(|at| *at > tx.now()) {
                    None => put_in(tx, project, against, reading, source, reason, Changed::Document).await,
                    Some(at) => {
                        let protocol = checked_in(tx, project, against, reading, Changed::Document).await?;
                        planned::plan_in(tx, project, &protocol, source, reason, (at, None)).await
                    }
                }
            })
        });
        self.signed(caller, &components.into(), putting).await
    }
}

/// What is newly asked for must be held by somebody who is given the work: nobody could do the stage otherwise.
fn check_held(current: &Protocol, reading: &mut Reading, staff: &Staff) {
    let Some(protocol) = &reading.protocol else { return };
    for (found, is_old) in staffing::unheld(protocol, current, staff) {
        if !is_old {
            let position = reading.positions.of(&found.place);
            reading.faults.push(Fault::at(position, &found.place, found.code, found.message));
        }
    }
}

/// By what a version differs from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Somebody wrote it.
    Document,
    /// Operations on the ontology, which say what becomes of labels.
    Ontology,
}

/// The write behind [`Pipeline::put_protocol`].
pub(crate) async fn put_in(
    tx: &mut Tx,
    project: ProjectId,
    against: u32,
    reading: Reading,
    source: String,
    reason: Option<String>,
    by: Changed,
) -> Result<ProtocolRef> {
    let protocol = checked_in(tx, project, against, reading, by).await?;
    let deviation = rows::has_begun(tx, project).await?;
    if deviation && reason.is_none() {
        return Err(PipelineError::refused(
            "deviation_needs_reason",
            "Work has begun under the version in force. Say why it is departed from; the reason is kept.",
        ));
    }
    if items::any_passed(tx, project).await? && signature::unsigned(tx, project).await?.is_some() {
        let message =
            "Items passed the gate under the version in force and are read under it. Sign it first.";
        return Err(PipelineError::refused("protocol_unsigned", message));
    }
    let details = [
        ("meaning", serde_json::json!(SignatureMeaning::Approved)),
        ("deviation", deviation.into()),
        ("reason", reason.clone().into()),
    ];
    let details = details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let evidence = Evidence::new("protocol.activated", "project", project.uuid());
    let evidence = if deviation { evidence.reason("deviation") } else { evidence };
    let new = NewVersion {
        protocol,
        source: Some(source),
        reason,
        deviation,
        signing: Signing::ByActor,
        author: None,
    };
    put_in_force(tx, project, against, new, evidence, details).await
}

/// The protocol of a document that may follow the version in force, while no other one waits for its time.
pub(crate) async fn checked_in(
    tx: &mut Tx,
    project: ProjectId,
    against: u32,
    mut reading: Reading,
    by: Changed,
) -> Result<Protocol> {
    let (current, _) = in_force(tx, project, against).await?;
    planned::none_waits(tx, project).await?;
    check_change(&current, &mut reading);
    if by == Changed::Document {
        check_attributes(&current, &mut reading);
    }
    let now = tx.now();
    check_held(&current, &mut reading, &Staff::of(tx, project, now).await?);
    match reading.protocol {
        Some(protocol) if reading.faults.is_empty() => Ok(protocol),
        _ => Err(PipelineError::BadProtocol(reading.faults)),
    }
}

fn version_view(
    row: protocols::ProtocolVersion,
    (in_force, told): (u32, bool),
    names: &HashMap<UserId, String>,
    signatures: &[protocols::ProtocolSignature],
    void: &BTreeSet<u32>,
) -> VersionView {
    let signature = signatures.iter().find(|signature| void::is_for(signature, &row));
    VersionView {
        void: void.contains(&row.version),
        signature: signature.map(VersionSignature::from),
        before_signing: row.before_signing && signature.is_none(),
        id: row.id,
        version: row.version,
        in_force: row.version == in_force,
        content_hash: row.content_hash,
        created_at: row.created_at,
        created_by: row.created_by.and_then(|user| names.get(&user).cloned()),
        reason: row.reason.filter(|_| told),
        deviation: told.then_some(row.deviation),
        seed: row.seed.filter(|_| told),
    }
}

/// A reason in words; `None` for none.
pub(crate) fn checked_reason(reason: Option<&str>) -> Result<Option<String>> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    match reason {
        Some(reason) if reason.chars().count() > REASON_CHARS_MAX => {
            Err(PipelineError::bad("bad_reason", "reason", format!("at most {REASON_CHARS_MAX} characters")))
        }
        reason => Ok(reason.map(str::to_owned)),
    }
}

fn parsed(row: &protocols::ProtocolVersion) -> Result<Protocol> {
    serde_json::from_str(&row.document).map_err(|error| match void::is_intact(row) {
        true => PipelineError::Internal(error.to_string()),
        false => void::void(row.version).into(),
    })
}

/// The author's text; for a version from before texts were kept, that of the protocol that ships if it says the same.
fn text_of(row: &protocols::ProtocolVersion, protocol: &Protocol) -> Result<String> {
    if let Some(source) = &row.source {
        return Ok(source.clone());
    }
    let ships = shipped().iter().find(|(id, _)| *id == row.id);
    match ships {
        Some((_, text)) if read_document(text).protocol.as_ref() == Some(protocol) => Ok((*text).to_owned()),
        _ => write_document(protocol).map_err(PipelineError::Internal),
    }
}

async fn names(conn: &mut Conn, versions: &[protocols::ProtocolVersion]) -> Result<HashMap<UserId, String>> {
    let mut names = HashMap::new();
    for user in versions.iter().filter_map(|version| version.created_by) {
        if !names.contains_key(&user)
            && let Some(found) = users::by_id(conn, user).await?
        {
            names.insert(user, found.printed_name);
        }
    }
    Ok(names)
}
