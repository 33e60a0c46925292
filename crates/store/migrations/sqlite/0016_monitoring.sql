-- How each person's work is found when others look at it: the running detector of each stream, every check behind it, alarms
-- with what they hold, and how rare false alarms are to be.
CREATE TABLE monitor_plans (
  project_id BLOB PRIMARY KEY REFERENCES projects (id), run_length REAL NOT NULL, set_by BLOB REFERENCES users (id),
  set_at INTEGER NOT NULL
) STRICT;

CREATE TABLE monitor_streams (
  project_id BLOB NOT NULL REFERENCES projects (id), user_id BLOB NOT NULL REFERENCES users (id), stream TEXT NOT NULL,
  detector TEXT NOT NULL, checked INTEGER NOT NULL, wrong INTEGER NOT NULL, level REAL NOT NULL,
  updated_at INTEGER NOT NULL, PRIMARY KEY (project_id, user_id, stream)
) STRICT;

CREATE TABLE monitor_checks (
  project_id BLOB NOT NULL REFERENCES projects (id), user_id BLOB NOT NULL REFERENCES users (id), stream TEXT NOT NULL,
  number INTEGER NOT NULL, item_id BLOB NOT NULL REFERENCES items (id), read_id BLOB NOT NULL REFERENCES reads (id),
  checked_by BLOB REFERENCES users (id), wrong INTEGER NOT NULL, expected REAL NOT NULL, level REAL NOT NULL,
  pairs TEXT NOT NULL, overturned INTEGER NOT NULL, read_at INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (project_id, user_id, stream, number), UNIQUE (item_id, user_id, stream)
) STRICT;
CREATE INDEX monitor_checks_by_time ON monitor_checks (project_id, at);

CREATE TABLE alarms (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), user_id BLOB NOT NULL REFERENCES users (id),
  stream TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'appealed', 'upheld', 'dismissed')),
  number INTEGER NOT NULL, since_number INTEGER NOT NULL, since_at INTEGER NOT NULL, evidence REAL NOT NULL,
  run_length REAL NOT NULL, patterns TEXT NOT NULL, raised_at INTEGER NOT NULL, appeal TEXT, appealed_at INTEGER,
  decided_by BLOB REFERENCES users (id), decided_at INTEGER, reason TEXT
) STRICT;
CREATE INDEX alarms_by_project ON alarms (project_id, id);
CREATE INDEX alarms_open ON alarms (user_id, project_id) WHERE state IN ('open', 'appealed');

CREATE TABLE alarm_holds (
  alarm_id BLOB NOT NULL REFERENCES alarms (id), hold_id BLOB NOT NULL REFERENCES holds (id),
  PRIMARY KEY (alarm_id, hold_id)
) STRICT;
