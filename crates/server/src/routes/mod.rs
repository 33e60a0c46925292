//! The routes, one file per resource.

mod adjudicate;
mod agreement;
mod alerts;
mod appeals;
mod appraisals;
mod batches;
mod breach;
mod certifications;
mod click_models;
mod consensus;
pub mod document;
mod draft_models;
mod evidence;
mod face_models;
mod findings;
mod gate;
mod gate_masks;
mod gate_rules;
mod gold;
mod grants;
mod guidelines;
mod health;
mod holds;
mod home;
mod ingest;
mod inspection;
mod items;
mod label_errors;
mod leaks;
pub mod live;
mod log;
mod me;
mod monitor;
mod ontology;
mod organizations;
mod overdue;
mod oversight;
mod pixels;
mod privacy;
mod projects;
pub mod protocol_schema;
mod protocols;
mod qualifications;
mod reads;
mod records;
mod releases;
mod rework;
mod risks;
mod session;
mod stow;
mod suggestions;
mod tasks;
mod tickets;
mod tiers;
mod users;
mod vendors;

use axum::{
    extract::DefaultBodyLimit,
    http::{Extensions, HeaderMap, StatusCode, Version, header},
    middleware,
};
use utoipa_axum::router::OpenApiRouter;

use crate::{App, extract::JSON_BYTES_MAX, observe::bounded};

/// Everything below `/api`.
pub fn all() -> OpenApiRouter<App> {
    let quick = OpenApiRouter::new()
        .merge(session::routes())
        .merge(me::routes())
        .merge(alerts::routes())
        .merge(users::routes())
        .merge(organizations::routes())
        .merge(projects::routes())
        .merge(protocols::routes())
        .merge(protocol_schema::routes())
        .merge(grants::routes())
        .merge(ingest::routes())
        .merge(items::routes())
        .merge(pixels::routes())
        .merge(evidence::routes())
        .merge(holds::routes())
        .merge(draft_models::routes())
        .merge(gate::routes())
        .merge(privacy::routes())
        .merge(gate_masks::routes())
        .merge(gate_rules::routes())
        .merge(records::routes())
        .merge(oversight::routes())
        .merge(certifications::routes())
        .merge(batches::routes())
        .merge(appraisals::routes())
        .merge(monitor::routes())
        .merge(tickets::routes())
        .merge(label_errors::routes())
        .merge(qualifications::routes())
        .merge(guidelines::routes())
        .merge(ontology::routes())
        .merge(leaks::routes())
        .merge(rework::routes())
        .merge(risks::routes())
        .merge(face_models::routes())
        .merge(click_models::routes())
        .merge(tasks::routes())
        .merge(adjudicate::routes())
        .merge(reads::routes())
        .merge(findings::routes())
        .merge(appeals::routes())
        .merge(releases::routes())
        .merge(log::routes())
        .merge(home::routes())
        .merge(overdue::routes())
        .layer(middleware::from_fn(bounded));
    // Uploads, imports, releases and streams take as long as they take.
    let long = OpenApiRouter::new()
        .merge(ingest::long_routes())
        .merge(stow::long_routes())
        .merge(certifications::long_routes())
        .merge(batches::long_routes())
        .merge(appraisals::long_routes())
        .merge(releases::long_routes())
        .merge(face_models::long_routes())
        .merge(breach::long_routes())
        .merge(inspection::long_routes())
        .merge(agreement::long_routes())
        .merge(monitor::long_routes())
        .merge(consensus::long_routes())
        .merge(suggestions::long_routes())
        .merge(gold::long_routes())
        .merge(tiers::long_routes())
        .merge(vendors::long_routes())
        .merge(live::routes());
    let v1 = quick.merge(long).layer(DefaultBodyLimit::max(JSON_BYTES_MAX));
    health::routes().nest("/v1", v1)
}

/// What gzip is spent on: text and points. Pictures are packed already, and a live stream must not wait for a buffer.
pub fn worth_packing(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    matches!(kind, "application/json" | "application/problem+json" | "text/plain" | pixels::POINTS)
}
