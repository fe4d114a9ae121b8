-- When the act that completed a run was recorded, and whether it kept the day: so that what is taken back leaves the rest exact.
ALTER TABLE user_quests ADD COLUMN recorded_at timestamptz;
ALTER TABLE user_quests ADD COLUMN recorded_day date;
ALTER TABLE user_quests ADD COLUMN kept_day boolean NOT NULL DEFAULT false;
UPDATE user_quests SET recorded_at = completed_at, recorded_day = local_day, kept_day = true WHERE state = 'completed';

-- A day on leave stays one when something was done on it, and that is taken back.
ALTER TABLE streak_days ADD COLUMN excused boolean NOT NULL DEFAULT false;
UPDATE streak_days SET excused = true WHERE how = 'excused';

-- Zones before the last two, each with its end: acts may arrive thirty days late.
ALTER TABLE players ADD COLUMN older_zones jsonb NOT NULL DEFAULT '[]';
