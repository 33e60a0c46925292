//! Faces: the plane takes nose, eyes and chin off a head of which every point is known, and leaves the brain.

use std::collections::BTreeMap;

use countersign_deid::{
    face::{FaceError, FacePlane, FaceSearch, deface_instance},
    pixels::PixelError,
};
use countersign_dicom::{Instance, Limits, VR, frame_geometry, raw_samples, read, tags};
use countersign_synthesis::phantom::{
    Options, ct_study,
    head::{SlicePlane, Tissue, Weighting, head_study, tissue},
};

fn heads(weighting: Weighting, plane: SlicePlane) -> Vec<Instance> {
    let study = head_study(11, weighting, plane);
    study.instances.iter().map(|file| read(&file.bytes, &Limits::default()).unwrap()).collect()
}

fn plane_of(slices: &[Instance]) -> Result<FacePlane, FaceError> {
    let mut search = FaceSearch::default();
    slices.iter().try_for_each(|slice| search.add(slice))?;
    search.find()
}

/// By tissue: pixels, and how many of them were painted over.
fn painted(before: &[Instance], plane: &FacePlane) -> BTreeMap<String, (u32, u32)> {
    let mut counts = BTreeMap::<String, (u32, u32)>::new();
    for source in before {
        let mut copy = source.clone();
        let report = deface_instance(&mut copy, plane).unwrap();
        let place = frame_geometry(source, 0);
        let (origin, direction) = (place.position_mm.unwrap(), place.orientation.unwrap());
        let [down, across] = place.pixel_spacing_mm.unwrap();
        let (old, new) = (raw_samples(source, 0).unwrap(), raw_samples(&copy, 0).unwrap());
        assert_eq!(report.pixels > 0, copy.data.texts(countersign_dicom::tags::IMAGE_TYPE)[0] == "DERIVED");
        let dark = new.dark[0];
        for at in 0..old.cells.len() {
            let (x, y) = (at % old.columns as usize, at / old.columns as usize);
            let p = std::array::from_fn(|i| {
                origin[i] + direction[i] * across * x as f64 + direction[3 + i] * down * y as f64
            });
            let (was, is) = (old.cells.get(at).unwrap(), new.cells.get(at).unwrap());
            let beyond = (0..3).map(|i| plane.normal[i] * p[i]).sum::<f64>() > plane.offset_mm;
            assert_eq!(is, if beyond { dark } else { was }, "what is not cut stays as it was");
            let entry = counts.entry(format!("{:?}", tissue(p))).or_default();
            entry.0 += 1;
            entry.1 += u32::from(beyond);
        }
    }
    counts
}

#[test]
fn the_face_goes_and_the_brain_stays_in_every_plane_and_weighting() {
    for weighting in [Weighting::Ct, Weighting::T1] {
        for slicing in [SlicePlane::Axial, SlicePlane::Sagittal, SlicePlane::Coronal] {
            let slices = heads(weighting, slicing);
            let plane = plane_of(&slices).unwrap();
            assert!((900.0..1600.0).contains(&plane.brain_ml), "{weighting:?} {slicing:?}: {plane:?}");
            let counts = painted(&slices, &plane);
            for part in [Tissue::Eye, Tissue::Nose, Tissue::Chin] {
                let (all, gone) = counts[&format!("{part:?}")];
                assert!(all > 100 && f64::from(gone) > 0.98 * f64::from(all), "{part:?}: {gone} of {all}");
            }
            assert_eq!(counts["Brain"].1, 0, "{weighting:?} {slicing:?}: {counts:?}");
        }
    }
}

#[test]
fn where_there_is_no_brain_nothing_is_cut() {
    let thorax = ct_study(3, &Options { size_px: 128, ..Options::default() });
    let slices: Vec<_> =
        thorax.instances.iter().map(|file| read(&file.bytes, &Limits::default()).unwrap()).collect();
    assert!(matches!(plane_of(&slices), Err(FaceError::NoBrain { .. })), "{:?}", plane_of(&slices));
    assert_eq!(plane_of(&slices[..3]), Err(FaceError::NoStack));
}

#[test]
fn a_slice_that_does_not_say_where_it_lies_is_neither_searched_nor_passed_as_cut() {
    let mut slices = heads(Weighting::Ct, SlicePlane::Axial);
    let plane = plane_of(&slices).unwrap();
    for place in ["nan\\0\\0", "inf\\0\\0", ""] {
        slices[0].data.put_text(tags::IMAGE_POSITION_PATIENT, VR::DS, place);
        assert_eq!(plane_of(&slices), Err(FaceError::NoPlace), "{place}");
        let cut = deface_instance(&mut slices[0], &plane);
        assert!(matches!(cut, Err(PixelError::NoPlace { frame: 0 })), "{place}: {cut:?}");
    }
}
