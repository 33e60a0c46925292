-- A version that was signed and comes into force at a later time; at most one of a project waits.
CREATE TABLE protocol_plans (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), protocol_id TEXT NOT NULL,
  version BIGINT NOT NULL, content_hash TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id), printed_name TEXT NOT NULL, signed_at BIGINT NOT NULL,
  event_id UUID NOT NULL, effective_at BIGINT NOT NULL, closed_at BIGINT, outcome TEXT, outcome_reason TEXT
);
CREATE UNIQUE INDEX protocol_plans_open ON protocol_plans (project_id) WHERE closed_at IS NULL;
