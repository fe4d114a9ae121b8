"""The pure walk against the serial model, on many more examples than a database would bear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from questhall.contracts.currency import Posting, Transfer
from questhall.kernel.ids import new_id
from questhall.services.currency import rules
from tests.currency.model import CURRENCIES, LARGEST, Model, Move, Place

MANY = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
NAMES = [UUID(int=n) for n in range(1, 4)]
PLAYERS = [f"user:{name}" for name in NAMES[:2]]
HOLDERS = [*PLAYERS, f"guild:{NAMES[2]}", "escrow:x"]
AMOUNTS = st.integers(1, 40) | st.sampled_from([1, 20, 20, 20, 0, -3, LARGEST - 20, LARGEST, LARGEST + 1, 2**64])
MOVES = st.builds(
    Move,
    st.sampled_from(["mint:a", "mint:a", "payments:p", *HOLDERS, *HOLDERS]),
    st.sampled_from(["sink:a", "payments:p", *HOLDERS, *HOLDERS]),
    st.sampled_from(["coins", "coins", "gems", "gems", "guild_tokens", "doubloons"]),
    AMOUNTS,
).filter(lambda move: move.debit != move.credit)
BATCHES = st.lists(st.tuples(st.integers(0, 30), st.lists(MOVES, min_size=1, max_size=4)), min_size=1, max_size=6)


class WalkMachine(RuleBasedStateMachine):
    """Whole batches, reversals, and money set aside."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: rules.Accounts = {}
        self.known: dict[Place, rules.Known] = {}
        self.kinds = {code: rules.Kind(gift, spend, True) for code, (gift, spend) in CURRENCIES.items()}
        self.model = Model(lambda account, level: f"level:{account}:{level}")

    @initialize()
    def purses(self) -> None:
        self._post([(90 + n, [Move(giver, a, c, 40)]) for n, (giver, a, c) in enumerate(_PURSES)])

    def walk(self, asked: Sequence[tuple[Any, list[Move]]], terms: dict[str, Any]) -> list[rules.Done]:
        works = [
            rules.prepare(
                Posting(key=f"k{key}", transaction_type="test", transfers=[Transfer(**m._asdict()) for m in moves]),
                new_id(),
                rules.Terms(**terms),
            )
            for key, moves in asked
        ]
        done = rules.walk(works, self.accounts, self.kinds, self.known)
        for one in done:
            if one.fresh:
                self.known[one.work.owner, one.work.posting.key] = rules.Known(one.fingerprint, one.outcome)
        return done

    @rule(asked=BATCHES)
    def post(self, asked: list[tuple[int, list[Move]]]) -> None:
        self._post(asked)

    def _post(self, asked: list[tuple[int, list[Move]]]) -> None:
        for (key, moves), done in zip(asked, self.walk(asked, {}), strict=True):
            self.compare(self.model.post(f"k{key}", moves), done)

    @rule(which=st.integers(0, 40))
    def undo(self, which: int) -> None:
        made = list(self.model.made.items())
        place, transaction = made[which % len(made)]
        if transaction.reverses is None and self.model._standing(place):
            back = [(Move(m[1], m[0], *m[2:]), n) for m, n in reversed(transaction.moves) if "sink:debt" not in m[:2]]
            terms = {"forced": True, "debts": True, "paid": tuple(n for _, n in back)}
            done = self.walk([(f"undo {transaction.id}", [m for m, _ in back])], terms)[0]
            self.compare(self.model._attempt(lambda: self.model._undo(place)), done)
            if not done.outcome.accepted:
                del self.known[done.work.owner, done.work.posting.key]  # rolled back

    @rule(account=st.sampled_from(HOLDERS), currency=st.sampled_from(["coins", "gems"]), part=st.integers(0, 4))
    def set_aside(self, account: str, currency: str, part: int) -> None:
        purse = self.model.purse(account, currency)
        purse.held = purse.balance * part // 4
        if (account, currency) in self.accounts:
            self.accounts[account, currency].held = purse.held

    def compare(self, answer: Any, done: rules.Done) -> None:
        outcome = done.outcome
        told: Any = ("yes", outcome.balances) if outcome.accepted else ("no", outcome.refusal)
        assert (("again", told) if outcome.replayed else told) == answer
        for place in self.model.wrote:
            self.model.named(place, outcome.transaction_id)
        self.model.wrote = []

    def teardown(self) -> None:
        walked = {p: (a.balance, a.held, a.paid, a.number) for p, a in self.accounts.items() if a.number}
        modelled = {p: (a.balance, a.held, a.bought, a.moves) for p, a in self.model.purses.items() if a.moves}
        assert walked == modelled


_PURSES = [("mint:a", a, c) for a in HOLDERS for c in ("coins", "gems")] + [("payments:p", a, "gems") for a in PLAYERS]


def test_batches_equal_running_them_one_by_one() -> None:
    run_state_machine_as_test(WalkMachine, settings=MANY)
