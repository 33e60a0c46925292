//! Defect boxes of a part: one line `x1 y1 x2 y2 type` each, in pixels of the test image.

use std::fmt::Write as _;

/// Largest accepted label file, in bytes.
pub const MAX_LABEL_BYTES: usize = 1024 * 1024;
/// Most boxes that one part may carry.
pub const MAX_LABELS: usize = 10_000;
/// Largest accepted coordinate, in pixels.
pub const MAX_COORDINATE_PX: f64 = 100_000.0;

/// The six kinds of defect of a bare printed circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DefectKind {
    /// A trace is interrupted.
    Open,
    /// Two traces are joined.
    Short,
    /// A piece is missing from the edge of copper.
    Mousebite,
    /// A piece sticks out from the edge of copper.
    Spur,
    /// A piece of copper stands alone.
    SpuriousCopper,
    /// A hole inside copper.
    Pinhole,
}

impl DefectKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Short, Self::Mousebite, Self::Spur, Self::SpuriousCopper, Self::Pinhole];

    /// The number that label files use: 1 open, 2 short, 3 mousebite, 4 spur, 5 copper, 6 pinhole.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Short => 2,
            Self::Mousebite => 3,
            Self::Spur => 4,
            Self::SpuriousCopper => 5,
            Self::Pinhole => 6,
        }
    }

    /// The kind that has this number.
    #[must_use]
    pub fn from_code(code: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| u64::from(kind.code()) == code)
    }

    /// The class name in lower case, stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Short => "short",
            Self::Mousebite => "mousebite",
            Self::Spur => "spur",
            Self::SpuriousCopper => "spurious_copper",
            Self::Pinhole => "pinhole",
        }
    }
}

/// One defect box, in pixels, corners in the outer-corner convention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DefectLabel {
    /// Left edge, in pixels.
    pub x1: f64,
    /// Upper edge, in pixels.
    pub y1: f64,
    /// Right edge, in pixels, larger than `x1`.
    pub x2: f64,
    /// Lower edge, in pixels, larger than `y1`.
    pub y2: f64,
    /// What is wrong there.
    pub kind: DefectKind,
}

/// Why a label file was refused; `line` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The file is larger than [`MAX_LABEL_BYTES`].
    #[error("the label file has {bytes} bytes; at most {MAX_LABEL_BYTES}")]
    TooLarge {
        /// Size of the file, in bytes.
        bytes: usize,
    },
    /// The file is not UTF-8 text.
    #[error("the label file is not UTF-8 text at byte {offset}")]
    NotText {
        /// First offending byte.
        offset: usize,
    },
    /// More than [`MAX_LABELS`] boxes.
    #[error("line {line}: more than {MAX_LABELS} boxes")]
    TooMany {
        /// Line of the first box too many.
        line: usize,
    },
    /// A line has not the five fields `x1 y1 x2 y2 type`.
    #[error("line {line}: {found} fields where x1 y1 x2 y2 type are needed")]
    Fields {
        /// Line.
        line: usize,
        /// How many fields there are.
        found: usize,
    },
    /// A coordinate is no finite number between 0 and [`MAX_COORDINATE_PX`].
    #[error("line {line}: field {field} is no coordinate between 0 and {MAX_COORDINATE_PX} px")]
    Coordinate {
        /// Line.
        line: usize,
        /// Field, from 1.
        field: usize,
    },
    /// The right edge is not right of the left one, or the lower not below the upper one.
    #[error("line {line}: the box has no area")]
    EmptyBox {
        /// Line.
        line: usize,
    },
    /// The defect type is not one of 1 to 6.
    #[error("line {line}: the defect type is not one of 1 to 6")]
    UnknownKind {
        /// Line.
        line: usize,
    },
}

/// Reads a label file. Fields are parted by white space or commas; empty lines are skipped.
///
/// # Errors
/// [`LabelError`] names the first line that cannot be taken.
pub fn parse_labels(bytes: &[u8]) -> Result<Vec<DefectLabel>, LabelError> {
    if bytes.len() > MAX_LABEL_BYTES {
        return Err(LabelError::TooLarge { bytes: bytes.len() });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| LabelError::NotText { offset: error.valid_up_to() })?;
    let mut labels = Vec::new();
    for (index, content) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = index + 1;
        let fields: Vec<&str> = content
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|field| !field.is_empty())
            .take(6)
            .collect();
        if fields.is_empty() {
            continue;
        }
        if labels.len() == MAX_LABELS {
            return Err(LabelError::TooMany { line });
        }
        labels.push(parse_line(&fields, line)?);
    }
    Ok(labels)
}

fn parse_line(fields: &[&str], line: usize) -> Result<DefectLabel, LabelError> {
    if fields.len() != 5 {
        return Err(LabelError::Fields { line, found: fields.len() });
    }
    let mut corners = [0.0; 4];
    for (index, corner) in corners.iter_mut().enumerate() {
        let value: Option<f64> = fields[index].parse().ok();
        let within = value.filter(|v| v.is_finite() && (0.0..=MAX_COORDINATE_PX).contains(v));
        *corner = within.ok_or(LabelError::Coordinate { line, field: index + 1 })?;
    }
    let [x1, y1, x2, y2] = corners;
    if x2 <= x1 || y2 <= y1 {
        return Err(LabelError::EmptyBox { line });
    }
    let code = fields[4].parse().ok();
    let kind = code.and_then(DefectKind::from_code).ok_or(LabelError::UnknownKind { line })?;
    Ok(DefectLabel { x1, y1, x2, y2, kind })
}

/// Writes labels in the form that [`parse_labels`] reads.
#[must_use]
pub fn write_labels(labels: &[DefectLabel]) -> String {
    let mut text = String::new();
    for label in labels {
        let DefectLabel { x1, y1, x2, y2, kind } = label;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{x1} {y1} {x2} {y2} {}", kind.code());
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_fault_names_its_line() {
        let cases: [(&[u8], LabelError); 9] = [
            (b"1 2 3 4 5\n1 2 3\n", LabelError::Fields { line: 2, found: 3 }),
            (b"1 2 3 4 5 6", LabelError::Fields { line: 1, found: 6 }),
            (b"\n\n1 two 3 4 5", LabelError::Coordinate { line: 3, field: 2 }),
            (b"1 2 NaN 4 5", LabelError::Coordinate { line: 1, field: 3 }),
            (b"1 2 3 inf 5", LabelError::Coordinate { line: 1, field: 4 }),
            (b"-1 2 3 4 5", LabelError::Coordinate { line: 1, field: 1 }),
            (b"3 2 3 4 5", LabelError::EmptyBox { line: 1 }),
            (b"1 2 3 4 7", LabelError::UnknownKind { line: 1 }),
            (b"1 2 \xff", LabelError::NotText { offset: 4 }),
        ];
        for (bytes, expected) in cases {
            assert_eq!(parse_labels(bytes), Err(expected), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn too_many_boxes_and_too_many_bytes_are_refused() {
        let many = "0 0 1 1 1\n".repeat(MAX_LABELS + 1);
        assert_eq!(parse_labels(many.as_bytes()), Err(LabelError::TooMany { line: MAX_LABELS + 1 }));
        let large = vec![b' '; MAX_LABEL_BYTES + 1];
        assert_eq!(parse_labels(&large), Err(LabelError::TooLarge { bytes: MAX_LABEL_BYTES + 1 }));
    }

    #[test]
    fn commas_carriage_returns_and_a_byte_order_mark_are_taken() {
        let labels = parse_labels("\u{feff}1,2,3,4,6\r\n".as_bytes()).unwrap();
        assert_eq!(labels, [DefectLabel { x1: 1.0, y1: 2.0, x2: 3.0, y2: 4.0, kind: DefectKind::Pinhole }]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            boxes in prop::collection::vec((0.0..9e4_f64, 0.0..9e4_f64, 0.1..900.0_f64, 0.1..900.0_f64, 1..7_u64), 0..20)
        ) {
            let labels: Vec<_> = boxes
                .into_iter()
                .map(|(x1, y1, w, h, code)| DefectLabel {
                    x1, y1, x2: x1 + w, y2: y1 + h, kind: DefectKind::from_code(code).unwrap(),
                })
                .collect();
            prop_assert_eq!(parse_labels(write_labels(&labels).as_bytes()), Ok(labels));
        }

        #[test]
        fn any_bytes_end_in_labels_or_a_typed_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(labels) = parse_labels(&bytes) {
                prop_assert!(labels.iter().all(|l| l.x2 > l.x1 && l.y2 > l.y1));
            }
        }
    }
}
