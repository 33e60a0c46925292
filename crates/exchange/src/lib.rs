//! Annotations in the formats of others.
//!
//! Writers take one thing after the other and pass it on to a [`std::io::Write`]; their memory does not grow with
//! the data set (wrap a file in a `BufWriter`). The same calls give the same bytes. Readers have limits and name the
//! place of what is wrong.
//!
//! - [`coco`]: images, boxes and polygons, as COCO detection; the tools of others read it.
//! - [`kitti`]: one label file per frame of a driving scene.
//! - [`native`]: everything we know of each annotation, as JSON lines; the one that loses nothing.

pub mod coco;
mod error;
pub mod kitti;
pub mod native;

pub use error::ExchangeError;
