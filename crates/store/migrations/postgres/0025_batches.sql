-- Batches: items that are accepted or sent back together by what a random sample of them shows. What is frozen, the order and
-- the judgements are those of an audit of the same id.
CREATE TABLE batches (
  id UUID PRIMARY KEY REFERENCES certifications (id), project_id UUID NOT NULL REFERENCES projects (id),
  supplier TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'returned', 'void')),
  rework_of UUID, steady BOOLEAN NOT NULL, inspection TEXT NOT NULL, plan TEXT NOT NULL,
  decision TEXT, decided_at BIGINT, decided_event UUID, reason TEXT
);
CREATE INDEX batches_by_project ON batches (project_id, id);

-- Items of a returned batch that went back into work, or why they did not.
CREATE TABLE batch_returns (
  batch_id UUID NOT NULL REFERENCES batches (id), item_id UUID NOT NULL REFERENCES items (id), skipped TEXT,
  at BIGINT NOT NULL, PRIMARY KEY (batch_id, item_id)
);

-- Somebody took up inspection again of whom nothing was taken any more.
CREATE TABLE batch_resumptions (
  project_id UUID NOT NULL REFERENCES projects (id), supplier TEXT NOT NULL, at BIGINT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id), reason TEXT NOT NULL, PRIMARY KEY (project_id, supplier, at)
);
