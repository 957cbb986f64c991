-- The message that an edit is of, x'' for what is no edit: which edit is the last,
-- and where earlier ones still say what is no longer said.
ALTER TABLE message ADD COLUMN edit_of BLOB NOT NULL DEFAULT x'' CHECK (length(edit_of) IN (0, 16));

CREATE INDEX message_edit ON message (edit_of, peer, outgoing, seq) WHERE edit_of <> x'';
