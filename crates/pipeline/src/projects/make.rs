//! Making a project, with the first version of its protocol; signed at once where an owner is there to sign.

use countersign_model::{ProjectId, Protocol, Role, UserId};
use countersign_store::{Actor, Evidence, Tx, projects, protocols, users};
use countersign_workflow::{parse_protocol, shipped};

use super::{ProjectSummary, grant_in, internal, summary};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    accounts::checked_name,
    people::Caller,
    protocols::{
        force::{NewVersion, Signing, version_row},
        signature::sign_version,
    },
    signing::Components,
};

/// A project to be.
struct NewProject {
    name: String,
    protocol: Protocol,
    /// The document as it ships.
    source: String,
    grants: Vec<(UserId, Role)>,
    signing: Signing,
}

impl NewProject {
    fn checked(name: &str, protocol: &str, grants: &[(UserId, Role)], signing: Signing) -> Result<Self> {
        let name = checked_name("name", name)?;
        let (_, document) = shipped().iter().find(|(id, _)| *id == protocol).ok_or_else(|| {
            let known: Vec<&str> = shipped().iter().map(|(id, _)| *id).collect();
            PipelineError::bad("unknown_protocol", "protocol", format!("one of {}", known.join(", ")))
        })?;
        let protocol = parse_protocol(document).map_err(|e| internal(&e.to_string()))?;
        Ok(Self { name, protocol, source: (*document).to_owned(), grants: grants.to_vec(), signing })
    }
}

impl Pipeline {
    /// Makes a project under one of the shipped protocols; the caller owns it. With what a signature takes they sign the
    /// protocol in the same write; without, the project waits for a signature before anybody is given work.
    ///
    /// # Errors
    /// `bad_name`, `name_taken`, `unknown_protocol`; as `Pipeline::signed` when it is signed.
    pub async fn make_project(
        &self,
        caller: &Caller,
        name: &str,
        protocol: &str,
        components: Option<Components>,
    ) -> Result<ProjectSummary> {
        self.require(caller, Action::CreateProject, &Resource::Installation)?;
        let owner = [(caller.user(), Role::Owner)];
        let signing = if components.is_some() { Signing::ByActor } else { Signing::Waits };
        let new = NewProject::checked(name, protocol, &owner, signing)?;
        let making = self.insert_project(caller.actor(), new);
        let project = match &components {
            Some(components) => self.signed(caller, components, making).await?,
            None => making.await?,
        };
        let mut caller = caller.clone();
        caller.principal.grants.push((project.id, Role::Owner));
        Ok(summary(project, &caller))
    }

    /// Makes a project on behalf of the program or the console, with its first grants. Neither can sign: it waits.
    ///
    /// # Errors
    /// `bad_name`, `name_taken`, `unknown_protocol`.
    pub async fn make_project_as(
        &self,
        actor: Actor,
        name: &str,
        protocol: &str,
        grants: &[(UserId, Role)],
    ) -> Result<projects::Project> {
        self.insert_project(actor, NewProject::checked(name, protocol, grants, Signing::Waits)?).await
    }

    async fn insert_project(&self, actor: Actor, new: NewProject) -> Result<projects::Project> {
        self.store.write(actor, move |tx| Box::pin(insert(tx, new))).await
    }
}

async fn insert(tx: &mut Tx, new: NewProject) -> Result<projects::Project> {
    let NewProject { name, protocol, source, grants, signing } = new;
    if projects::by_name(tx, &name).await?.is_some() {
        return Err(PipelineError::refused("name_taken", "A project of this name exists."));
    }
    let organization = users::ensure_organization(tx, "Own staff", "own").await?;
    let id: ProjectId = tx.fresh();
    let project = projects::Project {
        id,
        organization_id: organization.id,
        name,
        kind: protocol.item_kind,
        industry: protocol.industry,
        protocol_id: protocol.id.clone(),
        protocol_version: protocol.version,
        declared_public_at: None,
        declared_by: None,
        created_at: tx.now(),
    };
    projects::insert(tx, project.clone()).await?;
    let first =
        NewVersion { protocol, source: Some(source), reason: None, deviation: false, signing, author: None };
    let (version, hash) = version_row(tx, id, first)?;
    let details = serde_json::json!({ "version": version.version, "seed": version.seed });
    protocols::insert(tx, version.clone()).await?;
    let made = Evidence::new("project.made", "project", id.uuid());
    tx.record(made.project(id).content(hash).details(details))?;
    for (user, role) in grants {
        grant_in(tx, id, user, role).await?;
    }
    if signing == Signing::ByActor {
        sign_version(tx, &version).await?;
    }
    Ok(project)
}
