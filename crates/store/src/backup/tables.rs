//! The tables of a backup, in an order in which references can be restored, and the spelling of their rows.

use countersign_model::{AssetId, EventId, Instant, ItemId, ProjectId, SessionId, UserId};
use serde_json::Value as JsonValue;
use uuid::Uuid;

use crate::{
    Bind, Kind, Record, Row, StoreError, Value, appeals, appraisals,
    assets::Asset,
    audits, batches, campaigns, certifications, checkpoints, cleanings, click_models, comparisons,
    draft_stops,
    exposures::Exposure,
    face_models, findings,
    gate::{GateEntry, GateReason},
    gold, guideline_plans, guidelines,
    holds::Hold,
    ingests,
    items::Item,
    jobs::Job,
    label_errors, leaks, lineage,
    masks::GateMask,
    monitoring, ontology, organizations, privacy, projects,
    protocol_plans::ProtocolPlan,
    protocols::{ProtocolSignature, ProtocolVersion},
    qualifications, reads, records, releases, risks, sessions, signing, subjects, suggestions,
    tasks::Task,
    tickets, turns, user_keys, users,
    value::record,
    vendors, wide_holds,
};

record! {
    /// A row of `participation`.
    Participation in "participation" {
        /// Item.
        item_id: ItemId,
        /// Who.
        user_id: UserId,
        /// Stage.
        stage: u32,
        /// What they did.
        act: String,
        /// When.
        at: Instant,
    }
}

record! {
    /// A row of `item_assets`.
    SharedAsset in "item_assets" {
        /// Item.
        item_id: ItemId,
        /// Asset whose first item is another one.
        asset_id: AssetId,
    }
}

record! {
    /// A row of `events`.
    EventRow in "events" {
        /// Order.
        ord: i64,
        /// Id.
        id: EventId,
        /// When.
        at: Instant,
        /// Who.
        actor_user: Option<UserId>,
        /// What kind of actor.
        actor_kind: String,
        /// What was done.
        action: String,
        /// Kind of the object.
        object_kind: String,
        /// The object.
        object_id: Option<Uuid>,
        /// Project.
        project_id: Option<ProjectId>,
        /// Item.
        item_id: Option<ItemId>,
        /// Session.
        session_id: Option<SessionId>,
        /// Outcome.
        outcome: String,
        /// Reason.
        reason: Option<String>,
        /// Entry of the log.
        entry: Vec<u8>,
        /// Its index.
        log_index: Option<i64>,
    }
}

record! {
    /// A row of `event_details`.
    EventDetails in "event_details" {
        /// Event.
        event_id: EventId,
        /// Salt.
        salt: Vec<u8>,
        /// Details.
        details: String,
    }
}

record! {
    /// A row of `settings`.
    Setting in "settings" {
        /// Key.
        key: String,
        /// Value.
        value: Vec<u8>,
    }
}

/// A table of a backup.
pub(crate) struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub kinds: &'static [Kind],
}

macro_rules! tables {
    ($($record:ty),+ $(,)?) => {
        /// Every table, those that others refer to first. A test compares the list with both schemas.
        pub(crate) const TABLES: &[Table] = &[$(Table {
            name: <$record>::TABLE,
            columns: <$record>::COLUMNS,
            kinds: <$record>::KINDS,
        }),+];
    };
}
tables! {
    users::Organization, organizations::ContractWarning, users::User, organizations::Move, sessions::Session, sessions::Token, projects::Project, ProtocolVersion, ProtocolSignature, ProtocolPlan,
    projects::Grant, qualifications::Qualification, qualifications::Warning, ingests::Ingest, ingests::IngestRefusal, Item, Asset, SharedAsset, Task, Participation, reads::Read,
    reads::AnnotationRow, reads::Review, guidelines::Guideline, guidelines::Reader, guideline_plans::GuidelinePlan, campaigns::Campaign, campaigns::CampaignItem, ontology::Change, reads::Signature, comparisons::Comparison, comparisons::Adjudication, GateEntry, GateReason, GateMask, Hold, wide_holds::WideHold, wide_holds::WideHoldItem, draft_stops::DraftStop, draft_stops::ModelStop, lineage::ShownDraft, suggestions::Seed, suggestions::Suggestion, gold::Gold, gold::Seed, gold::Copy, gold::Alias, gold::Meeting, gold::GoldResult, Exposure, certifications::Certification,
    certifications::Unit, certifications::Auditor, batches::Batch, batches::Return, batches::Resumption, appraisals::Appraisal, appraisals::Part, appraisals::Appraiser, appraisals::Turn, monitoring::Plan,
    monitoring::Stream, monitoring::Stratum, monitoring::Check, monitoring::Alarm, monitoring::AlarmHold, tickets::Ticket, tickets::Suppressed, label_errors::LabelSearch, label_errors::Doubt, findings::Finding, findings::Note, appeals::Appeal,
    vendors::Mix, vendors::Assignment, vendors::Score, turns::Turn, turns::LostClaim, turns::Ruling, turns::Rate, releases::Release,
    releases::ReleaseItem, cleanings::Cleaning, audits::Audit, audits::AuditItem, leaks::Leak, leaks::LeakItem, risks::ItemRisk,
    face_models::FaceModel, face_models::FaceRun, face_models::FaceFrame, face_models::FaceLabel, face_models::FaceLook, click_models::ClickModel, click_models::ClickLook, subjects::Subject, subjects::SubjectItem,
    subjects::SubjectAsset, records::RecordFile, records::RecordRow, records::ItemAccession, privacy::Request, Job, EventRow, EventDetails, Setting,
    checkpoints::KeptCheckpoint, checkpoints::Witness, user_keys::UserKeys, signing::Acknowledgement, signing::Alert,
}

impl Table {
    /// A row as a JSON array: integers and truth values as such, ids and text as strings, bytes and the bits of
    /// doubles as hexadecimal digits.
    pub fn spell(&self, row: &Row) -> Result<JsonValue, StoreError> {
        let cells = self.columns.iter().zip(self.kinds).map(|(column, kind)| {
            Ok(match kind {
                Kind::Bool => row.get::<Option<bool>>(column)?.map(JsonValue::from),
                Kind::Int => row.get::<Option<i64>>(column)?.map(JsonValue::from),
                Kind::Real => {
                    row.get::<Option<f64>>(column)?.map(|v| hex::encode(v.to_bits().to_be_bytes()).into())
                }
                Kind::Text => row.get::<Option<String>>(column)?.map(JsonValue::from),
                Kind::Bytes => row.get::<Option<Vec<u8>>>(column)?.map(|v| hex::encode(v).into()),
                Kind::Uuid => row.get::<Option<Uuid>>(column)?.map(|v| v.to_string().into()),
            }
            .unwrap_or(JsonValue::Null))
        });
        cells.collect::<Result<_, StoreError>>().map(JsonValue::Array)
    }

    /// The inverse of [`Table::spell`]. `None` when the text is not a row of this table.
    pub fn read(&self, line: &str) -> Option<Vec<Value>> {
        let JsonValue::Array(cells) = serde_json::from_str(line).ok()? else { return None };
        if cells.len() != self.columns.len() {
            return None;
        }
        cells.into_iter().zip(self.kinds).map(|(cell, kind)| cell_value(cell, *kind)).collect()
    }
}

fn cell_value(cell: JsonValue, kind: Kind) -> Option<Value> {
    if cell.is_null() {
        return Some(match kind {
            Kind::Bool => Value::Bool(None),
            Kind::Int => Value::Int(None),
            Kind::Real => Value::Real(None),
            Kind::Text => Value::Text(None),
            Kind::Bytes => Value::Bytes(None),
            Kind::Uuid => Value::Uuid(None),
        });
    }
    Some(match kind {
        Kind::Bool => cell.as_bool()?.value(),
        Kind::Int => cell.as_i64()?.value(),
        Kind::Real => {
            let mut bits = [0; 8];
            hex::decode_to_slice(cell.as_str()?, &mut bits).ok()?;
            f64::from_bits(u64::from_be_bytes(bits)).value()
        }
        Kind::Text => cell.as_str()?.value(),
        Kind::Bytes => hex::decode(cell.as_str()?).ok()?.value(),
        Kind::Uuid => Uuid::parse_str(cell.as_str()?).ok()?.value(),
    })
}
