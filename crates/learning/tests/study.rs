//! Lesion drafts on small made stacks with a known answer.

use countersign_learning::{DraftLesion, Params, Polarity, Volume, VolumeError, threshold_components};
use proptest::prelude::*;

const COLUMNS: usize = 120;
const ROWS: usize = 100;
const SLICES: usize = 12;
const SPACING_MM: [f64; 3] = [1.4, 1.4, 3.0];

/// A ball: centre in voxels (column, row, slice), radius in millimetres, value.
type Ball = ([f64; 3], f64, f64);

/// A soft ellipse with a lung-like hole on the left, noise, and the balls.
fn stack(balls: &[Ball], slices: usize) -> Vec<i16> {
    let mut noise = 0x1234_5678_9abc_def0_u64;
    let mut values = Vec::new();
    for z in 0..slices {
        for y in 0..ROWS {
            for x in 0..COLUMNS {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (u, v) = (x as f64 - 60.0, y as f64 - 50.0);
                let mut value = if (u / 54.0).hypot(v / 44.0) <= 1.0 { 60.0 } else { -1000.0 };
                if ((u + 26.0) / 18.0).hypot(v / 26.0) <= 1.0 {
                    value = -850.0;
                }
                for (centre, radius, inside) in balls {
                    let dx = (x as f64 - centre[0]) * SPACING_MM[1];
                    let dy = (y as f64 - centre[1]) * SPACING_MM[0];
                    let dz = if slices == 1 { 0.0 } else { (z as f64 - centre[2]) * SPACING_MM[2] };
                    if dx * dx + dy * dy + dz * dz <= radius * radius {
                        value = *inside;
                    }
                }
                values.push((value + (noise >> 59) as f64 - 16.0 + 1024.0) as i16);
            }
        }
    }
    values
}

fn drafts(values: &[i16], slices: usize) -> Vec<DraftLesion> {
    let volume = Volume {
        rows: ROWS,
        columns: COLUMNS,
        slices,
        spacing_mm: SPACING_MM,
        values,
        slope: 1.0,
        intercept: -1024.0,
    };
    threshold_components(&volume, &Params::default()).unwrap()
}

fn centre(lesion: &DraftLesion) -> [f64; 3] {
    let middle = &lesion.slices[lesion.slices.len() / 2];
    let x = f64::from(middle.x) + f64::from(middle.width) / 2.0;
    [x - 0.5, f64::from(middle.y) + f64::from(middle.height) / 2.0 - 0.5, middle.slice as f64]
}

#[test]
fn a_nodule_in_the_lung_and_a_dark_lesion_in_tissue_are_found_with_their_size() {
    let balls = [([34.0, 46.0, 5.0], 8.0, 40.0), ([86.0, 54.0, 6.0], 9.0, 5.0)];
    let found = drafts(&stack(&balls, SLICES), SLICES);
    for ((place, radius, _), polarity) in balls.iter().zip([Polarity::Brighter, Polarity::Darker]) {
        let hit = found.iter().find(|lesion| {
            let c = centre(lesion);
            (c[0] - place[0]).hypot(c[1] - place[1]) < 3.0 && (c[2] - place[2]).abs() <= 1.0
        });
        let hit = hit.unwrap_or_else(|| panic!("nothing at {place:?}: {found:?}"));
        assert_eq!(hit.polarity, polarity);
        let truth = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
        assert!((0.5..1.6).contains(&(hit.volume_mm3 / truth)), "{} of {truth} mm3", hit.volume_mm3);
    }
    assert!(found.len() <= 4, "{} drafts for 2 lesions", found.len());
}

#[test]
fn plain_tissue_gives_few_drafts_and_flat_stacks_none() {
    assert!(drafts(&stack(&[], SLICES), SLICES).len() <= 2);
    assert_eq!(drafts(&[7; ROWS * COLUMNS * SLICES], SLICES), []);
}

#[test]
fn a_single_picture_works_too() {
    let found = drafts(&stack(&[([86.0, 54.0, 0.0], 11.0, 150.0)], 1), 1);
    let place = centre(&found[0]);
    assert!((place[0] - 86.0).hypot(place[1] - 54.0) < 3.0, "{found:?}");
    assert_eq!((found[0].polarity, found[0].slices.len()), (Polarity::Brighter, 1));
}

#[test]
fn a_wrong_shape_is_refused() {
    let volume = Volume {
        rows: 4,
        columns: 4,
        slices: 2,
        spacing_mm: SPACING_MM,
        values: &[0; 31],
        slope: 1.0,
        intercept: 0.0,
    };
    let refused = threshold_components(&volume, &Params::default());
    assert_eq!(refused, Err(VolumeError::Length { expected: 32, found: 31 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_draft_lies_in_the_stack(
        (rows, columns, slices) in (1..30_usize, 1..30_usize, 1..4_usize),
        seed in any::<u64>(),
    ) {
        let mut state = seed | 1;
        let values: Vec<i16> = (0..rows * columns * slices)
            .map(|i| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i as u64);
                ((state >> 48) as i16).rem_euclid(if i % 7 < 4 { 900 } else { 60 })
            })
            .collect();
        let volume = Volume {
            rows, columns, slices, spacing_mm: [2.0, 2.0, 5.0], values: &values, slope: 1.0, intercept: 0.0,
        };
        for lesion in threshold_components(&volume, &Params::default()).unwrap() {
            prop_assert!((0.0..=1.0).contains(&lesion.score));
            for part in lesion.slices {
                prop_assert!(part.slice < slices);
                prop_assert!((part.x + part.width) as usize <= columns && (part.y + part.height) as usize <= rows);
                let (x1, y1) = (f64::from(part.x), f64::from(part.y));
                let (x2, y2) = (x1 + f64::from(part.width), y1 + f64::from(part.height));
                prop_assert!(!part.contours.is_empty());
                for (x, y) in part.contours.into_iter().flatten() {
                    prop_assert!((x1..=x2).contains(&x) && (y1..=y2).contains(&y));
                }
            }
        }
    }
}
