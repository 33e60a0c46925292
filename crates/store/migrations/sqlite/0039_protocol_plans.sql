-- A version that was signed and comes into force at a later time; at most one of a project waits.
CREATE TABLE protocol_plans (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), protocol_id TEXT NOT NULL,
  version INTEGER NOT NULL, content_hash TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id), printed_name TEXT NOT NULL, signed_at INTEGER NOT NULL,
  event_id BLOB NOT NULL, effective_at INTEGER NOT NULL, closed_at INTEGER, outcome TEXT, outcome_reason TEXT
) STRICT;
CREATE UNIQUE INDEX protocol_plans_open ON protocol_plans (project_id) WHERE closed_at IS NULL;
