//! One account per role. The printed names are roles, so that nobody mistakes them for people.

use countersign_model::{ProjectId, Role, UserId};
use countersign_pipeline::{
    Pipeline,
    people::{Caller, Credential, UserDraft},
    signing::{ACKNOWLEDGEMENT_VERSION, Components},
};
use countersign_store::{Actor, users};

use crate::fault::{Fault, Outcome};

/// Password of every demo account.
pub const PASSWORD: &str = "countersign-demo";

/// A demo account.
pub struct Account {
    /// Login name.
    pub login: &'static str,
    /// Its role on the demo projects.
    pub role: Role,
    /// Role in words.
    pub title: &'static str,
    /// What to expect of it.
    pub does: &'static str,
}

/// The demo accounts.
pub const ACCOUNTS: &[Account] = &[
    account("owner", Role::Owner, "owner", "sets up projects and people"),
    account("privacy", Role::PrivacyOfficer, "privacy officer", "decides at the gate"),
    account(
        "privacy2",
        Role::PrivacyOfficer,
        "privacy officer",
        "confirms a waiver that the first one opened",
    ),
    account("technician", Role::Technician, "technician", "brings data in"),
    account("annotator", Role::Annotator, "annotator", "draws and corrects"),
    account("annotator2", Role::Annotator, "annotator", "a second pair of eyes"),
    account("reviewer", Role::Reviewer, "reviewer, radiologist", "reviews"),
    account("quality", Role::QualityEngineer, "quality engineer", "reviews parts, sets and lifts holds"),
    account("specialist", Role::Specialist, "specialist", "countersigns"),
    account("specialist2", Role::Specialist, "specialist", "countersigns what the first one sent back"),
    account("scientist", Role::DataScientist, "data scientist", "makes releases"),
    account("auditor", Role::Auditor, "auditor", "reads the evidence"),
];

const fn account(login: &'static str, role: Role, title: &'static str, does: &'static str) -> Account {
    Account { login, role, title, does }
}

/// Makes the accounts that are missing; every account with its role.
pub async fn ensure(pipeline: &Pipeline) -> Outcome<Vec<(UserId, Role)>> {
    let mut grants = Vec::with_capacity(ACCOUNTS.len());
    for account in ACCOUNTS {
        let known = users::by_login(&mut *pipeline.store.read().await?, account.login).await?;
        let id = match known {
            Some(user) => user.id,
            None => {
                let of_installation = matches!(account.role, Role::Owner | Role::Auditor);
                let number = if account.login.ends_with('2') { " two" } else { "" };
                let draft = UserDraft {
                    login: account.login.into(),
                    printed_name: format!("Demo {}{number}", account.title),
                    password: Some(PASSWORD.into()),
                    system_roles: if of_installation { vec![account.role] } else { Vec::new() },
                };
                pipeline.make_user_as(Actor::system(), draft).await?.user.id
            }
        };
        grants.push((id, account.role));
    }
    Ok(grants)
}

/// Signs a demo account in.
pub async fn sign_in(pipeline: &Pipeline, login: &str) -> Outcome<Caller> {
    let (secret, _) = pipeline.sign_in(login, PASSWORD).await?;
    let caller = pipeline.authenticate(&Credential::Session(secret)).await?;
    caller.ok_or_else(|| Fault::new("internal", "a demo account could not sign in"))
}

/// The owner signs the protocol of a project, as everybody who signs: nobody is given work before.
pub async fn sign_protocol(pipeline: &Pipeline, project: ProjectId, version: u32) -> Outcome<()> {
    let owner = sign_in(pipeline, "owner").await?;
    // People of a demo agree to what people agree to.
    pipeline.acknowledge_signing(&owner, ACKNOWLEDGEMENT_VERSION).await?;
    let components = Components { login: Some(owner.login.clone()), password: PASSWORD.into() };
    pipeline.sign_protocol(&owner, project, version, components).await?;
    pipeline.sign_out(&owner).await?;
    Ok(())
}
