//! Freezing a set of accepted labels, and drawing the order of its audit after that.

use countersign_ledger::{Frontier, Hash, leaf_hash};
use countersign_model::{BatchId, CertificationId, EventId, ItemId, ItemKind, ProjectId, Protocol, UserId};
use countersign_quality::certify::{self, ClassPlan, Lot, Plan, Prior, Unit};
use countersign_store::{Conn, Evidence, Json, StoreError, Tx, batches, certifications, projects, random};
use sha2::{Digest, Sha256};

use super::{
    CertificationDraft, CertificationView, Frozen, SAMPLE_MAX, TEXT_CHARS_MAX, UNITS_MAX, UnitLine, earlier,
    parsed, spelled, words::FORM_VERSION,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    release::material::{Lookup, Material},
};

/// Units read from the store at once.
const UNITS_PER_PAGE: u32 = 500;
/// Confidence where none is named.
const CONFIDENCE_DEFAULT: f64 = 0.95;
/// Highest confidence: each of [`certify::CLASS_BOUNDS_MAX`] bounds takes its share of what is left, which must still differ
/// from certainty.
const CONFIDENCE_MAX: f64 = 0.999_999;
/// Longest words that somebody may add to the entropy, bytes.
const ENTROPY_BYTES_MAX: usize = 1_000;

impl Pipeline {
    /// Freezes every accepted item of a project that is not held, but for those that cannot be assessed. From here on the plan and the labels that it is about
    /// are fixed: the log holds their hash.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_plan`, `nothing_accepted`, `lot_too_large`,
    /// `changed_while_frozen`, `content_changed`, `name_taken`; `audit_running`, `audited_since`, `audited_too_often` where
    /// some of these labels were audited before.
    pub async fn freeze(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: CertificationDraft,
    ) -> Result<CertificationView> {
        self.require_on(caller, Action::Certify, project)?;
        let (frozen, units, class_lots) = {
            let mut conn = self.store.read().await?;
            let row = projects::by_id(&mut conn, project).await?.ok_or(PipelineError::NotFound)?;
            let protocol = self.protocol(&mut conn, project).await?;
            let mut plan = plan(&draft, &protocol, row.kind)?;
            let units = lines(&mut conn, &row, &Choice::Free).await?;
            plan.earlier = earlier::of(&mut conn, project, units.iter().map(|(label, _)| label)).await?;
            let root = root(units.iter().map(|(_, line)| line.as_str()));
            let known = units.iter().map(|(_, line)| known(line)).collect::<Result<Vec<_>>>()?;
            let class_lots = Lot::of(&plan, &known).of_class;
            let not_assessed = certifications::left_out(&mut conn, project).await?;
            let count = units.len() as u64;
            (frozen(&draft, project, plan, root, (count, not_assessed))?, units, class_lots)
        };
        let (by, id) = (caller.user(), CertificationId(self.store.ids().fresh()));
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let text = spelled(&frozen)?;
                    let evidence = Evidence::new("certification.frozen", "certification", id.uuid());
                    let event = tx.record(evidence.project(project).content(Sha256::digest(&text).into()))?;
                    let audit = Audit {
                        id,
                        project,
                        name: frozen.name.clone(),
                        frozen: text,
                        root: frozen.root,
                        units,
                        class_lots,
                        sample_max: frozen.sample_max,
                        by,
                    };
                    insert(tx, audit, event).await?;
                    earlier::check(tx, id, project, &frozen.plan.earlier).await
                })
            })
            .await?;
        self.certification(caller, id).await
    }

    /// Draws the order of the audit: by the root of what was frozen, by noise that is drawn now, and by what the caller
    /// adds. Nobody could have known it when the set was frozen.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_entropy`, `already_drawn`, `audited_since`.
    pub async fn draw_order(
        &self,
        caller: &Caller,
        id: CertificationId,
        words: &str,
    ) -> Result<CertificationView> {
        super::only_certificate(&mut *self.store.read().await?, id).await?;
        self.draw_sample(caller, id, words, "certification").await?;
        self.certification(caller, id).await
    }

    /// The same for any audit; `kind` is what its evidence is about.
    pub(crate) async fn draw_sample(
        &self,
        caller: &Caller,
        id: CertificationId,
        words: &str,
        kind: &'static str,
    ) -> Result<()> {
        if words.len() > ENTROPY_BYTES_MAX {
            let message = format!("at most {ENTROPY_BYTES_MAX} bytes");
            return Err(PipelineError::bad("bad_entropy", "words", message));
        }
        let (row, items) = {
            let mut conn = self.store.read().await?;
            let row = certifications::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Certify, row.project_id)?;
            (row, certifications::unit_ids(&mut conn, id).await?)
        };
        let drawn_before = || PipelineError::refused("already_drawn", "The order of this audit was drawn.");
        if row.state != "frozen" {
            return Err(drawn_before());
        }
        let mut entropy = random::<32>()?.to_vec();
        entropy.extend_from_slice(words.as_bytes());
        let root =
            Hash::from_hex(&row.root).ok_or_else(|| PipelineError::Internal("a root is no hash".into()))?;
        let seed = certify::seed(certify::Hash(root.0), &entropy);
        let ids: Vec<String> = items.iter().map(ToString::to_string).collect();
        let borrowed: Vec<&str> = ids.iter().map(String::as_str).collect();
        let sample = usize::try_from(row.sample_max).unwrap_or(usize::MAX);
        let first = certify::order(seed, &borrowed).into_iter().take(sample).map(|place| items[place]);
        let (first, entropy) = (first.collect(), hex::encode(entropy));
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    if !batches::is_batch(tx, id).await? {
                        let frozen: Frozen = parsed("certifications.frozen", &row.frozen)?;
                        earlier::check(tx, id, row.project_id, &frozen.plan.earlier).await?;
                    }
                    let evidence = Evidence::new(&format!("{kind}.seeded"), kind, id.uuid());
                    let details = serde_json::json!({ "entropy": entropy });
                    let event =
                        tx.record(evidence.project(row.project_id).content(seed.0).details(details))?;
                    let drawn = certifications::Drawn { entropy, seed: seed.to_string(), first, event };
                    if certifications::seed(tx, id, drawn).await? { Ok(()) } else { Err(drawn_before()) }
                })
            })
            .await
    }
}

/// What is frozen and waits for its order.
pub(crate) struct Audit {
    pub id: CertificationId,
    pub project: ProjectId,
    pub name: String,
    /// The exact text whose hash the log holds.
    pub frozen: String,
    pub root: certify::Hash,
    pub units: Vec<(certifications::Candidate, String)>,
    pub class_lots: Vec<u64>,
    pub sample_max: u64,
    pub by: UserId,
}

/// Keeps what is frozen, unless something of it changed meanwhile.
pub(crate) async fn insert(tx: &mut Tx, audit: Audit, event: EventId) -> Result<()> {
    let id = audit.id;
    let row = certifications::Certification {
        id,
        project_id: audit.project,
        name: audit.name,
        state: "frozen".into(),
        frozen: audit.frozen,
        root: audit.root.to_string(),
        units: audit.units.len() as u64,
        class_lots: Json(audit.class_lots),
        sample_max: audit.sample_max,
        entropy: None,
        seed: None,
        checked: 0,
        found: 0,
        bounds: None,
        stop: None,
        certificate: None,
        proofs: None,
        opened_by: Some(audit.by),
        frozen_at: tx.now(),
        frozen_event: event,
        seeded_at: None,
        seeded_event: None,
        closed_at: None,
        closed_event: None,
    };
    let units = audit.units.into_iter().map(|(candidate, line)| unit(id, candidate, line));
    certifications::insert(tx, row, units.collect()).await.map_err(taken)?;
    match certifications::changed(tx, id).await? {
        Some(item) => Err(changed(item)),
        None => Ok(()),
    }
}

pub(crate) fn changed(item: ItemId) -> PipelineError {
    PipelineError::refused(
        "changed_while_frozen",
        format!("Item {item} changed while the set was frozen; try again."),
    )
}

/// Which accepted items are frozen.
pub(crate) enum Choice {
    /// All that are free to leave.
    Free,
    /// Those of a batch.
    Batch(Box<batches::BatchFilter>),
    /// Those of a returned batch that came back.
    Rework(BatchId),
}

impl Choice {
    /// The next of them, by id.
    pub async fn candidates(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        after: Option<ItemId>,
        limit: u32,
    ) -> Result<Vec<certifications::Candidate>> {
        Ok(match self {
            Self::Free => certifications::candidates(conn, project, after, limit).await?,
            Self::Batch(filter) => batches::candidates(conn, project, filter, after, limit).await?,
            Self::Rework(batch) => batches::reworked(conn, *batch, after, limit).await?,
        })
    }
}

fn plan(draft: &CertificationDraft, protocol: &Protocol, kind: ItemKind) -> Result<Plan> {
    let bad = |place: &'static str, message: String| PipelineError::bad("bad_plan", place, message);
    let confidence = draft.confidence.unwrap_or(CONFIDENCE_DEFAULT);
    let share = |value: f64| value > 0.0 && value < 1.0;
    if !share(confidence) || !share(draft.target) {
        return Err(bad("target", "target and confidence lie between 0 and 1".to_owned()));
    }
    if confidence > CONFIDENCE_MAX {
        return Err(bad("confidence", format!("at most {CONFIDENCE_MAX}")));
    }
    if draft.classes.len() > certify::CLASS_BOUNDS_MAX {
        let message = format!("at most {} with a bound of their own", certify::CLASS_BOUNDS_MAX);
        return Err(bad("classes", message));
    }
    if draft.sample_max.is_some_and(|size| size == 0 || size > SAMPLE_MAX) {
        return Err(bad("sample_max", format!("1 to {SAMPLE_MAX}")));
    }
    for (place, text) in [("reference", &draft.reference), ("error", &draft.error)] {
        let length = text.trim().chars().count();
        if length == 0 || length > TEXT_CHARS_MAX || text.contains('\0') {
            return Err(bad(place, format!("say it in 1 to {TEXT_CHARS_MAX} characters")));
        }
    }
    let mut classes = Vec::new();
    for wish in &draft.classes {
        if protocol.class(&wish.class).is_none() {
            return Err(bad("classes", format!("{} is no class of the protocol", wish.class)));
        }
        let class = ClassPlan { class: wish.class.clone(), among: wish.among.into() };
        if classes.contains(&class) {
            return Err(bad("classes", format!("{} is there twice", wish.class)));
        }
        classes.push(class);
    }
    let units = match kind {
        ItemKind::Study => "studies",
        ItemKind::Scene => "scenes",
        ItemKind::Part => "parts",
        _ => "images",
    };
    Ok(Plan {
        confidence,
        prior: Prior::default(),
        units: units.to_owned(),
        reference: draft.reference.trim().to_owned(),
        error: draft.error.trim().to_owned(),
        classes,
        severity: draft.severity,
        earlier: Vec::new(),
    })
}

fn frozen(
    draft: &CertificationDraft,
    project: ProjectId,
    plan: Plan,
    root: Hash,
    (units, not_assessed): (u64, u64),
) -> Result<Frozen> {
    Ok(Frozen {
        version: FORM_VERSION,
        project,
        name: crate::accounts::checked_name("name", &draft.name)?,
        root: certify::Hash(root.0),
        units,
        not_assessed,
        plan,
        counts: draft.kinds(),
        target: draft.target,
        sample_max: draft.sample_max.unwrap_or(SAMPLE_MAX).min(units),
    })
}

/// Every item of a choice, with the line that the root is over. Content hashes are worked out again.
pub(crate) async fn lines(
    conn: &mut Conn,
    project: &projects::Project,
    choice: &Choice,
) -> Result<Vec<(certifications::Candidate, String)>> {
    let mut lookup = Lookup::new(project.id, project.protocol_id.clone());
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = choice.candidates(conn, project.id, after, UNITS_PER_PAGE).await?;
        let Some(last) = page.last().map(|candidate| candidate.item) else { break };
        after = Some(last);
        for candidate in page {
            if found.len() >= UNITS_MAX {
                return Err(PipelineError::refused(
                    "lot_too_large",
                    format!("More than {UNITS_MAX} items cannot be certified together."),
                ));
            }
            let line = line(conn, &mut lookup, &candidate).await?;
            found.push((candidate, line));
        }
    }
    if found.is_empty() {
        return Err(PipelineError::refused("nothing_accepted", "No accepted item is free to leave."));
    }
    Ok(found)
}

async fn line(conn: &mut Conn, lookup: &mut Lookup, candidate: &certifications::Candidate) -> Result<String> {
    let material = Material::of(conn, candidate.item, candidate.read, &candidate.content_hash).await?;
    let mut classes: Vec<_> =
        material.annotations.iter().map(|annotation| annotation.class.clone()).collect();
    classes.sort_unstable();
    classes.dedup();
    spelled(&UnitLine {
        item: candidate.item.to_string(),
        classes,
        annotations: material.annotations.len() as u64,
        content_hash: crate::release::material::hash("reads.content_hash", &candidate.content_hash)?,
        assets: material.asset_hashes()?.0,
        protocol: lookup.version(conn, material.read.protocol_version).await?.reference.clone(),
    })
}

/// Merkle root over the lines (RFC 6962 section 2.1).
pub(crate) fn root<'a>(lines: impl Iterator<Item = &'a str>) -> Hash {
    let mut tree = Frontier::new();
    lines.for_each(|line| tree.append(leaf_hash(line.as_bytes())));
    tree.root()
}

/// What the bounds have to know of a line.
pub(super) fn known(line: &str) -> Result<Unit> {
    let line: UnitLine = parsed("certification_units.line", line)?;
    Ok(Unit { id: line.item, classes: line.classes })
}

fn unit(id: CertificationId, candidate: certifications::Candidate, line: String) -> certifications::Unit {
    certifications::Unit {
        certification_id: id,
        item_id: candidate.item,
        read_id: candidate.read,
        content_hash: candidate.content_hash,
        line,
        position: None,
        auditor_id: None,
        claimed_until: None,
        own: None,
        shown_at: None,
        errors: None,
        counted: None,
        severity: None,
        comment: None,
        judged_at: None,
    }
}

fn taken(error: StoreError) -> PipelineError {
    match error {
        StoreError::Conflict { .. } => {
            PipelineError::refused("name_taken", "The project has an audit or a batch of this name.")
        }
        other => other.into(),
    }
}
