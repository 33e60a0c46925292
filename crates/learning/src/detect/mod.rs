//! Finding faces and number plates: what a detector is, and how a picture and its answer are spelled in the Open
//! Inference Protocol, version 2 (JSON tensors).
//!
//! No weights are shipped and nothing is sent from here: whoever has a model serves it, whoever may send pixels does.

mod answer;
mod request;

use std::{future::Future, sync::Arc};

use countersign_model::{MaskRect, Telltale};

pub use self::{
    answer::{AnswerError, read},
    request::{infer_path, ready_path, request},
};

/// A decoded picture: rows from the top, RGB interleaved, 8 bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Arc<[u8]>,
}

impl Picture {
    /// A picture; `None` where the values are not `width * height * 3` or a side is 0.
    #[must_use]
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<Self> {
        let values = (width as usize).checked_mul(height as usize)?.checked_mul(3)?;
        (values > 0 && rgb.len() == values).then(|| Self { width, height, rgb: rgb.into() })
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

/// Something found in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// What.
    pub kind: Telltale,
    /// Where, in pixels of the picture, within it.
    pub rect: MaskRect,
    /// How sure the model is.
    pub score: f64,
}

/// Finds faces and plates in a picture. One that cannot look says so: an empty list means that it looked and saw none.
pub trait Detector: Send + Sync {
    /// Why it could not look.
    type Fault: Send;

    /// Looks at one picture.
    fn detect(&self, picture: &Picture) -> impl Future<Output = Result<Vec<Found>, Self::Fault>> + Send;
}

/// How much a picture is made smaller or larger to fit the model's input; the rest of the input stays grey at the right
/// and at the bottom.
fn scale(picture: &Picture, width: u32, height: u32) -> f64 {
    let across = f64::from(width) / f64::from(picture.width);
    let down = f64::from(height) / f64::from(picture.height);
    across.min(down)
}

#[cfg(test)]
mod tests {
    use countersign_model::{
        BoxForm, BoxUnit, FaceModelConfig, ModelInput, ModelLayout, ModelOutput, ModelValues,
    };

    use super::*;

    /// A model that takes 64 by 32 pixels.
    pub(super) fn config(values: ModelValues, layout: ModelLayout) -> FaceModelConfig {
        FaceModelConfig {
            address: "127.0.0.1:8000".into(),
            model: "street".into(),
            version: "3".into(),
            input: ModelInput { name: "images".into(), width: 64, height: 32, values, layout },
            output: ModelOutput {
                boxes: "boxes".into(),
                scores: "scores".into(),
                classes: "classes".into(),
                form: BoxForm::Corners,
                unit: BoxUnit::Pixels,
                face: 0,
                plate: 1,
                face_score: 0.3,
                plate_score: 0.5,
            },
        }
    }

    #[test]
    fn a_picture_has_all_its_values_or_is_none() {
        assert!(Picture::new(2, 1, vec![0; 6]).is_some());
        assert!(Picture::new(2, 1, vec![0; 5]).is_none());
        assert!(Picture::new(0, 1, vec![]).is_none());
        assert!(Picture::new(u32::MAX, u32::MAX, vec![0; 6]).is_none());
    }
}
