-- What is usual differs from one kind of item to another: the counts of each person's checks by kind, the kind of each check, and
-- how many checks of others what was expected of it rests on.
CREATE TABLE monitor_strata (
  project_id UUID NOT NULL REFERENCES projects (id), stream TEXT NOT NULL, stratum TEXT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id), checked BIGINT NOT NULL, wrong BIGINT NOT NULL,
  severity DOUBLE PRECISION NOT NULL, PRIMARY KEY (project_id, stream, stratum, user_id)
);
ALTER TABLE monitor_checks ADD COLUMN stratum TEXT NOT NULL DEFAULT '';
ALTER TABLE monitor_checks ADD COLUMN known BIGINT NOT NULL DEFAULT 0;
