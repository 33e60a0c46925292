//! What a person did to each label of a model's draft.

use std::collections::BTreeMap;

use countersign_model::{Annotation, AnnotationId};
use serde::{Deserialize, Serialize};

use crate::compare::overlap;

/// Distance at which two points count as half overlapping, pixels.
const POINT_PX: f64 = 5.0;

/// What became of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delta {
    /// As the model drew it.
    Unchanged,
    /// The same class on another place, or in another outline.
    Moved,
    /// Another class, wherever it lies now.
    Reclassed,
    /// The same class and place; another answer to an attribute, another arrangement, or another doubt.
    Answered,
    /// The model drew it, the person took it out.
    Deleted,
    /// The person drew it.
    Added,
}

/// What became of one label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelDelta {
    /// The label, through all its versions.
    pub annotation: AnnotationId,
    /// What became of it.
    pub delta: Delta,
    /// Overlap of the draft's mark with the person's, 0 to 1 (intersection over union of areas and cuboids); absent where only one
    /// of them is there.
    pub overlap: Option<f64>,
}

/// Sets a person's labels against a model's draft: labels are the same when they have one id, which a label keeps when it is
/// copied. In order of id; every label of either is named once.
pub fn deltas(draft: &[Annotation], read: &[Annotation]) -> Vec<LabelDelta> {
    let by_id = |marks: &'_ [Annotation]| -> BTreeMap<AnnotationId, usize> {
        marks.iter().enumerate().map(|(index, mark)| (mark.id, index)).collect()
    };
    let (drafted, kept) = (by_id(draft), by_id(read));
    let mut out = Vec::with_capacity(draft.len().max(read.len()));
    for (id, index) in &drafted {
        out.push(match kept.get(id) {
            Some(now) => set_against(&draft[*index], &read[*now]),
            None => LabelDelta { annotation: *id, delta: Delta::Deleted, overlap: None },
        });
    }
    let added = kept.keys().filter(|id| !drafted.contains_key(id));
    out.extend(added.map(|id| LabelDelta { annotation: *id, delta: Delta::Added, overlap: None }));
    out.sort_by_key(|label| label.annotation);
    out
}

fn set_against(was: &Annotation, is: &Annotation) -> LabelDelta {
    let here = was.frame == is.frame;
    let delta = if was.class != is.class {
        Delta::Reclassed
    } else if !here || was.shape != is.shape {
        Delta::Moved
    } else if was.attributes != is.attributes
        || was.arrangement != is.arrangement
        || was.unclear != is.unclear
    {
        Delta::Answered
    } else {
        Delta::Unchanged
    };
    // The class says nothing about the place.
    let placed = Annotation { class: was.class.clone(), ..is.clone() };
    let overlap = if here { overlap(was, &placed, POINT_PX) } else { 0.0 };
    LabelDelta { annotation: was.id, delta, overlap: Some(overlap) }
}
