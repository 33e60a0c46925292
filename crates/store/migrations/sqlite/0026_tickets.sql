-- Guideline tickets: where several people disagree in one way, the guideline is looked at and not the people. With them the
-- alarms about people that are kept back meanwhile.
CREATE TABLE guideline_tickets (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id),
  cause TEXT NOT NULL CHECK (cause IN ('pair', 'alarms')), stream TEXT NOT NULL, first_class TEXT, second_class TEXT,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed')), marks INTEGER NOT NULL, expected REAL, chance REAL,
  people INTEGER NOT NULL, active INTEGER NOT NULL, examples TEXT NOT NULL, before_both INTEGER NOT NULL,
  before_either INTEGER NOT NULL, after_both INTEGER NOT NULL, after_either INTEGER NOT NULL, opened_at INTEGER NOT NULL,
  closed_at INTEGER, closed_by BLOB REFERENCES users (id), guideline_id BLOB REFERENCES guidelines (id), reason TEXT
) STRICT;
CREATE INDEX guideline_tickets_by_project ON guideline_tickets (project_id, id);

CREATE TABLE suppressed_alarms (
  ticket_id BLOB NOT NULL REFERENCES guideline_tickets (id), user_id BLOB NOT NULL REFERENCES users (id),
  number INTEGER NOT NULL, evidence REAL NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (ticket_id, user_id, number)
) STRICT;
