//! Items that wait to be read are divided among organizations by a drawing: some are read by all of them, the rest by one each.
//! Nothing of it shows to those who read: an item is in the queue as any other.

use std::collections::{HashMap, HashSet};

use countersign_model::{Instant, ItemId, MixId, OrganizationId, ProjectId, Role, Stage, StageKind};
use countersign_store::{Evidence, Json, Tx, items, organizations, projects, users, vendors};
use countersign_workflow::{Event, refusals};
use rand::Rng;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    Pipeline, PipelineError, Result, access::Action, moving::Moving, organizations::OrganizationView,
    people::Caller, review::checked_comment,
};

/// Most items of one drawing.
pub const MIX_ITEMS_MAX: u32 = 10_000;
/// Most drawings in one list: the last ones.
const MIXES_MAX: u32 = 200;
/// What the hash behind an item's place in a drawing begins with.
const DRAW_PREFIX: &[u8] = b"countersign mix 1\n";
/// Evidence that items were divided.
const DRAWN: &str = "mix.drawn";

/// What is to be divided among whom.
#[derive(Clone, Debug)]
pub struct MixDraft {
    /// The organizations, two or more, or one that is given items of its own.
    pub organizations: Vec<OrganizationId>,
    /// These items; absent for any that wait.
    pub items: Option<Vec<ItemId>>,
    /// So many of them, drawn; absent for all.
    pub count: Option<u64>,
    /// How many of them all organizations read.
    pub overlap: u64,
    /// Why.
    pub reason: String,
}

/// How far an organization is with what it was given.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MixShare {
    /// Organization.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// Items that it was given.
    pub given: u64,
    /// Of these, items that it has read.
    pub read: u64,
    /// Of these, items that were taken back.
    pub taken_back: u64,
}

/// A drawing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MixView {
    /// Drawing.
    pub id: MixId,
    /// How many items.
    pub items: u64,
    /// How many of them all organizations read.
    pub overlap: u64,
    /// From what it was drawn; whoever has it can draw again.
    pub seed: String,
    /// Why.
    pub reason: String,
    /// Who had it drawn.
    pub by: Option<String>,
    /// When.
    pub at: Instant,
    /// The organizations.
    pub shares: Vec<MixShare>,
}

impl Pipeline {
    /// The drawings of a project, the last first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but an owner of the project.
    pub async fn mixes(&self, caller: &Caller, project: ProjectId) -> Result<Vec<MixView>> {
        self.require_on(caller, Action::ManageProject, project)?;
        let mut conn = self.store.read().await?;
        let shares = vendors::shares(&mut conn, project).await?;
        let names: HashMap<_, _> =
            organizations::list(&mut conn).await?.into_iter().map(|row| (row.id, row.name)).collect();
        let mut views = Vec::new();
        for row in vendors::mixes(&mut conn, project, MIXES_MAX).await? {
            let by = match row.made_by {
                Some(user) => users::by_id(&mut conn, user).await?.map(|user| user.printed_name),
                None => None,
            };
            let of_mix = shares.iter().filter(|share| share.mix == row.id).map(|share| MixShare {
                organization: share.organization,
                name: names.get(&share.organization).cloned().unwrap_or_default(),
                given: share.given,
                read: share.read,
                taken_back: share.ended,
            });
            views.push(MixView {
                shares: of_mix.collect(),
                id: row.id,
                items: row.items,
                overlap: row.overlap,
                seed: row.seed,
                reason: row.reason,
                by,
                at: row.made_at,
            });
        }
        Ok(views)
    }

    /// Draws who reads which of the items that nobody has begun to read.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but an owner of the project; `bad_mix`, `nothing_waits`, `overlap_needs_readers`,
    /// `nobody_there`, `reason_required`.
    pub async fn draw_mix(&self, caller: &Caller, project: ProjectId, draft: MixDraft) -> Result<MixView> {
        self.require_on(caller, Action::ManageProject, project)?;
        let reason = checked_comment(Some(draft.reason.clone()))?
            .ok_or_else(|| PipelineError::bad(refusals::REASON_REQUIRED, "reason", "say why"))?;
        let mut seed = [0; 32];
        self.rng().fill_bytes(&mut seed);
        let (pipeline, by) = (self.clone(), caller.user());
        let id = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let protocol = pipeline.protocol(tx, project).await?;
                    let place = protocol.stages.iter().position(|stage| stage.kind == StageKind::Read);
                    let stage = place.and_then(|place| protocol.stages.get(place));
                    let (Some(place), Some(stage)) = (place, stage) else {
                        return Err(bad("items", "nobody reads in this project"));
                    };
                    let index = u32::try_from(place).unwrap_or(u32::MAX);
                    let shared = checked(&draft, stage, index)?;
                    let role = stage.role.unwrap_or(Role::Annotator);
                    for organization in &draft.organizations {
                        somebody_there(tx, *organization, project, role).await?;
                    }
                    let free = vendors::free_items(tx, project, index, MIX_ITEMS_MAX).await?;
                    let chosen = chosen(free, &draft, &seed)?;
                    let mix = vendors::Mix {
                        id: tx.fresh(),
                        project_id: project,
                        organizations: Json(shared.organizations.clone()),
                        seed: hex::encode(seed),
                        items: chosen.len() as u64,
                        overlap: draft.overlap,
                        reason,
                        made_by: Some(by),
                        made_at: tx.now(),
                    };
                    let id = mix.id;
                    give_out(tx, &pipeline, mix, role, &shared, chosen).await?;
                    Ok(id)
                })
            })
            .await?;
        let all = self.mixes(caller, project).await?;
        all.into_iter().find(|mix| mix.id == id).ok_or(PipelineError::NotFound)
    }

    /// Takes from an organization what it has not read of a drawing: from then on anybody may read it.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `nothing_waits` where it has read everything.
    pub async fn take_back(
        &self,
        caller: &Caller,
        id: MixId,
        organization: OrganizationId,
        reason: String,
    ) -> Result<Vec<MixView>> {
        let mix = vendors::mix(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
        let project = mix.project_id;
        self.require_on(caller, Action::ManageProject, project)?;
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad(refusals::REASON_REQUIRED, "reason", "say why"))?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let items = vendors::end_share(tx, id, organization).await?;
                    if items == 0 {
                        return Err(nothing_waits());
                    }
                    let details =
                        serde_json::json!({ "organization": organization, "items": items, "reason": reason });
                    let evidence = Evidence::new("mix.taken_back", "mix", id.uuid()).project(project);
                    tx.record(evidence.details(details))?;
                    Ok(())
                })
            })
            .await?;
        self.mixes(caller, project).await
    }
}

/// Among whom, and how many read an item.
struct Shared {
    organizations: Vec<OrganizationId>,
    /// How many read an item that all organizations read, and one that is one organization's; absent where it is one anyway.
    readers: Option<(u32, u32)>,
    overlap: usize,
    /// The stage at which it is read.
    stage: u32,
}

fn checked(draft: &MixDraft, stage: &Stage, index: u32) -> Result<Shared> {
    let mut organizations = draft.organizations.clone();
    organizations.sort_unstable();
    organizations.dedup();
    if organizations.is_empty() || organizations.len() != draft.organizations.len() {
        return Err(bad("organizations", "name each organization once"));
    }
    if stage.readers_max.is_some() {
        return Err(bad("items", "readers are asked one by one here: nothing can be divided beforehand"));
    }
    let among = u32::try_from(organizations.len()).unwrap_or(u32::MAX);
    if draft.overlap > 0 && (among < 2 || among != stage.readers) {
        return Err(PipelineError::refused(
            "overlap_needs_readers",
            format!(
                "Each of {among} organizations reads the items that they share, and the protocol asks for {} readers: let \
                 both be the same number, two or more.",
                stage.readers
            ),
        ));
    }
    let single = stage.readers_min.unwrap_or(stage.readers);
    let overlap = usize::try_from(draft.overlap).unwrap_or(usize::MAX);
    let readers = stage.is_parallel().then_some((stage.readers, single));
    Ok(Shared { organizations, readers, overlap, stage: index })
}

/// The items of a drawing, in its order.
fn chosen(free: Vec<ItemId>, draft: &MixDraft, seed: &[u8; 32]) -> Result<Vec<ItemId>> {
    let mut chosen = free;
    if let Some(wanted) = &draft.items {
        let wanted: HashSet<ItemId> = wanted.iter().copied().collect();
        let all = wanted.len();
        chosen.retain(|item| wanted.contains(item));
        if chosen.len() != all {
            return Err(bad(
                "items",
                "some of them do not wait for their first reader, or are given to somebody",
            ));
        }
    }
    chosen.sort_by_cached_key(|item| place(seed, *item));
    let count = draft.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(chosen.len());
    if count > chosen.len() {
        return Err(bad("count", format!("only {} items wait for their first reader", chosen.len())));
    }
    chosen.truncate(count);
    if chosen.is_empty() {
        return Err(nothing_waits());
    }
    if draft.overlap > chosen.len() as u64 {
        return Err(bad("overlap", format!("at most the {} items", chosen.len())));
    }
    Ok(chosen)
}

/// Where an item comes in a drawing: SHA-256 over [`DRAW_PREFIX`], the seed and the item's id; the smallest comes first.
fn place(seed: &[u8; 32], item: ItemId) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(DRAW_PREFIX);
    hasher.update(seed);
    hasher.update(item.0.as_bytes());
    hasher.finalize().into()
}

async fn somebody_there(
    tx: &mut Tx,
    organization: OrganizationId,
    project: ProjectId,
    role: Role,
) -> Result<()> {
    let row = countersign_store::users::organization(tx, organization).await?;
    let row = row.ok_or_else(|| bad("organizations", "there is no such organization"))?;
    let view = OrganizationView::of(row, tx.now());
    let members: HashSet<_> = organizations::members(tx, organization)
        .await?
        .into_iter()
        .filter(|user| user.active)
        .map(|user| user.id)
        .collect();
    let granted = projects::grants(tx, project).await?;
    let works = granted.iter().any(|grant| grant.role == role && members.contains(&grant.user_id));
    if works && view.may_work() {
        return Ok(());
    }
    let message =
        format!("Nobody of {} can read here now: grant the role, or look at the contract.", view.name);
    Err(PipelineError::refused("nobody_there", message))
}

/// Keeps the drawing, and tells each item how many read it. The first items are everybody's, the rest are dealt in turn.
async fn give_out(
    tx: &mut Tx,
    pipeline: &Pipeline,
    mix: vendors::Mix,
    role: Role,
    shared: &Shared,
    chosen: Vec<ItemId>,
) -> Result<()> {
    let (id, project, now) = (mix.id, mix.project_id, tx.now());
    let mut assignments = Vec::new();
    let mut readers = Vec::with_capacity(chosen.len());
    let mut placed = Vec::with_capacity(chosen.len());
    for (number, item) in chosen.into_iter().enumerate() {
        placed.push((number, item));
        // Gold goes where its neighbour goes, and is counted nowhere.
        placed.extend(vendors::free_copy(tx, project, shared.stage, item).await?.map(|copy| (number, copy)));
    }
    for (number, item) in placed {
        let all = number < shared.overlap;
        let one = number.saturating_sub(shared.overlap) % shared.organizations.len();
        let given = shared.organizations.iter().enumerate().filter(|(place, _)| all || *place == one);
        assignments.extend(given.map(|(_, organization)| vendors::Assignment {
            item_id: item,
            organization_id: *organization,
            mix_id: id,
            project_id: project,
            role,
            at: now,
            ended_at: None,
        }));
        readers.push((item, shared.readers.map(|(both, single)| if all { both } else { single })));
    }
    let details = serde_json::json!({
        "seed": mix.seed, "organizations": mix.organizations.0, "items": mix.items, "overlap": mix.overlap,
        "reason": mix.reason,
    });
    tx.record(Evidence::new(DRAWN, "mix", id.uuid()).project(project).details(details))?;
    vendors::insert_mix(tx, mix, assignments).await?;
    for (item, readers) in readers {
        let Some(readers) = readers else {
            // Nobody claims it while it is given out.
            items::lock(tx, item).await?;
            continue;
        };
        let mut moving = Moving::load(tx, pipeline, item).await?;
        moving.take(tx, &Event::Divided { readers }).await?;
    }
    Ok(())
}

fn bad(place: &str, message: impl Into<String>) -> PipelineError {
    PipelineError::bad("bad_mix", place, message)
}

fn nothing_waits() -> PipelineError {
    PipelineError::refused("nothing_waits", "No item waits for its first reader.")
}
