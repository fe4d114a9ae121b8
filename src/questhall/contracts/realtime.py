"""realtime: what moves on the screen by itself. It says nothing on the bus and keeps nothing durable.

Here stands what passes over its WebSocket: one connection a tab, JSON messages told apart by ``type``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec

from questhall.contracts.achievements import AchievementPublished, BadgeEarned, BadgeProgressed, BadgeRevoked
from questhall.contracts.currency import CurrencyCredited, CurrencyDebited, CurrencyOwed, LevelLost, LevelReached
from questhall.contracts.identity import UserRoleChanged, UserUpdated
from questhall.contracts.integrations import AccountLinked, AccountUnlinked, ActivityRecorded
from questhall.contracts.quests import (
    QuestAbandoned,
    QuestAccepted,
    QuestArchived,
    QuestCompleted,
    QuestExpired,
    QuestProgressed,
    QuestPublished,
    StreakBroken,
    StreakExtended,
    StreakFrozen,
)
from questhall.kernel.contract import Contract, Event

TOLD_TO_PLAYERS: tuple[type[Event], ...] = (
    ActivityRecorded,
    AccountLinked,
    AccountUnlinked,
    QuestAccepted,
    QuestProgressed,
    QuestCompleted,
    QuestExpired,
    QuestAbandoned,
    StreakExtended,
    StreakFrozen,
    StreakBroken,
    CurrencyCredited,
    CurrencyDebited,
    CurrencyOwed,
    LevelReached,
    LevelLost,
    BadgeEarned,
    BadgeProgressed,
    BadgeRevoked,
    UserUpdated,
    UserRoleChanged,
)
"""What a player hears of themselves, on the channel ``me``."""
TOLD_TO_ALL: tuple[type[Event], ...] = (QuestPublished, QuestArchived, AchievementPublished)
"""What everybody hears, on the channel ``lobby``."""

ChannelName = Annotated[str, msgspec.Meta(max_length=120)]


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe", forbid_unknown_fields=True, kw_only=True):
    """Asks for a channel's messages; with the cursor of the last one heard, for those that were missed too."""

    channel: ChannelName
    cursor: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class Unsubscribe(msgspec.Struct, tag_field="type", tag="unsubscribe", forbid_unknown_fields=True, kw_only=True):
    """Asks for no more of a channel."""

    channel: ChannelName


class Ping(msgspec.Struct, tag_field="type", tag="ping", forbid_unknown_fields=True, kw_only=True):
    """Says that the client is there; to be sent every 25 s, since who is silent for 75 s is let go."""


class Hello(msgspec.Struct, tag_field="type", tag="hello", kw_only=True):
    """The connection is open."""


class Pong(msgspec.Struct, tag_field="type", tag="pong", kw_only=True):
    """Answers a ping."""


class Subscribed(msgspec.Struct, tag_field="type", tag="subscribed", kw_only=True):
    """The channel is heard from here on: fetch after this, not before."""

    channel: str
    cursor: str
    """Where the channel stands; opaque."""
    recovered: bool
    """Whether all that was missed since the cursor given follows now."""
    reload: bool
    """Whether more was missed than is kept: fetch everything again."""


class Unsubscribed(msgspec.Struct, tag_field="type", tag="unsubscribed", kw_only=True):
    """The channel is heard no more."""

    channel: str
    reason: str


class Failed(msgspec.Struct, tag_field="type", tag="error", kw_only=True):
    """What was asked can't be done; the connection stays open."""

    code: Literal["malformed", "forbidden", "too_many_channels"]
    detail: str


class Message(msgspec.Struct, tag_field="type", tag="message", kw_only=True):
    """An event. Each comes once, in the order of its channel."""

    channel: str
    id: UUID
    event: str
    """Type of the event."""
    time: datetime
    data: Any
    cursor: str
    """To be given when subscribing again."""


Asked = Subscribe | Unsubscribe | Ping
CLIENT_SAYS: tuple[type[msgspec.Struct], ...] = (Subscribe, Unsubscribe, Ping)
SERVER_SAYS: tuple[type[msgspec.Struct], ...] = (Hello, Pong, Subscribed, Unsubscribed, Failed, Message)


class Realtime(Contract):
    """No calls: everything reaches it as events."""

    name: ClassVar[str] = "realtime"
