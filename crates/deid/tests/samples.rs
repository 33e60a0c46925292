//! Real files: nothing private, nothing removed left over, what the reader of an image needs still there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign_deid::{
    Cleaned, HoldReason, Keys, Kind, Profile, Verdict, clean_dicom, clean_image, sniff, verdict,
};
use countersign_dicom::{
    DataSet, Facts, Identity, Instance, Limits, Tag, VR, decode_frame, frame_count, read, tags,
};

const KEYS: Keys = Keys { project_key: *b"a project key of thirty-two bytes".first_chunk::<32>().unwrap() };

fn root() -> Option<PathBuf> {
    let root = std::env::var_os("COUNTERSIGN_SAMPLES").map(PathBuf::from);
    if root.is_none() {
        println!("skipped: COUNTERSIGN_SAMPLES not set");
    }
    root
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

fn open(path: &Path) -> Instance {
    read(&std::fs::read(path).unwrap(), &Limits::default()).unwrap()
}

fn clean(source: &Instance) -> (Cleaned, Instance) {
    let cleaned = clean_dicom(source, &Profile::basic(), &KEYS).unwrap();
    let back = read(&cleaned.bytes, &Limits::default()).unwrap();
    (cleaned, back)
}

fn walk(set: &DataSet, f: &mut dyn FnMut(Tag, VR, Vec<String>)) {
    for (tag, e) in set.iter() {
        f(tag, e.vr, e.texts());
        e.items().unwrap_or_default().iter().for_each(|i| walk(i, f));
    }
}

#[test]
fn nothing_private_and_no_name_date_or_uid_is_left() {
    let Some(root) = root() else { return };
    for path in files(&root.join("dicom")).into_iter().chain(files(&root.join("dicom-series"))) {
        let source = open(&path);
        let (cleaned, back) = clean(&source);
        let mut secrets = BTreeSet::new();
        walk(&source.data, &mut |_, vr, texts| {
            if matches!(vr, VR::PN | VR::DA | VR::DT | VR::UI) {
                let kept = |t: &String| t.starts_with("1.2.840.10008.") || t == "19000101";
                secrets.extend(texts.into_iter().filter(|t| t.len() >= 6 && !kept(t)));
            }
        });
        walk(&back.data, &mut |tag, _, texts| {
            assert_eq!(tag.0 % 2, 0, "{tag} of {}", path.display());
            for text in texts {
                assert!(!secrets.contains(&text), "{tag} of {} keeps a source value", path.display());
            }
        });
        // The same search over the bytes, for UIDs: no other value contains one by chance.
        for secret in secrets.iter().filter(|s| s.len() >= 16) {
            let found = cleaned.bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "a source value is in the bytes of {}", path.display());
        }
        assert!(cleaned.bytes[..128].iter().all(|b| *b == 0));
        assert_eq!(back.data.text(tags::PATIENT_ID), Some(cleaned.pseudonym));
        assert_eq!(back.data.text(tags::PATIENT_IDENTITY_REMOVED).as_deref(), Some("YES"));
        let method = &back.data.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE)[0];
        assert_eq!(method.text(tags::CODE_VALUE).as_deref(), Some("113100"));
    }
}

#[test]
fn geometry_dose_and_pixels_survive() {
    let Some(root) = root() else { return };
    for path in files(&root.join("dicom")).into_iter().chain(files(&root.join("dicom-series"))) {
        let source = open(&path);
        let (_, back) = clean(&source);
        let (a, b) = (Facts::of(&source), Facts::of(&back));
        let name = path.display();
        assert_eq!(a.geometry, b.geometry, "{name}");
        assert_eq!(a.dose, b.dose, "{name}");
        assert_eq!(a.windows, b.windows, "{name}");
        assert_eq!(a.spacing_between_slices_mm, b.spacing_between_slices_mm, "{name}");
        assert_eq!((a.rescale_slope, a.rescale_intercept), (b.rescale_slope, b.rescale_intercept), "{name}");
        assert_eq!((a.modality, a.patient_position), (b.modality, b.patient_position), "{name}");
        assert_eq!((a.rows, a.columns, a.frames), (b.rows, b.columns, b.frames), "{name}");
        // One patient is called like a part of the image type: that part is blank, the others stay.
        assert_eq!(a.image_type.len(), b.image_type.len(), "{name}");
        let differ: Vec<_> = a.image_type.iter().zip(&b.image_type).filter(|(x, y)| x != y).collect();
        assert!(differ.iter().all(|(x, y)| *x == "PERFUSION" && y.is_empty()), "{name}");
        // One frame of each small image is enough: the codestream is either the same bytes or not.
        if frame_count(&source) > 0 && a.columns < Some(1000) {
            assert_eq!(decode_frame(&source, 0).unwrap(), decode_frame(&back, 0).unwrap(), "{name}");
        }
    }
}

#[test]
fn a_series_stays_one_series() {
    let Some(root) = root() else { return };
    let mut studies = BTreeSet::new();
    let mut series = BTreeSet::new();
    let mut instances = BTreeSet::new();
    let mut frames_of_reference = BTreeSet::new();
    let mut sources = BTreeSet::new();
    for path in files(&root.join("dicom-series")) {
        let source = open(&path);
        let (cleaned, back) = clean(&source);
        let (old, new) = (Identity::of(&source), Identity::of(&back));
        assert_eq!(cleaned.uid_map[&old.instance_uid.unwrap()], new.instance_uid.clone().unwrap());
        sources.insert(old.series_uid.unwrap());
        studies.insert(new.study_uid.unwrap());
        series.insert(new.series_uid.unwrap());
        instances.insert(new.instance_uid.unwrap());
        frames_of_reference.insert(new.frame_of_reference_uid.unwrap());
    }
    assert_eq!(studies.len(), 1);
    assert_eq!(series.len(), sources.len());
    assert_eq!(instances.len(), 14);
    assert_eq!(frames_of_reference.len(), 1);
}

#[test]
fn the_gate_holds_what_it_cannot_vouch_for() {
    let Some(root) = root() else { return };
    let of = |name: &str| verdict(&Facts::of(&open(&root.join("dicom").join(name))));
    for name in ["693_UNCR.dcm", "MR2_J2KR.dcm", "bad_sequence.dcm", "eCT_Supplemental.dcm"] {
        assert_eq!(of(name), Verdict::Vouched, "{name}");
    }
    for (name, reason) in [
        ("US1_UNCR.dcm", HoldReason::BurnedInNotRuledOut),
        ("OBXXXX1A.dcm", HoldReason::BurnedInNotRuledOut),
        ("RG3_J2KI.dcm", HoldReason::BurnedInNotRuledOut),
        ("JPEG-LL.dcm", HoldReason::SecondaryCapture),
        ("SC_rgb_16bit_2frame.dcm", HoldReason::SecondaryCapture),
        ("MR-SIEMENS-DICOM-WithOverlays.dcm", HoldReason::SecondaryImage),
    ] {
        assert!(matches!(of(name), Verdict::Hold(r) if r.contains(&reason)), "{name}");
    }
    let overlays = open(&root.join("dicom/MR-SIEMENS-DICOM-WithOverlays.dcm"));
    let (cleaned, back) = clean(&overlays);
    assert!(Facts::of(&overlays).has_overlays && !Facts::of(&back).has_overlays);
    assert!(cleaned.report.overlays_removed > 0);
}

#[test]
fn camera_images_keep_their_pixels() {
    let Some(root) = root() else { return };
    let mut all = files(&root.join("kitti/image_2"));
    all.extend(
        files(&root.join("pcb/group00041"))
            .into_iter()
            .filter(|p| p.extension().is_some_and(|e| e == "jpg"))
            .take(4),
    );
    for path in all {
        let bytes = std::fs::read(&path).unwrap();
        let cleaned = clean_image(&bytes).unwrap();
        assert_eq!(sniff(&cleaned.bytes), cleaned.kind);
        assert!(matches!(cleaned.kind, Kind::Png | Kind::Jpeg));
        assert!(cleaned.width > 100 && cleaned.height > 100);
        let again = clean_image(&cleaned.bytes).unwrap();
        assert_eq!(again.bytes, cleaned.bytes, "a clean image stays as it is");
        assert!(again.stripped.is_empty());
    }
}
