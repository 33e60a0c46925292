//! Consensus: what independent readers' answers say that is true, with its probability, beside what most of them said.
//!
//! An estimate decides nothing and replaces nothing: reads, comparisons and decisions stay as they are, and it is derived from
//! them anew each time. It counts the reads of the newest comparison of each item, those of whoever was asked later among them: an
//! item is known better with each. Only items count whose reads the caller may see, so that no figure tells of what is read
//! blind. Who readers are and what they are worth is for those who see what tiers are worth; others see estimates alone.

mod estimate;
mod gather;
mod kept;

use std::{collections::BTreeMap, sync::Arc};

use countersign_model::{FrameRef, ItemId, ProjectId, Protocol, ShapeKind, UserId};
use countersign_store::{Conn, comparisons::Comparison, items, turns, users};
use serde::{Deserialize, Serialize};

pub(crate) use self::kept::Estimates;
use self::{
    estimate::{Estimated, Judged, estimate},
    gather::{Answer, Asked, Gathered},
    kept::Estimate,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    blocking,
    people::Caller,
};

/// Most comparisons that one estimate takes.
const COMPARISONS_MAX: u32 = 20_000;
/// Most items in one list.
const LISTED_MAX: u32 = 100;
/// Items in a list where nobody said how many.
const LISTED: u32 = 50;
/// Most answers that are shown of one item, the least certain.
const ANSWERS_PER_ITEM_MAX: usize = 5;
/// Most pairs of answers that are shown of one reader, those with the most answers behind them.
const CELLS_MAX: usize = 100;

/// Of what consensus is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConsensusAbout {
    /// Which tags hold of an item, or of a frame that somebody tagged.
    Tags,
    /// What is at a place that somebody marked.
    Marks,
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ConsensusQuery {
    /// `tags` or `marks`; tags where there are any.
    pub about: Option<ConsensusAbout>,
    /// Only items after this place in the order.
    pub after: Option<u64>,
    /// At most so many items; 100 at most, 50 where nothing is said.
    pub limit: Option<u32>,
}

/// A label of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsensusLabel {
    /// Class id.
    pub class: String,
    /// What was chosen for it, by attribute.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<String, String>,
}

/// What one reader said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsensusVote {
    /// Their number among the readers of this report; absent for those who are not told what readers are worth.
    pub reader: Option<u64>,
    /// Labels that they gave; none: nothing of the kind is there.
    pub said: Vec<ConsensusLabel>,
    /// It is not the estimate.
    pub differs: bool,
}

/// What readers said of one thing, and what is estimated.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsensusAnswer {
    /// The frame that it is about; absent for the whole item.
    pub frame: Option<FrameRef>,
    /// Middle of what was marked, pixels.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<(f64, f64)>))]
    pub place: Option<[f64; 2]>,
    /// The likeliest answer; no label: nothing of the kind is there.
    pub estimate: Vec<ConsensusLabel>,
    /// Its probability, given that the model holds, 0 to 1.
    pub posterior: f64,
    /// The most frequent answer; several where they are tied.
    pub majority: Vec<Vec<ConsensusLabel>>,
    /// What each reader said.
    pub reads: Vec<ConsensusVote>,
}

/// An item with what is least certain about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsensusItem {
    /// The item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Place in the order, from 1.
    pub rank: u64,
    /// Probability of its least certain answer.
    pub posterior: f64,
    /// Its least certain answers, five at most.
    pub answers: Vec<ConsensusAnswer>,
    /// How many it has.
    pub all: u64,
}

/// What a reader says of one truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsensusCell {
    /// The truth.
    pub truth: Vec<ConsensusLabel>,
    /// What they say.
    pub said: Vec<ConsensusLabel>,
    /// Answers of theirs whose truth this is estimated to be: a sum of probabilities.
    pub of: f64,
    /// Estimated probability that they say so of it, drawn a little towards what all readers say of it.
    pub share: f64,
}

/// What a reader is estimated to be worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsensusReader {
    /// Number in this report, from 1.
    pub reader: u64,
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub name: Option<String>,
    /// Items behind the figures.
    pub items: u64,
    /// Answers behind the figures.
    pub answers: u64,
    /// Of these, answers that are the estimate.
    pub as_estimated: u64,
    /// Estimated probability that an answer of theirs is right, 0 to 1.
    pub accuracy: f64,
    /// What they say of each truth, those with the most answers behind them first.
    pub confusion: Vec<ConsensusCell>,
}

/// What independent readers' answers say that is true.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsensusReport {
    /// What it is about; absent where nothing was read twice.
    pub about: Option<ConsensusAbout>,
    /// Answers about tags that could be asked for.
    pub tags: u64,
    /// Answers about marks that could be asked for.
    pub marks: u64,
    /// There are more comparisons than one estimate takes: these are the first.
    pub cut: bool,
    /// Items with an answer that is estimated.
    pub items: u64,
    /// Answers that are estimated.
    pub answers: u64,
    /// Of these, answers about which readers are tied.
    pub ties: u64,
    /// Items that one of their readers could not assess: in no figure.
    pub not_assessed: u64,
    /// Answers that are not estimated, since somebody said what is none of the 64 most frequent answers.
    pub left_out: u64,
    /// Readers, those with the most answers first; none for those who are not told what readers are worth.
    pub readers: Vec<ConsensusReader>,
    /// Items, the least certain first.
    pub least_certain: Vec<ConsensusItem>,
    /// What to ask for next; absent at the end.
    pub next: Option<u64>,
}

impl Pipeline {
    /// What the answers of a project's independent readers say that is true, the least certain item first. Whoever could audit
    /// the labels of an item that is listed has been shown them, and the log says so.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn consensus(
        &self,
        caller: &Caller,
        project: ProjectId,
        query: ConsensusQuery,
    ) -> Result<ConsensusReport> {
        self.require_on(caller, Action::ViewQuality, project)?;
        let named = self.access.allows(&caller.principal, Action::ViewTiers, &Resource::Project(project));
        let mut conn = self.store.read().await?;
        let after = query.after.unwrap_or(0);
        let key = (caller.user(), project, query.about);
        let kept = if after > 0 { self.estimates.of(key, self.store.clock().now()) } else { None };
        let is_kept = kept.is_some();
        let estimate = match kept {
            Some(estimate) => estimate,
            None => {
                let estimate = Arc::new(self.estimated(&mut conn, caller, project, query.about).await?);
                self.estimates.keep(key, self.store.clock().now(), Arc::clone(&estimate));
                estimate
            }
        };
        let Estimate { gathered, said, about, cut } = &*estimate;
        let (tags, marks) = (gathered.tags.len() as u64, gathered.marks.len() as u64);
        let asked = gathered.asked(*about);
        let order = by_item(asked, said);
        let limit = query.limit.unwrap_or(LISTED).clamp(1, LISTED_MAX);
        let mut report = ConsensusReport {
            about: (tags + marks > 0).then_some(*about),
            tags,
            marks,
            cut: *cut,
            items: order.len() as u64,
            answers: said.judged.len() as u64,
            ties: said.judged.iter().filter(|one| one.majority.len() > 1).count() as u64,
            not_assessed: gathered.not_assessed,
            left_out: said.left_out,
            readers: Vec::new(),
            least_certain: Vec::new(),
            next: Some(after.saturating_add(u64::from(limit))).filter(|next| *next < order.len() as u64),
        };
        if named {
            report.readers = readers(&mut conn, gathered, said).await?;
        }
        let mut shown = Vec::new();
        let page =
            (1_u64..).zip(&order).skip(usize::try_from(after).unwrap_or(usize::MAX)).take(limit as usize);
        for (rank, (item, answers)) in page {
            // What was theirs to see when the first page was given may be no more.
            if is_kept && !self.comparisons_shown(&mut conn, caller, gathered.items[*item]).await? {
                continue;
            }
            let row = items::by_id(&mut conn, gathered.items[*item]).await?.ok_or(PipelineError::NotFound)?;
            report.least_certain.push(item_view(&row, rank, answers, (asked, said), named));
            if self.shows_labels(&mut conn, caller, &row).await? {
                shown.push(row);
            }
        }
        drop(conn);
        self.all_labels_shown(caller, shown).await?;
        Ok(report)
    }

    async fn estimated(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
        about: Option<ConsensusAbout>,
    ) -> Result<Estimate> {
        let (gathered, cut) = self.answers_shown(conn, caller, project).await?;
        let first = if gathered.tags.is_empty() { ConsensusAbout::Marks } else { ConsensusAbout::Tags };
        let about = about.unwrap_or(first);
        blocking(move || {
            let said = estimate(gathered.asked(about), gathered.readers.len())?;
            Ok(Estimate { gathered, said, about, cut })
        })
        .await?
    }

    /// What readers answered in the items of a project whose reads the caller may see; and whether there are more.
    async fn answers_shown(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<(Gathered, bool)> {
        let mut rows = turns::comparisons(conn, project, COMPARISONS_MAX + 1).await?;
        let cut = rows.len() > COMPARISONS_MAX as usize;
        rows.truncate(COMPARISONS_MAX as usize);
        let tagged = takes_tags(&*self.protocol(conn, project).await?);
        let mut gathered = Gathered::default();
        for rows in rows.chunk_by(|a: &Comparison, b| a.item_id == b.item_id) {
            // Whoever is still to work on an item, or audits it blind, learns nothing of how others read it.
            if let Some(newest) = rows.last()
                && self.comparisons_shown(conn, caller, newest.item_id).await?
            {
                gathered.take(conn, newest, tagged).await?;
            }
        }
        Ok((gathered, cut))
    }
}

/// Whether there are tags to set: then an item without one was answered, too.
fn takes_tags(protocol: &Protocol) -> bool {
    protocol.classes.iter().any(|class| class.shapes.contains(&ShapeKind::Tag))
}

/// Items with their answers, the least certain first: as the answers are ordered.
fn by_item<'a>(asked: &[Asked], said: &'a Estimated) -> Vec<(usize, Vec<&'a Judged>)> {
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut order: Vec<(usize, Vec<&Judged>)> = Vec::new();
    for one in &said.judged {
        let item = asked[one.asked].item;
        let place = *places.entry(item).or_insert(order.len());
        if place == order.len() {
            order.push((item, Vec::new()));
        }
        order[place].1.push(one);
    }
    order
}

async fn readers(conn: &mut Conn, gathered: &Gathered, said: &Estimated) -> Result<Vec<ConsensusReader>> {
    let mut readers = Vec::with_capacity(said.readers.len());
    for (number, rated) in (1..).zip(&said.readers) {
        let user = gathered.readers[rated.reader];
        let mut cells: Vec<_> = rated.cells.iter().collect();
        // Shares of one truth rest on the same answers.
        cells.sort_by(|a, b| (b.2 * b.3).total_cmp(&(a.2 * a.3)).then((a.0, a.1).cmp(&(b.0, b.1))));
        cells.truncate(CELLS_MAX);
        readers.push(ConsensusReader {
            reader: number,
            user,
            name: users::by_id(conn, user).await?.map(|known| known.printed_name),
            items: rated.items as u64,
            answers: rated.answers as u64,
            as_estimated: rated.as_estimated as u64,
            accuracy: rated.accuracy,
            confusion: cells
                .into_iter()
                .map(|(truth, own, of, share)| ConsensusCell {
                    truth: labels(&said.answers[*truth]),
                    said: labels(&said.answers[*own]),
                    of: *of,
                    share: *share,
                })
                .collect(),
        });
    }
    Ok(readers)
}

fn item_view(
    row: &items::Item,
    rank: u64,
    answers: &[&Judged],
    (asked, said): (&[Asked], &Estimated),
    named: bool,
) -> ConsensusItem {
    let number = |reader: usize| {
        let place = said.readers.iter().position(|rated| rated.reader == reader)?;
        u64::try_from(place + 1).ok().filter(|_| named)
    };
    let view = |one: &&Judged| {
        let asked = &asked[one.asked];
        let estimate = &said.answers[one.estimate];
        let mut reads: Vec<ConsensusVote> = asked
            .said
            .iter()
            .map(|(reader, answer)| ConsensusVote {
                reader: number(*reader),
                said: labels(answer),
                differs: answer != estimate,
            })
            .collect();
        // Without numbers the order tells nobody apart either.
        reads.sort_by(|a, b| (a.reader, &a.said).cmp(&(b.reader, &b.said)));
        ConsensusAnswer {
            frame: asked.frame,
            place: asked.place,
            estimate: labels(estimate),
            posterior: one.posterior,
            majority: one.majority.iter().map(|answer| labels(&said.answers[*answer])).collect(),
            reads,
        }
    };
    ConsensusItem {
        item: row.id,
        name: row.name.clone(),
        rank,
        posterior: answers.first().map_or(1.0, |one| one.posterior),
        answers: answers.iter().take(ANSWERS_PER_ITEM_MAX).map(view).collect(),
        all: answers.len() as u64,
    }
}

fn labels(answer: &Answer) -> Vec<ConsensusLabel> {
    answer.iter().cloned().collect()
}
