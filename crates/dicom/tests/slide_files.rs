//! Slides that come as a TIFF file: each level an instance, JPEG as it stood, pixels as they were, nothing else of the file.

use bytes::Bytes;
use countersign_dicom::{
    Instance, Limits, SlideFile, Value, browser_jpeg, decode_frame, frame_count, read, slide_level, tags,
    write,
};
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
use proptest::prelude::*;

/// A picture of a file to be: its tags without those of its tiles, and its tiles; an empty one was not scanned.
struct Made {
    tags: Vec<(u16, Val)>,
    tiles: Vec<Vec<u8>>,
}

#[derive(Clone)]
enum Val {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Text(&'static str),
    Raw(Vec<u8>),
    Fraction(u32, u32),
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
struct Style {
    big_endian: bool,
    big_tiff: bool,
}

const PLAIN: Style = Style { big_endian: false, big_tiff: false };

impl Style {
    fn put(self, out: &mut Vec<u8>, number: u64, bytes: usize) {
        if self.big_endian {
            out.extend_from_slice(&number.to_be_bytes()[8 - bytes..]);
        } else {
            out.extend_from_slice(&number.to_le_bytes()[..bytes]);
        }
    }

    const fn word(self) -> usize {
        if self.big_tiff { 8 } else { 4 }
    }
}

/// A TIFF file of these pictures, each after its tiles.
fn tiff(style: Style, pages: &[Made]) -> Vec<u8> {
    let mut out = if style.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
    style.put(&mut out, if style.big_tiff { 43 } else { 42 }, 2);
    if style.big_tiff {
        style.put(&mut out, 8, 2);
        style.put(&mut out, 0, 2);
    }
    let mut link = out.len();
    style.put(&mut out, 0, style.word());
    for page in pages {
        let mut tags = page.tags.clone();
        let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
        for tile in &page.tiles {
            offsets.push(if tile.is_empty() { 0 } else { out.len() as u32 });
            sizes.push(tile.len() as u32);
            out.extend_from_slice(tile);
        }
        if !page.tiles.is_empty() {
            tags.extend([(324, Val::Long(offsets)), (325, Val::Long(sizes))]);
        }
        tags.sort_by_key(|(tag, _)| *tag);
        let mut entries = Vec::new();
        for (tag, value) in tags {
            let mut raw = Vec::new();
            let (kind, count) = match value {
                Val::Short(v) => (3, {
                    v.iter().for_each(|n| style.put(&mut raw, u64::from(*n), 2));
                    v.len()
                }),
                Val::Long(v) => (4, {
                    v.iter().for_each(|n| style.put(&mut raw, u64::from(*n), 4));
                    v.len()
                }),
                Val::Text(text) => (2, {
                    raw.extend_from_slice(text.as_bytes());
                    text.len()
                }),
                Val::Raw(bytes) => (7, {
                    raw.extend_from_slice(&bytes);
                    bytes.len()
                }),
                Val::Fraction(a, b) => {
                    style.put(&mut raw, u64::from(a), 4);
                    style.put(&mut raw, u64::from(b), 4);
                    (5, 1)
                }
            };
            if raw.len() > style.word() {
                let at = out.len() as u64;
                out.append(&mut raw);
                style.put(&mut raw, at, style.word());
            }
            raw.resize(style.word(), 0);
            entries.push((tag, kind, count, raw));
        }
        let at = out.len() as u64;
        let mut first = Vec::new();
        style.put(&mut first, at, style.word());
        out[link..link + first.len()].copy_from_slice(&first);
        style.put(&mut out, entries.len() as u64, if style.big_tiff { 8 } else { 2 });
        for (tag, kind, count, raw) in entries {
            style.put(&mut out, u64::from(tag), 2);
            style.put(&mut out, kind, 2);
            style.put(&mut out, count as u64, style.word());
            out.extend_from_slice(&raw);
        }
        link = out.len();
        style.put(&mut out, 0, style.word());
    }
    out
}

const TILE: u32 = 16;

/// A pixel of a made-up slide of which each level is the same gradient, in pixels of that level.
fn colour(x: u32, y: u32) -> [u8; 3] {
    [(x * 3 % 256) as u8, (y * 5 % 256) as u8, ((x + y) % 256) as u8]
}

fn raw_tile(across: u32, place: u32) -> Vec<u8> {
    let (left, top) = (place % across * TILE, place / across * TILE);
    (0..TILE * TILE).flat_map(|n| colour(left + n % TILE, top + n / TILE)).collect()
}

fn sized(width: u32, height: u32, compression: u16, photometric: u16) -> Vec<(u16, Val)> {
    vec![
        (256, Val::Long(vec![width])),
        (257, Val::Long(vec![height])),
        (258, Val::Short(vec![8, 8, 8])),
        (259, Val::Short(vec![compression])),
        (262, Val::Short(vec![photometric])),
        (277, Val::Short(vec![3])),
        (322, Val::Short(vec![TILE as u16])),
        (323, Val::Short(vec![TILE as u16])),
    ]
}

fn level(width: u32, height: u32, compression: u16, pack: impl Fn(Vec<u8>) -> Vec<u8>) -> Made {
    let (across, down) = (width.div_ceil(TILE), height.div_ceil(TILE));
    let tiles = (0..across * down).map(|place| pack(raw_tile(across, place))).collect();
    Made { tags: sized(width, height, compression, 2), tiles }
}

fn with(mut made: Made, tag: u16, value: Val) -> Made {
    made.tags.retain(|(known, _)| *known != tag);
    made.tags.push((tag, value));
    made
}

/// A thumbnail, as scanners put it between the levels: one strip.
fn thumbnail(description: &'static str) -> Made {
    let mut tags = sized(8, 8, 1, 2);
    tags.retain(|(tag, _)| *tag < 300);
    tags.extend([
        (270, Val::Text(description)),
        (273, Val::Long(vec![8])),
        (278, Val::Short(vec![8])),
        (279, Val::Long(vec![8])),
    ]);
    Made { tags, tiles: Vec::new() }
}

/// The instance of a level after it was written and read again.
fn instance(file: &[u8], level: usize) -> Instance {
    let slide = SlideFile::open(Bytes::copy_from_slice(file)).unwrap();
    let written = write(&slide.instance(level, 1 << 90).unwrap()).unwrap();
    read(&written, &Limits::default()).unwrap()
}

fn assert_pixels(instance: &Instance, across: u32, tiles: u32) {
    assert_eq!(frame_count(instance), tiles);
    for place in 0..tiles {
        let frame = decode_frame(instance, place).unwrap();
        let countersign_dicom::Samples::Rgb8(samples) = &frame.samples else { panic!("colour") };
        assert_eq!(*samples, raw_tile(across, place), "tile {place}");
    }
}

#[test]
fn each_level_is_an_instance_and_nothing_else_of_the_file_is_left() {
    let secret = "Aperio Image Library |ScanScope ID = SS7777|Date = 12/29/09|User = b414003d|MPP = 0.4990|";
    for (big_endian, big_tiff) in [(false, false), (true, false), (false, true), (true, true)] {
        let style = Style { big_endian, big_tiff };
        let file = tiff(
            style,
            &[
                with(level(70, 50, 1, |tile| tile), 270, Val::Text(secret)),
                thumbnail("thumbnail"),
                level(35, 25, 1, |tile| tile),
                thumbnail("label 387x463"),
                thumbnail("macro 1280x431"),
            ],
        );
        let slide = SlideFile::open(file.clone().into()).unwrap();
        assert_eq!((slide.levels(), slide.left_out()), (2, 3), "{style:?}");
        assert_eq!(slide.um_per_pixel(), Some([0.499, 0.499]));
        let (finest, coarse) = (instance(&file, 0), instance(&file, 1));
        let found = slide_level(&finest).unwrap();
        assert_eq!((found.columns, found.rows, found.grid(), found.frames.clone()), (70, 50, (5, 4), None));
        assert_eq!(found.um_per_pixel, Some([0.499, 0.499]));
        assert_eq!(slide_level(&coarse).unwrap().um_per_pixel, Some([0.998, 0.998]));
        assert_pixels(&finest, 5, 20);
        assert_pixels(&coarse, 3, 6);
        for tag in [tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID, tags::FRAME_OF_REFERENCE_UID] {
            assert_eq!(finest.data.text(tag), coarse.data.text(tag));
        }
        assert_ne!(finest.data.text(tags::SOP_INSTANCE_UID), coarse.data.text(tags::SOP_INSTANCE_UID));
        let bytes = write(&finest).unwrap();
        for word in ["SS7777", "b414003d", "12/29/09", "Aperio"] {
            assert!(!bytes.windows(word.len()).any(|part| part == word.as_bytes()), "{word}");
        }
    }
}

#[test]
fn packed_tiles_have_the_pixels_of_unpacked_ones() {
    let lzw = |tile: Vec<u8>| {
        weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&tile).unwrap()
    };
    let deflate = |tile: Vec<u8>| {
        use std::io::Write as _;
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(&tile).unwrap();
        out.finish().unwrap()
    };
    let differences = |mut tile: Vec<u8>| {
        for row in tile.chunks_exact_mut(TILE as usize * 3) {
            for place in (3..row.len()).rev() {
                row[place] = row[place].wrapping_sub(row[place - 3]);
            }
        }
        tile
    };
    for file in [
        tiff(PLAIN, &[level(40, 20, 5, lzw)]),
        tiff(PLAIN, &[level(40, 20, 8, deflate)]),
        tiff(PLAIN, &[level(40, 20, 32_946, deflate)]),
        tiff(PLAIN, &[with(level(40, 20, 5, |tile| lzw(differences(tile))), 317, Val::Short(vec![2]))]),
    ] {
        assert_pixels(&instance(&file, 0), 3, 6);
    }
}

fn jpeg(tile: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 90).encode(tile, TILE, TILE, ExtendedColorType::Rgb8).unwrap();
    out
}

/// A JPEG apart: its tables as a stream of their own, and the rest.
fn apart(whole: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut tables, mut rest) = (vec![0xFF, 0xD8], vec![0xFF, 0xD8]);
    let mut at = 2;
    while whole[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        match whole[at + 1] {
            0xDB | 0xC4 => tables.extend_from_slice(&whole[at..end]),
            // What says which software wrote it has no place in a tile.
            0xE0 => {}
            _ => rest.extend_from_slice(&whole[at..end]),
        }
        at = end;
    }
    rest.extend_from_slice(&whole[at..]);
    tables.extend_from_slice(&[0xFF, 0xD9]);
    (tables, rest)
}

#[test]
fn jpegs_are_given_their_tables_and_keep_their_scans() {
    let made = level(32, 16, 7, |tile| apart(&jpeg(&tile)).1);
    let made = with(made, 347, Val::Raw(apart(&jpeg(&raw_tile(2, 0))).0));
    let file = tiff(PLAIN, &[with(made, 262, Val::Short(vec![6]))]);
    let got = instance(&file, 0);
    assert_eq!(got.data.text(tags::PHOTOMETRIC_INTERPRETATION).as_deref(), Some("YBR_FULL_422"));
    for place in 0..2 {
        let frame = decode_frame(&got, place).unwrap();
        let countersign_dicom::Samples::Rgb8(samples) = &frame.samples else { panic!("colour") };
        let expected = image::load_from_memory(&jpeg(&raw_tile(2, place))).unwrap().to_rgb8();
        let apart = samples.iter().zip(expected.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        // Two decoders may differ by how they round.
        assert!(apart.unwrap() <= 2, "tile {place}: {apart:?}");
        // A browser is given the codestream as it is.
        let shown = image::load_from_memory(&browser_jpeg(&got, place).unwrap()).unwrap().to_rgb8();
        assert_eq!(shown, expected);
    }
}

#[test]
fn tiles_that_were_not_scanned_leave_their_places_empty() {
    let mut made = level(48, 32, 1, |tile| tile);
    made.tiles[1].clear();
    made.tiles[3].clear();
    let got = instance(&tiff(PLAIN, &[made]), 0);
    let places = [Some(0), None, Some(1), None, Some(2), Some(3)];
    assert_eq!(slide_level(&got).unwrap().frames.unwrap(), places);
}

#[test]
fn spacing_is_read_from_what_can_be_true_and_is_never_guessed() {
    let um = |made: Made| SlideFile::open(tiff(PLAIN, &[made]).into()).unwrap().um_per_pixel();
    let resolved = |x, y, unit| {
        let made = with(level(32, 32, 1, |tile| tile), 282, Val::Fraction(x, 1));
        with(with(made, 283, Val::Fraction(y, 1)), 296, Val::Short(vec![unit]))
    };
    assert_eq!(um(resolved(40_000, 20_000, 3)), Some([0.5, 0.25]));
    assert_eq!(um(resolved(50_800, 50_800, 2)), Some([0.5, 0.5]));
    assert_eq!(um(resolved(72, 72, 2)), None, "what a program writes that knows none");
    assert_eq!(um(resolved(40_000, 40_000, 1)), None, "no unit");
    assert_eq!(um(level(32, 32, 1, |tile| tile)), None);
}

#[test]
fn levels_below_the_first_picture_are_found_linked_or_not() {
    // As OME-TIFF keeps them: named by the first picture, here linked behind it as well.
    let pages = |below: Vec<u32>| {
        let first = with(level(64, 32, 1, |tile| tile), 330, Val::Long(below));
        tiff(PLAIN, &[first, level(32, 16, 1, |tile| tile), level(16, 8, 1, |tile| tile)])
    };
    let mut file = pages(vec![0, 0]);
    let word = |file: &[u8], at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let next = |file: &[u8], directory: u32| {
        let tags = u16::from_le_bytes(file[directory as usize..directory as usize + 2].try_into().unwrap());
        directory as usize + 2 + 12 * usize::from(tags)
    };
    let first = word(&file, 4);
    let second = word(&file, next(&file, first));
    let third = word(&file, next(&file, second));
    file = pages(vec![second, third]);
    assert_eq!(SlideFile::open(file.clone().into()).unwrap().levels(), 3);
    // Cut off from the first one they are found by name alone.
    let link = next(&file, first);
    file[link..link + 4].fill(0);
    assert_eq!(SlideFile::open(file.into()).unwrap().levels(), 3);
}

#[test]
fn pictures_of_another_shape_are_no_levels() {
    let file = tiff(PLAIN, &[level(64, 32, 1, |t| t), level(32, 32, 1, |t| t), level(16, 8, 1, |t| t)]);
    let slide = SlideFile::open(file.into()).unwrap();
    assert_eq!((slide.levels(), slide.left_out()), (2, 1));
}

#[test]
fn what_is_no_slide_is_refused_with_its_place() {
    let code = |file: Vec<u8>| SlideFile::open(file.into()).unwrap_err().code();
    assert_eq!(code(b"II*\0".to_vec()), "broken_tiff");
    assert_eq!(code(b"\x89PNG".to_vec()), "broken_tiff");
    assert_eq!(code(tiff(PLAIN, &[thumbnail("one picture")])), "no_slide");
    let of = |tag, value| tiff(PLAIN, &[with(level(32, 32, 1, |tile| tile), tag, value)]);
    assert_eq!(code(of(258, Val::Short(vec![16, 16, 16]))), "no_slide");
    assert_eq!(code(of(284, Val::Short(vec![2]))), "no_slide");
    assert_eq!(code(of(259, Val::Short(vec![4]))), "no_slide");
    assert_eq!(code(of(262, Val::Short(vec![6]))), "no_slide");
    assert_eq!(code(of(256, Val::Long(vec![0]))), "broken_tiff");
    assert_eq!(code(of(256, Val::Long(vec![u32::MAX]))), "no_slide", "more tiles than a level may have");
    // A size that the tiles do not fill, tiles behind the end, and one tile that is named again and again.
    let open = |file: Vec<u8>| SlideFile::open(file.into()).unwrap().instance(0, 1).unwrap_err().code();
    assert_eq!(open(of(256, Val::Long(vec![160]))), "broken_tiff");
    let mut short = level(32, 32, 1, |tile| tile);
    short.tiles[2].truncate(40);
    assert_eq!(open(tiff(PLAIN, &[short])), "broken_tiff");
    let mut again = level(512, 512, 1, |tile| tile);
    again.tiles = Vec::new();
    again.tags.push((324, Val::Long(vec![8; 1024])));
    again.tags.push((325, Val::Long(vec![768; 1024])));
    let error = SlideFile::open(tiff(PLAIN, &[again]).into()).unwrap().instance(0, 1).unwrap_err();
    assert_eq!((error.code(), error.why), ("broken_tiff", "tiles that overlap"));
    // Directories in a circle.
    let mut circle = tiff(PLAIN, &[level(32, 32, 1, |tile| tile)]);
    let first = u32::from_le_bytes(circle[4..8].try_into().unwrap());
    let link = circle.len() - 4;
    circle[link..].copy_from_slice(&first.to_le_bytes());
    assert_eq!(code(circle), "broken_tiff");
}

#[test]
fn a_small_file_that_unpacks_to_a_large_picture_is_refused_before_it_does() {
    use std::io::Write as _;
    let side = 1024_u16;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; usize::from(side) * usize::from(side) * 3]).unwrap();
    let packed = packed.finish().unwrap();
    let mut bomb = Made { tags: sized(8 * 1024, 8 * 1024, 8, 2), tiles: vec![packed; 64] };
    for tag in [322, 323] {
        bomb = with(bomb, tag, Val::Short(vec![side]));
    }
    let error = SlideFile::open(tiff(PLAIN, &[bomb]).into()).unwrap().instance(0, 1).unwrap_err();
    assert_eq!((error.code(), error.why), ("no_slide", "tiles that unpack to far more than the file holds"));
}

/// Looks at everything of a file; what it asks of memory is bounded by the file.
fn look(file: Vec<u8>) {
    let bytes = file.len();
    let Ok(slide) = SlideFile::open(file.into()) else { return };
    for level in 0..slide.levels().min(4) {
        let Ok(instance) = slide.instance(level, 7) else { continue };
        let Some(Value::Fragments { fragments, .. }) = instance.data.get(tags::PIXEL_DATA).map(|e| &e.value)
        else {
            panic!("fragments");
        };
        assert!(fragments.len() <= bytes);
        let _ = slide_level(&instance);
        let _ = decode_frame(&instance, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_that_is_broken_makes_it_fall(
        seed in 0usize..3,
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let made = with(level(32, 16, 7, |tile| apart(&jpeg(&tile)).1), 262, Val::Short(vec![6]));
        let mut file = match seed {
            0 => tiff(PLAIN, &[level(40, 20, 1, |t| t), thumbnail("label"), level(20, 10, 1, |t| t)]),
            1 => tiff(Style { big_endian: true, big_tiff: true }, &[level(40, 20, 1, |t| t)]),
            _ => tiff(PLAIN, &[with(made, 347, Val::Raw(apart(&jpeg(&raw_tile(2, 0))).0))]),
        };
        // Tags are what is worth breaking; they stand behind the tiles.
        for (at, value) in hits {
            let place = if value & 1 == 0 { at.index(file.len()) } else { file.len() - 1 - at.index(240.min(file.len())) };
            file[place] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        look(file);
    }
}
