-- The document behind a certificate: where it lies, what it is, who brought it.
ALTER TABLE qualifications ADD COLUMN file_address TEXT;
ALTER TABLE qualifications ADD COLUMN file_kind TEXT;
ALTER TABLE qualifications ADD COLUMN file_bytes INTEGER;
ALTER TABLE qualifications ADD COLUMN file_by BLOB REFERENCES users (id);
ALTER TABLE qualifications ADD COLUMN file_at INTEGER;
