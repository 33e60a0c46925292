-- Drafting models that were stopped in every project at once: by whom, why, and until when.
CREATE TABLE model_stops (
  id UUID PRIMARY KEY, model TEXT NOT NULL, reason TEXT NOT NULL, stopped_by UUID NOT NULL REFERENCES users (id),
  stopped_at BIGINT NOT NULL, resumed_by UUID REFERENCES users (id), resumed_at BIGINT, resume_reason TEXT
);
CREATE UNIQUE INDEX model_stops_open ON model_stops (model) WHERE resumed_at IS NULL;
