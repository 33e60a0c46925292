-- Models that segment by clicks, as registered; at most one of a project is in force. What a model was shown is kept once
-- for each task and frame.
CREATE TABLE click_models (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), name TEXT NOT NULL, version TEXT NOT NULL,
  url TEXT NOT NULL, registered_by UUID REFERENCES users (id), registered_at BIGINT NOT NULL,
  retired_by UUID REFERENCES users (id), retired_at BIGINT, retire_reason TEXT
);
CREATE INDEX click_models_by_project ON click_models (project_id, id);
CREATE UNIQUE INDEX click_models_in_force ON click_models (project_id) WHERE retired_at IS NULL;

CREATE TABLE click_looks (
  task_id UUID NOT NULL REFERENCES tasks (id), stream BIGINT NOT NULL, frame BIGINT NOT NULL,
  model_id UUID NOT NULL REFERENCES click_models (id), asset_id UUID NOT NULL REFERENCES assets (id),
  at BIGINT NOT NULL, PRIMARY KEY (task_id, stream, frame, model_id)
);
CREATE INDEX click_looks_by_asset ON click_looks (asset_id);
