-- Asked by every status, plan and rollback, of however many versions and runs there ever were.
CREATE INDEX release_by_version ON release (version, id);
CREATE INDEX version_built ON version (number) WHERE artifact IS NOT NULL;
CREATE INDEX version_by_changes ON version (changes, number) WHERE artifact IS NOT NULL;
