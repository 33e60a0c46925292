//! Slices in space: sorted along their normal, and every peculiarity said.

use countersign_dicom::{SliceGeometry, StackIssue, order_slices};
use proptest::prelude::*;

const AXIAL: [f64; 6] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];

fn axial(z: &[f64]) -> Vec<SliceGeometry> {
    z.iter().map(|z| SliceGeometry { position_mm: [-100.0, -100.0, *z], orientation: AXIAL }).collect()
}

#[test]
fn even_slices_have_a_spacing_and_no_issue() {
    let stack = order_slices(&axial(&[10.0, 0.0, 5.0, 2.5, 7.5]));
    assert_eq!(stack.order, [1, 3, 2, 4, 0]);
    assert_eq!(stack.spacing_mm, Some(2.5));
    assert_eq!(stack.normal, [0.0, 0.0, 1.0]);
    assert!(stack.issues.is_empty());
}

#[test]
fn a_missing_slice_is_a_gap_and_not_a_spacing() {
    let stack = order_slices(&axial(&[0.0, 2.5, 5.0, 10.0, 12.5]));
    assert_eq!(stack.spacing_mm, None);
    assert_eq!(stack.issues, [StackIssue::UnevenGap { after: 2, gap_mm: 5.0, median_mm: 2.5 }]);
}

#[test]
fn slices_in_the_same_place_are_named() {
    let stack = order_slices(&axial(&[0.0, 3.0, 0.0, 6.0]));
    assert_eq!(stack.order, [0, 2, 1, 3]);
    assert_eq!(stack.issues, [StackIssue::Duplicate { first: 0, second: 2 }]);
}

#[test]
fn a_tilted_gantry_is_measured() {
    let slices: Vec<SliceGeometry> = (0..10)
        .map(|i| SliceGeometry {
            position_mm: [0.0, f64::from(i) * 0.2_f64.tan() * 4.0, f64::from(i) * 4.0],
            orientation: AXIAL,
        })
        .collect();
    let stack = order_slices(&slices);
    let [StackIssue::Tilt { angle_rad }] = stack.issues[..] else { panic!("{:?}", stack.issues) };
    assert!((angle_rad - 0.2).abs() < 1e-9);
}

#[test]
fn what_is_not_parallel_or_not_a_number_is_left_out() {
    let mut slices = axial(&[0.0, 1.0, 2.0]);
    slices.push(SliceGeometry { position_mm: [0.0; 3], orientation: [1.0, 0.0, 0.0, 0.0, 0.0, -1.0] });
    slices.push(SliceGeometry { position_mm: [f64::NAN, 0.0, 0.0], orientation: AXIAL });
    slices.push(SliceGeometry { position_mm: [0.0; 3], orientation: [0.0; 6] });
    let stack = order_slices(&slices);
    assert_eq!(stack.order, [0, 1, 2]);
    assert_eq!(stack.issues, [3, 4, 5].map(|slice| StackIssue::NotParallel { slice }));
    assert!(order_slices(&[]).order.is_empty());
    assert_eq!(order_slices(&slices[4..]).issues.len(), 2);
}

proptest! {
    /// Whatever the turn of the volume and the order of the files: the slices come out in order.
    #[test]
    fn order_does_not_depend_on_the_input(turn in -3.0f64..3.0, tip in -1.0f64..1.0, shuffle in any::<u64>()) {
        let (s, c) = turn.sin_cos();
        let (ts, tc) = tip.sin_cos();
        // Row and column of a volume that is turned about z, then tipped about x.
        let o = [c, s * tc, s * ts, -s, c * tc, c * ts];
        let n = [o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]];
        let mut ranks: Vec<u32> = (0..12).collect();
        ranks.sort_by_key(|r| (u64::from(*r) + 1).wrapping_mul(shuffle | 1).rotate_left(17));
        let slices: Vec<SliceGeometry> = ranks
            .iter()
            .map(|r| SliceGeometry { position_mm: n.map(|x| x * f64::from(*r) * 1.25), orientation: o })
            .collect();
        let stack = order_slices(&slices);
        let sorted: Vec<u32> = stack.order.iter().map(|i| ranks[*i]).collect();
        prop_assert_eq!(sorted, (0..12).collect::<Vec<_>>());
        prop_assert!((stack.spacing_mm.unwrap() - 1.25).abs() < 1e-9);
        prop_assert!(stack.issues.is_empty());
    }
}
