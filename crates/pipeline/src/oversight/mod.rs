//! After the gate: what it did to each file, sampled audits of what it cleared, and leaks that recall a batch.

mod audit;
mod leak;
mod report;
mod risks;

pub use audit::{AuditAnswer, AuditItemView, AuditSample, AuditVerdict, AuditView};
pub use leak::{AffectedRelease, LeakChoice, LeakItemView, LeakPlace, LeakView, WitnessView};
pub use report::{ActionCount, CleaningView, HarborClass, PrivacyReport, RuleSet};
pub use risks::{ItemRiskView, RiskWaiver};
