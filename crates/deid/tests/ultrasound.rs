//! The list of what may stay inside of ultrasound regions, on made-up frames whose every glyph is known.

use countersign_deid::pixels::{Area, PixelPolicy, SAFE_LIST_VERSION, clean_pixels};
use countersign_dicom::{DataSet, Instance, Tag, VR, raw_samples, tags};
use countersign_synthesis::burned_in::{Content, Picture, picture};

/// Pictures of seed 11 that the normal run looks at, small ones; where one is not grey, the next that is.
/// COUNTERSIGN_BURNED_IN asks for so many from the first on.
const BARE: [u64; 2] = [6, 43];
const LETTERED: [u64; 2] = [26, 36];

/// A grey frame as an instance whose only ultrasound region is an area.
fn instance(values: &[u16], (width, height): (usize, usize), region: Area) -> Instance {
    let mut data = DataSet::new();
    data.put_text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY");
    for (tag, value) in [
        (tags::ROWS, height as u16),
        (tags::COLUMNS, width as u16),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        data.put_u16(tag, &[value]);
    }
    data.put_text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    data.put_bytes(tags::PIXEL_DATA, VR::OB, values.iter().map(|value| *value as u8).collect::<Vec<u8>>());
    let mut item = DataSet::new();
    let corners =
        [(0x6018, region.x), (0x601A, region.y), (0x601C, region.right() - 1), (0x601E, region.bottom() - 1)];
    for (element, value) in corners {
        item.put_bytes(Tag(0x0018, element), VR::UL, u32::to_le_bytes(value).to_vec());
    }
    data.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![item]);
    Instance::new(data)
}

fn whole(p: &Picture) -> Area {
    Area { x: 0, y: 0, width: p.width as u32, height: p.height as u32 }
}

/// Grey pictures as they are stored.
fn pictures(content: Content, normal: &[u64]) -> Vec<Picture> {
    let grey = |p: &Picture| {
        p.channels == 1
            && p.palette.is_none()
            && p.bits == 8
            && !p.inverted
            && !p.lossy
            && p.frames.len() == 1
    };
    let from = |first: u64| (first..).map(|number| picture(11, number, content)).filter(grey);
    match std::env::var("COUNTERSIGN_BURNED_IN").ok().and_then(|v| v.parse().ok()) {
        Some(wanted) => from(0).take(wanted).collect(),
        None => normal.iter().filter_map(|first| from(*first).next()).collect(),
    }
}

fn bar(values: &mut [u16], width: usize, (x, y): (usize, usize), (across, down): (usize, usize)) {
    for row in y..y + down {
        values[row * width + x..row * width + x + across].fill(255);
    }
}

/// A depth scale on the right and three callipers; their rectangles.
fn annotate(values: &mut [u16], (width, height): (usize, usize)) -> Vec<(usize, usize, usize, usize)> {
    let mut drawn = Vec::new();
    for tick in 0..(height - 80) / 20 {
        drawn.push((width - 16, 40 + 20 * tick, if tick % 5 == 0 { 10 } else { 5 }, 1));
    }
    for (x, y) in [(width / 3, height / 3), (width / 2, height / 2), (width / 3, 2 * height / 3)] {
        drawn.push((x - 6, y, 13, 1));
        drawn.push((x, y - 6, 1, 13));
    }
    drawn.iter().for_each(|(x, y, across, down)| bar(values, width, (*x, *y), (*across, *down)));
    drawn
}

fn pixels(areas: &[Area]) -> u64 {
    areas.iter().map(|a| u64::from(a.width) * u64::from(a.height)).sum()
}

#[test]
fn ticks_and_callipers_that_were_taken_for_text_stay_and_nothing_else_does() {
    let (mut drawn, mut taken, mut left) = (0, 0, 0);
    for p in pictures(Content::NoText, &BARE) {
        let (width, size) = (p.width, (p.width, p.height));
        let mut values = p.frames[0].clone();
        let shapes = annotate(&mut values, size);
        let mut cleaned = instance(&values, size, whole(&p));
        let outcome = clean_pixels(&mut cleaned, &PixelPolicy::default()).unwrap();
        assert_eq!(outcome.safe_list, SAFE_LIST_VERSION);
        let masked = |x: usize, y: usize, areas: &[Area]| {
            let (x, y) = (x as u32, y as u32);
            areas.iter().any(|a| (a.x..a.right()).contains(&x) && (a.y..a.bottom()).contains(&y))
        };
        let areas: Vec<Area> = outcome.masked.frames.iter().flat_map(|f| f.areas.clone()).collect();
        let kept: Vec<Area> = outcome.kept.iter().flat_map(|f| f.areas.clone()).collect();
        let after = raw_samples(&cleaned, 0).unwrap();
        for (left_x, top, across, down) in shapes {
            for (x, y) in (top..top + down).flat_map(|y| (left_x..left_x + across).map(move |x| (x, y))) {
                drawn += 1;
                taken += u64::from(masked(x, y, &areas) || masked(x, y, &kept));
                left += u64::from(masked(x, y, &areas));
                if masked(x, y, &kept) {
                    assert!((after.cells.get(y * width + x).unwrap() - 255.0).abs() < 1e-9);
                }
            }
        }
        assert!(kept.iter().all(|a| {
            !areas.iter().any(|m| m.x < a.right() && a.x < m.right() && m.y < a.bottom() && a.y < m.bottom())
        }));
    }
    println!("{taken} of {drawn} pixels of ticks and callipers were taken for text, {left} are masked");
    assert!(drawn > 0);
    assert_eq!(left, 0, "of {taken} that were taken for text");
}

#[test]
fn no_stroke_of_any_string_is_on_the_list() {
    let (mut strings, mut kept, mut frames) = (0, 0, 0);
    for p in pictures(Content::Text, &LETTERED) {
        let size = (p.width, p.height);
        let mut glyphs = vec![false; p.width * p.height];
        p.strings.iter().flat_map(|s| s.glyphs.iter().flatten()).for_each(|at| glyphs[*at as usize] = true);
        let mut cleaned = instance(&p.frames[0], size, whole(&p));
        let outcome = clean_pixels(&mut cleaned, &PixelPolicy::default()).unwrap();
        for area in outcome.kept.iter().flat_map(|f| &f.areas) {
            for (x, y) in (area.y..area.bottom()).flat_map(|y| (area.x..area.right()).map(move |x| (x, y))) {
                assert!(!glyphs[y as usize * p.width + x as usize], "a stroke at {x}, {y}");
            }
        }
        frames += 1;
        strings += p.strings.len();
        kept += outcome.kept.iter().map(|f| pixels(&f.areas)).sum::<u64>();
    }
    println!("{frames} frames with {strings} strings: {kept} pixels stay, none of a string");
    assert!(strings >= 8, "{strings}");
}

#[test]
fn the_faintest_trace_outside_of_the_regions_goes_and_background_stays() {
    let (width, height) = (64, 48);
    let region = Area { x: 8, y: 8, width: 32, height: 32 };
    let mut values = vec![3_u16; width * height];
    (8..40).for_each(|y| values[y * width + 8..y * width + 40].fill(200));
    // One level above the background: nobody sees it before the window is narrowed.
    bar(&mut values, width, (50, 4), (6, 1));
    (50..56).for_each(|x| values[4 * width + x] = 4);
    let mut cleaned = instance(&values, (width, height), region);
    let outcome = clean_pixels(&mut cleaned, &PixelPolicy::default()).unwrap();
    assert!(!outcome.found.is_empty());
    let after = raw_samples(&cleaned, 0).unwrap();
    let value = |x: usize, y: usize| after.cells.get(y * width + x).unwrap();
    let outside = |x: usize, y: usize| !(8..40).contains(&x) || !(8..40).contains(&y);
    let background = value(0, 47);
    assert!((background - 3.0).abs() < 1e-9, "what is empty is left as it is");
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|(x, y)| outside(*x, *y)) {
        assert!(value(x, y) <= 3.0, "{x}, {y}: {}", value(x, y));
    }
}
