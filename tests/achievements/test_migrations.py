"""achievements: what an installation of before has counted goes on counting."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import asyncpg
import msgspec

from questhall.kernel.ids import new_id
from questhall.services import achievements
from questhall.services.achievements import rules

FOLDER = Path(achievements.__file__).parent / "migrations"


async def test_counters_named_by_their_place_are_named_by_what_they_count(database_url: str) -> None:
    rule = {
        "all": [
            {"event": "user.login", "streak": 3},
            {"n_of": 1, "of": [{"event": "quest.completed", "where": "data.x == 'é'", "count": 9}, {"level": 7}]},
        ]
    }
    d = msgspec.convert({"slug": "old", "name": "Old", "requirements": rule}, rules.Definition)
    badge, wren, event = new_id(), new_id(), new_id()
    connection = await asyncpg.connect(database_url)
    for name in ("0001_achievements.sql", "0002_acts.sql"):
        await connection.execute((FOLDER / name).read_text())
    text = msgspec.json.encode(d).decode()
    await connection.execute(
        "INSERT INTO achievements VALUES ($1, 'old', 'Old', '', '', 'streak', '{}', 0, 'common', false, '[]', null, '[]', "
        "$2, 'published', 1, 1, now())",
        badge,
        text,
    )
    await connection.execute("INSERT INTO achievement_versions VALUES ($1, 1, $2, now())", badge, text)
    await connection.execute("INSERT INTO players (user_id) VALUES ($1)", wren)
    old = {"0.0": {"have": 2, "last_day": "2026-03-09"}, "0.1.0": {"have": 4}, "0.1.1": {"have": 6}}
    await connection.execute(
        "INSERT INTO user_achievements (user_id, achievement_id, progress) VALUES ($1, $2, $3)",
        wren,
        badge,
        msgspec.json.encode(old).decode(),
    )
    await connection.execute(
        "INSERT INTO achievement_acts VALUES ($1, $2, $3, '0.0', 1, null, now(), '2026-03-09')", wren, event, badge
    )
    await connection.execute((FOLDER / "0003_counters.sql").read_text())

    streak, quests = (rules.compiled(badge, 1, d).leaves[key] for key in rules.compiled(badge, 1, d).leaves)
    raw = await connection.fetchval("SELECT progress FROM user_achievements")
    progress = msgspec.json.decode(raw, type=rules.Progress)
    assert set(progress) == {streak.key, quests.key}
    assert progress[quests.key].have == 4
    rules.move(streak, progress[streak.key], None, None, date(2026, 3, 10))  # type: ignore[arg-type]
    assert progress[streak.key].best == 3, "the days of before are joined by the next"
    assert await connection.fetchval("SELECT counter FROM achievement_acts") == streak.key
    assert await connection.fetchval("SELECT level FROM players") == 6
    await connection.close()
