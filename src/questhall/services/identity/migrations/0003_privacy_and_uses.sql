-- A private profile is shown to its player and to moderators alone.
ALTER TABLE users ADD COLUMN private boolean NOT NULL DEFAULT false;

-- One invitation may let several people in: a class, say.
ALTER TABLE invites ADD COLUMN uses_max int NOT NULL DEFAULT 1 CHECK (uses_max > 0);
ALTER TABLE invites ADD COLUMN uses int NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND uses_max);
UPDATE invites SET uses = 1 WHERE used_by IS NOT NULL;
