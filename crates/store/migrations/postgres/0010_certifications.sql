-- How wrong a frozen set of accepted labels may be: what was frozen, the order that was drawn after that, who judged what,
-- and the certificate. Plan, bounds and proofs are JSON; `line` is what the root is over.
CREATE TABLE certifications (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('frozen', 'auditing', 'ended', 'closed', 'void')), frozen TEXT NOT NULL,
  root TEXT NOT NULL, units BIGINT NOT NULL, class_lots TEXT NOT NULL, sample_max BIGINT NOT NULL, entropy TEXT, seed TEXT,
  checked BIGINT NOT NULL, found BIGINT NOT NULL, bounds TEXT, stop TEXT, certificate TEXT, proofs TEXT,
  opened_by UUID REFERENCES users (id), frozen_at BIGINT NOT NULL, frozen_event UUID NOT NULL, seeded_at BIGINT,
  seeded_event UUID, closed_at BIGINT, closed_event UUID, UNIQUE (project_id, name)
);

CREATE TABLE certification_units (
  certification_id UUID NOT NULL REFERENCES certifications (id), item_id UUID NOT NULL REFERENCES items (id),
  read_id UUID NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, line TEXT NOT NULL, position BIGINT,
  auditor_id UUID REFERENCES users (id), claimed_until BIGINT, own TEXT, shown_at BIGINT, errors TEXT, counted BIGINT,
  severity DOUBLE PRECISION, comment TEXT, judged_at BIGINT, PRIMARY KEY (certification_id, item_id)
);
CREATE UNIQUE INDEX certification_units_by_position ON certification_units (certification_id, position)
  WHERE position IS NOT NULL;
CREATE INDEX certification_units_by_item ON certification_units (item_id);

-- Who audits: from the first unit on they see the labels of the frozen items nowhere else.
CREATE TABLE certification_auditors (
  certification_id UUID NOT NULL REFERENCES certifications (id), user_id UUID NOT NULL REFERENCES users (id),
  at BIGINT NOT NULL, PRIMARY KEY (certification_id, user_id)
);
CREATE INDEX certification_auditors_by_user ON certification_auditors (user_id);

ALTER TABLE releases ADD COLUMN certification_id UUID REFERENCES certifications (id);
