//! Puts every frame of a file back through the encoder of its own transfer syntax, for a check by other
//! software: `reencode IN OUT [same|paint|native]`. `same` changes nothing, `paint` covers the upper left
//! quarter, `native` transcodes to Explicit VR Little Endian instead.

use std::process::ExitCode;

use countersign_dicom::{
    FrameEdit, Limits, frame_count, raw_samples, read, replace_frames, transcode_to_native, write,
};

fn run(source: &str, target: &str, what: &str) -> Result<(), String> {
    let bytes = std::fs::read(source).map_err(|e| e.to_string())?;
    let mut instance = read(&bytes, &Limits::default()).map_err(|e| e.to_string())?;
    if what == "native" {
        transcode_to_native(&mut instance).map_err(|e| e.to_string())?;
    } else {
        let mut edits = Vec::new();
        for frame in 0..frame_count(&instance) {
            let mut samples = raw_samples(&instance, frame).map_err(|e| e.to_string())?;
            if what == "paint" {
                samples.paint(0..samples.columns / 2, 0..samples.rows / 2);
            }
            edits.push(FrameEdit { frame, samples });
        }
        let done = replace_frames(&mut instance, edits).map_err(|e| e.to_string())?;
        println!("{} frames coded again, lossy: {}", done.frames.len(), done.lossy);
    }
    std::fs::write(target, write(&instance).map_err(|e| e.to_string())?).map_err(|e| e.to_string())
}

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match &given[..] {
        [source, target] => run(source, target, "same"),
        [source, target, what] => run(source, target, what),
        _ => Err("usage: reencode IN OUT [same|paint|native]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
