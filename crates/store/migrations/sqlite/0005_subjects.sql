-- Whoever the bytes are about, within one project: a patient, a drive, a lot, or the project as a whole. `tag` finds them
-- again and is a keyed hash under a key of the keyring; `pseudonym` is known once the gate has named them. Both go when
-- the subject is erased; id and number stay.
CREATE TABLE subjects (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), number INTEGER NOT NULL, kind TEXT NOT NULL,
  tag TEXT, pseudonym TEXT, state TEXT NOT NULL CHECK (state IN ('live', 'erased')), created_at INTEGER NOT NULL,
  erased_at INTEGER, UNIQUE (project_id, number), UNIQUE (project_id, tag)
) STRICT;
CREATE INDEX subjects_by_pseudonym ON subjects (project_id, pseudonym);

CREATE TABLE subject_items (
  item_id BLOB NOT NULL REFERENCES items (id), subject_id BLOB NOT NULL REFERENCES subjects (id),
  PRIMARY KEY (item_id, subject_id)
) STRICT;
CREATE INDEX subject_items_by_subject ON subject_items (subject_id);

CREATE TABLE subject_assets (
  asset_id BLOB PRIMARY KEY REFERENCES assets (id), subject_id BLOB NOT NULL REFERENCES subjects (id)
) STRICT;
CREATE INDEX subject_assets_by_subject ON subject_assets (subject_id);

-- Requests that need two people: erasure, re-identification.
CREATE TABLE privacy_requests (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), kind TEXT NOT NULL,
  subject_id BLOB NOT NULL REFERENCES subjects (id), item_id BLOB REFERENCES items (id), state TEXT NOT NULL,
  reason TEXT NOT NULL, requested_by BLOB NOT NULL REFERENCES users (id), requested_at INTEGER NOT NULL,
  decided_by BLOB REFERENCES users (id), decided_at INTEGER, decision_reason TEXT, expires_at INTEGER, done_at INTEGER,
  certificate TEXT
) STRICT;
CREATE INDEX privacy_requests_by_project ON privacy_requests (project_id, id);
CREATE UNIQUE INDEX privacy_requests_running ON privacy_requests (subject_id)
  WHERE kind = 'erasure' AND state IN ('open', 'approved');
