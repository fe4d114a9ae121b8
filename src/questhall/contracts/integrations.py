"""integrations: real activity in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from questhall.kernel.contract import Contract, Event, Personal, PersonalText, Refusal


class ActivityRecorded(Event, frozen=True, kw_only=True):
    """A player did something real. Causation is the delivery that brought it."""

    type: ClassVar[str] = "activity.recorded"
    activity_id: UUID
    user_id: UUID
    source: str
    """Slug of the source."""
    source_id: UUID
    kind: str
    """Dotted and stable, such as ``github.pull_request.merged``; documented per kind."""
    external_id: PersonalText
    """The act's semantic key at its source, unique per installation."""
    occurred_at: datetime
    recorded_at: datetime
    delivery_id: UUID
    attributes: Annotated[dict[str, Any], Personal] = {}
    """Flat: text, number or boolean by name."""
    waited: bool = False
    """It waited for an account link: pays XP and badges, never a past streak or a closed season."""


class SourceChanged(Event, frozen=True, kw_only=True):
    """A manager (the actor) made a source or changed it; its secret is no part of this."""

    type: ClassVar[str] = "source.changed"
    subject_field: ClassVar[str] = "source_id"
    personal: ClassVar[bool] = False
    source_id: UUID
    slug: str
    change: Literal["made", "renamed", "enabled", "disabled", "secret_rotated", "mapped_anew"]
    past_days: int | None = None
    """How far back it is believed when things happened, where an admin made it so that this is more than 30 days."""


class AccountLinked(Event, frozen=True, kw_only=True):
    """A manager (the actor) said that an account elsewhere is a player's. The account itself is no part of this."""

    type: ClassVar[str] = "account.linked"
    user_id: UUID
    link_id: UUID
    kind: str


class AccountUnlinked(Event, frozen=True, kw_only=True):
    """An account elsewhere is a player's no more; what it earned stays theirs."""

    type: ClassVar[str] = "account.unlinked"
    user_id: UUID
    link_id: UUID
    kind: str


class SourceNotFound(Refusal):
    """No such source, delivery or link."""

    code: ClassVar[str] = "source_not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such source"


class SourceDisabled(Refusal):
    """A manager switched the source off."""

    code: ClassVar[str] = "source_disabled"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "This source is switched off"


class SlugTaken(Refusal):
    """Slugs are unique."""

    code: ClassVar[str] = "slug_taken"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another source has this name"


class BadSignature(Refusal):
    """The signature's header is missing or not over this body with this secret; nothing was stored."""

    code: ClassVar[str] = "bad_signature"
    status: ClassVar[int] = 401
    title: ClassVar[str] = "The signature does not fit"


class MalformedDelivery(Refusal):
    """The body or a header is not as its kind has it."""

    code: ClassVar[str] = "malformed_delivery"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request can't be read"


class TooLarge(Refusal):
    """The body is larger than its kind takes."""

    code: ClassVar[str] = "too_large"
    status: ClassVar[int] = 413
    title: ClassVar[str] = "That is too large"


class BadMapping(Refusal):
    """A mapping that can't be used, or does not fit the sample; ``errors`` name its parts."""

    code: ClassVar[str] = "bad_mapping"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This mapping can't be used"


class BadLinks(Refusal):
    """Neither one link nor CSV lines, or lines that can't be used; ``errors`` name them, and none was linked."""

    code: ClassVar[str] = "bad_links"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "These links can't be read"


class AccountTaken(Refusal):
    """The account is another player's already; ``errors`` name the rows."""

    code: ClassVar[str] = "account_taken"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Somebody else has this account"


class Integrations(Contract):
    """Explains ``delivery``."""

    name: ClassVar[str] = "integrations"
    events: ClassVar[tuple[type[Event], ...]] = (ActivityRecorded, SourceChanged, AccountLinked, AccountUnlinked)
    refusals: ClassVar[tuple[type[Refusal], ...]] = (
        SourceNotFound,
        SourceDisabled,
        SlugTaken,
        BadSignature,
        MalformedDelivery,
        TooLarge,
        BadMapping,
        BadLinks,
        AccountTaken,
    )
    explains: ClassVar[tuple[str, ...]] = ("delivery",)
