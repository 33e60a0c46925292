//! Projects: made under a protocol, shared by grants, described by counts.

mod kept;
mod make;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use countersign_model::{
    Industry, Instant, ItemKind, ProjectId, Protocol, Role, SignatureMeaning, Stage, UserId,
};
use countersign_store::{Actor, Conn, Evidence, gate, items, projects, tasks, users};
use countersign_workflow::ItemState;
use serde::Serialize;
use uuid::Uuid;

pub(crate) use self::kept::ProtocolCache;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    items::may_work,
    organizations::require_role_fits,
    people::Caller,
    protocols::ProtocolStanding,
    qualifications::Lacking,
    rework::free_abandoned,
    signed_acts::{self, SignedAct},
    signing::{Components, signed_details},
};

/// Names a protocol version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProtocolRef {
    /// Protocol id.
    pub id: String,
    /// Version.
    pub version: u32,
}

/// A project in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectSummary {
    /// Project.
    pub id: ProjectId,
    /// Name.
    pub name: String,
    /// What its items are.
    pub kind: ItemKind,
    /// Industry.
    pub industry: Industry,
    /// Protocol in force.
    pub protocol: ProtocolRef,
    /// A privacy officer signed that it holds publicly released data.
    pub declared_public: bool,
    /// The caller's roles on it.
    pub roles: Vec<Role>,
}

/// Tasks of one stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageCounts {
    /// Stage id.
    pub stage: String,
    /// Title.
    pub title: String,
    /// Waiting.
    pub ready: u64,
    /// Being worked on.
    pub leased: u64,
    /// Done.
    pub done: u64,
}

/// Counts of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
    /// Items by phase word.
    pub by_phase: BTreeMap<String, u64>,
    /// Tasks by stage.
    pub by_stage: Vec<StageCounts>,
    /// Items under a hold.
    pub held: u64,
    /// Entries that wait for a privacy officer.
    pub gate_open: u64,
}

/// A project with its protocol and counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectDetail {
    /// Project.
    pub id: ProjectId,
    /// Name.
    pub name: String,
    /// What its items are.
    pub kind: ItemKind,
    /// Industry.
    pub industry: Industry,
    /// The protocol in force.
    pub protocol: Protocol,
    /// Whether it is signed: nobody is given work before it is.
    pub protocol_standing: ProtocolStanding,
    /// The caller may sign it.
    pub may_sign_protocol: bool,
    /// What the caller, who may make releases, lacks to sign one; absent where nothing is lacking.
    pub release_lacking: Option<Lacking>,
    /// A privacy officer signed that it holds publicly released data.
    pub declared_public: bool,
    /// When that was signed.
    pub declared_at: Option<Instant>,
    /// The signature under that.
    pub declaration: Option<SignedAct>,
    /// The caller may have proofs of the signed acts that they see.
    pub has_proofs: bool,
    /// When the project was made.
    pub created_at: Instant,
    /// The caller's roles on it.
    pub roles: Vec<Role>,
    /// Counts; blinded roles see only their own stage's.
    pub counts: Counts,
}

/// A grant as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantView {
    /// Grant.
    pub id: Uuid,
    /// Who has it.
    pub user: UserId,
    /// Their login.
    pub login: String,
    /// Their printed name.
    pub printed_name: String,
    /// The role.
    pub role: Role,
    /// Since when.
    pub created_at: Instant,
}

impl Pipeline {
    /// The protocol in force on a project.
    pub(crate) async fn protocol(&self, conn: &mut Conn, project: ProjectId) -> Result<Arc<Protocol>> {
        self.protocol_at(conn, project, None).await
    }

    /// The protocol that an item runs under: the version that was current when it passed the gate.
    pub(crate) async fn protocol_of(
        &self,
        conn: &mut Conn,
        item: &items::Item,
        state: &ItemState,
    ) -> Result<Arc<Protocol>> {
        let protocol = self.protocol_at(conn, item.project_id, state.protocol_version).await?;
        Self::without_stopped(conn, item.project_id, state, protocol).await
    }

    /// A version of a project's protocol; the current one if none is named.
    async fn protocol_at(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        version: Option<u32>,
    ) -> Result<Arc<Protocol>> {
        let row = projects::by_id(conn, project).await?.ok_or(PipelineError::NotFound)?;
        let version = version.unwrap_or(row.protocol_version);
        self.kept_protocol(conn, project, row.protocol_id, version).await
    }

    /// A version of a project's protocol as it was put into force, whatever was stopped since.
    pub(crate) async fn version_of(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        version: u32,
    ) -> Result<Arc<Protocol>> {
        self.protocol_at(conn, project, Some(version)).await
    }

    /// Whether the caller's roles can be called to work under any version of the protocol that was ever in force: items are
    /// finished under the one that they passed the gate with.
    pub(crate) async fn is_called_to_work(&self, caller: &Caller, project: ProjectId) -> Result<bool> {
        let roles = caller.roles(project);
        if roles.is_empty() {
            return Ok(false);
        }
        let mut conn = self.store.read().await?;
        let row = projects::by_id(&mut conn, project).await?.ok_or(PipelineError::NotFound)?;
        for version in (1..=row.protocol_version).rev() {
            let protocol = self.kept_protocol(&mut conn, project, row.protocol_id.clone(), version).await;
            let is_called = match protocol {
                Ok(protocol) => may_work(&protocol, &roles),
                // A void version says nothing: whoever has a role that works is taken for a reader.
                Err(PipelineError::Refused(refusal)) if refusal.code == "protocol_void" => {
                    let works = [Role::Annotator, Role::Reviewer, Role::Specialist, Role::QualityEngineer];
                    works.iter().any(|role| roles.contains(role))
                }
                Err(error) => return Err(error),
            };
            if is_called {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The caller's projects.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn projects(&self, caller: &Caller) -> Result<Vec<ProjectSummary>> {
        let found = projects::of_user(&mut *self.store.read().await?, caller.user()).await?;
        Ok(found.into_iter().map(|project| summary(project, caller)).collect())
    }

    /// One project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a grant on it.
    pub async fn project(&self, caller: &Caller, id: ProjectId) -> Result<ProjectDetail> {
        self.require_on(caller, Action::ViewProject, id)?;
        let mut conn = self.store.read().await?;
        let project = projects::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        let (protocol, protocol_standing) = self.shown_protocol(&mut conn, id).await?;
        let is_void = protocol_standing == ProtocolStanding::Void;
        let has_proofs = self.has_proofs(caller).await?;
        // Readers learn nothing about others' work from counts: they see the protocol, coordinators see the flow.
        let counts = if self.access.allows(&caller.principal, Action::ViewItems, &Resource::Project(id)) {
            counts(&mut conn, id, &protocol).await?
        } else {
            let gate = self.access.allows(&caller.principal, Action::Gate, &Resource::Project(id));
            Counts {
                gate_open: if gate { gate::count_open(&mut conn, id).await? } else { 0 },
                ..Counts::default()
            }
        };
        Ok(ProjectDetail {
            id,
            name: project.name,
            kind: project.kind,
            industry: project.industry,
            protocol: (*protocol).clone(),
            protocol_standing,
            may_sign_protocol: self.access.allows(
                &caller.principal,
                Action::ManageProject,
                &Resource::Project(id),
            ),
            release_lacking: if !is_void
                && self.access.allows(&caller.principal, Action::Release, &Resource::Project(id))
            {
                self.lacks_for_release(&mut conn, caller.user(), id).await?
            } else {
                None
            },
            declared_public: project.declared_public_at.is_some(),
            declared_at: project.declared_public_at,
            declaration: match project.declared_public_at {
                Some(_) if !caller.organization.is_vendor() => {
                    signed_acts::last(&mut conn, "project.declared_public", id.uuid()).await?
                }
                _ => None,
            },
            has_proofs,
            created_at: project.created_at,
            roles: caller.roles(id),
            counts,
        })
    }

    /// The grants of a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to manage people.
    pub async fn grants(&self, caller: &Caller, project: ProjectId) -> Result<Vec<GrantView>> {
        self.require_on(caller, Action::ManagePeople, project)?;
        let mut conn = self.store.read().await?;
        let people: HashMap<UserId, users::User> =
            users::list(&mut conn).await?.into_iter().map(|user| (user.id, user)).collect();
        let grants = projects::grants(&mut conn, project).await?;
        Ok(grants
            .iter()
            .filter_map(|grant| people.get(&grant.user_id).map(|user| grant_view(grant, user)))
            .collect())
    }

    /// Grants a role.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `already_granted`; `not_for_vendors` for people of vendors.
    pub async fn grant(
        &self,
        caller: &Caller,
        project: ProjectId,
        user: UserId,
        role: Role,
    ) -> Result<GrantView> {
        self.require_on(caller, Action::ManagePeople, project)?;
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let person = users::by_id(tx, user).await?.filter(|user| user.active);
                    let person = person.ok_or(PipelineError::NotFound)?;
                    match grant_in(tx, project, user, role).await? {
                        Some(grant) => Ok(grant_view(&grant, &person)),
                        None => Err(PipelineError::refused(
                            "already_granted",
                            "This person has this role already.",
                        )),
                    }
                })
            })
            .await
    }

    /// Ends a grant.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `last_owner`.
    pub async fn end_grant(&self, caller: &Caller, project: ProjectId, id: Uuid) -> Result<()> {
        self.require_on(caller, Action::ManagePeople, project)?;
        let pipeline = self.clone();
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let ended = projects::end_grant(tx, project, id).await?.ok_or(PipelineError::NotFound)?;
                    let left = projects::grants(tx, project).await?;
                    if ended.role == Role::Owner && !left.iter().any(|grant| grant.role == Role::Owner) {
                        return Err(PipelineError::refused("last_owner", "Somebody must own the project."));
                    }
                    let reason = ended.role.as_str();
                    tx.record(Evidence::new("grant.ended", "grant", id).project(project).reason(reason))?;
                    free_abandoned(tx, &pipeline, ended.user_id, Some(project)).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Signs, once, that the project holds publicly released data: what the gate could not vouch for on other
    /// grounds passes from now on, under this person's name.
    ///
    /// # Errors
    /// As `Pipeline::signed`; `already_declared`; [`PipelineError::NotFound`] for everybody but a privacy officer.
    pub async fn declare_public(
        &self,
        caller: &Caller,
        project: ProjectId,
        components: impl Into<Components>,
    ) -> Result<()> {
        self.require_on(caller, Action::DeclarePublic, project)?;
        let declaring = self.declare_public_as(caller.actor(), caller.user(), project);
        self.signed(caller, &components.into(), declaring).await
    }

    /// The same on behalf of a person whose password was checked, or of the demo.
    ///
    /// # Errors
    /// `already_declared`.
    pub async fn declare_public_as(&self, actor: Actor, user: UserId, project: ProjectId) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    if !projects::declare_public(tx, project, user).await? {
                        return Err(PipelineError::refused("already_declared", "This was declared before."));
                    }
                    let person = users::by_id(tx, user).await?.ok_or(PipelineError::NotFound)?;
                    let details = signed_details(SignatureMeaning::Approved, &person.printed_name);
                    let evidence = Evidence::new("project.declared_public", "project", project.uuid());
                    tx.record(evidence.project(project).reason("publicly_released").details(details))?;
                    Ok(())
                })
            })
            .await?;
        self.reopen_gate(project, "the project was declared public").await
    }

    /// A project by name, for the command line.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn project_named(&self, name: &str) -> Result<Option<projects::Project>> {
        Ok(projects::by_name(&mut *self.store.read().await?, name).await?)
    }
}

async fn grant_in(
    tx: &mut countersign_store::Tx,
    project: ProjectId,
    user: UserId,
    role: Role,
) -> Result<Option<projects::Grant>> {
    let now = tx.now();
    require_role_fits(tx, user, role, now).await?;
    let Some(grant) = projects::grant(tx, project, user, role).await? else { return Ok(None) };
    let evidence = Evidence::new("grant.made", "grant", grant.id).project(project).reason(role.as_str());
    tx.record(evidence.details(serde_json::json!({ "user": user })))?;
    Ok(Some(grant))
}

fn grant_view(grant: &projects::Grant, user: &users::User) -> GrantView {
    GrantView {
        id: grant.id,
        user: grant.user_id,
        login: user.login.clone(),
        printed_name: user.printed_name.clone(),
        role: grant.role,
        created_at: grant.created_at,
    }
}

fn summary(project: projects::Project, caller: &Caller) -> ProjectSummary {
    ProjectSummary {
        roles: caller.roles(project.id),
        id: project.id,
        name: project.name,
        kind: project.kind,
        industry: project.industry,
        protocol: ProtocolRef { id: project.protocol_id, version: project.protocol_version },
        declared_public: project.declared_public_at.is_some(),
    }
}

async fn counts(conn: &mut Conn, project: ProjectId, protocol: &Protocol) -> Result<Counts> {
    let named = |stage: &Stage| StageCounts {
        stage: stage.id.clone(),
        title: stage.title.clone(),
        ..StageCounts::default()
    };
    let mut by_stage: Vec<StageCounts> = protocol.stages.iter().map(named).collect();
    for count in tasks::count_by_stage(conn, project).await? {
        if let Some(stage) = by_stage.get_mut(count.stage as usize) {
            match count.state.as_str() {
                "ready" => stage.ready += count.tasks,
                "leased" => stage.leased += count.tasks,
                "done" => stage.done += count.tasks,
                _ => {}
            }
        }
    }
    Ok(Counts {
        by_phase: items::count_by_state(conn, project).await?.into_iter().collect(),
        by_stage,
        held: items::count_held(conn, project).await?,
        gate_open: gate::count_open(conn, project).await?,
    })
}

fn internal(message: &str) -> PipelineError {
    PipelineError::Internal(message.to_owned())
}
