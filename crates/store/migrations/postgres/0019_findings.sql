-- Findings pinned to a place with what people say to them, appeals against reviews, what each finished task was worth, and what
-- an hour of each role costs.
CREATE TABLE findings (
  id UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), number BIGINT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('blocking', 'note')),
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'resolved')), stream BIGINT, frame BIGINT, x DOUBLE PRECISION, y DOUBLE PRECISION,
  annotation_id UUID, round BIGINT NOT NULL, blind BOOLEAN NOT NULL, opened_by UUID NOT NULL REFERENCES users (id),
  opened_at BIGINT NOT NULL, resolved_by UUID REFERENCES users (id), resolved_at BIGINT, UNIQUE (item_id, number)
);
CREATE INDEX findings_unresolved ON findings (project_id, id) WHERE state <> 'resolved';

CREATE TABLE finding_notes (
  finding_id UUID NOT NULL REFERENCES findings (id), number BIGINT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id), act TEXT NOT NULL, words TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (finding_id, number)
);

ALTER TABLE reviews ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';

CREATE TABLE appeals (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  item_id UUID NOT NULL REFERENCES items (id), review_id UUID NOT NULL UNIQUE REFERENCES reviews (id),
  read_id UUID NOT NULL REFERENCES reads (id), user_id UUID NOT NULL REFERENCES users (id),
  reviewer_id UUID NOT NULL REFERENCES users (id),
  state TEXT NOT NULL CHECK (state IN ('open', 'upheld', 'overturned')), words TEXT NOT NULL, at BIGINT NOT NULL,
  decided_by UUID REFERENCES users (id), decided_at BIGINT, reason TEXT
);
CREATE INDEX appeals_by_project ON appeals (project_id, state, id);
CREATE INDEX appeals_by_user ON appeals (user_id, id);

CREATE TABLE turns (
  task_id UUID PRIMARY KEY REFERENCES tasks (id), item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), stage BIGINT NOT NULL, stage_id TEXT NOT NULL,
  kind TEXT NOT NULL, role TEXT NOT NULL, round BIGINT NOT NULL, user_id UUID NOT NULL REFERENCES users (id),
  opened_at BIGINT NOT NULL, claimed_at BIGINT NOT NULL, done_at BIGINT NOT NULL, judged BOOLEAN NOT NULL,
  found BOOLEAN NOT NULL, passed BOOLEAN NOT NULL, overturned BOOLEAN NOT NULL, read_id UUID, review_id UUID
);
CREATE INDEX turns_by_project ON turns (project_id, item_id);
CREATE INDEX turns_by_item ON turns (item_id);

CREATE TABLE rates (
  project_id UUID NOT NULL REFERENCES projects (id), role TEXT NOT NULL, per_hour DOUBLE PRECISION NOT NULL, currency TEXT NOT NULL,
  set_by UUID REFERENCES users (id), set_at BIGINT NOT NULL, PRIMARY KEY (project_id, role)
);
