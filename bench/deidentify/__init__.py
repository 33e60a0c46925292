"""De-identification, measured from outside: what must have happened to each attribute, what is left, how fast."""
