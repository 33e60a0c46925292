-- Which files a package holds. What was released earlier keeps the files that it had.
ALTER TABLE releases ADD COLUMN format BIGINT NOT NULL DEFAULT 1;
