//! Values that other libraries computed: shapely, pycocotools, scipy, numpy. `reference/make_reference.py`
//! made them and wrote the versions into the file.

use countersign_geometry::{
    Camera, Cuboid, ImageSize, Point2, Polygon, Quat, Rigid3, Rle, bev_iou, iou_3d,
    polygon_intersection_area, polygon_iou,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn cases<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("reference/reference.json")).expect("the reference file");
    let cases: Vec<T> = serde_json::from_value(all[name].clone()).expect("the cases");
    assert!(cases.len() >= 8, "{name}");
    cases
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

#[derive(Deserialize)]
struct PolygonCase {
    a: Polygon,
    b: Polygon,
    area_a: f64,
    common: f64,
    iou: f64,
}

#[test]
fn polygons_overlap_as_in_shapely() {
    for case in cases::<PolygonCase>("polygons") {
        assert!(close(case.a.area(), case.area_a, 1e-9));
        let common = polygon_intersection_area(&case.a, &case.b).expect("small");
        assert!(close(common, case.common, 1e-8), "{common} {}", case.common);
        assert!(close(polygon_iou(&case.a, &case.b).expect("small"), case.iou, 1e-10));
    }
}

#[derive(Deserialize)]
struct ValidityCase {
    points: Vec<Point2>,
    simple: bool,
}

#[test]
fn polygons_are_simple_as_in_shapely() {
    let all = cases::<ValidityCase>("validity");
    for case in &all {
        assert_eq!(Polygon::new(case.points.clone()).is_ok(), case.simple, "{:?}", case.points);
    }
    assert!(all.iter().filter(|c| c.simple).count() > 10);
}

#[derive(Deserialize)]
struct MaskCase {
    height: u32,
    width: u32,
    a: Option<String>,
    counts_a: String,
    counts_b: String,
    area_a: u64,
    bbox_a: [f64; 4],
    iou: f64,
}

#[test]
fn masks_are_as_in_pycocotools() {
    for case in cases::<MaskCase>("masks") {
        let size = ImageSize { width: case.width, height: case.height };
        let a = Rle::from_coco_string(size, &case.counts_a).expect("a mask");
        let b = Rle::from_coco_string(size, &case.counts_b).expect("a mask");
        assert_eq!(a.to_coco_string(), case.counts_a);
        if let Some(text) = case.a {
            let pixels: Vec<u8> = text.bytes().map(|c| c - b'0').collect();
            let encoded = Rle::from_rows(size, &pixels).expect("a mask");
            assert_eq!(encoded.to_coco_string(), case.counts_a);
            assert_eq!(a.to_rows(), pixels);
        }
        assert_eq!(a.area(), case.area_a);
        assert!(close(a.iou(&b).expect("same size"), case.iou, 1e-12));
        let bounds = a.bounds().map_or([0.0; 4], |b| [b.x, b.y, b.w, b.h]);
        assert_eq!(bounds, case.bbox_a);
        let json = serde_json::to_value(&a).expect("serialises");
        assert_eq!(json["size"], serde_json::json!([case.height, case.width]));
        assert_eq!(json["counts"], case.counts_a);
    }
}

#[derive(Deserialize)]
struct RasterCase {
    points: Polygon,
    height: u32,
    width: u32,
    counts: String,
    coco_area: u64,
}

#[test]
fn a_polygon_covers_the_pixels_whose_centres_it_holds() {
    for case in cases::<RasterCase>("rasters") {
        let size = ImageSize { width: case.width, height: case.height };
        let mask = Rle::from_polygon(size, &case.points).expect("a mask");
        assert_eq!(mask.to_coco_string(), case.counts);
        // COCO's own rasteriser draws the outline as well: it may be half an outline larger.
        let perimeter: f64 = case.points.edges().map(|(a, b)| (a.x - b.x).hypot(a.y - b.y)).sum();
        assert!(mask.area().abs_diff(case.coco_area) as f64 <= perimeter / 2.0 + 1.0);
    }
}

#[derive(Deserialize)]
struct Upright {
    center: [f64; 3],
    size: [f64; 3],
    yaw: f64,
}

impl Upright {
    fn cuboid(&self) -> Cuboid {
        Cuboid { center: self.center, size: self.size, rotation: Quat::from_yaw(self.yaw) }
    }
}

#[derive(Deserialize)]
struct CuboidCase {
    a: Upright,
    b: Upright,
    bev_iou: f64,
    iou_3d: f64,
}

#[test]
fn cuboids_overlap_as_in_shapely() {
    for case in cases::<CuboidCase>("cuboids") {
        let (a, b) = (case.a.cuboid(), case.b.cuboid());
        assert!(close(bev_iou(&a, &b), case.bev_iou, 1e-10));
        assert!(close(iou_3d(&a, &b), case.iou_3d, 1e-10));
    }
}

#[derive(Deserialize)]
struct RotationCase {
    a: Quat,
    b: Quat,
    t: f64,
    v: [f64; 3],
    matrix_a: [[f64; 3]; 3],
    rotated: [f64; 3],
    product: Quat,
    slerp: Quat,
    angle: f64,
}

#[test]
fn rotations_are_as_in_scipy() {
    for case in cases::<RotationCase>("rotations") {
        let (a, b) = (case.a, case.b);
        for (row, wanted) in a.to_matrix().iter().zip(case.matrix_a) {
            assert!(row.iter().zip(wanted).all(|(x, y)| close(*x, y, 1e-12)));
        }
        assert!(a.rotate(case.v).iter().zip(case.rotated).all(|(x, y)| close(*x, y, 1e-12)));
        assert!(a.compose(&b).angle_to(&case.product) < 1e-7);
        assert!(a.slerp(&b, case.t).angle_to(&case.slerp) < 1e-7);
        assert!(close(a.angle_to(&b), case.angle, 1e-7));
        let again = Rigid3::from_parts(&case.matrix_a, [0.0; 3]).expect("a rotation");
        assert!(again.rotation.angle_to(&a) < 1e-7);
    }
}

#[derive(Deserialize)]
struct ProjectionCase {
    camera: Camera,
    point: [f64; 3],
    pixel: [f64; 2],
}

#[test]
fn lenses_bend_as_the_formula_says() {
    for case in cases::<ProjectionCase>("projections") {
        let pixel = case.camera.project(case.point).expect("in view");
        assert!(close(pixel.x, case.pixel[0], 1e-9) && close(pixel.y, case.pixel[1], 1e-9));
    }
}
