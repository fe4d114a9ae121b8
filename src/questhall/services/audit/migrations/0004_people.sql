-- A key a person: what is personal in an event is kept in the log as sealed with the keys of whom it concerns. Erased is who has
-- no key any more. (What was logged before is kept as it is: its rows are hashed, and can't be written anew.)
CREATE TABLE people (
    user_id uuid PRIMARY KEY,
    key bytea,
    erased_at timestamptz,
    CHECK ((key IS NULL) = (erased_at IS NOT NULL))
);
