//! Binary masks as run lengths, in COCO's order: column after column, the first run counts zeros.

use serde::{Deserialize, Serialize};

use crate::box2::ratio;
use crate::{Box2, GeometryError, ImageSize, Point2, Polygon, rle_text};

/// Most pixels of one mask: a 16,384 by 16,384 image.
pub const MASK_PIXELS_MAX: u64 = 1 << 28;

/// A binary mask. JSON as COCO has it: `{"size": [height, width], "counts": …}`; counts are written as
/// the compressed string and read as string or list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Rle {
    size: ImageSize,
    /// Alternating runs of zeros and ones; only the first may be empty.
    counts: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    size: [u32; 2],
    counts: WireCounts,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireCounts {
    Text(String),
    List(Vec<u32>),
}

impl TryFrom<Wire> for Rle {
    type Error = GeometryError;

    fn try_from(wire: Wire) -> Result<Self, GeometryError> {
        let size = ImageSize { height: wire.size[0], width: wire.size[1] };
        match wire.counts {
            WireCounts::Text(text) => Self::from_coco_string(size, &text),
            WireCounts::List(list) => Self::from_counts(size, &list),
        }
    }
}

impl From<Rle> for Wire {
    fn from(mask: Rle) -> Self {
        Self { size: [mask.size.height, mask.size.width], counts: WireCounts::Text(mask.to_coco_string()) }
    }
}

impl Rle {
    /// Takes alternating runs of zeros and ones. Empty runs in the middle are merged away.
    ///
    /// # Errors
    /// [`GeometryError::NotPositive`] or [`GeometryError::TooMany`] for the size,
    /// [`GeometryError::RunsMismatch`] when the runs do not cover the image exactly.
    pub fn from_counts(size: ImageSize, counts: &[u32]) -> Result<Self, GeometryError> {
        let expected = checked_pixels(size)?;
        let found: u64 = counts.iter().map(|&c| u64::from(c)).sum();
        if found != expected {
            return Err(GeometryError::RunsMismatch { found, expected });
        }
        let mut runs = Runs::default();
        for (i, &count) in counts.iter().enumerate() {
            runs.push(i % 2 == 1, count);
        }
        Ok(Self { size, counts: runs.counts })
    }

    /// Reads COCO's compressed string.
    ///
    /// # Errors
    /// [`GeometryError::MaskText`] names the byte; else as [`Rle::from_counts`].
    pub fn from_coco_string(size: ImageSize, text: &str) -> Result<Self, GeometryError> {
        Self::from_counts(size, &rle_text::decode(text)?)
    }

    /// COCO's compressed string.
    #[must_use]
    pub fn to_coco_string(&self) -> String {
        rle_text::encode(&self.counts)
    }

    /// From pixels in row order; anything but 0 is set.
    ///
    /// # Errors
    /// [`GeometryError::PixelCount`] unless there are exactly width times height; else as
    /// [`Rle::from_counts`].
    pub fn from_rows(size: ImageSize, pixels: &[u8]) -> Result<Self, GeometryError> {
        let expected = checked_pixels(size)?;
        if pixels.len() as u64 != expected {
            return Err(GeometryError::PixelCount { found: pixels.len() as u64, expected });
        }
        let mut runs = Runs::default();
        let width = size.width as usize;
        for column in 0..width {
            for &pixel in pixels[column..].iter().step_by(width) {
                runs.push(pixel != 0, 1);
            }
        }
        Ok(Self { size, counts: runs.counts })
    }

    /// Pixels in row order, 0 or 1.
    #[must_use]
    pub fn to_rows(&self) -> Vec<u8> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut pixels = vec![0u8; width * height];
        for (start, end) in self.ones() {
            for at in start..end {
                let at = at as usize;
                pixels[(at % height) * width + at / height] = 1;
            }
        }
        pixels
    }

    /// The pixels whose centres lie in the polygon, by the even-odd rule; a centre exactly on the outline
    /// goes to one of two polygons that share it, never to both. Parts outside the image are dropped.
    ///
    /// # Errors
    /// [`GeometryError::NotPositive`] or [`GeometryError::TooMany`] for the size.
    pub fn from_polygon(size: ImageSize, polygon: &Polygon) -> Result<Self, GeometryError> {
        let total = checked_pixels(size)?;
        let mut edges: Vec<(Point2, Point2)> =
            polygon.edges().map(|(a, b)| if a.x <= b.x { (a, b) } else { (b, a) }).collect();
        edges.sort_by(|p, q| p.0.x.total_cmp(&q.0.x));
        let (mut next, mut active) = (0, Vec::new());
        let mut crossings = Vec::new();
        let mut runs = Runs::default();
        let mut covered = 0u64;
        for column in 0..size.width {
            let x = f64::from(column) + 0.5;
            while next < edges.len() && edges[next].0.x <= x {
                active.push(edges[next]);
                next += 1;
            }
            active.retain(|(_, b): &(Point2, Point2)| b.x > x);
            crossings.clear();
            crossings.extend(active.iter().map(|(a, b)| a.y + (x - a.x) / (b.x - a.x) * (b.y - a.y)));
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let (from, to) = (first_row(pair[0], size.height), first_row(pair[1], size.height));
                let start = u64::from(column) * u64::from(size.height) + u64::from(from);
                runs.push(false, (start - covered) as u32);
                runs.push(true, to - from);
                covered = start + u64::from(to - from);
            }
        }
        runs.push(false, (total - covered) as u32);
        Ok(Self { size, counts: runs.counts })
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Alternating runs of zeros and ones, column by column; the sum is width times height.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Number of set pixels.
    #[must_use]
    pub fn area(&self) -> u64 {
        self.counts.iter().skip(1).step_by(2).map(|&c| u64::from(c)).sum()
    }

    /// The smallest box around the set pixels; `None` for an empty mask.
    #[must_use]
    pub fn bounds(&self) -> Option<Box2> {
        let height = self.size.height;
        let (mut left, mut right, mut top, mut bottom) = (u32::MAX, 0, u32::MAX, 0);
        for (start, end) in self.ones() {
            let (first, last) = (start / height, (end - 1) / height);
            left = left.min(first);
            right = right.max(last + 1);
            if first == last {
                top = top.min(start % height);
                bottom = bottom.max((end - 1) % height + 1);
            } else {
                // A run over a column's end touches both the last row and the first.
                (top, bottom) = (0, height);
            }
        }
        (left < right)
            .then(|| Box2::from_edges(f64::from(left), f64::from(top), f64::from(right), f64::from(bottom)))
    }

    /// Number of pixels set in both.
    ///
    /// # Errors
    /// [`GeometryError::SizeMismatch`].
    pub fn intersection_area(&self, other: &Self) -> Result<u64, GeometryError> {
        if self.size != other.size {
            return Err(GeometryError::SizeMismatch {
                a_height: self.size.height,
                a_width: self.size.width,
                b_height: other.size.height,
                b_width: other.size.width,
            });
        }
        let (mut a, mut b) = (self.ones().peekable(), other.ones().peekable());
        let mut common = 0;
        while let (Some(&(a0, a1)), Some(&(b0, b1))) = (a.peek(), b.peek()) {
            common += u64::from(a1.min(b1).saturating_sub(a0.max(b0)));
            if a1 <= b1 {
                a.next();
            } else {
                b.next();
            }
        }
        Ok(common)
    }

    /// Intersection over union, 0 to 1; 0 for two empty masks.
    ///
    /// # Errors
    /// [`GeometryError::SizeMismatch`].
    pub fn iou(&self, other: &Self) -> Result<f64, GeometryError> {
        let common = self.intersection_area(other)?;
        Ok(ratio(common as f64, (self.area() + other.area() - common) as f64))
    }

    /// Twice the intersection over the sum of both areas (Dice), 0 to 1; 0 for two empty masks.
    ///
    /// # Errors
    /// [`GeometryError::SizeMismatch`].
    pub fn dice(&self, other: &Self) -> Result<f64, GeometryError> {
        let common = self.intersection_area(other)?;
        Ok(ratio(2.0 * common as f64, (self.area() + other.area()) as f64))
    }

    /// Start and end of each run of ones, counted along the columns.
    fn ones(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let mut end = 0;
        self.counts.iter().enumerate().filter_map(move |(i, &count)| {
            let start = end;
            end += count;
            (i % 2 == 1).then_some((start, end))
        })
    }
}

/// The first row whose centre is not above `y`, held within the image.
fn first_row(y: f64, height: u32) -> u32 {
    (y - 0.5).ceil().clamp(0.0, f64::from(height)) as u32
}

fn checked_pixels(size: ImageSize) -> Result<u64, GeometryError> {
    let pixels = u64::from(size.width) * u64::from(size.height);
    if pixels == 0 {
        return Err(GeometryError::NotPositive { what: "mask pixels", value: 0.0 });
    }
    if pixels > MASK_PIXELS_MAX {
        return Err(GeometryError::TooMany { what: "mask pixels", found: pixels, limit: MASK_PIXELS_MAX });
    }
    Ok(pixels)
}

/// Builds the one canonical list of runs: alternating, none empty but perhaps the first.
#[derive(Default)]
struct Runs {
    counts: Vec<u32>,
}

impl Runs {
    fn push(&mut self, one: bool, count: u32) {
        if count == 0 {
            return;
        }
        if self.counts.is_empty() && one {
            self.counts.push(0);
        }
        // The list's length tells what its last run is: odd lengths end in zeros.
        let last_is_one = self.counts.len().is_multiple_of(2);
        match self.counts.last_mut() {
            Some(last) if last_is_one == one => *last += count,
            _ => self.counts.push(count),
        }
    }
}
