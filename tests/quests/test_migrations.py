"""quests: what an installation of before has kept can still be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec

from questhall.kernel.ids import new_id
from questhall.services import quests
from questhall.services.quests import rules

FOLDER = Path(quests.__file__).parent / "migrations"


async def test_times_of_drafts_without_a_zone_are_read_as_utc(database_url: str) -> None:
    naive, zoned = "2026-01-01T00:00:00", "2026-02-01T00:00:00+02:00"
    plain = {"slug": "old", "title": "Old", "objectives": [{"id": "it", "label": "It", "mode": "manual"}]}
    kept = {
        new_id(): {**plain, "slug": "from", "available_from": naive, "available_until": zoned},
        new_id(): {**plain, "slug": "until", "available_from": None, "available_until": f"{naive}.5"},
        new_id(): {**plain, "slug": "neither"},
    }
    connection = await asyncpg.connect(database_url)
    files = sorted(FOLDER.glob("*.sql"))
    for file in files:
        if file.name.startswith("0004"):
            for quest_id, definition in kept.items():
                await connection.execute(
                    "INSERT INTO quests VALUES ($1, $2, 'Old', '', '', 'easy', 'one_off', '[]', '{}', '{}', null, null, 0, "
                    "null, 'automatic', $3, 'draft', 0, 1, now())",
                    quest_id,
                    definition["slug"],
                    msgspec.json.encode(definition).decode(),
                )
        await connection.execute(file.read_text())
    rows = await connection.fetch("SELECT slug, definition FROM quests")
    await connection.close()
    found = {row["slug"]: msgspec.json.decode(row["definition"], type=rules.Definition) for row in rows}
    assert found["from"].available_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert found["from"].available_until == datetime(2026, 1, 31, 22, tzinfo=UTC)
    assert found["until"].available_until == datetime(2026, 1, 1, microsecond=500_000, tzinfo=UTC)
    assert found["neither"].available_from is None
