-- Findings pinned to a place with what people say to them, appeals against reviews, what each finished task was worth, and what
-- an hour of each role costs.
CREATE TABLE findings (
  id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), number INTEGER NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('blocking', 'note')),
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'resolved')), stream INTEGER, frame INTEGER, x REAL, y REAL,
  annotation_id BLOB, round INTEGER NOT NULL, blind INTEGER NOT NULL, opened_by BLOB NOT NULL REFERENCES users (id),
  opened_at INTEGER NOT NULL, resolved_by BLOB REFERENCES users (id), resolved_at INTEGER, UNIQUE (item_id, number)
) STRICT;
CREATE INDEX findings_unresolved ON findings (project_id, id) WHERE state <> 'resolved';

CREATE TABLE finding_notes (
  finding_id BLOB NOT NULL REFERENCES findings (id), number INTEGER NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id), act TEXT NOT NULL, words TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (finding_id, number)
) STRICT;

ALTER TABLE reviews ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';

CREATE TABLE appeals (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  item_id BLOB NOT NULL REFERENCES items (id), review_id BLOB NOT NULL UNIQUE REFERENCES reviews (id),
  read_id BLOB NOT NULL REFERENCES reads (id), user_id BLOB NOT NULL REFERENCES users (id),
  reviewer_id BLOB NOT NULL REFERENCES users (id),
  state TEXT NOT NULL CHECK (state IN ('open', 'upheld', 'overturned')), words TEXT NOT NULL, at INTEGER NOT NULL,
  decided_by BLOB REFERENCES users (id), decided_at INTEGER, reason TEXT
) STRICT;
CREATE INDEX appeals_by_project ON appeals (project_id, state, id);
CREATE INDEX appeals_by_user ON appeals (user_id, id);

CREATE TABLE turns (
  task_id BLOB PRIMARY KEY REFERENCES tasks (id), item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), stage INTEGER NOT NULL, stage_id TEXT NOT NULL,
  kind TEXT NOT NULL, role TEXT NOT NULL, round INTEGER NOT NULL, user_id BLOB NOT NULL REFERENCES users (id),
  opened_at INTEGER NOT NULL, claimed_at INTEGER NOT NULL, done_at INTEGER NOT NULL, judged INTEGER NOT NULL,
  found INTEGER NOT NULL, passed INTEGER NOT NULL, overturned INTEGER NOT NULL, read_id BLOB, review_id BLOB
) STRICT;
CREATE INDEX turns_by_project ON turns (project_id, item_id);
CREATE INDEX turns_by_item ON turns (item_id);

CREATE TABLE rates (
  project_id BLOB NOT NULL REFERENCES projects (id), role TEXT NOT NULL, per_hour REAL NOT NULL, currency TEXT NOT NULL,
  set_by BLOB REFERENCES users (id), set_at INTEGER NOT NULL, PRIMARY KEY (project_id, role)
) STRICT;
