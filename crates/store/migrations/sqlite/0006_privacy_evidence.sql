-- What was done to each file before anybody saw it, sampled audits of what was cleared, and leaks with the items that
-- they recall.
CREATE TABLE cleanings (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), item_id BLOB NOT NULL REFERENCES items (id),
  source_asset_id BLOB NOT NULL, asset_id BLOB NOT NULL, rules TEXT NOT NULL, hash_before TEXT NOT NULL,
  hash_after TEXT NOT NULL, report TEXT NOT NULL, regions TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX cleanings_by_item ON cleanings (item_id, id);
CREATE INDEX cleanings_by_project ON cleanings (project_id, id);

CREATE TABLE audits (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), seed TEXT NOT NULL, lot INTEGER NOT NULL,
  size INTEGER NOT NULL, confidence REAL NOT NULL, state TEXT NOT NULL, checked INTEGER NOT NULL, found INTEGER NOT NULL,
  opened_by BLOB REFERENCES users (id), opened_at INTEGER NOT NULL, closed_at INTEGER
) STRICT;
CREATE INDEX audits_by_project ON audits (project_id, id);

CREATE TABLE audit_items (
  audit_id BLOB NOT NULL REFERENCES audits (id), position INTEGER NOT NULL, item_id BLOB NOT NULL REFERENCES items (id),
  verdict TEXT, user_id BLOB REFERENCES users (id), at INTEGER, PRIMARY KEY (audit_id, position)
) STRICT;

CREATE TABLE leaks (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), item_id BLOB NOT NULL REFERENCES items (id),
  ingest_id BLOB, audit_id BLOB, stream INTEGER, frame INTEGER, reason TEXT NOT NULL, state TEXT NOT NULL,
  reported_by BLOB REFERENCES users (id), at INTEGER NOT NULL, recalled_at INTEGER
) STRICT;
CREATE INDEX leaks_by_project ON leaks (project_id, id);

CREATE TABLE leak_items (
  leak_id BLOB NOT NULL REFERENCES leaks (id), item_id BLOB NOT NULL REFERENCES items (id), state TEXT NOT NULL,
  decided_by BLOB REFERENCES users (id), decided_at INTEGER, reason TEXT, PRIMARY KEY (leak_id, item_id)
) STRICT;
CREATE INDEX leak_items_open ON leak_items (item_id) WHERE state = 'recalled';
CREATE INDEX items_by_ingest ON items (ingest_id, id) WHERE ingest_id IS NOT NULL;
