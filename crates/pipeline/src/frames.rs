//! Frames of large DICOM files without reading the whole file for each: where frames stand is remembered for the files
//! that were looked at last, and a frame is read by its own bytes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use countersign_dicom as dicom;
use countersign_store::{assets::Asset, exposures::Exposed};

use crate::{Pipeline, Result, blocking, pixels::undecodable};

/// Files from this size on are mapped, bytes: below it reading the whole is as fast.
const MAPPED_FROM_BYTES: u64 = 2 * 1024 * 1024;
/// What remembered maps may take together, bytes. A slide has one for each level; the finest of a large one with a place
/// for each tile takes some tens of megabytes.
const MAPS_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Maps of the files that were looked at last, by the address of their bytes: bytes never change under an address. A map
/// holds no pixel, and nobody gets to it but through an exposure.
#[derive(Default)]
pub(crate) struct FrameMaps {
    known: Mutex<VecDeque<(String, Arc<dicom::FrameMap>)>>,
    /// Large files are read whole one at a time: a page asks for several tiles of a file at once, and its first answer
    /// spares the others the reading.
    reading: Arc<tokio::sync::Mutex<()>>,
}

impl FrameMaps {
    fn get(&self, address: &str) -> Option<Arc<dicom::FrameMap>> {
        let mut maps = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let at = maps.iter().position(|(known, _)| known == address)?;
        let found = maps.remove(at)?;
        let map = Arc::clone(&found.1);
        maps.push_front(found);
        Some(map)
    }

    fn put(&self, address: String, map: Arc<dicom::FrameMap>) {
        let mut maps = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        maps.retain(|(known, _)| *known != address);
        maps.push_front((address, map));
        let mut room = MAPS_BYTES_MAX;
        // The newest one stays, whatever it takes.
        let fits = maps.iter().position(|(_, map)| match room.checked_sub(map.weight_bytes()) {
            Some(left) => {
                room = left;
                false
            }
            None => true,
        });
        let kept = fits.unwrap_or(maps.len()).max(1);
        maps.truncate(kept);
    }
}

impl Pipeline {
    /// An instance that holds the frame, and the frame's number in it.
    pub(crate) async fn instance_with(
        &self,
        asset: &Asset,
        exposed: &Exposed,
        part: u32,
    ) -> Result<(dicom::Instance, u32)> {
        let address = asset.address.as_str();
        if let Some(map) = self.frame_maps.get(address) {
            return self.mapped(&map, exposed, part).await;
        }
        let large = asset.bytes >= MAPPED_FROM_BYTES;
        let turn = if large { Some(Arc::clone(&self.frame_maps.reading).lock_owned().await) } else { None };
        if let Some(map) = self.frame_maps.get(address) {
            drop(turn);
            return self.mapped(&map, exposed, part).await;
        }
        let bytes = self.store.cleared().show(exposed).await?;
        let (pipeline, address) = (self.clone(), address.to_owned());
        // Whoever asked may be gone before it is read; the next one is to find the map.
        let reading = tokio::spawn(async move {
            let _turn = turn;
            pipeline.read_whole(address, bytes, large).await
        });
        let instance = reading.await.map_err(|error| crate::PipelineError::Internal(error.to_string()))??;
        Ok((instance, part))
    }

    /// A frame by its own bytes.
    async fn mapped(
        &self,
        map: &Arc<dicom::FrameMap>,
        exposed: &Exposed,
        part: u32,
    ) -> Result<(dicom::Instance, u32)> {
        let place = map.place(part).map_err(|e| undecodable(&e))?;
        let bytes = self.bytes_at(exposed, place).await?;
        let map = Arc::clone(map);
        blocking(move || Ok((map.single(part, bytes), 0))).await?
    }

    /// The whole file; of a large one it is remembered where its frames stand.
    async fn read_whole(&self, address: String, bytes: Bytes, large: bool) -> Result<dicom::Instance> {
        let (instance, map) = blocking(move || {
            let instance = dicom::read_shared(bytes, &dicom::Limits::default());
            let instance = instance.map_err(|e| undecodable(&e))?;
            // What cannot be mapped is read whole each time.
            let map = (large && dicom::frame_count(&instance) > 1)
                .then(|| dicom::FrameMap::of(&instance).ok())
                .flatten();
            Ok::<_, crate::PipelineError>((instance, map))
        })
        .await??;
        if let Some(map) = map {
            self.frame_maps.put(address, Arc::new(map));
        }
        Ok(instance)
    }

    async fn bytes_at(&self, exposed: &Exposed, place: dicom::FrameBytes) -> Result<Bytes> {
        let mut parts = Vec::with_capacity(place.ranges.len());
        for range in place.ranges {
            parts.push(self.store.cleared().show_range(exposed, range).await?);
        }
        if let [one] = parts.as_slice() {
            return Ok(one.clone());
        }
        let mut whole = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
        for part in &parts {
            whole.extend_from_slice(part);
        }
        Ok(whole.freeze())
    }
}
