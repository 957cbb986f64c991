-- What the user calls a contact, '' = by the name that is pinned to its key.
ALTER TABLE contact ADD COLUMN petname TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX contact_petname ON contact (petname) WHERE petname <> '';
