//! What came of a study, worked out in the write that ends it.

use std::collections::HashMap;

use countersign_model::{ItemId, UserId};
use countersign_quality::study::{self, Trial};
use countersign_store::{Evidence, Tx, appraisals, users};
use sha2::{Digest, Sha256};

use super::{
    AppraisalFigures, AppraisalLimits, AppraisalVerdict, CrossTable, Frozen, PairFigures, PersonFigures,
    record::{answers, answers_text},
    words::FORM_VERSION,
};
use crate::{
    PipelineError, Result,
    certification::{parsed, spelled},
};

/// Ends a study: works its figures out, keeps them, and binds them in the log.
pub(super) async fn close(
    tx: &mut Tx,
    row: &appraisals::Appraisal,
    stop: &'static str,
    reason: Option<String>,
) -> Result<()> {
    let figures = spelled(&figures(tx, row, stop).await?)?;
    let evidence = Evidence::new("appraisal.ended", "appraisal", row.id.uuid()).project(row.project_id);
    let evidence = evidence.content(Sha256::digest(&figures).into()).reason(stop);
    let evidence = match reason {
        Some(reason) => evidence.details(serde_json::json!({ "reason": reason })),
        None => evidence,
    };
    let event = tx.record(evidence)?;
    Ok(appraisals::end(tx, row.id, stop, &figures, event).await?)
}

async fn figures(tx: &mut Tx, row: &appraisals::Appraisal, stop: &str) -> Result<AppraisalFigures> {
    let frozen: Frozen = parsed("appraisals.frozen", &row.frozen)?;
    let parts = appraisals::parts(tx, row.id).await?;
    let turns = appraisals::turns(tx, row.id).await?;
    let reference: Vec<bool> = parts.iter().map(|part| part.bad).collect();
    let places: HashMap<ItemId, u32> = parts.iter().map(|part| part.item_id).zip(0..).collect();
    // Only who judged something has figures; the others are listed without any.
    let mut people: Vec<(UserId, u64, u64)> = Vec::new();
    for progress in appraisals::progress(tx, row.id).await? {
        people.push((progress.user_id, progress.judged, progress.turns));
    }
    let numbers: HashMap<UserId, u32> = people.iter().map(|(user, ..)| *user).zip(0..).collect();
    let trial = |turn: &appraisals::Turn| {
        Some(Trial {
            person: *numbers.get(&turn.user_id)?,
            item: *places.get(&turn.item_id)?,
            turn: turn.trial,
            bad: turn.bad?,
        })
    };
    let trials: Vec<Trial> = turns.iter().filter_map(trial).collect();
    let wrong = |error: study::StudyError| PipelineError::Internal(error.to_string());
    let found = study::attribute(&trials, &reference, frozen.confidence).map_err(wrong)?;
    let kappas = study::kappas(&trials, &reference, frozen.confidence).map_err(wrong)?;
    let mut shown = Vec::with_capacity(people.len());
    for (number, (user, judged, turns)) in (0..).zip(&people) {
        let name = users::by_id(tx, *user).await?.map_or_else(String::new, |user| user.printed_name);
        let seen = appraisals::count_seen_elsewhere(tx, row.id, *user).await?;
        let of = PersonOf { number, judged: *judged, turns: *turns, seen };
        shown.push(person(*user, name, of, (&found, &kappas), &frozen.limits));
    }
    let user = |number: u32| people[number as usize].0;
    let pairs = kappas.pairs.iter().map(|pair| PairFigures {
        first: user(pair.first),
        second: user(pair.second),
        table: pair.table.into(),
        kappa: pair.kappa.map(Into::into),
    });
    Ok(AppraisalFigures {
        version: FORM_VERSION,
        frozen_sha256: row.frozen_hash.clone(),
        answers_sha256: hex::encode(Sha256::digest(answers_text(&answers(&turns))?)),
        stop: stop.to_owned(),
        changed_parts: appraisals::count_changed(tx, row.id).await?,
        between: found.between.map(Into::into),
        with_reference: found.with_reference.filter(|_| people.len() > 1).map(Into::into),
        kappa_between: kappas.between.map(Into::into),
        pairs: pairs.collect(),
        people: shown,
    })
}

/// What is known of a person beside their answers.
struct PersonOf {
    number: u32,
    judged: u64,
    turns: u64,
    seen: u64,
}

fn person(
    user: UserId,
    printed_name: String,
    PersonOf { number, judged, turns, seen }: PersonOf,
    (found, kappas): (&study::Attribute, &study::Kappas),
    limits: &AppraisalLimits,
) -> PersonFigures {
    let own = found.people.iter().find(|one| one.person == number);
    let within = kappas.within.iter().find(|one| one.person == number);
    let against = kappas.with_reference.iter().find(|one| one.person == number);
    let verdict = match own {
        Some(own) if judged == turns => {
            own.verdict(limits.acceptable.limits(), limits.marginal.limits()).into()
        }
        _ => AppraisalVerdict::Undecided,
    };
    PersonFigures {
        user,
        printed_name,
        judged,
        turns,
        within: own.and_then(|own| own.within).map(Into::into),
        effectiveness: own.and_then(|own| own.effectiveness).map(Into::into),
        miss: own.and_then(|own| own.miss).map(Into::into),
        false_alarm: own.and_then(|own| own.false_alarm).map(Into::into),
        kappa_within: within.and_then(|within| within.kappa).map(Into::into),
        kappa_reference: against.and_then(|against| against.kappa).map(Into::into),
        table: against.map_or_else(|| CrossTable::from([[0; 2]; 2]), |against| against.table.into()),
        seen_elsewhere: seen,
        verdict,
    }
}
