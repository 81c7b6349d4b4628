-- An artifact is a reference that only builder and runtime look into: its id, its kind, and where it is in the words of that kind.
UPDATE version
SET artifact = json_object('id', artifact ->> '$.id', 'kind', 'directory', 'ref', artifact ->> '$.directory')
WHERE artifact IS NOT NULL;
