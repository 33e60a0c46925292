//! The request: one picture as a tensor.

use countersign_model::{FaceModelConfig, ModelLayout, ModelValues};
use image::{RgbImage, imageops};

use super::{Picture, scale};

/// Value of the input beyond the picture, as the YOLO family is trained with.
const GREY: u8 = 114;

/// Path of the request that asks the model to look.
#[must_use]
pub fn infer_path(config: &FaceModelConfig) -> String {
    format!("/v2/models/{}/versions/{}/infer", config.model, config.version)
}

/// Path of the request that asks whether the model is ready.
#[must_use]
pub fn ready_path(config: &FaceModelConfig) -> String {
    format!("/v2/models/{}/versions/{}/ready", config.model, config.version)
}

/// The body of the request: the picture scaled to fit the input, its place kept, as one tensor of JSON numbers.
#[must_use]
pub fn request(config: &FaceModelConfig, picture: &Picture) -> Vec<u8> {
    let (width, height) = (config.input.width, config.input.height);
    let laid = laid_in(picture, width, height);
    let (shape, datatype) = match (config.input.layout, config.input.values) {
        (ModelLayout::Nchw, values) => ([1, 3, height, width], datatype(values)),
        (ModelLayout::Nhwc, values) => ([1, height, width, 3], datatype(values)),
    };
    let words: Vec<String> = (0..=u8::MAX).map(|value| spelled(value, config.input.values)).collect();
    let values = laid.as_raw();
    let mut data = String::with_capacity(values.len() * 8);
    let mut push = |value: u8| {
        data.push_str(&words[usize::from(value)]);
        data.push(',');
    };
    match config.input.layout {
        ModelLayout::Nhwc => values.iter().for_each(|value| push(*value)),
        ModelLayout::Nchw => {
            (0..3).for_each(|color| values.iter().skip(color).step_by(3).for_each(|value| push(*value)));
        }
    }
    data.pop();
    let name = |name: &str| serde_json::Value::from(name).to_string();
    let outputs = [&config.output.boxes, &config.output.scores, &config.output.classes];
    let outputs = outputs.map(|output| format!("{{\"name\":{}}}", name(output))).join(",");
    format!(
        "{{\"inputs\":[{{\"name\":{},\"shape\":[{},{},{},{}],\"datatype\":\"{datatype}\",\"data\":[{data}]}}],\
         \"outputs\":[{outputs}]}}",
        name(&config.input.name),
        shape[0],
        shape[1],
        shape[2],
        shape[3],
    )
    .into_bytes()
}

fn datatype(values: ModelValues) -> &'static str {
    match values {
        ModelValues::Uint8 => "UINT8",
        ModelValues::Fp32Byte | ModelValues::Fp32Unit => "FP32",
    }
}

fn spelled(value: u8, values: ModelValues) -> String {
    match values {
        ModelValues::Uint8 | ModelValues::Fp32Byte => value.to_string(),
        ModelValues::Fp32Unit => (f32::from(value) / f32::from(u8::MAX)).to_string(),
    }
}

/// The picture in the upper left corner of a grey one of the input's size.
fn laid_in(picture: &Picture, width: u32, height: u32) -> RgbImage {
    let mut out = RgbImage::from_pixel(width, height, image::Rgb([GREY; 3]));
    let Some(source) = RgbImage::from_raw(picture.width(), picture.height(), picture.rgb().to_vec()) else {
        return out;
    };
    let scale = scale(picture, width, height);
    // Between 1 and the input's side.
    let side = |length: u32, most: u32| ((f64::from(length) * scale).round() as u32).clamp(1, most);
    let (columns, rows) = (side(picture.width(), width), side(picture.height(), height));
    let fitted = if (columns, rows) == source.dimensions() {
        source
    } else {
        imageops::resize(&source, columns, rows, imageops::FilterType::Triangle)
    };
    imageops::replace(&mut out, &fitted, 0, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::{super::tests::config, *};

    /// Left half red, right half blue, 128 wide, 32 high: half the size in the input, the lower half of it is grey.
    fn picture() -> Picture {
        let row: Vec<u8> = (0..128).flat_map(|x| if x < 64 { [255, 0, 0] } else { [0, 0, 255] }).collect();
        Picture::new(128, 32, row.repeat(32)).unwrap()
    }

    fn sent(values: ModelValues, layout: ModelLayout) -> (serde_json::Value, Vec<f64>) {
        let body: serde_json::Value =
            serde_json::from_slice(&request(&config(values, layout), &picture())).unwrap();
        let input = body["inputs"][0].clone();
        let data = input["data"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        (body, data)
    }

    #[test]
    fn the_tensor_has_the_shape_the_order_and_the_values_of_the_contract() {
        let (body, data) = sent(ModelValues::Uint8, ModelLayout::Nhwc);
        let input = &body["inputs"][0];
        assert_eq!(input["shape"], serde_json::json!([1, 32, 64, 3]));
        assert_eq!((&input["datatype"], &input["name"]), (&"UINT8".into(), &"images".into()));
        assert_eq!(body["outputs"][2]["name"], "classes");
        let at = |x: usize, y: usize| &data[(y * 64 + x) * 3..][..3];
        assert_eq!(
            (at(3, 3), at(60, 3), at(3, 20)),
            (&[255.0, 0.0, 0.0][..], &[0.0, 0.0, 255.0][..], &[114.0; 3][..])
        );

        let (body, data) = sent(ModelValues::Fp32Unit, ModelLayout::Nchw);
        assert_eq!(body["inputs"][0]["shape"], serde_json::json!([1, 3, 32, 64]));
        assert_eq!(body["inputs"][0]["datatype"], "FP32");
        let at = |color: usize, x: usize, y: usize| data[(color * 32 + y) * 64 + x];
        assert_eq!((at(0, 3, 3), at(2, 3, 3), at(0, 60, 3), at(2, 60, 3)), (1.0, 0.0, 0.0, 1.0));
        assert!((at(1, 3, 20) - 114.0 / 255.0).abs() < 1e-6);
    }

    #[test]
    fn the_paths_name_model_and_version() {
        let config = config(ModelValues::Uint8, ModelLayout::Nhwc);
        assert_eq!(infer_path(&config), "/v2/models/street/versions/3/infer");
        assert_eq!(ready_path(&config), "/v2/models/street/versions/3/ready");
    }
}
