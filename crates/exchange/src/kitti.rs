//! KITTI object labels: one text file per frame, one line per object.
//!
//! The lines themselves come from the crate that knows cameras and calibrations; this one gives files, names and
//! order, and refuses a line that no KITTI reader would take. A frame without objects is an empty file: it was looked
//! at, and nothing is there.

use std::io::Write;

use countersign_model::{ItemId, ReadId};
use serde::Serialize;

use crate::ExchangeError;

/// Most objects in one frame.
pub const OBJECTS_PER_FRAME_MAX: usize = 50_000;

/// The KITTI word for a class: the words of KITTI's own classes where we have the class, `Misc` for other objects,
/// else our id as it is.
pub fn class_name(class: &str) -> &str {
    match class {
        "car" => "Car",
        "van" => "Van",
        "truck" => "Truck",
        "pedestrian" => "Pedestrian",
        "cyclist" => "Cyclist",
        "object" => "Misc",
        other => other,
    }
}

/// Which frame is which item: one JSON line per frame in `frames.jsonl`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FrameEntry {
    /// Number of the frame, as in its file names.
    pub frame: u64,
    /// The item.
    pub item_id: ItemId,
    /// The accepted read.
    pub read_id: ReadId,
    /// Objects in the label file.
    pub objects: usize,
}

/// Path of a frame's label file inside the export: `label_2/000042.txt`.
pub fn label_path(frame: u64) -> String {
    format!("label_2/{frame:06}.txt")
}

/// Writes one frame's label file from ready label lines (without line ends), in the order given; how many.
///
/// # Errors
/// [`ExchangeError::Invalid`] naming the line when it has not 15 fields (16 with a score), when a field after the
/// first is no finite number, or when there are more than [`OBJECTS_PER_FRAME_MAX`]; [`ExchangeError::Io`].
pub fn write_frame<L: AsRef<str>>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = L>,
) -> Result<usize, ExchangeError> {
    let mut count = 0;
    for line in lines {
        let line = line.as_ref();
        count += 1;
        if count > OBJECTS_PER_FRAME_MAX {
            return Err(ExchangeError::invalid(
                "frame",
                format!("has more than {OBJECTS_PER_FRAME_MAX} objects"),
            ));
        }
        check_line(line).map_err(|message| ExchangeError::invalid(format!("line {count}"), message))?;
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(count)
}

/// Writes one line of the list that says which frame is which item.
///
/// # Errors
/// [`ExchangeError::Io`].
pub fn write_entry(out: &mut impl Write, entry: &FrameEntry) -> Result<(), ExchangeError> {
    let text = serde_json::to_string(entry).map_err(|source| ExchangeError::json("frames.jsonl", source))?;
    Ok(writeln!(out, "{text}")?)
}

fn check_line(line: &str) -> Result<(), String> {
    if line.contains(['\n', '\r']) {
        return Err("contains a line end".into());
    }
    let fields: Vec<&str> = line.split(' ').collect();
    if fields.len() != 15 && fields.len() != 16 {
        return Err(format!("has {} fields, 15 or 16 are needed", fields.len()));
    }
    if fields[0].is_empty() {
        return Err("has no class".into());
    }
    for (index, field) in fields.iter().enumerate().skip(1) {
        if !field.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(format!("field {} is no finite number", index + 1));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAR: &str = "Car 0.00 0 1.85 387.63 181.54 423.81 203.12 1.67 1.87 3.69 -16.53 2.39 58.49 1.57";

    #[test]
    fn writes_frames_in_order_and_empty_ones() {
        let mut out = Vec::new();
        let scored = format!("{CAR} 0.5");
        assert_eq!(write_frame(&mut out, [CAR, &scored]).unwrap(), 2);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{CAR}\n{CAR} 0.5\n"));
        let mut empty = Vec::new();
        assert_eq!(write_frame(&mut empty, [""; 0]).unwrap(), 0);
        assert!(empty.is_empty());
        assert_eq!(label_path(7), "label_2/000007.txt");
        assert_eq!(label_path(12_345_678), "label_2/12345678.txt");
    }

    #[test]
    fn refuses_what_no_reader_takes() {
        for (line, message) in [
            (CAR.replace("Car ", ""), "has 14 fields, 15 or 16 are needed"),
            (CAR.replace("Car ", "Big car ") + " 1", "has 17 fields, 15 or 16 are needed"),
            (CAR.replace("1.85", "NaN"), "field 4 is no finite number"),
            (CAR.replace("Car", ""), "has no class"),
            (CAR.replace(' ', "\n"), "contains a line end"),
        ] {
            let error = write_frame(&mut Vec::new(), [CAR, &line]).unwrap_err();
            assert_eq!(error.to_string(), format!("line 2: {message}"));
        }
        let many = std::iter::repeat_n(CAR, OBJECTS_PER_FRAME_MAX + 1);
        assert!(write_frame(&mut std::io::sink(), many).is_err());
    }
}
