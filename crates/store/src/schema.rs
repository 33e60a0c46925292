//! Migrations: numbered, one folder per engine, applied in order at start.

use std::collections::BTreeSet;

use crate::{Conn, Engine, StoreError};

/// One step: its number and its text for both engines.
struct Step {
    version: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Every step, oldest first. A step that was shipped never changes.
const STEPS: &[Step] = &[
    Step {
        version: 1,
        sqlite: include_str!("../migrations/sqlite/0001_start.sql"),
        postgres: include_str!("../migrations/postgres/0001_start.sql"),
    },
    Step {
        version: 2,
        sqlite: include_str!("../migrations/sqlite/0002_shared_assets.sql"),
        postgres: include_str!("../migrations/postgres/0002_shared_assets.sql"),
    },
    Step {
        version: 4,
        sqlite: include_str!("../migrations/sqlite/0004_gate.sql"),
        postgres: include_str!("../migrations/postgres/0004_gate.sql"),
    },
    Step {
        version: 5,
        sqlite: include_str!("../migrations/sqlite/0005_subjects.sql"),
        postgres: include_str!("../migrations/postgres/0005_subjects.sql"),
    },
    Step {
        version: 6,
        sqlite: include_str!("../migrations/sqlite/0006_privacy_evidence.sql"),
        postgres: include_str!("../migrations/postgres/0006_privacy_evidence.sql"),
    },
    Step {
        version: 7,
        sqlite: include_str!("../migrations/sqlite/0007_risks.sql"),
        postgres: include_str!("../migrations/postgres/0007_risks.sql"),
    },
    Step {
        version: 8,
        sqlite: include_str!("../migrations/sqlite/0008_face_models.sql"),
        postgres: include_str!("../migrations/postgres/0008_face_models.sql"),
    },
    Step {
        version: 9,
        sqlite: include_str!("../migrations/sqlite/0009_reading.sql"),
        postgres: include_str!("../migrations/postgres/0009_reading.sql"),
    },
    Step {
        version: 10,
        sqlite: include_str!("../migrations/sqlite/0010_certifications.sql"),
        postgres: include_str!("../migrations/postgres/0010_certifications.sql"),
    },
    Step {
        version: 11,
        sqlite: include_str!("../migrations/sqlite/0011_user_keys.sql"),
        postgres: include_str!("../migrations/postgres/0011_user_keys.sql"),
    },
    Step {
        version: 12,
        sqlite: include_str!("../migrations/sqlite/0012_witnesses.sql"),
        postgres: include_str!("../migrations/postgres/0012_witnesses.sql"),
    },
    Step {
        version: 16,
        sqlite: include_str!("../migrations/sqlite/0016_monitoring.sql"),
        postgres: include_str!("../migrations/postgres/0016_monitoring.sql"),
    },
    Step {
        version: 17,
        sqlite: include_str!("../migrations/sqlite/0017_protocols.sql"),
        postgres: include_str!("../migrations/postgres/0017_protocols.sql"),
    },
    Step {
        version: 18,
        sqlite: include_str!("../migrations/sqlite/0018_signing.sql"),
        postgres: include_str!("../migrations/postgres/0018_signing.sql"),
    },
    Step {
        version: 19,
        sqlite: include_str!("../migrations/sqlite/0019_findings.sql"),
        postgres: include_str!("../migrations/postgres/0019_findings.sql"),
    },
    Step {
        version: 20,
        sqlite: include_str!("../migrations/sqlite/0020_qualifications.sql"),
        postgres: include_str!("../migrations/postgres/0020_qualifications.sql"),
    },
    Step {
        version: 21,
        sqlite: include_str!("../migrations/sqlite/0021_guidelines.sql"),
        postgres: include_str!("../migrations/postgres/0021_guidelines.sql"),
    },
    Step {
        version: 22,
        sqlite: include_str!("../migrations/sqlite/0022_ontology.sql"),
        postgres: include_str!("../migrations/postgres/0022_ontology.sql"),
    },
    Step {
        version: 23,
        sqlite: include_str!("../migrations/sqlite/0023_carried_releases.sql"),
        postgres: include_str!("../migrations/postgres/0023_carried_releases.sql"),
    },
    Step {
        version: 24,
        sqlite: include_str!("../migrations/sqlite/0024_papers.sql"),
        postgres: include_str!("../migrations/postgres/0024_papers.sql"),
    },
    Step {
        version: 25,
        sqlite: include_str!("../migrations/sqlite/0025_batches.sql"),
        postgres: include_str!("../migrations/postgres/0025_batches.sql"),
    },
    Step {
        version: 26,
        sqlite: include_str!("../migrations/sqlite/0026_tickets.sql"),
        postgres: include_str!("../migrations/postgres/0026_tickets.sql"),
    },
    Step {
        version: 30,
        sqlite: include_str!("../migrations/sqlite/0030_release_format.sql"),
        postgres: include_str!("../migrations/postgres/0030_release_format.sql"),
    },
    Step {
        version: 31,
        sqlite: include_str!("../migrations/sqlite/0031_renewed_looks.sql"),
        postgres: include_str!("../migrations/postgres/0031_renewed_looks.sql"),
    },
    Step {
        version: 36,
        sqlite: include_str!("../migrations/sqlite/0036_draft_stops.sql"),
        postgres: include_str!("../migrations/postgres/0036_draft_stops.sql"),
    },
    Step {
        version: 37,
        sqlite: include_str!("../migrations/sqlite/0037_campaigns_wait.sql"),
        postgres: include_str!("../migrations/postgres/0037_campaigns_wait.sql"),
    },
    Step {
        version: 38,
        sqlite: include_str!("../migrations/sqlite/0038_protocol_signatures.sql"),
        postgres: include_str!("../migrations/postgres/0038_protocol_signatures.sql"),
    },
    Step {
        version: 39,
        sqlite: include_str!("../migrations/sqlite/0039_protocol_plans.sql"),
        postgres: include_str!("../migrations/postgres/0039_protocol_plans.sql"),
    },
    Step {
        version: 40,
        sqlite: include_str!("../migrations/sqlite/0040_lineage.sql"),
        postgres: include_str!("../migrations/postgres/0040_lineage.sql"),
    },
    Step {
        version: 41,
        sqlite: include_str!("../migrations/sqlite/0041_suggestions.sql"),
        postgres: include_str!("../migrations/postgres/0041_suggestions.sql"),
    },
    Step {
        version: 42,
        sqlite: include_str!("../migrations/sqlite/0042_answers.sql"),
        postgres: include_str!("../migrations/postgres/0042_answers.sql"),
    },
    Step {
        version: 44,
        sqlite: include_str!("../migrations/sqlite/0044_wide_holds.sql"),
        postgres: include_str!("../migrations/postgres/0044_wide_holds.sql"),
    },
    Step {
        version: 51,
        sqlite: include_str!("../migrations/sqlite/0051_signed_acts.sql"),
        postgres: include_str!("../migrations/postgres/0051_signed_acts.sql"),
    },
    Step {
        version: 53,
        sqlite: include_str!("../migrations/sqlite/0053_looks_by_event.sql"),
        postgres: include_str!("../migrations/postgres/0053_looks_by_event.sql"),
    },
    Step {
        version: 55,
        sqlite: include_str!("../migrations/sqlite/0055_guideline_deviations.sql"),
        postgres: include_str!("../migrations/postgres/0055_guideline_deviations.sql"),
    },
    Step {
        version: 61,
        sqlite: include_str!("../migrations/sqlite/0061_rulings.sql"),
        postgres: include_str!("../migrations/postgres/0061_rulings.sql"),
    },
    Step {
        version: 62,
        sqlite: include_str!("../migrations/sqlite/0062_judged_suggestions.sql"),
        postgres: include_str!("../migrations/postgres/0062_judged_suggestions.sql"),
    },
    Step {
        version: 63,
        sqlite: include_str!("../migrations/sqlite/0063_model_stops.sql"),
        postgres: include_str!("../migrations/postgres/0063_model_stops.sql"),
    },
    Step {
        version: 64,
        sqlite: include_str!("../migrations/sqlite/0064_planned_ontology.sql"),
        postgres: include_str!("../migrations/postgres/0064_planned_ontology.sql"),
    },
    Step {
        version: 65,
        sqlite: include_str!("../migrations/sqlite/0065_guideline_plans.sql"),
        postgres: include_str!("../migrations/postgres/0065_guideline_plans.sql"),
    },
    Step {
        version: 66,
        sqlite: include_str!("../migrations/sqlite/0066_gold.sql"),
        postgres: include_str!("../migrations/postgres/0066_gold.sql"),
    },
    Step {
        version: 68,
        sqlite: include_str!("../migrations/sqlite/0068_contracts.sql"),
        postgres: include_str!("../migrations/postgres/0068_contracts.sql"),
    },
    Step {
        version: 69,
        sqlite: include_str!("../migrations/sqlite/0069_vendors.sql"),
        postgres: include_str!("../migrations/postgres/0069_vendors.sql"),
    },
    Step {
        version: 70,
        sqlite: include_str!("../migrations/sqlite/0070_appraisals.sql"),
        postgres: include_str!("../migrations/postgres/0070_appraisals.sql"),
    },
    Step {
        version: 72,
        sqlite: include_str!("../migrations/sqlite/0072_label_errors.sql"),
        postgres: include_str!("../migrations/postgres/0072_label_errors.sql"),
    },
    Step {
        version: 73,
        sqlite: include_str!("../migrations/sqlite/0073_streams.sql"),
        postgres: include_str!("../migrations/postgres/0073_streams.sql"),
    },
    Step {
        version: 74,
        sqlite: include_str!("../migrations/sqlite/0074_paid_work.sql"),
        postgres: include_str!("../migrations/postgres/0074_paid_work.sql"),
    },
    Step {
        version: 75,
        sqlite: include_str!("../migrations/sqlite/0075_click_models.sql"),
        postgres: include_str!("../migrations/postgres/0075_click_models.sql"),
    },
    Step {
        version: 76,
        sqlite: include_str!("../migrations/sqlite/0076_strata.sql"),
        postgres: include_str!("../migrations/postgres/0076_strata.sql"),
    },
    Step {
        version: 77,
        sqlite: include_str!("../migrations/sqlite/0077_doubted_tags.sql"),
        postgres: include_str!("../migrations/postgres/0077_doubted_tags.sql"),
    },
    Step {
        version: 78,
        sqlite: include_str!("../migrations/sqlite/0078_records.sql"),
        postgres: include_str!("../migrations/postgres/0078_records.sql"),
    },
];

/// The newest schema version that this program knows.
pub(crate) fn newest() -> i64 {
    STEPS.last().map_or(0, |step| step.version)
}

/// Key of the PostgreSQL advisory lock that keeps two starting programs from migrating at once.
const MIGRATION_LOCK: i64 = 0x636f_756e_7465_7201;

/// Brings the schema up to date within the transaction that `conn` is in.
///
/// # Errors
/// [`StoreError::NewerSchema`] when a newer program was here.
pub(crate) async fn migrate(conn: &mut Conn) -> Result<(), StoreError> {
    if conn.engine() == Engine::Postgres {
        conn.query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).fetch_all().await?;
    }
    conn.query("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)").execute().await?;
    let rows = conn.query("SELECT version FROM schema_versions").fetch_all().await?;
    let done = rows.iter().map(|row| row.get("version")).collect::<Result<BTreeSet<i64>, _>>()?;
    if let Some(&found) = done.last().filter(|found| **found > newest()) {
        return Err(StoreError::NewerSchema { found, known: newest() });
    }
    // Asked step by step: a step may be finished after one with a higher number.
    for step in STEPS.iter().filter(|step| !done.contains(&step.version)) {
        let text = match conn.engine() {
            Engine::Sqlite => step.sqlite,
            Engine::Postgres => step.postgres,
        };
        for statement in statements(text) {
            conn.query(statement).execute().await?;
        }
        conn.query("INSERT INTO schema_versions (version) VALUES ($1)").bind(step.version).execute().await?;
    }
    Ok(())
}

/// Splits a migration at the semicolons that end a line; migrations hold no other text than DDL and comments.
fn statements(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}
