-- Full-text index of the messages: the positions of every three characters in a
-- row, so that it needs to know no language's words. Letters count as the same
-- in either case, with and without accents. The texts stay in message
-- (external content); ranks are not asked for, so no sizes are kept.

-- conversation is three characters of the peer's key, hence one entry of the
-- index: it leads past the messages of nearly all others. peer tells for sure.
CREATE VIEW message_content AS
	SELECT row_id, body, substr(hex(peer), 1, 3) AS conversation FROM message;

CREATE VIRTUAL TABLE message_text USING fts5 (
	body, conversation,
	content = 'message_content', content_rowid = 'row_id',
	columnsize = 0,
	tokenize = 'trigram remove_diacritics 1'
);

-- Every transaction adds a small segment to the index, and segments are merged
-- as more come. Merging as often as is the default makes sending one message after another
-- take twice as long; more seldom, and a search has more segments to look in.
INSERT INTO message_text (message_text, rank) VALUES ('automerge', 8);
INSERT INTO message_text (message_text, rank) VALUES ('crisismerge', 64);

CREATE TRIGGER message_text_insert AFTER INSERT ON message BEGIN
	INSERT INTO message_text (rowid, body, conversation)
		VALUES (new.row_id, new.body, substr(hex(new.peer), 1, 3));
END;

CREATE TRIGGER message_text_update AFTER UPDATE OF body ON message BEGIN
	INSERT INTO message_text (message_text, rowid, body, conversation)
		VALUES ('delete', old.row_id, old.body, substr(hex(old.peer), 1, 3));
	INSERT INTO message_text (rowid, body, conversation)
		VALUES (new.row_id, new.body, substr(hex(new.peer), 1, 3));
END;

CREATE TRIGGER message_text_delete AFTER DELETE ON message BEGIN
	INSERT INTO message_text (message_text, rowid, body, conversation)
		VALUES ('delete', old.row_id, old.body, substr(hex(old.peer), 1, 3));
END;

INSERT INTO message_text (message_text) VALUES ('rebuild');
