-- Groups that this peer knows of, also those it has left.

CREATE TABLE peer_group (
	id   BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
	name TEXT NOT NULL -- as its maker called it; several may be called the same
) STRICT, WITHOUT ROWID;

CREATE TABLE group_member (
	group_id BLOB    NOT NULL REFERENCES peer_group (id),
	key      BLOB    NOT NULL CHECK (length(key) = 32),
	change   INTEGER NOT NULL CHECK (change > 0), -- odd = is a member (wire.GroupMember)
	PRIMARY KEY (group_id, key)
) STRICT, WITHOUT ROWID;

-- What each member was told last of the group, or told us, as the SHA-256 of
-- wire.Group: who knows what we know is not told again.
CREATE TABLE group_told (
	group_id BLOB NOT NULL REFERENCES peer_group (id),
	peer     BLOB NOT NULL CHECK (length(peer) = 32),
	digest   BLOB NOT NULL CHECK (length(digest) = 32),
	PRIMARY KEY (group_id, peer)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_of_group ON message (group_id, row_id) WHERE group_id <> x'';
