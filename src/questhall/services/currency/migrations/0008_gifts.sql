-- From the day that players can give to each other, a stolen or made-up account must not be a way to drain or to gather:
-- what a player may give and take of a currency in a day (UTC), and what an account in its first week may give.
ALTER TABLE currencies ADD COLUMN give_day_max bigint NOT NULL DEFAULT 500;
ALTER TABLE currencies ADD COLUMN take_day_max bigint NOT NULL DEFAULT 2000;
ALTER TABLE currencies ADD COLUMN give_new_max bigint NOT NULL DEFAULT 50;

-- What was given and taken in a day: kept two days, by a job.
CREATE TABLE gift_days (
    owner text NOT NULL,
    currency text NOT NULL,
    day date NOT NULL,
    given bigint NOT NULL DEFAULT 0 CHECK (given >= 0),
    taken bigint NOT NULL DEFAULT 0 CHECK (taken >= 0),
    PRIMARY KEY (owner, currency, day)
);
CREATE INDEX gift_days_day ON gift_days (day);
