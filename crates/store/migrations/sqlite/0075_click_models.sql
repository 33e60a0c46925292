-- Models that segment by clicks, as registered; at most one of a project is in force. What a model was shown is kept once
-- for each task and frame.
CREATE TABLE click_models (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), name TEXT NOT NULL, version TEXT NOT NULL,
  url TEXT NOT NULL, registered_by BLOB REFERENCES users (id), registered_at INTEGER NOT NULL,
  retired_by BLOB REFERENCES users (id), retired_at INTEGER, retire_reason TEXT
) STRICT;
CREATE INDEX click_models_by_project ON click_models (project_id, id);
CREATE UNIQUE INDEX click_models_in_force ON click_models (project_id) WHERE retired_at IS NULL;

CREATE TABLE click_looks (
  task_id BLOB NOT NULL REFERENCES tasks (id), stream INTEGER NOT NULL, frame INTEGER NOT NULL,
  model_id BLOB NOT NULL REFERENCES click_models (id), asset_id BLOB NOT NULL REFERENCES assets (id),
  at INTEGER NOT NULL, PRIMARY KEY (task_id, stream, frame, model_id)
) STRICT;
CREATE INDEX click_looks_by_asset ON click_looks (asset_id);
