//! One item of a release with everything that is said about it.

use std::collections::{BTreeMap, HashMap};

use countersign_ledger::{
    Hash,
    release::{AnnotationRef, ProtocolRef, Record, Signatory},
};
use countersign_model::{
    Annotation, AssetId, AssetKind, Author, Instant, ItemId, ProjectId, Protocol, ReadId, SignatureMeaning,
    StageKind, UserId,
};
use countersign_store::{Conn, assets, items, protocols, reads, releases, users};
use countersign_workflow::{ItemState, content_hash};

use crate::{
    PipelineError, Result, moving::parse_state, protocols::void::check_intact, save::current_annotations,
    views::author,
};

/// The protocol versions and names that a release refers to, read once each.
pub(crate) struct Lookup {
    project: ProjectId,
    protocol: String,
    pub versions: BTreeMap<u32, Version>,
    names: HashMap<UserId, String>,
    tells_samples: bool,
}

/// A protocol version with the text that its hash is over.
pub(crate) struct Version {
    pub document: String,
    pub protocol: Protocol,
    pub reference: ProtocolRef,
}

impl Lookup {
    pub fn new(project: ProjectId, protocol: String) -> Self {
        Self { project, protocol, versions: BTreeMap::new(), names: HashMap::new(), tells_samples: false }
    }

    /// Whether an inspection of a sample that passed is told apart from a review.
    pub fn telling_samples(self, tells_samples: bool) -> Self {
        Self { tells_samples, ..self }
    }

    pub async fn version(&mut self, conn: &mut Conn, version: u32) -> Result<&Version> {
        if !self.versions.contains_key(&version) {
            let row = protocols::get(conn, self.project, &self.protocol, version).await?;
            let row = row.ok_or_else(|| internal("a read under a protocol version that is not there"))?;
            check_intact(&row)?;
            let protocol = serde_json::from_str(&row.document).map_err(|e| internal(&e.to_string()))?;
            let reference = ProtocolRef {
                id: row.id,
                version: u64::from(version),
                content_hash: Some(hash("protocols.content_hash", &row.content_hash)?),
            };
            self.versions.insert(version, Version { document: row.document, protocol, reference });
        }
        self.versions.get(&version).ok_or_else(|| internal("a protocol version was lost"))
    }

    /// The newest version that work in the release was done under.
    pub fn newest(&self) -> Result<&Version> {
        self.versions.values().next_back().ok_or_else(|| internal("a release without a protocol"))
    }

    async fn name(&mut self, conn: &mut Conn, user: UserId) -> Result<String> {
        if let Some(known) = self.names.get(&user) {
            return Ok(known.clone());
        }
        let name = users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name);
        self.names.insert(user, name.clone());
        Ok(name)
    }
}

/// An item of a release, its accepted read and its assets.
pub(crate) struct Material {
    pub item: items::Item,
    pub read: reads::Read,
    pub annotations: Vec<Annotation>,
    /// In hexadecimal; checked against the annotations.
    pub content_hash: String,
    assets: HashMap<AssetId, assets::Asset>,
}

impl Material {
    /// Reads the item and checks that its annotations are still those that were accepted.
    pub async fn load(conn: &mut Conn, line: &releases::ReleaseItem) -> Result<Self> {
        Self::of(conn, line.item_id, line.read_id, &line.content_hash).await
    }

    /// The same of an item with a read and the hash that it was accepted with.
    pub async fn of(conn: &mut Conn, item: ItemId, read: ReadId, accepted: &str) -> Result<Self> {
        let item = items::by_id(conn, item).await?.ok_or(PipelineError::NotFound)?;
        let read = reads::by_id(conn, read).await?.ok_or(PipelineError::NotFound)?;
        let changed = || {
            let message =
                format!("Item {} does not hold the annotations any more that were accepted.", item.id);
            PipelineError::refused("content_changed", message)
        };
        // What cannot be read back is not what was accepted either.
        let annotations = match current_annotations(conn, read.id).await {
            Err(PipelineError::Internal(_)) => return Err(changed()),
            other => other?,
        };
        let recomputed = content_hash(&annotations);
        if recomputed != accepted || read.content_hash.as_ref() != Some(&recomputed) {
            return Err(changed());
        }
        let mut found: HashMap<_, _> =
            assets::of_item(conn, item.id).await?.into_iter().map(|asset| (asset.id, asset)).collect();
        for frame in item.streams.0.iter().flat_map(|stream| &stream.frames) {
            // The same bytes in two items are one asset, which lies under the first of them.
            if !found.contains_key(&frame.asset)
                && let Some(asset) = assets::by_id(conn, frame.asset).await?
            {
                found.insert(asset.id, asset);
            }
        }
        Ok(Self { item, read, annotations, content_hash: recomputed, assets: found })
    }

    pub fn asset(&self, id: AssetId) -> Result<&assets::Asset> {
        self.assets.get(&id).ok_or_else(|| internal("a frame without an asset"))
    }

    /// The asset behind a frame.
    pub fn frame_asset(&self, stream: u32, index: u32) -> Result<&assets::Asset> {
        let stream = self.item.streams.0.get(stream as usize);
        let frame = stream.and_then(|stream| stream.frames.get(index as usize));
        self.asset(frame.ok_or_else(|| internal("an annotation on a frame that is not there"))?.asset)
    }

    /// Hashes of its files in frame order, and how many files have no bytes here.
    pub fn asset_hashes(&self) -> Result<(Vec<Hash>, u64)> {
        let (mut assets, mut external, mut last) = (Vec::new(), 0, None);
        for frame in self.item.streams.0.iter().flat_map(|stream| &stream.frames) {
            // Frames of one multi-frame file follow each other.
            if last.replace(frame.asset) == Some(frame.asset) {
                continue;
            }
            match self.asset(frame.asset)? {
                asset if asset.kind == AssetKind::External => external += 1,
                asset => assets.push(hash("assets.content_hash", &asset.content_hash)?),
            }
        }
        Ok((assets, external))
    }

    /// The manifest's record, and how many assets have no bytes here. `until` is when the release was begun: what
    /// happened to the item later is no part of it.
    pub async fn record(
        &self,
        conn: &mut Conn,
        lookup: &mut Lookup,
        until: Instant,
    ) -> Result<(Record, u64)> {
        let authors = self.authors(conn, lookup, until).await?;
        let (assets, external) = self.asset_hashes()?;
        let refer = |annotation: &Annotation| AnnotationRef {
            id: annotation.id.to_string(),
            version: u64::from(annotation.version),
        };
        let record = Record {
            item: self.item.id.to_string(),
            name: self.item.name.clone(),
            assets,
            annotations: self.annotations.iter().map(refer).collect(),
            content_hash: hash("reads.content_hash", &self.content_hash)?,
            protocol: lookup.version(conn, self.read.protocol_version).await?.reference.clone(),
            authors,
        };
        Ok((record, external))
    }

    /// Who drew, reviewed and signed, in order of time: drafts of models, submitted reads, reviews, signatures. What a
    /// signature says already is not said twice.
    async fn authors(&self, conn: &mut Conn, lookup: &mut Lookup, until: Instant) -> Result<Vec<Signatory>> {
        let state = parse_state(&self.item.workflow)?;
        let protocol = lookup.version(conn, self.read.protocol_version).await?.protocol.clone();
        let role = |user| role_of(&protocol, &state, user);
        let rows = reads::of_item(conn, self.item.id).await?;
        let mut acts: Vec<(Instant, u8, Signatory)> = Vec::new();
        let mut signed = Vec::new();
        for signature in reads::signatures(conn, self.item.id).await? {
            if signature.at > until {
                continue;
            }
            let content_hash = hash("signatures.content_hash", &signature.content_hash)?;
            signed.push((signature.user_id, signature.meaning, content_hash));
            let signatory = Signatory {
                actor: signature.user_id.to_string(),
                printed_name: signature.printed_name,
                role: role(signature.user_id),
                meaning: signature.meaning.as_str().to_owned(),
                at: signature.at.to_string(),
                content_hash,
            };
            acts.push((signature.at, 2, signatory));
        }
        self.check_signed(&signed)?;
        for read in &rows {
            if let Some(act) = model_or_reader(conn, lookup, read, &signed, &role, until).await? {
                acts.push(act);
            }
        }
        for review in reads::reviews(conn, self.item.id).await? {
            if review.at > until {
                continue;
            }
            let hash_of =
                |id| rows.iter().find(|read| read.id == id).and_then(|read| read.content_hash.as_ref());
            let Some(content) = hash_of(review.read_id).or_else(|| hash_of(review.subject_read_id)) else {
                continue;
            };
            let content_hash = hash("reads.content_hash", content)?;
            let kind_of = |id| rows.iter().find(|read| read.id == id).map(|read| read.kind);
            let meaning = match review.decision.as_str() {
                "reject" => SignatureMeaning::Rejected,
                _ if lookup.tells_samples && kind_of(review.read_id) == Some(StageKind::SampleQa) => {
                    SignatureMeaning::QaPassed
                }
                _ => SignatureMeaning::Reviewed,
            };
            if signed.contains(&(review.user_id, meaning, content_hash)) {
                continue;
            }
            let signatory = Signatory {
                actor: review.user_id.to_string(),
                printed_name: lookup.name(conn, review.user_id).await?,
                role: role(review.user_id),
                meaning: meaning.as_str().to_owned(),
                at: review.at.to_string(),
                content_hash,
            };
            acts.push((review.at, 1, signatory));
        }
        acts.sort_by(|a, b| (a.0, a.1, &a.2.actor, &a.2.meaning).cmp(&(b.0, b.1, &b.2.actor, &b.2.meaning)));
        Ok(acts.into_iter().map(|(_, _, signatory)| signatory).collect())
    }

    /// A record stands on a signature, not only on somebody having drawn or looked.
    fn check_signed(&self, signed: &[(UserId, SignatureMeaning, Hash)]) -> Result<()> {
        let accepted = hash("reads.content_hash", &self.content_hash)?;
        if signed.iter().any(|(_, meaning, hash)| *hash == accepted && *meaning != SignatureMeaning::Rejected)
        {
            return Ok(());
        }
        let message = format!("Item {} has no signature over its accepted content.", self.item.id);
        Err(PipelineError::refused("signature_required", message))
    }
}

/// The act behind a locked read: a model's draft, or somebody's own read. (A reviewer's copy stands in `reviews`.)
async fn model_or_reader(
    conn: &mut Conn,
    lookup: &mut Lookup,
    read: &reads::Read,
    signed: &[(UserId, SignatureMeaning, Hash)],
    role: &impl Fn(UserId) -> String,
    until: Instant,
) -> Result<Option<(Instant, u8, Signatory)>> {
    let (Some(content), Some(at)) = (&read.content_hash, read.submitted_at) else { return Ok(None) };
    let content_hash = hash("reads.content_hash", content)?;
    if at > until {
        return Ok(None);
    }
    let (actor, printed_name, role, meaning) = match author(read)? {
        Author::Model { name, version } => {
            (format!("model:{name}:{version}"), format!("{name} {version}"), "model".to_owned(), "drafted")
        }
        Author::Rule { rule } => {
            (format!("rule:{rule}"), format!("Merged: {rule}"), "rule".to_owned(), "merged")
        }
        Author::Human { user } => {
            let meaning = match read.kind {
                StageKind::Adjudicate => SignatureMeaning::Adjudicated,
                _ => SignatureMeaning::Authored,
            };
            let decides = matches!(read.kind, StageKind::Read | StageKind::Adjudicate);
            if !decides || signed.contains(&(user, meaning, content_hash)) {
                return Ok(None);
            }
            (user.to_string(), lookup.name(conn, user).await?, role(user), meaning.as_str())
        }
    };
    let meaning = meaning.to_owned();
    Ok(Some((at, 0, Signatory { actor, printed_name, role, meaning, at: at.to_string(), content_hash })))
}

/// The role that the stage asks for at which somebody acted; nobody acts at two stages of one item.
fn role_of(protocol: &Protocol, state: &ItemState, user: UserId) -> String {
    let stage = state.actors.iter().find(|actor| actor.user == user).map(|actor| actor.stage as usize);
    let role = stage.and_then(|stage| protocol.stages.get(stage)).and_then(|stage| stage.role);
    role.map_or_else(|| "person".to_owned(), |role| role.as_str().to_owned())
}

pub(crate) fn hash(place: &str, text: &str) -> Result<Hash> {
    Hash::from_hex(text).ok_or_else(|| internal(&format!("{place} is no hash")))
}

pub(super) fn internal(message: &str) -> PipelineError {
    PipelineError::Internal(message.to_owned())
}
