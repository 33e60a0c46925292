//! Painting over what lies beyond the plane.

use countersign_dicom::{FrameGeometry, Instance, frame_count, frame_geometry, raw_samples};

use super::{FaceError, FacePlane, Lies};
use crate::pixels::{Area, FrameMasks, MaskReport, PixelError, mask_instance};

/// The pixels of a frame beyond the plane: a run in each row, joined where rows are alike.
fn face_areas(
    place: &FrameGeometry,
    columns: u32,
    rows: u32,
    plane: &FacePlane,
) -> Result<Vec<Area>, FaceError> {
    let Lies { origin, directions, spacing: [down, across] } = Lies::of(place)?;
    let along = |v: &[f64]| plane.normal.iter().zip(v).map(|(n, p)| n * p).sum::<f64>();
    let start = along(&origin) - plane.offset_mm;
    let per_column = along(&directions[..3]) * across;
    let per_row = along(&directions[3..]) * down;
    let mut areas: Vec<Area> = Vec::new();
    for y in 0..rows {
        let Some((x, width)) = run(start + per_row * f64::from(y), per_column, columns) else { continue };
        match areas.last_mut() {
            Some(last) if last.x == x && last.width == width && last.y + last.height == y => last.height += 1,
            _ => areas.push(Area { x, y, width, height: 1 }),
        }
    }
    Ok(areas)
}

/// First and number of the columns where `first + step · x > 0`.
fn run(first: f64, step: f64, columns: u32) -> Option<(u32, u32)> {
    let last = first + step * f64::from(columns.saturating_sub(1));
    if columns == 0 || first <= 0.0 && last <= 0.0 {
        return None;
    }
    if first > 0.0 && last > 0.0 {
        return Some((0, columns));
    }
    // The zero lies between the first and the last column.
    let zero = (-first / step).clamp(0.0, f64::from(columns - 1));
    Some(if first > 0.0 {
        (0, zero.ceil().max(1.0) as u32)
    } else {
        let from = zero.floor() as u32 + 1;
        (from, columns - from)
    })
}

/// Paints over everything beyond the plane in all frames. Only frames that it cuts are coded again.
///
/// # Errors
/// [`PixelError`]; the instance is then unchanged. A frame that does not say where it lies is
/// [`PixelError::NoPlace`].
pub fn deface_instance(instance: &mut Instance, plane: &FacePlane) -> Result<MaskReport, PixelError> {
    let mut masks = Vec::new();
    for frame in 0..frame_count(instance) {
        let place = frame_geometry(instance, frame);
        let samples = raw_samples(instance, frame)?;
        let areas = face_areas(&place, samples.columns, samples.rows, plane)
            .map_err(|_| PixelError::NoPlace { frame })?;
        if !areas.is_empty() {
            masks.push(FrameMasks { frame, areas });
        }
    }
    mask_instance(instance, &masks)
}
