-- Drafting models that were stopped in a project: by whom, why, and until when.
CREATE TABLE draft_stops (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), model TEXT NOT NULL, reason TEXT NOT NULL,
  stopped_by UUID NOT NULL REFERENCES users (id), stopped_at BIGINT NOT NULL,
  resumed_by UUID REFERENCES users (id), resumed_at BIGINT, resume_reason TEXT
);
CREATE UNIQUE INDEX draft_stops_open ON draft_stops (project_id, model) WHERE resumed_at IS NULL;
