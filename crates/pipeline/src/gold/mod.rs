//! Hidden gold: accepted items whose labels are trusted lie, as copies, among what people read. Whoever reads one is judged in the
//! write that hands it in, and learns of it as little as of any other item.
//!
//! A copy is an item of its own: it comes in beside an ordinary one, passes the gate with it, is drafted and claimed like it. For
//! everybody who does not read it it is not there: no list, no count, no batch, audit or release has it. It is given only to people who
//! see nothing but their own work.

mod follow;
mod hide;
mod judge;
mod make;
mod report;

use countersign_model::{ProjectId, Protocol, StageKind};
use countersign_store::{Evidence, Tx, gold, random};
use countersign_workflow::Effect;

pub(crate) use follow::JOB_FOLLOW;
pub(crate) use hide::{fill, met, place};
pub(crate) use judge::{JOB_GOLD_ALARM, handed_in};
pub use report::{GoldPairView, GoldPerson, GoldReport, GoldResultView, GoldView};

use crate::{PipelineError, Result};

/// The seed of a project, drawn when it is first needed. No route shows it.
async fn seed(tx: &mut Tx, project: ProjectId) -> Result<[u8; 32]> {
    if let Some(row) = gold::seed(tx, project).await? {
        let mut seed = [0; 32];
        hex::decode_to_slice(&row.seed, &mut seed)
            .map_err(|_| PipelineError::Internal("gold_seeds.seed is none".into()))?;
        return Ok(seed);
    }
    let seed = random::<32>()?;
    let at = tx.now();
    gold::insert_seed(tx, gold::Seed { project_id: project, seed: hex::encode(seed), at }).await?;
    Ok(seed)
}

/// A wait that is drawn anew each time, between two numbers of seconds.
fn drawn_wait(from: i64, to: i64) -> Result<i64> {
    let number = u32::from_be_bytes(random::<4>()?);
    Ok(from + i64::from(number) % (to - from + 1))
}

/// What of a step a copy takes: its reads, and nothing that comes after them.
pub(crate) fn keep_apart(protocol: &Protocol, effects: &mut Vec<Effect>) {
    let reads =
        |stage: u32| protocol.stages.get(stage as usize).is_some_and(|stage| stage.kind == StageKind::Read);
    effects.retain(|effect| match effect {
        Effect::NeedsCompare | Effect::NeedsOwner | Effect::Accepted { .. } => false,
        Effect::OpenTask { stage, .. } => reads(*stage),
        _ => true,
    });
}

/// Nobody hears of it but who keeps the evidence and is called to no work.
fn evidence(action: &str, gold: &gold::Gold) -> Evidence {
    Evidence::new(action, "gold", gold.id.uuid()).project(gold.project_id)
}
