//! Qualifications: dated credentials that a stage may ask for beside a role. Whoever lacks one is offered no such task and
//! signs nothing; what they hold when theirs ends they may finish, but not sign.

mod gate;
mod papers;
mod warn;

use std::collections::{BTreeMap, HashMap};

use countersign_model::{
    Instant, ProjectId, QUALIFICATION_NAME_BYTES_MAX, QualificationId, Role, UserId, is_qualification_name,
};
use countersign_store::{Conn, Evidence, projects, qualifications, users};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;
use serde::{Deserialize, Serialize};

pub use gate::Lacking;
pub(crate) use gate::{EXPIRED, MISSING, satisfies};
pub use papers::{PAPER_BYTES_MAX, Paper};
pub(crate) use warn::{JOB_QUALIFICATION, ask_for_warnings};

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    organizations::veil::of_certificates,
    people::Caller,
    review::checked_comment,
    rework::free_abandoned,
};

/// Longest name of an issuer, characters.
pub const ISSUER_CHARS_MAX: usize = 200;
/// Longest reference to a document, characters.
pub const REFERENCE_CHARS_MAX: usize = 500;
/// Longest validity, days: what never ends is never looked at again.
pub const VALID_DAYS_MAX: i64 = 10 * 366;
/// Most certificates in one list.
const LISTED_MAX: u32 = 5_000;
/// From how many days before its end on a certificate counts as ending.
const EXPIRING_DAYS: i64 = 30;
/// A day, microseconds.
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// What a new certificate is made with.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QualificationDraft {
    /// Whose.
    pub user: UserId,
    /// Name, as protocols ask for it: `a-z`, `0-9` and `_`.
    pub name: String,
    /// Score of the test behind it, 0 to 1.
    #[serde(default)]
    pub score: Option<f64>,
    /// Who vouches for it outside: a board, a course.
    pub issuer: String,
    /// Valid from then on; from now on where absent.
    #[serde(default)]
    pub valid_from: Option<Instant>,
    /// Valid until just before then.
    pub valid_until: Instant,
    /// SHA-256 of the document that proves it, hexadecimal. The document itself is sent by itself, or stays with whoever
    /// keeps it.
    #[serde(default)]
    pub evidence_hash: Option<String>,
    /// Where that document is kept.
    #[serde(default)]
    pub evidence_reference: Option<String>,
}

/// Where a certificate stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QualificationState {
    /// Counts.
    Valid,
    /// Counts, for 30 days at most.
    Expiring,
    /// Does not count yet.
    NotYet,
    /// Counts no more.
    Expired,
    /// Was taken back.
    Revoked,
}

/// A certificate as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QualificationView {
    /// Certificate.
    pub id: QualificationId,
    /// Whose.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Where it counts; absent where it counts on every project.
    pub project: Option<ProjectId>,
    /// The name of that project.
    pub project_name: Option<String>,
    /// Name, as protocols ask for it.
    pub name: String,
    /// Score of the test behind it, 0 to 1.
    pub score: Option<f64>,
    /// Who vouches for it outside.
    pub issuer: String,
    /// Valid from then on.
    pub valid_from: Instant,
    /// Valid until just before then.
    pub valid_until: Instant,
    /// Where it stands now.
    pub state: QualificationState,
    /// Days until it ends, begun ones counted; zero or less when it has ended.
    pub days_left: i64,
    /// SHA-256 of the document that proves it.
    pub evidence_hash: Option<String>,
    /// Where that document is kept.
    pub evidence_reference: Option<String>,
    /// The document itself is kept here, by this media type.
    pub paper: Option<String>,
    /// Who entered it.
    pub issued_by: Option<String>,
    /// When.
    pub issued_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// By whom.
    pub revoked_by: Option<String>,
    /// Why.
    pub revoke_reason: Option<String>,
}

/// A stage that asks for qualifications, and how many people with its role could do it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskedQualification {
    /// Stage id.
    pub stage: String,
    /// Its title.
    pub title: String,
    /// What it asks for.
    pub expression: String,
    /// People with its role who satisfy it now.
    pub able: u64,
    /// People with its role who do not.
    pub unable: u64,
}

/// The certificates that count on a project, and what its protocol asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QualificationsView {
    /// Certificates, the one that lasts longest first.
    pub qualifications: Vec<QualificationView>,
    /// What the protocol in force asks for.
    pub asked: Vec<AskedQualification>,
    /// Who has a role on the project: those who can be given one.
    pub people: Vec<MemberView>,
}

/// Somebody with a role on a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberView {
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Their roles.
    pub roles: Vec<Role>,
}

impl Pipeline {
    /// The certificates that count on a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn qualifications(&self, caller: &Caller, project: ProjectId) -> Result<QualificationsView> {
        self.require_on(caller, Action::ViewQualifications, project)?;
        let mut conn = self.store.read().await?;
        let now = self.store.clock().now();
        let rows = qualifications::of_project(&mut conn, project, LISTED_MAX).await?;
        let asked = self.asked(&mut conn, project).await?;
        let people = members(&mut conn, project).await?;
        Ok(QualificationsView { qualifications: views(&mut conn, rows, now).await?, asked, people })
    }

    /// The certificates that count on every project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn all_qualifications(&self, caller: &Caller) -> Result<Vec<QualificationView>> {
        self.require(caller, Action::ViewLog, &Resource::Installation)?;
        let mut conn = self.store.read().await?;
        let rows = qualifications::everywhere(&mut conn, LISTED_MAX).await?;
        views(&mut conn, rows, self.store.clock().now()).await
    }

    /// The caller's own certificates.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn my_qualifications(&self, caller: &Caller) -> Result<Vec<QualificationView>> {
        let mut conn = self.store.read().await?;
        let rows = qualifications::of_user(&mut conn, caller.user()).await?;
        let own = views(&mut conn, rows, self.store.clock().now()).await?;
        Ok(of_certificates(caller, own))
    }

    /// Enters a certificate of somebody else: for a project, or for all of them.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_qualification` naming the field; `separation_of_duties` for
    /// one's own.
    pub async fn issue_qualification(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
        draft: QualificationDraft,
    ) -> Result<QualificationView> {
        self.require_qualifier(caller, project)?;
        let now = self.store.clock().now();
        let row = checked(draft, project, caller.user(), now)?;
        if row.user_id == caller.user() {
            return Err(own());
        }
        let known = users::by_id(&mut *self.store.read().await?, row.user_id).await?;
        if !known.is_some_and(|user| user.active) {
            return Err(bad("user", "there is no such open account"));
        }
        let row = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = qualifications::Qualification { id: tx.fresh(), issued_at: tx.now(), ..row };
                    qualifications::insert(tx, row.clone()).await?;
                    ask_for_warnings(tx, &row).await?;
                    let said = serde_json::json!({
                        "user": row.user_id, "name": row.name, "issuer": row.issuer,
                        "valid_from": row.valid_from, "valid_until": row.valid_until,
                        "evidence_hash": row.evidence_hash,
                    });
                    tx.record(evidence("qualification.issued", &row).details(said))?;
                    Ok(row)
                })
            })
            .await?;
        self.qualification_as(row).await
    }

    /// Takes a certificate back, at once and for good.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `already_decided`; `separation_of_duties` for
    /// one's own.
    pub async fn revoke_qualification(
        &self,
        caller: &Caller,
        id: QualificationId,
        reason: String,
    ) -> Result<QualificationView> {
        let row = qualifications::by_id(&mut *self.store.read().await?, id).await?;
        let row = row.ok_or(PipelineError::NotFound)?;
        self.require_qualifier(caller, row.project_id)?;
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        if row.user_id == caller.user() {
            return Err(own());
        }
        let (user, pipeline) = (caller.user(), self.clone());
        let row = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    if !qualifications::revoke(tx, id, user, &reason).await? {
                        return Err(PipelineError::refused(
                            "already_decided",
                            "This certificate was revoked before.",
                        ));
                    }
                    let why = serde_json::json!({ "reason": reason });
                    tx.record(evidence("qualification.revoked", &row).details(why))?;
                    free_abandoned(tx, &pipeline, row.user_id, row.project_id).await?;
                    qualifications::by_id(tx, id).await?.ok_or(PipelineError::NotFound)
                })
            })
            .await?;
        self.qualification_as(row).await
    }

    fn require_qualifier(&self, caller: &Caller, project: Option<ProjectId>) -> Result<()> {
        match project {
            Some(project) => self.require_on(caller, Action::ManageQualifications, project),
            None => self.require(caller, Action::ManageUsers, &Resource::Installation),
        }
    }

    async fn qualification_as(&self, row: qualifications::Qualification) -> Result<QualificationView> {
        let mut conn = self.store.read().await?;
        let found = views(&mut conn, vec![row], self.store.clock().now()).await?;
        found.into_iter().next().ok_or(PipelineError::NotFound)
    }
}

async fn members(conn: &mut Conn, project: ProjectId) -> Result<Vec<MemberView>> {
    let mut members: BTreeMap<UserId, Vec<Role>> = BTreeMap::new();
    for grant in projects::grants(conn, project).await? {
        members.entry(grant.user_id).or_default().push(grant.role);
    }
    let mut out = Vec::with_capacity(members.len());
    for (user, roles) in members {
        let found = users::by_id(conn, user).await?.filter(|user| user.active);
        out.extend(found.map(|found| MemberView { user, printed_name: found.printed_name, roles }));
    }
    out.sort_by(|a, b| a.printed_name.cmp(&b.printed_name));
    Ok(out)
}

fn own() -> PipelineError {
    PipelineError::refused(SEPARATION_OF_DUTIES, "Nobody vouches for themselves: somebody else enters it.")
}

fn bad(place: &str, message: &str) -> PipelineError {
    PipelineError::bad("bad_qualification", place, message.to_owned())
}

pub(super) fn evidence(action: &str, row: &qualifications::Qualification) -> Evidence {
    let evidence = Evidence::new(action, "qualification", row.id.uuid());
    match row.project_id {
        Some(project) => evidence.project(project),
        None => evidence,
    }
}

/// A draft as a row, once every field is within its limits.
fn checked(
    draft: QualificationDraft,
    project: Option<ProjectId>,
    by: UserId,
    now: Instant,
) -> Result<qualifications::Qualification> {
    if !is_qualification_name(&draft.name) {
        let most = QUALIFICATION_NAME_BYTES_MAX;
        return Err(bad("name", &format!("use a-z, 0-9 and _ only, at most {most} characters")));
    }
    let issuer = draft.issuer.trim().to_owned();
    if issuer.is_empty() || issuer.chars().count() > ISSUER_CHARS_MAX || issuer.contains('\0') {
        return Err(bad("issuer", &format!("say who vouches for it, at most {ISSUER_CHARS_MAX} characters")));
    }
    if draft.score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
        return Err(bad("score", "between 0 and 1"));
    }
    let valid_from = draft.valid_from.unwrap_or(now);
    if draft.valid_until <= valid_from || draft.valid_until <= now {
        return Err(bad("valid_until", "lies in the past, or before it begins"));
    }
    if draft.valid_until.micros().saturating_sub(valid_from.micros()) > VALID_DAYS_MAX * DAY_MICROS {
        return Err(bad("valid_until", "ten years at most"));
    }
    let is_hash = |text: &String| text.len() == 64 && hex::decode(text).is_ok();
    if draft.evidence_hash.as_ref().is_some_and(|hash| !is_hash(hash)) {
        return Err(bad("evidence_hash", "64 hexadecimal digits"));
    }
    let reference = draft.evidence_reference.map(|text| text.trim().to_owned());
    let reference = reference.filter(|text| !text.is_empty());
    if reference
        .as_ref()
        .is_some_and(|text| text.chars().count() > REFERENCE_CHARS_MAX || text.contains('\0'))
    {
        return Err(bad("evidence_reference", &format!("at most {REFERENCE_CHARS_MAX} characters")));
    }
    Ok(qualifications::Qualification {
        id: QualificationId(uuid::Uuid::nil()),
        user_id: draft.user,
        project_id: project,
        name: draft.name,
        score: draft.score,
        issuer,
        valid_from,
        valid_until: draft.valid_until,
        evidence_hash: draft.evidence_hash.map(|hash| hash.to_ascii_lowercase()),
        evidence_reference: reference,
        issued_by: Some(by),
        issued_at: now,
        revoked_by: None,
        revoked_at: None,
        revoke_reason: None,
        file_address: None,
        file_kind: None,
        file_bytes: None,
        file_by: None,
        file_at: None,
    })
}

/// Where a certificate stands at a moment.
pub(super) fn state_at(row: &qualifications::Qualification, now: Instant) -> QualificationState {
    if row.revoked_at.is_some() {
        QualificationState::Revoked
    } else if now >= row.valid_until {
        QualificationState::Expired
    } else if now < row.valid_from {
        QualificationState::NotYet
    } else if days_left(row, now) <= EXPIRING_DAYS {
        QualificationState::Expiring
    } else {
        QualificationState::Valid
    }
}

fn days_left(row: &qualifications::Qualification, now: Instant) -> i64 {
    let left = row.valid_until.micros().saturating_sub(now.micros());
    left.saturating_add(DAY_MICROS - 1).div_euclid(DAY_MICROS)
}

async fn views(
    conn: &mut Conn,
    rows: Vec<qualifications::Qualification>,
    now: Instant,
) -> Result<Vec<QualificationView>> {
    let mut names: HashMap<UserId, String> = HashMap::new();
    let mut places: HashMap<ProjectId, String> = HashMap::new();
    for row in &rows {
        for user in [Some(row.user_id), row.issued_by, row.revoked_by].into_iter().flatten() {
            if let std::collections::hash_map::Entry::Vacant(place) = names.entry(user) {
                let found = users::by_id(conn, user).await?;
                place.insert(found.map_or_else(String::new, |user| user.printed_name));
            }
        }
        if let Some(project) = row.project_id
            && let std::collections::hash_map::Entry::Vacant(place) = places.entry(project)
        {
            let found = projects::by_id(conn, project).await?;
            place.insert(found.map_or_else(String::new, |project| project.name));
        }
    }
    let name = |user: UserId| names.get(&user).cloned().unwrap_or_default();
    let view = |row: qualifications::Qualification| QualificationView {
        id: row.id,
        user: row.user_id,
        printed_name: name(row.user_id),
        project: row.project_id,
        project_name: row.project_id.and_then(|project| places.get(&project).cloned()),
        state: state_at(&row, now),
        days_left: days_left(&row, now),
        name: row.name,
        score: row.score,
        issuer: row.issuer,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        evidence_hash: row.evidence_hash,
        evidence_reference: row.evidence_reference,
        paper: row.file_kind,
        issued_by: row.issued_by.map(name),
        issued_at: row.issued_at,
        revoked_at: row.revoked_at,
        revoked_by: row.revoked_by.map(name),
        revoke_reason: row.revoke_reason,
    };
    Ok(rows.into_iter().map(view).collect())
}
