"""identity: who is acting."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from questhall.kernel.contract import Contract, Event, PersonalText, Refusal, call


class UserRegistered(Event, frozen=True, kw_only=True):
    """A player exists from now on."""

    type: ClassVar[str] = "user.registered"
    user_id: UUID
    username: PersonalText
    display_name: PersonalText
    timezone: PersonalText
    locale: PersonalText
    role: str


class UserUpdated(Event, frozen=True, kw_only=True):
    """A player's profile changed; fields are as they are now. ``zone_from`` is when ``timezone`` takes effect."""

    type: ClassVar[str] = "user.updated"
    user_id: UUID
    username: PersonalText
    display_name: PersonalText
    timezone: PersonalText
    locale: PersonalText
    zone_from: datetime | None = None


class UserLogin(Event, frozen=True, kw_only=True):
    """First authenticated act of a player's local day."""

    type: ClassVar[str] = "user.login"
    user_id: UUID
    local_day: date
    timezone: PersonalText


class SessionStarted(Event, frozen=True, kw_only=True):
    """A player signed in."""

    type: ClassVar[str] = "session.started"
    user_id: UUID
    session_id: UUID


class SessionRevoked(Event, frozen=True, kw_only=True):
    """Sessions or tokens ended before their time; with ``session_id`` None, all of the user's."""

    type: ClassVar[str] = "session.revoked"
    user_id: UUID
    session_id: UUID | None = None


class UserDeleted(Event, frozen=True, kw_only=True):
    """A player is erased: who they were is known to nobody any more. Their id stays where the books need one.

    ``reason``: why an admin did it; empty: it was the player. It stays, so it has to name nobody.
    """

    type: ClassVar[str] = "user.deleted"
    user_id: UUID
    reason: str = ""


class UserRoleChanged(Event, frozen=True, kw_only=True):
    """A player's role changed."""

    type: ClassVar[str] = "user.role_changed"
    user_id: UUID
    role: str
    reason: PersonalText = ""


class UserSuspended(Event, frozen=True, kw_only=True):
    """A player may no longer act, or may again."""

    type: ClassVar[str] = "user.suspended"
    user_id: UUID
    suspended: bool
    reason: PersonalText = ""


class PasswordChanged(Event, frozen=True, kw_only=True):
    """A player's password changed; their other sessions ended."""

    type: ClassVar[str] = "password.changed"
    user_id: UUID
    by_link: bool = False
    """By a mailed link, rather than with the old password."""


class EmailChanged(Event, frozen=True, kw_only=True):
    """A player has shown that an address is theirs; the address itself is nobody else's business."""

    type: ClassVar[str] = "email.changed"
    user_id: UUID


class TokenCreated(Event, frozen=True, kw_only=True):
    """A player made an access token; ``scopes`` None: all that the role may do."""

    type: ClassVar[str] = "token.created"
    user_id: UUID
    token_id: UUID
    name: PersonalText
    scopes: list[str] | None = None


class InviteCreated(Event, frozen=True, kw_only=True):
    """An admin (``user_id``) invited somebody."""

    type: ClassVar[str] = "invite.created"
    user_id: UUID
    invite_id: UUID
    role: str


class InviteRevoked(Event, frozen=True, kw_only=True):
    """An admin (``user_id``) took an invitation back."""

    type: ClassVar[str] = "invite.revoked"
    user_id: UUID
    invite_id: UUID


class RegistrationChanged(Event, frozen=True, kw_only=True):
    """An admin (``user_id``) changed how one may sign up."""

    type: ClassVar[str] = "registration.changed"
    user_id: UUID
    mode: str


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands behind a session or token, as the gateway needs it."""

    user_id: UUID
    username: str
    role: str
    timezone: str
    session_id: UUID | None = None
    token_id: UUID | None = None
    scopes: list[str] | None = None
    """None: all that the role may do."""
    expires_at: datetime
    fresh_s: float = 60.0
    """Seconds that this may be believed without asking again: never past the player's next local midnight."""


Drawing = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,32}$(?!\n)")]
Hue = Annotated[int, msgspec.Meta(ge=0, le=360)]


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A starter look: ids of drawings, and hues."""

    skin: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    hair: Drawing = "short"
    hair_hue: Hue = 30
    outfit: Drawing = "tunic"
    outfit_hue: Hue = 200
    headgear: Drawing | None = None
    hand: Drawing | None = None
    back: Drawing | None = None
    background: Drawing = "meadow"
    ember_hue: Hue = 12


class UserBrief(msgspec.Struct, frozen=True, kw_only=True):
    """What other services may show of a player."""

    user_id: UUID
    username: str
    display_name: str
    timezone: str
    role: str
    status: str
    registered_at: datetime
    private: bool = False
    """Whether their profile, and what belongs to it, is shown to themselves and to moderators alone."""
    look: Look | None = None
    """None until they have chosen one."""


class UserNotFound(Refusal):
    """No such player."""

    code: ClassVar[str] = "user_not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such player"


class InvalidUsername(Refusal):
    """The name can't be used."""

    code: ClassVar[str] = "invalid_username"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This name can't be used"


class InvalidEmail(Refusal):
    """The address can't be used."""

    code: ClassVar[str] = "invalid_email"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This is no e-mail address"


class InvalidPassword(Refusal):
    """The password can't be used."""

    code: ClassVar[str] = "invalid_password"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This password can't be used"


class InvalidTimezone(Refusal):
    """There is no such zone."""

    code: ClassVar[str] = "invalid_timezone"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "There is no such time zone"


class ZoneChangedRecently(Refusal):
    """The zone changes once in 24 hours."""

    code: ClassVar[str] = "zone_changed_recently"
    title: ClassVar[str] = "The time zone was changed within the last day"


class AlreadyTaken(Refusal):
    """Another player has this name or address."""

    code: ClassVar[str] = "already_taken"
    title: ClassVar[str] = "Somebody has this already"


class InvalidScope(Refusal):
    """No such scope, or more than the player's role or the token that asks has itself."""

    code: ClassVar[str] = "invalid_scope"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This scope can't be given"


class TooManyTokens(Refusal):
    """A player has as many access tokens as one may have."""

    code: ClassVar[str] = "too_many_tokens"
    title: ClassVar[str] = "There are too many access tokens"


class TooBusy(Refusal):
    """Too many passwords are being checked right now."""

    code: ClassVar[str] = "too_busy"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "Too many are signing in right now"


class NotWaiting(Refusal):
    """Only who waits for approval can be approved."""

    code: ClassVar[str] = "not_waiting"
    title: ClassVar[str] = "This account does not wait for approval"


class WrongCredentials(Refusal):
    """Unknown name or wrong password; which of them is not said."""

    code: ClassVar[str] = "wrong_credentials"
    status: ClassVar[int] = 401
    title: ClassVar[str] = "Name or password is wrong"


class MayNotAct(Refusal):
    """The account waits for approval or is suspended."""

    code: ClassVar[str] = "may_not_act"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "This account can't be used now"


class RegistrationClosed(Refusal):
    """Nobody may sign up by themselves here, or the invitation is not good."""

    code: ClassVar[str] = "registration_closed"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "Signing up needs an invitation here"


class LinkNotGood(Refusal):
    """The link was used, is too old, or never was."""

    code: ClassVar[str] = "link_not_good"
    status: ClassVar[int] = 410
    title: ClassVar[str] = "This link does not work any more"


class NothingThere(Refusal):
    """No such token, invitation or user."""

    code: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is nothing here"


class LastAdmin(Refusal):
    """The last admin keeps the role."""

    code: ClassVar[str] = "last_admin"
    title: ClassVar[str] = "Somebody has to stay admin"


class NoArchive(Refusal):
    """No archive was asked for, it is not ready yet, or it was kept long enough."""

    code: ClassVar[str] = "no_archive"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no archive now"


class Identity(Contract):
    """Calls that identity answers."""

    name: ClassVar[str] = "identity"
    events: ClassVar[tuple[type[Event], ...]] = (
        UserRegistered,
        UserUpdated,
        UserLogin,
        SessionStarted,
        SessionRevoked,
        UserRoleChanged,
        UserSuspended,
        PasswordChanged,
        EmailChanged,
        TokenCreated,
        InviteCreated,
        InviteRevoked,
        RegistrationChanged,
        UserDeleted,
    )
    refusals: ClassVar[tuple[type[Refusal], ...]] = (
        UserNotFound,
        InvalidUsername,
        InvalidEmail,
        InvalidPassword,
        InvalidTimezone,
        InvalidScope,
        TooManyTokens,
        ZoneChangedRecently,
        AlreadyTaken,
        TooBusy,
        NotWaiting,
        WrongCredentials,
        MayNotAct,
        RegistrationClosed,
        LinkNotGood,
        NothingThere,
        LastAdmin,
        NoArchive,
    )

    @call("gateway")
    async def resolve(self, secret_hash: bytes) -> Principal | None:
        """Who holds the session or token with this SHA-256; None if it is unknown, ended, or its user may not act.

        The first act of a local day emits ``user.login``.
        """
        raise NotImplementedError

    @call("cli")
    async def first_admin_token(self) -> str | None:
        """A new secret for the one-time link that makes the first admin; None when there is an admin."""
        raise NotImplementedError

    @call("cli")
    async def create_user(self, username: str, email: str, password: str, admin: bool = False) -> UUID:
        """Makes a player or an admin; refuses as registration does."""
        raise NotImplementedError

    @call("cli")
    async def people_outside(self, mail_domain: str) -> list[UserBrief]:
        """Some of those whose address is in another domain than this, at most 1,000; admins last."""
        raise NotImplementedError

    @call("cli")
    async def create_token(self, username: str, scopes: list[str] | None = None) -> str:
        """A new access token of a player; refuses ``user_not_found``, ``invalid_scope``."""
        raise NotImplementedError

    @call("*")
    async def users(self, user_ids: list[UUID]) -> list[UserBrief]:
        """Briefs of those that exist, in no particular order."""
        raise NotImplementedError

    @call("*")
    async def user_by_username(self, username: str) -> UserBrief | None:
        """The player with that name, if any."""
        raise NotImplementedError
