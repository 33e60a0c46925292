//! A registered model that finds faces and number plates: where it is served, what it takes, what it answers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::role::words;

/// Largest side of the picture that a model takes, pixels.
pub const MODEL_SIDE_MAX: u32 = 2_048;
/// Smallest side of it, pixels.
pub const MODEL_SIDE_MIN: u32 = 32;
/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 100;
/// Longest address, bytes: a host name of 253 and a port.
const ADDRESS_BYTES_MAX: usize = 260;

words! {
    /// What in a picture leads back to somebody.
    Telltale, "a kind of telltale" {
        /// A face, or a head in which it could be told.
        Face = "face",
        /// A number plate.
        Plate = "plate",
    }
}

words! {
    /// How the values of a picture are spelled in the model's input.
    ModelValues, "a kind of values" {
        /// `UINT8`, 0 to 255.
        Uint8 = "uint8",
        /// `FP32`, 0 to 255.
        Fp32Byte = "fp32_byte",
        /// `FP32`, 0 to 1.
        Fp32Unit = "fp32_unit",
    }
}

words! {
    /// The order of the input's axes; there is always one picture.
    ModelLayout, "a layout" {
        /// Colours, rows, columns.
        Nchw = "nchw",
        /// Rows, columns, colours.
        Nhwc = "nhwc",
    }
}

words! {
    /// What the four numbers of a box are.
    BoxForm, "a form of boxes" {
        /// Left, top, right, bottom.
        Corners = "corners",
        /// Centre across, centre down, width, height.
        Center = "center",
    }
}

words! {
    /// What the numbers of a box count.
    BoxUnit, "a unit of boxes" {
        /// Pixels of the model's input.
        Pixels = "pixels",
        /// Shares of the input's width and height.
        Share = "share",
    }
}

/// What the model takes: one RGB picture, scaled to fit and laid into the upper left corner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelInput {
    /// Name of the tensor.
    pub name: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Values.
    pub values: ModelValues,
    /// Axes.
    pub layout: ModelLayout,
}

/// What the model answers: boxes with a score and a class each, after suppression of doubles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelOutput {
    /// Name of the tensor of boxes, `[…, N, 4]`.
    pub boxes: String,
    /// Name of the tensor of scores, N values.
    pub scores: String,
    /// Name of the tensor of class numbers, N values.
    pub classes: String,
    /// Form of the boxes.
    pub form: BoxForm,
    /// Unit of the boxes.
    pub unit: BoxUnit,
    /// Class number of a face.
    pub face: i64,
    /// Class number of a plate.
    pub plate: i64,
    /// Lowest score of a face that counts.
    pub face_score: f64,
    /// Lowest score of a plate that counts.
    pub plate_score: f64,
}

/// A model that finds faces and plates, as it is registered: any change of it is another model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FaceModelConfig {
    /// `HOST:PORT` of a server that speaks the Open Inference Protocol, version 2, over HTTP.
    pub address: String,
    /// The model's name there.
    pub model: String,
    /// The model's version there. Named, so that another one cannot take its place unseen.
    pub version: String,
    /// What it takes.
    pub input: ModelInput,
    /// What it answers.
    pub output: ModelOutput,
}

/// What is wrong with a registration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct FaceModelError {
    /// Path inside the registration, such as `input.width`.
    pub place: &'static str,
    /// What is wrong there.
    pub message: String,
}

/// Whether a text is the `HOST:PORT` of a server that models are called at.
pub(crate) fn is_server_address(text: &str) -> bool {
    let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let port = parts.and_then(|(_, port)| port.parse::<u16>().ok()).filter(|port| *port > 0);
    let plain = text.len() <= ADDRESS_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-[]_".contains(&b));
    plain && port.is_some()
}

/// What [`is_path_word`] takes, in words.
pub(crate) const PATH_WORD: &str = "letters, digits, dots, dashes and underlines, at most 100";

/// Whether a text can stand in the path of a request as it is, and leads nowhere else.
pub(crate) fn is_path_word(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && plain && !text.starts_with('.')
}

impl FaceModelConfig {
    /// Checks the registration.
    ///
    /// # Errors
    /// [`FaceModelError`] naming the first place that is wrong.
    pub fn validate(&self) -> Result<(), FaceModelError> {
        let fail = |place, message: &str| Err(FaceModelError { place, message: message.to_owned() });
        if !is_server_address(&self.address) {
            return fail("address", "must be HOST:PORT");
        }
        for (place, name) in [("model", &self.model), ("version", &self.version)] {
            // They become a path of the request.
            if !is_path_word(name) {
                return fail(place, PATH_WORD);
            }
        }
        let tensors = [
            ("input.name", &self.input.name),
            ("output.boxes", &self.output.boxes),
            ("output.scores", &self.output.scores),
            ("output.classes", &self.output.classes),
        ];
        for (place, name) in tensors {
            if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
                return fail(place, "a name of at most 100 bytes");
            }
        }
        for (place, side) in [("input.width", self.input.width), ("input.height", self.input.height)] {
            if !(MODEL_SIDE_MIN..=MODEL_SIDE_MAX).contains(&side) {
                let message = format!("between {MODEL_SIDE_MIN} and {MODEL_SIDE_MAX} pixels");
                return Err(FaceModelError { place, message });
            }
        }
        if self.output.face == self.output.plate {
            return fail("output.plate", "must differ from the number of a face");
        }
        let scores =
            [("output.face_score", self.output.face_score), ("output.plate_score", self.output.plate_score)];
        for (place, score) in scores {
            // Written so that what is not a number is refused too.
            if !(score > 0.0 && score < 1.0) {
                return fail(place, "between 0 and 1, both excluded");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> FaceModelConfig {
        FaceModelConfig {
            address: "127.0.0.1:8000".into(),
            model: "street".into(),
            version: "1".into(),
            input: ModelInput {
                name: "images".into(),
                width: 640,
                height: 384,
                values: ModelValues::Fp32Unit,
                layout: ModelLayout::Nchw,
            },
            output: ModelOutput {
                boxes: "boxes".into(),
                scores: "scores".into(),
                classes: "classes".into(),
                form: BoxForm::Corners,
                unit: BoxUnit::Pixels,
                face: 0,
                plate: 1,
                face_score: 0.2,
                plate_score: 0.2,
            },
        }
    }

    #[test]
    fn the_wrong_place_is_named() {
        assert_eq!(config().validate(), Ok(()));
        type Change = fn(&mut FaceModelConfig);
        let wrong: [(&str, Change); 13] = [
            ("address", |c| c.address = "models".into()),
            ("address", |c| c.address = ":8000".into()),
            ("address", |c| c.address = "models:0".into()),
            ("address", |c| c.address = "models:99999".into()),
            ("address", |c| c.address = "models/../x:80".into()),
            ("model", |c| c.model = "a/b".into()),
            ("model", |c| c.model = "..".into()),
            ("version", |c| c.version = String::new()),
            ("input.name", |c| c.input.name = String::new()),
            ("input.height", |c| c.input.height = MODEL_SIDE_MAX + 1),
            ("output.plate", |c| c.output.plate = 0),
            ("output.face_score", |c| c.output.face_score = f64::NAN),
            ("output.plate_score", |c| c.output.plate_score = 0.0),
        ];
        for (place, change) in wrong {
            let mut config = config();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().place, place);
        }
        let mut v6 = config();
        v6.address = "[::1]:8000".into();
        assert_eq!(v6.validate(), Ok(()));
    }
}
