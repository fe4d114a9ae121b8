"""Rewards: one type everywhere. Whoever rewards says `reward.granted`; each taker settles its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from questhall.kernel.contract import Event, PersonalText


class ItemReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of one store item."""

    item_id: UUID
    quantity: int = 1


class PetReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One pet of a species."""

    pet_id: UUID


class Reward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reward as authored: amounts by currency code, items, pets, ids of achievements."""

    currencies: dict[str, int] = {}
    items: list[ItemReward] = []
    pets: list[PetReward] = []
    achievements: list[UUID] = []


class RewardPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a granted reward. ``id`` is ``<grant_id>:<n>`` and stable: it is the taker's idempotency key."""

    id: str
    kind: Literal["currency", "item", "pet", "achievement"]
    what: str
    """Currency code, or the id of the item, pet or achievement."""
    amount: int = 1
    """After modifiers, in the smallest unit."""
    base: int = 1
    """As authored."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """What a reward is for, with the version of the rule that applied."""

    kind: str
    """``quest``, ``achievement``, ``level`` ..."""
    id: UUID
    title: str
    version: int = 1
    ref: str | None = None
    """The completion, award or level that it is for."""


class RewardGranted(Event, frozen=True, kw_only=True):
    """A player has earned these parts; each taker credits its own once."""

    type: ClassVar[str] = "reward.granted"
    grant_id: UUID
    user_id: UUID
    parts: list[RewardPart]
    reason: Reason
    modifiers: dict[str, Any] = {}
    """``{"factor": 1.1, "sources": [{"source", "factor", "version"}]}`` where any applied."""


class RewardSettled(Event, frozen=True, kw_only=True):
    """One part of a grant has been credited by its taker."""

    type: ClassVar[str] = "reward.settled"
    grant_id: UUID
    user_id: UUID
    part_id: str
    taker: str


class RewardRevoked(Event, frozen=True, kw_only=True):
    """What a grant paid is taken back: whoever granted it says so after the grant, and each taker undoes its own parts once."""

    type: ClassVar[str] = "reward.revoked"
    grant_id: UUID
    user_id: UUID
    reason: PersonalText


FACTOR_MAX = 3.0
"""What all modifiers together multiply by at most."""


class Modifier(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that raises rewards: a ``share`` is added (pets, guilds), a ``factor`` multiplies (seasons)."""

    source: str
    version: int = 1
    share: float = 0.0
    factor: float = 1.0


def grant(
    grant_id: UUID, user_id: UUID, reward: Reward, reason: Reason, modifiers: Sequence[Modifier] = ()
) -> RewardGranted:
    """The event that pays a reward: (1 + sum of shares) x product of factors, at most 3, floored to an integer."""
    factor = min(FACTOR_MAX, (1 + sum(m.share for m in modifiers)) * math.prod(m.factor for m in modifiers))
    found: list[tuple[str, str, int, int]] = [
        ("currency", code, math.floor(amount * factor), amount) for code, amount in sorted(reward.currencies.items())
    ]
    found += [("item", str(item.item_id), item.quantity, item.quantity) for item in reward.items]
    found += [("pet", str(pet.pet_id), 1, 1) for pet in reward.pets]
    found += [("achievement", str(achievement), 1, 1) for achievement in reward.achievements]
    parts = [
        RewardPart(id=f"{grant_id}:{n}", kind=kind, what=what, amount=amount, base=base)  # type: ignore[arg-type]
        for n, (kind, what, amount, base) in enumerate(found)
    ]
    applied = [msgspec.to_builtins(m) for m in modifiers]
    return RewardGranted(
        grant_id=grant_id,
        user_id=user_id,
        parts=parts,
        reason=reason,
        modifiers={"factor": factor, "sources": applied} if applied else {},
    )
