//! The report as a table: one figure a row, so that any program reads it.

use std::fmt::Write as _;

use countersign_model::ProjectId;

use super::{FoundView, ShareView, TierReport, TierStage, TimesView};
use crate::{Pipeline, Result, breach::quoted, exports::Export, people::Caller};

/// The head of the table. `low` and `high` are the ends of the 95 % interval, `of` is the denominator.
const HEAD: &str = "stage,person,measure,value,low,high,of\n";

impl Pipeline {
    /// What each tier of a project is worth, as CSV.
    ///
    /// # Errors
    /// As [`Pipeline::tiers`].
    pub async fn tiers_table(&self, caller: &Caller, project: ProjectId) -> Result<String> {
        let report = self.tiers(caller, project).await?;
        self.note_export(caller, Export::Tiers, Some(project), Some(project.uuid())).await?;
        Ok(table(&report))
    }
}

struct Rows(String);

impl Rows {
    fn row(&mut self, stage: &str, person: &str, measure: &str, cells: [Option<f64>; 3], of: Option<u64>) {
        let cell = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let [value, low, high] = cells.map(cell);
        let of = of.map_or_else(String::new, |of| of.to_string());
        let (stage, person) = (quoted(stage), quoted(person));
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{stage},{person},{measure},{value},{low},{high},{of}");
    }

    fn share(&mut self, stage: &str, person: &str, measure: &str, share: Option<ShareView>, of: u64) {
        let cells = [share.map(|s| s.value), share.map(|s| s.low), share.map(|s| s.high)];
        self.row(stage, person, measure, cells, Some(of));
    }

    fn one(&mut self, stage: &str, measure: &str, value: Option<f64>, of: u64) {
        self.row(stage, "", measure, [value, None, None], Some(of));
    }

    fn found(&mut self, stage: &str, person: &str, found: &FoundView) {
        self.share(stage, person, "errors_found_share", found.share, found.reviewed);
        self.share(stage, person, "errors_per_item", found.errors_per_item, found.counted);
        self.share(stage, person, "recall", found.recall, found.found + found.missed);
        let counts = [("found", found.found), ("passed", found.passed), ("missed", found.missed)];
        for (measure, n) in counts {
            self.row(stage, person, measure, [Some(n as f64), None, None], Some(found.reviewed));
        }
    }

    fn times(&mut self, stage: &str, measure: &str, times: &TimesView) {
        self.one(stage, &format!("{measure}_seconds_p50"), times.p50_seconds, times.turns);
        self.one(stage, &format!("{measure}_seconds_p95"), times.p95_seconds, times.turns);
    }

    fn stage(&mut self, stage: &TierStage, accepted: u64) {
        self.times(&stage.id, "waiting", &stage.waiting);
        self.times(&stage.id, "working", &stage.working);
        self.one(&stage.id, "unfinished_minutes", Some(stage.unfinished.minutes), stage.unfinished.claims);
        self.one(&stage.id, "minutes_per_accepted", stage.minutes_per_accepted, accepted);
        self.one(&stage.id, "rework_minutes_per_accepted", stage.rework_minutes_per_accepted, accepted);
        self.one(&stage.id, "cost_per_accepted", stage.cost_per_accepted, accepted);
        if let Some(found) = &stage.judged {
            self.found(&stage.id, "", found);
        }
        for person in &stage.people {
            self.found(&stage.id, &person.printed_name, &person.found);
        }
    }
}

fn table(report: &TierReport) -> String {
    let mut rows = Rows(HEAD.to_owned());
    rows.share("", "", "first_pass_yield", report.first_pass, report.first_judged);
    rows.share("", "", "rework_errors_found_share", report.rework.share, report.rework.judged);
    rows.one("", "cost_per_accepted", report.cost_per_accepted, report.accepted);
    if let Some(unseen) = &report.unseen {
        rows.share("", "", "readers_agree", report.agreed, unseen.items);
        rows.row("", "", "unseen", [Some(unseen.unseen), unseen.low, unseen.high], Some(unseen.seen));
    }
    for stage in &report.stages {
        rows.stage(stage, report.accepted);
    }
    for reader in &report.readers {
        let name = &reader.printed_name;
        rows.share("", name, "reads_upheld_share", reader.share, reader.ruled);
        rows.share("", name, "errors_per_read", reader.errors_per_read, reader.ruled);
    }
    rows.0
}
