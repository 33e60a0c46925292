-- The keys that a person chose: which map, and what they changed of it.
CREATE TABLE user_keys (
  user_id UUID PRIMARY KEY REFERENCES users (id), body TEXT NOT NULL, at BIGINT NOT NULL
);
