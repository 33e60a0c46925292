//! Overlays, shutters, units, aspect and frame rate.

mod common;

use common::image;
use countersign_dicom::{
    DataSet, Facts, Instance, Overlay, Region, Shutter, Tag, VR, Value, frame_rate_hz, has_display_extras,
    overlays, pixel_aspect, regions, shutters, tags, unit,
};

fn plain() -> Instance {
    Instance::new(image(4, 4, 1, "MONOCHROME2", (16, 12), Value::Bytes(vec![0; 32].into())))
}

fn with_overlay(group: u16, rows: u16, columns: u16, bytes: &[u8]) -> Instance {
    let mut instance = plain();
    let tag = |element| Tag(group, element);
    instance.data.put_u16(tag(0x0010), &[rows]);
    instance.data.put_u16(tag(0x0011), &[columns]);
    instance.data.put_text(tag(0x0040), VR::CS, "R");
    instance.data.put_bytes(tag(0x0050), VR::SS, [2i16.to_le_bytes(), (-1i16).to_le_bytes()].concat());
    instance.data.put_bytes(tag(0x3000), VR::OW, bytes.to_vec());
    instance
}

#[test]
fn a_plane_lies_where_its_origin_says() {
    let instance = with_overlay(0x6002, 3, 3, &[0b1010_0101, 0b1]);
    assert!(has_display_extras(&instance, 0) && !has_display_extras(&plain(), 0));
    let found = overlays(&instance, 0);
    let expected =
        Overlay { group: 0x6002, rows: 3, columns: 3, top: 1, left: -2, region: true, bits: vec![0xA5, 1] };
    assert_eq!(found, [expected]);
}

#[test]
fn each_frame_has_its_own_plane_and_bits_do_not_begin_at_bytes() {
    // Three planes of nine bits: 27 bits.
    let mut instance = with_overlay(0x6000, 3, 3, &[0xFF, 0b0000_0001, 0b1111_1100, 0b0000_0111]);
    instance.data.put_text(Tag(0x6000, 0x0015), VR::IS, "3");
    instance.data.put_u16(Tag(0x6000, 0x0051), &[2]);
    let bits = |index| overlays(&instance, index).first().map(|plane| plane.bits.clone());
    assert_eq!(bits(0), None, "the planes begin with the second frame");
    assert_eq!(bits(1), Some(vec![0xFF, 1]));
    assert_eq!(bits(2), Some(vec![0, 0]));
    assert_eq!(bits(3), Some(vec![0xFF, 1]));
    assert_eq!(bits(4), None);
}

#[test]
fn a_plane_with_too_few_bytes_is_none() {
    assert!(overlays(&with_overlay(0x6000, 100, 100, &[0; 8]), 0).is_empty());
    assert!(overlays(&with_overlay(0x6000, 0, 9, &[0; 8]), 0).is_empty());
}

#[test]
fn shutters_say_what_stays() {
    let mut instance = plain();
    let data = &mut instance.data;
    data.put_text(tags::SHUTTER_SHAPE, VR::CS, "RECTANGULAR\\CIRCULAR\\POLYGONAL\\BITMAP\\OTHER");
    data.put_text(tags::SHUTTER_LEFT_VERTICAL_EDGE, VR::IS, "2");
    data.put_text(tags::SHUTTER_RIGHT_VERTICAL_EDGE, VR::IS, "4");
    data.put_text(tags::SHUTTER_UPPER_HORIZONTAL_EDGE, VR::IS, "1");
    data.put_text(tags::SHUTTER_LOWER_HORIZONTAL_EDGE, VR::IS, "3");
    data.put_text(tags::CENTER_OF_CIRCULAR_SHUTTER, VR::IS, "2\\3");
    data.put_text(tags::RADIUS_OF_CIRCULAR_SHUTTER, VR::IS, "2");
    data.put_text(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER, VR::IS, "1\\1\\1\\4\\4\\4");
    data.put_u16(tags::SHUTTER_OVERLAY_GROUP, &[0x6004]);
    data.put_u16(tags::SHUTTER_PRESENTATION_VALUE, &[512]);
    let found = shutters(&instance, 0);
    assert_eq!(found.value, Some(512));
    assert_eq!(
        found.shapes,
        [
            Shutter::Rectangle { left: 1, right: 3, top: 0, bottom: 2 },
            Shutter::Circle { x: 2, y: 1, radius: 2 },
            Shutter::Polygon { corners: vec![[0, 0], [3, 0], [3, 3]] },
            Shutter::Plane { group: 0x6004 },
        ]
    );
    instance.data.put_text(tags::RADIUS_OF_CIRCULAR_SHUTTER, VR::IS, "0");
    instance.data.put_text(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER, VR::IS, "1\\1\\1\\4");
    assert_eq!(shutters(&instance, 0).shapes.len(), 2, "a circle of no size and two corners cover nothing");
    // An edge beyond every number is as far out as there is: the shutter still covers what it covers.
    instance.data.put_text(tags::SHUTTER_LEFT_VERTICAL_EDGE, VR::IS, "-3000000000");
    let rectangle = Shutter::Rectangle { left: i32::MIN, right: 3, top: 0, bottom: 2 };
    assert_eq!(shutters(&instance, 0).shapes[0], rectangle);
}

#[test]
fn units_are_those_of_the_file() {
    let mut facts = Facts::of(&plain());
    assert_eq!(unit(&facts), None, "values that are not rescaled have no unit");
    facts.rescale_intercept = Some(-1024.0);
    assert_eq!(unit(&facts).as_deref(), Some("HU"));
    facts.rescale_type = Some("US".into());
    assert_eq!(unit(&facts), None, "unspecified");
    facts.modality = Some("PT".into());
    facts.rescale_type = Some("BQML".into());
    assert_eq!(unit(&facts).as_deref(), Some("BQML"));
    facts.rescale_type = None;
    assert_eq!(unit(&facts), None);
}

#[test]
fn aspect_and_rate_are_read_or_absent() {
    let mut instance = plain();
    assert_eq!((pixel_aspect(&instance), frame_rate_hz(&instance)), (None, None));
    instance.data.put_text(tags::PIXEL_ASPECT_RATIO, VR::IS, "3\\2");
    assert_eq!(pixel_aspect(&instance), Some(1.5));
    instance.data.put_text(tags::PIXEL_ASPECT_RATIO, VR::IS, "0\\2");
    assert_eq!(pixel_aspect(&instance), None);
    instance.data.put_text(tags::FRAME_TIME_VECTOR, VR::DS, "0\\40\\60");
    assert_eq!(frame_rate_hz(&instance), Some(20.0));
    instance.data.put_text(tags::FRAME_TIME, VR::DS, "40");
    assert_eq!(frame_rate_hz(&instance), Some(25.0));
    instance.data.put_text(tags::CINE_RATE, VR::IS, "15");
    assert_eq!(frame_rate_hz(&instance), Some(15.0));
}

#[test]
fn only_regions_in_centimetres_have_a_scale() {
    let mut region = DataSet::new();
    region.put_u16(tags::REGION_SPATIAL_FORMAT, &[1]);
    let mut place = |tag, n: u32| region.put_bytes(tag, VR::UL, n.to_le_bytes().to_vec());
    place(tags::REGION_LOCATION_MIN_X0, 10);
    place(tags::REGION_LOCATION_MIN_Y0, 20);
    place(tags::REGION_LOCATION_MAX_X1, 110);
    place(tags::REGION_LOCATION_MAX_Y1, 220);
    region.put_u16(tags::PHYSICAL_UNITS_X_DIRECTION, &[3]);
    region.put_u16(tags::PHYSICAL_UNITS_Y_DIRECTION, &[3]);
    region.put_f64(tags::PHYSICAL_DELTA_X, &[0.05]);
    region.put_f64(tags::PHYSICAL_DELTA_Y, &[-0.025]);
    let mut spectral = region.clone();
    spectral.put_u16(tags::PHYSICAL_UNITS_X_DIRECTION, &[4]);
    let mut instance = plain();
    instance.data.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![spectral, region]);
    assert_eq!(
        regions(&instance),
        [Region { left: 10, top: 20, right: 110, bottom: 220, spacing_mm: [0.25, 0.5] }]
    );
}
