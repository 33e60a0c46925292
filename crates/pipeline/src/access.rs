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
use countersign_model::{ItemId, PrivacyRequestId, ProjectId, Role, TaskId, UserId};

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
    /// See that the project exists, its protocol and counts.
    ViewProject,
    /// Change the project.
    ManageProject,
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
    /// Judge frozen labels.
    AuditLabels,
    /// Judge this item.
    AuditItem,
    /// List items.
    ViewItems,
    /// Make a release.
    Release,
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
    /// See one item's description.
    ViewItem,
    /// See one item's pixels or points.
    ViewPixels,
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
    const fn as_str(self) -> &'static str {
        match self {
            Self::CreateProject => "create_project",
            Self::ManageUsers => "manage_users",
            Self::ViewLog => "view_log",
            Self::ViewProject => "view_project",
            Self::ManageProject => "manage_project",
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
            Self::AuditLabels => "audit_labels",
            Self::AuditItem => "audit_item",
            Self::ViewItems => "view_items",
            Self::Release => "release",
            Self::ViewReleases => "view_releases",
            Self::DownloadRelease => "download_release",
            Self::ViewEvidence => "view_evidence",
            Self::ViewBreach => "view_breach",
            Self::ManageHolds => "manage_holds",
            Self::ViewItem => "view_item",
            Self::ViewPixels => "view_pixels",
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
}

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

    /// Decides. Anything that cannot be evaluated is a no.
    pub fn allows(&self, principal: &Principal, action: Action, resource: &Resource) -> bool {
        let Resource::Project(project) = resource else { return self.decides(principal, action, resource) };
        let question = (principal.clone(), action, *project);
        if let Some(known) = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&question) {
            return *known;
        }
        let answer = self.decides(principal, action, resource);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(question, answer);
        answer
    }

    fn decides(&self, principal: &Principal, action: Action, resource: &Resource) -> bool {
        let Some((request, entities)) = question(principal, action, resource) else {
            return false;
        };
        self.authorizer.is_authorized(&request, &self.policies, &entities).decision() == Decision::Allow
    }
}

/// The entity types of the schema.
const TYPES: [&str; 8] =
    ["User", "RoleOn", "Action", "Installation", "Project", "Item", "Task", "PrivacyRequest"];

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
    let active = RestrictedExpression::new_bool(principal.active);
    let mut entities =
        vec![Entity::new(me.clone(), HashMap::from([("active".to_owned(), active)]), parents).ok()?];
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
        Resource::Item { item, project, cleared, held, participants } => {
            let (project_id, project_entity) = project_entity(*project)?;
            let id = uid("Item", &item.to_string())?;
            let attributes = HashMap::from([
                ("project".to_owned(), RestrictedExpression::new_entity_uid(project_id)),
                ("cleared".to_owned(), flag(*cleared)),
                ("held".to_owned(), flag(*held)),
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
mod tests {
    use cedar_policy::{ValidationMode, Validator};
    use uuid::Uuid;

    use super::*;

    fn person(n: u128, grants: &[(ProjectId, Role)]) -> Principal {
        Principal {
            user: UserId(Uuid::from_u128(n)),
            active: true,
            system_roles: vec![],
            grants: grants.to_vec(),
        }
    }

    #[test]
    fn policies_fit_the_schema() {
        let policies: PolicySet = POLICIES.parse().unwrap();
        let result = Validator::new(schema().unwrap().clone()).validate(&policies, ValidationMode::Strict);
        assert!(result.validation_passed(), "{result}");
    }

    #[test]
    fn nobody_countersigns_their_own_work_whatever_their_roles() {
        let access = Access::shipped().unwrap();
        let project = ProjectId(Uuid::from_u128(1));
        let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
        let mut owner = person(7, &everything);
        owner.system_roles = Role::ALL.to_vec();
        let task = |actors: Vec<UserId>| Resource::Task {
            task: TaskId(Uuid::from_u128(2)),
            project,
            actors,
            held: false,
        };
        for action in [Action::WorkRead, Action::WorkReview, Action::WorkAdjudicate, Action::WorkSign] {
            assert!(access.allows(&owner, action, &task(vec![])));
            assert!(!access.allows(&owner, action, &task(vec![owner.user])));
        }
    }

    #[test]
    fn quarantined_pixels_reach_nobody() {
        let access = Access::shipped().unwrap();
        let project = ProjectId(Uuid::from_u128(1));
        let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
        let owner = person(7, &everything);
        let item = |cleared| Resource::Item {
            item: ItemId(Uuid::from_u128(3)),
            project,
            cleared,
            held: false,
            participants: vec![owner.user],
        };
        assert!(access.allows(&owner, Action::ViewPixels, &item(true)));
        assert!(!access.allows(&owner, Action::ViewPixels, &item(false)));
    }

    #[test]
    fn a_request_needs_another_person_and_for_a_name_one_who_did_not_work_on_it() {
        let access = Access::shipped().unwrap();
        let project = ProjectId(Uuid::from_u128(1));
        let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
        let (asker, other) = (person(7, &everything), person(8, &everything));
        let request = |reidentifies, participants: Vec<UserId>| Resource::PrivacyRequest {
            request: PrivacyRequestId(Uuid::from_u128(4)),
            project,
            requester: asker.user,
            reidentifies,
            participants,
        };
        let may = |who: &Principal, on: &Resource| access.allows(who, Action::ApprovePrivacy, on);
        for reidentifies in [false, true] {
            assert!(!may(&asker, &request(reidentifies, vec![])), "nobody approves what they asked for");
            assert!(may(&other, &request(reidentifies, vec![])));
        }
        assert!(!may(&other, &request(true, vec![other.user])));
        assert!(may(&other, &request(false, vec![other.user])), "an erasure tells nobody anything");
        for role in Role::ALL {
            let one = person(9, &[(project, *role)]);
            let expected = matches!(role, Role::PrivacyOfficer | Role::Owner);
            assert_eq!(may(&one, &request(true, vec![])), expected, "{role}");
            let asks = access.allows(&one, Action::RequestPrivacy, &Resource::Project(project));
            assert_eq!(asks, *role == Role::PrivacyOfficer, "{role}");
        }
    }

    #[test]
    fn a_closed_account_may_do_nothing_and_a_stranger_sees_nothing() {
        let access = Access::shipped().unwrap();
        let project = ProjectId(Uuid::from_u128(1));
        let mut closed = person(7, &[(project, Role::Owner)]);
        assert!(access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
        closed.active = false;
        assert!(!access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
        // An answer that was given does not outlive the grant that it came from.
        closed.active = true;
        assert!(access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
        closed.grants.clear();
        assert!(!access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
        let stranger = person(8, &[(ProjectId(Uuid::from_u128(9)), Role::Owner)]);
        assert!(!access.allows(&stranger, Action::ViewProject, &Resource::Project(project)));
    }
}
