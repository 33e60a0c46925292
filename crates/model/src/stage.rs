//! The stages of a protocol: what each does, who may do it, and how stages follow each other.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{ProtocolError, Role, role::words};

/// Most stages in one protocol.
const STAGES_MAX: usize = 16;
/// Most independent reads of one item.
pub const READERS_MAX: u32 = 9;
/// Longest time before a task that nobody finished is escalated: 90 days, hours.
const ESCALATE_HOURS_MAX: u32 = 90 * 24;

words! {
    /// What a stage does.
    StageKind, "a stage kind" {
        /// A model drafts.
        Prelabel = "prelabel",
        /// A person draws or corrects; several people do so independently where the stage says so.
        Read = "read",
        /// The machine compares independent reads and merges what agrees.
        Compare = "compare",
        /// A person decides between reads that disagree.
        Adjudicate = "adjudicate",
        /// Another person answers two questions: is each mark right, is anything missing?
        Review = "review",
        /// A review of a share of the items, drawn with a recorded seed.
        SampleQa = "sample_qa",
        /// A later tier countersigns.
        Sign = "sign",
    }
}

words! {
    /// When a reader may see the model's draft.
    AiVisibility, "a visibility" {
        /// Never at this stage.
        Never = "never",
        /// After the reader's own read is locked (and, where several read independently, all of them are).
        AfterOwnRead = "after_own_read",
        /// When the reader asks.
        OnRequest = "on_request",
        /// From the start: the read begins as a copy of the draft.
        Always = "always",
    }
}

words! {
    /// What a signature says.
    SignatureMeaning, "a signature meaning" {
        /// I drew this.
        Authored = "authored",
        /// I reviewed this.
        Reviewed = "reviewed",
        /// I decided between reads.
        Adjudicated = "adjudicated",
        /// I approve this.
        Approved = "approved",
        /// I release this.
        Released = "released",
        /// I reject this.
        Rejected = "rejected",
    }
}

words! {
    /// To whom a rejected read goes.
    ReturnTo, "a return" {
        /// To the person whose read it was.
        SamePerson = "same_person",
        /// To somebody who has not read the item, who begins afresh.
        AnotherPerson = "another_person",
        /// The one who rejects says which of the two.
        Choose = "choose",
    }
}

words! {
    /// How marks that agree become one.
    MergeRule, "a merge rule" {
        /// The mark of the reader whose read was locked first.
        One = "one",
        /// The mean of boxes and cuboids; polygons by the majority of their area.
        Mean = "mean",
        /// Everything that any reader marked.
        Union = "union",
        /// Only what all readers marked.
        Intersection = "intersection",
        /// Polygons by STAPLE (Warfield 2004), which weighs readers by how they agree; the mean for boxes and cuboids.
        Staple = "staple",
    }
}

/// When two marks are the same finding. A mark that only one reader drew is always a difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Agreement {
    /// Least overlap (intersection over union) of two boxes, 0 to 1.
    pub box_iou: f64,
    /// Least Dice coefficient of two outlines or masks, 0 to 1.
    pub dice: f64,
    /// Largest 95th percentile of the distance between two outlines, pixels; absent where Dice alone decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface_px: Option<f64>,
    /// Least overlap of two cuboids in space, 0 to 1.
    pub cuboid_iou: f64,
    /// Largest distance of points, joints and lines, pixels.
    pub point_px: f64,
    /// Attributes must be answered alike.
    pub attributes: bool,
    /// How far two numbers may be apart, as a share of the larger one.
    pub number_share: f64,
    /// More than half of the readers decide what is there and what is not. Without it a finding that one of them alone
    /// saw is a difference, however many did not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub majority: bool,
}

impl Default for Agreement {
    fn default() -> Self {
        Self {
            box_iou: 0.5,
            dice: 0.8,
            surface_px: None,
            cuboid_iou: 0.5,
            point_px: 5.0,
            attributes: true,
            number_share: 0.1,
            majority: false,
        }
    }
}

impl Agreement {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn validate(&self, place: &str) -> Result<(), ProtocolError> {
        let shares = [
            ("box_iou", self.box_iou),
            ("dice", self.dice),
            ("cuboid_iou", self.cuboid_iou),
            ("number_share", self.number_share),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return fail(format!("{place}.{name}"), "between 0 and 1");
            }
        }
        if !(self.point_px.is_finite() && self.point_px > 0.0) {
            return fail(format!("{place}.point_px"), "greater than zero");
        }
        match self.surface_px {
            Some(px) if !(px.is_finite() && px > 0.0) => {
                fail(format!("{place}.surface_px"), "greater than zero")
            }
            _ => Ok(()),
        }
    }
}

/// One stage, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Stable id, such as `read`.
    pub id: String,
    /// Title shown to people.
    pub title: String,
    /// What it does.
    pub kind: StageKind,
    /// Who may take its tasks; absent for `prelabel` and `compare`.
    #[serde(default)]
    pub role: Option<Role>,
    /// When the model's draft may be seen.
    #[serde(default = "after_own_read")]
    pub ai_visibility: AiVisibility,
    /// What its signature says.
    #[serde(default)]
    pub meaning: Option<SignatureMeaning>,
    /// How long a claim lasts, minutes.
    #[serde(default = "lease_minutes_default")]
    pub lease_minutes: u32,
    /// Independent reads, blind to each other: a `read` stage only.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub readers: u32,
    /// Most independent reads where more are asked for one by one until they agree; absent where `readers` is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers_max: Option<u32>,
    /// When marks are the same finding: a `compare` stage only.
    #[serde(default, skip_serializing_if = "Agreement::is_default")]
    pub agreement: Agreement,
    /// How marks that agree become one: a `compare` stage only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeRule>,
    /// To whom the adjudicator may hand on what they cannot decide: an `adjudicate` stage only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<Role>,
    /// The task is handed on by itself when nobody has finished it after this many hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_hours: Option<u32>,
    /// Share of items that are looked at, above 0 and at most 1: a `sample_qa` stage only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// To whom a rejected read goes: a `review`, `sample_qa` or `sign` stage.
    #[serde(default = "same_person", skip_serializing_if = "is_same_person")]
    pub on_reject: ReturnTo,
}

const fn after_own_read() -> AiVisibility {
    AiVisibility::AfterOwnRead
}

const fn lease_minutes_default() -> u32 {
    30
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_one(readers: &u32) -> bool {
    *readers == 1
}

const fn same_person() -> ReturnTo {
    ReturnTo::SamePerson
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_same_person(to: &ReturnTo) -> bool {
    *to == ReturnTo::SamePerson
}

impl Stage {
    /// A stage with nothing but its kind and who may take it; everything else as a document leaves it out.
    pub fn plain(id: &str, kind: StageKind, role: Option<Role>) -> Self {
        Self {
            id: id.to_owned(),
            title: id.to_owned(),
            kind,
            role,
            ai_visibility: after_own_read(),
            meaning: None,
            lease_minutes: lease_minutes_default(),
            readers: 1,
            readers_max: None,
            agreement: Agreement::default(),
            merge: None,
            escalate_to: None,
            escalate_hours: None,
            share: None,
            on_reject: ReturnTo::SamePerson,
        }
    }

    /// Several people read the item here, and none may learn of another before all are done.
    pub const fn is_parallel(&self) -> bool {
        self.readers > 1
    }

    /// Most reads that may be asked for.
    pub fn readers_limit(&self) -> u32 {
        self.readers_max.unwrap_or(self.readers).max(self.readers)
    }

    /// Whether somebody answers the two questions of a review here.
    pub const fn reviews(&self) -> bool {
        matches!(self.kind, StageKind::Review | StageKind::SampleQa)
    }

    /// Whether the machine does the work of this stage.
    pub const fn is_automatic(&self) -> bool {
        matches!(self.kind, StageKind::Prelabel | StageKind::Compare)
    }
}

fn fail<T>(place: String, message: &str) -> Result<T, ProtocolError> {
    Err(ProtocolError { place, message: message.to_owned() })
}

/// Checks the stages one by one and how they follow each other.
pub(crate) fn validate_stages(stages: &[Stage]) -> Result<(), ProtocolError> {
    if stages.is_empty() || stages.len() > STAGES_MAX {
        return fail("stages".into(), "between 1 and 16 stages");
    }
    let mut seen = BTreeSet::new();
    for (index, stage) in stages.iter().enumerate() {
        if stage.id.is_empty() {
            return fail(format!("stages[{index}].id"), "is empty");
        }
        if !seen.insert(stage.id.as_str()) {
            return fail(format!("stages[{index}].id"), "is used twice");
        }
        if stage.is_automatic() {
            if stage.role.is_some() {
                return fail(format!("stages[{index}].role"), "the machine does this stage: name no role");
            }
        } else if stage.role.is_none() {
            return fail(format!("stages[{index}].role"), "is missing");
        }
        if stage.lease_minutes == 0 || stage.lease_minutes > 24 * 60 {
            return fail(format!("stages[{index}].lease_minutes"), "between 1 and 1440");
        }
        validate_order(stages, index)?;
        validate_extras(stage, index)?;
    }
    if stages.iter().any(|stage| stage.kind == StageKind::Read) {
        Ok(())
    } else {
        fail("stages".into(), "at least one read stage")
    }
}

fn validate_order(stages: &[Stage], index: usize) -> Result<(), ProtocolError> {
    let stage = &stages[index];
    let before = index.checked_sub(1).map(|before| &stages[before]);
    let after = stages.get(index + 1);
    let read_before = stages[..index].iter().any(|stage| stage.kind == StageKind::Read);
    let kind = |text: &str| fail(format!("stages[{index}].kind"), text);
    match stage.kind {
        StageKind::Prelabel if index > 0 => kind("prelabel can only come first"),
        StageKind::Read if read_before => kind("one read stage per protocol"),
        StageKind::Read if stage.is_parallel() && after.is_none_or(|s| s.kind != StageKind::Compare) => {
            fail(format!("stages[{index}].readers"), "several reads need a compare stage right after them")
        }
        StageKind::Compare
            if before.is_some_and(|read| read.readers_max.is_some()) && !stage.agreement.majority =>
        {
            fail(
                format!("stages[{index}].agreement.majority"),
                "readers who are asked one by one settle nothing unless the majority decides",
            )
        }
        StageKind::Compare if !before.is_some_and(Stage::is_parallel) => {
            kind("compare comes right after a read stage with two readers or more")
        }
        StageKind::Compare if after.is_none_or(|s| s.kind != StageKind::Adjudicate) => {
            kind("nobody would decide where reads differ: an adjudicate stage must come next")
        }
        StageKind::Adjudicate if before.is_none_or(|s| s.kind != StageKind::Compare) => {
            kind("cannot be reached: adjudicate comes right after compare")
        }
        StageKind::Review | StageKind::SampleQa | StageKind::Sign if !read_before => {
            kind("needs a read stage before it")
        }
        _ => Ok(()),
    }
}

fn validate_extras(stage: &Stage, index: usize) -> Result<(), ProtocolError> {
    let at = |field: &str| format!("stages[{index}].{field}");
    if stage.readers == 0 || stage.readers > READERS_MAX {
        return fail(at("readers"), "between 1 and 9 readers");
    }
    if stage.readers > 1 && stage.kind != StageKind::Read {
        return fail(at("readers"), "only a read stage has readers");
    }
    if let Some(most) = stage.readers_max {
        if !stage.is_parallel() {
            return fail(at("readers_max"), "begin with two readers or more");
        }
        if most <= stage.readers || most > READERS_MAX {
            return fail(at("readers_max"), "more than readers, and at most 9");
        }
    }
    if stage.kind != StageKind::Compare && (stage.merge.is_some() || !stage.agreement.is_default()) {
        return fail(at("merge"), "agreement and merge belong to a compare stage");
    }
    stage.agreement.validate(&at("agreement"))?;
    match (stage.kind, stage.escalate_to) {
        (StageKind::Adjudicate, Some(to)) if Some(to) == stage.role => {
            return fail(at("escalate_to"), "must be another role than the stage's own");
        }
        (StageKind::Adjudicate, _) | (_, None) => {}
        _ => return fail(at("escalate_to"), "only an adjudicate stage hands on"),
    }
    if let Some(hours) = stage.escalate_hours {
        if stage.escalate_to.is_none() {
            return fail(at("escalate_hours"), "say to whom with escalate_to");
        }
        if hours == 0 || hours > ESCALATE_HOURS_MAX {
            return fail(at("escalate_hours"), "between 1 and 2160");
        }
    }
    match (stage.kind, stage.share) {
        (StageKind::SampleQa, Some(share)) if share > 0.0 && share <= 1.0 => {}
        (StageKind::SampleQa, _) => return fail(at("share"), "the share of items, above 0 and at most 1"),
        (_, Some(_)) => return fail(at("share"), "only a sample_qa stage takes a share"),
        (_, None) => {}
    }
    let rejects = stage.reviews() || stage.kind == StageKind::Sign;
    if stage.on_reject != ReturnTo::SamePerson && !rejects {
        return fail(at("on_reject"), "nothing is rejected at this stage");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double() -> Vec<Stage> {
        let read = Stage { readers: 2, ..Stage::plain("read", StageKind::Read, Some(Role::Annotator)) };
        vec![
            read,
            Stage::plain("compare", StageKind::Compare, None),
            Stage {
                escalate_to: Some(Role::Specialist),
                ..Stage::plain("adjudicate", StageKind::Adjudicate, Some(Role::Reviewer))
            },
            Stage::plain("sign", StageKind::Sign, Some(Role::Specialist)),
        ]
    }

    fn place(stages: &[Stage]) -> String {
        validate_stages(stages).unwrap_err().place
    }

    #[test]
    fn a_double_read_with_adjudication_is_a_protocol() {
        assert_eq!(validate_stages(&double()), Ok(()));
    }

    #[test]
    fn what_cannot_be_reached_or_never_ends_is_named() {
        let mut lone = double();
        lone.remove(1);
        assert_eq!(place(&lone), "stages[0].readers");
        let mut undecided = double();
        undecided.remove(2);
        assert_eq!(place(&undecided), "stages[1].kind");
        let mut single = double();
        single[0].readers = 1;
        assert_eq!(place(&single), "stages[1].kind");
        let mut unreachable = double();
        unreachable.swap(2, 3);
        assert_eq!(place(&unreachable), "stages[1].kind");
        let mut impossible = double();
        impossible[0].readers_max = Some(2);
        assert_eq!(place(&impossible), "stages[0].readers_max");
        impossible[0].readers_max = Some(40);
        assert_eq!(place(&impossible), "stages[0].readers_max");
        let mut zero = double();
        zero[0].readers = 0;
        assert_eq!(place(&zero), "stages[0].readers");
        let mut endless = double();
        endless[0].readers_max = Some(5);
        assert_eq!(place(&endless), "stages[1].agreement.majority");
        endless[1].agreement.majority = true;
        assert_eq!(validate_stages(&endless), Ok(()));
        let mut nobody = double();
        nobody[2].role = None;
        assert_eq!(place(&nobody), "stages[2].role");
        let mut circle = double();
        circle[2].escalate_to = Some(Role::Reviewer);
        assert_eq!(place(&circle), "stages[2].escalate_to");
    }

    #[test]
    fn numbers_have_bounds() {
        let mut stages = double();
        stages[1].agreement.box_iou = f64::NAN;
        assert_eq!(place(&stages), "stages[1].agreement.box_iou");
        stages[1].agreement = Agreement { surface_px: Some(0.0), ..Agreement::default() };
        assert_eq!(place(&stages), "stages[1].agreement.surface_px");
        let mut stages = double();
        stages.push(Stage::plain("qa", StageKind::SampleQa, Some(Role::QualityEngineer)));
        assert_eq!(place(&stages), "stages[4].share");
        stages[4].share = Some(0.1);
        assert_eq!(validate_stages(&stages), Ok(()));
        stages[3].share = Some(0.1);
        assert_eq!(place(&stages), "stages[3].share");
    }
}
