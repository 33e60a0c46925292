//! The report as a table: one figure a row, so that any program reads it.

use std::fmt::Write as _;

use countersign_model::ProjectId;

use super::{FollowView, SuggestionReport};
use crate::{Pipeline, Result, breach::quoted, exports::Export, people::Caller, tiers::ShareView};

/// The head of the table. `low` and `high` are the ends of the 95 % interval; `count` of `of` is the value.
const HEAD: &str = "stage,person,measure,value,low,high,count,of\n";

impl Pipeline {
    /// Whether people follow the model of a project where it is wrong, as CSV.
    ///
    /// # Errors
    /// As [`Pipeline::suggestions`].
    pub async fn suggestions_table(&self, caller: &Caller, project: ProjectId) -> Result<String> {
        let report = self.suggestions(caller, project).await?;
        self.note_export(caller, Export::Suggestions, Some(project), Some(project.uuid())).await?;
        Ok(table(&report))
    }
}

struct Rows(String);

impl Rows {
    fn row(
        &mut self,
        (stage, person): (&str, &str),
        measure: &str,
        share: Option<ShareView>,
        counts: Option<(u64, u64)>,
    ) {
        let cell = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let (value, low, high) =
            (cell(share.map(|s| s.value)), cell(share.map(|s| s.low)), cell(share.map(|s| s.high)));
        let (stage, person) = (quoted(stage), quoted(person));
        let counts = counts.map_or_else(|| ",".to_owned(), |(count, of)| format!("{count},{of}"));
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{stage},{person},{measure},{value},{low},{high},{counts}");
    }

    fn follow(&mut self, place: (&str, &str), measure: &str, follow: &FollowView) {
        self.row(place, measure, follow.share, Some((follow.kept, follow.given)));
    }
}

fn table(report: &SuggestionReport) -> String {
    let mut rows = Rows(HEAD.to_owned());
    for stage in &report.stages {
        rows.follow((&stage.id, ""), "wrong_suggestions_kept", &stage.follow);
        for person in &stage.people {
            let name = person.printed_name.as_deref().unwrap_or_default();
            rows.follow((&stage.id, name), "wrong_suggestions_kept", &person.follow);
        }
    }
    for kind in &report.kinds {
        rows.follow(("", ""), &format!("kept_{}", kind.kind.as_str()), &kind.follow);
    }
    let (with, without) = (&report.with_draft, &report.without_draft);
    rows.row(("", ""), "first_reads_wrong_with_draft", with.share, Some((with.wrong, with.judged)));
    rows.row(
        ("", ""),
        "first_reads_wrong_without_draft",
        without.share,
        Some((without.wrong, without.judged)),
    );
    rows.row(("", ""), "more_errors_with_draft", report.more_errors_with_draft, None);
    for mode in &report.modes {
        let errors = &mode.errors;
        let measure = format!("first_reads_wrong_{}", mode.mode.as_str());
        rows.row(("", ""), &measure, errors.share, Some((errors.wrong, errors.judged)));
    }
    rows.row(("", ""), "read_again", None, Some((report.read_again, report.planted)));
    rows.row(("", ""), "right_after_all", None, Some((report.confirmed, report.planted)));
    rows.0
}
