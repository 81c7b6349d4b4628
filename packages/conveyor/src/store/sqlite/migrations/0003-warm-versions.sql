-- The keeper asks each second which versions are warm: few, of however many there ever were.
CREATE INDEX version_warm ON version (number) WHERE warm_until IS NOT NULL;
