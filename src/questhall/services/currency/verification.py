"""The proof of the ledger: one pass over the journal, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from questhall.contracts.currency import Verification
from questhall.kernel.sealing import GENESIS, block_hash, differences

PROBLEMS_MAX = 50
FORMATS = {1: 13, 2: 23, 3: 24}
"""How many of a row's columns a block of a format was hashed over: the transfer alone, with its transaction, and depth."""
FORMAT = 3
"""What blocks are sealed in."""


def formats_of(seal: Mapping[str, Any]) -> tuple[int, ...]:
    """In which formats a block may have been sealed: the first two did not write it down."""
    return (2, 1) if seal["format"] is None else (seal["format"],)


class Proof:
    """Fed every row of the journal by ``seq``, then the stored balances."""

    def __init__(self, seals: list[dict[str, Any]], *, journal: int, sealed: int, blocks: int) -> None:
        self._seals = seals
        self._head_journal, self._head_sealed, self._head_blocks = journal, sealed, blocks
        self._sealed = 0
        self._at = 0
        self._block: list[Sequence[Any]] = []
        self._previous = GENESIS
        self._balances: dict[tuple[str, str], int] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._paid: dict[tuple[str, str], int] = defaultdict(int)
        self._folded_to = 0
        self._folded: Mapping[tuple[str, str], int] = {}
        self._sums: dict[str, int] = defaultdict(int)
        self._count = 0
        self._accounts = 0
        self._last = 0
        self._problems: list[str] = []

    def checkpoint(self, seq: int, balances: Mapping[tuple[str, str], int]) -> None:
        """What the checkpoint of system accounts claims; before the first row."""
        self._folded_to, self._folded = seq, balances

    def _wrong(self, problem: str) -> None:
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(problem)

    def add(self, row: Any) -> None:
        """One transfer."""
        seq = row["seq"]
        if seq <= self._last:
            self._wrong(f"transfer {seq} stands there more than once")
        elif seq != self._last + 1:
            self._wrong(f"transfers {self._last + 1} to {seq - 1} are missing")
        self._last = seq
        self._count += 1
        for side, sign in (("debit", -1), ("credit", 1)):
            place = (row[side], row["currency"])
            self._balances[place] = self._balances.get(place, 0) + sign * row["amount"]
            after = row[f"{side}_balance"]
            if after is not None:
                if after != self._balances[place]:
                    self._wrong(
                        f"transfer {seq}: {place[0]} {place[1]} says {after}, its postings give {self._balances[place]}"
                    )
                    self._balances[place] = after
                if after < 0:
                    self._wrong(f"transfer {seq}: {place[0]} {place[1]} is below zero")
                self._numbers[place] = self._numbers.get(place, 0) + 1
                self._paid[place] += sign * row["paid"]
                if row[f"{side}_number"] != self._numbers[place]:
                    self._wrong(f"transfer {seq}: {place[0]} {place[1]} has number {row[f'{side}_number']}")
        self._seal(row)
        if seq == self._folded_to:
            self._compare_folded()

    def _compare_folded(self) -> None:
        for place in {*self._folded, *(p for p in self._balances if p not in self._numbers)}:
            claimed, found = self._folded.get(place, 0), self._balances.get(place, 0)
            if claimed != found:
                self._wrong(
                    f"the checkpoint at {self._folded_to} says {claimed} for {place[0]} {place[1]}, not {found}"
                )

    def _seal(self, row: Any) -> None:
        while self._at < len(self._seals) and row["seq"] > self._seals[self._at]["last"]:
            self._close()
        if self._at < len(self._seals):
            self._block.append(tuple(row.values()))

    def _close(self) -> None:
        """Compares the rows of a block with its seal."""
        seal, block = self._seals[self._at], self._block
        first, last = seal["first"], seal["last"]
        self._at, self._block = self._at + 1, []
        expected = self._sealed + 1
        self._sealed = last
        if (first, seal["count"]) != (expected, last - first + 1):
            self._wrong(
                f"the seal of transfers {first} to {last} does not begin at {expected}, or counts {seal['count']}"
            )
        whole = seal["previous"] == self._previous and any(
            block_hash(self._previous, [row[: FORMATS[n]] for row in block]) == seal["hash"] for n in formats_of(seal)
        )
        self._previous = seal["hash"]
        if not whole:
            self._wrong(f"the chain is broken in transfers {first} to {last}")
        if seal["digests"] is not None:
            rows = {row[0]: row[: FORMATS[seal["format"]]] for row in block}
            named = differences(range(first, last + 1), seal["digests"], rows)
            for seq, how in named:
                self._wrong(f"transfer {seq}: {how} after it was sealed")
            if not whole and not named:
                self._wrong(f"the seal of transfers {first} to {last} was changed")

    def compare(self, accounts: Iterable[Any], held: Mapping[tuple[str, str], int]) -> None:
        """The stored balances."""
        seen: set[tuple[str, str]] = set()
        for account in accounts:
            self._accounts += 1
            place = (account["owner"], account["currency"])
            seen.add(place)
            folded = self._balances.get(place, 0)
            if account["balance"] != folded:
                self._wrong(f"{place[0]} {place[1]} stores {account['balance']}, its postings give {folded}")
            if account["number"] != self._numbers.get(place, 0):
                self._wrong(f"{place[0]} {place[1]} has number {account['number']}, not {self._numbers.get(place, 0)}")
            if account["paid"] != self._paid[place]:
                self._wrong(
                    f"{place[0]} {place[1]} has {account['paid']} paid for, its postings give {self._paid[place]}"
                )
            if not 0 <= account["held"] <= account["balance"]:
                self._wrong(f"{place[0]} {place[1]} holds {account['held']} of {account['balance']}")
            if account["held"] != held.get(place, 0):
                self._wrong(f"{place[0]} {place[1]} holds {account['held']}, its open holds give {held.get(place, 0)}")
        for place, balance in self._balances.items():
            self._sums[place[1]] += balance
            if place in self._numbers and place not in seen and balance:
                self._wrong(f"{place[0]} {place[1]} has postings and no stored balance")
        for currency, total in self._sums.items():
            if total:
                self._wrong(f"all accounts of {currency} sum to {total}, not to 0")
        self._end()

    def _end(self) -> None:
        sealed = self._seals[-1]["last"] if self._seals else 0
        if self._last < sealed:
            self._wrong(f"transfers {self._last + 1} to {sealed} were sealed and are not there")
        while self._at < len(self._seals):
            self._close()
        if (sealed, len(self._seals)) != (self._head_sealed, self._head_blocks):
            self._wrong(
                f"{self._head_blocks} blocks were sealed up to transfer {self._head_sealed}, "
                f"{len(self._seals)} up to {sealed} are there"
            )
        if self._last != self._head_journal:
            self._wrong(f"the journal goes up to transfer {self._head_journal}, its last row is {self._last}")

    def also(self, problems: Iterable[str]) -> None:
        """What was found outside the journal."""
        for problem in problems:
            self._wrong(problem)

    def result(self) -> Verification:
        """What was found."""
        return Verification(
            transfers=self._count, accounts=self._accounts, blocks=len(self._seals), problems=self._problems
        )
