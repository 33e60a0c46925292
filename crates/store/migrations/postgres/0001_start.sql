-- Times are microseconds since 1970 in UTC; ids are version 7 UUIDs; JSON is text.

CREATE TABLE organizations (
  id UUID PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created_at BIGINT NOT NULL
);

CREATE TABLE users (
  id UUID PRIMARY KEY, organization_id UUID NOT NULL REFERENCES organizations (id), login TEXT NOT NULL UNIQUE,
  printed_name TEXT NOT NULL, password_hash TEXT NOT NULL, active BOOLEAN NOT NULL, must_change BOOLEAN NOT NULL,
  failed_count BIGINT NOT NULL, locked_until BIGINT, system_roles TEXT NOT NULL, created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
  id UUID PRIMARY KEY, user_id UUID NOT NULL REFERENCES users (id), token_hash BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, ended_at BIGINT, verified_at BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE tokens (
  id UUID PRIMARY KEY, user_id UUID NOT NULL REFERENCES users (id), name TEXT NOT NULL,
  token_hash BYTEA NOT NULL UNIQUE, created_at BIGINT NOT NULL, last_used_at BIGINT, ended_at BIGINT
);
CREATE INDEX tokens_by_user ON tokens (user_id);

CREATE TABLE projects (
  id UUID PRIMARY KEY, organization_id UUID NOT NULL REFERENCES organizations (id), name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL, industry TEXT NOT NULL, protocol_id TEXT NOT NULL, protocol_version BIGINT NOT NULL,
  declared_public_at BIGINT, declared_by UUID REFERENCES users (id), created_at BIGINT NOT NULL
);

CREATE TABLE protocols (
  project_id UUID NOT NULL REFERENCES projects (id), id TEXT NOT NULL, version BIGINT NOT NULL,
  document TEXT NOT NULL, content_hash TEXT NOT NULL, created_at BIGINT NOT NULL, created_by UUID REFERENCES users (id),
  PRIMARY KEY (project_id, id, version)
);

CREATE TABLE grants (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  user_id UUID NOT NULL REFERENCES users (id), role TEXT NOT NULL, created_at BIGINT NOT NULL, ended_at BIGINT
);
CREATE UNIQUE INDEX grants_active ON grants (user_id, project_id, role) WHERE ended_at IS NULL;
CREATE INDEX grants_by_project ON grants (project_id);

CREATE TABLE ingests (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), user_id UUID REFERENCES users (id),
  state TEXT NOT NULL, started_at BIGINT NOT NULL, finished_at BIGINT, files BIGINT NOT NULL, stored BIGINT NOT NULL,
  known BIGINT NOT NULL, refused BIGINT NOT NULL, bytes BIGINT NOT NULL
);
CREATE INDEX ingests_by_project ON ingests (project_id, id);

CREATE TABLE refusals (
  id UUID PRIMARY KEY, ingest_id UUID NOT NULL REFERENCES ingests (id),
  project_id UUID NOT NULL REFERENCES projects (id), name TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  byte_offset BIGINT, at BIGINT NOT NULL
);
CREATE INDEX refusals_by_ingest ON refusals (ingest_id, id);

CREATE TABLE items (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), ingest_id UUID REFERENCES ingests (id),
  kind TEXT NOT NULL, name TEXT NOT NULL, group_key TEXT NOT NULL, state TEXT NOT NULL, stage BIGINT,
  held BOOLEAN NOT NULL, workflow TEXT NOT NULL, streams TEXT NOT NULL, facts TEXT NOT NULL, modality TEXT,
  ctdi_vol_mgy DOUBLE PRECISION, dlp_mgy_cm DOUBLE PRECISION, slice_thickness_mm DOUBLE PRECISION, lot TEXT, priority BIGINT NOT NULL,
  accepted_read_id UUID, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (project_id, group_key)
);
CREATE INDEX items_by_state ON items (project_id, state, stage);
CREATE INDEX items_by_project ON items (project_id, id);
CREATE INDEX items_by_lot ON items (project_id, lot) WHERE lot IS NOT NULL;
CREATE INDEX items_held ON items (project_id) WHERE held;

CREATE TABLE assets (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), zone TEXT NOT NULL, address TEXT NOT NULL,
  kind TEXT NOT NULL, bytes BIGINT NOT NULL, content_hash TEXT NOT NULL, source_asset_id UUID, item_id UUID,
  created_at BIGINT NOT NULL, external_url TEXT, UNIQUE (project_id, zone, address)
);
CREATE INDEX assets_by_item ON assets (item_id);

CREATE TABLE tasks (
  id UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), stage BIGINT NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'withdrawn')), reserved_for UUID,
  lease_user UUID, lease_until BIGINT, fence BIGINT NOT NULL, read_id UUID, priority BIGINT NOT NULL,
  created_at BIGINT NOT NULL, done_at BIGINT
);
CREATE INDEX tasks_open ON tasks (project_id, role, priority DESC, id) WHERE state IN ('ready', 'leased');
CREATE INDEX tasks_leased ON tasks (lease_user) WHERE state = 'leased';
CREATE INDEX tasks_by_item ON tasks (item_id);
CREATE INDEX tasks_counted ON tasks (project_id, stage, state);

CREATE TABLE participation (
  item_id UUID NOT NULL REFERENCES items (id), user_id UUID NOT NULL REFERENCES users (id), stage BIGINT NOT NULL,
  act TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (item_id, user_id, stage, act)
);

CREATE TABLE reads (
  id UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), stage BIGINT NOT NULL, kind TEXT NOT NULL,
  author_user UUID REFERENCES users (id), author_model TEXT, author_model_version TEXT, status TEXT NOT NULL,
  base_read_id UUID, revision BIGINT NOT NULL, content_hash TEXT, protocol_version BIGINT NOT NULL,
  created_at BIGINT NOT NULL, submitted_at BIGINT, annotation_count BIGINT NOT NULL
);
CREATE INDEX reads_by_item ON reads (item_id, id);

CREATE TABLE annotations (
  read_id UUID NOT NULL REFERENCES reads (id), annotation_id UUID NOT NULL, version BIGINT NOT NULL,
  seq BIGINT NOT NULL, body TEXT, author_user UUID, at BIGINT NOT NULL,
  PRIMARY KEY (read_id, annotation_id, version, seq)
);

CREATE TABLE reviews (
  id UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id), read_id UUID NOT NULL REFERENCES reads (id),
  subject_read_id UUID NOT NULL REFERENCES reads (id), user_id UUID NOT NULL REFERENCES users (id),
  decision TEXT NOT NULL, reason TEXT, comment TEXT, missing TEXT NOT NULL, at BIGINT NOT NULL
);
CREATE INDEX reviews_by_item ON reviews (item_id, id);

CREATE TABLE signatures (
  id UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id), read_id UUID NOT NULL REFERENCES reads (id),
  user_id UUID NOT NULL REFERENCES users (id), printed_name TEXT NOT NULL, meaning TEXT NOT NULL,
  content_hash TEXT NOT NULL, at BIGINT NOT NULL, event_id UUID NOT NULL
);
CREATE INDEX signatures_by_item ON signatures (item_id, id);

CREATE TABLE gate_entries (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  item_id UUID NOT NULL REFERENCES items (id), state TEXT NOT NULL, reasons TEXT NOT NULL, report TEXT NOT NULL,
  opened_at BIGINT NOT NULL, decided_at BIGINT, decided_by UUID REFERENCES users (id), reason TEXT
);
CREATE INDEX gate_by_project ON gate_entries (project_id, state, id);
CREATE INDEX gate_by_item ON gate_entries (item_id);

CREATE TABLE holds (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  item_id UUID NOT NULL REFERENCES items (id), reason TEXT NOT NULL, opened_by UUID REFERENCES users (id),
  opened_at BIGINT NOT NULL, lifted_by UUID REFERENCES users (id), lifted_at BIGINT, lift_reason TEXT
);
CREATE INDEX holds_by_item ON holds (item_id);
CREATE INDEX holds_open ON holds (project_id, id) WHERE lifted_at IS NULL;

CREATE TABLE exposures (
  id UUID PRIMARY KEY, user_id UUID NOT NULL REFERENCES users (id), session_id UUID NOT NULL,
  asset_id UUID NOT NULL REFERENCES assets (id), item_id UUID, project_id UUID NOT NULL REFERENCES projects (id),
  zone TEXT NOT NULL, purpose TEXT NOT NULL, at BIGINT NOT NULL, event_id UUID NOT NULL,
  UNIQUE (session_id, asset_id, purpose)
);
CREATE INDEX exposures_by_item ON exposures (item_id, id);

CREATE TABLE releases (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), name TEXT NOT NULL, state TEXT NOT NULL,
  root TEXT, manifest_hash TEXT, items BIGINT NOT NULL, annotations BIGINT NOT NULL, address TEXT, bytes BIGINT,
  certificate TEXT, created_by UUID REFERENCES users (id), created_at BIGINT NOT NULL, event_id UUID,
  UNIQUE (project_id, name)
);

CREATE TABLE release_items (
  release_id UUID NOT NULL REFERENCES releases (id), item_id UUID NOT NULL REFERENCES items (id),
  read_id UUID NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, PRIMARY KEY (release_id, item_id)
);

CREATE TABLE jobs (
  id UUID PRIMARY KEY, kind TEXT NOT NULL, project_id UUID REFERENCES projects (id),
  item_id UUID REFERENCES items (id), payload TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'dead')), attempts BIGINT NOT NULL, lease_until BIGINT,
  worker TEXT, error_code TEXT, priority BIGINT NOT NULL, created_at BIGINT NOT NULL, done_at BIGINT
);
CREATE INDEX jobs_open ON jobs (priority DESC, id) WHERE state IN ('ready', 'leased');
CREATE INDEX jobs_by_project ON jobs (project_id, state);
CREATE INDEX jobs_by_item ON jobs (item_id);

CREATE TABLE events (
  ord BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, id UUID NOT NULL UNIQUE, at BIGINT NOT NULL, actor_user UUID,
  actor_kind TEXT NOT NULL, action TEXT NOT NULL, object_kind TEXT NOT NULL, object_id UUID, project_id UUID,
  item_id UUID, session_id UUID, outcome TEXT NOT NULL, reason TEXT, entry BYTEA NOT NULL, log_index BIGINT
);
CREATE UNIQUE INDEX events_by_index ON events (log_index) WHERE log_index IS NOT NULL;
CREATE INDEX events_waiting ON events (ord) WHERE log_index IS NULL;
CREATE INDEX events_by_item ON events (item_id, ord) WHERE item_id IS NOT NULL;
CREATE INDEX events_by_project ON events (project_id, ord) WHERE project_id IS NOT NULL;

CREATE TABLE event_details (event_id UUID PRIMARY KEY, salt BYTEA NOT NULL, details TEXT NOT NULL);

CREATE TABLE settings (key TEXT PRIMARY KEY, value BYTEA NOT NULL);
