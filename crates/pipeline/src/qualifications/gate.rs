//! Who may do what a stage asks qualifications for.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry};

use countersign_model::{Instant, ProjectId, Protocol, QualificationExpr, Refusal, Role, UserId};
use countersign_store::{Conn, Evidence, gold::Rules, projects, protocols, qualifications, tasks};
use countersign_workflow::ItemState;
use serde::Serialize;

use super::{AskedQualification, QualificationState, state_at};
use crate::{Pipeline, PipelineError, Result, moving::Moving, people::Caller};

/// Refusal of somebody who never held what is asked for, or from whom it was taken.
pub(crate) const MISSING: &str = "qualification_missing";
/// Refusal of somebody whose certificate has run out.
pub(crate) const EXPIRED: &str = "qualification_expired";

/// What the caller lacks for the stage that they work at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lacking {
    /// `qualification_missing` or `qualification_expired`.
    pub code: String,
    /// What is lacking, in a sentence.
    pub message: String,
}

/// What somebody holds on a project at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    valid: BTreeSet<String>,
    /// Ran out, and when.
    expired: BTreeMap<String, Instant>,
    /// Taken back, and when.
    revoked: BTreeMap<String, Instant>,
}

impl Held {
    fn of(rows: &[qualifications::Qualification], now: Instant) -> Self {
        let mut held = Self::default();
        for row in rows {
            match state_at(row, now) {
                QualificationState::Valid | QualificationState::Expiring => {
                    held.valid.insert(row.name.clone());
                }
                QualificationState::Expired => {
                    let end = held.expired.entry(row.name.clone()).or_insert(row.valid_until);
                    *end = row.valid_until.max(*end);
                }
                QualificationState::Revoked => {
                    held.revoked.insert(row.name.clone(), row.revoked_at.unwrap_or(row.valid_until));
                }
                QualificationState::NotYet => {}
            }
        }
        // What was taken back is not merely over, and what was given anew is neither.
        held.expired.retain(|name, _| !held.valid.contains(name) && !held.revoked.contains_key(name));
        held.revoked.retain(|name, _| !held.valid.contains(name));
        held
    }

    fn satisfies(&self, expr: &QualificationExpr) -> bool {
        expr.holds(&self.valid)
    }

    /// Whether what ran out is all that stands in the way.
    fn once_satisfied(&self, expr: &QualificationExpr) -> bool {
        let all = self.valid.iter().chain(self.expired.keys()).cloned().collect();
        expr.holds(&all)
    }

    /// Why somebody may not act; `None` when they may.
    fn refusal(&self, expr: &QualificationExpr) -> Option<Refusal> {
        if self.satisfies(expr) {
            return None;
        }
        let missing = expr.missing(&self.valid);
        let is_over = missing.iter().any(|name| self.expired.contains_key(*name));
        let words: Vec<String> = missing.iter().map(|name| self.words(name)).collect();
        let message = if words.is_empty() {
            format!("This stage asks for {expr}; you hold something that it rules out.")
        } else {
            format!("This stage asks for {expr}. You lack {}.", words.join(", "))
        };
        Some(Refusal::new(if is_over { EXPIRED } else { MISSING }, message))
    }

    fn words(&self, name: &str) -> String {
        let day = |at: &Instant| at.to_string().chars().take(10).collect::<String>();
        match (self.expired.get(name), self.revoked.get(name)) {
            (Some(at), _) => format!("{name} (ended {})", day(at)),
            (None, Some(at)) => format!("{name} (revoked {})", day(at)),
            (None, None) => name.to_owned(),
        }
    }
}

async fn held(conn: &mut Conn, user: UserId, project: ProjectId, now: Instant) -> Result<Held> {
    Ok(Held::of(&qualifications::of_user_on(conn, user, project).await?, now))
}

/// Whether somebody holds what is asked for on a project at a moment.
pub(crate) async fn satisfies(
    conn: &mut Conn,
    user: UserId,
    project: ProjectId,
    expr: &QualificationExpr,
    now: Instant,
) -> Result<bool> {
    Ok(held(conn, user, project, now).await?.satisfies(expr))
}

fn asked_at(protocol: &Protocol, stage: u32) -> Option<&QualificationExpr> {
    protocol.stages.get(stage as usize)?.qualification.as_ref()
}

impl Moving {
    /// Refuses who lacks what the item's stage asks for. Who held it when they claimed may finish; nobody signs without.
    ///
    /// # Errors
    /// `qualification_missing`, `qualification_expired`.
    pub(crate) async fn require_qualified(
        &self,
        conn: &mut Conn,
        user: UserId,
        signs: bool,
        now: Instant,
    ) -> Result<()> {
        let Some(expr) = self.state.stage.and_then(|stage| asked_at(&self.protocol, stage)) else {
            return Ok(());
        };
        let held = held(conn, user, self.item.project_id, now).await?;
        match held.refusal(expr) {
            Some(_) if !signs && held.once_satisfied(expr) => Ok(()),
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }
}

impl Pipeline {
    /// What somebody lacks to sign a release of a project, by the protocol in force.
    pub(crate) async fn lacks_for_release(
        &self,
        conn: &mut Conn,
        user: UserId,
        project: ProjectId,
    ) -> Result<Option<Lacking>> {
        let protocol = self.protocol(conn, project).await?;
        let Some(expr) = &protocol.release.qualification else { return Ok(None) };
        let refusal = held(conn, user, project, self.store.clock().now()).await?.refusal(expr);
        Ok(refusal.map(|refusal| Lacking { code: refusal.code.to_string(), message: refusal.message }))
    }

    /// Refuses to sign a release without what the protocol asks of whoever does; that they tried is kept.
    ///
    /// # Errors
    /// `qualification_missing`, `qualification_expired`.
    pub(crate) async fn require_qualified_to_release(
        &self,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<()> {
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        let Some(expr) = &protocol.release.qualification else { return Ok(()) };
        let held = held(&mut conn, caller.user(), project, self.store.clock().now()).await?;
        drop(conn);
        let Some(refusal) = held.refusal(expr) else { return Ok(()) };
        let code = refusal.code.to_string();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new("qualification.refused", "project", project.uuid());
                    tx.record(evidence.project(project).outcome("refused").reason(&code))?;
                    Ok(())
                })
            })
            .await?;
        Err(refusal.into())
    }

    /// The expressions of a project's protocols that somebody satisfies now.
    pub(crate) async fn satisfied(
        &self,
        conn: &mut Conn,
        user: UserId,
        project: ProjectId,
    ) -> Result<tasks::Satisfied> {
        let (able, _) = self.sorted_out(conn, user, project).await?;
        Ok(able.iter().map(ToString::to_string).collect())
    }

    /// The refusal of somebody for whom nothing waits but what they are not qualified for.
    pub(crate) async fn unqualified(
        &self,
        conn: &mut Conn,
        user: UserId,
        project: ProjectId,
        roles: &[Role],
    ) -> Result<Option<Refusal>> {
        let (able, unable) = self.sorted_out(conn, user, project).await?;
        if unable.is_empty() {
            return Ok(None);
        }
        let now = self.store.clock().now();
        let held = held(conn, user, project, now).await?;
        for expr in &unable {
            let with: tasks::Satisfied = able.iter().chain([expr]).map(ToString::to_string).collect();
            for role in roles {
                if tasks::count_claimable(conn, project, user, *role, now, (&with, Rules::NONE), 1).await? > 0
                {
                    return Ok(held.refusal(expr));
                }
            }
        }
        Ok(None)
    }

    /// What somebody lacks for any of the open tasks of one item.
    pub(crate) async fn lacks_for(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
        protocol: &Protocol,
        state: &ItemState,
    ) -> Result<Option<Refusal>> {
        let now = self.store.clock().now();
        let held = held(conn, caller.user(), project, now).await?;
        let asked = state.tasks.iter().filter_map(|task| asked_at(protocol, task.stage));
        Ok(asked.filter_map(|expr| held.refusal(expr)).next())
    }

    /// What the holder of a task lacks, for the workspace. Whoever never held it, or from whom it was taken, does not
    /// get to see the item at all.
    pub(crate) async fn lacking(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        task: &tasks::Task,
        protocol: &Protocol,
    ) -> Result<Option<Lacking>> {
        let Some(expr) = asked_at(protocol, task.stage) else { return Ok(None) };
        let held = held(conn, caller.user(), task.project_id, self.store.clock().now()).await?;
        match held.refusal(expr) {
            Some(refusal) if !held.once_satisfied(expr) => Err(PipelineError::Refused(refusal)),
            refusal => {
                Ok(refusal
                    .map(|refusal| Lacking { code: refusal.code.to_string(), message: refusal.message }))
            }
        }
    }

    /// What the protocol in force asks for, and how many people could do it.
    pub(super) async fn asked(&self, conn: &mut Conn, project: ProjectId) -> Result<Vec<AskedQualification>> {
        let protocol = self.protocol(conn, project).await?;
        let grants = projects::grants(conn, project).await?;
        let (now, mut known, mut out) = (self.store.clock().now(), HashMap::new(), Vec::new());
        for stage in &protocol.stages {
            let (Some(expr), Some(role)) = (&stage.qualification, stage.role) else { continue };
            let (mut able, mut unable) = (0, 0);
            for grant in grants.iter().filter(|grant| grant.role == role) {
                let holds = match known.entry(grant.user_id) {
                    Entry::Occupied(found) => found.into_mut(),
                    Entry::Vacant(free) => free.insert(held(conn, grant.user_id, project, now).await?),
                };
                let may = holds.satisfies(expr);
                *(if may { &mut able } else { &mut unable }) += 1;
            }
            let (stage, title) = (stage.id.clone(), stage.title.clone());
            out.push(AskedQualification { stage, title, expression: expr.to_string(), able, unable });
        }
        Ok(out)
    }

    /// The expressions of every version of a project's protocol: those that somebody satisfies, and the others.
    async fn sorted_out(
        &self,
        conn: &mut Conn,
        user: UserId,
        project: ProjectId,
    ) -> Result<(Vec<QualificationExpr>, Vec<QualificationExpr>)> {
        let mut asked = Vec::new();
        // Items finish under the version that they began with, so older versions still ask.
        for (id, version) in protocols::numbers(conn, project).await? {
            let protocol = self.kept_protocol(conn, project, id, version).await?;
            for expr in protocol.stages.iter().filter_map(|stage| stage.qualification.as_ref()) {
                if !asked.contains(expr) {
                    asked.push(expr.clone());
                }
            }
        }
        if asked.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let held = held(conn, user, project, self.store.clock().now()).await?;
        Ok(asked.into_iter().partition(|expr| held.satisfies(expr)))
    }
}
