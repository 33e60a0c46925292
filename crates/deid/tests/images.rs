//! Camera images made for it: what is not picture goes, what is no picture is refused at its byte.

use countersign_deid::{CleanedImage, ImageError, Kind, clean_image};
use proptest::prelude::*;

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(body);
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_be_bytes()[..], kind, body, &crc.sum().to_be_bytes()].concat()
}

fn header(width: u32, height: u32) -> Vec<u8> {
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat())
}

fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat()].concat()
}

/// A directory of one entry: Orientation = 6, big endian.
const EXIF: &[u8] = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap();
    [&[0xFF, marker][..], &length.to_be_bytes(), body].concat()
}

fn jpeg(extra: &[Vec<u8>]) -> Vec<u8> {
    let frame = segment(0xC0, &[8, 0, 16, 0, 24, 1, 1, 0x11, 0]);
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    let data = [0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56];
    [&[0xFF, 0xD8][..], &extra.concat(), &segment(0xDB, &[0; 65]), &frame, &scan, &data, &[0xFF, 0xD9]]
        .concat()
}

fn names(image: &CleanedImage) -> Vec<&str> {
    image.stripped.iter().map(|s| s.part.as_str()).collect()
}

#[test]
fn a_png_keeps_its_pixels_and_loses_its_story() {
    let pixels = chunk(b"IDAT", b"compressed pixels");
    let srgb = chunk(b"sRGB", &[0]);
    let plain = png(&[header(4, 4), srgb.clone(), pixels.clone(), chunk(b"IEND", b"")]);
    let telling = png(&[
        header(4, 4),
        chunk(b"tEXt", b"Author\0Jane Doe"),
        chunk(b"eXIf", EXIF),
        srgb,
        chunk(b"tIME", &[7, 0xE5, 6, 14, 9, 0, 0]),
        pixels,
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
        chunk(b"IEND", b""),
    ]);
    let mut telling_more = telling.clone();
    telling_more.extend_from_slice(b"\n48.8584, 2.2945");
    let cleaned = clean_image(&telling_more).unwrap();
    assert_eq!(cleaned.bytes, plain);
    assert_eq!(names(&cleaned), ["tEXt", "eXIf", "tIME", "iTXt", "trailing"]);
    assert_eq!(cleaned.stripped[4].offset, telling.len() as u64);
    assert_eq!((cleaned.kind, cleaned.width, cleaned.height), (Kind::Png, 4, 4));
    assert_eq!(cleaned.orientation, Some(6));
}

#[test]
fn a_jpeg_keeps_its_scans_and_loses_its_segments() {
    let jfif = |thumbnail: &[u8]| {
        let size = u8::from(!thumbnail.is_empty());
        segment(0xE0, &[&b"JFIF\0\x01\x01\0\0\x01\0\x01"[..], &[size, size], thumbnail].concat())
    };
    let adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01");
    let telling = jpeg(&[
        jfif(&[1, 2, 3]),
        segment(0xE1, &[b"Exif\0\0", EXIF].concat()),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
        segment(0xE2, b"ICC_PROFILE\0"),
        segment(0xED, b"Photoshop 3.0\0Jane Doe"),
        adobe.clone(),
        segment(0xFE, b"Jane Doe"),
    ]);
    let cleaned = clean_image(&telling).unwrap();
    assert_eq!(cleaned.bytes, jpeg(&[jfif(&[]), adobe]));
    assert_eq!(names(&cleaned), ["APP0 thumbnail", "APP1", "APP1", "APP2", "APP13", "COM"]);
    assert_eq!((cleaned.width, cleaned.height, cleaned.orientation), (24, 16, Some(6)));
}

#[test]
fn what_is_no_picture_is_refused_at_its_byte() {
    let end = chunk(b"IEND", b"");
    let pixels = chunk(b"IDAT", b"x");
    let good = png(&[header(4, 4), pixels.clone(), end.clone()]);
    let mut zip = good.clone();
    zip.extend_from_slice(b"PK\x03\x04archive");
    let mut broken = good.clone();
    broken[20] ^= 1;
    let mut tail = good.clone();
    tail.extend_from_slice(b"....PK\x05\x06....");
    let mut dicom = jpeg(&[segment(0xFE, &[0; 200])]);
    dicom[128..132].copy_from_slice(b"DICM");
    let cases: [(&[u8], &str, Option<u64>); 10] = [
        (b"hello", "image-not-an-image", Some(0)),
        (b"%PDF-1.7", "image-not-an-image", Some(0)),
        (&good[..30], "image-truncated", Some(8)),
        (&zip, "image-polyglot", Some(good.len() as u64)),
        (&tail, "image-polyglot", Some(good.len() as u64 + 4)),
        (&dicom, "image-polyglot", Some(128)),
        (&broken, "image-broken", Some(8)),
        (&png(&[header(100_000, 100_000), pixels.clone(), end.clone()]), "image-dimensions", Some(16)),
        (&png(&[header(0, 5), pixels, end.clone()]), "image-dimensions", Some(16)),
        (&png(&[header(4, 4), end]), "image-broken", Some(33)),
    ];
    for (bytes, code, offset) in cases {
        let e = clean_image(bytes).unwrap_err();
        assert_eq!((e.code(), e.offset()), (code, offset), "{e}");
    }
    let whole = jpeg(&[]);
    assert!(matches!(clean_image(&whole[..whole.len() - 2]), Err(ImageError::Truncated { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Changed bytes end in a cleaned image or an error; what is cleaned is never longer, and stays as it is.
    #[test]
    fn mutated_images_end_in_an_image_or_an_error(
        png_first in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut raw = if png_first {
            png(&[header(4, 4), chunk(b"eXIf", EXIF), chunk(b"IDAT", b"pixels"), chunk(b"IEND", b"")])
        } else {
            jpeg(&[segment(0xE1, &[b"Exif\0\0", EXIF].concat()), segment(0xFE, b"Jane Doe")])
        };
        for (at, value) in changes {
            let at = at.index(raw.len());
            raw[at] = value;
        }
        if let Some(cut) = cut {
            raw.truncate(cut.index(raw.len() + 1));
        }
        if let Ok(cleaned) = clean_image(&raw) {
            prop_assert!(cleaned.bytes.len() <= raw.len());
            prop_assert_eq!(clean_image(&cleaned.bytes).map(|c| c.bytes), Ok(cleaned.bytes));
        }
    }
}
