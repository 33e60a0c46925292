//! Reading: data sets, and the flat lists of detections that detectors write.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::ExchangeError;

/// Largest file that is read, in bytes.
pub const DATASET_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A COCO data set. Fields that we do not know are passed over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Dataset {
    /// Images.
    #[serde(default)]
    pub images: Vec<DatasetImage>,
    /// Annotations.
    #[serde(default)]
    pub annotations: Vec<DatasetAnnotation>,
    /// Categories.
    #[serde(default)]
    pub categories: Vec<DatasetCategory>,
}

/// An image of a data set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DatasetImage {
    /// Its id.
    pub id: u64,
    /// Its file name, as the source has it.
    pub file_name: String,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// Our own extra field: classes that hold for the whole image.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A category of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DatasetCategory {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// An annotation of a data set: box in pixels, and polygons where it has them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DatasetAnnotation {
    /// Its id.
    pub id: u64,
    /// Its image.
    pub image_id: u64,
    /// Its category.
    pub category_id: u64,
    /// Left, top, width, height in pixels.
    pub bbox: [f64; 4],
    /// Rings of `x, y` pairs.
    #[serde(default)]
    pub segmentation: Vec<Vec<f64>>,
    /// Area, square pixels.
    #[serde(default)]
    pub area: Option<f64>,
    /// 1 for a crowd region (a run-length mask, which we do not read).
    #[serde(default)]
    pub iscrowd: u8,
    /// Our own extra field: `box` or `polygon`.
    #[serde(default)]
    pub shape: Option<String>,
    /// Our own extra field: `human` or `model`.
    #[serde(default)]
    pub author_kind: Option<String>,
    /// Confidence.
    #[serde(default)]
    pub score: Option<f64>,
    /// Our own extra field: attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// One line of a detector's results.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Detection {
    /// Id of the image that the detector was given.
    pub image_id: u64,
    /// Category.
    pub category_id: u64,
    /// Left, top, width, height in pixels.
    pub bbox: [f64; 4],
    /// Confidence, 0 to 1.
    pub score: f64,
}

/// Reads a data set and checks that it hangs together: ids once, references known, numbers finite, rings closed over
/// at least three points.
///
/// # Errors
/// [`ExchangeError`] naming the first place that is wrong; run-length masks are refused as not of the expected shape.
pub fn read_dataset(input: impl Read) -> Result<Dataset, ExchangeError> {
    let dataset: Dataset = bounded(input)?;
    let images = unique("images", dataset.images.iter().map(|image| image.id))?;
    let categories = unique("categories", dataset.categories.iter().map(|category| category.id))?;
    unique("annotations", dataset.annotations.iter().map(|annotation| annotation.id))?;
    for (index, annotation) in dataset.annotations.iter().enumerate() {
        let place = |field: &str| format!("annotations[{index}].{field}");
        if !images.contains(&annotation.image_id) {
            return Err(ExchangeError::invalid(place("image_id"), "no such image"));
        }
        if !categories.contains(&annotation.category_id) {
            return Err(ExchangeError::invalid(place("category_id"), "no such category"));
        }
        check_box(&place("bbox"), annotation.bbox)?;
        for (ring_index, ring) in annotation.segmentation.iter().enumerate() {
            if ring.len() < 6 || !ring.len().is_multiple_of(2) {
                let place = place(&format!("segmentation[{ring_index}]"));
                return Err(ExchangeError::invalid(place, "needs pairs for at least 3 points"));
            }
        }
    }
    Ok(dataset)
}

/// Reads a detector's results: one JSON array of detections.
///
/// # Errors
/// [`ExchangeError`] naming the first place that is wrong.
pub fn read_detections(input: impl Read) -> Result<Vec<Detection>, ExchangeError> {
    let detections: Vec<Detection> = bounded(input)?;
    for (index, detection) in detections.iter().enumerate() {
        check_box(&format!("[{index}].bbox"), detection.bbox)?;
        if !(0.0..=1.0).contains(&detection.score) {
            return Err(ExchangeError::invalid(format!("[{index}].score"), "must be between 0 and 1"));
        }
    }
    Ok(detections)
}

/// JSON has no way to write NaN or infinity, so what is left to check is the extent.
fn check_box(place: &str, [_, _, w, h]: [f64; 4]) -> Result<(), ExchangeError> {
    if w >= 0.0 && h >= 0.0 {
        Ok(())
    } else {
        Err(ExchangeError::invalid(place, "width and height must not be negative"))
    }
}

fn unique(what: &str, ids: impl Iterator<Item = u64>) -> Result<BTreeSet<u64>, ExchangeError> {
    let mut seen = BTreeSet::new();
    for (index, id) in ids.enumerate() {
        if !seen.insert(id) {
            return Err(ExchangeError::invalid(format!("{what}[{index}].id"), "is used twice"));
        }
    }
    Ok(seen)
}

fn bounded<T: DeserializeOwned>(input: impl Read) -> Result<T, ExchangeError> {
    bounded_by(input, DATASET_BYTES_MAX)
}

fn bounded_by<T: DeserializeOwned>(input: impl Read, limit: u64) -> Result<T, ExchangeError> {
    let mut bytes = Vec::new();
    input.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ExchangeError::TooLong { place: "the file".into(), limit });
    }
    serde_json::from_slice(&bytes).map_err(|source| ExchangeError::json("the file", source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(json: &str) -> String {
        read_dataset(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn names_what_is_wrong() {
        let one = |annotation: &str| {
            format!(
                r#"{{"images":[{{"id":1,"file_name":"a","width":9,"height":9}}],"categories":[{{"id":1,"name":"c"}}],
                "annotations":[{annotation}]}}"#
            )
        };
        let sound =
            r#"{"id":1,"image_id":1,"category_id":1,"bbox":[1,1,2,2],"segmentation":[[1,1,2,1,2,2]]}"#;
        assert_eq!(read_dataset(one(sound).as_bytes()).unwrap().annotations.len(), 1);
        let with = |from: &str, to: &str| wrong(&one(&sound.replace(from, to)));
        assert_eq!(with(r#""image_id":1"#, r#""image_id":2"#), "annotations[0].image_id: no such image");
        assert_eq!(
            with(r#""category_id":1"#, r#""category_id":7"#),
            "annotations[0].category_id: no such category"
        );
        let extent = "annotations[0].bbox: width and height must not be negative";
        assert_eq!(with("[1,1,2,2]", "[1,1,-2,2]"), extent);
        let ring = "annotations[0].segmentation[0]: needs pairs for at least 3 points";
        assert_eq!(with("[[1,1,2,1,2,2]]", "[[1,1,2,1]]"), ring);
        assert!(
            with("[[1,1,2,1,2,2]]", r#"{"counts":"1","size":[1,1]}"#)
                .starts_with("the file: invalid type: map")
        );
        assert!(with("[1,1,2,2]", "[1,1,1e999,2]").contains("number out of range"));
        assert_eq!(wrong(&one(&format!("{sound},{sound}"))), "annotations[1].id: is used twice");
        assert!(wrong("[").starts_with("the file: EOF"));
    }

    #[test]
    fn stops_at_the_limit() {
        let endless = std::io::repeat(b' ');
        let error = bounded_by::<Dataset>(endless, 1000).unwrap_err();
        assert!(matches!(error, ExchangeError::TooLong { limit: 1000, .. }));
    }

    #[test]
    fn reads_what_a_detector_writes() {
        let found =
            read_detections(r#"[{"image_id":4,"category_id":2,"bbox":[1.5,2,3,4],"score":0.25}]"#.as_bytes());
        let expected = Detection { image_id: 4, category_id: 2, bbox: [1.5, 2.0, 3.0, 4.0], score: 0.25 };
        assert_eq!(found.unwrap(), [expected]);
        let loud = r#"[{"image_id":4,"category_id":2,"bbox":[1.5,2,3,4],"score":25}]"#.as_bytes();
        assert_eq!(read_detections(loud).unwrap_err().to_string(), "[0].score: must be between 0 and 1");
    }
}
