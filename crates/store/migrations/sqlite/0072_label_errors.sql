-- Searches for wrong labels and what they doubt; review tasks come in the order of doubt.
CREATE TABLE label_searches (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  state TEXT NOT NULL CHECK (state IN ('looking', 'done')), items INTEGER NOT NULL, looked INTEGER NOT NULL,
  compared INTEGER NOT NULL, found INTEGER NOT NULL, started_by BLOB NOT NULL REFERENCES users (id),
  started_at INTEGER NOT NULL, ended_at INTEGER
) STRICT;
CREATE INDEX label_searches_by_project ON label_searches (project_id, id);
CREATE UNIQUE INDEX label_searches_looking ON label_searches (project_id) WHERE state = 'looking';
CREATE TABLE label_doubts (
  id BLOB PRIMARY KEY, search_id BLOB NOT NULL REFERENCES label_searches (id),
  project_id BLOB NOT NULL REFERENCES projects (id), item_id BLOB NOT NULL REFERENCES items (id), read_id BLOB NOT NULL,
  kind TEXT NOT NULL, rank INTEGER NOT NULL, weight REAL NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL,
  annotation_id BLOB, class TEXT, predicted_class TEXT, stream INTEGER, frame INTEGER, x REAL, y REAL,
  state TEXT NOT NULL CHECK (state IN ('open', 'right', 'sent_back')), decided_by BLOB REFERENCES users (id),
  decided_at INTEGER, comment TEXT
) STRICT;
CREATE INDEX label_doubts_listed ON label_doubts (search_id, kind, state, rank);
CREATE INDEX label_doubts_by_item ON label_doubts (item_id);
ALTER TABLE tasks ADD COLUMN doubt REAL NOT NULL DEFAULT 0;
DROP INDEX tasks_open;
CREATE INDEX tasks_open ON tasks (project_id, role, priority DESC, doubt DESC, id) WHERE state IN ('ready', 'leased');
