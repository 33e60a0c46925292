//! Text in pixels: found on made-up pictures whose every glyph is known, painted over in whole instances.

#[path = "../examples/shared/raster.rs"]
mod shared;

use countersign_deid::pixels::{
    Area, DetectorFigures, FrameMasks, Hints, PixelError, PixelPolicy, Raster, Why, clean_pixels, detect,
    mask_instance, recall,
};
use countersign_dicom::{DataSet, Instance, Tag, VR, decode_frame, raw_samples, tags};
use countersign_synthesis::burned_in::{Content, Ground, Picture, picture};

/// Strings that the normal run measures; COUNTERSIGN_BURNED_IN asks for another number.
const STRINGS: u64 = 150;
/// Least share of the strings that must be removed, and most of the other pixels that may change: a guard
/// against losing what was reached, see `examples/burned_in.rs` for the figures.
const REMOVED: f64 = 0.96;
const CHANGED: f64 = 0.05;
const CHANGED_WITHOUT_TEXT: f64 = 0.01;

fn raster(p: &Picture) -> Raster {
    shared::raster(p).unwrap()
}

fn filled(p: &Picture) -> Vec<bool> {
    let mut filled = vec![false; p.width * p.height];
    for r in detect(&raster(p), &Hints::default()).regions {
        for y in r.y..r.y + r.height {
            for x in r.x..r.x + r.width {
                filled[y as usize * p.width + x as usize] = true;
            }
        }
    }
    filled
}

#[test]
fn most_strings_are_removed_and_most_pixels_stay() {
    let wanted = std::env::var("COUNTERSIGN_BURNED_IN").ok().and_then(|v| v.parse().ok()).unwrap_or(STRINGS);
    let (mut strings, mut removed, mut other, mut changed) = (0, 0, 0, 0);
    let mut number = 0;
    while strings < wanted {
        let p = picture(3, number, Content::Text);
        let judged = p.judge(&filled(&p));
        strings += judged.removed.len() as u64;
        removed += judged.removed.iter().filter(|r| **r).count() as u64;
        other += judged.other;
        changed += judged.changed;
        number += 1;
    }
    let (share, changed) = (removed as f64 / strings as f64, changed as f64 / other as f64);
    assert!(share >= REMOVED, "{share:.4} of {strings} strings");
    assert!(changed <= CHANGED, "{changed:.4} of the other pixels");
    // What the evidence says of this release must not be better than what is seen here.
    let claimed = DetectorFigures::current().unwrap().recall();
    assert!(recall(removed, strings).high >= claimed.low, "{removed} of {strings} against {claimed:?}");
}

#[test]
fn pictures_without_text_are_mostly_left_alone() {
    let (mut other, mut changed) = (0, 0);
    for number in 0..10 {
        let p = picture(3, number, Content::NoText);
        let judged = p.judge(&filled(&p));
        other += judged.other;
        changed += judged.changed;
    }
    let changed = changed as f64 / other as f64;
    assert!(changed <= CHANGED_WITHOUT_TEXT, "{changed:.4}");
}

/// A picture as an instance with native frames.
fn instance(p: &Picture) -> Instance {
    let mut data = DataSet::new();
    data.put_text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY");
    data.put_text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    data.put_u16(tags::ROWS, &[p.height as u16]);
    data.put_u16(tags::COLUMNS, &[p.width as u16]);
    data.put_u16(tags::SAMPLES_PER_PIXEL, &[p.channels as u16]);
    let allocated = if p.bits > 8 { 16 } else { 8 };
    data.put_u16(tags::BITS_ALLOCATED, &[allocated]);
    data.put_u16(tags::BITS_STORED, &[p.bits]);
    data.put_u16(tags::HIGH_BIT, &[p.bits - 1]);
    data.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    data.put_text(tags::NUMBER_OF_FRAMES, VR::IS, &p.frames.len().to_string());
    let term = match (&p.palette, p.channels, p.inverted) {
        (Some(table), ..) => {
            let sets = [
                (tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA),
                (
                    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                ),
                (
                    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                ),
            ];
            for (channel, (descriptor, values)) in sets.into_iter().enumerate() {
                data.put_u16(descriptor, &[256, 0, 16]);
                let words = table.iter().flat_map(|c| (u16::from(c[channel]) << 8).to_le_bytes());
                data.put_bytes(values, VR::OW, words.collect::<Vec<u8>>());
            }
            "PALETTE COLOR"
        }
        (None, 3, _) => "RGB",
        (None, _, true) => "MONOCHROME1",
        _ => "MONOCHROME2",
    };
    data.put_text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, term);
    let mut raw: Vec<u8> = Vec::new();
    for value in p.frames.iter().flatten() {
        let bytes = value.to_le_bytes();
        raw.extend_from_slice(if allocated == 16 { &bytes } else { &bytes[..1] });
    }
    data.put_bytes(tags::PIXEL_DATA, if allocated == 16 { VR::OW } else { VR::OB }, raw);
    Instance::new(data)
}

fn first(what: impl Fn(&Picture) -> bool) -> Picture {
    (0..900).map(|n| picture(5, n, Content::Text)).find(what).unwrap()
}

#[test]
fn whole_instances_are_cleaned_whatever_their_pixels_are() {
    type Kind = fn(&Picture) -> bool;
    let kinds: [(&str, Kind); 4] = [
        ("inverted", |p| p.inverted),
        ("palette", |p| p.palette.is_some()),
        ("colour", |p| p.channels == 3 && p.ground == Ground::Endoscopy && !p.lossy),
        ("wide", |p| p.bits == 16 && p.frames.len() == 1),
    ];
    for (name, kind) in kinds {
        let p = first(kind);
        let mut cleaned = instance(&p);
        let before = raw_samples(&cleaned, 0).unwrap();
        let outcome = clean_pixels(&mut cleaned, &PixelPolicy::default()).unwrap();
        let share = outcome.masked.pixels as f64 / (p.width * p.height) as f64;
        assert!(share > 0.0 && (outcome.largest_share - share).abs() < 1e-9, "{name}");
        let data = &cleaned.data;
        assert_eq!(data.text(tags::BURNED_IN_ANNOTATION).as_deref(), Some("NO"));
        assert_eq!(data.text(tags::IMAGE_TYPE).as_deref(), Some("DERIVED\\PRIMARY"), "{name}");
        let after = raw_samples(&cleaned, 0).unwrap();
        let areas = &outcome.masked.frames[0].areas;
        let inside = |x: u32, y: u32| {
            areas.iter().any(|a| (a.x..a.right()).contains(&x) && (a.y..a.bottom()).contains(&y))
        };
        for y in 0..p.height as u32 {
            for x in 0..p.width as u32 {
                let at = (y as usize * p.width + x as usize) * p.channels;
                for c in 0..p.channels {
                    let expected = if inside(x, y) { Some(before.dark[c]) } else { before.cells.get(at + c) };
                    assert_eq!(after.cells.get(at + c), expected, "{name} {x} {y}");
                }
            }
        }
    }
}

#[test]
fn text_that_stands_still_is_masked_in_every_frame() {
    let p = first(|p| p.frames.len() > 1 && p.ground == Ground::Ultrasound);
    let mut cleaned = instance(&p);
    let outcome = clean_pixels(&mut cleaned, &PixelPolicy::default()).unwrap();
    assert_eq!(outcome.frames as usize, p.frames.len());
    assert_eq!(outcome.masked.frames.len(), p.frames.len());
    for masks in &outcome.masked.frames {
        let mut filled = vec![false; p.width * p.height];
        for a in &masks.areas {
            for y in a.y..a.bottom() {
                for x in a.x..a.right() {
                    filled[y as usize * p.width + x as usize] = true;
                }
            }
        }
        let removed = p.judge(&filled).removed;
        let gone = removed.iter().filter(|r| **r).count();
        assert!(gone * 10 >= removed.len() * 9, "frame {}: {gone} of {}", masks.frame, removed.len());
    }
}

/// Rows of the letters H, E, L, T and F, five pixels wide.
const LETTERS: [[u8; 7]; 5] = [
    [17, 17, 17, 31, 17, 17, 17],
    [31, 16, 16, 30, 16, 16, 31],
    [16, 16, 16, 16, 16, 16, 31],
    [31, 4, 4, 4, 4, 4, 4],
    [31, 16, 16, 30, 16, 16, 16],
];

/// Tiles of even ground, the first with a line of ten letters, each three pixels to the dot.
fn lettered() -> Picture {
    let mut p = first(|p| p.channels == 1 && p.palette.is_none() && !p.inverted && p.frames.len() > 1);
    (p.width, p.height, p.bits) = (256, 256, 8);
    let ground: Vec<u16> = (0..256_usize * 256).map(|at| 90 + (at * 7_919 % 61 / 20) as u16).collect();
    p.frames = vec![ground; 8];
    for (place, x, y) in (0..10 * 18 * 21).map(|n| (n / (18 * 21), n % 18, n / 18 % 21)) {
        let row = LETTERS[place % LETTERS.len()][y / 3];
        if x / 3 < 5 && row & (16 >> (x / 3)) != 0 {
            p.frames[0][(40 + y) * 256 + 30 + place * 18 + x] = 240;
        }
    }
    p
}

/// The same frames as a slide's tiles, one beside the other.
fn slide(p: &Picture) -> Instance {
    let mut slide = instance(p);
    slide.data.put_text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.77.1.6");
    for (tag, pixels) in [
        (tags::TOTAL_PIXEL_MATRIX_COLUMNS, p.width * p.frames.len()),
        (tags::TOTAL_PIXEL_MATRIX_ROWS, p.height),
    ] {
        slide.data.put_bytes(tag, VR::UL, (pixels as u32).to_le_bytes().to_vec());
    }
    slide
}

#[test]
fn what_is_found_in_one_tile_of_a_slide_is_not_believed_of_the_others() {
    let p = lettered();
    let masked = |mut cleaned: Instance| {
        let outcome = clean_pixels(&mut cleaned, &PixelPolicy::default()).unwrap();
        assert!(outcome.found.iter().any(|f| f.frame == 0), "the letters are found");
        outcome.masked.frames.iter().filter(|m| !m.areas.is_empty()).map(|m| m.frame).collect::<Vec<_>>()
    };
    assert_eq!(masked(slide(&p)), [0]);
    // As frames of a film the same pictures stand still around the letters, and all are masked.
    assert_eq!(masked(instance(&p)), (0..8).collect::<Vec<_>>());
}

#[test]
fn only_touched_frames_change_and_a_frame_that_is_not_there_is_refused() {
    let p = first(|p| p.frames.len() > 1);
    let mut masked = instance(&p);
    let untouched = decode_frame(&masked, 1).unwrap();
    let area = Area { x: 3, y: 4, width: 50, height: u32::MAX };
    let report = mask_instance(&mut masked, &[FrameMasks { frame: 0, areas: vec![area, area] }]).unwrap();
    assert_eq!(report.pixels, 50 * (p.height as u64 - 4), "an area twice is painted once");
    assert_eq!((report.reencoded, report.lossy, report.transcoded), (1, false, false));
    assert_eq!(decode_frame(&masked, 1).unwrap(), untouched);
    assert_ne!(decode_frame(&masked, 0).unwrap(), decode_frame(&instance(&p), 0).unwrap());
    let beyond = FrameMasks { frame: p.frames.len() as u32, areas: vec![area] };
    let before = masked.data.clone();
    let refused = mask_instance(&mut masked, &[beyond]);
    assert!(matches!(refused, Err(PixelError::NoSuchFrame { .. })));
    assert_eq!(masked.data, before);
}

#[test]
fn nothing_is_left_outside_of_ultrasound_regions() {
    let p = first(|p| p.ground == Ground::Ultrasound && p.channels == 1 && p.palette.is_none());
    let mut cleaned = instance(&p);
    let mut region = DataSet::new();
    let corners = [(0x6018, 100), (0x601A, 90), (0x601C, 299), (0x601E, 249)];
    for (element, value) in corners {
        region.put_bytes(Tag(0x0018, element), VR::UL, u32::to_le_bytes(value).to_vec());
    }
    cleaned.data.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![region]);
    let outcome = clean_pixels(&mut cleaned, &PixelPolicy::default()).unwrap();
    assert!(outcome.found[0].regions.iter().any(|r| r.why == Why::OutsideUltrasound));
    let after = raw_samples(&cleaned, 0).unwrap();
    let most = 255.0 * 0.04;
    for y in 0..p.height {
        for x in 0..p.width {
            let inside = (100..300).contains(&x) && (90..250).contains(&y);
            let value = after.cells.get(y * p.width + x).unwrap();
            assert!(inside || value <= most, "{x} {y} {value}");
        }
    }
}

#[test]
fn what_cannot_be_decoded_is_not_cleaned() {
    let p = first(|p| p.frames.len() == 1);
    let mut broken = instance(&p);
    broken.data.put_bytes(tags::PIXEL_DATA, VR::OW, vec![0; 10]);
    let before = broken.data.clone();
    assert!(clean_pixels(&mut broken, &PixelPolicy::default()).is_err());
    assert_eq!(broken.data, before);
    let mut empty = Instance::new(DataSet::new());
    assert!(clean_pixels(&mut empty, &PixelPolicy::default()).is_err());
}
