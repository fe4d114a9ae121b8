-- Over which columns a block was hashed (null: sealed before this was written down), and eight bytes of each row's own, so
-- that an edited row can be named.
ALTER TABLE seals ADD COLUMN format int, ADD COLUMN digests bytea;

-- How far sealing went: a seal that is gone at the end would be missed by nothing else.
CREATE TABLE seal_head (
    id int PRIMARY KEY CHECK (id = 1),
    last bigint NOT NULL,
    blocks bigint NOT NULL
);
INSERT INTO seal_head SELECT 1, coalesce(max(last), 0), count(*) FROM seals;
