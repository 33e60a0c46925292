//! Signing what came of a study: whoever is acceptable is given the qualification, from the others it is taken.

use countersign_model::{AppraisalId, QualificationId, SignatureMeaning, UserId};
use countersign_store::{Evidence, Tx, appraisals, qualifications};
use sha2::{Digest, Sha256};

use super::{
    AppraisalFigures, AppraisalRate, AppraisalVerdict, AppraisalView, Frozen, PersonFigures, record::not_over,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    certification::parsed,
    people::Caller,
    protocols::signature::signer,
    qualifications::{ask_for_warnings, evidence},
    rework::free_abandoned,
    signing::{Components, signed_details},
};

/// Why a certificate is given or taken, as a code.
const REASON: &str = "study";
/// A day, seconds.
const DAY_SECONDS: i64 = 86_400;

impl Pipeline {
    /// Signs what came of a study. In the same write everybody who is acceptable gets its qualification, for as long as was
    /// planned, and whoever is marginal or unacceptable loses it: they get no work that asks for it until another study, or
    /// another certificate.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `separation_of_duties` for whoever was judged in it; as
    /// `Pipeline::signed`; `not_over`, `already_decided`.
    pub async fn issue_appraisal(
        &self,
        caller: &Caller,
        id: AppraisalId,
        components: impl Into<Components>,
    ) -> Result<AppraisalView> {
        self.led(&mut *self.store.read().await?, caller, id, Action::ManageQualifications).await?;
        let (pipeline, by) = (self.clone(), caller.user());
        let signing = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let row = appraisals::lock(tx, id).await?.ok_or(PipelineError::NotFound)?;
                let text = match (row.state.as_str(), &row.figures) {
                    ("ended", Some(text)) => text.clone(),
                    ("issued", _) => {
                        let message = "This study was signed before.";
                        return Err(PipelineError::refused("already_decided", message));
                    }
                    _ => return Err(not_over()),
                };
                let figures: AppraisalFigures = parsed("appraisals.figures", &text)?;
                let frozen: Frozen = parsed("appraisals.frozen", &row.frozen)?;
                let hash: [u8; 32] = Sha256::digest(&text).into();
                let (_, printed_name) = signer(tx).await?;
                let details = signed_details(SignatureMeaning::Approved, &printed_name);
                let signed = Evidence::new("appraisal.issued", "appraisal", id.uuid());
                let signed = signed.project(row.project_id).content(hash);
                let event = tx.record(signed.details(details))?;
                appraisals::issue(tx, id, by, event).await?;
                for person in &figures.people {
                    let given = match person.verdict {
                        AppraisalVerdict::Acceptable => {
                            Some(give(tx, &row, &frozen, person, (by, hash)).await?)
                        }
                        AppraisalVerdict::Undecided => None,
                        AppraisalVerdict::Marginal | AppraisalVerdict::Unacceptable => {
                            take(tx, &pipeline, &row, person, by).await?;
                            None
                        }
                    };
                    appraisals::settle(tx, id, person.user, person.verdict.as_str(), given).await?;
                }
                Ok(())
            })
        });
        self.signed(caller, &components.into(), signing).await?;
        self.appraisal(caller, id).await
    }
}

/// Gives a person the qualification, with the share that they judged right as its score.
async fn give(
    tx: &mut Tx,
    row: &appraisals::Appraisal,
    frozen: &Frozen,
    person: &PersonFigures,
    (by, hash): (UserId, [u8; 32]),
) -> Result<QualificationId> {
    let now = tx.now();
    let certificate = qualifications::Qualification {
        id: tx.fresh(),
        user_id: person.user,
        project_id: Some(row.project_id),
        name: row.qualification.clone(),
        score: person.effectiveness.map(|rate| rate.share),
        issuer: format!("Agreement study “{}”", row.name),
        valid_from: now,
        valid_until: now.plus_seconds(i64::from(frozen.valid_days) * DAY_SECONDS),
        evidence_hash: Some(hex::encode(hash)),
        evidence_reference: Some(format!("study {}", row.id)),
        issued_by: Some(by),
        issued_at: now,
        revoked_by: None,
        revoked_at: None,
        revoke_reason: None,
        file_address: None,
        file_kind: None,
        file_bytes: None,
        file_by: None,
        file_at: None,
    };
    qualifications::insert(tx, certificate.clone()).await?;
    ask_for_warnings(tx, &certificate).await?;
    let said = serde_json::json!({
        "user": certificate.user_id, "name": certificate.name, "issuer": certificate.issuer,
        "valid_from": certificate.valid_from, "valid_until": certificate.valid_until,
        "evidence_hash": certificate.evidence_hash, "study": row.id,
    });
    tx.record(evidence("qualification.issued", &certificate).reason(REASON).details(said))?;
    Ok(certificate.id)
}

/// Takes the qualification from a person: every certificate of this name that counts in the project alone and is not over.
async fn take(
    tx: &mut Tx,
    pipeline: &Pipeline,
    row: &appraisals::Appraisal,
    person: &PersonFigures,
    by: UserId,
) -> Result<()> {
    let now = tx.now();
    let reason = why(row, person);
    let held = qualifications::of_user_on(tx, person.user, row.project_id).await?;
    let held = held.into_iter().filter(|held| {
        held.name == row.qualification
            && held.project_id.is_some()
            && held.revoked_at.is_none()
            && held.valid_until > now
    });
    let mut taken = false;
    for certificate in held {
        taken |= qualifications::revoke(tx, certificate.id, by, &reason).await?;
        let said = serde_json::json!({ "reason": reason, "study": row.id });
        tx.record(evidence("qualification.revoked", &certificate).reason(REASON).details(said))?;
    }
    if taken {
        free_abandoned(tx, pipeline, person.user, Some(row.project_id)).await?;
    }
    Ok(())
}

/// In words, for the person whom it concerns.
fn why(row: &appraisals::Appraisal, person: &PersonFigures) -> String {
    let percent = |rate: Option<AppraisalRate>| {
        rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", rate.share * 100.0))
    };
    format!(
        "Study “{}”: {} (effectiveness {}, misses {}, false alarms {})",
        row.name,
        person.verdict.as_str(),
        percent(person.effectiveness),
        percent(person.miss),
        percent(person.false_alarm)
    )
}
