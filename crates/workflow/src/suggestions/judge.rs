//! Judging: whether what was made wrong is still wrong in what somebody handed in.

use countersign_model::{Agreement, Annotation};

use super::{Plant, PlantKind};
use crate::compare::{overlap, same_place};

/// Whether the wrong suggestion is still in these marks, by place and class, whatever their ids; or as the mark that was made wrong,
/// drawn a little otherwise and no better:
///
/// - `class_swapped`: a mark in its place bears the wrong class;
/// - `moved`: a mark of any class lies where it was moved to, and nearer to there than to where the model drew it;
/// - `removed`: no mark of any class lies where the model drew it;
/// - `invented`: a mark of any class lies where it was invented.
pub fn survives(plant: &Plant, marks: &[Annotation], rule: &Agreement) -> bool {
    let alike = |a: &Annotation, b: &Annotation| same_place(a, b, rule);
    let own = marks.iter().find(|mark| mark.id == plant.annotation);
    if own.is_some_and(|mark| is_no_better(plant, mark, &alike)) {
        return true;
    }
    match (plant.kind, &plant.genuine, &plant.planted) {
        (PlantKind::ClassSwapped, _, Some(planted)) => {
            marks.iter().any(|mark| mark.class == planted.class && alike(mark, planted))
        }
        (PlantKind::Moved, Some(genuine), Some(planted)) => marks.iter().any(|mark| {
            let nearer = || overlap(mark, planted, rule.point_px) > overlap(mark, genuine, rule.point_px);
            alike(mark, planted) && nearer()
        }),
        (PlantKind::Removed, Some(genuine), _) => !marks.iter().any(|mark| alike(mark, genuine)),
        (PlantKind::Invented, _, Some(planted)) => marks.iter().any(|mark| alike(mark, planted)),
        // No plant is kept without what it is judged by.
        _ => false,
    }
}

/// Whether the mark that was made wrong, whatever became of its shape, is wrong as it was.
fn is_no_better(plant: &Plant, mark: &Annotation, alike: &impl Fn(&Annotation, &Annotation) -> bool) -> bool {
    match (plant.kind, &plant.genuine, &plant.planted) {
        (PlantKind::ClassSwapped, _, Some(planted)) => mark.class == planted.class,
        (PlantKind::Moved, Some(genuine), _) => !alike(mark, genuine),
        (PlantKind::Invented, ..) => true,
        _ => false,
    }
}
