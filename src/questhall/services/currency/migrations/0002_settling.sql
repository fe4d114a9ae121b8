-- Rules of currencies are kept in memory; who takes the journal's head sees whether they are still the newest.
ALTER TABLE journal_head ADD COLUMN currencies bigint NOT NULL DEFAULT 1;

-- The undo that took a player below a level: what the level paid is taken back, also when it is paid after that.
ALTER TABLE level_marks ADD COLUMN fell_by uuid;

-- Parts of rewards that could not be credited, driven again until they can.
CREATE TABLE unsettled_parts (
    user_id uuid NOT NULL,
    part_id text NOT NULL,
    grant_id uuid NOT NULL,
    currency text NOT NULL,
    posting jsonb NOT NULL,
    refusal text NOT NULL,
    causation_id uuid NOT NULL,
    correlation_id uuid NOT NULL,
    actor text NOT NULL,
    depth int NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (user_id, part_id)
);
CREATE INDEX unsettled_parts_currency ON unsettled_parts (currency);
