"""What a service is: a name, a contract, what it can do, and what it hears."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec

from questhall.kernel.contract import Contract, Event

if TYPE_CHECKING:
    from questhall.kernel.access import Permission, Permissions
    from questhall.kernel.cache import Cache
    from questhall.kernel.clock import Clock
    from questhall.kernel.database import Database
    from questhall.kernel.limits import Limits
    from questhall.kernel.settings import Settings

__all__ = ["ANY", "Background", "Handler", "Job", "Service", "Site", "background", "discover", "every", "on"]

C = TypeVar("C", bound=Contract)
F = TypeVar("F", bound=Callable[..., Awaitable[None]])
Policy = Literal["hold", "pass"]


class Anything(Event, frozen=True, kw_only=True):
    """Stands for every event, whatever its type; its envelopes carry no typed data."""

    type = "*"


ANY = Anything


class Handler(msgspec.Struct, frozen=True):
    """A function that hears events."""

    function: Callable[..., Awaitable[None]]
    events: tuple[type[Event], ...]
    batch: bool
    policy: Policy

    @property
    def name(self) -> str:
        """What it does."""
        return self.function.__name__


class Job(msgspec.Struct, frozen=True):
    """A function that runs every so many seconds, once across replicas."""

    function: Callable[..., Awaitable[None]]
    name: str
    every_s: float
    due: Callable[[], Awaitable[bool]] | None = None
    """Whether there is anything to do; asked first, so that nothing is written while there is not."""


class Background(msgspec.Struct, frozen=True):
    """A function that does the background jobs of a kind."""

    function: Callable[..., Awaitable[None]]
    kind: str


def on(*events: type[Event], batch: bool = False, policy: Policy = "hold") -> Callable[[F], F]:
    """Marks a handler ``(actions, tx, event)``, or with ``batch`` ``(actions, tx, events)``: all of a delivery in order.

    ``policy`` says what becomes of a subject whose event was quarantined: ``hold``: its later events wait for the
    replay; ``pass``: they go on. Order across types is promised within one handler.
    """

    def mark(function: F) -> F:
        cast("Any", function).__handler__ = Handler(function, events, batch, policy)
        return function

    return mark


def every(seconds: float, *, name: str) -> Callable[[F], F]:
    """Marks a job ``(actions)``: run under a leased row, first right after the start."""

    def mark(function: F) -> F:
        cast("Any", function).__job__ = Job(function, name, seconds)
        return function

    return mark


def background(kind: str) -> Callable[[F], F]:
    """Marks ``(actions, job)``: does the background jobs of a kind, in steps; see ``kernel.background``."""

    def mark(function: F) -> F:
        cast("Any", function).__background__ = Background(function, kind)
        return function

    return mark


class Site:
    """What a service is given to work with."""

    def __init__(
        self,
        *,
        name: str,
        db: Database,
        clock: Clock,
        cache: Cache,
        limits: Limits,
        settings: Settings,
        permissions: Permissions,
        log: Any,
        stub: Callable[[str, type[Contract]], Contract],
    ) -> None:
        self.name = name
        self.db = db
        self.clock = clock
        self.cache = cache
        self.limits = limits
        self.settings = settings
        self.permissions = permissions
        self.log = log
        self._stub = stub

    def stub(self, contract: type[C]) -> C:
        """Calls to another service: in process or over HTTP, with the same refusals. Never inside a Tx (asserted).

        A service that is not deployed refuses ``service_absent``.
        """
        return cast("C", self._stub(self.name, contract))


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service's table of contents; its ``wiring.py`` holds one as ``SERVICE``."""

    name: str
    contract: type[Contract]
    actions: Callable[[Site], Any]
    """Class of the actions: made with a Site; implements the contract. Called if it has them: ``start()``, ``stop()``, and
    ``measure()``, which answers what ``/metrics`` says of the service: a list of ``telemetry.Measured``."""
    api: ModuleType | None = None
    handlers: ModuleType | None = None
    jobs: ModuleType | None = None
    permissions: Sequence[Permission] = ()
    inbox: bool = True
    """Whether handled events are remembered. False: every effect is idempotent by event id on its own."""

    def routes(self) -> list[Any]:
        """Route handlers of ``api.py``, in the order they are written."""
        if self.api is None:
            return []
        return [member for member in vars(self.api).values() if getattr(member, "questhall_route", None) is not None]

    def listeners(self) -> list[Handler]:
        """Handlers of ``handlers.py``."""
        if self.handlers is None:
            return []
        found = [getattr(member, "__handler__", None) for member in vars(self.handlers).values()]
        return [handler for handler in found if isinstance(handler, Handler)]

    def schedule(self) -> list[Job]:
        """Jobs of ``jobs.py``."""
        if self.jobs is None:
            return []
        found = [getattr(member, "__job__", None) for member in vars(self.jobs).values()]
        return [job for job in found if isinstance(job, Job)]

    def backgrounds(self) -> list[Background]:
        """Kinds of background jobs of ``jobs.py``."""
        if self.jobs is None:
            return []
        found = [getattr(member, "__background__", None) for member in vars(self.jobs).values()]
        return [one for one in found if isinstance(one, Background)]


def discover(names: Sequence[str] | None = None) -> list[Service]:
    """The services found by folder, all or those named, in alphabetical order. ValueError for an unknown name."""
    package = importlib.import_module("questhall.services")
    found = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg)
    wanted = found if names is None else list(names)
    unknown = set(wanted) - set(found)
    if unknown:
        raise ValueError(f"there is no service {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    return [importlib.import_module(f"questhall.services.{name}.wiring").SERVICE for name in wanted]
