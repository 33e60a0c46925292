//! The answer: tensors of boxes, scores and classes, taken only when they are what the registration says.

use countersign_model::{BoxForm, BoxUnit, FaceModelConfig, MaskRect, Telltale};
use serde::Deserialize;
use serde_json::Value;

use super::{Found, Picture, scale};

/// Most boxes of one answer, those below the threshold included.
const BOXES_MAX: usize = 100_000;
/// Most boxes of one picture that count.
const FOUND_MAX: usize = 2_000;
/// Beyond it not every whole number is a double.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
/// Deepest nesting of a tensor's data.
const NESTED_MAX: usize = 8;

/// Why an answer is not taken. A wrong answer is no answer: nothing is known about the picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It is not JSON, or not the protocol's.
    #[error("not an answer of the protocol: {message}")]
    NotReadable {
        /// What the parser says.
        message: String,
    },
    /// Another model or another version answered.
    #[error("another model answered")]
    OtherModel,
    /// A tensor is not there.
    #[error("no output {name}")]
    NoOutput {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape or other values than it must have.
    #[error("output {name}: {message}")]
    Output {
        /// Its name.
        name: String,
        /// What is wrong with it.
        message: &'static str,
    },
}

#[derive(Deserialize)]
struct Answer {
    model_name: String,
    #[serde(default)]
    model_version: Option<String>,
    outputs: Vec<Tensor>,
}

#[derive(Deserialize)]
struct Tensor {
    name: String,
    shape: Vec<u64>,
    data: Value,
}

/// Reads what a model found, in pixels of the picture, cut to it, above the thresholds of the registration.
///
/// # Errors
/// [`AnswerError`]. Boxes below their threshold may be filler; above it, each must be a box.
pub fn read(config: &FaceModelConfig, picture: &Picture, body: &[u8]) -> Result<Vec<Found>, AnswerError> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| AnswerError::NotReadable { message: error.to_string() })?;
    let other = answer.model_version.is_some_and(|version| version != config.version);
    if answer.model_name != config.model || other {
        return Err(AnswerError::OtherModel);
    }
    let output = &config.output;
    let boxes = numbers(&answer.outputs, &output.boxes)?;
    let scores = numbers(&answer.outputs, &output.scores)?;
    let classes = numbers(&answer.outputs, &output.classes)?;
    let wrong = |name: &str, message| AnswerError::Output { name: name.to_owned(), message };
    let shape = answer.outputs.iter().find(|tensor| tensor.name == output.boxes).map(|tensor| &tensor.shape);
    if boxes.len() % 4 != 0 || shape.is_none_or(|shape| shape.last() != Some(&4)) {
        return Err(wrong(&output.boxes, "its last axis must be 4"));
    }
    let count = boxes.len() / 4;
    if scores.len() != count {
        return Err(wrong(&output.scores, "must have one value per box"));
    }
    if classes.len() != count {
        return Err(wrong(&output.classes, "must have one value per box"));
    }
    let mut found = Vec::new();
    for ((numbers, score), class) in boxes.chunks_exact(4).zip(&scores).zip(&classes) {
        let (kind, least) = match *class {
            class if is(class, output.face) => (Telltale::Face, output.face_score),
            class if is(class, output.plate) => (Telltale::Plate, output.plate_score),
            _ => continue,
        };
        if *score < least {
            continue;
        }
        let edges = edges(config, numbers);
        if edges[2] <= edges[0] || edges[3] <= edges[1] {
            return Err(wrong(&output.boxes, "a box that counts has no size"));
        }
        if let Some(rect) = in_picture(config, picture, edges) {
            found.push(Found { kind, rect, score: *score });
        }
    }
    if found.len() > FOUND_MAX {
        return Err(wrong(&output.boxes, "more boxes count than a picture can have"));
    }
    Ok(found)
}

/// Whether a number of the answer is this class number; numbers beyond 2^53 are none.
fn is(number: f64, class: i64) -> bool {
    number.fract() == 0.0 && number.abs() < MAX_EXACT && number as i64 == class
}

/// Left, top, right, bottom in pixels of the input.
fn edges(config: &FaceModelConfig, numbers: &[f64]) -> [f64; 4] {
    let (width, height) = (f64::from(config.input.width), f64::from(config.input.height));
    let unit = match config.output.unit {
        BoxUnit::Pixels => [1.0, 1.0],
        BoxUnit::Share => [width, height],
    };
    let [a, b, c, d] =
        [numbers[0] * unit[0], numbers[1] * unit[1], numbers[2] * unit[0], numbers[3] * unit[1]];
    match config.output.form {
        BoxForm::Corners => [a, b, c, d],
        BoxForm::Center => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
    }
}

/// The same in pixels of the picture; `None` where it lies beyond, such as in the grey that fills the input.
fn in_picture(config: &FaceModelConfig, picture: &Picture, edges: [f64; 4]) -> Option<MaskRect> {
    let scale = scale(picture, config.input.width, config.input.height);
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let [left, right] = [edges[0], edges[2]].map(|edge| (edge / scale).clamp(0.0, width));
    let [top, bottom] = [edges[1], edges[3]].map(|edge| (edge / scale).clamp(0.0, height));
    let rect = MaskRect { x: left, y: top, width: right - left, height: bottom - top };
    (rect.width > 0.0 && rect.height > 0.0).then_some(rect)
}

/// The values of a tensor, flat or nested, as many as its shape says.
fn numbers(outputs: &[Tensor], name: &str) -> Result<Vec<f64>, AnswerError> {
    let mut named = outputs.iter().filter(|tensor| tensor.name == name);
    let wrong = |message| AnswerError::Output { name: name.to_owned(), message };
    let tensor = named.next().ok_or_else(|| AnswerError::NoOutput { name: name.to_owned() })?;
    if named.next().is_some() {
        return Err(wrong("is there twice"));
    }
    let mut values = Vec::new();
    flatten(&tensor.data, NESTED_MAX, &mut values)
        .ok_or_else(|| wrong("holds something that is no number"))?;
    let declared = tensor.shape.iter().try_fold(1_u64, |product, side| product.checked_mul(*side));
    if declared != Some(values.len() as u64) {
        return Err(wrong("does not have as many values as its shape says"));
    }
    if values.len() > BOXES_MAX * 4 {
        return Err(wrong("has too many values"));
    }
    Ok(values)
}

fn flatten(value: &Value, depth: usize, out: &mut Vec<f64>) -> Option<()> {
    match value {
        Value::Array(parts) if depth > 0 => parts.iter().try_for_each(|part| flatten(part, depth - 1, out)),
        Value::Number(number) => {
            out.push(number.as_f64().filter(|value| value.is_finite())?);
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use countersign_model::{ModelLayout, ModelValues};
    use serde_json::json;

    use super::{super::tests::config, *};

    fn picture() -> Picture {
        // Twice the input of 64 by 32 across, and higher than it is filled.
        Picture::new(128, 40, vec![0; 128 * 40 * 3]).unwrap()
    }

    fn tell(boxes: Value, scores: Value, classes: Value) -> Value {
        let tensor = |name: &str, data: Value, shape: Value| json!({ "name": name, "datatype": "FP32", "shape": shape, "data": data });
        let count = scores.as_array().unwrap().len();
        json!({
            "model_name": "street",
            "model_version": "3",
            "outputs": [
                tensor("scores", scores, json!([1, count])),
                tensor("classes", classes, json!([count])),
                tensor("boxes", boxes, json!([1, count, 4])),
            ],
        })
    }

    fn two() -> Value {
        // A face, a plate below its threshold, a class of something else, filler.
        let boxes = json!([[[10, 5, 20, 15]], [[1, 1, 9, 9]], [[0, 0, 64, 20]], [[0, 0, 0, 0]]]);
        tell(boxes, json!([0.9, 0.4, 1.0, 0.0]), json!([0, 1, 7, 0]))
    }

    fn read_json(config: &FaceModelConfig, value: &Value) -> Result<Vec<Found>, AnswerError> {
        read(config, &picture(), value.to_string().as_bytes())
    }

    #[test]
    fn what_counts_comes_back_in_pixels_of_the_picture() {
        let mut config = config(ModelValues::Uint8, ModelLayout::Nhwc);
        let rect = |x, y, width, height| MaskRect { x, y, width, height };
        let found = read_json(&config, &two()).unwrap();
        assert_eq!(found, [Found { kind: Telltale::Face, rect: rect(20.0, 10.0, 20.0, 20.0), score: 0.9 }]);
        config.output.plate_score = 0.4;
        let found = read_json(&config, &two()).unwrap();
        assert_eq!(
            (found.len(), found[1].kind, found[1].rect),
            (2, Telltale::Plate, rect(2.0, 2.0, 16.0, 16.0))
        );
        // Centre and size, as shares of the input: 32 pixels across and 16 down, 16 wide and 8 high.
        config.output.form = BoxForm::Center;
        config.output.unit = BoxUnit::Share;
        let answer = tell(json!([0.5, 0.5, 0.25, 0.25]), json!([0.5]), json!([1.0]));
        let found = read_json(&config, &answer).unwrap();
        assert_eq!(found[0].rect, rect(48.0, 24.0, 32.0, 16.0));
        // Cut at the edge; what lies in the grey below the picture is nothing.
        let answer = tell(json!([0.0, 0.0, 0.5, 0.5, 0.5, 0.9, 0.1, 0.1]), json!([0.9, 0.9]), json!([0, 0]));
        let found = read_json(&config, &answer).unwrap();
        assert_eq!(found.iter().map(|f| f.rect).collect::<Vec<_>>(), [rect(0.0, 0.0, 32.0, 16.0)]);
    }

    #[test]
    fn nothing_found_is_an_answer() {
        let config = config(ModelValues::Uint8, ModelLayout::Nhwc);
        assert_eq!(read_json(&config, &tell(json!([]), json!([]), json!([]))), Ok(Vec::new()));
    }

    #[test]
    fn a_wrong_answer_is_no_answer() {
        let config = config(ModelValues::Uint8, ModelLayout::Nhwc);
        let change = |at: &str, value: Value| {
            let mut answer = two();
            *answer.pointer_mut(at).unwrap() = value;
            read_json(&config, &answer).unwrap_err()
        };
        assert_eq!(change("/model_name", json!("street2")), AnswerError::OtherModel);
        assert_eq!(change("/model_version", json!("4")), AnswerError::OtherModel);
        assert_eq!(change("/outputs/0/name", json!("x")), AnswerError::NoOutput { name: "scores".into() });
        let places = [
            ("/outputs/0/name", json!("boxes"), "boxes"),
            ("/outputs/0/data", json!([0.9, 0.4, 1.0]), "scores"),
            ("/outputs/0/shape", json!([1, 3]), "scores"),
            ("/outputs/0/shape", json!([u64::MAX, u64::MAX]), "scores"),
            ("/outputs/0/data", json!([0.9, null, 1.0, 0.0]), "scores"),
            ("/outputs/0/data", json!("AAAA"), "scores"),
            ("/outputs/2/shape", json!([4, 4, 1]), "boxes"),
            ("/outputs/2/data/0", json!([[20, 5, 10, 15]]), "boxes"),
        ];
        for (at, value, name) in places {
            match change(at, value) {
                AnswerError::Output { name: wrong, .. } => assert_eq!(wrong, name, "{at}"),
                other => panic!("{at}: {other}"),
            }
        }
        let (nobody, deep) = (picture(), "[".repeat(200));
        for text in ["", "[]", "{}", "NaN", r#"{"error":"no such model"}"#, &deep] {
            let error = read(&config, &nobody, text.as_bytes()).unwrap_err();
            assert!(matches!(error, AnswerError::NotReadable { .. }), "{text}");
        }
        let many = FOUND_MAX + 1;
        let crowd = tell(json!(vec![[1, 1, 2, 2]; many]), json!(vec![0.9; many]), json!(vec![0; many]));
        assert!(matches!(read_json(&config, &crowd), Err(AnswerError::Output { .. })));
    }
}
