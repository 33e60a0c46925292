//! Every picture of an item, for those who must see all of it: at the gate, in an audit of what passed it, after a leak.

use countersign_model::{AssetId, Stream, StreamKind};

use crate::pixels::SLIDE;

/// Most pictures of one file that are counted; a file has no more frames.
const PARTS_MAX: u64 = countersign_dicom::MAX_FRAMES;

/// The pictures of streams in order: asset and part. Points are none.
///
/// The frames of a slide are its levels, but people are shown its tiles: each of them is a picture here, and the coarse
/// levels come first, where a few tiles show the whole.
pub(crate) fn pictures(streams: &[Stream]) -> impl Iterator<Item = (AssetId, u32)> {
    with_pictures(streams).flat_map(of_stream)
}

/// The frames of streams with pictures, in order: asset and part. What marks are made on; of a slide its levels.
pub(crate) fn frames(streams: &[Stream]) -> impl Iterator<Item = (AssetId, u32)> {
    with_pictures(streams).flat_map(|stream| stream.frames.iter().map(|frame| (frame.asset, frame.part)))
}

/// How many pictures each stream that has some has.
pub(crate) fn per_stream(streams: &[Stream]) -> Vec<u32> {
    let count = |stream| u32::try_from(of_stream(stream).count()).unwrap_or(u32::MAX);
    with_pictures(streams).map(count).collect()
}

fn with_pictures(streams: &[Stream]) -> impl Iterator<Item = &Stream> {
    streams.iter().filter(|stream| stream.kind != StreamKind::Lidar)
}

fn of_stream(stream: &Stream) -> impl Iterator<Item = (AssetId, u32)> {
    let levels = stream.properties.get(SLIDE).map(|slide| &slide["levels"]);
    let mut files: Vec<(AssetId, u32, u64)> = Vec::with_capacity(stream.frames.len());
    for (index, frame) in stream.frames.iter().enumerate() {
        let parts = levels.map_or(1, |levels| tiles(&levels[index]));
        files.push((frame.asset, frame.part, parts.min(PARTS_MAX)));
    }
    if levels.is_some() {
        files.reverse();
    }
    let parts = |(asset, first, count)| (first..).zip(0..count).map(move |(part, _)| (asset, part));
    files.into_iter().flat_map(parts)
}

/// Frames of the file of a level, which are its tiles and, with several focal planes, more than its grid has places.
fn tiles(level: &serde_json::Value) -> u64 {
    let number = |name: &str| level[name].as_u64().unwrap_or(0);
    let along = |whole: &str, tile: &str| number(whole).div_ceil(number(tile).max(1));
    let places = along("columns", "tile_columns").saturating_mul(along("rows", "tile_rows"));
    number("parts").max(places).max(1)
}

#[cfg(test)]
mod tests {
    use countersign_model::Frame;
    use serde_json::json;

    use super::*;

    fn stream(frames: u128, slide: Option<serde_json::Value>) -> Stream {
        let frame =
            |n| Frame { asset: AssetId(uuid::Uuid::from_u128(n)), part: 0, time_ns: None, position_mm: None };
        Stream {
            kind: StreamKind::Dicom,
            name: "series 1".into(),
            frames: (0..frames).map(frame).collect(),
            properties: slide
                .into_iter()
                .map(|levels| (SLIDE.to_owned(), json!({ "levels": levels })))
                .collect(),
        }
    }

    fn numbers(streams: &[Stream]) -> Vec<(u128, u32)> {
        pictures(streams).map(|(asset, part)| (asset.0.as_u128(), part)).collect()
    }

    #[test]
    fn each_tile_of_a_slide_is_a_picture_and_the_coarse_level_comes_first() {
        let level =
            |columns: u32| json!({ "columns": columns, "rows": 256, "tile_columns": 256, "tile_rows": 256 });
        let slide = stream(2, Some(json!([level(700), level(200)])));
        assert_eq!(numbers(std::slice::from_ref(&slide)), [(1, 0), (0, 0), (0, 1), (0, 2)]);
        assert_eq!(per_stream(&[stream(3, None), slide]), [3, 4]);
    }

    #[test]
    fn frames_beyond_the_grid_are_pictures_too() {
        let level = json!({ "columns": 256, "rows": 256, "tile_columns": 256, "tile_rows": 256, "parts": 3 });
        assert_eq!(numbers(&[stream(1, Some(json!([level])))]), [(0, 0), (0, 1), (0, 2)]);
    }

    #[test]
    fn points_are_no_picture_and_nonsense_is_one() {
        let points = Stream { kind: StreamKind::Lidar, ..stream(2, None) };
        assert_eq!(numbers(&[points, stream(1, Some(json!("nonsense")))]), [(0, 0)]);
    }
}
