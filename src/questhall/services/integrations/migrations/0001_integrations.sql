CREATE TABLE sources (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    kind text NOT NULL CHECK (kind IN ('github', 'cloudevents')),
    name text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    -- The newest first, two at most while rotating; encrypted with the installation's key.
    secrets bytea[] NOT NULL,
    connected_at timestamptz,
    created_at timestamptz NOT NULL,
    version int NOT NULL DEFAULT 1
);

CREATE TABLE deliveries (
    source_id uuid NOT NULL REFERENCES sources (id),
    id uuid NOT NULL,
    external_id text NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('recorded', 'duplicate', 'waiting', 'ignored', 'ping')),
    detail text NOT NULL,
    -- The raw body, for a redelivery; after 30 days only its hash is left.
    body bytea,
    body_hash bytea NOT NULL,
    content_type text NOT NULL,
    received_at timestamptz NOT NULL,
    activities jsonb NOT NULL,
    PRIMARY KEY (source_id, id),
    UNIQUE (source_id, external_id)
);
CREATE INDEX deliveries_id ON deliveries (id);
CREATE INDEX deliveries_received ON deliveries (received_at) WHERE body IS NOT NULL;

-- Each act's own key, for ever: the same act is counted once, whatever brought it.
CREATE TABLE activity_keys (
    key text PRIMARY KEY,
    activity_id uuid NOT NULL
);

CREATE TABLE links (
    kind text NOT NULL,
    account text NOT NULL CHECK (account = lower(account)),
    id uuid NOT NULL UNIQUE,
    user_id uuid NOT NULL,
    username text NOT NULL,
    made_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (kind, account)
);
CREATE INDEX links_user ON links (user_id);

-- Acts of accounts that nobody has yet; credited when the account is linked, dropped after 30 days.
CREATE TABLE waiting (
    kind text NOT NULL,
    account text NOT NULL,
    activity_id uuid NOT NULL,
    source_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    activity jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (kind, account, activity_id)
);
CREATE INDEX waiting_received ON waiting (received_at);
