-- A guideline that was extended or corrected after work had begun: a deviation from what was frozen, as for protocols.
ALTER TABLE guidelines ADD COLUMN deviation INTEGER NOT NULL DEFAULT 0;
