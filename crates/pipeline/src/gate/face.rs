//! Faces in head scans: found in a whole series, taken off file by file.

use std::collections::{BTreeMap, BTreeSet};

use countersign_deid::{
    self as deid,
    face::{FACE_METHOD, FacePlane, FaceSlice, find_face},
};
use countersign_dicom as dicom;
use countersign_model::{AssetId, HeadScans, ItemKind, Stream};
use countersign_store::{assets, items};
use serde::{Deserialize, Serialize};

use super::{clean::Outcome, plan::Rules, risk::FACE_NOT_REMOVED};
use crate::{Pipeline, Result, blocking};

/// The plane along which the face of one series was cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaceCut {
    /// Series of the item, from 0.
    pub stream: u32,
    /// Unit vector that points to the face, LPS.
    pub normal: [f64; 3],
    /// Where the plane lies along it, mm in patient coordinates.
    pub offset_mm: f64,
    /// Volume of the brain that it was laid against, ml.
    pub brain_ml: f64,
    /// Method and its version.
    pub method: String,
}

impl FaceCut {
    pub(super) fn plane(&self) -> FacePlane {
        FacePlane { normal: self.normal, offset_mm: self.offset_mm, brain_ml: self.brain_ml }
    }
}

/// The plane that holds for a file of an item.
pub(super) fn plane_for(cuts: &[FaceCut], streams: &[Stream], asset: AssetId) -> Option<FacePlane> {
    let of = |cut: &&FaceCut| {
        let stream = usize::try_from(cut.stream).ok().and_then(|index| streams.get(index));
        stream.is_some_and(|stream| stream.frames.iter().any(|frame| frame.asset == asset))
    };
    cuts.iter().find(of).map(FacePlane::from)
}

impl From<&FaceCut> for FacePlane {
    fn from(cut: &FaceCut) -> Self {
        cut.plane()
    }
}

/// What one file contributes: its slices, and whether a face may be rebuilt from it.
struct Looked {
    risky: bool,
    slices: std::result::Result<Vec<FaceSlice>, &'static str>,
}

impl Pipeline {
    /// Finds the planes of all series of which a face may be rebuilt, where the protocol wants faces taken off. A series
    /// in which none is found waits for a privacy officer.
    pub(super) async fn find_faces(
        &self,
        item: &items::Item,
        sources: &[assets::Asset],
        rules: &Rules,
        outcome: &mut Outcome,
    ) -> Result<()> {
        if rules.plan.head_scans != HeadScans::Deface || item.kind != ItemKind::Study {
            return Ok(());
        }
        let by_id: BTreeMap<AssetId, &assets::Asset> =
            sources.iter().map(|asset| (asset.id, asset)).collect();
        for (stream, number) in item.streams.0.iter().zip(0_u32..) {
            let ids: BTreeSet<AssetId> = stream.frames.iter().map(|frame| frame.asset).collect();
            let (mut risky, mut slices, mut fault) = (false, Vec::new(), None);
            for id in ids {
                let Some(asset) = by_id.get(&id) else { continue };
                let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
                let looked = blocking(move || look(&bytes)).await?;
                risky |= looked.risky;
                match looked.slices {
                    Ok(of_file) => slices.extend(of_file),
                    Err(code) => fault = Some(code),
                }
            }
            if !risky {
                continue;
            }
            let found = match fault {
                Some(code) => Err(code),
                None => blocking(move || find_face(slices).map_err(|error| error.code())).await?,
            };
            match found {
                Ok(FacePlane { normal, offset_mm, brain_ml }) => outcome.report.faces.push(FaceCut {
                    stream: number,
                    normal,
                    offset_mm,
                    brain_ml,
                    method: FACE_METHOD.to_owned(),
                }),
                Err(code) => outcome.unsettled(FACE_NOT_REMOVED, code, &stream.name),
            }
        }
        Ok(())
    }
}

fn look(bytes: &[u8]) -> Looked {
    let Ok(instance) = dicom::read(bytes, &dicom::Limits::default()) else {
        // The cleaner says why, with the place.
        return Looked { risky: false, slices: Err("unreadable") };
    };
    let risky = !deid::risks(&dicom::Facts::of(&instance)).is_empty();
    let slices = (0..dicom::frame_count(&instance)).map(|frame| FaceSlice::of(&instance, frame));
    Looked { risky, slices: slices.collect::<std::result::Result<_, _>>().map_err(|error| error.code()) }
}
