-- A counter is named by what it counts (rules/language.py, key_of), and no longer by where in its rule that stands: so it
-- goes on under a new version that counts the same, and begins anew under one that counts something else.
-- (Nothing was released that could run beside this: columns may change their names and go at once.)
-- squawk-ignore renaming-column
ALTER TABLE achievement_acts RENAME COLUMN path TO counter;
-- Moments are kept where a window looks at them, days (with the zone that they were told in) where a streak does.
-- squawk-ignore ban-drop-not-null
ALTER TABLE achievement_acts ALTER COLUMN at DROP NOT NULL, ALTER COLUMN day DROP NOT NULL, ADD COLUMN zone text;
CREATE INDEX achievement_acts_moment ON achievement_acts (user_id, achievement_id, counter, at) WHERE at IS NOT NULL;
CREATE INDEX achievement_acts_day ON achievement_acts (user_id, achievement_id, counter, day) WHERE day IS NOT NULL;
-- Local days that a change of zone jumped over.
ALTER TABLE players ADD COLUMN skipped date[] NOT NULL DEFAULT '{}';

CREATE TABLE counters_before AS
WITH RECURSIVE nodes AS (
    SELECT v.achievement_id, '0' AS path, v.definition->'requirements' AS node
    FROM achievements a JOIN achievement_versions v ON v.achievement_id = a.id AND v.version = a.version
    UNION ALL
    SELECT n.achievement_id, n.path || '.' || (c.number - 1), c.child
    FROM nodes n, jsonb_array_elements(coalesce(n.node->'all', n.node->'any', n.node->'of', '[]')) WITH ORDINALITY AS c(child, number)
)
SELECT achievement_id, path, (node->>'level')::int AS level, node ? 'streak' AS streak,
       CASE WHEN node ? 'event' THEN left(encode(sha256(convert_to(concat_ws(E'\x1f', coalesce(node->>'event', ''),
           coalesce(node->>'where', ''), coalesce(node->>'distinct', ''), coalesce(node->>'sum', ''),
           coalesce(node->>'window', ''), CASE WHEN node ? 'streak' THEN 'days' ELSE '' END), 'UTF8')), 'hex'), 16) END AS key
FROM nodes;

UPDATE players p SET level = greatest(p.level, x.level)
FROM (SELECT u.user_id, max((u.progress->c.path->>'have')::int) AS level FROM user_achievements u
      JOIN counters_before c ON c.achievement_id = u.achievement_id AND c.level IS NOT NULL GROUP BY u.user_id) x
WHERE x.user_id = p.user_id AND x.level IS NOT NULL;

-- Nodes that count the same share one counter: the first of them.
DELETE FROM counters_before c WHERE key IS NULL OR EXISTS (
    SELECT FROM counters_before e WHERE e.achievement_id = c.achievement_id AND e.key = c.key AND e.path < c.path);
DELETE FROM achievement_acts t WHERE NOT EXISTS (
    SELECT FROM counters_before c WHERE c.achievement_id = t.achievement_id AND c.path = t.counter);
UPDATE achievement_acts t SET counter = c.key, zone = CASE WHEN c.streak THEN 'UTC' END
FROM counters_before c WHERE c.achievement_id = t.achievement_id AND c.path = t.counter;
UPDATE user_achievements u SET progress = coalesce((
    SELECT jsonb_object_agg(c.key, CASE WHEN c.streak AND old.value ? 'last_day' THEN jsonb_build_object(
        'have', old.value->'have', 'best', old.value->'have', 'runs', jsonb_build_array(jsonb_build_array(
            (old.value->>'last_day')::date - (old.value->>'have')::int + 1, old.value->'last_day', old.value->'have')))
        ELSE old.value - 'last_day' END)
    FROM jsonb_each(u.progress) AS old JOIN counters_before c ON c.achievement_id = u.achievement_id AND c.path = old.key), '{}');
DROP TABLE counters_before;

-- How far a badge is follows from its progress and the version that holds.
-- squawk-ignore ban-drop-column
ALTER TABLE user_achievements DROP COLUMN have, DROP COLUMN need;
