-- A hold that was refused stays refused under its key: a first answer, yes or no, is final.
CREATE TABLE refused_holds (
    owner text NOT NULL,
    key text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    refusal text NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (owner, key)
);
-- questhall: append-only refused_holds
