-- The head of a quest: what authors see and change. What is played is a version.
CREATE TABLE quests (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    title text NOT NULL,
    description text NOT NULL,
    category text NOT NULL,
    difficulty text NOT NULL,
    kind text NOT NULL,
    objectives jsonb NOT NULL,
    rewards jsonb NOT NULL,
    prerequisites jsonb NOT NULL,
    available_from timestamptz,
    available_until timestamptz,
    cooldown_s int NOT NULL,
    daily_cap int,
    verification text NOT NULL DEFAULT 'automatic',
    definition jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
    version int NOT NULL,
    edit int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);

CREATE TABLE quest_versions (
    quest_id uuid NOT NULL,
    version int NOT NULL,
    definition jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (quest_id, version)
);
-- questhall: append-only quest_versions

-- One row a player: what is copied of them, and the lock under which all their quests move.
CREATE TABLE players (
    user_id uuid PRIMARY KEY,
    timezone text NOT NULL DEFAULT 'UTC',
    zone_before text,
    zone_from timestamptz,
    level int NOT NULL DEFAULT 1
);

CREATE TABLE user_quests (
    user_id uuid NOT NULL,
    quest_id uuid NOT NULL,
    completion int NOT NULL,
    completion_id uuid NOT NULL,
    version int NOT NULL,
    state text NOT NULL CHECK (state IN ('accepted', 'in_progress', 'completed', 'expired', 'abandoned', 'reverted')),
    progress jsonb NOT NULL,
    period text,
    accepted_at timestamptz NOT NULL,
    completed_at timestamptz,
    local_day date,
    expires_at timestamptz,
    causation_id uuid NOT NULL,
    PRIMARY KEY (user_id, quest_id, completion)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX user_quests_open ON user_quests (user_id, quest_id) WHERE state IN ('accepted', 'in_progress');
-- A quest is completed once a period: once, a day, a week.
CREATE UNIQUE INDEX user_quests_period ON user_quests (user_id, quest_id, period) WHERE state = 'completed' AND period IS NOT NULL;
CREATE INDEX user_quests_due ON user_quests (expires_at) WHERE state IN ('accepted', 'in_progress') AND expires_at IS NOT NULL;

-- What availability asks of a player's past with a quest.
CREATE TABLE quest_counts (
    user_id uuid NOT NULL,
    quest_id uuid NOT NULL,
    runs int NOT NULL DEFAULT 0,
    completions int NOT NULL DEFAULT 0,
    last_period text,
    last_recorded_at timestamptz,
    last_recorded_day date,
    day_count int NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, quest_id)
) WITH (fillfactor = 80);

-- Which events counted for which run: so that they can be taken back.
CREATE TABLE quest_acts (
    user_id uuid NOT NULL,
    event_id uuid NOT NULL,
    quest_id uuid NOT NULL,
    objective text NOT NULL,
    completion int NOT NULL,
    PRIMARY KEY (user_id, event_id, quest_id, objective)
);
CREATE INDEX quest_acts_event ON quest_acts (event_id);

CREATE TABLE streaks (
    user_id uuid NOT NULL,
    kind text NOT NULL,
    length int NOT NULL,
    best int NOT NULL,
    freezes int NOT NULL,
    last_day date,
    covered date,
    paused_until date,
    due_at timestamptz,
    PRIMARY KEY (user_id, kind)
) WITH (fillfactor = 80);
CREATE INDEX streaks_due ON streaks (due_at) WHERE due_at IS NOT NULL;

-- Local days that count: kept by an act, or frozen; and those that are excused: planned leave, skipped by travelling.
CREATE TABLE streak_days (
    user_id uuid NOT NULL,
    kind text NOT NULL,
    day date NOT NULL,
    how text NOT NULL CHECK (how IN ('kept', 'frozen', 'excused')),
    zone text NOT NULL,
    PRIMARY KEY (user_id, kind, day)
);
