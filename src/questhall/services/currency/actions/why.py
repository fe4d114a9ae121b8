"""Why a player has what they have."""

from __future__ import annotations

from uuid import UUID

import msgspec

from questhall.kernel.contract import Origin, Step
from questhall.kernel.service import Site
from questhall.services.currency import repository, rules


class Why:
    """Explains effects."""

    at: Site

    async def explain(self, kind: str, effect_id: str) -> Origin | None:
        """See the contract: a ``transaction`` by its id or a transfer's, a ``level`` by ``<user>:<level>``."""
        try:
            return await (
                self._explain_level(effect_id) if kind == "level" else self._explain_transaction(UUID(effect_id))
            )
        except ValueError:
            return None

    async def _explain_transaction(self, effect_id: UUID) -> Origin | None:
        async with self.at.db.read() as tx:
            found = await repository.transaction(tx, effect_id)
        if found is None:
            return None
        row, transfers = found
        shown = next((t for t in transfers if t["id"] == effect_id), None) or next(
            (t for t in transfers if _player_of(t["credit"]) or _player_of(t["debit"])), transfers[0]
        )
        credited = shown["credit"].startswith("user:")
        owed = shown["credit"].startswith("debt:")
        owner = _player_of(shown["credit"] if credited else shown["debit"]) or _player_of(shown["credit"])
        sign = "+" if credited or owed else "-"
        step = Step(
            kind="transfer",
            title=f"{sign}{shown['amount']} {shown['currency']}" + (" owed" if owed else ""),
            detail=_where(shown["debit"], shown["credit"]),
            time=row["created_at"],
            actor=row["actor"],
            rule=None if row["rule"] is None else msgspec.json.decode(row["rule"]),
            facts={
                "transaction_id": str(row["id"]),
                "transfer_id": str(shown["id"]),
                "reason": row["reason"],
                "transaction_type": row["transaction_type"],
                "balance": shown["credit_balance"] if credited or owed else shown["debit_balance"],
                "requested": row["depth"] == 0,
            },
        )
        return Origin(owner=owner, step=step, causation_id=row["causation_id"], correlation_id=row["correlation_id"])

    async def _explain_level(self, effect_id: str) -> Origin | None:
        user, _, level = effect_id.rpartition(":")
        async with self.at.db.read() as tx:
            row = await repository.level_mark(tx, UUID(user), int(level))
        if row is None:
            return None
        step = Step(
            kind="level",
            title=f"Level {row['level']}",
            detail=f"reached at {row['xp']} XP",
            time=row["reached_at"],
            facts={"transaction_id": str(row["transaction_id"]), "requested": False},
        )
        return Origin(owner=row["user_id"], step=step, causation_id=row["causation_id"])


def _where(debit: str, credit: str) -> str:
    if credit.startswith("debt:"):
        return "what was to be taken back was spent already"
    if credit == rules.DEBT_CONTRA:
        return "paid back what was owed"
    return f"from {debit}" if credit.startswith("user:") else f"to {credit}"


def _player_of(account: str) -> UUID | None:
    """Whose account it is; a debt is its player's, who may see why it is there."""
    kind, _, name = account.partition(":")
    return UUID(name) if kind in ("user", "debt") and ":" not in name else None
