-- What a consumer that was away has yet to take over: a copy of the outbox's row for each of them, so that the row itself
-- can go once the others have it.
CREATE TABLE kept (
    consumer text NOT NULL,
    LIKE outbox,
    PRIMARY KEY (consumer, position)
);
