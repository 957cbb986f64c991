-- The full-text index is in a file of its own (index.go), so that messages are
-- stored without waiting for it.
DROP TRIGGER message_text_insert;
DROP TRIGGER message_text_update;
DROP TRIGGER message_text_delete;
DROP TABLE message_text;
DROP VIEW message_content;

-- New messages the index finds by their row_id. Here are those that have changed
-- since, or are gone. number says how far the index has followed.
CREATE TABLE message_change (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	row_id INTEGER NOT NULL
) STRICT;

CREATE TRIGGER message_changed AFTER UPDATE OF body, hidden ON message
WHEN new.body <> old.body OR new.hidden <> old.hidden BEGIN
	INSERT INTO message_change (row_id) VALUES (old.row_id);
END;

CREATE TRIGGER message_deleted AFTER DELETE ON message WHEN old.hidden = 0 BEGIN
	INSERT INTO message_change (row_id) VALUES (old.row_id);
END;
