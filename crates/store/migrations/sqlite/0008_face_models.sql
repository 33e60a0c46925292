-- Models that find faces and plates, as registered (never changed: another configuration is another revision), and their
-- acceptance runs on labelled frames.
CREATE TABLE face_models (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), name TEXT NOT NULL, revision INTEGER NOT NULL,
  config TEXT NOT NULL, config_hash TEXT NOT NULL, registered_by BLOB REFERENCES users (id),
  registered_at INTEGER NOT NULL, retired_at INTEGER, UNIQUE (project_id, name, revision)
) STRICT;

CREATE TABLE face_runs (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  model_id BLOB NOT NULL REFERENCES face_models (id),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')), sample_hash TEXT NOT NULL,
  confidence REAL NOT NULL, cover REAL NOT NULL, widened REAL NOT NULL, frames INTEGER NOT NULL, looked INTEGER NOT NULL,
  faces INTEGER NOT NULL, faces_hidden INTEGER, faces_bound REAL, plates INTEGER NOT NULL, plates_hidden INTEGER,
  plates_bound REAL, masked_share REAL, error_code TEXT, opened_by BLOB REFERENCES users (id),
  opened_at INTEGER NOT NULL, closed_at INTEGER
) STRICT;
CREATE INDEX face_runs_by_model ON face_runs (model_id, id);

CREATE TABLE face_frames (
  run_id BLOB NOT NULL REFERENCES face_runs (id), position INTEGER NOT NULL,
  asset_id BLOB NOT NULL REFERENCES assets (id), masked REAL, PRIMARY KEY (run_id, position)
) STRICT;
CREATE INDEX face_frames_by_asset ON face_frames (asset_id);

CREATE TABLE face_labels (
  run_id BLOB NOT NULL REFERENCES face_runs (id), position INTEGER NOT NULL,
  asset_id BLOB NOT NULL REFERENCES assets (id), kind TEXT NOT NULL, x REAL NOT NULL, y REAL NOT NULL,
  width REAL NOT NULL, height REAL NOT NULL, covered REAL, PRIMARY KEY (run_id, position)
) STRICT;
CREATE INDEX face_labels_by_asset ON face_labels (asset_id);

-- What a model found in a frame at the gate: each frame is given away once.
CREATE TABLE face_looks (
  model_id BLOB NOT NULL REFERENCES face_models (id), asset_id BLOB NOT NULL REFERENCES assets (id), found TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (model_id, asset_id)
) STRICT;
CREATE INDEX face_looks_by_asset ON face_looks (asset_id);
