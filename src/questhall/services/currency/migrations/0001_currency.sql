CREATE TABLE currencies (
    code text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9_]{1,30}(:[a-z0-9_-]{1,40})?$'),
    name text NOT NULL,
    icon text NOT NULL,
    transferable boolean NOT NULL,
    spendable boolean NOT NULL,
    active boolean NOT NULL DEFAULT true,
    place int NOT NULL,
    version int NOT NULL DEFAULT 1
);
INSERT INTO currencies (code, name, icon, transferable, spendable, place) VALUES
    ('xp', 'XP', 'star', false, false, 1),
    ('coins', 'Coins', 'coin', true, true, 2),
    ('gems', 'Gems', 'gem', false, true, 3),
    ('guild_tokens', 'Guild tokens', 'token', false, true, 4);

-- Only accounts with a floor are here: players, guilds, escrow, debts. A system account's balance is its fold.
CREATE TABLE accounts (
    owner text NOT NULL,
    currency text NOT NULL REFERENCES currencies (code),
    balance bigint NOT NULL CHECK (balance >= 0),
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0 AND held <= balance),
    paid bigint NOT NULL DEFAULT 0 CHECK (paid >= 0 AND paid <= balance),
    number bigint NOT NULL,
    PRIMARY KEY (owner, currency)
) WITH (fillfactor = 50);

-- One row: its lock makes the order of the journal the order of the commits, and one batch the whole world for a moment.
CREATE TABLE journal_head (
    id int PRIMARY KEY CHECK (id = 1),
    last bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO journal_head VALUES (1, 0);

-- The journal: one row a transfer, both legs in it. A balance after is null for a system account.
CREATE TABLE transfers (
    owner text NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL,
    transaction_id uuid NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    paid bigint NOT NULL DEFAULT 0,
    debit_balance bigint,
    credit_balance bigint,
    debit_number bigint,
    credit_number bigint,
    PRIMARY KEY (owner, id)
);
-- questhall: append-only transfers
CREATE UNIQUE INDEX transfers_seq ON transfers (seq);
CREATE INDEX transfers_transaction ON transfers (transaction_id);
CREATE INDEX transfers_credit ON transfers (credit, seq) WHERE credit_balance IS NOT NULL;
CREATE INDEX transfers_debit ON transfers (debit, seq) WHERE debit_balance IS NOT NULL;

CREATE TABLE transactions (
    owner text NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    transaction_type text NOT NULL,
    reason text NOT NULL,
    rule jsonb,
    reverses uuid,
    causation_id uuid NOT NULL,
    correlation_id uuid NOT NULL,
    actor text NOT NULL,
    depth int NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (owner, id)
);
-- questhall: append-only transactions
CREATE INDEX transactions_id ON transactions (id);
CREATE INDEX transactions_causation ON transactions (causation_id);
CREATE UNIQUE INDEX transactions_reverses ON transactions (reverses) WHERE reverses IS NOT NULL;

-- First answers, yes or no, for ever.
CREATE TABLE keys (
    owner text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    transaction_id uuid NOT NULL,
    refusal text,
    detail text NOT NULL DEFAULT '',
    balances jsonb NOT NULL,
    PRIMARY KEY (owner, key)
);
-- questhall: append-only keys

CREATE TABLE holds (
    owner text NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    state text NOT NULL CHECK (state IN ('open', 'committed', 'voided', 'expired')),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (owner, id),
    UNIQUE (owner, key)
);
CREATE INDEX holds_id ON holds (id);
CREATE INDEX holds_due ON holds (expires_at) WHERE state = 'open';

-- Which levels a player has reached, once each.
CREATE TABLE level_marks (
    user_id uuid NOT NULL,
    level int NOT NULL,
    xp bigint NOT NULL,
    transaction_id uuid NOT NULL,
    causation_id uuid NOT NULL,
    reached_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, level)
);

CREATE TABLE level_rewards (
    level int PRIMARY KEY,
    reward jsonb NOT NULL
);
INSERT INTO level_rewards
SELECT n, CASE WHEN n % 5 = 0 THEN '{"currencies": {"coins": 50, "gems": 5}}'::jsonb ELSE '{"currencies": {"coins": 20}}'::jsonb END
FROM generate_series(2, 100) AS n;

-- Balances of system accounts, folded up to a place in the journal.
CREATE TABLE checkpoints (
    account text NOT NULL,
    currency text NOT NULL,
    balance numeric NOT NULL,
    PRIMARY KEY (account, currency)
);
CREATE TABLE checkpoint_head (
    id int PRIMARY KEY CHECK (id = 1),
    seq bigint NOT NULL
);
INSERT INTO checkpoint_head VALUES (1, 0);

CREATE TABLE seals (
    first bigint NOT NULL,
    last bigint PRIMARY KEY,
    count int NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL
);
-- questhall: append-only seals

-- What the outside reads, by the names of the founding document.
CREATE VIEW user_currencies AS
SELECT substr(owner, 6)::uuid AS user_id, currency AS currency_type, balance AS amount
FROM accounts WHERE owner LIKE 'user:%';

CREATE VIEW currency_transactions AS
SELECT substr(t.credit, 6)::uuid AS user_id, t.currency AS currency_type, t.amount, t.debit AS source, x.transaction_type,
       t.id, t.transaction_id, t.seq, t.credit_balance AS balance, x.reason, x.created_at
FROM transfers t JOIN transactions x ON x.id = t.transaction_id WHERE t.credit LIKE 'user:%'
UNION ALL
SELECT substr(t.debit, 6)::uuid, t.currency, -t.amount, t.credit, x.transaction_type,
       t.id, t.transaction_id, t.seq, t.debit_balance, x.reason, x.created_at
FROM transfers t JOIN transactions x ON x.id = t.transaction_id WHERE t.debit LIKE 'user:%';
