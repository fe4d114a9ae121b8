"""What identity's API takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from questhall.contracts.identity import Look
from questhall.kernel.calendar import zone_at
from questhall.kernel.text import check_names, check_plain, check_reasons
from questhall.services.identity import rules
from questhall.services.identity.actions import IdentityActions
from questhall.services.identity.actions.sign_up import Locale

Role = Literal["player", "moderator", "manager", "admin"]
Status = Literal["waiting", "active", "suspended"]
Mode = Literal["open", "invite", "approval", "closed"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Word = Annotated[str, msgspec.Meta(max_length=40)]


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the page behaves for this player."""

    quiet: bool = False
    sound: bool = False
    hide_streaks: bool = False


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """A player, to themselves."""

    id: UUID
    username: str
    display_name: str
    email: str
    email_verified: bool
    timezone: str
    """As chosen."""
    timezone_now: str
    """As it is in effect."""
    timezone_from: datetime | None
    """When the chosen one takes effect; null: it does already."""
    locale: str
    role: Role
    status: Status
    permissions: list[str]
    look: Look | None
    preferences: Preferences
    private: bool
    """Whether the profile is shown to the player and to moderators alone."""
    created_at: datetime
    version: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A player, to others."""

    username: str
    display_name: str
    role: Role
    look: Look | None
    created_at: datetime


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    """A player, to an admin."""

    id: UUID
    username: str
    display_name: str
    email: str
    look: Look | None
    role: Role
    status: Status
    created_at: datetime
    version: int


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name (or e-mail address) and password."""

    username: Annotated[str, msgspec.Meta(max_length=254)]
    password: Annotated[str, msgspec.Meta(max_length=200)]


class FirstAdmin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one-time link's secret, and who the first admin is."""

    token: Word
    username: Word
    email: Annotated[str, msgspec.Meta(max_length=400)]
    password: Annotated[str, msgspec.Meta(max_length=400)]
    timezone: Word = "UTC"


class Email(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address."""

    email: Annotated[str, msgspec.Meta(max_length=254)]


class EmailChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new address, and the password as proof."""

    email: Annotated[str, msgspec.Meta(max_length=254)]
    password: Annotated[str, msgspec.Meta(max_length=200)]


class Reset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link's secret and the new password."""

    token: str
    password: Annotated[str, msgspec.Meta(max_length=400)]


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link's secret."""

    token: str


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password, and the one to be."""

    current: Annotated[str, msgspec.Meta(max_length=200)]
    password: Annotated[str, msgspec.Meta(max_length=400)]


class MeChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a player may change of themselves."""

    display_name: Name | msgspec.UnsetType = msgspec.UNSET
    timezone: Word | msgspec.UnsetType = msgspec.UNSET
    locale: Locale | msgspec.UnsetType = msgspec.UNSET
    look: Look | msgspec.UnsetType = msgspec.UNSET
    preferences: Preferences | msgspec.UnsetType = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An access token to be made; ``scopes`` left out: all that the role may do."""

    name: Name
    scopes: Annotated[list[Word], msgspec.Meta(min_length=1, max_length=50)] | None = None
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None

    def __post_init__(self) -> None:
        """Refuses a name that does not say what it shows, or shows nothing."""
        check_names(name=self.name)


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """An access token; ``secret`` is there only in the answer that made it."""

    id: UUID
    name: str
    scopes: list[str] | None
    created_at: datetime
    last_used: datetime | None
    expires: datetime | None
    secret: str | None = None


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a player is signed in."""

    id: UUID
    agent: str
    """The browser in plain words, such as "Firefox on Linux", by what it says of itself."""
    created_at: datetime
    seen_at: datetime
    """When it was last used, to within some ten minutes."""
    expires_at: datetime
    current: bool
    """Whether it is the one that asks."""


class NewInvite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invitation to be made."""

    role: Role = "player"
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 14
    uses: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """How many people it lets in."""

    def __post_init__(self) -> None:
        """Refuses a note that does not say what it shows."""
        check_plain(note=self.note)


class InviteView(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation; ``secret`` and ``link`` are there only in the answer that made it."""

    id: UUID
    role: Role
    note: str
    created_at: datetime
    expires_at: datetime
    uses: int
    uses_max: int
    used: bool
    """Whether it lets nobody else in."""
    secret: str | None = None
    link: str | None = None


class RegistrationView(msgspec.Struct, frozen=True, kw_only=True):
    """How one may sign up here."""

    mode: Mode
    first_admin: bool
    """Whether there is no admin yet."""


class RegistrationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one may sign up from now on."""

    mode: Mode


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an admin changes, and why."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]
    role: Role | None = None
    status: Literal["active", "suspended"] | None = None

    def __post_init__(self) -> None:
        """Refuses a reason that does not say what it shows, or shows nothing."""
        check_reasons(reason=self.reason)


class Leaving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password, as proof that it is the player who leaves."""

    password: Annotated[str, msgspec.Meta(max_length=200)]


class Erasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a player is erased; kept for ever, so it says nothing of who they were."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]

    def __post_init__(self) -> None:
        """Refuses a reason that does not say what it shows, or shows nothing."""
        check_names(reason=self.reason)


class MailView(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that was kept instead of sent."""

    id: UUID
    recipient: str
    subject: str
    body: str
    created_at: datetime


def me_of(row: Any, actions: IdentityActions) -> Me:
    """A player's row, to themselves."""
    now = actions.at.clock.now()
    pending = row["zone_from"] is not None and now < row["zone_from"]
    return Me(
        id=row["id"],
        username=row["username"],
        display_name=row["display_name"],
        email=row["email"],
        email_verified=row["email_verified_at"] is not None,
        timezone=row["timezone"],
        timezone_now=zone_at(row["timezone"], row["zone_before"], row["zone_from"], now),
        timezone_from=row["zone_from"] if pending else None,
        locale=row["locale"],
        role=row["role"],
        status=row["status"],
        permissions=actions.at.permissions.of_role(row["role"]),
        look=rules.look_of(row["look"]),
        preferences=msgspec.json.decode(row["preferences"], type=Preferences),
        private=row["private"],
        created_at=row["created_at"],
        version=row["version"],
    )


def session_of(row: Any, current: UUID | None) -> SessionView:
    """A session's row, to its player, who asks with ``current``."""
    return SessionView(
        id=row["id"],
        agent=rules.browser_of(row["agent"]),
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
        current=row["id"] == current,
    )


def token_of(row: Any, secret: str | None = None) -> TokenView:
    """An access token's row."""
    return TokenView(
        id=row["id"],
        name=row["name"],
        scopes=row["scopes"],
        created_at=row["created_at"],
        last_used=row["last_used"],
        expires=row["expires"],
        secret=secret,
    )


def user_of(row: Any) -> UserRow:
    """A player's row, to an admin."""
    rest = {name: row[name] for name in UserRow.__struct_fields__ if name != "look"}
    return UserRow(look=rules.look_of(row["look"]), **rest)


def invite_of(row: Any, secret: str | None = None, base: str = "") -> InviteView:
    """An invitation's row."""
    return InviteView(
        id=row["id"],
        role=row["role"],
        note=row["note"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        uses=row["uses"],
        uses_max=row["uses_max"],
        used=row["uses"] >= row["uses_max"],
        secret=secret,
        link=f"{base}/sign-up#{secret}" if secret else None,
    )
