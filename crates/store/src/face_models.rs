//! Models that find faces and plates, and their acceptance runs.

use countersign_model::{
    AssetId, FaceModelConfig, FaceModelId, FaceRunId, Instant, MaskRect, ProjectId, Telltale, UserId,
};

use crate::{
    Conn, Json, Store, StoreError, Tx,
    value::{record, row},
};

record! {
    /// A model as it was registered. It never changes: another configuration is another revision of its name.
    FaceModel in "face_models" {
        /// Id.
        id: FaceModelId,
        /// Project.
        project_id: ProjectId,
        /// Name within the project.
        name: String,
        /// Counts the registrations of this name, from 1.
        revision: u32,
        /// Where it is served, what it takes and answers.
        config: Json<FaceModelConfig>,
        /// SHA-256 of the configuration, hexadecimal.
        config_hash: String,
        /// By whom.
        registered_by: Option<UserId>,
        /// When.
        registered_at: Instant,
        /// Not used any more since then.
        retired_at: Option<Instant>,
    }
}

record! {
    /// An acceptance run of a model on labelled frames.
    FaceRun in "face_runs" {
        /// Id.
        id: FaceRunId,
        /// Project.
        project_id: ProjectId,
        /// Model, and so the configuration.
        model_id: FaceModelId,
        /// `waiting`, `running`, `done` or `failed`.
        state: String,
        /// SHA-256 of frames and labels, hexadecimal.
        sample_hash: String,
        /// One-sided confidence of the bounds, 0 to 1.
        confidence: f64,
        /// Share of a label's area that has to lie under masks.
        cover: f64,
        /// How much wider and higher than found masks are drawn.
        widened: f64,
        /// Frames of the sample.
        frames: u64,
        /// Frames that the model has looked at.
        looked: u64,
        /// Labelled faces.
        faces: u64,
        /// Of these, hidden.
        faces_hidden: Option<u64>,
        /// Lower bound on the share that is hidden.
        faces_bound: Option<f64>,
        /// Labelled plates.
        plates: u64,
        /// Of these, hidden.
        plates_hidden: Option<u64>,
        /// Lower bound on the share that is hidden.
        plates_bound: Option<f64>,
        /// Mean share of a frame that lies under masks.
        masked_share: Option<f64>,
        /// Why it failed.
        error_code: Option<String>,
        /// By whom.
        opened_by: Option<UserId>,
        /// When.
        opened_at: Instant,
        /// Done or failed.
        closed_at: Option<Instant>,
    }
}

record! {
    /// A frame of a run's sample.
    FaceFrame in "face_frames" {
        /// Run.
        run_id: FaceRunId,
        /// Place in the sample, from 0.
        position: u32,
        /// The source in quarantine.
        asset_id: AssetId,
        /// Share of it that lies under masks, once the model looked.
        masked: Option<f64>,
    }
}

record! {
    /// A label of a run's sample.
    FaceLabel in "face_labels" {
        /// Run.
        run_id: FaceRunId,
        /// Place in the sample, from 0.
        position: u32,
        /// The source in quarantine.
        asset_id: AssetId,
        /// What is there.
        kind: Telltale,
        /// Left edge, pixels.
        x: f64,
        /// Upper edge, pixels.
        y: f64,
        /// Width, pixels.
        width: f64,
        /// Height, pixels.
        height: f64,
        /// Share of it that lies under masks, once the model looked.
        covered: Option<f64>,
    }
}

record! {
    /// What a model found in a frame at the gate.
    FaceLook in "face_looks" {
        /// Model.
        model_id: FaceModelId,
        /// The source in quarantine.
        asset_id: AssetId,
        /// Size of the frame and what is in it.
        found: Json<serde_json::Value>,
        /// When.
        at: Instant,
    }
}

row! {
    /// What a run came to.
    FaceRunResult {
        /// Labelled faces that are hidden.
        faces_hidden: u64,
        /// Lower bound on their share.
        faces_bound: f64,
        /// Labelled plates that are hidden.
        plates_hidden: u64,
        /// Lower bound on their share.
        plates_bound: f64,
        /// Mean share of a frame that lies under masks.
        masked_share: f64,
    }
}

impl FaceLabel {
    /// The rectangle.
    pub const fn rect(&self) -> MaskRect {
        MaskRect { x: self.x, y: self.y, width: self.width, height: self.height }
    }
}

/// Registers a model.
///
/// # Errors
/// [`StoreError::Conflict`] when the revision is there.
pub async fn insert(tx: &mut Tx, model: FaceModel) -> Result<(), StoreError> {
    tx.insert(model).await
}

/// A model by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: FaceModelId) -> Result<Option<FaceModel>, StoreError> {
    conn.query("SELECT * FROM face_models WHERE id = $1").bind(id).optional().await
}

/// The newest registration of a name, retired or not.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn newest(
    conn: &mut Conn,
    project: ProjectId,
    name: &str,
) -> Result<Option<FaceModel>, StoreError> {
    let sql = "SELECT * FROM face_models WHERE project_id = $1 AND name = $2 ORDER BY revision DESC LIMIT 1";
    conn.query(sql).bind(project).bind(name.to_owned()).optional().await
}

/// The newest registration of each name of a project, by name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(conn: &mut Conn, project: ProjectId) -> Result<Vec<FaceModel>, StoreError> {
    let sql = "SELECT m.* FROM face_models m WHERE m.project_id = $1 AND m.revision = \
               (SELECT MAX(n.revision) FROM face_models n WHERE n.project_id = $1 AND n.name = m.name) ORDER BY m.name";
    conn.query(sql).bind(project).all().await
}

/// Retires a model; `false` when it was before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn retire(tx: &mut Tx, id: FaceModelId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE face_models SET retired_at = $1 WHERE id = $2 AND retired_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(id).execute().await? > 0)
}

/// Opens a run with its sample.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_run(
    tx: &mut Tx,
    run: FaceRun,
    frames: Vec<FaceFrame>,
    labels: Vec<FaceLabel>,
) -> Result<(), StoreError> {
    tx.insert(run).await?;
    tx.insert_all(frames).await?;
    tx.insert_all(labels).await.map(drop)
}

/// A run by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn run(conn: &mut Conn, id: FaceRunId) -> Result<Option<FaceRun>, StoreError> {
    conn.query("SELECT * FROM face_runs WHERE id = $1").bind(id).optional().await
}

/// Runs of a model, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn runs(conn: &mut Conn, model: FaceModelId, limit: u32) -> Result<Vec<FaceRun>, StoreError> {
    let sql = "SELECT * FROM face_runs WHERE model_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(model).bind(limit).all().await
}

/// The newest run of a model that came to an end. Only it counts: a worse result is not made good by an older one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_done(conn: &mut Conn, model: FaceModelId) -> Result<Option<FaceRun>, StoreError> {
    let sql = "SELECT * FROM face_runs WHERE model_id = $1 AND state = 'done' ORDER BY id DESC LIMIT 1";
    conn.query(sql).bind(model).optional().await
}

/// Ends runs of a model that no job will go on with: its tries are used up.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn fail_orphans(tx: &mut Tx, model: FaceModelId, job_kind: &str) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE face_runs SET state = 'failed', closed_at = $1, error_code = 'job-dead' WHERE model_id = $2 \
               AND state IN ('waiting', 'running') AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = $3 \
               AND j.project_id = face_runs.project_id AND j.state IN ('ready', 'leased'))";
    tx.query(sql).bind(now).bind(model).bind(job_kind.to_owned()).execute().await.map(drop)
}

/// Whether a run of a model waits or is under way.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_running(conn: &mut Conn, model: FaceModelId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM face_runs WHERE model_id = $1 AND state IN ('waiting', 'running')";
    let open: u64 = conn.query(sql).bind(model).fetch_one().await?.get("n")?;
    Ok(open > 0)
}

/// The frames of a run in their order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn frames(conn: &mut Conn, run: FaceRunId) -> Result<Vec<FaceFrame>, StoreError> {
    conn.query("SELECT * FROM face_frames WHERE run_id = $1 ORDER BY position").bind(run).all().await
}

/// The labels of a run in their order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn labels(conn: &mut Conn, run: FaceRunId) -> Result<Vec<FaceLabel>, StoreError> {
    conn.query("SELECT * FROM face_labels WHERE run_id = $1 ORDER BY position").bind(run).all().await
}

/// What a model found in frames that it has looked at.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn looks(
    conn: &mut Conn,
    model: FaceModelId,
    assets: &[AssetId],
) -> Result<Vec<FaceLook>, StoreError> {
    let mut found = Vec::new();
    for asset in assets {
        let sql = "SELECT * FROM face_looks WHERE model_id = $1 AND asset_id = $2";
        found.extend(conn.query(sql).bind(model).bind(*asset).optional().await?);
    }
    Ok(found)
}

/// Keeps what a model found. What was kept first stays.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep_looks(tx: &mut Tx, looks: Vec<FaceLook>) -> Result<(), StoreError> {
    for look in looks {
        let sql = "INSERT INTO face_looks (model_id, asset_id, found, at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT DO NOTHING";
        tx.query(sql)
            .bind(look.model_id)
            .bind(look.asset_id)
            .bind(look.found)
            .bind(look.at)
            .execute()
            .await?;
    }
    Ok(())
}

/// Keeps what the model hid on frames and of labels.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn note_looked(
    tx: &mut Tx,
    run: FaceRunId,
    frames: &[FaceFrame],
    labels: &[FaceLabel],
) -> Result<(), StoreError> {
    for frame in frames {
        let sql = "UPDATE face_frames SET masked = $1 WHERE run_id = $2 AND position = $3";
        tx.query(sql).bind(frame.masked).bind(run).bind(frame.position).execute().await?;
    }
    for label in labels {
        let sql = "UPDATE face_labels SET covered = $1 WHERE run_id = $2 AND position = $3";
        tx.query(sql).bind(label.covered).bind(run).bind(label.position).execute().await?;
    }
    Ok(())
}

/// Ends an open run with its result; `false` when it has ended before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn finish(tx: &mut Tx, run: FaceRunId, result: &FaceRunResult) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE face_runs SET state = 'done', looked = frames, closed_at = $1, faces_hidden = $2, \
               faces_bound = $3, plates_hidden = $4, plates_bound = $5, masked_share = $6 \
               WHERE id = $7 AND state IN ('waiting', 'running')";
    let query = tx.query(sql).bind(now).bind(result.faces_hidden).bind(result.faces_bound);
    let query = query.bind(result.plates_hidden).bind(result.plates_bound).bind(result.masked_share);
    Ok(query.bind(run).execute().await? > 0)
}

/// Ends an open run without a result; `false` when it has ended before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn fail(tx: &mut Tx, run: FaceRunId, code: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE face_runs SET state = 'failed', closed_at = $1, error_code = $2 \
               WHERE id = $3 AND state IN ('waiting', 'running')";
    Ok(tx.query(sql).bind(now).bind(code.to_owned()).bind(run).execute().await? > 0)
}

impl Store {
    /// Notes how far a run is. No evidence: what it is given is recorded frame by frame, what it comes to at its end.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn note_face_run(&self, run: FaceRunId, looked: u64) -> Result<(), StoreError> {
        self.housekeep(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE face_runs SET state = 'running', looked = $1 \
                           WHERE id = $2 AND state IN ('waiting', 'running')";
                tx.query(sql).bind(looked).bind(run).execute().await.map(drop)
            })
        })
        .await
    }
}
