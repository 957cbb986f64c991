-- The full-text index: the positions of every three characters in a row, so that
-- it needs to know no language's words. Letters count as the same in either case,
-- with and without accents. The texts are in messages.db only.
--
-- conversation is three characters of the peer's key, hence one entry of the
-- index: it leads past the messages of nearly all others. messages.db tells for
-- sure.
CREATE VIRTUAL TABLE message_text USING fts5 (
	body, conversation,
	content = '', contentless_delete = 1,
	tokenize = 'trigram remove_diacritics 1'
);

-- How far the index has followed messages.db. It moves in the transaction that
-- writes what it speaks of.
CREATE TABLE cursor (
	only       INTEGER PRIMARY KEY CHECK (only = 1), -- there is one row
	row_id     INTEGER NOT NULL, -- every message up to this one is in the index
	message_id BLOB    NOT NULL, -- of that message: tells one history from another
	change     INTEGER NOT NULL  -- every message_change up to this one is in the index
) STRICT;

INSERT INTO cursor (only, row_id, message_id, change) VALUES (1, 0, x'', 0);
