//! Work: claiming a task, keeping it, giving it back, submitting, reviewing, signing.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{Instant, ItemId, ProjectId, ReturnTo, Role, TaskId};
use countersign_pipeline::{
    review::{MarkAnswer, Verdict},
    sign::Countersigning,
    signing::Components,
    views::{ReadView, Work, WorkTask},
    work::{Change, Standing, Wish},
};
use countersign_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(claim))
        .routes(routes!(my_tasks))
        .routes(routes!(task))
        .routes(routes!(renew))
        .routes(routes!(give_back))
        .routes(routes!(draft))
        .routes(routes!(submit))
        .routes(routes!(review))
        .routes(routes!(sign))
}

/// Which task is wanted; everything absent means whatever is next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Claim {
    /// Only this stage, by its id in the protocol.
    stage: Option<String>,
    /// Only tasks of this role.
    role: Option<Role>,
    /// Only this item's task.
    item: Option<ItemId>,
}

/// The fencing token of a claim.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Fence {
    fence: u64,
}

/// The end of a lease.
#[derive(Serialize, ToSchema)]
struct Lease {
    lease_until: Instant,
}

/// A submission.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Submission {
    fence: u64,
    /// Changes that were not saved yet.
    #[serde(default)]
    changes: Vec<Change>,
}

/// Is each mark right?
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReviewDecision {
    /// As it is.
    Accept,
    /// After the reviewer's own corrections.
    Fix,
    /// Back to its author.
    Reject,
}

/// Is anything missing?
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// Nothing is.
    Nothing,
    /// Something was; the reviewer added it.
    Added,
}

/// A reviewer's answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Review {
    fence: u64,
    decision: ReviewDecision,
    /// Is this mark right? For those of the marks that were answered one by one.
    #[serde(default)]
    marks: Vec<MarkAnswer>,
    /// All marks that were not answered one by one are right; needed for `accept` and `fix` where some were not.
    #[serde(default)]
    all_right: bool,
    /// Must be answered for `accept` and `fix`.
    missing: Option<Missing>,
    /// Reason code; must be given for `reject` and `fix`.
    reason: Option<String>,
    /// In words.
    comment: Option<String>,
    /// To whom a rejected read goes back, where the protocol lets the reviewer choose.
    return_to: Option<ReturnTo>,
    /// The reviewer's corrections that were not saved yet.
    #[serde(default)]
    changes: Vec<Change>,
}

/// What a specialist can decide.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SignDecision {
    /// Countersigned.
    Sign,
    /// Back to its author.
    Reject,
}

/// A signature, or a refusal to sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Signing {
    fence: u64,
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    /// Entered for this signature.
    password: String,
    /// Hash of what was on the screen.
    content_hash: String,
    decision: SignDecision,
    /// Reason code; must be given for `reject`.
    reason: Option<String>,
    /// In words.
    comment: Option<String>,
    /// To whom a rejected read goes back, where the protocol lets the specialist choose.
    return_to: Option<ReturnTo>,
}

/// Takes the next task that fits; two people never get the same one.
#[utoipa::path(
    post, path = "/projects/{project}/tasks/claim", tag = "work", params(("project" = ProjectId, Path)),
    request_body = Claim, responses((status = 200, body = Work))
)]
async fn claim(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<Claim>,
) -> Result<Json<Work>, Problem> {
    let stage = match body.stage {
        Some(id) => {
            let stages = app.pipeline.project(&caller, project).await?.protocol.stages;
            let index =
                stages.iter().position(|stage| stage.id == id).and_then(|index| u32::try_from(index).ok());
            let unknown = || Problem::bad("unknown_stage", "stage", "the protocol has no such stage");
            Some(index.ok_or_else(unknown)?)
        }
        None => None,
    };
    let wish = Wish { role: body.role, item: body.item, stage };
    Ok(Json(app.pipeline.claim(&caller, project, wish).await?))
}

/// The tasks that the caller holds.
#[utoipa::path(get, path = "/me/tasks", tag = "work", responses((status = 200, body = Vec<WorkTask>)))]
async fn my_tasks(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<WorkTask>>, Problem> {
    Ok(Json(app.pipeline.my_tasks(&caller).await?))
}

/// Everything that the workspace needs for a task that the caller holds.
#[utoipa::path(
    get, path = "/tasks/{task}", tag = "work", params(("task" = TaskId, Path)),
    responses((status = 200, body = Work))
)]
async fn task(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
) -> Result<Json<Work>, Problem> {
    Ok(Json(app.pipeline.work(&caller, task).await?))
}

/// Keeps the claim for another while.
#[utoipa::path(
    post, path = "/tasks/{task}/renew", tag = "work", params(("task" = TaskId, Path)), request_body = Fence,
    responses((status = 200, body = Lease))
)]
async fn renew(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    Body(body): Body<Fence>,
) -> Result<Json<Lease>, Problem> {
    Ok(Json(Lease { lease_until: app.pipeline.renew(&caller, task, body.fence).await? }))
}

/// Gives the task back.
#[utoipa::path(
    post, path = "/tasks/{task}/give-back", tag = "work", params(("task" = TaskId, Path)), request_body = Fence,
    responses((status = 204))
)]
async fn give_back(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    Body(body): Body<Fence>,
) -> Result<StatusCode, Problem> {
    app.pipeline.give_back(&caller, task, body.fence).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows the model's draft where the stage shows it on request; that it was shown is on record.
#[utoipa::path(
    post, path = "/tasks/{task}/draft", tag = "work", params(("task" = TaskId, Path)), request_body = Fence,
    responses((status = 200, body = ReadView))
)]
async fn draft(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    Body(body): Body<Fence>,
) -> Result<Json<ReadView>, Problem> {
    Ok(Json(app.pipeline.request_draft(&caller, task, body.fence).await?))
}

/// Locks the caller's read and hands the item on.
#[utoipa::path(
    post, path = "/tasks/{task}/submit", tag = "work",
    params(("task" = TaskId, Path), ("If-Match" = String, Header, description = "The revision in quotes.")),
    request_body = Submission, responses((status = 200, body = Standing))
)]
async fn submit(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    IfMatch(revision): IfMatch,
    Body(body): Body<Submission>,
) -> Result<Json<Standing>, Problem> {
    Ok(Json(app.pipeline.submit(&caller, task, body.fence, revision, body.changes).await?))
}

/// Decides a review: is each mark right, is anything missing?
#[utoipa::path(
    post, path = "/tasks/{task}/review", tag = "work",
    params(("task" = TaskId, Path), ("If-Match" = String, Header, description = "The revision in quotes.")),
    request_body = Review, responses((status = 200, body = Standing))
)]
async fn review(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    IfMatch(revision): IfMatch,
    Body(body): Body<Review>,
) -> Result<Json<Standing>, Problem> {
    let verdict = Verdict {
        marks: body.marks,
        all_right: body.all_right,
        decision: match body.decision {
            ReviewDecision::Accept => workflow::ReviewDecision::Accept,
            ReviewDecision::Fix => workflow::ReviewDecision::Fix,
            ReviewDecision::Reject => workflow::ReviewDecision::Reject,
        },
        missing: body.missing.map(|missing| match missing {
            Missing::Nothing => workflow::Missing::Nothing,
            Missing::Added => workflow::Missing::Added,
        }),
        reason: body.reason,
        comment: body.comment,
        return_to: body.return_to,
    };
    Ok(Json(app.pipeline.review(&caller, task, body.fence, revision, body.changes, verdict).await?))
}

/// Countersigns what stands, or sends it back; the password is asked for every time, the user name at the first time.
#[utoipa::path(
    post, path = "/tasks/{task}/sign", tag = "work", params(("task" = TaskId, Path)), request_body = Signing,
    responses((status = 200, body = Standing))
)]
async fn sign(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    Body(body): Body<Signing>,
) -> Result<Json<Standing>, Problem> {
    let act = Countersigning {
        decision: match body.decision {
            SignDecision::Sign => workflow::SignDecision::Sign,
            SignDecision::Reject => workflow::SignDecision::Reject,
        },
        content_hash: body.content_hash,
        password: Components { login: body.login, password: body.password },
        reason: body.reason,
        comment: body.comment,
        return_to: body.return_to,
    };
    Ok(Json(app.pipeline.countersign(&caller, task, body.fence, act).await?))
}
