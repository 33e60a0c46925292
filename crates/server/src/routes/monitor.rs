//! Live monitoring: what is watched, alarms, decisions, and what each person is told of their own work.

use axum::{Json, extract::State};
use countersign_model::{AlarmId, ProjectId, UserId};
use countersign_pipeline::{
    behind::{BehindQuery, BehindView, Part},
    monitor::{
        AlarmDecision, AlarmItemView, AlarmView, CheckView, CorrectionsView, CusumView, EarlierItemView,
        MonitorView,
    },
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, Search},
};

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(behind))
}

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(monitor, set))
        .routes(routes!(checks))
        .routes(routes!(cusum))
        .routes(routes!(corrections))
        .routes(routes!(items))
        .routes(routes!(earlier))
        .routes(routes!(decide))
        .routes(routes!(appeal))
        .routes(routes!(feedback))
}

/// How rare false alarms are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MonitorPlan {
    /// Checks to a false alarm of one person's stream, on average, at least.
    run_length: f64,
}

/// What somebody says against an alarm.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppealWords {
    words: String,
}

/// What is watched in a project, and what waits for a decision.
#[utoipa::path(
    get, path = "/projects/{project}/monitor", tag = "monitor", params(("project" = ProjectId, Path)),
    responses((status = 200, body = MonitorView))
)]
async fn monitor(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<MonitorView>, Problem> {
    Ok(Json(app.pipeline.monitor(&caller, project).await?))
}

/// Sets how rare false alarms are to be; evidence begins anew.
#[utoipa::path(
    put, path = "/projects/{project}/monitor", tag = "monitor", params(("project" = ProjectId, Path)),
    request_body = MonitorPlan, responses((status = 200, body = MonitorView))
)]
async fn set(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(plan): Body<MonitorPlan>,
) -> Result<Json<MonitorView>, Problem> {
    Ok(Json(app.pipeline.set_monitor(&caller, project, plan.run_length).await?))
}

/// Which of a person's streams somebody asks for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct StreamQuery {
    /// As the streams are named; `review` where nothing is said.
    stream: Option<String>,
}

/// The last checks of one stream of one person's work.
#[utoipa::path(
    get, path = "/projects/{project}/monitor/{user}/checks", tag = "monitor",
    params(("project" = ProjectId, Path), ("user" = UserId, Path), StreamQuery),
    responses((status = 200, body = Vec<CheckView>))
)]
async fn checks(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((project, user)): Ids<(ProjectId, UserId)>,
    Search(query): Search<StreamQuery>,
) -> Result<Json<Vec<CheckView>>, Problem> {
    Ok(Json(app.pipeline.monitor_checks(&caller, project, user, query.stream).await?))
}

/// The CUSUM chart of the last checks of one stream of one person's work; nothing where there is no such chart.
#[utoipa::path(
    get, path = "/projects/{project}/monitor/{user}/cusum", tag = "monitor",
    params(("project" = ProjectId, Path), ("user" = UserId, Path), StreamQuery),
    responses((status = 200, body = Option<CusumView>))
)]
async fn cusum(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((project, user)): Ids<(ProjectId, UserId)>,
    Search(query): Search<StreamQuery>,
) -> Result<Json<Option<CusumView>>, Problem> {
    Ok(Json(app.pipeline.monitor_cusum(&caller, project, user, query.stream).await?))
}

/// Which checks of a stream are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ChecksQuery {
    /// As the streams are named; `review` where nothing is said.
    stream: Option<String>,
    /// Which of them: the wrong ones that count where nothing is said.
    #[serde(default)]
    #[param(inline)]
    part: Part,
    /// So many are passed over: `next` of the page before.
    #[serde(default)]
    from: u64,
    /// Page length.
    limit: Option<u32>,
}

/// The items behind the numbers of one stream of one person's work, the newest check first.
#[utoipa::path(
    get, path = "/projects/{project}/monitor/{user}/items", tag = "monitor",
    params(("project" = ProjectId, Path), ("user" = UserId, Path), ChecksQuery),
    responses((status = 200, body = BehindView))
)]
async fn behind(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((project, user)): Ids<(ProjectId, UserId)>,
    Search(query): Search<ChecksQuery>,
) -> Result<Json<BehindView>, Problem> {
    let page = BehindQuery { part: query.part, from: query.from, limit: query.limit };
    Ok(Json(app.pipeline.monitor_items(&caller, (project, user), query.stream, page).await?))
}

/// What reviewers change, class by class.
#[utoipa::path(
    get, path = "/projects/{project}/corrections", tag = "monitor", params(("project" = ProjectId, Path)),
    responses((status = 200, body = CorrectionsView))
)]
async fn corrections(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<CorrectionsView>, Problem> {
    Ok(Json(app.pipeline.corrections(&caller, project).await?))
}

/// What an alarm holds or held.
#[utoipa::path(
    get, path = "/alarms/{alarm}/items", tag = "monitor", params(("alarm" = AlarmId, Path)),
    responses((status = 200, body = Vec<AlarmItemView>))
)]
async fn items(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(alarm): Ids<AlarmId>,
) -> Result<Json<Vec<AlarmItemView>>, Problem> {
    Ok(Json(app.pipeline.alarm_items(&caller, alarm).await?))
}

/// What the person of an alarm handed in last before the estimated change: all of it is to be looked at.
#[utoipa::path(
    get, path = "/alarms/{alarm}/earlier", tag = "monitor", params(("alarm" = AlarmId, Path)),
    responses((status = 200, body = Vec<EarlierItemView>))
)]
async fn earlier(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(alarm): Ids<AlarmId>,
) -> Result<Json<Vec<EarlierItemView>>, Problem> {
    Ok(Json(app.pipeline.alarm_earlier(&caller, alarm).await?))
}

/// Decides an alarm. Neither the person concerned nor anybody whose checks raised it may.
#[utoipa::path(
    post, path = "/alarms/{alarm}/decision", tag = "monitor", params(("alarm" = AlarmId, Path)),
    request_body = AlarmDecision, responses((status = 200, body = AlarmView))
)]
async fn decide(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(alarm): Ids<AlarmId>,
    Body(decision): Body<AlarmDecision>,
) -> Result<Json<AlarmView>, Problem> {
    Ok(Json(app.pipeline.decide_alarm(&caller, alarm, decision).await?))
}

/// Says something against an alarm about the caller's own work.
#[utoipa::path(
    post, path = "/alarms/{alarm}/appeal", tag = "monitor", params(("alarm" = AlarmId, Path)),
    request_body = AppealWords, responses((status = 200, body = AlarmView))
)]
async fn appeal(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(alarm): Ids<AlarmId>,
    Body(body): Body<AppealWords>,
) -> Result<Json<AlarmView>, Problem> {
    Ok(Json(app.pipeline.appeal_alarm(&caller, alarm, body.words).await?))
}

/// What the caller is told of their own work.
#[utoipa::path(get, path = "/me/feedback", tag = "monitor", responses((status = 200, body = Vec<AlarmView>)))]
async fn feedback(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<AlarmView>>, Problem> {
    Ok(Json(app.pipeline.feedback(&caller).await?))
}
