"""Taking back: what events counted for counts no more, and what they completed is undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.services.quests import repository, rules
from questhall.services.quests.engine import DAILY, Engine, zone_of

Definitions = Callable[[Tx, rules.Run], Awaitable[rules.Quest]]
"""The version that a run plays."""


async def take_back(tx: Tx, event_ids: list[UUID], definitions: Definitions) -> list[UUID]:
    """Takes the effects of these events back; answers the completions undone. Again: nothing is left to undo."""
    users = sorted({act["user_id"] for act in await repository.acts_of(tx, event_ids)})
    engine = Engine(tx)
    await engine.load({(user_id, user_id) for user_id in users}, gated=False)
    by_run: dict[tuple[UUID, UUID, int], list[Record]] = {}
    for act in await repository.acts_of(tx, event_ids):
        by_run.setdefault((act["user_id"], act["quest_id"], act["completion"]), []).append(act)
    await repository.forget_acts(tx, event_ids)
    undone: list[UUID] = []
    days: set[tuple[UUID, date]] = set()
    for place, acts in by_run.items():
        run = await repository.run(tx, *place)
        if run is None:
            continue
        completed = run.state == "completed"
        for act in acts:
            rules.uncount(run, act["objective"], act["value"])
        if completed:
            undone.append(run.completion_id)
            if run.kept_day and run.local_day is not None:
                days.add((run.user_id, run.local_day))
            run.state = "reverted"
        elif run.state == "in_progress" and not any(counted.have for counted in run.progress.values()):
            # Who sets out by themselves stays on their way; what began with the act never began.
            run.state = "reverted" if (await definitions(tx, run)).definition.auto_accept else "accepted"
        await repository.save_runs(tx, [run])
        if completed:
            await _go_on(tx, run)
        await repository.recount(tx, run.user_id, run.quest_id)
    for user_id, day in days:
        await repository.forget_day(tx, user_id, DAILY, day)
    for user_id in sorted({user_id for user_id, _ in days}):
        await engine.replay(user_id, zone_of(engine.players[user_id], tx.now), None, undone=True)
    await engine.save()
    return undone


async def _go_on(tx: Tx, run: rules.Run) -> None:
    """What other acts had counted for a completion that is undone goes on as a run, unless another is under way."""
    if not any(counted.have for counted in run.progress.values()):
        return
    if await repository.open_runs(tx, {(run.user_id, run.quest_id)}):
        return
    completion = await repository.next_completion(tx, run.user_id, run.quest_id)
    going_on = rules.Run(
        user_id=run.user_id,
        quest_id=run.quest_id,
        completion=completion,
        completion_id=new_id(),
        version=run.version,
        state="in_progress",
        progress=run.progress,
        accepted_at=run.accepted_at,
        expires_at=run.expires_at,
        period=run.period,
        causation_id=run.causation_id,
    )
    await repository.save_runs(tx, [going_on])
    await repository.move_acts(tx, run.user_id, run.quest_id, run.completion, completion)
