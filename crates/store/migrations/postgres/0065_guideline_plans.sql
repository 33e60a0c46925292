-- Drafts of guidelines that are signed now and take force at a later time; one of a project waits at a time.
CREATE TABLE guideline_plans (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  guideline_id UUID NOT NULL REFERENCES guidelines (id), revision BIGINT NOT NULL, content_hash TEXT NOT NULL,
  terms TEXT NOT NULL, user_id UUID NOT NULL REFERENCES users (id), printed_name TEXT NOT NULL,
  signed_at BIGINT NOT NULL, event_id UUID NOT NULL, effective_at BIGINT NOT NULL, closed_at BIGINT, outcome TEXT,
  outcome_reason TEXT
);
CREATE UNIQUE INDEX guideline_plans_waiting ON guideline_plans (project_id) WHERE closed_at IS NULL;
