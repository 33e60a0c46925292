-- Reads that say of the whole item that it cannot be assessed: what is not in them is not absent, but unknown.
ALTER TABLE reads ADD COLUMN cannot_assess INTEGER NOT NULL DEFAULT 0;
