-- From what it is drawn which drafts are made wrong or withheld: known to nobody who works.
CREATE TABLE suggestion_seeds (
  project_id UUID PRIMARY KEY REFERENCES projects (id), seed TEXT NOT NULL, at BIGINT NOT NULL
);
-- What an item's draft serves for, where it is measured whether people follow a model where it is wrong.
CREATE TABLE suggestions (
  item_id UUID PRIMARY KEY REFERENCES items (id), project_id UUID NOT NULL REFERENCES projects (id),
  draft_id UUID NOT NULL REFERENCES reads (id), arm TEXT NOT NULL, number TEXT NOT NULL, said TEXT NOT NULL, at BIGINT NOT NULL,
  kept_at BIGINT, opened_at BIGINT, confirmed BOOLEAN
);
CREATE INDEX suggestions_project ON suggestions (project_id, item_id);
