"""The ledger against a serial model: whatever is asked, alone or at once, some order of doing it one by one explains it.

The order of what was done is the journal's; what changed nothing must fit somewhere in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from questhall.contracts.currency import Currency, Outcome, Posting, Transfer
from questhall.kernel.contract import Cause, Refusal
from questhall.kernel.database import current_cause
from questhall.kernel.ids import new_id
from questhall.kernel.service import discover
from questhall.kernel.testing import Hall, Servers, fresh_database, open_hall
from questhall.services.currency.actions.posting import level_grant
from tests.currency.invariants import broken
from tests.currency.model import LARGEST, Answer, Model, Move, Place

CALM = settings(
    max_examples=10,
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # no shrinking: a failure says what was asked and told, and comes at once
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)
PLAYERS = ["ann", "ben", "cat"]
OTHERS = ["guild", "escrow"]


# What is asked


class Batch(NamedTuple):
    """Postings of one call: key (None: a new one), moves, and which event caused them."""

    postings: list[tuple[int | None, list[Move]]]
    event: int


class SetAside(NamedTuple):
    key: int
    account: str
    currency: str
    amount: int
    over: bool


class Commit(NamedTuple):
    hold: int
    credit: str


class Void(NamedTuple):
    hold: int


class Expire(NamedTuple):
    pass


class Reverse(NamedTuple):
    made: int


class Revert(NamedTuple):
    events: frozenset[int]


SMALL = st.integers(1, 120)
ODD = st.sampled_from([0, -1, LARGEST, LARGEST - 60, LARGEST + 1, 2**63, 2**80])
AMOUNTS = st.one_of(*[SMALL] * 9, ODD)
PLAYER = st.sampled_from(PLAYERS)
HOLDER = st.sampled_from([*PLAYERS, *PLAYERS, *OTHERS])
ENDS = st.sampled_from(["sink:t", "sink:t", "payments:stripe", *PLAYERS, *OTHERS])
EARNED = st.builds(
    Move, st.just("mint:t"), HOLDER, st.sampled_from(["coins", "coins", "gems", "guild_tokens"]), AMOUNTS
)
GROWN = st.builds(Move, st.just("mint:t"), PLAYER, st.just("xp"), st.integers(1, 700))
BOUGHT = st.builds(Move, st.just("payments:stripe"), PLAYER, st.just("gems"), AMOUNTS)
SPENT = st.builds(Move, HOLDER, ENDS, st.sampled_from(["coins", "coins", "gems"]), AMOUNTS)
WRONG = st.builds(
    Move, st.sampled_from([*PLAYERS, "nobody:1", "debt:ann"]), ENDS, st.sampled_from(["xp", "doubloons"]), SMALL
)
MOVES = st.one_of(*[EARNED] * 3, *[GROWN] * 3, *[BOUGHT] * 2, *[SPENT] * 5, WRONG)
KEYS = st.one_of(*[st.none()] * 3, st.integers(0, 7))
BATCHES = st.builds(
    Batch,
    st.lists(st.tuples(KEYS, st.lists(MOVES, min_size=1, max_size=3)), min_size=1, max_size=4),
    st.integers(0, 2),
)
SETTING_ASIDE = st.builds(
    SetAside,
    st.integers(0, 9),
    st.sampled_from(["ann", "ben", "guild"]),
    st.sampled_from(["coins", "coins", "coins", "gems", "gems", "xp"]),
    st.one_of(*[st.integers(1, 60)] * 9, AMOUNTS),
    st.booleans(),
)
COMMITTING = st.builds(Commit, st.integers(0, 9), ENDS)
VOIDING = st.builds(Void, st.integers(0, 9))
UNDOING = st.one_of(
    *[st.builds(Reverse, st.integers(0, 60))] * 3,
    st.builds(Revert, st.frozensets(st.integers(0, 2), min_size=1, max_size=2)),
)
ASKED = st.one_of(*[BATCHES] * 4, *[SETTING_ASIDE] * 2, *[COMMITTING] * 2, VOIDING, st.builds(Expire), *[UNDOING] * 2)
PURSES = [
    Move("mint:t", "ann", "coins", 300),
    Move("payments:stripe", "ann", "gems", 80),
    Move("mint:t", "ben", "coins", 200),
    Move("mint:t", "guild", "coins", 100),
    Move("mint:t", "escrow", "coins", 100),
    Move("mint:t", "cat", "xp", 260),
]
"""What an example begins with, so that it need not be found out first that money is needed."""


# Asking it


class Step(NamedTuple):
    """One thing that was asked, and what was told."""

    act: Any
    told: Answer


class World:
    """One example's accounts on a ledger that all examples share."""

    def __init__(self, hall: Hall, admin: Any) -> None:
        self.hall, self.admin = hall, admin
        self.run = new_id().hex
        names = {name: f"user:{new_id()}" for name in PLAYERS}
        self.accounts = {**names, "guild": f"guild:{new_id()}", "escrow": f"escrow:{self.run}"}
        self.events = [new_id() for _ in range(3)]
        self.holds: list[tuple[Place, UUID]] = []
        self.made: list[UUID] = []
        self.model = Model(lambda account, level: f"reward:{level_grant(UUID(account.removeprefix('user:')), level)}")

    def real(self, moves: Sequence[Move]) -> list[Move]:
        names = self.accounts
        return [m._replace(debit=names.get(m.debit, m.debit), credit=names.get(m.credit, m.credit)) for m in moves]

    async def ask(self, what: Any) -> list[Step]:
        """Does one thing in a task of its own; a call of several postings is several steps."""
        try:
            return await self._ask(what)
        except Refusal as refusal:
            return [Step(self._act(what), ("no", refusal.code))]

    async def _ask(self, what: Any) -> list[Step]:
        ledger, db = self.hall.actions(Currency), self.hall.database(Currency)
        if isinstance(what, Batch):
            return await self._post(what)
        if isinstance(what, SetAside):
            account, seconds = self.accounts[what.account], 0 if what.over else 3600
            hold = await ledger.hold(f"{self.run}:{what.key}", account, what.currency, what.amount, seconds)
            return [Step((*self._act(what), hold.hold_id), ("hold", hold.state))]
        if isinstance(what, Commit):
            _, hold_id = self._hold(what.hold)
            credit = self.accounts.get(what.credit, what.credit)
            return [Step(self._act(what), told(await ledger.commit(hold_id, credit)))]
        if isinstance(what, Void):
            return [Step(self._act(what), ("hold", (await ledger.void(self._hold(what.hold)[1])).state))]
        if isinstance(what, Expire):
            await ledger.expire_holds()
            return [Step(("expire",), ("done",))]
        if isinstance(what, Reverse):
            async with db.tx() as tx:
                outcome = await ledger.reverse(tx, self._made(what.made), "a test")
            return [Step(self._act(what), told(outcome))]
        reverted = await ledger.revert([self.events[n] for n in what.events])
        return [Step(self._act(what), ("reverted", set(reverted.undone), reverted.kept))]

    async def _post(self, batch: Batch) -> list[Step]:
        event = self.events[batch.event]
        current_cause.set(Cause(correlation_id=event, causation_id=event))
        asked = [(f"{self.run}:{key or new_id()}", self.real(moves)) for key, moves in batch.postings]
        postings = [
            Posting(key=key, transaction_type="test", transfers=[Transfer(**m._asdict()) for m in moves])
            for key, moves in asked
        ]
        outcomes = await self.hall.actions(Currency).post(postings)
        return [
            Step(("post", key, moves, event), told(outcome))
            for (key, moves), outcome in zip(asked, outcomes, strict=True)
        ]

    def _hold(self, index: int) -> tuple[Place | None, UUID]:
        return self.holds[index % len(self.holds)] if self.holds else (None, UUID(int=0))

    def _made(self, index: int) -> UUID:
        return self.made[-1 - index % len(self.made)] if index else UUID(int=0)

    def _act(self, what: Any) -> Any:
        if isinstance(what, SetAside):
            return ("hold", f"{self.run}:{what.key}", self.accounts[what.account], *what[2:])
        if isinstance(what, Commit):
            place, hold_id = self._hold(what.hold)
            return ("commit", place, f"hold:{hold_id}", self.accounts.get(what.credit, what.credit))
        if isinstance(what, Void):
            return ("void", self._hold(what.hold)[0])
        if isinstance(what, Reverse):
            return ("reverse", self._made(what.made))
        return ("revert", {self.events[n] for n in what.events})

    # Explaining it

    async def at_once(self, asked: list[Any]) -> None:
        after = await self.admin.fetchval("SELECT last FROM currency.journal_head")
        lines = await asyncio.gather(*(asyncio.create_task(self.ask(what)) for what in asked))
        await self.hall.drain()
        rows = await self.admin.fetch(
            # What a hold's end pays is named by the hold's id, which the model does not know: here by the hold's key.
            "SELECT x.owner, coalesce('freed:' || h.key, x.key) AS key, x.id, max(t.seq) - min(t.seq) + 1 AS span, "
            "count(*) AS transfers FROM currency.transfers t JOIN currency.transactions x ON x.id = t.transaction_id "
            "LEFT JOIN currency.holds h ON h.owner = x.owner AND x.key = 'freed:' || h.id WHERE t.seq > $1 "
            "GROUP BY x.owner, x.key, x.id, h.key ORDER BY min(t.seq)",
            after,
        )
        assert all(row["span"] == row["transfers"] for row in rows), "a transaction's transfers stand together"
        journal = [((row["owner"], row["key"]), row["id"]) for row in rows]
        found = explain(self.model, list(lines), journal, await self._holds())
        assert found is not None, f"no order explains {lines} with the journal {[place for place, _ in journal]}"
        self.model = found
        self.made += [transaction_id for _, transaction_id in journal]
        for step in (step for line in lines for step in line):
            if step.act[0] == "hold" and len(step.act) == 7:
                entry = ((step.act[2], step.act[1]), step.act[6])
                self.holds += [entry] if entry not in self.holds else []

    async def _holds(self) -> dict[tuple[str, str], str]:
        rows = await self.admin.fetch(
            "SELECT owner, key, state FROM currency.holds WHERE owner = ANY($1)", list(self.accounts.values())
        )
        return {(row["owner"], row["key"]): row["state"] for row in rows}

    async def check(self) -> None:
        """What is stored is what the model has, and the ledger holds by itself."""
        await self.at_once([Expire()])  # no hold of this example is left to end in the next one
        mine = [*self.accounts.values(), *(f"debt:{a.removeprefix('user:')}" for a in self.accounts.values())]
        rows = await self.admin.fetch("SELECT * FROM currency.accounts WHERE owner = ANY($1)", mine)
        stored = {(r["owner"], r["currency"]): (r["balance"], r["held"], r["paid"], r["number"]) for r in rows}
        modelled = {place: (p.balance, p.held, p.bought, p.moves) for place, p in self.model.purses.items()}
        assert stored == {place: purse for place, purse in modelled.items() if place[0] in mine and purse[3]}
        assert await self._holds() == {p: h.state for p, h in self.model.holds.items()}
        players = [UUID(self.accounts[name].removeprefix("user:")) for name in PLAYERS]
        marks = await self.admin.fetch("SELECT * FROM currency.level_marks WHERE user_id = ANY($1)", players)
        assert {(f"user:{m['user_id']}", m["level"]) for m in marks} == self.model.reached
        fell = {(f"user:{m['user_id']}", m["level"]) for m in marks if m["fell_by"] is not None}
        assert fell == self.model.fell
        refused = await self.admin.fetch(
            "SELECT owner, key FROM currency.keys WHERE owner = ANY($1) AND key LIKE 'reward:%' AND refusal IS NOT NULL",
            mine,
        )
        assert {(r["owner"], r["key"]) for r in refused} == set(self.model.unpaid), "every level is paid, or refused"
        assert self.model.to_take_back == set()
        assert await broken(self.admin) == []
        await self.hall.run_job(Currency, "seal_journal")
        assert (await self.hall.actions(Currency).verify()).problems == []


def told(outcome: Outcome) -> Answer:
    """An outcome in the model's words."""
    answer: Answer = ("yes", outcome.balances) if outcome.accepted else ("no", outcome.refusal)
    return ("again", answer) if outcome.replayed else answer


def act_on(model: Model, act: Any) -> Answer:
    kind, *given = act
    if kind == "post":
        key, moves, event = given
        bad = any(a.startswith(("nobody:", "debt:")) for m in moves for a in m[:2]) or any(m[0] == m[1] for m in moves)
        return model.post(key, moves, event=event, bad=bad)
    if kind == "hold":
        key, account, currency, amount, over = given[:5]
        return model.hold(key, account, currency, amount, over=over)
    if kind == "commit":
        place, posting_key, credit = given
        if place is None:
            return ("no", "transaction_not_found")
        return model.commit(place, posting_key, credit)
    if kind == "void":
        return ("no", "transaction_not_found") if given[0] is None else model.void(given[0])
    if kind == "expire":
        return model.expire()
    return model.reverse(given[0]) if kind == "reverse" else model.revert(given[0])


Journal = list[tuple[Place, UUID]]


def explain(model: Model, lines: list[list[Step]], journal: Journal, holds: dict[Any, str]) -> Model | None:
    """The model after some order of the steps (those of one line stay in theirs) that tells and writes the same, and leaves
    holds as they are: whether one ended before or after another was made, no answer says.
    """
    if not any(lines) and not journal:
        return model if {place: hold.state for place, hold in model.holds.items()} == holds else None
    for number, line in enumerate(lines):
        if line:
            after = model.copy()
            after.wrote = []
            if act_on(after, line[0].act) == line[0].told and is_next(after, journal):
                rest = [*lines[:number], line[1:], *lines[number + 1 :]]
                found = explain(after, rest, journal[len(after.wrote) :], holds)
                if found is not None:
                    return found
    if journal:
        after = model.copy()
        after.wrote = []
        if after.follow(journal[0][0]) and is_next(after, journal):
            return explain(after, lines, journal[len(after.wrote) :], holds)
    return None


def is_next(model: Model, journal: Journal) -> bool:
    """Whether what the model wrote is what stands next in the journal; then it takes the journal's names."""
    wrote, there = model.wrote, journal[: len(model.wrote)]
    # What a reversal takes back along with it stands after it, in no promised order.
    if [p for p, _ in there][:1] != wrote[:1] or sorted(p for p, _ in there) != sorted(wrote):
        return False
    for place, transaction_id in there:
        model.named(place, transaction_id)
    return True


class LedgerMachine(RuleBasedStateMachine):
    """Asks alone and at once; each answer must be explained at once, the stored state at the end."""

    runner: ClassVar[asyncio.Runner]
    hall: ClassVar[Hall]
    admin: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.hall, self.admin)
        self.failed = False

    def _do(self, asked: list[Any]) -> None:
        try:
            self.runner.run(self.world.at_once(asked))
        except BaseException:
            self.failed = True
            raise

    @initialize()
    def purses(self) -> None:
        self._do([Batch([(None, [move]) for move in PURSES], 0)])

    @rule(asked=ASKED)
    def alone(self, asked: Any) -> None:
        self._do([asked])

    @rule(asked=st.lists(ASKED, min_size=2, max_size=4))
    def at_once(self, asked: list[Any]) -> None:
        self._do(asked)

    @rule(asked=st.one_of(UNDOING, BATCHES), times=st.integers(2, 3))
    def the_same_at_once(self, asked: Any, times: int) -> None:
        self._do([asked] * times)

    def teardown(self) -> None:
        if not self.failed:
            self.runner.run(self.world.check())


@pytest.fixture
def machine(servers: Servers, migrated: tuple[str, Path]) -> Iterator[type[LedgerMachine]]:
    """The machine on a real ledger: currency alone in a process, on a database of its own."""
    template, data = migrated
    alone = [service for service in discover() if service.name == "currency"]

    async def start(stack: AsyncExitStack) -> None:
        url = await stack.enter_async_context(fresh_database(servers.database, template=template))
        LedgerMachine.admin = await asyncpg.connect(url)
        stack.push_async_callback(LedgerMachine.admin.close)
        # What a crash would leave is not asked here: so nobody waits for the disk.
        name = await LedgerMachine.admin.fetchval("SELECT current_database()")
        await LedgerMachine.admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        LedgerMachine.hall = await stack.enter_async_context(open_hall(url, servers.redis, data, services=alone))

    with asyncio.Runner() as runner:
        LedgerMachine.runner, stack = runner, AsyncExitStack()
        runner.run(start(stack))
        yield LedgerMachine
        runner.run(stack.aclose())


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_whatever_is_asked_alone_or_at_once_a_serial_order_explains_it(machine: type[LedgerMachine]) -> None:
    run_state_machine_as_test(machine, settings=CALM)
