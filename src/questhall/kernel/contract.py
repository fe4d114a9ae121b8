"""What a service says (events), answers (calls) and refuses (refusals)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, ParamSpec, TypeVar, cast
from uuid import UUID

import msgspec

__all__ = [
    "PERSONAL",
    "SYSTEM",
    "ArchivePart",
    "Call",
    "Cause",
    "Contract",
    "Envelope",
    "Event",
    "Forgotten",
    "JobState",
    "Origin",
    "Personal",
    "PersonalText",
    "Refusal",
    "Reverted",
    "Step",
    "call",
    "calls_of",
]

SYSTEM = "system"
"""The actor of what nobody did: sweeps and schedules."""

PERSONAL = "personal"
Personal = msgspec.Meta(extra={PERSONAL: True}, extra_json_schema={"x-personal": True})
"""Tags a field of an event that says who somebody is, or holds what somebody wrote: ``Annotated[dict[str, Any], Personal]``."""
PersonalText = Annotated[str, Personal]
"""A text of that kind. It goes when its person is erased: consumers see an empty one then."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. A subclass names its ``type`` and the field that holds its subject.

    Consumers ignore fields that they do not know; a change that breaks one is a new type ``….v2``.
    """

    type: ClassVar[str]
    subject_field: ClassVar[str] = "user_id"
    personal: ClassVar[bool] = True
    """Whether the event is about one player, and so may be shown to them."""
    others: ClassVar[tuple[str, ...]] = ()
    """Fields that may name others whom it concerns: an id, or an account such as ``user:<id>``."""

    @property
    def subject(self) -> str:
        """The id of the user (or guild, or thing) that the event is about; its partition key too."""
        return str(getattr(self, self.subject_field))


E = TypeVar("E", bound=Event)


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is being done: what the kernel writes beside each effect."""

    correlation_id: UUID
    """Id of the first event or request of the chain."""
    causation_id: UUID
    """Id of the event or request that is being handled."""
    actor: str = SYSTEM
    """``user:<id>``, ``source:<id>``, ``admin:<id>``, ``service:<name>`` or ``system``."""
    depth: int = 0
    """How many events lie between the first act and this."""
    traceparent: str | None = None


class Envelope(msgspec.Struct, Generic[E], kw_only=True, gc=False):
    """A CloudEvents 1.0 event as the kernel carries it. ``raw`` is its data as JSON; ``data`` is typed."""

    id: UUID
    type: str
    source: str
    """Name of the service that said it."""
    subject: str
    time: datetime
    sequence: int
    """Position among what ``source`` said about ``subject``, from 1, without gaps."""
    correlation_id: UUID
    causation_id: UUID
    actor: str
    depth: int
    traceparent: str | None
    raw: bytes
    typed: E | None = None

    @property
    def data(self) -> E:
        """The typed event. Set by the kernel before a handler sees the envelope."""
        assert self.typed is not None, f"{self.type} was not decoded"
        return self.typed

    def cause(self) -> Cause:
        """What is caused by this event."""
        return Cause(
            correlation_id=self.correlation_id,
            causation_id=self.id,
            actor=self.actor,
            depth=self.depth,
            traceparent=self.traceparent,
        )

    def cloudevent(self) -> bytes:
        """The event as CloudEvents JSON, extension attributes as in the conventions."""
        head = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": f"/{self.source}",
            "subject": self.subject,
            "time": self.time,
            "datacontenttype": "application/json",
            "correlationid": str(self.correlation_id),
            "causationid": str(self.causation_id),
            "actor": self.actor,
            "partitionkey": self.subject,
            "sequence": str(self.sequence),
            "depth": self.depth,
            "data": msgspec.Raw(self.raw),
        }
        if self.traceparent:
            head["traceparent"] = self.traceparent
        return msgspec.json.encode(head)


class Refusal(Exception):
    """A normal no. ``code`` is a stable machine word, ``status`` the HTTP status it is shown with.

    Subclasses are listed in the contract; ``detail`` says what to do about it, in plain words.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str = "", *, errors: list[dict[str, str]] | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.extra = extra


class Reverted(msgspec.Struct, frozen=True, kw_only=True):
    """What ``revert`` did: ids of effects taken back now, and those that could not be, with the reason."""

    undone: list[UUID] = []
    kept: dict[str, str] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a chain of causes, in plain words."""

    kind: str
    """``transfer``, ``badge``, ``level``, ``reward``, ``quest``, ``activity``, ``delivery``, ``request`` ..."""
    title: str
    detail: str = ""
    time: datetime | None = None
    actor: str = SYSTEM
    actor_name: str = ""
    """How the actor is called, where it has a name and the reader may see it."""
    event_id: UUID | None = None
    event_type: str | None = None
    rule: dict[str, Any] | None = None
    """``{kind, id, title, version}`` of the rule that applied, where one did."""
    facts: dict[str, Any] = {}


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``explain``: whose effect it is, its own step, and the event or request that caused it."""

    owner: UUID | None
    step: Step
    causation_id: UUID | None
    correlation_id: UUID | None = None
    others: dict[UUID, Step] = {}
    """Whose effect it is too, each with the step as it is theirs: who gave, where the owner was given."""


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a background job is: ``done`` of ``total``, in whatever unit the kind has; ``total`` None: not known yet."""

    id: UUID
    kind: str
    status: Literal["queued", "running", "done", "failed"]
    owner: UUID | None
    """Whose it is; None: of whoever runs the installation."""
    permission: str | None
    """Who may look at it beside its owner."""
    done: int
    total: int | None
    result: dict[str, Any] | None
    """What came of it, when it is done."""
    problem: dict[str, str] | None
    """``code``, ``title`` and ``detail`` of why it failed."""
    created_at: datetime
    finished_at: datetime | None


class ArchivePart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a service keeps of a player: some entries of one section of their archive."""

    section: str = ""
    items: list[Any] = []
    """JSON objects."""
    next: str | None = None
    """Where to read on; None: this was the last part."""


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """How far a service is with forgetting a player."""

    next: str | None = None
    """Where to go on; None: it was all."""
    pending: int = 0
    """Events of theirs that others have yet to hear from here."""


P = ParamSpec("P")
R = TypeVar("R")


class Call(msgspec.Struct, frozen=True):
    """A method of a contract that other services may call."""

    name: str
    callers: tuple[str, ...]


def call(*callers: str) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Marks a contract's method as callable by the services named (``"*"``: by any)."""

    def mark(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        cast("Any", function).__call_of__ = Call(function.__name__, callers)
        return function

    return mark


class Contract:
    """Base of contracts. A service's ``actions.py`` implements it; others call it through a stub."""

    name: ClassVar[str]
    events: ClassVar[tuple[type[Event], ...]] = ()
    """What the service may emit."""
    refusals: ClassVar[tuple[type[Refusal], ...]] = ()
    explains: ClassVar[tuple[str, ...]] = ()
    """Kinds of effects that ``explain`` knows, such as ``("transaction", "level")``."""

    @call("*")
    async def revert(self, event_ids: list[UUID]) -> Reverted:
        """Takes back this service's own effects of these events, and handles none of them later; idempotent.

        A service without effects does nothing.
        """
        return Reverted()

    @call("audit")
    async def explain(self, kind: str, effect_id: str) -> Origin | None:
        """Whose effect it is and what caused it; None if it is not known here."""
        return None

    @call("audit")
    async def job(self, job_id: UUID) -> JobState | None:
        """How far a background job of this service is; None if it has none of that id."""
        return None

    @call("identity")
    async def archive_of(self, user_id: UUID, after: str | None) -> ArchivePart:
        """What this service keeps of a player, part by part, each of at most some hundred entries. Of others it holds no
        more than the player may see anyway.
        """
        return ArchivePart()

    @call("identity")
    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """Forgets who a player is, and what they wrote, in all that this service keeps; idempotent. What belongs to an opaque
        id stays where others, or the books, need it. ``names``: what they were known by.

        A service keeps at least what the kernel keeps for it: see ``kernel.forgetting``.
        """
        raise NotImplementedError


_calls: dict[type[Contract], dict[str, Call]] = {}


def calls_of(contract: type[Contract]) -> dict[str, Call]:
    """The calls that a contract answers, by method name."""
    known = _calls.get(contract)
    if known is None:
        known = _calls[contract] = _read_calls(contract)
    return known


def _read_calls(contract: type[Contract]) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for cls in reversed(contract.__mro__):
        for name, member in vars(cls).items():
            mark = getattr(member, "__call_of__", None)
            if mark is not None:
                found[name] = mark
    return found
