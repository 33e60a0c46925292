//! The start page: for each role one thing to do next.

use countersign_model::{ProjectId, Role};
use countersign_store::{Conn, gate, items, privacy, projects, tasks};
use serde::Serialize;

use crate::{Pipeline, Result, moving::parse_state, people::Caller};

/// Tasks are counted up to this many; more is shown as "more than".
const COUNTED_MAX: u32 = 1_000;

/// One card of the start page.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HomeCard {
    /// The role that it is for.
    pub role: Role,
    /// Project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// `continue`, `claim`, `gate`, `holds`, `release`, `ingest`, `evidence`, `manage`, `vault` or `requests`.
    pub kind: &'static str,
    /// How many wait.
    pub count: u64,
    /// What the button says.
    pub title: String,
    /// Where it leads.
    pub href: String,
}

/// The start page.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Home {
    /// Cards, the most urgent first.
    pub cards: Vec<HomeCard>,
}

impl Pipeline {
    /// What the caller could do next.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn home(&self, caller: &Caller) -> Result<Home> {
        let mut conn = self.store.read().await?;
        let now = self.store.clock().now();
        let mut cards = Vec::new();
        for task in tasks::leased_by(&mut conn, caller.user(), now).await? {
            let Some(project) = projects::by_id(&mut conn, task.project_id).await? else { continue };
            let Some(item) = items::by_id(&mut conn, task.item_id).await? else { continue };
            if !self.may_take(caller, &task, &parse_state(&item.workflow)?) {
                continue;
            }
            cards.push(HomeCard {
                role: task.role,
                project: project.id,
                project_name: project.name,
                kind: "continue",
                count: 1,
                title: format!("Continue {}", work_word(task.role)),
                href: format!("/work/{}", task.id),
            });
        }
        for (id, role) in &caller.principal.grants {
            let Some(project) = projects::by_id(&mut conn, *id).await? else { continue };
            if let Some(card) = self.card(&mut conn, caller, &project, *role).await? {
                cards.push(card);
            }
            cards.extend(self.privacy_cards(&mut conn, caller, &project, *role).await?);
        }
        Ok(Home { cards })
    }

    /// What waits for somebody who decides about people: a vault that is away, requests for a second person.
    async fn privacy_cards(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: &projects::Project,
        role: Role,
    ) -> Result<Vec<HomeCard>> {
        // An owner who is a privacy officer too hears of it once.
        let is_second = role == Role::Owner && caller.roles(project.id).contains(&Role::PrivacyOfficer);
        if !matches!(role, Role::PrivacyOfficer | Role::Owner) || is_second {
            return Ok(Vec::new());
        }
        let card = |kind, count, title: &str| HomeCard {
            role,
            project: project.id,
            project_name: project.name.clone(),
            kind,
            count,
            title: title.into(),
            href: format!("/projects/{}/subjects", project.id),
        };
        let mut cards = Vec::new();
        if !self.vault_online() {
            let waiting = countersign_store::jobs::count_put_off(conn, project.id).await?;
            cards.push(card("vault", waiting, "The vault is offline"));
        }
        let open = privacy::count_open(conn, project.id).await?;
        if open > 0 {
            cards.push(card("requests", open, "Requests about people"));
        }
        Ok(cards)
    }

    async fn card(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: &projects::Project,
        role: Role,
    ) -> Result<Option<HomeCard>> {
        let now = self.store.clock().now();
        let (kind, count, title, page): (_, u64, String, _) = match role {
            Role::Annotator | Role::Reviewer | Role::Specialist => {
                let count =
                    tasks::count_claimable(conn, project.id, caller.user(), role, now, COUNTED_MAX).await?;
                ("claim", count, format!("Start {}", work_word(role)), "")
            }
            Role::QualityEngineer => {
                let waiting =
                    tasks::count_claimable(conn, project.id, caller.user(), role, now, COUNTED_MAX).await?;
                if waiting > 0 {
                    ("claim", waiting, format!("Start {}", work_word(role)), "")
                } else {
                    ("holds", items::count_held(conn, project.id).await?, "Holds".into(), "/items?held=true")
                }
            }
            Role::PrivacyOfficer => {
                ("gate", gate::count_open(conn, project.id).await?, "Look at the gate".into(), "/gate")
            }
            Role::DataScientist => {
                let states = items::count_by_state(conn, project.id).await?;
                let accepted = states.iter().find(|(state, _)| state == "accepted").map_or(0, |(_, n)| *n);
                ("release", accepted, "Make a release".into(), "/releases")
            }
            Role::Technician => ("ingest", 0, "Bring data in".into(), "/ingest"),
            Role::Auditor => ("evidence", 0, "Read the evidence".into(), "/evidence"),
            Role::Owner => {
                ("manage", items::count_held(conn, project.id).await?, "Look after the project".into(), "")
            }
        };
        Ok(Some(HomeCard {
            role,
            project: project.id,
            project_name: project.name.clone(),
            kind,
            count,
            title,
            href: format!("/projects/{}{page}", project.id),
        }))
    }
}

const fn work_word(role: Role) -> &'static str {
    match role {
        Role::Reviewer | Role::QualityEngineer => "reviewing",
        Role::Specialist => "signing",
        _ => "reading",
    }
}
