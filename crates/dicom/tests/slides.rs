//! Frames by their places in the file, and the levels of slides.

mod common;

use common::{bytes, fragments, image};
use countersign_dicom::{
    DataSet, FrameMap, Instance, Limits, SlideLevel, Tag, VR, Value, decode_frame, read, slide_level, tags,
};

const NATIVE: &str = "1.2.840.10008.1.2.1";
const RLE: &str = "1.2.840.10008.1.2.5";

/// What a reader of ranges gets: the bytes at the place of a frame, and nothing else of the file.
fn by_place(map: &FrameMap, file: &[u8], index: u32) -> Instance {
    let place = map.place(index).unwrap();
    let cut = |range: &std::ops::Range<u64>| file[range.start as usize..range.end as usize].to_vec();
    let bytes: Vec<u8> = place.ranges.iter().flat_map(cut).collect();
    map.single(index, bytes.into())
}

#[test]
fn a_native_frame_is_decoded_from_its_own_bytes() {
    let values: Vec<u8> = (0..3 * 6u16).flat_map(|n| (n * 7).to_le_bytes()).collect();
    let mut data = image(2, 3, 1, "MONOCHROME2", (16, 12), Value::Bytes(values.into()));
    data.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "3");
    let file = bytes(data, NATIVE);
    let whole = read(&file, &Limits::default()).unwrap();
    let map = FrameMap::of(&whole).unwrap();
    assert_eq!(map.frames(), 3);
    for index in 0..3 {
        let single = by_place(&map, &file, index);
        assert_eq!(decode_frame(&single, 0).unwrap(), decode_frame(&whole, index).unwrap());
    }
    assert!(map.place(3).is_err());
}

#[test]
fn a_coded_frame_is_decoded_from_its_own_fragment() {
    // PS3.5 G: a header of 64 bytes, then each plane; a run of n + 1 literal bytes begins with n.
    let frame = |value: u8| {
        let mut out = [1u32, 64].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        out.resize(64, 0);
        out.extend([3, value, value + 1, value + 2, value + 3, 0x80]);
        out
    };
    let parts: Vec<Vec<u8>> = [10, 20, 30].map(frame).to_vec();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let mut data = image(2, 2, 1, "MONOCHROME2", (8, 8), fragments(&parts));
    data.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "3");
    let file = bytes(data, RLE);
    let whole = read(&file, &Limits::default()).unwrap();
    let map = FrameMap::of(&whole).unwrap();
    for index in 0..3 {
        let single = by_place(&map, &file, index);
        assert_eq!(decode_frame(&single, 0).unwrap(), decode_frame(&whole, index).unwrap());
    }
}

#[test]
fn each_frame_keeps_the_functional_groups_of_its_own() {
    let group = |slope: f64| {
        let mut inner = DataSet::new();
        inner.put_text(tags::RESCALE_SLOPE, VR::DS, &slope.to_string());
        let mut outer = DataSet::new();
        outer.put_items(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![inner]);
        outer
    };
    let mut data = image(1, 2, 1, "MONOCHROME2", (8, 8), Value::Bytes(vec![1, 2, 3, 4].into()));
    data.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "2");
    data.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![group(2.0), group(5.0)]);
    let file = bytes(data, NATIVE);
    let map = FrameMap::of(&read(&file, &Limits::default()).unwrap()).unwrap();
    let slope = |index| countersign_dicom::Facts::of(&by_place(&map, &file, index)).rescale_slope;
    assert_eq!((slope(0), slope(1)), (Some(2.0), Some(5.0)));
    assert!(map.weight_bytes() > 1_000 && map.weight_bytes() < 100_000, "{}", map.weight_bytes());
}

#[test]
fn bits_that_share_a_byte_have_no_place_of_their_own() {
    let mut data = image(1, 4, 1, "MONOCHROME2", (1, 1), Value::Bytes(vec![0xA5].into()));
    data.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "2");
    let file = bytes(data, NATIVE);
    assert!(FrameMap::of(&read(&file, &Limits::default()).unwrap()).is_err());
}

fn slide(total: (u32, u32), frames: usize) -> Instance {
    let pixels = Value::Bytes(vec![0; 4 * 4 * 3 * frames].into());
    let mut data = image(4, 4, 3, "RGB", (8, 8), pixels);
    data.put_text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.77.1.6");
    data.put_text(tags::MODALITY, VR::CS, "SM");
    data.put_text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\VOLUME\\NONE");
    data.put_text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string());
    data.put_bytes(tags::TOTAL_PIXEL_MATRIX_COLUMNS, VR::UL, total.0.to_le_bytes().to_vec());
    data.put_bytes(tags::TOTAL_PIXEL_MATRIX_ROWS, VR::UL, total.1.to_le_bytes().to_vec());
    let mut measures = DataSet::new();
    measures.put_text(tags::PIXEL_SPACING, VR::DS, "0.00025\\0.0005");
    let mut shared = DataSet::new();
    shared.put_items(tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
    data.put_items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    Instance::new(data)
}

fn placed(column: i32, row: i32) -> DataSet {
    let mut place = DataSet::new();
    place.put_bytes(tags::COLUMN_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX, VR::SL, column.to_le_bytes().to_vec());
    place.put_bytes(tags::ROW_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX, VR::SL, row.to_le_bytes().to_vec());
    let mut group = DataSet::new();
    group.put_items(tags::PLANE_POSITION_SLIDE_SEQUENCE, vec![place]);
    group
}

#[test]
fn a_full_level_is_in_the_order_of_its_tiles() {
    let level = slide_level(&slide((10, 7), 6)).unwrap();
    let expected = SlideLevel {
        columns: 10,
        rows: 7,
        tile_columns: 4,
        tile_rows: 4,
        um_per_pixel: Some([0.25, 0.5]),
        frames: None,
    };
    assert_eq!(level, expected);
    assert_eq!(level.grid(), (3, 2));
    assert_eq!(slide_level(&slide((10, 7), 5)), None, "a tile is missing");
}

#[test]
fn a_sparse_level_says_where_each_tile_lies() {
    let mut instance = slide((8, 8), 3);
    let groups = vec![placed(5, 1), placed(1, 5), placed(5, 1)];
    instance.data.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups);
    // The third frame is another focal plane of the first.
    assert_eq!(slide_level(&instance).unwrap().frames, Some(vec![None, Some(0), Some(1), None]));
    instance.data.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![placed(3, 1)]);
    assert_eq!(slide_level(&instance), None, "between the places of the grid");
    let mut empty = slide((400, 400), 3);
    empty.data.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![placed(1, 1); 3]);
    assert_eq!(slide_level(&empty), None, "10,000 places for three tiles");
}

#[test]
fn labels_and_other_images_are_no_levels() {
    let mut label = slide((4, 4), 1);
    label.data.put_text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LABEL\\NONE");
    assert_eq!(slide_level(&label), None);
    let mut other = slide((4, 4), 1);
    other.data.put_text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.77.1.4");
    assert_eq!(slide_level(&other), None);
    let mut vast = slide((u32::MAX, u32::MAX), 1);
    assert_eq!(slide_level(&vast), None, "more tiles than a level may have");
    vast.data.remove(Tag(0x0048, 0x0006));
    assert_eq!(slide_level(&vast), None);
}
