"""What currency can do: one class, a part of it a file."""

from __future__ import annotations

from questhall.contracts.currency import Currency, CurrencyView, Outcome
from questhall.contracts.rewards import Reward
from questhall.kernel.batching import GroupCommit
from questhall.kernel.service import Site
from questhall.services.currency import repository, rules
from questhall.services.currency.actions.giving import Giving
from questhall.services.currency.actions.holds import Holds
from questhall.services.currency.actions.person import Person
from questhall.services.currency.actions.posting import BATCH_MAX, Request, prepared, raise_refused
from questhall.services.currency.actions.proving import Proving
from questhall.services.currency.actions.rewarding import Rewarding
from questhall.services.currency.actions.why import Why

__all__ = ["CurrencyActions", "prepared", "raise_refused"]


class CurrencyActions(Rewarding, Giving, Holds, Why, Proving, Person, Currency):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self._group: GroupCommit[Request, Outcome] = GroupCommit(self._post_together, cap=BATCH_MAX)
        self._kinds: dict[str, rules.Kind] = {}
        self._kinds_version = 0
        self._level_rewards: dict[int, Reward] | None = None

    async def currencies(self) -> list[CurrencyView]:
        """See the contract."""
        async with self.at.db.read() as tx:
            rows = await repository.currencies(tx)
        return [CurrencyView(**{name: row[name] for name in CurrencyView.__struct_fields__}) for row in rows]
