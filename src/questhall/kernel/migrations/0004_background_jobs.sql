-- What was asked for once and takes long. It is done in steps of one transaction each, and `steps` counts them: who is at the
-- same one finds that out, and ends.
CREATE TABLE background_jobs (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    about text NOT NULL,
    owner uuid,
    arguments jsonb NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed')),
    state jsonb,
    done bigint NOT NULL DEFAULT 0,
    total bigint,
    steps bigint NOT NULL DEFAULT 0,
    result jsonb,
    problem jsonb,
    cause jsonb NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz
) WITH (fillfactor = 70);
-- Two that ask for the same get the same.
CREATE UNIQUE INDEX background_jobs_open ON background_jobs (kind, about) WHERE finished_at IS NULL;
CREATE INDEX background_jobs_owner ON background_jobs (owner, kind, created_at);
CREATE INDEX background_jobs_finished ON background_jobs (finished_at) WHERE finished_at IS NOT NULL;
