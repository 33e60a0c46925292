//! What the detector makes of files: the share of the first frame that it fills, and a picture of why.
//!
//! `frames [--regions] [--out DIR] FILE...`: DICOM instances and PNG or JPEG pictures. With `--regions`, a line of JSON with the
//! rectangles follows each. With `--out`, per file a portable pixmap: brightness as
//! shown in grey, likelihood as red, what is filled framed green.

use std::{error::Error, fs, path::Path};

use countersign_deid::pixels::{Hints, Raster, detect, net};
use countersign_dicom::{Limits, decode_frame, read};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let out =
        args.iter().position(|a| a == "--out").map(|at| args.drain(at..at + 2).nth(1).unwrap_or_default());
    let tell = args.first().is_some_and(|first| first == "--regions");
    for name in args.iter().skip(usize::from(tell)) {
        let bytes = fs::read(name)?;
        let raster = if name.ends_with(".png") || name.ends_with(".jpg") {
            picture(&bytes)?
        } else {
            match read(&bytes, &Limits::default()).and_then(|i| decode_frame(&i, 0)) {
                Ok(frame) => Raster::of(&frame),
                Err(error) => {
                    println!("{name}: {error}");
                    continue;
                }
            }
        };
        let Some(raster) = raster else { continue };
        let (width, height) = raster.size();
        let regions = detect(&raster, &Hints::default()).regions;
        let mut filled = vec![false; width * height];
        for r in &regions {
            for y in r.y..r.y + r.height {
                let row = y as usize * width;
                filled[row + r.x as usize..row + (r.x + r.width) as usize].fill(true);
            }
        }
        let share = filled.iter().filter(|f| **f).count() as f64 / filled.len() as f64;
        println!("{name}: {width} x {height}, {} regions, {:.2} % filled", regions.len(), share * 100.0);
        if tell {
            let areas: Vec<_> = regions.iter().map(countersign_deid::pixels::Region::area).collect();
            println!("{}", serde_json::to_string(&areas)?);
        }
        if let Some(folder) = &out {
            let stem =
                Path::new(name).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            fs::write(Path::new(folder).join(format!("{stem}.ppm")), drawn(&raster, &filled))?;
        }
    }
    Ok(())
}

fn picture(bytes: &[u8]) -> Result<Option<Raster>, Box<dyn Error>> {
    let picture = image::load_from_memory(bytes)?.to_rgb8();
    let values: Vec<u16> = picture.as_raw().iter().map(|v| u16::from(*v)).collect();
    Ok(Raster::rgb(picture.width() as usize, picture.height() as usize, &values))
}

fn drawn(raster: &Raster, filled: &[bool]) -> Vec<u8> {
    let (width, height) = raster.size();
    let input = net::Input::of(raster, 1);
    let heat = net::heat(raster);
    let mut out = format!("P6\n{width} {height}\n255\n").into_bytes();
    let whole = &input.values[width * height..2 * width * height];
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            let grey = ((whole[at] + 1.0) * 110.0).clamp(0.0, 255.0) as u8;
            let hot = heat.values[y / 2 * heat.width + x / 2];
            let edge = filled[at]
                && [(1, 0), (0, 1)].iter().any(|(dx, dy)| {
                    let (nx, ny) = (x + dx, y + dy);
                    nx >= width
                        || ny >= height
                        || !filled[ny * width + nx]
                        || x < *dx
                        || y < *dy
                        || !filled[(y - dy) * width + x - dx]
                });
            let rgb = if edge { [0, 255, 0] } else { [grey.max((hot * 255.0) as u8), grey, grey] };
            out.extend_from_slice(&rgb);
        }
    }
    out
}
