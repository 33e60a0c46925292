-- Studies of people's eyes: the same parts, judged again and again, blind, in an order that was drawn after the plan was
-- frozen. `figures` is what came of it, in the exact bytes whose hash the log holds.
CREATE TABLE appraisals (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('frozen', 'judging', 'ended', 'issued', 'void')), frozen TEXT NOT NULL,
  frozen_hash TEXT NOT NULL, qualification TEXT NOT NULL, trials BIGINT NOT NULL, rest_seconds BIGINT NOT NULL,
  entropy TEXT, seed TEXT, stop TEXT, figures TEXT, opened_by UUID REFERENCES users (id), frozen_at BIGINT NOT NULL,
  frozen_event UUID NOT NULL, seeded_at BIGINT, seeded_event UUID, ended_at BIGINT, ended_event UUID,
  issued_by UUID REFERENCES users (id), issued_at BIGINT, issued_event UUID, UNIQUE (project_id, name)
);

CREATE TABLE appraisal_parts (
  appraisal_id UUID NOT NULL REFERENCES appraisals (id), item_id UUID NOT NULL REFERENCES items (id),
  read_id UUID NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, line TEXT NOT NULL, bad BOOLEAN NOT NULL,
  borderline BOOLEAN NOT NULL, PRIMARY KEY (appraisal_id, item_id)
);
CREATE INDEX appraisal_parts_by_item ON appraisal_parts (item_id);

-- Whose eyes; and what followed for each of them when the study was issued.
CREATE TABLE appraisal_people (
  appraisal_id UUID NOT NULL REFERENCES appraisals (id), user_id UUID NOT NULL REFERENCES users (id), verdict TEXT,
  qualification_id UUID REFERENCES qualifications (id), PRIMARY KEY (appraisal_id, user_id)
);
CREATE INDEX appraisal_people_by_user ON appraisal_people (user_id);

-- Every turn of every person in its order; an answer is never changed.
CREATE TABLE appraisal_turns (
  appraisal_id UUID NOT NULL REFERENCES appraisals (id), user_id UUID NOT NULL REFERENCES users (id), number BIGINT NOT NULL,
  trial BIGINT NOT NULL, item_id UUID NOT NULL REFERENCES items (id), given_at BIGINT, bad BOOLEAN, judged_at BIGINT,
  PRIMARY KEY (appraisal_id, user_id, number)
);
CREATE INDEX appraisal_turns_by_item ON appraisal_turns (item_id, user_id);
