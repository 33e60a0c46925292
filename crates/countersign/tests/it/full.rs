//! Files that can grow no further: a write of the real binary really fails.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::house::object;

/// Largest file that the process may write, KiB.
const FILE_KIB_MAX: u32 = 6 * 1024;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Noise does not compress: the file is about as large as its pixels, three bytes each.
fn noise(path: &Path, side: u32) {
    let mut state = 0x9e37_79b9_u32;
    let picture = image::RgbImage::from_fn(side, side, |_, _| {
        image::Rgb([0; 3].map(|_: u8| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        }))
    });
    picture.save(path).unwrap();
}

/// Ingests in a process that may not write larger files.
fn ingest(data: &Path, files: &Path) -> (Option<i32>, Value) {
    let script = format!("ulimit -f {FILE_KIB_MAX}; exec \"$0\" \"$@\"");
    let output = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_countersign"), "--json", "ingest", "--data", text(data)])
        .args(["--project", "pictures", "--create", "images", text(files)])
        .output()
        .expect("bash starts");
    (output.status.code(), object(&output))
}

fn stored(data: &Path) -> Vec<u64> {
    let (mut sizes, mut folders) = (Vec::new(), vec![data.join("blobs"), data.join("scratch")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                sizes.push(path.metadata().unwrap().len());
            }
        }
    }
    sizes
}

#[test]
fn a_file_that_finds_no_room_is_refused_by_name_and_the_rest_goes_on() {
    if Command::new("bash").arg("--version").output().is_err() {
        println!("skipped: bash is not here");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (data, files) = (home.path().join("data"), home.path().join("files"));
    std::fs::create_dir(&files).unwrap();
    noise(&files.join("1-large.png"), 1_700);
    assert!(files.join("1-large.png").metadata().unwrap().len() > u64::from(FILE_KIB_MAX) * 1024);
    noise(&files.join("2-small.png"), 40);
    let (status, said) = ingest(&data, &files);
    assert_eq!((&said["ingest"]["stored"], &said["ingest"]["refused"]), (&1.into(), &1.into()), "{said}");
    let refusal = &said["refusals"][0];
    assert_eq!(
        (&refusal["code"], &refusal["name"]),
        (&"storage_full".into(), &"files/1-large.png".into()),
        "{said}"
    );
    assert!(refusal["message"].as_str().unwrap().contains("quarantine"), "{refusal}");
    assert!(status.is_some(), "the process ended by itself, not by a signal");
    assert_eq!(said["standing"]["items"].as_object().unwrap().len(), 1, "one item of the small file: {said}");
    assert!(
        stored(&data).iter().all(|size| *size < 100_000),
        "half of a file lies about: {:?}",
        stored(&data)
    );

    // Once there is room again the same command stores the rest.
    noise(&files.join("3-next.png"), 50);
    let (_, said) = ingest(&data, &files);
    assert_eq!((&said["ingest"]["stored"], &said["ingest"]["known"]), (&1.into(), &1.into()), "{said}");
    let output = crate::house::run(&[
        "--json",
        "ingest",
        "--data",
        text(&data),
        "--project",
        "pictures",
        text(&files),
    ]);
    let said = object(&output);
    assert_eq!((&said["ingest"]["stored"], &said["ingest"]["refused"]), (&1.into(), &0.into()), "{said}");
}
