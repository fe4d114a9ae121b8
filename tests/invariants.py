"""The promises of a whole installation at rest, as plain SQL over its database: they share no code with the services.

Run after every test that drives the whole product (``tests/conftest.py``) and after every crash (``tests/crash``). The
ledger's own (I1 to I4, I6) are in ``tests/currency/invariants.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from questhall.kernel.service import ANY, Service
from tests.currency import invariants as ledger

LOG = "audit.event_log"

# By the services that they speak of: a check runs where all of them are deployed.
CHECKS: dict[str, tuple[tuple[str, ...], str]] = {
    "I7: an earned reward is not settled exactly once, and does not wait either": (
        ("audit", "currency"),
        "SELECT g.data->>'grant_id' || ' ' || (part->>'what') "
        f"FROM {LOG} g, jsonb_array_elements(g.data->'parts') AS part WHERE g.type = 'reward.granted' "
        "AND part->>'kind' = 'currency' "
        f"AND (SELECT count(*) FROM {LOG} s WHERE s.type = 'reward.settled' AND s.data->>'part_id' = part->>'id') "
        "+ (SELECT count(*) FROM currency.unsettled_parts u WHERE u.part_id = part->>'id') <> 1 "
        "AND NOT EXISTS (SELECT FROM currency.parked p WHERE p.event_id = g.id) "
        "AND NOT EXISTS (SELECT FROM currency.forgone f WHERE f.event_id = g.id)",
    ),
    "I7: what was said of a balance is not one leg of a transfer, or one leg was not said": (
        ("audit", "currency"),
        "SELECT coalesce(said.id, legs.id)::text || ' ' || coalesce(said.account, legs.account) FROM "
        "(SELECT (data->>'transfer_id')::uuid AS id, 'user:' || subject AS account, "
        " CASE type WHEN 'currency.credited' THEN 1 ELSE -1 END * (data->>'amount')::bigint AS amount, count(*) AS n "
        f" FROM {LOG} WHERE source = 'currency' AND type IN ('currency.credited', 'currency.debited') "
        " GROUP BY 1, 2, 3) AS said FULL JOIN "
        "(SELECT id, credit AS account, amount FROM currency.transfers WHERE credit LIKE 'user:%' UNION ALL "
        " SELECT id, debit, -amount FROM currency.transfers WHERE debit LIKE 'user:%') AS legs "
        "ON said.id = legs.id AND said.account = legs.account AND said.amount = legs.amount "
        "WHERE said.id IS NULL OR legs.id IS NULL OR said.n <> 1",
    ),
    "I7: a completed run was not said exactly once": (
        ("audit", "quests"),
        "SELECT q.completion_id::text FROM quests.user_quests q WHERE q.state IN ('completed', 'reverted') "
        f"AND q.completed_at IS NOT NULL AND (SELECT count(*) FROM {LOG} e WHERE e.type = 'quest.completed' "
        "AND e.data->>'completion_id' = q.completion_id::text) <> 1",
    ),
    "I7: a badge was not said exactly once": (
        ("audit", "achievements"),
        f"SELECT a.award_id::text FROM achievements.achievement_awards a WHERE (SELECT count(*) FROM {LOG} e "
        "WHERE e.type = 'badge.earned' AND e.data->>'award_id' = a.award_id::text) <> 1",
    ),
    "I9: events about one subject did not reach the log in the order in which they were said": (
        ("audit",),
        f"SELECT source || ' ' || subject || ' at ' || position FROM (SELECT *, lag(sequence) OVER "
        f"(PARTITION BY source, subject ORDER BY position) AS before FROM {LOG}) AS run WHERE sequence <= before",
    ),
    "I12: a reward was granted twice for the same thing": (
        ("audit",),
        "SELECT subject || ' ' || (data->'reason')::text FROM "
        f"{LOG} WHERE type = 'reward.granted' AND data->'reason'->>'ref' IS NOT NULL "
        "GROUP BY subject, data->'reason' HAVING count(*) > 1 UNION ALL "
        f"SELECT data->>'grant_id' FROM {LOG} WHERE type = 'reward.granted' GROUP BY data->>'grant_id' HAVING count(*) > 1",
    ),
    "I12: a level was reached twice, and not lost between": (
        ("audit", "currency"),
        "SELECT subject || ' ' || level FROM (SELECT subject, data->>'level' AS level, type, lag(type) OVER turns AS before, "
        "jsonb_array_length(coalesce(data->'earlier', '[]')) AS earlier, "
        "count(*) FILTER (WHERE type = 'level.reached') OVER turns AS times "
        f"FROM {LOG} WHERE type IN ('level.reached', 'level.lost') "
        "WINDOW turns AS (PARTITION BY subject, data->>'level' ORDER BY position)) AS said "
        "WHERE type = coalesce(before, 'level.lost') OR (type = 'level.reached' AND earlier <> times - 1)",
    ),
    "I12: the level that was said is not that of the XP": (
        ("audit", "currency"),
        "SELECT a.owner FROM currency.accounts a LEFT JOIN (SELECT subject, "
        "count(*) FILTER (WHERE type = 'level.reached') - count(*) FILTER (WHERE type = 'level.lost') AS risen "
        f"FROM {LOG} WHERE type IN ('level.reached', 'level.lost') GROUP BY subject) AS said "
        "ON a.owner = 'user:' || said.subject WHERE a.currency = 'xp' AND a.owner LIKE 'user:%' "
        # Level n begins at 50 n (n - 1) XP, and the thousandth is the last.
        "AND (50::bigint * (coalesce(risen, 0) + 1) * coalesce(risen, 0) > a.balance "
        "OR (coalesce(risen, 0) < 999 AND 50::bigint * (coalesce(risen, 0) + 2) * (coalesce(risen, 0) + 1) <= a.balance))",
    ),
    "I12: a quest was completed twice in one period": (
        ("quests",),
        "SELECT user_id || ' ' || quest_id || ' ' || period FROM quests.user_quests WHERE state = 'completed' "
        "AND period IS NOT NULL GROUP BY user_id, quest_id, period HAVING count(*) > 1",
    ),
    "I14: a run is in a state that its times do not allow": (
        ("quests",),
        "SELECT completion_id::text FROM quests.user_quests WHERE (state IN ('accepted', 'in_progress') "
        "AND completed_at IS NOT NULL) OR (state = 'completed' AND completed_at IS NULL)",
    ),
    "I14: a run's state is not one that its events lead to": (
        ("audit", "quests"),
        # One run is accepted once and ends once at most.
        f"SELECT data->>'completion_id' FROM {LOG} WHERE type IN ('quest.completed', 'quest.expired', 'quest.abandoned') "
        "GROUP BY data->>'completion_id' HAVING count(*) > 1 UNION ALL "
        f"SELECT data->>'completion_id' FROM {LOG} WHERE type = 'quest.accepted' "
        "GROUP BY data->>'completion_id' HAVING count(*) > 1",
    ),
    "I14: a player has completed a quest another number of times than their runs say": (
        ("quests",),
        "SELECT c.user_id || ' ' || c.quest_id FROM quests.quest_counts c WHERE c.completions <> "
        "(SELECT count(*) FROM quests.user_quests q WHERE q.user_id = c.user_id AND q.quest_id = c.quest_id "
        "AND q.state = 'completed')",
    ),
    "I19: somebody who was erased can still be known": (
        ("identity",),
        "SELECT u.id::text FROM identity.users u LEFT JOIN identity.erasures e ON e.user_id = u.id WHERE u.status = 'erased' "
        "AND (u.username NOT LIKE 'left-%' OR u.email NOT LIKE '%@erased.invalid' OR e.user_id IS NULL "
        "OR (e.finished_at IS NOT NULL AND e.names <> '{}')) UNION ALL "
        "SELECT c.user_id::text FROM (SELECT user_id FROM identity.credentials UNION ALL SELECT user_id FROM identity.api_tokens "
        "UNION ALL SELECT user_id FROM identity.devices UNION ALL SELECT user_id FROM identity.archive_parts) AS c "
        "JOIN identity.users u ON u.id = c.user_id WHERE u.status = 'erased'",
    ),
    "I19: what was personal in the log of somebody who was erased can be read": (
        ("audit", "identity"),
        "SELECT p.user_id::text FROM audit.people p JOIN identity.erasures e USING (user_id) "
        "WHERE e.finished_at IS NOT NULL AND p.key IS NOT NULL",
    ),
    "I19: somebody who was erased has accounts elsewhere": (
        ("identity", "integrations"),
        "SELECT l.user_id::text FROM integrations.links l JOIN identity.erasures e USING (user_id) "
        "WHERE e.finished_at IS NOT NULL",
    ),
    "I17: an act was taken and neither said nor kept waiting": (
        ("audit", "integrations"),
        "SELECT d.id::text FROM integrations.deliveries d WHERE d.outcome = 'recorded' AND NOT EXISTS "
        f"(SELECT FROM {LOG} e WHERE e.type = 'activity.recorded' AND e.causation_id = d.id)",
    ),
}

# Where only services speak for themselves: a test may say `quest.completed` in the name of quests.
UNPROMPTED: dict[str, tuple[tuple[str, ...], str]] = {
    "I7: a completion was said of no run": (
        ("audit", "quests"),
        f"SELECT e.data->>'completion_id' FROM {LOG} e WHERE e.type = 'quest.completed' AND NOT EXISTS "
        "(SELECT FROM quests.user_quests q WHERE q.completion_id::text = e.data->>'completion_id')",
    ),
    "I7: a badge was said and is not there": (
        ("audit", "achievements"),
        f"SELECT e.data->>'award_id' FROM {LOG} e WHERE e.type = 'badge.earned' AND NOT EXISTS "
        "(SELECT FROM achievements.achievement_awards a WHERE a.award_id::text = e.data->>'award_id')",
    ),
    "I17: an act was said of no delivery": (
        ("audit", "integrations"),
        f"SELECT e.id::text FROM {LOG} e WHERE e.type = 'activity.recorded' AND NOT EXISTS "
        "(SELECT FROM integrations.activity_keys k WHERE k.activity_id::text = e.data->>'activity_id')",
    ),
}

# Of each service's own kernel tables, by schema.
OF_EACH: dict[str, str] = {
    "I8: an outbox is not empty at rest": "SELECT type || ' ' || id FROM {s}.outbox",
    "I17: an event is kept for a consumer at rest": "SELECT consumer || ' ' || id FROM {s}.kept",
    "I17: an event is in no known state": (
        "SELECT event_id::text FROM {s}.parked WHERE state NOT IN ('parked', 'behind', 'quarantined') "
        "OR (state = 'behind' AND NOT EXISTS (SELECT FROM {s}.parked p WHERE p.subject = parked.subject "
        "AND p.position < parked.position))"
    ),
    "I6: an answer is not kept with its key": (
        "SELECT caller || ' ' || key FROM {s}.idempotency_keys WHERE state = 'done' AND (status IS NULL OR body IS NULL)"
    ),
}
SAID = (
    "SELECT coalesce(s.subject, e.subject) || ': said ' || coalesce(s.last, 0) || ', in the log ' || coalesce(e.n, 0) "
    "FROM {s}.sequences s FULL JOIN (SELECT subject, count(*) AS n, max(sequence) AS top FROM (SELECT subject, sequence "
    f"FROM {LOG} WHERE source = '{{s}}' UNION ALL SELECT subject, (envelope->>'sequence')::bigint FROM audit.parked "
    "WHERE envelope->>'source' = '{s}') AS every GROUP BY subject) AS e USING (subject) "
    "WHERE s.last IS DISTINCT FROM e.n OR s.last IS DISTINCT FROM e.top"
)
HANDLED = (
    f"SELECT e.type || ' ' || e.id FROM {LOG} e WHERE e.type = ANY($1) AND NOT EXISTS "
    "(SELECT FROM {s}.inbox i WHERE i.event_id = e.id)"
)

# I5: how often what a client was told of is there, by kind.
APPLIED = {
    "delivery": "SELECT count(*) FROM integrations.deliveries WHERE external_id = $1",
    "posting": "SELECT count(*) FROM currency.transactions WHERE key = $1",
    "answer": "SELECT count(*) FROM currency.idempotency_keys WHERE key = $1 AND state = 'done'",
    "hold": "SELECT count(*) FROM currency.holds WHERE key = $1 AND state = 'committed'",
}


async def broken(connection: Any, services: Sequence[Service], *, unprompted: bool = False) -> list[str]:
    """Every violation among these services, in words: [] is what must be at rest. ``unprompted``: no test spoke for any."""
    names = {service.name for service in services}
    found = list(await ledger.broken(connection)) if "currency" in names else []
    for name, (needed, sql) in {**CHECKS, **(UNPROMPTED if unprompted else {})}.items():
        if names.issuperset(needed):
            found += [f"{name}: {row[0]}" for row in await connection.fetch(sql)]
    for service in services:
        for name, sql in OF_EACH.items():
            rows = await connection.fetch(sql.format(s=service.name))
            found += [f"{name}: {service.name} {row[0]}" for row in rows]
        if "audit" in names:
            rows = await connection.fetch(SAID.format(s=service.name))
            found += [f"I8: what was committed and what was delivered differ: {service.name} {row[0]}" for row in rows]
            heard = [event.type for handler in service.listeners() for event in handler.events if event is not ANY]
            if service.inbox and heard:
                rows = await connection.fetch(HANDLED.format(s=service.name), heard)
                found += [f"I17: an event was neither handled nor parked: {service.name} {row[0]}" for row in rows]
    return found


async def lost(connection: Any, history: Iterable[tuple[str, str]]) -> list[str]:
    """I5: what a client was told is done, ``(kind, what)`` by line of its history, and is not done exactly once."""
    found = []
    for kind, what in history:
        if await connection.fetchval(APPLIED[kind], what) != 1:
            found.append(f"I5: acknowledged, and not there once: {kind} {what}")
    return found


async def chains(actions: Any) -> list[str]:
    """I16: what is wrong with the chains of the ledger and of the event log, as their services prove it."""
    found: list[str] = []
    if "currency" in actions:
        found += [f"I16: {problem}" for problem in (await actions["currency"].verify()).problems]
    if "audit" in actions:
        found += [f"I16: {one.partition} at {one.position}: {one.detail}" for one in await actions["audit"].verify()]
    return found
