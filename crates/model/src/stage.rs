//! The stages of a protocol: what each does, who may do it, and how stages follow each other.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{QualificationExpr, Role, role::words};

pub(crate) mod check;

/// Most independent reads of one item.
pub const READERS_MAX: u32 = 9;

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
        /// I inspected this as one of a sample, and it passed.
        QaPassed = "qa_passed",
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
    /// What is kept from those who work at a stage, beside what independent readers never learn of each other.
    Blinding, "a blinding" {
        /// Who drew, changed or signed it, and who asked about it.
        Names = "names",
        /// What others drew: who decides between reads draws first, as one more reader would.
        EarlierReads = "earlier_reads",
    }
}

words! {
    /// How marks that agree become one.
    MergeRule, "a merge rule" {
        /// The mark of the reader whose read was locked first.
        One = "one",
        /// The mean of boxes, ellipses, cuboids, lines and points; polygons and masks by the majority of their area.
        Mean = "mean",
        /// Everything that any reader marked: boxes, polygons and masks; the mean for everything else.
        Union = "union",
        /// Only what all readers marked: boxes, polygons and masks; the mean for everything else.
        Intersection = "intersection",
        /// Polygons and masks by STAPLE (Warfield 2004), which weighs readers by how they agree; the mean for everything else.
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
    /// The same in millimetres. Where the spacing of the pixels is not known, the readers do not agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface_mm: Option<f64>,
    /// How far the lengths of two lines may be apart, millimetres; spacing as above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_mm: Option<f64>,
    /// How far the areas of two outlines or masks may be apart, square millimetres; spacing as above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_mm2: Option<f64>,
    /// Least overlap of two cuboids in space, 0 to 1.
    pub cuboid_iou: f64,
    /// Largest distance of points, joints and lines, pixels.
    pub point_px: f64,
    /// Attributes must be answered alike.
    pub attributes: bool,
    /// How far two numbers may be apart, as a share of the larger one.
    pub number_share: f64,
    /// How far two numbers may be apart in their own unit: within this they agree, whatever share it is. A count that must be the
    /// same has `number_share: 0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_apart: Option<f64>,
    /// By how many the marks of one class on one frame may differ between readers. Within it, what only some of them drew is no
    /// difference; the merge rule says whether it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_apart: Option<u32>,
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
            surface_mm: None,
            length_mm: None,
            area_mm2: None,
            cuboid_iou: 0.5,
            point_px: 5.0,
            attributes: true,
            number_share: 0.1,
            number_apart: None,
            count_apart: None,
            majority: false,
        }
    }
}

impl Agreement {
    /// Whether something is measured in millimetres.
    pub fn is_metric(&self) -> bool {
        [self.surface_mm, self.length_mm, self.area_mm2].iter().any(Option::is_some)
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
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
    /// Which qualifications they must hold beside the role, such as `radiologist & chest_ct`; absent where the role is
    /// enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub qualification: Option<QualificationExpr>,
    /// When the model's draft may be seen.
    #[serde(default = "after_own_read")]
    pub ai_visibility: AiVisibility,
    /// What is kept from those who work here until the work on the item is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blind: Vec<Blinding>,
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
    /// Fewest independent reads of an item that is given to one of several vendors and is not among those that all of them read;
    /// absent where every item is read by `readers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers_min: Option<u32>,
    /// When marks are the same finding: a `compare` stage only.
    #[serde(default, skip_serializing_if = "Agreement::is_default")]
    pub agreement: Agreement,
    /// How marks that agree become one: a `compare` stage only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeRule>,
    /// Who does a task here that nobody finished in time; where people adjudicate, also to whom they may hand on what they
    /// cannot decide. Never somebody who acted on the item.
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
    /// What was done again is looked at by somebody who did not look at it before: a `review`, `sample_qa` or `sign` stage.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh_eyes: bool,
    /// How often this stage may send an item back before an owner must decide; absent where the protocol's `rework_cap` over all
    /// stages is enough: a `review`, `sample_qa` or `sign` stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rework_cap: Option<u32>,
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
            qualification: None,
            ai_visibility: after_own_read(),
            blind: Vec::new(),
            meaning: None,
            lease_minutes: lease_minutes_default(),
            readers: 1,
            readers_max: None,
            readers_min: None,
            agreement: Agreement::default(),
            merge: None,
            escalate_to: None,
            escalate_hours: None,
            share: None,
            on_reject: ReturnTo::SamePerson,
            fresh_eyes: false,
            rework_cap: None,
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

    /// Whether this is kept from those who work here.
    pub fn hides(&self, what: Blinding) -> bool {
        self.blind.contains(&what)
    }

    /// Whether the machine does the work of this stage.
    pub const fn is_automatic(&self) -> bool {
        matches!(self.kind, StageKind::Prelabel | StageKind::Compare)
    }
}
