//! Writes the project's own pictures as seeds: corpus/<target>/<name>.

use std::error::Error;
use std::{fs, path::Path};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Target, table, and the columns of codestream and bits.
    for (target, table, stream, bits) in [
        ("jpegls", "jpegls.tsv", 6, Some(4)),
        ("jpeg12", "jpeg12.tsv", 4, None),
        ("jpeg12", "baseline.tsv", 4, None),
        ("lossless", "lossless.tsv", 4, Some(5)),
    ] {
        let folder = here.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for line in fs::read_to_string(here.join("../tests/reference").join(table))?.lines() {
            let f: Vec<&str> = line.split('\t').collect();
            let [name, rows, columns, samples, ..] = f[..] else { continue };
            let wide = if table == "baseline.tsv" { 8 } else { 12 };
            let bits = bits.map_or(Ok(wide), |at| f[at].parse::<u8>())?;
            let color = if samples == "3" { 0 } else { 3 };
            let kind = color | if bits > 8 { 4 } else { 0 };
            let head = [rows.parse::<u8>()? - 1, columns.parse::<u8>()? - 1, kind, bits - 1];
            fs::write(folder.join(name), [&head[..], &hex(f[stream])].concat())?;
        }
    }
    let folder = here.join("corpus/rle");
    fs::create_dir_all(&folder)?;
    let mut frame = vec![3, 3, 7, 11, 2, 0, 0, 0, 64, 0, 0, 0, 66, 0, 0, 0];
    frame.resize(4 + 64, 0);
    frame.extend([0xF1, 1, 0xF1, 9]);
    fs::write(folder.join("flat"), frame)?;
    Ok(())
}
