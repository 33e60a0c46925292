//! Writing: first all images, then all annotations, as the format has them.

use std::{collections::BTreeMap, io::Write};

use countersign_model::{
    Annotation, Author, CannotAssess, FrameRef, ItemId, Protocol, ReadId, Shape, Unclear,
};
use serde::Serialize;

use super::outline::{Segmentation, outline};
use crate::ExchangeError;

/// What the file says about itself. Nothing in it comes from a clock, so that an old release rebuilds bit for bit.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    /// Name of the data set.
    pub description: String,
    /// Its version, such as the release's name.
    pub version: String,
    /// When it was released, as text.
    pub date_created: String,
}

/// One image. An image without annotations is a reviewed-empty one and stays in the file.
#[derive(Clone, Debug, Serialize)]
pub struct Image {
    /// File name inside the release.
    pub file_name: String,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// The item it belongs to.
    pub item_id: ItemId,
    /// Its place in the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameRef>,
    /// The accepted read.
    pub read_id: ReadId,
    /// Hash of the image's bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Classes that hold for the whole image (COCO has no other place for them).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Nobody could assess it: no mark on it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cannot_assess: Option<CannotAssess>,
}

/// How much was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Images.
    pub images: u64,
    /// Annotations.
    pub annotations: u64,
}

#[derive(Serialize)]
struct Numbered<'a, T> {
    id: u64,
    #[serde(flatten)]
    rest: &'a T,
}

#[derive(Serialize)]
struct Category<'a> {
    id: u64,
    name: &'a str,
    title: &'a str,
    supercategory: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    keypoints: Option<&'a [String]>,
    /// Pairs of joints, counted from 1 as COCO does.
    #[serde(skip_serializing_if = "Option::is_none")]
    skeleton: Option<Vec<[u32; 2]>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: u64,
    image_id: u64,
    category_id: u64,
    bbox: [f64; 4],
    segmentation: Segmentation<'a>,
    area: f64,
    iscrowd: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keypoints: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_keypoints: Option<usize>,
    shape: &'static str,
    /// The shape as it was drawn, where the fields of COCO do not say it exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<&'a Shape>,
    annotation_id: countersign_model::AnnotationId,
    version: u32,
    read_id: ReadId,
    author_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: &'a BTreeMap<String, serde_json::Value>,
    /// Its reader was in doubt about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unclear: Option<&'a Unclear>,
}

/// Whether a shape has a place in COCO: all that is drawn in an image. (Tags go into [`Image::tags`], cuboids into KITTI.)
pub const fn fits(shape: &Shape) -> bool {
    !matches!(shape, Shape::Cuboid { .. } | Shape::Tag {})
}

/// Writes the first half of the file: head, categories, images. Go over the items twice, in the same order: once for
/// [`Writer::image`], and once for [`Annotations::push`].
pub struct Writer<W: Write> {
    out: W,
    categories: BTreeMap<String, u64>,
    counts: Counts,
}

impl<W: Write> Writer<W> {
    /// Begins the file. Category ids count from 1 in the order of the protocol's classes, retired ones included,
    /// so that they stay the same over the versions of a protocol that only adds.
    ///
    /// # Errors
    /// [`ExchangeError::Io`].
    pub fn new(mut out: W, header: &Header, protocol: &Protocol) -> Result<Self, ExchangeError> {
        out.write_all(b"{\"info\":")?;
        json(&mut out, header)?;
        out.write_all(b",\n\"licenses\":[],\n\"categories\":[")?;
        let mut categories = BTreeMap::new();
        for (id, class) in (1..).zip(&protocol.classes) {
            let supercategory = protocol.industry.as_str();
            separate(&mut out, id)?;
            let template = class.skeleton.as_ref();
            let keypoints = template.map(|template| template.joints.as_slice());
            let skeleton =
                template.map(|template| template.bones.iter().map(|[a, b]| [a + 1, b + 1]).collect());
            let category =
                Category { id, name: &class.id, title: &class.name, supercategory, keypoints, skeleton };
            json(&mut out, &category)?;
            categories.insert(class.id.clone(), id);
        }
        out.write_all(b"],\n\"images\":[")?;
        Ok(Self { out, categories, counts: Counts::default() })
    }

    /// Writes one image; its id, counting from 1.
    ///
    /// # Errors
    /// [`ExchangeError::Io`].
    pub fn image(&mut self, image: &Image) -> Result<u64, ExchangeError> {
        self.counts.images += 1;
        let id = self.counts.images;
        separate(&mut self.out, id)?;
        json(&mut self.out, &Numbered { id, rest: image })?;
        Ok(id)
    }

    /// Ends the images.
    ///
    /// # Errors
    /// [`ExchangeError::Io`].
    pub fn annotations(mut self) -> Result<Annotations<W>, ExchangeError> {
        self.out.write_all(b"],\n\"annotations\":[")?;
        Ok(Annotations { out: self.out, categories: self.categories, counts: self.counts })
    }
}

/// Writes the second half of the file.
pub struct Annotations<W: Write> {
    out: W,
    categories: BTreeMap<String, u64>,
    counts: Counts,
}

impl<W: Write> Annotations<W> {
    /// Writes one annotation of an image; its id, counting from 1.
    ///
    /// # Errors
    /// [`ExchangeError::Unsupported`] for a shape that does not [fit](fits), [`ExchangeError::Invalid`] for an image
    /// or class that was not announced or a shape that is not valid, [`ExchangeError::Io`].
    pub fn push(
        &mut self,
        image_id: u64,
        read_id: ReadId,
        annotation: &Annotation,
    ) -> Result<u64, ExchangeError> {
        let id = self.counts.annotations + 1;
        let place = || format!("annotation {id}");
        if image_id == 0 || image_id > self.counts.images {
            return Err(ExchangeError::invalid(place(), "names an image that was not written"));
        }
        let category_id = *self
            .categories
            .get(&annotation.class)
            .ok_or_else(|| ExchangeError::invalid(place(), "has a class that the protocol does not know"))?;
        annotation.shape.validate().map_err(|error| ExchangeError::invalid(place(), error.to_string()))?;
        let outline = outline(&annotation.shape, &place)?;
        let (author_kind, model) = match &annotation.author {
            Author::Human { .. } => ("human", None),
            Author::Rule { .. } => ("rule", None),
            Author::Model { name, version } => ("model", Some(format!("{name} {version}"))),
        };
        let entry = Entry {
            id,
            image_id,
            category_id,
            bbox: outline.bbox,
            segmentation: outline.segmentation,
            area: outline.area,
            iscrowd: 0,
            num_keypoints: outline
                .keypoints
                .as_ref()
                .map(|found| found.chunks(3).filter(|p| p[2] > 0.0).count()),
            keypoints: outline.keypoints.unwrap_or_default(),
            shape: annotation.shape.kind().as_str(),
            exact: outline.exact.then_some(&annotation.shape),
            annotation_id: annotation.id,
            version: annotation.version,
            read_id,
            author_kind,
            model,
            score: annotation.score,
            attributes: &annotation.attributes,
            unclear: annotation.unclear.as_ref(),
        };
        separate(&mut self.out, id)?;
        json(&mut self.out, &entry)?;
        self.counts.annotations = id;
        Ok(id)
    }

    /// Ends and flushes the file.
    ///
    /// # Errors
    /// [`ExchangeError::Io`].
    pub fn finish(mut self) -> Result<(W, Counts), ExchangeError> {
        self.out.write_all(b"]}\n")?;
        self.out.flush()?;
        Ok((self.out, self.counts))
    }
}

fn separate(out: &mut impl Write, id: u64) -> Result<(), ExchangeError> {
    Ok(out.write_all(if id == 1 { b"\n" } else { b",\n" })?)
}

fn json(out: &mut impl Write, value: &impl Serialize) -> Result<(), ExchangeError> {
    serde_json::to_writer(out, value).map_err(|source| {
        if source.is_io() { ExchangeError::Io(source.into()) } else { ExchangeError::json("writing", source) }
    })
}
