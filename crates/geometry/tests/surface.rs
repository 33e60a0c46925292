//! Distances of surfaces against scipy, key points against COCO's formula, and both against their own definition.

use countersign_geometry::{GeometryError, Grid, ImageSize, Point2, Rle, oks, surface_distances};
use proptest::prelude::*;

fn points(text: &str) -> Vec<Option<Point2>> {
    let point = |text: &str| {
        let (x, y) = text.split_once(',')?;
        Some(Point2::new(x.parse().ok()?, y.parse().ok()?))
    };
    text.split(';').map(point).collect()
}

#[test]
fn distances_and_similarities_are_those_of_the_reference() {
    let mut rows = [0; 2];
    for line in include_str!("reference/surface.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let real = |place: usize| f[place].parse::<f64>().unwrap();
        if f[0] == "oks" {
            let sigmas: Vec<f64> = f[3].split(',').map(|cell| cell.parse().unwrap()).collect();
            let found = oks(&points(f[1]), &points(f[2]), &sigmas, real(4)).unwrap().unwrap();
            assert!((found - real(5)).abs() < 1e-12, "{line}: {found}");
            rows[1] += 1;
            continue;
        }
        let grid =
            Grid { size: [1, 2, 3].map(|at| f[at].parse().unwrap()), spacing: [real(4), real(5), real(6)] };
        let mask = |at: usize| f[at].bytes().map(|byte| byte - b'0').collect::<Vec<u8>>();
        let found = surface_distances(&mask(7), &mask(8), &grid).unwrap().unwrap();
        for (found, place) in [(found.hausdorff, 9), (found.hausdorff_95, 10), (found.mean, 11)] {
            assert!((found - real(place)).abs() < 1e-9, "{place}: {found} {}", real(place));
        }
        rows[0] += 1;
    }
    assert_eq!(rows, [8, 3]);
}

#[test]
fn nothing_has_no_distance_and_what_does_not_fit_is_named() {
    let grid = Grid { size: [2, 2, 1], spacing: [1.0; 3] };
    assert_eq!(surface_distances(&[0; 4], &[1; 4], &grid), Ok(None));
    assert!(matches!(
        surface_distances(&[0; 3], &[1; 4], &grid),
        Err(GeometryError::PixelCount { found: 3, .. })
    ));
    let flat = Grid { spacing: [1.0, 0.0, 1.0], ..grid };
    assert!(matches!(surface_distances(&[1; 4], &[1; 4], &flat), Err(GeometryError::NotPositive { .. })));
    let one = Grid { size: [1, 1, 1], spacing: [1.0; 3] };
    assert!(surface_distances(&[1], &[1], &one).unwrap().unwrap().hausdorff == 0.0);
    let point = [Some(Point2::new(1.0, 1.0))];
    assert_eq!(oks(&[None], &point, &[0.1], 5.0), Ok(None));
    assert!(oks(&point, &point, &[0.1], 0.0).is_err() && oks(&point, &point, &[0.0], 1.0).is_err());
    assert!(matches!(oks(&point, &[], &[0.1], 5.0), Err(GeometryError::PixelCount { .. })));
}

proptest! {
    #[test]
    fn distances_are_those_of_all_pairs(
        a in prop::collection::vec(0_u8..2, 60), b in prop::collection::vec(0_u8..2, 60),
        spacing in [0.1_f64..5.0, 0.1_f64..5.0, 0.1_f64..5.0],
    ) {
        let size = [5, 4, 3];
        let set = |mask: &[u8], at: [i64; 3]| {
            let inside = (0..3).all(|axis| (0..size[axis] as i64).contains(&at[axis]));
            inside && mask[((at[2] * 4 + at[1]) * 5 + at[0]) as usize] != 0
        };
        let surface = |mask: &[u8]| {
            let mut found = Vec::new();
            for (x, y, z) in (0..5).flat_map(|x| (0..4).flat_map(move |y| (0..3).map(move |z| (x, y, z)))) {
                let near = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)];
                if set(mask, [x, y, z]) && near.iter().any(|(i, j, k)| !set(mask, [x + i, y + j, z + k])) {
                    found.push([x as f64 * spacing[0], y as f64 * spacing[1], z as f64 * spacing[2]]);
                }
            }
            found
        };
        let (of_a, of_b) = (surface(&a), surface(&b));
        let found = surface_distances(&a, &b, &Grid { size, spacing }).unwrap();
        prop_assert_eq!(found.is_none(), of_a.is_empty() || of_b.is_empty());
        if let Some(found) = found {
            let apart = |p: &[f64; 3], q: &[f64; 3]| (0..3).map(|i| (p[i] - q[i]).powi(2)).sum::<f64>().sqrt();
            let directed = |from: &[[f64; 3]], to: &[[f64; 3]]| -> Vec<f64> {
                from.iter().map(|p| to.iter().map(|q| apart(p, q)).fold(f64::INFINITY, f64::min)).collect()
            };
            let all = [directed(&of_a, &of_b), directed(&of_b, &of_a)].concat();
            let (most, mean) = (all.iter().copied().fold(0.0, f64::max), all.iter().sum::<f64>() / all.len() as f64);
            prop_assert!((found.hausdorff - most).abs() < 1e-9 && (found.mean - mean).abs() < 1e-9);
            prop_assert!(found.hausdorff_95 <= found.hausdorff + 1e-12);
            let back = surface_distances(&b, &a, &Grid { size, spacing }).unwrap().unwrap();
            prop_assert!((back.mean - found.mean).abs() < 1e-12);
        }
    }

    #[test]
    fn dice_and_overlap_tell_the_same(a in prop::collection::vec(0_u8..2, 30), b in prop::collection::vec(0_u8..2, 30)) {
        let size = ImageSize { width: 6, height: 5 };
        let (a, b) = (Rle::from_rows(size, &a).unwrap(), Rle::from_rows(size, &b).unwrap());
        let (dice, iou) = (a.dice(&b).unwrap(), a.iou(&b).unwrap());
        prop_assert!((dice - 2.0 * iou / (1.0 + iou)).abs() < 1e-12);
    }
}
