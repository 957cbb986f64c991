-- What the user has decided about a contact: since when its key is known to be its
-- owner's, and since when nothing of it is taken (0 = not); and whether it is told
-- what has been read, '' = as everybody is.
ALTER TABLE contact ADD COLUMN verified_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN blocked_at  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN receipts    TEXT    NOT NULL DEFAULT '' CHECK (receipts IN ('', 'on', 'off'));
