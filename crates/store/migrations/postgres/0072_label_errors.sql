-- Searches for wrong labels and what they doubt; review tasks come in the order of doubt.
CREATE TABLE label_searches (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  state TEXT NOT NULL CHECK (state IN ('looking', 'done')), items BIGINT NOT NULL, looked BIGINT NOT NULL,
  compared BIGINT NOT NULL, found BIGINT NOT NULL, started_by UUID NOT NULL REFERENCES users (id),
  started_at BIGINT NOT NULL, ended_at BIGINT
);
CREATE INDEX label_searches_by_project ON label_searches (project_id, id);
CREATE UNIQUE INDEX label_searches_looking ON label_searches (project_id) WHERE state = 'looking';
CREATE TABLE label_doubts (
  id UUID PRIMARY KEY, search_id UUID NOT NULL REFERENCES label_searches (id),
  project_id UUID NOT NULL REFERENCES projects (id), item_id UUID NOT NULL REFERENCES items (id), read_id UUID NOT NULL,
  kind TEXT NOT NULL, rank BIGINT NOT NULL, weight DOUBLE PRECISION NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL,
  annotation_id UUID, class TEXT, predicted_class TEXT, stream BIGINT, frame BIGINT, x DOUBLE PRECISION, y DOUBLE PRECISION,
  state TEXT NOT NULL CHECK (state IN ('open', 'right', 'sent_back')), decided_by UUID REFERENCES users (id),
  decided_at BIGINT, comment TEXT
);
CREATE INDEX label_doubts_listed ON label_doubts (search_id, kind, state, rank);
CREATE INDEX label_doubts_by_item ON label_doubts (item_id);
ALTER TABLE tasks ADD COLUMN doubt DOUBLE PRECISION NOT NULL DEFAULT 0;
DROP INDEX tasks_open;
CREATE INDEX tasks_open ON tasks (project_id, role, priority DESC, doubt DESC, id) WHERE state IN ('ready', 'leased');
