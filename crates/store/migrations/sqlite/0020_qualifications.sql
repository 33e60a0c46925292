-- Dated credentials of people, what was said of their end, and which of them a task asks for.
CREATE TABLE qualifications (
  id BLOB PRIMARY KEY, user_id BLOB NOT NULL REFERENCES users (id), project_id BLOB REFERENCES projects (id),
  name TEXT NOT NULL, score REAL, issuer TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL,
  evidence_hash TEXT, evidence_reference TEXT, issued_by BLOB REFERENCES users (id), issued_at INTEGER NOT NULL,
  revoked_by BLOB REFERENCES users (id), revoked_at INTEGER, revoke_reason TEXT
) STRICT;
CREATE INDEX qualifications_by_user ON qualifications (user_id, project_id);
CREATE INDEX qualifications_by_project ON qualifications (project_id, id);

CREATE TABLE qualification_warnings (
  qualification_id BLOB NOT NULL REFERENCES qualifications (id), days INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (qualification_id, days)
) STRICT;

ALTER TABLE tasks ADD COLUMN qualification TEXT;
