-- A lot, a batch, a delivery, a release or a person's work that is kept out of work and of releases; its items are held one
-- by one, each by a hold of its own.
CREATE TABLE wide_holds (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  scope TEXT NOT NULL CHECK (scope IN ('lot', 'batch', 'ingest', 'release', 'person')), value TEXT NOT NULL,
  reason TEXT NOT NULL, opened_by BLOB NOT NULL REFERENCES users (id), opened_at INTEGER NOT NULL,
  lifted_by BLOB REFERENCES users (id), lifted_at INTEGER, lift_reason TEXT
) STRICT;
CREATE INDEX wide_holds_by_project ON wide_holds (project_id, id);

CREATE TABLE wide_hold_items (
  wide_hold_id BLOB NOT NULL REFERENCES wide_holds (id), item_id BLOB NOT NULL REFERENCES items (id),
  hold_id BLOB NOT NULL REFERENCES holds (id), PRIMARY KEY (wide_hold_id, item_id)
) STRICT;
CREATE INDEX wide_hold_items_by_item ON wide_hold_items (item_id);
CREATE INDEX wide_hold_items_by_hold ON wide_hold_items (hold_id);
