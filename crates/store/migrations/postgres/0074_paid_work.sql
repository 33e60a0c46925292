-- Which organization somebody left, and when: what they did before is its work.
CREATE TABLE organization_moves (
  user_id UUID NOT NULL REFERENCES users (id), organization_id UUID NOT NULL REFERENCES organizations (id),
  at BIGINT NOT NULL, PRIMARY KEY (user_id, at)
);
-- What is paid is an organization's last read that was not sent back, and copies of gold as accepted as they look.
ALTER TABLE vendor_scores ADD COLUMN paid_read_id UUID REFERENCES reads (id);
ALTER TABLE vendor_scores ADD COLUMN paid_marks BIGINT;
UPDATE vendor_scores SET paid_read_id = read_id, paid_marks = marks;
ALTER TABLE gold_copies ADD COLUMN accepted_at BIGINT;
UPDATE gold_copies SET accepted_at = (SELECT i.updated_at FROM items i WHERE i.id = gold_copies.item_id
  AND i.state IN ('accepted', 'released'));
-- What was held against people by an answer that was wrong itself.
ALTER TABLE gold_results ADD COLUMN taken_back BOOLEAN NOT NULL DEFAULT FALSE;
