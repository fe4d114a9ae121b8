-- What each event moved, so that it can be taken back; and the values that `distinct` has seen.
CREATE TABLE achievement_acts (
    user_id uuid NOT NULL,
    event_id uuid NOT NULL,
    achievement_id uuid NOT NULL,
    path text NOT NULL,
    amount bigint NOT NULL,
    value text,
    at timestamptz NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (user_id, event_id, achievement_id, path)
);
CREATE INDEX achievement_acts_event ON achievement_acts (event_id);
CREATE INDEX achievement_acts_value ON achievement_acts (user_id, achievement_id, path, value) WHERE value IS NOT NULL;
