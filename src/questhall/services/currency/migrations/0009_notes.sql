-- What people wrote with a transaction, beside the sealed books: it goes when somebody whom it concerns is erased. Those are who
-- gave, who got, and who wrote it.
CREATE TABLE notes (
    transaction_id uuid PRIMARY KEY,
    people uuid[] NOT NULL,
    note text NOT NULL
);
CREATE INDEX notes_people ON notes USING gin (people);
