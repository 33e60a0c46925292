//! Adjudication: deciding between reads that differ, and what came of comparing reads.

use axum::{Json, extract::State};
use countersign_model::{AnnotationId, ItemId, TaskId};
use countersign_pipeline::{
    adjudicate::{MergedMark, Ruling},
    compare::ComparisonView,
    work::{Change, Standing},
};
use countersign_workflow as workflow;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch, Search},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(adjudicate)).routes(routes!(merged)).routes(routes!(comparisons))
}

/// What an adjudicator can do.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AdjudicateDecision {
    /// Decide: their own read stands.
    Decide,
    /// Hand the decision on to the role that the protocol names.
    Escalate,
}

/// A decision between reads.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Adjudication {
    fence: u64,
    decision: AdjudicateDecision,
    /// Why the reads differ, or why the decision is handed on: `ambiguous_guideline`, `perceptual_miss`, `technique`,
    /// `boundary`, `tool_error`, `interpretation` or `other`.
    reason: Option<String>,
    /// In words.
    comment: Option<String>,
    /// Changes that were not saved yet.
    #[serde(default)]
    changes: Vec<Change>,
}

/// Decides between reads that differ, or hands the decision on.
#[utoipa::path(
    post, path = "/tasks/{task}/adjudicate", tag = "work",
    params(("task" = TaskId, Path), ("If-Match" = String, Header, description = "The revision in quotes.")),
    request_body = Adjudication, responses((status = 200, body = Standing))
)]
async fn adjudicate(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    IfMatch(revision): IfMatch,
    Body(body): Body<Adjudication>,
) -> Result<Json<Standing>, Problem> {
    let ruling = Ruling {
        decision: match body.decision {
            AdjudicateDecision::Decide => workflow::AdjudicateDecision::Decide,
            AdjudicateDecision::Escalate => workflow::AdjudicateDecision::Escalate,
        },
        reason: body.reason,
        comment: body.comment,
    };
    Ok(Json(app.pipeline.adjudicate(&caller, task, body.fence, revision, body.changes, ruling).await?))
}

/// Which marks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Chosen {
    /// Ids of two marks or more of one finding that readers differ about, with commas between them.
    #[serde(default)]
    marks: String,
}

/// Several readers' marks of one finding as one mark, by the merge rule of the comparison. For whoever decides between them; nothing
/// is kept of it.
#[utoipa::path(
    get, path = "/tasks/{task}/merged", tag = "work", params(("task" = TaskId, Path), Chosen),
    responses((status = 200, body = MergedMark))
)]
async fn merged(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    Search(chosen): Search<Chosen>,
) -> Result<Json<MergedMark>, Problem> {
    // What is no id names no mark.
    let marks: Vec<AnnotationId> = chosen.marks.split(',').filter_map(|id| id.trim().parse().ok()).collect();
    Ok(Json(app.pipeline.merged_mark(&caller, task, &marks).await?))
}

/// What came of comparing the independent reads of an item. Not found for whoever may still be called to work on it.
#[utoipa::path(
    get, path = "/items/{item}/comparisons", tag = "items", params(("item" = ItemId, Path)),
    responses((status = 200, body = Vec<ComparisonView>))
)]
async fn comparisons(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
) -> Result<Json<Vec<ComparisonView>>, Problem> {
    Ok(Json(app.pipeline.item_comparisons(&caller, item).await?))
}
