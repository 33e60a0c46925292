//! Access: grants become Cedar entities, the policies in `policies/` decide.
//!
//! Entities are built through the API, never parsed from JSON per request (measured by others: seven times slower).

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, OnceLock, PoisonError},
};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema,
};
use countersign_model::{ItemId, PrivacyRequestId, ProjectId, ReleaseId, Role, TaskId, UserId};

use crate::organizations::Belonging;

/// The shipped policies, readable in `policies/`.
pub const POLICIES: &str = include_str!("../../../policies/countersign.cedar");
/// Their schema.
pub const SCHEMA: &str = include_str!("../../../policies/schema.cedarschema");

/// What a person wants to do. The word is the Cedar action's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Make a project.
    CreateProject,
    /// Make and close accounts.
    ManageUsers,
    /// Read the evidence log of the installation.
    ViewLog,
    /// Stop a drafting model in every project.
    StopModels,
    /// Look into accounts that were locked after wrong passwords.
    ViewAlerts,
    /// See that the project exists, its protocol and counts.
    ViewProject,
    /// Change the project.
    ManageProject,
    /// See how work moves: counts and times by stage, seeds of samples.
    ViewFlow,
    /// Grant and end roles.
    ManagePeople,
    /// Bring data in.
    Ingest,
    /// See runs of ingest and their refusals.
    ViewIngests,
    /// Decide what the gate could not vouch for.
    Gate,
    /// Change the rules of de-identification.
    SetDeid,
    /// Read what the gate did: reports, audits, leaks.
    ViewOversight,
    /// Sign that the project holds publicly released data.
    DeclarePublic,
    /// See subjects by pseudonym, and the state of the vault.
    ViewSubjects,
    /// Look a patient up, ask for erasure or re-identification, see what an approved one shows.
    RequestPrivacy,
    /// See requests and certificates.
    ViewPrivacy,
    /// Decide requests.
    DecidePrivacy,
    /// Decide this one request.
    ApprovePrivacy,
    /// See how good labels are: audits, bounds, certificates.
    ViewQuality,
    /// Freeze labels and have them audited.
    Certify,
    /// See who holds which qualification.
    ViewQualifications,
    /// Enter and revoke qualifications.
    ManageQualifications,
    /// Write and publish guidelines.
    ManageGuidelines,
    /// See the pictures of guidelines.
    ViewGuidelinePictures,
    /// Judge frozen labels.
    AuditLabels,
    /// Judge this item.
    AuditItem,
    /// Have one's eyes studied.
    Appraise,
    /// Judge this item in a study of one's eyes.
    AppraiseItem,
    /// List items.
    ViewItems,
    /// Make a release.
    Release,
    /// Sign a release that takes two people.
    SignRelease,
    /// See releases.
    ViewReleases,
    /// Download a release.
    DownloadRelease,
    /// Read the project's evidence.
    ViewEvidence,
    /// Read who saw what of whom.
    ViewBreach,
    /// Set and lift holds.
    ManageHolds,
    /// Decide what readers say against reviews.
    DecideAppeals,
    /// See what each tier finds, takes and costs.
    ViewTiers,
    /// See hidden gold and what people made of it.
    ViewGold,
    /// Make items gold and retire them.
    ManageGold,
    /// See one item's description.
    ViewItem,
    /// See one item's pixels or points.
    ViewPixels,
    /// Pin findings to an item and answer them.
    Discuss,
    /// Say that something in an item identifies a person.
    ReportLeak,
    /// Read one item's evidence and exposures.
    ViewItemEvidence,
    /// Take a read task.
    WorkRead,
    /// Take a review task.
    WorkReview,
    /// Take a task that decides between reads.
    WorkAdjudicate,
    /// Take a signing task.
    WorkSign,
}

impl Action {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::CreateProject => "create_project",
            Self::ManageUsers => "manage_users",
            Self::ViewLog => "view_log",
            Self::StopModels => "stop_models",
            Self::ViewAlerts => "view_alerts",
            Self::ViewProject => "view_project",
            Self::ManageProject => "manage_project",
            Self::ViewFlow => "view_flow",
            Self::ManagePeople => "manage_people",
            Self::Ingest => "ingest",
            Self::ViewIngests => "view_ingests",
            Self::Gate => "gate",
            Self::SetDeid => "set_deid",
            Self::ViewOversight => "view_oversight",
            Self::DeclarePublic => "declare_public",
            Self::ViewSubjects => "view_subjects",
            Self::RequestPrivacy => "request_privacy",
            Self::ViewPrivacy => "view_privacy",
            Self::DecidePrivacy => "decide_privacy",
            Self::ApprovePrivacy => "approve_privacy",
            Self::ViewQuality => "view_quality",
            Self::Certify => "certify",
            Self::ViewQualifications => "view_qualifications",
            Self::ManageQualifications => "manage_qualifications",
            Self::ManageGuidelines => "manage_guidelines",
            Self::ViewGuidelinePictures => "view_guideline_pictures",
            Self::AuditLabels => "audit_labels",
            Self::AuditItem => "audit_item",
            Self::Appraise => "appraise",
            Self::AppraiseItem => "appraise_item",
            Self::ViewItems => "view_items",
            Self::Release => "release",
            Self::SignRelease => "sign_release",
            Self::ViewReleases => "view_releases",
            Self::DownloadRelease => "download_release",
            Self::ViewEvidence => "view_evidence",
            Self::ViewBreach => "view_breach",
            Self::ManageHolds => "manage_holds",
            Self::DecideAppeals => "decide_appeals",
            Self::ViewTiers => "view_tiers",
            Self::ViewGold => "view_gold",
            Self::ManageGold => "manage_gold",
            Self::ViewItem => "view_item",
            Self::ViewPixels => "view_pixels",
            Self::Discuss => "discuss",
            Self::ReportLeak => "report_leak",
            Self::ViewItemEvidence => "view_item_evidence",
            Self::WorkRead => "work_read",
            Self::WorkReview => "work_review",
            Self::WorkAdjudicate => "work_adjudicate",
            Self::WorkSign => "work_sign",
        }
    }
}

/// What it is to be done to, with the attributes that policies read.
#[derive(Clone, Debug)]
pub enum Resource {
    /// The installation.
    Installation,
    /// A project.
    Project(ProjectId),
    /// An item.
    Item {
        /// Its id.
        item: ItemId,
        /// Its project.
        project: ProjectId,
        /// Lies in the cleared zone.
        cleared: bool,
        /// Under a hold.
        held: bool,
        /// It is a copy of a gold item.
        copy: bool,
        /// Who holds or held a task of it.
        participants: Vec<UserId>,
    },
    /// A task.
    Task {
        /// Its id.
        task: TaskId,
        /// Its project.
        project: ProjectId,
        /// Whose hands were on the item at another stage.
        actors: Vec<UserId>,
        /// The item is under a hold.
        held: bool,
    },
    /// A release that takes two people.
    Release {
        /// Its id.
        release: ReleaseId,
        /// Its project.
        project: ProjectId,
        /// Who began it; absent for whoever begins it.
        begun_by: Option<UserId>,
        /// Authors of what is in it; enough are those who ask.
        authors: Vec<UserId>,
    },
    /// A request for erasure or re-identification.
    PrivacyRequest {
        /// Its id.
        request: PrivacyRequestId,
        /// Its project.
        project: ProjectId,
        /// Who asked.
        requester: UserId,
        /// It is to say who somebody is.
        reidentifies: bool,
        /// Who worked on the subject's items; for a re-identification.
        participants: Vec<UserId>,
    },
}

/// A person with what was granted to them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The account.
    pub user: UserId,
    /// The account is open.
    pub active: bool,
    /// Roles on the installation.
    pub system_roles: Vec<Role>,
    /// Roles on projects.
    pub grants: Vec<(ProjectId, Role)>,
    /// Where they belong, and whether they may work from there now.
    pub belongs: Belonging,
}

/// How much of the stack Cedar is given, bytes. It refuses to evaluate where 100 kB are left or less, however shallow the
/// policies are, and an unoptimised program deep in its use cases gets there.
const STACK_LEFT: usize = 512 * 1024;
/// What is taken for it where less is left, bytes.
const STACK_TAKEN: usize = 2 * 1024 * 1024;

/// Most answers that are remembered.
const REMEMBERED_MAX: usize = 4_096;

/// Everything that the answer about a project depends on, beside the policies.
type ProjectQuestion = (Principal, Action, ProjectId);

/// The decider. Cheap to share; holds the parsed policies.
pub struct Access {
    authorizer: Authorizer,
    policies: PolicySet,
    /// Answers about projects, which every request asks again. The policies never change while the program runs and
    /// the question holds all the rest, so an answer is never out of date: another grant is another question.
    remembered: Mutex<HashMap<ProjectQuestion, bool>>,
}

impl Access {
    /// Parses the shipped policies. They are compiled in and tested, so this cannot fail in a built product.
    ///
    /// # Errors
    /// The parser's message.
    pub fn shipped() -> Result<Self, String> {
        let policies: PolicySet = POLICIES.parse().map_err(|e| format!("policies: {e}"))?;
        Ok(Self { authorizer: Authorizer::new(), policies, remembered: Mutex::default() })
    }

    /// Decides. Anything that cannot be evaluated is a no, and is asked anew the next time.
    pub fn allows(&self, principal: &Principal, action: Action, resource: &Resource) -> bool {
        let Resource::Project(project) = resource else {
            return self.decides(principal, action, resource) == Some(true);
        };
        let question = (principal.clone(), action, *project);
        if let Some(known) = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&question) {
            return *known;
        }
        let Some(answer) = self.decides(principal, action, resource) else { return false };
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(question, answer);
        answer
    }

    /// What the policies say; nothing where one of them could not be evaluated, which is no answer: a policy that was
    /// passed over may have been the one that allows, or the one that forbids.
    fn decides(&self, principal: &Principal, action: Action, resource: &Resource) -> Option<bool> {
        stacker::maybe_grow(STACK_LEFT, STACK_TAKEN, || {
            let (request, entities) = question(principal, action, resource)?;
            let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
            let errors = response.diagnostics().errors().count();
            if errors > 0 {
                // Its text may quote entities: the log gets what was asked, not of whom.
                tracing::error!(action = action.as_str(), errors, "policies could not be evaluated");
                return None;
            }
            Some(response.decision() == Decision::Allow)
        })
    }
}

/// The entity types of the schema.
const TYPES: [&str; 9] =
    ["User", "RoleOn", "Action", "Installation", "Project", "Item", "Task", "Release", "PrivacyRequest"];

fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    // Cedar parses a type's name as it parses a policy; a question names dozens.
    static PARSED: OnceLock<HashMap<&'static str, EntityTypeName>> = OnceLock::new();
    let parsed =
        PARSED.get_or_init(|| TYPES.iter().filter_map(|name| Some((*name, name.parse().ok()?))).collect());
    Some(EntityUid::from_type_name_and_id(parsed.get(kind)?.clone(), EntityId::new(id)))
}

fn role_uid(project: Option<ProjectId>, role: Role) -> Option<EntityUid> {
    let place = project.map_or_else(|| "installation".to_owned(), |p| p.to_string());
    uid("RoleOn", &format!("{place}/{role}"))
}

fn user_uid(user: UserId) -> Option<EntityUid> {
    uid("User", &user.to_string())
}

fn question(principal: &Principal, action: Action, resource: &Resource) -> Option<(Request, Entities)> {
    let me = user_uid(principal.user)?;
    let mut parents = HashSet::new();
    for role in &principal.system_roles {
        parents.insert(role_uid(None, *role)?);
    }
    for (project, role) in &principal.grants {
        parents.insert(role_uid(Some(*project), *role)?);
    }
    let attributes = [
        ("active", principal.active),
        ("vendor", principal.belongs != Belonging::Staff),
        ("under_contract", principal.belongs != Belonging::Vendor { under_contract: false }),
    ];
    let flag = |(name, value): (&str, bool)| (name.to_owned(), RestrictedExpression::new_bool(value));
    let mut entities =
        vec![Entity::new(me.clone(), attributes.into_iter().map(flag).collect(), parents).ok()?];
    let (target, more) = resource_entities(resource)?;
    entities.extend(more);
    let request = Request::new(me, uid("Action", action.as_str())?, target, Context::empty(), None).ok()?;
    Some((request, Entities::from_entities(entities, None).ok()?))
}

fn resource_entities(resource: &Resource) -> Option<(EntityUid, Vec<Entity>)> {
    let flag = RestrictedExpression::new_bool;
    let people = |users: &[UserId]| -> Option<RestrictedExpression> {
        let set: Option<Vec<_>> =
            users.iter().map(|u| user_uid(*u).map(RestrictedExpression::new_entity_uid)).collect();
        Some(RestrictedExpression::new_set(set?))
    };
    match resource {
        Resource::Installation => {
            let id = uid("Installation", "this")?;
            let attributes = HashMap::from([
                ("owners".to_owned(), RestrictedExpression::new_entity_uid(role_uid(None, Role::Owner)?)),
                ("auditors".to_owned(), RestrictedExpression::new_entity_uid(role_uid(None, Role::Auditor)?)),
            ]);
            Some((id.clone(), vec![Entity::new(id, attributes, HashSet::new()).ok()?]))
        }
        Resource::Project(project) => {
            let (id, entity) = project_entity(*project)?;
            Some((id, vec![entity]))
        }
        Resource::Item { item, project, cleared, held, copy, participants } => {
            let (project_id, project_entity) = project_entity(*project)?;
            let id = uid("Item", &item.to_string())?;
            let attributes = HashMap::from([
                ("project".to_owned(), RestrictedExpression::new_entity_uid(project_id)),
                ("cleared".to_owned(), flag(*cleared)),
                ("held".to_owned(), flag(*held)),
                ("copy".to_owned(), flag(*copy)),
                ("participants".to_owned(), people(participants)?),
            ]);
            Some((id.clone(), vec![project_entity, Entity::new(id, attributes, HashSet::new()).ok()?]))
        }
        Resource::Task { task, project, actors, held } => {
            let (project_id, project_entity) = project_entity(*project)?;
            let id = uid("Task", &task.to_string())?;
            let attributes = HashMap::from([
                ("project".to_owned(), RestrictedExpression::new_entity_uid(project_id)),
                ("actors".to_owned(), people(actors)?),
                ("held".to_owned(), flag(*held)),
            ]);
            Some((id.clone(), vec![project_entity, Entity::new(id, attributes, HashSet::new()).ok()?]))
        }
        Resource::Release { release, project, begun_by, authors } => {
            let (project_id, project_entity) = project_entity(*project)?;
            let id = uid("Release", &release.to_string())?;
            let mut attributes = HashMap::from([
                ("project".to_owned(), RestrictedExpression::new_entity_uid(project_id)),
                ("authors".to_owned(), people(authors)?),
            ]);
            if let Some(user) = begun_by {
                let user = RestrictedExpression::new_entity_uid(user_uid(*user)?);
                attributes.insert("begun_by".to_owned(), user);
            }
            Some((id.clone(), vec![project_entity, Entity::new(id, attributes, HashSet::new()).ok()?]))
        }
        Resource::PrivacyRequest { request, project, requester, reidentifies, participants } => {
            let (project_id, project_entity) = project_entity(*project)?;
            let id = uid("PrivacyRequest", &request.to_string())?;
            let asker = RestrictedExpression::new_entity_uid(user_uid(*requester)?);
            let attributes = HashMap::from([
                ("project".to_owned(), RestrictedExpression::new_entity_uid(project_id)),
                ("requester".to_owned(), asker),
                ("reidentifies".to_owned(), flag(*reidentifies)),
                ("participants".to_owned(), people(participants)?),
            ]);
            Some((id.clone(), vec![project_entity, Entity::new(id, attributes, HashSet::new()).ok()?]))
        }
    }
}

fn project_entity(project: ProjectId) -> Option<(EntityUid, Entity)> {
    let id = uid("Project", &project.to_string())?;
    let mut attributes = HashMap::new();
    for (name, role) in [
        ("owners", Role::Owner),
        ("privacy_officers", Role::PrivacyOfficer),
        ("technicians", Role::Technician),
        ("annotators", Role::Annotator),
        ("reviewers", Role::Reviewer),
        ("specialists", Role::Specialist),
        ("quality_engineers", Role::QualityEngineer),
        ("data_scientists", Role::DataScientist),
        ("auditors", Role::Auditor),
    ] {
        attributes
            .insert(name.to_owned(), RestrictedExpression::new_entity_uid(role_uid(Some(project), role)?));
    }
    Some((id.clone(), Entity::new(id, attributes, HashSet::new()).ok()?))
}

/// The parsed schema, for tests and for tools that check policies before they take effect.
///
/// # Errors
/// The parser's message.
pub fn schema() -> Result<&'static Schema, String> {
    static PARSED: OnceLock<Result<Schema, String>> = OnceLock::new();
    PARSED
        .get_or_init(|| {
            Schema::from_cedarschema_str(SCHEMA).map(|(schema, _)| schema).map_err(|e| format!("schema: {e}"))
        })
        .as_ref()
        .map_err(Clone::clone)
}

#[cfg(test)]
mod tests;
