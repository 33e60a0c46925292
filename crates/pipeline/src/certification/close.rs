//! From the last judgement to the certificate, its place in the log, and the proofs of it.

use std::collections::BTreeMap;

use countersign_ledger::Hash;
use countersign_model::CertificationId;
use countersign_quality::certify::certify;
use countersign_store::{Actor, Conn, Evidence, certifications, users};
use sha2::{Digest, Sha256};

use super::{
    Frozen, LabelCertificate, finding,
    freeze::known,
    offline::{KIND, findings_text},
    parsed, spelled, without_gap,
    words::{AuditorRef, FORM_VERSION},
};
use crate::{Pipeline, PipelineError, Result};

/// Units read from the store at once.
const UNITS_PER_PAGE: u32 = 5_000;

impl Pipeline {
    /// Certifies an audit that ended, and proves it. Whatever was done before is not done again.
    ///
    /// # Errors
    /// When the store fails; `certification_void`.
    pub(super) async fn finish_certification(&self, id: CertificationId) -> Result<()> {
        let row = certifications::by_id(&mut *self.store.read().await?, id).await?;
        let row = row.ok_or(PipelineError::NotFound)?;
        if row.state == "ended" {
            let certificate = {
                let mut conn = self.store.read().await?;
                spelled(&certificate(&mut conn, &row).await?)?
            };
            let hash: [u8; 32] = Sha256::digest(&certificate).into();
            self.store
                .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                    Box::pin(async move {
                        let evidence = Evidence::new("certification.closed", "certification", id.uuid());
                        let event = tx.record(evidence.project(row.project_id).content(hash))?;
                        if certifications::close(tx, id, &certificate, event).await? {
                            return Ok(());
                        }
                        Err(PipelineError::refused("certification_void", "It was certified, or it is void."))
                    })
                })
                .await?;
        }
        self.prove_certification(id).await
    }

    async fn prove_certification(&self, id: CertificationId) -> Result<()> {
        let row = certifications::by_id(&mut *self.store.read().await?, id).await?;
        let row = row.ok_or(PipelineError::NotFound)?;
        let (Some(seeded), Some(closed)) = (row.seeded_event, row.closed_event) else { return Ok(()) };
        if row.state != "closed" || row.proofs.is_some() {
            return Ok(());
        }
        let mut proofs = Vec::with_capacity(3);
        for event in [row.frozen_event, seeded, closed] {
            proofs.push(self.store.prove(event).await?.to_text());
        }
        let text = spelled(&proofs)?;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    if certifications::prove(tx, id, &text).await? {
                        let evidence = Evidence::new("certification.proven", "certification", id.uuid());
                        tx.record(evidence.project(row.project_id))?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Certifies audits that ended while the process did. To be called at start; how many. One that cannot be certified is
    /// logged and waits: it is no reason not to serve.
    ///
    /// # Errors
    /// When the store fails to name them.
    pub async fn sweep_certifications(&self) -> Result<u64> {
        let waiting = certifications::unfinished(&mut *self.store.read().await?).await?;
        let mut finished = 0;
        for id in waiting {
            match self.finish_certification(id).await {
                Ok(()) => finished += 1,
                Err(error) => {
                    tracing::error!(certification = %id, error = &error as &dyn std::error::Error, "not certified");
                }
            }
        }
        Ok(finished)
    }
}

/// The certificate of an audit as it ended, worked out from its lines and findings.
async fn certificate(conn: &mut Conn, row: &certifications::Certification) -> Result<LabelCertificate> {
    let internal = |message: String| PipelineError::Internal(format!("certification {}: {message}", row.id));
    let frozen: Frozen = parsed("certifications.frozen", &row.frozen)?;
    let (mut units, mut after) = (Vec::new(), None);
    loop {
        let page = certifications::units_after(conn, row.id, after, UNITS_PER_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.item_id);
        for unit in &page {
            units.push(known(&unit.line)?);
        }
    }
    let judged = certifications::judged(conn, row.id).await?;
    let through = without_gap(&judged);
    let findings = through.iter().map(|unit| finding(unit, &frozen.counts)).collect::<Result<Vec<_>>>()?;
    let entropy =
        hex::decode(row.entropy.as_deref().unwrap_or_default()).map_err(|e| internal(e.to_string()))?;
    let certificate = certify(frozen.root, &entropy, &frozen.plan, &units, &findings)
        .map_err(|e| internal(e.to_string()))?;
    let mut names = BTreeMap::new();
    for unit in through {
        if let Some(user) = unit.auditor_id {
            let name = names.entry(user).or_insert((String::new(), 0_u64));
            name.1 += 1;
            if name.1 == 1 {
                name.0 = users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name);
            }
        }
    }
    let auditor = |(user, (printed_name, units)): (countersign_model::UserId, (String, u64))| AuditorRef {
        actor: user.to_string(),
        printed_name,
        units,
    };
    Ok(LabelCertificate {
        kind: KIND.to_owned(),
        version: FORM_VERSION,
        statement: certificate.statement(),
        frozen: row.frozen.clone(),
        frozen_at: row.frozen_at.to_string(),
        seeded_at: row.seeded_at.map_or_else(String::new, |at| at.to_string()),
        stop: row.stop.clone().unwrap_or_default(),
        auditors: names.into_iter().map(auditor).collect(),
        findings_sha256: Hash::of(findings_text(&judged)?.as_bytes()),
        certificate,
    })
}
