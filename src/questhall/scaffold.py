"""Makes a new service in a checkout: everything that the others have, and nothing elsewhere has to be edited."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from questhall.kernel.children import CannotStart

__all__ = ["make"]

NAME = re.compile(r"(?!pg_)[a-z][a-z0-9]*(_[a-z0-9]+)*")
NAME_MAX = 24
TAKEN = frozenset(
    {"gateway", "kernel", "contracts", "services", "rewards", "public", "questhall", "information_schema", "golden"}
    | {"contract", "event", "refusal", "empty_note"}  # names that the new contract itself uses
)

FILES = {
    "src/questhall/contracts/{name}.py": '''"""{name}: what it is for, in a few words."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from questhall.kernel.contract import Contract, Event, PersonalText, Refusal


class {title}Noted(Event, frozen=True, kw_only=True):
    """A player noted something."""

    type: ClassVar[str] = "{name}.noted"
    user_id: UUID
    text: PersonalText


class EmptyNote(Refusal):
    """A note says something."""

    code: ClassVar[str] = "empty_note"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The note is empty"


class {title}(Contract):
    """Keeps players' notes."""

    name: ClassVar[str] = "{name}"
    events: ClassVar[tuple[type[Event], ...]] = ({title}Noted,)
    refusals: ClassVar[tuple[type[Refusal], ...]] = (EmptyNote,)
''',
    "src/questhall/services/{name}/__init__.py": '"""{name}: what it is for, in a few words."""\n',
    "src/questhall/services/{name}/README.md": """# {name}: what it is for, in a few words

**Owns** notes. **Hears** `user.registered`. **Calls** nobody.
**Says** `{name}.noted`.

Invariants: a note belongs to one player and says something.
""",
    "src/questhall/services/{name}/migrations/0001_{name}.sql": """CREATE TABLE notes (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    text text NOT NULL CHECK (text <> ''),
    causation_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX notes_causation ON notes (causation_id);
""",
    "src/questhall/services/{name}/rules.py": '''"""Pure decisions of {name}."""

from __future__ import annotations

from questhall.contracts.{name} import EmptyNote


def tidied(text: str) -> str:
    """The text as it is kept. Refuses ``empty_note``."""
    plain = text.strip()
    if not plain:
        raise EmptyNote
    return plain
''',
    "src/questhall/services/{name}/repository.py": '''"""Every SQL statement of {name}."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.kernel.sections import Section

SECTIONS = (
    Section(
        "notes",
        "SELECT id AS place, id, text, created_at FROM notes WHERE user_id = $1 "
        "AND ($2::text IS NULL OR id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
)


async def add(tx: Tx, user_id: UUID, note_id: UUID, text: str) -> None:
    """A new note, with its cause."""
    await tx.execute(
        "INSERT INTO notes (user_id, id, text, causation_id, created_at) VALUES ($1, $2, $3, $4, $5)",
        user_id,
        note_id,
        text,
        tx.cause.causation_id,
        tx.now,
    )


async def notes(tx: Tx, user_id: UUID, after: UUID | None, limit: int) -> list[Record]:
    """A player's notes, newest first."""
    return await tx.fetch(
        "SELECT * FROM notes WHERE user_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        user_id,
        after,
        limit,
    )


async def remove_caused(tx: Tx, event_ids: list[UUID]) -> list[UUID]:
    """Takes back what these events made."""
    rows = await tx.fetch("DELETE FROM notes WHERE causation_id = ANY($1::uuid[]) RETURNING id", event_ids)
    return [row["id"] for row in rows]


async def forget(tx: Tx, user_id: UUID) -> None:
    """Ends what a player noted."""
    await tx.execute("DELETE FROM notes WHERE user_id = $1", user_id)
''',
    "src/questhall/services/{name}/actions.py": '''"""What {name} can do."""

from __future__ import annotations

from uuid import UUID

from questhall.contracts.{name} import {title}, {title}Noted
from questhall.kernel.contract import ArchivePart, Forgotten, Reverted
from questhall.kernel.database import Tx
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.forgoing import forgo
from questhall.kernel.ids import new_id
from questhall.kernel.sections import archive_part
from questhall.kernel.service import Site
from questhall.services.{name} import repository, rules


class {title}Actions({title}):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at

    async def note(self, tx: Tx, user_id: UUID, text: str) -> UUID:
        """Keeps a note. Refuses ``empty_note``."""
        kept, note_id = rules.tidied(text), new_id()
        await repository.add(tx, user_id, note_id, kept)
        tx.emit({title}Noted(user_id=user_id, text=kept))
        return note_id

    async def revert(self, event_ids: list[UUID]) -> Reverted:
        """See the contract."""
        async with self.at.db.tx() as tx:
            await forgo(tx, event_ids)
            return Reverted(undone=await repository.remove_caused(tx, event_ids))

    async def archive_of(self, user_id: UUID, after: str | None) -> ArchivePart:
        """See the contract: ``notes``."""
        return await archive_part(self.at.db, repository.SECTIONS, user_id, after)

    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """See the contract."""
        async with self.at.db.tx() as tx:
            await repository.forget(tx, user_id)
            return Forgotten(pending=await forget_traces(tx, user_id, names))
''',
    "src/questhall/services/{name}/handlers.py": '''"""What {name} hears."""

from __future__ import annotations

from questhall.contracts.identity import UserRegistered
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.{name}.actions import {title}Actions


@on(UserRegistered)
async def greet_player(
    actions: {title}Actions,
    tx: Tx,
    event: Envelope[UserRegistered],
) -> None:
    """A first note for who arrives."""
    await actions.note(tx, event.data.user_id, f"Welcome, {{event.data.display_name}}")
''',
    "src/questhall/services/{name}/api.py": '''"""HTTP of {name}."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from questhall.kernel.access import Caller
from questhall.kernel.http import SIGNED_IN, After, Idempotent, Limit, Page, Response, cursor_of, get, post, read_cursor
from questhall.services.{name} import repository
from questhall.services.{name}.actions import {title}Actions


class NoteInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note to be kept."""

    text: Annotated[str, msgspec.Meta(max_length=500)]


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """A note."""

    id: UUID
    text: str
    created_at: datetime


@get("/me/{name}", permission=SIGNED_IN)
async def list_{name}(
    actions: {title}Actions,
    caller: Caller,
    limit: Limit = 25,
    after: After = None,
) -> Page[NoteView]:
    """My notes, newest first."""
    start = read_cursor(after, UUID)
    async with actions.at.db.read() as tx:
        rows = await repository.notes(tx, caller.user, start[0] if start else None, limit + 1)
    items = [NoteView(id=row["id"], text=row["text"], created_at=row["created_at"]) for row in rows[:limit]]
    return Page(items=items, next=cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None)


@post("/me/{name}", permission=SIGNED_IN, status=201, idempotency="optional")
async def add_{name}(
    actions: {title}Actions,
    caller: Caller,
    data: NoteInput,
    idempotent: Idempotent,
) -> Response[dict[str, Any]]:
    """Keep a note."""

    async def effect(tx: Any) -> dict[str, Any]:
        return {{"id": await actions.note(tx, caller.user, data.text)}}

    return await idempotent.run(effect)
''',
    "src/questhall/services/{name}/wiring.py": '''"""{name}'s table of contents."""

from __future__ import annotations

from questhall.contracts.{name} import {title}
from questhall.kernel.service import Service
from questhall.services.{name} import api, handlers
from questhall.services.{name}.actions import {title}Actions

SERVICE = Service(
    name="{name}",
    contract={title},
    actions={title}Actions,
    api=api,
    handlers=handlers,
)
''',
    "tests/golden/events/{name}.noted.json": """{{
  "specversion": "1.0",
  "id": "01900000-0000-7000-8000-000000000001",
  "type": "{name}.noted",
  "source": "/producer",
  "subject": "01900000-0000-7000-8000-000000000001",
  "time": "2026-03-02T09:00:00Z",
  "datacontenttype": "application/json",
  "correlationid": "01900000-0000-7000-8000-000000000001",
  "causationid": "01900000-0000-7000-8000-000000000001",
  "actor": "system",
  "partitionkey": "01900000-0000-7000-8000-000000000001",
  "sequence": "1",
  "depth": 1,
  "data": {{
    "user_id": "01900000-0000-7000-8000-000000000001",
    "text": "text"
  }}
}}
""",
    "tests/{name}/__init__.py": "",
    "tests/{name}/test_{name}.py": '''"""{name}: the first story."""

from __future__ import annotations

from questhall.contracts.{name} import {title}
from questhall.kernel.testing import Hall


async def test_a_note_is_kept_said_and_taken_back(hall: Hall) -> None:
    wren = await hall.user("wren")
    assert (await wren.client.post("/me/{name}", json={{"text": " a thought "}})).status_code == 201
    assert (await wren.client.post("/me/{name}", json={{"text": " "}})).json()["code"] == "empty_note"
    await hall.drain()
    notes = (await wren.client.get("/me/{name}")).json()["items"]
    assert [note["text"] for note in notes] == ["a thought", "Welcome, wren"]
    welcomed = (await hall.log("user.registered"))[0]
    assert len((await hall.actions({title}).revert([welcomed["id"]])).undone) == 1
    said = await hall.log("{name}.noted")
    assert [event["data"]["text"] for event in said] == ["Welcome, wren", "a thought"]
''',
}


def make(name: str, root: Path) -> list[str]:
    """Writes the files of a service below a checkout's root; answers their paths. Raises CannotStart."""
    if not (root / "src/questhall/services").is_dir():
        raise CannotStart("this is no checkout of Questhall", "run it in the folder that holds src/questhall")
    title = "".join(word.capitalize() for word in name.split("_"))
    if (
        NAME.fullmatch(name) is None
        or not 1 < len(name) <= NAME_MAX
        or keyword.iskeyword(name)
        or keyword.iskeyword(title)
    ):
        raise CannotStart(
            f"{name} is no name for a service",
            f"use a noun of 2 to {NAME_MAX} of a-z, 0-9 and _, beginning with a letter",
        )
    taken = name in TAKEN or any((root / path.format(name=name)).exists() for path in FILES)
    if taken or (root / "src/questhall/services" / name).exists() or _has_route(root, name):
        raise CannotStart(f"{name} is taken", "choose another name")
    made: list[str] = []
    for path, text in FILES.items():
        file = root / path.format(name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(name=name, title=title))
        made.append(path.format(name=name))
    return made


def _has_route(root: Path, name: str) -> bool:
    """Whether a service answers at ``/me/<name>``: two owners of one route would not start."""
    route = re.compile(rf"\"/me/{name}[/\"]")
    return any(route.search(file.read_text()) for file in (root / "src/questhall/services").rglob("*.py"))
