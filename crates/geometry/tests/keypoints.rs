//! Similarity of key points against pycocotools (reference/oks.py made the vectors).

use countersign_geometry::{Point2, oks};

#[test]
fn key_points_are_as_similar_as_by_pycocotools() {
    let points = |text: &str| -> Vec<Option<Point2>> {
        let one = |cell: &str| {
            let (x, y) = cell.split_once(',')?;
            Some(Point2::new(x.parse().unwrap(), y.parse().unwrap()))
        };
        text.split(';').map(one).collect()
    };
    let (mut rows, mut missing) = (0, 0);
    for line in include_str!("reference/oks.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let sigmas: Vec<f64> = f[2].split(',').map(|cell| cell.parse().unwrap()).collect();
        let reference = points(f[0]);
        let found = oks(&reference, &points(f[1]), &sigmas, f[3].parse().unwrap()).unwrap().unwrap();
        assert!((found - f[4].parse::<f64>().unwrap()).abs() < 1e-9, "{line}: {found}");
        rows += 1;
        missing += reference.iter().filter(|point| point.is_none()).count();
    }
    assert_eq!((rows, missing), (6, 13));
}
