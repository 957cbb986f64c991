-- Beside texts, what is delivered like them (wire.Item), and texts to groups.

ALTER TABLE message ADD COLUMN kind      INTEGER NOT NULL DEFAULT 64; -- wire.KindText, or the kind of payload
ALTER TABLE message ADD COLUMN payload   BLOB    NOT NULL DEFAULT x''; -- of an item, as on the wire
ALTER TABLE message ADD COLUMN group_id  BLOB    NOT NULL DEFAULT x'' CHECK (length(group_id) IN (0, 16));
-- Not in the history: an item that is not for people to read, and all but one
-- of the copies that go to the members of a group.
ALTER TABLE message ADD COLUMN hidden    INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));
ALTER TABLE message ADD COLUMN edited_at INTEGER NOT NULL DEFAULT 0; -- by its author, at the author's clock
ALTER TABLE message ADD COLUMN unsent_at INTEGER NOT NULL DEFAULT 0; -- likewise; then body is empty

-- Only what people read is searched for.
DROP TRIGGER message_text_insert;
DROP TRIGGER message_text_update;
DROP TRIGGER message_text_delete;
DROP VIEW message_content;

CREATE VIEW message_content AS
	SELECT row_id, body, substr(hex(peer), 1, 3) AS conversation FROM message WHERE hidden = 0;

CREATE TRIGGER message_text_insert AFTER INSERT ON message WHEN new.hidden = 0 BEGIN
	INSERT INTO message_text (rowid, body, conversation)
		VALUES (new.row_id, new.body, substr(hex(new.peer), 1, 3));
END;

CREATE TRIGGER message_text_update AFTER UPDATE OF body ON message WHEN new.hidden = 0 BEGIN
	INSERT INTO message_text (message_text, rowid, body, conversation)
		VALUES ('delete', old.row_id, old.body, substr(hex(old.peer), 1, 3));
	INSERT INTO message_text (rowid, body, conversation)
		VALUES (new.row_id, new.body, substr(hex(new.peer), 1, 3));
END;

CREATE TRIGGER message_text_delete AFTER DELETE ON message WHEN old.hidden = 0 BEGIN
	INSERT INTO message_text (message_text, rowid, body, conversation)
		VALUES ('delete', old.row_id, old.body, substr(hex(old.peer), 1, 3));
END;
