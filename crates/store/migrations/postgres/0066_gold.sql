-- Accepted items whose labels are trusted: copies of them lie hidden among what people read.
CREATE TABLE gold (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), item_id UUID NOT NULL UNIQUE REFERENCES items (id),
  read_id UUID NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, reason TEXT NOT NULL,
  made_by UUID NOT NULL REFERENCES users (id), made_at BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'used', 'retired')), ended_by UUID, ended_at BIGINT, end_reason TEXT
);
CREATE INDEX gold_project ON gold (project_id, state);
-- From what it is drawn where a copy lies: known to nobody who works.
CREATE TABLE gold_seeds (
  project_id UUID PRIMARY KEY REFERENCES projects (id), seed TEXT NOT NULL, at BIGINT NOT NULL
);
-- Items that are no items: each lies beside an ordinary one and is filled with a copy once that has passed the gate.
CREATE TABLE gold_copies (
  item_id UUID PRIMARY KEY REFERENCES items (id), project_id UUID NOT NULL REFERENCES projects (id),
  beside UUID NOT NULL REFERENCES items (id), gold_id UUID REFERENCES gold (id), placed_at BIGINT NOT NULL,
  filled_at BIGINT, read_at BIGINT, companion UUID
);
CREATE UNIQUE INDEX gold_copies_beside ON gold_copies (beside);
CREATE INDEX gold_copies_gold ON gold_copies (gold_id);
-- Names under which a copy shows the assets of its gold item.
CREATE TABLE gold_assets (
  alias UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id), asset_id UUID NOT NULL REFERENCES assets (id)
);
CREATE INDEX gold_assets_item ON gold_assets (item_id);
-- Who met which gold item, in which copy.
CREATE TABLE gold_meetings (
  item_id UUID NOT NULL REFERENCES items (id), user_id UUID NOT NULL REFERENCES users (id),
  gold_id UUID NOT NULL REFERENCES gold (id), at BIGINT NOT NULL, PRIMARY KEY (item_id, user_id)
);
CREATE INDEX gold_meetings_gold ON gold_meetings (gold_id, user_id);
-- What they made of it.
CREATE TABLE gold_results (
  read_id UUID PRIMARY KEY REFERENCES reads (id), item_id UUID NOT NULL REFERENCES items (id),
  gold_id UUID NOT NULL REFERENCES gold (id), project_id UUID NOT NULL REFERENCES projects (id),
  user_id UUID NOT NULL REFERENCES users (id), wrong BOOLEAN NOT NULL, critical BOOLEAN NOT NULL, missed BIGINT NOT NULL,
  superfluous BIGINT NOT NULL, differing BIGINT NOT NULL, pairs TEXT NOT NULL, expected DOUBLE PRECISION NOT NULL, at BIGINT NOT NULL
);
CREATE INDEX gold_results_gold ON gold_results (gold_id);
CREATE INDEX gold_results_user ON gold_results (project_id, user_id);
