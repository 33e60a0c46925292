-- Which model drafted, beyond its name: the hash of what it is, and what that hash is over.
ALTER TABLE reads ADD COLUMN model_hash TEXT;
ALTER TABLE reads ADD COLUMN model_hash_of TEXT;
-- That a model's draft was shown to the person who made a read, before it was locked: written when it was shown.
CREATE TABLE shown_drafts (
  read_id UUID PRIMARY KEY REFERENCES reads (id), draft_id UUID NOT NULL REFERENCES reads (id), how TEXT NOT NULL,
  at BIGINT NOT NULL
);
