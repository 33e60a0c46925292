//! Everything that a study rests on, as a file: whoever has it works out the orders and the figures again.

use std::{collections::HashMap, fmt::Write as _};

use countersign_model::{AppraisalId, ItemId, UserId};
use countersign_store::{Conn, appraisals, users};
use serde::{Deserialize, Serialize};

use super::{PartLine, is_over, words::FORM_VERSION};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    breach::quoted,
    certification::{parsed, spelled},
    people::Caller,
};

/// What a record says that it is.
const KIND: &str = "countersign-appraisal";
/// What the first line of the table says.
const CSV_HEAD: &str = "person,trial,place,part,reference,borderline,answer,right,judged_at\n";

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerLine {
    /// Whose.
    pub person: UserId,
    /// Which trial, from 1.
    pub trial: u32,
    /// Place over all trials, from 0.
    pub number: u32,
    /// The part.
    pub item: ItemId,
    /// Bad, or good.
    pub bad: bool,
    /// When: UTC, RFC 3339.
    pub at: String,
}

/// The record of a study that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AppraisalRecord {
    /// What this is.
    pub kind: String,
    /// Version of this form.
    pub version: u32,
    /// Study.
    pub id: AppraisalId,
    /// What was fixed, in the exact text whose hash the log holds.
    pub frozen: String,
    /// The lines of the parts that its root is over; empty for a part that was erased.
    pub parts: Vec<String>,
    /// What was entered after freezing, hexadecimal.
    pub entropy: String,
    /// Seed of the orders, hexadecimal.
    pub seed: String,
    /// Every answer, by person and place.
    pub answers: Vec<AnswerLine>,
    /// What came of it, in the exact text whose hash the log holds.
    pub figures: String,
}

impl Pipeline {
    /// The record of a study that is over.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `not_over`; `blind_audit` for whoever judges one of its parts blind now.
    pub async fn appraisal_record(&self, caller: &Caller, id: AppraisalId) -> Result<AppraisalRecord> {
        let mut conn = self.store.read().await?;
        let (row, parts) = self.finished(&mut conn, caller, id).await?;
        let answers = answers(&appraisals::turns(&mut conn, id).await?);
        let (Some(entropy), Some(seed), Some(figures)) = (row.entropy, row.seed, row.figures) else {
            return Err(not_over());
        };
        drop(conn);
        self.told_of_labels(caller, row.project_id, parts.iter().map(|part| part.item_id).collect()).await?;
        Ok(AppraisalRecord {
            kind: KIND.into(),
            version: FORM_VERSION,
            id,
            frozen: row.frozen,
            parts: parts.into_iter().map(|part| part.line).collect(),
            entropy,
            seed,
            answers,
            figures,
        })
    }

    /// Every answer beside its reference, as a table (RFC 4180).
    ///
    /// # Errors
    /// As [`Pipeline::appraisal_record`].
    pub async fn appraisal_csv(&self, caller: &Caller, id: AppraisalId) -> Result<String> {
        let mut conn = self.store.read().await?;
        let (row, all) = self.finished(&mut conn, caller, id).await?;
        let named = all.iter().map(|part| part.item_id).collect();
        let mut parts = HashMap::new();
        for part in all {
            if !part.line.is_empty() {
                let line: PartLine = parsed("appraisal_parts.line", &part.line)?;
                parts.insert(part.item_id, line);
            }
        }
        let mut names: HashMap<UserId, String> = HashMap::new();
        for person in appraisals::people(&mut conn, id).await? {
            let found = users::by_id(&mut conn, person.user_id).await?;
            names.insert(person.user_id, found.map_or_else(String::new, |user| user.printed_name));
        }
        let word = |bad: bool| if bad { "bad" } else { "good" };
        let mut table = CSV_HEAD.to_owned();
        for answer in answers(&appraisals::turns(&mut conn, id).await?) {
            let part = parts.get(&answer.item);
            let name = quoted(names.get(&answer.person).map_or("", String::as_str));
            let reference = part.map_or("", |part| word(part.bad));
            let borderline = part.map_or("", |part| if part.borderline { "yes" } else { "no" });
            let right = part.map_or("", |part| if part.bad == answer.bad { "yes" } else { "no" });
            let (said, place) = (word(answer.bad), answer.number + 1);
            let AnswerLine { trial, item, at, .. } = &answer;
            writeln!(table, "{name},{trial},{place},{item},{reference},{borderline},{said},{right},{at}")
                .map_err(|error| PipelineError::Internal(error.to_string()))?;
        }
        drop(conn);
        self.told_of_labels(caller, row.project_id, named).await?;
        Ok(table)
    }

    /// A study that is over, and its parts with what is right of each: not for whoever judges one of them blind now.
    async fn finished(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: AppraisalId,
    ) -> Result<(appraisals::Appraisal, Vec<appraisals::Part>)> {
        let row = appraisals::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewQuality, row.project_id)?;
        if !is_over(&row) {
            return Err(not_over());
        }
        let parts = appraisals::parts(conn, id).await?;
        for part in &parts {
            if self.audits_blind(conn, caller, part.item_id).await? {
                return Err(PipelineError::refused(
                    "blind_audit",
                    "You judge an item of this study without its labels: its record is yours to see when you are through.",
                ));
            }
        }
        Ok((row, parts))
    }
}

/// What was answered, in the order of the turns.
pub(super) fn answers(turns: &[appraisals::Turn]) -> Vec<AnswerLine> {
    let line = |turn: &appraisals::Turn| {
        Some(AnswerLine {
            person: turn.user_id,
            trial: turn.trial,
            number: turn.number,
            item: turn.item_id,
            bad: turn.bad?,
            at: turn.judged_at?.to_string(),
        })
    };
    turns.iter().filter_map(line).collect()
}

/// The text that the hash of the answers is over: one JSON object a line.
pub(super) fn answers_text(answers: &[AnswerLine]) -> Result<String> {
    let mut text = String::new();
    for answer in answers {
        text.push_str(&spelled(answer)?);
        text.push('\n');
    }
    Ok(text)
}

pub(super) fn not_over() -> PipelineError {
    let message = "Nothing is said of a study before it is over.";
    PipelineError::refused("not_over", message)
}
