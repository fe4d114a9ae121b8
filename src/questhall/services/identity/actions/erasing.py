"""Erasure: a player is nobody at once, and forgotten by every service in the background."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from questhall.contracts import every_contract
from questhall.contracts.identity import Identity, SessionRevoked, UserDeleted
from questhall.kernel.background import BackgroundJob, NotReady, enqueue
from questhall.kernel.contract import Contract, Forgotten, JobState
from questhall.kernel.database import Tx
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.rpc import NotDeployed, ServiceAbsent
from questhall.services.identity import repository
from questhall.services.identity.actions.administration import Administration
from questhall.services.identity.actions.links import Links
from questhall.services.identity.actions.part import digest

ERASE = "erase"
FORMER = "Somebody who left"
SETTLES = timedelta(seconds=2)
"""By then nothing that the player still asked for is under way: a session ends within a second, an answer soon after."""


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """Who."""

    user_id: UUID


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Where an erasure goes on: every service is asked in turn, and again until nothing about the player is on its way."""

    service: int = 0
    place: str | None = None
    pending: int = 0
    last: bool = False
    """Whether the round before found nothing on its way: what came meanwhile is forgotten by this one."""


class Erasing(Links, Administration):
    """Erasure."""

    async def erase_me(self, user_id: UUID, password: str) -> JobState:
        """A player goes. Refuses ``wrong_credentials``, ``last_admin``."""
        await self._proved(user_id, password)
        async with self.at.db.tx() as tx:
            return await self._erase(tx, user_id, owner=None, reason="")

    async def erase_user(self, user_id: UUID, admin: UUID, reason: str) -> JobState:
        """An admin erases a player; the reason stays. Refuses ``user_not_found``, ``last_admin``."""
        async with self.at.db.tx() as tx:
            return await self._erase(tx, user_id, owner=None if admin == user_id else admin, reason=reason)

    async def _erase(self, tx: Tx, user_id: UUID, *, owner: UUID | None, reason: str) -> JobState:
        # Before the player's row: a step of an export holds its job, and asks for that row.
        await repository.end_exports(tx, user_id)
        row = await self._locked(tx, user_id, admin_stays=False)
        # Not what they were shown as: that may be any word, or somebody else's address.
        names = sorted({row["username"], row["email"].lower()})
        await repository.reserve_name(tx, digest(row["username"]))
        await repository.add_erasure(tx, user_id, names)
        await repository.anonymise(tx, user_id, FORMER)
        await repository.forget(tx, user_id, names)
        tx.emit(SessionRevoked(user_id=user_id))
        tx.emit(UserDeleted(user_id=user_id, reason=reason))
        return await enqueue(tx, ERASE, Erased(user_id=user_id), owner=owner, about=str(user_id))

    async def resume_erasures(self) -> None:
        """Begins anew with erasures whose job failed; what is being done goes on as it is."""
        async with self.at.db.tx() as tx:
            for user_id in await repository.unfinished(tx):
                await enqueue(tx, ERASE, Erased(user_id=user_id), about=str(user_id))

    async def erase_everywhere(self, job: BackgroundJob) -> None:
        """Has every service forget a player. One that is away is waited for."""
        user_id, contracts = job.arguments(Erased).user_id, every_contract()
        if job.age < SETTLES:
            raise NotReady
        async with self.at.db.read() as tx:
            names = await repository.names_of(tx, user_id)
        while True:
            at = job.state(Round) or Round()
            if at.service == len(contracts):
                if at.last:
                    break
                async with job.step():
                    job.go_on_from(Round(last=at.pending == 0))
                if at.pending:
                    raise NotReady
                continue
            answer = await self._ask(contracts[at.service], user_id, names, at.place)
            async with job.step():
                over = answer.next is None
                job.go_on_from(
                    Round(
                        service=at.service + over,
                        place=answer.next,
                        pending=at.pending + answer.pending,
                        last=at.last,
                    )
                )
                job.done, job.total = len(contracts) * at.last + at.service + over, 2 * len(contracts)
        async with job.step() as tx:
            await repository.finish_erasure(tx, user_id)
            job.finish({})

    async def _ask(self, contract: type[Contract], user_id: UUID, names: list[str], place: str | None) -> Forgotten:
        try:
            service: Contract = self if contract is Identity else self.at.stub(contract)  # type: ignore[assignment]
            return await service.forget(user_id, names, place)
        except NotDeployed:
            return Forgotten()
        except ServiceAbsent:
            raise NotReady from None

    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """See the contract: what a request that was under way has brought since the player was erased."""
        async with self.at.db.tx() as tx:
            await repository.forget(tx, user_id, names)
            return Forgotten(pending=await forget_traces(tx, user_id, names))
