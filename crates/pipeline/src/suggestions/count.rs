//! Counting what items tell: by stage, person and kind, with and without a draft.

use std::collections::BTreeMap;

use countersign_model::{AiVisibility, StageKind, UserId};
use countersign_quality::study::difference;
use countersign_workflow::suggestions::{Arm, PlantKind};

use super::{
    judge::Judged,
    report::{
        ErrorView, FollowView, LeastHarm, SuggestionKind, SuggestionMode, SuggestionPerson, SuggestionReport,
        SuggestionStage,
    },
};
use crate::{
    Result,
    tiers::{CONFIDENCE, ShareView, share_of},
};

/// Given, and kept of these.
type Pair = (u64, u64);

/// A stage as it is counted.
struct Stage {
    title: String,
    kind: StageKind,
    /// By person, in order of id.
    people: BTreeMap<UserId, Pair>,
}

/// Counts items; every list is in an order that depends on nothing but them.
pub(super) fn count(judged: &[Judged]) -> Result<SuggestionReport> {
    let (mut stages, mut kinds) =
        (BTreeMap::<(u32, String), Stage>::new(), BTreeMap::<PlantKind, Pair>::new());
    for item in judged {
        for turn in &item.turns {
            let Some((id, title, kind)) = item.stages.get(turn.stage as usize) else { continue };
            let stage = stages.entry((turn.stage, id.clone())).or_insert_with(|| Stage {
                title: title.clone(),
                kind: *kind,
                people: BTreeMap::new(),
            });
            add(stage.people.entry(turn.user).or_default(), turn.kept);
            if let Some(planted) = item.kind.filter(|_| *kind == StageKind::Read) {
                add(kinds.entry(planted).or_default(), turn.kept);
            }
        }
    }
    let of = |arm: Arm| judged.iter().filter(move |item| item.arm == arm);
    let many = |n: usize| n as u64;
    let planted = || of(Arm::Planted).filter(|item| item.kind.is_some());
    let modes = modes(judged)?;
    // Where the first reader is offered no draft, both arms read alike and nothing is compared.
    let arm = |arm: Arm| of(arm).filter(|item| item.offered);
    let (with_draft, without_draft) = (errors(arm(Arm::Genuine))?, errors(arm(Arm::Control))?);
    Ok(SuggestionReport {
        planted_share: 0.0,
        control_share: 0.0,
        items: many(judged.len()),
        genuine: many(of(Arm::Genuine).count()),
        control: many(of(Arm::Control).count()),
        planted: many(planted().count()),
        unplantable: many(of(Arm::Planted).filter(|item| item.kind.is_none()).count()),
        confirmed: many(planted().filter(|item| item.confirmed).count()),
        read_again: many(planted().filter(|item| item.read_again).count()),
        cut: false,
        kinds: kinds
            .into_iter()
            .map(|(kind, pair)| Ok(SuggestionKind { kind, follow: follow(pair)? }))
            .collect::<Result<_>>()?,
        stages: stages.into_iter().map(|((_, id), stage)| shown(id, stage)).collect::<Result<_>>()?,
        least_harm: least_harm(&modes),
        modes,
        more_errors_with_draft: apart(&with_draft, &without_draft),
        with_draft,
        without_draft,
    })
}

fn add(pair: &mut Pair, kept: bool) {
    pair.0 += 1;
    pair.1 += u64::from(kept);
}

fn follow((given, kept): Pair) -> Result<FollowView> {
    Ok(FollowView { given, kept, share: share_of(given, kept)? })
}

fn shown(id: String, stage: Stage) -> Result<SuggestionStage> {
    let whole = stage.people.values().fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let person = |(user, pair)| Ok(SuggestionPerson { user, printed_name: None, follow: follow(pair)? });
    Ok(SuggestionStage {
        id,
        title: stage.title,
        kind: stage.kind,
        follow: follow(whole)?,
        people: stage.people.into_iter().map(person).collect::<Result<_>>()?,
    })
}

fn errors<'a>(items: impl Iterator<Item = &'a Judged>) -> Result<ErrorView> {
    let (mut judged, mut wrong) = (0, 0);
    for is_wrong in items.filter_map(|item| item.first_wrong) {
        judged += 1;
        wrong += u64::from(is_wrong);
    }
    Ok(ErrorView { judged, wrong, share: share_of(judged, wrong)? })
}

/// By when the first reader may see a draft, in the order in which it is shown ever sooner.
fn modes(judged: &[Judged]) -> Result<Vec<SuggestionMode>> {
    let mut modes = Vec::new();
    for mode in AiVisibility::ALL {
        let errors = errors(judged.iter().filter(|item| item.mode == *mode))?;
        if errors.judged > 0 {
            modes.push(SuggestionMode { mode: *mode, errors });
        }
    }
    Ok(modes)
}

fn least_harm(modes: &[SuggestionMode]) -> Option<LeastHarm> {
    let share = |mode: &SuggestionMode| mode.errors.share.map_or(1.0, |share| share.value);
    let least = modes.iter().min_by(|a, b| share(a).total_cmp(&share(b)))?;
    let others = || modes.iter().filter(|other| other.mode != least.mode);
    others().next()?;
    let clear = |other: &SuggestionMode| {
        apart(&other.errors, &least.errors).is_some_and(|difference| difference.low > 0.0)
    };
    Some(LeastHarm { mode: least.mode, told_apart: others().all(clear) })
}

/// By how much more of the first reads are wrong with a draft than without (Newcombe 1998).
fn apart(with: &ErrorView, without: &ErrorView) -> Option<ShareView> {
    let found = difference((with.wrong, with.judged), (without.wrong, without.judged), CONFIDENCE)?;
    let (low, high) = (found.difference.low, found.difference.high);
    Some(ShareView { value: found.first - found.second, low, high })
}
