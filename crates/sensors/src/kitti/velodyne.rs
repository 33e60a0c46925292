//! Point files: little-endian `f32` x, y, z, intensity, nothing else.

use super::KittiError;
use crate::{POINTS_MAX, Point, PointCloud};

const POINT_BYTES: usize = 16;

/// Reads a sweep. Points with a number that is not finite are left out and counted in
/// [`PointCloud::dropped`]; intensities are held within 0..=1.
///
/// # Errors
/// [`KittiError::Empty`], [`KittiError::TooLarge`], [`KittiError::PartialPoint`] with the byte offset.
pub fn read_velodyne(bytes: &[u8]) -> Result<PointCloud, KittiError> {
    if bytes.is_empty() {
        return Err(KittiError::Empty);
    }
    if bytes.len() > POINTS_MAX * POINT_BYTES {
        return Err(KittiError::TooLarge {
            file: "velodyne",
            bytes: bytes.len() as u64,
            limit: (POINTS_MAX * POINT_BYTES) as u64,
        });
    }
    let (records, rest) = bytes.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        let offset = (bytes.len() - rest.len()) as u64;
        return Err(KittiError::PartialPoint { offset, left: rest.len() });
    }
    let mut cloud = PointCloud { points: Vec::with_capacity(records.len()), ..PointCloud::default() };
    for (i, record) in records.iter().enumerate() {
        let (words, _) = record.as_chunks::<4>();
        let [x, y, z, intensity] = std::array::from_fn(|k| f32::from_le_bytes(words[k]));
        if [x, y, z, intensity].iter().all(|v| v.is_finite()) {
            cloud.points.push(Point { position: [x, y, z], intensity: intensity.clamp(0.0, 1.0) });
        } else {
            cloud.dropped += 1;
            cloud.first_dropped_at.get_or_insert((i * POINT_BYTES) as u64);
        }
    }
    Ok(cloud)
}

/// Writes a sweep. KITTI knows no origin of a scene: points are written relative to the cloud's own.
#[must_use]
pub fn write_velodyne(cloud: &PointCloud) -> Vec<u8> {
    let numbers = cloud.points.iter().flat_map(|p| {
        let [x, y, z] = p.position;
        [x, y, z, p.intensity]
    });
    numbers.flat_map(f32::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn points_that_are_no_numbers_are_counted_and_placed() {
        let file = bytes(&[1.0, 2.0, 3.0, 0.5, f32::NAN, 0.0, 0.0, 0.0, 4.0, 5.0, 6.0, 7.0]);
        let cloud = read_velodyne(&file).expect("reads");
        assert_eq!(cloud.points.len(), 2);
        assert_eq!((cloud.dropped, cloud.first_dropped_at), (1, Some(16)));
        assert_eq!(write_velodyne(&cloud), bytes(&[1.0, 2.0, 3.0, 0.5, 4.0, 5.0, 6.0, 1.0]));
        assert_eq!(cloud.points[1], Point { position: [4.0, 5.0, 6.0], intensity: 1.0 });
    }

    #[test]
    fn cut_short_and_empty_files_are_refused() {
        let mut file = bytes(&[0.0; 8]);
        file.truncate(29);
        let error = read_velodyne(&file).expect_err("cut short");
        assert_eq!(error, KittiError::PartialPoint { offset: 16, left: 13 });
        assert_eq!(error.offset(), Some(16));
        assert_eq!(read_velodyne(&[]), Err(KittiError::Empty));
    }
}
