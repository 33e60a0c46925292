//! Filling a package: one pass over the items for the manifest, one for each exported file. Memory does not grow with
//! the items; the same rows give the same bytes.

use std::{
    collections::{BTreeSet, VecDeque},
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use countersign_exchange::{ExchangeError, coco, native};
use countersign_ledger::{
    Hash,
    release::{ProtocolRef, Record, RecordError, ReleaseWriter, SealedRelease, WriteError},
};
use countersign_model::{
    Author, CertificationId, ItemId, ItemKind, Protocol, ReleaseId, Shape, ShapeKind, SignatureMeaning, Stage,
};
use countersign_store::{Conn, Store, projects, releases};
use sha2::{Digest, Sha256};

use super::{
    agreement::{AGREEMENT_FORMAT, write_agreement},
    answers::answers_format,
    carried::{CARRIED_FORMAT, Carried},
    coco::write_coco,
    file_failed,
    guidelines::{GUIDELINES_FORMAT, cited, write_guidelines},
    kitti::{KittiCounts, write_kitti},
    material::{Lookup, Material},
    reads::{LINEAGE_FORMAT, READS_FORMAT, WITH_LINEAGE, write_reads},
};
use crate::{
    Pipeline, PipelineError, Result, blocking,
    certification::{
        CERTIFICATE_FILE, FINDINGS_FILE, LabelCertificate, PROOF_FILES, UNITS_FILE, audit_files,
    },
    suggestions::{SUGGESTIONS_FORMAT, WITH_SUGGESTIONS, write_suggestions},
};

/// Items read from the store at once.
const LINES_PER_PAGE: u32 = 500;
/// The format since which packages say how far readers agree.
pub(super) const WITH_AGREEMENT: u32 = 2;
/// Bytes gathered before they go through checksum and hash.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where the package goes.
pub(super) type Package = ReleaseWriter<BufWriter<File>>;

/// What the exported files mean. Packages of older releases are made again bit for bit, so this text stays as it is; what
/// came later is said in paragraphs of its own, in the packages that hold it.
const FORMATS: &str = "\
Exported annotations

annotations.jsonl  Everything, as JSON lines: one line per item, then one per annotation. The content hash of an item is
                   SHA-256 over the JSON array of its annotation lines without the field \"line\", in the order given.
protocol.json      The newest protocol that work here was done under: classes, guideline, stages. Its SHA-256 is in the
                   manifest. Older ones are in protocols/.
coco.json          Boxes and polygons as COCO detection. Pixels: x right, y down, (0,0) is the outer corner of the first
                   pixel. An image without annotations was reviewed, and nothing was found in it. For studies without
                   any mark the first frame of each series stands for the study. For scenes only camera frames with
                   marks of their own are listed. Width and height are 0 where the image is kept elsewhere and its
                   size is not known here.
kitti/label_2      Scenes: one KITTI label file per frame; kitti/frames.jsonl says which frame is which item. An empty
                   file is a frame that was reviewed, and nothing was found in it. Occlusion is 3 (unknown).
kitti/calib        The calibration that these labels are stated in, as KITTI has it: P2 and Tr_velo_to_cam; the matrices
                   of sensors that the scene does not have are zero.

Images and point clouds are not in the package. The manifest gives the SHA-256 of each cleared file in frame order;
coco.json gives it per image.
";

/// Said where shapes were drawn that the text above does not know.
const SHAPES_FORMAT: &str = "
coco.json          holds everything drawn in images: boxes, turned boxes, ellipses and polygons are rings of points (an
                   ellipse as 64 points, a polygon with holes as one ring that runs to each hole and back over one
                   line), masks are COCO's run lengths, points and skeletons are keypoints. What rings do not say
                   exactly stands in \"exact\" as the product has it; lines have nothing else but their box.
";

/// Said where objects are related to each other.
const RELATIONS_FORMAT: &str = "
annotations.jsonl  \"arrangement\".\"relations\" of an annotation says what it has to do with others of its item: the type by
                   its id in the protocol, and \"to\", the id of the other annotation. coco.json and kitti/ have no form
                   for relations: they are not in these files.
";

/// Said where labels were audited.
const AUDIT_FORMAT: &str = "
audit/             The audit of the labels: certificate.json with the bound on their error; units.jsonl, one line per
                   item as it was frozen (the root is the RFC 6962 root over these lines); findings.jsonl, one line per
                   judged item in the order of the audit; three proofs that the log holds freezing, order and certificate.
";

/// A sealed package and what is in it.
pub(super) struct Packed {
    pub sealed: SealedRelease<BufWriter<File>>,
    pub contents: Contents,
    /// SHA-256 of `manifest.jsonl`.
    pub manifest_hash: Hash,
}

/// What a certificate counts.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub items: u64,
    pub empty_items: u64,
    pub by_people: u64,
    pub by_models: u64,
    pub signatures: u64,
    pub signers: BTreeSet<String>,
    pub reviewed_items: u64,
    pub countersigned_items: u64,
    pub external_assets: u64,
    pub coco: coco::Counts,
    pub kitti: KittiCounts,
    pub protocols: Vec<ProtocolRef>,
    pub guideline: String,
    /// What the audit of the labels states.
    pub labels: Option<String>,
    /// Some annotation has a shape that the first releases did not know.
    pub later_shapes: bool,
    /// Several people read independently under some of the protocols.
    pub independent_reads: bool,
    /// Some accepted read holds an answer, or a doubt.
    pub answered: bool,
    /// Items that nobody could assess.
    pub not_assessed: u64,
    /// Frames of other items that nobody could assess.
    pub frames_not_assessed: u64,
    /// Marks that are unclear.
    pub unclear: u64,
    /// Some objects are related to others.
    pub related: bool,
}

impl Contents {
    pub fn annotations(&self) -> u64 {
        self.by_people + self.by_models
    }

    fn add(&mut self, material: &Material, record: &Record, external: u64) {
        self.items += 1;
        self.later_shapes |= material.annotations.iter().any(|mark| is_later(&mark.shape));
        self.related |= material.annotations.iter().any(|mark| !mark.arrangement.relations.is_empty());
        self.empty_items += u64::from(material.annotations.is_empty());
        self.external_assets += external;
        self.add_answers(material);
        // What a rule merged, people drew.
        let marks = || material.annotations.iter().filter(|mark| !mark.is_answer());
        let models = marks().filter(|a| matches!(a.author, Author::Model { .. })).count() as u64;
        self.by_people += marks().count() as u64 - models;
        self.by_models += models;
        let over_content = || record.authors.iter().filter(|act| act.content_hash == record.content_hash);
        let has = |meaning: SignatureMeaning| over_content().any(|act| act.meaning == meaning.as_str());
        let inspected = has(SignatureMeaning::Reviewed) || has(SignatureMeaning::QaPassed);
        self.reviewed_items += u64::from(inspected);
        let drew: Vec<_> = record
            .authors
            .iter()
            .filter(|a| {
                [SignatureMeaning::Authored, SignatureMeaning::Adjudicated]
                    .iter()
                    .any(|meaning| a.meaning == meaning.as_str())
            })
            .map(|a| &a.actor)
            .collect();
        let countersigned = over_content()
            .any(|act| act.meaning == SignatureMeaning::Approved.as_str() && !drew.contains(&&act.actor));
        self.countersigned_items += u64::from(countersigned);
    }
}

fn is_later(shape: &Shape) -> bool {
    match shape {
        Shape::Polygon { holes, .. } => !holes.is_empty(),
        Shape::Box { .. } | Shape::Cuboid { .. } | Shape::Tag {} => false,
        _ => true,
    }
}

/// The items of a release in order of their ids, a page at a time.
pub(super) struct Lines {
    release: ReleaseId,
    page: VecDeque<releases::ReleaseItem>,
    after: Option<ItemId>,
}

impl Lines {
    pub const fn of(release: ReleaseId) -> Self {
        Self { release, page: VecDeque::new(), after: None }
    }

    pub async fn next(&mut self, conn: &mut Conn) -> Result<Option<Material>> {
        if self.page.is_empty() {
            self.page = releases::items_after(conn, self.release, self.after, LINES_PER_PAGE).await?.into();
        }
        let Some(line) = self.page.pop_front() else { return Ok(None) };
        self.after = Some(line.item_id);
        Material::load(conn, &line).await.map(Some)
    }
}

impl Pipeline {
    /// Builds the package up to its root. The work is on a thread where files may block.
    pub(super) async fn pack(
        &self,
        release: releases::Release,
        project: projects::Project,
        path: PathBuf,
    ) -> Result<Packed> {
        let (store, runtime) = (self.store.clone(), tokio::runtime::Handle::current());
        blocking(move || runtime.block_on(pack(&store, &release, &project, &path))).await?
    }
}

async fn pack(
    store: &Store,
    release: &releases::Release,
    project: &projects::Project,
    path: &Path,
) -> Result<Packed> {
    let file = File::create_new(path).map_err(|error| file_failed("the package of a release", error))?;
    let mut package = ReleaseWriter::new(BufWriter::new(file)).map_err(write_failed)?;
    let mut conn = store.read().await?;
    let mut lookup = Lookup::new(project.id, project.protocol_id.clone())
        .telling_samples(release.format >= WITH_SUGGESTIONS);
    let (mut contents, manifest_hash) = write_manifest(&mut package, &mut conn, &mut lookup, release).await?;
    let measured = write_suggestions(&mut conn, &mut lookup, release).await?;
    contents.protocols = lookup.versions.values().map(|version| version.reference.clone()).collect();
    let newest = lookup.newest()?;
    contents.guideline = format!(
        "{}, version {}; its text is in protocol.json",
        newest.protocol.title, newest.protocol.version
    );
    let several =
        lookup.versions.values().any(|version| version.protocol.stages.iter().any(Stage::is_parallel));
    contents.independent_reads = several;
    let reads = several || release.format >= WITH_LINEAGE;
    let versions = cited(&mut conn, release).await?;
    let by = Carried::of(&mut conn, release, project, &lookup).await?;
    let said = [
        (contents.later_shapes, SHAPES_FORMAT),
        (contents.related, RELATIONS_FORMAT),
        (reads, READS_FORMAT),
        (release.format >= WITH_LINEAGE, LINEAGE_FORMAT),
        (several && release.format >= WITH_AGREEMENT, AGREEMENT_FORMAT),
        (measured.is_some(), SUGGESTIONS_FORMAT),
        (release.certification_id.is_some(), AUDIT_FORMAT),
        (!versions.is_empty(), GUIDELINES_FORMAT),
        (by.is_some(), CARRIED_FORMAT),
        (contents.answered || releases::answered(&mut conn, release).await?, answers_format(release.format)),
    ];
    let later: String = said.iter().filter(|(holds, _)| *holds).map(|(_, text)| *text).collect();
    add(&mut package, "FORMATS.txt", format!("{FORMATS}{later}").as_bytes())?;
    add(&mut package, "protocol.json", newest.document.as_bytes())?;
    for (number, version) in lookup.versions.iter().rev().skip(1) {
        add(&mut package, &format!("protocols/v{number}.json"), version.document.as_bytes())?;
    }
    if let Some(by) = &by {
        by.write(&mut package, &lookup)?;
    }
    write_native(&mut package, &mut conn, release, &project.protocol_id).await?;
    if !versions.is_empty() {
        write_guidelines(&mut package, &mut conn, release, &versions).await?;
    }
    if reads {
        write_reads(&mut package, &mut conn, release).await?;
    }
    if several && release.format >= WITH_AGREEMENT {
        write_agreement(&mut package, &mut conn, release, &newest.protocol).await?;
    }
    let protocol = by.as_ref().map_or(&newest.protocol, |by| &by.protocol);
    if project.kind != ItemKind::Scene || takes_outlines(protocol) {
        contents.coco =
            write_coco(&mut package, &mut conn, store, release, project, protocol, by.as_ref()).await?;
    }
    if project.kind == ItemKind::Scene {
        contents.kitti = write_kitti(&mut package, &mut conn, store, release, by.as_ref()).await?;
    }
    if let Some((name, text)) = &measured {
        add(&mut package, name, text)?;
    }
    if let Some(certification) = release.certification_id {
        contents.labels = Some(write_audit(&mut package, &mut conn, certification).await?);
    }
    Ok(Packed { sealed: package.seal().map_err(write_failed)?, contents, manifest_hash })
}

/// Whether any class is drawn in pictures.
fn takes_outlines(protocol: &Protocol) -> bool {
    let mut shapes = protocol.classes.iter().flat_map(|class| &class.shapes);
    shapes.any(|shape| !matches!(shape, ShapeKind::Cuboid | ShapeKind::Tag))
}

async fn write_manifest(
    package: &mut Package,
    conn: &mut Conn,
    lookup: &mut Lookup,
    release: &releases::Release,
) -> Result<(Contents, Hash)> {
    let (mut contents, mut manifest, mut lines) = (Contents::default(), Sha256::new(), Lines::of(release.id));
    let positive: Vec<_> = [
        SignatureMeaning::Authored,
        SignatureMeaning::Reviewed,
        SignatureMeaning::Adjudicated,
        SignatureMeaning::QaPassed,
        SignatureMeaning::Approved,
    ]
    .map(SignatureMeaning::as_str)
    .to_vec();
    while let Some(material) = lines.next(conn).await? {
        let (record, external) = material.record(conn, lookup, release.created_at).await?;
        contents.add(&material, &record, external);
        for signature in countersign_store::reads::signatures(conn, material.item.id).await? {
            if signature.at <= release.created_at
                && signature.content_hash == material.content_hash
                && positive.contains(&signature.meaning.as_str())
            {
                contents.signatures += 1;
                contents.signers.insert(signature.user_id.to_string());
            }
        }
        manifest.update(record.encode().map_err(|error| write_failed(error.into()))?);
        manifest.update(b"\n");
        package.add_record(&record).map_err(write_failed)?;
    }
    Ok((contents, Hash(manifest.finalize().into())))
}

/// The audit that bounds the error of the labels; its one sentence.
async fn write_audit(package: &mut Package, conn: &mut Conn, id: CertificationId) -> Result<String> {
    let files = audit_files(conn, id).await?;
    let stated: LabelCertificate = serde_json::from_str(&files.certificate)
        .map_err(|error| PipelineError::Internal(format!("certifications.certificate: {error}")))?;
    add(package, CERTIFICATE_FILE, files.certificate.as_bytes())?;
    add(package, UNITS_FILE, files.units.as_bytes())?;
    add(package, FINDINGS_FILE, files.findings.as_bytes())?;
    for (name, proof) in PROOF_FILES.iter().zip(&files.proofs) {
        add(package, name, proof.as_bytes())?;
    }
    Ok(stated.statement)
}

async fn write_native(
    package: &mut Package,
    conn: &mut Conn,
    release: &releases::Release,
    protocol: &str,
) -> Result<()> {
    package.begin_file("annotations.jsonl").map_err(write_failed)?;
    let mut out = sink(package);
    let mut lines = Lines::of(release.id);
    while let Some(m) = lines.next(conn).await? {
        let protocol = (protocol, m.read.protocol_version);
        native::write_item(&mut out, m.item.id, m.read.id, protocol, &m.annotations, &m.content_hash)
            .map_err(export_failed)?;
    }
    out.flush().map_err(sink_failed)?;
    drop(out);
    package.end_file().map_err(write_failed)
}

pub(super) fn add(package: &mut Package, name: &str, bytes: &[u8]) -> Result<()> {
    package.add_file(name, bytes).map_err(write_failed)
}

/// The open file of a package as something that exporters write to.
pub(super) struct Sink<'a>(&'a mut Package);

pub(super) fn sink(package: &mut Package) -> BufWriter<Sink<'_>> {
    BufWriter::with_capacity(BUFFER_BYTES, Sink(package))
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(WriteError::Io(error)) => Err(error),
            Err(other) => Err(io::Error::other(other)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn write_failed(error: WriteError) -> PipelineError {
    match error {
        WriteError::Io(error) => file_failed("the package of a release", error),
        WriteError::Record(RecordError::NotSigned { item }) => PipelineError::refused(
            "signature_required",
            format!("Item {item} has no signature over its accepted content."),
        ),
        other => PipelineError::refused("release_too_large", other.to_string()),
    }
}

pub(super) fn sink_failed(error: io::Error) -> PipelineError {
    match error.downcast::<WriteError>() {
        Ok(error) => write_failed(error),
        Err(error) => file_failed("the package of a release", error),
    }
}

pub(super) fn export_failed(error: ExchangeError) -> PipelineError {
    match error {
        ExchangeError::Io(error) => sink_failed(error),
        other => PipelineError::refused("not_exportable", other.to_string()),
    }
}
