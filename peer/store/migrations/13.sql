-- Since when a contact is one that the user has chosen: added, verified, given a name
-- or written to. Others are pinned because they have written to us (0).
ALTER TABLE contact ADD COLUMN chosen_at INTEGER NOT NULL DEFAULT 0;

-- Kinds 64 and 98 are texts and file offers. What is said to a group chooses nobody.
UPDATE contact SET chosen_at = pinned_at WHERE verified_at <> 0 OR petname <> '' OR EXISTS (
	SELECT 1 FROM message WHERE peer = contact.key AND outgoing = 1 AND group_id = x'' AND kind IN (64, 98)
);
