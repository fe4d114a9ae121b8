"""Sources, their links and what came from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from questhall.contracts.integrations import (
    BadLinks,
    BadMapping,
    MalformedDelivery,
    SourceNotFound,
)
from questhall.kernel.access import Caller
from questhall.kernel.http import (
    SIGNED_IN,
    After,
    Idempotent,
    Limit,
    Page,
    Request,
    Response,
    cursor_of,
    delete,
    get,
    if_match,
    patch,
    post,
    read_cursor,
)
from questhall.kernel.text import check_names, check_plain
from questhall.services.integrations import mapped, repository, rules
from questhall.services.integrations.actions import (
    IntegrationsActions,
    Pair,
    mapping_of,
)

SAMPLE_MAX = 100_000
"""Characters of a sample that a mapping is tried on."""
SHOWN_MAX = 100
Kind = Literal["github", "cloudevents", "json"]
Outcome = Literal["recorded", "duplicate", "waiting", "ignored", "ping"]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$(?!\n)")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class SourceInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source to be made."""

    slug: Slug
    kind: Kind
    name: Name
    mapping: mapped.Mapping | None = None
    """How a body is read: for the kind ``json``, and needed there."""
    past_days: Annotated[int, msgspec.Meta(ge=rules.PAST_DAYS, le=rules.PAST_DAYS_MAX)] = rules.PAST_DAYS
    """How far back its word on when something happened is believed; more than 30 needs ``sources:history``."""

    def __post_init__(self) -> None:
        """Refuses a name that does not say what it shows, or shows nothing."""
        check_names(name=self.name)


class SourceChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may change of a source."""

    name: Name | None = None
    enabled: bool | None = None
    mapping: mapped.Mapping | None = None

    def __post_init__(self) -> None:
        """Refuses a name that does not say what it shows, or shows nothing."""
        check_names(name=self.name)


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A source; ``secret`` is there only in the answer that made it."""

    id: UUID
    slug: str
    kind: Kind
    name: str
    enabled: bool
    version: int
    """What ``If-Match`` names when it is changed."""
    connected_at: datetime | None
    created_at: datetime
    ingest_url: str
    mapping: mapped.Mapping | None
    past_days: int
    secret: str | None = None


class TrialInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping, and a body as it would be sent."""

    mapping: mapped.Mapping
    sample: Annotated[str, msgspec.Meta(max_length=SAMPLE_MAX)]
    """The body's text: JSON."""


class ActView(msgspec.Struct, frozen=True, kw_only=True):
    """An act as a mapping finds it."""

    kind: str
    account: str
    external_id: str
    occurred_at: datetime | None
    attributes: dict[str, str | int | float | bool]


class TrialView(msgspec.Struct, frozen=True, kw_only=True):
    """What would be recorded; no act where ``items`` finds none."""

    acts: list[ActView]


class SecretView(msgspec.Struct, frozen=True, kw_only=True):
    """A new secret; null when the answer is given again."""

    secret: str | None


class LinksInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One link, or many as CSV lines ``account,username``."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    username: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    csv: Annotated[str, msgspec.Meta(max_length=500_000)] | None = None

    def __post_init__(self) -> None:
        """Refuses an account that does not say what it shows."""
        check_plain(account=self.account)


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is known to be a player's."""

    id: UUID
    kind: str
    account: str
    username: str
    created_at: datetime


class ActivityView(msgspec.Struct, frozen=True, kw_only=True):
    """An act that a delivery told of, and whose it is."""

    id: UUID
    user_id: UUID
    kind: str


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery and what became of it."""

    id: UUID
    external_id: str
    event: str
    outcome: Outcome
    detail: str
    received_at: datetime
    activities: list[ActivityView]


class TakenView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request."""

    delivery_id: UUID
    outcome: Outcome
    duplicate: bool
    activities: int


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits for an account to be linked."""

    account: str
    count: int
    last: datetime


def _view(actions: IntegrationsActions, row: Any, secret: str | None = None) -> SourceView:
    names = [n for n in SourceView.__struct_fields__ if n not in ("ingest_url", "mapping", "secret")]
    url = f"{actions.at.settings.public_url}/api/v1/ingest/{row['slug']}"
    return SourceView(ingest_url=url, mapping=mapping_of(row), secret=secret, **{name: row[name] for name in names})


@get("/sources", permission="sources:read")
async def list_sources(actions: IntegrationsActions) -> Page[SourceView]:
    """All sources."""
    async with actions.at.db.read() as tx:
        rows = await repository.sources(tx)
    return Page(items=[_view(actions, row) for row in rows])


@post("/sources", permission="sources:write", status=201, idempotency="optional")
async def add_source(
    actions: IntegrationsActions, caller: Caller, data: SourceInput, idempotent: Idempotent
) -> Response[SourceView]:
    """Make a source; its secret is shown once."""
    if data.past_days > rules.PAST_DAYS:
        caller.require("sources:history")

    async def effect(tx: Any) -> SourceView:
        row, secret = await actions.add_source(tx, data.slug, data.kind, data.name, data.mapping, data.past_days)
        return _view(actions, row, secret)

    return await idempotent.run(effect, redact=lambda view: msgspec.structs.replace(view, secret=None))


@post("/sources/try", permission="sources:write", refuses=(BadMapping,))
async def try_mapping(actions: IntegrationsActions, data: TrialInput) -> TrialView:
    """Read a sample by a mapping, and store nothing."""
    drafts = actions.try_mapping(data.mapping, data.sample)
    return TrialView(
        acts=[
            ActView(
                kind=draft.kind,
                account=draft.account,
                external_id=draft.key,
                occurred_at=draft.occurred_at,
                attributes=draft.attributes,
            )
            for draft in drafts
        ]
    )


@get("/sources/{slug:str}", permission="sources:read", refuses=(SourceNotFound,))
async def read_source(actions: IntegrationsActions, slug: str) -> SourceView:
    """A source."""
    return _view(actions, await actions.source_row(slug))


@patch("/sources/{slug:str}", permission="sources:write", refuses=(SourceNotFound,))
async def change_source(
    actions: IntegrationsActions, request: Request[Any, Any, Any], slug: str, data: SourceChange
) -> SourceView:
    """Rename a source, map it anew, switch it off or on; ``If-Match`` names the version that was read."""
    changes = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    return _view(actions, await actions.change_source(slug, if_match(request), changes))


@post("/sources/{slug:str}/rotate", permission="sources:write", idempotency="optional", refuses=(SourceNotFound,))
async def rotate_secret(actions: IntegrationsActions, slug: str, idempotent: Idempotent) -> Response[SecretView]:
    """A new secret, shown once; the one before is good until the next."""

    async def effect(tx: Any) -> SecretView:
        return SecretView(secret=await actions.rotate(tx, slug))

    found = await idempotent.run(effect, status=200, redact=lambda view: SecretView(secret=None))
    actions.forget_source(slug)
    return found


@get("/sources/{slug:str}/links", permission="sources:read", refuses=(SourceNotFound,))
async def list_links(actions: IntegrationsActions, slug: str, limit: Limit = 25, after: After = None) -> Page[LinkView]:
    """Accounts that are known to be players'."""
    source = await actions.source(slug)
    start = read_cursor(after, str)
    async with actions.at.db.read() as tx:
        rows = await repository.links(tx, source.accounts, start[0] if start else None, limit + 1)
    more = cursor_of(rows[limit - 1]["account"]) if len(rows) > limit else None
    return Page(items=[_link(row) for row in rows[:limit]], next=more)


def _link(row: Any) -> LinkView:
    return LinkView(**{name: row[name] for name in LinkView.__struct_fields__})


@post(
    "/sources/{slug:str}/links",
    permission="sources:write",
    status=201,
    idempotency="optional",
    refuses=(SourceNotFound,),
)
async def add_links(
    actions: IntegrationsActions, caller: Caller, slug: str, data: LinksInput, idempotent: Idempotent
) -> Response[Page[LinkView]]:
    """Say whose accounts these are, all or none; what waited for them is credited."""
    source = await actions.source(slug)
    if data.csv is not None and data.account is None and data.username is None:
        pairs = actions.pairs_of(data.csv)
    elif data.account and data.account.strip() and data.username and data.csv is None:
        pairs = [Pair("#/account", data.account.strip(), data.username.lower())]
    else:
        raise BadLinks("give `account` and `username`, or `csv`")
    users = await actions.players_of(pairs)

    async def effect(tx: Any) -> Page[LinkView]:
        rows = await actions.link(tx, source.accounts, pairs, users, caller.actor)
        return Page(items=[_link(row) for row in rows[:SHOWN_MAX]])

    return await idempotent.run(effect)


@delete("/sources/{slug:str}/links/{link_id:uuid}", permission="sources:write")
async def end_link(actions: IntegrationsActions, slug: str, link_id: UUID) -> None:
    """End a link; what was credited stays."""
    source = await actions.source(slug)
    await actions.end_link(source.accounts, link_id)


@get("/sources/{slug:str}/waiting", permission="sources:read", refuses=(SourceNotFound,))
async def list_waiting(actions: IntegrationsActions, slug: str) -> Page[WaitingView]:
    """Accounts whose acts wait for a link."""
    source = await actions.source(slug)
    async with actions.at.db.read() as tx:
        rows = await repository.waiting(tx, source.accounts)
    return Page(items=[WaitingView(account=r["account"], count=r["count"], last=r["last"]) for r in rows])


@get("/me/links", permission=SIGNED_IN)
async def list_my_links(actions: IntegrationsActions, caller: Caller) -> Page[LinkView]:
    """My accounts elsewhere."""
    async with actions.at.db.read() as tx:
        rows = await repository.links_of(tx, caller.user)
    return Page(items=[_link(row) for row in rows])


@get("/sources/{slug:str}/deliveries", permission="sources:read", refuses=(SourceNotFound,))
async def list_deliveries(
    actions: IntegrationsActions, slug: str, limit: Limit = 25, after: After = None
) -> Page[DeliveryView]:
    """What came from a source, newest first."""
    source = await actions.source(slug)
    start = read_cursor(after, UUID)
    async with actions.at.db.read() as tx:
        rows = await repository.deliveries(tx, source.id, start[0] if start else None, limit + 1)
    names = [name for name in DeliveryView.__struct_fields__ if name != "activities"]
    items = [
        DeliveryView(
            activities=msgspec.json.decode(row["activities"], type=list[ActivityView]),
            **{name: row[name] for name in names},
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None)


@post(
    "/sources/{slug:str}/deliveries/{delivery_id:uuid}/redeliver",
    permission="sources:write",
    refuses=(MalformedDelivery,),
)
async def redeliver(actions: IntegrationsActions, slug: str, delivery_id: UUID) -> TakenView:
    """Read a delivery again; what was counted stays counted once."""
    taken = await actions.redeliver(slug, delivery_id)
    return TakenView(**msgspec.structs.asdict(taken))
