-- The event log: one partition a (retention class, month), the month by the time inside the event's UUIDv7. So the
-- id alone says where a row is, and a second copy of an event has nowhere to go.
CREATE TABLE event_log (
    class text NOT NULL,
    id uuid NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    subject text NOT NULL,
    "time" timestamptz NOT NULL,
    sequence bigint NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid NOT NULL,
    actor text NOT NULL,
    depth int NOT NULL,
    traceparent text,
    data jsonb NOT NULL,
    PRIMARY KEY (class, id)
) PARTITION BY LIST (class);
-- questhall: append-only event_log

CREATE TABLE event_log_lasting PARTITION OF event_log FOR VALUES IN ('lasting') PARTITION BY RANGE (id);
CREATE TABLE event_log_passing PARTITION OF event_log FOR VALUES IN ('passing') PARTITION BY RANGE (id);
CREATE TABLE event_log_lasting_default PARTITION OF event_log_lasting DEFAULT;
CREATE TABLE event_log_passing_default PARTITION OF event_log_passing DEFAULT;
CREATE INDEX event_log_subject ON event_log (subject, position);
CREATE INDEX event_log_correlation ON event_log (correlation_id);
CREATE INDEX event_log_position ON event_log (position);

-- Positions are taken under this row's lock, so they are given in commit order.
CREATE TABLE positions (
    id int PRIMARY KEY CHECK (id = 1),
    last bigint NOT NULL
) WITH (fillfactor = 20);
INSERT INTO positions VALUES (1, 0);

CREATE TABLE seals (
    class text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    count int NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (class, last)
);
-- questhall: append-only seals

-- Makes a month's partitions ahead; with the owner's rights, since the service may not change tables.
CREATE FUNCTION roll_event_log(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    class text;
    name text;
    low uuid := day_floor(date_trunc('month', month)::date);
    high uuid := day_floor((date_trunc('month', month) + interval '1 month')::date);
    used boolean;
BEGIN
    FOREACH class IN ARRAY ARRAY['lasting', 'passing'] LOOP
        name := format('event_log_%s_%s', class, to_char(month, 'YYYYMM'));
        IF to_regclass(name) IS NOT NULL THEN CONTINUE; END IF;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id >= $1 AND id < $2)', 'event_log_' || class || '_default')
            INTO used USING low, high;
        IF NOT used THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, 'event_log_' || class, low, high);
        END IF;
    END LOOP;
END $$;
