//! Items, streams, frames and the assets behind them.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AssetId, role::words};

words! {
    /// The industry a protocol is written for.
    Industry, "an industry" {
        /// Hospitals and imaging research.
        Healthcare = "healthcare",
        /// Carmakers and their suppliers.
        Automotive = "automotive",
        /// Factories.
        Manufacturing = "manufacturing",
    }
}

words! {
    /// What an item is.
    ItemKind, "an item kind" {
        /// A DICOM study: its series are streams.
        Study = "study",
        /// A moment or sequence of synchronised sensors.
        Scene = "scene",
        /// A manufactured part with its exposures and template.
        Part = "part",
        /// A plain image.
        Image = "image",
    }
}

words! {
    /// What a stream's frames are.
    StreamKind, "a stream kind" {
        /// DICOM frames, in stack order.
        Dicom = "dicom",
        /// Camera images.
        Camera = "camera",
        /// LiDAR sweeps.
        Lidar = "lidar",
        /// Inspection image of the part itself.
        Exposure = "exposure",
        /// The template that the part should look like.
        Template = "template",
        /// A plain image.
        Image = "image",
    }
}

words! {
    /// Where an asset lies. The routes that people use can only name `cleared` and `released`.
    Zone, "a zone" {
        /// As it came in; nobody but the gate (and a privacy officer through it) sees it.
        Quarantine = "quarantine",
        /// De-identified and passed.
        Cleared = "cleared",
        /// Originals and crosswalks under a key of their own.
        Vault = "vault",
        /// Part of a release.
        Released = "released",
    }
}

words! {
    /// For whom a release is.
    Audience, "an audience" {
        /// People under the project's agreements.
        Internal = "internal",
        /// Anybody: what may show a face leaves only with a recorded waiver.
        Public = "public",
    }
}

words! {
    /// What the bytes of an asset are.
    AssetKind, "an asset kind" {
        /// DICOM Part 10 file.
        Dicom = "dicom",
        /// DICOM object without pictures: report, presentation state, encapsulated document, or a video, which nobody can
        /// look at frame by frame here. Never shown.
        Document = "document",
        /// Table of records (CSV, TSV). It never leaves quarantine; its rows may.
        Table = "table",
        /// Free text. It never leaves quarantine.
        FreeText = "free_text",
        /// PNG image.
        Png = "png",
        /// JPEG image.
        Jpeg = "jpeg",
        /// KITTI velodyne sweep: little-endian f32 x, y, z, reflectance.
        Velodyne = "velodyne",
        /// KITTI calibration text.
        KittiCalib = "kitti_calib",
        /// KITTI label text (kept as reference truth, never shown to readers).
        KittiLabel = "kitti_label",
        /// Defect list of an inspection pair (kept as reference truth, never shown to readers).
        DefectList = "defect_list",
        /// Bytes that stay where they are and are named by an address of the customer's own.
        External = "external",
    }
}

/// One frame of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Frame {
    /// Asset that holds the frame (in the zone that the item's state names).
    pub asset: AssetId,
    /// Frame number inside a multi-frame asset, from 0.
    #[serde(default)]
    pub part: u32,
    /// Time of the frame, nanoseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ns: Option<i64>,
    /// Position along the stack normal in millimetres, where the stream is a volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_mm: Option<f64>,
}

/// The ordered frames of one sensor within an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stream {
    /// What the frames are.
    pub kind: StreamKind,
    /// Neutral name made by the product (`series 1`, `camera`, `template`), never a name from the source.
    pub name: String,
    /// Frames in order.
    pub frames: Vec<Frame>,
    /// Typed facts that hold for the stream: spacing, window presets, calibration, size in pixels …
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub properties: BTreeMap<String, serde_json::Value>,
}

impl Stream {
    /// Whether people draw on its frames. A template is only compared with, and points are looked at in space.
    #[must_use]
    pub fn is_drawable(&self) -> bool {
        !matches!(self.kind, StreamKind::Template | StreamKind::Lidar) && !self.frames.is_empty()
    }

    /// Width and height of its frames in pixels, where the stream says so (`width` and `height`, or `columns` and `rows`).
    #[must_use]
    pub fn size_px(&self) -> Option<(u32, u32)> {
        let number =
            |name: &str| self.properties.get(name)?.as_u64().and_then(|value| u32::try_from(value).ok());
        let pair = |across: &str, down: &str| number(across).zip(number(down));
        pair("width", "height").or_else(|| pair("columns", "rows")).filter(|(w, h)| *w > 0 && *h > 0)
    }

    /// Distance of its rows and of its columns in millimetres, where they are known to lie in what is shown: in the patient by
    /// the file's own word or by a calibration, or in the specimen. `None` for distances on a detector, of unstated origin, or
    /// that differ between frames.
    #[must_use]
    pub fn spacing_mm(&self) -> Option<[f64; 2]> {
        let origin = self.properties.get("spacing_origin")?.as_str()?;
        let number =
            |name: &str| self.properties.get(name)?.as_f64().filter(|mm| mm.is_finite() && *mm > 0.0);
        let spacing = [number("row_spacing_mm")?, number("column_spacing_mm")?];
        matches!(origin, "patient" | "calibrated" | "specimen").then_some(spacing)
    }
}

/// Facts of an item that lists filter by. Units are in the names; absent means unknown, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Facts {
    /// DICOM modality of the first series (`CT`, `MR` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    /// Patient position (`HFS`, `FFP` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient_position: Option<String>,
    /// Image orientation: row and column direction cosines in LPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orientation: Option<[f64; 6]>,
    /// Row spacing in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_spacing_mm: Option<f64>,
    /// Column spacing in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column_spacing_mm: Option<f64>,
    /// Slice thickness in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice_thickness_mm: Option<f64>,
    /// CT dose index (volume) in milligray.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctdi_vol_mgy: Option<f64>,
    /// Dose-length product in milligray centimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dlp_mgy_cm: Option<f64>,
    /// Exposure in milliampere seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_mas: Option<f64>,
    /// Frames over all streams.
    #[serde(default)]
    pub frames: u32,
    /// Lot of a part (from the folder it came in).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// What was noted on the way in: `overlays`, `uneven_spacing` …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
