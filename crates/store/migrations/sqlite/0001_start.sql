-- Times are microseconds since 1970 in UTC; ids are version 7 UUIDs; JSON is text.

CREATE TABLE organizations (
  id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  id BLOB PRIMARY KEY, organization_id BLOB NOT NULL REFERENCES organizations (id), login TEXT NOT NULL UNIQUE,
  printed_name TEXT NOT NULL, password_hash TEXT NOT NULL, active INTEGER NOT NULL, must_change INTEGER NOT NULL,
  failed_count INTEGER NOT NULL, locked_until INTEGER, system_roles TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  id BLOB PRIMARY KEY, user_id BLOB NOT NULL REFERENCES users (id), token_hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, ended_at INTEGER, verified_at INTEGER
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE tokens (
  id BLOB PRIMARY KEY, user_id BLOB NOT NULL REFERENCES users (id), name TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE, created_at INTEGER NOT NULL, last_used_at INTEGER, ended_at INTEGER
) STRICT;
CREATE INDEX tokens_by_user ON tokens (user_id);

CREATE TABLE projects (
  id BLOB PRIMARY KEY, organization_id BLOB NOT NULL REFERENCES organizations (id), name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL, industry TEXT NOT NULL, protocol_id TEXT NOT NULL, protocol_version INTEGER NOT NULL,
  declared_public_at INTEGER, declared_by BLOB REFERENCES users (id), created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE protocols (
  project_id BLOB NOT NULL REFERENCES projects (id), id TEXT NOT NULL, version INTEGER NOT NULL,
  document TEXT NOT NULL, content_hash TEXT NOT NULL, created_at INTEGER NOT NULL, created_by BLOB REFERENCES users (id),
  PRIMARY KEY (project_id, id, version)
) STRICT;

CREATE TABLE grants (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  user_id BLOB NOT NULL REFERENCES users (id), role TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX grants_active ON grants (user_id, project_id, role) WHERE ended_at IS NULL;
CREATE INDEX grants_by_project ON grants (project_id);

CREATE TABLE ingests (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), user_id BLOB REFERENCES users (id),
  state TEXT NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER, files INTEGER NOT NULL, stored INTEGER NOT NULL,
  known INTEGER NOT NULL, refused INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX ingests_by_project ON ingests (project_id, id);

CREATE TABLE refusals (
  id BLOB PRIMARY KEY, ingest_id BLOB NOT NULL REFERENCES ingests (id),
  project_id BLOB NOT NULL REFERENCES projects (id), name TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  byte_offset INTEGER, at INTEGER NOT NULL
) STRICT;
CREATE INDEX refusals_by_ingest ON refusals (ingest_id, id);

CREATE TABLE items (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), ingest_id BLOB REFERENCES ingests (id),
  kind TEXT NOT NULL, name TEXT NOT NULL, group_key TEXT NOT NULL, state TEXT NOT NULL, stage INTEGER,
  held INTEGER NOT NULL, workflow TEXT NOT NULL, streams TEXT NOT NULL, facts TEXT NOT NULL, modality TEXT,
  ctdi_vol_mgy REAL, dlp_mgy_cm REAL, slice_thickness_mm REAL, lot TEXT, priority INTEGER NOT NULL,
  accepted_read_id BLOB, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (project_id, group_key)
) STRICT;
CREATE INDEX items_by_state ON items (project_id, state, stage);
CREATE INDEX items_by_project ON items (project_id, id);
CREATE INDEX items_by_lot ON items (project_id, lot) WHERE lot IS NOT NULL;
CREATE INDEX items_held ON items (project_id) WHERE held;

CREATE TABLE assets (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), zone TEXT NOT NULL, address TEXT NOT NULL,
  kind TEXT NOT NULL, bytes INTEGER NOT NULL, content_hash TEXT NOT NULL, source_asset_id BLOB, item_id BLOB,
  created_at INTEGER NOT NULL, external_url TEXT, UNIQUE (project_id, zone, address)
) STRICT;
CREATE INDEX assets_by_item ON assets (item_id);

CREATE TABLE tasks (
  id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), stage INTEGER NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'withdrawn')), reserved_for BLOB,
  lease_user BLOB, lease_until INTEGER, fence INTEGER NOT NULL, read_id BLOB, priority INTEGER NOT NULL,
  created_at INTEGER NOT NULL, done_at INTEGER
) STRICT;
CREATE INDEX tasks_open ON tasks (project_id, role, priority DESC, id) WHERE state IN ('ready', 'leased');
CREATE INDEX tasks_leased ON tasks (lease_user) WHERE state = 'leased';
CREATE INDEX tasks_by_item ON tasks (item_id);
CREATE INDEX tasks_counted ON tasks (project_id, stage, state);

CREATE TABLE participation (
  item_id BLOB NOT NULL REFERENCES items (id), user_id BLOB NOT NULL REFERENCES users (id), stage INTEGER NOT NULL,
  act TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (item_id, user_id, stage, act)
) STRICT;

CREATE TABLE reads (
  id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), stage INTEGER NOT NULL, kind TEXT NOT NULL,
  author_user BLOB REFERENCES users (id), author_model TEXT, author_model_version TEXT, status TEXT NOT NULL,
  base_read_id BLOB, revision INTEGER NOT NULL, content_hash TEXT, protocol_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, submitted_at INTEGER, annotation_count INTEGER NOT NULL
) STRICT;
CREATE INDEX reads_by_item ON reads (item_id, id);

CREATE TABLE annotations (
  read_id BLOB NOT NULL REFERENCES reads (id), annotation_id BLOB NOT NULL, version INTEGER NOT NULL,
  seq INTEGER NOT NULL, body TEXT, author_user BLOB, at INTEGER NOT NULL,
  PRIMARY KEY (read_id, annotation_id, version, seq)
) STRICT;

CREATE TABLE reviews (
  id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id), read_id BLOB NOT NULL REFERENCES reads (id),
  subject_read_id BLOB NOT NULL REFERENCES reads (id), user_id BLOB NOT NULL REFERENCES users (id),
  decision TEXT NOT NULL, reason TEXT, comment TEXT, missing TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX reviews_by_item ON reviews (item_id, id);

CREATE TABLE signatures (
  id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id), read_id BLOB NOT NULL REFERENCES reads (id),
  user_id BLOB NOT NULL REFERENCES users (id), printed_name TEXT NOT NULL, meaning TEXT NOT NULL,
  content_hash TEXT NOT NULL, at INTEGER NOT NULL, event_id BLOB NOT NULL
) STRICT;
CREATE INDEX signatures_by_item ON signatures (item_id, id);

CREATE TABLE gate_entries (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  item_id BLOB NOT NULL REFERENCES items (id), state TEXT NOT NULL, reasons TEXT NOT NULL, report TEXT NOT NULL,
  opened_at INTEGER NOT NULL, decided_at INTEGER, decided_by BLOB REFERENCES users (id), reason TEXT
) STRICT;
CREATE INDEX gate_by_project ON gate_entries (project_id, state, id);
CREATE INDEX gate_by_item ON gate_entries (item_id);

CREATE TABLE holds (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  item_id BLOB NOT NULL REFERENCES items (id), reason TEXT NOT NULL, opened_by BLOB REFERENCES users (id),
  opened_at INTEGER NOT NULL, lifted_by BLOB REFERENCES users (id), lifted_at INTEGER, lift_reason TEXT
) STRICT;
CREATE INDEX holds_by_item ON holds (item_id);
CREATE INDEX holds_open ON holds (project_id, id) WHERE lifted_at IS NULL;

CREATE TABLE exposures (
  id BLOB PRIMARY KEY, user_id BLOB NOT NULL REFERENCES users (id), session_id BLOB NOT NULL,
  asset_id BLOB NOT NULL REFERENCES assets (id), item_id BLOB, project_id BLOB NOT NULL REFERENCES projects (id),
  zone TEXT NOT NULL, purpose TEXT NOT NULL, at INTEGER NOT NULL, event_id BLOB NOT NULL,
  UNIQUE (session_id, asset_id, purpose)
) STRICT;
CREATE INDEX exposures_by_item ON exposures (item_id, id);

CREATE TABLE releases (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), name TEXT NOT NULL, state TEXT NOT NULL,
  root TEXT, manifest_hash TEXT, items INTEGER NOT NULL, annotations INTEGER NOT NULL, address TEXT, bytes INTEGER,
  certificate TEXT, created_by BLOB REFERENCES users (id), created_at INTEGER NOT NULL, event_id BLOB,
  UNIQUE (project_id, name)
) STRICT;

CREATE TABLE release_items (
  release_id BLOB NOT NULL REFERENCES releases (id), item_id BLOB NOT NULL REFERENCES items (id),
  read_id BLOB NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, PRIMARY KEY (release_id, item_id)
) STRICT;

CREATE TABLE jobs (
  id BLOB PRIMARY KEY, kind TEXT NOT NULL, project_id BLOB REFERENCES projects (id),
  item_id BLOB REFERENCES items (id), payload TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'dead')), attempts INTEGER NOT NULL, lease_until INTEGER,
  worker TEXT, error_code TEXT, priority INTEGER NOT NULL, created_at INTEGER NOT NULL, done_at INTEGER
) STRICT;
CREATE INDEX jobs_open ON jobs (priority DESC, id) WHERE state IN ('ready', 'leased');
CREATE INDEX jobs_by_project ON jobs (project_id, state);
CREATE INDEX jobs_by_item ON jobs (item_id);

CREATE TABLE events (
  ord INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, actor_user BLOB,
  actor_kind TEXT NOT NULL, action TEXT NOT NULL, object_kind TEXT NOT NULL, object_id BLOB, project_id BLOB,
  item_id BLOB, session_id BLOB, outcome TEXT NOT NULL, reason TEXT, entry BLOB NOT NULL, log_index INTEGER
) STRICT;
CREATE UNIQUE INDEX events_by_index ON events (log_index) WHERE log_index IS NOT NULL;
CREATE INDEX events_waiting ON events (ord) WHERE log_index IS NULL;
CREATE INDEX events_by_item ON events (item_id, ord) WHERE item_id IS NOT NULL;
CREATE INDEX events_by_project ON events (project_id, ord) WHERE project_id IS NOT NULL;

CREATE TABLE event_details (event_id BLOB PRIMARY KEY, salt BLOB NOT NULL, details TEXT NOT NULL) STRICT;

CREATE TABLE settings (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
