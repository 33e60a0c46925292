-- Signed acts are looked up by what they were about: pages show name, meaning and time as their events keep them.
CREATE INDEX events_signed ON events (object_id, ord)
  WHERE action IN ('protocol.signed', 'protocol.activated', 'protocol.planned', 'protocol.changed', 'guideline.published', 'ontology.changed', 'project.declared_public', 'release.started', 'release.countersigned', 'erasure.approved', 'erasure.refused', 'reidentification.approved', 'reidentification.refused');
