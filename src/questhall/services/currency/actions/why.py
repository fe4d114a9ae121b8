"""Why a player has what they have."""

from __future__ import annotations

from uuid import UUID

import msgspec

from questhall.kernel.contract import Origin, Step
from questhall.kernel.database import Record
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
            note = "" if found is None else await repository.note_of(tx, found[0]["id"])
            names = {currency["code"]: currency["name"] for currency in await repository.currencies(tx)}
        if found is None:
            return None
        row, transfers = found
        asked = next((t for t in transfers if t["id"] == effect_id), None)
        shown = asked or next((t for t in transfers if _player_of(t["credit"]) or _player_of(t["debit"])), transfers[0])
        owner, raised = _owner_of(shown), _player_of(shown["credit"]) is not None
        # Who asks for a whole transaction is told all that it changed for the same player.
        told = [shown] if asked else [t for t in transfers if t is shown or (_is_leg(t) and _owner_of(t) == owner)]
        step = _step_of(row, note, shown, ", ".join(_title_of(transfer, names) for transfer in told), raised=raised)
        giver = _player_of(shown["debit"])
        others = {}
        if raised and giver is not None and giver != owner and row["transaction_type"] == "gift":
            given = f"-{shown['amount']:,} {_called(shown['currency'], names)}"
            others[giver] = _step_of(row, note, shown, given, raised=False)
        return Origin(
            owner=owner,
            step=step,
            causation_id=row["causation_id"],
            correlation_id=row["correlation_id"],
            others=others,
        )

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


def _step_of(row: Record, note: str, shown: Record, title: str, *, raised: bool) -> Step:
    """A transfer as it is the player's whose balance it raised, or lowered."""
    return Step(
        kind="transfer",
        title=title,
        detail=_where(shown["debit"], shown["credit"], raised=raised),
        time=row["created_at"],
        actor=row["actor"],
        rule=None if row["rule"] is None else msgspec.json.decode(row["rule"]),
        facts={
            "transaction_id": str(row["id"]),
            "transfer_id": str(shown["id"]),
            "currency": shown["currency"],
            "reason": note or row["reason"],
            "transaction_type": row["transaction_type"],
            "balance": shown["credit_balance"] if raised else shown["debit_balance"],
            "requested": row["depth"] == 0,
        },
    )


def _title_of(transfer: Record, names: dict[str, str]) -> str:
    sign = "+" if _player_of(transfer["credit"]) else "-"
    owed = " owed" if transfer["credit"].startswith("debt:") else ""
    return f"{sign}{transfer['amount']:,} {_called(transfer['currency'], names)}{owed}"


def _called(code: str, names: dict[str, str]) -> str:
    """A currency's name within a sentence: ``XP``, but ``guild tokens``."""
    name, plain = names[code], code.replace("_", " ")
    return plain if name.lower() == plain and not name.isupper() else name


def _owner_of(transfer: Record) -> UUID | None:
    return _player_of(transfer["credit"]) or _player_of(transfer["debit"])


def _is_leg(transfer: Record) -> bool:
    """Whether a transfer was asked for, or made a debt; what only pays a debt back is told by itself."""
    return bool(transfer["credit"] != rules.DEBT_CONTRA)


def _where(debit: str, credit: str, *, raised: bool) -> str:
    if credit.startswith("debt:"):
        return "what was to be taken back was spent already"
    if credit == rules.DEBT_CONTRA:
        return "paid back what was owed"
    other = debit if raised else credit
    return ("from " if raised else "to ") + ("a player" if other.startswith("user:") else other)


def _player_of(account: str) -> UUID | None:
    """Whose account it is; a debt is its player's, who may see why it is there."""
    kind, _, name = account.partition(":")
    return UUID(name) if kind in ("user", "debt") and ":" not in name else None
