-- A version that waits for its time may carry out a change of the ontology: what becomes of labels is part of it.
ALTER TABLE protocol_plans ADD COLUMN ontology TEXT;
