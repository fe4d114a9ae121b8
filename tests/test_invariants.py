"""The checks of ``tests/invariants.py`` can fail: one world that is whole, and a violation planted for each promise."""

from __future__ import annotations

import time

import asyncpg
import pytest

from questhall.contracts.currency import Currency, Posting, Transfer
from questhall.kernel.testing import Hall
from tests import conftest, invariants
from tests.crash.worker import BADGES, QUESTS
from tests.integrations.test_ingest import connect
from tests.test_story import merged

# What is done to a whole world, as nobody's code would; and how the checks say so.
PLANTED = {
    "money from nothing": ("UPDATE currency.transfers SET amount = amount + 1 WHERE seq = 2", "I1"),
    "a balance that is no fold": ("UPDATE currency.accounts SET balance = balance + 1 WHERE owner LIKE 'user:%'", "I2"),
    "a hold that nobody made": ("UPDATE currency.accounts SET held = 1 WHERE balance > 1", "I3"),
    "a transaction without a transfer": (
        "DELETE FROM currency.transfers WHERE transaction_id = (SELECT id FROM currency.transactions LIMIT 1)",
        "I4",
    ),
    "an answer that was not kept": ("UPDATE currency.idempotency_keys SET body = NULL", "I6"),
    "a key with two effects": (
        "INSERT INTO currency.transactions SELECT owner, gen_random_uuid(), key, transaction_type, reason, rule, reverses, "
        "causation_id, correlation_id, actor, depth, created_at FROM currency.transactions LIMIT 1",
        "I6",
    ),
    "a reward that was not paid": ("DELETE FROM audit.event_log WHERE type = 'reward.settled'", "I7"),
    "a transfer that was not said": ("DELETE FROM audit.event_log WHERE type = 'currency.credited'", "I7"),
    "a completion that was not said": ("DELETE FROM audit.event_log WHERE type = 'quest.completed'", "I7"),
    "a completion of no run": ("DELETE FROM quests.user_quests", "I7: a completion"),
    "a badge that was not said": ("DELETE FROM audit.event_log WHERE type = 'badge.earned'", "I7"),
    "a badge that is gone": ("DELETE FROM achievements.achievement_awards", "I7: a badge was said"),
    "an event that was not delivered": (
        "INSERT INTO quests.outbox (id, aggregatetype, aggregateid, type, payload, sequence, time, correlation_id, "
        "causation_id, actor, depth) VALUES (gen_random_uuid(), 'quests', 'x', 'quest.completed', '{}', 1, now(), "
        "gen_random_uuid(), gen_random_uuid(), 'system', 1)",
        "I8",
    ),
    "an event that vanished": ("DELETE FROM audit.event_log WHERE position = 3", "I8"),
    "an order that was turned": ("UPDATE audit.event_log SET position = 1000 - position", "I9"),
    "a quest that paid twice": (
        "UPDATE audit.event_log SET data = (SELECT data FROM audit.event_log WHERE type = 'reward.granted' LIMIT 1), "
        "type = 'reward.granted' WHERE type = 'quest.accepted'",
        "I12",
    ),
    "a level that came twice": (
        "UPDATE audit.event_log SET type = 'level.reached', data = '{\"level\": 2}' "
        "WHERE type IN ('currency.credited', 'level.reached')",
        "I12: a level",
    ),
    "a level that was never said": (
        "DELETE FROM audit.event_log WHERE type = 'level.reached'",
        "I12: the level",
    ),
    "a quest done twice in a day": (
        "DROP INDEX quests.user_quests_period; UPDATE quests.user_quests SET state = 'completed', period = 'x', "
        "quest_id = (SELECT quest_id FROM quests.user_quests LIMIT 1), completion = hashtext(completion_id::text)",
        "I12: a quest",
    ),
    "a run that is done and open": (
        "UPDATE quests.user_quests SET state = 'in_progress' WHERE completed_at IS NOT NULL AND completion_id = "
        "(SELECT completion_id FROM quests.user_quests WHERE state = 'completed' LIMIT 1)",
        "I14: a run",
    ),
    "a run that ended twice": (
        "UPDATE audit.event_log SET type = 'quest.expired' WHERE type = 'quest.progressed'",
        "I14: a run's",
    ),
    "a count of completions that is not theirs": (
        "UPDATE quests.quest_counts SET completions = completions + 1",
        "I14: a player",
    ),
    "an event that nobody handled": ("DELETE FROM currency.inbox", "I17"),
    "a delivery that came to nothing": ("DELETE FROM audit.event_log WHERE type = 'activity.recorded'", "I17: an act"),
    "an act that nobody did": ("DELETE FROM integrations.activity_keys", "I17: an act was said"),
    "a name that outlived its player": (
        "UPDATE identity.users SET status = 'erased' WHERE role = 'player'",
        "I19: somebody who was erased can",
    ),
    "a key that was not lost": (
        "INSERT INTO identity.erasures SELECT user_id, '{}', now(), now() FROM audit.people WHERE key IS NOT NULL",
        "I19: what was personal",
    ),
    "accounts of nobody": (
        "INSERT INTO identity.erasures SELECT DISTINCT user_id, '{}'::text[], now(), now() FROM integrations.links",
        "I19: somebody who was erased has",
    ),
    "an event that waits behind nothing": (
        "INSERT INTO quests.parked (event_id, subject, state, policy, type, envelope) "
        "VALUES (gen_random_uuid(), 'x', 'behind', 'hold', 'x', '{}')",
        "I17",
    ),
}


@pytest.mark.tampers
async def test_each_promise_is_missed_when_it_is_broken(hall: Hall) -> None:
    hook, _, wren = await connect(hall)
    quests, badges = (hall.installation.process.actions[name] for name in ("quests", "achievements"))
    await quests.install(QUESTS)  # type: ignore[attr-defined]
    await badges.install([{**BADGES[0], "requirements": {"event": "quest.completed"}}])  # type: ignore[attr-defined]
    ada = await hall.user("ada", role="admin")
    gift = {"username": "wren", "currency": "coins", "amount": 7, "reason": "a gift"}
    given = await ada.client.post("/admin/transactions", json=gift, headers={"idempotency-key": "once"})
    assert given.status_code == 201, given.text
    for number in range(3):
        payload = merged()
        payload["pull_request"] |= {"node_id": f"PR_{number}", "number": number}
        assert (await hook.send("pull_request", payload)).status_code == 202
    refused = Transfer(debit=f"user:{wren.user_id}", credit="sink:x", currency="coins", amount=10**9)
    await hall.actions(Currency).post([Posting(key="no", transfers=[refused], transaction_type="test")])
    assert await conftest.violations(hall) == []
    services = [one.service for one in hall.installation.process.running.values()]
    connection = await asyncpg.connect(hall.admin_url)
    try:
        began = time.monotonic()
        assert await invariants.broken(connection, services, unprompted=True) == []
        assert time.monotonic() - began < 2
        await connection.execute("SET session_replication_role = replica")  # no triggers: as who owns the disk
        unseen = {}
        for plant, (sql, promise) in PLANTED.items():
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(sql)
            found = await invariants.broken(connection, services, unprompted=True)
            await transaction.rollback()
            if not any(line.startswith(promise) for line in found):
                unseen[plant] = found[:5]
        assert unseen == {}
        assert await invariants.lost(connection, [("posting", "no")]), "a refused one has no effect"
        assert await invariants.lost(connection, [("delivery", "never-sent")])
        await hall.run_job(Currency, "seal_journal")
        await connection.execute("UPDATE currency.transfers SET debit = 'mint:other' WHERE seq = 1")
        assert any(line.startswith("I16") for line in await invariants.chains(hall.installation.process.actions))
    finally:
        await connection.close()
