"""Fills a new installation, through its public API alone.

Everything has a name that is made of who did it and when: so what an interrupted run did is done once, and the next run goes on.
The name of the source says whether all is done; then nothing is sent any more.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from questhall.demo import content
from questhall.demo.history import DAYS, events_of
from questhall.demo.people import KEEPERS_LOOK, PEOPLE, STAR, Person
from questhall.kernel.client import Answer, Client

__all__ = ["MAILS", "Accounts", "Filled", "NotNew", "Refused", "fill"]

KEEPER = "hallkeeper"
MAILS = "@demo.invalid"
"""Nobody can have such an address: it tells the demo's people from others."""
SLUG, FILLING, WHOLE = "club", "The club (its history is being written)", "The club"
PAST_DAYS = DAYS + 30
"""How far back the source is believed: a run that was interrupted may go on for a month."""
AT_ONCE = 3
BATCH_MAX = 500
PASSWORD_BYTES = 12
QUIET_LOOKS, LOOK_S, LOOKS_MAX = 3, 0.7, 120


class NotNew(Exception):
    """The installation has players of its own."""


class Refused(Exception):
    """The API said no where it should not have."""


class Accounts(Protocol):
    """What the command line may do that the API does not: the door for who keeps the installation."""

    async def outsiders(self) -> list[tuple[str, str]]:
        """Usernames and roles of those who are not the demo's."""
        ...

    async def admin(self, username: str, email: str, password: str) -> bool:
        """Makes an admin; False when there is one of that name."""
        ...

    async def token(self, username: str) -> str:
        """A new access token of a player."""
        ...


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did."""

    already: bool = False
    people: int = 0
    acts: int = 0


async def fill(
    client: Client,
    accounts: Accounts,
    on_step: Callable[[int, int], None],
    tell_password: Callable[[str, str], None],
    people: Sequence[Person] = PEOPLE,
) -> Filled:
    """Makes the community, or what is missing of it. Raises NotNew, Refused, the kernel's Unreachable.

    ``on_step`` is told how much of how much is done. ``tell_password`` is told those of the keeper and of the player to look
    around as, as soon as they hold: they are kept nowhere, and those of the others are told to nobody.
    """
    # First of all: what has players of its own is left as it is.
    for username, role in await accounts.outsiders():
        if username == KEEPER:
            raise NotNew(f"somebody else is called {KEEPER} here")
        if role != "admin":
            raise NotNew("this installation has players of its own")
    secret = secrets.token_urlsafe(PASSWORD_BYTES)
    if await accounts.admin(KEEPER, KEEPER + MAILS, secret):
        tell_password(KEEPER, secret)
    filler = _Filler(client, accounts, on_step, people, tell_password)
    filler.tokens[KEEPER] = await accounts.token(KEEPER)
    try:
        return await filler.run()
    finally:
        await filler.give_back()


class _Filler:
    """One run."""

    def __init__(
        self,
        client: Client,
        accounts: Accounts,
        on_step: Callable[[int, int], None],
        people: Sequence[Person],
        tell_password: Callable[[str, str], None],
    ) -> None:
        self.tokens: dict[str, str] = {}
        self._client = client
        self._accounts = accounts
        self._on_step = on_step
        self._people = people
        self._tell_password = tell_password
        self._done = 0
        self._total = 4 * len(people) + len(content.QUESTS) + len(content.BADGES) + 1
        self._acts = 0

    async def run(self) -> Filled:
        await self._dress(KEEPER, KEEPERS_LOOK)
        source = await self._source()
        if source["name"] == WHOLE:
            return Filled(already=True)
        for kind, definitions in (("quests", content.QUESTS), ("achievements", content.BADGES)):
            await self._publish(kind, definitions)
        until = datetime.fromisoformat(source["created_at"])
        arrived: asyncio.Queue[Person | None] = asyncio.Queue()
        # Signing up is limited by the minute: those who are in live on meanwhile.
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sign_up(arrived))
                for _ in range(AT_ONCE):
                    group.create_task(self._live(arrived, until))
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None
        await self._until_quiet()
        await self._ticks()
        await self._gifts()
        await self._until_quiet()
        for person in self._people:
            await self._open_badges(person)
            self._step()
        source = await self._ask("GET", f"/sources/{SLUG}")
        headers = {"if-match": str(source["version"])}
        await self._ask("PATCH", f"/sources/{SLUG}", {"name": WHOLE}, headers=headers)
        self._step()
        return Filled(people=len(self._people), acts=self._acts)

    async def give_back(self) -> None:
        """Ends the tokens of this run and of those before it; the keeper's, by which it asks, at the end."""
        for username in sorted(self.tokens, key=lambda name: name == KEEPER):
            token = self.tokens[username]
            while True:
                found = await self._client.send("GET", "/me/tokens?limit=100", token=token)
                kept = found.body["items"] if found.status == 200 else []
                # The newest is this run's own, by which it asks: it goes when it is alone.
                ids = [one["id"] for one in sorted(kept, key=lambda one: one["created_at"])]
                for identifier in ids[:-1] or ids:
                    await self._client.send("DELETE", f"/me/tokens/{identifier}", token=token)
                if len(ids) < 2:
                    break

    async def _source(self) -> dict[str, Any]:
        body = {"slug": SLUG, "kind": "cloudevents", "name": FILLING, "past_days": PAST_DAYS}
        made = await self._try("POST", "/sources", body)
        if made.status not in (201, 409):
            raise Refused(f"POST /sources: {made.body}")
        return dict(await self._ask("GET", f"/sources/{SLUG}"))

    async def _publish(self, kind: str, definitions: Sequence[dict[str, Any]]) -> None:
        for definition in definitions:
            made = await self._try("POST", f"/{kind}", definition)
            if made.status == 201:
                identifier = made.body["id"]
            else:  # made before; perhaps it was not published any more
                drafts = await self._ask("GET", f"/{kind}?status=draft&limit=100")
                identifier = next((one["id"] for one in drafts["items"] if one["slug"] == definition["slug"]), None)
            if identifier is not None:
                await self._ask("POST", f"/{kind}/{identifier}/publish")
            self._step()

    async def _sign_up(self, arrived: asyncio.Queue[Person | None]) -> None:
        invite = None
        if (await self._ask("GET", "/auth/registration"))["mode"] != "open":
            made = await self._ask("POST", "/admin/invites", {"note": "the demo", "uses": len(self._people)})
            invite = made["secret"]
        for person in self._people:
            secret = secrets.token_urlsafe(PASSWORD_BYTES)
            body = {
                "username": person.username,
                "email": person.username + MAILS,
                "password": secret,
                "display_name": person.name,
                "timezone": person.zone,
                **({"invite": invite} if invite else {}),
            }
            answer = await self._client.send("POST", "/auth/register", body)
            if answer.status == 201 and person.username == STAR:
                self._tell_password(STAR, secret)
            if answer.status not in (201, 409):
                raise Refused(f"POST /auth/register: {answer.body}")
            self._step()
            arrived.put_nowait(person)
        for _ in range(AT_ONCE):
            arrived.put_nowait(None)

    async def _live(self, arrived: asyncio.Queue[Person | None], until: datetime) -> None:
        while (person := await arrived.get()) is not None:
            self.tokens[person.username] = await self._accounts.token(person.username)
            await self._dress(person.username, person.look)
            link = {"account": f"{person.username}@club", "username": person.username}
            await self._ask("POST", f"/sources/{SLUG}/links", link)
            self._step()
            events = events_of(person, until)
            for first in range(0, len(events), BATCH_MAX):
                batch = events[first : first + BATCH_MAX]
                await self._ask("POST", f"/ingest/{SLUG}", batch, content_type="application/cloudevents-batch+json")
            self._acts += len(events)
            self._step()

    async def _dress(self, username: str, look: dict[str, Any]) -> None:
        me = await self._ask("GET", "/me", who=username)
        if me["look"] is None:
            headers = {"if-match": str(me["version"])}
            await self._ask("PATCH", "/me", {"look": look}, who=username, headers=headers)

    async def _ticks(self) -> None:
        page = await self._ask("GET", "/quests?limit=100")
        ids = {quest["slug"]: quest["id"] for quest in page["items"]}
        for username, slug, objective in content.TICKS:
            if username in self.tokens and slug in ids:
                key = {"idempotency-key": f"demo:{slug}:{objective}"}
                # One that is done already is no error: the run before this one did it.
                await self._try("POST", f"/quests/{ids[slug]}/complete", {"objective": objective}, username, key)

    async def _gifts(self) -> None:
        for number, (giver, to, amount, note) in enumerate(content.GIFTS):
            if giver in self.tokens and to in self.tokens:
                body = {"to": to, "currency": "coins", "amount": amount, "note": note}
                key = {"idempotency-key": f"demo:gift:{number}"}
                await self._ask("POST", "/transfers", body, who=giver, headers=key)

    async def _open_badges(self, person: Person) -> None:
        """All that arrived wrapped; the star leaves one, for whoever looks around to open."""
        found = await self._ask("GET", "/achievements?earned=true&limit=100", who=person.username)
        wrapped = [badge["id"] for badge in found["items"] if badge["mine"]["revealed_at"] is None]
        for identifier in wrapped[: -1 if person.username == STAR else None]:
            await self._ask("POST", f"/me/achievements/{identifier}/reveal", who=person.username)

    async def _until_quiet(self) -> None:
        """Waits until what follows from the acts has reached the purses."""
        before, quiet = [-1], 0
        for _ in range(LOOKS_MAX):
            answers = [await self._ask("GET", "/me/balances", who=person.username) for person in self._people]
            numbers = [one["number"] for answer in answers for one in answer["items"]]
            quiet = quiet + 1 if numbers == before else 0
            if quiet == QUIET_LOOKS:
                return
            before = numbers
            await asyncio.sleep(LOOK_S)

    async def _try(
        self,
        method: str,
        path: str,
        body: Any = None,
        who: str = KEEPER,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        token = self.tokens[who]
        return await self._client.send(method, path, body, token=token, headers=headers, content_type=content_type)

    async def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str = KEEPER,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        answer = await self._try(method, path, body, who, headers, content_type)
        if answer.status >= 400:
            raise Refused(f"{method} {path} as {who}: {answer.status} {answer.body}")
        return answer.body

    def _step(self) -> None:
        self._done += 1
        self._total = max(self._total, self._done)
        self._on_step(self._done, self._total)
