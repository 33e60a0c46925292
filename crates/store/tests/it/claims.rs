//! Claims: one task, one person.
