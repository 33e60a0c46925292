-- How wrong a frozen set of accepted labels may be: what was frozen, the order that was drawn after that, who judged what,
-- and the certificate. Plan, bounds and proofs are JSON; `line` is what the root is over.
CREATE TABLE certifications (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('frozen', 'auditing', 'ended', 'closed', 'void')), frozen TEXT NOT NULL,
  root TEXT NOT NULL, units INTEGER NOT NULL, class_lots TEXT NOT NULL, sample_max INTEGER NOT NULL, entropy TEXT, seed TEXT,
  checked INTEGER NOT NULL, found INTEGER NOT NULL, bounds TEXT, stop TEXT, certificate TEXT, proofs TEXT,
  opened_by BLOB REFERENCES users (id), frozen_at INTEGER NOT NULL, frozen_event BLOB NOT NULL, seeded_at INTEGER,
  seeded_event BLOB, closed_at INTEGER, closed_event BLOB, UNIQUE (project_id, name)
) STRICT;

CREATE TABLE certification_units (
  certification_id BLOB NOT NULL REFERENCES certifications (id), item_id BLOB NOT NULL REFERENCES items (id),
  read_id BLOB NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, line TEXT NOT NULL, position INTEGER,
  auditor_id BLOB REFERENCES users (id), claimed_until INTEGER, own TEXT, shown_at INTEGER, errors TEXT, counted INTEGER,
  severity REAL, comment TEXT, judged_at INTEGER, PRIMARY KEY (certification_id, item_id)
) STRICT;
CREATE UNIQUE INDEX certification_units_by_position ON certification_units (certification_id, position)
  WHERE position IS NOT NULL;
CREATE INDEX certification_units_by_item ON certification_units (item_id);

-- Who audits: from the first unit on they see the labels of the frozen items nowhere else.
CREATE TABLE certification_auditors (
  certification_id BLOB NOT NULL REFERENCES certifications (id), user_id BLOB NOT NULL REFERENCES users (id),
  at INTEGER NOT NULL, PRIMARY KEY (certification_id, user_id)
) STRICT;
CREATE INDEX certification_auditors_by_user ON certification_auditors (user_id);

ALTER TABLE releases ADD COLUMN certification_id BLOB REFERENCES certifications (id);
