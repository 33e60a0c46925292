//! Files that claim gigabytes: what reading them takes is bounded by what they are, not by what they say.
//!
//! One test only: the counter is the process's.

mod common;

use common::{explicit, file};
use countersign_dicom::{EXPLICIT_LITTLE, Limits, VR, decode_frame, raw_samples, read, tags};
use peak_alloc::PeakAlloc;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// A long length: four bytes that claim some three gigabytes.
const HUGE: [u8; 4] = [0xF0, 0xFF, 0xFF, 0xBF];

/// A header with a long length and a few bytes behind it.
fn claim(tag: [u8; 4], vr: &[u8; 2]) -> Vec<u8> {
    [&tag[..], vr, &[0, 0], &HUGE, &[1, 2, 3, 4]].concat()
}

fn item() -> Vec<u8> {
    [&[0xFE, 0xFF, 0, 0xE0][..], &HUGE, &[1, 2, 3, 4]].concat()
}

fn short(group: u16, element: u16, value: u16) -> Vec<u8> {
    explicit(countersign_dicom::Tag(group, element), "US", &value.to_le_bytes())
}

/// An image module whose frames would take this much, in front of some pixel data.
fn image(rows: u16, columns: u16, frames: &[u8], pixels: &[u8]) -> Vec<u8> {
    let mut body = short(0x0028, 0x0002, 1);
    body.extend(explicit(tags::PHOTOMETRIC_INTERPRETATION, "CS", b"MONOCHROME2 "));
    body.extend(explicit(tags::NUMBER_OF_FRAMES, "IS", frames));
    body.extend([short(0x0028, 0x0010, rows), short(0x0028, 0x0011, columns)].concat());
    body.extend([short(0x0028, 0x0100, 16), short(0x0028, 0x0101, 16), short(0x0028, 0x0102, 15)].concat());
    body.extend(short(0x0028, 0x0103, 0));
    body.extend_from_slice(pixels);
    body
}

/// Undefined lengths all the way down, and a fragment list of empty items.
fn nested(levels: usize) -> Vec<u8> {
    let level =
        [&[0x08, 0, 0x40, 0x11][..], b"SQ\0\0", &[255; 4], &[0xFE, 0xFF, 0, 0xE0], &[255; 4]].concat();
    level.repeat(levels)
}

fn encapsulated(parts: &[u8]) -> Vec<u8> {
    [&[0xE0, 0x7F, 0x10, 0][..], b"OB\0\0", &[255; 4], parts].concat()
}

#[test]
fn claims_cost_no_more_than_the_file_is_long() {
    let native = "1.2.840.10008.1.2.1";
    let fragments = encapsulated(&[&[0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0][..], &item()].concat());
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("long pixel data", native, claim([0xE0, 0x7F, 0x10, 0], b"OW")),
        ("long unknown", native, claim([0x09, 0, 0x10, 0x10], b"UN")),
        ("long text", native, claim([0x08, 0, 0x19, 1], b"UT")),
        ("long sequence", native, claim([0x08, 0, 0x40, 0x11], b"SQ")),
        ("long item", native, explicit(countersign_dicom::Tag(8, 0x1140), "SQ", &item())),
        ("deep nesting", native, nested(50_000)),
        ("65535 x 1000 pixels", native, image(1000, 65535, b"1 ", &claim([0xE0, 0x7F, 0x10, 0], b"OW"))),
        ("99999 frames", native, image(512, 512, b"99999 ", &claim([0xE0, 0x7F, 0x10, 0], b"OW"))),
        ("long fragment", "1.2.840.10008.1.2.5", image(1000, 65535, b"1 ", &fragments)),
        ("cut JPEG", "1.2.840.10008.1.2.4.50", image(1000, 65535, b"1 ", &fragments)),
        ("cut JPEG-LS", "1.2.840.10008.1.2.4.80", image(1000, 65535, b"1 ", &fragments)),
        ("cut JPEG 2000", "1.2.840.10008.1.2.4.90", image(1000, 65535, b"1 ", &fragments)),
        ("cut deflated frame", "1.2.840.10008.1.2.8.1", image(1000, 65535, b"1 ", &fragments)),
    ];
    let limits = Limits::default();
    for (name, syntax, body) in cases {
        let raw = file(syntax, &body);
        let before = PEAK.current_usage();
        PEAK.reset_peak_usage();
        if let Ok(instance) = read(&raw, &limits) {
            let _ = (decode_frame(&instance, 0), raw_samples(&instance, 0));
        }
        let took = PEAK.peak_usage().saturating_sub(before);
        // The file itself, its tree, and tables of fixed size; never a share of the claim.
        let bound = raw.len() * 16 + 256 * 1024;
        assert!(took <= bound, "{name}: {took} bytes for a file of {}", raw.len());
    }
    // The elements of a file weigh a bounded multiple of their headers.
    let body: Vec<u8> =
        (0..20_000u16).flat_map(|i| explicit(countersign_dicom::Tag(0x0009, i), "UN", b"")).collect();
    let raw = file(EXPLICIT_LITTLE, &body);
    let before = PEAK.current_usage();
    PEAK.reset_peak_usage();
    let instance = read(&raw, &limits).unwrap();
    assert!(instance.data.iter().all(|(_, e)| e.vr == VR::UN));
    let took = PEAK.peak_usage().saturating_sub(before);
    assert!(took <= raw.len() * 24, "{took} bytes for {} of headers", raw.len());
}
