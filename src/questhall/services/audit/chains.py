"""Why something is so: from an effect through the log, cause by cause, down to the act and who did it."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from questhall import contracts
from questhall.contracts.audit import NotFound
from questhall.contracts.identity import Identity
from questhall.kernel.contract import SYSTEM, Contract, Origin, Step
from questhall.kernel.database import Record, Tx
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.service import Site
from questhall.services.audit import repository, rules, words

CHAIN_MAX = 20


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is so: the newest effect first, who acted last."""

    kind: str
    id: str
    steps: list[Step]


class CatchingUp(msgspec.Struct, frozen=True, kw_only=True):
    """The log has not seen the cause yet; ask again. ``position`` is how far it is."""

    position: int
    status: str = "catching_up"


@cache
def explainers() -> dict[str, type[Contract]]:
    """Which contract explains a kind of effect."""
    found: dict[str, type[Contract]] = {}
    for module in pkgutil.iter_modules(contracts.__path__):
        for member in vars(importlib.import_module(f"questhall.contracts.{module.name}")).values():
            if isinstance(member, type) and issubclass(member, Contract):
                found.update(dict.fromkeys(member.explains, member))
    return found


class Chains:
    """Builds chains."""

    def __init__(self, at: Site) -> None:
        self._at = at
        self._identity = at.stub(Identity)

    async def why(self, kind: str, effect_id: str, asker: UUID, *, sees_all: bool) -> Chain | CatchingUp:
        """The chain of causes of an effect. Refuses ``not_found``, also for what is somebody else's."""
        contract = explainers().get(kind)
        reference = rules.reference(kind, effect_id, asker, sees_all=sees_all)
        if contract is None or reference is None:
            raise NotFound
        origin = await self._explain(contract, kind, reference)
        if origin is None or (origin.owner != asker and not sees_all):
            raise NotFound
        # What the chain passes through may be about others: of that the asker sees that it happened, and no more.
        shown_of = None if sees_all else str(asker)
        steps = [origin.step]
        async with self._at.db.read() as tx:
            whole = await self._climb(tx, origin, steps, shown_of)
            position = await repository.position(tx)
        if not whole and rules.may_still_come(origin.step.time, self._at.clock.now()):
            return CatchingUp(position=position)
        await self._add_delivery(steps)
        steps.append(await self._actor(steps))
        return Chain(kind=kind, id=effect_id, steps=steps)

    async def _explain(self, contract: type[Contract], kind: str, reference: str) -> Origin | None:
        try:
            return await self._at.stub(contract).explain(kind, reference)
        except ServiceAbsent:
            return None

    @staticmethod
    async def _climb(tx: Tx, origin: Origin, steps: list[Step], shown_of: str | None) -> bool:
        """Follows causes through the log; whether it came down to the act."""
        if origin.step.facts.get("requested"):
            return True
        causation, correlation = origin.causation_id, origin.correlation_id
        for _ in range(CHAIN_MAX):
            if rules.is_act(causation, correlation):
                return True
            assert causation is not None
            row = await repository.event(tx, causation)
            if row is None:
                return False
            steps.append(_step_of(row, shown_of))
            causation, correlation = row["causation_id"], row["correlation_id"]
        return True

    async def _add_delivery(self, steps: list[Step]) -> None:
        activity = next((step for step in steps if step.kind == "activity"), None)
        delivery = None if activity is None else activity.facts.get("delivery_id")
        contract = explainers().get("delivery")
        if contract is None or not delivery:
            return
        origin = await self._explain(contract, "delivery", str(delivery))
        if origin is not None:
            steps.append(origin.step)

    async def _actor(self, steps: list[Step]) -> Step:
        """Who acted: of an activity its player, of a request who sent it."""
        last = steps[-1]
        activity = next((step for step in steps if step.kind == "activity"), None)
        kind, _, who = last.actor.partition(":")
        if activity is not None:
            name = await self._name(activity.facts.get("user_id"))
            detail = f"on {activity.facts['source']}" if activity.facts.get("source") else "did it"
            return Step(kind="actor", title=name or "A player", detail=detail, time=activity.time, actor=last.actor)
        name = await self._name(who) if kind in ("user", "admin") else None
        titles = {"user": "A player", "admin": "An admin", "source": "A source", SYSTEM: "The hall itself"}
        details = {"user": "did it here", "admin": "did it by hand", SYSTEM: "by the clock"}
        return Step(
            kind="actor",
            title=name or titles.get(kind, last.actor),
            detail=details.get(kind, ""),
            time=last.time,
            actor=last.actor,
        )

    async def _name(self, user_id: Any) -> str | None:
        try:
            users = await self._identity.users([UUID(str(user_id))])
        except (ValueError, ServiceAbsent):
            return None
        return users[0].display_name if users else None


def _step_of(row: Record, shown_of: str | None) -> Step:
    data = msgspec.json.decode(row["data"])
    said = words.step_of(row["type"], data)
    own = shown_of is None or row["subject"] == shown_of
    return Step(
        kind=said.kind,
        title=said.title,
        detail=said.detail if own else "",
        time=row["time"],
        actor=row["actor"],
        event_id=row["id"],
        event_type=row["type"],
        rule=said.rule,
        facts=data if own else {},
    )
