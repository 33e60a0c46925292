//! Lookup tables and wide values on their way to the screen.

mod common;

use common::{bytes, image};
use countersign_dicom::{
    DataSet, DisplayLuts, EXPLICIT_LITTLE, Instance, Limits, Samples, Tag, VR, Value, Window, decode_frame,
    frame_count, read, render_frame, tags,
};

fn open(set: DataSet) -> Instance {
    read(&bytes(set, EXPLICIT_LITTLE), &Limits::default()).unwrap()
}

fn table(descriptor: &[u16], values: &[u16]) -> DataSet {
    let mut item = DataSet::new();
    item.put_u16(tags::LUT_DESCRIPTOR, descriptor);
    item.put_bytes(tags::LUT_DATA, VR::OW, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
    item
}

fn gray(raw: &[u8]) -> DataSet {
    let columns = u16::try_from(raw.len()).unwrap();
    image(1, columns, 1, "MONOCHROME2", (8, 8), Value::Bytes(raw.to_vec().into()))
}

#[test]
fn a_voi_table_stands_in_for_a_window() {
    let mut set = gray(&[0, 9, 10, 11, 12, 200]);
    set.put_items(tags::VOILUT_SEQUENCE, vec![table(&[3, 10, 12], &[0, 4095, 2048])]);
    let instance = open(set.clone());
    // Below and above the table its ends hold.
    assert_eq!(render_frame(&instance, 0, None).unwrap().pixels, [0, 0, 0, 255, 128, 128]);
    // A window that somebody asks for comes first, and so does one of the file.
    let asked = Some(Window { center: 10.5, width: 2.0 });
    assert_eq!(render_frame(&instance, 0, asked).unwrap().pixels, [0, 0, 128, 255, 255, 255]);
    set.put_text(tags::WINDOW_CENTER, VR::DS, "10.5");
    set.put_text(tags::WINDOW_WIDTH, VR::DS, "2");
    assert_eq!(render_frame(&open(set), 0, None).unwrap().pixels, [0, 0, 128, 255, 255, 255]);
}

#[test]
fn a_modality_table_comes_before_the_voi() {
    let mut set = gray(&[0, 1, 2, 3]);
    set.put_items(tags::MODALITY_LUT_SEQUENCE, vec![table(&[4, 0, 16], &[1000, 10, 500, 0])]);
    let instance = open(set.clone());
    // The table does not rise: its own range is the window.
    assert_eq!(render_frame(&instance, 0, None).unwrap().pixels, [255, 3, 128, 0]);
    set.put_items(tags::VOILUT_SEQUENCE, vec![table(&[2, 499, 8], &[7, 255])]);
    let both = open(set);
    assert_eq!(render_frame(&both, 0, None).unwrap().pixels, [255, 7, 255, 7]);
    assert_eq!(DisplayLuts::of(&both, 0).voi[0].bits, 8);
}

#[test]
fn tables_with_odd_descriptors_are_read_for_what_they_hold() {
    // Signed input: the table starts at -2.
    let mut set = gray(&[0xFE, 0xFF, 0, 1]);
    set.put_u16(tags::PIXEL_REPRESENTATION, &[1]);
    set.put_items(tags::VOILUT_SEQUENCE, vec![table(&[4, 0xFFFE, 16], &[0, 0x5555, 0xAAAA, 0xFFFF])]);
    assert_eq!(render_frame(&open(set), 0, None).unwrap().pixels, [0, 85, 170, 255]);
    // 8-bit entries packed as bytes, and a number of bits that cannot be.
    let mut item = table(&[4, 0, 3], &[]);
    item.put_bytes(tags::LUT_DATA, VR::OW, vec![0u8, 85, 170, 255]);
    let mut set = gray(&[3, 2, 1, 0]);
    set.put_items(tags::VOILUT_SEQUENCE, vec![item]);
    assert_eq!(render_frame(&open(set), 0, None).unwrap().pixels, [255, 170, 85, 0]);
    // 0 entries are 65536.
    let rising: Vec<u16> = (0..=u16::MAX).collect();
    let mut set = image(1, 2, 1, "MONOCHROME2", (16, 16), Value::Bytes(vec![0, 0x80, 0xFF, 0xFF].into()));
    set.put_items(tags::VOILUT_SEQUENCE, vec![table(&[0, 0, 16], &rising)]);
    assert_eq!(render_frame(&open(set), 0, None).unwrap().pixels, [128, 255]);
    // No data: the table is not there.
    let mut set = gray(&[0, 255]);
    set.put_items(tags::VOILUT_SEQUENCE, vec![table(&[4, 0, 16], &[])]);
    assert_eq!(DisplayLuts::of(&open(set), 0), DisplayLuts::default());
}

fn float(tag: Tag, vr: VR, raw: Vec<u8>, columns: u16) -> Instance {
    let mut set = image(1, columns, 1, "MONOCHROME2", (16, 16), Value::Bytes(Vec::new().into()));
    for tag in [
        tags::PIXEL_DATA,
        tags::BITS_STORED,
        tags::HIGH_BIT,
        tags::PIXEL_REPRESENTATION,
        tags::BITS_ALLOCATED,
    ] {
        set.remove(tag);
    }
    set.put_bytes(tag, vr, raw);
    open(set)
}

#[test]
fn floating_point_pixels_are_decoded_and_shown() {
    let raw = [0.25f32, -1.0, 1.5].iter().flat_map(|v| v.to_le_bytes()).collect();
    let instance = float(tags::FLOAT_PIXEL_DATA, VR::OF, raw, 3);
    assert_eq!(frame_count(&instance), 1);
    let frame = decode_frame(&instance, 0).unwrap();
    assert_eq!((frame.samples, frame.bits_stored), (Samples::Float(vec![0.25, -1.0, 1.5]), 32));
    assert_eq!(render_frame(&instance, 0, None).unwrap().pixels, [128, 0, 255]);

    let raw = [1e300f64, f64::NAN, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let instance = float(tags::DOUBLE_FLOAT_PIXEL_DATA, VR::OD, raw, 3);
    assert_eq!(render_frame(&instance, 0, None).unwrap().pixels, [255, 0, 0]);
    let short = float(tags::DOUBLE_FLOAT_PIXEL_DATA, VR::OD, vec![0; 8], 3);
    assert_eq!(decode_frame(&short, 0).unwrap_err().code(), "dicom-truncated");
}

#[test]
fn integers_of_32_bits_are_exact_in_either_byte_order() {
    let values = [0u32, 1, 0x8000_0001, u32::MAX];
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut set = image(1, 4, 1, "MONOCHROME2", (32, 32), Value::Bytes(raw.into()));
    let expected = |signed: bool| {
        let value = |v: &u32| if signed { f64::from(v.cast_signed()) } else { f64::from(*v) };
        Samples::Float(values.iter().map(value).collect())
    };
    assert_eq!(decode_frame(&open(set.clone()), 0).unwrap().samples, expected(false));
    set.put_u16(tags::PIXEL_REPRESENTATION, &[1]);
    assert_eq!(decode_frame(&open(set.clone()), 0).unwrap().samples, expected(true));

    let mut big = common::file("1.2.840.10008.1.2.2", &[]);
    for (tag, element) in set.iter() {
        let mut value = element.bytes().unwrap().to_vec();
        let width = if tag == tags::PIXEL_DATA { 4 } else { usize::from(element.vr == VR::US) + 1 };
        value.chunks_mut(width).for_each(<[u8]>::reverse);
        big.extend([tag.0.to_be_bytes(), tag.1.to_be_bytes()].concat());
        big.extend(element.vr.to_bytes());
        if tag == tags::PIXEL_DATA {
            big.extend([0, 0, 0, 0, 0, 16]);
        } else {
            big.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        }
        big.extend(value);
    }
    let instance = read(&big, &Limits::default()).unwrap();
    assert_eq!(decode_frame(&instance, 0).unwrap().samples, expected(true));
}

/// What pydicom's apply_voi_lut makes of the sample is 257 times its stored value (0 to 65535 for 0 to 255):
/// on 8 bits the picture is what is stored.
#[test]
fn the_sample_with_a_voi_table_is_shown_through_it() {
    let Some(root) = std::env::var_os("COUNTERSIGN_SAMPLES").map(std::path::PathBuf::from) else {
        println!("skipped: COUNTERSIGN_SAMPLES not set");
        return;
    };
    let raw = std::fs::read(root.join("dicom/vlut_04.dcm")).unwrap();
    let instance = read(&raw, &Limits::default()).unwrap();
    let luts = DisplayLuts::of(&instance, 0);
    assert_eq!((luts.voi.len(), luts.voi[0].values.len(), luts.voi[0].bits), (1, 256, 16));
    let Samples::U8(stored) = decode_frame(&instance, 0).unwrap().samples else { panic!("not 8 bits") };
    let shown = render_frame(&instance, 0, None).unwrap();
    let expected: Vec<u8> = stored.iter().map(|v| (luts.voi[0].values[usize::from(*v)] >> 8) as u8).collect();
    assert_eq!(shown.pixels, expected);
}
