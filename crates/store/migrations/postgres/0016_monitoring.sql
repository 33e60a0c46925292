-- How each person's work is found when others look at it: the running detector of each stream, every check behind it, alarms
-- with what they hold, and how rare false alarms are to be.
CREATE TABLE monitor_plans (
  project_id UUID PRIMARY KEY REFERENCES projects (id), run_length DOUBLE PRECISION NOT NULL, set_by UUID REFERENCES users (id),
  set_at BIGINT NOT NULL
);

CREATE TABLE monitor_streams (
  project_id UUID NOT NULL REFERENCES projects (id), user_id UUID NOT NULL REFERENCES users (id), stream TEXT NOT NULL,
  detector TEXT NOT NULL, checked BIGINT NOT NULL, wrong BIGINT NOT NULL, level DOUBLE PRECISION NOT NULL,
  updated_at BIGINT NOT NULL, PRIMARY KEY (project_id, user_id, stream)
);

CREATE TABLE monitor_checks (
  project_id UUID NOT NULL REFERENCES projects (id), user_id UUID NOT NULL REFERENCES users (id), stream TEXT NOT NULL,
  number BIGINT NOT NULL, item_id UUID NOT NULL REFERENCES items (id), read_id UUID NOT NULL REFERENCES reads (id),
  checked_by UUID REFERENCES users (id), wrong BOOLEAN NOT NULL, expected DOUBLE PRECISION NOT NULL, level DOUBLE PRECISION NOT NULL,
  pairs TEXT NOT NULL, overturned BOOLEAN NOT NULL, read_at BIGINT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (project_id, user_id, stream, number), UNIQUE (item_id, user_id, stream)
);
CREATE INDEX monitor_checks_by_time ON monitor_checks (project_id, at);

CREATE TABLE alarms (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), user_id UUID NOT NULL REFERENCES users (id),
  stream TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'appealed', 'upheld', 'dismissed')),
  number BIGINT NOT NULL, since_number BIGINT NOT NULL, since_at BIGINT NOT NULL, evidence DOUBLE PRECISION NOT NULL,
  run_length DOUBLE PRECISION NOT NULL, patterns TEXT NOT NULL, raised_at BIGINT NOT NULL, appeal TEXT, appealed_at BIGINT,
  decided_by UUID REFERENCES users (id), decided_at BIGINT, reason TEXT
);
CREATE INDEX alarms_by_project ON alarms (project_id, id);
CREATE INDEX alarms_open ON alarms (user_id, project_id) WHERE state IN ('open', 'appealed');

CREATE TABLE alarm_holds (
  alarm_id UUID NOT NULL REFERENCES alarms (id), hold_id UUID NOT NULL REFERENCES holds (id),
  PRIMARY KEY (alarm_id, hold_id)
);
