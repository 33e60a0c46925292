-- The gate's queue by risk, masks with their history, and waivers that a second person confirms. What waited before is
-- of unknown risk and therefore comes first.
ALTER TABLE gate_entries ADD COLUMN risk INTEGER NOT NULL DEFAULT 100;
ALTER TABLE gate_entries ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE gate_entries ADD COLUMN protocol_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE gate_entries ADD COLUMN waiver_by BLOB REFERENCES users (id);
ALTER TABLE gate_entries ADD COLUMN waiver_at INTEGER;
ALTER TABLE gate_entries ADD COLUMN waiver_reason TEXT;
CREATE INDEX gate_by_risk ON gate_entries (project_id, state, risk DESC, id);

CREATE TABLE gate_reasons (
  entry_id BLOB NOT NULL REFERENCES gate_entries (id), code TEXT NOT NULL, PRIMARY KEY (entry_id, code)
) STRICT;
INSERT INTO gate_reasons (entry_id, code) SELECT DISTINCT e.id, j.value FROM gate_entries e, json_each(e.reasons) j;

CREATE TABLE gate_masks (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  item_id BLOB NOT NULL REFERENCES items (id), asset_id BLOB NOT NULL REFERENCES assets (id), part INTEGER NOT NULL,
  x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL, detector TEXT,
  drawn_by BLOB REFERENCES users (id), created_at INTEGER NOT NULL, removed_at INTEGER,
  removed_by BLOB REFERENCES users (id)
) STRICT;
CREATE INDEX gate_masks_by_item ON gate_masks (item_id, id);
