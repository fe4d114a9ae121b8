-- How far back a source's word on when something happened is believed, in days. More than 30 is an admin's to give, at its making.
ALTER TABLE sources ADD COLUMN past_days int NOT NULL DEFAULT 30;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE sources ADD CONSTRAINT sources_past_days_check CHECK (past_days BETWEEN 30 AND 400);
