-- Drafting models that were stopped in every project at once: by whom, why, and until when.
CREATE TABLE model_stops (
  id BLOB PRIMARY KEY, model TEXT NOT NULL, reason TEXT NOT NULL, stopped_by BLOB NOT NULL REFERENCES users (id),
  stopped_at INTEGER NOT NULL, resumed_by BLOB REFERENCES users (id), resumed_at INTEGER, resume_reason TEXT
) STRICT;
CREATE UNIQUE INDEX model_stops_open ON model_stops (model) WHERE resumed_at IS NULL;
