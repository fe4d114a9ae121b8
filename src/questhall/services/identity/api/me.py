"""A player's own profile, sessions and access tokens; profiles of others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.identity import UserNotFound, ZoneChangedRecently
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
    etag,
    get,
    if_match,
    patch,
    post,
    read_cursor,
)
from questhall.services.identity import rules
from questhall.services.identity.actions import IdentityActions
from questhall.services.identity.api.sign_in import signed_out
from questhall.services.identity.api.views import (
    Me,
    MeChange,
    NewToken,
    Profile,
    SessionView,
    TokenView,
    me_of,
    session_of,
    token_of,
)


@get("/me", permission=SIGNED_IN)
async def read_me(actions: IdentityActions, caller: Caller) -> Response[Me]:
    """Who I am."""
    me = _cut(me_of(await actions.me(caller.user), actions), caller)
    return Response(me, headers=etag(me.version))


@patch("/me", permission=SIGNED_IN, refuses=(ZoneChangedRecently,))
async def change_me(
    actions: IdentityActions, caller: Caller, data: MeChange, request: Request[Any, Any, Any]
) -> Response[Me]:
    """Change my profile."""
    changes = {name: getattr(data, name) for name in data.__struct_fields__ if getattr(data, name) is not msgspec.UNSET}
    me = _cut(me_of(await actions.update(caller.user, if_match(request), changes), actions), caller)
    return Response(me, headers=etag(me.version))


def _cut(me: Me, caller: Caller) -> Me:
    """With what this caller may do: less than the role when a token was cut down to scopes."""
    return msgspec.structs.replace(me, permissions=sorted(caller.permissions))


@get("/me/sessions", permission=SIGNED_IN)
async def list_sessions(
    actions: IdentityActions, caller: Caller, limit: Limit = 25, after: After = None
) -> Page[SessionView]:
    """Where I am signed in."""
    start = read_cursor(after, UUID)
    rows = await actions.sessions(caller.user, start[0] if start else None, limit + 1)
    views = [session_of(row, caller.session_id) for row in rows[:limit]]
    return Page(items=views, next=cursor_of(views[-1].id) if len(rows) > limit else None)


@delete("/me/sessions/{session_id:uuid}", permission=SIGNED_IN)
async def end_session(actions: IdentityActions, caller: Caller, session_id: UUID) -> Response[None]:
    """Sign out one device, this one too."""
    await actions.logout(caller.user, session_id)
    return signed_out(actions) if session_id == caller.session_id else Response(None, status_code=204)


@get("/me/tokens", permission=SIGNED_IN)
async def list_tokens(
    actions: IdentityActions, caller: Caller, limit: Limit = 25, after: After = None
) -> Page[TokenView]:
    """My access tokens."""
    start = read_cursor(after, UUID)
    rows = await actions.tokens(caller.user, start[0] if start else None, limit + 1)
    views = [token_of(row) for row in rows[:limit]]
    return Page(items=views, next=cursor_of(views[-1].id) if len(rows) > limit else None)


@post("/me/tokens", permission=SIGNED_IN, status=201, idempotency="optional")
async def add_token(
    actions: IdentityActions, caller: Caller, data: NewToken, idempotent: Idempotent
) -> Response[TokenView]:
    """Make an access token; its secret is shown once."""

    async def effect(tx: Any) -> TokenView:
        made = await actions.add_token(
            tx,
            caller.user,
            data.name,
            data.scopes,
            data.expires_in_days,
            made_with=caller.scopes,
            made_by=caller.token_id,
        )
        return token_of(made.row, made.secret)

    return await idempotent.run(effect, redact=lambda view: msgspec.structs.replace(view, secret=None))


@delete("/me/tokens/{token_id:uuid}", permission=SIGNED_IN)
async def end_token(actions: IdentityActions, caller: Caller, token_id: UUID) -> None:
    """End an access token."""
    await actions.end_token(caller.user, token_id)


@get("/users/{username:str}", permission=SIGNED_IN, refuses=(UserNotFound,))
async def read_profile(actions: IdentityActions, caller: Caller, username: str) -> Profile:
    """A player's public profile; a private one is shown to its player and to moderators."""
    row = await actions.profile(username, reader=caller.user, sees_private=caller.may("users:read"))
    return Profile(
        username=row["username"],
        display_name=row["display_name"],
        role=row["role"],
        look=rules.look_of(row["look"]),
        created_at=row["created_at"],
    )
