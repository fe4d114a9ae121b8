CREATE TABLE users (
    id uuid PRIMARY KEY,
    username text NOT NULL CHECK (username = lower(username)),
    display_name text NOT NULL,
    email text NOT NULL,
    email_verified_at timestamptz,
    timezone text NOT NULL,
    zone_before text,
    zone_from timestamptz,
    zone_changed_at timestamptz,
    locale text NOT NULL,
    role text NOT NULL DEFAULT 'player' CHECK (role IN ('player', 'moderator', 'manager', 'admin')),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('waiting', 'active', 'suspended')),
    look jsonb,
    preferences jsonb NOT NULL DEFAULT '{}',
    last_login_day date,
    created_at timestamptz NOT NULL,
    version int NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX users_username ON users (username);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE credentials (
    user_id uuid NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind IN ('password')),
    secret text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- The table behind the sessions that Redis holds copies of: a flush signs nobody out.
CREATE TABLE sessions (
    secret_hash bytea PRIMARY KEY,
    id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id, created_at);

CREATE TABLE api_tokens (
    user_id uuid NOT NULL REFERENCES users (id),
    id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    name text NOT NULL,
    scopes text[],
    created_at timestamptz NOT NULL,
    last_used timestamptz,
    expires timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX api_tokens_secret ON api_tokens (secret_hash);

CREATE TABLE invites (
    id uuid PRIMARY KEY,
    secret_hash bytea NOT NULL UNIQUE,
    role text NOT NULL,
    note text NOT NULL,
    made_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_by uuid,
    revoked_at timestamptz
);

-- Links that work once: password reset, e-mail verification and change, the first admin.
CREATE TABLE one_time_links (
    secret_hash bytea PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('reset', 'verify', 'first_admin')),
    user_id uuid,
    email text,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE mails (
    id uuid PRIMARY KEY,
    user_id uuid,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE registration (
    id int PRIMARY KEY CHECK (id = 1),
    mode text NOT NULL CHECK (mode IN ('open', 'invite', 'approval', 'closed'))
);
