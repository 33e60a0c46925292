//! What the targets share: an image around a codestream, and everything that is done to an instance.

use countersign_dicom::{
    DataSet, Element, Facts, FrameEdit, Instance, Limits, VR, Value, decode_frame, frame_bytes, frame_count,
    raw_samples, read, render_frame, replace_frames, tags, transcode_to_native, write,
};

/// Limits that keep one case fast.
pub fn limits() -> Limits {
    Limits { frame_pixels: 1 << 16, frames: 64, inflated_bytes: 1 << 22, ..Limits::default() }
}

/// Reads a file and does with it all that a server does.
pub fn whole_file(data: &[u8], decode: bool) {
    let Ok(instance) = read(data, &limits()) else { return };
    let _ = Facts::of(&instance);
    let out = write(&instance).expect("what was read can be written");
    read(&out, &limits()).expect("what was written can be read");
    if decode {
        all_of(instance);
    }
}

/// Decodes, renders, puts back and transcodes the first frames.
pub fn all_of(mut instance: Instance) {
    for index in 0..frame_count(&instance).min(3) {
        let _ = (decode_frame(&instance, index), frame_bytes(&instance, index), render_frame(&instance, index, None));
        if let Ok(mut samples) = raw_samples(&instance, index) {
            samples.paint(1..9, 0..3);
            let painted = samples.clone();
            let edit = FrameEdit { frame: index, samples };
            if replace_frames(&mut instance, vec![edit]).is_ok_and(|done| !done.lossy) {
                let back = raw_samples(&instance, index).expect("what was coded can be decoded");
                // Not a number is not equal to itself.
                if back.bits_allocated <= 32 {
                    assert_eq!(back.cells, painted.cells, "and is what it was");
                }
            }
        }
    }
    let _ = transcode_to_native(&mut instance);
}

/// One frame of this syntax; the first bytes of the data say what the image is.
pub fn one_frame(data: &[u8], syntax: &str) {
    let [rows, columns, kind, stored, stream @ ..] = data else { return };
    let (samples, photometric) = match kind & 3 {
        0 => (3, "RGB"),
        1 => (3, "YBR_FULL"),
        2 => (1, "MONOCHROME1"),
        _ => (1, "MONOCHROME2"),
    };
    let allocated = if kind & 4 == 0 { 8 } else { 16 };
    let stored = u16::from(stored % allocated) + 1;
    let mut set = DataSet::new();
    set.put_text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.7");
    set.put_u16(tags::SAMPLES_PER_PIXEL, &[samples]);
    set.put_text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    set.put_u16(tags::ROWS, &[u16::from(*rows) + 1]);
    set.put_u16(tags::COLUMNS, &[u16::from(*columns) + 1]);
    set.put_u16(tags::BITS_ALLOCATED, &[u16::from(allocated)]);
    set.put_u16(tags::BITS_STORED, &[stored]);
    set.put_u16(tags::HIGH_BIT, &[stored - 1]);
    set.put_u16(tags::PIXEL_REPRESENTATION, &[u16::from(kind >> 3 & 1)]);
    let value = Value::Fragments { offsets: Default::default(), fragments: vec![(0, stream.to_vec().into())] };
    set.insert(tags::PIXEL_DATA, Element { vr: VR::OB, value, offset: 0 });
    let mut instance = Instance::new(set);
    instance.transfer_syntax = syntax.to_owned();
    all_of(instance);
}
