-- A chain of seals a partition, so that one that leaves takes its chain along and breaks no other. Beside the hash stand
-- eight bytes of each row's own, so that an edited row can be named.
DROP TABLE seals;
CREATE TABLE seals (
    partition text NOT NULL,
    number int NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    positions bigint[] NOT NULL,
    digests bytea NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (partition, number)
);
-- questhall: append-only seals

CREATE INDEX event_log_type ON event_log (type, position);
CREATE INDEX event_log_time ON event_log USING brin ("time") WITH (pages_per_range = 16);

-- As before, and the service may read each partition by its own name, to seal it.
CREATE OR REPLACE FUNCTION roll_event_log(month date) RETURNS void
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
            EXECUTE format('GRANT SELECT ON %I TO SESSION_USER', name);
        END IF;
    END LOOP;
END $$;
