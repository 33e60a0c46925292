//! The start page: for each role one thing to do next.

use countersign_model::{ProjectId, Role, StageKind};
use countersign_store::{
    Conn, appraisals, gate, items, monitoring, privacy, projects, reads, tasks, waiting,
};
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
    /// `overdue`, `continue`, `claim`, `unsigned` (no work before the protocol is signed), `sign_protocol`, `findings`, `appeals`,
    /// `appraisals`, `decisions`, `alarms`, `gate`, `holds`, `release`, `ingest`, `evidence`, `manage`, `vault` or `requests`.
    pub kind: &'static str,
    /// How many wait.
    pub count: u64,
    /// What the button says.
    pub title: String,
    /// Where it leads.
    pub href: String,
    /// Whoever read the item that is to be judged says that it cannot be assessed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cannot_assess: bool,
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
            let state = parse_state(&item.workflow)?;
            if !self.may_take(caller, &task, &state) {
                continue;
            }
            // Whoever judges is shown that read; readers hear nothing of another one.
            let judges = matches!(task.kind, StageKind::Review | StageKind::SampleQa | StageKind::Sign);
            let judged = state.current.filter(|_| judges);
            let cannot_assess = match judged {
                Some(read) => reads::by_id(&mut conn, read).await?.is_some_and(|read| read.cannot_assess),
                None => false,
            };
            cards.push(HomeCard {
                role: task.role,
                project: project.id,
                project_name: project.name,
                kind: "continue",
                count: 1,
                title: format!("Continue {}", work_word(task.role)),
                href: format!("/work/{}", task.id),
                cannot_assess,
            });
        }
        cards.extend(self.finding_cards(&mut conn, caller).await?);
        cards.extend(self.appraisal_cards(&mut conn, caller).await?);
        for (id, role) in &caller.principal.grants {
            let Some(project) = projects::by_id(&mut conn, *id).await? else { continue };
            cards.extend(self.judge_cards(&mut conn, caller, &project, *role).await?);
            if let Some(card) = self.card(&mut conn, caller, &project, *role).await? {
                cards.push(card);
            }
            cards.extend(self.privacy_cards(&mut conn, caller, &project, *role).await?);
        }
        Ok(Home { cards })
    }

    /// What people ask about the caller's work, and what they answered to the caller.
    async fn finding_cards(&self, conn: &mut Conn, caller: &Caller) -> Result<Vec<HomeCard>> {
        let mut cards = Vec::new();
        for (project, count) in crate::findings::waiting(self, conn, caller).await? {
            let Some(role) = caller.roles(project.id).into_iter().find(|role| WORKING.contains(role)) else {
                continue;
            };
            cards.push(HomeCard {
                role,
                project: project.id,
                project_name: project.name,
                kind: "findings",
                count,
                title: many(count, "finding"),
                href: "/findings".into(),
                cannot_assess: false,
            });
        }
        Ok(cards)
    }

    /// Studies of the caller's eyes that wait for them.
    async fn appraisal_cards(&self, conn: &mut Conn, caller: &Caller) -> Result<Vec<HomeCard>> {
        let mut cards = Vec::new();
        for waiting in appraisals::waiting(conn, caller.user()).await? {
            let roles = caller.roles(waiting.project_id);
            let Some(role) = roles.into_iter().find(|role| WORKING.contains(role) && *role != Role::Owner)
            else {
                continue;
            };
            let Some(project) = projects::by_id(conn, waiting.project_id).await? else { continue };
            cards.push(HomeCard {
                role,
                project: project.id,
                project_name: project.name,
                kind: "appraisals",
                count: waiting.left_over,
                title: format!("Judge {}", many(waiting.left_over, "part")),
                href: format!("/projects/{}/quality/studies/{}/judge", project.id, waiting.id),
                cannot_assess: false,
            });
        }
        Ok(cards)
    }

    /// What waits for whoever decides about others' work: appeals, and alarms about a change. Of several such roles the first
    /// is told.
    async fn judge_cards(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: &projects::Project,
        role: Role,
    ) -> Result<Vec<HomeCard>> {
        let first = |deciders: &[Role]| {
            let roles = caller.roles(project.id);
            deciders.iter().find(|decider| roles.contains(decider)) == Some(&role)
        };
        let card = |kind, count, word: &str, page: &str| HomeCard {
            role,
            project: project.id,
            project_name: project.name.clone(),
            kind,
            count,
            title: many(count, word),
            href: format!("/projects/{}{page}", project.id),
            cannot_assess: false,
        };
        let mut cards = Vec::new();
        if first(&WORKING) {
            let overdue = self.overdue_in(conn, caller, project.id).await?.len() as u64;
            let title = if overdue == 1 { "1 is overdue".into() } else { format!("{overdue} are overdue") };
            cards.extend(
                (overdue > 0).then(|| HomeCard { title, ..card("overdue", overdue, "", "/overdue") }),
            );
        }
        if role == Role::Owner {
            let waiting = waiting::count_undecided(conn, project.id, caller.user()).await?;
            let title = if waiting == 1 {
                "1 item waits for your decision".into()
            } else {
                format!("{waiting} items wait for your decision")
            };
            let page = "/items?phase=escalated";
            cards.extend((waiting > 0).then(|| HomeCard { title, ..card("decisions", waiting, "", page) }));
        }
        if first(&[Role::QualityEngineer, Role::Specialist, Role::Owner]) {
            let appeals = self.count_appeals(conn, caller, project.id).await?;
            cards.extend((appeals > 0).then(|| card("appeals", appeals, "appeal", "/appeals")));
        }
        if first(&[Role::QualityEngineer, Role::Owner]) {
            let alarms = monitoring::count_open(conn, project.id, caller.user()).await?;
            cards.extend((alarms > 0).then(|| card("alarms", alarms, "alarm", "/quality")));
        }
        Ok(cards)
    }

    /// Whether all that a role does in a project is to decide between reads that differ.
    async fn only_decides(&self, conn: &mut Conn, project: ProjectId, role: Role) -> Result<bool> {
        let protocol = self.protocol(conn, project).await?;
        let mut kinds = protocol.stages.iter().filter(|stage| stage.role == Some(role)).peekable();
        Ok(kinds.peek().is_some() && kinds.all(|stage| stage.kind == StageKind::Adjudicate))
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
            cannot_assess: false,
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

    /// On how many items the caller could claim a task under a role: what they are not qualified for does not count.
    async fn claimable(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
        role: Role,
    ) -> Result<u64> {
        let (user, now) = (caller.user(), self.store.clock().now());
        let satisfied = self.satisfied(conn, user, project).await?;
        let plan = self.protocol(conn, project).await?.gold.clone();
        let gold = self.gold_rules(caller, project, &plan, now);
        Ok(tasks::count_claimable(conn, project, user, role, now, (&satisfied, gold), COUNTED_MAX).await?)
    }

    async fn card(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: &projects::Project,
        role: Role,
    ) -> Result<Option<HomeCard>> {
        let is_open = self.closed_to_work(conn, project.id).await?.is_none();
        let (kind, count, title, page): (_, u64, String, _) = match role {
            // Nothing is counted that nobody may take.
            Role::Annotator | Role::Reviewer | Role::Specialist if !is_open => {
                ("unsigned", 0, "Waits for the protocol to be signed".into(), "")
            }
            Role::Owner if !is_open => ("sign_protocol", 1, "Sign the protocol".into(), "/protocol"),
            Role::Annotator | Role::Reviewer | Role::Specialist => {
                let count = self.claimable(conn, caller, project.id, role).await?;
                let decides = self.only_decides(conn, project.id, role).await?;
                let title =
                    if decides { many(count, "dispute") } else { format!("Start {}", work_word(role)) };
                ("claim", count, title, "")
            }
            Role::QualityEngineer => {
                let waiting = if is_open { self.claimable(conn, caller, project.id, role).await? } else { 0 };
                if waiting > 0 {
                    ("claim", waiting, format!("Start {}", work_word(role)), "")
                } else {
                    let held = items::count_held(conn, project.id).await?;
                    ("holds", held, many(held, "hold"), "/items?held=true")
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
            cannot_assess: false,
        }))
    }
}

/// Roles that are asked about what they did.
const WORKING: [Role; 5] =
    [Role::Annotator, Role::Reviewer, Role::Specialist, Role::QualityEngineer, Role::Owner];

/// `1 finding`, `2 findings`.
fn many(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

const fn work_word(role: Role) -> &'static str {
    match role {
        Role::Reviewer | Role::QualityEngineer => "reviewing",
        Role::Specialist => "signing",
        _ => "reading",
    }
}
