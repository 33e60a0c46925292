-- From what it is drawn which drafts are made wrong or withheld: known to nobody who works.
CREATE TABLE suggestion_seeds (
  project_id BLOB PRIMARY KEY REFERENCES projects (id), seed TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
-- What an item's draft serves for, where it is measured whether people follow a model where it is wrong.
CREATE TABLE suggestions (
  item_id BLOB PRIMARY KEY REFERENCES items (id), project_id BLOB NOT NULL REFERENCES projects (id),
  draft_id BLOB NOT NULL REFERENCES reads (id), arm TEXT NOT NULL, number TEXT NOT NULL, said TEXT NOT NULL, at INTEGER NOT NULL,
  kept_at INTEGER, opened_at INTEGER, confirmed INTEGER
) STRICT;
CREATE INDEX suggestions_project ON suggestions (project_id, item_id);
