//! Objects in an image, by a detector's predictions: what was forgotten, what has the wrong class, what lies askew, what
//! nobody else sees. After the three questions of ObjectLab (Tkachenko, Thyagarajan and Mueller 2023), on any overlap: of
//! boxes, masks or cuboids.

use super::confident::LabelsError;

/// Below this overlap two objects are strangers.
const NEAR: f32 = 0.1;
/// From this overlap on an object lies where it was predicted.
const SAME_PLACE: f32 = 0.5;

/// An object that a detector predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// Its class.
    pub class: u16,
    /// How sure the detector is, 0..=1. Duplicates have to be suppressed.
    pub score: f32,
}

/// An image with its labels and predictions.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Classes of the labelled objects.
    pub drawn: &'a [u16],
    /// Predictions.
    pub predicted: &'a [Predicted],
    /// Overlap (IoU) of each labelled object (row) with each prediction (column), 0..=1.
    pub overlaps: &'a [f32],
}

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// A prediction that no labelled object is near: what was forgotten.
    Missing {
        /// Index of the prediction.
        predicted: usize,
    },
    /// A labelled object where another class is predicted.
    Class {
        /// Index of the labelled object.
        drawn: usize,
        /// Index of the prediction.
        predicted: usize,
    },
    /// A labelled object beside the prediction of its class.
    Place {
        /// Index of the labelled object.
        drawn: usize,
        /// Index of the prediction.
        predicted: usize,
    },
    /// A labelled object that no prediction is near: invented, or missed by the detector.
    Alone {
        /// Index of the labelled object.
        drawn: usize,
    },
}

/// A doubt about a scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suspicion {
    /// Index of the scene in a list; 0 for one alone.
    pub scene: usize,
    /// What may be wrong.
    pub doubt: Doubt,
    /// How much speaks for it, 0..=1.
    pub weight: f32,
}

impl Scene<'_> {
    /// What may be wrong in the scene, the weightiest first.
    ///
    /// # Errors
    /// [`LabelsError::Shape`] unless there is one overlap per pair; [`LabelsError::Probabilities`] names the first prediction
    /// whose score, or labelled object one of whose overlaps, is not in 0..=1.
    pub fn doubts(&self) -> Result<Vec<Suspicion>, LabelsError> {
        self.check()?;
        let columns = self.predicted.len();
        let row = |drawn: usize| &self.overlaps[drawn * columns..(drawn + 1) * columns];
        let mut found = Vec::new();
        let mut add = |doubt, weight| found.push(Suspicion { scene: 0, doubt, weight });
        for (index, predicted) in self.predicted.iter().enumerate() {
            let nearest = (0..self.drawn.len()).map(|drawn| row(drawn)[index]).fold(0.0, f32::max);
            if nearest < NEAR {
                add(Doubt::Missing { predicted: index }, predicted.score * (1.0 - nearest));
            }
        }
        for (drawn, class) in self.drawn.iter().enumerate() {
            let support = |same: bool| {
                let of = self.predicted.iter().zip(row(drawn)).enumerate();
                let near = of.filter(|(_, (p, overlap))| (p.class == *class) == same && **overlap >= NEAR);
                near.map(|(index, (p, overlap))| (index, p.score * overlap, *overlap, p.score))
                    .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            };
            let (own, other) = (support(true), support(false));
            let own_weight = own.map_or(0.0, |own| own.1);
            match (own, other) {
                (None, None) => add(Doubt::Alone { drawn }, 1.0),
                (_, Some((predicted, weight, ..))) if weight > own_weight => {
                    add(Doubt::Class { drawn, predicted }, weight * (1.0 - own_weight));
                }
                (Some((predicted, _, overlap, score)), _) if overlap < SAME_PLACE => {
                    add(Doubt::Place { drawn, predicted }, score * (1.0 - overlap));
                }
                _ => {}
            }
        }
        sort(&mut found);
        Ok(found)
    }

    fn check(&self) -> Result<(), LabelsError> {
        let (labels, classes) = (self.drawn.len(), self.predicted.len());
        if labels.checked_mul(classes) != Some(self.overlaps.len()) {
            return Err(LabelsError::Shape { labels, probabilities: self.overlaps.len(), classes });
        }
        let outside = |value: f32| !(0.0..=1.0).contains(&value);
        if let Some(item) = self.predicted.iter().position(|predicted| outside(predicted.score)) {
            return Err(LabelsError::Probabilities { item, sum: self.predicted[item].score });
        }
        if let Some(place) = self.overlaps.iter().position(|overlap| outside(*overlap)) {
            return Err(LabelsError::Probabilities { item: place / classes, sum: self.overlaps[place] });
        }
        Ok(())
    }
}

/// What was forgotten, over many scenes: predictions that no labelled object is near, the likeliest first.
///
/// # Errors
/// As [`Scene::doubts`].
pub fn forgotten(scenes: &[Scene<'_>]) -> Result<Vec<Suspicion>, LabelsError> {
    let mut found = Vec::new();
    for (index, scene) in scenes.iter().enumerate() {
        let missing = scene.doubts()?.into_iter();
        let missing = missing.filter(|suspicion| matches!(suspicion.doubt, Doubt::Missing { .. }));
        found.extend(missing.map(|suspicion| Suspicion { scene: index, ..suspicion }));
    }
    sort(&mut found);
    Ok(found)
}

/// How doubtful a whole scene is: that at least one of its doubts is right, if they were independent. An object that is
/// alone counts half, since detectors miss much.
#[must_use]
pub fn scene_weight(doubts: &[Suspicion]) -> f32 {
    let right = |suspicion: &Suspicion| match suspicion.doubt {
        Doubt::Alone { .. } => suspicion.weight / 2.0,
        _ => suspicion.weight,
    };
    1.0 - doubts.iter().map(|suspicion| 1.0 - right(suspicion)).product::<f32>()
}

fn sort(found: &mut [Suspicion]) {
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.scene, a.doubt).cmp(&(b.scene, b.doubt))));
}
