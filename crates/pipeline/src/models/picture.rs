//! A frame as a model is shown it, and what masks cover of it.

use countersign_deid as deid;
use countersign_learning::detect::{Found, Picture};
use countersign_model::MaskRect;

/// How much wider and higher than found a mask is drawn, about its middle: models draw boxes tight.
pub(crate) const WIDENED: f64 = 1.25;

/// Decodes a picture as it is stored. The code says why it cannot be shown to a model: not decodable, or turned (a model
/// that is shown people lying on their side sees few of them, and its recall was measured on others).
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, &'static str> {
    let cleaned = deid::clean_image(bytes).map_err(|_| "not-decodable")?;
    if cleaned.orientation.is_some_and(|orientation| orientation != 1) {
        return Err("picture-turned");
    }
    let reader = image::ImageReader::new(std::io::Cursor::new(&cleaned.bytes)).with_guessed_format();
    let decoded = reader.ok().and_then(|reader| reader.decode().ok()).ok_or("not-decodable")?;
    let rgb = decoded.into_rgb8();
    let (width, height) = rgb.dimensions();
    Picture::new(width, height, rgb.into_raw()).ok_or("not-decodable")
}

/// The mask for what was found: widened, cut to the picture.
pub(crate) fn mask(found: &Found, width: u32, height: u32) -> MaskRect {
    let MaskRect { x, y, width: w, height: h } = found.rect;
    let [more_x, more_y] = [w, h].map(|side| side * (WIDENED - 1.0) / 2.0);
    let edge = |at: f64, most: u32| at.clamp(0.0, f64::from(most));
    let (left, right) = (edge(x - more_x, width), edge(x + w + more_x, width));
    let (top, bottom) = (edge(y - more_y, height), edge(y + h + more_y, height));
    MaskRect { x: left, y: top, width: right - left, height: bottom - top }
}

/// Pixels of a picture that lie under masks.
pub(super) struct Covered {
    width: u32,
    height: u32,
    pixels: Vec<bool>,
}

impl Covered {
    pub fn new(width: u32, height: u32, masks: &[MaskRect]) -> Self {
        let mut pixels = vec![false; width as usize * height as usize];
        for mask in masks {
            let [columns, rows] = mask.pixels(width, height);
            for row in rows {
                let start = row as usize * width as usize;
                pixels[start + columns.start as usize..start + columns.end as usize].fill(true);
            }
        }
        Self { width, height, pixels }
    }

    /// The share of the pixels that a rectangle touches which lie under masks.
    pub fn share(&self, rect: &MaskRect) -> f64 {
        let [columns, rows] = rect.pixels(self.width, self.height);
        let all = columns.len() * rows.len();
        let covered: usize = rows
            .map(|row| {
                let start = row as usize * self.width as usize;
                let line = &self.pixels[start + columns.start as usize..start + columns.end as usize];
                line.iter().filter(|is| **is).count()
            })
            .sum();
        if all == 0 { 0.0 } else { covered as f64 / all as f64 }
    }

    /// The share of the whole picture.
    pub fn whole(&self) -> f64 {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        self.share(&MaskRect { x: 0.0, y: 0.0, width, height })
    }
}

#[cfg(test)]
mod tests {
    use countersign_model::Telltale;

    use super::*;

    const fn rect(x: f64, y: f64, width: f64, height: f64) -> MaskRect {
        MaskRect { x, y, width, height }
    }

    #[test]
    fn a_mask_is_wider_than_what_was_found_and_stays_in_the_picture() {
        let found = |rect| Found { kind: Telltale::Face, rect, score: 0.9 };
        assert_eq!(mask(&found(rect(40.0, 40.0, 8.0, 16.0)), 100, 100), rect(39.0, 38.0, 10.0, 20.0));
        assert_eq!(mask(&found(rect(0.0, 0.0, 8.0, 8.0)), 100, 100), rect(0.0, 0.0, 9.0, 9.0));
        assert_eq!(mask(&found(rect(92.0, 0.0, 8.0, 100.0)), 100, 100), rect(91.0, 0.0, 9.0, 100.0));
    }

    #[test]
    fn what_several_masks_cover_counts_once() {
        let covered = Covered::new(10, 10, &[rect(0.0, 0.0, 5.0, 10.0), rect(3.0, 0.0, 4.0, 5.0)]);
        assert!((covered.whole() - 0.6).abs() < 1e-12);
        assert!((covered.share(&rect(4.0, 4.0, 4.0, 4.0)) - 6.0 / 16.0).abs() < 1e-12);
        assert!((covered.share(&rect(0.2, 0.2, 3.0, 3.0)) - 1.0).abs() < 1e-12);
        assert_eq!(covered.share(&rect(8.0, 8.0, 2.0, 2.0)), 0.0);
    }

    #[test]
    fn a_turned_or_broken_picture_is_not_shown() {
        assert_eq!(decode(b"no picture").unwrap_err(), "not-decodable");
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::from_pixel(3, 2, image::Rgb([9, 8, 7]))
            .write_to(&mut png, image::ImageFormat::Png)
            .unwrap();
        let shown = decode(png.get_ref()).unwrap();
        assert_eq!((shown.width(), shown.height()), (3, 2));
        let mut jpeg = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new(&mut jpeg);
        image::RgbImage::new(8, 8).write_with_encoder(encoder).unwrap();
        let turned = |orientation: u8| {
            let mut exif = b"\xFF\xE1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
            exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
            [&jpeg[..2], &exif, &jpeg[2..]].concat()
        };
        assert!(decode(&turned(1)).is_ok());
        assert_eq!(decode(&turned(6)).unwrap_err(), "picture-turned");
    }
}
