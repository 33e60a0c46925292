//! What lies over a DICOM frame when it is shown: overlay planes, shutters, the file's own lookup table.

use base64::{Engine, prelude::BASE64_STANDARD};
use countersign_dicom as dicom;
use countersign_model::{ItemId, StreamKind};
use serde::Serialize;

use crate::{Pipeline, Result, blocking, people::Caller, pixels::undecodable};

/// What lies over a frame. Rows and columns count from 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameDisplay {
    /// Overlay planes that passed the gate.
    pub overlays: Vec<OverlayView>,
    /// What is to be covered; all apply together.
    pub shutters: Vec<ShutterView>,
    /// The gray of what is covered, 0 black to 65535 white; black where the file says nothing.
    pub shutter_value: Option<u16>,
    /// The first VOI lookup table of the file, over rescaled values.
    pub voi_table: Option<TableView>,
}

/// An overlay plane.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OverlayView {
    /// Its group number.
    pub group: u16,
    /// Height, pixels.
    pub rows: u32,
    /// Width, pixels.
    pub columns: u32,
    /// Row of the image on which its first row lies.
    pub top: i32,
    /// Column of the image on which its first column lies.
    pub left: i32,
    /// Whether it marks a region of interest; otherwise it draws.
    pub region: bool,
    /// Base64 of its bits, row by row without padding, the least significant bit of a byte first.
    pub bits: String,
}

/// A shutter: what stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShutterView {
    /// Columns and rows within these edges, the edges too.
    Rectangle {
        /// First column.
        left: i32,
        /// Last column.
        right: i32,
        /// First row.
        top: i32,
        /// Last row.
        bottom: i32,
    },
    /// A circle.
    Circle {
        /// Column of the centre.
        x: i32,
        /// Row of the centre.
        y: i32,
        /// Radius in pixels along a row.
        radius: i32,
    },
    /// A polygon.
    Polygon {
        /// Column and row of each corner.
        corners: Vec<[i32; 2]>,
    },
    /// Pixels where this overlay plane has no bit.
    Plane {
        /// Its group number.
        group: u16,
    },
}

/// A lookup table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableView {
    /// Rescaled value of the first entry; what lies outside takes the first or the last one.
    pub first: i32,
    /// Bits of an entry.
    pub bits: u16,
    /// The entries.
    pub values: Vec<u16>,
}

impl From<dicom::Overlay> for OverlayView {
    fn from(plane: dicom::Overlay) -> Self {
        let dicom::Overlay { group, rows, columns, top, left, region, bits } = plane;
        Self { group, rows, columns, top, left, region, bits: BASE64_STANDARD.encode(bits) }
    }
}

impl From<dicom::Shutter> for ShutterView {
    fn from(shutter: dicom::Shutter) -> Self {
        match shutter {
            dicom::Shutter::Rectangle { left, right, top, bottom } => {
                Self::Rectangle { left, right, top, bottom }
            }
            dicom::Shutter::Circle { x, y, radius } => Self::Circle { x, y, radius },
            dicom::Shutter::Polygon { corners } => Self::Polygon { corners },
            dicom::Shutter::Plane { group } => Self::Plane { group },
        }
    }
}

impl Pipeline {
    /// What lies over a DICOM frame. It is part of the picture, so whoever asks was shown it.
    ///
    /// # Errors
    /// [`crate::PipelineError::NotFound`]; `not_decodable`.
    pub async fn display(
        &self,
        caller: &Caller,
        item: ItemId,
        stream: u32,
        frame: u32,
    ) -> Result<FrameDisplay> {
        let shown = self
            .shown(caller, (item, stream, frame), Some(StreamKind::Dicom), crate::pixels::ShownFor::Work)
            .await?;
        // Planes of all frames stand in one element: the whole file is read, as few files have any.
        let bytes = self.store.cleared().show(&shown.exposed).await?;
        blocking(move || {
            let instance = dicom::read_shared(bytes, &dicom::Limits::default());
            instance.map(|instance| over(&instance, shown.part)).map_err(|e| undecodable(&e))
        })
        .await?
    }
}

fn over(instance: &dicom::Instance, part: u32) -> FrameDisplay {
    let shutters = dicom::shutters(instance, part);
    let table = dicom::DisplayLuts::of(instance, part).voi.into_iter().next();
    FrameDisplay {
        overlays: dicom::overlays(instance, part).into_iter().map(Into::into).collect(),
        shutters: shutters.shapes.into_iter().map(Into::into).collect(),
        shutter_value: shutters.value,
        voi_table: table.map(|table| TableView {
            first: table.first,
            bits: table.bits,
            values: table.values,
        }),
    }
}
