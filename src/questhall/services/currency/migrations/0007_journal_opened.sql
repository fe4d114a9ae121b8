-- Takes the journal, and reads what a batch is walked on: one round trip for what must happen one after the other. Each
-- query of a volatile function sees what was committed before it began, so the accounts are read as they stand behind
-- the lock. The first row is the head: its last `seq`, and the version of the currencies' rules. LIMIT 1 keeps the
-- planner from reading a whole table for a batch, whatever it last knew of the table's size.
CREATE FUNCTION open_journal(owners text[], names text[], key_owners text[], key_names text[])
RETURNS TABLE (owner text, name text, balance bigint, held bigint, paid bigint, number bigint,
               fingerprint bytea, transaction_id uuid, refusal text, detail text, balances jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT '', '', last, currencies::bigint, 0::bigint, 0::bigint, NULL::bytea, NULL::uuid, NULL, '', NULL::jsonb
    FROM journal_head WHERE id = 1 FOR UPDATE;
    RETURN QUERY
    SELECT a.owner, a.currency, a.balance, a.held, a.paid, a.number, NULL::bytea, NULL::uuid, NULL, '', NULL::jsonb
    FROM unnest(owners, names) AS w(owner, currency) CROSS JOIN LATERAL (
        SELECT * FROM accounts AS a WHERE a.owner = w.owner AND a.currency = w.currency LIMIT 1) AS a
    UNION ALL
    SELECT k.owner, k.key, 0, 0, 0, 0, k.fingerprint, k.transaction_id, k.refusal, k.detail, k.balances
    FROM unnest(key_owners, key_names) AS w(owner, key) CROSS JOIN LATERAL (
        SELECT * FROM keys AS k WHERE k.owner = w.owner AND k.key = w.key LIMIT 1) AS k;
END
$$;
