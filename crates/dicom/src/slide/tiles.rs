//! A tile of a TIFF file as a frame: JPEG and JPEG 2000 as they stand, everything else coded without loss.

use std::io::Read;

use bytes::Bytes;

use super::{
    SlideFileError,
    pages::{Packing, Page},
};
use crate::{encode::Picture, jpegls};

const JPEG_START: &[u8] = &[0xFF, 0xD8];
const JPEG_END: &[u8] = &[0xFF, 0xD9];

/// The codestream of a tile that stands at `at` of the file. `tables` are those that the JPEGs of its page share.
pub(super) fn frame(page: &Page, tables: &[u8], raw: Bytes, at: u64) -> Result<Bytes, SlideFileError> {
    match page.packing {
        Packing::Jpeg if tables.is_empty() => Ok(raw),
        Packing::Jpeg => with_tables(tables, &raw, at),
        Packing::Jpeg2000 | Packing::Jpeg2000Chroma => Ok(raw),
        Packing::None | Packing::Lzw | Packing::Deflate => {
            let samples = unpacked(page, &raw, at)?;
            let picture = Picture {
                rows: page.tile_height as usize,
                columns: page.tile_width as usize,
                components: page.samples(),
                precision: 8,
                samples: samples.into_iter().map(u16::from).collect(),
            };
            let coded = jpegls::encode(&picture);
            coded.map(Bytes::from).map_err(|why| SlideFileError::unsupported(at, why))
        }
    }
}

/// A JPEG with the tables that its page keeps for all of its tiles (TIFF technical note 2): what one frame of DICOM must hold
/// itself.
fn with_tables(tables: &[u8], tile: &[u8], at: u64) -> Result<Bytes, SlideFileError> {
    let shared = tables.strip_prefix(JPEG_START).and_then(|rest| rest.strip_suffix(JPEG_END));
    let (Some(shared), Some(rest)) = (shared, tile.strip_prefix(JPEG_START)) else {
        return Err(SlideFileError::broken(at, "a tile that is no JPEG, or tables that are none"));
    };
    let mut whole = Vec::with_capacity(tables.len() + tile.len());
    whole.extend_from_slice(JPEG_START);
    whole.extend_from_slice(shared);
    whole.extend_from_slice(rest);
    Ok(whole.into())
}

/// The samples of a tile, row by row, exactly as many as it has.
fn unpacked(page: &Page, raw: &[u8], at: u64) -> Result<Vec<u8>, SlideFileError> {
    let row = page.tile_width as usize * page.samples();
    // At most three bytes for each pixel of the largest frame.
    let mut samples = vec![0; row * page.tile_height as usize];
    let short = || SlideFileError::broken(at, "a tile with too few pixels");
    match page.packing {
        Packing::Lzw => lzw(raw, &mut samples).ok_or_else(short)?,
        Packing::Deflate => {
            flate2::read::ZlibDecoder::new(raw).read_exact(&mut samples).map_err(|_| short())?
        }
        _ => {
            let stored = raw.get(..samples.len()).ok_or_else(short)?;
            samples.copy_from_slice(stored);
        }
    }
    if page.predicted {
        let step = page.samples();
        for row in samples.chunks_exact_mut(row) {
            for place in step..row.len() {
                row[place] = row[place].wrapping_add(row[place - step]);
            }
        }
    }
    Ok(samples)
}

fn lzw(raw: &[u8], mut out: &mut [u8]) -> Option<()> {
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let mut rest = raw;
    while !out.is_empty() {
        let step = decoder.decode_bytes(rest, out);
        if step.consumed_out == 0 && step.consumed_in == 0 {
            return None;
        }
        rest = &rest[step.consumed_in..];
        out = &mut out[step.consumed_out..];
        if out.is_empty() {
            break;
        }
        if !matches!(step.status, Ok(weezl::LzwStatus::Ok)) {
            return None;
        }
    }
    Some(())
}
