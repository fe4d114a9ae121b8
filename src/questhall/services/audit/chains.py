"""Why something is so: from an effect through the log, cause by cause, down to the act and who did it."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal
from uuid import UUID

import msgspec

from questhall.contracts import every_contract
from questhall.contracts.audit import NotFound
from questhall.contracts.identity import Identity
from questhall.kernel.contract import SYSTEM, Contract, Origin, Step
from questhall.kernel.database import Tx
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.service import Site
from questhall.services.audit import repository, rules, words
from questhall.services.audit.people import People

CHAIN_MAX = 20


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is so: the newest effect first, who acted last."""

    kind: str
    id: str
    steps: list[Step]


class CatchingUp(msgspec.Struct, frozen=True, kw_only=True):
    """The log has not seen the cause yet; ask again. ``position`` is how far it is."""

    position: int
    status: Literal["catching_up"] = "catching_up"


@cache
def explainers() -> dict[str, type[Contract]]:
    """Which contract explains a kind of effect."""
    return {kind: contract for contract in every_contract() for kind in contract.explains}


class Chains:
    """Builds chains."""

    def __init__(self, at: Site, people: People) -> None:
        self._at = at
        self._people = people
        self._identity = at.stub(Identity)

    async def why(self, kind: str, effect_id: str, asker: UUID, *, sees_all: bool) -> Chain | CatchingUp:
        """The chain of causes of an effect. Refuses ``not_found``, also for what is somebody else's."""
        contract = explainers().get(kind)
        reference = rules.reference(kind, effect_id, asker, sees_all=sees_all)
        if contract is None or reference is None:
            raise NotFound
        origin = await self._explain(contract, kind, reference)
        if origin is None or (origin.owner != asker and asker not in origin.others and not sees_all):
            raise NotFound
        # What the chain passes through may be about others: of that the asker sees that it happened, and no more.
        shown_of = None if sees_all else str(asker)
        steps = [origin.others.get(asker, origin.step)]
        async with self._at.db.read() as tx:
            whole = await self._climb(tx, origin, steps, shown_of)
            position = await repository.position(tx)
        if not whole and rules.may_still_come(origin.step.time, self._at.clock.now()):
            return CatchingUp(position=position)
        await self._add_delivery(steps)
        return Chain(kind=kind, id=effect_id, steps=await self._named(steps))

    async def _explain(self, contract: type[Contract], kind: str, reference: str) -> Origin | None:
        try:
            return await self._at.stub(contract).explain(kind, reference)
        except ServiceAbsent:
            return None

    async def _climb(self, tx: Tx, origin: Origin, steps: list[Step], shown_of: str | None) -> bool:
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
            steps.append(_step_of((await self._people.open(tx, [row]))[0], shown_of))
            causation, correlation = row["causation_id"], row["correlation_id"]
        return True

    async def _add_delivery(self, steps: list[Step]) -> None:
        activity = next((step for step in steps if step.kind == "activity"), None)
        delivery = None if activity is None else activity.facts.get("delivery_id")
        contract = explainers().get("delivery")
        if activity is None or contract is None or not delivery:
            return
        origin = await self._explain(contract, "delivery", str(delivery))
        if origin is not None:
            facts = origin.step.facts
            title, detail = words.told(facts["source_kind"], facts["source_name"], activity.facts)
            steps.append(msgspec.structs.replace(origin.step, title=title, detail=detail))

    async def _named(self, steps: list[Step]) -> list[Step]:
        """The steps with the names of who acted, and at the end who began it all."""
        last = steps[-1]
        activity = next((step for step in steps if step.kind == "activity"), None)
        delivery = steps[-1].facts if steps[-1].kind == "delivery" else {}
        actors = {step.actor for step in steps}
        player = str(activity.facts.get("user_id", "")) if activity is not None else ""
        names = await self._names(actors | {f"user:{player}"})
        if delivery:
            names[last.actor] = delivery["source_name"]
        shown = [msgspec.structs.replace(step, actor_name=names.get(step.actor, "")) for step in steps]
        name, detail = names.get(last.actor, ""), ""
        kind = last.actor.partition(":")[0]
        if activity is not None:
            name = names.get(f"user:{player}") or "A player"
            platform = words.platform_of(delivery.get("source_kind", ""))
            detail = f"did it on {platform}" if platform else "did it"
        else:
            titles = {"user": "A player", "admin": "An admin", "source": "A source", SYSTEM: "The hall itself"}
            details = {"user": "did it here", "admin": "did it by hand", SYSTEM: "by the clock"}
            name, detail = name or titles.get(kind, last.actor), details.get(kind, "")
        began = activity or last
        return [*shown, Step(kind="actor", title=name, detail=detail, time=began.time, actor=last.actor)]

    async def _names(self, actors: set[str]) -> dict[str, str]:
        """Names of those among the actors who are people."""
        people: dict[UUID, list[str]] = {}
        for actor in actors:
            kind, _, who = actor.partition(":")
            identifier = rules.identifier(who) if kind in ("user", "admin") else None
            if identifier is not None:
                people.setdefault(identifier, []).append(actor)
        if not people:
            return {}
        try:
            users = await self._identity.users(list(people))
        except ServiceAbsent:
            return {}
        return {actor: user.display_name for user in users for actor in people[user.user_id]}


def _step_of(row: dict[str, Any], shown_of: str | None) -> Step:
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
