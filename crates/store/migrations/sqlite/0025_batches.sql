-- Batches: items that are accepted or sent back together by what a random sample of them shows. What is frozen, the order and
-- the judgements are those of an audit of the same id.
CREATE TABLE batches (
  id BLOB PRIMARY KEY REFERENCES certifications (id), project_id BLOB NOT NULL REFERENCES projects (id),
  supplier TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'returned', 'void')),
  rework_of BLOB, steady INTEGER NOT NULL, inspection TEXT NOT NULL, plan TEXT NOT NULL,
  decision TEXT, decided_at INTEGER, decided_event BLOB, reason TEXT
) STRICT;
CREATE INDEX batches_by_project ON batches (project_id, id);

-- Items of a returned batch that went back into work, or why they did not.
CREATE TABLE batch_returns (
  batch_id BLOB NOT NULL REFERENCES batches (id), item_id BLOB NOT NULL REFERENCES items (id), skipped TEXT,
  at INTEGER NOT NULL, PRIMARY KEY (batch_id, item_id)
) STRICT;

-- Somebody took up inspection again of whom nothing was taken any more.
CREATE TABLE batch_resumptions (
  project_id BLOB NOT NULL REFERENCES projects (id), supplier TEXT NOT NULL, at INTEGER NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id), reason TEXT NOT NULL, PRIMARY KEY (project_id, supplier, at)
) STRICT;
