-- Users of the classic protocol with whom there are messages. They have no keys;
-- what stands for one (store.ClassicKey) is made from the name.
CREATE TABLE classic_user (
	key  BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 32),
	name TEXT NOT NULL -- as last seen
) STRICT, WITHOUT ROWID;
