-- Drafts of guidelines that are signed now and take force at a later time; one of a project waits at a time.
CREATE TABLE guideline_plans (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  guideline_id BLOB NOT NULL REFERENCES guidelines (id), revision INTEGER NOT NULL, content_hash TEXT NOT NULL,
  terms TEXT NOT NULL, user_id BLOB NOT NULL REFERENCES users (id), printed_name TEXT NOT NULL,
  signed_at INTEGER NOT NULL, event_id BLOB NOT NULL, effective_at INTEGER NOT NULL, closed_at INTEGER, outcome TEXT,
  outcome_reason TEXT
) STRICT;
CREATE UNIQUE INDEX guideline_plans_waiting ON guideline_plans (project_id) WHERE closed_at IS NULL;
