//! The protocol's de-identification in the terms of the engine.

use countersign_deid as deid;
use countersign_model::{DatesPolicy, DeidPlan, ItemKind, PostalCodes, ProjectId, Protocol};
use countersign_store::{Conn, KEY_BYTES, projects, protocols};

use crate::{PipelineError, Result, protocols::void::check_intact};

/// What is applied to the files of a project, ready for use.
#[derive(Clone)]
pub(super) struct Rules {
    /// The section of the protocol.
    pub plan: DeidPlan,
    /// The same as the engine takes it.
    pub profile: deid::Profile,
    /// Protocol version.
    pub version: u32,
    /// The project's key; zeros where nothing is mapped with it.
    pub key: [u8; 32],
}

impl Rules {
    /// Rules of a section under a protocol version.
    ///
    /// # Errors
    /// `bad_profile` at `deid.profile`.
    pub fn new(plan: DeidPlan, version: u32, key: [u8; 32]) -> Result<Self> {
        let profile = engine_profile(&plan)?;
        Ok(Self { plan, profile, version, key })
    }

    /// The rules in the words that outputs carry.
    pub fn words(&self, kind: ItemKind) -> String {
        if kind != ItemKind::Study {
            return "metadata removed from image containers; positions dropped".into();
        }
        let options = self.options();
        let options =
            if options.is_empty() { "no options".into() } else { format!("with {}", options.join(", ")) };
        format!("de-identified under PS3.15 edition {}, Basic Profile, {options}", self.profile.edition)
    }

    /// The options that are applied, as words.
    pub fn options(&self) -> Vec<String> {
        engine_text(&self.plan).split(',').skip(1).map(|word| word.trim().to_owned()).collect()
    }
}

/// The rules of a project's protocol: of the version in force, or of an earlier one.
pub(super) async fn rules(
    pipeline: &crate::Pipeline,
    conn: &mut Conn,
    project: ProjectId,
    version: Option<u32>,
    kind: ItemKind,
) -> Result<Rules> {
    let row = projects::by_id(conn, project).await?.ok_or(PipelineError::NotFound)?;
    let version = version.unwrap_or(row.protocol_version);
    let found = protocols::get(conn, project, &row.protocol_id, version).await?;
    let found = found.ok_or_else(|| PipelineError::Internal("a protocol version is not there".into()))?;
    check_intact(&found)?;
    let protocol: Protocol =
        serde_json::from_str(&found.document).map_err(|e| PipelineError::Internal(e.to_string()))?;
    Rules::new(protocol.deid, version, key(pipeline, project, kind)?)
}

/// The project's key, out of the vault. Only instances need it: everything else is cleaned while the vault is away.
pub(super) fn key(pipeline: &crate::Pipeline, project: ProjectId, kind: ItemKind) -> Result<[u8; KEY_BYTES]> {
    if kind != ItemKind::Study {
        return Ok([0; KEY_BYTES]);
    }
    Ok(*pipeline.store.vault().project_key(project)?)
}

/// The whole profile as one text, dates included.
fn engine_text(plan: &DeidPlan) -> String {
    let dates = match plan.dates {
        DatesPolicy::Remove => "",
        DatesPolicy::Shift => ",retain_modified_dates",
        DatesPolicy::Year => ",retain_modified_dates,year_only",
        DatesPolicy::Keep => ",retain_full_dates",
    };
    let postal = if plan.postal_codes == PostalCodes::Zip3 { ",zip3" } else { "" };
    format!("{}{dates}{postal}", plan.profile)
}

fn engine_profile(plan: &DeidPlan) -> Result<deid::Profile> {
    plan.validate().map_err(|e| PipelineError::bad("bad_profile", e.place, e.message))?;
    deid::Profile::parse(&engine_text(plan))
        .map_err(|e| PipelineError::bad("bad_profile", "deid.profile", e.to_string()))
}

#[cfg(test)]
mod tests {
    use countersign_model::DeidOption;

    use super::*;

    #[test]
    fn the_engine_knows_every_option_and_every_policy_for_dates() {
        for option in DeidOption::ALL {
            let plan = DeidPlan { profile: format!("basic,{option}"), ..DeidPlan::default() };
            assert_eq!(engine_profile(&plan).unwrap().options[0].word(), option.as_str());
        }
        for dates in DatesPolicy::ALL {
            let plan = DeidPlan { dates: *dates, ..DeidPlan::default() };
            let profile = engine_profile(&plan).unwrap();
            assert_eq!(profile.has(deid::ProfileOption::RetainFullDates), *dates == DatesPolicy::Keep);
            assert_eq!(profile.dates == deid::DatesPolicy::YearOnly, *dates == DatesPolicy::Year);
        }
        let rules = Rules::new(
            DeidPlan {
                profile: "basic,clean_descriptors".into(),
                dates: DatesPolicy::Shift,
                ..DeidPlan::default()
            },
            1,
            [0; 32],
        )
        .unwrap();
        let words = rules.words(ItemKind::Study);
        assert!(words.ends_with("Basic Profile, with clean_descriptors, retain_modified_dates"), "{words}");
    }
}
