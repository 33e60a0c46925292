//! COCO: round trips, and agreement with pycocotools.

use countersign_exchange::{
    ExchangeError,
    coco::{Counts, Dataset, Header, Image, Writer, read_dataset},
};
use countersign_model::{Annotation, Author, Shape, ShapeKind};
use proptest::prelude::*;

use crate::world::{flat_shapes, item, mark, marks, protocol, read};

/// Written by the last test here when `COUNTERSIGN_UPDATE` is set; then `make_reference.py` beside it must run again.
const EXPORT: &str = include_str!("../pycocotools/export.json");
/// What pycocotools made of it.
const REFERENCE: &str = include_str!("../pycocotools/reference.json");

fn header() -> Header {
    Header { description: "boards".into(), version: "r1".into(), date_created: "2026-01-02T03:04:05Z".into() }
}

fn image(n: u128) -> Image {
    Image {
        file_name: format!("images/{n:06}.png"),
        width: 64,
        height: 48,
        item_id: item(n),
        frame: None,
        read_id: read(n),
        sha256: None,
        tags: vec![],
        cannot_assess: None,
    }
}

fn write(images: &[(Image, Vec<Annotation>)]) -> (Vec<u8>, Counts) {
    let mut writer = Writer::new(Vec::new(), &header(), &protocol()).unwrap();
    let ids: Vec<u64> = images.iter().map(|(image, _)| writer.image(image).unwrap()).collect();
    let mut writer = writer.annotations().unwrap();
    for (id, (image, marks)) in ids.iter().zip(images) {
        for mark in marks {
            writer.push(*id, image.read_id, mark).unwrap();
        }
    }
    writer.finish().unwrap()
}

fn shape_of(dataset: &Dataset, index: usize) -> Shape {
    let found = &dataset.annotations[index];
    let [x, y, w, h] = found.bbox;
    match found.shape.as_deref() {
        Some("box") => Shape::Box { x, y, w, h },
        _ => Shape::Polygon {
            points: found.segmentation[0].chunks(2).map(|p| [p[0], p[1]]).collect(),
            holes: vec![],
        },
    }
}

proptest! {
    #[test]
    fn means_the_same_when_read_back(lists in prop::collection::vec(marks(flat_shapes(), 6), 0..5)) {
        let images: Vec<_> = (1..).zip(lists).map(|(n, marks)| (image(n), marks)).collect();
        let (bytes, counts) = write(&images);
        let dataset = read_dataset(&bytes[..]).unwrap();
        prop_assert_eq!(counts.images as usize, images.len());
        prop_assert_eq!(dataset.images.len(), images.len(), "an image without marks stays");
        prop_assert_eq!(counts.annotations as usize, dataset.annotations.len());
        let flat: Vec<_> = images.iter().flat_map(|(image, marks)| marks.iter().map(move |mark| (image, mark))).collect();
        prop_assert_eq!(flat.len(), dataset.annotations.len());
        for (index, (image, mark)) in flat.into_iter().enumerate() {
            let found = &dataset.annotations[index];
            let its_image = dataset.images.iter().find(|image| image.id == found.image_id).unwrap();
            let class = dataset.categories.iter().find(|category| category.id == found.category_id).unwrap();
            prop_assert_eq!(&its_image.file_name, &image.file_name);
            prop_assert_eq!(&class.name, &mark.class);
            prop_assert_eq!(&shape_of(&dataset, index), &mark.shape);
            prop_assert_eq!(found.score, mark.score);
            prop_assert_eq!(&found.attributes, &mark.attributes);
            let person = matches!(mark.author, Author::Human { .. });
            prop_assert_eq!(found.author_kind.as_deref(), Some(if person { "human" } else { "model" }));
            prop_assert_eq!(found.iscrowd, 0);
        }
        prop_assert_eq!(write(&images).0, bytes, "the same calls give the same bytes");
    }

    /// Any cut and any flipped byte gives an error or a data set, never a panic.
    #[test]
    fn survives_damage(at in 0_usize..4000, byte in any::<u8>()) {
        let mut bytes = EXPORT.as_bytes().to_vec();
        // The last byte is a line end; without it the file is whole.
        let at = at % (bytes.len() - 1);
        prop_assert!(read_dataset(&bytes[..at]).is_err());
        bytes[at] = byte;
        let _ = read_dataset(&bytes[..]);
    }
}

#[test]
fn refuses_what_coco_has_no_place_for() {
    let mut writer = Writer::new(Vec::new(), &header(), &protocol()).unwrap();
    let id = writer.image(&image(1)).unwrap();
    let mut writer = writer.annotations().unwrap();
    let mut push = |id, class, shape| writer.push(id, read(1), &mark(1, class, shape, None)).unwrap_err();
    let sound = Shape::Box { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };
    let error = push(id, "unusable", Shape::Tag {});
    assert!(matches!(error, ExchangeError::Unsupported { shape: ShapeKind::Tag }));
    assert_eq!(
        push(2, "object", sound.clone()).to_string(),
        "annotation 1: names an image that was not written"
    );
    let unknown = push(id, "ghost", sound).to_string();
    assert_eq!(unknown, "annotation 1: has a class that the protocol does not know");
    let broken = push(id, "object", Shape::Box { x: f64::NAN, y: 0.0, w: 1.0, h: 1.0 });
    assert_eq!(broken.to_string(), "annotation 1: x is not a finite coordinate");
    let (bytes, counts) = writer.finish().unwrap();
    assert_eq!(counts, Counts { images: 1, annotations: 0 });
    assert!(read_dataset(&bytes[..]).unwrap().annotations.is_empty(), "refusals leave no trace in the file");
}

/// Three images: boxes and a concave polygon, a model's marks with scores, and one that was looked at and is empty.
fn reference_world() -> Vec<(Image, Vec<Annotation>)> {
    let concave = vec![[10.0, 10.0], [40.0, 10.0], [40.0, 40.0], [25.0, 20.0], [10.0, 40.0]];
    let mut tagged = image(3);
    tagged.tags.push("unusable".into());
    vec![
        (
            image(1),
            vec![
                mark(1, "object", Shape::Box { x: 4.0, y: 6.0, w: 20.0, h: 12.0 }, None),
                mark(2, "person", Shape::Polygon { points: concave, holes: vec![] }, None),
            ],
        ),
        (
            image(2),
            vec![
                mark(3, "object", Shape::Box { x: 0.5, y: 0.25, w: 30.5, h: 40.0 }, Some(0.75)),
                mark(
                    4,
                    "text",
                    Shape::Polygon { points: vec![[1.0, 1.0], [61.0, 3.0], [30.0, 45.0]], holes: vec![] },
                    Some(0.5),
                ),
            ],
        ),
        (tagged, vec![]),
    ]
}

#[test]
fn pycocotools_reads_it_as_we_mean_it() {
    let (bytes, _) = write(&reference_world());
    let text = String::from_utf8(bytes).unwrap();
    if std::env::var_os("COUNTERSIGN_UPDATE").is_some() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pycocotools/export.json");
        std::fs::write(place, &text).unwrap();
    }
    assert_eq!(text, EXPORT, "the export changed: set COUNTERSIGN_UPDATE, then run make_reference.py");
    let ours = read_dataset(text.as_bytes()).unwrap();
    let theirs: serde_json::Value = serde_json::from_str(REFERENCE).unwrap();
    assert_eq!(theirs["average_precision_against_itself"], 1.0);
    assert_eq!(theirs["images"], ours.images.len());
    for (index, found) in ours.annotations.iter().enumerate() {
        let reference = &theirs["annotations"][index];
        assert_eq!(reference["category"], ours.categories[found.category_id as usize - 1].name);
        let (area, mask_area) = (found.area.unwrap(), reference["mask_area"].as_f64().unwrap());
        let ring = &found.segmentation[0];
        let outline: f64 = (0..ring.len())
            .step_by(2)
            .map(|i| (ring[(i + 2) % ring.len()] - ring[i]).hypot(ring[(i + 3) % ring.len()] - ring[i + 1]))
            .sum();
        assert!((area - mask_area).abs() <= outline / 2.0, "area {area}, theirs {mask_area}");
        for (edge, value) in found.bbox.iter().enumerate() {
            let mask_edge = reference["mask_bbox"][edge].as_f64().unwrap();
            assert!((value - mask_edge).abs() <= 1.0, "edge {edge}: {value}, theirs {mask_edge}");
        }
    }
}
