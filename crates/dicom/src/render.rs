//! From stored values to grey levels for a screen (PS3.3 C.11.1 and C.11.2).

use crate::frames::span;
use crate::{DicomError, DisplayLuts, Facts, Frame, Instance, Lut, Samples, Window};

/// A picture of 8 bits per channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Width, pixels.
    pub columns: u32,
    /// Height, pixels.
    pub rows: u32,
    /// 1 for grey, 3 for RGB.
    pub channels: u8,
    /// Samples, interleaved by pixel, row by row from the top left.
    pub pixels: Vec<u8>,
}

/// The curve of a window.
#[derive(Clone, Copy)]
enum Curve {
    Linear,
    LinearExact,
    Sigmoid,
}

/// The window that a frame is shown with when nobody asks for another: the first of the file, else from the
/// smallest to the largest value of the frame. In rescaled units.
#[must_use]
pub fn default_window(frame: &Frame, facts: &Facts) -> Window {
    facts.windows.first().copied().unwrap_or_else(|| full_window(frame, facts, None))
}

/// From the smallest to the largest value of the frame.
fn full_window(frame: &Frame, facts: &Facts, modality: Option<&Lut>) -> Window {
    let unit = |stored: f64| modality.map_or_else(|| rescaled_value(stored, facts), |table| table.at(stored));
    if let Samples::Float(values) = &frame.samples {
        let (low, high) = span(values).unwrap_or((0.0, 0.0));
        let (a, b) = (unit(low), unit(high));
        return Window { center: f64::midpoint(a, b), width: (a - b).abs().max(f64::MIN_POSITIVE) };
    }
    let (low, high) = frame.samples.range();
    let (a, b) = match modality {
        // A table need not rise.
        Some(table) => table.range(),
        None => (unit(f64::from(low)), unit(f64::from(high))),
    };
    let (low, high) = (a.min(b), a.max(b));
    // With width w, C.11.2.1.2.1 maps exactly the values from center - w / 2 to center + w / 2 - 1.
    let width = high - low + 1.0;
    Window { center: low + width / 2.0, width }
}

/// A stored value in the unit of its Rescale Type.
#[must_use]
pub fn rescaled(stored: i32, facts: &Facts) -> f64 {
    rescaled_value(f64::from(stored), facts)
}

fn rescaled_value(stored: f64, facts: &Facts) -> f64 {
    stored * facts.rescale_slope.unwrap_or(1.0) + facts.rescale_intercept.unwrap_or(0.0)
}

/// Renders a frame through a window (the default one for `None`). Colour is passed through, 16-bit colour
/// by its upper 8 bits. MONOCHROME1 comes out the right way round: bright is what the file says is bright.
/// Lookup tables are not looked at: see [`render_with`].
#[must_use]
pub fn render(frame: &Frame, facts: &Facts, window: Option<Window>) -> Rendered {
    render_with(frame, facts, &DisplayLuts::default(), window)
}

/// Decodes and renders frame `index` (from 0) with everything that its file says about display.
///
/// # Errors
/// As [`crate::decode_frame`].
pub fn render_frame(instance: &Instance, index: u32, window: Option<Window>) -> Result<Rendered, DicomError> {
    let frame = crate::decode_frame(instance, index)?;
    let luts = DisplayLuts::of(instance, index);
    Ok(render_with(&frame, &Facts::of(instance), &luts, window))
}

/// As [`render`], through the lookup tables of the file: the modality table takes the place of slope and
/// intercept, the first VOI table that of a window where nobody asks for one and the file names none
/// (PS3.3 C.11.1 and C.11.2: a file may offer both, and either is right).
#[must_use]
pub fn render_with(frame: &Frame, facts: &Facts, luts: &DisplayLuts, window: Option<Window>) -> Rendered {
    let picture = |channels, pixels| Rendered { columns: frame.columns, rows: frame.rows, channels, pixels };
    let down = frame.bits_stored.saturating_sub(8);
    let shade = |values: Values| Shade::new(frame, facts, luts, window).all(values);
    match &frame.samples {
        Samples::Rgb8(v) => picture(3, v.clone()),
        // At most 8 bits are left.
        Samples::Rgb16(v) => picture(3, v.iter().map(|x| (x >> down).min(255) as u8).collect()),
        Samples::U8(v) => picture(1, shade(Values::Few(&mut v.iter().map(|v| i32::from(*v))))),
        Samples::U16(v) => picture(1, shade(Values::Few(&mut v.iter().map(|v| i32::from(*v))))),
        Samples::I16(v) => picture(1, shade(Values::Few(&mut v.iter().map(|v| i32::from(*v))))),
        Samples::Float(v) => picture(1, shade(Values::Many(v))),
    }
}

/// Stored values to shade.
enum Values<'a> {
    /// Whole numbers of at most 16 bits.
    Few(&'a mut dyn Iterator<Item = i32>),
    Many(&'a [f64]),
}

/// What makes a shade of a value in rescaled units.
enum Voi<'a> {
    Window(Window, Curve),
    Table(&'a Lut),
}

struct Shade<'a> {
    facts: &'a Facts,
    modality: Option<&'a Lut>,
    voi: Voi<'a>,
    inverted: bool,
}

impl<'a> Shade<'a> {
    fn new(frame: &Frame, facts: &'a Facts, luts: &'a DisplayLuts, window: Option<Window>) -> Self {
        let curve = match facts.voi_lut_function.as_deref() {
            Some("LINEAR_EXACT") => Curve::LinearExact,
            Some("SIGMOID") => Curve::Sigmoid,
            _ => Curve::Linear,
        };
        let modality = luts.modality.as_ref();
        let asked = window.filter(|w| w.center.is_finite() && w.width.is_finite() && w.width > 0.0);
        let voi = match (asked.or_else(|| facts.windows.first().copied()), luts.voi.first()) {
            (Some(window), _) => Voi::Window(window, curve),
            (None, Some(table)) => Voi::Table(table),
            (None, None) => {
                // Floating-point values lie as close together as they like: no unit is added to the range.
                let float = matches!(frame.samples, Samples::Float(_));
                let curve = if float { Curve::LinearExact } else { Curve::Linear };
                Voi::Window(full_window(frame, facts, modality), curve)
            }
        };
        Self { facts, modality, voi, inverted: frame.inverted }
    }

    fn all(&self, values: Values) -> Vec<u8> {
        match values {
            Values::Many(values) => values.iter().map(|v| self.level(*v)).collect(),
            Values::Few(values) => {
                let values: Vec<i32> = values.collect();
                let Some(low) = values.iter().min().copied() else { return Vec::new() };
                let high = values.iter().max().copied().unwrap_or(low);
                // One entry per stored value of the frame: at most 65536, and fewer than its pixels as a rule.
                let table: Vec<u8> = (low..=high).map(|v| self.level(f64::from(v))).collect();
                values.iter().map(|v| table[(v - low) as usize]).collect()
            }
        }
    }

    /// Grey level of one stored value.
    fn level(&self, stored: f64) -> u8 {
        let x = match self.modality {
            Some(table) => table.at(stored),
            None => rescaled_value(stored, self.facts),
        };
        let share = match self.voi {
            Voi::Table(table) => table.share(x),
            // C.11.2.1.2.1; with width 1 it is a threshold.
            Voi::Window(Window { center: c, width: w }, Curve::Linear) if w <= 1.0 => {
                f64::from(u8::from(x > c - 0.5))
            }
            Voi::Window(Window { center: c, width: w }, Curve::Linear) => (x - (c - 0.5)) / (w - 1.0) + 0.5,
            // C.11.2.1.3.2
            Voi::Window(Window { center: c, width: w }, Curve::LinearExact) => (x - c) / w + 0.5,
            // C.11.2.1.3.1
            Voi::Window(Window { center: c, width: w }, Curve::Sigmoid) => {
                1.0 / (1.0 + (-4.0 * (x - c) / w).exp())
            }
        };
        // Clamped to 0 to 255, so the cast keeps it; what is no number is black.
        let level = (share.clamp(0.0, 1.0) * 255.0).round() as u8;
        if self.inverted { 255 - level } else { level }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(samples: Samples, columns: u32) -> Frame {
        Frame { rows: 1, columns, bits_stored: 12, inverted: false, samples }
    }

    fn ct() -> Facts {
        Facts { rescale_slope: Some(1.0), rescale_intercept: Some(-1024.0), ..Facts::default() }
    }

    #[test]
    fn a_linear_window_ends_where_the_standard_says() {
        // Lung: centre -600, width 1500: black up to -1350, white from 149 on.
        let samples = Samples::U16(
            vec![0, 1024 - 1350, 1024 - 600, 1024 + 149, 1024 + 150, 4095]
                .into_iter()
                .map(|v: i32| v.max(0) as u16)
                .collect(),
        );
        let lung = Window { center: -600.0, width: 1500.0 };
        let got = render(&frame(samples, 6), &ct(), Some(lung));
        assert_eq!(got.pixels[0], ((-1024.0f64 + 600.5) / 1499.0 * 255.0 + 127.5).round() as u8);
        assert_eq!(got.pixels[2..], [128, 255, 255, 255]);
        assert_eq!((got.channels, got.columns), (1, 6));
    }

    #[test]
    fn without_a_window_the_values_of_the_frame_span_the_screen() {
        let samples = Samples::I16(vec![-50, 0, 50]);
        assert_eq!(render(&frame(samples.clone(), 3), &ct(), None).pixels, [0, 128, 255]);
        let mut inverted = frame(samples, 3);
        inverted.inverted = true;
        assert_eq!(render(&inverted, &ct(), None).pixels, [255, 127, 0]);
        let flat = frame(Samples::U8(vec![7; 3]), 3);
        assert_eq!(
            render(&flat, &Facts::default(), None).pixels.len(),
            3,
            "one value is no division by zero"
        );
    }

    #[test]
    fn a_useless_window_is_not_used() {
        let samples = Samples::U8(vec![0, 255]);
        for width in [0.0, -1.0, f64::NAN] {
            let window = Some(Window { center: 5.0, width });
            assert_eq!(render(&frame(samples.clone(), 2), &Facts::default(), window).pixels, [0, 255]);
        }
    }

    #[test]
    fn other_curves_follow_their_formulae() {
        let window = Some(Window { center: 100.0, width: 50.0 });
        let samples = Samples::U8(vec![75, 100, 125]);
        let exact = Facts { voi_lut_function: Some("LINEAR_EXACT".to_owned()), ..Facts::default() };
        assert_eq!(render(&frame(samples.clone(), 3), &exact, window).pixels, [0, 128, 255]);
        let sigmoid = Facts { voi_lut_function: Some("SIGMOID".to_owned()), ..Facts::default() };
        // 1 / (1 + e^2) and its complement.
        assert_eq!(render(&frame(samples, 3), &sigmoid, window).pixels, [30, 128, 225]);
    }

    #[test]
    fn wide_colour_is_shown_by_its_upper_bits() {
        let mut wide = frame(Samples::Rgb16(vec![0xFFFF, 0x8000, 0x00FF]), 1);
        wide.bits_stored = 16;
        assert_eq!(render(&wide, &Facts::default(), None).pixels, [255, 128, 0]);
    }
}
