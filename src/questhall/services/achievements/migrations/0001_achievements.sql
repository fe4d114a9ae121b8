CREATE TABLE achievements (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    name text NOT NULL,
    description text NOT NULL,
    icon_url text NOT NULL,
    category text NOT NULL CHECK (category IN ('milestone', 'streak', 'mastery', 'social', 'special')),
    requirements jsonb NOT NULL,
    xp_reward int NOT NULL,
    rarity text NOT NULL CHECK (rarity IN ('common', 'rare', 'epic', 'legendary')),
    secret boolean NOT NULL,
    tiers jsonb NOT NULL,
    series text,
    prerequisites jsonb NOT NULL,
    definition jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
    version int NOT NULL,
    edit int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);

CREATE TABLE achievement_versions (
    achievement_id uuid NOT NULL,
    version int NOT NULL,
    definition jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (achievement_id, version)
);
-- questhall: append-only achievement_versions

CREATE TABLE user_achievements (
    user_id uuid NOT NULL,
    achievement_id uuid NOT NULL,
    earned_date timestamptz,
    progress jsonb NOT NULL DEFAULT '{}',
    have bigint NOT NULL DEFAULT 0,
    need bigint NOT NULL DEFAULT 1,
    revealed_at timestamptz,
    showcased int,
    PRIMARY KEY (user_id, achievement_id)
) WITH (fillfactor = 70);

-- One a tier (an empty text where there are none): once for ever, whatever is redelivered or raced.
CREATE TABLE achievement_awards (
    user_id uuid NOT NULL,
    achievement_id uuid NOT NULL,
    tier text NOT NULL,
    award_id uuid NOT NULL,
    rule_version int NOT NULL,
    causation_id uuid NOT NULL,
    correlation_id uuid NOT NULL,
    actor text NOT NULL,
    awarded_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (user_id, achievement_id, tier)
);
CREATE UNIQUE INDEX achievement_awards_id ON achievement_awards (award_id);
CREATE INDEX achievement_awards_causation ON achievement_awards (causation_id);
CREATE INDEX achievement_awards_holders ON achievement_awards (achievement_id) WHERE revoked_at IS NULL;

CREATE TABLE players (
    user_id uuid PRIMARY KEY,
    timezone text NOT NULL DEFAULT 'UTC',
    zone_before text,
    zone_from timestamptz,
    level int NOT NULL DEFAULT 1
);

-- How many hold each badge; told anew each minute.
CREATE TABLE holders (
    achievement_id uuid PRIMARY KEY,
    count int NOT NULL
);
