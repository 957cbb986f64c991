-- Times are nanoseconds since 1970 (UTC), 0 = never. Keys, ids and signatures
-- are raw bytes. Unsigned 64-bit numbers of the wire that are only compared for
-- equality (prekey ids, roster epoch and version) are stored as their signed
-- bit pattern.

CREATE TABLE conversation (
	peer          BLOB    NOT NULL PRIMARY KEY CHECK (length(peer) = 32),
	next_seq      INTEGER NOT NULL DEFAULT 1, -- of our next message; only grows, so that no number is used twice
	received_seq  INTEGER NOT NULL DEFAULT 0, -- highest of the peer's messages here
	announced_seq INTEGER NOT NULL DEFAULT 0, -- up to which we tell the peer that its messages were read
	announced_at  INTEGER NOT NULL DEFAULT 0,
	read_seq      INTEGER NOT NULL DEFAULT 0, -- up to which the peer told us that our messages were read
	read_at       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- row_id is the order of arrival and never changes, so that a full-text index
-- may refer to it.
CREATE TABLE message (
	row_id       INTEGER PRIMARY KEY AUTOINCREMENT,
	id           BLOB    NOT NULL CHECK (length(id) = 16),
	peer         BLOB    NOT NULL REFERENCES conversation (peer),
	outgoing     INTEGER NOT NULL CHECK (outgoing IN (0, 1)),
	seq          INTEGER NOT NULL CHECK (seq > 0), -- the sender's, in this conversation
	body         TEXT    NOT NULL,
	sent_at      INTEGER NOT NULL,
	received_at  INTEGER NOT NULL DEFAULT 0,
	state        TEXT    NOT NULL,
	delivered_at INTEGER NOT NULL DEFAULT 0,
	read_at      INTEGER NOT NULL DEFAULT 0,
	path         TEXT    NOT NULL DEFAULT '',
	UNIQUE (id, peer, outgoing), -- a repeat is the same message; a peer cannot take another's id away
	CHECK (CASE outgoing WHEN 1 THEN state IN ('queued', 'sent', 'delivered', 'read')
	                     ELSE state IN ('unread', 'read') END)
) STRICT;

CREATE INDEX message_of_peer   ON message (peer, row_id);
CREATE INDEX message_pending   ON message (peer, seq) WHERE state IN ('queued', 'sent');
CREATE INDEX message_delivered ON message (peer, seq) WHERE state = 'delivered';
CREATE INDEX message_unread    ON message (peer, seq) WHERE state = 'unread';

CREATE TABLE contact (
	key              BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
	name             TEXT    NOT NULL UNIQUE,
	pinned_at        INTEGER NOT NULL,
	prekey_id        INTEGER NOT NULL, -- 0 = none
	prekey_public    BLOB    NOT NULL CHECK (length(prekey_public) = 32),
	prekey_signature BLOB    NOT NULL CHECK (length(prekey_signature) = 64),
	last_seen        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE roster (
	key              BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
	name             TEXT    NOT NULL,
	prekey_id        INTEGER NOT NULL, -- 0 = none
	prekey_public    BLOB    NOT NULL CHECK (length(prekey_public) = 32),
	prekey_signature BLOB    NOT NULL CHECK (length(prekey_signature) = 64),
	online           INTEGER NOT NULL CHECK (online IN (0, 1)),
	since            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE roster_version (
	only    INTEGER PRIMARY KEY CHECK (only = 1), -- there is one row at most
	epoch   INTEGER NOT NULL,
	version INTEGER NOT NULL
) STRICT;

CREATE TABLE prekey (
	id         INTEGER PRIMARY KEY,
	private    BLOB    NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE setting (
	name  TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
