//! Segmenting by clicks: how a picture with its points, and the mask that a model answers, are spelled in JSON.
//!
//! No weights are shipped and nothing is sent from here: whoever has a model serves it, whoever may send pixels does.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_geometry::{GeometryError, ImageSize, Rle};
use serde::{Deserialize, Serialize};

/// Room in an answer beside the mask, bytes: scores and the like, which are not read.
const BESIDE_BYTES: usize = 64 * 1024;

/// Why an answer is not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It is not JSON, or has no mask.
    #[error("the answer is not JSON with a mask: {message}")]
    NotReadable {
        /// What the parser says.
        message: String,
    },
    /// Another version answered.
    #[error("another version of the model answered")]
    OtherVersion,
    /// The mask is not base64.
    #[error("the mask is not base64")]
    NotBase64,
    /// The mask has another size than the picture.
    #[error("the mask has {found} bytes, the picture needs {expected}")]
    WrongSize {
        /// Bytes of the answer's mask.
        found: usize,
        /// Bytes that a mask of the picture has.
        expected: usize,
    },
    /// The picture is larger than a mask can be.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}

/// What a model is asked: a picture and what was clicked in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question<'a> {
    /// Name of the model.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Columns of the picture.
    pub width: u32,
    /// Rows of the picture.
    pub height: u32,
    /// The picture as PNG, in base64.
    pub png: String,
    /// `[x, y]` in the object, pixels.
    pub positive: &'a [[f64; 2]],
    /// `[x, y]` beside it, pixels.
    pub negative: &'a [[f64; 2]],
}

impl Question<'_> {
    /// The body of the request.
    ///
    /// # Errors
    /// When it cannot be spelled, which no picture and no points lead to.
    pub fn body(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

/// A picture as it is sent: its PNG in base64.
#[must_use]
pub fn spelled(png: &[u8]) -> String {
    STANDARD.encode(png)
}

/// Bytes of the mask of a picture: one bit for each pixel.
#[must_use]
pub fn mask_bytes(width: u32, height: u32) -> usize {
    (width as usize).saturating_mul(height as usize).div_ceil(8)
}

/// Largest answer that is read, bytes.
#[must_use]
pub fn answer_bytes_max(width: u32, height: u32) -> usize {
    mask_bytes(width, height).div_ceil(3).saturating_mul(4).saturating_add(BESIDE_BYTES)
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    mask: Cow<'a, str>,
    #[serde(borrow, default)]
    version: Option<Cow<'a, str>>,
}

/// Reads the mask of an answer: row by row, one bit for each pixel, the first pixel in the highest bit, rows without a gap
/// between them, in base64. What else the answer says is not read.
///
/// # Errors
/// [`AnswerError`]. A wrong answer is no answer: no part of it is taken.
pub fn read(version: &str, width: u32, height: u32, body: &[u8]) -> Result<Rle, AnswerError> {
    let answer: Answer<'_> = serde_json::from_slice(body)
        .map_err(|error| AnswerError::NotReadable { message: error.to_string() })?;
    if answer.version.is_some_and(|said| said != version) {
        return Err(AnswerError::OtherVersion);
    }
    let bits = STANDARD.decode(answer.mask.as_bytes()).map_err(|_| AnswerError::NotBase64)?;
    let expected = mask_bytes(width, height);
    if bits.len() != expected {
        return Err(AnswerError::WrongSize { found: bits.len(), expected });
    }
    let pixels = width as usize * height as usize;
    let rows: Vec<u8> = (0..pixels).map(|at| bits[at / 8] >> (7 - at % 8) & 1).collect();
    Ok(Rle::from_rows(ImageSize { width, height }, &rows)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `numpy.packbits` makes of rows of pixels.
    fn packed(rows: &[u8]) -> String {
        let byte = |eight: &[u8]| eight.iter().enumerate().fold(0, |byte, (at, bit)| byte | bit << (7 - at));
        STANDARD.encode(rows.chunks(8).map(byte).collect::<Vec<u8>>())
    }

    #[test]
    fn a_question_is_spelled_as_the_guide_says() {
        let (positive, negative) = ([[3.0, 4.0]], [[0.5, 1.0], [7.0, 0.0]]);
        let question = Question {
            name: "organs",
            version: "2",
            width: 8,
            height: 5,
            png: spelled(b"a picture"),
            positive: &positive,
            negative: &negative,
        };
        let body: serde_json::Value = serde_json::from_slice(&question.body().unwrap()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "name": "organs", "version": "2", "width": 8, "height": 5, "png": "YSBwaWN0dXJl",
                "positive": [[3.0, 4.0]], "negative": [[0.5, 1.0], [7.0, 0.0]],
            })
        );
    }

    #[test]
    fn an_answer_of_numpy_is_read() {
        // base64.b64encode(numpy.packbits(numpy.array([[0, 1, 1], [0, 0, 1], [1, 0, 0]], dtype=bool)))
        let mask = read("2", 3, 3, br#"{"mask": "ZgA=", "version": "2", "score": 0.9}"#).unwrap();
        assert_eq!(mask.to_rows(), [0, 1, 1, 0, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn a_wrong_answer_is_no_answer() {
        let read = |body: &str| read("2", 3, 3, body.as_bytes()).unwrap_err();
        for body in
            ["", "no JSON", "[]", "{}", r#"{"mask": 7}"#, r#"{"mask": null}"#, r#"{"mask": "ZgA="} x"#]
        {
            assert!(matches!(read(body), AnswerError::NotReadable { .. }), "{body}");
        }
        assert!(matches!(read(&"[".repeat(100_000)), AnswerError::NotReadable { .. }));
        assert_eq!(read(r#"{"mask": "ZgA=", "version": "3"}"#), AnswerError::OtherVersion);
        assert_eq!(read(r#"{"mask": "not base64!"}"#), AnswerError::NotBase64);
        let size = |body| matches!(read(body), AnswerError::WrongSize { expected: 2, .. });
        assert!(size(r#"{"mask": ""}"#) && size(r#"{"mask": "Zg=="}"#) && size(r#"{"mask": "ZgAA"}"#));
    }

    proptest! {
        #[test]
        fn every_mask_comes_back(width in 1u32..20, height in 1u32..20, seed in proptest::collection::vec(0u8..2, 400)) {
            let rows = &seed[..(width * height) as usize];
            let body = format!("{{\"mask\":\"{}\"}}", packed(rows));
            prop_assert!(body.len() <= answer_bytes_max(width, height));
            prop_assert_eq!(read("1", width, height, body.as_bytes()).unwrap().to_rows(), rows);
        }

        #[test]
        fn no_answer_breaks_it(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read("1", 7, 5, &body);
        }
    }
}
