-- Dated credentials of people, what was said of their end, and which of them a task asks for.
CREATE TABLE qualifications (
  id UUID PRIMARY KEY, user_id UUID NOT NULL REFERENCES users (id), project_id UUID REFERENCES projects (id),
  name TEXT NOT NULL, score DOUBLE PRECISION, issuer TEXT NOT NULL, valid_from BIGINT NOT NULL, valid_until BIGINT NOT NULL,
  evidence_hash TEXT, evidence_reference TEXT, issued_by UUID REFERENCES users (id), issued_at BIGINT NOT NULL,
  revoked_by UUID REFERENCES users (id), revoked_at BIGINT, revoke_reason TEXT
);
CREATE INDEX qualifications_by_user ON qualifications (user_id, project_id);
CREATE INDEX qualifications_by_project ON qualifications (project_id, id);

CREATE TABLE qualification_warnings (
  qualification_id UUID NOT NULL REFERENCES qualifications (id), days BIGINT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (qualification_id, days)
);

ALTER TABLE tasks ADD COLUMN qualification TEXT;
