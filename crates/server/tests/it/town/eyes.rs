//! A study of people's eyes.

use countersign_model::{AppraisalId, UserId};
use countersign_store::{Actor, Evidence, StoreError, appraisals};

use super::Town;

impl Town {
    /// A study of the annotator's eyes that is being judged.
    pub(super) async fn studies_eyes(&mut self) {
        let (project, annotator) = (self.images, UserId(self.annotator));
        let id = self.house.pipeline.store.write::<_, StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let id: AppraisalId = tx.fresh();
                let event = tx.record(Evidence::new("appraisal.frozen", "appraisal", id.uuid()).project(project))?;
                let bar = serde_json::json!({ "effectiveness": 0.9, "miss": 0.02, "false_alarm": 0.05 });
                let frozen = serde_json::json!({
                    "version": 1, "project": project, "name": "s", "question": "?", "classes": [], "root": "00".repeat(32),
                    "parts": 0, "bad": 0, "borderline": 0, "appraisers": [annotator], "trials": 2, "rest_seconds": 0,
                    "qualification": "eyes", "valid_days": 90, "confidence": 0.95,
                    "limits": { "acceptable": bar, "marginal": bar },
                });
                let row = appraisals::Appraisal {
                    id,
                    project_id: project,
                    name: "s".into(),
                    state: "judging".into(),
                    frozen: frozen.to_string(),
                    frozen_hash: "00".repeat(32),
                    qualification: "eyes".into(),
                    trials: 2,
                    rest_seconds: 0,
                    entropy: None,
                    seed: None,
                    stop: None,
                    figures: None,
                    opened_by: None,
                    frozen_at: tx.now(),
                    frozen_event: event,
                    seeded_at: None,
                    seeded_event: None,
                    ended_at: None,
                    ended_event: None,
                    issued_by: None,
                    issued_at: None,
                    issued_event: None,
                };
                let person = appraisals::Appraiser {
                    appraisal_id: id,
                    user_id: annotator,
                    verdict: None,
                    qualification_id: None,
                };
                appraisals::insert(tx, row, vec![], vec![person]).await?;
                Ok(id)
            })
        });
        self.ids.insert("appraisal", id.await.unwrap().to_string());
    }
}
