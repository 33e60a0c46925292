-- Models that find faces and plates, as registered (never changed: another configuration is another revision), and their
-- acceptance runs on labelled frames.
CREATE TABLE face_models (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), name TEXT NOT NULL, revision BIGINT NOT NULL,
  config TEXT NOT NULL, config_hash TEXT NOT NULL, registered_by UUID REFERENCES users (id),
  registered_at BIGINT NOT NULL, retired_at BIGINT, UNIQUE (project_id, name, revision)
);

CREATE TABLE face_runs (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  model_id UUID NOT NULL REFERENCES face_models (id),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')), sample_hash TEXT NOT NULL,
  confidence DOUBLE PRECISION NOT NULL, cover DOUBLE PRECISION NOT NULL, widened DOUBLE PRECISION NOT NULL, frames BIGINT NOT NULL, looked BIGINT NOT NULL,
  faces BIGINT NOT NULL, faces_hidden BIGINT, faces_bound DOUBLE PRECISION, plates BIGINT NOT NULL, plates_hidden BIGINT,
  plates_bound DOUBLE PRECISION, masked_share DOUBLE PRECISION, error_code TEXT, opened_by UUID REFERENCES users (id),
  opened_at BIGINT NOT NULL, closed_at BIGINT
);
CREATE INDEX face_runs_by_model ON face_runs (model_id, id);

CREATE TABLE face_frames (
  run_id UUID NOT NULL REFERENCES face_runs (id), position BIGINT NOT NULL,
  asset_id UUID NOT NULL REFERENCES assets (id), masked DOUBLE PRECISION, PRIMARY KEY (run_id, position)
);
CREATE INDEX face_frames_by_asset ON face_frames (asset_id);

CREATE TABLE face_labels (
  run_id UUID NOT NULL REFERENCES face_runs (id), position BIGINT NOT NULL,
  asset_id UUID NOT NULL REFERENCES assets (id), kind TEXT NOT NULL, x DOUBLE PRECISION NOT NULL, y DOUBLE PRECISION NOT NULL,
  width DOUBLE PRECISION NOT NULL, height DOUBLE PRECISION NOT NULL, covered DOUBLE PRECISION, PRIMARY KEY (run_id, position)
);
CREATE INDEX face_labels_by_asset ON face_labels (asset_id);

-- What a model found in a frame at the gate: each frame is given away once.
CREATE TABLE face_looks (
  model_id UUID NOT NULL REFERENCES face_models (id), asset_id UUID NOT NULL REFERENCES assets (id), found TEXT NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY (model_id, asset_id)
);
CREATE INDEX face_looks_by_asset ON face_looks (asset_id);
