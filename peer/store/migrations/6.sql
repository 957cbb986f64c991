-- Files that are offered, by us (outgoing) or to us. A row is made and changed by the
-- effects of items, so it agrees with what has been sent and received.
CREATE TABLE transfer (
	row_id     INTEGER PRIMARY KEY,
	id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16), -- of the item that the offer came in
	peer       BLOB    NOT NULL CHECK (length(peer) = 32),
	outgoing   INTEGER NOT NULL CHECK (outgoing IN (0, 1)),
	offer      BLOB    NOT NULL,              -- wire.FileOffer's body
	state      TEXT    NOT NULL CHECK (state IN ('offered', 'accepted', 'done', 'declined', 'cancelled', 'failed')),
	reason     INTEGER NOT NULL DEFAULT 0,    -- wire.FileReason, of failed
	path       TEXT    NOT NULL DEFAULT '',   -- ours: what is sent. A peer's: where it is, or is just being moved to
	moved      INTEGER NOT NULL DEFAULT 0,    -- bytes that had moved when that was last noted, for people only
	offered_at INTEGER NOT NULL,
	ended_at   INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX transfer_open ON transfer (peer, outgoing) WHERE state IN ('offered', 'accepted');

-- What happens to a peer's offers. It is bound to the key; no row is ask.
CREATE TABLE file_policy (
	peer   BLOB PRIMARY KEY CHECK (length(peer) = 32),
	policy TEXT NOT NULL CHECK (policy IN ('auto', 'never'))
);
