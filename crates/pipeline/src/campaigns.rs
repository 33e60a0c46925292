//! Campaigns: accepted items whose labels follow an older rule go back into work, under a name, with progress that anybody
//! who answers for quality can see.

use std::collections::BTreeMap;

use countersign_model::{Annotation, CampaignId, GuidelineId, Instant, ItemId, ProjectId, ReadId, UserId};
use countersign_store::{
    Actor, Conn, Evidence, Tx,
    campaigns::{self, Look},
    guidelines, items, jobs, ontology, reads, users,
};
use countersign_workflow::{Event, Phase, refusals};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    guidelines::{CampaignNote, Version},
    moving::Moving,
    people::Caller,
};

/// Kind of the job that puts a campaign's items back into work.
pub(crate) const JOB_CAMPAIGN: &str = "campaign";
/// Items that are looked at in one write.
const ITEMS_PER_WRITE: u32 = 50;
/// Most campaigns in one list.
const LISTED_MAX: u32 = 200;
/// Most items of one campaign that are named because they were left.
const LEFT_ITEMS_MAX: u32 = 50;
/// The state of a campaign that looks for items or waits for some.
const OPENING: &str = "opening";
/// What the store calls an item that was accepted anew.
const DONE: &str = "done";
/// What the store calls an item that is back in work.
const AGAIN: &str = "again";
/// Where nothing is labelled any more.
const ENDED: &[&str] = &["rejected", "withdrawn", "erased"];

/// What a campaign begins with.
pub(crate) struct Opening {
    pub project: ProjectId,
    /// The correction that it follows from.
    pub guideline: Option<GuidelineId>,
    pub name: String,
    /// Classes whose labels are looked at again.
    pub classes: Vec<String>,
    pub user: UserId,
}

/// A campaign as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignView {
    /// Campaign.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Version of the guideline that it follows from.
    pub guideline: Option<String>,
    /// Classes whose labels are looked at again.
    pub classes: Vec<String>,
    /// Items are still being looked for, or what was left is looked at again once nothing stands in the way.
    pub opening: bool,
    /// Items that it looked at and that hold a label which follows the older rule.
    pub items: u64,
    /// Of these accepted anew.
    pub done: u64,
    /// Of these left as they are.
    pub skipped: u64,
    /// What is left, by reason; also items that are still in work since before and are looked at once they are accepted.
    pub left: Vec<CampaignLeft>,
    /// Some of the items behind these counts, for whoever sees items.
    pub left_items: Vec<CampaignLeftItem>,
    /// Who opened it.
    pub opened_by: Option<String>,
    /// When.
    pub opened_at: Instant,
}

/// Items that a campaign left for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignLeft {
    /// `held`, `open_findings`, `other_protocol_version`, `in_work`, `recalled`, `rejected`, `withdrawn` or `erased`.
    pub reason: String,
    /// How many.
    pub items: u64,
    /// They are looked at again when what stands in the way is gone; otherwise nothing is labelled on them any more.
    pub waits: bool,
}

/// An item that a campaign left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignLeftItem {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Why, as in the counts.
    pub reason: String,
}

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Work {
    campaign: CampaignId,
    /// Only this item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item: Option<ItemId>,
    /// Only what was left before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    left: bool,
}

impl Work {
    const fn look(&self) -> Look {
        match (self.item, self.left) {
            (Some(item), _) => Look::One(item),
            (None, true) => Look::Left,
            (None, false) => Look::All,
        }
    }
}

/// What was done about an item.
enum Outcome {
    /// It is back in work.
    Reopened,
    /// It stays as it is, for this reason.
    Left(String),
    /// It is not any more what it was when it was looked for: whoever moved it has it looked at again.
    Moved,
}

/// Opens a campaign within the write that causes it; its items follow in a job.
pub(crate) async fn open_campaign(tx: &mut Tx, opening: Opening) -> Result<CampaignId> {
    let campaign = campaigns::Campaign {
        id: tx.fresh(),
        project_id: opening.project,
        guideline_id: opening.guideline,
        name: opening.name,
        classes: serde_json::json!(opening.classes).to_string(),
        state: OPENING.into(),
        opened_by: Some(opening.user),
        opened_at: tx.now(),
    };
    let id = campaign.id;
    let details = serde_json::json!({ "name": campaign.name, "classes": opening.classes });
    campaigns::insert(tx, campaign).await?;
    ask(tx, opening.project, Work { campaign: id, item: None, left: false }).await?;
    let evidence = Evidence::new("campaign.opened", "campaign", id.uuid()).project(opening.project);
    tx.record(evidence.details(details))?;
    Ok(id)
}

async fn ask(tx: &mut Tx, project: ProjectId, work: Work) -> Result<()> {
    let job = jobs::Job::ready(tx, JOB_CAMPAIGN, Some(project), work.item, &serde_json::json!(work));
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

/// Has an item looked at by the campaigns that wait for it, within the write in which what stood in the way is gone.
pub(crate) async fn look_again(tx: &mut Tx, item: &items::Item) -> Result<()> {
    for campaign in campaigns::waiting_for(tx, item.project_id, item.id, item.created_at).await? {
        ask(tx, item.project_id, Work { campaign, item: Some(item.id), left: false }).await?;
    }
    Ok(())
}

/// Has everything looked at again that the campaigns of a project left: other stages are in force.
pub(crate) async fn look_at_left(tx: &mut Tx, project: ProjectId) -> Result<()> {
    for campaign in campaigns::waiting(tx, project).await? {
        ask(tx, project, Work { campaign, item: None, left: true }).await?;
    }
    Ok(())
}

/// Whether items run under a version of the protocol before this one and are not accepted yet.
pub(crate) async fn any_under_earlier(tx: &mut Tx, project: ProjectId, version: u32) -> Result<bool> {
    let since = campaigns::Since {
        campaign: CampaignId(uuid::Uuid::nil()),
        project,
        opened_at: tx.now(),
        version: Some(version),
    };
    Ok(!campaigns::items_in_work(tx, since, 1).await?.is_empty())
}

/// Which items are in work since before a campaign.
async fn since(conn: &mut Conn, row: &campaigns::Campaign) -> Result<campaigns::Since> {
    let change = ontology::of_campaign(conn, row.id).await?;
    Ok(campaigns::Since {
        campaign: row.id,
        project: row.project_id,
        opened_at: row.opened_at,
        version: change.map(|change| change.to_version),
    })
}

/// The campaign that an item is in work for.
pub(crate) async fn note(conn: &mut Conn, item: ItemId) -> Result<Option<CampaignNote>> {
    let found = campaigns::of_item(conn, item).await?;
    Ok(found.map(|row| CampaignNote { id: row.id, classes: classes_of(&row), name: row.name }))
}

fn classes_of(row: &campaigns::Campaign) -> Vec<String> {
    serde_json::from_str(&row.classes).unwrap_or_default()
}

impl Pipeline {
    /// The campaigns of a project, the newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn campaigns(&self, caller: &Caller, project: ProjectId) -> Result<Vec<CampaignView>> {
        self.require_on(caller, Action::ViewQuality, project)?;
        let mut conn = self.store.read().await?;
        let mut out = Vec::new();
        for row in campaigns::of_project(&mut conn, project, LISTED_MAX).await? {
            out.push(self.campaign_view(&mut conn, caller, row).await?);
        }
        Ok(out)
    }

    async fn campaign_view(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        row: campaigns::Campaign,
    ) -> Result<CampaignView> {
        let guideline = match row.guideline_id {
            Some(id) => guidelines::by_id(conn, id).await?.map(|row| Version::of(&row).to_string()),
            None => None,
        };
        let opened_by = match row.opened_by {
            Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
            None => None,
        };
        let opening = row.state == OPENING;
        let standings = campaigns::standings(conn, row.id).await?;
        let of = |word: &str| standings.iter().find(|one| one.word == word).map_or(0, |one| one.items);
        let items: u64 = standings.iter().map(|one| one.items).sum();
        let (done, again) = (of(DONE), of(AGAIN));
        let mut left: BTreeMap<String, u64> = BTreeMap::new();
        let since = since(conn, &row).await?;
        let waiting = if opening { campaigns::in_work(conn, since).await? } else { vec![] };
        for one in standings.into_iter().filter(|one| !is_looked_after(&one.word)).chain(waiting) {
            *left.entry(one.word).or_default() += one.items;
        }
        let mut left_items = Vec::new();
        let sees =
            self.access.allows(&caller.principal, Action::ViewItems, &Resource::Project(row.project_id));
        if sees && !left.is_empty() {
            left_items = campaigns::left_items(conn, row.id, LEFT_ITEMS_MAX).await?;
            if opening {
                left_items.extend(campaigns::items_in_work(conn, since, LEFT_ITEMS_MAX).await?);
            }
            left_items.truncate(LEFT_ITEMS_MAX as usize);
        }
        Ok(CampaignView {
            id: row.id,
            classes: classes_of(&row),
            name: row.name,
            guideline,
            opening,
            items,
            done,
            skipped: items - done - again,
            left: left
                .into_iter()
                .map(|(reason, items)| CampaignLeft { waits: !ENDED.contains(&&*reason), reason, items })
                .collect(),
            left_items: left_items
                .into_iter()
                .map(|one| CampaignLeftItem { item: one.id, name: one.name, reason: one.word })
                .collect(),
            opened_by,
            opened_at: row.opened_at,
        })
    }

    /// Puts the items of a campaign back into work: the body of a `campaign` job. The first one looks at everything that is
    /// accepted; what it leaves, and what is in work since before the campaign, is looked at by jobs of its own as soon as
    /// nothing stands in the way. The campaign stops looking when there is nothing more to wait for.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_campaign(&self, job: jobs::Job, worker: String) -> Result<()> {
        let what: Work = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("jobs.payload: {e}")))?;
        let id = what.campaign;
        let mut conn = self.store.read().await?;
        let row = campaigns::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        drop(conn);
        let mut after = None;
        loop {
            let mut conn = self.store.read().await?;
            let page = ITEMS_PER_WRITE;
            let found =
                campaigns::candidates(&mut conn, row.project_id, id, what.look(), after, page).await?;
            let Some((last, _)) = found.last() else { break };
            after = Some(*last);
            let classes = classes_of(&row);
            let rule = rule_of(&mut conn, &row).await?;
            let mut looked = Vec::with_capacity(found.len());
            for (item, read) in found {
                looked.push((item, read, is_older(&mut conn, read, &classes, rule).await?));
            }
            drop(conn);
            self.keep_lease(&job, &worker).await?;
            self.reopen_some(row.clone(), looked).await?;
        }
        self.end_look(job, worker, row).await
    }

    /// Ends a job of a campaign. What leaves work later asks for a job of its own, in its own write, as long as the campaign
    /// waits.
    async fn end_look(&self, job: jobs::Job, worker: String, row: campaigns::Campaign) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    campaigns::lock(tx, row.id).await?;
                    let waits = is_waiting(tx, &row).await?;
                    campaigns::set_state(tx, row.id, if waits { OPENING } else { "open" }).await?;
                    jobs::finish(tx, job.id, &worker).await?;
                    let action = if waits { "campaign.waits" } else { "campaign.items" };
                    tx.record(Evidence::new(action, "campaign", row.id.uuid()).project(row.project_id))?;
                    Ok(())
                })
            })
            .await
    }

    /// What is done about items that were looked at: whether each holds a label by the older rule is said with it.
    async fn reopen_some(&self, row: campaigns::Campaign, looked: Vec<(ItemId, ReadId, bool)>) -> Result<()> {
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut changed = false;
                    for (item, read, older) in looked {
                        changed |= pipeline.look_at_item(tx, &row, item, read, older).await?;
                    }
                    if changed {
                        let evidence = Evidence::new("campaign.looked", "campaign", row.id.uuid());
                        tx.record(evidence.project(row.project_id))?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Does what is to be done about one item; whether that changed anything.
    async fn look_at_item(
        &self,
        tx: &mut Tx,
        row: &campaigns::Campaign,
        item: ItemId,
        read: ReadId,
        older: bool,
    ) -> Result<bool> {
        let mut moving = Moving::load(tx, self, item).await?;
        let before = campaigns::item(tx, row.id, item).await?;
        let was = before.as_ref().map(|entry| entry.skipped.clone());
        // Nothing in it follows the older rule (any more), or another job has done it.
        if was == Some(None) || (!older && was.is_none()) {
            return Ok(false);
        }
        let outcome = if older { self.relabel(tx, row, &mut moving, read).await? } else { Outcome::Reopened };
        let skipped = match outcome {
            Outcome::Moved => return Ok(false),
            Outcome::Left(code) => Some(code),
            Outcome::Reopened => None,
        };
        let at = tx.now();
        match before {
            None => {
                let entry = campaigns::CampaignItem {
                    campaign_id: row.id,
                    item_id: item,
                    read_id: read,
                    skipped,
                    at,
                };
                campaigns::insert_item(tx, entry).await?;
            }
            Some(entry) if entry.skipped == skipped => return Ok(false),
            // Accepted anew by itself meanwhile: the read that stood when it was left tells the two apart.
            Some(entry) => {
                let read_id = if older { read } else { entry.read_id };
                campaigns::looked_again(tx, campaigns::CampaignItem { read_id, skipped, at, ..entry })
                    .await?;
            }
        }
        Ok(true)
    }

    /// Sends an accepted item back into work under the protocol in force.
    async fn relabel(
        &self,
        tx: &mut Tx,
        row: &campaigns::Campaign,
        moving: &mut Moving,
        read: ReadId,
    ) -> Result<Outcome> {
        if moving.item.accepted_read_id != Some(read)
            || !matches!(moving.state.phase, Phase::Accepted | Phase::Released)
        {
            return Ok(Outcome::Moved);
        }
        let details = serde_json::json!({ "campaign": row.id });
        Ok(match self.reopen(tx, moving, details).await? {
            Some(code) => Outcome::Left(code),
            None => Outcome::Reopened,
        })
    }

    /// Opens a new round over an accepted item under the protocol in force; why it stays as it is, where it does.
    pub(crate) async fn reopen(
        &self,
        tx: &mut Tx,
        moving: &mut Moving,
        details: serde_json::Value,
    ) -> Result<Option<String>> {
        let current = self.protocol(tx, moving.item.project_id).await?;
        let stages = |protocol: &countersign_model::Protocol| {
            protocol.stages.iter().map(|stage| (stage.id.clone(), stage.kind)).collect::<Vec<_>>()
        };
        // Stages are known by their index: with others, who did what on the item would be taken for something else.
        if stages(&current) != stages(&moving.protocol) {
            return Ok(Some(refusals::OTHER_PROTOCOL_VERSION.to_owned()));
        }
        moving.protocol = current;
        match moving.take(tx, &Event::Relabelled).await {
            Ok(_) => {
                tx.record(moving.evidence("item.relabelled").details(details))?;
                Ok(None)
            }
            Err(PipelineError::Refused(refusal)) => Ok(Some(refusal.code.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// Back in work, or accepted anew.
fn is_looked_after(word: &str) -> bool {
    word == DONE || word == AGAIN
}

/// Whether something that a campaign has not put back into work may still have to be.
async fn is_waiting(conn: &mut Conn, row: &campaigns::Campaign) -> Result<bool> {
    // The first of what is in work is found soon; what was looked at is gone through whole where none was left.
    let since = since(conn, row).await?;
    Ok(!campaigns::items_in_work(conn, since, 1).await?.is_empty()
        || campaigns::any_left(conn, row.id).await?)
}

/// The version of the guideline that a campaign follows from.
async fn rule_of(conn: &mut Conn, row: &campaigns::Campaign) -> Result<Option<Version>> {
    match row.guideline_id {
        Some(id) => Ok(guidelines::by_id(conn, id).await?.map(|row| Version::of(&row))),
        None => Ok(None),
    }
}

/// Whether a read holds a label of these classes that follows an older version than this one.
async fn is_older(conn: &mut Conn, read: ReadId, classes: &[String], since: Option<Version>) -> Result<bool> {
    for row in reads::annotations(conn, read).await? {
        let Some(body) = &row.body else { continue };
        let mark: Annotation = serde_json::from_str(body)
            .map_err(|e| PipelineError::Internal(format!("annotations.body: {e}")))?;
        let version = row.guideline.as_deref().and_then(Version::parse);
        let is_newer = since.is_some_and(|since| version.is_some_and(|version| version >= since));
        if classes.contains(&mark.class) && !is_newer {
            return Ok(true);
        }
    }
    Ok(false)
}
