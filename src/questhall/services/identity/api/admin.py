"""What admins see and change."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec

from questhall.contracts.identity import LastAdmin, NotWaiting
from questhall.kernel.access import Caller
from questhall.kernel.http import (
    After,
    Idempotent,
    Limit,
    Page,
    Request,
    Response,
    cursor_of,
    delete,
    etag,
    get,
    if_match,
    patch,
    post,
    read_cursor,
)
from questhall.services.identity import repository
from questhall.services.identity.actions import IdentityActions
from questhall.services.identity.api.views import (
    InviteView,
    MailView,
    NewInvite,
    RegistrationChange,
    RegistrationView,
    UserChange,
    UserRow,
    invite_of,
    user_of,
)


@get("/admin/users", permission="users:read")
async def list_users(
    actions: IdentityActions,
    limit: Limit = 25,
    after: After = None,
    q: str = "",
    status: Literal["waiting", "active", "suspended"] | None = None,
) -> Page[UserRow]:
    """Find players."""
    start = read_cursor(after, UUID)
    async with actions.at.db.read() as tx:
        rows = await repository.search(tx, q[:100], status, start[0] if start else None, limit + 1)
    more = cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(items=[user_of(row) for row in rows[:limit]], next=more)


@patch("/admin/users/{user_id:uuid}", permission="users:write", refuses=(LastAdmin,))
async def change_user(
    actions: IdentityActions, user_id: UUID, data: UserChange, request: Request[Any, Any, Any]
) -> Response[UserRow]:
    """Change a player's role or status; the reason is kept."""
    row = await actions.change_user(user_id, if_match(request), data.role, data.status, reason=data.reason)
    return Response(user_of(row), headers=etag(row["version"]))


@post("/admin/users/{user_id:uuid}/approve", permission="users:write", refuses=(NotWaiting,))
async def approve_user(actions: IdentityActions, user_id: UUID) -> UserRow:
    """Let somebody in who waits for approval."""
    return user_of(await actions.approve(user_id))


@get("/admin/invites", permission="users:write")
async def list_invites(actions: IdentityActions, limit: Limit = 25, after: After = None) -> Page[InviteView]:
    """Invitations that were not taken back, newest first."""
    start = read_cursor(after, UUID)
    async with actions.at.db.read() as tx:
        rows = await repository.invites(tx, start[0] if start else None, limit + 1)
    more = cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(items=[invite_of(row) for row in rows[:limit]], next=more)


@post("/admin/invites", permission="users:write", status=201, idempotency="optional")
async def add_invite(
    actions: IdentityActions, caller: Caller, data: NewInvite, idempotent: Idempotent
) -> Response[InviteView]:
    """Invite somebody; the link is shown once."""

    async def effect(tx: Any) -> InviteView:
        made = await actions.invite(tx, caller.user, data.role, data.note, data.expires_in_days, data.uses)
        return invite_of(made.row, made.secret, actions.at.settings.public_url)

    return await idempotent.run(effect, redact=lambda view: msgspec.structs.replace(view, secret=None, link=None))


@delete("/admin/invites/{invite_id:uuid}", permission="users:write")
async def end_invite(actions: IdentityActions, caller: Caller, invite_id: UUID) -> None:
    """Take an invitation back."""
    await actions.end_invite(caller.user, invite_id)


@patch("/admin/registration", permission="users:write")
async def change_registration(actions: IdentityActions, caller: Caller, data: RegistrationChange) -> RegistrationView:
    """Change how one may sign up."""
    await actions.set_mode(caller.user, data.mode)
    return RegistrationView(mode=data.mode, first_admin=not await actions.has_admin())


@get("/admin/outbox", permission="users:write")
async def list_mails(actions: IdentityActions, limit: Limit = 25, after: After = None) -> Page[MailView]:
    """Mails that are kept here instead of being sent."""
    start = read_cursor(after, UUID)
    async with actions.at.db.read() as tx:
        rows = await repository.mails(tx, start[0] if start else None, limit + 1)
    more = cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(items=[MailView(**{n: r[n] for n in MailView.__struct_fields__}) for r in rows[:limit]], next=more)
