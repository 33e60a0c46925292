-- Tables of records and free text that came in beside the images of a project: each was cleaned to its rows, or stays in
-- quarantine by itself.
CREATE TABLE record_files (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), ingest_id BLOB NOT NULL REFERENCES ingests (id),
  asset_id BLOB NOT NULL UNIQUE REFERENCES assets (id), state TEXT NOT NULL CHECK (state IN ('waiting', 'cleaned', 'kept', 'erased')),
  reason TEXT, at_row INTEGER, at_column INTEGER, row_count INTEGER NOT NULL, protocol_version INTEGER, rules TEXT,
  hash_before TEXT NOT NULL, hash_after TEXT, report TEXT, came_at INTEGER NOT NULL, looked_at INTEGER
) STRICT;
CREATE INDEX record_files_project ON record_files (project_id, id);
-- What stays of a row, and by what it is joined to items: whom it is about, and keyed hashes of study and accession number.
CREATE TABLE record_rows (
  id BLOB PRIMARY KEY, file_id BLOB NOT NULL REFERENCES record_files (id), subject_id BLOB NOT NULL REFERENCES subjects (id),
  number INTEGER NOT NULL, study_key TEXT, accession_key TEXT, cells TEXT NOT NULL
) STRICT;
CREATE INDEX record_rows_subject ON record_rows (subject_id);
CREATE INDEX record_rows_file ON record_rows (file_id);
-- Keyed hashes of the accession numbers of a study.
CREATE TABLE item_accessions (
  item_id BLOB NOT NULL REFERENCES items (id), accession_key TEXT NOT NULL, PRIMARY KEY (item_id, accession_key)
) STRICT;
