-- Browsers that a player has signed in with before: strangers who try passwords never slow these down.
CREATE TABLE devices (
    user_id uuid NOT NULL REFERENCES users (id),
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, secret_hash)
);

ALTER TABLE sessions ADD COLUMN agent text NOT NULL DEFAULT '';

-- When the other services were told of the player: somebody suspended while waiting was never announced.
ALTER TABLE users ADD COLUMN announced_at timestamptz;
UPDATE users SET announced_at = created_at WHERE status <> 'waiting';
