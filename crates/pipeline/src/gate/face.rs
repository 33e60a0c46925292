//! Faces in head scans: found in a whole series, taken off file by file.

use std::collections::{BTreeMap, BTreeSet};

use countersign_deid::{
    self as deid,
    face::{FACE_METHOD, FacePlane, FaceSearch},
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
        Self { normal: cut.normal, offset_mm: cut.offset_mm, brain_ml: cut.brain_ml }
    }
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
            let files: Vec<&assets::Asset> = ids.iter().filter_map(|id| by_id.get(id).copied()).collect();
            if !self.any_risky(&files).await? {
                continue;
            }
            match self.find_face(&files).await? {
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

    /// The plane of one series, or the code of why there is none.
    async fn find_face(
        &self,
        files: &[&assets::Asset],
    ) -> Result<std::result::Result<FacePlane, &'static str>> {
        let mut search = FaceSearch::default();
        for asset in files {
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            search = match blocking(move || add(search, &bytes)).await? {
                Ok(search) => search,
                Err(code) => return Ok(Err(code)),
            };
        }
        blocking(move || search.find().map_err(|error| error.code())).await
    }

    /// Whether a face may be rebuilt from any of the files. Pixels are not decoded for that.
    async fn any_risky(&self, files: &[&assets::Asset]) -> Result<bool> {
        for asset in files {
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            if blocking(move || is_risky(&bytes)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What cannot be read is no risk here: the cleaner holds it, with the place.
fn is_risky(bytes: &[u8]) -> bool {
    dicom::read(bytes, &dicom::Limits::default())
        .is_ok_and(|instance| !deid::risks(&dicom::Facts::of(&instance)).is_empty())
}

fn add(mut search: FaceSearch, bytes: &[u8]) -> std::result::Result<FaceSearch, &'static str> {
    let instance = dicom::read(bytes, &dicom::Limits::default()).map_err(|error| error.code())?;
    search.add(&instance).map_err(|error| error.code())?;
    Ok(search)
}
