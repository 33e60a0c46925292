//! The blind audit: an item is given out in its order, looked at without its labels, and only then with them.

use std::collections::BTreeMap;

use countersign_model::{Annotation, BatchId, CertificationId, Instant, ItemId, ProjectId, UserId};
use countersign_store::{Conn, Evidence, appraisals, assets, batches, certifications, exposures, items};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;
use serde::{Deserialize, Serialize};

use super::{parsed, spelled};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
    pictures::frames,
    pixels::{Picture, WindowLevel, picture},
    save::current_annotations,
};

/// What exposures of an audit are recorded as.
const PURPOSE: &str = "certification";
/// Largest count of one class that an auditor may name.
const COUNT_MAX: u32 = 10_000;

/// A unit that somebody is to judge.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditUnit {
    /// Place in the order, from 0.
    pub position: u32,
    /// Its neutral name.
    pub name: String,
    /// Pictures to look at.
    pub frames: u32,
    /// Until when it is the caller's to judge.
    pub until: Instant,
    /// What is there beside the pictures; present once the caller said what they see themselves.
    pub shown: Option<ShownUnit>,
}

/// What somebody sees in an item before its labels are shown: how many of each class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OwnJudgement {
    /// Counts by class; what is not there is left out.
    pub classes: BTreeMap<String, u32>,
}

/// A class of which the auditor and the labels have different numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassDifference {
    /// Class.
    pub class: String,
    /// The auditor saw so many.
    pub own: u32,
    /// The labels name so many.
    pub labelled: u32,
}

/// The frozen labels of a unit, and where they differ from what the auditor saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownUnit {
    /// What the auditor saw.
    pub own: OwnJudgement,
    /// The labels as they were frozen.
    pub annotations: Vec<Annotation>,
    /// For each frame in order: the stream and the index that labels name it by.
    pub places: Vec<countersign_model::FrameRef>,
    /// Classes with different numbers: each is to be named as an error, or explained.
    pub differences: Vec<ClassDifference>,
}

/// A unit in the hands of its auditor.
pub(crate) struct InHand {
    pub row: certifications::Certification,
    pub unit: certifications::Unit,
    pub item: items::Item,
    pub until: Instant,
}

impl Pipeline {
    /// Gives out the next unit of an audit that the caller may judge: the first of the order that nobody judged, that is
    /// in nobody's hands, and that they neither worked on nor were shown before. Asking again gives the same one.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `not_auditing`, `nothing_to_audit`.
    pub async fn next_unit(&self, caller: &Caller, id: CertificationId) -> Result<AuditUnit> {
        let project = {
            let mut conn = self.store.read().await?;
            let row = certifications::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::AuditLabels, row.project_id)?;
            row.project_id
        };
        let user = caller.user();
        let unit = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = certifications::lock(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    auditing(&row)?;
                    let until = tx.now().plus_seconds(super::CLAIM_SECONDS);
                    // A second sample is drawn from only once the first is through.
                    let places = match batches::by_id(tx, BatchId(id.0)).await? {
                        Some(batch) => crate::batches::plan_of(&batch)?.places(row.checked),
                        None => row.units,
                    };
                    let Some(unit) = certifications::next(tx, id, user, until, places).await? else {
                        return Err(PipelineError::refused(
                            "nothing_to_audit",
                            "No item is left here that you had no part in, have not seen elsewhere, and that nobody \
                             else is judging.",
                        ));
                    };
                    certifications::join(tx, id, user).await?;
                    let evidence = Evidence::new("certification.taken", "certification", id.uuid());
                    tx.record(evidence.project(project).item(unit.item_id))?;
                    Ok(unit)
                })
            })
            .await?;
        let position = unit.position.ok_or(PipelineError::NotFound)?;
        let in_hand = self.in_hand(caller, id, position).await?;
        self.audit_unit(in_hand).await
    }

    /// A unit of an audit that its auditor may look at.
    pub(crate) async fn in_hand(
        &self,
        caller: &Caller,
        id: CertificationId,
        position: u32,
    ) -> Result<InHand> {
        let (row, unit, item, resource) = {
            let mut conn = self.store.read().await?;
            let row = certifications::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::AuditLabels, row.project_id)?;
            let unit = certifications::unit(&mut conn, id, position).await?.ok_or(PipelineError::NotFound)?;
            let item = items::by_id(&mut conn, unit.item_id).await?.ok_or(PipelineError::NotFound)?;
            let resource = self.item_resource(&mut conn, &item).await?;
            (row, unit, item, resource)
        };
        if let Resource::Item { participants, .. } = &resource
            && participants.contains(&caller.user())
        {
            let message = "You worked on this item: somebody else judges it.";
            let refused = PipelineError::refused(SEPARATION_OF_DUTIES, message);
            return Err(self.keep_refusal(caller, row.project_id, unit.item_id, refused).await?);
        }
        self.require(caller, Action::AuditItem, &resource)?;
        let now = self.store.clock().now();
        let theirs = unit.auditor_id == Some(caller.user()) && unit.judged_at.is_none();
        let until = unit.claimed_until.filter(|until| theirs && *until >= now);
        let Some(until) = until else {
            return Err(PipelineError::refused(
                "not_your_unit",
                "This item is not yours to judge (any more).",
            ));
        };
        auditing(&row)?;
        Ok(InHand { row, unit, item, until })
    }

    async fn audit_unit(&self, in_hand: InHand) -> Result<AuditUnit> {
        let InHand { unit, item, until, .. } = in_hand;
        let shown = match &unit.own {
            Some(own) if unit.shown_at.is_some() => {
                let own = parsed("certification_units.own", own)?;
                Some(shown(&mut *self.store.read().await?, &unit, &item, own).await?)
            }
            _ => None,
        };
        Ok(AuditUnit {
            position: unit.position.unwrap_or_default(),
            name: item.name.clone(),
            frames: u32::try_from(frames(&item.streams.0).count()).unwrap_or(u32::MAX),
            until,
            shown,
        })
    }

    /// A picture of a unit, for its auditor; the exposure is committed first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_your_unit`, `separation_of_duties`.
    pub async fn certification_image(
        &self,
        caller: &Caller,
        id: CertificationId,
        position: u32,
        frame: u32,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let item = self.in_hand(caller, id, position).await?.item;
        let (asset, part) = frames(&item.streams.0).nth(frame as usize).ok_or(PipelineError::NotFound)?;
        let asset = assets::by_id(&mut *self.store.read().await?, asset).await?;
        let asset = asset.ok_or(PipelineError::NotFound)?;
        let asset = assets::Asset { item_id: Some(item.id), ..asset };
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, PURPOSE).await?;
        let bytes = self.store.cleared().show(&exposed).await?;
        picture(asset.kind, bytes, part, window).await
    }

    /// Keeps what an auditor sees on their own, and shows them the frozen labels after that. It cannot be changed later.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_your_unit`, `separation_of_duties`, `labels_shown`, `bad_judgement`.
    pub async fn say_own(
        &self,
        caller: &Caller,
        id: CertificationId,
        position: u32,
        mut own: OwnJudgement,
    ) -> Result<AuditUnit> {
        let InHand { row, unit, .. } = self.in_hand(caller, id, position).await?;
        own.classes.retain(|_, count| *count > 0);
        self.check_own(row.project_id, &own).await?;
        let (text, user, item) = (spelled(&own)?, caller.user(), unit.item_id);
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    auditing(&certifications::lock(tx, id).await?.ok_or(PipelineError::NotFound)?)?;
                    if !certifications::show(tx, id, position, user, &text).await? {
                        return Err(PipelineError::refused(
                            "labels_shown",
                            "You said what you see, and were shown the labels.",
                        ));
                    }
                    let evidence = Evidence::new("certification.shown", "certification", id.uuid());
                    let evidence = evidence.project(row.project_id).item(item);
                    tx.record(evidence.details(serde_json::json!({ "own": own.classes })))?;
                    Ok(())
                })
            })
            .await?;
        let in_hand = self.in_hand(caller, id, position).await?;
        self.audit_unit(in_hand).await
    }

    async fn check_own(&self, project: ProjectId, own: &OwnJudgement) -> Result<()> {
        let protocol = self.protocol(&mut *self.store.read().await?, project).await?;
        for (class, count) in &own.classes {
            if protocol.class(class).is_none() || *count > COUNT_MAX {
                let message = format!("classes of the protocol, at most {COUNT_MAX} of each");
                return Err(PipelineError::bad("bad_judgement", "classes", message));
            }
        }
        Ok(())
    }

    /// Whether somebody who audits, or whose eyes are studied on it, may not see this item's labels yet.
    pub(crate) async fn audits_blind(&self, conn: &mut Conn, caller: &Caller, item: ItemId) -> Result<bool> {
        Ok(certifications::blinds(conn, caller.user(), item).await?
            || appraisals::blinds(conn, caller.user(), item).await?)
    }

    /// Whether somebody audits in a project, or has their eyes studied there, and is not through.
    pub(crate) async fn is_blind_in(
        &self,
        conn: &mut Conn,
        user: UserId,
        project: ProjectId,
    ) -> Result<bool> {
        Ok(certifications::audits_in(conn, user, project).await?
            || appraisals::studied_in(conn, user, project).await?)
    }
}

/// Refuses where nothing is judged; to be asked of a locked row inside the write that judges, too.
pub(super) fn auditing(row: &certifications::Certification) -> Result<()> {
    if row.state == "auditing" {
        return Ok(());
    }
    Err(PipelineError::refused(
        "not_auditing",
        "Nothing is judged here: the audit has not begun, or it is over.",
    ))
}

/// The frozen labels of a unit beside what its auditor saw.
pub(super) async fn shown(
    conn: &mut Conn,
    unit: &certifications::Unit,
    item: &items::Item,
    own: OwnJudgement,
) -> Result<ShownUnit> {
    let annotations = current_annotations(conn, unit.read_id).await?;
    let places = item.streams.0.iter().zip(0_u32..);
    let places = places.filter(|(stream, _)| stream.kind != countersign_model::StreamKind::Lidar);
    let places = places.flat_map(|(stream, number)| {
        let last = u32::try_from(stream.frames.len()).unwrap_or(u32::MAX);
        (0..last).map(move |index| countersign_model::FrameRef { stream: number, index })
    });
    let differences = differences(&own, &annotations);
    Ok(ShownUnit { own, places: places.collect(), differences, annotations })
}

/// Classes of which the auditor and the labels have different numbers, by class.
fn differences(own: &OwnJudgement, annotations: &[Annotation]) -> Vec<ClassDifference> {
    let mut counts: BTreeMap<&str, (u32, u32)> =
        own.classes.iter().map(|(class, count)| (class.as_str(), (*count, 0))).collect();
    for annotation in annotations {
        counts.entry(&annotation.class).or_default().1 += 1;
    }
    let differing = counts.into_iter().filter(|(_, (own, labelled))| own != labelled);
    differing
        .map(|(class, (own, labelled))| ClassDifference { class: class.to_owned(), own, labelled })
        .collect()
}
