-- Guideline tickets: where several people disagree in one way, the guideline is looked at and not the people. With them the
-- alarms about people that are kept back meanwhile.
CREATE TABLE guideline_tickets (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  cause TEXT NOT NULL CHECK (cause IN ('pair', 'alarms')), stream TEXT NOT NULL, first_class TEXT, second_class TEXT,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed')), marks BIGINT NOT NULL, expected DOUBLE PRECISION, chance DOUBLE PRECISION,
  people BIGINT NOT NULL, active BIGINT NOT NULL, examples TEXT NOT NULL, before_both BIGINT NOT NULL,
  before_either BIGINT NOT NULL, after_both BIGINT NOT NULL, after_either BIGINT NOT NULL, opened_at BIGINT NOT NULL,
  closed_at BIGINT, closed_by UUID REFERENCES users (id), guideline_id UUID REFERENCES guidelines (id), reason TEXT
);
CREATE INDEX guideline_tickets_by_project ON guideline_tickets (project_id, id);

CREATE TABLE suppressed_alarms (
  ticket_id UUID NOT NULL REFERENCES guideline_tickets (id), user_id UUID NOT NULL REFERENCES users (id),
  number BIGINT NOT NULL, evidence DOUBLE PRECISION NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (ticket_id, user_id, number)
);
