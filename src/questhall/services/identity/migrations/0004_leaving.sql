-- (Put back at once, wider.)
-- squawk-ignore ban-drop-constraint
ALTER TABLE users DROP CONSTRAINT users_status_check;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE users ADD CONSTRAINT users_status_check CHECK (status IN ('waiting', 'active', 'suspended', 'erased'));

-- Names of players who were erased, as digests: nobody takes one up, and so nobody is taken for them.
CREATE TABLE former_names (
    digest bytea PRIMARY KEY
);

-- Who was erased. What they were called is kept until every service has looked for it, and not a moment longer.
CREATE TABLE erasures (
    user_id uuid PRIMARY KEY,
    names text[] NOT NULL,
    asked_at timestamptz NOT NULL,
    finished_at timestamptz
);

-- The archive that a player may fetch, as its parts came from the services.
CREATE TABLE archives (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    job_id uuid NOT NULL,
    missing text[] NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE TABLE archive_parts (
    user_id uuid NOT NULL REFERENCES users (id),
    job_id uuid NOT NULL,
    number int NOT NULL,
    service text NOT NULL,
    section text NOT NULL,
    items text NOT NULL,
    PRIMARY KEY (user_id, job_id, number)
);
