//! The protocol: a versioned document with the ontology, the guideline and the stages.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    AiVisibility, Annotation, AnnotationError, DeidPlan, GoldPlan, Industry, ItemKind, JOINTS_MAX,
    QualificationExpr, RelationType, Shape, ShapeKind, Stage, StageKind, Stream,
    relation::type_problems,
    stage::check::{codes, stage_problems},
};

/// Most classes in one ontology.
const CLASSES_MAX: usize = 1_000;
/// Most times that an item may be sent back before an owner must decide.
pub(crate) const REWORK_CAP_MAX: u32 = 100;

/// Largest share of items whose drafts are made wrong, or are withheld.
const SUGGESTION_SHARE_MAX: f64 = 0.5;
/// Longest time after which something is overdue: 90 days, hours.
const OVERDUE_HOURS_MAX: u32 = 90 * 24;

/// A class of the ontology.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Stable id, `[a-z0-9_]+`.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// Colour as `#rrggbb`.
    pub color: String,
    /// Shapes that it may take.
    pub shapes: Vec<ShapeKind>,
    /// Attributes.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// No new annotations; old ones stay.
    #[serde(default)]
    pub retired: bool,
    /// To miss it is dangerous: misses of it are watched apart, and count as critical errors.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
    /// Joints and bones of its skeletons, where it takes the shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skeleton: Option<SkeletonTemplate>,
}

impl Class {
    /// The first field that is wrong.
    fn problem(&self) -> Option<(&'static str, &'static str)> {
        let plain = !self.id.is_empty()
            && self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let hex = self.color.len() == 7
            && self.color.starts_with('#')
            && self.color[1..].bytes().all(|b| b.is_ascii_hexdigit());
        let attributes: BTreeSet<&String> = self.attributes.iter().map(|attribute| &attribute.id).collect();
        if !plain {
            Some(("id", "use a-z, 0-9 and _ only"))
        } else if !hex {
            Some(("color", "must look like #1a2b3c"))
        } else if self.shapes.is_empty() {
            Some(("shapes", "name at least one shape"))
        } else if self.skeleton.is_some() != self.shapes.contains(&ShapeKind::Skeleton) {
            Some(("skeleton", "goes with the shape skeleton"))
        } else if attributes.len() != self.attributes.len() {
            Some(("attributes", "each attribute needs an id of its own"))
        } else {
            self.skeleton.as_ref().and_then(SkeletonTemplate::problem).map(|problem| ("skeleton", problem))
        }
    }
}

/// The joints that each skeleton of a class has, and what joins them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SkeletonTemplate {
    /// Names of the joints, in the order in which they are placed.
    pub joints: Vec<String>,
    /// Pairs of joints, counted from 0, between which a line is drawn.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<(u32, u32)>))]
    pub bones: Vec<[u32; 2]>,
}

impl SkeletonTemplate {
    fn problem(&self) -> Option<&'static str> {
        let count = self.joints.len();
        let distinct: BTreeSet<&String> = self.joints.iter().collect();
        if count == 0 || count > JOINTS_MAX {
            return Some("between 1 and 200 joints");
        }
        if distinct.len() != count || self.joints.iter().any(|name| name.trim().is_empty()) {
            return Some("each joint needs a name of its own");
        }
        let fits = |bone: &[u32; 2]| bone[0] != bone[1] && bone.iter().all(|end| (*end as usize) < count);
        if self.bones.len() > JOINTS_MAX * 2 || !self.bones.iter().all(fits) {
            return Some("each bone joins two joints that are there");
        }
        None
    }
}

/// An attribute of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Stable id.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// What it takes.
    pub kind: AttributeKind,
    /// Must be answered before submit.
    #[serde(default)]
    pub required: bool,
}

/// What an attribute takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AttributeKind {
    /// Yes or no.
    Flag,
    /// One of these.
    Choice(Vec<String>),
    /// A finite number.
    Number,
}

/// A versioned protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Stable id, such as `radiology`.
    pub id: String,
    /// Version, from 1; a change makes a new one.
    pub version: u32,
    /// Title shown to people.
    pub title: String,
    /// Industry.
    pub industry: Industry,
    /// What its items are.
    pub item_kind: ItemKind,
    /// What readers are told, Markdown.
    pub guideline: String,
    /// Classes.
    pub classes: Vec<Class>,
    /// Stages in order.
    pub stages: Vec<Stage>,
    /// How often an item may come back before the owner must decide.
    #[serde(default = "rework_cap_default")]
    pub rework_cap: u32,
    /// De-identification at the gate; absent where it is the default.
    #[serde(default, skip_serializing_if = "DeidPlan::is_default")]
    pub deid: DeidPlan,
    /// What letting its data go takes; absent where it is the default.
    #[serde(default, skip_serializing_if = "ReleasePlan::is_default")]
    pub release: ReleasePlan,
    /// When what waits for an answer is overdue; absent where nothing ever is.
    #[serde(default, skip_serializing_if = "OverduePlan::is_default")]
    pub overdue: OverduePlan,
    /// How it is measured whether people follow a model where it is wrong; absent where it is not measured.
    #[serde(default, skip_serializing_if = "SuggestionPlan::is_default")]
    pub suggestions: SuggestionPlan,
    /// Which share of what people read is an item whose right labels are known; absent where none is.
    #[serde(default, skip_serializing_if = "GoldPlan::is_default")]
    pub gold: GoldPlan,
    /// Readers may answer that an item or a frame cannot be assessed; absent: they may.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub cannot_assess: bool,
    /// Types of relations between objects; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<RelationType>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_yes(allowed: &bool) -> bool {
    *allowed
}

/// Which shares of the items with a model's draft serve to measure whether people follow it where it is wrong. Drawn by the server
/// under a seed that it keeps to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SuggestionPlan {
    /// Share of items in whose draft one label is made wrong, 0 to 0.5.
    pub planted_share: f64,
    /// Share of items whose draft is shown to nobody, 0 to 0.5.
    pub control_share: f64,
}

impl SuggestionPlan {
    /// Whether nothing is measured.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn problems(&self, stages: &[Stage]) -> Vec<ProtocolError> {
        if self.is_default() {
            return Vec::new();
        }
        let shares = [("planted_share", self.planted_share), ("control_share", self.control_share)];
        let wrong = shares.into_iter().filter(|(_, share)| !(0.0..=SUGGESTION_SHARE_MAX).contains(share));
        let mut problems: Vec<_> = wrong
            .map(|(field, _)| ProtocolError::new(format!("suggestions.{field}"), "between 0 and 0.5"))
            .collect();
        let shows = |stage: &Stage| !stage.is_automatic() && stage.ai_visibility != AiVisibility::Never;
        let drafts = stages.iter().any(|stage| stage.kind == StageKind::Prelabel);
        if !(drafts && stages.iter().any(shows)) {
            let message = "no stage shows people a model's draft: there is nothing to measure";
            problems.push(ProtocolError::new("suggestions".into(), message));
        }
        problems
    }
}

/// After how many hours what waits for somebody's answer is overdue: those who may answer are told on their start page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OverduePlan {
    /// A finding that nobody resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding_hours: Option<u32>,
    /// An appeal that nobody decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appeal_hours: Option<u32>,
    /// An alarm that nobody decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm_hours: Option<u32>,
    /// An item that came back too often and waits for an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_hours: Option<u32>,
}

impl OverduePlan {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn problems(&self) -> impl Iterator<Item = ProtocolError> + use<> {
        let limits = [
            ("finding_hours", self.finding_hours),
            ("appeal_hours", self.appeal_hours),
            ("alarm_hours", self.alarm_hours),
            ("decision_hours", self.decision_hours),
        ];
        let wrong = |hours: Option<u32>| hours.is_some_and(|hours| hours == 0 || hours > OVERDUE_HOURS_MAX);
        limits.into_iter().filter(move |(_, hours)| wrong(*hours)).map(|(field, _)| {
            ProtocolError::new(format!("overdue.{field}"), format!("between 1 and {OVERDUE_HOURS_MAX}"))
        })
    }
}

/// What letting the data of a project go takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleasePlan {
    /// Two people, neither of whom is an author of what is in it; absent: so in healthcare, not elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub four_eyes: Option<bool>,
    /// Which qualifications whoever signs a release must hold beside the role, such as `release_manager | qa_lead`; absent where
    /// the role is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub qualification: Option<QualificationExpr>,
}

impl ReleasePlan {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

const fn rework_cap_default() -> u32 {
    3
}

/// What is wrong with a protocol, naming the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol {place}: {message}")]
pub struct ProtocolError {
    /// Path inside the document, such as `stages[2].role`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
    /// Stable code: `unreachable_stage`, `impossible_quorum`, `cycle_without_cap`, `impossible_qualification`, else
    /// `bad_value`.
    pub code: &'static str,
}

impl ProtocolError {
    /// A value that cannot be worked with.
    pub(crate) fn new(place: String, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), code: "bad_value" }
    }
}

impl Protocol {
    /// Ids of the classes that are dangerous to miss.
    #[must_use]
    pub fn critical(&self) -> Vec<String> {
        self.classes.iter().filter(|class| class.critical).map(|class| class.id.clone()).collect()
    }

    /// The class with this id, retired or not.
    pub fn class(&self, id: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == id)
    }

    /// A release takes two people, neither of whom is an author of what is in it.
    pub fn releases_by_two(&self) -> bool {
        self.release.four_eyes.unwrap_or(self.industry == Industry::Healthcare)
    }

    /// Checks that the document can be worked under.
    ///
    /// # Errors
    /// [`ProtocolError`] naming the first place that is wrong.
    pub fn validate(&self) -> Result<(), ProtocolError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that keeps the document from being worked under, in its order.
    pub fn problems(&self) -> Vec<ProtocolError> {
        let mut problems = Vec::new();
        if self.classes.is_empty() || self.classes.len() > CLASSES_MAX {
            problems.push(ProtocolError::new("classes".into(), "between 1 and 1000 classes"));
        }
        let mut seen = BTreeSet::new();
        for (index, class) in self.classes.iter().take(CLASSES_MAX).enumerate() {
            if !seen.insert(class.id.as_str()) {
                problems.push(ProtocolError::new(format!("classes[{index}].id"), "is used twice"));
            }
            problems.extend(
                class
                    .problem()
                    .map(|(field, message)| ProtocolError::new(format!("classes[{index}].{field}"), message)),
            );
        }
        problems.extend(type_problems(&self.relations, &self.classes));
        problems.extend(stage_problems(&self.stages));
        // Pixels of camera pictures have no size in space, however the file was made.
        if self.item_kind != ItemKind::Study {
            let metric = self.stages.iter().enumerate().filter(|(_, stage)| stage.agreement.is_metric());
            problems.extend(metric.flat_map(|(index, stage)| {
                let rule = &stage.agreement;
                let fields = [
                    ("surface_mm", rule.surface_mm),
                    ("length_mm", rule.length_mm),
                    ("area_mm2", rule.area_mm2),
                ];
                fields.into_iter().filter(|(_, limit)| limit.is_some()).map(move |(field, _)| {
                    let place = format!("stages[{index}].agreement.{field}");
                    ProtocolError::new(place, "the pixels of such items have no size in millimetres")
                })
            }));
        }
        if self.rework_cap > REWORK_CAP_MAX {
            let error = ProtocolError::new("rework_cap".into(), format!("at most {REWORK_CAP_MAX}"));
            problems.push(ProtocolError { code: codes::CYCLE_WITHOUT_CAP, ..error });
        }
        problems.extend(self.deid.validate().err());
        problems.extend(self.overdue.problems());
        problems.extend(self.suggestions.problems(&self.stages));
        problems.extend(self.gold.problems(&self.stages));
        problems
    }

    /// Checks one annotation against the ontology and the item's frames.
    ///
    /// # Errors
    /// [`AnnotationError`] naming the coordinate, class, frame or attribute that is wrong.
    pub fn check(&self, annotation: &Annotation, streams: &[Stream]) -> Result<(), AnnotationError> {
        annotation.shape.validate()?;
        if annotation.is_answer() {
            return if self.cannot_assess {
                annotation.check_answer(streams)
            } else {
                Err(AnnotationError::AnswerNotAllowed)
            };
        }
        if let Some(unclear) = &annotation.unclear {
            unclear.check()?;
        }
        let class = self
            .class(&annotation.class)
            .filter(|class| !class.retired)
            .ok_or_else(|| AnnotationError::UnknownClass { class: annotation.class.clone() })?;
        let kind = annotation.shape.kind();
        if !class.shapes.contains(&kind) {
            return Err(AnnotationError::ShapeNotAllowed { class: class.id.clone(), shape: kind });
        }
        if let (Shape::Skeleton { joints }, Some(template)) = (&annotation.shape, &class.skeleton)
            && joints.len() != template.joints.len()
        {
            let (found, expected) = (joints.len(), template.joints.len());
            return Err(AnnotationError::JointsMismatch { found, expected });
        }
        let on = match annotation.frame {
            Some(frame) => Some(
                streams
                    .get(frame.stream as usize)
                    .filter(|stream| (frame.index as usize) < stream.frames.len())
                    .ok_or(AnnotationError::NoSuchFrame { stream: frame.stream, index: frame.index })?,
            ),
            // Where a release puts it.
            None => streams.iter().find(|stream| stream.is_drawable()),
        };
        if let Some((width, height)) = on.and_then(Stream::size_px) {
            annotation.shape.within(width, height)?;
        }
        for (id, value) in &annotation.attributes {
            check_attribute(class, id, value)?;
        }
        Ok(())
    }
}

fn check_attribute(class: &Class, id: &str, value: &serde_json::Value) -> Result<(), AnnotationError> {
    let bad = |message: &str| AnnotationError::BadAttribute {
        attribute: id.to_owned(),
        message: message.to_owned(),
    };
    let attribute =
        class.attributes.iter().find(|a| a.id == id).ok_or_else(|| bad("the class has no such attribute"))?;
    let fits = match &attribute.kind {
        AttributeKind::Flag => value.is_boolean(),
        AttributeKind::Choice(choices) => {
            value.as_str().is_some_and(|text| choices.iter().any(|c| c == text))
        }
        AttributeKind::Number => value.as_f64().is_some_and(f64::is_finite),
    };
    if fits { Ok(()) } else { Err(bad("the value does not fit the attribute")) }
}
