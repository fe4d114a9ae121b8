"""Content as files: what authors made, as a folder holds it, and what applying such files would change.

A file is a list of definitions, each named by its slug. Beside the fields of its kind a definition may say its ``status``
(published if it is left out) and, where its author saved changes that are not published yet, the ``draft`` with them. Fields
that are as they would be anyway are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from questhall.kernel.contract import Contract, call

__all__ = [
    "Change",
    "ContentContract",
    "Difference",
    "Entry",
    "Fault",
    "Plan",
    "changes_of",
    "entries_of",
    "faults_of",
    "written",
]

Status = Literal["draft", "published", "archived"]
Does = Literal["create", "change", "same", "left"]
NAMES = ("id", "name")
"""Fields that name the parts of a list, so that one that was moved is not told as changed."""
_AT = re.compile(r"^(.*) - at `\$(.*)`$", re.DOTALL)


class Authored(Protocol):
    """A definition: it has a slug."""

    @property
    def slug(self) -> str:
        """Its name."""
        ...


D = TypeVar("D", bound=Authored)


class Entry(msgspec.Struct, Generic[D], frozen=True, kw_only=True):
    """What is kept of one slug."""

    definition: D
    """Of what was ever published its newest version; of a draft what its author last saved."""
    status: Status = "published"
    draft: D | None = None
    """What was saved since, and is not published."""

    @property
    def slug(self) -> str:
        """Its name."""
        return self.definition.slug


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A field that would be another; None: it is not said."""

    field: str
    before: Any = None
    after: Any = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one slug. ``left``: the files do not name it, and it stays as it is."""

    slug: str
    does: Does
    status: Status
    differences: list[Difference] = []


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What can't be taken in a file; ``slug`` is the number in the file where there is none."""

    slug: str
    pointer: str
    detail: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What applying would do, or did; nothing at all where there are faults."""

    changes: list[Change] = []
    faults: list[Fault] = []


class ContentContract(Contract):
    """Base of contracts whose service authors something that is kept as files too."""

    @call("cli")
    async def install(self, definitions: list[dict[str, Any]]) -> int:
        """Publishes what is not there yet by its slug; answers how many. What does not fit here is left out."""
        raise NotImplementedError

    @call("cli")
    async def content(self) -> list[dict[str, Any]]:
        """Everything as files have it, by slug."""
        raise NotImplementedError

    @call("cli")
    async def plan(self, definitions: list[dict[str, Any]]) -> Plan:
        """What ``apply`` would do, or why it can't."""
        raise NotImplementedError

    @call("cli")
    async def apply(self, definitions: list[dict[str, Any]]) -> Plan:
        """Makes and changes until all is as these say, all or (with faults) none; again, it does nothing.

        A change of what is published is a new version. What is not named stays as it is. Refuses ``slug_taken`` where
        somebody made the same meanwhile.
        """
        raise NotImplementedError


def entries_of(raw: Iterable[Mapping[str, Any]], kind: type[D]) -> tuple[list[Entry[D]], list[Fault]]:
    """Definitions as they stand in a file, read; and what of them can't be read."""
    entries: dict[str, Entry[D]] = {}
    faults: list[Fault] = []
    for number, one in enumerate(raw, 1):
        slug = one.get("slug")
        name = slug if isinstance(slug, str) else f"number {number}"
        try:
            entry = _entry(one, kind)
        except msgspec.ValidationError as error:
            faults.append(_fault(name, "", error))
            continue
        except _DraftError as error:
            faults.append(_fault(name, "/draft", error.args[0]))
            continue
        if entry.slug in entries:
            faults.append(Fault(slug=name, pointer="#/slug", detail="it is there twice; a slug names one definition"))
        if entry.status == "draft" and entry.draft is not None:
            text = "what was never published has no changes beside it; put them in its place"
            faults.append(Fault(slug=name, pointer="#/draft", detail=text))
        entries[entry.slug] = entry
    return list(entries.values()), faults


class _DraftError(Exception):
    """The draft of a definition can't be read."""


def _entry(one: Mapping[str, Any], kind: type[D]) -> Entry[D]:
    fields = {name: value for name, value in one.items() if name not in ("status", "draft")}
    definition = msgspec.convert(fields, kind)
    status = msgspec.convert({"status": one.get("status", "published")}, _Stands).status
    draft: D | None = None
    if one.get("draft") is not None:
        try:
            inner = msgspec.convert(one["draft"], dict[str, Any])
            if "slug" in inner:
                raise msgspec.ValidationError("the slug stays as it is - at `$.slug`")
            draft = msgspec.convert({"slug": definition.slug, **inner}, kind)
        except msgspec.ValidationError as error:
            raise _DraftError(error) from None
    return Entry(definition=definition, status=status, draft=None if draft == definition else draft)


class _Stands(msgspec.Struct, frozen=True):
    status: Status


def _fault(slug: str, under: str, error: msgspec.ValidationError) -> Fault:
    found = _AT.match(str(error))
    detail, path = found.groups() if found else (str(error), "")
    path = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")
    return Fault(slug=slug, pointer=f"#{under}{path}", detail=detail)


def faults_of(slug: str, errors: Iterable[Mapping[str, str]] | None, *, under: str = "") -> list[Fault]:
    """The errors of a refusal as those of a definition, ``under`` a field of it."""
    return [
        Fault(slug=slug, pointer=f"#{under}{e['pointer'].removeprefix('#')}", detail=e["detail"]) for e in errors or ()
    ]


def written(entry: Entry[D]) -> dict[str, Any]:
    """A definition as it stands in a file."""
    fields = _plain(entry.definition)
    found = {"slug": fields.pop("slug")}
    if entry.status != "published":
        found["status"] = entry.status
    found |= fields
    if entry.draft is not None:
        found["draft"] = {name: value for name, value in _plain(entry.draft).items() if name != "slug"}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        found = {}
        for field in msgspec.structs.fields(value):
            one = getattr(value, field.name)
            default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            if one != default:
                found[field.encode_name] = _plain(one)
        return found
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, datetime):
        return msgspec.to_builtins(value.astimezone(UTC))
    return msgspec.to_builtins(value)


def changes_of(entries: Iterable[Entry[D]], here: Mapping[str, Entry[D]]) -> list[Change]:
    """What would become of each slug: those of the files in their order, then those that only the installation has."""
    changes: list[Change] = []
    for entry in entries:
        there = here.get(entry.slug)
        found = list(differences(_shown(there) if there else {}, _shown(entry)))
        does: Does = "create" if there is None else "change" if found else "same"
        changes.append(Change(slug=entry.slug, does=does, status=entry.status, differences=found))
    named = {change.slug for change in changes}
    left = [entry for slug, entry in sorted(here.items()) if slug not in named]
    return changes + [Change(slug=entry.slug, does="left", status=entry.status) for entry in left]


def _shown(entry: Entry[D]) -> dict[str, Any]:
    return {**written(entry), "status": entry.status}


def differences(before: Any, after: Any, field: str = "") -> Iterator[Difference]:
    """Field by field; parts of a list that have names go by these."""
    if before == after:
        return
    if isinstance(before, list) and isinstance(after, list):
        for name in NAMES:
            old, new = _by(name, before), _by(name, after)
            if old is not None and new is not None:
                yield from differences(old, new, field)
                stay = [one for one in old if one in new]
                if stay != [one for one in new if one in old]:
                    yield Difference(field=f"{field} (order)", before=list(old), after=list(new))
                return
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield Difference(field=field, before=before, after=after)
        return
    for name in {**before, **after}:
        yield from differences(before.get(name), after.get(name), f"{field}/{name}" if field else name)


def _by(name: str, parts: list[Any]) -> dict[str, Any] | None:
    if not all(isinstance(part, dict) and isinstance(part.get(name), str) for part in parts):
        return None
    found = {part[name]: part for part in parts}
    return found if len(found) == len(parts) else None
