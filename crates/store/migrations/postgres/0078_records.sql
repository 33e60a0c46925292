-- Tables of records and free text that came in beside the images of a project: each was cleaned to its rows, or stays in
-- quarantine by itself.
CREATE TABLE record_files (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), ingest_id UUID NOT NULL REFERENCES ingests (id),
  asset_id UUID NOT NULL UNIQUE REFERENCES assets (id), state TEXT NOT NULL CHECK (state IN ('waiting', 'cleaned', 'kept', 'erased')),
  reason TEXT, at_row BIGINT, at_column BIGINT, row_count BIGINT NOT NULL, protocol_version BIGINT, rules TEXT,
  hash_before TEXT NOT NULL, hash_after TEXT, report TEXT, came_at BIGINT NOT NULL, looked_at BIGINT
);
CREATE INDEX record_files_project ON record_files (project_id, id);
-- What stays of a row, and by what it is joined to items: whom it is about, and keyed hashes of study and accession number.
CREATE TABLE record_rows (
  id UUID PRIMARY KEY, file_id UUID NOT NULL REFERENCES record_files (id), subject_id UUID NOT NULL REFERENCES subjects (id),
  number BIGINT NOT NULL, study_key TEXT, accession_key TEXT, cells TEXT NOT NULL
);
CREATE INDEX record_rows_subject ON record_rows (subject_id);
CREATE INDEX record_rows_file ON record_rows (file_id);
-- Keyed hashes of the accession numbers of a study.
CREATE TABLE item_accessions (
  item_id UUID NOT NULL REFERENCES items (id), accession_key TEXT NOT NULL, PRIMARY KEY (item_id, accession_key)
);
