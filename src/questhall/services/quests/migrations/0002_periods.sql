-- Periods that were completed: a late act of an earlier day must not open the later one again.
ALTER TABLE quest_counts ADD COLUMN periods text[] NOT NULL DEFAULT '{}';
UPDATE quest_counts c SET periods = coalesce((
    SELECT array_agg(r.period ORDER BY r.period) FROM user_quests r
    WHERE r.user_id = c.user_id AND r.quest_id = c.quest_id AND r.state = 'completed' AND r.period IS NOT NULL), '{}');

-- What `distinct` saw in an act: taken back with it.
ALTER TABLE quest_acts ADD COLUMN value text;

-- Which versions are still played; read when the catalogue is.
CREATE INDEX user_quests_versions ON user_quests (quest_id, version) WHERE state IN ('accepted', 'in_progress');
