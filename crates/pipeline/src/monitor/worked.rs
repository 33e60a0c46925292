//! A worked example for whom an alarm is about, where a corrected item cannot be one: of independent readers what each of them said, and of
//! hidden gold the pair of classes that is confused, with an item of theirs on which the same was settled.
//!
//! Nothing here looks at gold but the patterns that the person is told anyway. The item is chosen among their own reads that a reviewer
//! or the other readers found wrong in the same way, which no copy ever is: whether there is one, and which, is the same whatever was gold.

use std::collections::BTreeMap;

use countersign_model::{Annotation, ItemId, UserId};
use countersign_store::{Conn, comparisons, gold, items, monitoring, reads};
use countersign_workflow::Phase;
use serde::Serialize;

use super::{GOLD, PEERS, PatternView, REVIEW, check::Pair};
use crate::{
    Pipeline, PipelineError, Result, access::Action, certification::parsed, compare::marks_of_findings,
    people::Caller, save::current_annotations,
};

/// Most checks of one stream that are looked through for an item: the last ones.
const CHECKS_MAX: u64 = 1_000;

/// What other readers said of the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherAnswer {
    /// The class; absent where they marked nothing.
    pub class: Option<String>,
    /// How many of them.
    pub readers: u64,
}

/// One kind of error, worked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkedView {
    /// The class that was right; absent where nothing was.
    pub right: Option<String>,
    /// The class that was said; absent where nothing was.
    pub said: Option<String>,
    /// What the other readers of the item said; none before it is accepted, and to people of vendors.
    pub others: Vec<OtherAnswer>,
    /// An accepted item of theirs that was settled so; never hidden gold.
    pub item: Option<ItemId>,
    /// Its name.
    pub item_name: Option<String>,
}

impl Pipeline {
    /// The worked example of an alarm, for the person whom it is about: the kind of error that is told first, and where the same was
    /// settled. `None` where no kind is told, and in streams whose example is a corrected item.
    pub(super) async fn worked(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        alarm: &monitoring::Alarm,
        patterns: &[PatternView],
    ) -> Result<Option<WorkedView>> {
        let told = alarm.user_id == caller.user() && [GOLD, PEERS].contains(&alarm.stream.as_str());
        let Some(pattern) = patterns.first().filter(|_| told) else { return Ok(None) };
        let pair: Pair = (pattern.right.clone(), pattern.said.clone());
        let streams: &[&str] = if alarm.stream == PEERS { &[PEERS] } else { &[REVIEW, PEERS] };
        let settled = self.settled(conn, caller, alarm, streams, &pair).await?;
        let mut others = Vec::new();
        let mut item_name = None;
        if let Some(item) = settled {
            item_name = items::by_id(conn, item).await?.map(|item| item.name);
            // What people of another vendor drew is nothing for those of this one, however few words say it.
            if alarm.stream == PEERS && !caller.organization.is_vendor() {
                others = said_by_others(conn, item, caller.user(), &pair).await?;
            }
        }
        let (right, said) = pair;
        Ok(Some(WorkedView { right, said, others, item: settled, item_name }))
    }

    /// The last accepted item of the caller on which the pair was settled, and which they may open.
    async fn settled(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        alarm: &monitoring::Alarm,
        streams: &[&str],
        pair: &Pair,
    ) -> Result<Option<ItemId>> {
        let (project, user) = (alarm.project_id, alarm.user_id);
        let own = monitoring::streams_of(conn, user).await?;
        let mut found: Vec<monitoring::Check> = Vec::new();
        for stream in own.iter().filter(|row| row.project_id == project && streams.contains(&&*row.stream)) {
            let from = stream.checked.saturating_sub(CHECKS_MAX) + 1;
            let limit = u32::try_from(CHECKS_MAX).unwrap_or(u32::MAX);
            found.extend(monitoring::checks(conn, project, user, &stream.stream, from, limit).await?);
        }
        found.retain(|check| check.wrong && !check.overturned);
        found.sort_by_key(|check| std::cmp::Reverse((check.at, check.item_id)));
        for check in found {
            let pairs: Vec<Pair> = parsed("monitor_checks.pairs", &check.pairs)?;
            if pairs.contains(pair) && self.is_open_to(conn, caller, check.item_id).await? {
                return Ok(Some(check.item_id));
            }
        }
        Ok(None)
    }

    /// Whether an item is accepted, no copy of gold, and the caller's to open now.
    async fn is_open_to(&self, conn: &mut Conn, caller: &Caller, item: ItemId) -> Result<bool> {
        if gold::shows(conn, item).await?.is_some() || self.audits_blind(conn, caller, item).await? {
            return Ok(false);
        }
        match self.visible_item(conn, caller, item, Action::ViewItem).await {
            Ok(item) => Ok(matches!(item.state.parse(), Ok(Phase::Accepted | Phase::Released))),
            Err(PipelineError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What the other readers of a comparison said of the finding about which the caller was told the pair, class by class.
async fn said_by_others(
    conn: &mut Conn,
    item: ItemId,
    user: UserId,
    (right, said): &Pair,
) -> Result<Vec<OtherAnswer>> {
    let rows = comparisons::of_item(conn, item).await?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let (mut own, mut marks): (Option<usize>, Vec<Option<Vec<Annotation>>>) = (None, Vec::new());
    for (place, id) in row.reads.0.iter().enumerate() {
        let read = reads::by_id(conn, *id).await?.ok_or(PipelineError::NotFound)?;
        if read.author_user == Some(user) {
            own = Some(place);
        }
        // What a model read is nobody's answer.
        let by_person = read.author_user.is_some();
        marks.push(if by_person { Some(current_annotations(conn, *id).await?) } else { None });
    }
    let Some(own) = own else { return Ok(Vec::new()) };
    for finding in marks_of_findings(row)?.iter().filter(|finding| finding.disputed) {
        let class = |place: usize| {
            let (_, id) = finding.marks.iter().find(|(reader, _)| *reader == place)?;
            marks[place].as_ref()?.iter().find(|mark| mark.id == *id).map(|mark| mark.class.clone())
        };
        if class(own) != *said {
            continue;
        }
        let mut others: BTreeMap<Option<String>, u64> = BTreeMap::new();
        for place in (0..marks.len()).filter(|place| *place != own && marks[*place].is_some()) {
            *others.entry(class(place)).or_default() += 1;
        }
        if others.contains_key(right) {
            return Ok(others.into_iter().map(|(class, readers)| OtherAnswer { class, readers }).collect());
        }
    }
    Ok(Vec::new())
}
