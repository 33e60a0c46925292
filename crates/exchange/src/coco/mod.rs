//! COCO detection JSON: `images`, `annotations`, `categories`.
//!
//! A box is written with its four corners as `segmentation`, because common tools draw only from there; the extra
//! field `shape` tells it from a polygon of four points. Pixels are ours and COCO's alike: (0,0) is the outer corner
//! of the first pixel. `area` is the exact area of the outline in square pixels; tools that count mask pixels
//! differ by up to about half the outline's length.

mod outline;
mod read;
mod write;

pub use read::{
    DATASET_BYTES_MAX, Dataset, DatasetAnnotation, DatasetCategory, DatasetImage, Detection, read_dataset,
    read_detections,
};
pub use write::{Annotations, Counts, Header, Image, Writer, fits};
