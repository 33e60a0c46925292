//! What the gate did: per file, and summed up over a batch.

use std::collections::BTreeMap;

use countersign_model::{AssetId, IngestId, Instant, ItemId, ProjectId};
use countersign_store::{Conn, cleanings, gate, ingests};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    views::{Page, page_length},
};

/// Cleanings read at once while a report is summed up.
const PAGE: u32 = 500;
/// Places that a report names per class and per action.
const PLACES_MAX: usize = 50;
/// Actions that a report lists.
const ACTIONS_MAX: usize = 1_000;

/// What was done to one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CleaningView {
    /// Item.
    pub item: ItemId,
    /// The file as it came.
    pub source: AssetId,
    /// The cleaned copy.
    pub copy: AssetId,
    /// Rule set: edition, profile, options, detector, code version.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub rules: serde_json::Value,
    /// Keyed hash of the bytes before.
    pub hash_before: String,
    /// SHA-256 of the bytes after.
    pub hash_after: String,
    /// Each action with its path, the Safe Harbor classes; no value.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub report: serde_json::Value,
    /// Regions of pixels that were filled, per frame.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<serde_json::Value>))]
    pub regions: serde_json::Value,
    /// When.
    pub at: Instant,
}

/// One rule set that files were cleaned under.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleSet {
    /// Rule set: edition, profile, options, detector, code version.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub rules: serde_json::Value,
    /// Files.
    pub files: u64,
}

/// One of the 18 classes of identifiers of 45 CFR 164.514(b)(2)(i).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HarborClass {
    /// Letter, A to R.
    pub class: String,
    /// What it is.
    pub title: String,
    /// Elements that were found to hold it.
    pub found: u64,
    /// Files that they were found in.
    pub files: u64,
    /// What was done with them.
    pub actions: Vec<String>,
    /// Where: paths, at most 50.
    pub places: Vec<String>,
}

/// One action on one path.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionCount {
    /// Path, with item numbers left out.
    pub path: String,
    /// What was done.
    pub action: String,
    /// In how many files.
    pub files: u64,
}

/// What the gate did to a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrivacyReport {
    /// Project.
    pub project: ProjectId,
    /// The run of ingest; absent for the whole project.
    pub batch: Option<IngestId>,
    /// Files that were cleaned.
    pub files: u64,
    /// Items that they belong to.
    pub items: u64,
    /// Files with filled regions.
    pub masked_files: u64,
    /// Regions that were filled.
    pub regions: u64,
    /// Entries that wait for a privacy officer (of the whole project).
    pub waiting: u64,
    /// Rule sets that were in force.
    pub rule_sets: Vec<RuleSet>,
    /// The 18 classes, in their order.
    pub safe_harbor: Vec<HarborClass>,
    /// Actions by path, the most frequent first.
    pub actions: Vec<ActionCount>,
    /// What this report does not say.
    pub note: String,
}

/// The part of a file's report that is summed up; what is not there counts as nothing.
#[derive(Deserialize, Default)]
#[serde(default)]
struct FileReport {
    changed: Vec<(String, String)>,
    safe_harbor: Vec<FileClass>,
}

#[derive(Deserialize)]
struct FileClass {
    class: char,
    title: String,
    found: u64,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    places: Vec<String>,
}

#[derive(Default)]
struct Sum {
    files: u64,
    items: std::collections::BTreeSet<ItemId>,
    masked_files: u64,
    regions: u64,
    rules: BTreeMap<String, u64>,
    classes: BTreeMap<char, HarborClass>,
    actions: BTreeMap<(String, String), u64>,
}

impl Pipeline {
    /// What was done to each file of an item.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn cleanings(
        &self,
        caller: &Caller,
        item: ItemId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<CleaningView>> {
        let mut conn = self.store.read().await?;
        let found = countersign_store::items::by_id(&mut conn, item).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewOversight, found.project_id)?;
        let after = cursor.as_deref().map(str::parse).transpose();
        let after = after.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let rows = cleanings::of_item(&mut conn, item, after, limit + 1).await?;
        let page = Page::cut(rows, limit, |row| row.id.to_string());
        Ok(page.map(|row| CleaningView {
            item: row.item_id,
            source: row.source_asset_id,
            copy: row.asset_id,
            rules: row.rules.0,
            hash_before: row.hash_before,
            hash_after: row.hash_after,
            report: row.report.0,
            regions: row.regions.0,
            at: row.at,
        }))
    }

    /// What the gate did to a batch, or to a whole project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`], also for a run of another project.
    pub async fn privacy_report(
        &self,
        caller: &Caller,
        project: ProjectId,
        batch: Option<IngestId>,
    ) -> Result<PrivacyReport> {
        self.require_on(caller, Action::ViewOversight, project)?;
        let mut conn = self.store.read().await?;
        if let Some(batch) = batch {
            let run = ingests::by_id(&mut conn, batch).await?.ok_or(PipelineError::NotFound)?;
            if run.project_id != project {
                return Err(PipelineError::NotFound);
            }
        }
        let sum = sum_up(&mut conn, project, batch).await?;
        let waiting = gate::count_open(&mut conn, project).await?;
        Ok(sum.report(project, batch, waiting))
    }
}

async fn sum_up(conn: &mut Conn, project: ProjectId, batch: Option<IngestId>) -> Result<Sum> {
    let (mut sum, mut after) = (Sum::default(), None);
    loop {
        let rows = match batch {
            Some(batch) => cleanings::of_ingest(conn, batch, after, PAGE).await?,
            None => cleanings::of_project(conn, project, after, PAGE).await?,
        };
        let Some(last) = rows.last() else { return Ok(sum) };
        after = Some(last.id);
        for row in rows {
            sum.add(row);
        }
    }
}

impl Sum {
    fn add(&mut self, row: cleanings::Cleaning) {
        self.files += 1;
        self.items.insert(row.item_id);
        let regions: u64 = row.regions.0.as_array().map_or(0, |frames| frames.iter().map(regions_in).sum());
        self.regions += regions;
        self.masked_files += u64::from(regions > 0);
        *self.rules.entry(row.rules.0.to_string()).or_default() += 1;
        // A report of an older version has other fields: what can be read of it counts.
        let report: FileReport = serde_json::from_value(row.report.0).unwrap_or_default();
        let mut changed: Vec<_> =
            report.changed.into_iter().map(|(path, action)| (without_numbers(&path), action)).collect();
        changed.sort_unstable();
        changed.dedup();
        for action in changed {
            *self.actions.entry(action).or_default() += 1;
        }
        for class in report.safe_harbor {
            self.add_class(class);
        }
    }

    fn add_class(&mut self, class: FileClass) {
        let sum = self.classes.entry(class.class).or_insert_with(|| HarborClass {
            class: class.class.to_string(),
            title: class.title,
            found: 0,
            files: 0,
            actions: Vec::new(),
            places: Vec::new(),
        });
        sum.found += class.found;
        sum.files += u64::from(class.found > 0);
        for action in class.actions {
            if !sum.actions.contains(&action) {
                sum.actions.push(action);
            }
        }
        for place in class.places.iter().map(|place| without_numbers(place)) {
            if sum.places.len() < PLACES_MAX && !sum.places.contains(&place) {
                sum.places.push(place);
            }
        }
    }

    fn report(self, project: ProjectId, batch: Option<IngestId>, waiting: u64) -> PrivacyReport {
        let mut actions: Vec<_> = self
            .actions
            .into_iter()
            .map(|((path, action), files)| ActionCount { path, action, files })
            .collect();
        actions.sort_by_key(|action| std::cmp::Reverse(action.files));
        actions.truncate(ACTIONS_MAX);
        let rule_sets = self
            .rules
            .into_iter()
            .map(|(rules, files)| RuleSet { rules: serde_json::from_str(&rules).unwrap_or_default(), files });
        PrivacyReport {
            project,
            batch,
            files: self.files,
            items: self.items.len() as u64,
            masked_files: self.masked_files,
            regions: self.regions,
            waiting,
            rule_sets: rule_sets.collect(),
            safe_harbor: self.classes.into_values().collect(),
            actions,
            note: "Counts what was found and what was done with it. It is not a determination under \
                   45 CFR 164.514(b)(1), and whoever holds the project's key can lead pseudonyms back to people."
                .to_owned(),
        }
    }
}

fn regions_in(frame: &serde_json::Value) -> u64 {
    frame["regions"].as_array().map_or(0, |regions| regions.len() as u64)
}

/// A path without the numbers of sequence items, so that the same place in many files is one line.
fn without_numbers(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => {
                inside = true;
                out.push_str("[]");
            }
            ']' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_in_many_items_is_one_line() {
        assert_eq!(without_numbers("(0040,A730)[12].(0040,A123)"), "(0040,A730)[].(0040,A123)");
        assert_eq!(without_numbers("(0010,0010)"), "(0010,0010)");
    }
}
