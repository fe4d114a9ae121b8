-- Where a backfill has counted, a live event may have been counted already: there, and only there, it is looked up.
ALTER TABLE user_achievements ADD COLUMN backfilled boolean NOT NULL DEFAULT false;

-- Events that were undone: the log has them for ever, and no backfill counts them.
CREATE TABLE undone_events (
    event_id uuid PRIMARY KEY
);

-- Awards by hand say why, and so do those that were taken back by hand: these no rule gives again.
ALTER TABLE achievement_awards ADD COLUMN reason text, ADD COLUMN revoked_reason text;

-- Who holds how much; told anew each minute.
CREATE TABLE board (
    user_id uuid PRIMARY KEY,
    points bigint NOT NULL,
    common int NOT NULL,
    rare int NOT NULL,
    epic int NOT NULL,
    legendary int NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX board_order ON board (points DESC, since, user_id);
