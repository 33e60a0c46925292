//! The report as a table: one figure a row, with its interval and its denominator.

use std::fmt::Write as _;

use countersign_model::ProjectId;

use super::{Question, VendorReport, VendorView, report::CountView};
use crate::{Pipeline, Result, breach::quoted, exports::Export, people::Caller, tiers::ShareView};

/// The head of the table. `low` and `high` are the ends of the 95 % interval, `of` is the denominator.
const HEAD: &str = "organization,beside,measure,count,of,value,low,high\n";

impl Pipeline {
    /// What the work of each organization is worth, as CSV.
    ///
    /// # Errors
    /// As [`Pipeline::vendors`].
    pub async fn vendors_table(
        &self,
        caller: &Caller,
        project: ProjectId,
        question: Question,
    ) -> Result<String> {
        let report = self.vendors(caller, project, question).await?;
        self.note_export(caller, Export::Vendors, Some(project), Some(project.uuid())).await?;
        Ok(table(&report))
    }
}

struct Rows(String);

impl Rows {
    fn row(
        &mut self,
        names: (&str, &str),
        measure: &str,
        count: Option<u64>,
        of: Option<u64>,
        share: Option<ShareView>,
    ) {
        let whole = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let cell = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let (first, second) = (quoted(names.0), quoted(names.1));
        let (count, of) = (whole(count), whole(of));
        let [value, low, high] =
            [share.map(|s| s.value), share.map(|s| s.low), share.map(|s| s.high)].map(cell);
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{first},{second},{measure},{count},{of},{value},{low},{high}");
    }

    fn vendor(&mut self, view: &VendorView) {
        let name = (view.organization.name.as_str(), "");
        self.row(name, "items_read", Some(view.items), None, None);
        let counts: [(&str, &CountView); 6] = [
            ("critical_errors", &view.critical),
            ("first_pass_accepted", &view.first_pass),
            ("objects_missed", &view.missed),
            ("sent_back", &view.rework),
            ("critical_errors_in_gold", &view.gold),
            ("disputes_overturned", &view.overturned),
        ];
        for (measure, count) in counts {
            self.row(name, measure, Some(count.count), Some(count.of), count.share);
        }
        let reads = Some(view.turnaround.reads);
        self.row(name, "turnaround_seconds_p50", None, reads, view.turnaround.p50);
        self.row(name, "turnaround_seconds_p90", None, reads, view.turnaround.p90);
        let lag = &view.guideline;
        self.row(name, "guideline_not_acknowledged", Some(lag.behind), Some(lag.people), None);
    }
}

fn table(report: &VendorReport) -> String {
    let mut rows = Rows(HEAD.to_owned());
    for view in &report.organizations {
        rows.vendor(view);
    }
    let name = |id| {
        let found = report.organizations.iter().find(|view| view.organization.id == id);
        found.map_or("", |view| view.organization.name.as_str())
    };
    for pair in &report.compared {
        let names = (name(pair.first), name(pair.second));
        // Of all items of each that were compared: their rows above say how many. How many both read is another number.
        rows.row(names, "critical_errors_difference", None, None, pair.difference);
        rows.row(names, "items_read_by_both", Some(pair.shared), None, None);
        rows.row(names, "items_needed_to_tell_apart", pair.items_needed, None, None);
    }
    rows.0
}
