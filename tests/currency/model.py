"""A serial model of the ledger, as simple as its promises: one act after the other on plain dictionaries.

It shares no code with the service. A purse is what was given and what was paid for; a refused act changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

LARGEST = 2**53 - 1
CURRENCIES = {"xp": (False, False), "coins": (True, True), "gems": (False, True), "guild_tokens": (False, True)}
"""Whether players may give it to each other, and whether they may spend it."""

Place = tuple[str, str]
Answer = tuple[Any, ...]


class Move(NamedTuple):
    """An amount from one account to another."""

    debit: str
    credit: str
    currency: str
    amount: int


class No(Exception):
    """A refusal, by its code."""


class Purse:
    def __init__(self) -> None:
        self.given = self.bought = self.held = self.moves = 0

    @property
    def balance(self) -> int:
        return self.given + self.bought


class Hold(NamedTuple):
    owner: str
    key: str
    currency: str
    amount: int
    over: bool
    state: str


class Made(NamedTuple):
    """A transaction that stands: what was moved, and how much of each move had been paid for."""

    id: UUID | None
    key: str
    moves: list[tuple[Move, int]]
    event: UUID | None
    reverses: UUID | None = None


def has_floor(account: str) -> bool:
    return account.split(":")[0] in ("user", "guild", "escrow", "debt")


def can_owe(account: str) -> bool:
    return account.split(":")[0] in ("user", "guild")


def debt_of(account: str) -> str:
    return "debt:" + account.removeprefix("user:")


def level_at(xp: int) -> int:
    level = 1
    while 50 * level * (level + 1) <= xp:
        level += 1
    return level


def pay_of(level: int) -> list[tuple[str, int]]:
    return [("coins", 50), ("gems", 5)] if level % 5 == 0 else [("coins", 20)]


class Model:
    """Every method that acts answers what the caller is told; ``wrote`` is what it added to the journal, in order."""

    def __init__(self, level_key: Callable[[str, int], str]) -> None:
        self.purses: dict[Place, Purse] = {}
        self.answers: dict[Place, tuple[Any, Answer]] = {}
        self.holds: dict[Place, Hold] = {}
        self.refused_holds: dict[Place, tuple[tuple[str, int], str]] = {}
        self.made: dict[Place, Made] = {}
        self.reached: set[tuple[str, int]] = set()
        self.fell: set[tuple[str, int]] = set()
        self.unpaid: dict[Place, tuple[str, int]] = {}
        self.to_take_back: set[Place] = set()
        self.closed: set[str] = set()
        self.wrote: list[Place] = []
        self._level_key = level_key

    def copy(self) -> Model:
        other = copy.copy(self)
        other.purses = {place: copy.copy(purse) for place, purse in self.purses.items()}
        for name in (
            "answers",
            "holds",
            "refused_holds",
            "made",
            "reached",
            "fell",
            "unpaid",
            "to_take_back",
            "closed",
            "wrote",
        ):
            setattr(other, name, copy.copy(getattr(self, name)))
        return other

    def _attempt(self, act: Callable[[], Answer]) -> Answer:
        before = self.copy()
        try:
            return act()
        except No as no:
            self.__dict__.update(before.__dict__)
            return ("no", str(no))

    def purse(self, account: str, currency: str) -> Purse:
        return self.purses.setdefault((account, currency), Purse())

    # Posting

    def post(
        self, key: str, moves: Sequence[Move], *, kind: str = "test", event: UUID | None = None, bad: bool = False
    ) -> Answer:
        """What ``post`` answers for one posting; ``bad`` if it can't even be written down."""
        if bad:
            return ("no", "invalid_posting")
        owner = owner_of(moves)
        asked = (tuple(moves), kind)
        if (owner, key) in self.answers:
            return self._again(owner, key, asked)
        answer = self._attempt(lambda: self._post(key, moves, event=event))
        self.answers[owner, key] = (asked, answer)
        return answer

    def _again(self, owner: str, key: str, asked: Any) -> Answer:
        before, answer = self.answers[owner, key]
        if before != asked:
            return ("no", "idempotency_key_reused")
        return ("again", answer)

    def _post(
        self,
        key: str,
        moves: Sequence[Move],
        *,
        forced: bool = False,
        promised: bool = False,
        bought: Sequence[int] | None = None,
        event: UUID | None = None,
        reverses: UUID | None = None,
    ) -> Answer:
        for move in moves:
            self._allowed(move, forced)
        xp = {account: self.purse(account, "xp").balance for account in {a for m in moves for a in m[:2]}}
        done: list[tuple[Move, int]] = []
        for number, move in enumerate(moves):
            wish = bought[number] if bought is not None else 0
            if can_owe(move.debit):
                owed = self.purse(debt_of(move.debit), move.currency)
                if owed.balance and not forced and not promised:
                    raise No("in_debt")
            missing = max(0, move.amount - self._free(move)) if forced and can_owe(move.debit) else 0
            if missing:
                self._move(Move("sink:debt", debt_of(move.debit), move.currency, missing), 0, done)
            if move.amount > missing:
                moved = self._move(move._replace(amount=move.amount - missing), wish, done)
                wish = max(0, wish - moved)
            if missing:
                self._move(move._replace(debit="sink:debt", amount=missing), wish, done)
            if can_owe(move.credit):
                part = min(move.amount, self.purse(debt_of(move.credit), move.currency).balance)
                if part:
                    self._move(Move(move.credit, "sink:debt", move.currency, part), 0, done)
                    self._move(Move(debt_of(move.credit), "sink:debt", move.currency, part), 0, done)
        owner = owner_of(moves)
        self.made[owner, key] = Made(None, key, done, event, reverses)
        self.wrote.append((owner, key))
        self._levels({a: (before, self.purse(a, "xp").balance) for a, before in xp.items() if a.startswith("user:")})
        touched = {(a, m.currency) for m, _ in done for a in m[:2] if has_floor(a)}
        return ("yes", {f"{a}|{c}": self.purse(a, c).balance for a, c in touched})

    def _allowed(self, move: Move, forced: bool) -> None:
        if move.currency not in CURRENCIES or (move.currency in self.closed and not forced):
            raise No("unknown_currency")
        if not 1 <= move.amount <= LARGEST:
            raise No("invalid_amount")
        gift, spend = CURRENCIES[move.currency]
        given = move.credit.startswith("user:")
        if move.debit.startswith("user:") and not forced and not (spend and (gift or not given)):
            raise No("not_allowed_for_currency")

    def _free(self, move: Move) -> int:
        purse = self.purse(move.debit, move.currency)
        free = purse.balance - purse.held
        return min(free, purse.bought) if move.credit.startswith("payments:") else free

    def _move(self, move: Move, wish: int, done: list[tuple[Move, int]]) -> int:
        """Answers how much of it was paid for: given units go first, and only bought ones are refunded."""
        if has_floor(move.debit):
            purse = self.purse(move.debit, move.currency)
            if move.amount > self._free(move):
                raise No("insufficient_funds")
            bought = max(move.amount - purse.given, min(wish, move.amount, purse.bought))
            if move.credit.startswith("payments:"):
                bought = move.amount
            purse.bought -= bought
            purse.given -= move.amount - bought
            purse.moves += 1
        else:
            bought = move.amount if move.debit.startswith("payments:") else min(wish, move.amount)
        if has_floor(move.credit):
            purse = self.purse(move.credit, move.currency)
            if purse.balance + move.amount > LARGEST:
                raise No("invalid_amount")
            purse.bought += bought
            purse.given += move.amount - bought
            purse.moves += 1
        done.append((move, bought))
        return bought

    # Levels

    def _levels(self, totals: dict[str, tuple[int, int]]) -> None:
        for account, (before, after) in totals.items():
            for level in range(level_at(before) + 1, level_at(after) + 1):
                if (account, level) not in self.reached:
                    self.reached.add((account, level))
                    self.unpaid[account, self._level_key(account, level)] = (account, level)

    def follow(self, place: Place) -> bool:
        """What follows by itself, between two acts: the reward of a level arrives, or of a lost one is taken back."""
        if place in self.unpaid:
            account, level = self.unpaid.pop(place)
            if (account, level) in self.fell:
                self.to_take_back.add(place)
            moves = [Move("mint:levels", account, c, n) for c, n in pay_of(level)]
            return self.post(place[1], moves, kind="reward")[0] == "yes"
        back = next((p for p in self.to_take_back if f"reverse:{self.made[p].id}" == place[1]), None)
        if back is None:
            return False
        self.to_take_back.discard(back)
        return self._attempt(lambda: self._undo(back))[0] == "yes"

    def named(self, place: Place, transaction_id: UUID) -> None:
        """The journal's name for a transaction."""
        self.made[place] = self.made[place]._replace(id=transaction_id)

    # Undoing

    def _standing(self, place: Place) -> bool:
        made = self.made.get(place)
        return made is not None and all(other.reverses != made.id for other in self.made.values())

    def _undo(self, place: Place) -> Answer:
        made = self.made[place]
        if made.reverses is not None or not self._standing(place):
            raise No("already_reversed")
        back = [(Move(m.credit, m.debit, *m[2:]), n) for m, n in reversed(made.moves) if "sink:debt" not in m[:2]]
        if not back:
            raise No("nothing_to_reverse")
        before = {m.credit: self.purse(m.credit, "xp").balance for m, _ in made.moves}
        before |= {m.debit: self.purse(m.debit, "xp").balance for m, _ in made.moves}
        answer = self._post(
            f"reverse:{made.id}",
            [m for m, _ in back],
            forced=True,
            bought=[n for _, n in back],
            reverses=made.id,
        )
        for account, was in before.items():
            now = self.purse(account, "xp").balance
            lost = range(level_at(now) + 1, level_at(was) + 1) if account.startswith("user:") else ()
            self.fell |= {(account, level) for level in lost}
            paid = [(account, self._level_key(account, level)) for level in lost]
            for one in sorted((p for p in paid if p in self.made), key=lambda p: str(self.made[p].id), reverse=True):
                if self._standing(one):
                    self._undo(one)
        return answer

    def reverse(self, transaction_id: UUID) -> Answer:
        place = next((place for place, made in self.made.items() if made.id == transaction_id), None)
        return ("no", "transaction_not_found") if place is None else self._attempt(lambda: self._undo(place))

    def revert(self, events: set[UUID]) -> Answer:
        found = [p for p, m in self.made.items() if m.event in events and m.reverses is None and self._standing(p)]
        undone, kept = set(), {}
        for place in sorted(found, key=lambda p: str(self.made[p].id), reverse=True):
            answer = self._attempt(lambda place=place: self._undo(place))
            if answer[0] == "yes" or answer[1] == "already_reversed":
                undone.add(self.made[place].id)
            else:
                kept[str(self.made[place].id)] = answer[1]
        return ("reverted", undone, kept)

    # Holds

    def hold(self, key: str, account: str, currency: str, amount: int, *, over: bool) -> Answer:
        known = self.holds.get((account, key))
        if not 1 <= amount <= LARGEST:
            return ("no", "invalid_amount")
        if known is not None:
            same = (known.currency, known.amount) == (currency, amount)
            return ("hold", known.state) if same else ("no", "idempotency_key_reused")
        if (account, key) not in self.refused_holds:
            no = self._unfit(account, currency, amount)
            if no is None:
                self.purse(account, currency).held += amount
                self.holds[account, key] = Hold(account, key, currency, amount, over, "open")
                return ("hold", "open")
            self.refused_holds[account, key] = ((currency, amount), no)
        asked, refusal = self.refused_holds[account, key]
        return ("no", refusal if asked == (currency, amount) else "idempotency_key_reused")

    def _unfit(self, account: str, currency: str, amount: int) -> str | None:
        if currency not in CURRENCIES or currency in self.closed:
            return "unknown_currency"
        if not CURRENCIES[currency][1]:
            return "not_allowed_for_currency"
        if self.purse(debt_of(account), currency).balance:
            return "in_debt"
        purse = self.purse(account, currency)
        return "insufficient_funds" if amount > purse.balance - purse.held else None

    def _end(self, place: Place, state: str) -> None:
        hold = self.holds[place]
        if hold.state == "open":
            self.purse(hold.owner, hold.currency).held -= hold.amount
            self.holds[place] = hold._replace(state=state)
            if state != "committed":
                self._give_back(hold)

    def _give_back(self, hold: Hold) -> None:
        """What is free again pays a debt first."""
        part = min(hold.amount, self.purse(debt_of(hold.owner), hold.currency).balance)
        if part:
            done: list[tuple[Move, int]] = []
            for debit in (hold.owner, debt_of(hold.owner)):
                self._move(Move(debit, "sink:debt", hold.currency, part), 0, done)
            place = (hold.owner, f"freed:{hold.key}")
            self.made[place] = Made(None, place[1], done, None)
            self.wrote.append(place)

    def commit(self, place: Place, posting_key: str, credit: str) -> Answer:
        hold = self.holds[place]
        if hold.state == "voided":
            return ("no", "hold_not_open")
        if hold.state == "expired" or (hold.state == "open" and hold.over):
            self._end(place, "expired")
            return ("no", "hold_expired")
        moves = [Move(hold.owner, credit, hold.currency, hold.amount)]

        def act() -> Answer:
            if credit == hold.owner:
                raise No("invalid_posting")
            asked, owner = (tuple(moves), "hold"), owner_of(moves)
            if (owner, posting_key) in self.answers:
                answer = self._again(owner, posting_key, asked)
                if answer[0] == "no":
                    raise No(answer[1])
                return answer
            self._end(place, "committed")
            answer = self._post(posting_key, moves, promised=True)
            self.answers[owner, posting_key] = (asked, answer)
            return answer

        return self._attempt(act)

    def void(self, place: Place) -> Answer:
        if self.holds[place].state == "committed":
            return ("no", "hold_not_open")
        self._end(place, "voided")
        return ("hold", self.holds[place].state)

    def expire(self) -> Answer:
        for place, hold in sorted(self.holds.items()):
            if hold.over:
                self._end(place, "expired")
        return ("done",)


def owner_of(moves: Sequence[Move]) -> str:
    """Whose key it is: of the first account with a floor, a move's taker before its giver."""
    return next((a for m in moves for a in (m.credit, m.debit) if has_floor(a)), moves[0].credit)
