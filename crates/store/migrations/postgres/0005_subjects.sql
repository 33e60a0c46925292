-- Whoever the bytes are about, within one project: a patient, a drive, a lot, or the project as a whole. `tag` finds them
-- again and is a keyed hash under a key of the keyring; `pseudonym` is known once the gate has named them. Both go when
-- the subject is erased; id and number stay.
CREATE TABLE subjects (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), number BIGINT NOT NULL, kind TEXT NOT NULL,
  tag TEXT, pseudonym TEXT, state TEXT NOT NULL CHECK (state IN ('live', 'erased')), created_at BIGINT NOT NULL,
  erased_at BIGINT, UNIQUE (project_id, number), UNIQUE (project_id, tag)
);
CREATE INDEX subjects_by_pseudonym ON subjects (project_id, pseudonym);

CREATE TABLE subject_items (
  item_id UUID NOT NULL REFERENCES items (id), subject_id UUID NOT NULL REFERENCES subjects (id),
  PRIMARY KEY (item_id, subject_id)
);
CREATE INDEX subject_items_by_subject ON subject_items (subject_id);

CREATE TABLE subject_assets (
  asset_id UUID PRIMARY KEY REFERENCES assets (id), subject_id UUID NOT NULL REFERENCES subjects (id)
);
CREATE INDEX subject_assets_by_subject ON subject_assets (subject_id);

-- Requests that need two people: erasure, re-identification.
CREATE TABLE privacy_requests (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), kind TEXT NOT NULL,
  subject_id UUID NOT NULL REFERENCES subjects (id), item_id UUID REFERENCES items (id), state TEXT NOT NULL,
  reason TEXT NOT NULL, requested_by UUID NOT NULL REFERENCES users (id), requested_at BIGINT NOT NULL,
  decided_by UUID REFERENCES users (id), decided_at BIGINT, decision_reason TEXT, expires_at BIGINT, done_at BIGINT,
  certificate TEXT
);
CREATE INDEX privacy_requests_by_project ON privacy_requests (project_id, id);
CREATE UNIQUE INDEX privacy_requests_running ON privacy_requests (subject_id)
  WHERE kind = 'erasure' AND state IN ('open', 'approved');
