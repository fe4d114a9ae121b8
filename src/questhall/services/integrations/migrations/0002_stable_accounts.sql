-- The source's own number of an account, learnt when it is first seen: a renamed login stays its player's, and a login
-- that somebody else took over does not become theirs. '' until it is known, and where a source has no such number.
ALTER TABLE links ADD COLUMN stable_id text NOT NULL DEFAULT '';
CREATE INDEX links_stable ON links (kind, stable_id) WHERE stable_id <> '';
ALTER TABLE waiting ADD COLUMN stable_id text NOT NULL DEFAULT '';
