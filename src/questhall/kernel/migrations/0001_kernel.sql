-- What every service keeps beside its own tables.

-- The outbox: rows exist from the commit until every consumer has confirmed. Columns are named as Debezium's
-- outbox router expects them. Deleted by position, so one index is enough.
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid text NOT NULL,
    type text NOT NULL,
    payload text NOT NULL,
    sequence bigint NOT NULL,
    "time" timestamptz NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid NOT NULL,
    actor text NOT NULL,
    depth int NOT NULL,
    traceparent text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Next number of (this producer, subject), taken under the row's lock just before the commit.
CREATE TABLE sequences (
    subject text PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 50);

-- Which events were handled. Partitioned by the day inside the UUIDv7, kept 14 days.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY
) PARTITION BY RANGE (event_id);

CREATE TABLE inbox_default PARTITION OF inbox DEFAULT;

CREATE TABLE parked (
    event_id uuid PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL,
    state text NOT NULL CHECK (state IN ('parked', 'behind', 'quarantined')),
    policy text NOT NULL CHECK (policy IN ('hold', 'pass')),
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    error text NOT NULL DEFAULT '',
    type text NOT NULL,
    envelope jsonb NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX parked_subject ON parked (subject, position);

CREATE TABLE leases (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    until timestamptz NOT NULL,
    next_at timestamptz NOT NULL DEFAULT '-infinity'
);

-- First answers of the API's Idempotency-Key, written with the effect.
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    state text NOT NULL DEFAULT 'done',
    status int,
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Lowest UUIDv7 of a day (UTC).
CREATE FUNCTION day_floor(day date) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM day::timestamp AT TIME ZONE 'UTC') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the inbox's partitions for the next days and drops those past their keep. Owned by the owner role and
-- run with its rights, since the service's own role may not change tables.
CREATE FUNCTION roll_inbox(today date, ahead int, keep int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    day date;
    old record;
BEGIN
    FOR day IN SELECT generate_series(today, today + ahead, interval '1 day')::date LOOP
        IF to_regclass('inbox_' || to_char(day, 'YYYYMMDD')) IS NULL
           AND NOT EXISTS (SELECT FROM inbox_default WHERE event_id >= day_floor(day) AND event_id < day_floor(day + 1)) THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF inbox FOR VALUES FROM (%L) TO (%L)',
                           'inbox_' || to_char(day, 'YYYYMMDD'), day_floor(day), day_floor(day + 1));
        END IF;
    END LOOP;
    FOR old IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'inbox'::regclass AND c.relname ~ '^inbox_\d{8}$'
                 AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - keep LOOP
        EXECUTE format('DROP TABLE %I', old.relname);
    END LOOP;
    DELETE FROM inbox_default WHERE event_id < day_floor(today - keep);
END $$;
