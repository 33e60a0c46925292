-- How bad what a check found was, where it was measured, and how long reading took others.
ALTER TABLE monitor_checks ADD COLUMN severity DOUBLE PRECISION;
ALTER TABLE monitor_streams ADD COLUMN severity DOUBLE PRECISION NOT NULL DEFAULT 0;
CREATE INDEX turns_timed ON turns (project_id, kind, done_at);
