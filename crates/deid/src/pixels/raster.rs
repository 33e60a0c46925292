//! What the detector looks at: planes of brightness and, for colour, saturation.

use countersign_dicom::{Frame, Samples};

/// One frame as the detector sees it: brightness as shown (MONOCHROME1 turned round, palettes applied), and
/// for colour a second plane with the saturation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) planes: Vec<Plane>,
}

/// One plane, row by row from the top left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<u16>,
}

impl Raster {
    /// A grey picture of unsigned values; `inverted` for MONOCHROME1. `None` when the values do not fill it.
    #[must_use]
    pub fn grey(width: usize, height: usize, values: &[u16], inverted: bool) -> Option<Self> {
        if width == 0 || values.len() != width.checked_mul(height)? {
            return None;
        }
        let most = if inverted { values.iter().copied().max().unwrap_or(0) } else { 0 };
        let values = values.iter().map(|&v| if inverted { most - v } else { v }).collect();
        Some(Self { width, height, planes: vec![Plane { width, height, values }] })
    }

    /// A colour picture, red, green and blue interleaved by pixel. `None` when the values do not fill it.
    ///
    /// Brightness is the largest of the three (V of HSV), so that blue or red lettering on black stands out
    /// as much as white; saturation is the largest less the smallest.
    #[must_use]
    pub fn rgb(width: usize, height: usize, values: &[u16]) -> Option<Self> {
        if width == 0 || values.len() != width.checked_mul(height)?.checked_mul(3)? {
            return None;
        }
        let pixels = values.as_chunks::<3>().0;
        let bright: Vec<u16> = pixels.iter().map(|[r, g, b]| *r.max(g).max(b)).collect();
        let colors: Vec<u16> =
            pixels.iter().zip(&bright).map(|([r, g, b], most)| most - *r.min(g).min(b)).collect();
        let mut planes = vec![Plane { width, height, values: bright }];
        if colors.iter().any(|c| *c > 0) {
            planes.push(Plane { width, height, values: colors });
        }
        Some(Self { width, height, planes })
    }

    /// A decoded frame. `None` for a frame whose samples do not fill it.
    #[must_use]
    pub fn of(frame: &Frame) -> Option<Self> {
        let (width, height) = (frame.columns as usize, frame.rows as usize);
        match &frame.samples {
            Samples::U8(v) => Self::grey(width, height, &wide(v), frame.inverted),
            Samples::U16(v) => Self::grey(width, height, v, frame.inverted),
            Samples::I16(v) => {
                // Moved up by 32768, which keeps the order.
                let v: Vec<u16> = v.iter().map(|&v| (i32::from(v) + 32_768) as u16).collect();
                Self::grey(width, height, &v, frame.inverted)
            }
            Samples::Rgb8(v) => Self::rgb(width, height, &wide(v)),
            Samples::Rgb16(v) => Self::rgb(width, height, v),
            Samples::Float(v) => Self::grey(width, height, &stretched(v), frame.inverted),
        }
    }

    /// Width and height, pixels.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }
}

fn wide(values: &[u8]) -> Vec<u16> {
    values.iter().map(|&v| u16::from(v)).collect()
}

/// Floating values over the whole of 16 bits; those that are no number become the smallest.
fn stretched(values: &[f64]) -> Vec<u16> {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::MAX, f64::min), finite().fold(f64::MIN, f64::max));
    let scale = if high > low { f64::from(u16::MAX) / (high - low) } else { 0.0 };
    // The cast saturates, and takes what is no number to 0.
    values.iter().map(|v| ((v - low) * scale) as u16).collect()
}
