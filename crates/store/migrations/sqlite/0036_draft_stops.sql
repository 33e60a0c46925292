-- Drafting models that were stopped in a project: by whom, why, and until when.
CREATE TABLE draft_stops (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), model TEXT NOT NULL, reason TEXT NOT NULL,
  stopped_by BLOB NOT NULL REFERENCES users (id), stopped_at INTEGER NOT NULL,
  resumed_by BLOB REFERENCES users (id), resumed_at INTEGER, resume_reason TEXT
) STRICT;
CREATE UNIQUE INDEX draft_stops_open ON draft_stops (project_id, model) WHERE resumed_at IS NULL;
