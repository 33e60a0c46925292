//! The contract of the command line, and real and bad input through it.

use std::io::Write;

use crate::house::{object, run, samples};

fn ingest(data: &str, project: &str, protocol: &str, path: &str) -> std::process::Output {
    run(&["--json", "ingest", "--data", data, "--project", project, "--create", protocol, path])
}

#[test]
fn exit_statuses_are_0_1_and_2() {
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["verify"]).status.code(), Some(2));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
    let missing = run(&["--json", "verify", "/no/such/file.zip"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(object(&missing)["error"]["code"].is_string());
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for command in ["serve", "demo", "ingest", "release", "verify", "backup", "restore"] {
        assert!(help.contains(command), "--help does not name {command}");
    }
}

#[test]
fn a_series_is_one_study_and_comes_in_once() {
    let Some(folder) = samples("dicom-series") else { return };
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data").to_str().unwrap().to_owned();
    let first = ingest(&data, "MR", "radiology", folder.to_str().unwrap());
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let said = object(&first);
    assert_eq!((said["items"].as_u64(), said["ingest"]["stored"].as_u64()), (Some(1), Some(14)));
    let again = object(&ingest(&data, "MR", "radiology", folder.to_str().unwrap()));
    assert_eq!((again["items"].as_u64(), again["ingest"]["known"].as_u64()), (Some(0), Some(14)));
    let verified = run(&["verify", "--log", &data]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn bad_files_are_refused_at_their_place_and_the_good_one_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let good = png(40, 30);
    std::fs::write(folder.join("good.png"), &good).unwrap();
    std::fs::write(folder.join("words.png"), b"these are words").unwrap();
    std::fs::write(folder.join("cut.png"), &good[..good.len() / 2]).unwrap();
    std::fs::write(folder.join("huge.png"), huge_header(&good)).unwrap();
    std::fs::write(folder.join("empty.png"), b"").unwrap();
    let archive = std::fs::File::create(folder.join("bad.zip")).unwrap();
    let mut zip = zip::ZipWriter::new(archive);
    let deflated =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("../escape.png", deflated).unwrap();
    zip.write_all(&good).unwrap();
    zip.start_file("bomb.png", deflated).unwrap();
    zip.write_all(&vec![0; 16 << 20]).unwrap();
    zip.finish().unwrap();

    let data = home.path().join("data").to_str().unwrap().to_owned();
    let output = ingest(&data, "pictures", "images", folder.to_str().unwrap());
    assert_eq!(output.status.code(), Some(1));
    let said = object(&output);
    assert_eq!(said["items"].as_u64(), Some(1), "{said}");
    let refusals = said["refusals"].as_array().unwrap();
    let code = |name: &str| {
        let found = refusals.iter().find(|refusal| refusal["name"].as_str().unwrap().ends_with(name));
        found.unwrap_or_else(|| panic!("{name} was not refused: {said}"))["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (code("escape.png"), code("bomb.png"), code("empty.png")),
        ("path_traversal".into(), "zip_bomb".into(), "empty".into())
    );
    for name in ["words.png", "cut.png", "huge.png"] {
        assert!(!code(name).is_empty());
    }
    assert_eq!(refusals.len(), 6, "{said}");
}

/// A gray PNG.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_fn(width, height, |x, y| image::Luma([(x * 5 + y * 3) as u8]));
    image.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// The same file with a header that claims 100,000 × 100,000 pixels, its checksum made right.
fn huge_header(png: &[u8]) -> Vec<u8> {
    let mut bytes = png.to_vec();
    bytes[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&100_000_u32.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// CRC-32 of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}
