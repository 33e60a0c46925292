//! Items as people list and open them.

use std::collections::BTreeSet;

use countersign_model::{
    Annotation, Author, CannotAssess, Instant, ItemId, ProjectId, Protocol, ReadId, Role, UserId,
};
use countersign_store::{
    Conn, Evidence, certifications, events, gold, holds, items, lineage, moves, reads, users,
};
use countersign_workflow::{ItemState, Phase, visible_reads};

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    gate::records,
    moving::parse_state,
    names::Names,
    people::Caller,
    refused::{Denial, UNBLINDED},
    save::current_annotations,
    sign::SignatureView,
    views::{ItemDetail, ItemSummary, Page, ReadSummary, ReadView, author, page_length},
    work::DRAFT_SHOWN,
};

/// What a list of items is filtered by. Everything absent means "all".
#[derive(Clone, Debug, Default)]
pub struct ItemQuery {
    /// Phase word.
    pub phase: Option<String>,
    /// DICOM modality.
    pub modality: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Smallest CT dose index, mGy.
    pub ctdi_min: Option<f64>,
    /// Largest CT dose index, mGy.
    pub ctdi_max: Option<f64>,
    /// Largest slice thickness, mm.
    pub thickness_max: Option<f64>,
    /// Under a hold, or not.
    pub held: Option<bool>,
    /// Part of the name.
    pub text: Option<String>,
    /// Newest first.
    pub newest_first: bool,
    /// Page length.
    pub limit: Option<u32>,
    /// Cursor of the page before.
    pub cursor: Option<String>,
}

impl Pipeline {
    /// The items of a project that the caller may see: everything for coordinators, their own for readers.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a grant; `bad_cursor`.
    pub async fn items(
        &self,
        caller: &Caller,
        project: ProjectId,
        query: ItemQuery,
    ) -> Result<Page<ItemSummary>> {
        self.require_on(caller, Action::ViewProject, project)?;
        let all = self.access.allows(&caller.principal, Action::ViewItems, &Resource::Project(project));
        let after = query.cursor.as_deref().map(str::parse::<ItemId>).transpose();
        let after = after.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(query.limit);
        let filter = items::ItemFilter {
            state: query.phase,
            stage: None,
            modality: query.modality,
            lot: query.lot,
            ctdi_min: query.ctdi_min.filter(|v| v.is_finite()),
            ctdi_max: query.ctdi_max.filter(|v| v.is_finite()),
            thickness_max: query.thickness_max.filter(|v| v.is_finite()),
            held: query.held,
            text: query.text.filter(|text| !text.is_empty()),
            taken_part: (!all).then_some(caller.user()),
            order: if query.newest_first { items::ItemOrder::Newest } else { items::ItemOrder::Oldest },
            after,
        };
        let mut conn = self.store.read().await?;
        let found = items::list(&mut conn, project, &filter, limit + 1).await?;
        // A list never shows what a direct look-up would refuse.
        let mut shown = Vec::with_capacity(found.len());
        for item in found {
            let resource = if all { None } else { Some(self.item_resource(&mut conn, &item).await?) };
            let allowed = match &resource {
                None => true,
                Some(resource) => self.access.allows(&caller.principal, Action::ViewItem, resource),
            };
            if allowed {
                let cannot_assess = all && self.was_not_assessed(&mut conn, caller, &item).await?;
                shown.push(ItemSummary { cannot_assess, ..ItemSummary::from(item) });
            }
        }
        Ok(Page::cut(shown, limit, |item| item.id.to_string()))
    }

    /// Whether the item was accepted with the answer that it cannot be assessed. Nothing to whoever is to judge it blind.
    async fn was_not_assessed(&self, conn: &mut Conn, caller: &Caller, item: &items::Item) -> Result<bool> {
        let is_done = matches!(item.state.parse(), Ok(Phase::Accepted | Phase::Released));
        let Some(accepted) = item.accepted_read_id.filter(|_| is_done) else { return Ok(false) };
        let said = reads::by_id(conn, accepted).await?.is_some_and(|read| read.cannot_assess);
        Ok(said && !self.audits_blind(conn, caller, item.id).await?)
    }

    /// One item.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] when it is not the caller's to see.
    pub async fn item(&self, caller: &Caller, id: ItemId) -> Result<ItemDetail> {
        let mut conn = self.store.read().await?;
        let item = self.visible_item(&mut conn, caller, id, Action::ViewItem).await?;
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(&mut conn, &item, &state).await?;
        self.item_detail(&mut conn, caller, &item, &protocol, &state).await
    }

    /// The item, if the caller may do this with it.
    pub(crate) async fn visible_item(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: ItemId,
        action: Action,
    ) -> Result<items::Item> {
        let item = items::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        let resource = self.item_resource(conn, &item).await?;
        self.require(caller, action, &resource)?;
        Ok(item)
    }

    /// The item with the attributes that policies read.
    pub(crate) async fn item_resource(&self, conn: &mut Conn, item: &items::Item) -> Result<Resource> {
        let shows = gold::shows(conn, item.id).await?;
        Ok(Resource::Item {
            item: item.id,
            project: item.project_id,
            // A copy shows what lies under its gold item: what is found there holds for it too.
            cleared: is_cleared(&item.state) && shows.as_deref().is_none_or(is_cleared),
            held: item.held,
            copy: shows.is_some(),
            participants: moves::participants(conn, item.id, self.store.clock().now()).await?,
        })
    }

    pub(crate) async fn item_detail(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        item: &items::Item,
        protocol: &Protocol,
        state: &ItemState,
    ) -> Result<ItemDetail> {
        let shown = self.reads_shown(caller, item.project_id, protocol, state);
        let shown = if self.audits_blind(conn, caller, item.id).await? { shown.none() } else { shown };
        let names = self.names(caller, item.project_id, protocol, state);
        let mut summaries = Vec::new();
        for row in reads::of_item(conn, item.id).await? {
            if shown.includes(&row) {
                summaries.push(self.read_summary(conn, &row, &names).await?);
            }
        }
        let mut signatures = Vec::new();
        for signature in reads::signatures(conn, item.id).await? {
            if summaries.iter().any(|read| read.id == signature.read_id) {
                signatures.push(names.signature(self.signature_view(conn, signature).await?));
            }
        }
        let resource = self.item_resource(conn, item).await?;
        let open = holds::of_item(conn, item.id).await?.into_iter().filter(|hold| hold.lifted_at.is_none());
        let accepted = summaries.iter().find(|read| Some(read.id) == item.accepted_read_id);
        Ok(ItemDetail {
            cannot_assess: is_done(state) && accepted.is_some_and(|read| read.cannot_assess.is_some()),
            id: item.id,
            project: item.project_id,
            name: item.name.clone(),
            kind: item.kind,
            phase: item.state.clone(),
            stage: item.stage,
            held: item.held,
            facts: item.facts.0.clone(),
            records: if is_cleared(&item.state) {
                records::of_item(conn, item.id).await?
            } else {
                Vec::new()
            },
            streams: if is_cleared(&item.state) { item.streams.0.clone() } else { Vec::new() },
            reads: summaries,
            signatures,
            holds: open.map(Into::into).map(|hold| names.hold(hold)).collect(),
            may_view_pixels: self.access.allows(&caller.principal, Action::ViewPixels, &resource),
            may_decide: self.may_decide(caller, item.project_id, state),
            may_unreserve: self.may_unreserve(caller, item.project_id, state),
        })
    }

    /// Which reads of the item the caller may see. Whoever may still be called to read or judge the item sees only
    /// what their own part shows them, whatever their other roles.
    pub(crate) fn reads_shown(
        &self,
        caller: &Caller,
        project: ProjectId,
        protocol: &Protocol,
        state: &ItemState,
    ) -> ReadsShown {
        let on = Resource::Project(project);
        let keeps_evidence = self.access.allows(&caller.principal, Action::ViewEvidence, &on);
        let unblinded = self.is_unblinded(caller, project, protocol, state);
        let coordinates = self.access.allows(&caller.principal, Action::ViewItems, &on);
        let finished = unblinded && (is_done(state) && coordinates || keeps_evidence);
        let mut own_part = if finished { None } else { Some(visible_reads(protocol, state, caller.user())) };
        // What stands in the end may hold the marks of others: people of vendors are shown their own.
        if let Some(own) = own_part.as_mut().filter(|_| caller.organization.is_vendor() && is_done(state)) {
            own.retain(|id| state.read(*id).is_some_and(|read| read.is_by(caller.user())));
        }
        ReadsShown { user: caller.user(), own_part }
    }

    /// Whether others' work on the item is no secret to the caller: they can never be called to work on it, or they
    /// coordinate and the work on it is over.
    pub(crate) fn is_unblinded(
        &self,
        caller: &Caller,
        project: ProjectId,
        protocol: &Protocol,
        state: &ItemState,
    ) -> bool {
        let coordinates =
            self.access.allows(&caller.principal, Action::ViewItems, &Resource::Project(project));
        is_done(state) && coordinates || !may_work(protocol, &caller.roles(project))
    }

    /// A read that the caller may see.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn read(&self, caller: &Caller, id: ReadId) -> Result<ReadView> {
        let (item, is_new, view) = {
            let mut conn = self.store.read().await?;
            let row = self.visible_read(&mut conn, caller, id).await?;
            let item = items::by_id(&mut conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
            let is_new = self.shows_labels(&mut conn, caller, &item).await?;
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            let names = self.names(caller, item.project_id, &protocol, &state);
            (item, is_new, self.read_view(&mut conn, id, &names).await?)
        };
        self.labels_shown(caller, &item, is_new).await?;
        Ok(view)
    }

    /// Keeps that somebody who could audit these labels was shown them.
    pub(crate) async fn labels_shown(&self, caller: &Caller, item: &items::Item, is_new: bool) -> Result<()> {
        if !is_new {
            return Ok(());
        }
        let evidence = Evidence::new(certifications::LABELS_SHOWN, "item", item.id.uuid());
        let evidence = evidence.project(item.project_id).item(item.id);
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move { Ok(tx.record(evidence).map(drop)?) })
            })
            .await
    }

    /// Whether somebody who could audit these labels is shown them for the first time, and had no part in them.
    pub(crate) async fn shows_labels(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        item: &items::Item,
    ) -> Result<bool> {
        let may_audit =
            self.access.allows(&caller.principal, Action::AuditLabels, &Resource::Project(item.project_id));
        let state = parse_state(&item.workflow)?;
        if !may_audit || !is_done(&state) {
            return Ok(false);
        }
        Ok(!certifications::knows_labels(conn, caller.user(), item.id).await?)
    }

    /// Keeps which of these items somebody who could audit them was told something about the labels of, for the first time: by a
    /// figure that names classes, or by what was wrong. Nobody judges blind what they were told.
    pub(crate) async fn told_of_labels(
        &self,
        caller: &Caller,
        project: ProjectId,
        named: BTreeSet<ItemId>,
    ) -> Result<()> {
        if !self.access.allows(&caller.principal, Action::AuditLabels, &Resource::Project(project)) {
            return Ok(());
        }
        let mut shown = Vec::new();
        {
            let mut conn = self.store.read().await?;
            for id in named {
                let Some(item) = items::by_id(&mut conn, id).await? else { continue };
                if self.shows_labels(&mut conn, caller, &item).await? {
                    shown.push(item);
                }
            }
        }
        self.all_labels_shown(caller, shown).await
    }

    /// The read, if the caller may see it.
    pub(crate) async fn visible_read(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: ReadId,
    ) -> Result<reads::Read> {
        let row = reads::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        let item = self.visible_item(conn, caller, row.item_id, Action::ViewItem).await?;
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(conn, &item, &state).await?;
        let shown = self.reads_shown(caller, item.project_id, &protocol, &state);
        let shown = if self.audits_blind(conn, caller, item.id).await? { shown.none() } else { shown };
        if shown.includes(&row) {
            return Ok(row);
        }
        Err(caller.denied(Denial::on(UNBLINDED, "read", id.uuid(), item.project_id).item(item.id)))
    }

    pub(crate) async fn read_view(&self, conn: &mut Conn, id: ReadId, names: &Names) -> Result<ReadView> {
        let row = reads::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        let summary = self.read_summary(conn, &row, names).await?;
        let annotations = current_annotations(conn, id).await?;
        Ok(names.view(ReadView { summary, item: row.item_id, revision: row.revision, annotations }))
    }

    pub(crate) async fn read_view_opt(
        &self,
        conn: &mut Conn,
        id: Option<ReadId>,
        names: &Names,
    ) -> Result<Option<ReadView>> {
        match id {
            Some(id) => self.read_view(conn, id, names).await.map(Some),
            None => Ok(None),
        }
    }

    async fn read_summary(&self, conn: &mut Conn, row: &reads::Read, names: &Names) -> Result<ReadSummary> {
        let author = author(row)?;
        let author_name = match &author {
            Author::Human { user } => printed_name(conn, *user).await?,
            Author::Model { name, version } => format!("{name} {version}"),
            Author::Rule { rule } => format!("Merged: {rule}"),
        };
        Ok(names.summary(ReadSummary {
            id: row.id,
            stage: row.stage,
            kind: row.kind,
            author,
            author_name,
            status: row.status.clone(),
            annotation_count: row.annotation_count,
            cannot_assess: whole_answer(conn, row).await?,
            protocol_version: row.protocol_version,
            content_hash: row.content_hash.clone(),
            created_at: row.created_at,
            submitted_at: row.submitted_at,
            draft_shown_at: self.draft_shown_at(conn, row).await?,
            model_hash: row.model_hash.clone(),
            model_hash_of: row.model_hash_of.clone(),
        }))
    }

    /// When the author of a read was shown the model's draft, as the evidence has it.
    async fn draft_shown_at(&self, conn: &mut Conn, row: &reads::Read) -> Result<Option<Instant>> {
        let Some(author) = row.author_user else { return Ok(None) };
        if let Some(shown) = lineage::of_read(conn, row.id).await? {
            return Ok(Some(shown.at));
        }
        // Of reads from before it was kept for each: what was asked for.
        let first = events::first_at(conn, row.item_id, DRAFT_SHOWN, author).await?;
        Ok(first.filter(|at| row.submitted_at.is_none_or(|submitted| *at <= submitted)))
    }

    async fn signature_view(&self, conn: &mut Conn, row: reads::Signature) -> Result<SignatureView> {
        // Recomputed from the annotations each time: a stored hash would vouch for itself.
        let annotations = current_annotations(conn, row.read_id).await?;
        let is_unchanged = countersign_workflow::content_hash(&annotations) == row.content_hash;
        let valid = is_unchanged && crate::signing::is_bound(conn, &row).await?;
        Ok(SignatureView {
            id: row.id,
            read: row.read_id,
            user: row.user_id,
            printed_name: row.printed_name,
            meaning: row.meaning,
            content_hash: row.content_hash,
            at: row.at,
            valid,
        })
    }
}

/// Which reads of one item somebody may see.
pub(crate) struct ReadsShown {
    user: UserId,
    /// Those that their own part in the work shows them; absent when they may see whatever was submitted.
    own_part: Option<Vec<ReadId>>,
}

impl ReadsShown {
    /// Whether whatever was submitted is among them.
    pub(crate) const fn all(&self) -> bool {
        self.own_part.is_none()
    }

    /// None of them: for whoever is to judge the item first.
    fn none(self) -> Self {
        Self { own_part: Some(Vec::new()), ..self }
    }

    /// Whether this read of the item is among them.
    fn includes(&self, row: &reads::Read) -> bool {
        match &self.own_part {
            Some(ids) => ids.contains(&row.id),
            // What a person never submitted is theirs alone: no role looks over a shoulder.
            None => row.submitted_at.is_some() || row.author_user.is_none_or(|author| author == self.user),
        }
    }
}

/// Whether these roles can be called to work at some stage, or have a decision handed on to them.
pub(crate) fn may_work(protocol: &Protocol, roles: &[Role]) -> bool {
    let called = protocol.stages.iter().flat_map(|stage| [stage.role, stage.escalate_to]).flatten();
    called.into_iter().any(|role| roles.contains(&role))
}

const fn is_done(state: &ItemState) -> bool {
    matches!(
        state.phase,
        Phase::Accepted | Phase::Released | Phase::Withdrawn | Phase::Rejected | Phase::Erased
    )
}

/// Whether the gate has passed an item in this phase, and nothing was found since.
pub(crate) fn is_cleared(phase: &str) -> bool {
    !matches!(
        phase.parse::<Phase>(),
        Ok(Phase::Quarantined | Phase::Rejected | Phase::Erased | Phase::Recalled) | Err(_)
    )
}

/// What a read says of the whole item where it could not be assessed.
async fn whole_answer(conn: &mut Conn, row: &reads::Read) -> Result<Option<CannotAssess>> {
    if !row.cannot_assess {
        return Ok(None);
    }
    let annotations = current_annotations(conn, row.id).await?;
    let answers = annotations.iter().filter_map(Annotation::cannot_assess);
    // Said of every frame it is said of the item.
    Ok(answers.min_by_key(|answer| answer.frame).map(|answer| CannotAssess { frame: None, ..answer }))
}

pub(crate) async fn printed_name(conn: &mut Conn, user: UserId) -> Result<String> {
    Ok(users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name))
}
