-- Events that were undone before this service had handled them: they never are.
CREATE TABLE forgone (
    event_id uuid PRIMARY KEY,
    forgone_at timestamptz NOT NULL
);
