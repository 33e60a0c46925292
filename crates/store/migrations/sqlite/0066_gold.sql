-- Accepted items whose labels are trusted: copies of them lie hidden among what people read.
CREATE TABLE gold (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), item_id BLOB NOT NULL UNIQUE REFERENCES items (id),
  read_id BLOB NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, reason TEXT NOT NULL,
  made_by BLOB NOT NULL REFERENCES users (id), made_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'used', 'retired')), ended_by BLOB, ended_at INTEGER, end_reason TEXT
) STRICT;
CREATE INDEX gold_project ON gold (project_id, state);
-- From what it is drawn where a copy lies: known to nobody who works.
CREATE TABLE gold_seeds (
  project_id BLOB PRIMARY KEY REFERENCES projects (id), seed TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
-- Items that are no items: each lies beside an ordinary one and is filled with a copy once that has passed the gate.
CREATE TABLE gold_copies (
  item_id BLOB PRIMARY KEY REFERENCES items (id), project_id BLOB NOT NULL REFERENCES projects (id),
  beside BLOB NOT NULL REFERENCES items (id), gold_id BLOB REFERENCES gold (id), placed_at INTEGER NOT NULL,
  filled_at INTEGER, read_at INTEGER, companion BLOB
) STRICT;
CREATE UNIQUE INDEX gold_copies_beside ON gold_copies (beside);
CREATE INDEX gold_copies_gold ON gold_copies (gold_id);
-- Names under which a copy shows the assets of its gold item.
CREATE TABLE gold_assets (
  alias BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id), asset_id BLOB NOT NULL REFERENCES assets (id)
) STRICT;
CREATE INDEX gold_assets_item ON gold_assets (item_id);
-- Who met which gold item, in which copy.
CREATE TABLE gold_meetings (
  item_id BLOB NOT NULL REFERENCES items (id), user_id BLOB NOT NULL REFERENCES users (id),
  gold_id BLOB NOT NULL REFERENCES gold (id), at INTEGER NOT NULL, PRIMARY KEY (item_id, user_id)
) STRICT;
CREATE INDEX gold_meetings_gold ON gold_meetings (gold_id, user_id);
-- What they made of it.
CREATE TABLE gold_results (
  read_id BLOB PRIMARY KEY REFERENCES reads (id), item_id BLOB NOT NULL REFERENCES items (id),
  gold_id BLOB NOT NULL REFERENCES gold (id), project_id BLOB NOT NULL REFERENCES projects (id),
  user_id BLOB NOT NULL REFERENCES users (id), wrong INTEGER NOT NULL, critical INTEGER NOT NULL, missed INTEGER NOT NULL,
  superfluous INTEGER NOT NULL, differing INTEGER NOT NULL, pairs TEXT NOT NULL, expected REAL NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX gold_results_gold ON gold_results (gold_id);
CREATE INDEX gold_results_user ON gold_results (project_id, user_id);
