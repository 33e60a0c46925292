-- What was done to each file before anybody saw it, sampled audits of what was cleared, and leaks with the items that
-- they recall.
CREATE TABLE cleanings (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), item_id UUID NOT NULL REFERENCES items (id),
  source_asset_id UUID NOT NULL, asset_id UUID NOT NULL, rules TEXT NOT NULL, hash_before TEXT NOT NULL,
  hash_after TEXT NOT NULL, report TEXT NOT NULL, regions TEXT NOT NULL, at BIGINT NOT NULL
);
CREATE INDEX cleanings_by_item ON cleanings (item_id, id);
CREATE INDEX cleanings_by_project ON cleanings (project_id, id);

CREATE TABLE audits (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), seed TEXT NOT NULL, lot BIGINT NOT NULL,
  size BIGINT NOT NULL, confidence DOUBLE PRECISION NOT NULL, state TEXT NOT NULL, checked BIGINT NOT NULL, found BIGINT NOT NULL,
  opened_by UUID REFERENCES users (id), opened_at BIGINT NOT NULL, closed_at BIGINT
);
CREATE INDEX audits_by_project ON audits (project_id, id);

CREATE TABLE audit_items (
  audit_id UUID NOT NULL REFERENCES audits (id), position BIGINT NOT NULL, item_id UUID NOT NULL REFERENCES items (id),
  verdict TEXT, user_id UUID REFERENCES users (id), at BIGINT, PRIMARY KEY (audit_id, position)
);

CREATE TABLE leaks (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), item_id UUID NOT NULL REFERENCES items (id),
  ingest_id UUID, audit_id UUID, stream BIGINT, frame BIGINT, reason TEXT NOT NULL, state TEXT NOT NULL,
  reported_by UUID REFERENCES users (id), at BIGINT NOT NULL, recalled_at BIGINT
);
CREATE INDEX leaks_by_project ON leaks (project_id, id);

CREATE TABLE leak_items (
  leak_id UUID NOT NULL REFERENCES leaks (id), item_id UUID NOT NULL REFERENCES items (id), state TEXT NOT NULL,
  decided_by UUID REFERENCES users (id), decided_at BIGINT, reason TEXT, PRIMARY KEY (leak_id, item_id)
);
CREATE INDEX leak_items_open ON leak_items (item_id) WHERE state = 'recalled';
CREATE INDEX items_by_ingest ON items (ingest_id, id) WHERE ingest_id IS NOT NULL;
