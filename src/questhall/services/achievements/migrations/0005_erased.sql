-- Who was erased: what their acts said is forgotten, so no backfill can tell which of them it has counted, and none counts them.
ALTER TABLE players ADD COLUMN erased boolean NOT NULL DEFAULT false;
