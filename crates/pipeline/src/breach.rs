//! The scope of a breach: who saw what of whom between two moments.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt::Write as _,
};

use countersign_model::{Instant, ProjectId, SubjectId, UserId};
use countersign_store::{
    Conn, Evidence, projects,
    seen::{self, SeenFilter},
    subjects, users,
};
use futures::{Stream, StreamExt, stream};
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
    refused::{Denial, UNBLINDED},
};

/// Most lines in an answer for the page; a file has all.
pub const LINES_SHOWN_MAX: usize = 1_000;
/// Exposures that are read at once for the table of all.
const VIEWS_PER_PAGE: u32 = 5_000;
/// Most lines of a report at all: beyond it, it has to be narrowed down.
pub const LINES_MAX: usize = 2_000_000;

/// What a breach report is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreachQuestion {
    /// Of this project; absent for the whole installation.
    pub project: Option<ProjectId>,
    /// By this account.
    pub user: Option<UserId>,
    /// About this subject.
    pub subject: Option<SubjectId>,
    /// From this moment on.
    pub from: Instant,
    /// Before this moment.
    pub to: Instant,
}

/// What one person saw of one subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreachLine {
    /// Account.
    pub user: UserId,
    /// Its printed name.
    pub printed_name: String,
    /// Project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Whom the images are about; absent where no subject was known.
    pub subject: Option<SubjectId>,
    /// Number of the subject in its project.
    pub subject_number: Option<u64>,
    /// `patient`, `drive`, `lot`, `project`.
    pub subject_kind: Option<String>,
    /// Erased since: nothing leads to the person any more.
    pub erased: bool,
    /// Images shown, each once per session and purpose.
    pub exposures: u64,
    /// Of them in small only: grids, lists, results of a search.
    pub glances: u64,
    /// Of them from quarantine, before de-identification.
    pub quarantined: u64,
    /// What for: `work`, `grid`, `gate` …
    pub purposes: Vec<String>,
    /// First.
    pub first_at: Instant,
    /// Last.
    pub last_at: Instant,
}

/// The scope of a breach.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreachReport {
    /// From this moment on.
    pub from: Instant,
    /// Before this moment.
    pub to: Instant,
    /// Exposures in all.
    pub exposures: u64,
    /// People who looked.
    pub people: u64,
    /// Subjects who were seen.
    pub subjects: u64,
    /// Lines in all: pairs of a person and a subject.
    pub lines: u64,
    /// The lines with the most exposures; at most 1,000 of them. The file has all.
    pub shown: Vec<BreachLine>,
}

#[derive(Clone)]
struct Sum {
    exposures: u64,
    glances: u64,
    quarantined: u64,
    purposes: BTreeSet<String>,
    first_at: Instant,
    last_at: Instant,
}

type Pair = (UserId, ProjectId, Option<SubjectId>);

impl Pipeline {
    /// Who saw what of whom. That it was asked is evidence.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_range`; `too_many_lines`.
    pub async fn breach_report(&self, caller: &Caller, question: BreachQuestion) -> Result<BreachReport> {
        let mut sums = self.breach_sums(caller, question).await?;
        let (mut people, mut subjects) = (HashSet::new(), HashSet::new());
        for ((user, _, subject), _) in &sums {
            people.insert(*user);
            subjects.extend(*subject);
        }
        let (exposures, lines) = (sums.iter().map(|(_, sum)| sum.exposures).sum(), sums.len() as u64);
        // Names are looked up for what is shown, not for millions of lines.
        sums.truncate(LINES_SHOWN_MAX);
        let shown = described(&mut *self.store.read().await?, sums).await?;
        let BreachQuestion { from, to, .. } = question;
        let (people, subjects) = (people.len() as u64, subjects.len() as u64);
        Ok(BreachReport { from, to, exposures, people, subjects, lines, shown })
    }

    /// The same as a table with every line: comma-separated values, times in UTC.
    ///
    /// # Errors
    /// As [`Pipeline::breach_report`].
    pub async fn breach_table(&self, caller: &Caller, question: BreachQuestion) -> Result<String> {
        let sums = self.breach_sums(caller, question).await?;
        let lines = described(&mut *self.store.read().await?, sums).await?;
        let mut text = "user,name,project,project_name,subject,subject_number,kind,erased,exposures,glances,\
                        from_quarantine,purposes,first_at,last_at\n"
            .to_owned();
        for line in lines {
            let subject = line.subject.map(|id| id.to_string()).unwrap_or_default();
            let number = line.subject_number.map(|number| number.to_string()).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{subject},{number},{},{},{},{},{},{},{},{}",
                line.user,
                quoted(&line.printed_name),
                line.project,
                quoted(&line.project_name),
                line.subject_kind.unwrap_or_default(),
                line.erased,
                line.exposures,
                line.glances,
                line.quarantined,
                line.purposes.join(" "),
                line.first_at,
                line.last_at,
            );
        }
        Ok(text)
    }

    /// Pairs of a person and a subject, the most exposures first.
    async fn breach_sums(&self, caller: &Caller, question: BreachQuestion) -> Result<Vec<(Pair, Sum)>> {
        self.require_breach(caller, question).await?;
        let sums = self.sum_up_exposures(question).await?;
        self.note_breach_report(caller, question).await?;
        let mut sums: Vec<(Pair, Sum)> = sums.into_iter().collect();
        sums.sort_by_key(|((user, _, _), sum)| (std::cmp::Reverse(sum.exposures), sum.first_at, *user));
        Ok(sums)
    }

    /// Each exposure with who looked, at what, and what for, oldest first, as a table that is written while it is read: times
    /// in UTC. That it was asked is evidence.
    ///
    /// # Errors
    /// As [`Pipeline::breach_report`]; in the stream, when the store fails.
    pub async fn breach_views(
        &self,
        caller: &Caller,
        question: BreachQuestion,
    ) -> Result<impl Stream<Item = Result<String>> + Send + use<>> {
        self.require_breach(caller, question).await?;
        self.note_breach_report(caller, question).await?;
        let head = "at,user,name,project,item,asset,subject,subject_number,zone,purpose\n".to_owned();
        let rows = Rows { pipeline: self.clone(), question, after: None, known: Known::default() };
        let rows =
            stream::try_unfold(
                rows,
                |mut rows| async move { Ok(rows.page().await?.map(|text| (text, rows))) },
            );
        Ok(stream::once(async { Ok(head) }).chain(rows))
    }

    /// Who may ask, and that the question makes sense.
    async fn require_breach(&self, caller: &Caller, question: BreachQuestion) -> Result<()> {
        match question.project {
            // Who opened what is a part of what independent readers may not know of each other.
            Some(project) => {
                self.require_on(caller, Action::ViewBreach, project)?;
                if self.is_called_to_work(caller, project).await? {
                    return Err(caller.denied(Denial::on(UNBLINDED, "project", project.uuid(), project)));
                }
            }
            None => {
                self.require(caller, Action::ViewBreach, &Resource::Installation)?;
                self.require_no_blindness(caller).await?;
            }
        }
        if question.from >= question.to {
            return Err(PipelineError::bad("bad_range", "to", "must be after the beginning"));
        }
        Ok(())
    }

    async fn sum_up_exposures(&self, question: BreachQuestion) -> Result<HashMap<Pair, Sum>> {
        let BreachQuestion { project, user, subject, from, to } = question;
        let mut filter = SeenFilter { project, user, subject, from, to };
        let mut sums: HashMap<Pair, Sum> = HashMap::new();
        loop {
            // A connection of its own for each slice: a long report keeps none from others.
            let (groups, next) = seen::slice(&mut *self.store.read().await?, filter).await?;
            for group in groups {
                let sum = Sum {
                    exposures: group.exposures,
                    glances: group.glances,
                    quarantined: group.quarantined,
                    purposes: [group.purpose].into(),
                    first_at: group.first_at,
                    last_at: group.last_at,
                };
                let pair = (group.user_id, group.project_id, group.subject_id);
                sums.entry(pair).and_modify(|known| known.add(sum.clone())).or_insert(sum);
            }
            if sums.len() > LINES_MAX {
                let message = "More than two million pairs of a person and a subject: narrow it down.";
                return Err(PipelineError::refused("too_many_lines", message));
            }
            match next {
                Some(next) if next < to => filter.from = next,
                _ => return Ok(sums),
            }
        }
    }

    /// Whoever asks for the scope of a breach leaves a trace: the question tells what they look for.
    async fn note_breach_report(&self, caller: &Caller, question: BreachQuestion) -> Result<()> {
        let evidence = Evidence {
            action: "exposures.reported".to_owned(),
            object_kind: if question.project.is_some() { "project" } else { "installation" }.to_owned(),
            object_id: question.project.map(|project| project.0),
            project: question.project,
            details: Some(serde_json::json!({
                "user": question.user, "subject": question.subject,
                "from": question.from.to_string(), "to": question.to.to_string(),
            })),
            ..Evidence::default()
        };
        self.store
            .write(caller.actor(), move |tx| Box::pin(async move { Ok(tx.record(evidence).map(drop)?) }))
            .await
    }
}

/// Names and numbers that were looked up.
#[derive(Default)]
struct Known {
    names: HashMap<UserId, String>,
    subjects: HashMap<SubjectId, Option<u64>>,
}

/// A table of exposures that is being written.
struct Rows {
    pipeline: Pipeline,
    question: BreachQuestion,
    after: Option<(Instant, uuid::Uuid)>,
    known: Known,
}

impl Rows {
    /// The next lines; `None` at the end.
    async fn page(&mut self) -> Result<Option<String>> {
        let BreachQuestion { project, user, subject, from, to } = self.question;
        let filter = SeenFilter { project, user, subject, from, to };
        // A connection of its own for each page: a long table keeps none from others.
        let mut conn = self.pipeline.store.read().await?;
        let views = seen::views(&mut conn, filter, self.after, VIEWS_PER_PAGE).await?;
        let Some(last) = views.last() else { return Ok(None) };
        self.after = Some((last.at, last.id));
        let mut text = String::new();
        for view in views {
            if let std::collections::hash_map::Entry::Vacant(entry) = self.known.names.entry(view.user_id) {
                let found = users::by_id(&mut conn, view.user_id).await?;
                entry.insert(found.map_or_else(String::new, |user| user.printed_name));
            }
            if let Some(id) = view.subject_id.filter(|id| !self.known.subjects.contains_key(id)) {
                let found = subjects::by_id(&mut conn, id).await?;
                self.known.subjects.insert(id, found.map(|subject| subject.number));
            }
            let name = self.known.names.get(&view.user_id).map_or("", String::as_str);
            let number = view.subject_id.and_then(|id| self.known.subjects.get(&id).copied().flatten());
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{}",
                view.at,
                view.user_id,
                quoted(name),
                view.project_id,
                view.item_id.map(|id| id.to_string()).unwrap_or_default(),
                view.asset_id,
                view.subject_id.map(|id| id.to_string()).unwrap_or_default(),
                number.map(|number| number.to_string()).unwrap_or_default(),
                view.zone.as_str(),
                view.purpose,
            );
        }
        Ok(Some(text))
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.exposures += other.exposures;
        self.glances += other.glances;
        self.quarantined += other.quarantined;
        self.purposes.extend(other.purposes);
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// Names and numbers beside the ids.
async fn described(conn: &mut Conn, sums: Vec<(Pair, Sum)>) -> Result<Vec<BreachLine>> {
    let names: HashMap<_, _> =
        users::list(conn).await?.into_iter().map(|user| (user.id, user.printed_name)).collect();
    let mut project_names = HashMap::new();
    let mut known: HashMap<SubjectId, subjects::Subject> = HashMap::new();
    let mut lines = Vec::with_capacity(sums.len());
    for ((user, project, subject), sum) in sums {
        if let std::collections::hash_map::Entry::Vacant(entry) = project_names.entry(project) {
            let found = projects::by_id(conn, project).await?;
            entry.insert(found.map_or_else(String::new, |project| project.name));
        }
        if let Some(id) = subject.filter(|id| !known.contains_key(id))
            && let Some(found) = subjects::by_id(conn, id).await?
        {
            known.insert(id, found);
        }
        let about = subject.and_then(|id| known.get(&id));
        lines.push(BreachLine {
            user,
            printed_name: names.get(&user).cloned().unwrap_or_default(),
            project,
            project_name: project_names.get(&project).cloned().unwrap_or_default(),
            subject,
            subject_number: about.map(|subject| subject.number),
            subject_kind: about.map(|subject| subject.kind.clone()),
            erased: about.is_some_and(subjects::Subject::is_erased),
            exposures: sum.exposures,
            glances: sum.glances,
            quarantined: sum.quarantined,
            purposes: sum.purposes.into_iter().collect(),
            first_at: sum.first_at,
            last_at: sum.last_at,
        });
    }
    Ok(lines)
}

/// A field of comma-separated values. What a table program would take for a formula begins with an apostrophe.
pub(crate) fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_stay_in_their_field_and_are_no_formulae() {
        assert_eq!(quoted("A. \"Ace\" Meier, MD"), "\"A. \"\"Ace\"\" Meier, MD\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
